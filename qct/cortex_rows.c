#include "core/surface_render.h"
#include "qct/cortex_map.h"
#include "qct/hip_interval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double TOP_MM = 5; /* of the colour scale */
static const double z95 = 1.959963984540054;
/* mm; thicker slices are said so, with what single places of digital hips are off (README) */
static const double COARSE_SLICE = 1.5, TRIED_SLICE = 3.3;
enum { LEAST_VERTICES = 30 };

struct weighted {
  double value, weight;
};

static int by_value(const void *a, const void *b) {
  double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
  return (x > y) - (x < y);
}

struct summary {
  double mean, median, p5, p95;
  int64_t n;
};

/* Value up to which a share of the weight lies (sorted), half of each weight on either side. */
static double share_value(const struct weighted *w, int64_t n, double total, double share) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    double next = sum + w[i].weight;
    if ((sum + next) / 2 >= share * total) return w[i].value;
    sum = next;
  }
  return w[n - 1].value;
}

/* A third of each triangle's area to its corners. */
static double *vertex_areas(const struct surface *s) {
  double *area = calloc((size_t)s->vertex_count, sizeof *area);
  for (int64_t t = 0; area && t < s->triangle_count; t++) {
    const int32_t *v = s->triangles + 3 * t;
    struct vec3 a = s->vertices[v[0]];
    struct vec3 side = vec3_sub(s->vertices[v[1]], a), other = vec3_sub(s->vertices[v[2]], a);
    double third = vec3_length(vec3_cross(side, other)) / 6;
    for (int e = 0; e < 3; e++) area[v[e]] += third;
  }
  return area;
}

struct region_view {
  const struct cortex_map *map;
  const double *area;
  const signed char *region; /* per vertex */
  int wanted;                /* -1: all */
  const char *place;         /* the same in words, without the side; NULL: no hip */
  const struct calibration *calibration;
  struct weighted *room;
};

static int belongs(const struct region_view *r, int64_t v) {
  return !isnan(r->map->flag[v]) && (r->wanted < 0 || r->region[v] == r->wanted);
}

/* Of the accepted vertices only. */
static struct summary summarise(const struct region_view *r, const double *values) {
  struct summary s = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0};
  double total = 0, sum = 0;
  for (int64_t v = 0; v < r->map->surface->vertex_count; v++) {
    if (!belongs(r, v) || r->map->flag[v] != CORTEX_FITTED || isnan(values[v])) continue;
    r->room[s.n++] = (struct weighted){values[v], r->area[v]};
    total += r->area[v];
    sum += r->area[v] * values[v];
  }
  if (!s.n || !(total > 0)) return s;
  qsort(r->room, (size_t)s.n, sizeof *r->room, by_value);
  s.mean = sum / total;
  s.median = share_value(r->room, s.n, total, 0.5);
  s.p5 = share_value(r->room, s.n, total, 0.05);
  s.p95 = share_value(r->room, s.n, total, 0.95);
  return s;
}

static void flag_slices(struct measurement *row, double slice_mm) {
  const bool tried = slice_mm <= TRIED_SLICE;
  if (slice_mm <= COARSE_SLICE) return;
  measurement_flag(
      row,
      "slices of %.3g mm: a single place has an SD of %s mm, of %s mm where the cortex "
      "is thinner than 1.2 mm, and the mean mass is up to %d %% too large (digital "
      "hips)",
      slice_mm, tried ? "0.1" : "0.2", tried ? "0.2" : "0.5", tried ? 6 : 12);
}

static status add_row(struct record *r, const struct cortex_map *m, const char *region,
                      const char *quantity, double value, const char *unit, int64_t n,
                      const char *method) {
  status st = ST_OK;
  struct measurement *row = record_add(r, region, quantity, value, unit);
  CHECK(row, ST_MEMORY, "rows of a cortical map");
  row->n = n;
  snprintf(row->method, sizeof row->method, "%s", method);
  measurement_source(row, "treece2010");
  flag_slices(row, m->slice_mm);
  if (m->warning)
    measurement_flag(row, "%.0f %% of the surface could not be fitted",
                     100.0 * (double)m->rejected / (double)m->measured);
done:
  return st;
}

static const char *method_of(const struct cortex_map *m) {
  if (isnan(m->cortical)) return "cortex-model/1 density peak";
  return isnan(m->cortical_sd) ? "cortex-model/1 density given" : "cortex-model/1 density subject";
}

/* 95 % interval of a region's mean: what means of digital people were off, joined with `per_mgcc`
 * of the calibration's at the density of the cortex; for a thickness (0) with how far that density
 * varies over this bone, as thickness goes as its inverse. */
static void add_interval(struct measurement *row, const struct region_view *view, double per_mgcc) {
  const struct cortex_map *m = view->map;
  double half = NAN;
  if (!view->place || isnan(m->cortical_sd)) return; /* known for a hip's own cortical density */
  half = qct_hip_half_width(m->spacing, view->place, row->quantity, row->value);
  if (per_mgcc > 0) {
    const struct calibration *c = view->calibration;
    if (!c) return;
    half = hypot(half, per_mgcc * calibration_half_width(c, calibration_hu(c, m->cortical)));
  } else {
    half = hypot(half, z95 * m->cortical_sd / m->cortical * row->value);
  }
  row->low = row->value - half;
  row->high = row->value + half;
}

