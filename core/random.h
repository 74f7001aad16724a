/* Counter-based random numbers: a pure function of (seed, stream, index), so results do not depend
 * on order, tiles or threads. SplitMix64 finaliser over the mixed key.
 */
#ifndef QCT_CORE_RANDOM_H
#define QCT_CORE_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t index);
/** Uniform in (0, 1), never 0 or 1. */
double random_uniform(uint64_t seed, uint64_t stream, uint64_t index);
/** Standard normal (inverse of the distribution function at a uniform). */
double random_normal(uint64_t seed, uint64_t stream, uint64_t index);
/** Integer in [0, n). */
uint64_t random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n);

#ifdef __cplusplus
}
#endif
#endif
