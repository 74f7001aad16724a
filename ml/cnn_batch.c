#include "ml/cnn_batch.h"

#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void batch_buffers_free(struct batch_buffers *b) {
  free(b->image);
  free(b->columns);
  free(b->target);
  free(b->weight);
  free(b->klass);
  free(b->time);
  free(b->event);
  memset(b, 0, sizeof *b);
}

/* ---- patches ---- */

/* A labelled voxel at random: the k-th of them, k drawn. -1: none. */
static int64_t labelled_voxel(const struct cnn_sample *s, uint64_t seed, uint64_t key) {
  int64_t voxels = s->size[0] * s->size[1] * s->size[2], count = 0;
  for (int64_t i = 0; i < voxels; i++) count += s->klass[i] != 0;
  if (!count) return -1;
  int64_t wanted = (int64_t)random_below(seed, key, 501, (uint64_t)count);
  for (int64_t i = 0; i < voxels; i++)
    if (s->klass[i] && wanted-- == 0) return i;
  return -1;
}

static void patch_start(int64_t lo[3], const struct cnn_sample *s, const int64_t size[3],
                        const struct cnn_train_options *o, int epoch, uint64_t key) {
  int64_t at = -1;
  if (epoch >= 0 && s->klass && random_uniform(o->seed, key, 500) < o->foreground)
    at = labelled_voxel(s, o->seed, key);
  const int64_t where[3] = {at % s->size[0], at / s->size[0] % s->size[1],
                            at / (s->size[0] * s->size[1])};
  for (int a = 0; a < 3; a++) {
    int64_t spare = s->size[a] - size[a];
    if (spare <= 0)
      lo[a] = -((1 - spare) / 2);
    else if (epoch < 0)
      lo[a] = spare / 2;
    else if (at >= 0) {
      int64_t jitter = (int64_t)random_below(o->seed, key, 510 + (uint64_t)a, (uint64_t)size[a]);
      lo[a] = where[a] - jitter;
      lo[a] = lo[a] < 0 ? 0 : lo[a] > spare ? spare : lo[a];
    } else
      lo[a] = (int64_t)random_below(o->seed, key, 520 + (uint64_t)a, (uint64_t)spare + 1);
  }
}

/* outside the image its border is mirrored, as in segmentation */
static int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  int64_t period = 2 * (n - 1);
  i = (i % period + period) % period;
  return i < n ? i : period - i;
}

static void copy_patch(float *to, uint8_t *klass, const struct cnn_sample *s, int channels,
                       const int64_t lo[3], const int64_t size[3]) {
  int64_t voxels = size[0] * size[1] * size[2], whole = s->size[0] * s->size[1] * s->size[2];
  for (int64_t i = 0; i < voxels; i++) {
    int64_t x = mirrored(i % size[0] + lo[0], s->size[0]);
    int64_t y = mirrored(i / size[0] % size[1] + lo[1], s->size[1]);
    int64_t z = mirrored(i / (size[0] * size[1]) + lo[2], s->size[2]);
    int64_t at = (z * s->size[1] + y) * s->size[0] + x;
    for (int c = 0; c < channels; c++) to[c * voxels + i] = s->values[c * whole + at];
    if (klass) klass[i] = s->klass ? s->klass[at] : 0;
  }
}

/* ---- targets ---- */

void cnn_discrete_target(float *died, float *at_risk, const struct cnn_card *card, double time,
                         int event) {
  double start = 0;
  for (int j = 0; j < card->interval_count; j++) {
    double end = card->intervals[j];
    bool in_it = time > start && time <= end;
    died[j] = event == 1 && in_it;
    at_risk[j] = time > end || died[j] > 0;
    /* censored at the very end of the interval: survived it */
    if (event != 1 && time == end) at_risk[j] = 1;
    start = end;
  }
}

static void fill_target(struct batch_buffers *b, const struct cnn_data *d, int64_t slot,
                        int64_t row, int loss) {
  const struct cnn_card *card = &d->card;
  int outputs = card->output_count;
  if (loss == CNN_LOSS_COX) {
    b->time[slot] = d->time[row];
    b->event[slot] = d->event[row];
  } else if (loss == CNN_LOSS_CLASSES) {
    b->klass[slot] = (uint8_t)d->event[row];
  } else if (card->interval_count) {
    cnn_discrete_target(b->target + slot * outputs, b->weight + slot * outputs, card, d->time[row],
                        d->event[row]);
  } else if (loss == CNN_LOSS_LOGISTIC) {
    b->target[slot] = (float)d->event[row];
  } else {
    b->target[slot] = (float)((d->target[row] - card->target_mean) / card->target_sd);
  }
}

