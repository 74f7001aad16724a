/* The mesh of a mask in the two conventions, on the half-voxel lattice.
 *
 * ibsi: core/surface.h (watertight). pyradiomics: its triangulation, in which the complement of a
 * pattern reuses the triangles of the pattern, so ambiguous faces may leave slits; only sums of
 * volume and area are taken from it, as that package does. Source: lorensen1987, pyradiomics
 */
#ifndef QCT_RADIOMICS_MESH_H
#define QCT_RADIOMICS_MESH_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rad_mesh {
  double volume, area;  /* mm3, mm2 */
  int32_t (*points)[3]; /* owned; outermost vertices of each row along x, in half voxels; all
                           vertices when `all` was asked */
  int64_t point_count;
};

status rad_mesh_create(struct rad_mesh *out, const struct rad_roi *roi, bool pyradiomics);
/** Largest distance of two vertices with the same x (out[0]), y (out[1]) or z (out[2]).
 * @param[in] unit mm a half voxel */
status rad_mesh_plane_diameters(double out[3], const struct rad_mesh *mesh, const double unit[3]);
void rad_mesh_free(struct rad_mesh *mesh);

#ifdef __cplusplus
}
#endif
#endif
