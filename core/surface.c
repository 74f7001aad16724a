#include "core/surface.h"

#include "core/surface_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Crossings nearer than this to a grid point are moved away from it [cell], so that no triangle
 * degenerates when a voxel equals the level. */
static const double CROSSING_MARGIN = 1e-5;

/* One marching pass: the grid with a border of `pad` outside points, two planes at a time. */
struct marching {
  const struct geometry *grid;
  const struct labels *labels; /* or */
  const struct volume *volume;
  int value;
  double level;
  int inside_high;
  int64_t pad, nx, ny, nz; /* points with the border */
  unsigned char *inside[2];
  int32_t *edge_x[2], *edge_y[2], *edge_z; /* vertex of the edge that starts at a point */
  struct surface_case cases[256];
  struct surface *s;
  int64_t vertex_capacity, triangle_capacity;
};

static bool point_inside(const struct marching *m, int64_t i, int64_t j, int64_t k) {
  if (!geometry_inside(m->grid, i, j, k)) return false;
  int64_t at = geometry_index(m->grid, i, j, k);
  if (m->labels) {
    uint16_t l = m->labels->voxels[at];
    return m->value ? l == m->value : l != 0;
  }
  double v = m->volume->voxels[at];
  return m->inside_high ? v >= m->level : v <= m->level;
}

static void fill_plane(struct marching *m, int64_t k) {
  unsigned char *plane = m->inside[k & 1];
  for (int64_t j = 0; j < m->ny; j++)
    for (int64_t i = 0; i < m->nx; i++)
      plane[j * m->nx + i] = point_inside(m, i - m->pad, j - m->pad, k - m->pad);
}

static double point_value(const struct marching *m, const int64_t p[3]) {
  if (!geometry_inside(m->grid, p[0], p[1], p[2])) return NAN;
  return m->volume->voxels[geometry_index(m->grid, p[0], p[1], p[2])];
}

/* Where the level is crossed between two points, as a share of the way; half for labels and beside
 * no data. */
static double crossing(const struct marching *m, const int64_t a[3], const int64_t b[3]) {
  if (m->labels) return 0.5;
  double va = point_value(m, a);
  double vb = point_value(m, b);
  double t = (m->level - va) / (vb - va);
  if (!isfinite(t)) return 0.5;
  return fmin(fmax(t, CROSSING_MARGIN), 1 - CROSSING_MARGIN);
}

static status grow(void **data, int64_t *capacity, int64_t needed, size_t size) {
  status st = ST_OK;
  if (needed <= *capacity) return ST_OK;
  int64_t wanted = needed + needed / 2 + 4096;
  CHECK(wanted < INT32_MAX, ST_DOMAIN, "surface: more than 2^31 elements; use a coarser grid");
  void *p = realloc(*data, (size_t)wanted * size);
  CHECK(p, ST_MEMORY, "surface: no memory for %lld elements of %zu bytes", (long long)wanted, size);
  *data = p;
  *capacity = wanted;
done:
  return st;
}

static status add_vertex(int32_t *index, struct marching *m, const int64_t a[3], int axis) {
  status st = ST_OK;
  struct surface *s = m->s;
  TRY(grow((void **)&s->vertices, &m->vertex_capacity, s->vertex_count + 1, sizeof *s->vertices));
  int64_t low[3] = {a[0] - m->pad, a[1] - m->pad, a[2] - m->pad};
  int64_t high[3] = {low[0], low[1], low[2]};
  high[axis]++;
  double at[3] = {(double)low[0], (double)low[1], (double)low[2]};
  at[axis] += crossing(m, low, high);
  s->vertices[s->vertex_count] = geometry_to_world(m->grid, vec3_make(at[0], at[1], at[2]));
  *index = (int32_t)s->vertex_count++;
done:
  return st;
}

/* Vertices of the edges in plane k, and of those from plane k up to k + 1 when `up`. */
static status plane_vertices(struct marching *m, int64_t k, bool up) {
  status st = ST_OK;
  const unsigned char *here = m->inside[k & 1];
  const unsigned char *above = m->inside[(k + 1) & 1];
  int64_t nx = m->nx;
  for (int64_t j = 0; j < m->ny; j++)
    for (int64_t i = 0; i < nx; i++) {
      int64_t at = j * nx + i;
      int64_t p[3] = {i, j, k};
      if (up) {
        if (here[at] != above[at]) TRY(add_vertex(&m->edge_z[at], m, p, 2));
        continue;
      }
      if (i + 1 < nx && here[at] != here[at + 1]) TRY(add_vertex(&m->edge_x[k & 1][at], m, p, 0));
      if (j + 1 < m->ny && here[at] != here[at + nx])
        TRY(add_vertex(&m->edge_y[k & 1][at], m, p, 1));
    }
done:
  return st;
}

