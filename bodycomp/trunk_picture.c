#include "bodycomp/trunk_picture.h"

#include "bodycomp/tissue.h"
#include "bodycomp/trunk.h"

#include <math.h>

/* What a pixel is, for the picture. */
enum { SUBCUTANEOUS = 1, MUSCLE, BETWEEN, VISCERAL, BONE };

static int kind_of(int label, double hu) {
  const struct tissue_window *fat = &tissue_windows[WINDOW_FAT];
  const struct tissue_window *muscle = &tissue_windows[WINDOW_MUSCLE];
  bool is_fat = hu >= fat->low_hu && hu <= fat->high_hu;
  bool is_muscle = hu >= muscle->low_hu && hu <= muscle->high_hu;
  switch (label) {
  case FASCIA_SUBCUTANEOUS:
    return is_fat ? SUBCUTANEOUS : 0;
  case TRUNK_MUSCLE:
    return is_fat ? BETWEEN : is_muscle ? MUSCLE : 0;
  case TRUNK_CAVITY:
    return is_fat ? VISCERAL : 0;
  case FASCIA_BONE:
    return BONE;
  default:
    return 0;
  }
}

static status kinds_of_slice(struct labels **out, const struct volume *hu, const struct labels *l,
                             int64_t slice) {
  status st = ST_OK;
  struct labels *kinds = NULL;
  int64_t plane = hu->grid.nx * hu->grid.ny;
  TRY(labels_create(&kinds, &hu->grid));
  for (int64_t v = slice * plane; v < (slice + 1) * plane; v++)
    kinds->voxels[v] = (uint16_t)kind_of(l->voxels[v], round((double)hu->voxels[v]));
  *out = kinds;
done:
  return st;
}

status trunk_picture(struct picture **out, const struct volume *hu, const struct labels *l,
                     int64_t slice) {
  static const struct {
    uint32_t colour;
    const char *words;
  } legend[] = {{COLOUR_YELLOW, "subcutaneous fat"},
                {COLOUR_RED, "muscle"},
                {COLOUR_PINK, "fat between muscles"},
                {COLOUR_SKY, "visceral fat"},
                {COLOUR_GREEN, "bone"}};
  status st = ST_OK;
  struct picture *plain = NULL, *sheet = NULL;
  struct labels *kinds = NULL;
  const struct geometry *g = &hu->grid;
  const double pixel_mm = 0.8, low_hu = -200, high_hu = 250;
  CHECK(slice >= 0 && slice < g->nz, ST_USAGE, "picture of slice %lld: the scan has slices 0..%lld",
        (long long)slice, (long long)g->nz - 1);
  struct vec3 at = geometry_to_world(
      g, vec3_make(0.5 * (double)(g->nx - 1), 0.5 * (double)(g->ny - 1), (double)slice));
  struct picture_plane plane = picture_plane_through(g, PLANE_AXIAL, at, pixel_mm);
  TRY(picture_slice(&plain, hu, &plane, low_hu, high_hu));
  TRY(kinds_of_slice(&kinds, hu, l, slice));
  TRY(picture_create(&sheet, 2 * plain->width + 6, plain->height + 24, 0x101018));
  picture_place(sheet, plain, 0, 0);
  for (int n = 0; n < 5; n++) picture_shade(plain, kinds, n + 1, &plane, legend[n].colour, 0.55);
  picture_outline(plain, l, TRUNK_CAVITY, &plane, COLOUR_BLUE);
  picture_place(sheet, plain, plain->width + 6, 0);
  int x = 6;
  for (int n = 0; n < 5; n++)
    x += picture_text(sheet, x, plain->height + 8, legend[n].words, legend[n].colour, 1) + 20;
  *out = sheet;
  sheet = NULL;
done:
  picture_destroy(plain);
  picture_destroy(sheet);
  labels_destroy(kinds);
  return st;
}
