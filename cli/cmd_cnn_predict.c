#include "cli/cnn_options.h"
#include "core/file.h"
#include "core/log.h"
#include "ml/cnn_fit.h"
#include "ml/cnn_pack.h"
#include "ml/cnn_predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *manifest, *out, *image, *target, *case_column, *device, *reference_name;
  struct text_list models;
  double reference[2];
  int batch;
  bool half;
};

static const struct params defaults = {
    .image = "image", .device = "auto", .reference = {NAN, NAN}, .batch = 8};

static const struct option options[] = {
    ARG_IN(struct params, manifest, "manifest", "one row a case (CSV) with the path of its image"),
    OPT_LIST(struct params, models, "model", "model file; several are an ensemble"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD,
               "record of predictions; standard output when not given"),
    OPT_TEXT(struct params, image, "image", "column with the image's path"),
    OPT_TEXT(struct params, case_column, "case-column", "column that names the case"),
    OPT_TEXT(struct params, target, "target", "column with the truth: adds the agreement"),
    OPT_REALS(struct params, reference, "reference", "", 2, -1e6, 1e6,
              "mean and SD of the reference group of a T-score, in the unit of the output"),
    OPT_TEXT(struct params, reference_name, "reference-name",
             "who that group is; required with it"),
    OPT_INT(struct params, batch, "batch", "", 1, 4096, "cases at once"),
    OPT_FLAG(struct params, half, "half", "bfloat16 where safe (CUDA)"),
    DEVICE_OPTION(struct params, device),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --effect 1 --out people.csv", "people with features"},
    {"qct cnn train people.csv --out net --task classify --target fracture --network table "
     "--columns f1,f2 --epochs 3 --folds 2",
     "two networks"},
    {"qct cnn predict people.csv --model net/model_0.h5,net/model_1.h5 --case-column id "
     "--out predictions.csv",
     "the mean of their logits, and how far they differ"},
    {NULL, NULL}};

static const char *const sources[] = {"lin1989", "bland1986", NULL};

static status read_models(struct cnn_model **models, const struct params *p, int threads) {
  status st = ST_OK;
  for (int i = 0; i < p->models.count; i++)
    TRY(cnn_model_read(&models[i], p->models.items[i], p->device, threads));
  log_info("device: %s", models[0]->device.words);
  log_info("model \"%s\": trained on %lld cases of %s; external test: %s", models[0]->card.name,
           (long long)models[0]->card.people,
           models[0]->card.sites[0] ? models[0]->card.sites : "an unstated site",
           models[0]->card.external[0] ? models[0]->card.external : "no");
done:
  return st;
}

static status add_agreement(struct record *r, const struct cnn_model *m, const struct table *t,
                            const double *value, const char *target) {
  status st = ST_OK;
  int c = table_find(t, target);
  CHECK(c >= 0 && t->columns[c].numeric, ST_DOMAIN, "the manifest has no column of numbers \"%s\"",
        target);
  CHECK(m->card.task == CNN_REGRESS, ST_DOMAIN,
        "--target compares values; for classes give predictions and outcomes to qct risk evaluate");
  snprintf(r->case_id, sizeof r->case_id, "all");
  TRY(cnn_agreement(r, "agreement", m->card.outputs[0].unit, value, t->columns[c].numbers,
                    (int64_t)t->row_count));
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cnn_manifest manifest = {0};
  struct record *record = NULL;
  struct cnn_data *d = NULL;
  struct cnn_model *models[64] = {NULL};
  double *value = NULL;
  CHECK(p->models.count >= 1, ST_USAGE, "give at least one --model");
  TRY(cnn_manifest_open(&manifest, p->manifest));
  TRY(read_models(models, p, ctx->threads));
  const struct cnn_data_options data = {.image =
                                            models[0]->arch.kind == CNN_TABLE ? NULL : p->image,
                                        .folder = manifest.folder,
                                        .store = manifest.store};
  struct cnn_predict_options o = {p->reference[0], p->reference[1], p->reference_name,
                                  p->case_column,  p->batch,        p->half};
  TRY(cnn_data_open(&d, manifest.table, &models[0]->card, false, &data));
  TRY(record_create(&record, ""));
  value = malloc((size_t)(d->n + 1) * sizeof *value);
  CHECK(value, ST_MEMORY, "predictions");
  TRY(cnn_predict(record, value, models, p->models.count, d, &o));
  if (p->target) TRY(add_agreement(record, models[0], manifest.table, value, p->target));
  TRY(context_write_record(ctx, record, p->out));
done:
  free(value);
  cnn_data_close(d);
  for (int i = 0; i < p->models.count; i++) cnn_model_destroy(models[i]);
  record_destroy(record);
  cnn_manifest_close(&manifest);
  return st;
}

const struct command cmd_cnn_predict = {
    .name = "cnn predict",
    .summary = "Apply networks to cases: values, probabilities or risks",
    .about =
        "Takes models of qct cnn train and TorchScript files with a card of ours, of MONAI or of "
        "nnU-Net. Logits are averaged over the models, then the activation is applied; the spread "
        "over "
        "models is given as members_sd and is no confidence interval. The models are loaded "
        "once.\n\n"
        "An image outside what the model was trained on (spacing, kV, slice thickness) is flagged; "
        "an "
        "image of another kind is refused. A T-score needs the mean, SD and name of its reference.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
