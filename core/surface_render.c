#include "core/surface_render.h"

#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUB = 2, MARGIN = 14, LETTER = 7 };
static const uint32_t PAPER = 0xFFFFFF, INK = 0x202428, NO_VALUE = 0xB4B4B4, BONE = 0xE8DCC0;

struct panel { /* one view, in sub-pixels */
  struct vec3 right, down, eye;
  double left, top;     /* of the object along right and down [mm] */
  double scale;         /* sub-pixels per mm */
  int width, height;    /* sub-pixels */
  float *depth;         /* owned, along eye; -infinity nothing */
  float *value, *shade; /* owned */
};

void surface_views_standard(struct surface_view out[4], int side) {
  const struct vec3 up = vec3_make(0, 0, 1);
  /* LPS: the middle of the body lies towards +x for the right side */
  const double medial = side >= 0 ? 1 : -1;
  out[0] = (struct surface_view){vec3_make(0, -1, 0), up, "anterior"};
  out[1] = (struct surface_view){vec3_make(0, 1, 0), up, "posterior"};
  out[2] = (struct surface_view){vec3_make(medial, 0, 0), up, side ? "medial" : "left"};
  out[3] = (struct surface_view){vec3_make(-medial, 0, 0), up, side ? "lateral" : "right"};
}

/* ---- one panel ---- */

static status panel_place(struct panel *p, const struct surface *s, const struct surface_view *v) {
  status st = ST_OK;
  double right = -INFINITY, bottom = -INFINITY;
  p->eye = vec3_unit(v->eye);
  p->right = vec3_cross(v->up, p->eye);
  CHECK(vec3_length(p->right) > 1e-6, ST_DOMAIN,
        "drawing a surface: the upward direction of view \"%s\" lies along the line of sight",
        v->name ? v->name : "");
  p->right = vec3_unit(p->right);
  p->down = vec3_cross(p->right, p->eye);
  p->left = p->top = INFINITY;
  for (int64_t i = 0; i < s->vertex_count; i++) {
    double x = vec3_dot(s->vertices[i], p->right), y = vec3_dot(s->vertices[i], p->down);
    p->left = fmin(p->left, x);
    p->top = fmin(p->top, y);
    right = fmax(right, x);
    bottom = fmax(bottom, y);
  }
  /* the extents wait in width and height until the scale is known */
  p->width = (int)ceil(1000 * (right - p->left));
  p->height = (int)ceil(1000 * (bottom - p->top));
done:
  return st;
}

static status panel_size(struct panel *p, double scale) {
  status st = ST_OK;
  p->scale = scale;
  p->width = (int)ceil(p->width / 1000.0 * scale) + 2 * SUB;
  p->height = (int)ceil(p->height / 1000.0 * scale) + 2 * SUB;
  size_t n = (size_t)p->width * (size_t)p->height;
  p->depth = malloc(n * sizeof *p->depth);
  p->value = malloc(n * sizeof *p->value);
  p->shade = malloc(n * sizeof *p->shade);
  CHECK(p->depth && p->value && p->shade, ST_MEMORY, "drawing a surface of %d x %d samples",
        p->width, p->height);
  for (size_t i = 0; i < n; i++) p->depth[i] = -INFINITY;
done:
  return st;
}

static void panel_free(struct panel *p) {
  free(p->depth);
  free(p->value);
  free(p->shade);
}

struct corner { /* of a triangle, on the panel */
  double x, y, depth, value, shade;
};

static double light(const struct panel *p, struct vec3 normal) {
  struct vec3 from = vec3_unit(vec3_along(vec3_along(p->eye, -0.5, p->right), -0.5, p->down));
  double facing = vec3_dot(normal, from);
  return 0.55 + 0.45 * fmax(0, facing);
}

static struct corner project(const struct panel *p, const struct surface *s,
                             const struct surface_paint *paint, int32_t vertex) {
  struct vec3 at = s->vertices[vertex];
  struct corner c = {.x = (vec3_dot(at, p->right) - p->left) * p->scale + SUB,
                     .y = (vec3_dot(at, p->down) - p->top) * p->scale + SUB,
                     .depth = vec3_dot(at, p->eye),
                     .value = paint->values ? paint->values[vertex] : 0,
                     .shade = light(p, s->normals[vertex])};
  return c;
}

