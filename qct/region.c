#include "qct/region.h"

#include "core/eigen.h"
#include "core/filter.h"
#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- statistics ---- */

static int64_t gather(float *x, struct qct_roi_stats *s, const struct volume *image,
                      const struct labels *roi, int value) {
  int64_t lo[3], hi[3];
  if (!labels_box(roi, value, lo, hi)) return 0;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        int64_t at = geometry_index(&roi->grid, i, j, k);
        if (roi->voxels[at] != value) continue;
        float v = image->voxels[at];
        if (isnan(v)) {
          s->no_data++;
          continue;
        }
        s->below_0 += v < 0;
        s->above_1500 += v > 1500;
        x[s->n++] = v;
      }
  return s->n;
}

static void mean_and_sd(struct qct_roi_stats *s, const float *x) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < s->n; i++) sum += (double)x[i];
  s->mean = sum / (double)s->n;
  for (int64_t i = 0; i < s->n; i++) {
    double d = (double)x[i] - s->mean;
    squares += d * d;
  }
  s->sd = sqrt(squares / (double)s->n);
}

status qct_roi_measure(struct qct_roi_stats *out, const struct volume *image,
                       const struct labels *roi, int value) {
  const double none = (double)NAN;
  status st = ST_OK;
  int64_t count = labels_count(roi, value);
  struct qct_roi_stats s = {.mean = none,
                            .sd = none,
                            .median = none,
                            .least = none,
                            .p5 = none,
                            .p25 = none,
                            .p75 = none,
                            .p95 = none,
                            .p99 = none,
                            .most = none};
  float *x = malloc((size_t)(count ? count : 1) * sizeof *x);
  CHECK(x, ST_MEMORY, "measuring a region of %lld voxels", (long long)count);
  if (gather(x, &s, image, roi, value)) {
    double *const to[] = {&s.least, &s.p5, &s.p25, &s.median, &s.p75, &s.p95, &s.p99, &s.most};
    static const double percent[] = {0, 5, 25, 50, 75, 95, 99, 100};
    mean_and_sd(&s, x);
    for (int i = 0; i < 8; i++) *to[i] = stat_percentile_inplace(x, s.n, percent[i]);
  }
  *out = s;
done:
  free(x);
  return st;
}

/* ---- trimming ---- */

struct place {
  int64_t at;
  struct vec3 world;
};
static int64_t places_of(struct place *out, const struct labels *l, int value) {
  const struct geometry *g = &l->grid;
  int64_t lo[3], hi[3], n = 0;
  if (!labels_box(l, value, lo, hi)) return 0;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        int64_t at = geometry_index(g, i, j, k);
        struct vec3 index = {(double)i, (double)j, (double)k};
        if (l->voxels[at] == value) out[n++] = (struct place){at, geometry_to_world(g, index)};
      }
  return n;
}

/* The principal axis nearest to cranial, pointing there. */
static struct vec3 own_axis(const struct place *places, int64_t n) {
  double a[3][3] = {{0}}, v[3][3], spread[3];
  struct vec3 mean = {0, 0, 0};
  for (int64_t i = 0; i < n; i++) mean = vec3_along(mean, 1.0 / (double)n, places[i].world);
  for (int64_t i = 0; i < n; i++) {
    struct vec3 d = vec3_sub(places[i].world, mean);
    const double x[3] = {d.x, d.y, d.z};
    for (int r = 0; r < 9; r++) a[r / 3][r % 3] += x[r / 3] * x[r % 3];
  }
  eigen_symmetric(spread, &v[0][0], &a[0][0], 3);
  int best = 0;
  for (int i = 1; i < 3; i++)
    if (fabs(v[2][i]) > fabs(v[2][best])) best = i;
  struct vec3 axis = {v[0][best], v[1][best], v[2][best]};
  return axis.z < 0 ? vec3_scale(axis, -1) : axis;
}

