#include "ml/figures.h"

#include "core/plot.h"
#include "ml/bootstrap.h"
#include "ml/discrimination.h"
#include "ml/reliability.h"
#include "ml/survival.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 460, HEIGHT = 380, GRID = 101, MOST_BARS = 20, ROC_DRAWS = 1000 };

static const uint32_t group_colours[] = {COLOUR_BLUE, COLOUR_RED,    COLOUR_GREEN,
                                         COLOUR_PINK, COLOUR_ORANGE, COLOUR_SKY};

/* Height of the ROC curve at a false positive rate, linear between its points. */
static double roc_at(const double *fpr, const double *tpr, int64_t count, double x) {
  int64_t i = 1;
  while (i < count - 1 && fpr[i] < x) i++;
  /* at a step take the upper end */
  while (i < count - 1 && fpr[i + 1] <= x) i++;
  double width = fpr[i] - fpr[i - 1];
  if (x >= fpr[i] || width <= 0) return tpr[i];
  return tpr[i - 1] + (tpr[i] - tpr[i - 1]) * (x - fpr[i - 1]) / width;
}

/* Mean over the repeats of the curve of some rows, at GRID false positive rates; NaN when the rows
 * hold one outcome only. */
static void mean_curve(double *curve, const void *user, const int64_t *rows, int64_t n) {
  const struct ml_predictions *p = user;
  double *points = malloc(4 * (size_t)(n + 1) * sizeof *points);
  int *outcome = malloc((size_t)(n + 1) * sizeof *outcome);
  double *fpr = points, *tpr = points + n + 1, *threshold = points + 2 * (n + 1);
  double *score = points + 3 * (n + 1);
  for (int i = 0; i < GRID; i++) curve[i] = points && outcome ? 0 : NAN;
  for (int k = 0; points && outcome && k < p->repeats; k++) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
      score[i] = p->score[(int64_t)k * p->n + rows[i]];
      outcome[i] = p->outcome[rows[i]];
    }
    bool had = ml_roc(fpr, tpr, threshold, &count, score, outcome, n) == ST_OK;
    if (!had) status_clear();
    for (int i = 0; i < GRID; i++)
      curve[i] += had ? roc_at(fpr, tpr, count, i / (GRID - 1.0)) / p->repeats : NAN;
  }
  free(points);
  free(outcome);
}

/* One curve with its band and its AUC. */
static status add_roc(struct plot *plot, double *auc, const struct ml_predictions *p,
                      uint32_t band_colour, uint32_t colour, const char *name, bool with_auc) {
  status st = ST_OK;
  double x[GRID], mean[GRID], low[GRID], high[GRID];
  struct ml_interval band[GRID];
  char label[128], band_label[160];
  int64_t *rows = malloc((size_t)(p->n + 1) * sizeof *rows);
  CHECK(rows, ST_MEMORY, "ROC curve of %lld people", (long long)p->n);
  for (int64_t i = 0; i < p->n; i++) rows[i] = i;
  *auc = 0;
  for (int k = 0; k < p->repeats; k++) {
    struct ml_auc one;
    TRY(ml_auc(&one, p->score + (int64_t)k * p->n, p->outcome, p->n));
    *auc += one.auc / p->repeats;
  }
  mean_curve(mean, p, rows, p->n);
  TRY(ml_bootstrap_many(band, GRID, mean_curve, p, p->group, p->n, ROC_DRAWS, 1));
  for (int i = 0; i < GRID; i++) {
    x[i] = i / (GRID - 1.0);
    low[i] = band[i].low;
    high[i] = band[i].high;
  }
  snprintf(label, sizeof label, "%.60s", name);
  if (with_auc) snprintf(label, sizeof label, "%.60s, AUC %.3f", name, *auc);
  snprintf(band_label, sizeof band_label, "%s%.60s", with_auc ? "95 % band, " : "95 % band",
           with_auc ? name : "");
  plot_band(plot, x, low, high, GRID, band_colour, band_label);
  plot_line(plot, x, mean, GRID, colour, label);
done:
  free(rows);
  return st;
}