static void fill(struct panel *p, const struct corner c[3]) {
  double area = (c[1].x - c[0].x) * (c[2].y - c[0].y) - (c[2].x - c[0].x) * (c[1].y - c[0].y);
  if (fabs(area) < 1e-12) return;
  int x0 = (int)fmax(0, floor(fmin(c[0].x, fmin(c[1].x, c[2].x))));
  int y0 = (int)fmax(0, floor(fmin(c[0].y, fmin(c[1].y, c[2].y))));
  int x1 = (int)fmin(p->width - 1, ceil(fmax(c[0].x, fmax(c[1].x, c[2].x))));
  int y1 = (int)fmin(p->height - 1, ceil(fmax(c[0].y, fmax(c[1].y, c[2].y))));
  for (int y = y0; y <= y1; y++)
    for (int x = x0; x <= x1; x++) {
      double a = ((c[1].x - x) * (c[2].y - y) - (c[2].x - x) * (c[1].y - y)) / area;
      double b = ((c[2].x - x) * (c[0].y - y) - (c[0].x - x) * (c[2].y - y)) / area, d = 1 - a - b;
      if (a < -1e-9 || b < -1e-9 || d < -1e-9) continue;
      size_t at = (size_t)y * (size_t)p->width + (size_t)x;
      float depth = (float)(a * c[0].depth + b * c[1].depth + d * c[2].depth);
      if (depth <= p->depth[at]) continue;
      p->depth[at] = depth;
      p->value[at] = (float)(a * c[0].value + b * c[1].value + d * c[2].value);
      p->shade[at] = (float)(a * c[0].shade + b * c[1].shade + d * c[2].shade);
    }
}

static void panel_draw(struct panel *p, const struct surface *s,
                       const struct surface_paint *paint) {
  for (int64_t t = 0; t < s->triangle_count; t++) {
    struct corner c[3];
    for (int e = 0; e < 3; e++) c[e] = project(p, s, paint, s->triangles[3 * t + e]);
    fill(p, c);
  }
}

/* ---- panels to pixels ---- */

static uint32_t scale_colour(const struct surface_paint *paint, double value) {
  if (!paint->values) return BONE;
  if (isnan(value)) return NO_VALUE;
  double share = (value - paint->low) / (paint->high - paint->low);
  return paint->diverging ? colour_diverging(share) : colour_sequential(share);
}

static void panel_put(struct picture *out, const struct panel *p, const struct surface_paint *paint,
                      int left, int top) {
  for (int y = 0; y < p->height / SUB; y++)
    for (int x = 0; x < p->width / SUB; x++) {
      double sum[3] = {0, 0, 0};
      for (int s = 0; s < SUB * SUB; s++) {
        size_t at = (size_t)(SUB * y + s / SUB) * (size_t)p->width + (size_t)(SUB * x + s % SUB);
        bool hit = p->depth[at] > -INFINITY;
        uint32_t colour = hit ? scale_colour(paint, (double)p->value[at]) : PAPER;
        double shade = hit ? (double)p->shade[at] : 1;
        for (int c = 0; c < 3; c++) sum[c] += shade * (double)(colour >> (16 - 8 * c) & 255);
      }
      uint32_t pixel = 0;
      for (int c = 0; c < 3; c++) pixel = pixel << 8 | (uint32_t)lrint(sum[c] / (SUB * SUB));
      picture_pixel(out, left + x, top + y, pixel);
    }
}

