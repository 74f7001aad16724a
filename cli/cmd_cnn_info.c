#include "cli/cnn_options.h"
#include "core/json.h"
#include "ml/cnn_model.h"

#include <stddef.h>

struct params {
  const char *model, *device, *out;
};

static const struct params defaults = {.device = "cpu"};

static const struct option options[] = {
    ARG_IN(struct params, model, "model", "model file (HDF5 or TorchScript)"),
    OPT_OUT_AS(struct params, out, "out", ".json",
               "what the model is; standard output when not given"),
    DEVICE_OPTION(struct params, device), OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --effect 1 --out people.csv", "people with features"},
    {"qct cnn train people.csv --out net --task classify --target fracture --network table "
     "--columns f1,f2 --epochs 2 --members 1",
     "a network"},
    {"qct cnn info net/model_0.h5", "its card, architecture and number of weights"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cnn_model *m = NULL;
  cJSON *json = NULL;
  char words[CNN_WORDS] = "";
  TRY(cnn_model_read(&m, p->model, p->device, ctx->threads));
  json = cJSON_CreateObject();
  CHECK(json, ST_MEMORY, "describing a model");
  m->torch->about(words);
  json_add_text(json, "dialect", m->card.dialect);
  json_add_number(json, "weights", (double)m->parameters);
  json_add_text(json, "libtorch", words);
  json_add_text(json, "device", m->device.words);
  cJSON_AddItemToObject(json, "card", cnn_card_to_json(&m->card));
  if (m->arch.kind != CNN_SCRIPT)
    cJSON_AddItemToObject(json, "architecture", cnn_arch_to_json(&m->arch));
  TRY(context_write_json(ctx, json, p->out));
done:
  cJSON_Delete(json);
  cnn_model_destroy(m);
  return st;
}

const struct command cmd_cnn_info = {
    .name = "cnn info",
    .summary = "Say what a network expects, gives and was trained on",
    .about = "Prints the model card as read (from our file, or translated from a MONAI bundle or "
             "nnU-Net "
             "plans), the architecture, the number of weights, the version of libtorch and the "
             "device that would be used. Loading checks every weight for values that are not "
             "finite.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
