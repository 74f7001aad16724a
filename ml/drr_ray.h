/* One ray through a grid of voxels. Private to ml/drr.c. */
#ifndef QCT_ML_DRR_RAY_H
#define QCT_ML_DRR_RAY_H

#include "core/geometry.h"

struct drr_field {
  const float *voxels; /* what is summed; NaN: left out */
  int64_t n[3];
  double spacing[3];
};

struct drr_sum {
  double integral; /* sum of value x length [mm] */
  double length;   /* of the path in voxels that count [mm] */
  double largest;  /* -infinity when there was none */
};

/**
 * Sum along start + t u, t in [t0, t1] mm, by exact lengths in each voxel.
 * @param start  in index units times spacing, i.e. mm along the grid's axes from the outer corner
 * of voxel (0,0,0)
 * @param u      unit direction in the same frame
 * Source: siddon1985 (by incremental parameters, one step a crossed face)
 */
struct drr_sum drr_ray_exact(const struct drr_field *f, const double start[3], const double u[3],
                             double t0, double t1);
/** The same with trilinear values in the middle of equal steps of at most `step_mm`. */
struct drr_sum drr_ray_trilinear(const struct drr_field *f, const double start[3],
                                 const double u[3], double t0, double t1, double step_mm);

#endif
