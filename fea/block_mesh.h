/* Structured meshes for verification: a box of nx x ny x nz cells, mapped to any shape, as
 * hexahedra or with each cell in six tetrahedra. */
#ifndef QCT_FEA_BLOCK_MESH_H
#define QCT_FEA_BLOCK_MESH_H

#include "fea/mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Position [mm] of box coordinates in 0 .. 1. */
typedef struct vec3 (*fea_block_map)(struct vec3 at, const void *context);

/** Mid-side nodes are mapped too, so they lie on curved faces. Moduli are `modulus_mpa`.
 * @param map  NULL: the unit cube @return ST_DOMAIN for less than one cell, ST_MEMORY */
status fea_block_mesh(struct fea_mesh **out, enum fea_element element, int nx, int ny, int nz,
                      fea_block_map map, const void *context, double modulus_mpa);
/** A map to a box: context points to three lengths [mm]. */
struct vec3 fea_block_box(struct vec3 at, const void *lengths_mm);

#ifdef __cplusplus
}
#endif
#endif
