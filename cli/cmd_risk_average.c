#include "cli/command.h"
#include "core/json.h"
#include "ml/federated.h"

#include <stdlib.h>
#include <string.h>

struct params {
  struct text_list models;
  const char *out;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_INS(struct params, models, "models", "model files of the sites, made by risk train"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "averaged model"), OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 80 --effect 1 --out people.csv", "people of a site"},
    {"qct risk train people.csv --out site --learner logistic --group ct=f1+f2 --folds 4 --repeats "
     "1",
     "its model"},
    {"qct risk average site/model_ct_logistic.json site/model_ct_logistic.json --out average.json",
     "the average over sites, weighted by people"},
    {NULL, NULL}};

static const char *const sources[] = {"mcmahan2017", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct ml_risk_model *models = NULL, average;
  cJSON *json = NULL;
  int read = 0;
  memset(&average, 0, sizeof average);
  models = calloc((size_t)p->models.count + 1, sizeof *models);
  CHECK(models, ST_MEMORY, "averaging %d models", p->models.count);
  for (; read < p->models.count; read++) {
    TRY(json_read(&json, p->models.items[read]));
    TRY(ml_risk_model_from_json(&models[read], json, "model file"));
    cJSON_Delete(json);
    json = NULL;
  }
  TRY(ml_federated_model(&average, models, p->models.count));
  json = ml_risk_model_to_json(&average);
  CHECK(json, ST_MEMORY, "writing the averaged model");
  TRY(context_write_json(ctx, json, p->out));
done:
  cJSON_Delete(json);
  for (int i = 0; i < read; i++) ml_risk_model_free(&models[i]);
  free(models);
  if (average.chain.learner) ml_risk_model_free(&average);
  return st;
}

const struct command cmd_risk_average = {
    .name = "risk average",
    .summary = "Average linear risk models of several sites, weighted by their people",
    .about =
        "For sites that may share coefficients but not people. The models must have the same "
        "features, columns "
        "and standardisation; anything else is refused with the first difference. Support vector "
        "machines "
        "cannot be averaged.\n\n"
        "The average carries no probabilities: its scores must be calibrated on people of its own.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
