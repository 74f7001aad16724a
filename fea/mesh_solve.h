/* Linear static solution of an unstructured mesh: K u = f with prescribed displacements.
 *
 * The stiffness is assembled in 3 x 3 blocks; PETSc solves by conjugate gradients with GAMG (rigid
 * motions as near-null space), by MUMPS, or for 10-node tetrahedra with a cycle over their corners
 * (corner_cycle.h). The true residual, reactions and energy are computed
 * from the assembled matrix in double; missing the tolerance is a failure. The result does not
 * depend on the number of threads to the last bit; under mpirun the rows are shared among ranks.
 */
#ifndef QCT_FEA_MESH_SOLVE_H
#define QCT_FEA_MESH_SOLVE_H

#include "fea/mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

enum fea_mesh_solver { FEA_SOLVER_AUTO, FEA_SOLVER_GAMG, FEA_SOLVER_MUMPS, FEA_SOLVER_CORNERS };
/** "auto", "gamg", "mumps", "corners" for OPT_CHOICE. */
extern const char *const fea_mesh_solver_names[];

struct fea_mesh_solve_options {
  int solver;          /* enum fea_mesh_solver; auto: corners for 10-node tetrahedra, else MUMPS for
                          small meshes and GAMG */
  double tolerance;    /* |f - K u| / |f|, 1e-14 .. 1e-2 */
  int most_iterations; /* >= 1 */
  int direct_corners;  /* solver corners: up to so many MUMPS takes them, above GAMG; 0: 60000 */
};
#define FEA_MESH_SOLVE_DEFAULTS                                                                    \
  { .solver = FEA_SOLVER_AUTO, .tolerance = 1e-8, .most_iterations = 1000, .direct_corners = 0 }

struct fea_mesh_solution {
  double *displacement;                 /* owned, [node_count][3], mm */
  double *reaction;                     /* owned, [node_count][3], N: K u - f, 0 on free dofs */
  int iterations;                       /* 1 for MUMPS */
  double residual;                      /* true relative residual */
  double energy_nmm;                    /* u'Ku/2 [N mm] */
  double work_nmm;                      /* of forces and prescribed displacements [N mm] */
  double reaction_sum[3], force_sum[3]; /* N */
  double balance;                       /* |reactions + forces| / largest of them */
  double assembly_s, solve_s;
  const char *solver; /* "gamg", "mumps" or "corners" */
};

/** @param options NULL takes the defaults
 * @return from fea_mesh_check; ST_UNSUPPORTED without the PETSc module; ST_NUMERIC when the
 *         tolerance was not met; ST_EXTERNAL with PETSc's words; ST_MEMORY */
status fea_mesh_solve(struct fea_mesh_solution **out, const struct fea_mesh *mesh,
                      const struct fea_mesh_solve_options *options);
void fea_mesh_solution_destroy(struct fea_mesh_solution *s);

/** Sum of the reactions [N] over the nodes with |point[plane_axis] - at_mm| <= 1e-6 mm. */
void fea_mesh_plane_reaction(const struct fea_mesh_solution *s, const struct fea_mesh *m,
                             int plane_axis, double at_mm, double sum[3]);

/** Element stiffness [3n][3n], n nodes, of element e for modulus 1 MPa. @param k  row-major */
void fea_element_stiffness(double *k, const struct fea_mesh *m, int64_t element);

/* What a solution means: strain (engineering shear, xx yy zz yz xz xy). */
struct fea_mesh_fields {
  float *strain; /* owned, [element_count][6]: volume average */
  float *tension, *compression, *von_mises_mpa, *energy_mpa; /* owned, [element_count] */
  float *node_strain; /* owned, [node_count][6]: volume-weighted mean of the elements of bone at the
                         node, NaN where none */
};
status fea_mesh_fields_create(struct fea_mesh_fields **out, const struct fea_mesh *mesh,
                              const struct fea_mesh_solution *solution);
void fea_mesh_fields_destroy(struct fea_mesh_fields *f);

/** Stress [MPa] at a node, mean of the elements at it, order xx yy zz yz xz xy. */
void fea_mesh_node_stress(const struct fea_mesh *mesh, const struct fea_mesh_solution *solution,
                          int64_t node, double stress[6]);

#ifdef __cplusplus
}
#endif
#endif
