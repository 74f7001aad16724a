/* Feature maps: each voxel of a region holds the feature of the box around it.
 *
 * Grey levels are those of the whole region; a box of 2*radius + 1 voxels an axis is cut to the
 * intensity mask. Co-occurrence matrices slide along x: the plane that leaves is taken out, the one
 * that enters is added, and features are formed over the few levels present. Other families are
 * computed box by box. Memory: one float volume a feature, a few matrices a thread.
 */
#ifndef QCT_RADIOMICS_MAP_H
#define QCT_RADIOMICS_MAP_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RAD_MAP_FEATURES = 32 };

/**
 * @param[out] out maps[n] on the stage's grid, `outside` beyond the mask, NaN where the box does
 * not define the feature; owned by the caller
 * @param[in] features n of one or more families, 1..RAD_MAP_FEATURES
 * @param[in] roi discretised
 * @param[in] s the aggregation with the highest number among those asked for is taken (3D merged or
 *            3D averaged)
 * @return ST_USAGE for a radius outside 1..10 or features of shape and local intensity;
 *         ST_DOMAIN when the levels need more matrix memory than 4 GB
 */
status rad_map(struct volume **out, const struct rad_stage *stage, const struct rad_roi *roi,
               const enum rad_feature *features, int n, int radius, double outside,
               const struct rad_settings *s);

#ifdef __cplusplus
}
#endif
#endif
