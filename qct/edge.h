/* Bone mineral that blur has carried out of a periosteal mask. Private to this folder.
 *
 * A scan is a blurred picture: part of the cortex's mass lies in voxels outside the outline, and as
 * much soft tissue lies inside. Blur keeps mass, so what the mask lacks is the sum of (density - b)
 * over the voxels outside it that the blur reaches, b being the soft tissue beyond. b is read along
 * the outward normal of the nearest surface point, 3.6 to 5 mm out; where another bone comes first
 * (the hip joint) the sum ends at the lowest point between the two and b is the median of the other
 * places. Nothing is fitted and no width of the blur is assumed.
 */
#ifndef QCT_QCT_EDGE_H
#define QCT_QCT_EDGE_H

#include "core/frame.h"
#include "core/surface.h"

/** Mass [mg] to add to each enum hip_region, [HIP_SHAFT + 1]. `surface` of the label, with normals.
 * @return ST_MEMORY */
status qct_edge_mass(double mass_mg[HIP_SHAFT + 1], const struct volume *density,
                     const struct labels *labels, int label, const struct surface *surface,
                     const struct hip_frame *frame);

#endif
