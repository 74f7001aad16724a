#include "calibration/quality.h"

#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const cal_rule_names[] = {"shift", "shewhart", "cusum", "three-sd", "western", NULL};

static const double shift_share = 0.01;   /* of the slope */
static const double family_alpha = 0.001; /* false alarms a scan over all series */
static const double cusum_slack = 1;      /* SD */
static const double cusum_limit = 5;      /* SD */
enum { LEAST_BASELINE = 8, MOST_BASELINE = 30, LAG = 5 };

/* ---- series ---- */

static double series_value(const struct cal_scan *s, int series) {
  if (series == 0) return s->calibration.slope;
  if (series == 1) return s->calibration.intercept;
  const struct calibration_point *p = &s->calibration.points[series - 2];
  return series - 2 < s->calibration.point_count && p->used ? p->hu : NAN;
}

static void series_name(char out[40], const struct cal_scan *s, int series) {
  if (series < 2)
    snprintf(out, 40, "%s", series == 0 ? "slope" : "intercept");
  else
    snprintf(out, 40, "rod %s", s->calibration.points[series - 2].name);
}

struct state { /* of one series at one scan */
  double value, mean, sd, z, limit;
  double high, low; /* cusum */
  int n;            /* scans of the baseline */
  bool judged;
};

/* Mean and SD of a series over the baseline of scan i. */
static void baseline(struct state *s, const struct cal_scan *scans, size_t i, int series) {
  double x[MOST_BASELINE];
  size_t last = i > LEAST_BASELINE + LAG ? i - LAG : LEAST_BASELINE;
  if (last > i) last = i;
  s->n = 0;
  for (size_t j = 0; j < last && s->n < MOST_BASELINE; j++)
    if (isfinite(series_value(&scans[j], series))) x[s->n++] = series_value(&scans[j], series);
  s->judged = s->n >= LEAST_BASELINE;
  s->mean = s->n ? stat_mean(x, s->n) : NAN;
  s->sd = s->n > 1 ? stat_sd(x, s->n, 1) : NAN;
}

static int series_count(const struct cal_scan *scans) {
  return 2 + scans[0].calibration.point_count;
}

/* State of every scan of one series, cusum included. */
static void run_series(struct state *states, const struct cal_scan *scans, size_t n, int series) {
  double alpha = family_alpha / series_count(scans);
  for (size_t i = 0; i < n; i++) {
    struct state *s = &states[i];
    *s = (struct state){.value = series_value(&scans[i], series), .z = NAN};
    baseline(s, scans, i, series);
    const struct state *before = i > 0 ? &states[i - 1] : NULL;
    /* it begins anew after an alarm: one bad scan must not ring for as many days as it was SD off
     */
    s->high = before && before->high <= cusum_limit ? before->high : 0;
    s->low = before && before->low <= cusum_limit ? before->low : 0;
    if (!s->judged || !(s->sd > 0) || !isfinite(s->value)) continue;
    /* a short baseline knows its own mean and SD badly: standardise by the prediction error, and
     * widen it to the normal scale by the quantile's ratio */
    double error = s->sd * sqrt(1 + 1.0 / s->n);
    s->limit = stat_t_quantile(1 - alpha / 2, s->n - 1) * error;
    double to_normal =
        stat_normal_quantile(1 - alpha / 2) / stat_t_quantile(1 - alpha / 2, s->n - 1);
    s->z = (s->value - s->mean) / error * to_normal;
    s->high = fmax(0, s->high + s->z - cusum_slack);
    s->low = fmax(0, s->low - s->z - cusum_slack);
  }
}

/* ---- rules ---- */

static status add_alarm(struct cal_quality *q, const struct cal_scan *scans, size_t scan,
                        int series, enum cal_rule rule, const struct state *s) {
  status st = ST_OK;
  if (q->count == q->capacity) {
    size_t capacity = q->capacity ? 2 * q->capacity : 16;
    struct cal_alarm *grown = realloc(q->alarms, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "quality control: too many alarms");
    q->alarms = grown;
    q->capacity = capacity;
  }
  struct cal_alarm *a = &q->alarms[q->count++];
  *a = (struct cal_alarm){.scan = scan,
                          .rule = rule,
                          .value = s->value,
                          .expected = s->mean,
                          .sd = s->sd,
                          .notice = rule == CAL_THREE_SD || rule == CAL_WESTERN};
  series_name(a->series, &scans[scan], series);
done:
  return st;
}

static bool western(const struct state *states, size_t i) {
  if (i < 4) return false;
  int above = 0;
  int below = 0;
  for (size_t j = i - 4; j <= i; j++) {
    above += states[j].judged && states[j].value > states[j].mean + states[j].sd;
    below += states[j].judged && states[j].value < states[j].mean - states[j].sd;
  }
  return above >= 4 || below >= 4;
}

/* Rules that fire at scan i of a series, as bits. */
static unsigned fired(const struct state *states, size_t i, int series) {
  const struct state *s = &states[i];
  unsigned bits = 0;
  if (!s->judged || !isfinite(s->z)) return 0;
  double off = fabs(s->value - s->mean);
  double shift = shift_share * fabs(s->mean);
  if (series == 0 && off > shift && 3 * s->sd < shift) bits |= 1u << CAL_SHIFT;
  if (off > s->limit) bits |= 1u << CAL_SHEWHART;
  if (s->high > cusum_limit || s->low > cusum_limit) bits |= 1u << CAL_CUSUM;
  if (off > 3 * s->sd) bits |= 1u << CAL_THREE_SD;
  if (western(states, i)) bits |= 1u << CAL_WESTERN;
  return bits;
}

