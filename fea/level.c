/* One level of the hierarchy: its rows, modulus, diagonal and fixed dofs. */
#include "fea/multigrid.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Zeroed by all threads: the first touch of a page costs more than its zeros. */
static void *allocate_aligned(size_t bytes) {
  enum { PIECE = 1 << 18 };
  const size_t padded = (bytes + MG_PADDING * sizeof(double) + 63) & ~(size_t)63;
  char *p = aligned_alloc(64, padded);
  if (!p) return NULL;
#pragma omp parallel for schedule(static) num_threads(parallel_threads()) if (padded > 4 * PIECE)
  for (size_t at = 0; at < padded; at += PIECE)
    memset(p + at, 0, padded - at < PIECE ? padded - at : PIECE);
  return p;
}

double *multigrid_vector(int64_t n) {
  return allocate_aligned((size_t)n * sizeof(double));
}

float mg_modulus_at(const struct mg_level *l, int64_t i, int64_t j, int64_t k) {
  if (i < 0 || j < 0 || k < 0 || j >= l->rows.ny || k >= l->rows.nz) return 0;
  int64_t row = k * l->rows.ny + j;
  if (i < l->rows.element_first[row] || i >= l->rows.element_last[row]) return 0;
  return l->modulus[l->rows.element_start[row] - l->modulus_base + i - l->rows.element_first[row]];
}

/* Diagonal of the element stiffness for unit modulus and edge 16, the same at all corners: the sum
 * over the modes of kernel_template.h. */
static double element_diagonal(const struct fea_elasticity *u, int axis) {
  const double c = u->normal[axis][axis], g = u->shear[(axis + 1) % 3],
               h = u->shear[(axis + 2) % 3];
  return (c + g + h) * (1 + 1. / 9) + (c + g) / 3 + (c + h) / 3 + (g + h) / 3;
}

double mg_eigenvalue_bound(const struct fea_elasticity *u) {
  double largest = 0, diagonal = INFINITY;
  for (int a = 0; a < 3; a++) {
    const double *row = u->normal[a];
    largest = fmax(largest, fmax(fabs(row[0]) + fabs(row[1]) + fabs(row[2]), 2 * u->shear[a]));
    diagonal = fmin(diagonal, element_diagonal(u, a));
  }
  return 8 * largest / diagonal;
}

static void fill_diagonal(struct mg_level *l, int64_t plane_low, int64_t plane_high) {
  const struct fea_rows *rows = &l->rows;
  const double unit = l->size_mm / 16 * element_diagonal(&l->unit, 0);
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t k = plane_low; k < plane_high; k++)
    for (int64_t j = 0; j <= rows->ny; j++) {
      int64_t row = k * (rows->ny + 1) + j;
      float *out = l->inverse_diagonal + (rows->node_start[row] - l->base) / 3;
      for (int64_t i = rows->node_first[row]; i < rows->node_last[row]; i++) {
        double sum = 0;
        for (int c = 0; c < 8; c++)
          sum += (double)mg_modulus_at(l, i - (c & 1), j - (c >> 1 & 1), k - (c >> 2));
        out[i - rows->node_first[row]] = sum > 0 ? (float)(1 / (unit * sum)) : 0;
      }
    }
}

static void fill_modulus(struct mg_level *l, const float *box, int64_t element_low,
                         int64_t element_high) {
  const struct fea_rows *rows = &l->rows;
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t row = element_low * rows->ny; row < element_high * rows->ny; row++) {
    int64_t n = rows->element_last[row] - rows->element_first[row];
    memcpy(l->modulus + (rows->element_start[row] - l->modulus_base),
           box + row * rows->nx + rows->element_first[row], (size_t)n * sizeof *box);
  }
}

status mg_level_create(struct mg_level *l, const struct fea_rows *rows, const float *modulus,
                       double size_mm, const struct fea_elasticity *unit, int64_t plane_first,
                       int64_t plane_last) {
  status st = ST_OK;
  l->rows = *rows;
  l->size_mm = size_mm;
  l->unit = *unit;
  l->cubic = fea_elasticity_is_cubic(unit);
  for (int a = 0; a < 3; a++)
    l->diagonal_share[a] = (float)(element_diagonal(unit, 0) / element_diagonal(unit, a));
  l->plane_first = plane_first;
  l->plane_last = plane_last;
  int64_t low = plane_first > 0 ? plane_first - 1 : 0;
  int64_t high = plane_last < rows->nz + 1 ? plane_last + 1 : rows->nz + 1;
  l->base = rows->plane_start[low];
  l->length = rows->plane_start[high] - l->base;
  /* the diagonal of halo planes is used for nothing but must be finite: elements one plane beyond
   */
  int64_t element_low = low > 0 ? low - 1 : 0, element_high = high < rows->nz ? high : rows->nz;
  l->modulus_base = rows->element_start[element_low * rows->ny];
  int64_t elements = rows->element_start[element_high * rows->ny] - l->modulus_base;
  size_t length = (size_t)l->length;
  l->modulus = allocate_aligned((size_t)elements * sizeof(float));
  l->inverse_diagonal = allocate_aligned(length / 3 * sizeof(float));
  l->x = allocate_aligned(length * sizeof(float));
  l->b = allocate_aligned(length * sizeof(float));
  l->r = allocate_aligned(length * sizeof(float));
  CHECK(l->modulus && l->inverse_diagonal && l->x && l->b && l->r, ST_MEMORY,
        "multigrid: no memory for a level of %lld unknowns", (long long)l->length);
  fill_modulus(l, modulus, element_low, element_high);
  fill_diagonal(l, low, high);
done:
  return st;
}

