#include "fea/model.h"

#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

/* Span of the elements of one row; empty rows give [0, 0). */
static void element_span(const float *modulus, int64_t nx, int32_t *first, int32_t *last) {
  int64_t a = 0, b = nx;
  while (a < nx && !(modulus[a] > 0)) a++;
  while (b > a && !(modulus[b - 1] > 0)) b--;
  *first = a < b ? (int32_t)a : 0;
  *last = a < b ? (int32_t)b : 0;
}

/* A node row spans the nodes of the up to four element rows that meet at it. */
static void node_span(const struct fea_rows *rows, int64_t j, int64_t k, int32_t *first,
                      int32_t *last) {
  int32_t a = INT32_MAX, b = 0;
  for (int q = 0; q < 4; q++) {
    int64_t row_j = j - (q & 1), row_k = k - (q >> 1);
    if (row_j < 0 || row_k < 0 || row_j >= rows->ny || row_k >= rows->nz) continue;
    int64_t row = row_k * rows->ny + row_j;
    if (rows->element_last[row] <= rows->element_first[row]) continue;
    if (rows->element_first[row] < a) a = rows->element_first[row];
    if (rows->element_last[row] + 1 > b) b = rows->element_last[row] + 1;
  }
  *first = b ? a : 0;
  *last = b;
}

static status allocate(struct fea_rows *rows) {
  status st = ST_OK;
  size_t elements = (size_t)(rows->ny * rows->nz),
         nodes = (size_t)((rows->ny + 1) * (rows->nz + 1));
  rows->element_first = malloc(elements * sizeof *rows->element_first);
  rows->element_last = malloc(elements * sizeof *rows->element_last);
  rows->element_start = malloc((elements + 1) * sizeof *rows->element_start);
  rows->node_first = malloc(nodes * sizeof *rows->node_first);
  rows->node_last = malloc(nodes * sizeof *rows->node_last);
  rows->node_start = malloc((nodes + 1) * sizeof *rows->node_start);
  rows->plane_start = malloc(((size_t)rows->nz + 2) * sizeof *rows->plane_start);
  CHECK(rows->element_first && rows->element_last && rows->element_start && rows->node_first &&
            rows->node_last && rows->node_start && rows->plane_start,
        ST_MEMORY, "voxel model: no memory for the rows of %lld x %lld x %lld voxels",
        (long long)rows->nx, (long long)rows->ny, (long long)rows->nz);
done:
  return st;
}

status fea_rows_create(struct fea_rows *out, const float *modulus, int64_t nx, int64_t ny,
                       int64_t nz) {
  status st = ST_OK;
  struct fea_rows rows = {.nx = nx, .ny = ny, .nz = nz};
  TRY(allocate(&rows));
  int64_t at = 0;
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t row = 0; row < ny * nz; row++)
    element_span(modulus + row * nx, nx, &rows.element_first[row], &rows.element_last[row]);
  for (int64_t row = 0; row < ny * nz; row++) {
    rows.element_start[row] = at;
    at += (rows.element_last[row] - rows.element_first[row] + FEA_ROW_PADDING - 1) /
          FEA_ROW_PADDING * FEA_ROW_PADDING;
  }
  rows.element_start[ny * nz] = at;
  at = 0;
  for (int64_t k = 0; k <= nz; k++) {
    rows.plane_start[k] = at;
    for (int64_t j = 0; j <= ny; j++) {
      int64_t row = k * (ny + 1) + j;
      node_span(&rows, j, k, &rows.node_first[row], &rows.node_last[row]);
      rows.node_start[row] = at;
      at += 3 * (int64_t)(rows.node_last[row] - rows.node_first[row]);
    }
    at += FEA_ROW_PADDING; /* what a vector past the last row reads belongs to no other plane */
  }
  rows.plane_start[nz + 1] = at;
  *out = rows;
  memset(&rows, 0, sizeof rows);
done:
  fea_rows_clear(&rows);
  return st;
}

void fea_rows_clear(struct fea_rows *rows) {
  free(rows->element_first);
  free(rows->element_last);
  free(rows->element_start);
  free(rows->node_first);
  free(rows->node_last);
  free(rows->node_start);
  free(rows->plane_start);
  memset(rows, 0, sizeof *rows);
}

int64_t fea_rows_dof(const struct fea_rows *rows, int64_t i, int64_t j, int64_t k, int axis) {
  if (j < 0 || k < 0 || j > rows->ny || k > rows->nz) return -1;
  int64_t row = k * (rows->ny + 1) + j;
  if (i < rows->node_first[row] || i >= rows->node_last[row]) return -1;
  int64_t length = rows->node_last[row] - rows->node_first[row];
  return rows->node_start[row] + axis * length + i - rows->node_first[row];
}
