#include "qct/near.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void near_free(struct near *c) {
  free(c->first);
  free(c->points);
  free(c->places);
  free(c->empty);
}

static int64_t cell_of(const struct near *c, struct vec3 p) {
  int64_t i = (int64_t)((p.x - c->origin.x) / c->size_mm);
  int64_t j = (int64_t)((p.y - c->origin.y) / c->size_mm);
  int64_t k = (int64_t)((p.z - c->origin.z) / c->size_mm);
  return (k * c->ny + j) * c->nx + i;
}

/* The largest of the offsets to the next cell that holds a point, for every cell: a pass forwards
 * and one back over the 13 neighbours that come before. */
static void measure_empty(struct near *c) {
  const int64_t n = c->nx * c->ny * c->nz, most = c->nx + c->ny + c->nz;
  for (int64_t i = 0; i < n; i++) c->empty[i] = c->first[i] < c->first[i + 1] ? 0 : (int32_t)most;
  for (int back = 0; back < 2; back++)
    for (int64_t m = 0; m < n; m++) {
      int64_t at = back ? n - 1 - m : m, i = at % c->nx, j = at / c->nx % c->ny,
              k = at / c->nx / c->ny;
      for (int64_t d = 0; d < 13; d++) { /* of 27 in order, those before the middle */
        int64_t x = d % 3 - 1, y = d / 3 % 3 - 1, z = d / 9 - 1;
        if (back) x = -x, y = -y, z = -z;
        if (i + x < 0 || i + x >= c->nx || j + y < 0 || j + y >= c->ny || k + z < 0 ||
            k + z >= c->nz)
          continue;
        int32_t next = c->empty[((k + z) * c->ny + j + y) * c->nx + i + x] + 1;
        if (next < c->empty[at]) c->empty[at] = next;
      }
    }
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
  c->places = calloc((size_t)s->vertex_count, sizeof *c->places);
  c->empty = calloc((size_t)n, sizeof *c->empty);
  CHECK(c->first && c->points && c->places && c->empty, ST_MEMORY,
        "surface: a table of %lld surface points", (long long)s->vertex_count);
  for (int64_t v = 0; v < s->vertex_count; v++) c->first[cell_of(c, s->vertices[v])]++;
  int32_t sum = 0;
  for (int64_t i = 0; i <= n; i++) {
    sum += c->first[i];
    c->first[i] = sum;
  }
  for (int64_t v = s->vertex_count - 1; v >= 0; v--)
    c->points[--c->first[cell_of(c, s->vertices[v])]] = (int32_t)v;
  for (int64_t i = 0; i < s->vertex_count; i++) c->places[i] = s->vertices[c->points[i]];
  measure_empty(c);
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

/* Nearest among the points of the cells from `cell` to `last` of a row; the lower of two equally
 * near. */
static void look_into(struct nearest *n, const struct near *c, int64_t cell, int64_t last,
                      struct vec3 p) {
  for (int32_t i = c->first[cell]; i < c->first[last + 1]; i++) {
    struct vec3 d = vec3_sub(c->places[i], p);
    double distance2 = vec3_dot(d, d);
    if (distance2 > n->distance2 || (distance2 == n->distance2 && c->points[i] > n->point))
      continue;
    n->distance2 = distance2;
    n->point = c->points[i];
  }
}

/* Square of how far a place lies from the cells `cell` along one axis [cells]. */
static double beyond2(double at, int64_t cell) {
  double below = (double)cell - at, above = at - (double)cell - 1;
  return below > 0 ? below * below : above > 0 ? above * above : 0;
}

/* Cells of the grid `ring` cells from `own` (which may lie outside it), the largest offset counts.
 * A row that lies farther than the nearest point yet has nothing to give. */
static void look_into_ring(struct nearest *n, const struct near *c, const double at[3],
                           const int64_t own[3], int64_t ring, struct vec3 p) {
  int64_t k0 = own[2] - ring, k1 = own[2] + ring, j0 = own[1] - ring, j1 = own[1] + ring;
  int64_t i0 = own[0] - ring, i1 = own[0] + ring;
  int64_t from = i0 > 0 ? i0 : 0, to = i1 < c->nx ? i1 : c->nx - 1;
  const double cells2 = (1 + 1e-9) / (c->size_mm * c->size_mm);
  if (from > to) return;
  for (int64_t k = k0 > 0 ? k0 : 0; k <= k1 && k < c->nz; k++) {
    double z2 = beyond2(at[2], k);
    if (z2 > n->distance2 * cells2) continue;
    for (int64_t j = j0 > 0 ? j0 : 0; j <= j1 && j < c->ny; j++) {
      if (beyond2(at[1], j) + z2 > n->distance2 * cells2) continue;
      int64_t row = (k * c->ny + j) * c->nx;
      if (k == k0 || k == k1 || j == j0 || j == j1) {
        look_into(n, c, row + from, row + to, p);
        continue;
      }
      if (i0 >= 0) look_into(n, c, row + i0, row + i0, p);
      if (i1 < c->nx) look_into(n, c, row + i1, row + i1, p);
    }
  }
}

/* Rings about a cell that hold no point: its distance to the next cell that does. */
static int64_t empty_rings(const struct near *c, const int64_t own[3]) {
  const int64_t size[3] = {c->nx, c->ny, c->nz};
  for (int a = 0; a < 3; a++)
    if (own[a] < 0 || own[a] >= size[a]) return 0;
  return c->empty[(own[2] * c->ny + own[1]) * c->nx + own[0]];
}

int32_t near_point(double *distance, const struct near *c, struct vec3 p, double reach_mm,
                   int32_t guess) {
  struct nearest n = {reach_mm * reach_mm, INT32_MAX};
  if (guess >= 0) {
    struct vec3 d = vec3_sub(c->surface->vertices[guess], p);
    double distance2 = vec3_dot(d, d);
    if (distance2 <= n.distance2) n = (struct nearest){distance2, guess};
  }
  const double at[3] = {(p.x - c->origin.x) / c->size_mm, (p.y - c->origin.y) / c->size_mm,
                        (p.z - c->origin.z) / c->size_mm};
  int64_t own[3];
  double inside = 0.5; /* distance from the border of the own cell [cells] */
  for (int a = 0; a < 3; a++) {
    double cell = floor(at[a]);
    own[a] = (int64_t)cell;
    inside = fmin(inside, fmin(at[a] - cell, cell + 1 - at[a]));
  }
  /* all of ring r lies at least r - 1 cells and the distance to the own border away */
  for (int64_t ring = empty_rings(c, own);; ring++) {
    double nearest = ((double)(ring - 1) + inside) * c->size_mm;
    if (ring > 0 && nearest * nearest > n.distance2) break;
    look_into_ring(&n, c, at, own, ring, p);
  }
  *distance = n.point == INT32_MAX ? (double)INFINITY : sqrt(n.distance2);
  return n.point == INT32_MAX ? -1 : n.point;
}
