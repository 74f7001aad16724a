/* Nested, repeated, stratified, person-grouped cross-validation. Everything that learns
 * (imputation, scaling, selection of features, hyper-parameters, Platt's scaling) learns on
 * training rows only, so a leak of the test rows into any of them is not possible through this
 * interface.
 *
 * For each repeat and outer fold: scaling and selection from the training rows; inner folds of
 * those choose the grid point by mean inner AUC (C for survival, R2-like 1 - MSE/variance for
 * regression); the fit at that point on all training rows scores the test rows.
 *
 * Tasks (repeat x fold) run on parallel_threads() threads; results do not depend on their number.
 */
#ifndef QCT_ML_NESTED_H
#define QCT_ML_NESTED_H

#include "ml/features.h"
#include "ml/learner.h"

#ifdef __cplusplus
extern "C" {
#endif

enum ml_selection {
  ML_SELECT_NONE,
  ML_SELECT_UNIVARIATE, /* permutation test of |AUC - 1/2|, 200 permutations, p < 0.05; at least the
                           best one */
  ML_SELECT_LASSO /* features with a coefficient at the cross-validated lasso penalty; at least one
                   */
};

struct ml_data {
  const double *x; /* raw features [n][p], NaN missing */
  int64_t n;
  int p;
  const int *outcome; /* as in struct ml_set */
  const double *target;
  const int64_t *group; /* person of each row, NULL: rows are people */
  const int64_t *site;  /* NULL when not needed */
};

struct ml_nested_options {
  int outer, repeats, inner; /* 10, 10, 5 */
  int by_site;               /* outer folds are sites; repeats must be 1 */
  enum ml_selection selection;
  double most_missing; /* 0.4 */
  uint64_t seed;
  const char *stage; /* name for progress; NULL: "cross-validation" */
};
#define ML_NESTED_DEFAULTS                                                                         \
  { .outer = 10, .repeats = 10, .inner = 5, .most_missing = 0.4, .seed = 1 }

struct ml_nested_fold {
  int repeat, fold;
  int point;          /* chosen grid point */
  double inner_score; /* its mean inner criterion */
  double outer_score; /* AUC or C of the fold; NaN when the fold has one class only */
  int64_t train, test;
  int features; /* columns used after selection */
};

struct ml_nested_result {
  int repeats, fold_count;
  int64_t n;
  double *score;       /* out-of-fold scores [repeats][n], owned */
  double *probability; /* Platt on the other folds' out-of-fold values [repeats][n]; NaN where
                          refused; owned; NULL unless ML_BINARY */
  int *fold;           /* [repeats][n], owned */
  struct ml_nested_fold *folds; /* [fold_count], owned */
  int platt_refused; /* how many (repeat, fold) gave no probability because Platt's slope had the
                        wrong sign */
};

/**
 * Run it. @return what ml_folds, ml_scaling_learn and the learner return, with repeat and fold in
 * the message.
 */
status ml_nested_run(struct ml_nested_result *out, const struct ml_learner *learner,
                     const struct ml_data *data, const struct ml_nested_options *options);
void ml_nested_free(struct ml_nested_result *r);

/** A finished run as JSON under `key` (what it was made from), to go on after a stop. NULL when out
 * of memory. */
cJSON *ml_nested_to_json(const struct ml_nested_result *r, const char *key);
/** @return ST_DOMAIN when the file was made from something else (another key); ST_FORMAT when it is
 * broken */
status ml_nested_from_json(struct ml_nested_result *out, const cJSON *json, const char *key,
                           const char *what);

/* A fitted chain: scaling, selection, model. */
struct ml_chain {
  struct ml_scaling scaling;
  int *kept; /* columns of the scaling that enter the model, owned */
  int kept_count;
  const struct ml_learner *learner;
  void *model; /* owned */
  int point;
  double inner_score;
};
/** The same inner search and fit on the given rows (all rows for the final model). */
status ml_chain_fit(struct ml_chain *out, const struct ml_learner *learner,
                    const struct ml_data *data, const int64_t *rows, int64_t count,
                    const struct ml_nested_options *options);
/** Scores of raw rows [n][raw]. @return ST_MEMORY */
status ml_chain_score(const struct ml_chain *c, const double *raw_rows, int64_t n, double *scores);
void ml_chain_free(struct ml_chain *c);

/** AUC, C or 1 - MSE/variance by the learner's task; NaN when it cannot be had. */
double ml_criterion(enum ml_task task, const double *score, const int *outcome,
                    const double *target, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
