/* A solved model on disk: <stem>.h5 (core/store.h) with model and fields, and <stem>.xdmf beside
 * it, which ParaView opens. Hexahedra of VTK order, positions in LPS mm.
 *
 *   mesh/points [n][3] mm, mesh/elements [e][8]
 *   element/modulus_mpa, part, density_gcc, strain [e][6], tension, compression, von_mises_mpa,
 *   energy_mpa;  node/displacement_mm [n][3] along LPS, node/reaction_n [n][3] along LPS
 */
#ifndef QCT_FEA_STORE_FIELDS_H
#define QCT_FEA_STORE_FIELDS_H

#include "fea/failure.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @param failure may be NULL; @param words the recipe; @param provenance may be NULL
 * @return ST_USAGE when a file exists and !force; ST_IO; ST_MEMORY */
status fea_store_fields(const struct fea_model *model, const struct fea_solution *solution,
                        const struct fea_fields *fields, const struct fea_failure *failure,
                        const char *words, const char *stem, const cJSON *provenance, bool force);

/** Points and connectivity of the elements, arrays owned by the caller. node_of[model node] is its
 * number or -1. */
status fea_mesh_arrays(const struct fea_model *model, float **points, int32_t **elements,
                       int32_t **node_of, int64_t *point_count);

#ifdef __cplusplus
}
#endif
#endif