void mg_level_clear(struct mg_level *l) {
  if (!l->borrowed_rows) fea_rows_clear(&l->rows);
  free(l->modulus);
  free(l->inverse_diagonal);
  free(l->fixed);
  free(l->fixed_start);
  free(l->x);
  free(l->b);
  free(l->r);
  memset(l, 0, sizeof *l);
}

status mg_coarsen_modulus(float **out, const float *modulus, int64_t nx, int64_t ny, int64_t nz) {
  status st = ST_OK;
  int64_t cx = (nx + 1) / 2, cy = (ny + 1) / 2, cz = (nz + 1) / 2;
  float *coarse = calloc((size_t)(cx * cy * cz), sizeof *coarse);
  CHECK(coarse, ST_MEMORY, "multigrid: no memory for %lld voxels", (long long)(cx * cy * cz));
#pragma omp parallel for schedule(static) num_threads(parallel_threads())
  for (int64_t c = 0; c < cz; c++)
    for (int64_t k = 2 * c; k < 2 * c + 2 && k < nz; k++)
      for (int64_t j = 0; j < ny; j++) {
        const float *row = modulus + (k * ny + j) * nx;
        float *sum = coarse + (c * cy + j / 2) * cx;
        for (int64_t i = 0; i + 1 < nx; i += 2) sum[i / 2] += 0.125f * (row[i] + row[i + 1]);
        if (nx & 1) sum[nx / 2] += 0.125f * row[nx - 1];
      }
  *out = coarse;
done:
  return st;
}

/* Where dof `dof` of a plane lies: row by bisection, then component and position in it. */
static void locate(const struct fea_rows *rows, int64_t k, int64_t dof, int64_t *i, int64_t *j,
                   int *axis) {
  int64_t low = 0, high = rows->ny;
  const int64_t *start = rows->node_start + k * (rows->ny + 1);
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (start[middle] <= dof)
      low = middle;
    else
      high = middle - 1;
  }
  int64_t row = k * (rows->ny + 1) + low;
  while (rows->node_last[row] == rows->node_first[row]) row--, low--; /* empty rows share a start */
  int64_t length = rows->node_last[row] - rows->node_first[row], at = dof - rows->node_start[row];
  *j = low;
  *axis = (int)(at / length);
  *i = rows->node_first[row] + at % length;
}

static int by_index(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

status mg_coarsen_fixed(struct mg_level *coarse, const struct mg_level *fine) {
  status st = ST_OK;
  const int64_t planes = coarse->rows.nz + 1, count = fine->fixed_start[fine->rows.nz + 1];
  int64_t *list = malloc((size_t)(8 * count + 1) * sizeof *list), n = 0;
  coarse->fixed_start = malloc((size_t)(planes + 1) * sizeof *coarse->fixed_start);
  CHECK(list && coarse->fixed_start, ST_MEMORY, "multigrid: no memory for %lld supports",
        (long long)count);
  for (int64_t k = 0; k <= fine->rows.nz; k++)
    for (int64_t f = fine->fixed_start[k]; f < fine->fixed_start[k + 1]; f++) {
      int64_t i, j, dof;
      int axis;
      locate(&fine->rows, k, fine->fixed[f], &i, &j, &axis);
      for (int c = 0; c < 8; c++) {
        int64_t a = i / 2 + (i & c & 1), b = j / 2 + (j & c >> 1 & 1), d = k / 2 + (k & c >> 2 & 1);
        if ((c & 1 && !(i & 1)) || (c & 2 && !(j & 1)) || (c & 4 && !(k & 1))) continue;
        if ((dof = fea_rows_dof(&coarse->rows, a, b, d, axis)) >= 0) list[n++] = dof;
      }
    }
  qsort(list, (size_t)n, sizeof *list, by_index);
  int64_t unique = 0;
  for (int64_t f = 0; f < n; f++)
    if (!f || list[f] != list[f - 1]) list[unique++] = list[f];
  for (int64_t k = 0, f = 0; k <= planes; k++) {
    while (k < planes + 1 && f < unique && list[f] < coarse->rows.plane_start[k]) f++;
    coarse->fixed_start[k] = f;
  }
  coarse->fixed_start[planes] = unique;
  coarse->fixed = list;
  list = NULL;
done:
  free(list);
  return st;
}
