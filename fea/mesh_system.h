/* The assembled system of a mesh with its preconditioner, shared by the linear solution and the
 * one beyond yield. Inner contract.
 *
 *   open -> (fill k anew) -> prepare -> precondition, apply, elastic -> close
 *
 * The preconditioner is kept: factors (MUMPS), algebraic multigrid (GAMG), or for 10-node
 * tetrahedra a cycle over their corners (corner_cycle.h).
 */
#ifndef QCT_FEA_MESH_SYSTEM_H
#define QCT_FEA_MESH_SYSTEM_H

#include "fea/assemble.h"
#include "fea/mesh_solve.h"

#ifdef __cplusplus
extern "C" {
#endif

struct corner_cycle;

struct mesh_system {
  const struct fea_mesh *mesh; /* borrowed */
  const struct fea_mesh_solve_options *options;
  const struct fea_petsc *petsc;
  const struct fea_petsc_sparse *sparse;
  const struct fea_comm *comm;
  int solver;           /* enum fea_mesh_solver, chosen */
  struct fea_sparse *k; /* elastic on opening; rows of this rank */
  uint8_t *fixed;       /* [3 nodes] */
  double *prescribed;   /* [3 nodes] */
  double *force;        /* [3 nodes] */
  double *whole;        /* [3 nodes], of all ranks, scratch */
  struct corner_cycle *cycle;
  struct fea_held *held;
  bool failed; /* PETSc, in an application */
};

/** @return from fea_mesh_check, ST_DOMAIN for a tolerance outside its range or the solver `corners`
 * on other elements, ST_UNSUPPORTED without the module, ST_MEMORY */
status mesh_system_open(struct mesh_system *s, const struct fea_mesh *mesh,
                        const struct fea_mesh_solve_options *options);
/** Make the preconditioner (anew) from s->k; it is kept. @param mesh  s->mesh, or a copy of it with
 * the moduli that k was made from. @return ST_EXTERNAL with PETSc's words; ST_MEMORY */
status mesh_system_prepare(struct mesh_system *s, const struct fea_mesh *mesh);
/** y = A x on free dofs, 0 on fixed ones; x is 0 there. Owned rows. */
void mesh_system_apply(struct mesh_system *s, const struct fea_sparse *a, const double *x,
                       double *y);
/** z = M r, owned rows. @param system  struct mesh_system */
void mesh_system_precondition(void *system, const double *r, double *z);
/** K u = f of the mesh's own supports and forces, prepared. @param u  [3 nodes], whole on all ranks
 * @param rhs_norm  |f - K u_prescribed| on free dofs. Missing the tolerance is no error here. */
status mesh_system_elastic(struct mesh_system *s, double *u, double *rhs_norm, int *iterations);
void mesh_system_close(struct mesh_system *s);

/** Unknowns of this rank; where they begin; position of an unknown among them, -1 when it is
 * another rank's. */
int64_t mesh_system_owned(const struct mesh_system *s);
int64_t mesh_system_first(const struct mesh_system *s);
int64_t mesh_system_dof(const struct mesh_system *s, int64_t dof);
/** The owned unknowns of all ranks joined. @param all  [3 nodes] */
void mesh_system_join(const struct mesh_system *s, const double *x, double *all);

#ifdef __cplusplus
}
#endif
#endif
