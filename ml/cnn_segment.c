#include "ml/cnn_segment.h"

#include "core/filter.h"
#include "core/log.h"
#include "core/progress.h"
#include "ml/cnn_predict.h"
#include "ml/cnn_tiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
  struct cnn_model *const *models;
  int count;
  int64_t tile[3];
  const struct cnn_segment_options *o;
  const struct cnn_card *card;
  const struct cnn_input *in;
  /* results on the array of the network */
  float *best;     /* class index as a float, [z][y][x]; or the image of a synthesis */
  double *sum;     /* [classes] probability of the chosen class */
  int64_t *voxels; /* [classes] */
  double inference_s;
  int64_t dropped[CNN_OUTPUTS]; /* voxels of the CT outside the largest piece */
};

/* probabilities in place: softmax over channels, or the logistic function of the one */
static void activate(float *y, int classes, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (classes == 1) {
      y[i] = (float)(1 / (1 + exp(-(double)y[i])));
      continue;
    }
    double top = (double)y[i], sum = 0;
    for (int c = 1; c < classes; c++) top = fmax(top, (double)y[c * n + i]);
    for (int c = 0; c < classes; c++) sum += exp((double)y[c * n + i] - top);
    for (int c = 0; c < classes; c++) y[c * n + i] = (float)(exp((double)y[c * n + i] - top) / sum);
  }
}

static status run_tile(void *user, const float *in, float *out) {
  status st = ST_OK;
  struct work *w = user;
  int64_t n = w->tile[0] * w->tile[1] * w->tile[2], count;
  int classes = w->card->output_count;
  float *y = NULL;
  char words[CNN_WORDS] = "";
  memset(out, 0, (size_t)(n * classes) * sizeof *out);
  for (int k = 0; k < w->count; k++) {
    struct cnn_model *m = w->models[k];
    const struct cnn_batch b = {.n = 1,
                                .size = {w->tile[0], w->tile[1], w->tile[2]},
                                .channels = w->card->channel_count,
                                .image = in};
    double began = clock_seconds();
    if (m->torch->forward(&y, &count, m->net, &b, w->o->half, words))
      FAIL(strstr(words, "out of memory") ? ST_MEMORY : ST_EXTERNAL,
           "a tile of %lld x %lld x %lld voxels: %s", (long long)w->tile[0], (long long)w->tile[1],
           (long long)w->tile[2], words);
    w->inference_s += clock_seconds() - began;
    CHECK(count == n * classes, ST_DOMAIN,
          "model \"%s\" gives %lld values for a tile of %lld voxels, its card names %d outputs",
          m->card.name, (long long)count, (long long)n, classes);
    for (int64_t i = 0; i < count; i++)
      CHECK(isfinite(y[i]), ST_NUMERIC, "model \"%s\": output \"%s\" is not a finite number",
            m->card.name, m->card.outputs[i / n].name);
    if (w->card->task == CNN_SEGMENT) activate(y, classes, n);
    for (int64_t i = 0; i < count; i++) out[i] += y[i] / (float)w->count;
    free(y);
    y = NULL;
  }
done:
  free(y);
  return st;
}

static status take_labels(void *user, int64_t z, const float *values) {
  struct work *w = user;
  int64_t plane = w->in->size[0] * w->in->size[1];
  int classes = w->card->output_count;
  for (int64_t i = 0; i < plane; i++) {
    int top = 0;
    if (classes == 1) {
      top = values[i] > 0.5F;
    } else {
      for (int c = 1; c < classes; c++)
        if (values[c * plane + i] > values[top * plane + i]) top = c;
    }
    w->best[z * plane + i] = (float)top;
    w->sum[top] += (double)values[(classes == 1 ? 0 : top) * plane + i];
    w->voxels[top]++;
  }
  return ST_OK;
}

static status take_image(void *user, int64_t z, const float *values) {
  struct work *w = user;
  int64_t plane = w->in->size[0] * w->in->size[1];
  memcpy(w->best + z * plane, values, (size_t)plane * sizeof *values);
  return ST_OK;
}

/* the card's patch, or the whole image brought up to its multiple */
static void choose_tile(struct work *w) {
  int64_t m = w->card->multiple_of;
  for (int a = 0; a < 3; a++) {
    int64_t fixed = 0;
    for (int slow = 0; slow < 3; slow++) /* which image axis does array axis a follow? */
      if (2 - slow == a) fixed = w->card->shape[2 - w->card->axes[slow]];
    bool flat = w->card->dims == 2 && a == 2;
    w->tile[a] = flat ? 1 : fixed > 0 ? fixed : (w->in->size[a] + m - 1) / m * m;
  }
}

