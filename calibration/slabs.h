/* A scan as a few averaged slabs: what the search for inserts looks at. */
#ifndef QCT_CALIBRATION_SLABS_H
#define QCT_CALIBRATION_SLABS_H

#include "calibration/circles.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAL_SLABS = 16 };

struct cal_slabs {
  struct cal_slab slab[CAL_SLABS]; /* owned voxels */
  double z_mm[CAL_SLABS];          /* middle of each, from the first slice */
  int count;
};

/**
 * At most CAL_SLABS slabs of about `slab_mm`, spread evenly along z of a volume whose direction is
 * nearest to identity. Pixels are square: the finer in-plane spacing, sampled at 0.7 to 1 mm;
 * position (x, y) in pixels times pixel_mm is the distance from the first voxel. No data counts as
 * -1000 HU.
 * @return ST_MEMORY
 */
status cal_slabs_make(struct cal_slabs *out, const struct volume *v, double slab_mm);
void cal_slabs_free(struct cal_slabs *s);

#ifdef __cplusplus
}
#endif
#endif
