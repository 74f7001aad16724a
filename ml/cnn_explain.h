/* What in an image a network's answer rests on, and whether the picture of it can be believed.
 *
 * Grad-CAM (selvaraju2017): L = sum_k alpha_k A_k with alpha_k the mean of dY/dA_k, upsampled
 * linearly to the input; ReLU, or the absolute value with `both_signs` (a low density moves Y
 * down). Contrast: L less the L of an image that is its own mean everywhere; of a network that ends
 * in a mean and a linear layer its mean is, before the ReLU, exactly Y less the Y of the flat
 * image, and what the maps hold of background is gone. Occlusion: a patch is filled with the mean
 * around it, the map is Y - Y(occluded). Gradient x input. Y is the raw output `index` (before the
 * activation).
 *
 * Sanity: a map must change when the last layer is random (SSIM < 0.5), and hiding its brightest
 * tenth must change Y more than hiding a random tenth.
 */
#ifndef QCT_ML_CNN_EXPLAIN_H
#define QCT_ML_CNN_EXPLAIN_H

#include "ml/cnn_data.h"
#include "ml/cnn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cnn_explain {
  CNN_EXPLAIN_GRADCAM,
  CNN_EXPLAIN_OCCLUSION,
  CNN_EXPLAIN_GRADIENT,
  CNN_EXPLAIN_CONTRAST
};
extern const char *const cnn_explain_names[];

struct cnn_explain_options {
  int kind, index;
  int both_signs;
  int patch, stride; /* occlusion, voxels; 16 and 8 */
};

struct cnn_explanation {
  float *map;     /* [z][y][x] of the input, 0..1 after scaling; owned */
  double raw_max; /* before scaling */
  double output;  /* Y */
  int64_t size[3];
};

/** One case. @param in  its prepared input; @param columns scaled, or NULL
 * @return ST_DOMAIN: a segmentation or table network, no such output; ST_EXTERNAL */
status cnn_explain(struct cnn_explanation *out, struct cnn_model *m, const struct cnn_input *in,
                   const float *columns, const struct cnn_explain_options *o);
void cnn_explanation_free(struct cnn_explanation *e);

struct cnn_sanity {
  double ssim;          /* of the map and that of the same network with a random last layer */
  double top_change;    /* |Y - Y(brightest tenth hidden)| */
  double random_change; /* the same, mean of random tenths */
  double top_wins;      /* share of random tenths whose change is smaller */
};
/** @param draws random tenths; @param seed of them and of the random layer. The network is as
 * before afterwards. */
status cnn_explain_sanity(struct cnn_sanity *out, struct cnn_model *m, const struct cnn_input *in,
                          const float *columns, const struct cnn_explanation *e,
                          const struct cnn_explain_options *o, int draws, uint64_t seed);

/** Share of the map's sum that lies where mask is not 0. NaN for an empty map. */
double cnn_focus_ratio(const float *map, const uint8_t *mask, int64_t n);

/** Mean structural similarity over windows of 7 in each axis, for maps of range 0..1. Source:
 * wang2004 */
double cnn_ssim(const float *a, const float *b, const int64_t size[3]);

#ifdef __cplusplus
}
#endif
#endif
