/* Stiffness of a mesh in blocks (fea/sparse.h). Inner contract of mesh_solve. */
#ifndef QCT_FEA_ASSEMBLE_H
#define QCT_FEA_ASSEMBLE_H

#include "fea/mesh.h"
#include "fea/sparse.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Rows first .. last-1. @return ST_MEMORY */
status fea_sparse_assemble(struct fea_sparse **out, const struct fea_mesh *m, int64_t first,
                           int64_t last);
void fea_sparse_destroy(struct fea_sparse *s);
/** y = K x on the rows of s; x [3 nodes], y [3 (last - first)]. */
void fea_sparse_apply(const struct fea_sparse *s, const double *x, double *y);

#ifdef __cplusplus
}
#endif
#endif
