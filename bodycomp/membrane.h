/* The pericardium as a thin bright line in fat.
 *
 * From the middle of a convex sac (the hull of the heart's thick soft tissue) rays go out every 4
 * degrees. On each, between 1.5 and 15 mm outside the hull, the strongest ridge is taken whose both
 * sides (2 to 3.5 mm away) are fat, below -50 HU on the mean, and which stands at least 15 HU above
 * them. A ridge that differs by more than 3 mm from the median of its neighbours is dropped; gaps
 * are filled by that median where at least 5 of 49 neighbours were seen, and are 0 (the hull)
 * elsewhere; at last the mean of 3 x 3.
 *
 * Source: none published (own rule). A line of 1 to 2 mm is seen in slices up to about 3 mm.
 */
#ifndef QCT_BODYCOMP_MEMBRANE_H
#define QCT_BODYCOMP_MEMBRANE_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Widen label `value` of `sac` to the line, where it is seen, into voxels with label `from` only.
 *
 * @param[in,out] sac   a convex region `value`; identity direction
 * @param[out] seen     share of the rays that leave the hull into fat on which the line was seen,
 *                      0..1
 * @param hu            the scan, finer grid, identity direction
 * @return ST_DOMAIN when the region is empty, ST_MEMORY
 */
status membrane_widen(struct labels *sac, double *seen, int value, int from,
                      const struct volume *hu);

#ifdef __cplusplus
}
#endif
#endif
