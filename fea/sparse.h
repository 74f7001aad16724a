/* The second table of the module qct_fea_petsc.so: assembled systems with three unknowns a node, by
 * conjugate gradients with algebraic multigrid (GAMG) or by a direct factorisation (MUMPS). */
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
  double tolerance;     /* relative, unpreconditioned norm */
  int most_iterations;
  void *context;
  void (*progress)(void *context, int iteration, double relative_residual);
};

struct fea_held; /* a preconditioner that is kept */

struct fea_petsc_sparse {
  int version; /* FEA_PETSC_VERSION */
  /** b and x are the owned parts, [3 (last - first)]. 0, or non-zero with result->words. */
  int (*solve)(struct fea_cg_result *result, const struct fea_sparse_problem *problem,
               const double *b, double *x);
  /** Keep the factors (problem->direct) or the multigrid of a matrix; only matrix, fixed and points
   * of the problem are used, and none is borrowed. 0, or non-zero with words. */
  int (*hold)(struct fea_held **out, char words[256], const struct fea_sparse_problem *problem);
  /** z = M r on the owned part; non-zero when PETSc failed. */
  int (*apply)(struct fea_held *held, const double *r, double *z);
  void (*release)(struct fea_held *held);
};

#ifdef __cplusplus
}
#endif
#endif
