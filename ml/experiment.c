#include "ml/experiment.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "ml/regression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ml_predictions ml_run_predictions(const struct ml_run *run, const struct ml_dataset *d) {
  enum ml_task task = run->learner->task;
  struct ml_predictions p = {.task = task,
                             .n = d->n,
                             .repeats = run->nested.repeats,
                             .score = run->nested.score,
                             .probability = run->nested.probability,
                             .outcome = task == ML_REGRESSION ? NULL : d->outcome,
                             .target = task == ML_BINARY ? NULL : d->target,
                             .group = d->person};
  return p;
}

/* Platt's scaling of the final model: on the pooled out-of-fold scores of the first repeat. */
static const struct ml_platt *pooled_platt(struct ml_platt *platt, const struct ml_run *run,
                                           const struct ml_dataset *d) {
  if (run->learner->task != ML_BINARY) return NULL;
  if (ml_platt_fit(platt, run->nested.score, d->outcome, d->n) == ST_OK) return platt;
  status_clear();
  return NULL;
}

/* Take the cross-validation from disk when it is there and made from the same, else run and keep
 * it. */
static status nested_or_kept(struct ml_nested_result *out, const struct ml_run *run,
                             const struct ml_data *data, const struct ml_nested_options *o,
                             const struct ml_resume *resume) {
  status st = ST_OK;
  cJSON *json = NULL;
  char path[4200];
  if (!resume) return ml_nested_run(out, run->learner, data, o);
  snprintf(path, sizeof path, "%s/%s.json", resume->folder, run->name);
  if (file_exists(path)) {
    st = json_read(&json, path);
    if (st == ST_OK) st = ml_nested_from_json(out, json, resume->key, path);
    if (st == ST_OK) goto done;
    log_info("%s: starting again (%s)", run->name, status_message());
    status_clear();
    cJSON_Delete(json);
    json = NULL;
  }
  TRY(ml_nested_run(out, run->learner, data, o));
  json = ml_nested_to_json(out, resume->key);
  CHECK(json, ST_MEMORY, "keeping the cross-validation of %s", run->name);
  TRY(json_write(json, path, true));
done:
  cJSON_Delete(json);
  return st;
}

static status run_pair(struct ml_run *run, struct record *record, const struct ml_dataset *d,
                       const char *outcome_name, const struct ml_nested_options *options,
                       const struct ml_resume *resume) {
  status st = ST_OK;
  double *x = NULL;
  char method[96];
  struct ml_platt platt;
  struct ml_nested_options o = *options;
  const struct ml_feature_group *g = &d->groups[run->group];
  TRY(ml_dataset_group(&x, d, run->group));
  struct ml_data data = {x, d->n, g->count, d->outcome, d->target, d->person, d->site};
  o.stage = run->name;
  TRY(nested_or_kept(&run->nested, run, &data, &o, resume));
  struct ml_predictions p = ml_run_predictions(run, d);
  snprintf(method, sizeof method, "nested-cv %dx%d inner %d",
           options->by_site ? 1 : options->repeats, run->nested.fold_count / run->nested.repeats,
           options->inner);
  struct ml_assessment_options a = {.seed = options->seed, .features = g->count, .method = method};
  TRY(ml_assess(record, run->name, &p, &a));
  if (p.task == ML_BINARY) TRY(ml_assess_folds(record, run->name, &run->nested));
  TRY(ml_risk_model_fit(&run->model, run->learner, d, run->group, outcome_name, options,
                        pooled_platt(&platt, run, d)));
  run->importance = malloc((size_t)g->count * sizeof *run->importance);
  CHECK(run->importance, ST_MEMORY, "importance of %d features", g->count);
  TRY(ml_permutation_importance(run->importance, &run->model, d, run->group, options->seed));
done:
  if (st != ST_OK) status_note("%s", run->name);
  free(x);
  return st;
}

static int is_subset(const struct ml_feature_group *small, const struct ml_feature_group *large) {
  for (int i = 0; i < small->count; i++) {
    int found = 0;
    for (int k = 0; k < large->count; k++) found |= large->columns[k] == small->columns[i];
    if (!found) return 0;
  }
  return large->count > small->count;
}

