#include "core/random.h"

#include "core/statistics.h"

/* SplitMix64 (Steele, Lea, Flood 2014): golden-ratio increment and finaliser */
static uint64_t mix(uint64_t z) {
  z += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t index) {
  return mix(mix(mix(seed) ^ stream) ^ index);
}

double random_uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  /* the middle of one of 2^52 cells: never 0, never 1 */
  return ((double)(random_bits(seed, stream, index) >> 12) + 0.5) * 0x1p-52;
}

double random_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  return stat_normal_quantile(random_uniform(seed, stream, index));
}

uint64_t random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n) {
  /* the high word of a 64 x 64 bit product, in halves: bias below n / 2^64 */
  uint64_t bits = random_bits(seed, stream, index);
  uint64_t bits_high = bits >> 32, bits_low = bits & UINT32_MAX;
  uint64_t n_high = n >> 32, n_low = n & UINT32_MAX;
  uint64_t low = bits_low * n_low, cross = bits_high * n_low + (low >> 32);
  uint64_t other = bits_low * n_high + (cross & UINT32_MAX);
  return bits_high * n_high + (cross >> 32) + (other >> 32);
}
