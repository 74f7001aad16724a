#include "calibration/slabs.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>

static const double least_pixel_mm = 0.7;
static const double most_pixel_mm = 1;

void cal_slabs_free(struct cal_slabs *s) {
  for (int i = 0; i < s->count; i++) free(s->slab[i].hu);
  s->count = 0;
}

/* Linear sample in plane of one slice; no data and outside as -1000. */
static double sample(const struct volume *v, double x, double y, int64_t k) {
  const struct geometry *g = &v->grid;
  int64_t i = (int64_t)floor(x);
  int64_t j = (int64_t)floor(y);
  double fx = x - (double)i;
  double fy = y - (double)j;
  double sum = 0;
  for (int64_t dj = 0; dj <= 1; dj++)
    for (int64_t di = 0; di <= 1; di++) {
      double w = (di ? fx : 1 - fx) * (dj ? fy : 1 - fy);
      if (w == 0) continue;
      bool inside = geometry_inside(g, i + di, j + dj, k);
      double value = inside ? (double)v->voxels[geometry_index(g, i + di, j + dj, k)] : -1000;
      sum += w * (isnan(value) ? -1000 : value);
    }
  return sum;
}

static void fill(struct cal_slab *s, const struct volume *v, int64_t k0, int64_t k1) {
  const struct geometry *g = &v->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++) {
      double sum = 0;
      for (int64_t k = k0; k < k1; k++)
        sum += sample(v, x * s->pixel_mm / g->spacing[0], y * s->pixel_mm / g->spacing[1], k);
      s->hu[(size_t)y * (size_t)s->width + (size_t)x] = (float)(sum / (double)(k1 - k0));
    }
}

status cal_slabs_make(struct cal_slabs *out, const struct volume *v, double slab_mm) {
  status st = ST_OK;
  const struct geometry *g = &v->grid;
  double pixel = fmin(fmax(fmin(g->spacing[0], g->spacing[1]), least_pixel_mm), most_pixel_mm);
  int64_t thick = (int64_t)fmax(1, floor(slab_mm / g->spacing[2] + 0.5));
  if (thick > g->nz) thick = g->nz;
  int64_t possible = g->nz / thick;
  int count = (int)(possible < CAL_SLABS ? possible : CAL_SLABS);
  for (int i = 0; i < count; i++) {
    /* evenly spread, the first and the last slab at the ends of the scan */
    int64_t k0 = count == 1 ? 0 : (g->nz - thick) * i / (count - 1);
    struct cal_slab *s = &out->slab[i];
    s->pixel_mm = pixel;
    s->width = (int)floor((double)(g->nx - 1) * g->spacing[0] / pixel) + 1;
    s->height = (int)floor((double)(g->ny - 1) * g->spacing[1] / pixel) + 1;
    s->hu = malloc((size_t)s->width * (size_t)s->height * sizeof *s->hu);
    CHECK(s->hu, ST_MEMORY, "averaging slabs of %d x %d pixels", s->width, s->height);
    out->count = i + 1;
    out->z_mm[i] = ((double)k0 + (double)(thick - 1) / 2) * g->spacing[2];
    fill(s, v, k0, k0 + thick);
    s->noise_hu = cal_slab_noise(s);
  }
done:
  if (st != ST_OK) cal_slabs_free(out);
  return st;
}
