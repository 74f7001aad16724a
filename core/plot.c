#define _POSIX_C_SOURCE 200809L
#include "core/file.h"
#include "core/plot_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(struct plot *p, const char *s) {
  char *copy = s ? strdup(s) : NULL;
  if (s && !copy) p->failed = true;
  return copy;
}

static double *copy_numbers(struct plot *p, const double *x, int n) {
  if (!x || n < 1) return NULL;
  double *copy = malloc((size_t)n * sizeof *copy);
  if (copy)
    memcpy(copy, x, (size_t)n * sizeof *copy);
  else
    p->failed = true;
  return copy;
}

status plot_create(struct plot **out, int width, int height, const char *x_label,
                   const char *y_label) {
  status st = ST_OK;
  struct plot *p = NULL;
  CHECK(width >= 120 && height >= 90 && width <= 4000 && height <= 4000, ST_DOMAIN,
        "making a plot of %d x %d px: permitted 120 x 90 to 4000 x 4000", width, height);
  p = calloc(1, sizeof *p);
  CHECK(p, ST_MEMORY, "making a plot");
  p->width = width;
  p->height = height;
  p->x.label = copy_text(p, x_label);
  p->y.label = copy_text(p, y_label);
  *out = p;
done:
  return st;
}

void plot_destroy(struct plot *p) {
  if (!p) return;
  for (int i = 0; i < p->series_count; i++) {
    struct plot_series *s = &p->series[i];
    for (int j = 0; s->names && j < s->n; j++) free(s->names[j]);
    free(s->names);
    free(s->label);
    free(s->x);
    free(s->y);
    free(s->low);
    free(s->high);
  }
  for (int i = 0; i < p->note_count; i++) free(p->notes[i].text);
  free(p->series);
  free(p->notes);
  free(p->title);
  free(p->x.label);
  free(p->y.label);
  free(p);
}

static struct plot_series *add(struct plot *p, enum plot_kind kind, int n, uint32_t colour,
                               const char *label) {
  struct plot_series *grown = realloc(p->series, (size_t)(p->series_count + 1) * sizeof *grown);
  if (!grown) return p->failed = true, NULL;
  p->series = grown;
  struct plot_series *s = &p->series[p->series_count++];
  *s = (struct plot_series){.kind = kind, .n = n < 0 ? 0 : n, .colour = colour};
  s->label = copy_text(p, label);
  return s;
}

static void add_xy(struct plot *p, enum plot_kind kind, const double *x, const double *y, int n,
                   uint32_t colour, const char *label) {
  struct plot_series *s = add(p, kind, n, colour, label);
  if (!s) return;
  s->x = copy_numbers(p, x, n);
  s->y = copy_numbers(p, y, n);
}

static void add_range(struct plot *p, enum plot_kind kind, const double *x, const double *low,
                      const double *high, int n, uint32_t colour, const char *label) {
  struct plot_series *s = add(p, kind, n, colour, label);
  if (!s) return;
  s->x = copy_numbers(p, x, n);
  s->low = copy_numbers(p, low, n);
  s->high = copy_numbers(p, high, n);
}

void plot_title(struct plot *p, const char *title) {
  free(p->title);
  p->title = copy_text(p, title);
}

void plot_range_x(struct plot *p, double low, double high) {
  p->x = (struct plot_axis){.label = p->x.label, .low = low, .high = high, .fixed = high > low};
}

void plot_range_y(struct plot *p, double low, double high) {
  p->y = (struct plot_axis){.label = p->y.label, .low = low, .high = high, .fixed = high > low};
}

void plot_points(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
                 const char *label) {
  add_xy(p, POINTS, x, y, n, colour, label);
}

void plot_line(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
               const char *label) {
  add_xy(p, LINE, x, y, n, colour, label);
}

void plot_dashed(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
                 const char *label) {
  add_xy(p, DASHED, x, y, n, colour, label);
}

void plot_steps(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
                const char *label) {
  add_xy(p, STEPS, x, y, n, colour, label);
}

void plot_band(struct plot *p, const double *x, const double *low, const double *high, int n,
               uint32_t colour, const char *label) {
  add_range(p, BAND, x, low, high, n, colour, label);
}

void plot_error_bars(struct plot *p, const double *x, const double *low, const double *high, int n,
                     uint32_t colour) {
  add_range(p, ERRORS, x, low, high, n, colour, NULL);
}

void plot_bars(struct plot *p, const char *const *names, const double *values, int n,
               uint32_t colour) {
  struct plot_series *s = add(p, BARS, n, colour, NULL);
  if (!s) return;
  s->x = copy_numbers(p, values, n);
  s->names = calloc((size_t)(n > 0 ? n : 1), sizeof *s->names);
  if (!s->names) p->failed = true;
  for (int i = 0; s->names && i < n; i++) s->names[i] = copy_text(p, names[i]);
}

void plot_note(struct plot *p, double x, double y, const char *text) {
  struct plot_note_text *grown = realloc(p->notes, (size_t)(p->note_count + 1) * sizeof *grown);
  if (!grown) {
    p->failed = true;
    return;
  }
  p->notes = grown;
  p->notes[p->note_count++] = (struct plot_note_text){x, y, copy_text(p, text)};
}

/* The ground and ink of a report (report/style.c). */
static const char file_style[] =
    "\n<style>:root{background:#fff;color:#1d2329;font-family:system-ui,sans-serif}"
    "@media (prefers-color-scheme:dark){:root{background:#14181c;color:#e8ebed}}</style>\n";

status plot_write(const char *path, const struct text *svg, bool force) {
  status st = ST_OK;
  struct text t = {0};
  TRY(text_check(svg, "a plot"));
  const char *end = svg->data && svg->data[0] == '<' ? strchr(svg->data, '>') : NULL;
  CHECK(end, ST_FORMAT, "writing %s: that is no SVG element", path);
  size_t head = (size_t)(end + 1 - svg->data);
  text_append_raw(&t, svg->data, head);
  text_append(&t, "%s", file_style);
  text_append_raw(&t, svg->data + head, svg->length - head);
  TRY(text_check(&t, "a plot"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}