/* Unpenalised logistic fit of one group on the rows that are complete for `complete`. */
static status complete_case_fit(double *log_likelihood, int64_t *rows, const struct ml_dataset *d,
                                const struct ml_feature_group *g,
                                const struct ml_feature_group *complete) {
  status st = ST_OK;
  double *x = malloc((size_t)d->n * (size_t)g->count * sizeof *x);
  double *beta = malloc((size_t)g->count * sizeof *beta);
  int *y = malloc((size_t)d->n * sizeof *y);
  struct ml_logistic_fit fit;
  int64_t m = 0;
  CHECK(x && beta && y, ST_MEMORY, "likelihood-ratio test of %d features", g->count);
  for (int64_t i = 0; i < d->n; i++) {
    int whole = 1;
    for (int k = 0; k < complete->count; k++)
      whole &= isfinite(d->x[i * d->feature_count + complete->columns[k]]) != 0;
    if (!whole) continue;
    for (int k = 0; k < g->count; k++)
      x[m * g->count + k] = d->x[i * d->feature_count + g->columns[k]];
    y[m++] = d->outcome[i];
  }
  TRY(ml_logistic(&fit, beta, NULL, x, y, m, g->count, NULL));
  *log_likelihood = fit.log_likelihood;
  *rows = m;
done:
  free(x);
  free(beta);
  free(y);
  return st;
}

/* What a larger group adds to one it contains: the test that holds for nested models on the same
 * people. */
static status likelihood_ratio(struct record *record, const struct ml_dataset *d, int small,
                               int large) {
  status st = ST_OK;
  const struct ml_feature_group *a = &d->groups[small], *b = &d->groups[large];
  double low = NAN, high = NAN;
  int64_t rows = 0;
  char region[96];
  snprintf(region, sizeof region, "%.30s - %.30s", b->name, a->name);
  st = complete_case_fit(&low, &rows, d, a, b);
  if (st == ST_OK) st = complete_case_fit(&high, &rows, d, b, b);
  if (st == ST_NUMERIC || st == ST_DOMAIN) {
    st = ST_OK;
    CHECK(record_withhold(record, region, "likelihood_ratio_p", "", status_message()), ST_MEMORY,
          "adding a likelihood ratio");
    status_clear();
    goto done;
  }
  if (st != ST_OK) goto done;
  struct measurement *chi2 =
      record_add(record, region, "likelihood_ratio_chi2", 2 * (high - low), "");
  CHECK(chi2, ST_MEMORY, "adding a likelihood ratio");
  chi2->n = rows;
  struct measurement *p = record_add(record, region, "likelihood_ratio_p",
                                     ml_likelihood_ratio_p(low, high, b->count - a->count), "");
  CHECK(p, ST_MEMORY, "adding a likelihood ratio");
  p->n = rows;
  snprintf(p->method, sizeof p->method, "logistic, complete cases, %d df", b->count - a->count);
done:
  return st;
}

static status test_nested_groups(struct record *record, const struct ml_dataset *d) {
  status st = ST_OK;
  for (int a = 0; a < d->group_count; a++)
    for (int b = 0; b < d->group_count; b++)
      if (is_subset(&d->groups[a], &d->groups[b])) TRY(likelihood_ratio(record, d, a, b));
done:
  return st;
}

static status compare_with_first(struct record *record, const struct ml_experiment *e,
                                 const struct ml_dataset *d, uint64_t seed) {
  status st = ST_OK;
  struct ml_assessment_options a = {.seed = seed, .method = "same folds"};
  for (int i = 1; i < e->run_count; i++) {
    struct ml_predictions first = ml_run_predictions(&e->runs[0], d);
    struct ml_predictions other = ml_run_predictions(&e->runs[i], d);
    TRY(ml_assess_difference(record, e->runs[0].name, &first, e->runs[i].name, &other, &a));
  }
done:
  return st;
}

status ml_experiment_run(struct ml_experiment *out, struct record *record,
                         const struct ml_dataset *d, enum ml_task task, const char *outcome_name,
                         const char *const *learners, int learner_count, int balanced,
                         const struct ml_nested_options *options, const struct ml_resume *resume) {
  status st = ST_OK;
  struct ml_experiment e = {0};
  struct ml_learner *copies = NULL;
  CHECK(learner_count >= 1, ST_USAGE, "no learner was named");
  e.runs = calloc((size_t)(d->group_count * learner_count), sizeof *e.runs);
  copies = calloc((size_t)learner_count, sizeof *copies);
  CHECK(e.runs && copies, ST_MEMORY, "%d groups with %d learners", d->group_count, learner_count);
  for (int l = 0; l < learner_count; l++) {
    const struct ml_learner *found = ml_learner_find(learners[l]);
    CHECK(found, ST_USAGE, "learner \"%s\" is not known", learners[l]);
    CHECK(found->task == task, ST_USAGE, "learner \"%s\" is for another kind of outcome",
          learners[l]);
    copies[l] = *found;
    copies[l].balanced = balanced;
    copies[l].seed = options->seed;
  }
  TRY(ml_dataset_warnings(record, d));
  for (int g = 0; g < d->group_count; g++)
    for (int l = 0; l < learner_count; l++) {
      struct ml_run *run = &e.runs[e.run_count++];
      run->group = g;
      run->learner = &copies[l];
      snprintf(run->name, sizeof run->name, "%.40s %.20s", d->groups[g].name, copies[l].name);
      TRY(run_pair(run, record, d, outcome_name, options, resume));
      /* what outlives this call refers to the constant learner, not to the copy */
      run->learner = run->model.chain.learner = ml_learner_find(learners[l]);
    }
  TRY(compare_with_first(record, &e, d, options->seed));
  if (task == ML_BINARY) TRY(test_nested_groups(record, d));
  *out = e;
  memset(&e, 0, sizeof e);
done:
  ml_experiment_free(&e);
  free(copies);
  return st;
}

