/* The step that finds the femora, its pictures, and its file. */
#include "anatomy/import.h"
#include "core/file.h"
#include "core/itk_image.h"
#include "core/json.h"
#include "study/case.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- femora.json ---- */

status femora_write(const struct femur_result *r, const char *path) {
  status st = ST_OK;
  cJSON *json = cJSON_CreateObject();
  for (int s = 0; s < CASE_SIDES; s++) {
    CHECK(json &&
              cJSON_AddItemToObject(json, side_name(case_sides[s]), femur_to_json(&r->sides[s])),
          ST_MEMORY, "writing the femora");
  }
  TRY(json_write(json, path, true));
done:
  cJSON_Delete(json);
  return st;
}

static status femur_from_json(struct femur *f, const cJSON *json, const char *what) {
  status st = ST_OK;
  char state[16];
  double label = 0, metal_ml = (double)NAN, volume_ml = (double)NAN;
  f->frame.head_score = f->frame.head_cut = f->soft_share = (double)NAN;
  f->rim = f->socket = f->rim_rms_mm = (double)NAN;
  TRY(json_get_text(state, sizeof state, json, "state", what));
  TRY(json_opt_text(f->reason, sizeof f->reason, json, "reason", what));
  TRY(json_opt_number(&metal_ml, json, "metal_ml", what));
  f->metal_mm3 = 1000 * metal_ml;
  f->state = strcmp(state, "found") == 0     ? FEMUR_FOUND
             : strcmp(state, "refused") == 0 ? FEMUR_REFUSED
                                             : FEMUR_ABSENT;
  if (f->state != FEMUR_FOUND) goto done;
  TRY(json_get_number(&label, json, "label", what));
  TRY(json_opt_number(&volume_ml, json, "volume_ml", what));
  TRY(json_opt_number(&f->soft_share, json, "soft_surface_share", what));
  f->label = (int)label;
  f->label_mm3 = 1000 * volume_ml;
  f->frame_ok = cJSON_IsTrue(json_find(json, "frame_complete"));
  f->head_truncated = cJSON_IsTrue(json_find(json, "head_truncated"));
  const cJSON *from = json_find(json, "from");
  f->imported = cJSON_IsString(from) && strcmp(from->valuestring, "labels") == 0;
  if (hip_frame_from_json(&f->frame, json_find(json, "frame"), what) == ST_OK) goto done;
  status_clear(); /* a frame without axes: its flags say why */
  TRY(json_opt_text(f->frame.flags, sizeof f->frame.flags, json, "frame.flags", what));
done:
  return st;
}

status femora_read(struct femur_result *r, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  TRY(json_read(&json, path));
  for (int s = 0; s < CASE_SIDES; s++) {
    const char *side = side_name(case_sides[s]);
    r->sides[s].side = case_sides[s];
    TRY(femur_from_json(&r->sides[s], json_find(json, side), "parts/femora.json"));
  }
done:
  cJSON_Delete(json);
  return st;
}

/* ---- pictures ---- */

static void legend(struct picture *p, int x, int y, const char *text, uint32_t colour) {
  picture_rect(p, x, y, 14, 14, colour, true);
  picture_text(p, x + 20, y, text, 0xffffff, 2);
}

/* The part of a plane within `margin_mm` of the femur's box; the whole plane where that is less. */
static struct picture_plane close_up(const struct volume *hu, const struct femur_result *r,
                                     const struct femur *f, enum plane which) {
  const double margin_mm = 45;
  struct picture_plane plane = picture_plane_through(&hu->grid, which, f->frame.head, 1);
  int64_t lo[3], hi[3];
  if (!labels_box(r->labels, f->label, lo, hi)) return plane;
  double low[2] = {(double)INFINITY, (double)INFINITY};
  double high[2] = {-(double)INFINITY, -(double)INFINITY};
  for (int corner = 0; corner < 8; corner++) {
    struct vec3 index = {(double)(corner & 1 ? hi : lo)[0], (double)(corner & 2 ? hi : lo)[1],
                         (double)(corner & 4 ? hi : lo)[2]};
    struct vec3 d = vec3_sub(geometry_to_world(&hu->grid, index), plane.centre);
    double at[2] = {vec3_dot(d, plane.right), vec3_dot(d, plane.down)};
    for (int a = 0; a < 2; a++) {
      low[a] = fmin(low[a], at[a] - margin_mm);
      high[a] = fmax(high[a], at[a] + margin_mm);
    }
  }
  const double half[2] = {plane.width_mm / 2, plane.height_mm / 2};
  for (int a = 0; a < 2; a++) {
    low[a] = fmax(low[a], -half[a]);
    high[a] = fmin(high[a], half[a]);
  }
  plane.centre = vec3_along(plane.centre, (low[0] + high[0]) / 2, plane.right);
  plane.centre = vec3_along(plane.centre, (low[1] + high[1]) / 2, plane.down);
  plane.width_mm = high[0] - low[0];
  plane.height_mm = high[1] - low[1];
  return plane;
}

