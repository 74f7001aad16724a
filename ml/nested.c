#include "ml/nested.h"

#include "core/parallel.h"
#include "core/progress.h"
#include "core/random.h"
#include "ml/discrimination.h"
#include "ml/folds.h"
#include "ml/reliability.h"
#include "ml/selection.h"
#include "ml/survival.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double ml_criterion(enum ml_task task, const double *score, const int *outcome,
                    const double *target, int64_t n) {
  double value = NAN;
  if (task == ML_BINARY) {
    struct ml_auc auc;
    if (ml_auc(&auc, score, outcome, n) == ST_OK) value = auc.auc;
  } else if (task == ML_SURVIVAL) {
    struct ml_concordance c;
    if (ml_harrell(&c, score, target, outcome, n) == ST_OK) value = c.c;
  } else {
    double mean = 0, error = 0, spread = 0;
    for (int64_t i = 0; i < n; i++) mean += target[i] / (double)n;
    for (int64_t i = 0; i < n; i++) {
      error += (target[i] - score[i]) * (target[i] - score[i]);
      spread += (target[i] - mean) * (target[i] - mean);
    }
    if (spread > 0) value = 1 - error / spread;
  }
  if (isnan(value)) status_clear();
  return value;
}

/* Rows of the data as a scaled set of the kept columns; arrays owned by the set's maker. */
struct scaled_rows {
  struct ml_set set;
  double *x, *target;
  int *outcome;
};

static void scaled_rows_free(struct scaled_rows *s) {
  free(s->x);
  free(s->target);
  free(s->outcome);
}

static status scaled_rows_make(struct scaled_rows *s, const struct ml_data *data,
                               const int64_t *rows, int64_t count, const struct ml_scaling *scaling,
                               const int *kept, int kept_count) {
  status st = ST_OK;
  int columns = kept ? kept_count : scaling->out;
  double *row = malloc((size_t)scaling->out * sizeof *row);
  s->x = malloc((size_t)(count * columns + 1) * sizeof *s->x);
  s->target = malloc((size_t)(count + 1) * sizeof *s->target);
  s->outcome = malloc((size_t)(count + 1) * sizeof *s->outcome);
  CHECK(row && s->x && s->target && s->outcome, ST_MEMORY, "scaling %lld rows", (long long)count);
  for (int64_t i = 0; i < count; i++) {
    ml_scaling_apply(scaling, data->x + rows[i] * data->p, row);
    for (int c = 0; c < columns; c++) s->x[i * columns + c] = row[kept ? kept[c] : c];
    s->target[i] = data->target ? data->target[rows[i]] : 0;
    s->outcome[i] = data->outcome ? data->outcome[rows[i]] : 0;
  }
  s->set = (struct ml_set){s->x, count, columns, data->outcome ? s->outcome : NULL,
                           data->target ? s->target : NULL};
done:
  free(row);
  return st;
}

/* Scaling and selection learnt on `rows`. */
static status prepare(struct ml_chain *c, const struct ml_learner *learner,
                      const struct ml_data *data, const int64_t *rows, int64_t count,
                      const struct ml_nested_options *o, uint64_t stream) {
  status st = ST_OK;
  struct scaled_rows all = {0};
  TRY(ml_scaling_learn(&c->scaling, data->x, data->p, rows, count, o->most_missing));
  c->kept = malloc((size_t)c->scaling.out * sizeof *c->kept);
  CHECK(c->kept, ST_MEMORY, "selecting among %d columns", c->scaling.out);
  TRY(scaled_rows_make(&all, data, rows, count, &c->scaling, NULL, 0));
  TRY(ml_select(c->kept, &c->kept_count, o->selection, &all.set, learner->task,
                random_bits(o->seed, 77, stream)));
done:
  scaled_rows_free(&all);
  return st;
}

static int64_t pick_rows(int64_t *out, const int64_t *rows, const int *fold, int64_t count, int f,
                         int inside) {
  int64_t m = 0;
  for (int64_t i = 0; i < count; i++)
    if ((fold[i] == f) == inside) out[m++] = rows[i];
  return m;
}

/* Folds of a subset of rows, people with an event spread evenly. */
static status subset_folds(int *fold, const struct ml_learner *learner, const struct ml_data *data,
                           const int64_t *rows, int64_t count, int k, uint64_t seed, int repeat) {
  status st = ST_OK;
  int64_t *group = malloc((size_t)count * sizeof *group);
  int *stratum = malloc((size_t)count * sizeof *stratum);
  const int *outcome = learner->task == ML_REGRESSION ? NULL : data->outcome;
  CHECK(group && stratum, ST_MEMORY, "splitting %lld rows", (long long)count);
  for (int64_t i = 0; i < count; i++) {
    group[i] = data->group ? data->group[rows[i]] : rows[i];
    stratum[i] = outcome ? outcome[rows[i]] == 1 : 0;
  }
  TRY(ml_folds(fold, group, outcome ? stratum : NULL, count, k, seed, repeat));
done:
  free(group);
  free(stratum);
  return st;
}

