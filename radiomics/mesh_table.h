/* Triangles of a cell as pyradiomics forms them, for its numbers only (see mesh.h). */
#ifndef QCT_RADIOMICS_MESH_TABLE_H
#define QCT_RADIOMICS_MESH_TABLE_H

#include "core/surface_table.h"

#ifdef __cplusplus
extern "C" {
#endif

void rad_mesh_case(struct surface_case *out, int pattern);

#ifdef __cplusplus
}
#endif
#endif