/* Axial, coronal and sagittal planes through the head, side by side, with the outlined femora. */
static status draw_planes(struct picture **out, const struct volume *hu,
                          const struct femur_result *r, const struct femur *f) {
  const double low_hu = -200, high_hu = 900; /* shows cortex, marrow and muscle together */
  const int gap = 8, band = 52, wanted = 440;
  status st = ST_OK;
  struct picture *planes[3] = {NULL, NULL, NULL}, *all = NULL;
  static const char *const names[] = {"axial", "coronal", "sagittal"};
  int width = gap, height = 0;
  for (int i = 0; i < 3; i++) {
    struct picture_plane plane = close_up(hu, r, f, (enum plane)i);
    plane.pixel_mm = fmax(plane.width_mm, plane.height_mm) / wanted;
    TRY(picture_slice(&planes[i], hu, &plane, low_hu, high_hu));
    picture_outline(planes[i], r->labels, LABEL_FEMUR_RIGHT, &plane, COLOUR_ORANGE);
    picture_outline(planes[i], r->labels, LABEL_FEMUR_LEFT, &plane, COLOUR_SKY);
    width += planes[i]->width + gap;
    if (planes[i]->height > height) height = planes[i]->height;
  }
  TRY(picture_create(&all, width, height + 2 * gap + band, 0x101418));
  int x = gap;
  for (int i = 0; i < 3; i++) {
    picture_place(all, planes[i], x, gap);
    picture_text(all, x + 2, height + gap + 6, names[i], 0xffffff, 2);
    picture_text(all, x + 4, gap + planes[i]->height / 2, i < 2 ? "R" : "A", 0xffffff, 2);
    x += planes[i]->width + gap;
  }
  legend(all, gap, height + gap + 32, "outline of the right femur", COLOUR_ORANGE);
  legend(all, width / 2, height + gap + 32, "outline of the left femur", COLOUR_SKY);
  *out = all;
  all = NULL;
done:
  for (int i = 0; i < 3; i++) picture_destroy(planes[i]);
  picture_destroy(all);
  return st;
}

static status write_pictures(struct study_case *c, const struct volume *hu,
                             const struct femur_result *r) {
  status st = ST_OK;
  struct picture *p = NULL;
  char path[CASE_PATH];
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &r->sides[s];
    if (f->state != FEMUR_FOUND) continue;
    TRY(draw_planes(&p, hu, r, f));
    TRY(case_side_path(path, c, "pictures/planes_%s.png", f->side));
    TRY(picture_write_png(p, path, true));
    picture_destroy(p);
    p = NULL;
    if (!case_has_axes(f)) continue;
    TRY(femur_picture(&p, hu, r->labels, f));
    TRY(case_side_path(path, c, "pictures/femur_%s.png", f->side));
    TRY(picture_write_png(p, path, true));
    picture_destroy(p);
    p = NULL;
  }
done:
  picture_destroy(p);
  return st;
}

/* ---- the step ---- */

static status find_or_import(struct femur_result **out, struct study_case *c,
                             const struct volume *hu) {
  status st = ST_OK;
  const struct labels *given = NULL;
  int right = 0, left = 0;
  if (!c->options->labels) return femur_find(out, hu, NULL);
  TRY(case_given_labels(&given, c));
  import_femur_values(given, &right, &left);
  TRY(femur_import(out, hu, given, right, left, NULL));
done:
  return st;
}

static status write_frames(const struct study_case *c, const struct femur_result *r,
                           const cJSON *provenance) {
  status st = ST_OK;
  char path[CASE_PATH];
  for (int s = 0; s < CASE_SIDES; s++) {
    if (r->sides[s].state != FEMUR_FOUND || !case_has_axes(&r->sides[s])) continue;
    TRY(case_side_path(path, c, "frame_%s.json", case_sides[s]));
    TRY(hip_frame_write(&r->sides[s].frame, path, provenance, true));
  }
done:
  return st;
}

status step_femora(void *user, int argument) {
  (void)argument;
  status st = ST_OK;
  struct study_case *c = user;
  const struct volume *hu = NULL;
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  TRY(case_hu(&hu, c));
  TRY(find_or_import(&c->femora, c, hu));
  provenance = provenance_to_json(c->provenance);
  TRY(labels_set_name(c->femora->labels, LABEL_FEMUR_RIGHT, "femur_right"));
  TRY(labels_set_name(c->femora->labels, LABEL_FEMUR_LEFT, "femur_left"));
  TRY(case_path(path, c, "labels.nii.gz"));
  TRY(itk_labels_write(c->femora->labels, path, provenance, true));
  TRY(case_path(path, c, "parts/femora.json"));
  TRY(femora_write(c->femora, path));
  TRY(write_frames(c, c->femora, provenance));
  TRY(write_pictures(c, hu, c->femora));
done:
  cJSON_Delete(provenance);
  return st;
}
