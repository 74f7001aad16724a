#include "ml/dense.h"

#include <math.h>
#include <stdlib.h>

status ml_cholesky(double *a, int n) {
  status st = ST_OK;
  for (int j = 0; j < n; j++) {
    double *row = a + (size_t)j * (size_t)n;
    double diagonal = row[j];
    double pivot = diagonal;
    for (int k = 0; k < j; k++) pivot -= row[k] * row[k];
    CHECK(pivot > 1e-12 * fabs(diagonal), ST_NUMERIC,
          "factoring a %d x %d matrix: column %d depends on the ones before it (pivot %.3g)", n, n,
          j, pivot);
    row[j] = sqrt(pivot);
    for (int i = j + 1; i < n; i++) {
      double *r = a + (size_t)i * (size_t)n;
      double sum = r[j];
      for (int k = 0; k < j; k++) sum -= r[k] * row[k];
      r[j] = sum / row[j];
    }
  }
done:
  return st;
}

void ml_cholesky_solve(const double *l, double *b, int n) {
  for (int i = 0; i < n; i++) {
    const double *row = l + (size_t)i * (size_t)n;
    for (int k = 0; k < i; k++) b[i] -= row[k] * b[k];
    b[i] /= row[i];
  }
  for (int i = n - 1; i >= 0; i--) {
    b[i] /= l[(size_t)i * (size_t)n + (size_t)i];
    for (int k = 0; k < i; k++) b[k] -= l[(size_t)i * (size_t)n + (size_t)k] * b[i];
  }
}

status ml_cholesky_inverse_diagonal(double *d, const double *l, int n) {
  status st = ST_OK;
  double *e = malloc((size_t)n * sizeof *e);
  CHECK(e, ST_MEMORY, "inverting a %d x %d matrix", n, n);
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) e[i] = i == j;
    ml_cholesky_solve(l, e, n);
    d[j] = e[j];
  }
done:
  free(e);
  return st;
}
