/* A learner: anything that turns people's features into a risk score, with a grid of
 * hyper-parameters.
 *
 * The fold machinery (ml/nested.h) knows learners only through this table, so a support vector
 * machine, a logistic or Cox regression and a neural network enter the same folds and the same
 * comparison.
 *
 * Features arrive scaled (ml/features.h), row-major [n][p], no missing values. Scores: larger is
 * more risk. Functions may be called from several threads at once on different sets; they keep no
 * state of their own.
 */
#ifndef QCT_ML_LEARNER_H
#define QCT_ML_LEARNER_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ml_task { ML_BINARY, ML_SURVIVAL, ML_REGRESSION };

struct ml_set {
  const double *x; /* [n][p] */
  int64_t n;
  int p;
  const int *outcome;   /* ML_BINARY: 0/1; ML_SURVIVAL: event 0/1/2 */
  const double *target; /* ML_SURVIVAL: time; ML_REGRESSION: the value; else NULL */
};

struct ml_learner {
  const char *name; /* "svm-rbf" */
  enum ml_task task;
  int grid; /* hyper-parameter points, >= 1, ordered so that ties go to the earlier, simpler one */
  uint64_t seed;      /* for learners that draw */
  int balanced;       /* 1: classes weighted n/(2 n_c) */
  const void *config; /* the learner's own grid, borrowed */
  /* A point in words: "C=8 gamma=0.03125". */
  void (*describe)(const struct ml_learner *self, int point, char out[96]);
  /* Scores of the test set for every point: scores[point * test->n + i], for learners that share
   * work along the grid (kernels); NULL: each point is fitted on its own. */
  status (*grid_scores)(const struct ml_learner *self, const struct ml_set *train,
                        const struct ml_set *test, double *scores);
  /* Fit at one point; *model is owned by the caller. */
  status (*fit)(void **model, const struct ml_learner *self, const struct ml_set *train, int point);
  void (*score)(const void *model, const double *x, int64_t n, int p, double *scores);
  void (*destroy)(void *model);
  cJSON *(*to_json)(const void *model); /* owned by the caller; NULL when out of memory */
  status (*from_json)(void **model, const cJSON *json, const char *what);
};

/** "svm-linear", "svm-rbf", "svr-linear", "svr-rbf", "logistic", "lasso", "cox",
 * "logistic-plain", "cox-plain" (no penalty and no search: comparators), "deep",
 * "deep-cox", "deep-time" (networks: fitting needs the module qct_cnn_torch, scoring does not);
 * NULL when unknown. The default grids are those of the method (LIBSVM tools/grid.py for SVM; 9
 * penalties 1e-4..1e2 per 100 people for ridge and lasso). Borrowed, constant; copy the struct to
 * change seed, balanced or grid. */
const struct ml_learner *ml_learner_find(const char *name);

extern const struct ml_learner ml_learner_svm_linear, ml_learner_svm_rbf, ml_learner_svr_linear,
    ml_learner_svr_rbf, ml_learner_logistic, ml_learner_lasso, ml_learner_cox, ml_learner_deep,
    ml_learner_deep_cox, ml_learner_deep_time, ml_learner_logistic_plain, ml_learner_cox_plain;

#ifdef __cplusplus
}
#endif
#endif
