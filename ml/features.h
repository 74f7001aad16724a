/* From a raw feature matrix to what a model is fitted on, learnt on training rows only: median
 * imputation with missing indicators, dropping of constant features, standardisation.
 *
 * Raw matrices are row-major [n][p], NaN is missing. A `struct ml_scaling` is learnt once from
 * training rows and then applied to any row; nothing of the test rows enters it.
 */
#ifndef QCT_ML_FEATURES_H
#define QCT_ML_FEATURES_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ml_scaling {
  int raw;        /* features in */
  int out;        /* columns out: kept features, then missing indicators */
  int *from;      /* [out] raw feature of each column, owned */
  int *indicator; /* [out] 1: the column says "was missing"; owned */
  double *centre; /* [out] mean of the training rows after imputation; owned */
  double *scale;  /* [out] SD (n-1) of the training rows; owned */
  double *fill;   /* [raw] median of the training rows; NaN for a feature that is dropped; owned */
  int dropped_constant, dropped_missing; /* how many features were left out and why */
};

/**
 * Learn from rows[0..count-1] of x. Features with more than `most_missing` (0..1; the method's 0.4)
 * missing or without spread are dropped. An indicator column is added for each kept feature with
 * missing values whose indicator varies.
 * @return ST_DOMAIN when no feature is left; ST_MEMORY
 */
status ml_scaling_learn(struct ml_scaling *s, const double *x, int raw, const int64_t *rows,
                        int64_t count, double most_missing);
/** Columns of one raw row, shape [out]. */
void ml_scaling_apply(const struct ml_scaling *s, const double *raw_row, double *out_row);
void ml_scaling_free(struct ml_scaling *s);

#ifdef __cplusplus
}
#endif
#endif
