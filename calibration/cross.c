#include "calibration/cross.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double cal_cross_apply(const struct cal_cross *c, double density) {
  return (density - c->b) / c->a;
}

status cal_cross_phantom(struct cal_cross *out, const double *nominal, const double *measured,
                         int n) {
  status st = ST_OK;
  struct line_fit fit;
  CHECK(n >= 3, ST_DOMAIN, "cross-calibration: %d densities, at least 3 needed", n);
  TRY(stat_line_fit(&fit, nominal, measured, NULL, n));
  CHECK(fit.slope > 0, ST_NUMERIC, "cross-calibration: slope %.4f, it must be positive", fit.slope);
  *out = (struct cal_cross){fit.slope,        fit.intercept,   fit.slope_se,
                            fit.intercept_se, fit.residual_sd, n};
done:
  return st;
}

/* Deming line of the pairs without pair `skip` (-1: all). */
static status deming(double *a, double *b, const double *x, const double *y, int n, double ratio,
                     int skip) {
  status st = ST_OK;
  double mx = 0, my = 0, sxx = 0, sxy = 0, syy = 0;
  int m = n - (skip >= 0);
  for (int i = 0; i < n; i++) {
    if (i == skip) continue;
    mx += x[i] / m;
    my += y[i] / m;
  }
  for (int i = 0; i < n; i++) {
    if (i == skip) continue;
    sxx += (x[i] - mx) * (x[i] - mx);
    sxy += (x[i] - mx) * (y[i] - my);
    syy += (y[i] - my) * (y[i] - my);
  }
  CHECK(sxy > 0 && isfinite(sxy), ST_NUMERIC,
        "Deming regression: the two scanners' values are not positively correlated");
  double d = syy - ratio * sxx;
  *a = (d + sqrt(d * d + 4 * ratio * sxy * sxy)) / (2 * sxy);
  *b = my - *a * mx;
done:
  return st;
}

status cal_cross_deming(struct cal_cross *out, const double *x, const double *y, int n,
                        double ratio) {
  status st = ST_OK;
  CHECK(n >= 3, ST_DOMAIN, "Deming regression: %d pairs, at least 3 needed", n);
  CHECK(ratio > 0, ST_DOMAIN, "Deming regression: ratio of variances %.4g, it must be positive",
        ratio);
  struct cal_cross c = {.n = n};
  TRY(deming(&c.a, &c.b, x, y, n, ratio, -1));
  double ma = 0, mb = 0, saa = 0, sbb = 0, ss = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < n; i++) {
      double a;
      double b;
      TRY(deming(&a, &b, x, y, n, ratio, i));
      if (pass == 0) {
        ma += a / n;
        mb += b / n;
      } else {
        saa += (a - ma) * (a - ma);
        sbb += (b - mb) * (b - mb);
      }
    }
  double f = (n - 1.0) / n;
  c.a_se = sqrt(f * saa);
  c.b_se = sqrt(f * sbb);
  for (int i = 0; i < n; i++) ss += pow(y[i] - c.a * x[i] - c.b, 2);
  c.residual_sd = sqrt(ss / (n - 2));
  *out = c;
done:
  return st;
}

status cal_bland_altman(struct cal_bland_altman *out, const double *x, const double *y, int n) {
  status st = ST_OK;
  double *difference = NULL;
  double *mean = NULL;
  CHECK(n >= 3, ST_DOMAIN, "Bland-Altman: %d pairs, at least 3 needed", n);
  difference = malloc((size_t)n * sizeof *difference);
  mean = malloc((size_t)n * sizeof *mean);
  CHECK(difference && mean, ST_MEMORY, "Bland-Altman of %d pairs", n);
  for (int i = 0; i < n; i++) {
    difference[i] = y[i] - x[i];
    mean[i] = (x[i] + y[i]) / 2;
    CHECK(isfinite(mean[i]), ST_DOMAIN, "Bland-Altman: pair %d is not a number", i + 1);
  }
  struct cal_bland_altman r = {.n = n};
  r.bias = stat_mean(difference, n);
  r.sd = stat_sd(difference, n, 1);
  double half = stat_t_quantile(0.975, n - 1) * r.sd / sqrt(n);
  r.bias_low = r.bias - half;
  r.bias_high = r.bias + half;
  r.limit_low = r.bias - 1.96 * r.sd;
  r.limit_high = r.bias + 1.96 * r.sd;
  struct line_fit fit;
  TRY(stat_line_fit(&fit, mean, difference, NULL, n));
  r.slope = fit.slope;
  r.slope_p = fit.slope_se > 0 ? 2 * stat_t_cdf(-fabs(fit.slope) / fit.slope_se, n - 2)
                               : (fit.slope == 0 ? 1 : 0);
  *out = r;
done:
  free(difference);
  free(mean);
  return st;
}

/* ---- precision ---- */

struct subject_sum {
  int subject, n;
  double sum, squares; /* of the deviations from the first value, for accuracy */
  double first;
};

static int collect(struct subject_sum *s, const double *values, const int *subject, int n) {
  int count = 0;
  for (int i = 0; i < n; i++) {
    int at = 0;
    while (at < count && s[at].subject != subject[i]) at++;
    if (at == count) s[count++] = (struct subject_sum){.subject = subject[i], .first = values[i]};
    double d = values[i] - s[at].first;
    s[at].n++;
    s[at].sum += d;
    s[at].squares += d * d;
  }
  return count;
}

status cal_precision(struct cal_precision *out, const double *values, const int *subject, int n) {
  status st = ST_OK;
  struct subject_sum *s = NULL;
  CHECK(n >= 2, ST_DOMAIN, "precision: %d measurements, at least two of one person needed", n);
  for (int i = 0; i < n; i++)
    CHECK(isfinite(values[i]), ST_DOMAIN, "precision: measurement %d is not a number", i + 1);
  s = calloc((size_t)n, sizeof *s);
  CHECK(s, ST_MEMORY, "precision of %d measurements", n);
  int count = collect(s, values, subject, n);
  struct cal_precision p = {0};
  double variance = 0;
  double relative = 0;
  for (int i = 0; i < count; i++) {
    if (s[i].n < 2) continue;
    double mean = s[i].first + s[i].sum / s[i].n;
    double squares = fmax(0, s[i].squares - s[i].sum * s[i].sum / s[i].n); /* df * s_i^2 */
    variance += squares;
    relative += squares / (mean * mean);
    p.df += s[i].n - 1;
    p.mean += mean;
    p.subjects++;
  }
  CHECK(p.subjects > 0, ST_DOMAIN, "precision: no person was measured twice");
  p.mean /= p.subjects;
  p.rms_sd = sqrt(variance / p.df);
  p.rms_cv = 100 * sqrt(relative / p.df);
  p.rms_sd_low = p.rms_sd * sqrt(p.df / stat_chi2_quantile(0.975, p.df));
  p.rms_sd_high = p.rms_sd * sqrt(p.df / stat_chi2_quantile(0.025, p.df));
  static const double factor = 2.77; /* 1.96 sqrt 2, as published */
  p.lsc = factor * p.rms_sd;
  p.lsc_low = factor * p.rms_sd_low;
  p.lsc_high = factor * p.rms_sd_high;
  p.few = p.df < 27;
  *out = p;
done:
  free(s);
  return st;
}

double cal_lsc_cross(double p1, double p2, double u) {
  return 1.96 * sqrt(p1 * p1 + p2 * p2 + u * u);
}
