#include "core/eigen.h"

#include <math.h>
#include <stdbool.h>

/* x, y <- c x - s y, s x + c y for the entries at p and q of n rows or columns. */
static void turn(double *p, double *q, int n, int stride, double c, double s) {
  for (int i = 0; i < n * stride; i += stride) {
    double x = p[i], y = q[i];
    p[i] = c * x - s * y;
    q[i] = s * x + c * y;
  }
}

/* Turn the plane of axes p and q so that a[p][q] vanishes; false when it is lost in rounding. */
static bool rotate(double *a, double *vector, int n, int p, int q) {
  const double lost = 1e-18, off = a[p * n + q], first = a[p * n + p], second = a[q * n + q];
  if (fabs(off) <= lost * (fabs(first) + fabs(second))) return false;
  double theta = (second - first) / (2 * off);
  double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
  double c = 1 / sqrt(t * t + 1), s = t * c;
  turn(a + p, a + q, n, n, c, s);
  turn(a + p * n, a + q * n, n, 1, c, s);
  if (vector) turn(vector + p, vector + q, n, n, c, s);
  return true;
}

static void swap_columns(double *vector, int n, int p, int q) {
  for (int i = 0; i < n; i++) {
    double x = vector[i * n + p];
    vector[i * n + p] = vector[i * n + q];
    vector[i * n + q] = x;
  }
}

static void sort_rising(double *value, double *vector, int n) {
  for (int i = 0; i < n - 1; i++) {
    int least = i;
    for (int j = i + 1; j < n; j++)
      if (value[j] < value[least]) least = j;
    double x = value[i];
    value[i] = value[least];
    value[least] = x;
    if (vector && least != i) swap_columns(vector, n, i, least);
  }
}

void eigen_symmetric(double *value, double *vector, double *a, int n) {
  enum { SWEEPS = 60 }; /* each squares the off-diagonal: ten are plenty */
  for (int i = 0; vector && i < n * n; i++) vector[i] = i % (n + 1) == 0;
  bool turned = true;
  for (int sweep = 0; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (int p = 0; p < n - 1; p++)
      for (int q = p + 1; q < n; q++) turned |= rotate(a, vector, n, p, q);
  }
  for (int i = 0; i < n; i++) value[i] = a[i * n + i];
  sort_rising(value, vector, n);
}
