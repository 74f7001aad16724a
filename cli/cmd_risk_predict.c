#include "cli/command.h"
#include "core/json.h"
#include "core/table.h"
#include "ml/risk_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct params {
  const char *model, *table, *id, *out, *background;
  double prevalence;
  int samples, seed;
};

static const struct params defaults = {.id = "id", .prevalence = NAN, .samples = 200, .seed = 1};

static const struct option options[] = {
    ARG_IN(struct params, model, "model", "model file made by risk train"),
    ARG_IN(struct params, table, "table",
           "people to predict (CSV), features matched by name and unit"),
    OPT_TEXT(struct params, id, "id", "column that names the person; \"\" numbers the rows"),
    OPT_REAL(
        struct params, prevalence, "prevalence", "", 0.0001, 0.9999,
        "of the people predicted: also the probability shifted to it from the training prevalence"),
    OPT_IN(struct params, background, "background",
           "table of people to explain against; adds Shapley values of the score"),
    OPT_INT(struct params, samples, "samples", "", 2, 100000,
            "permutations for Shapley values of more than 12 features"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the permutations"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD,
               "record of predictions; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 100 --effect 1 --out people.csv", "people to train on"},
    {"qct risk train people.csv --out risk --learner logistic --group ct=f* --folds 4 --repeats 1",
     "a model"},
    {"qct risk simulate --people 20 --seed 2 --out new.csv", "new people"},
    {"qct risk predict risk/model_ct_logistic.json new.csv --background people.csv --out risk.csv",
     "their risk, and which feature carries it"},
    {NULL, NULL}};

static const char *const sources[] = {"lin2007", "lundberg2017", NULL};

static void person_name(char out[64], const struct table *t, const char *id, size_t row) {
  int c = id && id[0] ? table_find(t, id) : -1;
  char number[32];
  if (c < 0)
    snprintf(out, 64, "row %zu", row + 1);
  else
    snprintf(out, 64, "%.63s", table_cell(number, t, c, row));
}

static status add_probability(struct record *r, const struct ml_prediction *p, const char *quantity,
                              double value, double prevalence) {
  status st = ST_OK;
  struct measurement *m = record_add(r, "person", quantity, value, "");
  CHECK(m, ST_MEMORY, "adding a prediction");
  measurement_source(m, "lin2007");
  if (isfinite(prevalence)) measurement_flag(m, "at a prevalence of %.3g", prevalence);
  if (p->flags[0]) measurement_flag(m, "%s", p->flags);
done:
  return st;
}

/* With a prevalence asked for both probabilities stand, so that neither is taken for the other. */
static status add_prediction(struct record *r, const struct ml_risk_model *m,
                             const struct ml_prediction *p, double prevalence) {
  status st = ST_OK;
  struct measurement *score = record_add(r, "person", "risk_score", p->score, "");
  CHECK(score, ST_MEMORY, "adding a prediction");
  snprintf(score->method, sizeof score->method, "%s %s", m->learner, m->group);
  if (p->flags[0]) measurement_flag(score, "%s", p->flags);
  if (isnan(p->probability)) {
    CHECK(record_withhold(r, "person", "risk_probability", "", "the model gives no probability"),
          ST_MEMORY, "adding a prediction");
    goto done;
  }
  TRY(add_probability(r, p, "risk_probability", p->probability, m->prevalence));
  if (!isnan(prevalence))
    TRY(add_probability(r, p, "risk_probability_shifted", p->shifted, prevalence));
done:
  return st;
}

static status explain(struct record *r, const struct ml_risk_model *m, const double *row,
                      const double *background, int64_t count, const struct params *p) {
  status st = ST_OK;
  double *value = malloc((size_t)m->feature_count * sizeof *value);
  CHECK(value, ST_MEMORY, "explaining %d features", m->feature_count);
  TRY(ml_shapley(value, m, row, background, count, p->samples, (uint64_t)p->seed));
  for (int f = 0; f < m->feature_count; f++) {
    struct measurement *s = record_add(r, m->features[f].name, "shapley_score", value[f], "");
    CHECK(s, ST_MEMORY, "adding an explanation");
    measurement_source(s, "lundberg2017");
    s->n = count;
  }
done:
  free(value);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct ml_risk_model m = {0};
  struct table *table = NULL, *background = NULL;
  struct record *record = NULL;
  cJSON *json = NULL;
  double *rows = NULL, *reference = NULL;
  TRY(json_read(&json, p->model));
  TRY(ml_risk_model_from_json(&m, json, "model file"));
  TRY(table_read(&table, p->table));
  TRY(ml_risk_model_rows(&rows, &m, table));
  if (p->background) {
    TRY(table_read(&background, p->background));
    TRY(ml_risk_model_rows(&reference, &m, background));
  }
  TRY(record_create(&record, ""));
  for (size_t i = 0; i < table->row_count; i++) {
    struct ml_prediction prediction;
    const double *row = rows + i * (size_t)m.feature_count;
    TRY(ml_risk_model_predict(&prediction, &m, row, p->prevalence));
    person_name(record->case_id, table, p->id, i);
    TRY(add_prediction(record, &m, &prediction, p->prevalence));
    if (reference) TRY(explain(record, &m, row, reference, (int64_t)background->row_count, p));
  }
  TRY(context_write_record(ctx, record, p->out));
done:
  cJSON_Delete(json);
  free(rows);
  free(reference);
  table_destroy(table);
  table_destroy(background);
  record_destroy(record);
  if (m.chain.learner) ml_risk_model_free(&m);
  return st;
}

const struct command cmd_risk_predict = {
    .name = "risk predict",
    .summary = "Predict the fracture risk of new people with a trained model",
    .about =
        "Features are matched by name and unit. Calibration material and method columns must be "
        "among those "
        "of the training table. A value outside the training range or missing is flagged.\n\n"
        "A model trained on a case-control sample does not know the prevalence of the clinic: give "
        "--prevalence, and the probability shifted to it stands beside that of the sample.\n\n"
        "Research use only; not for decisions about a patient.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
