/* The proposal for a reader: two planes with the canal, discs and bodies, and JSON. */
#include "anatomy/column.h"
#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double pixel_mm = 0.6;

static void line_plane(struct picture_plane *p, const struct column *c, const struct geometry *g,
                       bool sagittal) {
  struct vec3 sum = {0, 0, 0};
  for (int i = 0; i < c->count; i++) sum = vec3_add(sum, c->canal[i]);
  struct vec3 middle = vec3_scale(sum, 1.0 / c->count);
  if (!sagittal) middle.y -= 26;
  *p = picture_plane_through(g, sagittal ? PLANE_SAGITTAL : PLANE_CORONAL, middle, pixel_mm);
  double shift = sagittal ? middle.y - 25 - p->centre.y : middle.x - p->centre.x;
  p->centre = vec3_along(p->centre, shift, p->right);
  p->width_mm = 190;
}

static void draw_line(struct picture *p, const struct picture_plane *plane,
                      const struct column *c) {
  double x0, y0, x1, y1;
  for (int i = 0; i + 1 < c->count; i++) {
    picture_project(plane, c->canal[i], &x0, &y0);
    picture_project(plane, c->canal[i + 1], &x1, &y1);
    picture_line(p, x0, y0, x1, y1, c->seen[i] ? COLOUR_GREEN : COLOUR_PINK, 2);
  }
}

/* Of text twice as large as the smallest, px. */
enum { LETTER = 12 };

static void draw_marks(struct picture *p, const struct picture_plane *plane,
                       const struct column *c) {
  char text[48];
  double x, y;
  for (int i = 0; i < c->disc_count; i++) {
    picture_project(plane, c->discs[i].at, &x, &y);
    picture_line(p, x - 25, y, x + 25, y, COLOUR_YELLOW, 1);
    snprintf(text, sizeof text, "%.0f", c->discs[i].at.z);
    picture_text(p, (int)x - 30 - LETTER * (int)strlen(text), (int)y - 7, text, COLOUR_YELLOW, 2);
  }
  for (int i = 0; i < c->body_count; i++) {
    picture_project(plane, c->bodies[i].at, &x, &y);
    picture_circle(p, x, y, 4, COLOUR_SKY, 1);
    snprintf(text, sizeof text, "%.0f (%.2f)", c->bodies[i].at.z, c->bodies[i].confidence);
    int left = (int)x - 32 - LETTER * (int)strlen(text); /* in front of the body */
    picture_text(p, left > 2 ? left : 2, (int)y - 7, text, COLOUR_SKY, 2);
  }
}

/* Heights every 50 mm, so that a reader can name one: at the left edge, or behind the back. */
static void draw_ruler(struct picture *p, const struct picture_plane *plane, bool behind) {
  const int line = behind ? p->width - 9 : 0;
  double top = plane->centre.z + 0.5 * plane->height_mm;
  for (double z = floor(top / 50) * 50; z > top - plane->height_mm; z -= 50) {
    char text[24];
    double x, y;
    struct vec3 at = plane->centre;
    at.z = z;
    picture_project(plane, at, &x, &y);
    snprintf(text, sizeof text, "%.0f", z);
    picture_line(p, line, y, line + 8, y, 0xFFFFFF, 1);
    int words = behind ? line - 3 - LETTER * (int)strlen(text) : 12;
    picture_text(p, words, (int)y - 7, text, 0xFFFFFF, 2);
  }
}

static status panel(struct picture **out, const struct volume *hu, const struct column *c,
                    const struct labels *anchored, const struct vertebra_frames *frames,
                    bool sagittal) {
  status st = ST_OK;
  struct picture *p = NULL;
  struct picture_plane plane;
  line_plane(&plane, c, &hu->grid, sagittal);
  TRY(picture_slice(&p, hu, &plane, -160, 500));
  for (int i = 0; anchored && frames && i < frames->count; i++) {
    double x, y;
    picture_outline(p, anchored, frames->items[i].label, &plane, COLOUR_ORANGE);
    picture_project(&plane, frames->items[i].centre, &x, &y);
    picture_text(p, (int)x - 12, (int)y - 7, frames->items[i].level, COLOUR_ORANGE, 2);
  }
  draw_line(p, &plane, c);
  if (sagittal) draw_marks(p, &plane, c);
  draw_ruler(p, &plane, sagittal);
  picture_text(p, 60, 6, sagittal ? "sagittal; z [mm]" : "frontal; z [mm]", 0xFFFFFF, 2);
  if (*c->reason && sagittal) picture_text(p, 60, 24, "NOT RELIABLE", COLOUR_RED, 2);
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}

status column_picture(struct picture **out, const struct volume *hu, const struct column *c,
                      const struct labels *anchored, const struct vertebra_frames *frames) {
  enum { GAP = 6 };
  status st = ST_OK;
  struct picture *all = NULL, *sagittal = NULL, *frontal = NULL;
  TRY(panel(&sagittal, hu, c, anchored, frames, true));
  TRY(panel(&frontal, hu, c, anchored, frames, false));
  int height = sagittal->height > frontal->height ? sagittal->height : frontal->height;
  TRY(picture_create(&all, sagittal->width + GAP + frontal->width, height, 0xFFFFFF));
  picture_place(all, sagittal, 0, 0);
  picture_place(all, frontal, sagittal->width + GAP, 0);
  *out = all;
  all = NULL;
done:
  picture_destroy(all);
  picture_destroy(sagittal);
  picture_destroy(frontal);
  return st;
}

cJSON *column_to_json(const struct column *c) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct spine proposal 1");
  json_add_text(json, "coordinates", "LPS mm");
  json_add_text(json, "levels", "not named: give --level-z NAME=z");
  json_add_text(json, "refused", c->reason);
  json_add_number(json, "canal_seen_share", c->seen_share);
  json_add_number(json, "canal_from_z", c->canal[0].z);
  json_add_number(json, "canal_to_z", c->canal[c->count - 1].z);
  cJSON *discs = cJSON_AddArrayToObject(json, "discs");
  for (int i = 0; i < c->disc_count; i++) {
    cJSON *d = cJSON_CreateObject();
    json_add_numbers(d, "at", &c->discs[i].at.x, 3);
    json_add_number(d, "depth_hu", c->discs[i].depth_hu);
    cJSON_AddItemToArray(discs, d);
  }
  cJSON *bodies = cJSON_AddArrayToObject(json, "bodies");
  for (int i = 0; i < c->body_count; i++) {
    cJSON *b = cJSON_CreateObject();
    json_add_numbers(b, "at", &c->bodies[i].at.x, 3);
    json_add_number(b, "height_mm", c->bodies[i].height_mm);
    json_add_number(b, "confidence", c->bodies[i].confidence);
    cJSON_AddItemToArray(bodies, b);
  }
  return json;
}
