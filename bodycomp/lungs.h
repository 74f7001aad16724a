/* The two lungs by rule: air of lung density inside the body, one large part each side.
 *
 *   1. HU < -500 inside the filled body mask, eroded by 1.5 mm, face-connected components
 *   2. a component is lung when its volume is at least `least_mm3` and its mean HU lies in
 *      -950..-650: bowel gas reads below -900 and airways below -950
 *   3. right and left by the middle of the body; a component that reaches far into both sides is
 *      the two lungs joined: the erosion goes on to 4 mm until they part
 *   4. dilated back by the erosion, into air only
 * The airway below the larynx stays its own component and is not lung.
 *
 * Works on a grid of identity direction (see filter_orient). Source: none published; tried on
 * whole chests of two scanners. Emphysema below -950 HU on the mean is not found.
 */
#ifndef QCT_BODYCOMP_LUNGS_H
#define QCT_BODYCOMP_LUNGS_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LUNG_RIGHT = 1, LUNG_LEFT = 2 };

struct lungs_info {
  double right_mm3, left_mm3; /* 0 when absent */
  double right_hu, left_hu;   /* mean; NaN when absent */
  double erosion_mm;          /* that parted them */
};

/**
 * @param[out] out   LUNG_RIGHT and LUNG_LEFT on the grid of `hu`; owned by the caller
 * @param[in]  hu    QUANTITY_HU, identity direction
 * @param[in]  body  LABEL_BODY on the same grid, lungs filled (core/body.h)
 * @param least_mm3  20 000 keeps the lung bases of an abdominal scan
 * @return ST_DOMAIN when no component is lung, or the two cannot be parted
 */
status lungs_find(struct labels **out, struct lungs_info *info, const struct volume *hu,
                  const struct labels *body, double least_mm3);

#ifdef __cplusplus
}
#endif
#endif
