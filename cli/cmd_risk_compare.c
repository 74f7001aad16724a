#include "cli/risk_report.h"
#include "ml/prediction_table.h"

struct params {
  const char *a, *b, *run_a, *run_b, *score, *probability, *outcome, *time, *out, *report;
  int seed;
};

static const struct params defaults = {.score = "score",
                                       .probability = "probability",
                                       .outcome = "outcome",
                                       .time = "time",
                                       .seed = 1};

static const struct option options[] = {
    ARG_IN(struct params, a, "predictions", "predictions of the reference (CSV)"),
    ARG_IN_OPTIONAL(struct params, b, "other",
                    "predictions of the other model; left out: the same file"),
    OPT_TEXT(struct params, run_a, "run", "run of the reference in its file"),
    OPT_TEXT(struct params, run_b, "against", "run of the other model"),
    OPT_TEXT(struct params, score, "score", "column with the score"),
    OPT_TEXT(struct params, probability, "probability",
             "column with the probability; \"\" for none"),
    OPT_TEXT(struct params, outcome, "outcome", "column with 0 or 1"),
    OPT_TEXT(struct params, time, "time", "column with the follow-up time; \"\" for none"),
    OPT_OUT_AS(struct params, report, "report", ".html",
               "page with the differences and both ROC curves with their bands"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD,
               "record of the differences; standard output when not given"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the bootstrap"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 120 --effect 1 --out people.csv", "people"},
    {"qct risk train people.csv --out risk --learner logistic --group age=age --group ct=f* "
     "--folds 4 "
     "--repeats 1",
     "two models on the same folds"},
    {"qct risk compare risk/predictions.csv --run 'age logistic' --against 'ct logistic'",
     "DeLong, bootstrap, reclassification"},
    {NULL, NULL}};

static const char *const sources[] = {"delong1988", "pencina2008", NULL};

static status load(struct ml_prediction_table *out, struct table **table, const char *path,
                   const char *run, const struct params *p) {
  status st = ST_OK;
  struct ml_prediction_columns columns = {run, p->score, p->probability, p->outcome, p->time};
  TRY(table_read(table, path));
  if (columns.probability && table_find(*table, columns.probability) < 0)
    columns.probability = NULL;
  if (columns.time && table_find(*table, columns.time) < 0) columns.time = NULL;
  TRY(ml_prediction_table_make(out, *table, &columns));
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table_a = NULL, *table_b = NULL;
  struct ml_prediction_table a = {0}, b = {0};
  struct record *record = NULL;
  const struct ml_assessment_options o = {.seed = (uint64_t)p->seed};
  TRY(load(&a, &table_a, p->a, p->run_a, p));
  TRY(load(&b, &table_b, p->b ? p->b : p->a, p->run_b, p));
  TRY(record_create(&record, "cohort"));
  const char *name_a = p->run_a ? p->run_a : "reference", *name_b = p->run_b ? p->run_b : "other";
  TRY(ml_assess_difference(record, name_a, &a.view, name_b, &b.view, &o));
  if (p->report) {
    const struct risk_page page = {.title = "Two sets of predictions of the same people",
                                   .name = name_b,
                                   .p = &b.view,
                                   .other_name = name_a,
                                   .other = &a.view,
                                   .time_unit = "",
                                   .record = record,
                                   .sources = sources};
    TRY(risk_report_write(ctx, &page, p->report));
  }
  TRY(context_write_record(ctx, record, p->out));
done:
  ml_prediction_table_free(&a);
  ml_prediction_table_free(&b);
  record_destroy(record);
  table_destroy(table_a);
  table_destroy(table_b);
  return st;
}

const struct command cmd_risk_compare = {
    .name = "risk compare",
    .summary = "Compare two sets of predictions of the same people",
    .about = "Difference of the mean AUC (C) with a bootstrap interval of people; DeLong's paired "
             "test on the "
             "scores (ranks averaged over repeats); NRI, IDI and McNemar's test where both give "
             "probabilities.\n\n"
             "The predictions must be out-of-fold or of new people: DeLong's test does not hold "
             "for nested models "
             "on the people they were fitted to.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
