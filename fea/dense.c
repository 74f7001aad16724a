/* Small dense pieces: the stiffness of one cube, and Cholesky for the coarsest level. */
#include "fea/multigrid.h"

#include <math.h>
#include <string.h>

/* Strain of every corner displacement at one Gauss point: rows xx yy zz yz xz xy. */
static void strain_matrix(double h, const double at[3], double b[6][24]) {
  memset(b, 0, 6 * sizeof b[0]);
  for (int n = 0; n < 8; n++) {
    const double s[3] = {n & 1 ? 1 : -1, n & 2 ? 1 : -1, n & 4 ? 1 : -1};
    double g[3];
    for (int a = 0; a < 3; a++) {
      int p = (a + 1) % 3, q = (a + 2) % 3;
      g[a] = s[a] * (1 + s[p] * at[p]) * (1 + s[q] * at[q]) / (4 * h);
    }
    const int c = 3 * n;
    b[0][c] = g[0], b[1][c + 1] = g[1], b[2][c + 2] = g[2];
    b[3][c + 1] = g[2], b[3][c + 2] = g[1];
    b[4][c] = g[2], b[4][c + 2] = g[0];
    b[5][c] = g[1], b[5][c + 1] = g[0];
  }
}

void fea_hex_stiffness(double h, const struct fea_elasticity *unit, double k[24][24]) {
  const double g = 1 / sqrt(3.);
  memset(k, 0, 24 * sizeof k[0]);
  for (int point = 0; point < 8; point++) {
    const double at[3] = {point & 1 ? g : -g, point & 2 ? g : -g, point & 4 ? g : -g};
    double b[6][24], stress[6][24];
    strain_matrix(h, at, b);
    for (int j = 0; j < 24; j++)
      for (int a = 0; a < 3; a++) {
        const double *c = unit->normal[a];
        stress[a][j] = c[0] * b[0][j] + c[1] * b[1][j] + c[2] * b[2][j];
        stress[3 + a][j] = unit->shear[a] * b[3 + a][j];
      }
    for (int i = 0; i < 24; i++)
      for (int j = 0; j < 24; j++)
        for (int a = 0; a < 6; a++) k[i][j] += b[a][i] * stress[a][j] * h * h * h / 8;
  }
}

/* By blocks of columns, so that a block stays in cache while the rest is updated. */
void mg_cholesky(double *a, int64_t n) {
  enum { BLOCK = 32 };
  for (int64_t block = 0; block < n; block += BLOCK) {
    int64_t end = block + BLOCK < n ? block + BLOCK : n;
    for (int64_t j = block; j < end; j++) { /* factor the block's columns */
      double *row_j = a + j * n;
      double pivot = row_j[j];
      for (int64_t p = block; p < j; p++) pivot -= row_j[p] * row_j[p];
      if (!(pivot > 1e-12 * row_j[j])) {
        for (int64_t p = 0; p < j; p++) row_j[p] = 0;
        row_j[j] = 1;
        for (int64_t i = j + 1; i < n; i++) a[i * n + j] = 0;
        continue;
      }
      row_j[j] = sqrt(pivot);
      for (int64_t i = j + 1; i < n; i++) {
        double sum = a[i * n + j];
        for (int64_t p = block; p < j; p++) sum -= a[i * n + p] * row_j[p];
        a[i * n + j] = sum / row_j[j];
      }
    }
    for (int64_t p = block; p < end; p++) /* its transpose, in the unused upper triangle */
      for (int64_t q = end; q < n; q++) a[p * n + q] = a[q * n + p];
    for (int64_t i = end; i < n; i++) /* take it out of what follows */
      for (int64_t p = block; p < end; p++) {
        double *restrict out = a + i * n;
        const double *restrict column = a + p * n;
        const double factor = column[i];
        for (int64_t q = end; q <= i; q++) out[q] -= factor * column[q];
      }
  }
}

void mg_cholesky_solve(const float *factor, int64_t n, float *b) {
  for (int64_t i = 0; i < n; i++) {
    const float *row = factor + i * n;
    float sum[8] = {0}, rest = b[i];
    int64_t j = 0;
    for (; j + 8 <= i; j += 8)
      for (int s = 0; s < 8; s++) sum[s] += row[j + s] * b[j + s];
    for (; j < i; j++) rest -= row[j] * b[j];
    for (int s = 0; s < 8; s++) rest -= sum[s];
    b[i] = rest / row[i];
  }
  for (int64_t i = n - 1; i >= 0; i--) {
    const float *row = factor + i * n;
    const float x = b[i] /= row[i];
    for (int64_t j = 0; j < i; j++) b[j] -= x * row[j];
  }
}
