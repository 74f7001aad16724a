#include "cli/risk_report.h"

#include "core/json.h"
#include "core/statistics.h"
#include "ml/figures.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell_headline(struct report *r, const struct record *record, const char *region,
                          const char *quantity, const char *words) {
  const struct measurement *m = record_find(record, region, quantity);
  if (m) report_headline(r, words, m, NULL);
}

/* Rows without value, with what is missing. */
static void tell_withheld(struct report *r, const struct record *record) {
  for (size_t i = 0; i < record->count; i++) {
    const struct measurement *m = &record->rows[i];
    char words[96], what[192];
    if (!isnan(m->value)) continue;
    report_quantity_words(words, m->quantity);
    snprintf(what, sizeof what, "%s: %s", m->region, words);
    report_withheld(r, what, m->flags, "More people with the event.");
  }
}

static void tell_people(struct report *r, const struct ml_predictions *p) {
  int64_t events = 0, competing = 0;
  char text[32];
  for (int64_t i = 0; i < p->n; i++) {
    events += p->outcome[i] == 1;
    competing += p->outcome[i] == 2;
  }
  const struct {
    const char *name;
    int64_t value;
  } facts[] = {{"People", p->n},
               {"Events", events},
               {"Competing events", competing},
               {"Repeats", p->repeats}};
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    snprintf(text, sizeof text, "%lld", (long long)facts[i].value);
    if (facts[i].value || i < 2) report_fact(r, facts[i].name, text);
  }
}

bool risk_has_probabilities(const struct ml_predictions *p) {
  for (int64_t i = 0; p->probability && i < p->n * p->repeats; i++)
    if (isnan(p->probability[i])) return false;
  return p->probability != NULL;
}

static status tell_roc(struct report *r, const struct risk_page *page) {
  status st = ST_OK;
  struct text svg = {0};
  if (page->other)
    TRY(ml_figure_roc_pair(&svg, page->other_name, page->other, page->name, page->p));
  else
    TRY(ml_figure_roc(&svg, page->p));
  const struct report_reading reading = {
      .good = "A curve well above the dashed line, with a band that does not reach it.",
      .bad = page->other
                 ? "Bands that overlap do not say whether the models differ: that is said by "
                   "the paired difference in the table."
                 : "A band that is wide or holds the dashed line: too few events to say "
                   "that the model is better than chance.",
      .act = "Judge by the interval in the table, on people whom the model has not seen."};
  report_section(r, "Discrimination");
  report_svg(r, &svg,
             "ROC curve, mean over repeats, with pointwise 95 % bands (bootstrap of people).",
             &reading);
done:
  text_free(&svg);
  return st;
}

static status tell_calibration(struct report *r, const struct risk_page *page) {
  status st = ST_OK;
  struct text calibration = {0}, decision = {0};
  char observed[192], benefit[192];
  report_section(r, "Calibration and use");
  if (!risk_has_probabilities(page->p)) {
    report_paragraph(r, "Withheld: the predictions hold no probability for everybody.");
    return st;
  }
  TRY(ml_figure_calibration(&calibration, page->p));
  TRY(ml_figure_decision(&decision, page->p));
  const struct report_reading line = {
      .good = "Points on the dashed line within their limits: of people told 20 %, 20 in 100 have "
              "the event.",
      .bad = "Points below the line at high probabilities: the model promises too much, as after "
             "too many features for the events.",
      .act = "Where discrimination is good and calibration is not, refit slope and intercept on "
             "people of the place where it will be used."};
  snprintf(observed, sizeof observed, "Observed against predicted by %s, tenths of the range.",
           page->name);
  report_svg(r, &calibration, observed, &line);
  const struct report_reading use = {
      .good = "The model lies above both dashed lines at the thresholds at which one would treat.",
      .bad = "Below a dashed line treating all, or nobody, does more good than the model.",
      .act = "Choose the range of thresholds before looking at the curve."};
  snprintf(benefit, sizeof benefit, "Decision curve of %s.", page->name);
  report_svg(r, &decision, benefit, &use);
done:
  text_free(&calibration);
  text_free(&decision);
  return st;
}

