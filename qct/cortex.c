/* Cortical and trabecular voxels of a femur, by half-maximum along the surface normal or by a fixed
 * threshold. */
#include "core/parallel.h"
#include "core/statistics.h"
#include "core/surface.h"
#include "qct/region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const qct_cortex_names[] = {"half-max", "fixed", NULL};

/* sampling of the half-max method */
static const double step_mm = 0.1, deepest_mm = 8, peak_within_mm = 4, inside_from_mm = 5;
static const double least_contrast = 150; /* mg/cm3 */
enum { SAMPLES = 81, NEIGHBOURS = 24, CORTICAL = 1, TRABECULAR = 2 };

/* Depth at which density falls to halfway between the cortical peak and the marrow behind it; NaN
 * when it is not resolved. */
static double half_max_depth(const double density[SAMPLES]) {
  float inside[SAMPLES];
  int peak = -1, count = 0;
  for (int i = 0; i < SAMPLES; i++) {
    double depth = i * step_mm;
    if (isnan(density[i])) continue;
    if (depth <= peak_within_mm && (peak < 0 || density[i] > density[peak])) peak = i;
    if (depth >= inside_from_mm) inside[count++] = (float)density[i];
  }
  if (peak < 0 || count == 0) return (double)NAN;
  double behind = stat_percentile_inplace(inside, count, 50);
  if (!(density[peak] - behind >= least_contrast)) return (double)NAN;
  double half = (density[peak] + behind) / 2;
  for (int i = peak; i + 1 < SAMPLES; i++)
    if (density[i] >= half && density[i + 1] < half)
      return (i + (density[i] - half) / (density[i] - density[i + 1])) * step_mm;
  return (double)NAN;
}

static double depth_at(const struct volume *density, struct vec3 at, struct vec3 normal) {
  double values[SAMPLES];
  for (int i = 0; i < SAMPLES; i++)
    values[i] = volume_sample(density, vec3_along(at, -i * step_mm, normal));
  return half_max_depth(values);
}

/* ---- neighbours on the surface through a grid of cells ---- */

struct cells {
  double size_mm;
  struct vec3 origin;
  int64_t nx, ny, nz;
  int32_t *first; /* owned, [cells + 1]: where a cell's points begin in `points` */
  int32_t *points;
};

static void cells_free(struct cells *c) {
  free(c->first);
  free(c->points);
}

static int64_t cell_of(const struct cells *c, struct vec3 p) {
  int64_t i = (int64_t)((p.x - c->origin.x) / c->size_mm);
  int64_t j = (int64_t)((p.y - c->origin.y) / c->size_mm);
  int64_t k = (int64_t)((p.z - c->origin.z) / c->size_mm);
  return (k * c->ny + j) * c->nx + i;
}

static status cells_make(struct cells *c, const struct surface *s, double size_mm) {
  status st = ST_OK;
  struct vec3 low = s->vertices[0], high = low;
  for (int64_t v = 1; v < s->vertex_count; v++) {
    struct vec3 p = s->vertices[v];
    low = vec3_make(fmin(low.x, p.x), fmin(low.y, p.y), fmin(low.z, p.z));
    high = vec3_make(fmax(high.x, p.x), fmax(high.y, p.y), fmax(high.z, p.z));
  }
  c->size_mm = size_mm;
  c->origin = low;
  c->nx = (int64_t)((high.x - low.x) / size_mm) + 1;
  c->ny = (int64_t)((high.y - low.y) / size_mm) + 1;
  c->nz = (int64_t)((high.z - low.z) / size_mm) + 1;
  int64_t n = c->nx * c->ny * c->nz;
  c->first = calloc((size_t)n + 1, sizeof *c->first);
  c->points = calloc((size_t)s->vertex_count, sizeof *c->points);
  CHECK(c->first && c->points, ST_MEMORY, "cortex: a table of %lld surface points",
        (long long)s->vertex_count);
  for (int64_t v = 0; v < s->vertex_count; v++) c->first[cell_of(c, s->vertices[v])]++;
  int32_t sum = 0;
  for (int64_t i = 0; i <= n; i++) {
    sum += c->first[i];
    c->first[i] = sum;
  }
  for (int64_t v = s->vertex_count - 1; v >= 0; v--)
    c->points[--c->first[cell_of(c, s->vertices[v])]] = (int32_t)v;
done:
  return st;
}

typedef void (*point_visitor)(void *user, int32_t point, double distance2);

/* All points within `reach_mm` of p. */
static void visit_near(const struct cells *c, const struct surface *s, struct vec3 p,
                       double reach_mm, point_visitor visit, void *user) {
  int64_t low[3], high[3];
  const double at[3] = {p.x - c->origin.x, p.y - c->origin.y, p.z - c->origin.z};
  const int64_t size[3] = {c->nx, c->ny, c->nz};
  for (int a = 0; a < 3; a++) {
    low[a] = (int64_t)fmax(0, floor((at[a] - reach_mm) / c->size_mm));
    high[a] = (int64_t)fmin((double)(size[a] - 1), floor((at[a] + reach_mm) / c->size_mm));
  }
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++) {
        int64_t cell = (k * c->ny + j) * c->nx + i;
        for (int32_t n = c->first[cell]; n < c->first[cell + 1]; n++) {
          struct vec3 d = vec3_sub(s->vertices[c->points[n]], p);
          double distance2 = vec3_dot(d, d);
          if (distance2 <= reach_mm * reach_mm) visit(user, c->points[n], distance2);
        }
      }
}

