/* A model ready to be solved for any right-hand side: multigrid, ranks, the owned part. Inner
 * contract of the linear and the nonlinear solution (fea/solve.h, fea/nonlinear.h). */
#ifndef QCT_FEA_SOLVER_H
#define QCT_FEA_SOLVER_H

#include "core/progress.h"
#include "fea/comm.h"
#include "fea/multigrid.h"
#include "fea/solve.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_solver {
  const struct fea_model *model;
  const struct fea_solve_options *options;
  const struct fea_comm *comm;
  struct multigrid *mg;
  int64_t first, owned; /* dofs of this rank */
  struct progress progress;
  double started_s, setup_s;
  int load_case;         /* in solution */
  const double *iterate; /* its displacement so far, owned dofs */
  double kept_s;         /* when the checkpoint was last written */
};

/** @param options borrowed; NULL takes the defaults. @return as fea_solve */
status fea_solver_open(struct fea_solver *s, const struct fea_model *model, int load_case,
                       const struct fea_solve_options *options);
void fea_solver_close(struct fea_solver *s);
/** Solve one case; the solution's arrays are complete on every rank. */
status fea_solver_case(struct fea_solution **out, struct fea_solver *s, int load_case);
/** Owned dofs of all ranks joined, on every rank. @param[out] whole  [fea_rows_dofs], free() it.
 * @return ST_MEMORY */
status fea_solver_whole(double **whole, const struct fea_solver *s, const double *owned);
/** Progress of an iteration with the time that it is likely to take still: residuals fall
 * geometrically. */
void fea_report_residual(struct progress *p, int iteration, double residual, double tolerance);
/** Position of a dof in the owned part, -1 when another rank owns it. */
int64_t fea_solver_dof(const struct fea_solver *s, int64_t node, int axis);

#ifdef __cplusplus
}
#endif
#endif
