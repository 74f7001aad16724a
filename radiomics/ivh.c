/* Intensity-volume histogram (P88C). */
#include "radiomics/families.h"

#include <math.h>
#include <stdlib.h>

/* The grid of intensities i = low + k*step, k = 0..points-1, and voxels at each. */
struct grid {
  double low, step;
  int64_t points;
  double *count; /* owned */
};

enum { POINT_LIMIT = 10000000 };

/* Re-segmentation range where set, else the range of the region. */
static void grid_whole(struct grid *g, double low, double high) {
  g->low = floor(low);
  g->step = 1;
  g->points = (int64_t)(floor(high) - g->low) + 1;
}

static int64_t point_of(double x, const struct grid *g, const struct rad_roi *roi,
                        const struct rad_settings *s) {
  double k;
  switch (s->ivh) {
  case RAD_FBN:
    k = roi->high > roi->low ? floor((double)g->points * (x - roi->low) / (roi->high - roi->low))
                             : 0;
    break;
  case RAD_FBS:
    k = floor((x - (g->low - 0.5 * g->step)) / g->step);
    break;
  default:
    k = x - g->low;
    break;
  }
  if (k < 0) k = 0;
  if (k > (double)(g->points - 1)) k = (double)(g->points - 1);
  return (int64_t)k;
}

static status build(struct grid *g, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  double low = isnan(roi->range[0]) ? roi->low : roi->range[0];
  double high = isnan(roi->range[1]) ? roi->high : roi->range[1];
  if (s->ivh == RAD_FBN) {
    *g = (struct grid){1, 1, s->ivh_bin_count, NULL};
  } else if (s->ivh == RAD_FBS) {
    double w = s->ivh_bin_width;
    *g = (struct grid){low + 0.5 * w, w, (int64_t)fmax(1, ceil((high - low) / w - 1e-9)), NULL};
  } else {
    grid_whole(g, low, high);
  }
  CHECK(g->points <= POINT_LIMIT, ST_DOMAIN,
        "radiomics: the intensity-volume histogram of %g..%g has %lld points; use wider bins", low,
        high, (long long)g->points);
  g->count = calloc((size_t)g->points, sizeof *g->count);
  CHECK(g->count, ST_MEMORY, "radiomics: no memory for the intensity-volume histogram");
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  for (int64_t i = 0; i < n; i++)
    if (roi->mask[i]) g->count[point_of(roi->x[i], g, roi, s)] += 1;
done:
  return st;
}

/* Largest volume fraction at or above the intensity fraction gamma. */
static double volume_at(const double *nu, const struct grid *g, double gamma) {
  for (int64_t k = 0; k < g->points; k++) {
    double at = g->points > 1 ? (double)k / (double)(g->points - 1) : 1;
    if (at >= gamma - 1e-12) return nu[k];
  }
  return NAN;
}

/* Least intensity whose volume fraction is at most x. */
static double intensity_at(const double *nu, const struct grid *g, double x) {
  for (int64_t k = 0; k < g->points; k++)
    if (nu[k] <= x) return g->low + (double)k * g->step;
  return NAN;
}

status rad_ivh(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct grid g = {0};
  TRY(build(&g, roi, s));
  double above = 0;
  double *nu = g.count; /* from counts to fractions in place */
  for (int64_t k = g.points - 1; k >= 0; k--) {
    above += g.count[k];
    nu[k] = above / (double)roi->voxels;
  }
  double v10 = volume_at(nu, &g, 0.1);
  double v90 = volume_at(nu, &g, 0.9);
  double i10 = intensity_at(nu, &g, 0.1);
  double i90 = intensity_at(nu, &g, 0.9);
  const double values[] = {v10, v90, i10, i90, v10 - v90, i10 - i90};
  rad_values_add_block(out, RAD_ivh_v10, 6, RAD_NOT_AGGREGATED, values,
                       "no intensity has so small a volume fraction at or above it");
done:
  free(g.count);
  return st;
}