static int32_t cell_vertex(const struct marching *m, int edge, int64_t i, int64_t j, int64_t k) {
  int u = edge & 1;
  int v = (edge >> 1) & 1;
  switch (edge / 4) {
  case 0:
    return m->edge_x[(k + v) & 1][(j + u) * m->nx + i];
  case 1:
    return m->edge_y[(k + v) & 1][j * m->nx + i + u];
  default:
    return m->edge_z[(j + v) * m->nx + i + u];
  }
}

static status layer_triangles(struct marching *m, int64_t k) {
  status st = ST_OK;
  const unsigned char *a = m->inside[k & 1];
  const unsigned char *b = m->inside[(k + 1) & 1];
  int64_t nx = m->nx;
  struct surface *s = m->s;
  for (int64_t j = 0; j + 1 < m->ny; j++)
    for (int64_t i = 0; i + 1 < nx; i++) {
      int64_t at = j * nx + i;
      int pattern = a[at] | a[at + 1] << 1 | a[at + nx] << 2 | a[at + nx + 1] << 3 | b[at] << 4 |
                    b[at + 1] << 5 | b[at + nx] << 6 | b[at + nx + 1] << 7;
      const struct surface_case *c = &m->cases[pattern];
      if (!c->count) continue;
      TRY(grow((void **)&s->triangles, &m->triangle_capacity, s->triangle_count + c->count,
               3 * sizeof *s->triangles));
      int32_t *t = s->triangles + 3 * s->triangle_count;
      for (int n = 0; n < 3 * c->count; n++) t[n] = cell_vertex(m, c->edges[n], i, j, k);
      s->triangle_count += c->count;
    }
done:
  return st;
}

/* A left-handed grid turns every triangle round. */
static void orient(struct surface *s, const struct geometry *g) {
  struct vec3 x = geometry_axis(g, 0);
  struct vec3 y = geometry_axis(g, 1);
  struct vec3 z = geometry_axis(g, 2);
  if (vec3_dot(vec3_cross(x, y), z) > 0) return;
  for (int64_t n = 0; n < s->triangle_count; n++) {
    int32_t *t = s->triangles + 3 * n;
    int32_t swap = t[1];
    t[1] = t[2];
    t[2] = swap;
  }
}

static status march(struct surface **out, struct marching *m) {
  status st = ST_OK;
  m->nx = m->grid->nx + 2 * m->pad;
  m->ny = m->grid->ny + 2 * m->pad;
  m->nz = m->grid->nz + 2 * m->pad;
  size_t plane = (size_t)(m->nx * m->ny);
  for (int n = 0; n < 256; n++) surface_case_make(&m->cases[n], n);
  m->s = calloc(1, sizeof *m->s);
  m->edge_z = malloc(plane * sizeof(int32_t));
  CHECK(m->s && m->edge_z, ST_MEMORY, "surface: no memory for a plane");
  for (int n = 0; n < 2; n++) {
    m->inside[n] = malloc(plane);
    m->edge_x[n] = malloc(plane * sizeof(int32_t));
    m->edge_y[n] = malloc(plane * sizeof(int32_t));
    CHECK(m->inside[n] && m->edge_x[n] && m->edge_y[n], ST_MEMORY,
          "surface: no memory for planes of %lld x %lld points", (long long)m->nx,
          (long long)m->ny);
  }
  fill_plane(m, 0);
  TRY(plane_vertices(m, 0, false));
  for (int64_t k = 0; k + 1 < m->nz; k++) {
    fill_plane(m, k + 1);
    TRY(plane_vertices(m, k, true));
    TRY(plane_vertices(m, k + 1, false));
    TRY(layer_triangles(m, k));
  }
  orient(m->s, m->grid);
  *out = m->s;
  m->s = NULL;
done:
  surface_destroy(m->s);
  free(m->edge_z);
  for (int n = 0; n < 2; n++) {
    free(m->inside[n]);
    free(m->edge_x[n]);
    free(m->edge_y[n]);
  }
  return st;
}

status surface_from_labels(struct surface **out, const struct labels *l, int value) {
  struct marching m = {.grid = &l->grid, .labels = l, .value = value, .pad = 1};
  return march(out, &m);
}

status surface_from_volume(struct surface **out, const struct volume *v, double level,
                           int inside_high) {
  struct marching m = {
      .grid = &v->grid, .volume = v, .level = level, .inside_high = inside_high, .pad = 0};
  return march(out, &m);
}

void surface_destroy(struct surface *s) {
  if (!s) return;
  free(s->vertices);
  free(s->triangles);
  free(s->normals);
  free(s);
}

