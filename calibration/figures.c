#include "calibration/figures.h"

#include "core/body.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t colours[] = {COLOUR_ORANGE, COLOUR_SKY,  COLOUR_GREEN, COLOUR_YELLOW,
                                   COLOUR_RED,    COLOUR_PINK, COLOUR_BLUE};
enum { COLOURS = sizeof colours / sizeof colours[0], CURVE = 61 };

static const char *density_label(const struct calibration *c) {
  switch (c->material) {
  case MATERIAL_K2HPO4:
    return "density [mg/cm3 of K2HPO4]";
  case MATERIAL_HA:
    return "density [mg/cm3 of HA]";
  default:
    return "density [mg/cm3, material not stated]";
  }
}

/* On the plot a rod of a water-corrected phantom stands where its K2HPO4 in water would read. */
static double plotted_hu(const struct calibration *c, const struct calibration_point *p) {
  if (isfinite(c->sigma_ref)) return calibration_hu(c, p->density + p->residual);
  return p->hu;
}

static void points_by_use(struct plot *p, const struct calibration *c, int used, uint32_t colour,
                          const char *label) {
  double x[CALIBRATION_POINTS];
  double y[CALIBRATION_POINTS];
  int n = 0;
  for (int i = 0; i < c->point_count; i++) {
    const struct calibration_point *q = &c->points[i];
    if (q->used != used || !isfinite(q->hu) || !isfinite(q->density)) continue;
    x[n] = plotted_hu(c, q);
    y[n++] = q->density;
  }
  if (n) plot_points(p, x, y, n, colour, label);
}

static void range_hu(const struct calibration *c, double *low, double *high) {
  *low = 0;
  *high = 300;
  for (int i = 0; i < c->point_count; i++)
    if (isfinite(c->points[i].hu)) {
      *low = fmin(*low, c->points[i].hu);
      *high = fmax(*high, c->points[i].hu);
    }
  double margin = 0.05 * (*high - *low);
  *low -= margin;
  *high += margin;
}

status cal_figure_line(struct text *svg, const struct calibration *c, int width, int height) {
  status st = ST_OK;
  struct plot *p = NULL;
  double x[CURVE];
  double y[CURVE];
  double low[CURVE];
  double high[CURVE];
  double from;
  double to;
  char title[160];
  TRY(plot_create(&p, width, height, "CT number [HU]", density_label(c)));
  range_hu(c, &from, &to);
  for (int i = 0; i < CURVE; i++) {
    x[i] = from + (to - from) * i / (CURVE - 1);
    y[i] = calibration_density(c, x[i]);
    double half = calibration_half_width(c, x[i]);
    low[i] = y[i] - half;
    high[i] = y[i] + half;
  }
  plot_band(p, x, low, high, CURVE, COLOUR_SKY, "95 % interval");
  plot_line(p, x, y, CURVE, COLOUR_BLUE, "calibration");
  points_by_use(p, c, 1, COLOUR_RED, "used");
  points_by_use(p, c, 0, COLOUR_YELLOW, "left out");
  snprintf(title, sizeof title, "%s: %.4f mg/cm3 per HU, %+.2f mg/cm3 at 0 HU", c->method, c->slope,
           c->intercept);
  plot_title(p, title);
  TRY(plot_svg(p, svg));
done:
  plot_destroy(p);
  return st;
}

status cal_figure_residuals(struct text *svg, const struct calibration *c, int width, int height) {
  status st = ST_OK;
  struct plot *p = NULL;
  double x[CALIBRATION_POINTS];
  double y[CALIBRATION_POINTS];
  double from = INFINITY;
  double to = -INFINITY;
  double most = 6;
  int n = 0;
  TRY(plot_create(&p, width, height, density_label(c), "fitted - reference [mg/cm3]"));
  for (int i = 0; i < c->point_count; i++) {
    const struct calibration_point *q = &c->points[i];
    if (!q->used || !isfinite(q->residual)) continue;
    x[n] = q->density;
    y[n++] = q->residual;
    from = fmin(from, q->density);
    to = fmax(to, q->density);
    most = fmax(most, fabs(q->residual) * 1.2);
  }
  CHECK(n > 0, ST_DOMAIN, "plotting residuals: the calibration has no points");
  double ends[2] = {from - 0.05 * (to - from + 1), to + 0.05 * (to - from + 1)};
  const double zero[2] = {0, 0};
  const double up[2] = {5, 5};
  const double down[2] = {-5, -5};
  plot_line(p, ends, zero, 2, COLOUR_BLUE, NULL);
  plot_dashed(p, ends, up, 2, COLOUR_ORANGE, "warning limit 5 mg/cm3");
  plot_dashed(p, ends, down, 2, COLOUR_ORANGE, NULL);
  plot_points(p, x, y, n, COLOUR_RED, "rods or tissues");
  for (int i = 0; i < c->point_count; i++)
    if (c->points[i].used && isfinite(c->points[i].residual))
      plot_note(p, c->points[i].density, c->points[i].residual, c->points[i].name);
  plot_range_y(p, -most, most);
  TRY(plot_svg(p, svg));
done:
  plot_destroy(p);
  return st;
}

