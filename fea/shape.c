#include "fea/shape.h"

#include <math.h>
#include <string.h>

/* edges of a tetrahedron in the order of mid-side nodes 4..9 */
static const int edge_of[6][2] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}, {1, 3}, {2, 3}};
static const double tet_corner[4][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
static const double hex_corner[8][3] = {{-1, -1, -1}, {1, -1, -1}, {1, 1, -1}, {-1, 1, -1},
                                        {-1, -1, 1},  {1, -1, 1},  {1, 1, 1},  {-1, 1, 1}};

void fea_shape_node(enum fea_element element, int node, double at[3]) {
  for (int a = 0; a < 3; a++) {
    if (element == FEA_HEX8)
      at[a] = hex_corner[node][a];
    else if (node < 4)
      at[a] = tet_corner[node][a];
    else
      at[a] = (tet_corner[edge_of[node - 4][0]][a] + tet_corner[edge_of[node - 4][1]][a]) / 2;
  }
}

void fea_quadrature_get(struct fea_quadrature *q, enum fea_element element) {
  memset(q, 0, sizeof *q);
  switch (element) {
  case FEA_TET4:
    q->count = 1;
    for (int a = 0; a < 3; a++) q->at[0][a] = 0.25;
    q->weight[0] = 1. / 6;
    break;
  case FEA_TET10:
    /* degree 2: barycentric (5 + 3 sqrt 5)/20 once, (5 - sqrt 5)/20 three times */
    q->count = 4;
    for (int p = 0; p < 4; p++) {
      for (int a = 0; a < 3; a++)
        q->at[p][a] = (5 - sqrt(5.)) / 20 + (p == a + 1 ? 4 * sqrt(5.) / 20 : 0);
      q->weight[p] = 1. / 24;
    }
    break;
  case FEA_HEX8:
    q->count = 8;
    for (int p = 0; p < 8; p++) {
      for (int a = 0; a < 3; a++) q->at[p][a] = hex_corner[p][a] / sqrt(3.);
      q->weight[p] = 1;
    }
    break;
  }
}

static void shape_tet(const double at[3], double l[4]) {
  l[0] = 1 - at[0] - at[1] - at[2];
  for (int a = 0; a < 3; a++) l[a + 1] = at[a];
}

static double slope(int corner, int axis) {
  return corner == 0 ? -1 : corner == axis + 1 ? 1 : 0;
}

static void shape_tet10(const double at[3], double n[10], double dn[10][3]) {
  double l[4];
  shape_tet(at, l);
  for (int c = 0; c < 4; c++) {
    if (n) n[c] = l[c] * (2 * l[c] - 1);
    for (int a = 0; dn && a < 3; a++) dn[c][a] = (4 * l[c] - 1) * slope(c, a);
  }
  for (int e = 0; e < 6; e++) {
    const int p = edge_of[e][0], q = edge_of[e][1];
    if (n) n[4 + e] = 4 * l[p] * l[q];
    for (int a = 0; dn && a < 3; a++) dn[4 + e][a] = 4 * (slope(p, a) * l[q] + l[p] * slope(q, a));
  }
}

static void shape_hex(const double at[3], double n[8], double dn[8][3]) {
  for (int c = 0; c < 8; c++) {
    double f[3];
    for (int a = 0; a < 3; a++) f[a] = (1 + hex_corner[c][a] * at[a]) / 2;
    if (n) n[c] = f[0] * f[1] * f[2];
    for (int a = 0; dn && a < 3; a++)
      dn[c][a] = hex_corner[c][a] / 2 * f[(a + 1) % 3] * f[(a + 2) % 3];
  }
}

void fea_shape(enum fea_element element, const double at[3], double n[FEA_ELEMENT_MOST],
               double dn[FEA_ELEMENT_MOST][3]) {
  switch (element) {
  case FEA_TET4:
    if (n) shape_tet(at, n);
    for (int c = 0; dn && c < 4; c++)
      for (int a = 0; a < 3; a++) dn[c][a] = slope(c, a);
    break;
  case FEA_TET10:
    shape_tet10(at, n, dn);
    break;
  case FEA_HEX8:
    shape_hex(at, n, dn);
    break;
  }
}

void fea_element_points(const struct fea_mesh *m, int64_t element, double x[FEA_ELEMENT_MOST][3]) {
  const int n = fea_element_nodes(m->element);
  for (int c = 0; c < n; c++)
    memcpy(x[c], m->points + 3 * (int64_t)m->nodes[n * element + c], sizeof x[c]);
}

static double invert(const double j[3][3], double inverse[3][3]) {
  double det = 0;
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++)
      inverse[c][r] = j[(r + 1) % 3][(c + 1) % 3] * j[(r + 2) % 3][(c + 2) % 3] -
                      j[(r + 1) % 3][(c + 2) % 3] * j[(r + 2) % 3][(c + 1) % 3];
  for (int c = 0; c < 3; c++) det += j[0][c] * inverse[c][0];
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) inverse[r][c] /= det;
  return det;
}

