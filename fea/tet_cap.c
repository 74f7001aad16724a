#include "fea/tet_cap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double along(struct vec3 p, int axis) {
  return axis == 0 ? p.x : axis == 1 ? p.y : p.z;
}
static struct vec3 with(struct vec3 p, int axis, double value) {
  if (axis == 0) p.x = value;
  if (axis == 1) p.y = value;
  if (axis == 2) p.z = value;
  return p;
}

struct tet_plane tet_cap_plane(struct tet_cap *cap, const struct tet_domain *domain) {
  const double out = cap->side ? 1 : -1;
  const double extreme = cap->side ? domain->high[cap->axis] : -domain->low[cap->axis];
  cap->face_mm = out * (extreme + cap->beyond_mm);
  const struct tet_plane plane = {with(vec3_make(0, 0, 0), cap->axis, out),
                                  extreme - cap->intrusion_mm};
  return plane;
}

static struct vec3 triangle_normal(const struct tet_skin *s, int32_t t) {
  const int32_t *c = s->triangle[t];
  return vec3_cross(vec3_sub(s->point[c[1]], s->point[c[0]]),
                    vec3_sub(s->point[c[2]], s->point[c[0]]));
}

/* Is bone further out in the column through `at`? */
static bool shadowed(const struct tet_skin *s, const struct tet_cap *cap, int32_t self,
                     struct vec3 at) {
  const int p = (cap->axis + 1) % 3, q = (cap->axis + 2) % 3;
  const double out = cap->side ? 1 : -1, x = along(at, p), y = along(at, q);
  for (int32_t t = 0; t < s->triangles; t++) {
    const int32_t *c = s->triangle[t];
    int turns = 0;
    double mean = 0;
    for (int e = 0; e < 3; e++) {
      const struct vec3 a = s->point[c[e]], b = s->point[c[(e + 1) % 3]];
      const double side = (along(b, p) - along(a, p)) * (y - along(a, q)) -
                          (along(b, q) - along(a, q)) * (x - along(a, p));
      turns += side > 0 ? 1 : -1;
      mean += out * along(a, cap->axis) / 3;
    }
    if (t != self && abs(turns) == 3 && mean > out * along(at, cap->axis) + 1e-6) return true;
  }
  return false;
}

static int32_t root(int32_t *up, int32_t i) {
  while (up[i] != i) i = up[i] = up[up[i]];
  return i;
}

/* Contact triangles: facing outwards (80 degrees), nothing beyond them, and no islands under a
 * twentieth of the area, which would press into single elements. */
static status choose(uint8_t *chosen, double *area_mm2, const struct tet_cap *cap,
                     const struct tet_skin *s, int patch) {
  static const double least_cosine = 0.17;
  status st = ST_OK;
  const double out = cap->side ? 1 : -1;
  int32_t *up = malloc((size_t)s->points * sizeof *up);
  double *area = calloc((size_t)s->points, sizeof *area), total = 0;
  CHECK(up && area, ST_MEMORY, "cap: no memory for %d points", s->points);
  for (int32_t v = 0; v < s->points; v++) up[v] = v;
  for (int32_t t = 0; t < s->triangles; t++) {
    const struct vec3 n = triangle_normal(s, t);
    const int32_t *c = s->triangle[t];
    const struct vec3 middle =
        vec3_scale(vec3_add(s->point[c[0]], vec3_add(s->point[c[1]], s->point[c[2]])), 1. / 3);
    chosen[t] = s->patch[t] == patch && out * along(n, cap->axis) > least_cosine * vec3_length(n) &&
                !shadowed(s, cap, t, middle);
    for (int e = 1; chosen[t] && e < 3; e++) up[root(up, c[e])] = root(up, c[0]);
  }
  for (int32_t t = 0; t < s->triangles; t++) {
    if (!chosen[t]) continue;
    area[root(up, s->triangle[t][0])] += vec3_length(triangle_normal(s, t)) / 2;
    total += vec3_length(triangle_normal(s, t)) / 2;
  }
  *area_mm2 = 0;
  for (int32_t t = 0; t < s->triangles; t++) {
    if (!chosen[t]) continue;
    chosen[t] = area[root(up, s->triangle[t][0])] >= total / 20;
    if (chosen[t]) *area_mm2 += vec3_length(triangle_normal(s, t)) / 2;
  }
  CHECK(*area_mm2 > 0, ST_DOMAIN, "cap: it touches no bone within %g mm of the end",
        cap->intrusion_mm);
done:
  free(up);
  free(area);
  return st;
}

/* Three tetrahedra of a prism; from the smaller number below to the larger above, so neighbours
 * agree. `low` and `high` are sorted by column. */
