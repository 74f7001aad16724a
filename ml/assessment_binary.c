#include "core/statistics.h"
#include "ml/assessment_parts.h"
#include "ml/discrimination.h"
#include "ml/reliability.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum figure {
  SENSITIVITY_80,
  SENSITIVITY_90,
  SENSITIVITY_95,
  PPV_80,
  PPV_90,
  PPV_95,
  NPV_80,
  NPV_90,
  NPV_95,
  BRIER,
  LOG_LOSS,
  OBSERVED_EXPECTED,
  SLOPE,
  INTERCEPT,
  IN_THE_LARGE,
  E_MAX,
  FIGURES
};

static const struct {
  const char *name, *source;
} figures[FIGURES] = {{"sensitivity_at_specificity_80", ""},
                      {"sensitivity_at_specificity_90", ""},
                      {"sensitivity_at_specificity_95", ""},
                      {"ppv_at_specificity_80", ""},
                      {"ppv_at_specificity_90", ""},
                      {"ppv_at_specificity_95", ""},
                      {"npv_at_specificity_80", ""},
                      {"npv_at_specificity_90", ""},
                      {"npv_at_specificity_95", ""},
                      {"brier", "brier1950"},
                      {"log_loss", "cox1958"},
                      {"observed_expected", "cox1958"},
                      {"calibration_slope", "cox1958"},
                      {"calibration_intercept", "cox1958"},
                      {"calibration_in_the_large", "cox1958"},
                      {"e_max", "cox1958"}};

static const double specificity[] = {0.80, 0.90, 0.95};

/* Largest sensitivity among thresholds with each of the specificities: one ROC curve for all. What
 * a call and no call then mean where `prevalence` of the people have the event, by Bayes. */
static status add_sensitivities(double *values, double share, const double *score,
                                const int *outcome, int64_t n, double prevalence) {
  status st = ST_OK;
  int64_t count = 0;
  const double rounding = 1e-12;
  double *points = malloc(3 * (size_t)(n + 1) * sizeof *points);
  CHECK(points, ST_MEMORY, "sensitivity of %lld scores", (long long)n);
  double *fpr = points, *tpr = points + n + 1;
  TRY(ml_roc(fpr, tpr, points + 2 * (n + 1), &count, score, outcome, n));
  for (int l = 0; l < 3; l++) {
    int64_t i = 0;
    while (i + 1 < count && fpr[i + 1] <= 1 - specificity[l] + rounding) i++;
    values[SENSITIVITY_80 + l] += share * tpr[i];
    double called = tpr[i] * prevalence, calm = (1 - fpr[i]) * (1 - prevalence);
    values[PPV_80 + l] += share * called / (called + fpr[i] * (1 - prevalence));
    values[NPV_80 + l] += share * calm / (calm + (1 - tpr[i]) * prevalence);
  }
done:
  free(points);
  return st;
}

static status add_reliability(double *values, double share, const double *probability,
                              const int *outcome, int64_t n) {
  status st = ST_OK;
  struct ml_reliability one;
  TRY(ml_reliability(&one, probability, outcome, n));
  values[BRIER] += share * one.brier;
  values[LOG_LOSS] += share * one.log_loss;
  values[OBSERVED_EXPECTED] += share * one.observed_expected;
  values[SLOPE] += share * one.slope;
  values[INTERCEPT] += share * one.intercept;
  values[IN_THE_LARGE] += share * one.in_the_large;
  values[E_MAX] += share * one.e_max;
done:
  return st;
}

struct judged {
  const struct ml_predictions *p;
  double prevalence; /* 0: none */
};

/* Every figure of some rows, the mean over the repeats. */
static status figures_of(double *values, const struct judged *j, const int64_t *rows, int64_t n) {
  status st = ST_OK;
  const struct ml_predictions *p = j->p;
  struct ml_drawn d = {0};
  double share = 1.0 / p->repeats;
  for (int i = 0; i < FIGURES; i++) values[i] = 0;
  TRY(ml_drawn_make(&d, p, rows, n));
  for (int k = 0; k < p->repeats; k++) {
    TRY(add_sensitivities(values, share, d.score + k * n, d.outcome, n, j->prevalence));
    if (d.probability) TRY(add_reliability(values, share, d.probability + k * n, d.outcome, n));
  }
done:
  ml_drawn_free(&d);
  return st;
}

