/* Solids on voxels for tests of microstructure. */
#ifndef QCT_TESTS_MICRO_SOLIDS_H
#define QCT_TESTS_MICRO_SOLIDS_H

#include "tests/check.h"

#include "core/volume.h"

#include <math.h>

typedef int (*solid)(double x, double y, double z, double a);

static inline struct labels *fill(int64_t n, double sx, double sy, double sz, solid f, double a) {
  struct labels *l = NULL;
  struct geometry g = geometry_make(n, n, n, sx, sy, sz);
  assert_ok(labels_create(&l, &g));
  double middle = (double)(n - 1) / 2;
  for (int64_t k = 0, at = 0; k < n; k++)
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++, at++)
        l->voxels[at] = (uint16_t)f(((double)i - middle) * sx, ((double)j - middle) * sy,
                                    ((double)k - middle) * sz, a);
  return l;
}

static inline int plates(double x, double y, double z, double t) { /* 13 apart */
  (void)x, (void)y;
  double u = z + 100.25;
  return u - 13 * floor(u / 13) < t;
}

static inline int rod(double x, double y, double z, double r) {
  (void)z;
  return hypot(x, y) < r;
}

static inline int ball(double x, double y, double z, double r) {
  return sqrt(x * x + y * y + z * z) < r;
}

#endif
