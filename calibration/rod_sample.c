/* Sampling of labelled inserts; the finding is in rod_find.c. */
#include "calibration/rods.h"

#include "core/body.h"
#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double bubble_hu = 200; /* below the mean */
static const double metal_hu = 2500;
static const double trend_hu = 5; /* over the length of the rod */
static const double sd_ratio = 3; /* to the median rod */
static const double clipped_share = 0.02;

/* The box of one label seen along the scan axis: u, v in plane, w along. */
struct view {
  int u, v, w;
  int64_t lo[3], size[3]; /* along u, v, w */
  double spacing[3];
};

struct sample {       /* of one label */
  double *depth;      /* distance to the label's edge in plane [mm], [w][v][u] */
  float *values;      /* voxels kept, in slice order */
  int64_t *slice_end; /* end of each slice's values */
  int slices;         /* slices kept */
  double *position;   /* of each slice kept along w [mm] */
  double *slice_mean;
  int64_t count, no_data, clipped;
};

static void sample_free(struct sample *s) {
  free(s->depth);
  free(s->values);
  free(s->slice_end);
  free(s->position);
  free(s->slice_mean);
}

static bool view_of(struct view *v, const struct labels *l, int value) {
  int64_t lo[3];
  int64_t hi[3];
  if (!labels_box(l, value, lo, hi)) return false;
  v->w = geometry_axis_nearest(&l->grid, 2);
  v->u = (v->w + 1) % 3;
  v->v = (v->w + 2) % 3;
  const int axis[3] = {v->u, v->v, v->w};
  for (int a = 0; a < 3; a++) {
    v->lo[a] = lo[axis[a]];
    v->size[a] = hi[axis[a]] - lo[axis[a]] + 1;
    v->spacing[a] = l->grid.spacing[axis[a]];
  }
  return true;
}

static int64_t at(const struct view *v, const struct geometry *g, int64_t p, int64_t q, int64_t r) {
  int64_t index[3];
  index[v->u] = v->lo[0] + p;
  index[v->v] = v->lo[1] + q;
  index[v->w] = v->lo[2] + r;
  if (!geometry_inside(g, index[0], index[1], index[2])) return -1;
  return geometry_index(g, index[0], index[1], index[2]);
}

/* In-plane distance from a voxel's centre to the nearest voxel centre outside the label, up to
 * `most` mm. Beyond the image counts as outside: an insert cut by the field of view keeps a rim. */
static double edge_distance(const struct view *v, const struct labels *l, int value, int64_t p,
                            int64_t q, int64_t r, double most) {
  int64_t ru = (int64_t)ceil(most / v->spacing[0]);
  int64_t rv = (int64_t)ceil(most / v->spacing[1]);
  double best = most;
  for (int64_t dq = -rv; dq <= rv; dq++)
    for (int64_t dp = -ru; dp <= ru; dp++) {
      double d = hypot((double)dp * v->spacing[0], (double)dq * v->spacing[1]);
      if (d >= best) continue;
      int64_t i = at(v, &l->grid, p + dp, q + dq, r);
      if (i < 0 || l->voxels[i] != value) best = d;
    }
  return best;
}

static const double deepest_mm =
    8; /* enough to choose the erosion; the search grows with its square */

/* Distance map of the label and its largest value (half the thickness). */
static double depths(double *depth, const struct view *v, const struct labels *l, int value) {
  double most = 0;
  int64_t n = 0;
  for (int64_t r = 0; r < v->size[2]; r++)
    for (int64_t q = 0; q < v->size[1]; q++)
      for (int64_t p = 0; p < v->size[0]; p++, n++) {
        depth[n] = 0;
        if (l->voxels[at(v, &l->grid, p, q, r)] != value) continue;
        depth[n] = edge_distance(v, l, value, p, q, r, deepest_mm);
        most = fmax(most, depth[n]);
      }
  return most;
}

/* Voxels of slice r deeper than `erode`. */
static int64_t slice_count(const double *depth, const struct view *v, int64_t r, double erode) {
  int64_t plane = v->size[0] * v->size[1];
  int64_t n = 0;
  for (int64_t i = 0; i < plane; i++) n += depth[r * plane + i] > erode;
  return n;
}

