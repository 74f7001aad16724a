/* Random changes of a training image, so that a network does not learn what does not matter: flip,
 * rotation, shift, elastic warp, shift and noise of values, blur. A pure function of seed and key.
 */
#ifndef QCT_ML_CNN_AUGMENT_H
#define QCT_ML_CNN_AUGMENT_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_augment {
  bool flip;          /* along x, every second image */
  double rotate_deg;  /* up to this, about a random axis (2-D: in the plane) */
  double shift_vox;   /* up to this along each axis */
  double elastic_vox; /* SD of the displacement at the 4 x 4 (x 4) nodes of a warp */
  double value;       /* up to this is added, in units of the network's input */
  double noise;       /* SD, same unit */
  double blur_vox;    /* Gaussian sigma up to this */
};

/**
 * Change an image in place; labels (or NULL) follow its geometry, nearest.
 * @param values [channels][size 2][size 1][size 0]
 * @param key    one number an image and epoch
 * @return ST_MEMORY
 */
status cnn_augment_apply(float *values, uint8_t *klass, int channels, const int64_t size[3],
                         const struct cnn_augment *a, uint64_t seed, uint64_t key);

#ifdef __cplusplus
}
#endif
#endif