static double tick_step(double span) {
  double power = pow(10, floor(log10(span / 4))), rest = span / 4 / power;
  return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

/* Large pictures are shown smaller than they are: their letters are `text` times as large. */
static int bar_width(int text) {
  return 12 + 6 * text;
}

static int draw_scale(struct picture *p, int x, int y, int height, double low, double high,
                      bool diverging, const char *title, const char *unit, int text) {
  const int gap = 4 + 2 * text;
  const bool two_lines = text > 1 && unit[0];
  const int wide = bar_width(text);
  char label[96], second[32] = "";
  double step = tick_step(high - low);
  if (unit[0]) snprintf(second, sizeof second, "[%s]", unit);
  snprintf(label, sizeof label, "%s%s%s", title, unit[0] && !two_lines ? " " : "",
           two_lines ? "" : second);
  int width = picture_text(p, x, y, label, INK, text), top = y + LETTER * text + LETTER;
  if (two_lines) {
    picture_text(p, x, top, second, INK, text);
    top += LETTER * text + LETTER + LETTER * text / 2; /* the highest tick stands half above */
  }
  int bar = height - (top - y);
  for (int row = 0; row < bar; row++) {
    double share = 1 - row / (double)(bar - 1);
    picture_rect(p, x, top + row, wide, 1,
                 diverging ? colour_diverging(share) : colour_sequential(share), true);
  }
  picture_rect(p, x, top, wide, bar, INK, false);
  for (double tick = ceil(low / step - 1e-9) * step; tick <= high + 1e-9 * step; tick += step) {
    int at = top + (int)lrint((1 - (tick - low) / (high - low)) * (bar - 1));
    picture_rect(p, x + wide, at, 4, 1, INK, true);
    snprintf(label, sizeof label, "%.4g", fabs(tick) < 1e-9 * step ? 0 : tick);
    int end =
        wide + gap + picture_text(p, x + wide + gap, at - LETTER * text / 2, label, INK, text);
    width = width > end ? width : end;
  }
  return width;
}

int picture_colour_scale(struct picture *p, int x, int y, int height, double low, double high,
                         bool diverging, const char *title, const char *unit) {
  return draw_scale(p, x, y, height, low, high, diverging, title, unit, 1);
}

static void length_bar(struct picture *p, double px_per_mm, double extent_mm, int x, int y,
                       int text) {
  double length = extent_mm >= 30 ? 20 : extent_mm >= 3 ? 1 : 0.1;
  char label[24];
  int px = (int)lrint(length * px_per_mm);
  snprintf(label, sizeof label, "%g mm", length);
  picture_rect(p, x, y + 4, px, 3, INK, true);
  picture_text(p, x + px + 6, y + 5 - LETTER * text / 2, label, INK, text);
}

static bool any_missing(const struct panel *panels, int count) {
  for (int i = 0; i < count; i++)
    for (int64_t k = 0; k < (int64_t)panels[i].width * panels[i].height; k++)
      if (panels[i].depth[k] > -INFINITY && isnan(panels[i].value[k])) return true;
  return false;
}

static status lay_out(struct picture **out, struct panel *panels, const struct surface_paint *paint,
                      const struct surface_view *views, int count, double px_per_mm,
                      double extent_mm, int height_px) {
  status st = ST_OK;
  const int text = height_px < 500 ? 1 : 3;
  const int header = LETTER * text + 19, band = LETTER * text + 25;
  int width = MARGIN, tallest = 0, room = paint->values ? 55 + 95 * text : 0;
  for (int i = 0; i < count; i++) {
    width += panels[i].width / SUB + MARGIN;
    tallest = panels[i].height > tallest ? panels[i].height : tallest;
  }
  int height = header + tallest / SUB + band;
  TRY(picture_create(out, width + room, height, PAPER));
  int x = MARGIN;
  for (int i = 0; i < count; i++) {
    if (views[i].name) picture_text(*out, x, 8, views[i].name, INK, text);
    panel_put(*out, &panels[i], paint, x, header);
    x += panels[i].width / SUB + MARGIN;
  }
  length_bar(*out, px_per_mm, extent_mm, MARGIN, height - band + 10, text);
  if (!paint->values) goto done;
  int most = 160 + 80 * text, bar = height - header - band < most ? height - header - band : most;
  draw_scale(*out, x, 8, bar, paint->low, paint->high, paint->diverging,
             paint->title ? paint->title : "", paint->unit ? paint->unit : "", text);
  if (any_missing(panels, count)) {
    const int y = 16 + bar + LETTER * (text - 1); /* clear of the lowest tick */
    picture_rect(*out, x, y, bar_width(text), LETTER * text + 3, NO_VALUE, true);
    picture_text(*out, x + bar_width(text) + 4 + 2 * text, y + 2, "no value", INK, text);
  }
done:
  return st;
}

status surface_render(struct picture **out, const struct surface *s,
                      const struct surface_paint *paint, const struct surface_view *views,
                      int count, int height_px) {
  status st = ST_OK;
  static const struct surface_paint plain = {.values = NULL};
  struct panel panels[SURFACE_VIEWS_MOST];
  struct surface with = *s;
  int tallest = 1;
  memset(panels, 0, sizeof panels);
  with.normals = NULL;
  if (!paint) paint = &plain;
  CHECK(s->vertex_count > 0 && s->triangle_count > 0, ST_DOMAIN,
        "drawing a surface: it has no triangle");
  CHECK(count >= 1 && count <= SURFACE_VIEWS_MOST, ST_DOMAIN,
        "drawing a surface: %d views, permitted 1..%d", count, SURFACE_VIEWS_MOST);
  CHECK(height_px >= 100 && height_px <= 4000, ST_DOMAIN,
        "drawing a surface: height %d px, permitted 100..4000 px", height_px);
  CHECK(!paint->values || paint->high > paint->low, ST_DOMAIN,
        "drawing a surface: the scale %g..%g is empty", paint->low, paint->high);
  if (!s->normals) TRY(surface_normals(&with));
  struct surface shown = *s;
  if (!shown.normals) shown.normals = with.normals;
  for (int i = 0; i < count; i++) {
    TRY(panel_place(&panels[i], s, &views[i]));
    if (panels[i].height > tallest) tallest = panels[i].height;
  }
  double extent = tallest / 1000.0, px_per_mm = height_px / extent;
  for (int i = 0; i < count; i++) TRY(panel_size(&panels[i], px_per_mm * SUB));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1)
  for (int i = 0; i < count; i++) panel_draw(&panels[i], &shown, paint);
  TRY(lay_out(out, panels, paint, views, count, px_per_mm, extent, height_px));
done:
  for (int i = 0; i < count && i < SURFACE_VIEWS_MOST; i++) panel_free(&panels[i]);
  free(with.normals);
  return st;
}
