#include "radiomics/mesh.h"

#include "core/surface_table.h"
#include "radiomics/mesh_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Contribution of one cell pattern: area and the volume of the cone from the cell's origin, and the
 * vector area, from which the cone from any other apex follows. */
struct cell {
  double area, volume;
  double vector[3];
};

static void edge_point(double p[3], int edge, const double h[3]) {
  int low;
  int high;
  surface_edge_corners(edge, &low, &high);
  for (int a = 0; a < 3; a++) p[a] = 0.5 * h[a] * (((low >> a) & 1) + ((high >> a) & 1));
}

static void cell_measure(struct cell *out, const struct surface_case *c, const double h[3]) {
  memset(out, 0, sizeof *out);
  for (int t = 0; t < c->count; t++) {
    double p[3][3], n[3];
    for (int v = 0; v < 3; v++) edge_point(p[v], c->edges[3 * t + v], h);
    for (int a = 0; a < 3; a++) {
      int b = (a + 1) % 3;
      int d = (a + 2) % 3;
      n[a] = (p[1][b] - p[0][b]) * (p[2][d] - p[0][d]) - (p[1][d] - p[0][d]) * (p[2][b] - p[0][b]);
    }
    out->area += 0.5 * sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (int a = 0; a < 3; a++) {
      out->volume += n[a] * p[0][a] / 6;
      out->vector[a] += n[a] / 6;
    }
  }
}

static int pattern_at(const unsigned char *m, int64_t at, int64_t nx, int64_t plane) {
  return m[at] | m[at + 1] << 1 | m[at + nx] << 2 | m[at + nx + 1] << 3 | m[at + plane] << 4 |
         m[at + plane + 1] << 5 | m[at + plane + nx] << 6 | m[at + plane + nx + 1] << 7;
}

/* Patterns are counted with the sums of their positions, so measures need no triangle list. */
static void sum_cells(struct rad_mesh *mesh, const struct rad_roi *roi, bool pyradiomics) {
  int64_t count[256] = {0};
  double where[256][3];
  memset(where, 0, sizeof where);
  for (int64_t k = 0; k + 1 < roi->n[2]; k++)
    for (int64_t j = 0; j + 1 < roi->n[1]; j++)
      for (int64_t i = 0; i + 1 < roi->n[0]; i++) {
        int c = pattern_at(roi->morph, rad_at(roi, i, j, k), roi->n[0], roi->n[0] * roi->n[1]);
        if (c == 0 || c == 255) continue;
        count[c]++;
        where[c][0] += (double)i;
        where[c][1] += (double)j;
        where[c][2] += (double)k;
      }
  for (int c = 1; c < 255; c++) {
    struct surface_case triangles;
    struct cell cell;
    if (!count[c]) continue;
    if (pyradiomics)
      rad_mesh_case(&triangles, c);
    else
      surface_case_make(&triangles, c);
    cell_measure(&cell, &triangles, roi->spacing);
    mesh->area += (double)count[c] * cell.area;
    mesh->volume += (double)count[c] * cell.volume;
    for (int a = 0; a < 3; a++) mesh->volume += where[c][a] * roi->spacing[a] * cell.vector[a];
  }
}

static void add_point(struct rad_mesh *mesh, int64_t x, int64_t y, int64_t z) {
  int32_t *p = mesh->points[mesh->point_count++];
  p[0] = (int32_t)x;
  p[1] = (int32_t)y;
  p[2] = (int32_t)z;
}

/* Vertices of one row of voxels: half a voxel beyond each end of a run along x, and above, below,
 * before and behind its voxels where the neighbour is outside. Of each kind and row only the first
 * and last can be corners of a hull. */
static void row_points(struct rad_mesh *mesh, const struct rad_roi *roi, int64_t j, int64_t k,
                       bool all) {
  const unsigned char *m = roi->morph + rad_at(roi, 0, j, k);
  int64_t beside[5] = {0, -roi->n[0], roi->n[0], -roi->n[0] * roi->n[1], roi->n[0] * roi->n[1]};
  int64_t first[5] = {-1, -1, -1, -1, -1};
  int64_t last[5] = {-1, -1, -1, -1, -1};
  static const int step[5][2] = {{0, 0}, {-1, 0}, {1, 0}, {0, -1}, {0, 1}};
  for (int64_t i = 1; i < roi->n[0] - 1; i++) {
    if (!m[i]) continue;
    for (int d = 1; d < 5; d++) {
      if (m[i + beside[d]]) continue;
      if (all) add_point(mesh, 2 * i, 2 * j + step[d][0], 2 * k + step[d][1]);
      if (first[d] < 0) first[d] = i;
      last[d] = i;
    }
    if (all && !m[i - 1]) add_point(mesh, 2 * i - 1, 2 * j, 2 * k);
    if (all && !m[i + 1]) add_point(mesh, 2 * i + 1, 2 * j, 2 * k);
    if (first[0] < 0) first[0] = i;
    last[0] = i;
  }
  if (all || first[0] < 0) return;
  add_point(mesh, 2 * first[0] - 1, 2 * j, 2 * k);
  add_point(mesh, 2 * last[0] + 1, 2 * j, 2 * k);
  for (int d = 1; d < 5; d++) {
    if (first[d] < 0) continue;
    add_point(mesh, 2 * first[d], 2 * j + step[d][0], 2 * k + step[d][1]);
    add_point(mesh, 2 * last[d], 2 * j + step[d][0], 2 * k + step[d][1]);
  }
}

