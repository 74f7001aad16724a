/* What was measured, for a reader: the regions in a sagittal plane and across each body. */
#ifndef QCT_QCT_SPINE_PICTURE_H
#define QCT_QCT_SPINE_PICTURE_H

#include "core/picture.h"
#include "core/vertebra_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Sagittal plane through the bodies, and up to six planes across bodies, with the outlines of
 * `bodies` and the shaded regions of `roi`. `image` is HU or density on their grid.
 * @return ST_DOMAIN without frames; ST_MEMORY */
status qct_spine_picture(struct picture **out, const struct volume *image,
                         const struct labels *bodies, const struct labels *roi,
                         const struct vertebra_frames *frames);

#ifdef __cplusplus
}
#endif
#endif
