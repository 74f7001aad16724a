#include "cli/cnn_options.h"
#include "ml/cnn_model.h"

#include <stdlib.h>
#include <string.h>

struct params {
  struct text_list models, people;
  const char *out;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_INS(struct params, models, "models", "model files of the sites"),
    OPT_LIST(struct params, people, "weights", "people of each site; else the n of its card"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".h5", "averaged model"), OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --effect 1 --out people.csv", "people of a site"},
    {"qct cnn train people.csv --out site --task classify --target fracture --network table "
     "--columns f1,f2 --epochs 2 --members 1",
     "its network"},
    {"qct cnn average site/model_0.h5 site/model_0.h5 --weights 10,30 --out average.h5",
     "the average, weighted by people"},
    {NULL, NULL}};

static const char *const sources[] = {"mcmahan2017", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct cnn_model *models[64] = {NULL};
  int64_t people[64];
  cJSON *provenance = NULL;
  CHECK(!p->people.count || p->people.count == p->models.count, ST_USAGE,
        "--weights: %d numbers for %d models", p->people.count, p->models.count);
  for (int i = 0; i < p->models.count; i++) {
    TRY(cnn_model_read(&models[i], p->models.items[i], "cpu", ctx->threads));
    people[i] = p->people.count ? strtoll(p->people.items[i], NULL, 10) : models[i]->card.people;
  }
  TRY(cnn_model_average(models, people, p->models.count));
  provenance = context_provenance(ctx);
  TRY(cnn_model_write(models[0], p->out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  for (int i = 0; i < p->models.count; i++) cnn_model_destroy(models[i]);
  return st;
}

const struct command cmd_cnn_average = {
    .name = "cnn average",
    .summary = "Average networks of several sites, weighted by their people",
    .about =
        "Federated averaging: each weight and running statistic is the mean over sites weighted by "
        "people, counters are summed. The networks must agree in architecture, tensor names and "
        "shapes, and in the input block of their cards; start all sites from one file.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
