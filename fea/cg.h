/* Conjugate gradients with the multigrid cycle as preconditioner: vectors in double precision, the
 * cycle in single. Inner contract of fea/solve.c.
 *
 * Four vectors; what can be done in one pass over them is (x and r with the norm of r and the
 * right-hand side of the cycle; K p with its dot; the cycle's last step with z . r, of r rounded to
 * single precision), because at these sizes the memory sets the pace. Sums go in fixed chunks, so
 * results do not depend on the number of threads.
 */
#ifndef QCT_FEA_CG_H
#define QCT_FEA_CG_H

#include "fea/multigrid.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_cg_task {
  struct multigrid *mg;
  const struct fea_comm *comm;
  double *x;        /* start on entry, solution on return; multigrid_vector of the owned dofs */
  double *r;        /* right-hand side on entry, 0 at fixed dofs; residual on return */
  double tolerance; /* of |r| / |right-hand side| */
  int most_iterations;
  void (*progress)(void *context, int iteration, double residual);
  void *context;
};

struct fea_cg_outcome {
  int iterations;
  double residual; /* as the iteration saw it, relative to |right-hand side| */
  double rhs_norm;
  bool indefinite; /* stopped since p K p <= 0 or it is not a number */
};

/** @return ST_MEMORY; ending without the tolerance is no error here */
status fea_cg_run(struct fea_cg_outcome *out, const struct fea_cg_task *task);

#ifdef __cplusplus
}
#endif
#endif
