/* Outer faces of a mesh and pressure on them. */
#include "fea/mesh.h"
#include "fea/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* nodes of each face, outward: corners, then mid-sides of 01 12 20 */
static const int tet_face[4][6] = {
    {0, 2, 1, 6, 5, 4}, {0, 1, 3, 4, 8, 7}, {1, 2, 3, 5, 9, 8}, {0, 3, 2, 7, 9, 6}};
static const int hex_face[6][6] = {{0, 3, 2, 1}, {4, 5, 6, 7}, {0, 1, 5, 4},
                                   {1, 2, 6, 5}, {2, 3, 7, 6}, {3, 0, 4, 7}};

struct face {
  int32_t key[4]; /* sorted corners */
  int32_t element;
  int face;
};

static int by_key(const void *x, const void *y) {
  const struct face *p = x, *q = y;
  for (int i = 0; i < 4; i++)
    if (p->key[i] != q->key[i]) return p->key[i] < q->key[i] ? -1 : 1;
  return p->element < q->element ? -1 : p->element > q->element;
}

static int by_element(const void *x, const void *y) {
  const struct face *p = x, *q = y;
  if (p->element != q->element) return p->element < q->element ? -1 : 1;
  return p->face - q->face;
}

static const int *face_nodes(enum fea_element element, int face) {
  return element == FEA_HEX8 ? hex_face[face] : tet_face[face];
}

static struct face make_face(const struct fea_mesh *m, int64_t element, int face) {
  const int corners = m->element == FEA_HEX8 ? 4 : 3;
  const int *local = face_nodes(m->element, face);
  const int32_t *nodes = m->nodes + element * fea_element_nodes(m->element);
  struct face f = {.key = {-1, -1, -1, -1}, .element = (int32_t)element, .face = face};
  for (int c = 0; c < corners; c++) {
    const int32_t value = nodes[local[c]];
    int at = c;
    for (; at > 0 && f.key[at - 1] > value; at--) f.key[at] = f.key[at - 1];
    f.key[at] = value;
  }
  return f;
}

static status keep_single(struct face *faces, int64_t n, int64_t *kept) {
  status st = ST_OK;
  *kept = 0;
  for (int64_t i = 0; i < n;) {
    int64_t end = i + 1;
    while (end < n && memcmp(faces[i].key, faces[end].key, sizeof faces[i].key) == 0) end++;
    CHECK(end - i <= 2, ST_DOMAIN, "mesh: %lld elements share one face (element %d is one of them)",
          (long long)(end - i), faces[i].element);
    if (end - i == 1) faces[(*kept)++] = faces[i];
    i = end;
  }
done:
  return st;
}

status fea_mesh_faces(struct fea_faces **out, const struct fea_mesh *m) {
  status st = ST_OK;
  const int per_element = m->element == FEA_HEX8 ? 6 : 4;
  const int64_t n = m->element_count * per_element;
  struct face *faces = malloc((size_t)n * sizeof *faces);
  struct fea_faces *f = calloc(1, sizeof *f);
  CHECK(faces && f, ST_MEMORY, "mesh: no memory for %lld faces", (long long)n);
  for (int64_t i = 0; i < n; i++) faces[i] = make_face(m, i / per_element, (int)(i % per_element));
  qsort(faces, (size_t)n, sizeof *faces, by_key);
  TRY(keep_single(faces, n, &f->count));
  qsort(faces, (size_t)f->count, sizeof *faces, by_element);
  f->per_face = m->element == FEA_HEX8 ? 4 : m->element == FEA_TET10 ? 6 : 3;
  f->nodes = malloc((size_t)(f->count * f->per_face + 1) * sizeof *f->nodes);
  f->element = malloc((size_t)(f->count + 1) * sizeof *f->element);
  CHECK(f->nodes && f->element, ST_MEMORY, "mesh: no memory for %lld faces", (long long)f->count);
  for (int64_t i = 0; i < f->count; i++) {
    const int *local = face_nodes(m->element, faces[i].face);
    f->element[i] = faces[i].element;
    for (int c = 0; c < f->per_face; c++)
      f->nodes[i * f->per_face + c] =
          m->nodes[(int64_t)faces[i].element * fea_element_nodes(m->element) + local[c]];
  }
  *out = f;
  f = NULL;
done:
  free(faces);
  fea_faces_destroy(f);
  return st;
}

