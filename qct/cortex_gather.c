#include "qct/cortex_gather.h"

#include "core/body.h"

#include <math.h>

void gather_init(struct gather *g, const struct volume *density) {
  const double *edge = density->grid.spacing, enough = 300, tube = 15;
  *g = (struct gather){.density = density, .slice = geometry_slice_axis(&density->grid)};
  double plane = fmax(edge[(g->slice + 1) % 3], edge[(g->slice + 2) % 3]);
  double radius =
      sqrt(enough * geometry_voxel_mm3(&density->grid) / (3.14159265358979323846 * tube));
  radius = fmin(1, fmax(radius, 0.8 * plane));
  for (int a = 0; a < 3; a++) g->reach[a] = a == g->slice ? fmax(radius, 0.6 * edge[a]) : radius;
}

struct row {   /* a row of voxels against the line, in the frame of the grid, scaled by the reach */
  double n[3]; /* outward normal */
  double point[3]; /* of the line [mm along the index axes] */
};

/* Part of a row (y, z relative to the point) within the tube: |a x + b| <= 1. 0 when none. */
static int row_span(double *low, double *high, const struct gather *g, const struct row *r,
                    double y, double z) {
  double along = y * r->n[1] + z * r->n[2], aa = 0, ab = 0, bb = 0;
  const double q[3] = {0, y, z}, e[3] = {1, 0, 0};
  for (int c = 0; c < 3; c++) {
    double a = (e[c] - r->n[0] * r->n[c]) / g->reach[c], b = (q[c] - along * r->n[c]) / g->reach[c];
    aa += a * a;
    ab += a * b;
    bb += b * b;
  }
  double from = -INFINITY, to = INFINITY;
  if (aa > 1e-9) {
    double root = ab * ab - aa * (bb - 1);
    if (root < 0) return 0;
    from = (-ab - sqrt(root)) / aa;
    to = (-ab + sqrt(root)) / aa;
  } else if (bb > 1) {
    return 0;
  }
  /* depth = -(x n0 + along) within its limits */
  if (fabs(r->n[0]) > 1e-9) {
    double u = (GATHER_OUTSIDE_MM - along) / r->n[0], v = (-GATHER_INSIDE_MM - along) / r->n[0];
    from = fmax(from, fmin(u, v));
    to = fmin(to, fmax(u, v));
  } else if (-along < -GATHER_OUTSIDE_MM || -along > GATHER_INSIDE_MM) {
    return 0;
  }
  *low = from;
  *high = to;
  return from <= to;
}

/* Index range along an axis that the tube can touch. */
static void axis_range(int64_t *low, int64_t *high, const struct gather *g, const struct row *r,
                       int axis, int64_t n) {
  double outer = r->point[axis] + GATHER_OUTSIDE_MM * r->n[axis];
  double inner = r->point[axis] - GATHER_INSIDE_MM * r->n[axis];
  double edge = g->density->grid.spacing[axis], reach = g->reach[axis];
  *low = (int64_t)fmax(0, ceil((fmin(outer, inner) - reach) / edge));
  *high = (int64_t)fmin((double)(n - 1), floor((fmax(outer, inner) + reach) / edge));
}

int gather_samples(double *x, double *y, const struct gather *g, struct vec3 at,
                   struct vec3 outward) {
  const struct geometry *grid = &g->density->grid;
  struct vec3 index = geometry_to_index(grid, at);
  const double *edge = grid->spacing;
  struct row r = {.point = {index.x * edge[0], index.y * edge[1], index.z * edge[2]}};
  for (int a = 0; a < 3; a++) r.n[a] = vec3_dot(outward, geometry_axis(grid, a));
  int64_t j0, j1, k0, k1;
  int count = 0;
  axis_range(&j0, &j1, g, &r, 1, grid->ny);
  axis_range(&k0, &k1, g, &r, 2, grid->nz);
  for (int64_t k = k0; k <= k1; k++)
    for (int64_t j = j0; j <= j1; j++) {
      double dy = (double)j * edge[1] - r.point[1], dz = (double)k * edge[2] - r.point[2];
      double low, high;
      if (!row_span(&low, &high, g, &r, dy, dz)) continue;
      int64_t i0 = (int64_t)fmax(0, ceil((r.point[0] + low) / edge[0]));
      int64_t i1 = (int64_t)fmin((double)(grid->nx - 1), floor((r.point[0] + high) / edge[0]));
      const float *voxel = g->density->voxels + geometry_index(grid, 0, j, k);
      for (int64_t i = i0; i <= i1 && count < GATHER_MOST; i++) {
        if (isnan(voxel[i])) continue;
        double dx = (double)i * edge[0] - r.point[0];
        x[count] = -(dx * r.n[0] + dy * r.n[1] + dz * r.n[2]);
        y[count++] = (double)voxel[i];
      }
    }
  return count;
}
