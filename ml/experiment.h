/* A comparison of learners and feature groups on the same people and the same folds.
 *
 * For each pair (group, learner): nested cross-validation (ml/nested.h), assessment of the
 * out-of-fold predictions, a final model on everybody with the same inner search. Every pair is
 * compared with the first one. The folds depend only on seed, people and outcome, so all pairs
 * share them.
 */
#ifndef QCT_ML_EXPERIMENT_H
#define QCT_ML_EXPERIMENT_H

#include "ml/assessment.h"
#include "ml/risk_model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ml_run {
  int group; /* of the dataset */
  const struct ml_learner *learner;
  char name[64];                  /* "density svm-rbf" */
  struct ml_nested_result nested; /* owned */
  struct ml_risk_model model;     /* owned */
  double *importance;             /* [features of the group], owned */
};

struct ml_resume {
  const char *folder; /* exists */
  char key[65];
};

struct ml_experiment {
  int run_count;
  struct ml_run *runs; /* owned, groups outermost */
};

/**
 * @param learners  names for ml_learner_find; all of one task, the dataset's
 * @param balanced  class weights n/(2 n_c) in every learner that knows them
 * @param record    gets warnings, performance, comparisons
 * @param resume    NULL, or where finished cross-validations are kept and taken from: files
 * <folder>/<run>.json, used only when `key` (a digest of table and options) is theirs
 * @return ST_USAGE: unknown learner or one of another task; what the parts return
 */
status ml_experiment_run(struct ml_experiment *out, struct record *record,
                         const struct ml_dataset *d, enum ml_task task, const char *outcome_name,
                         const char *const *learners, int learner_count, int balanced,
                         const struct ml_nested_options *options, const struct ml_resume *resume);
void ml_experiment_free(struct ml_experiment *e);

/** Out-of-fold predictions: columns row, person, run, repeat, fold, score, probability, outcome,
 * time. */
status ml_experiment_predictions(struct table **out, const struct ml_experiment *e,
                                 const struct ml_dataset *d, const char *id_column);
/** Hyper-parameters and scores of every fold. */
status ml_experiment_folds(struct table **out, const struct ml_experiment *e);
/** Views of one run's predictions for assessment and pictures; pointers are borrowed. */
struct ml_predictions ml_run_predictions(const struct ml_run *run, const struct ml_dataset *d);

#ifdef __cplusplus
}
#endif
#endif
