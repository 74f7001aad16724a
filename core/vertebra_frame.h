/* Frames of vertebral bodies: where a body lies, its axes, end plates and heights. Made by
 * anatomy/, measured in by qct/, stored together as frames.json. Positions in LPS mm, directions
 * are LPS unit vectors. Unknown values are NaN.
 *
 * Body frame: origin at the centroid, x = left (vertebra_left), y = -anterior, z = axis.
 */
#ifndef QCT_CORE_VERTEBRA_FRAME_H
#define QCT_CORE_VERTEBRA_FRAME_H

#include "core/geometry.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Levels from C1 (0) to L5 (23), S1 (24): counted downwards. */
enum { VERTEBRA_LEVELS = 25 };
/** "C1" ... "S1". */
const char *vertebra_level_name(int level);
/** Level of a name such as "L1", "vertebrae_L1", "L1 body", "body_T12"; -1 when it names none.
 * Case does not matter; the level must stand alone between characters that are no letter or
 * digit. */
int vertebra_level_of(const char *name);
/** TotalSegmentator's number of a level, and back (-1). Source: totalseg2023 */
int vertebra_level_label(int level);
int vertebra_label_level(int label);

struct vertebra_frame {
  char level[8];             /* "L1" */
  int label;                 /* its value in the label map of bodies */
  struct vec3 centre;        /* centroid of the body */
  struct vec3 axis;          /* unit, caudal to cranial */
  struct vec3 anterior;      /* unit, perpendicular to axis */
  double width_mm, depth_mm; /* extent left-right and front-back, seen along the axis */
  double back_mm;            /* of the posterior wall behind the centre, middle of the width */
  /* at 15, 50 and 85 % of the depth from the front, mean over the middle half of the width */
  double height_anterior_mm, height_middle_mm, height_posterior_mm;
  double height_step_mm; /* step of the voxels along the axis: a height from labels is off by at
                            most this */
  struct vec3 superior_point, superior_normal; /* end-plate planes; normals unit, cranial */
  struct vec3 inferior_point, inferior_normal;
  double plate_rms_mm; /* of the end plates about their fitted surfaces */
  double body_mm3;
  int truncated;   /* the body touches a face of the image */
  char method[32]; /* "body label", "cut at the canal", "anchor" */
  char flags[192]; /* "; "-separated */
};

/** Unit vector to the patient's left. */
static inline struct vec3 vertebra_left(const struct vertebra_frame *f) {
  return vec3_cross(f->axis, f->anterior);
}
/** World to body frame [mm]. */
struct vec3 vertebra_to_local(const struct vertebra_frame *f, struct vec3 world);
struct vec3 vertebra_to_world(const struct vertebra_frame *f, struct vec3 local);
/** Append to flags ("; " between); what does not fit is dropped. */
void vertebra_flag(struct vertebra_frame *f, const char *fmt, ...) QCT_PRINTF(2, 3);

struct vertebra_frames {
  struct vertebra_frame items[VERTEBRA_LEVELS]; /* cranial to caudal */
  int count;
  char flags[256]; /* of the set: "level_order: ..." */
};
/** Frame of a level by name, NULL when absent. Borrowed. */
const struct vertebra_frame *vertebra_frames_find(const struct vertebra_frames *f,
                                                  const char *level);

cJSON *vertebra_frame_to_json(const struct vertebra_frame *f);
status vertebra_frame_from_json(struct vertebra_frame *out, const cJSON *json, const char *what);
cJSON *vertebra_frames_to_json(const struct vertebra_frames *f);
/** @return ST_FORMAT also for axes that are not of length 1, a level twice, or too many */
status vertebra_frames_from_json(struct vertebra_frames *out, const cJSON *json, const char *what);
status vertebra_frames_read(struct vertebra_frames *out, const char *path);
status vertebra_frames_write(const struct vertebra_frames *f, const char *path,
                             const cJSON *provenance, bool force);

#ifdef __cplusplus
}
#endif
#endif
