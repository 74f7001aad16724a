/* Byte masks on a small box of cubic voxels: growing by a ball, holes, components.
 *
 * For the inner loops of the femur search, where the same few operations run on one box many times;
 * whole images go through core/filter.h. Order as in core/geometry.h. A voxel is set when it is
 * not 0. Distances are between voxel centres, in voxels.
 */
#ifndef QCT_ANATOMY_MASK_H
#define QCT_ANATOMY_MASK_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mask {
  int64_t n[3]; /* voxels along x, y, z */
  uint8_t *v;   /* owned, [nz][ny][nx], 0 or 1 */
};

/** All voxels 0. @return ST_MEMORY */
status mask_create(struct mask *m, const int64_t n[3]);
status mask_copy(struct mask *out, const struct mask *from);
void mask_free(struct mask *m);

static inline int64_t mask_size(const struct mask *m) {
  return m->n[0] * m->n[1] * m->n[2];
}
int64_t mask_count(const struct mask *m);

/**
 * Set every voxel within `radius` of a set one (radius > 0), or clear every voxel within -radius of
 * a clear one (radius < 0; what lies outside the box does not count as clear).
 * @param radius  voxels, |radius| < 15.9
 */
status mask_grow(struct mask *m, double radius);

/** Squared distance [voxels^2] of each voxel to the nearest clear one inside the box, cut off at
 * 255. `depth` has mask_size values. */
status mask_depth(uint8_t *depth, const struct mask *m);

/** Fill holes in each slice across `axis` (4-connected background that does not reach the slice's
 * edge), or in 3-D with axis -1 (6-connected). */
status mask_fill(struct mask *m, int axis);
/** Fill holes of the one slice at `at` across `axis`. */
status mask_fill_slice(struct mask *m, int axis, int64_t at);

/** Clear 6-connected components with fewer than `least` voxels. */
status mask_drop_small(struct mask *m, int64_t least);
/** Keep the largest 6-connected component; *dropped (may be NULL) voxels were cleared. */
status mask_keep_largest(struct mask *m, int64_t *dropped);

#ifdef __cplusplus
}
#endif
#endif
