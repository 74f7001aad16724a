/* Cases to learn from: a manifest (one row a case: paths of images, labels, outcome, columns), read
 * as needed. Prepared inputs are kept in memory up to a limit, the rest is read again each time it
 * is needed, so a cohort may be larger than the memory.
 */
#ifndef QCT_ML_CNN_DATA_H
#define QCT_ML_CNN_DATA_H

#include "core/table.h"
#include "ml/cnn_input.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_data_options {
  const char *image;  /* column with the path; further channels: the same name + "2", "3"... */
  const char *labels; /* column with the label map, or NULL */
  const char
      *target;      /* column with the value, the class (0..) or, with `time`, the event; or NULL */
  const char *time; /* follow-up, or NULL */
  const char *id;   /* person, or NULL: every row its own */
  const char *folder;         /* where relative paths start */
  const struct store *store;  /* images are arrays of it, not files; or NULL */
  const char *const *columns; /* of the table, joined late */
  int column_count;
  double memory_gib; /* of prepared inputs kept */
};

struct cnn_sample {
  const float *values;  /* [channels][..] */
  const uint8_t *klass; /* or NULL */
  int64_t size[3];
  const char *flags; /* out-of-scope words of the input, "" when all is well */
  void *owned;       /* private: what cnn_sample_free releases */
};

struct cnn_data {
  const struct table *table; /* borrowed */
  struct cnn_data_options o;
  struct cnn_card card; /* copy: how inputs are made */
  int64_t n;
  double *target, *time;    /* [n] or NULL; owned */
  int *event;               /* [n]: target as whole number, or NULL; owned */
  int64_t *person;          /* [n], owned */
  float *columns;           /* [n][column_count], scaled by the card; owned, or NULL */
  struct cnn_cached *cache; /* [n], private */
  int64_t cached_bytes, limit_bytes;
};

/**
 * Look at the table; no image is read yet.
 * @param card  spacing, shape and channels decide the inputs; its columns are filled with mean and
 * SD over `rows` when its column_sd are not known yet (`learn`)
 * @return ST_DOMAIN: an absent column, a missing or impossible value (row named)
 */
status cnn_data_open(struct cnn_data **out, const struct table *t, struct cnn_card *card,
                     bool learn, const struct cnn_data_options *o);
void cnn_data_close(struct cnn_data *d);

/** Read (or take from memory) one case. @return the image's status with its row in the message */
status cnn_data_get(struct cnn_sample *out, struct cnn_data *d, int64_t row);
void cnn_sample_free(struct cnn_sample *s);

/** The image or label map that a cell of a column names. */
status cnn_data_volume(struct volume **out, const struct cnn_data *d, const char *column,
                       int64_t row);
status cnn_data_labels(struct labels **out, const struct cnn_data *d, const char *column,
                       int64_t row);

#ifdef __cplusplus
}
#endif
#endif
