/* Preconditioner for 10-node tetrahedra: smoothing on all nodes, correction on the corners.
 *
 * One symmetric cycle: fourth-kind Chebyshev steps with the inverse 3 x 3 diagonal blocks, the
 * residual brought to the 4-node mesh of the same elements (a mid-side node takes half of each
 * end), that system solved by factors or by a cycle of GAMG, and the same steps again. Everything
 * on the 10-node mesh is in single precision. The 4-node mesh has an eighth of the nodes and a
 * sixteenth of the matrix, so what is dear in algebraic multigrid or in a factorisation is paid
 * there. Inner contract of mesh_solve. Source: lottes2023 (smoother)
 */
#ifndef QCT_FEA_CORNER_CYCLE_H
#define QCT_FEA_CORNER_CYCLE_H

#include "fea/mesh.h"
#include "fea/sparse.h"

#ifdef __cplusplus
extern "C" {
#endif

struct corner_cycle;

/** @param direct_corners  up to so many corners by factors, above by GAMG; 0: 60000
 * @param k      the matrix of m on this rank's rows, borrowed, as are fixed, comm and petsc
 * @return ST_MEMORY; ST_EXTERNAL with PETSc's words */
status corner_cycle_create(struct corner_cycle **out, const struct fea_mesh *m,
                           const struct fea_sparse *k, const uint8_t *fixed,
                           const struct fea_comm *comm, const struct fea_petsc_sparse *petsc,
                           int direct_corners);
void corner_cycle_destroy(struct corner_cycle *c);
/** z = M r on the owned rows; r is 0 on fixed dofs. */
void corner_cycle_apply(struct corner_cycle *c, const double *r, double *z);
/** Did the coarse solver fail in any of the applications? */
bool corner_cycle_failed(const struct corner_cycle *c);

#ifdef __cplusplus
}
#endif
#endif
