/* Newton steps from load to load, for any kind of elements. Inner contract of fea/nonlinear.h.
 *
 * What the elements are is behind four functions; here are the steps: prediction, corrections with
 * a line search, halving, and the curve. Several ranks walk in step: what they decide by is summed.
 */
#ifndef QCT_FEA_NEWTON_H
#define QCT_FEA_NEWTON_H

#include "fea/curve.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Iterations of a linear solve from which the caller should make its preconditioner anew, and the
 * least share of a modulus that goes into it. */
enum { FEA_NEWTON_AGED = 30 };
#define FEA_NEWTON_LEAST_SECANT 0.02

struct fea_newton {
  const struct fea_nonlinear_options *o;
  const struct fea_drive *drive;
  int64_t unknowns;      /* of this rank */
  const double *elastic; /* [unknowns]: linear solution at factor 1 */
  void *context;
  /** The trial state of a displacement (multigrid_vector) and its internal forces on all dofs. */
  void (*forces)(void *context, const double *u, double *internal);
  /** step = inverse of the trial state's tangent times residual; both are 0 on fixed dofs. */
  status (*solve)(void *context, const double *residual, double tolerance, double *step,
                  int *iterations);
  /** The trial state becomes the state. Marks what has yielded and this rank owns, returns the
   * share of all ranks. */
  double (*commit)(void *context, uint8_t *yielded);
  /** The displacement of all ranks, of this one's. @param[out] whole  free() it */
  status (*whole)(void *context, const double *u, double **whole);
};

/** Through all load factors; fills points, displacement and how it ended. `curve->yielded` is there
 * already. @return ST_MEMORY; from `solve` */
status fea_newton_walk(struct fea_curve *curve, const struct fea_newton *problem);

#ifdef __cplusplus
}
#endif
#endif