static status grid_scores(const struct ml_learner *learner, const struct ml_set *train,
                          const struct ml_set *test, double *scores) {
  status st = ST_OK;
  void *model = NULL;
  if (learner->grid_scores) return learner->grid_scores(learner, train, test, scores);
  for (int point = 0; point < learner->grid; point++) {
    TRY(learner->fit(&model, learner, train, point));
    learner->score(model, test->x, test->n, test->p, scores + (int64_t)point * test->n);
    learner->destroy(model);
    model = NULL;
  }
done:
  if (model) learner->destroy(model);
  return st;
}

/* Mean inner criterion of each grid point; scaling and selection again inside each inner training
 * set. */
static status inner_search(double *mean, const struct ml_learner *learner,
                           const struct ml_data *data, const int64_t *rows, int64_t count,
                           const struct ml_nested_options *o, uint64_t stream) {
  status st = ST_OK;
  int *fold = malloc((size_t)count * sizeof *fold),
      *used = calloc((size_t)learner->grid, sizeof *used);
  int64_t *in = malloc((size_t)count * sizeof *in), *out = malloc((size_t)count * sizeof *out);
  double *scores = malloc((size_t)learner->grid * (size_t)count * sizeof *scores);
  CHECK(fold && used && in && out && scores, ST_MEMORY, "inner folds of %lld rows",
        (long long)count);
  memset(mean, 0, (size_t)learner->grid * sizeof *mean);
  TRY(subset_folds(fold, learner, data, rows, count, o->inner, random_bits(o->seed, 78, stream),
                   0));
  for (int f = 0; f < o->inner; f++) {
    struct ml_chain c = {0};
    struct scaled_rows train = {0}, test = {0};
    int64_t n_in = pick_rows(in, rows, fold, count, f, 0),
            n_out = pick_rows(out, rows, fold, count, f, 1);
    st = prepare(&c, learner, data, in, n_in, o, stream * 64 + (uint64_t)f + 1);
    if (st == ST_OK)
      st = scaled_rows_make(&train, data, in, n_in, &c.scaling, c.kept, c.kept_count);
    if (st == ST_OK)
      st = scaled_rows_make(&test, data, out, n_out, &c.scaling, c.kept, c.kept_count);
    if (st == ST_OK) st = grid_scores(learner, &train.set, &test.set, scores);
    for (int g = 0; st == ST_OK && g < learner->grid; g++) {
      double v = ml_criterion(learner->task, scores + (int64_t)g * n_out, test.set.outcome,
                              test.set.target, n_out);
      if (isnan(v)) continue;
      mean[g] += v;
      used[g]++;
    }
    scaled_rows_free(&train);
    scaled_rows_free(&test);
    ml_chain_free(&c);
    if (st != ST_OK) {
      status_note("inner fold %d", f + 1);
      goto done;
    }
  }
  for (int g = 0; g < learner->grid; g++) mean[g] = used[g] ? mean[g] / used[g] : -INFINITY;
done:
  free(fold);
  free(used);
  free(in);
  free(out);
  free(scores);
  return st;
}

static status chain_fit(struct ml_chain *out, const struct ml_learner *learner,
                        const struct ml_data *data, const int64_t *rows, int64_t count,
                        const struct ml_nested_options *o, uint64_t stream) {
  status st = ST_OK;
  struct ml_chain c = {.learner = learner, .inner_score = NAN};
  struct scaled_rows train = {0};
  double *mean = malloc((size_t)learner->grid * sizeof *mean);
  const double tie = 1e-12;
  CHECK(mean, ST_MEMORY, "grid of %d points", learner->grid);
  if (learner->grid > 1) {
    TRY(inner_search(mean, learner, data, rows, count, o, stream));
    for (int g = 1; g < learner->grid; g++)
      if (mean[g] > mean[c.point] + tie) c.point = g;
    c.inner_score = isfinite(mean[c.point]) ? mean[c.point] : NAN;
  }
  TRY(prepare(&c, learner, data, rows, count, o, stream * 64));
  TRY(scaled_rows_make(&train, data, rows, count, &c.scaling, c.kept, c.kept_count));
  TRY(learner->fit(&c.model, learner, &train.set, c.point));
  *out = c;
  memset(&c, 0, sizeof c);
done:
  free(mean);
  scaled_rows_free(&train);
  ml_chain_free(&c);
  return st;
}

