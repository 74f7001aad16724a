#include "ml/cnn_segment.h"

#include <math.h>

enum { PLANES = 3, GAP = 6 };

static const uint32_t colours[] = {COLOUR_ORANGE, COLOUR_SKY,  COLOUR_GREEN, COLOUR_YELLOW,
                                   COLOUR_RED,    COLOUR_PINK, COLOUR_BLUE};
enum { COLOURS = sizeof colours / sizeof colours[0] };

/* World position of the middle of all that has a label; of the image where nothing has. */
static struct vec3 middle_of(const struct labels *l) {
  const struct geometry *g = &l->grid;
  struct vec3 sum = {0, 0, 0};
  double count = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (!l->voxels[geometry_index(g, i, j, k)]) continue;
        sum = vec3_add(sum, (struct vec3){(double)i, (double)j, (double)k});
        count++;
      }
  if (count > 0) return geometry_to_world(g, vec3_scale(sum, 1 / count));
  const struct vec3 last = {(double)(g->nx - 1), (double)(g->ny - 1), (double)(g->nz - 1)};
  return geometry_to_world(g, vec3_scale(last, 0.5));
}

status cnn_segment_picture(struct picture **out, const struct volume *image, const struct labels *l,
                           const struct cnn_card *card) {
  status st = ST_OK;
  static const enum plane kinds[PLANES] = {PLANE_CORONAL, PLANE_SAGITTAL, PLANE_AXIAL};
  struct picture *panel[PLANES] = {NULL}, *all = NULL;
  struct vec3 at = middle_of(l);
  const struct cnn_channel *h = &card->channels[0];
  bool cut = isfinite(h->low) && isfinite(h->high);
  /* a network without a window sees every value: that of bone and soft tissue in a CT */
  double low = cut ? h->low : -200, high = cut ? h->high : 1200;
  int width = 0, height = 0;
  for (int i = 0; i < PLANES; i++) {
    struct picture_plane plane = picture_plane_through(&image->grid, kinds[i], at, 1);
    TRY(picture_slice(&panel[i], image, &plane, low, high));
    for (int c = 0; c < card->output_count; c++)
      if (cnn_card_label(card, c) > 0)
        picture_outline(panel[i], l, cnn_card_label(card, c), &plane, colours[c % COLOURS]);
    width += panel[i]->width + (i ? GAP : 0);
    if (panel[i]->height > height) height = panel[i]->height;
  }
  TRY(picture_create(&all, width, height, 0xFFFFFF));
  for (int i = 0, x = 0; i < PLANES; x += panel[i]->width + GAP, i++)
    picture_place(all, panel[i], x, 0);
  *out = all;
  all = NULL;
done:
  for (int i = 0; i < PLANES; i++) picture_destroy(panel[i]);
  picture_destroy(all);
  return st;
}