void ml_experiment_free(struct ml_experiment *e) {
  for (int i = 0; i < e->run_count; i++) {
    ml_nested_free(&e->runs[i].nested);
    if (e->runs[i].model.chain.learner) ml_risk_model_free(&e->runs[i].model);
    free(e->runs[i].importance);
  }
  free(e->runs);
  memset(e, 0, sizeof *e);
}

status ml_experiment_predictions(struct table **out, const struct ml_experiment *e,
                                 const struct ml_dataset *d, const char *id_column) {
  status st = ST_OK;
  struct table *t = NULL;
  size_t rows = 0, at = 0;
  enum { ROW, PERSON, RUN, REPEAT, FOLD, SCORE, PROBABILITY, OUTCOME, TIME };
  static const struct {
    const char *name;
    bool numeric;
  } columns[] = {{"row", true},         {"person", false}, {"run", false},
                 {"repeat", true},      {"fold", true},    {"score", true},
                 {"probability", true}, {"outcome", true}, {"time", true}};
  for (int i = 0; i < e->run_count; i++) rows += (size_t)(e->runs[i].nested.repeats * d->n);
  TRY(table_create(&t, rows));
  for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
    TRY(table_add_column(t, columns[c].name, "", columns[c].numeric));
  int id = id_column ? table_find(d->table, id_column) : -1;
  for (int i = 0; i < e->run_count; i++) {
    const struct ml_nested_result *r = &e->runs[i].nested;
    enum ml_task task = e->runs[i].learner->task;
    for (int k = 0; k < r->repeats; k++)
      for (int64_t q = 0; q < d->n; q++, at++) {
        char number[32];
        const char *text = id >= 0 ? table_cell(number, d->table, id, (size_t)q) : "";
        int64_t cell = (int64_t)k * d->n + q;
        t->columns[ROW].numbers[at] = (double)q + 1;
        TRY(table_set_text(t, at, PERSON, text));
        TRY(table_set_text(t, at, RUN, e->runs[i].name));
        t->columns[REPEAT].numbers[at] = k + 1;
        t->columns[FOLD].numbers[at] = r->fold[cell] + 1;
        t->columns[SCORE].numbers[at] = r->score[cell];
        t->columns[PROBABILITY].numbers[at] = r->probability ? r->probability[cell] : NAN;
        t->columns[OUTCOME].numbers[at] = task == ML_REGRESSION ? d->target[q] : d->outcome[q];
        t->columns[TIME].numbers[at] = task == ML_SURVIVAL ? d->target[q] : NAN;
      }
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  return st;
}

status ml_experiment_folds(struct table **out, const struct ml_experiment *e) {
  status st = ST_OK;
  struct table *t = NULL;
  size_t rows = 0, at = 0;
  static const char *const numeric[] = {"repeat", "fold", "inner score", "outer score",
                                        "train",  "test", "features"};
  for (int i = 0; i < e->run_count; i++) rows += (size_t)e->runs[i].nested.fold_count;
  TRY(table_create(&t, rows));
  TRY(table_add_column(t, "run", "", false));
  TRY(table_add_column(t, "hyper-parameters", "", false));
  for (size_t c = 0; c < sizeof numeric / sizeof *numeric; c++)
    TRY(table_add_column(t, numeric[c], "", true));
  for (int i = 0; i < e->run_count; i++)
    for (int f = 0; f < e->runs[i].nested.fold_count; f++, at++) {
      const struct ml_nested_fold *fold = &e->runs[i].nested.folds[f];
      const double values[] = {fold->repeat + 1.0,    fold->fold + 1.0,    fold->inner_score,
                               fold->outer_score,     (double)fold->train, (double)fold->test,
                               (double)fold->features};
      char text[96];
      e->runs[i].learner->describe(e->runs[i].learner, fold->point, text);
      TRY(table_set_text(t, at, 0, e->runs[i].name));
      TRY(table_set_text(t, at, 1, text));
      for (size_t c = 0; c < sizeof values / sizeof *values; c++)
        t->columns[2 + c].numbers[at] = values[c];
    }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  return st;
}
