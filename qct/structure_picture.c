/* The sheet of a hip's sections. */
#include "qct/structure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PANEL_W = 420, PANEL_H = 514, HEAD = 108, LINE = 24, LETTERS = 33, COLUMNS = 3, ROWS = 2 };
/* LETTERS of size 2 go into the width of a panel, three lines of them below its title. */
static const double PIXEL = 0.25; /* mm, of the sections */
static const uint32_t INK = 0xE8E8E8, PAPER = 0x14161A, DIM = 0x9AA0A8;
static const uint32_t OUTER = COLOUR_SKY, INNER = COLOUR_ORANGE, AXES = COLOUR_YELLOW;

static void window_of(const struct qct_structure *s, double *low, double *high) {
  *low = s->has_density ? -150 : -200;
  *high = s->has_density ? 1300 : 1500;
}

/* ---- a section ---- */

static bool in_share(const struct structure_raster *r, const float *share, int i, int j) {
  return i >= 0 && j >= 0 && i < r->nx && j < r->ny && share[(int64_t)j * r->nx + i] >= 0.5F;
}

/* Panel position of a place in the section. */
static void panel_at(const double centre[2], double front, double up, double *x, double *y) {
  *x = PANEL_W / 2.0 + (front - centre[0]) / PIXEL;
  *y = HEAD + (PANEL_H - HEAD) / 2.0 - (up - centre[1]) / PIXEL;
}

static void draw_outline(struct picture *p, const struct structure_raster *r, const float *share,
                         const double centre[2], uint32_t colour) {
  for (int j = 0; j < r->ny; j++)
    for (int i = 0; i < r->nx; i++) {
      double x, y;
      if (!in_share(r, share, i, j)) continue;
      if (in_share(r, share, i - 1, j) && in_share(r, share, i + 1, j) &&
          in_share(r, share, i, j - 1) && in_share(r, share, i, j + 1))
        continue;
      panel_at(centre, r->front0 + i * r->step, r->up0 + j * r->step, &x, &y);
      picture_pixel(p, (int)lround(x), (int)lround(y), colour);
    }
}

/* Centroid of the bone, in the section's coordinates. */
static void bone_centre(const struct structure_raster *r, double out[2]) {
  double s = 0;
  out[0] = out[1] = 0;
  for (int j = 0; j < r->ny; j++)
    for (int i = 0; i < r->nx; i++) {
      double w = (double)r->bone[(int64_t)j * r->nx + i];
      s += w;
      out[0] += w * (r->front0 + i * r->step);
      out[1] += w * (r->up0 + j * r->step);
    }
  out[0] /= s;
  out[1] /= s;
}

static void draw_axes(struct picture *p, double theta_deg) {
  const double length = 34, rad = theta_deg * 3.14159265358979323846 / 180;
  double x = PANEL_W / 2.0, y = HEAD + (PANEL_H - HEAD) / 2.0, c = cos(rad), s = sin(rad);
  picture_line(p, x - length * c, y + length * s, x + length * c, y - length * s, AXES, 1);
  picture_line(p, x + length * s / 2, y + length * c / 2, x - length * s / 2, y - length * c / 2,
               AXES, 1);
  picture_circle(p, x, y, 3, AXES, 1);
}

/* The n-th line below the title. */
static void line(struct picture *p, int n, const char *words, uint32_t colour) {
  picture_text(p, 8, 36 + LINE * n, words, colour, 2);
}

/* Words over the lines there are, broken at blanks. */
static void paragraph(struct picture *p, int n, const char *words, uint32_t colour) {
  char part[LETTERS + 1];
  for (; n < 3 && *words; n++) {
    size_t take = strlen(words);
    if (take > LETTERS)
      for (take = LETTERS; take > 1 && words[take] != ' ';) take--;
    snprintf(part, sizeof part, "%.*s", (int)take, words);
    line(p, n, part, colour);
    words += take;
    while (*words == ' ') words++;
  }
}

