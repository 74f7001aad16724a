#include "cli/command.h"
#include "cli/risk_report.h"
#include "core/file.h"
#include "core/log.h"
#include "core/plot.h"
#include "ml/figures.h"
#include "ml/prediction_table.h"
#include "ml/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *predictions, *run, *score, *probability, *outcome, *time, *out, *pictures, *people,
      *subgroup, *report, *model;
  struct text_list bands;
  double horizons[3], prevalence;
  int seed, features;
};

static const struct params defaults = {.score = "score",
                                       .probability = "probability",
                                       .outcome = "outcome",
                                       .time = "time",
                                       .horizons = {NAN, NAN, NAN},
                                       .prevalence = NAN,
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
              "three horizons for the time-dependent AUC; the Brier score takes the probability as "
              "the risk at the first"),
    OPT_REAL(struct params, prevalence, "prevalence", "", 0.0001, 0.9999,
             "of the people to be told: also what a call and no call mean to them (PPV, NPV)"),
    OPT_INT(struct params, features, "feature-count", "", 0, 100000,
            "candidate features behind the score, for the events-per-feature rule"),
    OPT_IN(struct params, people, "table", "table with the subgroup column, one row a person"),
    OPT_TEXT(struct params, subgroup, "subgroup",
             "column of that table: AUC within each value or band"),
    OPT_LIST(struct params, bands, "bands",
             "rising edges of bands of a numeric subgroup column, e.g. 60,70,80"),
    OPT_OUT(struct params, pictures, "pictures",
            "folder for roc.svg, calibration.svg, decision.svg"),
    OPT_OUT_AS(struct params, report, "report", ".html", "page with the figures and pictures"),
    OPT_IN(struct params, model, "importance",
           "model_*.json of the run, whose importance goes into the report"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD,
               "record of the figures; standard output when not given"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the bootstrap"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 120 --effect 1 --out people.csv", "people"},
    {"qct risk train people.csv --out risk --learner logistic --group ct=f* --folds 4 --repeats 2",
     "out-of-fold predictions"},
    {"qct risk evaluate risk/predictions.csv --pictures pictures --out evaluation.csv",
     "figures with intervals, and the pictures"},
    {"qct risk evaluate risk/predictions.csv --importance risk/model_ct_logistic.json --report "
     "risk.html "
     "--out all.csv",
     "a page for the reader"},
    {NULL, NULL}};

static const char *const sources[] = {"delong1988", "brier1950", "vickers2006",
                                      "uno2007",    "graf1999",  NULL};

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
  TRY(plot_write(path, &svg, ctx->force));
done:
  text_free(&svg);
  return st;
}

static status write_pictures(struct context *ctx, const char *folder,
                             const struct ml_prediction_table *predictions) {
  status st = ST_OK;
  TRY(file_make_directory(folder));
  TRY(write_picture(ctx, folder, "roc.svg", ml_figure_roc, &predictions->view));
  if (predictions->probability && !risk_has_probabilities(&predictions->view)) {
    log_warning("no calibration.svg and decision.svg are drawn: not everybody has a probability");
  } else if (predictions->probability) {
    TRY(write_picture(ctx, folder, "calibration.svg", ml_figure_calibration, &predictions->view));
    TRY(write_picture(ctx, folder, "decision.svg", ml_figure_decision, &predictions->view));
  }
done:
  return st;
}

static const char *time_unit(const struct table *t, const char *name) {
  int column = name ? table_find(t, name) : -1;
  return column < 0 ? "" : t->columns[column].unit;
}

enum { SUBGROUPS = 64 };

struct subgroups {
  char text[SUBGROUPS][48];
  const char *names[SUBGROUPS];
  int count;
};

/* The subgroup of a person in words: the text, the number, or the band it falls into. */
static void subgroup_text(char out[48], const struct table_column *c, size_t row,
                          const double *bands, int band_count) {
  if (!c->numeric) {
    snprintf(out, 48, "%.47s", c->texts[row]);
    return;
  }
  double v = c->numbers[row];
  int b = 0;
  while (b < band_count && v >= bands[b]) b++;
  if (isnan(v))
    snprintf(out, 48, "missing");
  else if (!band_count)
    snprintf(out, 48, "%.15g", v);
  else if (b == 0)
    snprintf(out, 48, "below %g", bands[0]);
  else if (b == band_count)
    snprintf(out, 48, "%g and more", bands[b - 1]);
  else
    snprintf(out, 48, "%g to %g", bands[b - 1], bands[b]);
}

