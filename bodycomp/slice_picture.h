/* Muscle and fat in one axial slice, shaded beside the plain slice. */
#ifndef QCT_BODYCOMP_SLICE_PICTURE_H
#define QCT_BODYCOMP_SLICE_PICTURE_H

#include "bodycomp/tissue.h"
#include "core/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The compartments of the trunk.
 * @param l  from trunk_compartments, on the grid of `hu` (identity direction)
 * @return ST_USAGE when the slice lies outside the scan */
status trunk_picture(struct picture **out, const struct volume *hu, const struct labels *l,
                     int64_t slice);

/** What tissue_measure_list counts of a slice: muscle and the fat in it, outlines of the muscles,
 * and the fat compartments, three of them in colours of their own.
 * @param options  NULL: defaults
 * @return ST_USAGE: the slice lies outside the scan, a text that names no compartment */
status tissue_picture(struct picture **out, const struct volume *hu, const struct labels *l,
                      const struct tissue_list *muscle, const struct tissue_list *fat,
                      int64_t slice, const struct tissue_options *options);

#ifdef __cplusplus
}
#endif
#endif