status cal_figure_fit(struct text *svg, const struct calibration *c) {
  status st = ST_OK;
  enum { WIDTH = 560, TOP = 360, BOTTOM = 220 };
  struct text line = {0};
  struct text residuals = {0};
  TRY(cal_figure_line(&line, c, WIDTH, TOP));
  bool second = c->point_count > 0 && !isnan(c->points[0].residual);
  if (second) TRY(cal_figure_residuals(&residuals, c, WIDTH, BOTTOM));
  text_append(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n<g>",
              WIDTH, TOP + (second ? BOTTOM : 0));
  text_append_raw(svg, line.data, line.length);
  text_append(svg, "</g>\n");
  if (second) {
    text_append(svg, "<g transform=\"translate(0,%d)\">", TOP);
    text_append_raw(svg, residuals.data, residuals.length);
    text_append(svg, "</g>\n");
  }
  text_append(svg, "</svg>\n");
  TRY(text_check(svg, "calibration figure"));
done:
  text_free(&line);
  text_free(&residuals);
  return st;
}

/* ---- pictures ---- */

/* World middle of all labelled voxels; false when there is none. */
static bool labels_middle(struct vec3 *at, const struct labels *l) {
  int64_t n = geometry_voxels(&l->grid);
  double sum[3] = {0, 0, 0};
  double count = 0;
  for (int64_t v = 0; v < n; v++) {
    if (!l->voxels[v]) continue;
    sum[0] += (double)(v % l->grid.nx);
    sum[1] += (double)(v / l->grid.nx % l->grid.ny);
    sum[2] += (double)(v / (l->grid.nx * l->grid.ny));
    count++;
  }
  if (count == 0) return false;
  struct vec3 index = vec3_make(sum[0] / count, sum[1] / count, sum[2] / count);
  int axial = geometry_axis_nearest(&l->grid, 2);
  double *along = axial == 0 ? &index.x : axial == 1 ? &index.y : &index.z;
  *along = floor(*along + 0.5); /* a slice, not between two */
  *at = geometry_to_world(&l->grid, index);
  return true;
}

/* Below the rod, where it stands on dark. */
static void name_label(struct picture *p, const struct labels *l, const struct label_name *name,
                       const struct picture_plane *plane, uint32_t colour) {
  int64_t lo[3], hi[3];
  double x = 0, y = 0, corner_x = 0, corner_y = 0;
  if (!labels_box(l, name->value, lo, hi)) return;
  struct vec3 middle = vec3_make((double)(lo[0] + hi[0]) / 2, (double)(lo[1] + hi[1]) / 2,
                                 (double)(lo[2] + hi[2]) / 2);
  struct vec3 corner = vec3_make((double)lo[0], (double)lo[1], middle.z);
  picture_project(plane, geometry_to_world(&l->grid, middle), &x, &y);
  picture_project(plane, geometry_to_world(&l->grid, corner), &corner_x, &corner_y);
  picture_text(p, (int)x - 5, (int)(y + fabs(corner_y - y)) + 6, name->name, colour, 2);
}

status cal_picture_labels(struct picture **out, const struct volume *hu, const struct labels *l,
                          double pixel_mm, double height_mm) {
  status st = ST_OK;
  struct picture *p = NULL;
  struct vec3 at;
  TRY(geometry_match(&hu->grid, "scan", &l->grid, "labels", 1e-3));
  CHECK(labels_middle(&at, l), ST_DOMAIN, "drawing labels: the label map is empty");
  struct picture_plane plane = picture_plane_through(&hu->grid, PLANE_AXIAL, at, pixel_mm);
  if (height_mm > 0) {
    plane.centre =
        vec3_along(plane.centre, vec3_dot(vec3_sub(at, plane.centre), plane.down), plane.down);
    plane.height_mm = height_mm;
  }
  TRY(picture_slice(&p, hu, &plane, -200, 500));
  int drawn = 0;
  for (size_t i = 0; i < l->name_count; i++) {
    uint32_t colour = colours[drawn++ % COLOURS];
    picture_outline(p, l, l->names[i].value, &plane, colour);
    if (l->names[i].value >= LABEL_ROD_1) name_label(p, l, &l->names[i], &plane, colour);
  }
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}

