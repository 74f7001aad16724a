#include "fea/block_mesh.h"

#include <string.h>

struct vec3 fea_block_box(struct vec3 at, const void *lengths_mm) {
  const double *l = lengths_mm;
  return vec3_make(at.x * l[0], at.y * l[1], at.z * l[2]);
}

/* The six paths from corner 000 to corner 111 of a cell, each a tetrahedron (Kuhn); odd ones are
 * turned round to have positive volume. */
static void kuhn_corner(int tet, int corner, int at[3]) {
  static const int order[6][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {1, 0, 2}, {2, 1, 0}};
  const int odd = tet >= 3, steps = odd && corner == 1 ? 2 : odd && corner == 2 ? 1 : corner;
  memset(at, 0, 3 * sizeof *at);
  for (int s = 0; s < steps; s++) at[order[tet][s]] = 1;
}

/* Twice the cell coordinates of node `node` of part `part` of a cell: 0, 1, 2. */
static void local_node(enum fea_element element, int part, int node, int at[3]) {
  static const int edge_of[6][2] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}, {1, 3}, {2, 3}};
  static const int hex[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
  int p[3], q[3];
  if (element == FEA_HEX8) {
    for (int a = 0; a < 3; a++) at[a] = 2 * hex[node][a];
    return;
  }
  kuhn_corner(part, node < 4 ? node : edge_of[node - 4][0], p);
  kuhn_corner(part, node < 4 ? node : edge_of[node - 4][1], q);
  for (int a = 0; a < 3; a++) at[a] = p[a] + q[a];
}

status fea_block_mesh(struct fea_mesh **out, enum fea_element element, int nx, int ny, int nz,
                      fea_block_map map, const void *context, double modulus_mpa) {
  status st = ST_OK;
  struct fea_mesh *m = NULL;
  const int parts = element == FEA_HEX8 ? 1 : 6, per = fea_element_nodes(element);
  const int64_t n[3] = {2 * nx + 1, 2 * ny + 1, 2 * nz + 1}; /* half cells, with mid-sides */
  CHECK(nx >= 1 && ny >= 1 && nz >= 1, ST_DOMAIN, "block: %d x %d x %d cells, at least 1", nx, ny,
        nz);
  TRY(fea_mesh_create(&m, element, n[0] * n[1] * n[2], (int64_t)nx * ny * nz * parts));
  for (int64_t i = 0; i < m->node_count; i++) {
    struct vec3 at = {(double)(i % n[0]) / (2. * nx), (double)(i / n[0] % n[1]) / (2. * ny),
                      (double)(i / (n[0] * n[1])) / (2. * nz)};
    if (map) at = map(at, context);
    m->points[3 * i] = at.x, m->points[3 * i + 1] = at.y, m->points[3 * i + 2] = at.z;
  }
  for (int64_t e = 0; e < m->element_count; e++) {
    const int64_t cell = e / parts, i = cell % nx, j = cell / nx % ny,
                  k = cell / ((int64_t)nx * ny);
    for (int c = 0; c < per; c++) {
      int at[3];
      local_node(element, (int)(e % parts), c, at);
      m->nodes[e * per + c] =
          (int32_t)(((2 * k + at[2]) * n[1] + 2 * j + at[1]) * n[0] + 2 * i + at[0]);
    }
    m->modulus[e] = modulus_mpa;
  }
  TRY(fea_mesh_tidy(m));
  *out = m;
  m = NULL;
done:
  fea_mesh_destroy(m);
  return st;
}
