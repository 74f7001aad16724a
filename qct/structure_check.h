/* What hip structural analysis refuses, and the part of the scan it works on. Private to this
 * folder; qct_structure_measure (qct/structure.h) lists the refusals. */
#ifndef QCT_QCT_STRUCTURE_CHECK_H
#define QCT_QCT_STRUCTURE_CHECK_H

#include "qct/structure.h"

/** Thickness of the slices: the larger of what the header states and their distance [mm]. */
double structure_slice_mm(const struct volume *image);

/** Crop to the femur and 15 mm around it, fill the mask's holes.
 * @param[out] part  the image's part
 * @param[out] mask  `label` where the femur is, else 0 */
status structure_check(struct volume **part, struct labels **mask, const struct volume *image,
                       const struct labels *labels, int label, const struct hip_frame *frame,
                       const struct structure_options *options);

#endif