double surface_volume_mm3(const struct surface *s) {
  if (!s->vertex_count) return 0;
  struct vec3 o = s->vertices[0]; /* near the surface: keeps the sum of large terms exact */
  double sum = 0;
  for (int64_t n = 0; n < s->triangle_count; n++) {
    const int32_t *t = s->triangles + 3 * n;
    struct vec3 a = vec3_sub(s->vertices[t[0]], o);
    struct vec3 b = vec3_sub(s->vertices[t[1]], o);
    struct vec3 c = vec3_sub(s->vertices[t[2]], o);
    sum += vec3_dot(a, vec3_cross(b, c));
  }
  return sum / 6;
}

double surface_area_mm2(const struct surface *s) {
  double sum = 0;
  for (int64_t n = 0; n < s->triangle_count; n++) {
    const int32_t *t = s->triangles + 3 * n;
    struct vec3 a = s->vertices[t[0]];
    sum += vec3_length(vec3_cross(vec3_sub(s->vertices[t[1]], a), vec3_sub(s->vertices[t[2]], a)));
  }
  return sum / 2;
}

status surface_normals(struct surface *s) {
  status st = ST_OK;
  struct vec3 *normals = calloc((size_t)s->vertex_count + 1, sizeof *normals);
  CHECK(normals, ST_MEMORY, "surface: no memory for %lld normals", (long long)s->vertex_count);
  for (int64_t n = 0; n < s->triangle_count; n++) {
    const int32_t *t = s->triangles + 3 * n;
    struct vec3 a = s->vertices[t[0]];
    struct vec3 twice = vec3_cross(vec3_sub(s->vertices[t[1]], a), vec3_sub(s->vertices[t[2]], a));
    for (int c = 0; c < 3; c++) normals[t[c]] = vec3_add(normals[t[c]], twice);
  }
  for (int64_t v = 0; v < s->vertex_count; v++) normals[v] = vec3_unit(normals[v]);
  free(s->normals);
  s->normals = normals;
done:
  return st;
}

/* Neighbour lists: first[v]..first[v+1] of `list`; each neighbour appears once a triangle side, so
 * twice inside a closed surface, which leaves the mean as it is. */
static status neighbours(int64_t **first, int32_t **list, const struct surface *s) {
  status st = ST_OK;
  int64_t *f = calloc((size_t)s->vertex_count + 2, sizeof *f);
  int32_t *l = malloc((size_t)(6 * s->triangle_count + 1) * sizeof *l);
  CHECK(f && l, ST_MEMORY, "surface: no memory for %lld neighbours",
        (long long)(6 * s->triangle_count));
  for (int64_t n = 0; n < 3 * s->triangle_count; n++) f[s->triangles[n] + 2] += 2;
  for (int64_t v = 2; v <= s->vertex_count + 1; v++) f[v] += f[v - 1];
  for (int64_t n = 0; n < s->triangle_count; n++) {
    const int32_t *t = s->triangles + 3 * n;
    for (int c = 0; c < 3; c++) {
      l[f[t[c] + 1]++] = t[(c + 1) % 3];
      l[f[t[c] + 1]++] = t[(c + 2) % 3];
    }
  }
  *first = f;
  *list = l;
  f = NULL;
  l = NULL;
done:
  free(f);
  free(l);
  return st;
}

static void smooth_step(struct vec3 *to, const struct vec3 *from, int64_t count,
                        const int64_t *first, const int32_t *list, double factor) {
  for (int64_t v = 0; v < count; v++) {
    int64_t n = first[v + 1] - first[v];
    struct vec3 sum = {0, 0, 0};
    for (int64_t e = first[v]; e < first[v + 1]; e++) sum = vec3_add(sum, from[list[e]]);
    to[v] = from[v];
    if (n) to[v] = vec3_along(from[v], factor, vec3_sub(vec3_scale(sum, 1.0 / (double)n), from[v]));
  }
}

/* Source: taubin1995, lambda and mu of the contract. */
status surface_smooth(struct surface *s, int iterations) {
  static const double LAMBDA = 0.5;
  static const double MU = -0.53;
  status st = ST_OK;
  int64_t *first = NULL;
  int32_t *list = NULL;
  struct vec3 *other = malloc((size_t)(s->vertex_count + 1) * sizeof *other);
  CHECK(other, ST_MEMORY, "surface: no memory to smooth %lld vertices", (long long)s->vertex_count);
  TRY(neighbours(&first, &list, s));
  for (int n = 0; n < iterations; n++) {
    smooth_step(other, s->vertices, s->vertex_count, first, list, LAMBDA);
    smooth_step(s->vertices, other, s->vertex_count, first, list, MU);
  }
  if (s->normals) TRY(surface_normals(s));
done:
  free(first);
  free(list);
  free(other);
  return st;
}
