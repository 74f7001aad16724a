#include "calibration/tissue_mode.h"

#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double mode_mean_hu = 5;

/* The highest peak; with `lowest` the first one from below that reaches a tenth of it: foam of the
 * table and blankets are lighter than tissue, but nothing is lighter than air. */
static int choose_peak(const double *count, bool lowest) {
  static const double share = 0.1;
  int peak = 0;
  for (int i = 0; i < CAL_BINS; i++)
    if (count[i] > count[peak]) peak = i;
  if (!lowest) return peak;
  int first = 0;
  while (count[first] < share * count[peak]) first++;
  while (first + 1 < CAL_BINS && count[first + 1] >= count[first]) first++;
  return first;
}

/* Top of a parabola through the logarithm of the histogram, smoothed by `width` HU, where it is
 * above 60 % of its peak. NaN when empty. */
static double histogram_mode(const double *count, double width, bool lowest) {
  static const double floor_share = 0.6;
  double *smooth_count = calloc(CAL_BINS, sizeof *smooth_count);
  if (!smooth_count) return NAN;
  int half = (int)ceil(3 * width);
  for (int i = 0; i < CAL_BINS; i++) {
    double sum = 0;
    double weight = 0;
    for (int d = -half; d <= half; d++) {
      if (i + d < 0 || i + d >= CAL_BINS) continue;
      double w = exp(-0.5 * d * d / (width * width));
      sum += w * count[i + d];
      weight += w;
    }
    smooth_count[i] = sum / weight;
  }
  int peak = choose_peak(smooth_count, lowest);
  double top = smooth_count[peak];
  double mode = NAN;
  if (top > 0) {
    int a = peak;
    int b = peak;
    while (a > 0 && smooth_count[a - 1] > floor_share * top) a--;
    while (b + 1 < CAL_BINS && smooth_count[b + 1] > floor_share * top) b++;
    /* least squares of log count = c0 + c1 x + c2 x^2, x from the middle, so c1 and c2 decouple */
    double m = (a + b) / 2.0;
    double s2 = 0, s4 = 0, n = 0, y0 = 0, y1 = 0, y2 = 0;
    for (int i = a; i <= b; i++) {
      double x = i - m;
      double y = log(smooth_count[i] / top);
      s2 += x * x;
      s4 += x * x * x * x;
      n++;
      y0 += y;
      y1 += x * y;
      y2 += x * x * y;
    }
    double c1 = s2 > 0 ? y1 / s2 : 0;
    double c2 = n * s4 - s2 * s2 > 0 ? (n * y2 - s2 * y0) / (n * s4 - s2 * s2) : 0;
    double x = c2 < 0 ? -c1 / (2 * c2) : 0;
    mode = CAL_BIN_LOW + m + fmin(fmax(x, a - m), b - m);
  }
  free(smooth_count);
  return mode;
}

void cal_histogram_measure(struct calibration_point *p, const struct cal_histogram *h,
                           bool lowest) {
  double all[CAL_BINS];
  double part[CAL_BINS];
  double mean = h->sum / (double)h->total;
  double sd = sqrt(fmax(0, h->squares / (double)h->total - mean * mean));
  double width = fmin(fmax(2, 0.25 * sd), 12);
  double modes[CAL_PARTS];
  int parts = 0;
  memset(all, 0, sizeof all);
  for (int q = 0; q < CAL_PARTS; q++) {
    int64_t n = 0;
    for (int i = 0; i < CAL_BINS; i++) {
      part[i] = (double)h->count[q][i];
      all[i] += part[i];
      n += h->count[q][i];
    }
    if (n >= 100) modes[parts++] = histogram_mode(part, width, lowest);
  }
  p->hu = histogram_mode(all, width, lowest);
  p->hu_sd = sd;
  p->hu_se = parts >= 3 ? stat_sd(modes, parts, 1) / sqrt(parts) : sd / sqrt((double)h->total / 50);
  p->voxels = h->total;
  p->slices = (int)h->slices;
  if (fabs(p->hu - mean) > mode_mean_hu)
    snprintf(p->reason, sizeof p->reason, "mode %.1f HU, mean %.1f HU", p->hu, mean);
}

static int64_t bin_total(const struct cal_histogram *h, int bin) {
  int64_t n = 0;
  for (int q = 0; q < CAL_PARTS && bin >= 0 && bin < CAL_BINS; q++) n += h->count[q][bin];
  return n;
}

double cal_histogram_censored_mode(const struct cal_histogram *h, double clip) {
  enum { SPAN = 30 };
  int64_t counts[SPAN + 1] = {0};
  int first = (int)lround(clip - CAL_BIN_LOW);
  for (int i = 0; i <= first; i++) counts[0] += bin_total(h, i);
  for (int k = 1; k <= SPAN; k++) counts[k] = bin_total(h, first + k);
  double best = -INFINITY, mode = clip;
  for (double sd = 4; sd <= 40; sd += 1)
    for (double mu = clip - 40; mu <= clip + SPAN; mu += 0.5) {
      double whole = stat_normal_cdf((clip + SPAN + 0.5 - mu) / sd), below = 0, likelihood = 0;
      for (int k = 0; k <= SPAN; k++) {
        double up = stat_normal_cdf((clip + k + 0.5 - mu) / sd);
        likelihood += (double)counts[k] * log(fmax(up - below, 1e-300) / whole);
        below = up;
      }
      if (likelihood <= best) continue;
      best = likelihood;
      mode = mu;
    }
  return mode;
}

double cal_histogram_constant_share(const struct cal_histogram *h, double *value) {
  int64_t best = 0;
  for (int i = 0; i < CAL_BINS; i++) {
    int64_t n = 0;
    for (int q = 0; q < CAL_PARTS; q++) n += h->count[q][i];
    if (n > best) {
      best = n;
      *value = CAL_BIN_LOW + i;
    }
  }
  return h->total ? (double)best / (double)h->total : 0;
}
