/* Supports of a mesh that move together, by one unknown: each by its share of it, and no force acts
 * along it. So a flat end turns on a hinge. Inner contract of the solutions beyond yield; the type
 * is in fea/nonlinear.h.
 */
#ifndef QCT_FEA_COUPLED_H
#define QCT_FEA_COUPLED_H

#include "fea/mesh_system.h"
#include "fea/nonlinear.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Displacements of the coupled dofs at `unknown` mm. @param whole  [3 nodes] */
void fea_coupled_place(const struct fea_coupled *c, double unknown, double *whole);
/** Force along the unknown, of all ranks. @param internal  owned dofs */
double fea_coupled_force(const struct fea_coupled *c, const struct mesh_system *s,
                         const double *internal);
/** The unknown of the supports that the mesh has. */
double fea_coupled_given(const struct fea_coupled *c, const struct mesh_system *s);
/** @return ST_DOMAIN for none, a share that is not finite, or a dof that is no support */
status fea_coupled_check(const struct fea_coupled *c, const struct mesh_system *s);

#ifdef __cplusplus
}
#endif
#endif
