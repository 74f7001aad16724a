#include "fea/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 24, TITLE = 26, BAR = 120, FOOT = 30, PANELS = 4 };
enum { WHITE = 0xFFFFFF, INK = 0x202028, CAP = 0xC9CBD1, SOFT = 0xE9E6DF };

struct canvas {
  const struct fea_model *model;
  const float *signed_measure; /* per voxel, NaN where not judged; + tension, - compression */
  int pixels;                  /* edge of an element */
  struct picture *picture;
};

static void extents(const struct fea_model *m, int64_t n[3]) {
  n[0] = m->grid.nx, n[1] = m->grid.ny, n[2] = m->grid.nz;
}

static uint32_t colour_of(double measure) {
  double t = measure > 1 ? 1 : measure < -1 ? -1 : measure;
  return colour_diverging(0.5 + 0.5 * t);
}

/* Voxel that the ray of a panel's pixel shows: the cut, or the largest of judged bone, else any. */
static int64_t shown_voxel(const struct canvas *c, const struct fea_view *view, int64_t a,
                           int64_t b) {
  const int depth = 3 - view->right - view->up;
  int64_t n[3], at[3], best = -1;
  extents(c->model, n);
  at[view->right] = a;
  at[view->up] = b;
  const int64_t from = view->cut < 0 ? 0 : view->cut, to = view->cut < 0 ? n[depth] : view->cut + 1;
  for (at[depth] = from; at[depth] < to; at[depth]++) {
    const int64_t v = geometry_index(&c->model->grid, at[0], at[1], at[2]);
    if (c->model->part[v] == FEA_VOID) continue;
    const bool judged = !isnan(c->signed_measure[v]);
    const bool best_judged = best >= 0 && !isnan(c->signed_measure[best]);
    if (best < 0 ||
        (judged && (!best_judged || fabsf(c->signed_measure[v]) > fabsf(c->signed_measure[best]))))
      best = v;
  }
  return best;
}

static void draw_panel(const struct canvas *c, const struct fea_view *view, int x0, int y0) {
  int64_t n[3];
  extents(c->model, n);
  const int64_t wide = n[view->right], high = n[view->up];
  picture_text(c->picture, x0, y0 - TITLE + 4, view->title, INK, 2);
  for (int64_t b = 0; b < high; b++)
    for (int64_t a = 0; a < wide; a++) {
      const int64_t v = shown_voxel(c, view, a, b);
      if (v < 0) continue;
      const uint32_t colour = c->model->part[v] == FEA_CAP ? (uint32_t)CAP
                              : isnan(c->signed_measure[v])
                                  ? (uint32_t)SOFT
                                  : colour_of((double)c->signed_measure[v]);
      picture_rect(c->picture, x0 + (int)a * c->pixels, y0 + (int)(high - 1 - b) * c->pixels,
                   c->pixels, c->pixels, colour, true);
    }
}

/* Supports as short ticks at their nodes, in the direction that is held; moved ones in red. */
static void draw_supports(const struct canvas *c, const struct fea_view *view, int x0, int y0) {
  const struct fea_model *m = c->model;
  const int depth = 3 - view->right - view->up;
  int64_t n[3];
  extents(m, n);
  for (int64_t f = 0; f < m->fixed_count; f++) {
    int64_t at[3];
    const int axis = m->fixed[f].axis;
    fea_model_node_index(m, m->fixed[f].node, at);
    if (axis == depth || (view->cut >= 0 && llabs(at[depth] - view->cut) > 1)) continue;
    const double x = x0 + (double)at[view->right] * c->pixels;
    const double y = y0 + (double)(n[view->up] - at[view->up]) * c->pixels;
    const double length = 1.5 * c->pixels;
    const uint32_t colour = m->cases[0].value_mm[f] != 0 ? COLOUR_RED : COLOUR_GREEN;
    if (axis == view->right)
      picture_line(c->picture, x - length, y, x, y, colour, 1);
    else
      picture_line(c->picture, x, y - length, x, y + length, colour, 1);
  }
}

static void draw_site(const struct canvas *c, const struct fea_view *view, int64_t site, int x0,
                      int y0) {
  const struct geometry *g = &c->model->grid;
  const int64_t at[3] = {site % g->nx, site / g->nx % g->ny, site / (g->nx * g->ny)};
  int64_t n[3];
  extents(c->model, n);
  picture_circle(c->picture, x0 + ((double)at[view->right] + 0.5) * c->pixels,
                 y0 + ((double)(n[view->up] - at[view->up]) - 0.5) * c->pixels, 5.0 * c->pixels,
                 INK, 2);
}

