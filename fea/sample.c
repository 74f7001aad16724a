#include "fea/sample.h"

#include "core/parallel.h"

#include <math.h>

enum { MOST_POINTS = 8 }; /* along one axis of a voxel */

static int points_per_axis(const struct geometry *grid, const struct geometry *ct) {
  double finest = fmin(ct->spacing[0], fmin(ct->spacing[1], ct->spacing[2]));
  double points = ceil(grid->spacing[0] / finest - 1e-6);
  return points < 1 ? 1 : points > MOST_POINTS ? MOST_POINTS : (int)points;
}

static bool on_label(const struct labels *labels, int label, struct vec3 at) {
  int64_t i = (int64_t)floor(at.x + 0.5), j = (int64_t)floor(at.y + 0.5);
  int64_t k = (int64_t)floor(at.z + 0.5);
  return geometry_inside(&labels->grid, i, j, k) &&
         labels->voxels[geometry_index(&labels->grid, i, j, k)] == label;
}

/* The edge voxels of a scan reach half a voxel beyond their centres; clamp into the centres. */
static double clamp(double x, int64_t n) {
  return x < 0 ? 0 : x > (double)(n - 1) ? (double)(n - 1) : x;
}

static int sample_voxel(float *density, const struct geometry *grid, const struct volume *ct,
                        const struct labels *labels, int label, int points, int64_t i, int64_t j,
                        int64_t k) {
  int within = 0;
  double sum = 0;
  for (int p = 0; p < points * points * points; p++) {
    const double a = (p % points + 0.5) / points - 0.5,
                 b = (p / points % points + 0.5) / points - 0.5;
    const double c = (p / (points * points) + 0.5) / points - 0.5;
    const struct vec3 world =
        geometry_to_world(grid, vec3_make((double)i + a, (double)j + b, (double)k + c));
    const struct vec3 at = geometry_to_index(&ct->grid, world);
    within += on_label(labels, label, at);
    sum += volume_sample_index(ct, clamp(at.x, ct->grid.nx), clamp(at.y, ct->grid.ny),
                               clamp(at.z, ct->grid.nz));
  }
  if (2 * within < points * points * points) return 0;
  *density = (float)(sum / (points * points * points));
  return 1;
}

status fea_sample(float *density, uint8_t *inside, int64_t *no_data, const struct geometry *grid,
                  const struct volume *ct, const struct labels *labels, int label) {
  status st = ST_OK;
  int64_t missing = 0;
  TRY(geometry_match(&ct->grid, "density", &labels->grid, "labels", 0.01));
  const int points = points_per_axis(grid, &ct->grid);
#pragma omp parallel for schedule(dynamic, 4) num_threads(parallel_threads()) reduction(+ : missing)
  for (int64_t k = 0; k < grid->nz; k++)
    for (int64_t j = 0; j < grid->ny; j++)
      for (int64_t i = 0; i < grid->nx; i++) {
        const int64_t v = geometry_index(grid, i, j, k);
        density[v] = NAN;
        inside[v] = (uint8_t)sample_voxel(&density[v], grid, ct, labels, label, points, i, j, k);
        missing += inside[v] && isnan(density[v]);
      }
  *no_data = missing;
done:
  return st;
}
