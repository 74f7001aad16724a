/* The axes of a femur from a reference femur: the surface is laid on the reference's by closest
 * points (core/align.h), starting from the landmarks, and the reference's axes come back with it.
 * So all femora of a study lie alike as whole shapes, where landmarks of each would follow its own
 * neck. Ogo and parosol-py align so, with a reference scaled along each axis; here one scale, or
 * none. A reference of the other side is mirrored. Source: ogo (the idea, 8000 points), besl1992
 */
#ifndef QCT_ANATOMY_REFERENCE_H
#define QCT_ANATOMY_REFERENCE_H

#include "core/align.h"
#include "core/frame.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct reference_options {
  bool rigid;     /* the reference is not scaled */
  double most_mm; /* refused when the surfaces stay farther apart (RMS) */
};
/* 3 mm: choice of this toolkit; femora of three digital people lie 1.3 to 2.2 mm apart (2 mm
 * voxels), their axes then 2 to 8 degrees from their landmarks'. */
#define REFERENCE_DEFAULTS                                                                         \
  { .rigid = false, .most_mm = 3 }

/* A femur label and its frame. */
struct reference_femur {
  const struct labels *labels;
  int value;
  const struct hip_frame *frame;
};

/**
 * @param[out] out  frame of `femur`: head, axes, points and lengths are the reference's, moved and
 *                  scaled; side, quality, truncation, metal and the bone's end are its own; method
 *                  "reference", distance and scale in the flags
 * @param[out] fit  may be NULL; motion from femur to reference (mirrored when the sides differ)
 * @return ST_DOMAIN when they stay farther apart than most_mm, the scale is outside 0.75 .. 1.3, a
 *         side is unknown, or a label is absent; from align_points
 */
status femur_frame_by_reference(struct hip_frame *out, struct align_result *fit,
                                const struct reference_femur *femur,
                                const struct reference_femur *reference,
                                const struct reference_options *options);

#ifdef __cplusplus
}
#endif
#endif