/* ---- drift ---- */

/* Rows of one scanner of the control table. */
static double cell(const struct table *t, const char *column, size_t row) {
  return t->columns[table_find(t, column)].numbers[row];
}

/* First scan that is judged against a baseline; n when none is. */
static size_t first_judged(const struct table *t, size_t n, size_t series) {
  size_t i = 0;
  while (i < n && isnan(cell(t, "deviation", series * n + i))) i++;
  return i;
}

static void draw_series(struct plot *p, const struct table *t, const struct cal_scan *scans,
                        size_t n, size_t series, double *x, double *y) {
  size_t judged = first_judged(t, n, series);
  for (size_t i = 0; i < n; i++) {
    x[i] = (double)(scans[i].days - scans[0].days);
    y[i] = cell(t, "deviation", series * n + i);
    if (i < judged && judged < n) /* the baseline itself, about its own mean */
      y[i] = (cell(t, "value", series * n + i) - cell(t, "baseline_mean", series * n + judged)) /
             cell(t, "baseline_sd", series * n + judged);
  }
  const char *name = t->columns[table_find(t, "series")].texts[series * n];
  plot_line(p, x, y, (int)n, colours[series % COLOURS], name);
}

/* *told: the legend has its word for alarms. */
static void mark_alarms(struct plot *p, const struct table *t, const struct cal_scan *scans,
                        size_t n, size_t series, bool *told) {
  const struct table_column *alarm = &t->columns[table_find(t, "alarm")];
  const struct table_column *name = &t->columns[table_find(t, "series")];
  bool before = false;
  for (size_t i = 0; i < n; i++) {
    size_t row = series * n + i;
    bool fires = alarm->texts[row][0] != '\0';
    double x = (double)(scans[i].days - scans[0].days);
    double y = cell(t, "deviation", row);
    if (fires) plot_points(p, &x, &y, 1, COLOUR_RED, *told ? NULL : "alarm");
    *told = *told || fires;
    if (fires && !before) {
      char note[96];
      char day[16];
      cal_date_from_days(day, scans[i].days);
      snprintf(note, sizeof note, "%.39s, %s", name->texts[row], day);
      plot_note(p, x, y, note);
    }
    before = fires;
  }
}

status cal_figure_drift(struct text *svg, const struct cal_scan *scans, size_t n, int width,
                        int height) {
  status st = ST_OK;
  struct plot *p = NULL;
  struct table *t = NULL;
  double *x = NULL;
  double *y = NULL;
  CHECK(n >= 9, ST_DOMAIN, "drift chart: %zu phantom scans, at least 9 needed for a baseline", n);
  struct cal_scan *copy = malloc(n * sizeof *copy);
  CHECK(copy, ST_MEMORY, "drift chart of %zu scans", n);
  memcpy(copy, scans, n * sizeof *copy);
  struct cal_history h = {copy, n};
  st = cal_quality_table(&t, &h);
  free(copy);
  if (st != ST_OK) goto done;
  x = malloc(n * sizeof *x);
  y = malloc(n * sizeof *y);
  CHECK(x && y, ST_MEMORY, "drift chart of %zu scans", n);
  char words[80], day[16];
  cal_date_from_days(day, scans[0].days);
  snprintf(words, sizeof words, "days since the first phantom scan, %s", day);
  TRY(plot_create(&p, width, height, words, "deviation from the baseline [SD]"));
  double ends[2] = {0, (double)(scans[n - 1].days - scans[0].days)};
  const double three[2] = {3, 3};
  const double minus[2] = {-3, -3};
  plot_dashed(p, ends, three, 2, 0x888888, "3 SD");
  plot_dashed(p, ends, minus, 2, 0x888888, NULL);
  size_t series = t->row_count / n;
  size_t judged = first_judged(t, n, 0);
  if (judged < n) {
    double first = (double)(scans[judged].days - scans[0].days);
    const double upright[2] = {first, first};
    const double tall[2] = {-3, 3};
    plot_line(p, upright, tall, 2, 0x888888, "judged from here");
  }
  for (size_t s = 0; s < series; s++) draw_series(p, t, scans, n, s, x, y);
  bool told = false;
  for (size_t s = 0; s < series; s++) mark_alarms(p, t, scans, n, s, &told);
  char title[256];
  snprintf(title, sizeof title, "%.180s, phantom %.40s", scans[0].calibration.scanner_key,
           scans[0].calibration.phantom);
  for (char *c = title; *c; c++) *c = *c == '|' ? ' ' : *c;
  plot_title(p, title);
  TRY(plot_svg(p, svg));
done:
  plot_destroy(p);
  table_destroy(t);
  free(x);
  free(y);
  return st;
}