status ml_chain_fit(struct ml_chain *out, const struct ml_learner *learner,
                    const struct ml_data *data, const int64_t *rows, int64_t count,
                    const struct ml_nested_options *options) {
  return chain_fit(out, learner, data, rows, count, options, 0);
}

status ml_chain_score(const struct ml_chain *c, const double *raw_rows, int64_t n, double *scores) {
  status st = ST_OK;
  double *row = malloc((size_t)c->scaling.out * sizeof *row);
  double *kept = malloc((size_t)c->scaling.out * sizeof *kept);
  CHECK(row && kept, ST_MEMORY, "scoring %lld rows", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    ml_scaling_apply(&c->scaling, raw_rows + i * c->scaling.raw, row);
    for (int k = 0; k < c->kept_count; k++) kept[k] = row[c->kept[k]];
    c->learner->score(c->model, kept, 1, c->kept_count, scores + i);
  }
done:
  free(row);
  free(kept);
  return st;
}

void ml_chain_free(struct ml_chain *c) {
  ml_scaling_free(&c->scaling);
  free(c->kept);
  if (c->model) c->learner->destroy(c->model);
  c->kept = NULL;
  c->model = NULL;
}

/* One outer fold: fit on the others, score its rows. */
static status outer_fold(struct ml_nested_result *r, struct ml_nested_fold *f,
                         const struct ml_learner *learner, const struct ml_data *data,
                         const struct ml_nested_options *o) {
  status st = ST_OK;
  struct ml_chain c = {0};
  const int *fold = r->fold + (int64_t)f->repeat * data->n;
  double *score = r->score + (int64_t)f->repeat * data->n;
  int64_t *all = malloc(3 * (size_t)data->n * sizeof *all);
  double *test_x = malloc((size_t)data->n * (size_t)data->p * sizeof *test_x);
  double *values = malloc(2 * (size_t)data->n * sizeof *values);
  int *outcome = malloc((size_t)data->n * sizeof *outcome);
  CHECK(all && test_x && values && outcome, ST_MEMORY, "outer fold of %lld rows",
        (long long)data->n);
  int64_t *in = all + data->n, *out = in + data->n;
  for (int64_t i = 0; i < data->n; i++) all[i] = i;
  f->train = pick_rows(in, all, fold, data->n, f->fold, 0);
  f->test = pick_rows(out, all, fold, data->n, f->fold, 1);
  TRY(chain_fit(&c, learner, data, in, f->train, o,
                (uint64_t)f->repeat * 1000 + (uint64_t)f->fold + 1));
  for (int64_t i = 0; i < f->test; i++) {
    memcpy(test_x + i * data->p, data->x + out[i] * data->p, (size_t)data->p * sizeof *test_x);
    outcome[i] = data->outcome ? data->outcome[out[i]] : 0;
    values[data->n + i] = data->target ? data->target[out[i]] : 0;
  }
  TRY(ml_chain_score(&c, test_x, f->test, values));
  for (int64_t i = 0; i < f->test; i++) score[out[i]] = values[i];
  f->point = c.point;
  f->inner_score = c.inner_score;
  f->features = c.kept_count;
  f->outer_score = ml_criterion(learner->task, values, outcome, values + data->n, f->test);
done:
  if (st != ST_OK) status_note("repeat %d, fold %d", f->repeat + 1, f->fold + 1);
  ml_chain_free(&c);
  free(all);
  free(test_x);
  free(values);
  free(outcome);
  return st;
}

/* Probabilities of each fold by Platt's scaling learnt on the out-of-fold values of the other
 * folds. */
static status platt_by_fold(struct ml_nested_result *r, const struct ml_data *data, int repeat,
                            int folds) {
  status st = ST_OK;
  const double *score = r->score + (int64_t)repeat * r->n;
  const int *fold = r->fold + (int64_t)repeat * r->n;
  double *probability = r->probability + (int64_t)repeat * r->n;
  double *f = malloc((size_t)r->n * sizeof *f);
  int *y = malloc((size_t)r->n * sizeof *y);
  CHECK(f && y, ST_MEMORY, "calibrating %lld scores", (long long)r->n);
  for (int k = 0; k < folds; k++) {
    struct ml_platt platt;
    int64_t m = 0;
    for (int64_t i = 0; i < r->n; i++)
      if (fold[i] != k) {
        f[m] = score[i];
        y[m++] = data->outcome[i];
      }
    st = ml_platt_fit(&platt, f, y, m);
    int refused = st == ST_DOMAIN;
    if (refused) {
      st = ST_OK;
      status_clear();
      r->platt_refused++;
    }
    if (st != ST_OK) goto done;
    for (int64_t i = 0; i < r->n; i++)
      if (fold[i] == k) probability[i] = refused ? NAN : ml_platt_probability(&platt, score[i]);
  }
done:
  free(f);
  free(y);
  return st;
}

