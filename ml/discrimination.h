/* How well a score tells events from non-events: ROC curve, AUC with DeLong's variance, paired
 * comparison of two scores on the same people, thresholds, and reclassification.
 *
 * Scores: larger means more risk. Outcomes: 1 event, 0 non-event. Ties count one half. All
 * functions refuse a set with one class only, an outcome that is not 0 or 1 and a score that is not
 * finite.
 *
 * Limits of validity. DeLong's test is for two markers measured on the same people; it is not valid
 * for nested models fitted on those same people: use ml_likelihood_ratio or out-of-fold scores. NRI
 * and IDI are known to favour a useless added marker: their parts are given separately and they are
 * never a headline.
 */
#ifndef QCT_ML_DISCRIMINATION_H
#define QCT_ML_DISCRIMINATION_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ml_auc {
  double auc;
  double variance;            /* DeLong */
  double low, high;           /* 95 %, on the logit scale; the point itself when auc is 0 or 1 */
  double wald_low, wald_high; /* 95 %, untransformed, cut to [0, 1] */
  int64_t events, non_events;
};

/**
 * AUC by midranks with DeLong's variance, O(n log n).
 * @return ST_DOMAIN: see the head of this file; fewer than 2 of a class leaves variance and limits
 * NaN Source: delong1988, sun2014
 */
status ml_auc(struct ml_auc *out, const double *score, const int *outcome, int64_t n);

struct ml_auc_difference {
  struct ml_auc a, b;
  double covariance; /* DeLong, of the two AUCs */
  double difference; /* a - b */
  double low, high;  /* 95 %, normal */
  double z, p;       /* two-sided; NaN when the variance of the difference is 0 */
};

/** Paired comparison of scores a and b of the same n people. Source: delong1988, sun2014 */
status ml_auc_compare(struct ml_auc_difference *out, const double *a, const double *b,
                      const int *outcome, int64_t n);

/**
 * ROC points from (0,0) to (1,1), one per distinct score, falling threshold.
 * @param[out] fpr, tpr, threshold  shape [n+1]; threshold[0] = +inf
 * @param[out] count                points written
 */
status ml_roc(double *fpr, double *tpr, double *threshold, int64_t *count, const double *score,
              const int *outcome, int64_t n);

/* The two-by-two table of "score >= threshold". */
struct ml_confusion {
  double threshold;
  int64_t tp, fp, fn, tn;
  double sensitivity, specificity;
};
status ml_confusion_at(struct ml_confusion *out, const double *score, const int *outcome, int64_t n,
                       double threshold);
/** Largest sensitivity + specificity - 1; ties to the higher threshold. Use on training folds only.
 */
status ml_youden(struct ml_confusion *out, const double *score, const int *outcome, int64_t n);

struct ml_reclassification {
  double nri_events, nri_non_events; /* net proportion that moved the right way */
  double idi, slope_old, slope_new;  /* discrimination slopes */
};
/**
 * From probabilities `old` to `new`. With cuts (rising, 0..1 exclusive) moves between categories
 * count, a probability equal to a cut belonging to the upper one; with cut_count 0 any change
 * counts (continuous NRI). Source: pencina2008
 */
status ml_reclassify(struct ml_reclassification *out, const double *old_p, const double *new_p,
                     const int *outcome, int64_t n, const double *cuts, int cut_count);

/** McNemar's test of two classifiers on the same people; exact binomial when discordant < 25, else
 *  chi-square with continuity correction. only_a: right in a only; only_b: right in b only.
 * Two-sided. */
double ml_mcnemar_p(int64_t only_a, int64_t only_b);

/** Wilson score interval of k successes in n, at 95 %. */
void ml_wilson(double *low, double *high, int64_t k, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
