/* Stiffness of a mesh in blocks (fea/sparse.h). Inner contract of mesh_solve. */
#ifndef QCT_FEA_ASSEMBLE_H
#define QCT_FEA_ASSEMBLE_H

#include "fea/mesh.h"
#include "fea/sparse.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Element matrix [3n][3n] in N/mm, row by row; called from several threads. */
typedef void (*fea_element_matrix)(const void *context, int64_t element, double *k);

/** Elastic stiffness, rows first .. last-1. @return ST_MEMORY */
status fea_sparse_assemble(struct fea_sparse **out, const struct fea_mesh *m, int64_t first,
                           int64_t last);
/** The blocks anew from other element matrices on the same mesh. @return ST_MEMORY */
status fea_sparse_fill(struct fea_sparse *s, const struct fea_mesh *m, fea_element_matrix matrix,
                       const void *context);
/** Has the element a node among the rows? */
bool fea_sparse_touches(const struct fea_sparse *s, const struct fea_mesh *m, int64_t element);
/** The elastic matrix, of a struct fea_mesh. */
void fea_elastic_element(const void *mesh, int64_t element, double *k);
void fea_sparse_destroy(struct fea_sparse *s);
/** y = K x on the rows of s; x [3 nodes], y [3 (last - first)]. */
void fea_sparse_apply(const struct fea_sparse *s, const double *x, double *y);

#ifdef __cplusplus
}
#endif
#endif
