/* The parts of the aorta in one mask of it, so that its calcium can be told apart.
 *
 * Going over the slices: where the mask has two parts of at least 80 mm2 more than 15 mm apart, the
 * front one is ascending, the back one descending. Above the highest such slice lies the arch.
 * Downwards from there a slice without two is parted voxel by voxel: each belongs to the nearer of
 * the middles of the slice above; a part that has ended stays ended. Below the lowest voxel of T12,
 * when the same map holds it, the aorta is abdominal.
 *
 * Needs slices across the patient's long axis, and front to back along -y to +y of LPS. The cuts
 * are an own rule (none is published for a mask); T12 as in Comp2Comp fa617e2.
 */
#ifndef QCT_BODYCOMP_AORTA_H
#define QCT_BODYCOMP_AORTA_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AORTA_ASCENDING = 1, AORTA_ARCH, AORTA_DESCENDING, AORTA_ABDOMINAL, AORTA_PARTS };
extern const char *const aorta_part_names[AORTA_PARTS]; /* by the enum; [0] is "" */

/**
 * @param[out] out  parts with names, owned by the caller, on the grid of `l`
 * @param l         label map; T12 is taken from it as LABEL_VERTEBRA_T12
 * @param aorta     its value of the aorta
 * @return ST_DOMAIN: the value is not there; no slice shows ascending and descending side by side;
 * ST_MEMORY
 */
status aorta_split(struct labels **out, const struct labels *l, int aorta);

#ifdef __cplusplus
}
#endif
#endif
