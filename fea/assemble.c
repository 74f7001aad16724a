#include "fea/assemble.h"

#include "core/parallel.h"
#include "fea/mesh_solve.h"
#include "fea/shape.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DOFS = 3 * FEA_ELEMENT_MOST, CHUNK = 2048 };

void fea_element_stiffness(double *k, const struct fea_mesh *m, int64_t element) {
  const int n = fea_element_nodes(m->element);
  const double nu = m->poisson, lambda = nu / ((1 + nu) * (1 - 2 * nu)), mu = 1 / (2 * (1 + nu));
  double x[FEA_ELEMENT_MOST][3], g[FEA_ELEMENT_MOST][3];
  struct fea_quadrature q;
  fea_quadrature_get(&q, m->element);
  fea_element_points(m, element, x);
  memset(k, 0, (size_t)(9 * n * n) * sizeof *k);
  for (int p = 0; p < q.count; p++) {
    const double w = q.weight[p] * fea_gradients(m->element, (const double(*)[3])x, q.at[p], g);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        const double dot = g[i][0] * g[j][0] + g[i][1] * g[j][1] + g[i][2] * g[j][2];
        for (int a = 0; a < 3; a++)
          for (int b = 0; b < 3; b++)
            k[3 * n * (3 * i + a) + 3 * j + b] +=
                w * (lambda * g[i][a] * g[j][b] + mu * g[i][b] * g[j][a] + (a == b ? mu * dot : 0));
      }
  }
}

void fea_elastic_element(const void *mesh, int64_t element, double *k) {
  const struct fea_mesh *m = mesh;
  const int n = 3 * fea_element_nodes(m->element);
  fea_element_stiffness(k, m, element);
  for (int i = 0; i < n * n; i++) k[i] *= m->modulus[element];
}

/* Elements at each node: first[n] .. first[n+1] of list. */
static status elements_of_nodes(int64_t **first, int32_t **list, const struct fea_mesh *m) {
  status st = ST_OK;
  const int n = fea_element_nodes(m->element);
  const int64_t total = m->element_count * n;
  int64_t *f = calloc((size_t)m->node_count + 2, sizeof *f);
  int32_t *l = malloc((size_t)total * sizeof *l);
  CHECK(f && l, ST_MEMORY, "assembly: no memory for %lld elements", (long long)m->element_count);
  for (int64_t i = 0; i < total; i++) f[m->nodes[i] + 2]++;
  for (int64_t i = 2; i <= m->node_count + 1; i++) f[i] += f[i - 1];
  for (int64_t i = 0; i < total; i++) l[f[m->nodes[i] + 1]++] = (int32_t)(i / n);
  *first = f;
  *list = l;
  f = NULL;
  l = NULL;
done:
  free(f);
  free(l);
  return st;
}

static int by_number(const void *x, const void *y) {
  const int32_t a = *(const int32_t *)x, b = *(const int32_t *)y;
  return a < b ? -1 : a > b;
}

/* Sorted distinct nodes that share an element with `node`; mark[] holds the last node seen. */
static int64_t neighbours(int32_t *out, int32_t *mark, const struct fea_mesh *m,
                          const int64_t *first, const int32_t *list, int64_t node) {
  const int n = fea_element_nodes(m->element);
  int64_t count = 0;
  for (int64_t i = first[node]; i < first[node + 1]; i++)
    for (int c = 0; c < n; c++) {
      const int32_t other = m->nodes[(int64_t)n * list[i] + c];
      if (mark[other] == (int32_t)node) continue;
      mark[other] = (int32_t)node;
      if (out) out[count] = other;
      count++;
    }
  if (out) qsort(out, (size_t)count, sizeof *out, by_number);
  return count;
}

static status find_pattern(struct fea_sparse *s, const struct fea_mesh *m, const int64_t *first,
                           const int32_t *list) {
  status st = ST_OK;
  const int64_t rows = s->last - s->first;
  int32_t *mark = malloc((size_t)m->node_count * sizeof *mark);
  s->row = calloc((size_t)rows + 1, sizeof *s->row);
  CHECK(mark && s->row, ST_MEMORY, "assembly: no memory for %lld rows", (long long)rows);
  memset(mark, 0xff, (size_t)m->node_count * sizeof *mark);
  for (int64_t r = 0; r < rows; r++)
    s->row[r + 1] = s->row[r] + neighbours(NULL, mark, m, first, list, s->first + r);
  s->column = malloc((size_t)(s->row[rows] + 1) * sizeof *s->column);
  s->block = calloc(9 * (size_t)(s->row[rows] + 1), sizeof *s->block);
  CHECK(s->column && s->block, ST_MEMORY, "assembly: no memory for %lld blocks (%.1f GiB)",
        (long long)s->row[rows], (double)s->row[rows] * 76 / 1073741824.);
  memset(mark, 0xff, (size_t)m->node_count * sizeof *mark);
  for (int64_t r = 0; r < rows; r++)
    neighbours(s->column + s->row[r], mark, m, first, list, s->first + r);
done:
  free(mark);
  return st;
}

