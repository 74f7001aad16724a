/* The solver's own evidence: problems with known answers, solved anew. */
#ifndef QCT_FEA_VERIFY_H
#define QCT_FEA_VERIFY_H

#include "core/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Voxels first, then what is beyond yield, then meshes, which need PETSc. @return as fea_solve and
 * fea_mesh_solve, with the rows up to there; ST_MEMORY */
status fea_verify(struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