static status clip(struct labels *l, int value, double caudal, double cranial) {
  status st = ST_OK;
  int64_t n = labels_count(l, value);
  struct place *places = malloc((size_t)(n ? n : 1) * sizeof *places);
  CHECK(places, ST_MEMORY, "clipping a region of %lld voxels", (long long)n);
  n = places_of(places, l, value);
  struct vec3 axis = own_axis(places, n);
  double low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < n; i++) {
    low = fmin(low, vec3_dot(places[i].world, axis));
    high = fmax(high, vec3_dot(places[i].world, axis));
  }
  /* from face to face: half a voxel beyond the outermost centres */
  const double *mm = l->grid.spacing;
  double half = 0;
  for (int a = 0; a < 3; a++)
    half += 0.5 * mm[a] * fabs(vec3_dot(axis, geometry_axis(&l->grid, a)));
  double from = low - half + caudal / 100 * (high - low + 2 * half);
  double to = high + half - cranial / 100 * (high - low + 2 * half);
  for (int64_t i = 0; i < n; i++) {
    double z = vec3_dot(places[i].world, axis);
    if (z < from || z > to) l->voxels[places[i].at] = 0;
  }
done:
  free(places);
  return st;
}

static status check_options(const struct qct_region_options *o) {
  status st = ST_OK;
  const double most_mm = 20, most_percent = 90;
  CHECK(o->erode_mm >= 0 && o->erode_mm <= most_mm, ST_DOMAIN,
        "statistics of a region: erosion by %g mm; 0 to %g mm are permitted", o->erode_mm, most_mm);
  CHECK(o->clip_caudal >= 0 && o->clip_cranial >= 0 &&
            o->clip_caudal + o->clip_cranial <= most_percent,
        ST_DOMAIN,
        "statistics of a region: %g %% and %g %% are to be cut off its ends; together 0 to %g %% "
        "are permitted",
        o->clip_caudal, o->clip_cranial, most_percent);
done:
  return st;
}

static bool trims(const struct qct_region_options *o) {
  return o->erode_mm > 0 || o->keep_largest || o->clip_caudal > 0 || o->clip_cranial > 0;
}

status qct_region_trim(struct labels *l, int value, const struct qct_region_options *o) {
  status st = ST_OK;
  TRY(check_options(o));
  if (o->erode_mm > 0) TRY(filter_grow(l, value, -o->erode_mm, 0));
  if (labels_count(l, value) == 0) goto done;
  if (o->keep_largest) TRY(filter_keep_largest(l, value, 6, NULL));
  if (o->clip_caudal > 0 || o->clip_cranial > 0)
    TRY(clip(l, value, o->clip_caudal, o->clip_cranial));
done:
  return st;
}

/* ---- rows ---- */

struct job {
  struct record *r;
  const char *region;
  const struct volume *image;
  const struct calibration *calibration;
  const struct qct_region_options *options;
  struct qct_roi_stats stats;
  int64_t given, border; /* voxels of the label before trimming */
  char method[96];
};

static int64_t border_voxels(const struct labels *l, int value) {
  const struct geometry *g = &l->grid;
  int64_t lo[3], hi[3], n = 0;
  if (!labels_box(l, value, lo, hi)) return 0;
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++) {
        bool edge = (g->nx > 1 && (i == 0 || i == g->nx - 1)) ||
                    (g->ny > 1 && (j == 0 || j == g->ny - 1)) ||
                    (g->nz > 1 && (k == 0 || k == g->nz - 1));
        n += edge && l->voxels[geometry_index(g, i, j, k)] == value;
      }
  return n;
}

static void method_words(char out[96], const struct qct_region_options *o,
                         const struct volume *image) {
  char erode[24] = "", clip_words[40] = "";
  if (o->erode_mm > 0) snprintf(erode, sizeof erode, " eroded %.3g mm", o->erode_mm);
  if (o->clip_caudal > 0 || o->clip_cranial > 0)
    snprintf(clip_words, sizeof clip_words, " clipped %.3g %% %.3g %%", o->clip_caudal,
             o->clip_cranial);
  snprintf(out, 96, "label%s%s%s, %s", erode, o->keep_largest ? " largest part" : "", clip_words,
           image->quantity == QUANTITY_DENSITY ? material_name(image->material)
                                               : quantity_name(image->quantity));
}

