#include "fea/corner_cycle.h"

#include "core/parallel.h"
#include "core/random.h"
#include "fea/assemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 3, POWER_STEPS = 8, DIRECT_CORNERS = 60000 };

struct corner_cycle {
  const struct fea_sparse *k;
  const struct fea_comm *comm;
  const struct fea_petsc_sparse *petsc;
  int64_t nodes, first, last; /* all; owned */
  float *block;               /* as k->block; 0 on fixed rows and columns */
  float *inverse;             /* [9] an owned node: of the diagonal block, 0 on fixed dofs */
  float *r, *x, *d;           /* [3 owned] */
  float *whole;               /* [3 nodes]: d of all ranks; d itself on one */
  const uint8_t *fixed;
  double largest; /* eigenvalue of the scaled matrix, bounded */
  /* the corners */
  int32_t (*parent)[2]; /* [nodes]: corner number twice, or the corners at the ends of the edge */
  struct fea_sparse *coarse;
  uint8_t *coarse_fixed; /* [3 corners] */
  int64_t corners;
  double *coarse_r, *coarse_z; /* [3 corners] */
  struct fea_held *held;
  int failed;
};

static int64_t owned(const struct corner_cycle *c) {
  return c->last - c->first;
}

/* ---- the 4-node mesh ---- */

static status find_parents(struct corner_cycle *c, const struct fea_mesh *m) {
  static const int edge_of[6][2] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}, {1, 3}, {2, 3}};
  status st = ST_OK;
  c->parent = malloc((size_t)m->node_count * sizeof *c->parent);
  CHECK(c->parent, ST_MEMORY, "mesh solve: no memory for %lld nodes", (long long)m->node_count);
  memset(c->parent, 0xff, (size_t)m->node_count * sizeof *c->parent);
  for (int64_t i = 0; i < 10 * m->element_count; i++)
    if (i % 10 < 4) c->parent[m->nodes[i]][0] = 0;
  for (int64_t n = 0; n < m->node_count; n++)
    if (c->parent[n][0] == 0) c->parent[n][0] = c->parent[n][1] = (int32_t)c->corners++;
  for (int64_t e = 0; e < m->element_count; e++)
    for (int i = 0; i < 6; i++) {
      const int32_t *nodes = m->nodes + 10 * e;
      for (int end = 0; end < 2; end++)
        c->parent[nodes[4 + i]][end] = c->parent[nodes[edge_of[i][end]]][0];
    }
done:
  return st;
}

static status make_coarse(struct corner_cycle *c, const struct fea_mesh *m, double **points) {
  status st = ST_OK;
  struct fea_mesh *coarse = NULL;
  TRY(find_parents(c, m));
  TRY(fea_mesh_create(&coarse, FEA_TET4, c->corners, m->element_count));
  coarse->poisson = m->poisson;
  c->coarse_fixed = calloc(3 * (size_t)c->corners, 1);
  CHECK(c->coarse_fixed, ST_MEMORY, "mesh solve: no memory for %lld corners",
        (long long)c->corners);
  for (int64_t n = 0; n < m->node_count; n++) {
    const int64_t to = c->parent[n][0];
    if (c->parent[n][1] != to) continue;
    memcpy(coarse->points + 3 * to, m->points + 3 * n, 3 * sizeof *m->points);
    memcpy(c->coarse_fixed + 3 * to, c->fixed + 3 * n, 3);
  }
  for (int64_t e = 0; e < m->element_count; e++)
    for (int i = 0; i < 4; i++) coarse->nodes[4 * e + i] = c->parent[m->nodes[10 * e + i]][0];
  memcpy(coarse->modulus, m->modulus, (size_t)m->element_count * sizeof *m->modulus);
  const int64_t share = (c->corners + c->comm->ranks - 1) / c->comm->ranks;
  const int64_t from = share * c->comm->rank < c->corners ? share * c->comm->rank : c->corners;
  TRY(fea_sparse_assemble(&c->coarse, coarse, from,
                          from + share < c->corners ? from + share : c->corners));
  *points = coarse->points;
  coarse->points = NULL;
done:
  fea_mesh_destroy(coarse);
  return st;
}

/* ---- the 10-node mesh ---- */