static int64_t slices_with_area(const double *depth, const struct view *v, double erode,
                                double area_mm2) {
  double pixel = v->spacing[0] * v->spacing[1];
  int64_t n = 0;
  for (int64_t r = 1; r < v->size[2] - 1; r++)
    n += (double)slice_count(depth, v, r, erode) * pixel >= area_mm2;
  return n;
}

/* The default erosion, reduced step by step while too little would be left. */
static double choose_erosion(const double *depth, const struct view *v, double radius,
                             const struct cal_sampling_options *o) {
  if (!isnan(o->erode_mm)) return o->erode_mm;
  double voxel = fmax(v->spacing[0], v->spacing[1]);
  double erode = fmax(voxel, fmax(2, 0.3 * radius));
  double least = fmax(voxel, 0.2 * radius);
  while (erode > least && slices_with_area(depth, v, erode, o->min_area_mm2) < o->min_slices)
    erode = fmax(least, erode - 0.25);
  return erode;
}

static float volume_maximum(const struct volume *hu) {
  float most = -INFINITY;
  int64_t n = geometry_voxels(&hu->grid);
  for (int64_t i = 0; i < n; i++)
    if (hu->voxels[i] > most) most = hu->voxels[i];
  return most;
}

static void take_slice(struct sample *s, const struct view *v, const struct volume *hu, int64_t r,
                       double erode, float clip) {
  int64_t plane = v->size[0] * v->size[1];
  int64_t first = s->count;
  double sum = 0;
  for (int64_t i = 0; i < plane; i++) {
    if (s->depth[r * plane + i] <= erode) continue;
    float value = hu->voxels[at(v, &hu->grid, i % v->size[0], i / v->size[0], r)];
    if (!isfinite(value)) {
      s->no_data++;
      continue;
    }
    s->clipped += value >= clip;
    s->values[s->count++] = value;
    sum += value;
  }
  if (s->count == first) return;
  s->slice_mean[s->slices] = sum / (double)(s->count - first);
  s->position[s->slices] = (double)r * v->spacing[2];
  s->slice_end[s->slices++] = s->count;
}

/* Standard error of the mean from the scatter of slice means; neighbours may be correlated
 * (overlapping slices), which widens it by sqrt((1+r)/(1-r)). A trend along the rod is no error. */
static double standard_error(const struct sample *s, double sd) {
  int n = s->slices;
  if (n < 3) return sd / sqrt(fmax(1, (double)s->count / 20));
  double mean = stat_mean(s->slice_mean, n);
  double scatter = stat_sd(s->slice_mean, n, 1);
  if (scatter <= 0) return 0;
  double lag = 0;
  for (int i = 0; i + 1 < n; i++) lag += (s->slice_mean[i] - mean) * (s->slice_mean[i + 1] - mean);
  double r = lag / ((n - 1) * scatter * scatter);
  r = fmin(fmax(r, 0), 0.8);
  return scatter / sqrt(n) * sqrt((1 + r) / (1 - r));
}

/* Why the rod cannot be trusted by itself; "" when it can. */
static void find_fault(char reason[96], const struct sample *s, double mean) {
  reason[0] = '\0';
  float *copy = malloc((size_t)s->count * sizeof *copy);
  if (!copy) return;
  memcpy(copy, s->values, (size_t)s->count * sizeof *copy);
  double median = stat_percentile_inplace(copy, s->count, 50);
  double low = stat_percentile_inplace(copy, s->count, 15.87);
  free(copy);
  double spread = median - low; /* one SD, whatever a bubble does to the tail */
  double limit = median - fmax(bubble_hu, 6 * spread);
  int64_t below = 0;
  float highest = s->values[0];
  for (int64_t i = 0; i < s->count; i++) {
    below += s->values[i] < limit;
    if (s->values[i] > highest) highest = s->values[i];
  }
  if (highest > metal_hu)
    snprintf(reason, 96, "a voxel of %.0f HU: metal", (double)highest);
  else if ((double)s->clipped > clipped_share * (double)s->count)
    snprintf(reason, 96, "saturated: %.0f %% of its voxels are at the scan's highest value",
             100 * (double)s->clipped / (double)s->count);
  else if (below > 0)
    snprintf(reason, 96, "air bubble: %lld voxels below %.0f HU, mean %.0f", (long long)below,
             limit, mean);
  if (reason[0] || s->slices < 5) return;
  struct line_fit fit;
  if (stat_line_fit(&fit, s->position, s->slice_mean, NULL, s->slices) != ST_OK) {
    status_clear();
    return;
  }
  double length = s->position[s->slices - 1] - s->position[0];
  double trend = fit.slope * length;
  if (fabs(trend) > trend_hu + 2 * fit.slope_se * length)
    snprintf(reason, 96, "mean changes by %.1f HU along its length", trend);
}

