/* Batches: cases put side by side with what their loss needs. Private to ml/cnn_train.c. */
#ifndef QCT_ML_CNN_BATCH_H
#define QCT_ML_CNN_BATCH_H

#include "ml/cnn_train.h"

struct batch_buffers {
  float *image, *columns, *target, *weight;
  uint8_t *klass;
  double *time;
  int *event;
  int64_t cases, image_bytes; /* what the buffers hold room for */
};

/**
 * Fill a batch from rows. Segmentation and synthesis cut patches of the card's shape.
 * @param epoch  < 0: no random change, patches about the middle
 */
status batch_fill(struct cnn_batch *out, struct batch_buffers *b, struct cnn_model *m,
                  struct cnn_data *d, const int64_t *rows, int64_t n,
                  const struct cnn_train_options *o, int epoch);
void batch_buffers_free(struct batch_buffers *b);

#endif
