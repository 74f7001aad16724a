/* Can a mesh be solved? Elements, pieces, supports. */
#include "fea/mesh.h"
#include "fea/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static status check_elements(const struct fea_mesh *m) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  int64_t inverted = 0, first = -1;
  CHECK(!m->orthotropic, ST_UNSUPPORTED, "mesh: orthotropic constants are for voxel models only");
  CHECK(m->poisson > -1 && m->poisson < 0.5, ST_DOMAIN,
        "mesh: Poisson's ratio %g, permitted is -1 .. 0.5 without the ends", m->poisson);
  for (int64_t i = 0; i < 3 * m->node_count; i++)
    CHECK(isfinite(m->points[i]), ST_DOMAIN, "mesh: node %lld has no finite position",
          (long long)(i / 3));
  for (int64_t e = 0; e < m->element_count; e++) {
    double x[FEA_ELEMENT_MOST][3];
    for (int c = 0; c < n; c++)
      CHECK(m->nodes[n * e + c] >= 0 && m->nodes[n * e + c] < m->node_count, ST_DOMAIN,
            "mesh: element %lld names node %d, there are %lld", (long long)e, m->nodes[n * e + c],
            (long long)m->node_count);
    CHECK(m->modulus[e] > 0 && isfinite(m->modulus[e]), ST_DOMAIN,
          "mesh: element %lld has a modulus of %g MPa, it must be above 0", (long long)e,
          m->modulus[e]);
    fea_element_points(m, e, x);
    if (fea_least_jacobian(m->element, (const double(*)[3])x) > 0) continue;
    inverted++;
    if (first < 0) first = e;
  }
  CHECK(!inverted, ST_DOMAIN,
        "mesh: %lld of %lld elements are inverted or flat (the first is element %lld); mesh the "
        "surface again, or straighten its mid-side nodes",
        (long long)inverted, (long long)m->element_count, (long long)first);
done:
  return st;
}

static int32_t root(int32_t *up, int32_t i) {
  while (up[i] != i) {
    up[i] = up[up[i]];
    i = up[i];
  }
  return i;
}

/* One piece, and every node in it. */
static status check_pieces(const struct fea_mesh *m) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  int32_t *up = malloc((size_t)m->node_count * sizeof *up);
  int64_t pieces = 0;
  CHECK(up, ST_MEMORY, "mesh: no memory for %lld nodes", (long long)m->node_count);
  for (int64_t i = 0; i < m->node_count; i++) up[i] = (int32_t)i;
  for (int64_t e = 0; e < m->element_count; e++)
    for (int c = 1; c < n; c++) up[root(up, m->nodes[n * e + c])] = root(up, m->nodes[n * e]);
  for (int64_t i = 0; i < m->node_count; i++) pieces += up[i] == i;
  CHECK(pieces == 1, ST_DOMAIN,
        "mesh: %lld pieces that no node joins (or nodes without elements); one is permitted: keep "
        "the largest component of the label",
        (long long)pieces);
done:
  free(up);
  return st;
}

static int by_dof(const void *x, const void *y) {
  const struct fea_support *p = x, *q = y;
  if (p->node != q->node) return p->node < q->node ? -1 : 1;
  return p->axis - q->axis;
}

static status check_twice(const struct fea_mesh *m) {
  status st = ST_OK;
  const size_t n = (size_t)m->support_count;
  struct fea_support *sorted = malloc((n + 1) * sizeof *sorted);
  CHECK(sorted, ST_MEMORY, "mesh: no memory for %zu supports", n);
  memcpy(sorted, m->support, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_dof);
  for (size_t i = 1; i < n; i++)
    CHECK(by_dof(&sorted[i - 1], &sorted[i]) != 0 || sorted[i - 1].value_mm == sorted[i].value_mm,
          ST_DOMAIN, "mesh: node %lld is to move by %g and by %g mm along %c",
          (long long)sorted[i].node, sorted[i - 1].value_mm, sorted[i].value_mm,
          "xyz"[sorted[i].axis]);
done:
  free(sorted);
  return st;
}

/* The six rigid motions on the supported dofs must be independent: Cholesky of their Gram matrix,
 * translations first, about the mean point in units of the mesh's size. */
static status check_rigid(const struct fea_mesh *m) {
  static const char *const names[6] = {"translation along x", "translation along y",
                                       "translation along z", "rotation about x",
                                       "rotation about y",    "rotation about z"};
  status st = ST_OK;
  double gram[6][6] = {{0}}, mean[3] = {0}, size = 0;
  for (int64_t i = 0; i < 3 * m->node_count; i++)
    mean[i % 3] += m->points[i] / (double)m->node_count;
  for (int64_t i = 0; i < 3 * m->node_count; i++)
    size = fmax(size, fabs(m->points[i] - mean[i % 3]));
  for (int64_t s = 0; s < m->support_count; s++) {
    double mode[6] = {0}, x[3];
    const int a = m->support[s].axis, b = (a + 1) % 3, c = (a + 2) % 3;
    for (int d = 0; d < 3; d++) x[d] = (m->points[3 * m->support[s].node + d] - mean[d]) / size;
    mode[a] = 1;
    mode[3 + b] = x[c]; /* e_b cross x, component a */
    mode[3 + c] = -x[b];
    for (int i = 0; i < 6; i++)
      for (int j = 0; j < 6; j++) gram[i][j] += mode[i] * mode[j] / (double)m->support_count;
  }
  for (int i = 0; i < 6; i++) {
    CHECK(gram[i][i] > 1e-9, ST_NUMERIC,
          "mesh: the supports leave a rigid motion free (%s); fix more", names[i]);
    for (int j = i + 1; j < 6; j++)
      for (int k = j; k < 6; k++) gram[j][k] -= gram[i][j] * gram[i][k] / gram[i][i];
  }
done:
  return st;
}

status fea_mesh_check(const struct fea_mesh *m) {
  status st = ST_OK;
  TRY(check_elements(m));
  TRY(check_pieces(m));
  TRY(check_twice(m));
  CHECK(m->support_count > 0, ST_NUMERIC, "mesh: it has no support");
  TRY(check_rigid(m));
done:
  return st;
}
