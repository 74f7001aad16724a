/* Strips: one row a group, a point a case, quartiles, fences, links. */
#include "report/strip.h"

#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 720, LEFT = 120, RIGHT = 90, ROW = 72, TOP = 8, AXIS = 44, TICKS = 12 };
static const double dodge = 5.2, radius = 3.2; /* px */

size_t report_fences(double *low, double *high, double quartiles[3], const double *x, size_t n) {
  size_t used = 0;
  double *finite = malloc((n + 1) * sizeof *finite), q[3] = {(double)NAN, (double)NAN, (double)NAN};
  for (size_t i = 0; finite && i < n; i++)
    if (isfinite(x[i])) finite[used++] = x[i];
  for (int k = 0; k < 3 && used; k++) q[k] = stat_percentile(finite, (int64_t)used, 25.0 * (k + 1));
  bool enough = used >= REPORT_STRIP_FENCED;
  if (low) *low = enough ? q[0] - 1.5 * (q[2] - q[0]) : (double)NAN;
  if (high) *high = enough ? q[2] + 1.5 * (q[2] - q[0]) : (double)NAN;
  if (quartiles) memcpy(quartiles, q, sizeof q);
  free(finite);
  return used;
}

struct scale {
  double low, high, step;
};

/* Ticks at 1, 2 or 5 times a power of ten, the range widened to them. */
static struct scale choose_scale(const double *x, size_t n) {
  struct scale s = {(double)INFINITY, -(double)INFINITY, 1};
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) continue;
    s.low = fmin(s.low, x[i]);
    s.high = fmax(s.high, x[i]);
  }
  if (!(s.high > s.low)) {
    double at = isfinite(s.low) ? s.low : 0;
    s.low = at - (at != 0 ? 0.1 * fabs(at) : 1);
    s.high = at + (at != 0 ? 0.1 * fabs(at) : 1);
  }
  double raw = (s.high - s.low) / 6, power = pow(10, floor(log10(raw))), share = raw / power;
  s.step = power * (share > 5 ? 10 : share > 2 ? 5 : share > 1 ? 2 : 1);
  s.low = floor(s.low / s.step) * s.step;
  s.high = ceil(s.high / s.step) * s.step;
  return s;
}

static double place(const struct scale *s, double x) {
  return LEFT + (WIDTH - LEFT - RIGHT) * (x - s->low) / (s->high - s->low);
}

static void draw_axis(struct text *t, const struct scale *s, const char *label, int height) {
  double y = height - AXIS;
  for (int i = 0; i <= TICKS && s->low + i * s->step <= s->high + 0.5 * s->step; i++) {
    double v = s->low + i * s->step, x = place(s, v);
    text_append(t, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\" class=\"grid\"/>", x, x,
                TOP, y);
    text_append(t, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.6g</text>\n", x, y + 16,
                fabs(v) < 1e-9 * s->step ? 0.0 : v);
  }
  text_append(t, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
              LEFT + (WIDTH - LEFT - RIGHT) / 2, height - 8);
  text_append_html(t, label);
  text_append(t, "</text>\n");
}

/* Quartiles as a box, the median as a line, the fences dashed. */
static void draw_box(struct text *t, const struct scale *s, const double q[3], double low,
                     double high, double y) {
  text_append(t, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"box\"/>",
              place(s, q[0]), y - ROW / 2.0 + 8, place(s, q[2]) - place(s, q[0]), ROW - 16);
  text_append(t, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"median\"/>",
              place(s, q[1]), place(s, q[1]), y - ROW / 2.0 + 8, y + ROW / 2.0 - 8);
  const double fences[] = {low, high};
  for (int i = 0; i < 2; i++)
    if (fences[i] >= s->low && fences[i] <= s->high)
      text_append(t, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"fence\"/>",
                  place(s, fences[i]), place(s, fences[i]), y - ROW / 2.0 + 4, y + ROW / 2.0 - 4);
  text_append(t, "\n");
}

