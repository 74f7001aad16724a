/* What a reader sees of the vertebrae: the picture, and the files. */
#include "anatomy/vertebra.h"
#include "core/file.h"
#include "core/itk_image.h"

#include <math.h>
#include <stdio.h>

static const double pixel_mm = 0.5, margin_mm = 25;

static const uint32_t colours[] = {COLOUR_ORANGE, COLOUR_SKY,  COLOUR_GREEN,
                                   COLOUR_YELLOW, COLOUR_PINK, COLOUR_RED};

/* Frontal or sagittal plane through the middle of the column. */
static struct picture_plane column_plane(const struct vertebra_frames *f, bool sagittal) {
  struct vec3 first = f->items[0].centre, last = f->items[f->count - 1].centre;
  struct vec3 middle = vec3_scale(vec3_add(first, last), 0.5);
  struct picture_plane p = {.down = {0, 0, -1}, .pixel_mm = pixel_mm};
  p.right = sagittal ? vec3_make(0, 1, 0) : vec3_make(1, 0, 0);
  p.width_mm = 150;
  p.height_mm = fabs(first.z - last.z) + 2 * (margin_mm + 20);
  p.centre = middle;
  double sum = 0;
  for (int i = 0; i < f->count; i++) sum += sagittal ? f->items[i].centre.x : f->items[i].centre.y;
  if (sagittal) {
    p.centre.x = sum / f->count;
    p.centre.y += 20;
  } else
    p.centre.y = sum / f->count;
  return p;
}

static void draw_plate(struct picture *p, const struct picture_plane *plane, struct vec3 at,
                       struct vec3 normal, double half_mm) {
  double x, y, u, v;
  struct vec3 in_plane = vec3_cross(normal, vec3_cross(plane->right, plane->down));
  if (isnan(at.x) || vec3_length(in_plane) < 1e-6) return;
  in_plane = vec3_unit(in_plane);
  picture_project(plane, vec3_along(at, -half_mm, in_plane), &x, &y);
  picture_project(plane, vec3_along(at, half_mm, in_plane), &u, &v);
  picture_line(p, x, y, u, v, COLOUR_YELLOW, 1);
}

static void draw_vertebra(struct picture *p, const struct picture_plane *plane,
                          const struct vertebra_frame *f, bool sagittal) {
  double x, y, half = 0.5 * (sagittal ? f->depth_mm : f->width_mm);
  draw_plate(p, plane, f->superior_point, f->superior_normal, half);
  draw_plate(p, plane, f->inferior_point, f->inferior_normal, half);
  picture_project(plane, f->centre, &x, &y);
  picture_text(p, (int)x - 12, (int)y - 7, f->level, 0xFFFFFF, 2);
}

static status panel(struct picture **out, const struct volume *image,
                    const struct vertebra_result *r, bool sagittal) {
  status st = ST_OK;
  struct picture *p = NULL;
  struct picture_plane plane = column_plane(&r->frames, sagittal);
  bool density = image->quantity == QUANTITY_DENSITY;
  TRY(picture_slice(&p, image, &plane, density ? -100 : -160, density ? 400 : 450));
  for (int i = 0; i < r->frames.count; i++)
    picture_outline(p, r->bodies, r->frames.items[i].label, &plane, colours[i % 6]);
  for (int i = 0; i < r->frames.count; i++) draw_vertebra(p, &plane, &r->frames.items[i], sagittal);
  picture_text(p, 6, 6, sagittal ? "sagittal, front left" : "frontal, right left", 0xFFFFFF, 2);
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}

status vertebra_picture(struct picture **out, const struct volume *image,
                        const struct vertebra_result *r) {
  enum { GAP = 6 };
  status st = ST_OK;
  struct picture *all = NULL, *sagittal = NULL, *frontal = NULL;
  CHECK(r->frames.count > 0, ST_DOMAIN, "picture of vertebrae: there is none");
  TRY(panel(&sagittal, image, r, true));
  TRY(panel(&frontal, image, r, false));
  TRY(picture_create(&all, sagittal->width + GAP + frontal->width, sagittal->height, 0xFFFFFF));
  picture_place(all, sagittal, 0, 0);
  picture_place(all, frontal, sagittal->width + GAP, 0);
  *out = all;
  all = NULL;
done:
  picture_destroy(sagittal);
  picture_destroy(frontal);
  picture_destroy(all);
  return st;
}

status vertebra_result_write(const struct vertebra_result *r, const struct volume *image,
                             const char *folder, const cJSON *provenance, bool force) {
  status st = ST_OK;
  struct picture *picture = NULL;
  char path[4096];
  TRY(file_make_directory(folder));
  snprintf(path, sizeof path, "%s/labels.nii.gz", folder);
  TRY(itk_labels_write(r->bodies, path, provenance, force));
  snprintf(path, sizeof path, "%s/frames.json", folder);
  TRY(vertebra_frames_write(&r->frames, path, provenance, force));
  if (!image) goto done;
  TRY(vertebra_picture(&picture, image, r));
  snprintf(path, sizeof path, "%s/vertebrae.png", folder);
  TRY(picture_write_png(picture, path, force));
done:
  picture_destroy(picture);
  return st;
}
