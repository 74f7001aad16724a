/* Inner contract: caps from contact triangles. */
#ifndef QCT_FEA_TET_CAP_H
#define QCT_FEA_TET_CAP_H

#include "fea/tet_mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Plane that parts the contact zone of a cap from the rest; cap->face_mm is set. */
struct tet_plane tet_cap_plane(struct tet_cap *cap, const struct tet_domain *domain);
/** Add the cap's elements (part FEA_CAP) to a mesh whose first points are the skin's. */
status tet_cap_add(struct fea_mesh **mesh, struct tet_cap *cap, const struct tet_skin *skin,
                   int patch, double size_mm);

#ifdef __cplusplus
}
#endif
#endif