static int64_t count_faces(const struct rad_roi *roi) {
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  int64_t stride[3] = {1, roi->n[0], roi->n[0] * roi->n[1]};
  int64_t count = 0;
  for (int a = 0; a < 3; a++)
    for (int64_t i = 0; i + stride[a] < n; i++) count += roi->morph[i] != roi->morph[i + stride[a]];
  return count;
}

status rad_mesh_create(struct rad_mesh *out, const struct rad_roi *roi, bool pyradiomics) {
  status st = ST_OK;
  struct rad_mesh mesh = {0};
  int64_t n = pyradiomics ? count_faces(roi) : 10 * roi->n[1] * roi->n[2];
  mesh.points = malloc((size_t)(n + 1) * sizeof *mesh.points);
  CHECK(mesh.points, ST_MEMORY, "radiomics: no memory for %lld mesh points", (long long)n);
  sum_cells(&mesh, roi, pyradiomics);
  for (int64_t k = 1; k < roi->n[2] - 1; k++)
    for (int64_t j = 1; j < roi->n[1] - 1; j++) row_points(&mesh, roi, j, k, pyradiomics);
  *out = mesh;
  mesh.points = NULL;
done:
  free(mesh.points);
  return st;
}

void rad_mesh_free(struct rad_mesh *mesh) {
  free(mesh->points);
  memset(mesh, 0, sizeof *mesh);
}

/* Points sorted by plane, then by the other two. */
struct flat_point {
  int32_t plane, u, v;
};

static int by_plane(const void *a, const void *b) {
  const struct flat_point *p = a;
  const struct flat_point *q = b;
  if (p->plane != q->plane) return p->plane < q->plane ? -1 : 1;
  if (p->u != q->u) return p->u < q->u ? -1 : 1;
  return (p->v > q->v) - (p->v < q->v);
}

static int64_t turn(const struct flat_point *o, const struct flat_point *a,
                    const struct flat_point *b) {
  return (int64_t)(a->u - o->u) * (b->v - o->v) - (int64_t)(a->v - o->v) * (b->u - o->u);
}

/* Largest distance in one plane: monotone chain hull, then all its pairs. */
static double plane_diameter(const struct flat_point *p, int64_t n, struct flat_point *hull,
                             double hu, double hv) {
  int64_t m = 0;
  for (int pass = 0; pass < 2; pass++) {
    int64_t base = m;
    for (int64_t i = 0; i < n; i++) {
      const struct flat_point *q = &p[pass ? n - 1 - i : i];
      while (m >= base + 2 && turn(&hull[m - 2], &hull[m - 1], q) <= 0) m--;
      hull[m++] = *q;
    }
  }
  double best = 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = i + 1; j < m; j++) {
      double du = hu * (hull[i].u - hull[j].u);
      double dv = hv * (hull[i].v - hull[j].v);
      best = fmax(best, du * du + dv * dv);
    }
  return sqrt(best);
}

status rad_mesh_plane_diameters(double out[3], const struct rad_mesh *mesh, const double unit[3]) {
  status st = ST_OK;
  size_t n = (size_t)mesh->point_count;
  struct flat_point *p = malloc((n + 1) * sizeof *p);
  struct flat_point *hull = malloc((2 * n + 4) * sizeof *hull);
  CHECK(p && hull, ST_MEMORY, "radiomics: no memory for %zu mesh points", n);
  for (int a = 0; a < 3; a++) {
    int b = (a + 1) % 3;
    int c = (a + 2) % 3;
    for (size_t i = 0; i < n; i++)
      p[i] = (struct flat_point){mesh->points[i][a], mesh->points[i][b], mesh->points[i][c]};
    qsort(p, n, sizeof *p, by_plane);
    out[a] = 0;
    for (size_t i = 0; i < n;) {
      size_t j = i;
      while (j < n && p[j].plane == p[i].plane) j++;
      out[a] = fmax(out[a], plane_diameter(p + i, (int64_t)(j - i), hull, unit[b], unit[c]));
      i = j;
    }
  }
done:
  free(p);
  free(hull);
  return st;
}