/* An outlier is a diamond with its name, so that it is told without colour. */
static void draw_point(struct text *t, const struct report_strip *s, size_t i, double x, double y,
                       bool outlier) {
  const char *link = s->links ? s->links[i] : NULL, *label = s->labels ? s->labels[i] : NULL;
  if (link) {
    text_append(t, "<a href=\"");
    text_append_html(t, link);
    text_append(t, "\">");
  }
  if (outlier)
    text_append(t, "<path d=\"M%.1f %.1fl5 5-5 5-5-5z\" class=\"out\">", x, y - 5);
  else
    text_append(t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", x, y, radius);
  text_append(t, "<title>");
  if (label) text_append_html(t, label);
  text_append(t, " %.5g</title>%s", s->values[i], outlier ? "</path>" : "</circle>");
  if (outlier && label) {
    text_append(t, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" class=\"name\">", x, y - 8);
    text_append_html(t, label);
    text_append(t, "</text>");
  }
  text_append(t, "%s\n", link ? "</a>" : "");
}

/* Points of a group beside one another where they would overlap: each goes to the free level
 * nearest to the middle. */
static void draw_points(struct text *t, const struct report_strip *s, const struct scale *scale,
                        int group, double low, double high, double middle) {
  enum { LEVELS = 9 };
  double *last = malloc((s->count + 1) * LEVELS * sizeof *last); /* x of points by level */
  size_t used[LEVELS] = {0};
  if (!last) t->failed = 1;
  for (size_t i = 0; last && i < s->count; i++) {
    if ((s->groups ? s->groups[i] : 0) != group || !isfinite(s->values[i])) continue;
    double x = place(scale, s->values[i]);
    int level = 0;
    for (; level < LEVELS - 1; level++) {
      bool free_here = true;
      for (size_t k = 0; k < used[level] && free_here; k++)
        free_here = fabs(last[(size_t)level * s->count + k] - x) >= 2 * radius;
      if (free_here) break;
    }
    last[(size_t)level * s->count + used[level]++] = x;
    double away = dodge * ((level + 1) / 2) * (level % 2 ? 1 : -1); /* 0, 1, -1, 2, -2, ... */
    draw_point(t, s, i, x, middle + away, s->values[i] < low || s->values[i] > high);
  }
  free(last);
}

static void draw_group(struct text *t, const struct report_strip *s, const struct scale *scale,
                       int group) {
  double q[3], low, high, y = TOP + ROW * (group + 0.5);
  double *own = malloc((s->count + 1) * sizeof *own);
  size_t n = 0, missing = 0;
  for (size_t i = 0; own && i < s->count; i++) {
    if ((s->groups ? s->groups[i] : 0) != group) continue;
    if (isfinite(s->values[i]))
      own[n++] = s->values[i];
    else
      missing++;
  }
  if (!own) t->failed = 1;
  report_fences(&low, &high, q, own, own ? n : 0);
  text_append(t, "<text x=\"8\" y=\"%.1f\">", y + 4);
  if (s->group_names) text_append_html(t, s->group_names[group]);
  text_append(t, "</text><text x=\"%d\" y=\"%.1f\">n %zu</text>", WIDTH - RIGHT + 12, y, n);
  if (missing)
    text_append(t, "<text x=\"%d\" y=\"%.1f\">%zu missing</text>", WIDTH - RIGHT + 12, y + 15,
                missing);
  text_append(t, "\n");
  if (n) draw_box(t, scale, q, low, high, y);
  draw_points(t, s, scale, group, low, high, y);
  free(own);
}

void report_strip_svg(struct text *t, const struct report_strip *s) {
  int height = TOP + ROW * s->group_count + AXIS;
  struct scale scale = choose_scale(s->values, s->count);
  text_append(t,
              "<svg class=\"strip\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
              "width=\"%d\" height=\"%d\" aria-label=\"",
              WIDTH, height, WIDTH, height);
  text_append_html(t, s->axis);
  text_append(t, "\">\n");
  draw_axis(t, &scale, s->axis, height);
  for (int g = 0; g < s->group_count; g++) draw_group(t, s, &scale, g);
  text_append(t, "</svg>\n");
}
