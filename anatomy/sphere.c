#include "anatomy/sphere.h"

#include <math.h>

void sphere_add(struct sphere_fit *f, struct vec3 p, double weight) {
  double row[4] = {2 * p.x, 2 * p.y, 2 * p.z, 1}, square = vec3_dot(p, p);
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) f->a[i][j] += weight * row[i] * row[j];
    f->b[i] += weight * row[i] * square;
  }
  f->n++;
}

static void swap_rows(struct sphere_fit *f, int p, int q) {
  for (int k = 0; k < 4; k++) {
    double t = f->a[p][k];
    f->a[p][k] = f->a[q][k];
    f->a[q][k] = t;
  }
  double t = f->b[p];
  f->b[p] = f->b[q];
  f->b[q] = t;
}

int sphere_solve(struct sphere_fit *f, struct vec3 *centre, double *radius) {
  double(*a)[4] = f->a, *b = f->b;
  if (f->n < 4) return 0;
  for (int c = 0; c < 4; c++) {
    int p = c;
    for (int r = c + 1; r < 4; r++)
      if (fabs(a[r][c]) > fabs(a[p][c])) p = r;
    if (fabs(a[p][c]) < 1e-9) return 0;
    swap_rows(f, p, c);
    for (int r = c + 1; r < 4; r++) {
      double s = a[r][c] / a[c][c];
      for (int k = c; k < 4; k++) a[r][k] -= s * a[c][k];
      b[r] -= s * b[c];
    }
  }
  for (int c = 3; c >= 0; c--) {
    for (int k = c + 1; k < 4; k++) b[c] -= a[c][k] * b[k];
    b[c] /= a[c][c];
  }
  *centre = vec3_make(b[0], b[1], b[2]);
  double square = b[3] + vec3_dot(*centre, *centre);
  if (square <= 0) return 0;
  *radius = sqrt(square);
  return 1;
}

void sphere_directions(struct vec3 *d, int n) {
  const double golden = 3.14159265358979323846 * (3 - sqrt(5));
  for (int i = 0; i < n; i++) {
    double z = 1 - (2.0 * i + 1) / n, s = sqrt(1 - z * z);
    d[i] = vec3_make(s * cos(golden * i), s * sin(golden * i), z);
  }
}