/* Thirds of the score of the first repeat. */
static status tell_survival(struct report *r, const struct risk_page *page) {
  static const char *const names[] = {"lowest third", "middle third", "highest third"};
  status st = ST_OK;
  const struct ml_predictions *p = page->p;
  struct text svg = {0};
  int *group = malloc((size_t)(p->n + 1) * sizeof *group);
  CHECK(group, ST_MEMORY, "thirds of %lld people", (long long)p->n);
  double low = stat_percentile(p->score, p->n, 100.0 / 3);
  double high = stat_percentile(p->score, p->n, 200.0 / 3);
  for (int64_t i = 0; i < p->n; i++) group[i] = (p->score[i] > low) + (p->score[i] > high);
  TRY(ml_figure_kaplan_meier(&svg, p->target, p->outcome, group, names, 3, p->n, page->time_unit));
  const struct report_reading reading = {
      .good = "Curves in the order of the score, apart from the start.",
      .bad = "Curves that cross, or that part only at the end, where few people are left.",
      .act = "Read the curves where the follow-up is long enough; `qct survival curve` gives their "
             "limits."};
  report_section(r, "Follow-up");
  bool competing = false;
  for (int64_t i = 0; i < p->n; i++) competing |= p->outcome[i] == 2;
  report_svg(r, &svg,
             competing ? "Share without event by thirds of the predicted risk (first repeat). "
                         "Competing events count as censored, which overstates the risk."
                       : "Share without event by thirds of the predicted risk (first repeat).",
             &reading);
done:
  free(group);
  text_free(&svg);
  return st;
}

static status draw_importance(struct text *svg, const cJSON *model) {
  status st = ST_OK;
  const cJSON *features = json_find(model, "features"),
              *drop = json_find(model, "permutation_importance");
  int count = cJSON_GetArraySize(features);
  const char **names = calloc((size_t)count + 1, sizeof *names);
  double *values = calloc((size_t)count + 1, sizeof *values);
  CHECK(names && values, ST_MEMORY, "importance of %d features", count);
  CHECK(count && count == cJSON_GetArraySize(drop), ST_FORMAT,
        "the model holds %d features and %d importances", count, cJSON_GetArraySize(drop));
  for (int i = 0; i < count; i++) {
    const cJSON *name = json_find(cJSON_GetArrayItem(features, i), "name");
    const cJSON *value = cJSON_GetArrayItem(drop, i);
    CHECK(cJSON_IsString(name) && cJSON_IsNumber(value), ST_FORMAT,
          "feature %d of the model has no name or no importance", i + 1);
    names[i] = name->valuestring;
    values[i] = value->valuedouble;
  }
  TRY(ml_figure_importance(svg, names, values, count));
done:
  free(names);
  free(values);
  return st;
}

static status tell_importance(struct report *r, const char *path) {
  status st = ST_OK;
  struct text svg = {0};
  cJSON *model = NULL;
  TRY(json_read(&model, path));
  TRY(draw_importance(&svg, model));
  const struct report_reading reading = {
      .good = "Features that are known to matter come first.",
      .bad =
          "A feature that can only be known afterwards, or that names the scanner, near the top: "
          "a leak. Features that hold the same share their importance.",
      .act = "Take it as a hint for checking the data, not as a finding about bone."};
  report_section(r, "Importance");
  report_svg(r, &svg, "Drop of the criterion when a feature is shuffled; the model of all people.",
             &reading);
done:
  cJSON_Delete(model);
  text_free(&svg);
  return st;
}

static status fill(struct context *ctx, struct report *r, const struct risk_page *page) {
  status st = ST_OK;
  cJSON *provenance = NULL;
  int count = 0;
  tell_people(r, page->p);
  tell_headline(r, page->record, page->name, "auc", "AUC");
  tell_headline(r, page->record, page->name, "harrell_c", "Harrell's C");
  tell_headline(r, page->record, page->name, "brier", "Brier score");
  tell_headline(r, page->record, page->name, "calibration_slope", "Calibration slope");
  tell_withheld(r, page->record);
  if (page->p->task == ML_BINARY) {
    TRY(tell_roc(r, page));
    TRY(tell_calibration(r, page));
  } else if (page->p->task == ML_SURVIVAL) {
    TRY(tell_survival(r, page));
  }
  if (page->model) TRY(tell_importance(r, page->model));
  report_section(r, "All figures");
  report_measurements(r, page->record, NULL);
  report_section(r, "Sources");
  while (page->sources[count]) count++;
  report_sources(r, page->sources, count);
  provenance = context_provenance(ctx);
  if (!provenance) FAIL(ST_IO, "%s", status_message());
  report_section(r, "Provenance");
  report_provenance(r, provenance);
done:
  cJSON_Delete(provenance);
  return st;
}

status risk_report_write(struct context *ctx, const struct risk_page *page, const char *path) {
  status st = ST_OK;
  struct report *r = NULL;
  char subtitle[200];
  if (page->other)
    snprintf(subtitle, sizeof subtitle, "%.80s against %.80s", page->name, page->other_name);
  else
    snprintf(subtitle, sizeof subtitle, "%.80s", page->name);
  TRY(report_create(&r, page->title, subtitle));
  TRY(fill(ctx, r, page));
  TRY(report_write(r, path, ctx->force));
done:
  report_destroy(r);
  return st;
}