/* A draw with one outcome only, or whose regression has no end, gives no figure. */
static void figures_of_draw(double *values, const void *user, const int64_t *rows, int64_t n) {
  if (figures_of(values, user, rows, n) == ST_OK) return;
  for (int i = 0; i < FIGURES; i++) values[i] = NAN;
  status_clear();
}

static bool all_known(const struct ml_predictions *p) {
  for (int64_t i = 0; p->probability && i < p->repeats * p->n; i++)
    if (isnan(p->probability[i])) return false;
  return true;
}

/* Why a figure of these probabilities has no value; NULL when it has one. */
static const char *no_figure(int figure, double value, const struct ml_predictions *p) {
  bool sure = false;
  for (int64_t i = 0; i < p->repeats * p->n; i++)
    sure |= p->probability[i] <= 0 || p->probability[i] >= 1;
  if (figure == LOG_LOSS && isinf(value))
    return "infinite: somebody told a probability of 0 had the event, or of 1 had none";
  if (!isnan(value)) return NULL;
  if (figure == OBSERVED_EXPECTED) return "no event is expected: everybody was told 0";
  return sure ? "a probability of exactly 0 or 1 has no logit"
              : "the probabilities tell the outcomes apart, or are all the same: no finite slope";
}

/* A resampled sensitivity knows that its threshold was chosen on these people; where all events lie
 * on one side it has no width, and Wilson's limits of the events remain. */
static void widen_by_wilson(struct ml_interval *limits, double sensitivity, int64_t events) {
  double low, high;
  ml_wilson(&low, &high, llround(sensitivity * (double)events), events);
  limits->low = fmin(limits->low, low);
  limits->high = fmax(limits->high, high);
}

status ml_assess_binary(struct record *r, const char *name, const struct ml_predictions *p,
                        const struct ml_assessment_options *o) {
  status st = ST_OK;
  struct ml_predictions known = *p;
  const struct judged judged = {&known, o->prevalence};
  struct ml_interval limits[FIGURES];
  double values[FIGURES];
  int64_t *rows = NULL;
  TRY(ml_assessment_rows(&rows, p->n));
  if (!all_known(p)) known.probability = NULL;
  TRY(figures_of(values, &judged, rows, p->n));
  TRY(ml_bootstrap_many(limits, FIGURES, figures_of_draw, &judged, p->group, p->n,
                        ml_assessment_draws(o), o->seed));
  for (int i = 0; i < FIGURES; i++) {
    if (i >= PPV_80 && i < BRIER && !(o->prevalence > 0)) continue;
    if (i >= BRIER && !p->probability) break;
    if (i >= BRIER && !known.probability) {
      CHECK(record_withhold(r, name, figures[i].name, "",
                            "not everybody has a probability: folds whose scores do not rise "
                            "with risk give none"),
            ST_MEMORY, "adding %s", figures[i].name);
      continue;
    }
    const char *reason = i >= BRIER ? no_figure(i, values[i], p) : NULL;
    if (reason) {
      CHECK(record_withhold(r, name, figures[i].name, "", reason), ST_MEMORY, "adding %s",
            figures[i].name);
      continue;
    }
    if (i < PPV_80) widen_by_wilson(&limits[i], values[i], ml_assessment_events(p));
    /* a largest difference only grows by resampling: no limits can be read from it */
    if (i == E_MAX) limits[i].low = limits[i].high = NAN;
    TRY(ml_assessment_row(r, name, figures[i].name, values[i], limits[i].low, limits[i].high, p,
                          o->method, figures[i].source));
    if (i >= PPV_80 && i < BRIER)
      measurement_flag(&r->rows[r->count - 1], "at a prevalence of %g", o->prevalence);
  }
done:
  free(rows);
  return st;
}
