#include "cli/cnn_options.h"
#include "core/file.h"
#include "core/image.h"
#include "core/log.h"
#include "ml/cnn_explain.h"
#include "ml/drr_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *image, *model, *out, *picture, *mask, *device;
  struct text_list columns;
  struct cnn_explain_options explain;
  bool no_sanity, both_signs;
  int seed;
};

static const struct params defaults = {
    .device = "auto", .explain = {.patch = 16, .stride = 8}, .seed = 1};

static const struct option options[] = {
    ARG_IN(struct params, image, "image",
           "image as the network takes it (a picture of qct drr, a volume)"),
    ARG_IN(struct params, model, "model", "model file"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ENDS_IMAGE,
                        "the map, in the geometry of the image"),
    OPT_OUT_AS(struct params, picture, "picture", ".png",
               "the map over an image of two dimensions"),
    OPT_CHOICE(struct params, explain.kind, "method", cnn_explain_names, "how the map is made"),
    OPT_INT(struct params, explain.index, "output", "", 0, 127, "which output, counted from 0"),
    OPT_FLAG(struct params, both_signs, "both-signs", "what lowers the output counts as well"),
    OPT_INT(struct params, explain.patch, "patch", "voxel", 1, 512,
            "occlusion: edge of what is hidden"),
    OPT_INT(struct params, explain.stride, "stride", "voxel", 1, 512, "occlusion: step"),
    OPT_IN(struct params, mask, "mask",
           "image on the same grid: where the answer should come from"),
    OPT_LIST(struct params, columns, "columns",
             "values of the joined columns, in the card's order"),
    OPT_FLAG(struct params, no_sanity, "no-sanity", "leave out the checks of the map"),
    DEVICE_OPTION(struct params, device),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the checks"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom femurs --people 4 --cube 24 --size 4 --out femurs", "four simple bodies"},
    {"qct cnn train femurs/manifest.csv --out net --task regress --target abmd --width 2 "
     "--stages 2 "
     "--shape 16,16,16 --spacing 16,16,16 --window -1000,1000 --epochs 1 --folds 2 --members 1",
     "a tiny network, hardly trained: to show the way"},
    {"qct cnn explain femurs/ct_00001.nii.gz net/model_0.h5 --out map.nii.gz", "its Grad-CAM map"},
    {NULL, NULL}};

static const char *const sources[] = {"selvaraju2017", "wang2004", NULL};

static status read_columns(float *out, const struct params *p, const struct cnn_card *card) {
  status st = ST_OK;
  CHECK(p->columns.count == card->column_count, ST_USAGE,
        "--columns: %d values, the network takes %d", p->columns.count, card->column_count);
  for (int c = 0; c < card->column_count; c++) {
    char *end;
    double x = strtod(p->columns.items[c], &end);
    CHECK(!*end && isfinite(x), ST_USAGE, "--columns: \"%s\" is no number", p->columns.items[c]);
    out[c] = (float)((x - card->column_mean[c]) / card->column_sd[c]);
  }
done:
  return st;
}

/* Map in colour over the grey image, both on the network's grid. */
static status write_picture(struct context *ctx, const struct params *p, const struct volume *map,
                            const struct cnn_input *in, const struct cnn_card *card) {
  status st = ST_OK;
  struct volume *grey = NULL;
  struct picture *picture = NULL;
  CHECK(map->grid.nz == 1, ST_USAGE, "--picture is for images of two dimensions");
  TRY(cnn_input_map(&grey, in->values, in, card));
  TRY(ml_drr_picture(&picture, NULL, NULL, grey, false));
  for (int64_t i = 0; i < map->grid.nx * map->grid.ny; i++) {
    double x = (double)map->voxels[i];
    if (!isnan(x) && x > 0.05)
      picture_blend(picture, (int)(i % map->grid.nx), (int)(i / map->grid.nx), colour_sequential(x),
                    0.6 * fmin(1, x + 0.2));
  }
  TRY(picture_write_png(picture, p->picture, ctx->force));
done:
  picture_destroy(picture);
  volume_destroy(grey);
  return st;
}

static status focus(double *out, const struct params *p, const struct cnn_explanation *e,
                    const struct volume *v, const struct cnn_input *in,
                    const struct cnn_card *card) {
  status st = ST_OK;
  struct labels *mask = NULL;
  uint8_t *on = NULL;
  struct cnn_card one;
  TRY(itk_labels_read(&mask, p->mask));
  TRY(geometry_match(&v->grid, "image", &mask->grid, "mask", 1e-3));
  for (int64_t i = 0; i < geometry_voxels(&mask->grid); i++) mask->voxels[i] = mask->voxels[i] != 0;
  one = *card;
  one.output_count = 2;
  one.outputs[1].value = 1;
  TRY(cnn_input_labels(&on, mask, in, &one));
  *out = cnn_focus_ratio(e->map, on, e->size[0] * e->size[1] * e->size[2]);
done:
  free(on);
  labels_destroy(mask);
  return st;
}

