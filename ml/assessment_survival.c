#include "ml/assessment_parts.h"
#include "ml/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A figure of people followed over time: Uno's C, or AUC and Brier score at a horizon. */
struct followed {
  const struct ml_predictions *p;
  double horizon; /* NaN: Uno's C */
  bool brier;     /* the probabilities are risks at the horizon */
  bool strict;    /* refuse fewer than 10 cases or controls */
};

enum { C_OR_AUC, AUC_COMPETING, BRIER, FIGURES };

/* All figures, the mean over the repeats, with the counts of the first. */
static status figures_of(double *values, struct ml_horizon *counts, const struct followed *f,
                         const int64_t *rows, int64_t n) {
  status st = ST_OK;
  struct ml_drawn d = {0};
  double share = 1.0 / f->p->repeats;
  values[C_OR_AUC] = values[AUC_COMPETING] = values[BRIER] = 0;
  TRY(ml_drawn_make(&d, f->p, rows, n));
  for (int k = 0; k < f->p->repeats; k++) {
    const double *score = d.score + k * n;
    if (isnan(f->horizon)) {
      struct ml_concordance c;
      TRY(ml_uno(&c, score, d.target, d.outcome, n, INFINITY));
      values[C_OR_AUC] += share * c.c;
      continue;
    }
    struct ml_horizon h;
    TRY(ml_at_horizon(&h, score, f->brier ? d.probability + k * n : NULL, d.target, d.outcome, n,
                      f->horizon, f->strict));
    values[C_OR_AUC] += share * h.auc;
    values[AUC_COMPETING] += share * h.auc_competing;
    values[BRIER] += share * h.brier;
    if (counts) *counts = h;
  }
done:
  ml_drawn_free(&d);
  return st;
}

static void figures_of_draw(double *values, const void *user, const int64_t *rows, int64_t n) {
  struct followed f = *(const struct followed *)user;
  f.strict = false;
  if (figures_of(values, NULL, &f, rows, n) == ST_OK) return;
  values[C_OR_AUC] = values[AUC_COMPETING] = values[BRIER] = NAN;
  status_clear();
}

static status assess(double *values, struct ml_interval *limits, struct ml_horizon *counts,
                     const struct followed *f, const struct ml_assessment_options *o) {
  status st = ST_OK;
  const struct ml_predictions *p = f->p;
  int64_t *rows = NULL;
  TRY(ml_assessment_rows(&rows, p->n));
  TRY(figures_of(values, counts, f, rows, p->n));
  TRY(ml_bootstrap_many(limits, FIGURES, figures_of_draw, f, p->group, p->n, ml_assessment_draws(o),
                        o->seed));
done:
  free(rows);
  return st;
}

status ml_assess_concordance(struct record *r, const char *name, const struct ml_predictions *p,
                             const struct ml_assessment_options *o) {
  status st = ST_OK;
  const struct followed f = {.p = p, .horizon = NAN};
  double values[FIGURES];
  struct ml_interval limits[FIGURES];
  TRY(assess(values, limits, NULL, &f, o));
  TRY(ml_assessment_row(r, name, "uno_c", values[C_OR_AUC], limits[C_OR_AUC].low,
                        limits[C_OR_AUC].high, p, o->method, "uno2011"));
done:
  return st;
}

status ml_assess_horizon(struct record *r, const char *name, const struct ml_predictions *p,
                         double horizon, bool with_brier, const struct ml_assessment_options *o) {
  status st = ST_OK;
  const struct followed f = {p, horizon, with_brier && p->probability, true};
  double values[FIGURES];
  struct ml_interval limits[FIGURES];
  struct ml_horizon counts;
  char quantity[64];
  snprintf(quantity, sizeof quantity, "auc_at_%g", horizon);
  st = assess(values, limits, &counts, &f, o);
  if (st == ST_DOMAIN) {
    struct measurement *m = record_withhold(r, name, quantity, "", status_message());
    status_clear();
    CHECK(m, ST_MEMORY, "adding %s", quantity);
    m->n = p->n;
    st = ST_OK;
    goto done;
  }
  if (st != ST_OK) goto done;
  TRY(ml_assessment_row(r, name, quantity, values[C_OR_AUC], limits[C_OR_AUC].low,
                        limits[C_OR_AUC].high, p, o->method, "uno2007"));
  measurement_flag(&r->rows[r->count - 1], "%lld by then, %lld people beyond it",
                   (long long)counts.cases, (long long)counts.controls);
  if (counts.competing) {
    measurement_flag(&r->rows[r->count - 1], "%lld competing events by then are left out",
                     (long long)counts.competing);
    snprintf(quantity, sizeof quantity, "auc_with_competing_at_%g", horizon);
    TRY(ml_assessment_row(r, name, quantity, values[AUC_COMPETING], limits[AUC_COMPETING].low,
                          limits[AUC_COMPETING].high, p, o->method, "uno2007"));
    measurement_flag(&r->rows[r->count - 1], "%lld competing events by then count as event-free",
                     (long long)counts.competing);
  }
  if (!f.brier) goto done;
  snprintf(quantity, sizeof quantity, "brier_at_%g", horizon);
  TRY(ml_assessment_row(r, name, quantity, values[BRIER], limits[BRIER].low, limits[BRIER].high, p,
                        o->method, "graf1999"));
done:
  return st;
}
