/* From a manifest to trained networks with an honest statement of what they are worth:
 * person-grouped folds (ml/folds.h), one network a fold that never saw the fold's people, their
 * out-of-fold predictions. The networks together are the ensemble that `qct cnn predict` takes.
 */
#ifndef QCT_ML_CNN_FIT_H
#define QCT_ML_CNN_FIT_H

#include "core/record.h"
#include "ml/cnn_train.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_fit_options {
  struct cnn_arch arch; /* channels, outputs, columns are set from the card and the data */
  struct cnn_card card; /* what is known before: task, spacing, shape, channels, outputs */
  struct cnn_data_options data;
  struct cnn_train_options train;
  const char *split;  /* column with train, validation, test; or NULL */
  int folds, members; /* without a split: k folds, of which the first `members` are trained */
  const char *device;
  int threads;
  const char *folder;      /* model_<k>.h5, log_<k>.csv, checkpoint_<k>.h5 are written there */
  const cJSON *provenance; /* into the model files; borrowed, may be NULL */
  bool force;
};

struct cnn_fit_result {
  int64_t n;
  int outputs;
  float *raw; /* [n][outputs] of the network that did not learn from the row; NaN: none; owned */
  int *fold;  /* [n]; -1: of no fold; owned */
  char device[256];
  double seconds;
  int finished;
};

/**
 * @param record gets: cases, measure of each member, pooled out-of-fold figures (regression: r,
 * ccc, bias, limits of agreement, rmse, calibration slope and intercept; classes: those of
 * ml_assess)
 * @return statuses of the parts; ST_DOMAIN: a split column with other words, no validation case
 */
status cnn_fit_run(struct cnn_fit_result *out, struct record *record, const struct table *manifest,
                   struct cnn_fit_options *o);
void cnn_fit_free(struct cnn_fit_result *r);

/** Agreement of predictions with the truth: rows r, ccc (lin1989), bias, limits_low, limits_high
 * (bland1986), rmse, slope and intercept of truth on prediction (the calibration line), n. NaN
 * predictions are left out. @return ST_DOMAIN with fewer than 3 */
status cnn_agreement(struct record *record, const char *region, const char *unit,
                     const double *predicted, const double *truth, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