static status sanity_rows(struct record *r, const struct cnn_sanity *s) {
  status st = ST_OK;
  struct measurement *m = record_add(r, "sanity", "ssim_random_head", s->ssim, "");
  CHECK(m, ST_MEMORY, "rows of a map");
  if (!(s->ssim < 0.5)) measurement_flag(m, "the map hardly depends on what was learnt");
  m = record_add(r, "sanity", "change_top_tenth", s->top_change, "");
  CHECK(m, ST_MEMORY, "rows of a map");
  m = record_add(r, "sanity", "change_random_tenth", s->random_change, "");
  CHECK(m, ST_MEMORY, "rows of a map");
  m = record_add(r, "sanity", "top_wins", s->top_wins, "");
  CHECK(m, ST_MEMORY, "rows of a map");
  m->n = 10;
  if (s->top_wins < 0.9) measurement_flag(m, "hiding the bright part does not matter most");
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options as_is = {0};
  struct cnn_model *m = NULL;
  struct volume *v = NULL, *map = NULL;
  struct cnn_input in = {0};
  struct cnn_explanation e = {0};
  struct record *r = NULL;
  cJSON *provenance = NULL;
  float columns[CNN_COLUMNS];
  char flags[192] = "";
  TRY(cnn_model_read(&m, p->model, p->device, ctx->threads));
  log_info("device: %s", m->device.words);
  CHECK(m->card.channel_count == 1, ST_DOMAIN, "explaining: networks of one channel, this takes %d",
        m->card.channel_count);
  TRY(read_columns(columns, p, &m->card));
  TRY(image_read(&v, p->image, &as_is));
  TRY(cnn_input_make(&in, (const struct volume *const *)&v, &m->card, false, flags, sizeof flags));
  struct cnn_explain_options how = p->explain;
  how.both_signs = p->both_signs;
  TRY(cnn_explain(&e, m, &in, columns, &how));
  TRY(record_create(&r, ""));
  struct measurement *row =
      record_add(r, "image", m->card.outputs[p->explain.index].name, e.output, "");
  CHECK(row, ST_MEMORY, "rows of a map");
  snprintf(row->flags, sizeof row->flags, "%.150s%sraw output", flags, flags[0] ? "; " : "");
  record_add(r, "image", "map_max", e.raw_max, "");
  if (p->mask) {
    double ratio;
    TRY(focus(&ratio, p, &e, v, &in, &m->card));
    record_add(r, "image", "focus_ratio", ratio, "");
  }
  if (!p->no_sanity) {
    struct cnn_sanity s;
    TRY(cnn_explain_sanity(&s, m, &in, columns, &e, &how, 10, (uint64_t)p->seed));
    TRY(sanity_rows(r, &s));
  }
  TRY(cnn_input_map(&map, e.map, &in, &m->card));
  provenance = context_provenance(ctx);
  TRY(itk_image_write(map, p->out, provenance, ctx->force));
  if (p->picture) TRY(write_picture(ctx, p, map, &in, &m->card));
  TRY(context_write_record(ctx, r, NULL));
done:
  cJSON_Delete(provenance);
  record_destroy(r);
  cnn_explanation_free(&e);
  cnn_input_free(&in);
  volume_destroy(map);
  volume_destroy(v);
  cnn_model_destroy(m);
  return st;
}

const struct command cmd_cnn_explain = {
    .name = "cnn explain",
    .summary = "Show what in an image a network's answer rests on, and whether to believe it",
    .about = "Grad-CAM (TorchScript files need the methods features and head); contrast, which is "
             "Grad-CAM less that of an image that is its own mean everywhere; occlusion; or "
             "gradient times input. The map is scaled by its own maximum, which is printed. With "
             "--mask the share of the map inside it (focus ratio).\n\n"
             "Two checks are printed unless left out: the similarity (SSIM) of the map to that of "
             "a network whose last "
             "layer is random, which should be below 0.5; and how often hiding the brightest tenth "
             "of the "
             "image changes the output more than hiding a random tenth, which should be 9 of 10. A "
             "map that "
             "fails them is decoration.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