/* A row; `scale` turns a half-width of the calibration into that of the value, 0: no interval. */
static status add(struct job *job, const char *what, double value, const char *unit, double scale) {
  status st = ST_OK;
  const struct qct_roi_stats *s = &job->stats;
  bool enough = s->n > 0 && s->n >= job->options->min_voxels;
  struct measurement *m = record_add(job->r, job->region, what, enough ? value : (double)NAN, unit);
  CHECK(m, ST_MEMORY, "statistics of %s", job->region);
  m->n = s->n;
  snprintf(m->method, sizeof m->method, "%s", job->method);
  if (!job->given)
    measurement_flag(m, "not in the label map");
  else if (!enough)
    measurement_flag(m, "%lld voxels, at least %d are needed", (long long)s->n,
                     job->options->min_voxels);
  if (s->no_data) measurement_flag(m, "%lld voxels without data left out", (long long)s->no_data);
  if (job->border)
    measurement_flag(m, "%lld voxels at the edge of the scan: cut?", (long long)job->border);
  bool density = job->image->quantity == QUANTITY_DENSITY;
  if (density && job->image->material == MATERIAL_UNSTATED)
    measurement_flag(m, "material not stated");
  if (enough && density && job->calibration && scale > 0) {
    double half = scale * calibration_half_width(job->calibration,
                                                 calibration_hu(job->calibration, value / scale));
    m->low = value - half;
    m->high = value + half;
  }
done:
  return st;
}

static status add_all(struct job *job) {
  status st = ST_OK;
  const struct qct_roi_stats *s = &job->stats;
  const bool density = job->image->quantity == QUANTITY_DENSITY;
  const char *unit = quantity_unit(job->image->quantity);
  const char *stem = density ? "vbmd" : job->image->quantity == QUANTITY_HU ? "hu" : "value";
  const double volume_cm3 = (double)s->n * geometry_voxel_mm3(&job->image->grid) / 1000;
  const struct {
    const char *name;
    double value;
  } rows[] = {{density ? "" : "_mean", s->mean},
              {"_median", s->median},
              {"_sd", s->sd},
              {"_p5", s->p5},
              {"_p25", s->p25},
              {"_p75", s->p75},
              {"_p95", s->p95},
              {"_min", s->least},
              {"_max", s->most}};
  TRY(add(job, "volume", volume_cm3, "cm3", 0));
  if (density) TRY(add(job, "bmc", s->mean * volume_cm3, "mg", volume_cm3));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char name[32];
    snprintf(name, sizeof name, "%s%s", stem, rows[i].name);
    TRY(add(job, name, rows[i].value, unit, density && i < 2 ? 1 : 0));
  }
  if (density) {
    TRY(add(job, "fraction_below_0", (double)s->below_0 / (double)s->n, "", 0));
    TRY(add(job, "fraction_above_1500", (double)s->above_1500 / (double)s->n, "", 0));
  }
  TRY(add(job, "border_voxels", (double)job->border, "", 0));
done:
  return st;
}

status qct_region_rows(struct record *r, const char *region, const struct volume *image,
                       const struct labels *labels, int value,
                       const struct calibration *calibration,
                       const struct qct_region_options *options) {
  static const struct qct_region_options defaults = QCT_REGION_DEFAULTS;
  status st = ST_OK;
  struct labels *trimmed = NULL;
  struct job job = {.r = r,
                    .region = region,
                    .image = image,
                    .calibration = calibration,
                    .options = options ? options : &defaults};
  TRY(geometry_match(&image->grid, "image", &labels->grid, "labels", 0.1));
  TRY(check_options(job.options));
  if (trims(job.options)) {
    TRY(labels_copy(&trimmed, labels));
    TRY(qct_region_trim(trimmed, value, job.options));
  }
  job.given = value > 0 ? labels_count(labels, value) : 0;
  job.border = value > 0 ? border_voxels(labels, value) : 0;
  if (value > 0) TRY(qct_roi_measure(&job.stats, image, trimmed ? trimmed : labels, value));
  method_words(job.method, job.options, image);
  TRY(add_all(&job));
done:
  labels_destroy(trimmed);
  return st;
}