static status run_tiles(struct work *w, status (*slice)(void *, int64_t, const float *)) {
  struct cnn_tiles t = {.size = {w->in->size[0], w->in->size[1], w->in->size[2]},
                        .tile = {w->tile[0], w->tile[1], w->tile[2]},
                        .overlap = w->o->overlap,
                        .channels = w->card->channel_count,
                        .outputs = w->card->output_count,
                        .run = run_tile,
                        .slice = slice,
                        .user = w};
  status st = cnn_tiles_run(&t, w->in->values);
  if (st != ST_MEMORY) return st;
  /* once more with half the tile, in whole multiples */
  for (int a = 0; a < 3; a++) {
    int64_t m = w->card->multiple_of, half = w->tile[a] / 2 / m * m;
    t.tile[a] = w->tile[a] = half > 0 ? half : w->tile[a];
  }
  log_warning("the device has not enough memory for a tile; trying %lld x %lld x %lld voxels",
              (long long)t.tile[0], (long long)t.tile[1], (long long)t.tile[2]);
  memset(w->sum, 0, CNN_OUTPUTS * sizeof *w->sum);
  memset(w->voxels, 0, CNN_OUTPUTS * sizeof *w->voxels);
  status_clear();
  return cnn_tiles_run(&t, w->in->values);
}

static status check_models(struct cnn_model *const *models, int count, int task) {
  status st = ST_OK;
  for (int k = 0; k < count; k++) {
    CHECK(models[k]->card.task == task, ST_DOMAIN, "model \"%s\" is for %s, not for %s",
          models[k]->card.name, cnn_task_names[models[k]->card.task], cnn_task_names[task]);
    TRY(cnn_models_agree(models[0], models[k]));
  }
done:
  return st;
}

/* Class indices on the network's grid -> labels on the CT's, nearest. */
static status back_to_ct(struct labels **out, const struct work *w, const struct geometry *ct) {
  status st = ST_OK;
  struct volume *on_grid = NULL;
  struct labels *l = NULL;
  TRY(cnn_input_map(&on_grid, w->best, w->in, w->card));
  TRY(labels_create(&l, &w->in->grid));
  for (int64_t i = 0; i < geometry_voxels(&l->grid); i++) {
    int k = (int)on_grid->voxels[i];
    /* one output is a foreground: background has no output of its own */
    int value =
        w->card->output_count == 1 ? k * cnn_card_label(w->card, 0) : cnn_card_label(w->card, k);
    l->voxels[i] = (uint16_t)value;
  }
  TRY(filter_resample_labels(out, l, ct));
  (*out)->grid = *ct;
  for (int c = 0; c < w->card->output_count; c++)
    if (cnn_card_label(w->card, c) > 0)
      TRY(labels_set_name(*out, cnn_card_label(w->card, c), w->card->outputs[c].name));
done:
  volume_destroy(on_grid);
  labels_destroy(l);
  return st;
}

/* A tile far from the structure is scaled like every other, and noise in it may look like bone. */
static status keep_largest(struct work *w, struct labels *l) {
  status st = ST_OK;
  for (int c = 0; c < w->card->output_count; c++)
    if (cnn_card_label(w->card, c) > 0)
      TRY(filter_keep_largest(l, cnn_card_label(w->card, c), 6, &w->dropped[c]));
done:
  return st;
}

static int64_t at_border(const struct labels *l, int value) {
  const struct geometry *g = &l->grid;
  int64_t count = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++)
        if (i == 0 || j == 0 || k == 0 || i == g->nx - 1 || j == g->ny - 1 || k == g->nz - 1)
          count += l->voxels[geometry_index(g, i, j, k)] == value;
  return count;
}