static status begin_roc(struct plot **plot) {
  status st = ST_OK;
  const double diagonal[2] = {0, 1};
  TRY(plot_create(plot, WIDTH, HEIGHT, "1 - specificity", "sensitivity"));
  plot_range_x(*plot, 0, 1);
  plot_range_y(*plot, 0, 1);
  plot_dashed(*plot, diagonal, diagonal, 2, COLOUR_ORANGE, "chance");
done:
  return st;
}

status ml_figure_roc(struct text *svg, const struct ml_predictions *p) {
  status st = ST_OK;
  struct plot *plot = NULL;
  double auc = 0;
  char title[96];
  TRY(begin_roc(&plot));
  TRY(add_roc(plot, &auc, p, COLOUR_SKY, COLOUR_BLUE, p->repeats > 1 ? "mean" : "model", false));
  snprintf(title, sizeof title, "AUC %.3f", auc);
  plot_title(plot, title);
  TRY(plot_svg(plot, svg));
done:
  plot_destroy(plot);
  return st;
}

status ml_figure_roc_pair(struct text *svg, const char *name_a, const struct ml_predictions *a,
                          const char *name_b, const struct ml_predictions *b) {
  status st = ST_OK;
  struct plot *plot = NULL;
  double auc = 0;
  TRY(begin_roc(&plot));
  TRY(add_roc(plot, &auc, a, COLOUR_PINK, COLOUR_RED, name_a, true));
  TRY(add_roc(plot, &auc, b, COLOUR_SKY, COLOUR_BLUE, name_b, true));
  TRY(plot_svg(plot, svg));
done:
  plot_destroy(plot);
  return st;
}

static status check_probability(const struct ml_predictions *p) {
  status st = ST_OK;
  CHECK(p->probability, ST_DOMAIN, "a calibration picture needs probabilities");
  for (int64_t i = 0; i < p->n * p->repeats; i++)
    CHECK(!isnan(p->probability[i]), ST_DOMAIN,
          "a calibration picture needs a probability for everybody; person %lld has none",
          (long long)(i % p->n) + 1);
done:
  return st;
}

status ml_figure_calibration(struct text *svg, const struct ml_predictions *p) {
  status st = ST_OK;
  enum { BINS = 10 };
  struct plot *plot = NULL;
  struct ml_reliability_bin bins[BINS];
  double x[BINS], y[BINS], low[BINS], high[BINS];
  const double diagonal[2] = {0, 1};
  int m = 0;
  TRY(check_probability(p));
  /* first repeat: bins of several repeats would count people twice */
  TRY(ml_reliability_table(bins, BINS, p->probability, p->outcome, p->n));
  for (int b = 0; b < BINS; b++) {
    if (!bins[b].n) continue;
    x[m] = bins[b].predicted;
    y[m] = bins[b].observed;
    low[m] = bins[b].observed_low;
    high[m++] = bins[b].observed_high;
  }
  TRY(plot_create(&plot, WIDTH, HEIGHT, "predicted probability", "observed share"));
  plot_title(plot, "calibration, with 95 % Wilson limits");
  plot_range_x(plot, 0, 1);
  plot_range_y(plot, 0, 1);
  plot_dashed(plot, diagonal, diagonal, 2, COLOUR_ORANGE, "ideal");
  plot_error_bars(plot, x, low, high, m, COLOUR_BLUE);
  plot_points(plot, x, y, m, COLOUR_BLUE, "tenths of the range");
  TRY(plot_svg(plot, svg));
done:
  plot_destroy(plot);
  return st;
}