/* Inverse of a symmetric 3 x 3 block whose fixed rows are left out. */
static void invert_block(const double *a, const uint8_t fixed[3], float *inverse) {
  double b[3][3], det = 0, cofactor[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) b[i][j] = fixed[i] || fixed[j] ? (i == j ? 1 : 0) : a[3 * i + j];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      cofactor[i][j] = b[(i + 1) % 3][(j + 1) % 3] * b[(i + 2) % 3][(j + 2) % 3] -
                       b[(i + 1) % 3][(j + 2) % 3] * b[(i + 2) % 3][(j + 1) % 3];
  for (int j = 0; j < 3; j++) det += b[0][j] * cofactor[0][j];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      inverse[3 * i + j] = fixed[i] || fixed[j] ? 0 : (float)(cofactor[j][i] / det);
}

static void copy_blocks(struct corner_cycle *c) {
  const struct fea_sparse *k = c->k;
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t row = 0; row < owned(c); row++)
    for (int64_t b = k->row[row]; b < k->row[row + 1]; b++) {
      const uint8_t *own = c->fixed + 3 * (c->first + row), *other = c->fixed + 3 * k->column[b];
      for (int i = 0; i < 9; i++)
        c->block[9 * b + i] = own[i / 3] || other[i % 3] ? 0 : (float)k->block[9 * b + i];
      if (k->column[b] == c->first + row) invert_block(k->block + 9 * b, own, c->inverse + 9 * row);
    }
}

/* r -= K d on owned rows. */
static void subtract(struct corner_cycle *c) {
  const struct fea_sparse *k = c->k;
  if (c->comm->ranks > 1) {
    memset(c->whole, 0, 3 * (size_t)c->nodes * sizeof *c->whole);
    memcpy(c->whole + 3 * c->first, c->d, 3 * (size_t)owned(c) * sizeof *c->d);
    c->comm->sum_float(c->whole, 3 * c->nodes);
  }
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t row = 0; row < owned(c); row++) {
    float sum[3] = {0, 0, 0};
    for (int64_t n = k->row[row]; n < k->row[row + 1]; n++) {
      const float *b = c->block + 9 * n, *v = c->whole + 3 * (int64_t)k->column[n];
      for (int a = 0; a < 3; a++)
        sum[a] += b[3 * a] * v[0] + b[3 * a + 1] * v[1] + b[3 * a + 2] * v[2];
    }
    for (int a = 0; a < 3; a++) c->r[3 * row + a] -= sum[a];
  }
}

/* d = keep d + gain D^-1 r; x += d */
static void step(struct corner_cycle *c, float keep, float gain) {
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t row = 0; row < owned(c); row++) {
    const float *r = c->r + 3 * row, *b = c->inverse + 9 * row;
    for (int a = 0; a < 3; a++) {
      const float scaled = b[3 * a] * r[0] + b[3 * a + 1] * r[1] + b[3 * a + 2] * r[2];
      c->d[3 * row + a] = keep * c->d[3 * row + a] + gain * scaled;
      c->x[3 * row + a] += c->d[3 * row + a];
    }
  }
}

/* Fourth-kind Chebyshev steps on the residual r; the last product is left to the caller. */
static void smooth(struct corner_cycle *c) {
  const double scale = 1 / c->largest;
  for (int i = 0; i < STEPS; i++) {
    if (i) subtract(c);
    step(c, (float)(i ? (2 * i - 1.) / (2 * i + 3) : 0),
         (float)((8 * i + 4.) / (2 * i + 3) * scale));
  }
}

/* Largest eigenvalue of D^-1 K by power steps, with the margin that they fall short by. */
static void find_largest(struct corner_cycle *c) {
  static const double margin = 1.2;
  const int64_t n = 3 * owned(c);
  double ratio = 1;
  for (int64_t i = 0; i < n; i++)
    c->d[i] = c->fixed[3 * c->first + i]
                  ? 0
                  : (float)(random_uniform(1, 0, (uint64_t)(3 * c->first + i)) - 0.5);
  for (int power = 0; power < POWER_STEPS; power++) {
    double sum[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) sum[0] += (double)c->d[i] * (double)c->d[i];
    memset(c->r, 0, (size_t)n * sizeof *c->r);
    subtract(c);
    step(c, 0, -1);
    for (int64_t i = 0; i < n; i++) sum[1] += (double)c->d[i] * (double)c->d[i];
    c->comm->sum(sum, 2);
    if (!(sum[0] > 0) || !(sum[1] > 0)) break;
    ratio = sqrt(sum[1] / sum[0]);
    for (int64_t i = 0; i < n; i++) c->d[i] *= (float)(1 / sqrt(sum[1]));
  }
  c->largest = margin * ratio;
}

/* ---- between them ---- */

