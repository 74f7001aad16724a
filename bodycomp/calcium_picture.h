/* Where the calcium is: the slice of the highest score with each lesion shaded and numbered. */
#ifndef QCT_BODYCOMP_CALCIUM_PICTURE_H
#define QCT_BODYCOMP_CALCIUM_PICTURE_H

#include "bodycomp/calcium.h"
#include "core/picture.h"

/** Axial slice through the lesion with the largest score (through the region's middle when there is
 * none), window -100..500 HU; the region outlined, lesions shaded, the ten largest numbered. */
status calcium_picture(struct picture **out, const struct volume *hu, const struct labels *region,
                       int value, const struct calcium_score *s);

#endif
