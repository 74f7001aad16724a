/* How much of each voxel a closed surface covers: partial volume from a sub-voxel surface. */
#ifndef QCT_CORE_SURFACE_COVERAGE_H
#define QCT_CORE_SURFACE_COVERAGE_H

#include "core/surface.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Share of each voxel's box inside a closed surface, 0..1.
 *
 * Exact along the first index axis, sampled every 0.4 mm or finer across it: the error of a voxel
 * is below (0.4 mm / edge)^2 / 8 of the surface's slope there, and averages out over a region.
 *
 * @param[out] out   QUANTITY_PROBABILITY on `grid`, owned by the caller
 * @param[in]  s     closed (every edge between two triangles); orientation does not matter
 * @param[in]  grid  any direction and spacing
 * @return ST_MEMORY; ST_DOMAIN from geometry_check
 */
status surface_coverage(struct volume **out, const struct surface *s, const struct geometry *grid);

#ifdef __cplusplus
}
#endif
#endif