static void draw_bar(const struct canvas *c, const struct fea_failure_options *o, int x0, int y0,
                     int height) {
  char words[48];
  const int width = 18;
  for (int y = 0; y < height; y++) {
    const uint32_t colour = colour_of(1 - 2. * y / (height - 1));
    picture_rect(c->picture, x0, y0 + y, width, 1, colour, true);
  }
  picture_rect(c->picture, x0, y0, width, height, INK, false);
  snprintf(words, sizeof words, "+%.2f %%", 100 * o->tension_limit);
  picture_text(c->picture, x0 + width + 4, y0 - 2, words, INK, 2);
  picture_text(c->picture, x0 + width + 4, y0 + 18, "tension", INK, 2);
  picture_text(c->picture, x0 + width + 4, y0 + height / 2 - 7, "0", INK, 2);
  snprintf(words, sizeof words, "-%.2f %%", 100 * o->compression_limit);
  picture_text(c->picture, x0 + width + 4, y0 + height - 32, words, INK, 2);
  picture_text(c->picture, x0 + width + 4, y0 + height - 12, "compr.", INK, 2);
}

/* A length of 1, 2 or 5 times a power of ten that is about 60 px, above the colour bar. */
static void draw_length(const struct canvas *c, int x0, int y0) {
  const double px_mm = c->pixels / c->model->grid.spacing[0], about = 60 / px_mm;
  const double ten = pow(10, floor(log10(about))), share = about / ten;
  const double length_mm = ten * (share < 2 ? 1 : share < 5 ? 2 : 5);
  char words[32];
  snprintf(words, sizeof words, "%g mm", length_mm);
  picture_text(c->picture, x0, y0, words, INK, 2);
  picture_rect(c->picture, x0, y0 + 18, (int)lround(length_mm * px_mm), 3, INK, true);
}

static status signed_measure(float **out, const struct fea_model *m, const struct fea_fields *f,
                             const struct fea_failure_options *o, double scale) {
  status st = ST_OK;
  const int64_t n = geometry_voxels(&m->grid);
  float *box = malloc((size_t)n * sizeof *box);
  uint8_t *judged = malloc((size_t)n);
  CHECK(box && judged, ST_MEMORY, "figure: no memory for %lld voxels", (long long)n);
  TRY(fea_failure_judged(judged, m, o));
  for (int64_t v = 0; v < n; v++) box[v] = NAN;
  for (int64_t e = 0; e < f->count; e++) {
    const int64_t v = f->voxel[e];
    if (!judged[v]) continue;
    const double pull = (double)f->tension[e] / o->tension_limit;
    const double push = -(double)f->compression[e] / o->compression_limit;
    box[v] = (float)(scale * (pull > push ? pull : -push));
  }
  *out = box;
  box = NULL;
done:
  free(box);
  free(judged);
  return st;
}

status fea_figure(struct picture **out, const struct fea_model *model,
                  const struct fea_fields *fields, const struct fea_failure *failure,
                  const struct fea_failure_options *options, double scale,
                  const struct fea_view *views, int count, int least_width, const char *caption) {
  status st = ST_OK;
  struct canvas c = {.model = model};
  float *box = NULL;
  int64_t n[3], wide = 0, high = 0;
  CHECK(count >= 1 && count <= PANELS, ST_USAGE, "figure: %d panels, 1 .. %d", count, PANELS);
  extents(model, n);
  for (int p = 0; p < count; p++) {
    wide += n[views[p].right];
    if (n[views[p].up] > high) high = n[views[p].up];
  }
  const int frame = MARGIN * (count + 1) + BAR;
  c.pixels = (int)ceil((least_width - frame) / (double)wide);
  if (c.pixels < 1) c.pixels = 1;
  TRY(signed_measure(&box, model, fields, options, scale));
  c.signed_measure = box;
  const int height = TITLE + MARGIN + (int)high * c.pixels + FOOT + MARGIN;
  TRY(picture_create(&c.picture, frame + (int)wide * c.pixels, height, WHITE));
  int x = MARGIN;
  for (int p = 0; p < count; p++) {
    const int y = TITLE + MARGIN + (int)(high - n[views[p].up]) * c.pixels;
    draw_panel(&c, &views[p], x, y);
    draw_supports(&c, &views[p], x, y);
    if (failure && failure->site_voxel >= 0) draw_site(&c, &views[p], failure->site_voxel, x, y);
    x += (int)n[views[p].right] * c.pixels + MARGIN;
  }
  draw_bar(&c, options, x, TITLE + MARGIN, (int)high * c.pixels > 240 ? 240 : (int)high * c.pixels);
  draw_length(&c, x, 12);
  if (caption) picture_text(c.picture, MARGIN, height - FOOT, caption, INK, 2);
  *out = c.picture;
  c.picture = NULL;
done:
  picture_destroy(c.picture);
  free(box);
  return st;
}
