/* Time to event: Kaplan-Meier, Aalen-Johansen, concordance, time-dependent AUC, Brier score with
 * inverse probability of censoring weights.
 *
 * time > 0 (any unit, the same throughout); event 0 censored, 1 the event, 2 a competing event
 * (death). At equal times events come before censorings. Where only 1 counts, 2 is taken as
 * censored; that overstates risk when competing deaths are many: use ml_cumulative_incidence. risk:
 * larger means earlier event.
 */
#ifndef QCT_ML_SURVIVAL_H
#define QCT_ML_SURVIVAL_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ml_curve_point {
  double time;
  double value;     /* survival, or cumulative incidence */
  double se;        /* Greenwood for survival; delta method for incidence; NaN at the end */
  double low, high; /* 95 %, on the log-log scale */
  int64_t at_risk, events;
};

/**
 * Kaplan-Meier survival at each distinct event time.
 * @param[out] points shape [n]; *count written
 * Source: kaplan1958
 */
status ml_kaplan_meier(struct ml_curve_point *points, int64_t *count, const double *time,
                       const int *event, int64_t n);
/** Cumulative incidence of `cause` (1 or 2) with the other as competing. Source: aalen1978 */
status ml_cumulative_incidence(struct ml_curve_point *points, int64_t *count, const double *time,
                               const int *event, int64_t n, int cause);
/** Value of a step curve at a time (`before`: just before it); `start` before the first point. */
double ml_curve_at(const struct ml_curve_point *points, int64_t count, double time, int before,
                   double start);

struct ml_concordance {
  double c;
  double concordant, discordant, tied; /* weighted for Uno */
  int64_t events;
};
/** Harrell's C. Source: harrell1982 */
status ml_harrell(struct ml_concordance *out, const double *risk, const double *time,
                  const int *event, int64_t n);
/** Uno's C with weights 1/G(t-)^2, events up to tau (INFINITY: no truncation). Source: uno2011 */
status ml_uno(struct ml_concordance *out, const double *risk, const double *time, const int *event,
              int64_t n, double tau);

struct ml_horizon {
  double tau;
  double auc; /* cumulative/dynamic: cases with an event by tau, controls event-free beyond it */
  double auc_competing; /* the same, those with a competing event by tau being controls too, each
                           weighted by 1/G(t-) as those beyond tau are by 1/G(tau) */
  double brier;         /* of the predicted risk at tau; NaN when none was given */
  int64_t cases, controls, at_risk;
  int64_t competing;         /* competing events by tau */
  double censoring_survival; /* G(tau) */
};
/**
 * Time-dependent AUC and Brier score at a horizon.
 * @param risk      score, larger means more risk
 * @param probability predicted risk of an event by tau (0..1), or NULL for the AUC alone
 * @param strict    1: also refuse fewer than 10 cases or 10 controls (the rule for any headline)
 * @return ST_DOMAIN when G(tau) <= 0.05, no case or no control, or by `strict`; the message gives
 * the counts Source: uno2007 (AUC), graf1999 (Brier)
 */
status ml_at_horizon(struct ml_horizon *out, const double *risk, const double *probability,
                     const double *time, const int *event, int64_t n, double tau, int strict);

/** Log-rank test of two groups (0/1): chi-square with 1 df and p. Source: mantel1966 */
status ml_log_rank(double *chi2, double *p, const double *time, const int *event, const int *group,
                   int64_t n);

#ifdef __cplusplus
}
#endif
#endif
