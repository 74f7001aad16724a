#include "cli/command.h"
#include "core/file.h"
#include "core/json.h"
#include "core/plot.h"
#include "core/text.h"
#include "ml/experiment.h"
#include "ml/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *table, *out, *id, *outcome, *time, *site;
  struct text_list group, learner;
  int outer, repeats, inner, seed, selection;
  bool by_site, unweighted, resume;
  double most_missing;
};

static const struct params defaults = {.id = "id",
                                       .outcome = "fracture",
                                       .learner = {1, {"svm-rbf"}},
                                       .inner = 5,
                                       .seed = 1,
                                       .most_missing = 0.4};

static const char *const selection_names[] = {"none", "univariate", "lasso", NULL};

static const struct option options[] = {
    ARG_IN(struct params, table, "table", "feature table, one row a person or side (CSV)"),
    OPT_OUT_REQUIRED(struct params, out, "out", "result folder"),
    OPT_TEXT(struct params, id, "id", "column that names the person; \"\" for none"),
    OPT_TEXT(struct params, outcome, "outcome", "column with 0 or 1 (2: competing death)"),
    OPT_TEXT(struct params, time, "time", "column with the follow-up time; makes it survival"),
    OPT_TEXT(struct params, site, "site", "column with the site or scanner"),
    OPT_LIST(struct params, group, "group",
             "feature group name=pattern+pattern; the first group is the reference"),
    OPT_LIST(struct params, learner, "learner",
             "svm-rbf, svm-linear, logistic, lasso, cox, svr-rbf, svr-linear, deep, deep-cox, "
             "deep-time; logistic-plain and cox-plain have no penalty: comparators"),
    OPT_INT(struct params, outer, "folds", "", 0, 100,
            "outer folds; 0: 10, or 5 with fewer than 60 people"),
    OPT_INT(struct params, repeats, "repeats", "", 0, 1000,
            "repeats of the outer folds; 0: 10, or 2 with fewer than 60 people"),
    OPT_INT(struct params, inner, "inner-folds", "", 2, 20, "folds that choose hyper-parameters"),
    OPT_CHOICE(struct params, selection, "select", selection_names,
               "selection of features, inside each fold"),
    OPT_REAL(struct params, most_missing, "most-missing", "", 0, 1,
             "a feature with a larger share missing is left out"),
    OPT_FLAG(struct params, by_site, "by-site", "leave one site out instead of random folds"),
    OPT_FLAG(struct params, unweighted, "unweighted", "no class weights (default: balanced)"),
    OPT_FLAG(struct params, resume, "resume",
             "keep each finished cross-validation in OUT/runs and go on from there"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of folds, bootstrap and selection"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 120 --effect 1 --out people.csv", "people to train on"},
    {"qct risk train people.csv --out risk --learner logistic --group clinical=age --group "
     "ct=age+f* --folds 5 --repeats 2",
     "does the CT add to age, on the same folds?"},
    {NULL, NULL}};

static const char *const sources[] = {"libsvm2011", "delong1988", "lin2007", "pencina2008", NULL};

static const char *or_null(const char *text) {
  return text && text[0] ? text : NULL;
}

static status join(char out[4096], const char *folder, const char *name) {
  status st = ST_OK;
  CHECK(snprintf(out, 4096, "%s/%s", folder, name) < 4096, ST_USAGE, "path of %s is too long",
        name);
done:
  return st;
}

static status write_importance(struct context *ctx, const struct ml_run *run, const char *folder) {
  status st = ST_OK;
  struct text svg = {0};
  char path[4096], name[128];
  int count = run->model.feature_count;
  const char **names = calloc((size_t)count, sizeof *names);
  CHECK(names, ST_MEMORY, "picture of the importance");
  for (int f = 0; f < count; f++) names[f] = run->model.features[f].name;
  snprintf(name, sizeof name, "importance_%s.svg", run->name);
  for (char *c = name; *c; c++)
    if (*c == ' ' || *c == '/') *c = '_';
  TRY(join(path, folder, name));
  TRY(ml_figure_importance(&svg, names, run->importance, count));
  TRY(plot_write(path, &svg, ctx->force));
done:
  free(names);
  text_free(&svg);
  return st;
}

static status write_models(struct context *ctx, const struct ml_experiment *e, const char *folder) {
  status st = ST_OK;
  cJSON *json = NULL;
  for (int i = 0; i < e->run_count; i++) {
    char path[4096], name[128];
    snprintf(name, sizeof name, "model_%s.json", e->runs[i].name);
    for (char *c = name; *c; c++)
      if (*c == ' ' || *c == '/') *c = '_';
    TRY(join(path, folder, name));
    json = ml_risk_model_to_json(&e->runs[i].model);
    CHECK(json, ST_MEMORY, "writing a model");
    cJSON *importance = cJSON_AddArrayToObject(json, "permutation_importance");
    for (int f = 0; f < e->runs[i].model.feature_count; f++)
      cJSON_AddItemToArray(importance, cJSON_CreateNumber(e->runs[i].importance[f]));
    cJSON_AddItemToObject(json, "provenance", context_provenance(ctx));
    TRY(json_write(json, path, ctx->force));
    cJSON_Delete(json);
    json = NULL;
    TRY(write_importance(ctx, &e->runs[i], folder));
  }
done:
  cJSON_Delete(json);
  return st;
}

