/* Cut the proximal femur out of a box around its head by a minimum cut.
 *
 * Seeds come from the head sphere, the neck path and the shaft; every other voxel of the bone
 * candidate is decided by the cut. The cost of the surface between neighbours p (femur) and q
 * (rest) is small where the image falls from p to q and 1 where it rises, so in the joint gap the
 * surface lies on the femoral side and never on the acetabular side. The cut is repeated with the
 * neck direction that its own result shows, because hips are rotated. Source: boykov2004 (cut); the
 * seeds and costs are this toolkit's own.
 */
#ifndef QCT_ANATOMY_CUT_H
#define QCT_ANATOMY_CUT_H

#include "anatomy/head.h"
#include "anatomy/mask.h"
#include "anatomy/refine.h"
#include "anatomy/shaft.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cut_result {
  struct volume *field; /* owned; the box's grid: smoothed mask, 0..1, the femur is >= 0.5 */
  struct vec3 neck;     /* unit, from neck to head, as the last cut shows it */
  struct shaft shaft;   /* owned */
  double soft_share;    /* share of voxels below 40 HU within 2 mm inside the surface */
  int passes;
  struct refine_info refined; /* what moving the surface to the bone's edge did */
};

/**
 * @param[in] box   HU of the body around the head, cubic voxels of about 1 mm, LPS; smoothed here
 * @param[in] tau   scale of the edge cost [HU/mm]
 * @return ST_NUMERIC when nothing is left that holds the head; ST_MEMORY
 */
status cut_femur(struct cut_result *out, const struct volume *box, const struct geometry *scan,
                 const struct head_fit *head, double tau);
void cut_free(struct cut_result *r);

#ifdef __cplusplus
}
#endif
#endif
