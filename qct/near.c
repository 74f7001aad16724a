#include "qct/near.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void near_free(struct near *c) {
  free(c->first);
  free(c->points);
}

static int64_t cell_of(const struct near *c, struct vec3 p) {
  int64_t i = (int64_t)((p.x - c->origin.x) / c->size_mm);
  int64_t j = (int64_t)((p.y - c->origin.y) / c->size_mm);
  int64_t k = (int64_t)((p.z - c->origin.z) / c->size_mm);
  return (k * c->ny + j) * c->nx + i;
}

status near_make(struct near *c, const struct surface *s, double size_mm) {
  status st = ST_OK;
  struct vec3 low = s->vertices[0], high = low;
  for (int64_t v = 1; v < s->vertex_count; v++) {
    struct vec3 p = s->vertices[v];
    low = vec3_make(fmin(low.x, p.x), fmin(low.y, p.y), fmin(low.z, p.z));
    high = vec3_make(fmax(high.x, p.x), fmax(high.y, p.y), fmax(high.z, p.z));
  }
  c->surface = s;
  c->size_mm = size_mm;
  c->origin = low;
  c->nx = (int64_t)((high.x - low.x) / size_mm) + 1;
  c->ny = (int64_t)((high.y - low.y) / size_mm) + 1;
  c->nz = (int64_t)((high.z - low.z) / size_mm) + 1;
  int64_t n = c->nx * c->ny * c->nz;
  c->first = calloc((size_t)n + 1, sizeof *c->first);
  c->points = calloc((size_t)s->vertex_count, sizeof *c->points);
  CHECK(c->first && c->points, ST_MEMORY, "surface: a table of %lld surface points",
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

void near_visit(const struct near *c, struct vec3 p, double reach_mm, near_visitor visit,
                void *user) {
  const struct surface *s = c->surface;
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

struct nearest {
  double distance2;
  int32_t point;
};

/* Nearest among the points of a cell; the lower of two equally near. */
static void look_into(struct nearest *n, const struct near *c, int64_t cell, struct vec3 p) {
  for (int32_t i = c->first[cell]; i < c->first[cell + 1]; i++) {
    struct vec3 d = vec3_sub(c->surface->vertices[c->points[i]], p);
    double distance2 = vec3_dot(d, d);
    if (distance2 > n->distance2 || (distance2 == n->distance2 && c->points[i] > n->point))
      continue;
    n->distance2 = distance2;
    n->point = c->points[i];
  }
}

/* Cells of the grid `ring` cells from `own` (which may lie outside it), the largest offset counts.
 */
static void look_into_ring(struct nearest *n, const struct near *c, const int64_t own[3],
                           int64_t ring, struct vec3 p) {
  int64_t k0 = own[2] - ring, k1 = own[2] + ring, j0 = own[1] - ring, j1 = own[1] + ring;
  for (int64_t k = k0 > 0 ? k0 : 0; k <= k1 && k < c->nz; k++)
    for (int64_t j = j0 > 0 ? j0 : 0; j <= j1 && j < c->ny; j++) {
      bool rim = k == k0 || k == k1 || j == j0 || j == j1;
      for (int64_t i = own[0] - ring; i <= own[0] + ring; i += rim || ring == 0 ? 1 : 2 * ring)
        if (i >= 0 && i < c->nx) look_into(n, c, (k * c->ny + j) * c->nx + i, p);
    }
}

int32_t near_point(double *distance, const struct near *c, struct vec3 p, double reach_mm) {
  struct nearest n = {reach_mm * reach_mm, INT32_MAX};
  const double at[3] = {(p.x - c->origin.x) / c->size_mm, (p.y - c->origin.y) / c->size_mm,
                        (p.z - c->origin.z) / c->size_mm};
  int64_t own[3];
  double inside = 0.5; /* distance from the border of the own cell [cells] */
  for (int a = 0; a < 3; a++) {
    double cell = floor(at[a]);
    own[a] = (int64_t)cell;
    inside = fmin(inside, fmin(at[a] - cell, cell + 1 - at[a]));
  }
  /* all of ring r + 1 lies at least r cells and the distance to the own border away */
  for (int64_t ring = 0;; ring++) {
    look_into_ring(&n, c, own, ring, p);
    double next = ((double)ring + inside) * c->size_mm;
    if (next * next > n.distance2) break;
  }
  *distance = n.point == INT32_MAX ? (double)INFINITY : sqrt(n.distance2);
  return n.point == INT32_MAX ? -1 : n.point;
}
