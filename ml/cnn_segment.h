/* Label maps from a segmentation network: preprocessing by its card, tiles, the label of the
 * largest mean probability, and back to exactly the grid of the CT (size, spacing, origin,
 * direction to the bit).
 */
#ifndef QCT_ML_CNN_SEGMENT_H
#define QCT_ML_CNN_SEGMENT_H

#include "core/picture.h"
#include "core/record.h"
#include "ml/cnn_input.h"
#include "ml/cnn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_segment_options {
  double overlap; /* of tiles; 0.5 */
  int half;
  int largest; /* of each structure keep the largest face-connected piece only */
};

struct cnn_segmentation {
  struct labels *labels; /* on the CT's grid; owned */
  struct record *record; /* per structure: confidence (mean probability), volume, voxels at the
                            border; inference_time; owned */
  double inference_s;
};

/**
 * @param volumes  one per channel, on one grid
 * @param models   count >= 1; their probabilities are averaged
 * @return ST_DOMAIN: not a segmentation model, models that differ, cnn_input_check; ST_NUMERIC: an
 * output that is not finite
 */
status cnn_segment(struct cnn_segmentation *out, struct cnn_model *const *models, int count,
                   const struct volume *const *volumes, const struct cnn_segment_options *o);
void cnn_segmentation_free(struct cnn_segmentation *s);

/** Coronal, sagittal and axial plane through the middle of the labels, pixels of 1 mm, grey as the
 * network's window (without one -200..1200, HU), one outline a structure. @return ST_MEMORY */
status cnn_segment_picture(struct picture **out, const struct volume *image, const struct labels *l,
                           const struct cnn_card *card);

/** The image that a synthesis network makes, on the network's grid. It is invented: its side file
 * must say so. @return as cnn_segment */
status cnn_synthesise(struct volume **out, struct cnn_model *model,
                      const struct volume *const *volumes, const struct cnn_segment_options *o);

#ifdef __cplusplus
}
#endif
#endif
