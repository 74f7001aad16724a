#include "cli/command.h"
#include "core/file.h"
#include "ml/figures.h"
#include "ml/prediction_table.h"
#include "ml/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *predictions, *run, *score, *probability, *outcome, *time, *out, *pictures, *people,
      *id, *subgroup;
  double horizons[3];
  int seed, features;
};

static const struct params defaults = {.score = "score",
                                       .probability = "probability",
                                       .outcome = "outcome",
                                       .time = "time",
                                       .id = "id",
                                       .horizons = {NAN, NAN, NAN},
                                       .seed = 1};

static const struct option options[] = {
    ARG_IN(struct params, predictions, "predictions",
           "predictions.csv of risk train, or one row a person (CSV)"),
    OPT_TEXT(struct params, run, "run", "which run of the file, e.g. \"ct svm-rbf\""),
    OPT_TEXT(struct params, score, "score", "column with the score; larger is more risk"),
    OPT_TEXT(struct params, probability, "probability",
             "column with the probability; \"\" for none"),
    OPT_TEXT(struct params, outcome, "outcome", "column with 0 or 1 (2: competing death)"),
    OPT_TEXT(struct params, time, "time", "column with the follow-up time; \"\" for none"),
    OPT_REALS(struct params, horizons, "horizons", "time", 3, 0, 1e6,
              "three horizons for time-dependent AUC and Brier score"),
    OPT_INT(struct params, features, "feature-count", "", 0, 100000,
            "candidate features behind the score, for the events-per-feature rule"),
    OPT_IN(struct params, people, "table", "table with the subgroup column, one row a person"),
    OPT_TEXT(struct params, subgroup, "subgroup",
             "text column of that table: AUC within each value"),
    OPT_TEXT(struct params, id, "id", "column of that table that names the person"),
    OPT_OUT(struct params, pictures, "pictures",
            "folder for roc.svg, calibration.svg, decision.svg"),
    OPT_OUT(struct params, out, "out", "record of the figures (CSV or JSON)"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the bootstrap"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 120 --effect 1 --out people.csv", "people"},
    {"qct risk train people.csv --out risk --learner logistic --group ct=f* --folds 4 --repeats 2",
     "out-of-fold predictions"},
    {"qct risk evaluate risk/predictions.csv --pictures pictures --out evaluation.csv",
     "figures with intervals, and the pictures"},
    {NULL, NULL}};

static const char *const sources[] = {"delong1988", "brier1950", "vickers2006", "uno2007", NULL};

static const char *or_null(const char *text) {
  return text && text[0] ? text : NULL;
}

typedef status (*figure)(struct text *svg, const struct ml_predictions *p);

static status write_picture(struct context *ctx, const char *folder, const char *name, figure draw,
                            const struct ml_predictions *p) {
  status st = ST_OK;
  struct text svg = {0};
  char path[4096];
  CHECK(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path, ST_USAGE,
        "path of %s is too long", name);
  TRY(draw(&svg, p));
  TRY(text_check(&svg, name));
  TRY(file_write(path, svg.data, svg.length, ctx->force));
done:
  text_free(&svg);
  return st;
}

static status horizons(struct record *r, const char *name, const struct ml_predictions *p,
                       const double *at) {
  status st = ST_OK;
  for (int k = 0; k < 3; k++) {
    struct ml_horizon h;
    char quantity[64];
    if (isnan(at[k])) continue;
    snprintf(quantity, sizeof quantity, "auc_at_%g", at[k]);
    st = ml_at_horizon(&h, p->score, NULL, p->target, p->outcome, p->n, at[k], 1);
    struct measurement *m;
    if (st == ST_DOMAIN) {
      m = record_withhold(r, name, quantity, "", status_message());
      status_clear();
      st = ST_OK;
    } else if (st != ST_OK) {
      goto done;
    } else {
      m = record_add(r, name, quantity, h.auc, "");
    }
    CHECK(m, ST_MEMORY, "adding %s", quantity);
    m->n = p->n;
    if (!isnan(m->value))
      measurement_flag(m, "%lld events by then, %lld people beyond it", (long long)h.cases,
                       (long long)h.controls);
  }
done:
  return st;
}

