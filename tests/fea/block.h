/* Blocks of equal voxels, not finished yet: the tests of the solver and of yield begin with one. */
#ifndef QCT_TESTS_FEA_BLOCK_H
#define QCT_TESTS_FEA_BLOCK_H

#include "fea/model.h"
#include "tests/check.h"

static struct fea_model *block(int64_t nx, int64_t ny, int64_t nz, double h, double e, double nu) {
  struct geometry grid = geometry_make(nx, ny, nz, h, h, h);
  struct fea_model *m = NULL;
  assert_ok(fea_model_create(&m, &grid, nu));
  for (int64_t v = 0; v < nx * ny * nz; v++) {
    m->modulus[v] = (float)e;
    m->part[v] = FEA_BONE;
  }
  return m;
}

#endif
