/* The picture of the projection: areal density, regions, values. */
#include "qct/projected.h"

#include <math.h>
#include <stdio.h>

enum { ZOOM = 5, HEAD = 40, SIDE = 300 };
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

static void draw_values(struct picture *pic, const struct qct_projected *p, int left) {
  static const char *const names[] = {"neck", "trochanter", "intertrochanter", "total"};
  static const int regions[] = {HIP_NECK, HIP_TROCHANTER, HIP_INTERTROCHANTER, 0};
  const struct projected_amount *const amounts[] = {&p->regions[HIP_NECK],
                                                    &p->regions[HIP_TROCHANTER],
                                                    &p->regions[HIP_INTERTROCHANTER], &p->total};
  char line[96], reason[160];
  int y = HEAD + 10;
  bool cut = false;
  picture_text(pic, left, y, "g/cm2      g     cm2", DIM, 1);
  for (int i = 0; i < 4; i++) {
    picture_text(pic, left, y + 18, names[i], DIM, 2);
    snprintf(line, sizeof line, "%.3f %.2f %.1f", amounts[i]->abmd, amounts[i]->bmc_g,
             amounts[i]->area_cm2);
    qct_projected_reason(reason, p, regions[i]);
    cut = cut || reason[0];
    picture_text(pic, left, y + 38, reason[0] ? "withheld" : line, reason[0] ? COLOUR_RED : INK, 2);
    y += 52;
  }
  snprintf(line, sizeof line, "uncorrected %s projection,", material_name(p->material));
  picture_text(pic, left, y + 20, line, COLOUR_YELLOW, 1);
  picture_text(pic, left, y + 32, "not DXA", COLOUR_YELLOW, 1);
  if (cut)
    picture_text(pic, left, y + 52, "the end of the bone or scan cuts a region", COLOUR_RED, 1);
  picture_text(pic, left, y + 72, "white: 2 g/cm2, square root scale", DIM, 1);
}

status qct_projected_picture(struct picture **out, const struct qct_projected *p,
                             const struct hip_frame *frame) {
  status st = ST_OK;
  struct picture *pic = NULL;
  char title[64];
  int height = HEAD + p->nz * ZOOM, least = 420;
  TRY(picture_create(&pic, p->nx * ZOOM + SIDE, height > least ? height : least, PAPER));
  draw_image(pic, p, frame);
  draw_values(pic, p, p->nx * ZOOM + 14);
  snprintf(title, sizeof title, "projected areal density, %s hip", side_name(frame->side));
  picture_text(pic, 8, 10, title, INK, 2);
  picture_rect(pic, 12, pic->height - 14, 10 * ZOOM, 3, INK, true);
  picture_text(pic, 12, pic->height - 26, "10 mm", INK, 1);
  *out = pic;
  pic = NULL;
done:
  picture_destroy(pic);
  return st;
}
