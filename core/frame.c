#include "core/frame.h"

#include "core/json.h"

#include <math.h>
#include <string.h>

const char *side_name(enum side s) {
  return s == SIDE_RIGHT ? "right" : s == SIDE_LEFT ? "left" : "unknown";
}

const char *hip_region_name(enum hip_region r) {
  static const char *const names[] = {"outside",         "head", "neck", "trochanter",
                                      "intertrochanter", "shaft"};
  return names[r];
}

void hip_frame_axes(const struct hip_frame *f, struct vec3 axes[3]) {
  struct vec3 z = f->shaft_axis;
  struct vec3 x = vec3_unit(vec3_along(f->neck_axis, -vec3_dot(f->neck_axis, z), z));
  axes[0] = x;
  axes[1] = vec3_cross(z, x);
  axes[2] = z;
}

struct vec3 hip_frame_to_local(const struct hip_frame *f, struct vec3 world, int mirror) {
  struct vec3 axes[3], d = vec3_sub(world, f->origin);
  hip_frame_axes(f, axes);
  struct vec3 local = vec3_make(vec3_dot(d, axes[0]), vec3_dot(d, axes[1]), vec3_dot(d, axes[2]));
  if (mirror && f->side == SIDE_LEFT) local.y = -local.y;
  return local;
}

struct vec3 hip_frame_to_world(const struct hip_frame *f, struct vec3 local, int mirror) {
  struct vec3 axes[3];
  hip_frame_axes(f, axes);
  if (mirror && f->side == SIDE_LEFT) local.y = -local.y;
  struct vec3 w = vec3_along(f->origin, local.x, axes[0]);
  w = vec3_along(w, local.y, axes[1]);
  return vec3_along(w, local.z, axes[2]);
}

enum hip_region hip_frame_region(const struct hip_frame *f, struct vec3 world) {
  const double head_plane = 0.65, neck_plane = 1.35; /* share of the way to the narrow neck */
  const double below_trochanter_mm = 10;
  double narrow = vec3_dot(vec3_sub(f->head, f->neck_point), f->neck_axis);
  double along_neck = vec3_dot(vec3_sub(f->head, world), f->neck_axis);
  double below_head = vec3_dot(vec3_sub(f->head, world), f->shaft_axis);
  double below_origin = vec3_dot(vec3_sub(f->origin, world), f->shaft_axis);
  if (isnan(f->lesser_trochanter_mm) ? below_origin > 2 * f->head_radius_mm
                                     : below_head > f->lesser_trochanter_mm + below_trochanter_mm)
    return HIP_SHAFT;
  if (along_neck < head_plane * narrow) return HIP_HEAD;
  if (along_neck < neck_plane * narrow) return HIP_NECK;
  return below_origin < 0 ? HIP_TROCHANTER : HIP_INTERTROCHANTER;
}
