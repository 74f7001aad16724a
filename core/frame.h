/* Anatomical frames of the hip: landmarks, axes and planes that later steps measure in; those of
 * vertebrae are in core/vertebra_frame.h. Made by anatomy/, stored as frame.json. Positions in LPS
 * mm, directions are LPS unit vectors. Unknown values are NaN.
 */
#ifndef QCT_CORE_FRAME_H
#define QCT_CORE_FRAME_H

#include "core/geometry.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

enum side { SIDE_UNKNOWN = 0, SIDE_RIGHT = 1, SIDE_LEFT = -1 };
/** "right", "left", "unknown". */
const char *side_name(enum side s);

/* Distal end of the lesser trochanter. About the shaft axis the trochanter is a ridge behind medial
 * (towards the head). On a section across the axis its height is the distance of the bone's edge
 * from the axis over the straight line (in the angle) between the edge on its two flanks; from the
 * highest place distally, the end is where the height has fallen to HIP_LESSER_END_SHARE of its
 * largest. Neither the flare of the shaft nor the calcar moves it. Source: proposed for this
 * toolkit */
#define HIP_LESSER_BEHIND_DEG 52.0 /* middle of the ridge, behind medial */
#define HIP_LESSER_HALF_DEG 30.0   /* to each side: where it is looked for */
#define HIP_LESSER_FLANK_DEG 52.0  /* to each side: its flanks */
#define HIP_LESSER_END_SHARE 0.25

/* Narrow stretch of the neck: where sections across the neck axis, from the narrowest in either
 * direction, are at most this share larger than it. The neck point is the centroid of the section
 * in the middle of that stretch. The narrowest section itself has no place that can be measured:
 * areas 0.5 mm from it are 0.05 % larger, so the errors of a label move it by 0.2 to 0.7 mm on
 * slices of 3 mm, the middle of the stretch by less than 0.1 mm. Source: proposed for this toolkit
 */
#define HIP_NARROW_RISE 0.05

/* Proximal femur. The right-handed measuring frame (hip_frame_axes) has x = neck axis made
 * perpendicular to the shaft (towards the head), z = shaft (proximal), y = z cross x; origin =
 * point of the neck axis nearest to the shaft axis. For a left femur the same definition gives a
 * mirrored anatomy; use hip_frame_to_local with mirror to compare sides. Source: fischer2020 (neck
 * axis), hip-structure conventions. */
struct hip_frame {
  enum side side;
  struct vec3 head;               /* centre of the head sphere */
  double head_radius_mm;          /* 15..32 */
  double head_rms_mm;             /* RMS distance of surface points to the sphere */
  struct vec3 neck_axis;          /* unit, from neck_point to head */
  struct vec3 neck_point;         /* middle of the narrow stretch, HIP_NARROW_RISE */
  double neck_area_mm2;           /* area of the narrowest section */
  struct vec3 shaft_axis;         /* unit, pointing proximally */
  struct vec3 shaft_point;        /* a point of the shaft axis: nearest to the head centre */
  double shaft_length_mm;         /* length of shaft below the lesser trochanter */
  struct vec3 origin;             /* point of the neck axis nearest to the shaft axis */
  struct vec3 lesser_trochanter;  /* tip; NaN when not in the scan */
  struct vec3 greater_trochanter; /* tip */
  double lesser_trochanter_mm; /* distal end of the lesser trochanter below head along shaft axis */
  double distal_mm;            /* end of the bone below the head along the shaft axis */
  double neck_shaft_deg;       /* 3D angle of neck_axis and -shaft_axis */
  double neck_shaft_projected_deg;
  double offset_mm;         /* head centre to shaft axis */
  double neck_axis_miss_mm; /* distance of the neck axis from the head centre */
  double fal_mm; /* femoral axis length: lateral cortex to head surface along the neck axis */
  double hal_mm; /* hip axis length; NaN without a pelvis */
  /* quality */
  double head_score; /* 0..1, head search; NaN when the frame came from a label alone */
  double head_cut;   /* share of the head outside the image, 0..1 */
  int truncated;     /* the label touches an image face other than the distal one */
  int metal;         /* metal within 80 mm of the head */
  char method[32];   /* neck axis method: "minperim", "area" */
  char flags[256];   /* "; "-separated */
};

/** Columns x, y, z of the measuring frame (LPS unit vectors). */
void hip_frame_axes(const struct hip_frame *f, struct vec3 axes[3]);
/** World -> frame coordinates [mm]; with `mirror`, y is negated for left femora so sides compare.
 */
struct vec3 hip_frame_to_local(const struct hip_frame *f, struct vec3 world, int mirror);
struct vec3 hip_frame_to_world(const struct hip_frame *f, struct vec3 local, int mirror);

/* Regions of the proximal femur by planes on the frame; the same planes serve truth and
 * measurement. The rules are in docs of qct/hip_density.h; kept here because phantom, qct, fea and
 * report name them. */
enum hip_region { HIP_OUTSIDE, HIP_HEAD, HIP_NECK, HIP_TROCHANTER, HIP_INTERTROCHANTER, HIP_SHAFT };
/** "head", "neck", "trochanter", "intertrochanter", "shaft". */
const char *hip_region_name(enum hip_region r);
/**
 * Region of a world point of the femur, by planes only. With w the distance from the head centre to
 * the neck point along the neck axis, a the distance of the point from the head centre along that
 * axis (positive towards the shaft) and d its distance below the head centre along the shaft axis,
 * in order: shaft            d > lesser_trochanter_mm + 10 mm; when the lesser trochanter is
 * unknown (NaN), more than two head radii below the frame's origin head             a < 0.65 w neck
 * a < 1.35 w trochanter       proximal of the plane through the origin perpendicular to the shaft
 *   intertrochanter  the rest
 * The total hip is all but the shaft; both "total" (with head) and "total_no_head" are reported.
 * Source: proposed for this toolkit (published systems differ and do not print their planes).
 */
enum hip_region hip_frame_region(const struct hip_frame *f, struct vec3 world);

/**
 * Region of a world point in the projection along the frame's y axis; depends on x and z only. With
 * w and a as above and q the distance from the neck axis seen from the front, in order:
 *   shaft            as above: the inferior limit is 10 mm below the lesser trochanter
 *   neck             w - 7.5 mm <= a <= w + 7.5 mm and q at most the head's radius
 *   head             a < w - 7.5 mm
 *   trochanter, intertrochanter  parted as above
 * The projected total hip is neck, trochanter and intertrochanter. Source: boxes and limits of this
 * toolkit; those of DXA vendors differ.
 */
enum hip_region hip_frame_projected_region(const struct hip_frame *f, struct vec3 world);

cJSON *hip_frame_to_json(const struct hip_frame *f);
status hip_frame_from_json(struct hip_frame *out, const cJSON *json, const char *what);
status hip_frame_read(struct hip_frame *out, const char *path);
status hip_frame_write(const struct hip_frame *f, const char *path, const cJSON *provenance,
                       bool force);

#ifdef __cplusplus
}
#endif
#endif
