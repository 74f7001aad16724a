#include "cli/cnn_options.h"
#include "cli/scan_options.h"
#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "ml/cnn_segment.h"

#include <string.h>

struct params {
  const char *ct, *out, *table, *picture, *device;
  struct text_list models, channels;
  bool largest;
  struct image_read_options read;
  struct cnn_segment_options segment;
};

static const struct params defaults = {.device = "auto", .segment = {.overlap = 0.5}};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_LIST(struct params, models, "model", "model file; several are an ensemble"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE,
                        "label map on the grid of the CT; an image for a model that makes one"),
    OPT_OUT_AS(struct params, table, "table", ENDS_RECORD,
               "record per structure; standard output when not given"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "three planes with the outlines"),
    OPT_LIST(struct params, channels, "channel", "further input channels, image files"),
    OPT_REAL(struct params, segment.overlap, "overlap", "", 0, 0.9, "of tiles, share"),
    OPT_FLAG(struct params, largest, "largest", "keep the largest piece of each structure"),
    DEVICE_OPTION(struct params, device),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom femurs --people 4 --cube 24 --size 4 --out femurs", "four simple bodies"},
    {"qct cnn train femurs/manifest.csv --out net --task segment --label-column labels "
     "--classes "
     "femur=76 --network unet --stages 2 --width 2 --shape 16,16,16 --spacing 8,8,8 --window "
     "-200,800 "
     "--epochs 1 --folds 2 --members 1",
     "a tiny network, hardly trained: to show the way"},
    {"qct cnn segment femurs/ct_00001.nii.gz --model net/model_0.h5 --out labels.nii.gz",
     "its label map, exactly on the grid of the CT"},
    {NULL, NULL}};

static const char *const sources[] = {"ronneberger2015", "isensee2021", NULL};

static status write_image(struct context *ctx, const struct params *p, struct cnn_model *m,
                          const struct volume *const *v) {
  status st = ST_OK;
  struct volume *made = NULL;
  cJSON *provenance = NULL;
  TRY(cnn_synthesise(&made, m, v, &p->segment));
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance");
  cJSON_AddBoolToObject(provenance, "synthetic", 1);
  TRY(itk_image_write(made, p->out, provenance, ctx->force));
  log_warning(
      "the image was invented by a network (synthetic: true in its side file): measure nothing "
      "on it");
done:
  cJSON_Delete(provenance);
  volume_destroy(made);
  return st;
}

static status write_labels(struct context *ctx, const struct params *p,
                           struct cnn_model *const *models, const struct volume *const *v,
                           double io_s) {
  status st = ST_OK;
  struct cnn_segmentation s = {0};
  struct picture *picture = NULL;
  cJSON *provenance = NULL;
  double began = clock_seconds();
  struct cnn_segment_options o = p->segment;
  o.largest = p->largest;
  TRY(cnn_segment(&s, models, p->models.count, v, &o));
  provenance = context_provenance(ctx);
  TRY(itk_labels_write(s.labels, p->out, provenance, ctx->force));
  if (p->picture) {
    TRY(cnn_segment_picture(&picture, v[0], s.labels, &models[0]->card));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  double total = io_s + clock_seconds() - began;
  record_add(s.record, "image", "io_time", io_s, "s");
  record_add(s.record, "image", "total_time", total, "s");
  TRY(context_write_record(ctx, s.record, p->table));
done:
  cJSON_Delete(provenance);
  picture_destroy(picture);
  cnn_segmentation_free(&s);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cnn_model *models[64] = {NULL};
  struct volume *v[1 + CNN_CHANNELS] = {NULL};
  struct image_read_options read = p->read;
  double began = clock_seconds();
  CHECK(p->models.count >= 1, ST_USAGE, "give at least one --model");
  for (int i = 0; i < p->models.count; i++)
    TRY(cnn_model_read(&models[i], p->models.items[i], p->device, ctx->threads));
  log_info("device: %s", models[0]->device.words);
  CHECK(models[0]->card.channel_count == 1 + p->channels.count, ST_DOMAIN,
        "model \"%s\" takes %d channels, %d images are given (--channel)", models[0]->card.name,
        models[0]->card.channel_count, 1 + p->channels.count);
  TRY(image_read(&v[0], p->ct, &read));
  for (int i = 0; i < p->channels.count; i++)
    TRY(image_read(&v[1 + i], p->channels.items[i], &read));
  double io_s = clock_seconds() - began;
  const struct volume *const *in = (const struct volume *const *)v;
  if (models[0]->card.task == CNN_SYNTHESIS)
    TRY(write_image(ctx, p, models[0], in));
  else
    TRY(write_labels(ctx, p, models, in, io_s));
done:
  for (int i = 0; i < p->models.count; i++) cnn_model_destroy(models[i]);
  for (int i = 0; i <= CNN_CHANNELS; i++) volume_destroy(v[i]);
  return st;
}

const struct command cmd_cnn_segment = {.name = "cnn segment",
                                        .summary = "Label a CT with a segmentation network",
                                        .about =
                                            "Preprocessing as the model's card says (orientation, "
                                            "spacing, window or z-score), tiles with half "
                                            "overlap and Gaussian weights, the label of the "
                                            "largest mean probability, and back to exactly "
                                            "the size, spacing, origin and direction of the CT. "
                                            "Models of nnU-Net and MONAI are read as "
                                            "TorchScript files with their plans or metadata.\n\n"
                                            "The record gives for each structure the mean "
                                            "probability, the volume and the voxels at the border "
                                            "of the image; inference, reading and total time are "
                                            "measured apart. A probability says how "
                                            "sure the network is, not how right.",
                                        .options = options,
                                        .defaults = &defaults,
                                        .params_size = sizeof(struct params),
                                        .examples = examples,
                                        .sources = sources,
                                        .run = run};
