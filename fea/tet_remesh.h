/* Even triangles of a wanted edge length on a smooth solid's surface.
 *
 * Passes of: split long edges, collapse short ones, flip edges towards larger smallest angles, move
 * points to the middle of their neighbours and back onto their patches. Lines between patches stay
 * lines. Deterministic: everything goes in the order of the numbers. Source: botsch2004.
 */
#ifndef QCT_FEA_TET_REMESH_H
#define QCT_FEA_TET_REMESH_H

#include "fea/tet_cut.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Wanted edge length: fine_mm within radius_mm of a point, growing outwards to size_mm. */
struct tet_size {
  double size_mm, fine_mm;
  struct vec3 centre; /* local; used when fine_mm < size_mm */
  double radius_mm;
};
double tet_size_at(const struct tet_size *s, struct vec3 at);

/** Replace the skin by an even one (closed, one piece). @param passes about 10
 * @return ST_DOMAIN when it is not watertight before or after; ST_MEMORY */
status tet_remesh(struct tet_skin *s, const struct tet_domain *domain, const struct tet_size *size,
                  int passes);

/** Smallest angle of the skin's triangles [deg] and how many are below 20 degrees. */
double tet_skin_least_angle(const struct tet_skin *s, int64_t *below_20);

#ifdef __cplusplus
}
#endif
#endif
