/* Training: which cases in which order, when to stop, what is kept.
 *
 * An epoch shuffles the training cases, forms batches, changes images at random (ml/cnn_augment.h)
 * and steps; then the loss and a measure of the task are had on the validation cases. The weights
 * of the best validation are kept. Order, changes and dropout are pure functions of (seed, epoch,
 * case), so a run taken up from a checkpoint equals an uninterrupted one to the bit, on the CPU
 * with the same number of threads. With another number of threads sums inside libtorch are formed
 * in another order and weights differ in their last digits: the one place of this program where
 * threads are seen.
 */
#ifndef QCT_ML_CNN_TRAIN_H
#define QCT_ML_CNN_TRAIN_H

#include "ml/cnn_augment.h"
#include "ml/cnn_data.h"
#include "ml/cnn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_train_options {
  int loss;              /* enum cnn_loss */
  int epochs;            /* at most */
  int batch, accumulate; /* cases a batch, batches a step */
  int patience;          /* epochs without a better validation before stopping; 0: never */
  double rate, decay, clip, huber;
  int steady; /* 1: constant rate; 0: falls along a half cosine (loshchilov2017) */
  int sgd;
  int balanced; /* classes weighted n/(k n_c) */
  int half;
  double foreground; /* segmentation: share of patches about a labelled voxel */
  int patches;       /* segmentation: patches a case and epoch */
  uint64_t seed;
  struct cnn_augment augment;
  const char *checkpoint; /* HDF5, written after each epoch; NULL: none */
  int resume;             /* go on from it when it is there */
  int pause;              /* stop after this epoch, to go on later; 0: no */
  char key[65];      /* digest of what the run was made from; a checkpoint of another is refused */
  const char *stage; /* name for progress */
};
#define CNN_TRAIN_DEFAULTS                                                                         \
  {                                                                                                \
    .epochs = 50, .batch = 8, .accumulate = 1, .patience = 10, .rate = 1e-3, .decay = 1e-4,        \
    .huber = 1, .foreground = 0.5, .patches = 1, .seed = 1                                         \
  }

struct cnn_epoch {
  double epoch, train_loss, validation_loss, measure, rate, seconds;
};

struct cnn_training {
  struct cnn_epoch *epochs; /* owned, [count] */
  int count, best;          /* best: index of the epoch whose weights are in the model */
  int finished;             /* 0: paused */
};

/** What `measure` of an epoch is: "r", "auc", "accuracy", "c" or "dice". */
const char *cnn_measure_name(const struct cnn_card *card, int loss);

/**
 * Train `m` in place; afterwards it holds the best weights.
 * @param train, valid  rows of the data; valid may be empty: then the last weights are kept
 * @return ST_NUMERIC: the loss is not a number (epoch named); ST_DOMAIN: a checkpoint of another
 * run, one class only, no event; statuses of the data
 */
status cnn_train(struct cnn_training *out, struct cnn_model *m, struct cnn_data *d,
                 const int64_t *train, int64_t train_count, const int64_t *valid,
                 int64_t valid_count, const struct cnn_train_options *o);
void cnn_training_free(struct cnn_training *t);
/** epoch, train_loss, validation_loss, <measure>, rate, seconds. */
status cnn_training_table(struct table **out, const struct cnn_training *t, const char *measure);

/* ---- parts shared with prediction ---- */

/** Raw outputs [n][outputs] of rows (not segmentation), in batches. */
status cnn_outputs(float *out, struct cnn_model *m, struct cnn_data *d, const int64_t *rows,
                   int64_t n, int batch, int half);
/** Discrete-time targets: at_risk and died [intervals]. An interval counts as survived when the
 * person was followed to its end. Source: gensheimer2019 */
void cnn_discrete_target(float *died, float *at_risk, const struct cnn_card *card, double time,
                         int event);
/** One number that rises with risk or with the value: from the raw outputs of a person. */
double cnn_score(const struct cnn_card *card, const float *raw);

#ifdef __cplusplus
}
#endif
#endif
