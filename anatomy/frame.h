/* The hip frame from a periosteal femur label: head sphere, shaft axis, trochanters, neck axis.
 *
 *   1. head sphere: least squares through surface points, those within 3 SD (by their median) kept,
 *      repeated; radius and place along the neck from the medial cap, place across it from all but
 *      the neck's side; radius 15..32 mm
 *   2. shaft axis: centroids of sections perpendicular to the axis (never axial slices: hips lie
 *      flexed by up to 38 degrees), below the lesser trochanter, line fitted robustly
 *   3. lesser trochanter: a ridge about the shaft axis; tip and distal end as defined in
 *      core/frame.h
 *   4. neck: the smallest section over tilted planes, by perimeter ("minperim") or area ("area"),
 *      is the start; then the middle of the narrow stretch of the sections across the axis from it
 *      to the head centre (core/frame.h), until that axis rests. neck_axis_miss_mm is how far the
 *      normal of the tilted plane, drawn from the neck point, passes the head centre
 *   5. angles and lengths; definitions stand in core/frame.h
 *
 * What cannot be had is NaN, and `flags` says why. Positions and directions are LPS.
 * Source: fischer2020 (minimum-perimeter neck axis); bonej_nsa (projected neck-shaft angle).
 */
#ifndef QCT_ANATOMY_FRAME_H
#define QCT_ANATOMY_FRAME_H

#include "core/frame.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum neck_method { NECK_MINPERIM, NECK_AREA };
extern const char *const neck_method_names[]; /* "minperim", "area", NULL */

struct frame_options {
  int neck;                    /* enum neck_method */
  struct vec3 head;            /* where the head is [LPS mm]; NaN: found from the label */
  double head_radius_mm;       /* its radius; NaN: found */
  double shaft_min_mm;         /* shaft below the lesser trochanter needed for shaft outputs [mm] */
  const struct labels *pelvis; /* for the hip axis length; NULL: hal_mm stays NaN. Borrowed */
  int pelvis_value;            /* value of the hip bone of this side in `pelvis` */
};
#define FRAME_OPTIONS_DEFAULTS                                                                     \
  {                                                                                                \
    .neck = NECK_MINPERIM, .head = {NAN, NAN, NAN}, .head_radius_mm = NAN, .shaft_min_mm = 20,     \
    .pelvis = NULL, .pelvis_value = 0                                                              \
  }

/**
 * Establish the frame of one femur.
 *
 * @param[out] out     untouched on failure
 * @param[in]  labels  periosteal mask of one femur, any orientation and spacing; holes are filled
 * @param[in]  value   its label
 * @param[in]  side    SIDE_UNKNOWN: taken from the head, which lies medial of the shaft; an upright
 *                     patient (z superior) is assumed
 * @return ST_DOMAIN when the label is empty, no head sphere fits (radius, residual in the message)
 * or the head lies where one of the other side has it; ST_NUMERIC when the neck-shaft angle falls
 * outside 100..160 degrees
 */
status femur_frame(struct hip_frame *out, const struct labels *labels, int value, enum side side,
                   const struct frame_options *opt);

#ifdef __cplusplus
}
#endif
#endif
