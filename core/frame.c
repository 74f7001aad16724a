#include "core/frame.h"

#include "core/json.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
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

enum hip_region hip_frame_projected_region(const struct hip_frame *f, struct vec3 world) {
  const double half_mm = 7.5; /* of the neck box, along the neck axis */
  double narrow = vec3_dot(vec3_sub(f->head, f->neck_point), f->neck_axis);
  struct vec3 d = vec3_sub(f->head, world);
  double along_neck = vec3_dot(d, f->neck_axis);
  struct vec3 across =
      vec3_unit(vec3_along(f->shaft_axis, -vec3_dot(f->shaft_axis, f->neck_axis), f->neck_axis));
  enum hip_region region = hip_frame_region(f, world);
  if (region == HIP_SHAFT) return region;
  if (along_neck < narrow - half_mm) return HIP_HEAD;
  if (along_neck <= narrow + half_mm && fabs(vec3_dot(d, across)) <= f->head_radius_mm)
    return HIP_NECK;
  return vec3_dot(vec3_sub(f->origin, world), f->shaft_axis) < 0 ? HIP_TROCHANTER
                                                                 : HIP_INTERTROCHANTER;
}

/* ---- JSON ---- */

struct frame_field {
  const char *key;
  size_t offset;
};

#define FIELD(name)                                                                                \
  { #name, offsetof(struct hip_frame, name) }
static const struct frame_field hip_vectors[] = {
    FIELD(head),        FIELD(neck_axis), FIELD(neck_point),        FIELD(shaft_axis),
    FIELD(shaft_point), FIELD(origin),    FIELD(lesser_trochanter), FIELD(greater_trochanter)};
static const struct frame_field hip_numbers[] = {FIELD(head_radius_mm),
                                                 FIELD(head_rms_mm),
                                                 FIELD(neck_area_mm2),
                                                 FIELD(shaft_length_mm),
                                                 FIELD(lesser_trochanter_mm),
                                                 FIELD(distal_mm),
                                                 FIELD(neck_shaft_deg),
                                                 FIELD(neck_shaft_projected_deg),
                                                 FIELD(offset_mm),
                                                 FIELD(neck_axis_miss_mm),
                                                 FIELD(fal_mm),
                                                 FIELD(hal_mm),
                                                 FIELD(head_score),
                                                 FIELD(head_cut)};
#undef FIELD
#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

static void add_fields(cJSON *json, const void *frame, const struct frame_field *vectors,
                       int vector_count, const struct frame_field *numbers, int number_count) {
  for (int i = 0; i < vector_count; i++) {
    const struct vec3 *v = (const void *)((const char *)frame + vectors[i].offset);
    json_add_numbers(json, vectors[i].key, &v->x, 3);
  }
  for (int i = 0; i < number_count; i++)
    json_add_number(json, numbers[i].key,
                    *(const double *)(const void *)((const char *)frame + numbers[i].offset));
}

static status get_fields(void *frame, const cJSON *json, const char *what,
                         const struct frame_field *vectors, int vector_count,
                         const struct frame_field *numbers, int number_count) {
  status st = ST_OK;
  for (int i = 0; i < vector_count; i++) {
    struct vec3 *v = (void *)((char *)frame + vectors[i].offset);
    TRY(json_get_numbers(&v->x, 3, json, vectors[i].key, what));
  }
  for (int i = 0; i < number_count; i++) {
    double *number = (void *)((char *)frame + numbers[i].offset);
    *number = (double)NAN;
    TRY(json_opt_number(number, json, numbers[i].key, what));
  }
done:
  return st;
}

cJSON *hip_frame_to_json(const struct hip_frame *f) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct hip frame 1");
  json_add_text(json, "coordinates", "LPS mm");
  json_add_text(json, "side", side_name(f->side));
  add_fields(json, f, hip_vectors, COUNT(hip_vectors), hip_numbers, COUNT(hip_numbers));
  cJSON_AddBoolToObject(json, "truncated", f->truncated);
  cJSON_AddBoolToObject(json, "metal", f->metal);
  json_add_text(json, "method", f->method);
  json_add_text(json, "flags", f->flags);
  return json;
}

status hip_frame_from_json(struct hip_frame *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct hip_frame f = {.side = SIDE_UNKNOWN};
  char side[16] = "";
  TRY(json_get_text(side, sizeof side, json, "side", what));
  if (strcmp(side, "right") == 0)
    f.side = SIDE_RIGHT;
  else if (strcmp(side, "left") == 0)
    f.side = SIDE_LEFT;
  else
    CHECK(strcmp(side, "unknown") == 0, ST_FORMAT,
          "%s: side \"%s\", expected right, left or unknown", what, side);
  TRY(get_fields(&f, json, what, hip_vectors, COUNT(hip_vectors), hip_numbers, COUNT(hip_numbers)));
  CHECK(fabs(vec3_length(f.neck_axis) - 1) < 1e-6 && fabs(vec3_length(f.shaft_axis) - 1) < 1e-6,
        ST_FORMAT, "%s: the axes have lengths %g (neck) and %g (shaft), expected 1", what,
        vec3_length(f.neck_axis), vec3_length(f.shaft_axis));
  f.truncated = cJSON_IsTrue(json_find(json, "truncated"));
  f.metal = cJSON_IsTrue(json_find(json, "metal"));
  TRY(json_opt_text(f.method, sizeof f.method, json, "method", what));
  TRY(json_opt_text(f.flags, sizeof f.flags, json, "flags", what));
  *out = f;
done:
  return st;
}

status hip_frame_read(struct hip_frame *out, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char what[512];
  snprintf(what, sizeof what, "hip frame %.480s", path);
  TRY(json_read(&json, path));
  TRY(hip_frame_from_json(out, json, what));
done:
  cJSON_Delete(json);
  return st;
}

status hip_frame_write(const struct hip_frame *f, const char *path, const cJSON *provenance,
                       bool force) {
  status st = ST_OK;
  cJSON *json = hip_frame_to_json(f);
  CHECK(json, ST_MEMORY, "writing hip frame %s", path);
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, 1));
  TRY(json_write(json, path, force));
done:
  cJSON_Delete(json);
  return st;
}