struct gather {
  const float *depth;
  float values[NEIGHBOURS * 16];
  int count;
};

static void gather_depth(void *user, int32_t point, double distance2) {
  (void)distance2;
  struct gather *g = user;
  if (!isnan(g->depth[point]) && g->count < NEIGHBOURS * 16)
    g->values[g->count++] = g->depth[point];
}

/* Median of the resolved thicknesses within 3 mm, growing to 24 mm where none is; smooths and
 * fills. */
static double neighbour_median(const struct cells *c, const struct surface *s, const float *depth,
                               struct vec3 at) {
  for (double reach = 3; reach <= 24; reach *= 2) {
    struct gather g = {.depth = depth};
    visit_near(c, s, at, reach, gather_depth, &g);
    if (g.count) return stat_percentile_inplace(g.values, g.count, 50);
  }
  return 0;
}

struct nearest {
  double distance2;
  int32_t point;
};

static void take_nearest(void *user, int32_t point, double distance2) {
  struct nearest *n = user;
  if (distance2 < n->distance2 || (distance2 == n->distance2 && point < n->point)) {
    n->distance2 = distance2;
    n->point = point;
  }
}

static void mark_voxels(struct labels *split, const struct labels *labels, int label,
                        const struct surface *s, const struct cells *cells, const float *depth) {
  const struct geometry *g = &labels->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        if (labels->voxels[at] != label) continue;
        struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        struct nearest n = {(double)INFINITY, -1};
        visit_near(cells, s, p, deepest_mm, take_nearest, &n);
        bool cortical = n.point >= 0 && sqrt(n.distance2) < (double)depth[n.point];
        split->voxels[at] = cortical ? CORTICAL : TRABECULAR;
      }
}

static status split_half_max(struct labels *split, double *resolved, const struct volume *density,
                             const struct labels *labels, int label) {
  const int smoothing = 10;
  status st = ST_OK;
  struct surface *s = NULL;
  struct cells cells = {.size_mm = 0};
  float *raw = NULL, *depth = NULL;
  int64_t found = 0;
  TRY(surface_from_labels(&s, labels, label));
  CHECK(s->vertex_count > 0, ST_DOMAIN, "cortex: label %d has no surface", label);
  TRY(surface_smooth(s, smoothing));
  TRY(surface_normals(s));
  raw = calloc((size_t)s->vertex_count, sizeof *raw);
  depth = calloc((size_t)s->vertex_count, sizeof *depth);
  CHECK(raw && depth, ST_MEMORY, "cortex: %lld surface points", (long long)s->vertex_count);
  TRY(cells_make(&cells, s, 3));
#pragma omp parallel for num_threads(parallel_threads()) reduction(+ : found)
  for (int64_t v = 0; v < s->vertex_count; v++) {
    raw[v] = (float)depth_at(density, s->vertices[v], s->normals[v]);
    found += !isnan(raw[v]);
  }
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 256)
  for (int64_t v = 0; v < s->vertex_count; v++)
    depth[v] = isnan(raw[v]) ? (float)neighbour_median(&cells, s, raw, s->vertices[v]) : raw[v];
  mark_voxels(split, labels, label, s, &cells, depth);
  if (resolved) *resolved = (double)found / (double)s->vertex_count;
done:
  surface_destroy(s);
  cells_free(&cells);
  free(raw);
  free(depth);
  return st;
}

status qct_cortex_split(struct labels **out, double *resolved, const struct volume *density,
                        const struct labels *labels, int label,
                        const struct qct_region_options *options) {
  static const struct qct_region_options defaults = QCT_REGION_DEFAULTS;
  status st = ST_OK;
  struct labels *split = NULL;
  if (!options) options = &defaults;
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.1));
  CHECK(options->cortex != QCT_CORTEX_FIXED || isfinite(options->threshold_mgcc), ST_DOMAIN,
        "cortex: a fixed threshold was asked for without its value [mg/cm3]");
  TRY(labels_create(&split, &labels->grid));
  if (options->cortex == QCT_CORTEX_FIXED) {
    int64_t n = geometry_voxels(&labels->grid);
    for (int64_t i = 0; i < n; i++)
      if (labels->voxels[i] == label)
        split->voxels[i] =
            (double)density->voxels[i] >= options->threshold_mgcc ? CORTICAL : TRABECULAR;
    if (resolved) *resolved = 1;
  } else {
    TRY(split_half_max(split, resolved, density, labels, label));
  }
  *out = split;
  split = NULL;
done:
  labels_destroy(split);
  return st;
}
