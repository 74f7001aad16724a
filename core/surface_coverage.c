#include "core/surface_coverage.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double SUB_MM = 0.4; /* distance of sampling rows */
enum { MOST_SUB = 16 };

struct crossing { /* of a sampling row with the surface */
  int64_t row;
  double x; /* index along the first axis */
};

struct scan {
  const struct surface *s;
  const struct geometry *grid;
  struct vec3 *index;  /* vertices in index coordinates */
  int32_t *slice_list; /* triangles by slice */
  int64_t *slice_from; /* [nz + 1] */
  int sub[2];          /* rows a voxel along the second and third axis */
};

/* Sampling planes and rows lie a hair off round numbers, where vertices like to be. */
static double sample_at(int64_t voxel, int sub, int count) {
  return (double)voxel - 0.5 + (sub + 0.5) / count + 3.14159e-7;
}

static void triangle_slices(const struct scan *c, int64_t t, int64_t *first, int64_t *last) {
  const int32_t *v = c->s->triangles + 3 * t;
  double a = c->index[v[0]].z, b = c->index[v[1]].z, d = c->index[v[2]].z;
  *first = (int64_t)floor(fmin(fmin(a, b), d) + 0.5);
  *last = (int64_t)floor(fmax(fmax(a, b), d) + 0.5);
  if (*first < 0) *first = 0;
  if (*last > c->grid->nz - 1) *last = c->grid->nz - 1;
}

static status sort_triangles(struct scan *c) {
  status st = ST_OK;
  int64_t nz = c->grid->nz, first, last;
  c->index = malloc((size_t)(c->s->vertex_count + 1) * sizeof *c->index);
  c->slice_from = calloc((size_t)nz + 2, sizeof *c->slice_from);
  CHECK(c->index && c->slice_from, ST_MEMORY, "surface coverage: out of memory");
  for (int64_t i = 0; i < c->s->vertex_count; i++)
    c->index[i] = geometry_to_index(c->grid, c->s->vertices[i]);
  for (int64_t t = 0; t < c->s->triangle_count; t++) {
    triangle_slices(c, t, &first, &last);
    for (int64_t k = first; k <= last; k++) c->slice_from[k + 2]++;
  }
  for (int64_t k = 0; k < nz; k++) c->slice_from[k + 2] += c->slice_from[k + 1];
  c->slice_list = malloc((size_t)(c->slice_from[nz + 1] + 1) * sizeof *c->slice_list);
  CHECK(c->slice_list, ST_MEMORY, "surface coverage: out of memory");
  for (int64_t t = 0; t < c->s->triangle_count; t++) {
    triangle_slices(c, t, &first, &last);
    for (int64_t k = first; k <= last; k++) c->slice_list[c->slice_from[k + 1]++] = (int32_t)t;
  }
done:
  return st;
}

/* The segment in which a triangle meets the plane z; 0 when it does not. */
static int plane_segment(const struct scan *c, int32_t t, double z, double seg[2][2]) {
  const int32_t *v = c->s->triangles + 3 * (int64_t)t;
  int n = 0;
  for (int e = 0; e < 3 && n < 2; e++) {
    struct vec3 a = c->index[v[e]], b = c->index[v[(e + 1) % 3]];
    if ((a.z > z) == (b.z > z)) continue;
    double u = (z - a.z) / (b.z - a.z);
    seg[n][0] = a.x + u * (b.x - a.x);
    seg[n++][1] = a.y + u * (b.y - a.y);
  }
  return n == 2;
}

static int compare_crossings(const void *a, const void *b) {
  const struct crossing *p = a, *q = b;
  if (p->row != q->row) return p->row < q->row ? -1 : 1;
  return (p->x > q->x) - (p->x < q->x);
}

/* Crossings of the rows of one plane with one segment; counts only while `out` is NULL. */
static int64_t segment_crossings(const struct scan *c, double seg[2][2], struct crossing *out) {
  int sub = c->sub[0];
  double low = fmin(seg[0][1], seg[1][1]), high = fmax(seg[0][1], seg[1][1]);
  int64_t rows = c->grid->ny * sub, n = 0;
  int64_t from = (int64_t)floor((low + 0.5) * sub - 0.5) - 1;
  int64_t to = (int64_t)ceil((high + 0.5) * sub - 0.5) + 1;
  for (int64_t r = from < 0 ? 0 : from; r <= to && r < rows; r++) {
    double y = sample_at(r / sub, (int)(r % sub), sub);
    if ((seg[0][1] > y) == (seg[1][1] > y)) continue;
    double u = (y - seg[0][1]) / (seg[1][1] - seg[0][1]);
    if (out) out[n] = (struct crossing){r, seg[0][0] + u * (seg[1][0] - seg[0][0])};
    n++;
  }
  return n;
}

static void add_span(float *row, int64_t nx, double a, double b, float weight) {
  a = fmax(a + 0.5, 0);
  b = fmin(b + 0.5, (double)nx);
  for (int64_t i = (int64_t)a; i < nx && (double)i < b; i++)
    row[i] += weight * (float)(fmin(b, (double)i + 1) - fmax(a, (double)i));
}

static status scan_plane(struct volume *out, const struct scan *c, int64_t k, double z) {
  status st = ST_OK;
  struct crossing *list = NULL;
  int64_t n = 0, used = 0;
  double seg[2][2];
  float weight = 1.0F / (float)(c->sub[0] * c->sub[1]);
  const int32_t *t = c->slice_list + c->slice_from[k], *end = c->slice_list + c->slice_from[k + 1];
  for (const int32_t *p = t; p < end; p++)
    if (plane_segment(c, *p, z, seg)) n += segment_crossings(c, seg, NULL);
  list = malloc((size_t)(n + 1) * sizeof *list);
  CHECK(list, ST_MEMORY, "surface coverage: out of memory");
  for (const int32_t *p = t; p < end; p++)
    if (plane_segment(c, *p, z, seg)) used += segment_crossings(c, seg, list + used);
  qsort(list, (size_t)n, sizeof *list, compare_crossings);
  for (int64_t i = 0; i + 1 < n;) {
    if (list[i].row != list[i + 1].row) { /* a lone crossing: rounding at a vertex */
      i++;
      continue;
    }
    float *row = out->voxels + geometry_index(&out->grid, 0, list[i].row / c->sub[0], k);
    add_span(row, out->grid.nx, list[i].x, list[i + 1].x, weight);
    i += 2;
  }
done:
  free(list);
  return st;
}

status surface_coverage(struct volume **out, const struct surface *s, const struct geometry *grid) {
  status st = ST_OK;
  struct volume *v = NULL;
  struct scan c = {.s = s, .grid = grid};
  int failed = 0;
  TRY(volume_create(&v, grid, QUANTITY_PROBABILITY));
  for (int a = 0; a < 2; a++) {
    double n = ceil(grid->spacing[a + 1] / SUB_MM);
    c.sub[a] = n > MOST_SUB ? MOST_SUB : (int)n;
  }
  TRY(sort_triangles(&c));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic) reduction(| : failed)
  for (int64_t k = 0; k < grid->nz; k++)
    for (int i = 0; i < c.sub[1]; i++)
      failed |= scan_plane(v, &c, k, sample_at(k, i, c.sub[1])) != ST_OK;
  CHECK(!failed, ST_MEMORY, "surface coverage: out of memory");
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  free(c.index);
  free(c.slice_list);
  free(c.slice_from);
  return st;
}
