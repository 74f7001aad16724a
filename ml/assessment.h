/* The performance statement: what a set of predictions is worth, as measurement rows with intervals
 * and counts.
 *
 * Used on out-of-fold predictions (ml_nested_result) and on predictions made elsewhere. Quantities
 * of the rows: auc, auc_fold_mean, brier, log_loss, observed_expected, calibration_slope,
 * calibration_intercept, calibration_in_the_large, sensitivity_at_specificity_80/90/95, at a stated
 * prevalence ppv_at_specificity_* and npv_at_specificity_*, harrell_c, e_max, uno_c, auc_at_*,
 * brier_at_*, r2. Every row carries n and, in its flags, the number of events. When there are fewer
 * than 10 events, 20 people or 5 events per candidate feature, discrimination rows are withheld:
 * "too few events".
 *
 * Intervals: 95 %, percentiles of a bootstrap of people (ml/bootstrap.h), in which everything that
 * was chosen on these people, as the threshold of a sensitivity, is chosen anew. The limits of a
 * sensitivity are widened to Wilson's of the events where those reach further. e_max has none: it
 * only grows by resampling. What does not vary over the draws, as the AUC of people all ranked
 * right, has no limits and says so.
 */
#ifndef QCT_ML_ASSESSMENT_H
#define QCT_ML_ASSESSMENT_H

#include "core/record.h"
#include "ml/nested.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Predictions of n rows, possibly repeated (cross-validation repeats). */
struct ml_predictions {
  enum ml_task task;
  int64_t n;
  int repeats;               /* >= 1 */
  const double *score;       /* [repeats][n] */
  const double *probability; /* [repeats][n] or NULL; NaN entries withhold the calibration rows */
  const int *outcome;        /* [n] */
  const double *target;      /* [n] time or value, or NULL */
  const int64_t *group;      /* [n] person or NULL */
};

struct ml_assessment_options {
  int draws; /* bootstrap draws; 0: ML_BOOTSTRAP_DRAWS */
  uint64_t seed;
  int features;       /* candidate features, for the events-per-feature rule; 0: not applied */
  const char *method; /* for the method column */
  const double
      *cuts;     /* rising probabilities that part categories of risk, for the categorical NRI */
  int cut_count; /* 0: none */
  double prevalence; /* of the people to be told, for ppv_at_* and npv_at_*; 0: not wanted */
};

/** Rows for one set of predictions, region = `name`. Discrimination is the mean over repeats of the
 * AUC (C) of the repeat; its interval a bootstrap of people. */
status ml_assess(struct record *r, const char *name, const struct ml_predictions *p,
                 const struct ml_assessment_options *options);
/** AUC at a horizon (in the unit of p->target), the mean over the repeats, and with `with_brier`
 * the Brier score of p->probability as risks at that horizon: rows auc_at_<horizon>,
 * brier_at_<horizon> and, when there are competing events by then, which auc_at_ leaves out,
 * auc_with_competing_at_<horizon>, where they are controls. Withheld with the reason where
 * ml_at_horizon refuses. Task ML_SURVIVAL. */
status ml_assess_horizon(struct record *r, const char *name, const struct ml_predictions *p,
                         double horizon, bool with_brier,
                         const struct ml_assessment_options *options);
/** Mean of the per-fold AUCs with their range (not an interval), from a nested run. */
status ml_assess_folds(struct record *r, const char *name, const struct ml_nested_result *nested);

/** Difference b - a of two sets on the same people: bootstrap difference of the mean AUC (C) and,
 * for ML_BINARY, DeLong's paired test on the scores averaged over repeats (as ranks within a
 * repeat). Rows auc_difference, delong_z, delong_p and, of the probabilities averaged over the
 * repeats, nri_* (with cuts also nri_categorical_*), idi and mcnemar_p (at probability 0.5);
 * flagged where there are too few events for a headline. Withheld where somebody has no
 * probability.
 * @return ST_DOMAIN: other numbers of people, other outcomes or times, cuts that do not rise */
status ml_assess_difference(struct record *r, const char *name_a, const struct ml_predictions *a,
                            const char *name_b, const struct ml_predictions *b,
                            const struct ml_assessment_options *options);

/** AUC within subgroups and the largest gap. `label` [n] 0..count-1, `names` [count]; subgroups
 * with fewer than 10 events or non-events are withheld. */
status ml_assess_subgroups(struct record *r, const char *name, const struct ml_predictions *p,
                           const char *variable, const int *label, const char *const *names,
                           int count, const struct ml_assessment_options *options);

#ifdef __cplusplus
}
#endif
#endif
