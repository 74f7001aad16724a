/* A risk model as a file: what it was trained on, how, how well it does, and what it needs to
 * predict.
 *
 * JSON. Features are matched by name and unit, never by position. Text columns `material` and
 * `method` of the training table (calibration material, method keys) are remembered; a new person
 * measured otherwise is refused.
 */
#ifndef QCT_ML_RISK_MODEL_H
#define QCT_ML_RISK_MODEL_H

#include "ml/dataset.h"
#include "ml/reliability.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ml_model_feature {
  char name[96];
  char unit[24];
  double low, high; /* smallest and largest in training */
};

struct ml_risk_model {
  char learner[32];
  char point[96]; /* hyper-parameters in words */
  char group[48]; /* feature group */
  char outcome[96];
  int feature_count;
  struct ml_model_feature *features; /* owned */
  struct ml_chain chain;             /* owned */
  int has_platt;
  struct ml_platt platt; /* from out-of-fold scores */
  double prevalence;     /* of the training people; NaN for survival and regression */
  int64_t people, events;
  char materials[256],
      methods[256]; /* values seen in training, "; "-separated, "" when the table had none */
};

/** Fit on all rows with the same inner search. `platt` NULL when none may be given. */
status ml_risk_model_fit(struct ml_risk_model *out, const struct ml_learner *learner,
                         const struct ml_dataset *d, int group, const char *outcome_name,
                         const struct ml_nested_options *options, const struct ml_platt *platt);
void ml_risk_model_free(struct ml_risk_model *m);

cJSON *ml_risk_model_to_json(const struct ml_risk_model *m);
/** @return ST_FORMAT naming the key; nothing is trusted: sizes and indices are checked */
status ml_risk_model_from_json(struct ml_risk_model *out, const cJSON *json, const char *what);

/**
 * Raw feature rows for the model from a table.
 * @param[out] x         [rows][feature_count], owned by the caller
 * @return ST_DOMAIN: a feature is missing from the table (named), has another unit, or the table's
 * material or method is not among the model's
 */
status ml_risk_model_rows(double **x, const struct ml_risk_model *m, const struct table *t);

struct ml_prediction {
  double score;
  double probability; /* at the prevalence of the training people; NaN when the model gives none */
  double shifted;     /* at the prevalence asked for; NaN when none was */
  int out_of_range;   /* features outside the training range */
  int missing;        /* features that had to be imputed */
  char flags[192];    /* the first of them by name */
};
/** @param prevalence NaN, or the prevalence to shift the probability to (0..1) */
status ml_risk_model_predict(struct ml_prediction *out, const struct ml_risk_model *m,
                             const double *row, double prevalence);

/**
 * Shapley values of the score of one row against a background: the share of each feature in
 * score(row) - mean score(background). Exact for up to 12 features (all coalitions), else sampled
 * permutations (`samples`, antithetic pairs) whose sum is exact too.
 * @param background rows [count][feature_count]
 * @param[out] value [feature_count]
 * Source: lundberg2017 (interventional values), castro2009 (permutation sampling)
 */
status ml_shapley(double *value, const struct ml_risk_model *m, const double *row,
                  const double *background, int64_t count, int samples, uint64_t seed);

/** Permutation importance: mean drop of the criterion when a feature is shuffled among people (10
 * times).
 *  @param[out] drop [feature_count] */
status ml_permutation_importance(double *drop, const struct ml_risk_model *m,
                                 const struct ml_dataset *d, int group, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
