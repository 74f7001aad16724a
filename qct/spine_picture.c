#include "qct/spine_picture.h"

#include <math.h>
#include <string.h>

enum { GAP = 6, ACROSS = 6 };
static const double pixel_mm = 0.5, tile_mm = 80;

static status slice(struct picture **out, const struct volume *image,
                    const struct picture_plane *plane, const struct labels *bodies,
                    const struct labels *roi, const struct vertebra_frames *frames) {
  status st = ST_OK;
  struct picture *p = NULL;
  bool density = image->quantity == QUANTITY_DENSITY;
  TRY(picture_slice(&p, image, plane, density ? -100 : -160, density ? 350 : 450));
  for (int i = 0; i < frames->count; i++) {
    int value = frames->items[i].label;
    picture_shade(p, roi, value, plane, COLOUR_ORANGE, 0.45);
    picture_outline(p, bodies, value, plane, COLOUR_SKY);
  }
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}

/* Vertebrae that are shown across, and their rows of two. */
static int shown(const struct vertebra_frames *f) {
  return f->count < ACROSS ? f->count : ACROSS;
}

static int rows_of(const struct vertebra_frames *f) {
  return (shown(f) + 1) / 2;
}

static struct picture_plane sagittal(const struct vertebra_frames *f) {
  struct picture_plane p = {.right = {0, 1, 0}, .down = {0, 0, -1}, .pixel_mm = pixel_mm};
  struct vec3 first = f->items[0].centre, last = f->items[f->count - 1].centre;
  p.centre = vec3_scale(vec3_add(first, last), 0.5);
  p.centre.x = 0;
  for (int i = 0; i < f->count; i++) p.centre.x += f->items[i].centre.x / f->count;
  p.width_mm = 120;
  p.height_mm =
      fmax(fabs(first.z - last.z) + 60, rows_of(f) * tile_mm + (rows_of(f) - 1) * GAP * pixel_mm);
  return p;
}

static struct picture_plane across(const struct vertebra_frame *f) {
  struct picture_plane p = {.centre = f->centre, .pixel_mm = pixel_mm};
  p.right = vertebra_left(f);
  p.down = vec3_scale(f->anterior, -1);
  if (!isnan(f->superior_point.x))
    p.centre = vec3_scale(vec3_add(f->superior_point, f->inferior_point), 0.5);
  p.centre = vec3_along(p.centre, 8, p.down);
  p.width_mm = p.height_mm = tile_mm;
  return p;
}

status qct_spine_picture(struct picture **out, const struct volume *image,
                         const struct labels *bodies, const struct labels *roi,
                         const struct vertebra_frames *frames) {
  status st = ST_OK;
  struct picture *all = NULL, *part = NULL;
  struct picture_plane plane;
  int tile = (int)lround(tile_mm / pixel_mm), first = 0;
  CHECK(frames->count > 0, ST_DOMAIN, "picture of the spine: there are no vertebrae");
  plane = sagittal(frames);
  TRY(slice(&part, image, &plane, bodies, roi, frames));
  for (int i = 0; i < frames->count; i++) {
    double x, y;
    picture_project(&plane, frames->items[i].centre, &x, &y);
    const char *level = frames->items[i].level; /* in front of the body */
    int left_of = (int)x - 42 - 12 * (int)strlen(level);
    picture_text(part, left_of > 2 ? left_of : 2, (int)y - 7, level, 0xFFFFFF, 2);
  }
  TRY(picture_create(&all, part->width + (shown(frames) > 1 ? 2 : 1) * (GAP + tile), part->height,
                     0xFFFFFF));
  picture_place(all, part, 0, 0);
  int left = part->width + GAP;
  if (frames->count > ACROSS) first = frames->count - ACROSS; /* the lower ones */
  for (int i = first; i < frames->count && i < first + ACROSS; i++) {
    picture_destroy(part);
    part = NULL;
    plane = across(&frames->items[i]);
    TRY(slice(&part, image, &plane, bodies, roi, frames));
    picture_text(part, 4, 4, frames->items[i].level, 0xFFFFFF, 2);
    int n = i - first;
    picture_place(all, part, left + n % 2 * (tile + GAP), n / 2 * (tile + GAP));
  }
  *out = all;
  all = NULL;
done:
  picture_destroy(part);
  picture_destroy(all);
  return st;
}
