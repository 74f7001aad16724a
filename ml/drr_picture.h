/* A projection as a grey picture. */
#ifndef QCT_ML_DRR_PICTURE_H
#define QCT_ML_DRR_PICTURE_H

#include "core/picture.h"
#include "ml/drr.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Grey from the smallest to the largest value of the image (low and high tell which); transmission
 * is inverted, so that bone is bright in every picture. No voxel on the ray: 0x202028.
 * @param low, high  may be NULL
 */
status ml_drr_picture(struct picture **out, double *low, double *high, const struct volume *image,
                      bool inverted);

#ifdef __cplusplus
}
#endif
#endif
