/* Percentile bootstrap over people: rows of one person are drawn together. Draw b of a given seed
 * is the same whatever the number of threads. */
#ifndef QCT_ML_BOOTSTRAP_H
#define QCT_ML_BOOTSTRAP_H

#include "core/status.h"

#include <stdint.h>

/** A figure of the rows drawn; NaN when it cannot be had in this draw (such draws are left out).
 * Called from several threads. */
typedef double (*ml_statistic)(const void *user, const int64_t *rows, int64_t count);

struct ml_interval {
  double low,
      high;  /* 2.5 and 97.5 percentiles; NaN when fewer than half of the draws gave a value */
  int draws; /* that gave a value */
};

/** Several figures of one draw at once: fills values[0..count-1]. Called from several threads. */
typedef void (*ml_statistics)(double *values, const void *user, const int64_t *rows, int64_t n);

enum { ML_BOOTSTRAP_DRAWS = 2000 };

/** @param group person of each row or NULL. @return ST_MEMORY */
status ml_bootstrap(struct ml_interval *out, ml_statistic f, const void *user, const int64_t *group,
                    int64_t n, int draws, uint64_t seed);

/** The same for `count` figures: out [count]. */
status ml_bootstrap_many(struct ml_interval *out, int count, ml_statistics f, const void *user,
                         const int64_t *group, int64_t n, int draws, uint64_t seed);

#endif