static void say(char *to, size_t size, const char *name, double value, const char *unit) {
  size_t used = strlen(to);
  if (isnan(value))
    snprintf(to + used, size - used, "%s%s -", used ? "  " : "", name);
  else
    snprintf(to + used, size - used, "%s%s %.3g%s%s", used ? "  " : "", name, value,
             unit[0] ? " " : "", unit);
}

static void draw_words(struct picture *p, const struct qct_structure *q,
                       const struct structure_slab *s) {
  const double cortex = qct_structure_cortex_known(q) ? 1 : (double)NAN; /* NaN is not said */
  char title[64], first[160] = "", second[160] = "", third[160] = "";
  double area = s->mean[structure_of_family(STRUCTURE_G, SF_AREA)] / 100;
  snprintf(title, sizeof title, "%s", structure_place_name(s->place));
  for (char *c = title; *c; c++)
    if (*c == '_') *c = ' ';
  picture_text(p, 8, 6, title, INK, 3);
  if (!s->measured) {
    line(p, 0, "withheld:", COLOUR_RED);
    paragraph(p, 1, s->reason, INK);
    return;
  }
  say(first, sizeof first, "area", area, "");
  say(first, sizeof first, "CSA c",
      cortex * s->mean[structure_of_family(STRUCTURE_C, SF_AREA)] / 100, "");
  say(first, sizeof first, "w", s->mean[structure_of_family(STRUCTURE_W, SF_AREA)] / 100, "");
  say(second, sizeof second, "CSMI g", s->mean[structure_of_family(STRUCTURE_G, SF_CSMI)] / 1e4,
      "");
  say(second, sizeof second, "c", cortex * s->mean[structure_of_family(STRUCTURE_C, SF_CSMI)] / 1e4,
      "");
  say(second, sizeof second, "w", s->mean[structure_of_family(STRUCTURE_W, SF_CSMI)] / 1e4, "");
  say(third, sizeof third, "SPW", s->mean[structure_of_section(SQ_SPW)], "");
  say(third, sizeof third, "cortex", cortex * s->mean[structure_of_section(SQ_ACT)], "mm");
  say(third, sizeof third, "BR", cortex * s->mean[structure_of_family(STRUCTURE_C, SF_BR)], "");
  strncat(first, " cm2", sizeof first - strlen(first) - 1); /* of the whole line */
  strncat(second, " cm4", sizeof second - strlen(second) - 1);
  line(p, 0, first, INK);
  line(p, 1, second, INK);
  line(p, 2, third, INK);
}

static status draw_section(struct picture **out, const struct qct_structure *q,
                           const struct structure_slab *s) {
  status st = ST_OK;
  struct picture *panel = NULL, *slice = NULL;
  double low, high, centre[2];
  const struct structure_raster *r = &s->middle;
  bool lateral = s->place == STRUCTURE_SHAFT;
  TRY(picture_create(&panel, PANEL_W, PANEL_H, PAPER));
  if (r->bone) {
    window_of(q, &low, &high);
    bone_centre(r, centre);
    struct picture_plane plane = {.right = s->front,
                                  .down = vec3_scale(s->up, -1),
                                  .width_mm = (PANEL_W - 8) * PIXEL,
                                  .height_mm = (PANEL_H - HEAD - 8) * PIXEL,
                                  .pixel_mm = PIXEL};
    plane.centre = vec3_along(vec3_along(s->centre, centre[0], s->front), centre[1], s->up);
    TRY(picture_slice(&slice, q->image, &plane, low, high));
    picture_place(panel, slice, 4, HEAD + 4);
    draw_outline(panel, r, r->bone, centre, OUTER);
    if (r->marrow) draw_outline(panel, r, r->marrow, centre, INNER);
    draw_axes(panel, s->mean[structure_of_family(STRUCTURE_G, SF_THETA)]);
    picture_text(panel, PANEL_W / 2 - 44, HEAD + 10, lateral ? "lateral" : "superior", DIM, 2);
    picture_text(panel, PANEL_W - 104, HEAD + (PANEL_H - HEAD) / 2, "anterior", DIM, 2);
    picture_rect(panel, 12, PANEL_H - 18, (int)(10 / PIXEL), 3, INK, true);
    picture_text(panel, 12, PANEL_H - 38, "10 mm", INK, 2);
  }
  draw_words(panel, q, s);
  *out = panel;
  panel = NULL;
done:
  picture_destroy(panel);
  picture_destroy(slice);
  return st;
}

