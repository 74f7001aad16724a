/* Cubic-voxel boxes cut out of a scan of any orientation, in LPS.
 *
 * A box is a struct volume with identity direction and one spacing. It is cut straight from the
 * scan's own grid (oblique or not) by a cubic B-spline, evaluated only where it is wanted.
 */
#ifndef QCT_ANATOMY_BOX_H
#define QCT_ANATOMY_BOX_H

#include "core/volume.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/** World box [LPS mm] of a grid: the outer faces of its voxels. */
void box_bounds(const struct geometry *g, struct vec3 *low, struct vec3 *high);

/**
 * Cut the box [low, high], clipped to the bounds of `from`, at `step` mm.
 *
 * @param[out] out      owned by the caller; voxel centres at low + step*(i + 1/2)
 * @param[in]  from     without no data; any direction
 * @param[in]  outside  value where the box leaves the grid of `from` (NaN allowed)
 * @return ST_DOMAIN when the box does not meet the grid; ST_MEMORY
 * Source: cubic B-spline interpolation with prefilter (unser1999)
 */
status box_cut(struct volume **out, const struct volume *from, struct vec3 low, struct vec3 high,
               double step, float outside);

/**
 * The whole of `from` at a coarse `step`: values clamped to [low, high], averaged over whole voxels
 * up to the step, then linear.
 */
status box_coarse(struct volume **out, const struct volume *from, double step, float low,
                  float high);

/** Gaussian smoothing of a box in place; edge values repeat. sigma in mm. */
status box_gaussian(struct volume *v, double sigma_mm);

/** Trilinear value at a world position; NaN outside the voxel centres. Identity direction only. */
static inline double box_sample(const struct volume *v, double x, double y, double z) {
  const struct geometry *g = &v->grid;
  double s = 1 / g->spacing[0];
  double fi = (x - g->origin[0]) * s, fj = (y - g->origin[1]) * s, fk = (z - g->origin[2]) * s;
  if (!(fi >= 0 && fj >= 0 && fk >= 0)) return NAN;
  int64_t i = (int64_t)fi, j = (int64_t)fj, k = (int64_t)fk;
  if (i + 1 >= g->nx || j + 1 >= g->ny || k + 1 >= g->nz) return NAN;
  fi -= (double)i;
  fj -= (double)j;
  fk -= (double)k;
  const float *p = v->voxels + (k * g->ny + j) * g->nx + i, *q = p + g->nx;
  const float *r = p + g->nx * g->ny, *t = r + g->nx;
  double a = p[0] + fi * (p[1] - p[0]), b = q[0] + fi * (q[1] - q[0]);
  double c = r[0] + fi * (r[1] - r[0]), d = t[0] + fi * (t[1] - t[0]);
  double e = a + fj * (b - a), f = c + fj * (d - c);
  return e + fk * (f - e);
}

static inline struct vec3 box_centre_of(const struct geometry *g, int64_t i, int64_t j, int64_t k) {
  return vec3_make(g->origin[0] + (double)i * g->spacing[0],
                   g->origin[1] + (double)j * g->spacing[1],
                   g->origin[2] + (double)k * g->spacing[2]);
}

#ifdef __cplusplus
}
#endif
#endif
