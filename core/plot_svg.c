/* Drawing a plot: ranges, ticks, series, legend and notes as one SVG element. */
#include "core/plot_model.h"

#include <math.h>
#include <string.h>

/* ---- ranges and ticks ---- */

static void widen(struct plot_axis *a, const double *values, int n) {
  for (int i = 0; values && i < n; i++) {
    if (!isfinite(values[i])) continue;
    a->low = fmin(a->low, values[i]);
    a->high = fmax(a->high, values[i]);
  }
}

/* Range of an axis from the series, with a margin; false when nothing finite was given. */
static bool choose_range(struct plot_axis *a, const struct plot *p, bool is_x) {
  const double zero = 0;
  if (a->fixed) return true;
  a->low = (double)INFINITY;
  a->high = -(double)INFINITY;
  for (int i = 0; i < p->series_count; i++) {
    const struct plot_series *s = &p->series[i];
    if (s->kind == BARS && !is_x) continue;
    widen(a, is_x ? s->x : s->y, s->n);
    if (s->kind == BARS) widen(a, &zero, 1);
    if (!is_x) widen(a, s->low, s->n);
    if (!is_x) widen(a, s->high, s->n);
  }
  if (!(a->high >= a->low)) return false;
  bool from_zero = a->low == 0;
  double margin = a->high > a->low ? 0.05 * (a->high - a->low) : fmax(1, fabs(a->high)) * 0.5;
  a->high += margin;
  if (!from_zero) a->low -= margin;
  return true;
}

