#include "core/parallel.h"

#include <omp.h>
#include <stdlib.h>

static int chosen; /* 0: the cores this process may use */

void parallel_set_threads(int threads) {
  chosen = threads > 0 ? threads : 0;
}

int parallel_threads(void) {
  if (chosen) return chosen;
  int cores = omp_get_num_procs(); /* respects the affinity mask */
  int limit = omp_get_max_threads();
  return limit < cores ? limit : cores;
}

/* What is summed: x, or float narrow, or x * y. */
struct terms {
  const double *x, *y;
  const float *narrow;
};

static double sum_chunk(const struct terms *t, int64_t from, int64_t to) {
  double s = 0;
  if (t->narrow)
    for (int64_t i = from; i < to; i++) s += (double)t->narrow[i];
  else if (t->y)
    for (int64_t i = from; i < to; i++) s += t->x[i] * t->y[i];
  else
    for (int64_t i = from; i < to; i++) s += t->x[i];
  return s;
}

/* Partial sums of fixed chunks, added in their order: a block of them at a time needs no memory
 * that could be refused. */
static double sum(struct terms t, int64_t n) {
  enum { BLOCK = 256 };
  double total = 0;
  int64_t chunks = (n + PARALLEL_CHUNK - 1) / PARALLEL_CHUNK;
  for (int64_t first = 0; first < chunks; first += BLOCK) {
    double partial[BLOCK];
    int64_t count = chunks - first < BLOCK ? chunks - first : BLOCK;
#pragma omp parallel for num_threads(parallel_threads()) if (count > 1)
    for (int64_t c = 0; c < count; c++) {
      int64_t from = (first + c) * PARALLEL_CHUNK, to = from + PARALLEL_CHUNK;
      partial[c] = sum_chunk(&t, from, to < n ? to : n);
    }
    for (int64_t c = 0; c < count; c++) total += partial[c];
  }
  return total;
}

double parallel_sum(const double *x, int64_t n) {
  return sum((struct terms){.x = x}, n);
}

double parallel_sum_float(const float *x, int64_t n) {
  return sum((struct terms){.narrow = x}, n);
}

double parallel_dot(const double *x, const double *y, int64_t n) {
  return sum((struct terms){.x = x, .y = y}, n);
}
