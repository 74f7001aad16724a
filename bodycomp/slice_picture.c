#include "bodycomp/slice_picture.h"

#include "bodycomp/trunk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a pixel is, for the picture; FAT and up: the compartments of fat in their order. */
enum { MUSCLE = 1, BETWEEN, BONE, FAT, KINDS = FAT + 2 }; /* the last kind is KINDS */

struct legend {
  uint32_t colours[KINDS];
  const char *words[KINDS]; /* NULL: not in this picture */
};

static const struct legend of_trunk = {
    .colours = {COLOUR_RED, COLOUR_PINK, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_SKY, COLOUR_ORANGE},
    .words = {"muscle", "fat between muscles", "bone", "subcutaneous fat", "visceral fat"}};

/* `kind_when_fat` and `kind_when_muscle`: 0 for neither. */
static void mark(struct labels *kinds, const struct volume *hu, const struct labels *l, int value,
                 int64_t slice, int kind_when_fat, int kind_when_muscle,
                 const struct tissue_options *o) {
  int64_t plane = hu->grid.nx * hu->grid.ny;
  for (int64_t v = slice * plane; v < (slice + 1) * plane; v++) {
    if (l->voxels[v] != value) continue;
    double whole = round((double)hu->voxels[v]);
    if (whole >= o->fat.low_hu && whole <= o->fat.high_hu)
      kinds->voxels[v] = (uint16_t)kind_when_fat;
    else if (whole >= o->muscle.low_hu && whole <= o->muscle.high_hu)
      kinds->voxels[v] = (uint16_t)kind_when_muscle;
  }
}

/* Words of what is shaded, below the slices; large when they fit. */
static void draw_legend(struct picture *sheet, const struct legend *legend, int y) {
  enum { LETTER = 6, SPACE = 20 };
  int x = 6, letters = 0, rest = sheet->width - x;
  for (int n = 0; n < KINDS; n++)
    if (legend->words[n]) {
      letters += (int)strlen(legend->words[n]);
      rest -= SPACE;
    }
  int scale = letters && rest > letters * LETTER ? rest / (letters * LETTER) : 1;
  if (scale > 3) scale = 3;
  for (int n = 0; n < KINDS; n++)
    if (legend->words[n])
      x += picture_text(sheet, x, y, legend->words[n], legend->colours[n], scale) + SPACE;
}

/* The plain slice and, right of it, the shaded one with outlines of `outlined` values of `l`. */
static status draw(struct picture **out, const struct volume *hu, const struct labels *kinds,
                   const struct legend *legend, const struct labels *l, const int *outlined,
                   int count, int64_t slice) {
  status st = ST_OK;
  struct picture *plain = NULL, *sheet = NULL;
  const struct geometry *g = &hu->grid;
  const double pixel_mm = 0.8, low_hu = -200, high_hu = 250;
  struct vec3 at = geometry_to_world(
      g, vec3_make(0.5 * (double)(g->nx - 1), 0.5 * (double)(g->ny - 1), (double)slice));
  struct picture_plane plane = picture_plane_through(g, PLANE_AXIAL, at, pixel_mm);
  TRY(picture_slice(&plain, hu, &plane, low_hu, high_hu));
  TRY(picture_create(&sheet, 2 * plain->width + 6, plain->height + 33, 0x101018));
  picture_place(sheet, plain, 0, 0);
  for (int n = 0; n < KINDS; n++)
    if (legend->words[n]) picture_shade(plain, kinds, n + 1, &plane, legend->colours[n], 0.55);
  for (int n = 0; n < count; n++) picture_outline(plain, l, outlined[n], &plane, COLOUR_BLUE);
  picture_place(sheet, plain, plain->width + 6, 0);
  draw_legend(sheet, legend, plain->height + 6);
  *out = sheet;
  sheet = NULL;
done:
  picture_destroy(plain);
  picture_destroy(sheet);
  return st;
}

static status check_slice(const struct geometry *g, int64_t slice) {
  status st = ST_OK;
  CHECK(slice >= 0 && slice < g->nz, ST_USAGE, "picture of slice %lld: the scan has slices 0..%lld",
        (long long)slice, (long long)g->nz - 1);
done:
  return st;
}

status trunk_picture(struct picture **out, const struct volume *hu, const struct labels *l,
                     int64_t slice) {
  static const struct tissue_options o = TISSUE_DEFAULTS;
  static const int outlined[] = {TRUNK_CAVITY};
  status st = ST_OK;
  struct labels *kinds = NULL;
  int64_t plane = hu->grid.nx * hu->grid.ny;
  TRY(check_slice(&hu->grid, slice));
  TRY(labels_create(&kinds, &hu->grid));
  mark(kinds, hu, l, FASCIA_SUBCUTANEOUS, slice, FAT, 0, &o);
  mark(kinds, hu, l, TRUNK_MUSCLE, slice, BETWEEN, MUSCLE, &o);
  mark(kinds, hu, l, TRUNK_CAVITY, slice, FAT + 1, 0, &o);
  for (int64_t v = slice * plane; v < (slice + 1) * plane; v++)
    if (l->voxels[v] == FASCIA_BONE) kinds->voxels[v] = BONE;
  TRY(draw(out, hu, kinds, &of_trunk, l, outlined, 1, slice));
done:
  labels_destroy(kinds);
  return st;
}

/* Fat compartments beyond the third share its colour. */
static status mark_list(struct labels *kinds, struct legend *legend,
                        struct tissue_compartment *compartments, const struct volume *hu,
                        const struct labels *l, const struct tissue_list *list, int64_t slice,
                        const struct tissue_options *o) {
  status st = ST_OK;
  for (int n = 0; n < list->count; n++) {
    struct tissue_compartment *c = &compartments[n];
    int kind = FAT + (n < KINDS - FAT ? n : KINDS - FAT);
    TRY(tissue_compartment_parse(c, list->items[n], l));
    mark(kinds, hu, l, c->value, slice, list->fat ? kind : BETWEEN, list->fat ? 0 : MUSCLE, o);
    if (list->fat && !legend->words[kind - 1]) legend->words[kind - 1] = c->name;
  }
done:
  return st;
}

status tissue_picture(struct picture **out, const struct volume *hu, const struct labels *l,
                      const struct tissue_list *muscle, const struct tissue_list *fat,
                      int64_t slice, const struct tissue_options *options) {
  static const struct tissue_options defaults = TISSUE_DEFAULTS;
  status st = ST_OK;
  const struct tissue_options *o = options ? options : &defaults;
  struct labels *kinds = NULL;
  struct legend legend = of_trunk;
  int count = muscle->count + fat->count;
  struct tissue_compartment *compartments = calloc((size_t)count + 1, sizeof *compartments);
  int *outlined = calloc((size_t)count + 1, sizeof *outlined);
  CHECK(compartments && outlined, ST_MEMORY, "picture of %d compartments", count);
  TRY(check_slice(&hu->grid, slice));
  TRY(labels_create(&kinds, &hu->grid));
  for (int n = BONE - 1; n < KINDS; n++) legend.words[n] = NULL;
  TRY(mark_list(kinds, &legend, compartments, hu, l, muscle, slice, o));
  TRY(mark_list(kinds, &legend, compartments + muscle->count, hu, l, fat, slice, o));
  for (int n = 0; n < muscle->count; n++) outlined[n] = compartments[n].value;
  TRY(draw(out, hu, kinds, &legend, l, outlined, muscle->count, slice));
done:
  free(compartments);
  free(outlined);
  labels_destroy(kinds);
  return st;
}
