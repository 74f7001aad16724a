/* The compartments of the trunk in one axial slice, beside the plain slice. */
#ifndef QCT_BODYCOMP_TRUNK_PICTURE_H
#define QCT_BODYCOMP_TRUNK_PICTURE_H

#include "core/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @param l  from trunk_compartments, on the grid of `hu` (identity direction)
 * @return ST_USAGE when the slice lies outside the scan */
status trunk_picture(struct picture **out, const struct volume *hu, const struct labels *l,
                     int64_t slice);

#ifdef __cplusplus
}
#endif
#endif