static int64_t find_block(const struct fea_sparse *s, int64_t row, int32_t column) {
  int64_t low = s->row[row], high = s->row[row + 1] - 1;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (s->column[middle] < column)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void add_element(struct fea_sparse *s, const struct fea_mesh *m, int64_t e,
                        const double *k) {
  const int n = fea_element_nodes(m->element);
  const int32_t *nodes = m->nodes + e * n;
  for (int i = 0; i < n; i++) {
    if (nodes[i] < s->first || nodes[i] >= s->last) continue;
    for (int j = 0; j < n; j++) {
      double *block = s->block + 9 * find_block(s, nodes[i] - s->first, nodes[j]);
      for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) block[3 * a + b] += k[3 * n * (3 * i + a) + 3 * j + b];
    }
  }
}

bool fea_sparse_touches(const struct fea_sparse *s, const struct fea_mesh *m, int64_t e) {
  const int n = fea_element_nodes(m->element);
  for (int c = 0; c < n; c++)
    if (m->nodes[n * e + c] >= s->first && m->nodes[n * e + c] < s->last) return true;
  return false;
}

/* Element matrices of a chunk in parallel, then added in one order: same bits for any thread
 * count. */
status fea_sparse_fill(struct fea_sparse *s, const struct fea_mesh *m, fea_element_matrix matrix,
                       const void *context) {
  status st = ST_OK;
  const int64_t size = 9 * (int64_t)fea_element_nodes(m->element) * fea_element_nodes(m->element);
  double *k = malloc((size_t)(CHUNK * size) * sizeof *k);
  CHECK(k, ST_MEMORY, "assembly: no memory for %d element matrices", CHUNK);
  memset(s->block, 0, 9 * (size_t)s->row[s->last - s->first] * sizeof *s->block);
  for (int64_t from = 0; from < m->element_count; from += CHUNK) {
    const int64_t to = from + CHUNK < m->element_count ? from + CHUNK : m->element_count;
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
    for (int64_t e = from; e < to; e++)
      if (fea_sparse_touches(s, m, e)) matrix(context, e, k + (e - from) * size);
    for (int64_t e = from; e < to; e++)
      if (fea_sparse_touches(s, m, e)) add_element(s, m, e, k + (e - from) * size);
  }
done:
  free(k);
  return st;
}

status fea_sparse_assemble(struct fea_sparse **out, const struct fea_mesh *m, int64_t first,
                           int64_t last) {
  status st = ST_OK;
  int64_t *start = NULL;
  int32_t *list = NULL;
  struct fea_sparse *s = calloc(1, sizeof *s);
  CHECK(s, ST_MEMORY, "assembly: no memory");
  s->nodes = m->node_count;
  s->first = first;
  s->last = last;
  TRY(elements_of_nodes(&start, &list, m));
  TRY(find_pattern(s, m, start, list));
  TRY(fea_sparse_fill(s, m, fea_elastic_element, m));
  *out = s;
  s = NULL;
done:
  free(start);
  free(list);
  fea_sparse_destroy(s);
  return st;
}

void fea_sparse_destroy(struct fea_sparse *s) {
  if (!s) return;
  free(s->row);
  free(s->column);
  free(s->block);
  free(s);
}

void fea_sparse_apply(const struct fea_sparse *s, const double *x, double *y) {
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t r = 0; r < s->last - s->first; r++) {
    double sum[3] = {0};
    for (int64_t k = s->row[r]; k < s->row[r + 1]; k++) {
      const double *v = x + 3 * (int64_t)s->column[k], *b = s->block + 9 * k;
      for (int a = 0; a < 3; a++)
        sum[a] += b[3 * a] * v[0] + b[3 * a + 1] * v[1] + b[3 * a + 2] * v[2];
    }
    for (int a = 0; a < 3; a++) y[3 * r + a] = sum[a];
  }
}
