/* Steps shared by the two ways to a femur (found in the image, taken from labels). */
#ifndef QCT_ANATOMY_FEMUR_PARTS_H
#define QCT_ANATOMY_FEMUR_PARTS_H

#include "anatomy/femur.h"
#include "anatomy/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Nothing known yet: state absent, numbers NaN. */
void femur_init(struct femur *f, enum side side);

/** Volume [mm3] of metal near a head: 6-connected pieces above opt->metal_hu of more than 100 mm3
 * with a voxel within opt->metal_mm. On the scan's own grid, since interpolation overshoots. */
status femur_metal(double *mm3, const struct volume *image, struct vec3 head,
                   const struct femur_options *opt);

/** Give `label` to the voxels that are at least half inside the field's 0.5 surface (sub-sampled at
 * 0.5 mm or finer). `field`: cubic voxels, LPS. */
void femur_paint(struct labels *labels, int label, const struct volume *field);

/** Volume, faces touched, truncation flags and the frame of a painted femur. `image` (or NULL)
 * tells what was scanned. `head` NaN: found from the field. */
status femur_finish(struct femur *f, const struct labels *labels, const struct volume *field,
                    const struct volume *image, struct vec3 head, double radius_mm,
                    const struct labels *pelvis, int pelvis_value);

/** Smooth 0..1 field at about 1 mm from a label: cubic voxels, LPS, padded by 3 mm except where the
 * label meets the edge of its image. */
status femur_field(struct volume **field, const struct labels *labels, int value);

/** The three planes of femur_picture: frontal (neck and shaft), along the neck, across it; 130 mm
 * at 0.4 mm. Without axes: about the head. */
void femur_planes(struct picture_plane planes[3], const struct hip_frame *f);

/** A flag when the header names one side and this femur is of the other. */
void femur_check_laterality(struct femur *f, const struct volume *image);

/** Append to frame->flags. */
void frame_flag(struct hip_frame *frame, const char *text);

/** Shaft axis, offset and lesser trochanter of a frame whose head and side are known; a vertical
 * axis stands in, with a flag, where there is too little shaft. Needs `least_mm` of shaft or flags
 * it. */
status frame_find_shaft(struct hip_frame *f, const struct volume *field, double least_mm);

/** The frame from a field; see anatomy/frame.h. */
status frame_from_field(struct hip_frame *out, const struct volume *field, enum side side,
                        const struct frame_options *opt);

#ifdef __cplusplus
}
#endif
#endif
