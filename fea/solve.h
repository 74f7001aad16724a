/* Linear static solution of a voxel model: K u = f with prescribed displacements.
 *
 * Matrix-free. Conjugate gradients (fea/cg.h) in double precision on the unpreconditioned norm,
 * preconditioned by one geometric multigrid cycle in single precision (fea/multigrid.h); OpenMP
 * threads in a process, MPI ranks in slabs along z. The result does not depend on the number of
 * threads to the last bit, nor on the number of ranks to the tolerance.
 *
 * At the end the residual is recomputed in double; missing the tolerance is a failure, not a note.
 */
#ifndef QCT_FEA_SOLVE_H
#define QCT_FEA_SOLVE_H

#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_solve_options {
  double tolerance;       /* |f - K u| / |f|, 1e-14 .. 1e-2 */
  int most_iterations;    /* >= 1 */
  double memory_gib;      /* refuse when the estimate is above this; 0: what the machine has free */
  const char *checkpoint; /* borrowed; stem of files that let a killed solve go on, or NULL */
  double checkpoint_s;    /* between two writings [s] */
};
#define FEA_SOLVE_DEFAULTS                                                                         \
  { .tolerance = 1e-8, .most_iterations = 500, .memory_gib = 0, .checkpoint_s = 600 }

/* One load case solved. */
struct fea_solution {
  double *displacement; /* owned, mm, [fea_rows_dofs]: order of the model's rows */
  double *reaction;     /* owned, N, [fixed_count]: K u - f on each prescribed dof */
  int iterations;
  double residual;         /* true relative residual, recomputed in double */
  double energy_nmm;       /* strain energy u'Ku/2 [N mm] */
  double work_nmm;         /* work of forces and prescribed displacements, (f'u + r'u)/2 [N mm] */
  double reaction_sum[3];  /* N */
  double force_sum[3];     /* N, applied */
  double balance;          /* |reactions + forces| / largest of them */
  double setup_s, solve_s; /* wall time */
  double memory_bytes;     /* estimate of the solver's own arrays on this rank */
  int levels, ranks, threads;
};

/** Solve one case. @param options NULL takes the defaults
 * @return ST_DOMAIN when the model is not finished, the case does not exist or memory_gib would be
 *         passed; ST_NUMERIC when the tolerance was not met; under mpirun as fea_petsc_open too */
status fea_solve(struct fea_solution **out, const struct fea_model *model, int load_case,
                 const struct fea_solve_options *options);
/** Solve all cases of the model with one set-up; out[case_count]. */
status fea_solve_all(struct fea_solution *out[FEA_CASES], const struct fea_model *model,
                     const struct fea_solve_options *options);
void fea_solution_destroy(struct fea_solution *s);

/** Displacement [mm] of a node; zeros where there is none. */
void fea_solution_at(const struct fea_solution *s, const struct fea_model *m, int64_t i, int64_t j,
                     int64_t k, double u[3]);
/** Sum of the reactions [N] over the fixed dofs of a node plane (all three directions). */
void fea_solution_plane_reaction(const struct fea_solution *s, const struct fea_model *m,
                                 int plane_axis, int64_t index, double sum[3]);

/** Memory [bytes] the solver will need for this model on this rank, beside the model itself. */
double fea_solve_memory(const struct fea_model *model, int ranks);

/** Memory [bytes] of a model on `grid` with so many elements, with its solver, before either is
 * made: the boxes, the search for its parts, the rows and the solver's vectors. */
double fea_memory_estimate(const struct geometry *grid, int64_t elements);
/** Memory the machine has free [bytes]; infinity where it does not say. */
double fea_memory_free(void);
/** @return ST_DOMAIN when the estimate passes limit_gib (0: what is free), with both numbers */
status fea_memory_check(const struct geometry *grid, int64_t elements, double limit_gib);

/** This process among the MPI ranks: 0 of 1 when not under mpirun (PETSc is not opened then).
 * Outputs are written by rank 0 only. @return ST_UNSUPPORTED under mpirun without the module */
status fea_ranks(int *rank, int *ranks);

#ifdef __cplusplus
}
#endif
#endif
