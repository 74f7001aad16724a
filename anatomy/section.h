/* Plane sections through a smooth mask: area, perimeter and centroid of one piece. */
#ifndef QCT_ANATOMY_SECTION_H
#define QCT_ANATOMY_SECTION_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SECTION_SIDE = 161 }; /* samples along each side of the plane */

struct section {
  int found;                     /* a piece lies within reach of the centre */
  int complete;                  /* it neither leaves the box nor the sampled square */
  double area_mm2, perimeter_mm; /* of the 0.5 contour */
  struct vec3 centroid;          /* LPS mm, of the area */
};

/**
 * Cut `field` (0..1, cubic voxels, LPS) by the plane through `centre` with unit normal `normal`,
 * sampled every `step` mm over SECTION_SIDE samples each way; the piece nearest to `centre`.
 *
 * @param[in] reach_mm  farthest the piece's nearest sample may lie from the centre
 */
void section_cut(struct section *out, const struct volume *field, struct vec3 centre,
                 struct vec3 normal, double step, double reach_mm);

#ifdef __cplusplus
}
#endif
#endif