static status sample_voxels(struct sample *s, const struct view *v, const struct volume *hu,
                            const struct labels *l, int value, const struct cal_sampling_options *o,
                            const char *name) {
  status st = ST_OK;
  size_t voxels = (size_t)(v->size[0] * v->size[1] * v->size[2]);
  size_t slices = (size_t)v->size[2];
  s->depth = malloc(voxels * sizeof *s->depth);
  s->values = malloc(voxels * sizeof *s->values);
  s->slice_end = malloc(slices * sizeof *s->slice_end);
  s->position = malloc(slices * sizeof *s->position);
  s->slice_mean = malloc(slices * sizeof *s->slice_mean);
  CHECK(s->depth && s->values && s->slice_end && s->position && s->slice_mean, ST_MEMORY,
        "sampling rod %s of %zu voxels", name, voxels);
  double radius = depths(s->depth, v, l, value);
  double erode = choose_erosion(s->depth, v, radius, o);
  float clip = volume_maximum(hu);
  double pixel = v->spacing[0] * v->spacing[1];
  for (int64_t r = 1; r < v->size[2] - 1; r++)
    if ((double)slice_count(s->depth, v, r, erode) * pixel >= o->min_area_mm2)
      take_slice(s, v, hu, r, erode, clip);
  CHECK(
      s->slices >= o->min_slices, ST_DOMAIN,
      "rod %s: %d slices with at least %.0f mm2 after erosion by %.2f mm (half width %.2f mm, %lld "
      "slices labelled, the first and the last dropped), %d needed",
      name, s->slices, o->min_area_mm2, erode, radius, (long long)v->size[2], o->min_slices);
  CHECK(
      (double)s->no_data <= 0.01 * (double)(s->count + s->no_data), ST_DOMAIN,
      "rod %s: %.1f %% of its voxels hold no data, at most 1 %%; is it outside the field of view?",
      name, 100 * (double)s->no_data / (double)(s->count + s->no_data));
done:
  return st;
}

static struct vec3 label_centre(const struct labels *l, int value) {
  struct vec3 sum = {0, 0, 0};
  double n = 0;
  int64_t lo[3];
  int64_t hi[3];
  if (!labels_box(l, value, lo, hi)) return vec3_make(NAN, NAN, NAN);
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++)
        if (l->voxels[geometry_index(&l->grid, i, j, k)] == value) {
          sum = vec3_add(sum, vec3_make((double)i, (double)j, (double)k));
          n++;
        }
  return geometry_to_world(&l->grid, vec3_scale(sum, 1 / n));
}

