#include "cli/command.h"
#include "core/json.h"
#include "ml/cnn_pack.h"

#include <stdlib.h>

struct params {
  const char *manifest, *out, *image, *label_column;
};

static const struct params defaults = {.image = "image"};

static const struct option options[] = {
    ARG_IN(struct params, manifest, "manifest", "one row a case (CSV): paths, outcome, columns"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".h5", "data set"),
    OPT_TEXT(struct params, image, "image", "column with the image's path"),
    OPT_TEXT(struct params, label_column, "label-column", "column with the label map's path"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom femurs --people 8 --cube 24 --size 4 --out femurs", "eight simple bodies"},
    {"qct cnn pack femurs/manifest.csv --out femurs.h5", "in one file"},
    {"qct cnn train femurs.h5 --out net --task regress --target abmd --unit g/cm2 --network small "
     "--width 4 --stages 2 --shape 24,24,24 --spacing 4,4,4 --window -200,1000 --epochs 1 --batch "
     "4 "
     "--folds 2 --members 1",
     "a network that reads them from there"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cnn_manifest m = {0};
  cJSON *provenance = NULL;
  char *text = NULL;
  TRY(cnn_manifest_open(&m, p->manifest));
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance");
  TRY(json_print(&text, provenance));
  TRY(cnn_pack(p->out, &m, p->image, p->label_column, text, ctx->force));
done:
  cnn_manifest_close(&m);
  cJSON_Delete(provenance);
  free(text);
  return st;
}

const struct command cmd_cnn_pack = {
    .name = "cnn pack",
    .summary = "Put a manifest and its images into one HDF5 file",
    .about =
        "The file takes the place of the manifest in qct cnn train and predict, which read one "
        "image at a time from it; what was learnt is the same to the last bit. Each image is an "
        "array [z][y][x] with one text attribute, \"image\": a JSON object with \"spacing_mm\" "
        "and, "
        "where known, \"origin_mm\", \"direction\", \"quantity\" and \"acquisition\". Other "
        "programs "
        "may write such files; the table lies in the group \"columns\".",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
