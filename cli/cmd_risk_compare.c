#include "cli/risk_report.h"
#include "ml/prediction_table.h"

#include <stdlib.h>
#include <string.h>

struct params {
  const char *a, *b, *run_a, *run_b, *score, *probability, *outcome, *time, *out, *report;
  struct text_list cuts;
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
    OPT_LIST(
        struct params, cuts, "cuts",
        "rising probabilities that part categories of risk, e.g. 0.1,0.2: also the categorical "
        "NRI"),
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

enum { CUTS = 16 };

static status read_cuts(double cuts[CUTS], const struct text_list *list) {
  status st = ST_OK;
  CHECK(list->count <= CUTS, ST_USAGE, "--cuts: %d given, at most %d are taken", list->count,
        (int)CUTS);
  for (int i = 0; i < list->count; i++) {
    char *end = NULL;
    cuts[i] = strtod(list->items[i], &end);
    CHECK(end != list->items[i] && *end == '\0' && cuts[i] > (i ? cuts[i - 1] : 0) && cuts[i] < 1,
          ST_USAGE, "--cuts: \"%s\" must be a probability between 0 and 1, above the one before",
          list->items[i]);
  }
done:
  return st;
}

/* The people must be the same in both. */
static status check_people(const struct ml_prediction_table *a,
                           const struct ml_prediction_table *b) {
  status st = ST_OK;
  CHECK(a->view.n == b->view.n, ST_DOMAIN,
        "the reference holds %lld rows, the other %lld: the same people are needed",
        (long long)a->view.n, (long long)b->view.n);
  for (int64_t i = 0; i < a->view.n; i++)
    CHECK(!strcmp(a->names[i], b->names[i]), ST_DOMAIN,
          "the reference holds \"%s\" where the other holds \"%s\": the same people are needed, "
          "told apart by the same columns (row or person)",
          a->names[i], b->names[i]);
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table_a = NULL, *table_b = NULL;
  struct ml_prediction_table a = {0}, b = {0};
  struct record *record = NULL;
  double cuts[CUTS];
  const struct ml_assessment_options o = {
      .seed = (uint64_t)p->seed, .cuts = cuts, .cut_count = p->cuts.count};
  TRY(read_cuts(cuts, &p->cuts));
  TRY(load(&a, &table_a, p->a, p->run_a, p));
  TRY(load(&b, &table_b, p->b ? p->b : p->a, p->run_b, p));
  TRY(check_people(&a, &b));
  CHECK(!p->cuts.count || (a.probability && b.probability), ST_DOMAIN,
        "--cuts part probabilities: column \"%s\" is needed in both", p->probability);
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
             "probabilities (averaged over repeats), the categorical NRI at --cuts.\n\n"
             "The predictions must be out-of-fold or of new people: DeLong's test does not hold "
             "for nested models "
             "on the people they were fitted to.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
