/* Move the surface of a femur mask to the edge of the bone, below the size of a voxel.
 *
 *   surface of the mask, smoothed -> per vertex a profile along the normal (core/profile.h) ->
 * where the cortex is thick its plateau and outer edge give the HU of this bone's cortex and the
 * blur of the scan -> outer edge of the model fitted with both -> shifts smoothed over the surface
 * -> share of each voxel inside the moved surface
 *
 * A minimum cut is indifferent within a steep edge and lies 0.4 to 0.7 mm too far out; that is 8 %
 * of a femur's volume. Half-maximum alone lies outside a cortex thinner than the blur, by up to 0.8
 * mm on slices of 3 mm; it is what remains where no cortex of 3 mm is in the scan (cortex_hu is NaN
 * then). Source: treece2010 (profile model with given cortical density)
 */
#ifndef QCT_ANATOMY_REFINE_H
#define QCT_ANATOMY_REFINE_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct refine_info {
  double moved_mm;  /* mean shift, outward positive */
  double rms_mm;    /* RMS shift */
  double held;      /* share of vertices without a clear edge: they follow their neighbours */
  double cortex_hu; /* of thick cortex; NaN: none in the scan, so edges are half-maxima */
  double blur_mm;   /* in the plane of the slices, SD */
  double soft_hu;   /* soft tissue beside the bone; NaN as above */
};

/**
 * @param[in,out] field  0..1, cubic voxels, LPS; the surface is at 0.5
 * @param[in]     image  HU on the same grid
 * @param[in]     slice_axis  unit, across the slices of the scan; slice_mm their distance
 */
status refine_surface(struct volume *field, const struct volume *image, struct vec3 slice_axis,
                      double slice_mm, struct refine_info *info);

#ifdef __cplusplus
}
#endif
#endif