status ml_figure_decision(struct text *svg, const struct ml_predictions *p) {
  status st = ST_OK;
  struct plot *plot = NULL;
  struct ml_net_benefit benefit[99];
  double threshold[99], model[99] = {0}, all[99], lowest = 0;
  int count = 99;
  TRY(check_probability(p));
  for (int i = 0; i < count; i++) threshold[i] = (i + 1) / 100.0;
  for (int k = 0; k < p->repeats; k++) {
    TRY(ml_decision_curve(benefit, threshold, count, p->probability + (int64_t)k * p->n, p->outcome,
                          p->n));
    for (int i = 0; i < count; i++) model[i] += benefit[i].model / p->repeats;
  }
  for (int i = 0; i < count; i++) {
    all[i] = benefit[i].treat_all;
    lowest = fmin(lowest, model[i]);
  }
  TRY(plot_create(&plot, WIDTH, HEIGHT, "threshold probability", "net benefit"));
  plot_title(plot, "decision curve");
  plot_range_x(plot, 0, 1);
  plot_range_y(plot, fmin(-0.05, lowest), fmax(0.05, all[0] * 1.1));
  for (int i = 0; i < count; i++)
    if (all[i] < fmin(-0.05, lowest)) all[i] = NAN;
  const double ends[2] = {0, 1}, none[2] = {0, 0};
  plot_dashed(plot, threshold, all, count, COLOUR_ORANGE, "treat all");
  plot_dashed(plot, ends, none, 2, COLOUR_GREEN, "treat none");
  plot_line(plot, threshold, model, count, COLOUR_BLUE, "model");
  TRY(plot_svg(plot, svg));
done:
  plot_destroy(plot);
  return st;
}

/* One group's curve from (0, 1) to the last follow-up. */
static status add_curve(struct plot *plot, const double *time, const int *event, const int *group,
                        int g, const char *name, int64_t n) {
  status st = ST_OK;
  int64_t m = 0, count = 0;
  double *t = malloc((size_t)(n + 2) * sizeof *t), *x = malloc((size_t)(n + 2) * sizeof *x);
  double *y = malloc((size_t)(n + 2) * sizeof *y), last = 0;
  int *e = malloc((size_t)(n + 2) * sizeof *e);
  struct ml_curve_point *points = malloc((size_t)(n + 2) * sizeof *points);
  CHECK(t && x && y && e && points, ST_MEMORY, "survival curve of %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    if (group[i] != g) continue;
    t[m] = time[i];
    e[m++] = event[i];
    last = fmax(last, time[i]);
  }
  if (m == 0) goto done; /* a third of tied scores may be empty */
  TRY(ml_kaplan_meier(points, &count, t, e, m));
  x[0] = 0;
  y[0] = 1;
  for (int64_t i = 0; i < count; i++) {
    x[i + 1] = points[i].time;
    y[i + 1] = points[i].value;
  }
  x[count + 1] = last;
  y[count + 1] = y[count];
  plot_steps(plot, x, y, (int)count + 2,
             group_colours[g % (int)(sizeof group_colours / sizeof *group_colours)], name);
done:
  free(t);
  free(x);
  free(y);
  free(e);
  free(points);
  return st;
}

status ml_figure_kaplan_meier(struct text *svg, const double *time, const int *event,
                              const int *group, const char *const *names, int count, int64_t n,
                              const char *unit) {
  status st = ST_OK;
  struct plot *plot = NULL;
  char label[64];
  snprintf(label, sizeof label, "time%s%s%s", unit && unit[0] ? " [" : "", unit ? unit : "",
           unit && unit[0] ? "]" : "");
  TRY(plot_create(&plot, WIDTH, HEIGHT, label, "share without event"));
  plot_title(plot, "Kaplan-Meier");
  plot_range_y(plot, 0, 1);
  for (int g = 0; g < count; g++) TRY(add_curve(plot, time, event, group, g, names[g], n));
  TRY(plot_svg(plot, svg));
done:
  plot_destroy(plot);
  return st;
}

status ml_figure_importance(struct text *svg, const char *const *names, const double *values,
                            int count) {
  status st = ST_OK;
  struct plot *plot = NULL;
  const char *shown[MOST_BARS];
  double bars[MOST_BARS];
  int m = 0;
  unsigned char *taken = calloc((size_t)(count > 0 ? count : 1), 1);
  CHECK(taken, ST_MEMORY, "importance of %d features", count);
  while (m < count && m < MOST_BARS) {
    int best = -1;
    for (int i = 0; i < count; i++)
      if (!taken[i] && (best < 0 || values[i] > values[best])) best = i;
    taken[best] = 1;
    shown[m] = names[best];
    bars[m++] = values[best];
  }
  TRY(plot_create(&plot, WIDTH, 80 + 22 * m, "drop of the criterion when shuffled", ""));
  plot_bars(plot, shown, bars, m, COLOUR_BLUE);
  TRY(plot_svg(plot, svg));
done:
  free(taken);
  plot_destroy(plot);
  return st;
}
