/* A function applied tile by tile, joined with Gaussian weights (isensee2021): bounded memory for
 * any size of volume.
 *
 * Tiles overlap; each voxel gets the mean of the tiles that hold it, weighted by a Gaussian of
 * sigma = tile/8 about the tile's middle. Where the volume is smaller than a tile its border is
 * mirrored. Slices are handed out as soon as no later tile reaches them, so only one tile's height
 * is kept.
 */
#ifndef QCT_ML_CNN_TILES_H
#define QCT_ML_CNN_TILES_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_tiles {
  int64_t size[3]; /* x, y, z of the volume */
  int64_t tile[3]; /* x, y, z */
  double overlap;  /* share of a tile, 0..0.9; 0.5 is the method's */
  int channels;    /* in */
  int outputs;     /* out */
  /** [outputs][tile z][y][x] from [channels][tile z][y][x]. */
  status (*run)(void *user, const float *in, float *out);
  /** One finished slice z, [outputs][y][x]; called once a slice in rising order. */
  status (*slice)(void *user, int64_t z, const float *values);
  void *user;
};

/** @param volume [channels][z][y][x]
 * @return ST_DOMAIN for a tile < 1 or an overlap outside its range; what run and slice return */
status cnn_tiles_run(const struct cnn_tiles *t, const float *volume);
/** How many tiles that takes. */
int64_t cnn_tiles_count(const struct cnn_tiles *t);

#ifdef __cplusplus
}
#endif
#endif