static status make_folds(struct ml_nested_result *r, int *k, const struct ml_learner *learner,
                         const struct ml_data *data, const struct ml_nested_options *o) {
  status st = ST_OK;
  int64_t *rows = malloc((size_t)data->n * sizeof *rows);
  CHECK(rows, ST_MEMORY, "splitting %lld rows", (long long)data->n);
  for (int64_t i = 0; i < data->n; i++) rows[i] = i;
  *k = o->outer;
  if (o->by_site) {
    CHECK(data->site, ST_DOMAIN, "leave-one-site-out needs the site of each row");
    CHECK(r->repeats == 1, ST_DOMAIN,
          "leave-one-site-out has nothing to repeat: repeats must be 1");
    TRY(ml_folds_by_site(r->fold, k, data->group, data->site, data->n));
  } else {
    for (int i = 0; i < r->repeats; i++)
      TRY(subset_folds(r->fold + (int64_t)i * data->n, learner, data, rows, data->n, o->outer,
                       o->seed, i));
  }
done:
  free(rows);
  return st;
}

status ml_nested_run(struct ml_nested_result *out, const struct ml_learner *learner,
                     const struct ml_data *data, const struct ml_nested_options *options) {
  status st = ST_OK;
  const struct ml_nested_options *o = options;
  struct ml_nested_result r = {.repeats = o->repeats, .n = data->n};
  struct progress progress;
  int k = 0, started = 0;
  CHECK(o->repeats >= 1 && o->repeats <= 1000 && o->outer <= 1000 && o->inner >= 2, ST_DOMAIN,
        "%d repeats of %d folds with %d inner folds: 1 to 1000 repeats, at most 1000 folds, at "
        "least 2 "
        "inner folds",
        o->repeats, o->outer, o->inner);
  size_t cells = (size_t)o->repeats * (size_t)data->n;
  r.score = malloc(cells * sizeof *r.score);
  r.fold = malloc(cells * sizeof *r.fold);
  CHECK(r.score && r.fold, ST_MEMORY, "out-of-fold scores of %lld people", (long long)data->n);
  TRY(make_folds(&r, &k, learner, data, o));
  r.fold_count = o->repeats * k;
  r.folds = calloc((size_t)r.fold_count, sizeof *r.folds);
  CHECK(r.folds, ST_MEMORY, "%d folds", r.fold_count);
  for (int t = 0; t < r.fold_count; t++)
    r.folds[t] = (struct ml_nested_fold){.repeat = t / k, .fold = t % k};
  progress_begin(&progress, o->stage ? o->stage : "cross-validation", "folds", r.fold_count);
  started = 1;
  /* the first failure by task number is the one reported, whatever thread met it */
  int failed = r.fold_count, finished = 0;
  status failure = ST_OK;
  char message[2048] = "";
#pragma omp parallel for schedule(dynamic, 1) num_threads(parallel_threads())
  for (int t = 0; t < r.fold_count; t++) {
    int stop;
#pragma omp atomic read
    stop = failed;
    if (stop < t) continue;
    status task = outer_fold(&r, &r.folds[t], learner, data, o);
#pragma omp critical(ml_nested)
    {
      finished++;
      if (task != ST_OK && t < failed) {
        failed = t;
        failure = task;
        snprintf(message, sizeof message, "%s", status_message());
      }
      if (omp_get_thread_num() == 0) progress_update(&progress, finished, NULL);
    }
  }
  CHECK(failure == ST_OK, failure, "%s: %s", learner->name, message);
  if (learner->task == ML_BINARY) {
    r.probability = malloc(cells * sizeof *r.probability);
    CHECK(r.probability, ST_MEMORY, "probabilities of %lld people", (long long)data->n);
    for (int i = 0; i < o->repeats; i++) TRY(platt_by_fold(&r, data, i, k));
  }
  *out = r;
  memset(&r, 0, sizeof r);
done:
  if (started) progress_end(&progress);
  ml_nested_free(&r);
  return st;
}

void ml_nested_free(struct ml_nested_result *r) {
  free(r->score);
  free(r->probability);
  free(r->fold);
  free(r->folds);
  memset(r, 0, sizeof *r);
}
