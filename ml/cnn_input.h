/* From an image to what a network sees, as its card says: orientation, spacing, size,
 * normalisation, order of axes; and the checks that the image is of the kind the network was made
 * for.
 */
#ifndef QCT_ML_CNN_INPUT_H
#define QCT_ML_CNN_INPUT_H

#include "core/volume.h"
#include "ml/cnn_card.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_input {
  struct geometry grid; /* resampled, before padding and before the order of axes changes */
  int64_t size[3];      /* x, y, z of the array: fastest first */
  int64_t offset[3];    /* voxel of `grid` at element 0 of the array, along x, y, z (negative:
                           padding) */
  float *values; /* owned; [channels][size 2][size 1][size 0], axes as the network has them */
};

/**
 * Is this image of the kind? Warnings ("spacing 3 times that of training", "kV outside training")
 * are appended to `flags` with "; " between.
 * @return ST_DOMAIN: another quantity than the channel's, HU that no CT has, an image of 2
 * dimensions for a network of 3 or the other way round
 */
status cnn_input_check(const struct volume *v, const struct cnn_card *card, int channel,
                       char *flags, size_t size);

/**
 * Make it. Sizes that the card fixes are cut or padded about the middle; padding holds what the
 * normalisation makes of air (HU) or 0. With `whole` (segmentation) nothing is cut or padded.
 * @param volumes  one per channel, all on one grid
 * @return ST_DOMAIN: cnn_input_check; grids that differ
 */
status cnn_input_make(struct cnn_input *out, const struct volume *const *volumes,
                      const struct cnn_card *card, bool whole, char *flags, size_t flag_size);
/** Labels on the same grid, cut and ordered alike; owned by the caller. */
status cnn_input_labels(uint8_t **out, const struct labels *labels, const struct cnn_input *like,
                        const struct cnn_card *card);
void cnn_input_free(struct cnn_input *in);

/** A map on the network's array (channel 0), back on the grid of the resampled image; no data where
 * the array does not reach. */
status cnn_input_map(struct volume **out, const float *map, const struct cnn_input *in,
                     const struct cnn_card *card);

/** Value as the network sees it. Not for CNN_NORM_SELF. */
float cnn_normalise(const struct cnn_channel *h, float x);

#ifdef __cplusplus
}
#endif
#endif