static status read_bands(double bands[SUBGROUPS], const struct text_list *list) {
  status st = ST_OK;
  for (int i = 0; i < list->count; i++) {
    char *end = NULL;
    bands[i] = strtod(list->items[i], &end);
    CHECK(end != list->items[i] && *end == '\0' && (i == 0 || bands[i] > bands[i - 1]), ST_USAGE,
          "--bands: \"%s\" must be a number above the one before", list->items[i]);
  }
done:
  return st;
}

/* Label of each predicted person from the people's table, by the row they were made from. */
static status subgroup_labels(int *label, struct subgroups *s, const struct ml_prediction_table *p,
                              const struct table *people, const struct params *q) {
  status st = ST_OK;
  double bands[SUBGROUPS];
  int column = table_find(people, q->subgroup);
  CHECK(column >= 0, ST_DOMAIN, "the table of people has no column \"%s\"", q->subgroup);
  CHECK((int64_t)people->row_count == p->view.n, ST_DOMAIN,
        "%lld people were predicted but the table has %zu", (long long)p->view.n,
        people->row_count);
  TRY(read_bands(bands, &q->bands));
  for (int64_t i = 0; i < p->view.n; i++) {
    char text[48];
    int g = 0;
    CHECK(p->place[i] < people->row_count, ST_DOMAIN,
          "a prediction is of row %zu, the table of people has %zu", p->place[i] + 1,
          people->row_count);
    subgroup_text(text, &people->columns[column], p->place[i], bands, q->bands.count);
    while (g < s->count && strcmp(s->text[g], text) != 0) g++;
    CHECK(g < SUBGROUPS, ST_DOMAIN, "subgroup column \"%s\" has more than %d values: give --bands",
          q->subgroup, SUBGROUPS);
    if (g == s->count) {
      memcpy(s->text[g], text, sizeof text);
      s->names[g] = s->text[g];
      s->count++;
    }
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
  int *label = NULL;
  struct subgroups groups = {.count = 0};
  const char *name = p->run ? p->run : "predictions";
  const struct ml_prediction_columns columns = {p->run, p->score, or_null(p->probability),
                                                p->outcome, or_null(p->time)};
  struct ml_prediction_columns present = columns;
  const struct ml_assessment_options o = {.seed = (uint64_t)p->seed,
                                          .features = p->features,
                                          .prevalence = isnan(p->prevalence) ? 0 : p->prevalence};
  TRY(table_read(&table, p->predictions));
  if (present.probability && table_find(table, present.probability) < 0) present.probability = NULL;
  if (present.time && table_find(table, present.time) < 0) present.time = NULL;
  TRY(ml_prediction_table_make(&predictions, table, &present));
  TRY(record_create(&record, "cohort"));
  TRY(ml_assess(record, name, &predictions.view, &o));
  if (predictions.view.task == ML_SURVIVAL)
    for (int k = 0; k < 3; k++)
      if (!isnan(p->horizons[k]))
        TRY(ml_assess_horizon(record, name, &predictions.view, p->horizons[k], k == 0, &o));
  if (p->subgroup) {
    CHECK(p->people, ST_USAGE, "--subgroup needs --table, the table that holds the column");
    TRY(table_read(&people, p->people));
    label = malloc((size_t)predictions.view.n * sizeof *label);
    CHECK(label, ST_MEMORY, "subgroups");
    TRY(subgroup_labels(label, &groups, &predictions, people, p));
    TRY(ml_assess_subgroups(record, name, &predictions.view, p->subgroup, label, groups.names,
                            groups.count, &o));
  }
  if (p->pictures && predictions.view.task == ML_BINARY)
    TRY(write_pictures(ctx, p->pictures, &predictions));
  if (p->report) {
    const struct risk_page page = {.title = "Performance of predictions",
                                   .name = name,
                                   .p = &predictions.view,
                                   .model = p->model,
                                   .time_unit = time_unit(table, present.time),
                                   .record = record,
                                   .sources = sources};
    TRY(risk_report_write(ctx, &page, p->report));
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
    .about =
        "Reads out-of-fold predictions of risk train or predictions made anywhere else. Every "
        "figure comes "
        "with people and events; AUC and C with a 95 % bootstrap interval of people.\n\n"
        "With a time column (not empty) the outcome is survival: Harrell's and Uno's C, and "
        "the AUC at each "
        "horizon, withheld when fewer than 10 events or 10 event-free people are left. A "
        "probability column is then the "
        "predicted risk by the first horizon and gives the Brier score there.\n\n"
        "--subgroup gives the AUC within each value (or band) of a column and the largest gap; the "
        "rows of "
        "--table must be those the predictions were made from, in that order.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