static void add_prism(struct fea_mesh *m, int64_t *element, const int32_t low[3],
                      const int32_t high[3], double modulus) {
  const int32_t tets[3][4] = {{low[0], low[1], low[2], high[2]},
                              {low[0], low[1], high[2], high[1]},
                              {low[0], high[0], high[1], high[2]}};
  for (int i = 0; i < 3; i++) {
    int32_t *to = m->nodes + 4 * *element;
    memcpy(to, tets[i], sizeof tets[i]);
    m->part[*element] = FEA_CAP;
    m->modulus[*element] = modulus;
    if (!(fea_mesh_element_mm3(m, *element) > 0)) {
      const int32_t swap = to[0];
      to[0] = to[1];
      to[1] = swap;
    }
    ++*element;
  }
}

static void sort3(int32_t v[3]) {
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2 - i; j++)
      if (v[j] > v[j + 1]) {
        const int32_t swap = v[j];
        v[j] = v[j + 1];
        v[j + 1] = swap;
      }
}

/* Node of skin point v in a layer: the point itself below, else a new one. */
static int32_t layer_node(const int32_t *column, int64_t columns, int64_t base, int32_t v,
                          int layer) {
  return layer == 0 ? v : (int32_t)(base + (layer - 1) * columns + column[v]);
}

static status grow_mesh(struct fea_mesh **mesh, int64_t nodes, int64_t elements) {
  status st = ST_OK;
  const struct fea_mesh *from = *mesh;
  struct fea_mesh *to = NULL;
  TRY(fea_mesh_create(&to, FEA_TET4, from->node_count + nodes, from->element_count + elements));
  const size_t n = (size_t)from->element_count;
  memcpy(to->points, from->points, 3 * (size_t)from->node_count * sizeof *to->points);
  memcpy(to->nodes, from->nodes, 4 * n * sizeof *to->nodes);
  memcpy(to->part, from->part, n);
  memcpy(to->modulus, from->modulus, n * sizeof *to->modulus);
  to->poisson = from->poisson;
  fea_mesh_destroy(*mesh);
  *mesh = to;
done:
  return st;
}

status tet_cap_add(struct fea_mesh **mesh, struct tet_cap *cap, const struct tet_skin *s, int patch,
                   double size_mm) {
  status st = ST_OK;
  uint8_t *chosen = malloc((size_t)s->triangles + 1);
  int32_t *column = malloc(((size_t)s->points + 1) * sizeof *column);
  int64_t columns = 0, triangles = 0;
  const int layers = (int)fmax(2, ceil((cap->intrusion_mm + cap->beyond_mm) / size_mm));
  CHECK(chosen && column, ST_MEMORY, "cap: no memory");
  TRY(choose(chosen, &cap->contact_mm2, cap, s, patch));
  memset(column, 0xff, (size_t)s->points * sizeof *column);
  for (int32_t t = 0; t < s->triangles; t++) {
    triangles += chosen[t];
    for (int c = 0; chosen[t] && c < 3; c++)
      if (column[s->triangle[t][c]] < 0) column[s->triangle[t][c]] = (int32_t)columns++;
  }
  const int64_t base = (*mesh)->node_count;
  int64_t element = (*mesh)->element_count;
  cap->elements = 3 * triangles * layers;
  TRY(grow_mesh(mesh, columns * layers, cap->elements));
  struct fea_mesh *m = *mesh;
  for (int32_t v = 0; v < s->points; v++)
    for (int l = 1; column[v] >= 0 && l <= layers; l++) {
      const double from = along(s->point[v], cap->axis);
      const double at = l == layers ? cap->face_mm : from + (cap->face_mm - from) * l / layers;
      const struct vec3 p = with(s->point[v], cap->axis, at);
      double *to = m->points + 3 * (int64_t)layer_node(column, columns, base, v, l);
      to[0] = p.x, to[1] = p.y, to[2] = p.z;
    }
  for (int32_t t = 0; t < s->triangles; t++) {
    if (!chosen[t]) continue;
    int32_t corner[3] = {s->triangle[t][0], s->triangle[t][1], s->triangle[t][2]};
    sort3(corner);
    for (int l = 0; l < layers; l++) {
      int32_t low[3], high[3];
      for (int c = 0; c < 3; c++) {
        low[c] = layer_node(column, columns, base, corner[c], l);
        high[c] = layer_node(column, columns, base, corner[c], l + 1);
      }
      add_prism(m, &element, low, high, cap->modulus_mpa);
    }
  }
done:
  free(chosen);
  free(column);
  return st;
}
