/* Cutting a closed triangle surface by planes: a flat end that is filled again, and contact zones
 * that are marked. The cut line becomes edges of the surface. */
#ifndef QCT_FEA_TET_CUT_H
#define QCT_FEA_TET_CUT_H

#include "fea/tet_domain.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Triangles with their patch (tet_domain.h); capacity grows. */
struct tet_skin {
  struct vec3 *point;
  int32_t (*triangle)[3]; /* counter-clockwise from outside */
  uint8_t *patch;
  int32_t points, triangles, point_capacity, triangle_capacity;
};

status tet_skin_from_surface(struct tet_skin **out, const struct surface *s);
void tet_skin_destroy(struct tet_skin *s);

/** Triangles of patch TET_FREE on the plane's positive side get `patch`. */
status tet_skin_mark(struct tet_skin *s, const struct tet_plane *plane, int patch);
/** Drop the negative side and close the hole with a flat face of patch TET_CUT.
 * @return ST_DOMAIN when the section is not one closed line (hollow or branched bone), or nothing
 * is cut */
status tet_skin_close(struct tet_skin *s, const struct tet_plane *plane);
/** Every edge in exactly two triangles, once in each direction? @return ST_DOMAIN naming the number
 * of edges that are not */
status tet_skin_check(const struct tet_skin *s);

#ifdef __cplusplus
}
#endif
#endif
