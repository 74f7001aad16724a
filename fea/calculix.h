/* A voxel model as a complete CalculiX (Abaqus) job: nodes, C3D8 elements, materials, sets,
 * supports and loads of one case, and the totals of the reactions. The job gives the same
 * reactions; run it with `ccx <name without .inp>` and read <name>.dat.
 *
 * Coordinates are along the grid's axes [mm], node (0,0,0) of the grid at the origin. Every set of
 * prescribed displacements of one direction and value is a node set FIX_<axis>_<number>, in the
 * order of first appearance, and its total force is printed.
 */
#ifndef QCT_FEA_CALCULIX_H
#define QCT_FEA_CALCULIX_H

#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param bins 0: every modulus its own material (at most 5000 different ones); else that many
 *        geometric bins between the least and the largest modulus, centre value. Binned jobs give
 *        slightly other reactions.
 * @return ST_DOMAIN when the moduli are too many for bins 0, or the model is not finished;
 *         ST_USAGE, ST_IO from the file
 */
status fea_calculix_write(const struct fea_model *model, int load_case, int bins, const char *path,
                          bool force);

#ifdef __cplusplus
}
#endif
#endif
