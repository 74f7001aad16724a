/* Inner contract of the nonlinear solutions: building the curve. */
#ifndef QCT_FEA_CURVE_H
#define QCT_FEA_CURVE_H

#include "fea/nonlinear.h"
#include "fea/solver.h"

struct mesh_system;

#ifdef __cplusplus
extern "C" {
#endif

struct fea_drive_dof {
  int64_t dof; /* position in the vector of unknowns */
  double value;
};

/* A load case that is driven by a factor: values at factor 1, on the unknowns of this rank. */
struct fea_drive {
  const struct fea_comm *comm;
  struct fea_drive_dof *support, *force; /* owned; mm, 0 where held, and N */
  int64_t supports, forces;
  double largest_mm;   /* of the prescribed displacements of all ranks */
  double total_newton; /* sum of the sizes of the forces of all ranks */
};

/** @return ST_DOMAIN for a case that has no load; ST_MEMORY */
status fea_drive_of_model(struct fea_drive *out, const struct fea_solver *s,
                          const struct fea_case *c);
/** @param coupled  supports that are not driven; may be NULL */
status fea_drive_of_mesh(struct fea_drive *out, const struct mesh_system *s,
                         const struct fea_coupled *coupled);
void fea_drive_free(struct fea_drive *d);
/** From internal forces and displacements of the rank's dofs at a factor. */
void fea_drive_read(const struct fea_drive *d, double factor, const double *internal,
                    const double *u, struct fea_curve_point *point);
/** Marks of `count` voxels or elements, each set by the rank that owns it, joined on every rank.
 * @return ST_MEMORY */
status fea_curve_join(struct fea_curve *c, int64_t count, const struct fea_comm *comm);
status fea_curve_create(struct fea_curve **out);
status fea_curve_add(struct fea_curve *c, const struct fea_curve_point *p);
/** Peak, offset strength, fall. @param drop share of the peak at which it has fallen */
void fea_curve_finish(struct fea_curve *c, double offset);
/** Has the force fallen from its peak by the share? */
bool fea_curve_has_fallen(const struct fea_curve *c, double drop);

/** Progress of the load steps with the time that is left at their pace. */
void fea_report_steps(struct progress *p, int done, int all);

/* The rules on voxels and on meshes; the curve is made, to be finished. */
status fea_newton_voxels(struct fea_curve *curve, struct fea_solver *s, int load_case,
                         const struct fea_strength *strength,
                         const struct fea_nonlinear_options *o);
status fea_secant_voxels(struct fea_curve *curve, struct fea_solver *s, int load_case,
                         const struct fea_strength *strength,
                         const struct fea_nonlinear_options *o);
status fea_newton_mesh(struct fea_curve *curve, const struct fea_mesh *m,
                       const struct fea_coupled *coupled, const struct fea_strength *strength,
                       const struct fea_nonlinear_options *o,
                       const struct fea_mesh_solve_options *solve);
status fea_secant_mesh(struct fea_curve *curve, const struct fea_mesh *m,
                       const struct fea_coupled *coupled, const struct fea_strength *strength,
                       const struct fea_nonlinear_options *o,
                       const struct fea_mesh_solve_options *solve);

#ifdef __cplusplus
}
#endif
#endif
