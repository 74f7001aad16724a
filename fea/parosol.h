/* Voxel models in ParOSol's HDF5 form.
 *
 *   /Image_Data/Image                            float32 [z][y][x], modulus in MPa, 0 is void
 *   /Image_Data/Voxelsize, Poisons_ratio         (sic) one number each
 *   /Image_Data/Fixed_Displacement_Coordinates   uint16 [k][4]: z, y, x of a node and the direction
 *                                                (0 x, 1 y, 2 z); _Values float32 [k], mm
 *   /Image_Data/Loaded_Nodes_Coordinates, _Values  the same for forces, N
 *
 * Nodes are corners of voxels, counted from 0. Forks differ in the unit of the modulus (one takes
 * GPa); here it is MPa. Source: parosol_format
 */
#ifndef QCT_FEA_PAROSOL_H
#define QCT_FEA_PAROSOL_H

#include "fea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @return ST_DOMAIN when the model is not finished or a node index passes 65535; as store_write */
status fea_parosol_write(const struct fea_model *model, int load_case, const char *path,
                         bool force);
/** The model is not finished yet. Its grid starts at the origin.
 * @return ST_FORMAT when an array is absent or of another shape (truncated?); ST_DOMAIN from the
 *         model */
status fea_parosol_read(struct fea_model **out, const char *path);

#ifdef __cplusplus
}
#endif
#endif
