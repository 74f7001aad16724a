#include "ml/features.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct summary {
  double median, mean, sd; /* mean and sd after imputation */
  int64_t missing;
};

static struct summary summarise(const double *x, int raw, int feature, const int64_t *rows,
                                int64_t count, double *buffer) {
  struct summary s = {NAN, NAN, NAN, 0};
  int64_t m = 0;
  for (int64_t i = 0; i < count; i++) {
    double v = x[rows[i] * raw + feature];
    if (isfinite(v)) buffer[m++] = v;
  }
  s.missing = count - m;
  if (!m) return s;
  s.median = stat_median(buffer, m);
  for (; m < count; m++) buffer[m] = s.median;
  s.mean = stat_mean(buffer, count);
  s.sd = count > 1 ? stat_sd(buffer, count, 1) : 0;
  return s;
}

static void add_column(struct ml_scaling *s, int feature, int indicator, double centre,
                       double scale) {
  s->from[s->out] = feature;
  s->indicator[s->out] = indicator;
  s->centre[s->out] = centre;
  s->scale[s->out] = scale;
  s->out++;
}

status ml_scaling_learn(struct ml_scaling *out, const double *x, int raw, const int64_t *rows,
                        int64_t count, double most_missing) {
  status st = ST_OK;
  struct ml_scaling s = {.raw = raw};
  size_t most = 2 * (size_t)(raw > 0 ? raw : 1);
  double *buffer = malloc((size_t)(count > 0 ? count : 1) * sizeof *buffer);
  struct summary *all = malloc(most * sizeof *all);
  s.from = malloc(most * sizeof *s.from);
  s.indicator = malloc(most * sizeof *s.indicator);
  s.centre = malloc(most * sizeof *s.centre);
  s.scale = malloc(most * sizeof *s.scale);
  s.fill = malloc(most * sizeof *s.fill);
  CHECK(buffer && all && s.from && s.indicator && s.centre && s.scale && s.fill, ST_MEMORY,
        "scaling %d features", raw);
  for (int f = 0; f < raw; f++) {
    all[f] = summarise(x, raw, f, rows, count, buffer);
    int missing = (double)all[f].missing > most_missing * (double)count;
    int constant = !(all[f].sd > 1e-12 * fabs(all[f].mean)) || !(all[f].sd > 0);
    s.dropped_missing += missing;
    s.dropped_constant += !missing && constant;
    s.fill[f] = missing || constant ? NAN : all[f].median;
    if (!missing && !constant) add_column(&s, f, 0, all[f].mean, all[f].sd);
  }
  for (int f = 0; f < raw; f++) {
    if (isnan(s.fill[f]) || !all[f].missing) continue;
    double share = (double)all[f].missing / (double)count, m = (double)count;
    add_column(&s, f, 1, share, sqrt(share * (1 - share) * m / (m - 1)));
  }
  CHECK(s.out > 0, ST_DOMAIN,
        "none of %d features is usable: %d without spread, %d with more than %.0f %% missing", raw,
        s.dropped_constant, s.dropped_missing, 100 * most_missing);
  *out = s;
  memset(&s, 0, sizeof s);
done:
  free(buffer);
  free(all);
  ml_scaling_free(&s);
  return st;
}

void ml_scaling_apply(const struct ml_scaling *s, const double *raw_row, double *out_row) {
  for (int c = 0; c < s->out; c++) {
    double v = raw_row[s->from[c]];
    int missing = !isfinite(v);
    if (s->indicator[c])
      v = missing;
    else if (missing)
      v = s->fill[s->from[c]];
    out_row[c] = (v - s->centre[c]) / s->scale[c];
  }
}

void ml_scaling_free(struct ml_scaling *s) {
  free(s->from);
  free(s->indicator);
  free(s->centre);
  free(s->scale);
  free(s->fill);
  memset(s, 0, sizeof *s);
}
