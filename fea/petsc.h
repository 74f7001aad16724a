/* The wall around PETSc and MPI: what the module qct_fea_petsc.so offers, without a foreign type.
 *
 * The module holds no method: it starts PETSc, moves planes between ranks and runs PETSc's
 * conjugate gradients (or GMRES) on functions that are given to it. Vectors are PETSc's, their sums
 * and norms in fixed chunks over the given number of threads, so results do not depend on that
 * number.
 */
#ifndef QCT_FEA_PETSC_H
#define QCT_FEA_PETSC_H

#include "fea/comm.h"

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A symmetric positive definite system, or one that is not symmetric, on the owned part of a
 * distributed vector. */
struct fea_cg {
  int64_t owned; /* unknowns of this rank */
  void *context; /* first argument of the functions */
  void (*apply)(void *context, const double *x, double *y);
  void (*precondition)(void *context, const double *r, double *z);
  void (*progress)(void *context, int iteration, double relative_residual);
  double tolerance; /* relative, unpreconditioned norm */
  int most_iterations;
  int threads;
  int unsymmetric; /* GMRES with restarts instead of conjugate gradients */
};

struct fea_cg_result {
  int iterations;
  int converged;
  double residual; /* as the iteration saw it, relative */
  char words[256]; /* PETSc's reason or error */
};

enum { FEA_PETSC_VERSION = 5 };

struct fea_petsc {
  int version; /* FEA_PETSC_VERSION of the build */
  /** Start PETSc once; *comm stays valid. `launched`: by mpirun, which wants MPI closed at the end
   * whatever the number of processes. 0, or non-zero with words. */
  int (*start)(const struct fea_comm **comm, int launched, char *words, size_t size);
  /** x holds the start on entry. 0, or non-zero with result->words. */
  int (*conjugate_gradients)(struct fea_cg_result *result, const struct fea_cg *problem,
                             const double *b, double *x);
};

/** Open the module and start PETSc. Outside mpirun it is told not to look for other processes.
 * @return ST_UNSUPPORTED naming the package when absent; ST_EXTERNAL when PETSc does not start */
status fea_petsc_open(const struct fea_petsc **out, const struct fea_comm **comm);
/** The processes this one works with: MPI's under mpirun (fea_petsc_open), else itself alone, for
 * which nothing is opened. @return as fea_petsc_open */
status fea_comm_open(const struct fea_comm **comm);

#ifdef __cplusplus
}
#endif
#endif
