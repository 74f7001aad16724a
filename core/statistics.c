#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double stat_mean(const double *x, int64_t n) {
  if (n < 1) return (double)NAN;
  double sum = 0, rest = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  double mean = sum / (double)n;
  for (int64_t i = 0; i < n; i++) rest += x[i] - mean; /* removes the rounding of the first pass */
  return mean + rest / (double)n;
}

double stat_sd(const double *x, int64_t n, int ddof) {
  if (n <= ddof) return (double)NAN;
  double mean = stat_mean(x, n), squares = 0;
  for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
  return sqrt(squares / (double)(n - ddof));
}

/* ---- percentiles ---- */

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Hyndman and Fan (1996) type 7: position (n-1) p */
static void position(int64_t n, double p, int64_t *below, double *share) {
  double at = (double)(n - 1) * p / 100;
  *below = (int64_t)floor(at);
  if (*below > n - 1) *below = n - 1;
  *share = at - (double)*below;
}

double stat_percentile(const double *x, int64_t n, double p) {
  if (n < 1 || !(p >= 0 && p <= 100)) return (double)NAN;
  double *sorted = malloc((size_t)n * sizeof *sorted);
  if (!sorted) return (double)NAN;
  memcpy(sorted, x, (size_t)n * sizeof *sorted);
  qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);
  int64_t below;
  double share;
  position(n, p, &below, &share);
  double value = sorted[below];
  if (share > 0) value += share * (sorted[below + 1] - value);
  free(sorted);
  return value;
}

double stat_median(const double *x, int64_t n) {
  return stat_percentile(x, n, 50);
}

/* Put the k-th smallest at x[k], smaller before, larger after (Hoare's selection). */
static void select_order(float *x, int64_t n, int64_t k) {
  int64_t low = 0, high = n - 1;
  while (low < high) {
    float a = x[low], b = x[low + (high - low) / 2], c = x[high];
    float pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
    int64_t i = low, j = high;
    while (i <= j) {
      while (x[i] < pivot) i++;
      while (pivot < x[j]) j--;
      if (i > j) break;
      float swap = x[i];
      x[i++] = x[j];
      x[j--] = swap;
    }
    if (k <= j)
      high = j;
    else if (k >= i)
      low = i;
    else
      return;
  }
}

double stat_percentile_inplace(float *x, int64_t n, double p) {
  if (n < 1 || !(p >= 0 && p <= 100)) return (double)NAN;
  int64_t below;
  double share;
  position(n, p, &below, &share);
  select_order(x, n, below);
  double value = (double)x[below];
  if (share <= 0) return value;
  float next = x[below + 1];
  for (int64_t i = below + 2; i < n; i++)
    if (x[i] < next) next = x[i];
  return value + share * ((double)next - value);
}

/* ---- the straight line ---- */

status stat_line_fit(struct line_fit *fit, const double *x, const double *y, const double *weights,
                     int n) {
  status st = ST_OK;
  double total = 0, mean_x = 0, mean_y = 0, sxx = 0, sxy = 0, syy = 0, ssr = 0;
  CHECK(n >= 2, ST_DOMAIN, "fitting a line: %d points, at least 2 are needed", n);
  for (int i = 0; i < n; i++) {
    double w = weights ? weights[i] : 1;
    CHECK(isfinite(x[i]) && isfinite(y[i]) && isfinite(w) && w > 0, ST_DOMAIN,
          "fitting a line: point %d is (%g, %g) with weight %g; finite values and weights above 0 "
          "are needed",
          i, x[i], y[i], w);
    total += w;
    mean_x += w * x[i];
    mean_y += w * y[i];
  }
  mean_x /= total;
  mean_y /= total;
  for (int i = 0; i < n; i++) {
    double w = weights ? weights[i] : 1, dx = x[i] - mean_x, dy = y[i] - mean_y;
    sxx += w * dx * dx;
    sxy += w * dx * dy;
    syy += w * dy * dy;
  }
  /* a spread that rounding alone would make is none */
  CHECK(sxx > 1e-24 * total * mean_x * mean_x && sxx > 0, ST_NUMERIC,
        "fitting a line: all %d points have the same x = %g", n, mean_x);
  double slope = sxy / sxx, intercept = mean_y - slope * mean_x;
  for (int i = 0; i < n; i++) {
    double w = weights ? weights[i] : 1, e = y[i] - mean_y - slope * (x[i] - mean_x);
    ssr += w * e * e;
  }
  double variance = n > 2 ? ssr / (n - 2) : (double)NAN;
  *fit = (struct line_fit){
      .slope = slope,
      .intercept = intercept,
      .slope_se = sqrt(variance / sxx),
      .intercept_se = sqrt(variance * (1 / total + mean_x * mean_x / sxx)),
      .covariance = -variance * mean_x / sxx,
      .residual_sd = sqrt(variance),
      .r = syy > 0 ? sxy / sqrt(sxx * syy) : (double)NAN,
      .n = n,
  };
done:
  return st;
}

double stat_line_half_width(const struct line_fit *fit, const double *x, int n, double x0,
                            int prediction) {
  if (n <= 2) return (double)NAN;
  /* about the mean of x, where the two terms are nearly uncorrelated and nothing cancels */
  double centre = stat_mean(x, n), slope_variance = fit->slope_se * fit->slope_se;
  double d = x0 - centre, covariance = fit->covariance + centre * slope_variance;
  double at_centre = fit->intercept_se * fit->intercept_se + 2 * centre * fit->covariance +
                     centre * centre * slope_variance;
  double variance = fmax(at_centre, 0) + 2 * d * covariance + d * d * slope_variance;
  if (prediction) variance += fit->residual_sd * fit->residual_sd;
  return stat_t_quantile(0.975, n - 2) * sqrt(fmax(variance, 0));
}
