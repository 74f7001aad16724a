/* Pictures of a model's performance as SVG: ROC with its interval, calibration, decision curve,
 * survival curves, importance. Each appends one <svg> element to a text. */
#ifndef QCT_ML_FIGURES_H
#define QCT_ML_FIGURES_H

#include "core/text.h"
#include "ml/assessment.h"

/** ROC curve, the mean over repeats, with its pointwise 95 % band (bootstrap of people, 1000 draws
 * of seed 1), the chance line and the AUC in the title. */
status ml_figure_roc(struct text *svg, const struct ml_predictions *p);
/** Two of them on the same people, each with its band; the AUCs stand in the legend. */
status ml_figure_roc_pair(struct text *svg, const char *name_a, const struct ml_predictions *a,
                          const char *name_b, const struct ml_predictions *b);
/** Ten bins with Wilson intervals against the diagonal; mean over repeats of the predicted and
 * observed.
 *  @return ST_DOMAIN when there are no probabilities */
status ml_figure_calibration(struct text *svg, const struct ml_predictions *p);
/** Net benefit at thresholds 0.01..0.99 that hold at least one person, with treat-all and
 * treat-none. */
status ml_figure_decision(struct text *svg, const struct ml_predictions *p);
/** Kaplan-Meier curves of groups 0..count-1 with their limits; names are the legend. */
status ml_figure_kaplan_meier(struct text *svg, const double *time, const int *event,
                              const int *group, const char *const *names, int count, int64_t n,
                              const char *unit);
/** Horizontal bars, largest first, at most 20. */
status ml_figure_importance(struct text *svg, const char *const *names, const double *values,
                            int count);

#endif