/* 1, 2 or 5 times a power of ten, about `most` steps in the range */
static double tick_step(const struct plot_axis *a, int most) {
  double raw = (a->high - a->low) / most, power = pow(10, floor(log10(raw)));
  double lead = raw / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

static double share(const struct plot_axis *a, double value) {
  return (value - a->low) / (a->high - a->low);
}

/* ---- drawing ---- */

struct frame {
  double left, top, width, height; /* of the data area, px */
  struct plot_axis x, y;
};

static const char style_text[] = "fill=\"currentColor\" font-size=\"12\"";
enum { CHARACTER_PX = 7, LINE_PX = 18, LETTER_PX = 10 };

static double px(const struct frame *f, double x) {
  return fmin(1e6, fmax(-1e6, f->width * share(&f->x, x)));
}

static double py(const struct frame *f, double y) {
  return fmin(1e6, fmax(-1e6, f->height * (1 - share(&f->y, y))));
}

static void label(struct text *t, double x, double y, const char *anchor, const char *s) {
  text_append(t, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>", x, y, anchor, style_text);
  text_append_html(t, s);
  text_append(t, "</text>\n");
}

static void rule(struct text *t, double x0, double y0, double x1, double y1, double opacity) {
  text_append(t,
              "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"currentColor\" "
              "stroke-opacity=\"%g\"/>\n",
              x0, y0, x1, y1, opacity);
}

static void tick(struct text *t, const struct frame *f, bool is_x, double value, double step) {
  struct text number = {0};
  int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
  if (fabs(value) >= 1e6 || (step < 1e-4 && value != 0))
    text_append(&number, "%g", value);
  else
    text_append(&number, "%.*f", decimals > 9 ? 9 : decimals, fabs(value) < step / 1e6 ? 0 : value);
  if (is_x) {
    double x = f->left + px(f, value);
    rule(t, x, f->top, x, f->top + f->height, 0.15);
    label(t, x, f->top + f->height + 16, "middle", number.data ? number.data : "");
  } else {
    double y = f->top + py(f, value);
    rule(t, f->left, y, f->left + f->width, y, 0.15);
    label(t, f->left - 6, y + 4, "end", number.data ? number.data : "");
  }
  text_free(&number);
}

static void ticks(struct text *t, const struct frame *f, bool is_x) {
  const struct plot_axis *a = is_x ? &f->x : &f->y;
  double room = is_x ? f->width / 70 : f->height / 35;
  double step = tick_step(a, room < 2 ? 2 : room > 8 ? 8 : (int)room);
  for (double k = ceil(a->low / step - 1e-9); k * step <= a->high + step * 1e-9; k++)
    tick(t, f, is_x, k * step, step);
}

static bool drawable(double x, double y) {
  return isfinite(x) && isfinite(y);
}

static void draw_path(struct text *t, const struct frame *f, const struct plot_series *s) {
  bool pen_down = false;
  text_append(t, "<path fill=\"none\" stroke=\"#%06x\" stroke-width=\"2\"%s d=\"",
              (unsigned)s->colour, s->kind == DASHED ? " stroke-dasharray=\"6 4\"" : "");
  for (int i = 0; i < s->n; i++) {
    if (!drawable(s->x[i], s->y[i])) {
      pen_down = false;
      continue;
    }
    if (s->kind == STEPS && pen_down) text_append(t, "H%.2f", px(f, s->x[i]));
    text_append(t, "%c%.2f %.2f", pen_down ? 'L' : 'M', px(f, s->x[i]), py(f, s->y[i]));
    pen_down = true;
  }
  text_append(t, "\"/>\n");
}

static void draw_band(struct text *t, const struct frame *f, const struct plot_series *s) {
  bool first = true;
  text_append(t, "<path fill=\"#%06x\" fill-opacity=\"0.2\" d=\"", (unsigned)s->colour);
  for (int pass = 0; pass < 2; pass++)
    for (int k = 0; k < s->n; k++) {
      int i = pass ? s->n - 1 - k : k;
      if (!drawable(s->x[i], s->low[i]) || !drawable(s->x[i], s->high[i])) continue;
      text_append(t, "%c%.2f %.2f", first ? 'M' : 'L', px(f, s->x[i]),
                  py(f, pass ? s->low[i] : s->high[i]));
      first = false;
    }
  text_append(t, "%s\"/>\n", first ? "" : "Z");
}

static void draw_marks(struct text *t, const struct frame *f, const struct plot_series *s) {
  for (int i = 0; i < s->n; i++) {
    if (s->kind == POINTS && drawable(s->x[i], s->y[i]))
      text_append(t, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"4\" fill=\"#%06x\"/>\n", px(f, s->x[i]),
                  py(f, s->y[i]), (unsigned)s->colour);
    if (s->kind == ERRORS && drawable(s->x[i], s->low[i]) && drawable(s->x[i], s->high[i]))
      text_append(t,
                  "<path stroke=\"#%06x\" stroke-width=\"1.5\" d=\"M%.2f %.2fV%.2fM%.2f %.2fh8"
                  "M%.2f %.2fh8\"/>\n",
                  (unsigned)s->colour, px(f, s->x[i]), py(f, s->low[i]), py(f, s->high[i]),
                  px(f, s->x[i]) - 4, py(f, s->low[i]), px(f, s->x[i]) - 4, py(f, s->high[i]));
  }
}

static void draw_bars(struct text *t, const struct frame *f, const struct plot_series *s) {
  double pitch = f->height / s->n, zero = px(f, 0);
  for (int i = 0; i < s->n; i++) {
    if (!drawable(s->x[i], 1)) continue;
    double end = px(f, s->x[i]);
    text_append(t, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#%06x\"/>\n",
                fmin(zero, end), pitch * (i + 0.15), fabs(end - zero), pitch * 0.7,
                (unsigned)s->colour);
  }
}

static void draw_series(struct text *t, const struct frame *f, const struct plot_series *s) {
  if (s->n < 1) return;
  switch (s->kind) {
  case POINTS:
  case ERRORS:
    draw_marks(t, f, s);
    break;
  case LINE:
  case DASHED:
  case STEPS:
    draw_path(t, f, s);
    break;
  case BAND:
    draw_band(t, f, s);
    break;
  case BARS:
    draw_bars(t, f, s);
    break;
  }
}

static const struct plot_series *bars_of(const struct plot *p) {
  for (int i = 0; i < p->series_count; i++)
    if (p->series[i].kind == BARS) return &p->series[i];
  return NULL;
}

/* Legend in rows above the data; t NULL only counts the rows. */
static int draw_legend(struct text *t, const struct plot *p, double left, double top) {
  int rows = 0;
  double x = left;
  for (int i = 0; i < p->series_count; i++) {
    const struct plot_series *s = &p->series[i];
    if (!s->label) continue;
    double width = 30 + CHARACTER_PX * (double)strlen(s->label);
    if (rows == 0 || x + width > p->width) {
      rows++;
      x = left;
    }
    double y = top + (rows - 0.5) * LINE_PX;
    if (t && s->kind == POINTS)
      text_append(t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#%06x\"/>\n", x + 8, y,
                  (unsigned)s->colour);
    else if (t)
      text_append(t,
                  "<path stroke=\"#%06x\" stroke-width=\"%d\" stroke-opacity=\"%g\"%s "
                  "d=\"M%.1f %.1fh16\"/>\n",
                  (unsigned)s->colour, s->kind == BAND ? 10 : 2, s->kind == BAND ? 0.3 : 1.0,
                  s->kind == DASHED ? " stroke-dasharray=\"6 4\"" : "", x, y);
    if (t) label(t, x + 22, y + 4, "start", s->label);
    x += width;
  }
  return rows;
}

static double widest_name(const struct plot_series *bars) {
  size_t most = 0;
  for (int i = 0; bars && i < bars->n; i++)
    if (bars->names && bars->names[i] && strlen(bars->names[i]) > most)
      most = strlen(bars->names[i]);
  return CHARACTER_PX * (double)most;
}

static struct frame lay_out(const struct plot *p, struct plot_axis x, struct plot_axis y) {
  const struct plot_series *bars = bars_of(p);
  struct frame f = {.x = x, .y = y};
  f.left = bars ? fmin(p->width / 2.0, 12 + widest_name(bars)) : 64;
  f.top = (p->title ? LINE_PX + 6 : 8) + LINE_PX * draw_legend(NULL, p, f.left, 0);
  f.width = fmax(40, p->width - f.left - 16);
  f.height = fmax(30, p->height - f.top - 44);
  return f;
}

static void draw_axes(struct text *t, const struct plot *p, const struct frame *f) {
  const struct plot_series *bars = bars_of(p);
  ticks(t, f, true);
  if (!bars) ticks(t, f, false);
  for (int i = 0; bars && i < bars->n; i++)
    label(t, f->left - 6, f->top + f->height * (i + 0.5) / bars->n + 4, "end",
          bars->names && bars->names[i] ? bars->names[i] : "");
  text_append(t,
              "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
              "stroke=\"currentColor\" stroke-opacity=\"0.6\"/>\n",
              f->left, f->top, f->width, f->height);
  if (p->x.label) label(t, f->left + f->width / 2, p->height - 8, "middle", p->x.label);
  if (!p->y.label || bars) return;
  double y = f->top + f->height / 2;
  text_append(t, "<text transform=\"translate(14 %.1f) rotate(-90)\" text-anchor=\"middle\" %s>", y,
              style_text);
  text_append_html(t, p->y.label);
  text_append(t, "</text>\n");
}

/* A note as drawn: its left end and base line. */
struct placed_note {
  double x, y, width;
};

static bool note_collides(const struct placed_note *n, const struct placed_note *others,
                          int count) {
  for (int i = 0; i < count; i++) {
    const struct placed_note *o = &others[i];
    if (n->x < o->x + o->width && o->x < n->x + n->width && fabs(n->y - o->y) < LINE_PX)
      return true;
  }
  return false;
}

/* Does the segment from (x, y) by (dx, dy) pass through the letters? Its part within each pair of
 * sides, from t0 to t1 of its length. */
static bool crosses(const struct placed_note *n, double x, double y, double dx, double dy) {
  const double low[2] = {n->x - x, n->y - LETTER_PX - y}, high[2] = {n->x + n->width - x, n->y - y};
  const double step[2] = {dx, dy};
  double t0 = 0, t1 = 1;
  for (int a = 0; a < 2; a++) {
    if (step[a] == 0 && (low[a] > 0 || high[a] < 0)) return false;
    if (step[a] == 0) continue;
    double from = low[a] / step[a], to = high[a] / step[a];
    t0 = fmax(t0, fmin(from, to));
    t1 = fmin(t1, fmax(from, to));
  }
  return t0 < t1;
}

static bool is_struck(const struct placed_note *n, const struct frame *f, const struct plot *p) {
  for (int s = 0; s < p->series_count; s++) {
    const struct plot_series *line = &p->series[s];
    if (line->kind != LINE) continue;
    for (int i = 0; i + 1 < line->n; i++) {
      if (!drawable(line->x[i], line->y[i]) || !drawable(line->x[i + 1], line->y[i + 1])) continue;
      double x = f->left + px(f, line->x[i]), y = f->top + py(f, line->y[i]);
      double dx = f->left + px(f, line->x[i + 1]) - x, dy = f->top + py(f, line->y[i + 1]) - y;
      if (crosses(n, x, y, dx, dy)) return true;
    }
  }
  return false;
}

/* Beside its point, right and above; where another note is or a line would strike it through,
 * below, then on the left. */
static struct placed_note place_note(const struct plot *p, const struct frame *f,
                                     const struct plot_note_text *n,
                                     const struct placed_note *others, int count) {
  const double above = -6, below = 16;
  double x = f->left + px(f, n->x), y = f->top + py(f, n->y);
  double width = CHARACTER_PX * (double)strlen(n->text);
  bool left_first = share(&f->x, n->x) > 0.7; /* keep it inside the frame */
  struct placed_note best = {0, 0, 0};
  int least = 3;
  for (int i = 0; i < 4; i++) {
    bool left = (i >= 2) != left_first;
    struct placed_note at = {left ? x - 7 - width : x + 7, y + (i % 2 ? below : above), width};
    bool inside = at.y < f->top + f->height && at.y - LINE_PX / 2.0 > f->top && at.x > f->left &&
                  at.x + width < f->left + f->width;
    int faults = !inside || note_collides(&at, others, count) ? 2 : is_struck(&at, f, p);
    if (faults < least) best = at;
    least = faults < least ? faults : least;
  }
  return best;
}

static void draw_notes(struct text *t, const struct plot *p, const struct frame *f) {
  enum { PLACED = 64 }; /* later ones may overlap */
  struct placed_note placed[PLACED];
  int count = 0;
  for (int i = 0; i < p->note_count; i++) {
    const struct plot_note_text *n = &p->notes[i];
    if (!drawable(n->x, n->y) || !n->text) continue;
    struct placed_note at = place_note(p, f, n, placed, count);
    bool left = at.x < f->left + px(f, n->x);
    label(t, left ? at.x + at.width : at.x, at.y, left ? "end" : "start", n->text);
    if (count < PLACED) placed[count++] = at;
  }
}

status plot_svg(const struct plot *p, struct text *out) {
  status st = ST_OK;
  struct plot_axis x = p->x, y = p->y;
  bool bars = bars_of(p) != NULL;
  CHECK(!p->failed, ST_MEMORY, "drawing a plot");
  if (bars && !y.fixed) y = (struct plot_axis){.label = p->y.label, .high = 1, .fixed = true};
  CHECK(choose_range(&x, p, true) && choose_range(&y, p, false), ST_DOMAIN,
        "drawing a plot of \"%s\": no finite value was given", p->y.label ? p->y.label : "");
  struct frame f = lay_out(p, x, y);
  text_append(out,
              "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
              "height=\"%d\" role=\"img\" style=\"max-width:100%%;height:auto\">\n",
              p->width, p->height, p->width, p->height);
  if (p->title) {
    text_append(out, "<title>");
    text_append_html(out, p->title);
    text_append(out, "</title>\n");
    label(out, p->width / 2.0, 15, "middle", p->title);
  }
  draw_legend(out, p, f.left, p->title ? LINE_PX + 2 : 2);
  draw_axes(out, p, &f);
  /* an inner <svg> clips without an id, so several plots can share one page */
  text_append(out,
              "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" overflow=\"hidden\">\n",
              f.left, f.top, f.width, f.height);
  for (int i = 0; i < p->series_count; i++) draw_series(out, &f, &p->series[i]);
  text_append(out, "</svg>\n");
  draw_notes(out, p, &f);
  text_append(out, "</svg>\n");
  TRY(text_check(out, "a plot"));
done:
  return st;
}