void fea_faces_destroy(struct fea_faces *f) {
  if (!f) return;
  free(f->nodes);
  free(f->element);
  free(f);
}

/* Shape functions of a face and their derivatives by its two coordinates: triangle 0..1, quad
 * -1..1. */
static void face_shape(int per_face, double r, double s, double n[6], double dn[6][2]) {
  const double l[3] = {1 - r - s, r, s}, slope[3][2] = {{-1, -1}, {1, 0}, {0, 1}};
  if (per_face == 4) {
    static const double at[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
    for (int c = 0; c < 4; c++) {
      n[c] = (1 + at[c][0] * r) * (1 + at[c][1] * s) / 4;
      dn[c][0] = at[c][0] * (1 + at[c][1] * s) / 4;
      dn[c][1] = at[c][1] * (1 + at[c][0] * r) / 4;
    }
    return;
  }
  for (int c = 0; c < 3; c++) {
    n[c] = per_face == 6 ? l[c] * (2 * l[c] - 1) : l[c];
    for (int a = 0; a < 2; a++) dn[c][a] = (per_face == 6 ? 4 * l[c] - 1 : 1) * slope[c][a];
  }
  for (int c = 0; per_face == 6 && c < 3; c++) {
    const int d = (c + 1) % 3;
    n[3 + c] = 4 * l[c] * l[d];
    for (int a = 0; a < 2; a++) dn[3 + c][a] = 4 * (slope[c][a] * l[d] + l[c] * slope[d][a]);
  }
}

/* Points and weights that integrate shape function times area vector exactly on straight faces, and
 * to degree 4 on curved ones (six-point rule of the triangle). */
static int face_rule(int per_face, double at[6][2], double weight[6]) {
  static const double a[2] = {0.445948490915965, 0.091576213509771};
  static const double w[2] = {0.223381589678011 / 2, 0.109951743655322 / 2};
  if (per_face == 4) {
    for (int p = 0; p < 4; p++) {
      at[p][0] = (p & 1 ? 1 : -1) / sqrt(3.);
      at[p][1] = (p & 2 ? 1 : -1) / sqrt(3.);
      weight[p] = 1;
    }
    return 4;
  }
  for (int p = 0; p < 6; p++) {
    const double t = a[p / 3];
    at[p][0] = p % 3 == 1 ? 1 - 2 * t : t;
    at[p][1] = p % 3 == 2 ? 1 - 2 * t : t;
    weight[p] = w[p / 3];
  }
  return 6;
}

status fea_mesh_press(struct fea_mesh *m, const struct fea_faces *faces, int64_t face,
                      double pressure_mpa) {
  status st = ST_OK;
  const int n = faces->per_face;
  const int32_t *nodes = faces->nodes + face * n;
  double at[6][2], weight[6], force[6][3] = {{0}};
  const int points = face_rule(n, at, weight);
  for (int p = 0; p < points; p++) {
    double shape[6], dn[6][2];
    struct vec3 tangent[2] = {{0, 0, 0}, {0, 0, 0}};
    face_shape(n, at[p][0], at[p][1], shape, dn);
    for (int c = 0; c < n; c++)
      for (int a = 0; a < 2; a++)
        tangent[a] = vec3_along(tangent[a], dn[c][a], fea_mesh_point(m, nodes[c]));
    const struct vec3 area = vec3_cross(tangent[0], tangent[1]); /* outward */
    for (int c = 0; c < n; c++) {
      const double f = -pressure_mpa * weight[p] * shape[c];
      force[c][0] += f * area.x;
      force[c][1] += f * area.y;
      force[c][2] += f * area.z;
    }
  }
  for (int c = 0; c < n; c++)
    for (int a = 0; a < 3; a++) TRY(fea_mesh_load(m, nodes[c], a, force[c][a]));
done:
  return st;
}
