/* What a reader sees of a femur: the three-plane picture and the JSON summary. */
#include "anatomy/femur.h"
#include "anatomy/femur_parts.h"
#include "core/file.h"
#include "core/itk_image.h"
#include "core/json.h"

#include <math.h>
#include <stdio.h>

enum { PANELS = 3, GAP = 6 };
static const double PANEL_MM = 130, PIXEL_MM = 0.4;

/* Directions of the three panels: frontal (neck and shaft), along the neck, across the neck. */
void femur_planes(struct picture_plane planes[3], const struct hip_frame *f) {
  struct vec3 axes[3], across = vec3_make(0, 1, 0), up = vec3_make(0, 0, 1);
  double s = f->side == SIDE_LEFT ? -1 : 1;
  bool framed = !isnan(f->neck_axis.x) && !isnan(f->shaft_axis.x);
  struct vec3 medial = vec3_make(1, 0, 0), neck = vec3_make(1, 0, 0);
  struct vec3 at = f->head;
  if (framed) {
    hip_frame_axes(f, axes);
    medial = vec3_scale(axes[0], s);
    across = vec3_scale(axes[1], s);
    up = axes[2];
    neck = vec3_scale(f->neck_axis, s);
    at = f->neck_point;
  }
  struct vec3 above = vec3_unit(vec3_along(up, -vec3_dot(up, neck), neck));
  planes[0] = (struct picture_plane){.right = medial, .down = vec3_scale(up, -1)};
  planes[1] = (struct picture_plane){.right = neck, .down = across};
  planes[2] = (struct picture_plane){.right = across, .down = vec3_scale(above, -1)};
  for (int i = 0; i < PANELS; i++) {
    planes[i].centre = i == 2 ? at : vec3_along(at, i == 0 ? -12 : 0, up);
    planes[i].width_mm = planes[i].height_mm = PANEL_MM;
    planes[i].pixel_mm = PIXEL_MM;
  }
}

static void draw_frame(struct picture *p, const struct picture_plane *plane,
                       const struct hip_frame *f) {
  struct vec3 normal = vec3_cross(plane->right, plane->down);
  double off = vec3_dot(vec3_sub(f->head, plane->centre), normal), R = f->head_radius_mm;
  double x, y, u, v;
  picture_project(plane, f->head, &x, &y);
  if (fabs(off) < R)
    picture_circle(p, x, y, sqrt(R * R - off * off) / plane->pixel_mm, COLOUR_SKY, 1);
  if (fabs(vec3_dot(f->neck_axis, normal)) < 0.5) {
    picture_project(plane, vec3_along(f->neck_point, -45, f->neck_axis), &x, &y);
    picture_project(plane, vec3_along(f->neck_point, 45, f->neck_axis), &u, &v);
    picture_line(p, x, y, u, v, COLOUR_YELLOW, 1);
  }
  if (f->shaft_length_mm > 0 && fabs(vec3_dot(f->shaft_axis, normal)) < 0.3) {
    picture_project(plane, vec3_along(f->origin, -70, f->shaft_axis), &x, &y);
    picture_project(plane, vec3_along(f->origin, 30, f->shaft_axis), &u, &v);
    picture_line(p, x, y, u, v, COLOUR_GREEN, 1);
  }
}

