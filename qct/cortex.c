/* Cortical and trabecular voxels of a femur, by half-maximum along the surface normal or by a fixed
 * threshold. */
#include "core/parallel.h"
#include "core/statistics.h"
#include "qct/hip_density.h"
#include "qct/near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const qct_cortex_names[] = {"model", "half-max", "fixed", NULL};

/* sampling of the half-max method */
static const double step_mm = 0.1, deepest_mm = 8, peak_within_mm = 4, inside_from_mm = 5;
static const double least_contrast = 150; /* mg/cm3 */
enum { SAMPLES = 81, NEIGHBOURS = 24 };

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
static double neighbour_median(const struct near *c, const float *depth, struct vec3 at) {
  for (double reach = 3; reach <= 24; reach *= 2) {
    struct gather g = {.depth = depth};
    near_visit(c, at, reach, gather_depth, &g);
    if (g.count) return stat_percentile_inplace(g.values, g.count, 50);
  }
  return 0;
}

static void mark_voxels(struct labels *split, const struct labels *labels, int label,
                        const struct near *cells, const float *depth, double beside_mm) {
  const struct geometry *g = &labels->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        if (labels->voxels[at] != label) continue;
        struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        double deep;
        int32_t point = near_point(&deep, cells, p, deepest_mm + beside_mm, -1);
        double thickness = point >= 0 ? (double)depth[point] : 0;
        split->voxels[at] = deep < thickness               ? QCT_CORTICAL
                            : deep < thickness + beside_mm ? QCT_BESIDE_CORTEX
                                                           : QCT_TRABECULAR;
      }
}

static status split_half_max(struct labels *split, double *resolved, const struct volume *density,
                             const struct labels *labels, int label, const struct surface *s,
                             double beside_mm) {
  status st = ST_OK;
  struct near cells = {.size_mm = 0};
  float *raw = NULL, *depth = NULL;
  int64_t found = 0;
  raw = calloc((size_t)s->vertex_count, sizeof *raw);
  depth = calloc((size_t)s->vertex_count, sizeof *depth);
  CHECK(raw && depth, ST_MEMORY, "cortex: %lld surface points", (long long)s->vertex_count);
  TRY(near_make(&cells, s, 3));
#pragma omp parallel for num_threads(parallel_threads()) reduction(+ : found)
  for (int64_t v = 0; v < s->vertex_count; v++) {
    raw[v] = (float)depth_at(density, s->vertices[v], s->normals[v]);
    found += !isnan(raw[v]);
  }
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 256)
  for (int64_t v = 0; v < s->vertex_count; v++)
    depth[v] = isnan(raw[v]) ? (float)neighbour_median(&cells, raw, s->vertices[v]) : raw[v];
  mark_voxels(split, labels, label, &cells, depth, beside_mm);
  *resolved = (double)found / (double)s->vertex_count;
done:
  near_free(&cells);
  free(raw);
  free(depth);
  return st;
}

static void split_fixed(struct labels *split, const struct volume *density,
                        const struct labels *labels, int label, double threshold_mgcc) {
  int64_t n = geometry_voxels(&labels->grid);
  for (int64_t i = 0; i < n; i++)
    if (labels->voxels[i] == label)
      split->voxels[i] =
          (double)density->voxels[i] >= threshold_mgcc ? QCT_CORTICAL : QCT_TRABECULAR;
}

status qct_bone_surface(struct surface **out, const struct labels *labels, int label) {
  const int smoothing = 10;
  status st = ST_OK;
  struct surface *s = NULL;
  TRY(surface_from_labels(&s, labels, label));
  CHECK(s->vertex_count > 0, ST_DOMAIN, "surface of a bone: label %d is not in the label map",
        label);
  TRY(surface_smooth(s, smoothing));
  TRY(surface_normals(s));
  /* marching cubes cut the corners of voxels: move the surface out until it holds as much as they
   */
  double voxels_mm3 = (double)labels_count(labels, label) * geometry_voxel_mm3(&labels->grid);
  double offset_mm = (voxels_mm3 - surface_volume_mm3(s)) / surface_area_mm2(s);
  for (int64_t v = 0; v < s->vertex_count; v++)
    s->vertices[v] = vec3_along(s->vertices[v], offset_mm, s->normals[v]);
  *out = s;
  s = NULL;
done:
  surface_destroy(s);
  return st;
}

status qct_cortex_split(struct labels **out, double *resolved, const struct volume *density,
                        const struct labels *labels, int label, const struct surface *surface,
                        const struct qct_hip_options *options) {
  static const struct qct_hip_options defaults = QCT_HIP_DEFAULTS;
  const double least_beside_mm = 2; /* about twice the blur of a standard kernel */
  status st = ST_OK;
  struct labels *split = NULL;
  double share = 1, beside_mm;
  if (!options) options = &defaults;
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.1));
  CHECK(options->cortex != QCT_CORTEX_MODEL, ST_DOMAIN,
        "cortex: the model's shell does not part voxels; take half-max or fixed");
  CHECK(options->cortex != QCT_CORTEX_FIXED || isfinite(options->threshold_mgcc), ST_DOMAIN,
        "cortex: a fixed threshold was asked for without its value [mg/cm3]");
  const double *mm = labels->grid.spacing;
  beside_mm = fmax(least_beside_mm, fmax(mm[0], fmax(mm[1], mm[2])));
  TRY(labels_create(&split, &labels->grid));
  if (options->cortex == QCT_CORTEX_FIXED)
    split_fixed(split, density, labels, label, options->threshold_mgcc);
  else
    TRY(split_half_max(split, &share, density, labels, label, surface, beside_mm));
  *out = split;
  split = NULL;
  if (resolved) *resolved = share;
done:
  labels_destroy(split);
  return st;
}