static status write_results(struct context *ctx, const struct ml_experiment *e,
                            const struct ml_dataset *d, const struct record *record,
                            const struct params *p) {
  status st = ST_OK;
  struct table *predictions = NULL, *folds = NULL;
  char path[4096];
  TRY(file_make_directory(p->out));
  TRY(ml_experiment_predictions(&predictions, e, d, or_null(p->id)));
  TRY(join(path, p->out, "predictions.csv"));
  TRY(table_write(predictions, path, ctx->force));
  TRY(ml_experiment_folds(&folds, e));
  TRY(join(path, p->out, "folds.csv"));
  TRY(table_write(folds, path, ctx->force));
  TRY(write_models(ctx, e, p->out));
  TRY(join(path, p->out, "performance.json"));
  TRY(context_write_record(ctx, record, path));
  TRY(context_write_record(ctx, record, NULL));
done:
  table_destroy(predictions);
  table_destroy(folds);
  return st;
}

/* What a kept cross-validation depends on: the table's bytes and every option that shapes it. */
static status resume_key(struct ml_resume *r, const char *folder, const struct params *p) {
  status st = ST_OK;
  struct text t = {0};
  char digest[65];
  TRY(file_sha256(digest, p->table));
  text_append(&t, "%s|%s|%s|%s|%s|%d %d %d %d %d %d %d %g", digest, p->outcome,
              p->time ? p->time : "", p->id ? p->id : "", p->site ? p->site : "", p->outer,
              p->repeats, p->inner, p->seed, p->selection, p->by_site, p->unweighted,
              p->most_missing);
  for (int i = 0; i < p->group.count; i++) text_append(&t, "|%s", p->group.items[i]);
  TRY(text_check(&t, "resume key"));
  bytes_sha256(r->key, t.data, t.length);
  TRY(file_make_directory(folder));
  r->folder = folder;
done:
  text_free(&t);
  return st;
}

/* A person's code is its first row. */
static int64_t people_of(const struct ml_dataset *d) {
  int64_t people = 0;
  for (int64_t i = 0; i < d->n; i++) people += !d->person || d->person[i] == i;
  return people;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  struct record *record = NULL;
  struct ml_dataset d = {0};
  struct ml_experiment e = {0};
  struct ml_resume resume = {0};
  char folder[4096];
  enum ml_task task = p->time                                       ? ML_SURVIVAL
                      : strncmp(p->learner.items[0], "svr", 3) == 0 ? ML_REGRESSION
                                                                    : ML_BINARY;
  const struct ml_dataset_options columns = {or_null(p->id), p->outcome, p->time, p->site, task};
  struct ml_nested_options o = ML_NESTED_DEFAULTS;
  o.inner = p->inner;
  o.by_site = p->by_site;
  o.selection = (enum ml_selection)p->selection;
  o.most_missing = p->most_missing;
  o.seed = (uint64_t)p->seed;
  TRY(table_read(&table, p->table));
  TRY(ml_dataset_make(&d, table, &columns, p->group.items, p->group.count));
  const bool few = people_of(&d) < 60;
  o.outer = p->outer ? p->outer : few ? 5 : 10;
  o.repeats = p->by_site ? 1 : p->repeats ? p->repeats : few ? 2 : 10;
  TRY(record_create(&record, "cohort"));
  TRY(join(folder, p->out, "runs"));
  if (p->resume) TRY(resume_key(&resume, folder, p));
  TRY(ml_experiment_run(&e, record, &d, task, p->outcome, p->learner.items, p->learner.count,
                        !p->unweighted, &o, p->resume ? &resume : NULL));
  TRY(write_results(ctx, &e, &d, record, p));
done:
  ml_experiment_free(&e);
  ml_dataset_free(&d);
  record_destroy(record);
  table_destroy(table);
  return st;
}

const struct command cmd_risk_train = {
    .name = "risk train",
    .summary = "Train fracture-risk models and state honestly how well they do",
    .about = "Feature groups and learners are compared on the same people and the same folds: "
             "nested, repeated "
             "cross-validation, stratified by outcome, all rows of a person together. Imputation, "
             "scaling, "
             "selection, hyper-parameters and probabilities are learnt on training rows only.\n\n"
             "Writes to the result folder: performance.json (every figure with interval, people "
             "and events), "
             "predictions.csv (out-of-fold), folds.csv (chosen hyper-parameters), one model file "
             "per group "
             "and learner. The performance table goes to standard output.\n\n"
             "Intervals of AUC and C are a bootstrap of people. With fewer than 10 events, 20 "
             "people or 5 events "
             "per candidate feature the headline figure is withheld.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