status femur_picture(struct picture **out, const struct volume *image, const struct labels *labels,
                     const struct femur *femur) {
  static const char *const titles[PANELS] = {"frontal, neck and shaft", "along the neck",
                                             "across the neck"};
  status st = ST_OK;
  struct picture *all = NULL, *panel = NULL;
  struct picture_plane planes[PANELS];
  bool density = image->quantity == QUANTITY_DENSITY;
  int side = (int)lround(PANEL_MM / PIXEL_MM);
  CHECK(femur->state == FEMUR_FOUND, ST_DOMAIN, "femur picture: the %s femur was not found",
        side_name(femur->side));
  femur_planes(planes, &femur->frame);
  TRY(picture_create(&all, PANELS * side + (PANELS - 1) * GAP, side, 0xFFFFFF));
  for (int i = 0; i < PANELS; i++) {
    TRY(picture_slice(&panel, image, &planes[i], density ? -150 : -200, density ? 900 : 1200));
    picture_outline(panel, labels, femur->label, &planes[i], COLOUR_ORANGE);
    if (!isnan(femur->frame.neck_axis.x)) draw_frame(panel, &planes[i], &femur->frame);
    picture_text(panel, 6, 6, titles[i], 0xFFFFFF, 2);
    if (i == 0) picture_text(panel, 6, side - 24, side_name(femur->side), 0xFFFFFF, 2);
    picture_place(all, panel, i * (side + GAP), 0);
    picture_destroy(panel);
    panel = NULL;
  }
  *out = all;
  all = NULL;
done:
  picture_destroy(panel);
  picture_destroy(all);
  return st;
}

cJSON *femur_to_json(const struct femur *f) {
  static const char *const states[] = {"absent", "refused", "found"};
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "side", side_name(f->side));
  json_add_text(json, "state", states[f->state]);
  json_add_text(json, "reason", f->reason);
  json_add_text(json, "from", f->imported ? "labels" : "image");
  json_add_number(json, "head_score", f->frame.head_score);
  json_add_number(json, "head_outside_share", f->frame.head_cut);
  json_add_number(json, "metal_ml", f->metal_mm3 / 1000);
  if (f->state != FEMUR_FOUND) return json;
  json_add_number(json, "label", f->label);
  json_add_number(json, "volume_ml", f->label_mm3 / 1000);
  json_add_number(json, "soft_surface_share", f->soft_share);
  json_add_number(json, "rim", f->rim);
  json_add_number(json, "socket", f->socket);
  json_add_number(json, "rim_rms_mm", f->rim_rms_mm);
  json_add_number(json, "touched_faces", f->touches);
  cJSON_AddBoolToObject(json, "head_truncated", f->head_truncated);
  cJSON_AddBoolToObject(json, "frame_complete", f->frame_ok);
  cJSON_AddItemToObject(json, "frame", hip_frame_to_json(&f->frame));
  return json;
}

static status write_side(const struct femur_result *r, const struct femur *f,
                         const struct volume *image, const char *folder, const cJSON *provenance,
                         bool force) {
  status st = ST_OK;
  struct picture *picture = NULL;
  char path[4096];
  snprintf(path, sizeof path, "%s/frame_%s.json", folder, side_name(f->side));
  TRY(hip_frame_write(&f->frame, path, provenance, force));
  if (!image) goto done;
  TRY(femur_picture(&picture, image, r->labels, f));
  snprintf(path, sizeof path, "%s/femur_%s.png", folder, side_name(f->side));
  TRY(picture_write_png(picture, path, force));
done:
  picture_destroy(picture);
  return st;
}

status femur_result_write(const struct femur_result *r, const struct volume *image,
                          const char *folder, const cJSON *provenance, bool force) {
  status st = ST_OK;
  char path[4096];
  cJSON *json = cJSON_CreateObject(), *sides = cJSON_AddArrayToObject(json, "femora");
  TRY(file_make_directory(folder));
  snprintf(path, sizeof path, "%s/labels.nii.gz", folder);
  TRY(itk_labels_write(r->labels, path, provenance, force));
  for (int i = 0; i < 2; i++) {
    cJSON_AddItemToArray(sides, femur_to_json(&r->sides[i]));
    if (r->sides[i].state == FEMUR_FOUND)
      TRY(write_side(r, &r->sides[i], image, folder, provenance, force));
  }
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, true));
  snprintf(path, sizeof path, "%s/femur.json", folder);
  TRY(json_write(json, path, force));
done:
  cJSON_Delete(json);
  return st;
}

const char *femur_result_reason(const struct femur_result *r) {
  static _Thread_local char text[640];
  if (r->sides[0].state == FEMUR_FOUND || r->sides[1].state == FEMUR_FOUND) return "";
  snprintf(text, sizeof text, "right: %s; left: %s", r->sides[0].reason, r->sides[1].reason);
  return text;
}
