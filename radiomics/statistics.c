/* Intensity-based statistics (UHIW). */
#include "radiomics/families.h"

#include <math.h>
#include <stdlib.h>

static void swap(double *a, double *b) {
  double t = *a;
  *a = *b;
  *b = t;
}

/* Order statistic k of x[lo..hi] in place (Hoare's selection, median of three). */
static double select_rank(double *x, int64_t lo, int64_t hi, int64_t k) {
  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2;
    if (x[mid] < x[lo]) swap(&x[mid], &x[lo]);
    if (x[hi] < x[lo]) swap(&x[hi], &x[lo]);
    if (x[hi] < x[mid]) swap(&x[hi], &x[mid]);
    double pivot = x[mid];
    int64_t i = lo;
    int64_t j = hi;
    while (i <= j) {
      while (x[i] < pivot) i++;
      while (pivot < x[j]) j--;
      if (i <= j) swap(&x[i++], &x[j--]);
    }
    if (k <= j)
      hi = j;
    else if (k >= i)
      lo = i;
    else
      break;
  }
  return x[k];
}

/* Percentile p by linear interpolation (type 7): reproduces the reference's P90 of 4. Percentiles
 * must be asked in rising order; *from is the part still unsorted. */
static double percentile(double *x, int64_t n, double p, int64_t *from) {
  double at = (double)(n - 1) * p / 100;
  int64_t k = (int64_t)floor(at);
  double low = select_rank(x, *from < k ? *from : k, n - 1, k);
  *from = k;
  if (k + 1 >= n || at <= (double)k) return low;
  double high = x[k + 1];
  for (int64_t i = k + 2; i < n; i++)
    if (x[i] < high) high = x[i];
  return low + (at - (double)k) * (high - low);
}

struct moments {
  double mean, variance, skewness, kurtosis, energy, shifted;
};

static void central_moments(struct moments *m, const double *x, int64_t n, double shift) {
  double count = (double)n;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  m->mean = sum / count;
  double m2 = 0, m3 = 0, m4 = 0, energy = 0, shifted = 0;
  for (int64_t i = 0; i < n; i++) {
    double d = x[i] - m->mean;
    double d2 = d * d;
    m2 += d2;
    m3 += d2 * d;
    m4 += d2 * d2;
    energy += x[i] * x[i];
    shifted += (x[i] + shift) * (x[i] + shift);
  }
  m2 /= count;
  m->variance = m2;
  m->skewness = m2 > 0 ? m3 / count / (m2 * sqrt(m2)) : 0;
  m->kurtosis = m2 > 0 ? m4 / count / (m2 * m2) - 3 : 0;
  m->energy = energy;
  m->shifted = shifted;
}

static double mean_absolute(const double *x, int64_t n, double centre) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += fabs(x[i] - centre);
  return sum / (double)n;
}

/* About the mean of the values within [low, high]. */
static double robust_deviation(const double *x, int64_t n, double low, double high) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++)
    if (x[i] >= low && x[i] <= high) {
      sum += x[i];
      count++;
    }
  double mean = sum / (double)count;
  double deviation = 0;
  for (int64_t i = 0; i < n; i++)
    if (x[i] >= low && x[i] <= high) deviation += fabs(x[i] - mean);
  return deviation / (double)count;
}

status rad_statistics(struct rad_values *out, const struct rad_roi *roi,
                      const struct rad_settings *s) {
  status st = ST_OK;
  double *x = NULL;
  TRY(rad_roi_values(&x, roi));
  int64_t n = roi->voxels;
  bool py = s->convention == RAD_PYRADIOMICS;
  struct moments m;
  central_moments(&m, x, n, s->voxel_shift);
  int64_t from = 0;
  double p10 = percentile(x, n, 10, &from);
  double p25 = percentile(x, n, 25, &from);
  double p50 = percentile(x, n, 50, &from);
  double p75 = percentile(x, n, 75, &from);
  double p90 = percentile(x, n, 90, &from);
  double energy = py ? m.shifted : m.energy;
  const double values[] = {m.mean,
                           m.variance,
                           m.skewness,
                           py && m.variance > 0 ? m.kurtosis + 3 : m.kurtosis,
                           p50,
                           roi->low,
                           p10,
                           p90,
                           roi->high,
                           p75 - p25,
                           roi->high - roi->low,
                           mean_absolute(x, n, m.mean),
                           robust_deviation(x, n, p10, p90),
                           mean_absolute(x, n, p50),
                           sqrt(m.variance) / m.mean,
                           (p75 - p25) / (p75 + p25),
                           energy,
                           sqrt(energy / (double)n)};
  rad_values_add_block(out, RAD_stat_mean, 18, RAD_NOT_AGGREGATED, values,
                       "division by a mean or percentile sum of zero");
  if (py) {
    rad_values_add(out, RAD_stat_total_energy, RAD_NOT_AGGREGATED,
                   energy * roi->spacing[0] * roi->spacing[1] * roi->spacing[2], NULL);
    rad_values_add(out, RAD_stat_sd, RAD_NOT_AGGREGATED, sqrt(m.variance), NULL);
  }
done:
  free(x);
  return st;
}