/* ---- where the sections lie ---- */

static void draw_slab(struct picture *p, const struct picture_plane *plane,
                      const struct structure_slab *s, double top) {
  const struct structure_raster *r = &s->middle;
  double low = -25, high = 25;
  if (r->bone) {
    low = r->up0 + 6;
    high = r->up0 + r->ny * r->step - 6;
  }
  for (int side = -1; side <= 1; side += 2) {
    double x0, y0, x1, y1;
    struct vec3 c = vec3_along(s->centre, 2.5 * side, s->normal);
    picture_project(plane, vec3_along(c, low, s->up), &x0, &y0);
    picture_project(plane, vec3_along(c, high, s->up), &x1, &y1);
    picture_line(p, x0 + 4, y0 + top, x1 + 4, y1 + top, s->measured ? COLOUR_GREEN : COLOUR_RED, 1);
  }
}

static status draw_locator(struct picture **out, const struct qct_structure *q,
                           const struct hip_frame *f) {
  status st = ST_OK;
  struct picture *panel = NULL, *slice = NULL;
  struct vec3 axes[3];
  double low, high, pixel = 0.4;
  char title[64];
  hip_frame_axes(f, axes);
  TRY(picture_create(&panel, PANEL_W, PANEL_H, PAPER));
  window_of(q, &low, &high);
  /* seen from the front: the patient's right at the left */
  struct picture_plane plane = {.right = vec3_scale(axes[0], q->side == SIDE_RIGHT ? 1 : -1),
                                .down = vec3_scale(axes[2], -1),
                                .width_mm = (PANEL_W - 8) * pixel,
                                .height_mm = (PANEL_H - HEAD - 8) * pixel,
                                .pixel_mm = pixel};
  plane.centre = vec3_along(vec3_along(f->origin, 8, axes[0]), -15, axes[2]);
  TRY(picture_slice(&slice, q->image, &plane, low, high));
  picture_place(panel, slice, 4, HEAD + 4);
  for (int p = 0; p < STRUCTURE_PLACES; p++)
    if (!isnan(q->slabs[p].centre.x)) draw_slab(panel, &plane, &q->slabs[p], HEAD + 4);
  snprintf(title, sizeof title, "hip structure, %s", side_name(q->side));
  picture_text(panel, 8, 6, title, INK, 3);
  line(panel, 0, "green: the slabs of 5 mm", DIM);
  line(panel, 1, "blue periosteal, orange endosteal", DIM);
  line(panel, 2, "yellow principal axes", DIM);
  *out = panel;
  panel = NULL;
done:
  picture_destroy(panel);
  picture_destroy(slice);
  return st;
}

status qct_structure_picture(struct picture **out, const struct qct_structure *s,
                             const struct hip_frame *frame) {
  status st = ST_OK;
  struct picture *sheet = NULL, *panel = NULL;
  TRY(picture_create(&sheet, PANEL_W * COLUMNS, PANEL_H * ROWS, PAPER));
  for (int i = 0; i <= STRUCTURE_PLACES; i++) {
    if (i == 0)
      TRY(draw_locator(&panel, s, frame));
    else
      TRY(draw_section(&panel, s, &s->slabs[i - 1]));
    picture_place(sheet, panel, PANEL_W * (i % COLUMNS), PANEL_H * (i / COLUMNS));
    picture_destroy(panel);
    panel = NULL;
  }
  *out = sheet;
  sheet = NULL;
done:
  picture_destroy(sheet);
  picture_destroy(panel);
  return st;
}