static status structure_rows(struct record *r, const struct work *w, const struct labels *l,
                             const char *flags) {
  status st = ST_OK;
  for (int c = 0; c < w->card->output_count; c++) {
    const struct cnn_output *o = &w->card->outputs[c];
    int value = cnn_card_label(w->card, c);
    int at = w->card->output_count == 1 ? 1 : c;
    if (value == 0) continue;
    int64_t voxels = labels_count(l, value);
    struct measurement *m =
        voxels ? record_add(r, o->name, "confidence", w->sum[at] / (double)w->voxels[at], "")
               : record_withhold(r, o->name, "confidence", "", "not found in the image");
    CHECK(m, ST_MEMORY, "rows of a segmentation");
    m->n = w->voxels[at];
    snprintf(m->method, sizeof m->method, "mean probability, %.60s", w->card->name);
    if (flags[0]) measurement_flag(m, "%s", flags);
    m = record_add(r, o->name, "volume", (double)voxels * geometry_voxel_mm3(&l->grid) / 1000,
                   "ml");
    CHECK(m, ST_MEMORY, "rows of a segmentation");
    m->n = voxels;
    int64_t border = at_border(l, value);
    if (border) measurement_flag(m, "%lld voxels at the border of the image", (long long)border);
    if (w->dropped[c])
      measurement_flag(m, "%lld voxels of smaller pieces dropped", (long long)w->dropped[c]);
  }
done:
  return st;
}

static status work_start(struct work *w, struct cnn_input *in, const struct volume *const *volumes,
                         char *flags, size_t size) {
  status st = ST_OK;
  TRY(cnn_input_make(in, volumes, w->card, true, flags, size));
  w->in = in;
  choose_tile(w);
  int64_t n = in->size[0] * in->size[1] * in->size[2];
  w->best = malloc((size_t)n * sizeof *w->best);
  w->sum = calloc(CNN_OUTPUTS, sizeof *w->sum);
  w->voxels = calloc(CNN_OUTPUTS, sizeof *w->voxels);
  CHECK(w->best && w->sum && w->voxels, ST_MEMORY, "result of %lld voxels", (long long)n);
done:
  return st;
}

static void work_free(struct work *w) {
  free(w->best);
  free(w->sum);
  free(w->voxels);
}

status cnn_segment(struct cnn_segmentation *out, struct cnn_model *const *models, int count,
                   const struct volume *const *volumes, const struct cnn_segment_options *o) {
  status st = ST_OK;
  struct work w = {.models = models, .count = count, .o = o, .card = &models[0]->card};
  struct cnn_input in = {0};
  struct cnn_segmentation s = {0};
  char flags[192] = "";
  TRY(check_models(models, count, CNN_SEGMENT));
  TRY(work_start(&w, &in, volumes, flags, sizeof flags));
  TRY(run_tiles(&w, take_labels));
  TRY(back_to_ct(&s.labels, &w, &volumes[0]->grid));
  if (o->largest) TRY(keep_largest(&w, s.labels));
  TRY(record_create(&s.record, ""));
  TRY(structure_rows(s.record, &w, s.labels, flags));
  struct measurement *m = record_add(s.record, "image", "inference_time", w.inference_s, "s");
  CHECK(m, ST_MEMORY, "rows of a segmentation");
  snprintf(m->method, sizeof m->method, "%s%s", models[0]->device.name,
           o->half ? ", bfloat16" : "");
  s.inference_s = w.inference_s;
  *out = s;
  memset(&s, 0, sizeof s);
done:
  cnn_segmentation_free(&s);
  work_free(&w);
  cnn_input_free(&in);
  return st;
}

void cnn_segmentation_free(struct cnn_segmentation *s) {
  labels_destroy(s->labels);
  record_destroy(s->record);
  s->labels = NULL;
  s->record = NULL;
}

status cnn_synthesise(struct volume **out, struct cnn_model *model,
                      const struct volume *const *volumes, const struct cnn_segment_options *o) {
  status st = ST_OK;
  struct work w = {.models = &model, .count = 1, .o = o, .card = &model->card};
  struct cnn_input in = {0};
  char flags[192] = "";
  TRY(check_models(&model, 1, CNN_SYNTHESIS));
  CHECK(model->card.output_count == 1, ST_DOMAIN,
        "image to image: model \"%s\" gives %d channels, one is read", model->card.name,
        model->card.output_count);
  TRY(work_start(&w, &in, volumes, flags, sizeof flags));
  TRY(run_tiles(&w, take_image));
  int64_t n = in.size[0] * in.size[1] * in.size[2];
  for (int64_t i = 0; i < n; i++)
    w.best[i] = (float)(model->card.target_mean + model->card.target_sd * (double)w.best[i]);
  TRY(cnn_input_map(out, w.best, &in, w.card));
done:
  work_free(&w);
  cnn_input_free(&in);
  return st;
}