static status add_spread(struct record *r, const struct region_view *view, const char *region,
                         const char *quantity, const double *values, const char *unit) {
  status st = ST_OK;
  struct summary s = summarise(view, values);
  const struct {
    const char *suffix;
    double value;
  } parts[] = {{"mean", s.mean}, {"median", s.median}, {"p5", s.p5}, {"p95", s.p95}};
  for (int i = 0; i < 4; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s_%s", quantity, parts[i].suffix);
    TRY(add_row(r, view->map, region, name, parts[i].value, unit, s.n, method_of(view->map)));
    /* a mass is thickness times the density of the cortex */
    double per_mgcc = values == view->map->mass ? parts[i].value / view->map->cortical : 0;
    if (i == 0) add_interval(&r->rows[r->count - 1], view, per_mgcc);
  }
done:
  return st;
}

static status withhold_region(struct record *r, const char *region, const char *reason) {
  status st = ST_OK;
  CHECK(record_withhold(r, region, "cortical_thickness_mean", "mm", reason), ST_MEMORY,
        "rows of a cortical map");
  CHECK(record_withhold(r, region, "cortical_mass_mean", "mg/cm2", reason), ST_MEMORY,
        "rows of a cortical map");
done:
  return st;
}

static status add_region(struct record *r, const struct region_view *view, const char *region) {
  status st = ST_OK;
  const struct cortex_map *m = view->map;
  int64_t all = 0, rejected = 0;
  for (int64_t v = 0; v < m->surface->vertex_count; v++) {
    if (!belongs(view, v)) continue;
    all++;
    rejected += m->flag[v] != CORTEX_FITTED;
  }
  if (all - rejected < LEAST_VERTICES || 2 * rejected > all) {
    char reason[96];
    snprintf(reason, sizeof reason, "the model fits at %lld of %lld places here, half are needed",
             (long long)(all - rejected), (long long)all);
    TRY(withhold_region(r, region, all >= LEAST_VERTICES ? reason : "not in the image"));
    goto done;
  }
  TRY(add_spread(r, view, region, "cortical_thickness", m->thickness_mm, "mm"));
  TRY(add_spread(r, view, region, "cortical_mass", m->mass, "mg/cm2"));
  struct summary endo = summarise(view, m->endocortical), behind = summarise(view, m->trabecular);
  struct summary half = summarise(view, m->half_max_mm);
  TRY(add_row(r, m, region, "endocortical_density", endo.mean, "mg/cm3", endo.n, method_of(m)));
  TRY(add_row(r, m, region, "trabecular_density", behind.mean, "mg/cm3", behind.n, method_of(m)));
  TRY(add_row(r, m, region, "cortical_thickness_half_max", half.mean, "mm", half.n, "half-max"));
  measurement_flag(&r->rows[r->count - 1], "for comparison: too thick where thinner than the blur");
  TRY(add_row(r, m, region, "cortex_rejected", (double)rejected / (double)all, "", all,
              method_of(m)));
done:
  return st;
}

static status add_bone(struct record *r, const struct region_view *view, const char *region) {
  status st = ST_OK;
  const struct cortex_map *m = view->map;
  TRY(add_row(r, m, region, "cortical_density", m->cortical, "mg/cm3", m->thick, method_of(m)));
  struct measurement *row = &r->rows[r->count - 1];
  add_interval(row, view, 1);
  if (isnan(m->cortical)) measurement_flag(row, "the peak of every place: not one number");
  if (!isnan(m->cortical_sd))
    measurement_flag(row, "SD %.3g mg/cm3 over thick places", m->cortical_sd);
  TRY(add_row(r, m, region, "blur_in_plane", m->sigma_plane_mm, "mm", m->thick, method_of(m)));
done:
  return st;
}

status qct_cortex_rows(struct record *r, const struct cortex_map *m, const struct hip_frame *frame,
                       const struct calibration *calibration) {
  status st = ST_OK;
  int64_t n = m->surface->vertex_count;
  const char *side = frame ? side_name(frame->side) : "";
  struct region_view view = {
      .map = m, .wanted = -1, .place = frame ? "femur" : NULL, .calibration = calibration};
  signed char *region = malloc((size_t)n);
  double *area = vertex_areas(m->surface);
  char name[64];
  view.room = malloc((size_t)n * sizeof *view.room);
  view.area = area;
  view.region = region;
  CHECK(region && area && view.room, ST_MEMORY, "rows of a cortical map");
  for (int64_t v = 0; v < n; v++)
    region[v] = frame ? (signed char)hip_frame_region(frame, m->surface->vertices[v]) : 0;
  snprintf(name, sizeof name, frame ? "femur_%s" : "bone", side);
  TRY(add_region(r, &view, name));
  TRY(add_bone(r, &view, name));
  for (int k = HIP_HEAD; frame && k <= HIP_SHAFT; k++) {
    view.wanted = k;
    view.place = hip_region_name((enum hip_region)k);
    snprintf(name, sizeof name, "%s_%s", hip_region_name((enum hip_region)k), side);
    TRY(add_region(r, &view, name));
  }
done:
  free(region);
  free(area);
  free(view.room);
  return st;
}

status qct_cortex_write(const struct cortex_map *m, const char *path, bool force) {
  const struct surface_scalar scalars[] = {{"thickness_mm", m->thickness_mm},
                                           {"mass_mg_cm2", m->mass},
                                           {"endocortical_mg_cm3", m->endocortical},
                                           {"trabecular_mg_cm3", m->trabecular},
                                           {"residual_mg_cm3", m->residual},
                                           {"half_max_mm", m->half_max_mm},
                                           {"flag", m->flag}};
  return surface_write(m->surface, scalars, (int)(sizeof scalars / sizeof *scalars), path, force);
}

status qct_cortex_picture(struct picture **out, const struct cortex_map *m, int side) {
  struct surface_view views[4];
  const struct surface_paint paint = {.values = m->thickness_mm,
                                      .low = 0,
                                      .high = TOP_MM,
                                      .title = "cortical thickness",
                                      .unit = "mm"};
  surface_views_standard(views, side);
  return surface_render(out, m->surface, &paint, views, 4, 640);
}
