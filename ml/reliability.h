/* Are the probabilities right? Proper scores, calibration in the large and slope, the reliability
 * table, Platt's scaling, prevalence shift, and the decision curve.
 *
 * Probabilities lie in [0, 1]; where a logit is taken a probability of exactly 0 or 1 is refused.
 * Outcomes: 1 event, 0 non-event.
 */
#ifndef QCT_ML_RELIABILITY_H
#define QCT_ML_RELIABILITY_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ml_reliability {
  double brier, log_loss;   /* log_loss infinite when a sure prediction was wrong */
  double observed_expected; /* events / sum of probabilities; NaN when these are all 0 */
  double slope,
      intercept;       /* of the outcome on logit(p); NaN when p holds 0 or 1 or does not vary */
  double in_the_large; /* intercept with logit(p) as offset; NaN when p holds 0 or 1 */
  double e_max;        /* largest |observed - mean predicted| over the filled bins */
  int64_t events, n;
};
/** @return ST_DOMAIN: probability outside [0, 1], outcome not 0/1, one class only
 *  Source: brier1950, cox1958 (slope and intercept) */
status ml_reliability(struct ml_reliability *out, const double *p, const int *outcome, int64_t n);

struct ml_reliability_bin {
  double low, high;                   /* range of probabilities */
  double predicted;                   /* mean; NaN when empty */
  double observed;                    /* share of events */
  double observed_low, observed_high; /* Wilson 95 % */
  int64_t events, n;
};
/** `bins` equal-width bins of [0, 1]; the last one includes 1. */
status ml_reliability_table(struct ml_reliability_bin *out, int bins, const double *p,
                            const int *outcome, int64_t n);

/* p = 1 / (1 + exp(a f + b)) */
struct ml_platt {
  double a, b;
};
/**
 * Platt's scaling with smoothed targets, Newton with backtracking (Lin, Lin and Weng).
 * @param f decision values, larger means event; must be out-of-fold
 * @return ST_DOMAIN when the slope comes out with the wrong sign (a >= 0): the values do not rise
 * with risk, no probability may be made of them Source: lin2007
 */
status ml_platt_fit(struct ml_platt *out, const double *f, const int *outcome, int64_t n);
double ml_platt_probability(const struct ml_platt *platt, double f);

/** Move a probability from the prevalence it was made at to another (both 0..1 exclusive). */
double ml_shift_prevalence(double p, double from, double to);

struct ml_net_benefit {
  double threshold;
  double model, treat_all;
  double avoided_per_100; /* interventions avoided per 100 people against treat-all */
};
/** Decision curve at given thresholds (0..1 exclusive). Treated when p >= threshold. Source:
 * vickers2006 */
status ml_decision_curve(struct ml_net_benefit *out, const double *thresholds, int count,
                         const double *p, const int *outcome, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
