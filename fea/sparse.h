/* The second table of the module qct_fea_petsc.so: preconditioners of assembled systems with three
 * unknowns a node, algebraic multigrid (GAMG) or a direct factorisation (MUMPS). */
#ifndef QCT_FEA_SPARSE_H
#define QCT_FEA_SPARSE_H

#include "fea/petsc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows first .. last-1 (in nodes) of a symmetric matrix of 3 x 3 blocks. */
struct fea_sparse {
  int64_t nodes, first, last;
  int64_t *row;    /* [last - first + 1]: start of each row in column */
  int32_t *column; /* node of a block, rising in a row */
  double *block;   /* [9] a block, row by row */
};

struct fea_sparse_problem {
  const struct fea_sparse *matrix;
  const uint8_t *fixed; /* [3 nodes]: dofs taken out (the right-hand side there is 0) */
  const double *points; /* [nodes][3], for the rigid motions of the near-null space */
  int direct;           /* MUMPS instead of GAMG */
};

struct fea_held; /* a preconditioner that is kept */

struct fea_petsc_sparse {
  int version; /* FEA_PETSC_VERSION */
  /** Keep the factors (problem->direct) or the multigrid of a matrix; nothing of the problem is
   * borrowed. 0, or non-zero with words. */
  int (*hold)(struct fea_held **out, char words[256], const struct fea_sparse_problem *problem);
  /** z = M r on the owned part; non-zero when PETSc failed. */
  int (*apply)(struct fea_held *held, const double *r, double *z);
  void (*release)(struct fea_held *held);
};

#ifdef __cplusplus
}
#endif
#endif