/* ---- the batch ---- */

static status grow(struct batch_buffers *b, const struct cnn_card *card, int64_t n, int64_t voxels,
                   bool dense) {
  status st = ST_OK;
  int64_t values = n * voxels * card->channel_count, bytes = values * 4 + n * voxels;
  if (b->image && n <= b->cases && bytes <= b->image_bytes) return ST_OK;
  batch_buffers_free(b);
  size_t outputs = (size_t)(n * card->output_count) + 1;
  b->image = malloc((size_t)(values + 1) * sizeof *b->image);
  b->klass = malloc((size_t)(dense ? n * voxels : n) + 1);
  b->columns = malloc(((size_t)(n * card->column_count) + 1) * sizeof *b->columns);
  b->target = malloc(outputs * sizeof *b->target);
  b->weight = malloc(outputs * sizeof *b->weight);
  b->time = malloc((size_t)(n + 1) * sizeof *b->time);
  b->event = malloc((size_t)(n + 1) * sizeof *b->event);
  CHECK(b->image && b->klass && b->columns && b->target && b->weight && b->time && b->event,
        ST_MEMORY, "a batch of %lld images of %lld voxels", (long long)n, (long long)voxels);
  b->cases = n;
  b->image_bytes = bytes;
done:
  return st;
}

static uint64_t key_of(int epoch, int64_t row, int64_t turn) {
  return ((uint64_t)(epoch + 1) << 40) ^ ((uint64_t)turn << 32) ^ (uint64_t)row;
}

static status fill_image(struct batch_buffers *b, struct cnn_data *d, int64_t slot, int64_t turn,
                         int64_t row, const int64_t size[3], const struct cnn_sample *s,
                         const struct cnn_train_options *o, int epoch, bool dense) {
  const struct cnn_card *card = &d->card;
  int64_t voxels = size[0] * size[1] * size[2], lo[3] = {0, 0, 0};
  float *to = b->image + slot * voxels * card->channel_count;
  uint8_t *klass = dense ? b->klass + slot * voxels : NULL;
  uint64_t key = key_of(epoch, row, turn);
  if (dense) patch_start(lo, s, size, o, epoch, key);
  copy_patch(to, klass, s, card->channel_count, lo, size);
  if (epoch < 0) return ST_OK;
  return cnn_augment_apply(to, klass, card->channel_count, size, &o->augment, o->seed, key);
}

status batch_fill(struct cnn_batch *out, struct batch_buffers *b, struct cnn_model *m,
                  struct cnn_data *d, const int64_t *rows, int64_t n,
                  const struct cnn_train_options *o, int epoch) {
  status st = ST_OK;
  const struct cnn_card *card = &m->card;
  bool dense = o->loss == CNN_LOSS_DICE, table = m->arch.kind == CNN_TABLE;
  struct cnn_sample s = {.flags = ""};
  int64_t size[3] = {1, 1, 1};
  for (int64_t i = 0; i < n; i++) {
    if (!table) TRY(cnn_data_get(&s, d, rows[i]));
    if (i == 0 && !table)
      for (int a = 0; a < 3; a++)
        size[a] = dense && a < card->dims && card->shape[a] ? card->shape[a] : s.size[a];
    CHECK(table || dense || !memcmp(size, s.size, sizeof size), ST_DOMAIN,
          "row %lld of the manifest: its image has another size than the first of the batch; give "
          "the network a fixed shape",
          (long long)rows[i] + 1);
    if (i == 0) TRY(grow(b, card, n, size[0] * size[1] * size[2], dense));
    int64_t turn = 0; /* the same case may stand in a batch more than once */
    for (int64_t j = 0; j < i; j++) turn += rows[j] == rows[i];
    if (!table) TRY(fill_image(b, d, i, turn, rows[i], size, &s, o, epoch, dense));
    for (int c = 0; c < card->column_count; c++)
      b->columns[i * card->column_count + c] = d->columns[rows[i] * card->column_count + c];
    if (!dense && d->target) fill_target(b, d, i, rows[i], o->loss);
    cnn_sample_free(&s);
  }
  *out = (struct cnn_batch){.n = n,
                            .size = {size[0], size[1], size[2]},
                            .channels = card->channel_count,
                            .image = table ? NULL : b->image,
                            .column_count = card->column_count,
                            .columns = card->column_count ? b->columns : NULL,
                            .target = b->target,
                            .weight = card->interval_count ? b->weight : NULL,
                            .klass = b->klass,
                            .time = b->time,
                            .event = b->event};
done:
  cnn_sample_free(&s);
  return st;
}