status cal_sample_label(struct calibration_point *point, const struct volume *hu,
                        const struct labels *labels, int value,
                        const struct cal_sampling_options *options) {
  status st = ST_OK;
  static const struct cal_sampling_options defaults = CAL_SAMPLING_DEFAULTS;
  const struct cal_sampling_options *o = options ? options : &defaults;
  struct sample s = {0};
  struct view v;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "sampling rods: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "scan", &labels->grid, "rod labels", 1e-3));
  CHECK(view_of(&v, labels, value), ST_DOMAIN, "rod %s: label %d is not in the label map",
        point->name, value);
  TRY(sample_voxels(&s, &v, hu, labels, value, o, point->name));
  double sum = 0;
  for (int64_t i = 0; i < s.count; i++) sum += s.values[i];
  double mean = sum / (double)s.count;
  double squares = 0;
  for (int64_t i = 0; i < s.count; i++) squares += (s.values[i] - mean) * (s.values[i] - mean);
  point->hu = mean;
  point->hu_sd = s.count > 1 ? sqrt(squares / (double)(s.count - 1)) : NAN;
  point->hu_se = standard_error(&s, point->hu_sd);
  point->voxels = s.count;
  point->slices = s.slices;
  point->where = label_centre(labels, value);
  find_fault(point->reason, &s, mean);
  point->used = point->reason[0] == '\0';
done:
  sample_free(&s);
  return st;
}

/* ---- all rods of an entry ---- */

/* Rods are labelled LABEL_ROD_1 + i, or 1 + i in a map made by hand. Every other value but the
 * plate is an error: matching is by label, never by order of appearance. */
static status label_base(int *base, const struct labels *l, const struct phantom_entry *e) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&l->grid);
  bool by_name = false;
  for (int64_t i = 0; i < n && !by_name; i++)
    by_name = l->voxels[i] >= LABEL_ROD_1 && l->voxels[i] < LABEL_ROD_1 + PHANTOM_RODS;
  *base = by_name ? LABEL_ROD_1 : 1;
  for (int64_t i = 0; i < n; i++) {
    int value = l->voxels[i];
    if (value == 0 || (value >= *base && value < *base + e->rod_count)) continue;
    if (by_name && (value < LABEL_ROD_1 || value >= LABEL_ROD_1 + PHANTOM_RODS)) continue;
    FAIL(ST_DOMAIN,
         "rod labels: value %d is no rod of %s, which has %d (labels %d to %d); does the "
         "certificate "
         "belong to this phantom?",
         value, e->key, e->rod_count, *base, *base + e->rod_count - 1);
  }
done:
  return st;
}

static void judge_noise(struct calibration *c, int first) {
  double sd[CALIBRATION_POINTS];
  int n = 0;
  for (int i = first; i < c->point_count; i++)
    if (c->points[i].used) sd[n++] = c->points[i].hu_sd;
  if (n < 3) return;
  double median = stat_median(sd, n);
  for (int i = first; i < c->point_count; i++) {
    struct calibration_point *p = &c->points[i];
    if (!p->used || !(p->hu_sd > sd_ratio * median + 0.5)) continue;
    p->used = 0;
    snprintf(p->reason, sizeof p->reason, "SD %.1f HU, median of the rods %.1f HU", p->hu_sd,
             median);
  }
}

status cal_sample_rods(struct calibration *c, const struct volume *hu, const struct labels *rods,
                       const struct phantom_entry *entry,
                       const struct cal_sampling_options *options) {
  status st = ST_OK;
  int base = 0;
  int first = c->point_count;
  TRY(label_base(&base, rods, entry));
  for (int i = 0; i < entry->rod_count; i++) {
    struct calibration_point *p = cal_add_point(c, entry->rods[i].label);
    CHECK(p, ST_DOMAIN, "phantom %s: more than %d points", entry->key, CALIBRATION_POINTS);
    p->density = entry->rods[i].density;
    p->water = entry->rods[i].water;
    TRY(cal_sample_label(p, hu, rods, base + i, options));
  }
  judge_noise(c, first);
  int good = 0;
  char bad[160] = "";
  for (int i = first; i < c->point_count; i++) {
    const struct calibration_point *p = &c->points[i];
    good += p->used;
    if (p->used) continue;
    size_t used = strlen(bad);
    snprintf(bad + used, sizeof bad - used, "; %s: %s", p->name, p->reason);
    cal_warn(c, "rod %s left out: %s", p->name, p->reason);
  }
  int needed = entry->rod_count == 2 ? 2 : 3;
  CHECK(good >= needed, ST_DOMAIN, "phantom %s: %d of %d rods can be used, at least %d needed%s",
        entry->key, good, entry->rod_count, needed, bad);
done:
  return st;
}
