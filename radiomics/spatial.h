/* Moran's I and Geary's C over all pairs of voxels with weight 1/distance, exact at any size.
 *
 *   I = N/W * sum_ij w_ij y_i y_j / sum y^2        C = (N-1)/(2W) * sum_ij w_ij (x_i-x_j)^2 / sum
 * y^2
 *
 * The pair sums are correlations of masked fields summed against the kernel, so they follow from
 * Parseval's theorem without any inverse transform: with y = (x - mean)*m on a grid padded to twice
 * the box, sum_ij w_ij y_i y_j = (1/P) sum_k w^(k) |y^(k)|^2 and
 * sum_ij w_ij (x_i-x_j)^2 = (2/P) sum_k w^(k) (Re y2^ m^* - |y^|^2). Below 2000 voxels the pairs
 * are summed as they stand. Memory: about 56 bytes a voxel of the region's box. Source: ibsi_manual
 * (N365, NPT7); the transform is our own derivation
 */
#ifndef QCT_RADIOMICS_SPATIAL_H
#define QCT_RADIOMICS_SPATIAL_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rad_spatial_method { RAD_SPATIAL_AUTO, RAD_SPATIAL_PAIRS, RAD_SPATIAL_FOURIER };

/** NaN for a region of one voxel or without contrast. */
status rad_spatial(double *moran, double *geary, const struct rad_roi *roi,
                   enum rad_spatial_method method);

#ifdef __cplusplus
}
#endif
#endif
