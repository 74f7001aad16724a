/* Intensity histogram (ZVCW): statistics of grey levels from their counts. */
#include "radiomics/families.h"

#include <math.h>
#include <stdlib.h>

static double percentile(const int64_t *count, int top, int64_t n, double p) {
  double at = (double)(n - 1) * p / 100;
  int64_t k = (int64_t)floor(at);
  int64_t seen = 0;
  int low = 0;
  for (int l = 1; l <= top; l++) {
    if (!count[l]) continue;
    if (!low && seen + count[l] > k) low = l;
    if (low && seen + count[l] > k + 1) return low + (at - (double)k) * (l - low);
    seen += count[l];
  }
  return low;
}

/* Mean |level - centre| over levels within [low, high]. */
static double deviation(const int64_t *count, int top, double centre, double low, double high) {
  double sum = 0;
  double n = 0;
  for (int l = 1; l <= top; l++)
    if (l >= low && l <= high) {
      sum += (double)count[l] * fabs(l - centre);
      n += (double)count[l];
    }
  return sum / n;
}

static double mean_within(const int64_t *count, int top, double low, double high) {
  double sum = 0;
  double n = 0;
  for (int l = 1; l <= top; l++)
    if (l >= low && l <= high) {
      sum += (double)count[l] * l;
      n += (double)count[l];
    }
  return sum / n;
}

/* The fullest level; among equals the nearest to the mean, then the lower. */
static int mode(const int64_t *count, int top, double mean) {
  int best = 1;
  for (int l = 1; l <= top; l++)
    if (count[l] > count[best] || (count[l] == count[best] && fabs(l - mean) < fabs(best - mean)))
      best = l;
  return best;
}

static void gradients(double out[4], const int64_t *count, int levels) {
  out[0] = out[1] = out[2] = out[3] = NAN;
  for (int l = 1; l <= levels && levels > 1; l++) {
    double below = (double)count[l > 1 ? l - 1 : 1];
    double above = (double)count[l < levels ? l + 1 : levels];
    double g = l > 1 && l < levels ? 0.5 * (above - below) : above - below;
    if (!(g <= out[0])) {
      out[0] = g;
      out[1] = l;
    }
    if (!(g >= out[2])) {
      out[2] = g;
      out[3] = l;
    }
  }
}

struct shape {
  double mean, variance, skewness, kurtosis, entropy, uniformity;
};

static void moments(struct shape *h, const int64_t *count, int top, int64_t n, double epsilon) {
  double m2 = 0, m3 = 0, m4 = 0;
  h->mean = mean_within(count, top, 1, top);
  h->entropy = h->uniformity = 0;
  for (int l = 1; l <= top; l++) {
    double p = (double)count[l] / (double)n;
    double d = l - h->mean;
    m2 += p * d * d;
    m3 += p * d * d * d;
    m4 += p * d * d * d * d;
    if (count[l]) h->entropy -= p * log2(p + epsilon);
    h->uniformity += p * p;
  }
  h->variance = m2;
  h->skewness = m2 > 0 ? m3 / (m2 * sqrt(m2)) : 0;
  h->kurtosis = m2 > 0 ? m4 / (m2 * m2) - 3 : 0;
}

static int lowest(const int64_t *count, int top) {
  int l = 1;
  while (l < top && !count[l]) l++;
  return l;
}

status rad_histogram(struct rad_values *out, const struct rad_roi *roi,
                     const struct rad_settings *s) {
  status st = ST_OK;
  int64_t *count = calloc((size_t)roi->levels + (size_t)roi->top_level + 2, sizeof *count);
  CHECK(count, ST_MEMORY, "radiomics: no memory for a histogram");
  int64_t voxels = roi->n[0] * roi->n[1] * roi->n[2];
  int top = roi->top_level;
  for (int64_t i = 0; i < voxels; i++)
    if (roi->mask[i]) count[roi->level[i]]++;
  int64_t n = roi->voxels;
  struct shape h;
  moments(&h, count, top, n, s->convention == RAD_PYRADIOMICS ? 0x1p-52 : 0);
  int low = lowest(count, top);
  double p10 = percentile(count, top, n, 10);
  double p25 = percentile(count, top, n, 25);
  double p50 = percentile(count, top, n, 50);
  double p75 = percentile(count, top, n, 75);
  double p90 = percentile(count, top, n, 90);
  double g[4];
  gradients(g, count, roi->levels);
  const double values[] = {h.mean,
                           h.variance,
                           h.skewness,
                           h.kurtosis,
                           p50,
                           low,
                           p10,
                           p90,
                           top,
                           mode(count, top, h.mean),
                           p75 - p25,
                           top - low,
                           deviation(count, top, h.mean, 1, top),
                           deviation(count, top, mean_within(count, top, p10, p90), p10, p90),
                           deviation(count, top, p50, 1, top),
                           sqrt(h.variance) / h.mean,
                           (p75 - p25) / (p75 + p25),
                           h.entropy,
                           h.uniformity,
                           g[0],
                           g[1],
                           g[2],
                           g[3]};
  rad_values_add_block(out, RAD_ih_mean, 23, RAD_NOT_AGGREGATED, values,
                       "a histogram of one level has no gradient");
done:
  free(count);
  return st;
}
