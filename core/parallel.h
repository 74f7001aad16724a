/* Threads: one setting for the whole program, and sums that do not depend on it.
 *
 * Loops use OpenMP directly, with num_threads(parallel_threads()). A floating-point reduction goes
 * through fixed chunks: split [0,n) into pieces of PARALLEL_CHUNK, one partial result each, added
 * in order.
 */
#ifndef QCT_CORE_PARALLEL_H
#define QCT_CORE_PARALLEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PARALLEL_CHUNK = 65536 };

/** Set the number of threads; 0 means the cores this process may use. */
void parallel_set_threads(int threads);
/** The number in force, >= 1. */
int parallel_threads(void);
/** Sum of n doubles / floats in a fixed order, threaded, the same for any thread count. */
double parallel_sum(const double *x, int64_t n);
double parallel_sum_float(const float *x, int64_t n);
/** Sum of x[i] * y[i] in the same way. */
double parallel_dot(const double *x, const double *y, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
