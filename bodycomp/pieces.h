/* A flat shape cut at its necks into rounded pieces: organs and muscles of one slice that touch.
 *
 * Basins of the distance to the shape's edge, flooded from the deepest point outwards; two that
 * meet are one piece when they meet no shallower than a share of the shallower one's depth. Ties
 * go to the lower index, so the result depends on nothing else.
 * Source: none published (own rule)
 */
#ifndef QCT_BODYCOMP_PIECES_H
#define QCT_BODYCOMP_PIECES_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param[out] out    pieces 1..*count by falling depth, on the grid of `shape`; owned by the caller
 * @param[out] count  how many
 * @param shape       one slice; non-zero is inside
 * @param neck        0..1: of the shallower depth; 0 joins all that touches
 * @param most        pieces kept, 1..65535; the shallowest are dropped
 * @return ST_DOMAIN for more than one slice; ST_MEMORY
 */
status pieces_find(struct labels **out, int *count, const struct labels *shape, double neck,
                   int most);

#ifdef __cplusplus
}
#endif
#endif