static void correct_corners(struct corner_cycle *c) {
  memset(c->coarse_r, 0, 3 * (size_t)c->corners * sizeof *c->coarse_r);
  for (int64_t row = 0; row < owned(c); row++)
    for (int end = 0; end < 2; end++)
      for (int a = 0; a < 3; a++)
        c->coarse_r[3 * (int64_t)c->parent[c->first + row][end] + a] +=
            0.5 * (double)c->r[3 * row + a];
  c->comm->sum(c->coarse_r, 3 * c->corners);
  for (int64_t i = 0; i < 3 * c->corners; i++)
    if (c->coarse_fixed[i]) c->coarse_r[i] = 0;
  memset(c->coarse_z, 0, 3 * (size_t)c->corners * sizeof *c->coarse_z);
  c->failed |= c->petsc->apply(c->held, c->coarse_r + 3 * c->coarse->first,
                               c->coarse_z + 3 * c->coarse->first);
  c->comm->sum(c->coarse_z, 3 * c->corners);
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t row = 0; row < owned(c); row++)
    for (int a = 0; a < 3; a++) {
      const int32_t *p = c->parent[c->first + row];
      const double z =
          (c->coarse_z[3 * (int64_t)p[0] + a] + c->coarse_z[3 * (int64_t)p[1] + a]) / 2;
      c->d[3 * row + a] = c->fixed[3 * (c->first + row) + a] ? 0 : (float)z;
      c->x[3 * row + a] += c->d[3 * row + a];
    }
}

void corner_cycle_apply(struct corner_cycle *c, const double *r, double *z) {
  const int64_t n = 3 * owned(c);
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t i = 0; i < n; i++) {
    c->r[i] = (float)r[i];
    c->x[i] = 0;
  }
  smooth(c);
  subtract(c);
  correct_corners(c);
  subtract(c);
  smooth(c);
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t i = 0; i < n; i++) z[i] = (double)c->x[i];
}

bool corner_cycle_failed(const struct corner_cycle *c) {
  return c->failed;
}

static status allocate(struct corner_cycle *c) {
  status st = ST_OK;
  const size_t n = 3 * (size_t)owned(c) + 1, coarse = 3 * (size_t)c->corners;
  c->block = malloc((9 * (size_t)c->k->row[owned(c)] + 1) * sizeof *c->block);
  c->inverse = calloc(3 * n, sizeof *c->inverse);
  c->r = calloc(n, sizeof *c->r);
  c->x = calloc(n, sizeof *c->x);
  c->d = calloc(n, sizeof *c->d);
  c->whole = c->comm->ranks > 1 ? malloc(3 * (size_t)c->nodes * sizeof *c->whole) : c->d;
  c->coarse_r = malloc(coarse * sizeof *c->coarse_r);
  c->coarse_z = malloc(coarse * sizeof *c->coarse_z);
  CHECK(c->block && c->inverse && c->r && c->x && c->d && c->whole && c->coarse_r && c->coarse_z,
        ST_MEMORY, "mesh solve: no memory to precondition %lld nodes", (long long)c->nodes);
done:
  return st;
}

status corner_cycle_create(struct corner_cycle **out, const struct fea_mesh *m,
                           const struct fea_sparse *k, const uint8_t *fixed,
                           const struct fea_comm *comm, const struct fea_petsc_sparse *petsc,
                           int direct_corners) {
  status st = ST_OK;
  double *points = NULL;
  char words[256] = "";
  struct corner_cycle *c = calloc(1, sizeof *c);
  CHECK(c, ST_MEMORY, "mesh solve: no memory");
  c->k = k;
  c->fixed = fixed;
  c->comm = comm;
  c->petsc = petsc;
  c->nodes = m->node_count;
  c->first = k->first;
  c->last = k->last;
  TRY(make_coarse(c, m, &points));
  TRY(allocate(c));
  copy_blocks(c);
  find_largest(c);
  const struct fea_sparse_problem problem = {
      .matrix = c->coarse,
      .fixed = c->coarse_fixed,
      .points = points,
      .direct = c->corners <= (direct_corners ? direct_corners : DIRECT_CORNERS)};
  CHECK(!petsc->hold(&c->held, words, &problem), ST_EXTERNAL, "mesh solve: %s", words);
  *out = c;
  c = NULL;
done:
  free(points);
  corner_cycle_destroy(c);
  return st;
}

void corner_cycle_destroy(struct corner_cycle *c) {
  if (!c) return;
  if (c->held) c->petsc->release(c->held);
  if (c->whole != c->d) free(c->whole);
  free(c->block);
  free(c->inverse);
  free(c->r);
  free(c->x);
  free(c->d);
  free(c->parent);
  free(c->coarse_fixed);
  free(c->coarse_r);
  free(c->coarse_z);
  fea_sparse_destroy(c->coarse);
  free(c);
}
