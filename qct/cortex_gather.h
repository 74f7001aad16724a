/* The voxels near a normal, as samples of the cortex there. Private to this folder. */
#ifndef QCT_QCT_CORTEX_GATHER_H
#define QCT_QCT_CORTEX_GATHER_H

#include "core/volume.h"

enum { GATHER_MOST = 4096 };
#define GATHER_OUTSIDE_MM 6.0 /* depths -6..12 mm */
#define GATHER_INSIDE_MM 12.0

struct gather {                 /* how a density is sampled */
  const struct volume *density; /* borrowed */
  int slice;                    /* index axis across the slices: geometry_slice_axis */
  double reach[3];              /* half-axes of the tube along the index axes [mm] */
};

/** Tube of 1 mm about the normal, less where voxels are so small that 300 fill it, never below 0.8
 * of an in-plane voxel; along the slice axis at least 0.6 slice distances. */
void gather_init(struct gather *g, const struct volume *density);

/** Voxels with data whose centre lies in the tube of the line through `at` along unit `outward`;
 * x is the depth inward of `at` [mm]. Fills x and y of at least GATHER_MOST; returns how many. */
int gather_samples(double *x, double *y, const struct gather *g, struct vec3 at,
                   struct vec3 outward);

#endif