status cal_quality_judge(struct cal_quality **out, const struct cal_scan *scans, size_t n) {
  status st = ST_OK;
  struct cal_quality *q = calloc(1, sizeof *q);
  struct state *states = calloc(n ? n : 1, sizeof *states);
  CHECK(q && states, ST_MEMORY, "quality control of %zu scans", n);
  for (int series = 0; n && series < series_count(scans); series++) {
    run_series(states, scans, n, series);
    for (size_t i = 0; i < n; i++) {
      unsigned bits = fired(states, i, series);
      for (int r = CAL_SHIFT; r <= CAL_WESTERN; r++)
        if (bits & (1u << r)) TRY(add_alarm(q, scans, i, series, (enum cal_rule)r, &states[i]));
    }
  }
  *out = q;
  q = NULL;
done:
  cal_quality_destroy(q);
  free(states);
  return st;
}

void cal_quality_destroy(struct cal_quality *q) {
  if (!q) return;
  free(q->alarms);
  free(q);
}

bool cal_history_next(const struct cal_history *h, size_t *begin, size_t *end) {
  if (*end >= h->count) return false;
  *begin = *end;
  const struct calibration *first = &h->scans[*begin].calibration;
  while (*end < h->count) {
    const struct calibration *c = &h->scans[*end].calibration;
    if (strcmp(c->scanner_key, first->scanner_key) || strcmp(c->phantom, first->phantom)) break;
    (*end)++;
  }
  return true;
}

/* ---- the table ---- */

enum { SCANNER, PHANTOM, DAY, NAME, VALUE, MEAN, SD, Z, HIGH, LOW, ALARM, NOTICE, COLUMNS };

static status add_columns(struct table *t) {
  status st = ST_OK;
  static const struct {
    const char *name;
    bool numeric;
  } columns[COLUMNS] = {{"scanner", false},    {"phantom", false},  {"date", false},
                        {"series", false},     {"value", true},     {"baseline_mean", true},
                        {"baseline_sd", true}, {"deviation", true}, {"cusum_high", true},
                        {"cusum_low", true},   {"alarm", false},    {"notice", false}};
  for (int i = 0; i < COLUMNS; i++)
    TRY(table_add_column(t, columns[i].name, "", columns[i].numeric));
done:
  return st;
}

static void rule_words(char out[64], unsigned bits, int low, int high) {
  out[0] = '\0';
  for (int r = low; r <= high; r++)
    if (bits & (1u << r)) {
      size_t n = strlen(out);
      snprintf(out + n, 64 - n, "%s%s", n ? " " : "", cal_rule_names[r]);
    }
}

static status fill_row(struct table *t, size_t row, const struct cal_scan *scan, int series,
                       const struct state *states, size_t i) {
  status st = ST_OK;
  char text[64];
  TRY(table_set_text(t, row, SCANNER, scan->calibration.scanner_key));
  TRY(table_set_text(t, row, PHANTOM, scan->calibration.phantom));
  cal_date_from_days(text, scan->days);
  TRY(table_set_text(t, row, DAY, text));
  series_name(text, scan, series);
  TRY(table_set_text(t, row, NAME, text));
  const struct state *s = &states[i];
  t->columns[VALUE].numbers[row] = s->value;
  if (s->judged) {
    t->columns[MEAN].numbers[row] = s->mean;
    t->columns[SD].numbers[row] = s->sd;
    t->columns[Z].numbers[row] = s->z;
    t->columns[HIGH].numbers[row] = s->high;
    t->columns[LOW].numbers[row] = s->low;
  }
  unsigned bits = fired(states, i, series);
  rule_words(text, bits, CAL_SHIFT, CAL_CUSUM);
  TRY(table_set_text(t, row, ALARM, text));
  rule_words(text, bits, CAL_THREE_SD, CAL_WESTERN);
  TRY(table_set_text(t, row, NOTICE, text));
done:
  return st;
}

status cal_quality_table(struct table **out, const struct cal_history *h) {
  status st = ST_OK;
  struct table *t = NULL;
  struct state *states = calloc(h->count ? h->count : 1, sizeof *states);
  size_t rows = 0;
  size_t begin = 0;
  size_t end = 0;
  CHECK(states, ST_MEMORY, "quality control of %zu scans", h->count);
  while (cal_history_next(h, &begin, &end))
    rows += (end - begin) * (size_t)series_count(&h->scans[begin]);
  TRY(table_create(&t, rows));
  TRY(add_columns(t));
  size_t row = 0;
  end = 0;
  while (cal_history_next(h, &begin, &end))
    for (int series = 0; series < series_count(&h->scans[begin]); series++) {
      run_series(states, h->scans + begin, end - begin, series);
      for (size_t i = begin; i < end; i++)
        TRY(fill_row(t, row++, &h->scans[i], series, states, i - begin));
    }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  free(states);
  return st;
}
