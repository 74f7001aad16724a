/* Pictures of tetrahedral meshes: the surface, shaded, coloured by the strain measure. */
#ifndef QCT_FEA_TET_PICTURE_H
#define QCT_FEA_TET_PICTURE_H

#include "core/picture.h"
#include "core/surface.h"
#include "fea/tet_fall.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Outer faces of the mesh as a surface in LPS, mid-side nodes included; node[v] (owned by the
 * caller, may be NULL) is the mesh's node of vertex v. */
status fea_mesh_surface(struct surface **out, int64_t **node, const struct fea_mesh *m,
                        const struct tet_frame *frame);

/** The solved fall from front, back, above and below the fall: how far each node of the bone's
 * surface is towards its limit at the failure load, tension positive, compression negative. */
status fea_tet_picture(struct picture **out, const struct fea_tet_fall *f);

/** The bare surface of a mesh from four sides. */
status fea_mesh_picture(struct picture **out, const struct fea_mesh *m,
                        const struct tet_frame *frame);

#ifdef __cplusplus
}
#endif
#endif
