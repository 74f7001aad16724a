#include "qct/edge.h"

#include "core/parallel.h"
#include "core/statistics.h"
#include "qct/near.h"

#include <math.h>
#include <stdlib.h>

static const double step_mm = 0.2, farthest_mm = 5, background_mm = 1.4;
static const double another_bone = 60; /* mg/cm3 above the lowest point: density rises again */
enum { SAMPLES = 26 };                 /* to 5 mm */

/* Where the outside of one surface point ends, and the soft tissue there. */
struct outside {
  float reach_mm;   /* how far mineral of this bone is looked for */
  float background; /* mg/cm3; NaN when another bone is too near to read it */
};

static struct outside look_outside(const struct volume *density, struct vec3 at,
                                   struct vec3 normal) {
  double rho[SAMPLES];
  int lowest = 0, end = 0;
  for (int i = 0; i < SAMPLES; i++) {
    rho[i] = volume_sample(density, vec3_along(at, i * step_mm, normal));
    if (isnan(rho[i])) break;
    if (rho[i] < rho[lowest]) lowest = i;
    if (rho[i] > rho[lowest] + another_bone) break;
    end = i;
  }
  bool joint = end < SAMPLES - 1;
  int last = joint ? lowest : end - (int)(background_mm / step_mm);
  struct outside o = {(float)(last > 0 ? last * step_mm : 0), NAN};
  if (!joint) o.background = (float)stat_mean(rho + last, end - last + 1);
  return o;
}

/* Soft tissue beside the joint: the median of what was read elsewhere. */
static status fill_backgrounds(struct outside *outside, int64_t n) {
  status st = ST_OK;
  int64_t count = 0;
  float *read = malloc((size_t)n * sizeof *read);
  CHECK(read, ST_MEMORY, "edge of the bone: %lld surface points", (long long)n);
  for (int64_t i = 0; i < n; i++)
    if (!isnan(outside[i].background)) read[count++] = outside[i].background;
  float usual = count ? (float)stat_percentile_inplace(read, count, 50) : 0;
  for (int64_t i = 0; i < n; i++)
    if (isnan(outside[i].background)) outside[i].background = usual;
done:
  free(read);
  return st;
}

/* Excess of the voxels of one slice; sums of voxels keep mass, interpolated profiles would not. */
static void sum_slice(double mass_mg[HIP_SHAFT + 1], int64_t k, const int64_t lo[3],
                      const int64_t hi[3], const struct volume *density,
                      const struct labels *labels, int label, const struct near *near,
                      const struct outside *outside, const struct hip_frame *frame) {
  const struct geometry *g = &labels->grid;
  double voxel_cm3 = geometry_voxel_mm3(g) / 1000;
  for (int part = 0; part <= HIP_SHAFT; part++) mass_mg[part] = 0;
  for (int64_t j = lo[1]; j <= hi[1]; j++)
    for (int64_t i = lo[0]; i <= hi[0]; i++) {
      int64_t at = geometry_index(g, i, j, k);
      if (labels->voxels[at] == label || isnan(density->voxels[at])) continue;
      struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
      double distance;
      int32_t point = near_point(&distance, near, p, farthest_mm, -1);
      if (point < 0 || distance > (double)outside[point].reach_mm) continue;
      double excess = (double)density->voxels[at] - (double)outside[point].background;
      mass_mg[hip_frame_region(frame, p)] += excess * voxel_cm3;
    }
}

/* The label's box, wider by the reach on every side. */
static void wide_box(int64_t lo[3], int64_t hi[3], const struct labels *labels, int label) {
  const int64_t size[3] = {labels->grid.nx, labels->grid.ny, labels->grid.nz};
  labels_box(labels, label, lo, hi);
  for (int a = 0; a < 3; a++) {
    int64_t more = (int64_t)ceil(farthest_mm / labels->grid.spacing[a]);
    lo[a] = lo[a] > more ? lo[a] - more : 0;
    hi[a] = hi[a] + more < size[a] ? hi[a] + more : size[a] - 1;
  }
}

status qct_edge_mass(double mass_mg[HIP_SHAFT + 1], const struct volume *density,
                     const struct labels *labels, int label, const struct surface *surface,
                     const struct hip_frame *frame) {
  status st = ST_OK;
  struct near near = {.size_mm = 0};
  int64_t n = surface->vertex_count, lo[3], hi[3];
  double(*slices)[HIP_SHAFT + 1] = NULL;
  struct outside *outside = calloc((size_t)n, sizeof *outside);
  CHECK(outside, ST_MEMORY, "edge of the bone: %lld surface points", (long long)n);
  TRY(near_make(&near, surface, 3));
#pragma omp parallel for num_threads(parallel_threads())
  for (int64_t i = 0; i < n; i++)
    outside[i] = look_outside(density, surface->vertices[i], surface->normals[i]);
  TRY(fill_backgrounds(outside, n));
  wide_box(lo, hi, labels, label);
  slices = calloc((size_t)(hi[2] - lo[2] + 1), sizeof *slices);
  CHECK(slices, ST_MEMORY, "edge of the bone: %lld slices", (long long)(hi[2] - lo[2] + 1));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    sum_slice(slices[k - lo[2]], k, lo, hi, density, labels, label, &near, outside, frame);
  for (int part = 0; part <= HIP_SHAFT; part++) {
    mass_mg[part] = 0; /* slices in their order: the same for any number of threads */
    for (int64_t k = 0; k <= hi[2] - lo[2]; k++) mass_mg[part] += slices[k][part];
  }
done:
  near_free(&near);
  free(slices);
  free(outside);
  return st;
}
