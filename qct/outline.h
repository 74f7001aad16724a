/* The outline of a label as a smooth closed surface, whatever its voxels. Private to this folder.
 */
#ifndef QCT_QCT_OUTLINE_H
#define QCT_QCT_OUTLINE_H

#include "core/surface.h"

/**
 * The label on cubes of `step_mm`, smoothed by a Gaussian (0.35 of the longest voxel edge, at least
 * 0.7 steps), cut at one half, smoothed by Taubin's method, with normals. About one vertex per
 * step^2 of area.
 * @return ST_DOMAIN when the label is absent; ST_MEMORY
 */
status qct_outline_surface(struct surface **out, const struct labels *labels, int label,
                           double step_mm);

#endif
