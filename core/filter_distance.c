/* Signed Euclidean distance to the surface between a set of voxels and the rest.
 *
 * The surface runs between the last voxels inside and the first outside, which are known by their
 * centres only. The result is the mean of the exact distances to the two sheets of centres (those
 * with a face neighbour of the other kind): right at flat faces, and too short by about a fifth of
 * a voxel at oblique ones, where the sheets are stairs (the distance to the faces of the voxels,
 * whose corners stick out, is worse). Squared distances one axis at a time by the lower envelope of
 * parabolas, in two scans. Source: meijster2000. */
#include "core/filter.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>

/* Largest x < n at which i is still no farther than u > i; at least -1. */
static int64_t separation(const float *g, int64_t i, int64_t u, int64_t n, double w2) {
  double x = ((double)g[u] - (double)g[i]) / (2 * w2 * (double)(u - i)) + (double)(u + i) / 2;
  return x < 0 ? -1 : x >= (double)n ? n - 1 : (int64_t)x;
}

static inline double cost(int64_t d, double w2) {
  return (double)(d * d) * w2;
}

struct line {
  float *value; /* [n] */
  int64_t *owner, *from;
};

/* out[x] = min over i of cost(x - i) + value[i]; INFINITY is "no voxel". */
static void envelope(const struct line *l, float *out, int64_t stride, int64_t n, double w2) {
  const float *g = l->value;
  int64_t q = -1;
  for (int64_t u = 0; u < n; u++) {
    if (isinf(g[u])) continue;
    while (q >= 0 && cost(l->from[q] - l->owner[q], w2) + (double)g[l->owner[q]] >
                         cost(l->from[q] - u, w2) + (double)g[u])
      q--;
    int64_t start = q < 0 ? 0 : separation(g, l->owner[q], u, n, w2) + 1;
    if (start >= n) continue;
    q++;
    l->owner[q] = u;
    l->from[q] = start;
  }
  if (q < 0) return;
  for (int64_t x = n - 1; x >= 0; x--) {
    while (l->from[q] > x) q--;
    out[x * stride] = (float)(cost(x - l->owner[q], w2) + (double)g[l->owner[q]]);
  }
}

static status distance_axis(float *d2, const struct geometry *g, int axis) {
  status st = ST_OK;
  const int64_t n[3] = {g->nx, g->ny, g->nz}, stride[3] = {1, g->nx, g->nx * g->ny};
  const int a = axis == 0 ? 1 : 0, b = axis == 2 ? 1 : 2; /* the other two axes */
  int failed = 0;
#pragma omp parallel num_threads(parallel_threads())
  {
    size_t m = (size_t)n[axis];
    struct line l = {malloc(m * sizeof(float)), malloc(m * sizeof(int64_t)),
                     malloc(m * sizeof(int64_t))};
    bool ready = l.value && l.owner && l.from;
    if (!ready) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp for schedule(static)
    for (int64_t r = 0; r < n[a] * n[b]; r++) {
      if (!ready) continue;
      float *line = d2 + (r % n[a]) * stride[a] + (r / n[a]) * stride[b];
      for (int64_t i = 0; i < n[axis]; i++) l.value[i] = line[i * stride[axis]];
      envelope(&l, line, stride[axis], n[axis], g->spacing[axis] * g->spacing[axis]);
    }
    free(l.value);
    free(l.owner);
    free(l.from);
  }
  CHECK(!failed, ST_MEMORY, "distance along lines of %lld voxels", (long long)n[axis]);
done:
  return st;
}

static inline bool is_in(uint16_t voxel, int value) {
  return value ? voxel == value : voxel != 0;
}

/* Has the voxel a face neighbour of the other kind? */
static bool on_sheet(const struct labels *l, int64_t i, int64_t j, int64_t k, int value) {
  const struct geometry *g = &l->grid;
  bool inside = is_in(l->voxels[geometry_index(g, i, j, k)], value);
  static const int step[6][3] = {{-1, 0, 0}, {1, 0, 0},  {0, -1, 0},
                                 {0, 1, 0},  {0, 0, -1}, {0, 0, 1}};
  for (int d = 0; d < 6; d++) {
    int64_t x = i + step[d][0], y = j + step[d][1], z = k + step[d][2];
    if (!geometry_inside(g, x, y, z)) continue;
    if (is_in(l->voxels[geometry_index(g, x, y, z)], value) != inside) return true;
  }
  return false;
}

/* Seeds: 0 on the inner and the outer sheet, infinite elsewhere. */
static void seed_sheets(float *inner, float *outer, const struct labels *l, int value) {
  const struct geometry *g = &l->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        bool sheet = on_sheet(l, i, j, k, value), inside = is_in(l->voxels[at], value);
        inner[at] = sheet && inside ? 0 : INFINITY;
        outer[at] = sheet && !inside ? 0 : INFINITY;
      }
}

status filter_distance(struct volume **out, const struct labels *in, int value) {
  status st = ST_OK;
  struct volume *v = NULL, *outer = NULL;
  int64_t n = geometry_voxels(&in->grid), inside = 0;
  for (int64_t i = 0; i < n; i++) inside += is_in(in->voxels[i], value);
  CHECK(inside > 0, ST_DOMAIN, "distance to label %d: no voxel carries it", value);
  TRY(volume_create(&v, &in->grid, QUANTITY_LENGTH));
  TRY(volume_create(&outer, &in->grid, QUANTITY_LENGTH));
  seed_sheets(v->voxels, outer->voxels, in, value);
  for (int axis = 0; axis < 3; axis++) {
    TRY(distance_axis(v->voxels, &in->grid, axis));
    TRY(distance_axis(outer->voxels, &in->grid, axis));
  }
  for (int64_t i = 0; i < n; i++) {
    float d = (sqrtf(v->voxels[i]) + sqrtf(outer->voxels[i])) / 2;
    v->voxels[i] = is_in(in->voxels[i], value) ? -d : d;
  }
  *out = v;
  v = NULL;
done:
  volume_destroy(outer);
  volume_destroy(v);
  return st;
}
