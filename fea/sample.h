/* Density and label of a CT on the grid of a model, which may be turned against the CT.
 *
 * A voxel of the model coarser than the scan takes the volume average of the density over its box
 * (midpoints no further apart than the smallest CT spacing, trilinear between CT voxels); a finer
 * one the trilinear value at its centre. It belongs to the bone when at least half of its points
 * fall on CT voxels of the label (nearest).
 */
#ifndef QCT_FEA_SAMPLE_H
#define QCT_FEA_SAMPLE_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param[out] density  mg/cm3 on grid, [nz][ny][nx], filled where inside; NaN elsewhere
 * @param[out] inside   1 in the bone, same shape
 * @param[out] no_data  bone voxels whose density touches no data
 */
status fea_sample(float *density, uint8_t *inside, int64_t *no_data, const struct geometry *grid,
                  const struct volume *ct, const struct labels *labels, int label);

#ifdef __cplusplus
}
#endif
#endif