double fea_gradients(enum fea_element element, const double x[FEA_ELEMENT_MOST][3],
                     const double at[3], double g[FEA_ELEMENT_MOST][3]) {
  const int n = fea_element_nodes(element);
  double dn[FEA_ELEMENT_MOST][3], j[3][3] = {{0}}, inverse[3][3];
  fea_shape(element, at, NULL, dn);
  for (int c = 0; c < n; c++) /* j[a][b] = d x_b / d r_a */
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) j[a][b] += dn[c][a] * x[c][b];
  const double det = invert((const double(*)[3])j, inverse);
  for (int c = 0; g && c < n; c++)
    for (int b = 0; b < 3; b++)
      g[c][b] = inverse[b][0] * dn[c][0] + inverse[b][1] * dn[c][1] + inverse[b][2] * dn[c][2];
  return det;
}

struct vec3 fea_position(enum fea_element element, const double x[FEA_ELEMENT_MOST][3],
                         const double at[3]) {
  double n[FEA_ELEMENT_MOST];
  struct vec3 p = {0, 0, 0};
  fea_shape(element, at, n, NULL);
  for (int c = 0; c < fea_element_nodes(element); c++)
    p = vec3_along(p, n[c], vec3_make(x[c][0], x[c][1], x[c][2]));
  return p;
}

/* det J of a 10-node tetrahedron is a cubic: values on its 20 lattice points turned into Bernstein
 * coefficients, whose least is a lower bound. */
static double least_tet10(const double x[FEA_ELEMENT_MOST][3]) {
  double corner[4], third[6][2], coefficient[6][2], least = INFINITY;
  static const int face_edges[4][3] = {{0, 1, 2}, {0, 4, 3}, {1, 5, 4}, {2, 5, 3}};
  static const int face_corners[4][3] = {{0, 1, 2}, {0, 1, 3}, {1, 2, 3}, {0, 2, 3}};
  for (int c = 0; c < 4; c++) {
    corner[c] = fea_gradients(FEA_TET10, x, tet_corner[c], NULL);
    least = fmin(least, corner[c]);
  }
  for (int e = 0; e < 6; e++) {
    const double *p = tet_corner[edge_of[e][0]], *q = tet_corner[edge_of[e][1]];
    for (int i = 0; i < 2; i++) {
      double at[3];
      for (int a = 0; a < 3; a++) at[a] = p[a] + (i + 1) / 3. * (q[a] - p[a]);
      third[e][i] = fea_gradients(FEA_TET10, x, at, NULL);
    }
    const double f0 = corner[edge_of[e][0]], f3 = corner[edge_of[e][1]];
    coefficient[e][0] = (-5 * f0 + 18 * third[e][0] - 9 * third[e][1] + 2 * f3) / 6;
    coefficient[e][1] = (2 * f0 - 9 * third[e][0] + 18 * third[e][1] - 5 * f3) / 6;
    least = fmin(least, fmin(coefficient[e][0], coefficient[e][1]));
  }
  for (int f = 0; f < 4; f++) {
    double at[3] = {0, 0, 0}, rest = 0;
    for (int i = 0; i < 3; i++) {
      for (int a = 0; a < 3; a++) at[a] += tet_corner[face_corners[f][i]][a] / 3;
      rest += corner[face_corners[f][i]];
      rest += 3 * (coefficient[face_edges[f][i]][0] + coefficient[face_edges[f][i]][1]);
    }
    least = fmin(least, (27 * fea_gradients(FEA_TET10, x, at, NULL) - rest) / 6);
  }
  return least;
}

double fea_least_jacobian(enum fea_element element, const double x[FEA_ELEMENT_MOST][3]) {
  double least = INFINITY;
  switch (element) {
  case FEA_TET4:
    return fea_gradients(element, x, tet_corner[0], NULL);
  case FEA_TET10:
    return least_tet10(x);
  case FEA_HEX8:
    for (int p = 0; p < 27; p++) {
      const double at[3] = {p % 3 - 1, p / 3 % 3 - 1, p / 9 - 1};
      least = fmin(least, fea_gradients(element, x, at, NULL));
    }
  }
  return least;
}

static double length(const double a[3], const double b[3]) {
  return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
              (a[2] - b[2]) * (a[2] - b[2]));
}

static double scaled_tet(const double x[FEA_ELEMENT_MOST][3], double det) {
  double most = 0;
  for (int c = 0; c < 4; c++) {
    double product = 1;
    for (int o = 0; o < 4; o++)
      if (o != c) product *= length(x[c], x[o]);
    most = fmax(most, product);
  }
  return most > 0 ? sqrt(2.) * det / most : 0;
}

static double scaled_hex(const double x[FEA_ELEMENT_MOST][3]) {
  static const int next[8][3] = {{1, 3, 4}, {0, 2, 5}, {1, 3, 6}, {0, 2, 7},
                                 {0, 5, 7}, {1, 4, 6}, {2, 5, 7}, {3, 4, 6}};
  double least = INFINITY;
  for (int c = 0; c < 8; c++) {
    double product = 1. / 8; /* edges are 2 long in natural coordinates */
    for (int e = 0; e < 3; e++) product *= length(x[c], x[next[c][e]]);
    const double det = fea_gradients(FEA_HEX8, x, hex_corner[c], NULL);
    least = fmin(least, product > 0 ? det / product : 0);
  }
  return least;
}

double fea_scaled_jacobian(enum fea_element element, const double x[FEA_ELEMENT_MOST][3]) {
  if (element == FEA_HEX8) return scaled_hex(x);
  const double straight = fea_gradients(FEA_TET4, x, tet_corner[0], NULL);
  const double shape = scaled_tet(x, straight);
  if (element == FEA_TET4 || !(straight > 0)) return shape;
  return shape * fmin(1, least_tet10(x) / straight);
}
