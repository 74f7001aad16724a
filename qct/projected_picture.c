/* The picture of the projection: areal density, regions, values. */
#include "qct/projected.h"

#include <math.h>
#include <stdio.h>

enum { ZOOM = 5, HEAD = 40, CELL = 6, COLUMNS = 23 }; /* CELL: advance of a letter of scale 1 */
static const uint32_t INK = 0xE8E8E8, PAPER = 0x14161A, DIM = 0x9AA0A8;
static const double WHITE = 2.0; /* g/cm2 */

static enum hip_region region_at(const struct qct_projected *p, const struct hip_frame *f,
                                 const struct vec3 axes[3], double i, double j) {
  struct vec3 at = vec3_along(vec3_along(f->origin, p->x0 + i, axes[0]), p->z0 + j, axes[2]);
  return hip_frame_projected_region(f, at);
}

/* Bilinear value of an image of pixels. */
static double value_at(const struct qct_projected *p, const float *image, double x, double z) {
  int i = (int)floor(x), j = (int)floor(z);
  double u = x - i, v = z - j, sum = 0;
  for (int k = 0; k < 4; k++) {
    int a = i + (k & 1), b = j + (k >> 1);
    if (a < 0 || b < 0 || a >= p->nx || b >= p->nz) continue;
    sum += (k & 1 ? u : 1 - u) * (k >> 1 ? v : 1 - v) * (double)image[(int64_t)b * p->nx + a];
  }
  return sum;
}

static uint32_t grey(double abmd) {
  int v = (int)lround(255 * sqrt(fmin(fmax(abmd / WHITE, 0), 1)));
  return (uint32_t)(v << 16 | v << 8 | v);
}

/* Picture column and row to place in the image; seen from the front, so that the patient's right is
 * at the left: medial is at the right of a right femur. */
static void place_of(const struct qct_projected *p, bool right_side, int px, int py, double *x,
                     double *z) {
  double across = (px + 0.5) / ZOOM - 0.5;
  *x = right_side ? across : p->nx - 1 - across;
  *z = p->nz - 1 - ((py - HEAD + 0.5) / ZOOM - 0.5);
}

static void draw_image(struct picture *pic, const struct qct_projected *p,
                       const struct hip_frame *f) {
  struct vec3 axes[3];
  bool right_side = f->side == SIDE_RIGHT;
  hip_frame_axes(f, axes);
  for (int y = HEAD; y < HEAD + p->nz * ZOOM; y++)
    for (int x = 0; x < p->nx * ZOOM; x++) {
      double u, v, u2, v2;
      place_of(p, right_side, x, y, &u, &v);
      place_of(p, right_side, x + 1, y + 1, &u2, &v2);
      picture_pixel(pic, x, y, grey(value_at(p, p->abmd, u, v)));
      bool in = value_at(p, p->covered, u, v) >= 0.5;
      bool edge = in != (value_at(p, p->covered, u2, v) >= 0.5) ||
                  in != (value_at(p, p->covered, u, v2) >= 0.5);
      enum hip_region here = region_at(p, f, axes, u, v);
      bool border =
          in && (here != region_at(p, f, axes, u2, v) || here != region_at(p, f, axes, u, v2));
      if (edge) picture_pixel(pic, x, y, COLOUR_SKY);
      if (border) picture_pixel(pic, x, y, COLOUR_ORANGE);
    }
}

/* Letters grow with the picture, which a page shrinks to its own height. */
static int letters_of(int height) {
  enum { SHOWN = 768 }; /* px: 48rem of report/style.c */
  return height > SHOWN ? (2 * height + SHOWN - 1) / SHOWN : 2;
}

/* One line, and the place of the next. */
static int say(struct picture *pic, int x, int y, const char *words, uint32_t colour, int scale) {
  picture_text(pic, x, y, words, colour, scale);
  return y + 10 * scale;
}

static void draw_values(struct picture *pic, const struct qct_projected *p, int left, int scale) {
  static const char *const names[] = {"neck", "trochanter", "intertrochanter", "total"};
  static const int regions[] = {HIP_NECK, HIP_TROCHANTER, HIP_INTERTROCHANTER, 0};
  const struct projected_amount *const amounts[] = {&p->regions[HIP_NECK],
                                                    &p->regions[HIP_TROCHANTER],
                                                    &p->regions[HIP_INTERTROCHANTER], &p->total};
  char line[96], reason[160];
  bool cut = false;
  snprintf(line, sizeof line, "%6s %7s %7s", "g/cm2", "g", "cm2");
  int y = say(pic, left, HEAD + 10, line, DIM, scale);
  for (int i = 0; i < 4; i++) {
    y = say(pic, left, y + 4 * scale, names[i], DIM, scale);
    snprintf(line, sizeof line, "%6.3f %7.2f %7.1f", amounts[i]->abmd, amounts[i]->bmc_g,
             amounts[i]->area_cm2);
    qct_projected_reason(reason, p, regions[i]);
    cut = cut || reason[0];
    y = say(pic, left, y, reason[0] ? "withheld" : line, reason[0] ? COLOUR_RED : INK, scale);
  }
  y += 6 * scale;
  if (cut) {
    y = say(pic, left, y, "the end of the bone or", COLOUR_RED, scale);
    y = say(pic, left, y, "scan cuts a region", COLOUR_RED, scale);
  }
  snprintf(line, sizeof line, "uncorrected %s", material_name(p->material));
  y = say(pic, left, y, line, COLOUR_YELLOW, scale);
  y = say(pic, left, y, "projection, not DXA", COLOUR_YELLOW, scale);
  y = say(pic, left, y, "white: 2 g/cm2 or more,", DIM, scale);
  say(pic, left, y, "square root scale", DIM, scale);
}

status qct_projected_picture(struct picture **out, const struct qct_projected *p,
                             const struct hip_frame *frame) {
  const int least = 420, gap = 14; /* px; `least` holds the values */
  status st = ST_OK;
  struct picture *pic = NULL;
  char title[64];
  int height = HEAD + p->nz * ZOOM;
  if (height < least) height = least;
  int scale = letters_of(height);
  TRY(picture_create(&pic, p->nx * ZOOM + 2 * gap + COLUMNS * CELL * scale, height, PAPER));
  draw_image(pic, p, frame);
  draw_values(pic, p, p->nx * ZOOM + gap, scale);
  snprintf(title, sizeof title, "projected areal density, %s hip", side_name(frame->side));
  int title_scale = scale < 4 ? scale : 4; /* as HEAD takes */
  picture_text(pic, 8, (HEAD - 7 * title_scale) / 2, title, INK, title_scale);
  picture_rect(pic, 12, height - 6 - 2 * scale, 20 * ZOOM, 2 * scale, INK, true);
  picture_text(pic, 12, height - 10 - 10 * scale, "20 mm", INK, scale);
  *out = pic;
  pic = NULL;
done:
  picture_destroy(pic);
  return st;
}