/* Label of each predicted person from the people's table. */
static status subgroup_labels(int *label, const char **names, int *count,
                              const struct ml_prediction_table *p, const struct table *predictions,
                              const struct table *people, const struct params *q) {
  status st = ST_OK;
  int column = table_find(people, q->subgroup);
  CHECK(column >= 0 && !people->columns[column].numeric, ST_DOMAIN,
        "the table of people has no text column \"%s\"", q->subgroup);
  CHECK((int64_t)people->row_count == p->view.n, ST_DOMAIN,
        "%lld people were predicted but the table has %zu", (long long)p->view.n,
        people->row_count);
  (void)predictions;
  *count = 0;
  for (int64_t i = 0; i < p->view.n; i++) {
    /* predictions are sorted by their row number, which is the row of the training table */
    const char *value = people->columns[column].texts[i];
    int g = 0;
    while (g < *count && strcmp(names[g], value) != 0) g++;
    CHECK(g < 64, ST_DOMAIN, "subgroup column \"%s\" has more than 64 values", q->subgroup);
    if (g == *count) names[(*count)++] = value;
    label[i] = g;
  }
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL, *people = NULL;
  struct ml_prediction_table predictions = {0};
  struct record *record = NULL;
  int *label = NULL, groups = 0;
  const char *names[64], *name = p->run ? p->run : "predictions";
  const struct ml_prediction_columns columns = {p->run, p->score, or_null(p->probability),
                                                p->outcome, or_null(p->time)};
  struct ml_prediction_columns present = columns;
  const struct ml_assessment_options o = {.seed = (uint64_t)p->seed, .features = p->features};
  TRY(table_read(&table, p->predictions));
  if (present.probability && table_find(table, present.probability) < 0) present.probability = NULL;
  if (present.time && table_find(table, present.time) < 0) present.time = NULL;
  TRY(ml_prediction_table_make(&predictions, table, &present));
  TRY(record_create(&record, "cohort"));
  TRY(ml_assess(record, name, &predictions.view, &o));
  if (predictions.view.task == ML_SURVIVAL)
    TRY(horizons(record, name, &predictions.view, p->horizons));
  if (p->subgroup) {
    CHECK(p->people, ST_USAGE, "--subgroup needs --table, the table that holds the column");
    TRY(table_read(&people, p->people));
    label = malloc((size_t)predictions.view.n * sizeof *label);
    CHECK(label, ST_MEMORY, "subgroups");
    TRY(subgroup_labels(label, names, &groups, &predictions, table, people, p));
    TRY(ml_assess_subgroups(record, name, &predictions.view, p->subgroup, label, names, groups,
                            &o));
  }
  if (p->pictures && predictions.view.task == ML_BINARY) {
    TRY(file_make_directory(p->pictures));
    TRY(write_picture(ctx, p->pictures, "roc.svg", ml_figure_roc, &predictions.view));
    if (predictions.probability) {
      TRY(write_picture(ctx, p->pictures, "calibration.svg", ml_figure_calibration,
                        &predictions.view));
      TRY(write_picture(ctx, p->pictures, "decision.svg", ml_figure_decision, &predictions.view));
    }
  }
  TRY(context_write_record(ctx, record, p->out));
done:
  free(label);
  ml_prediction_table_free(&predictions);
  record_destroy(record);
  table_destroy(table);
  table_destroy(people);
  return st;
}

const struct command cmd_risk_evaluate = {
    .name = "risk evaluate",
    .summary = "State the performance of predictions: discrimination, calibration, subgroups",
    .about = "Reads out-of-fold predictions of risk train or predictions made anywhere else. Every "
             "figure comes "
             "with people and events; AUC and C with a 95 % bootstrap interval of people.\n\n"
             "With a time column (not empty) the outcome is survival: Harrell's and Uno's C, and "
             "the AUC at each "
             "horizon, withheld when fewer than 10 events or 10 event-free people are left.\n\n"
             "--subgroup gives the AUC within each value of a text column and the largest gap; the "
             "rows of "
             "--table must be those the predictions were made from, in that order.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
