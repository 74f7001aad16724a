/* Linear learners: logistic regression with ridge or lasso penalty, Cox regression with ridge
 * penalty; both also plain, as what a gain is a gain over. */
#include "core/json.h"
#include "ml/learner.h"
#include "ml/regression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Penalty per 100 people, strongest first, so that a tie goes to the simpler model. */
static const double penalties[] = {1e2, 3e1, 1e1, 3e0, 1e0, 3e-1, 1e-1, 1e-2, 1e-4};
enum { PENALTIES = sizeof penalties / sizeof *penalties };
static const double plain_penalty = 1e-6; /* only so that a fit that separates has an end */

struct linear_kind {
  int lasso, cox, plain;
};
static const struct linear_kind ridge_kind = {0, 0, 0}, lasso_kind = {1, 0, 0},
                                cox_kind = {0, 1, 0}, logistic_plain_kind = {0, 0, 1},
                                cox_plain_kind = {0, 1, 1};

struct linear_model {
  int p;
  int separated; /* the features tell all people apart: the coefficients rest on the penalty */
  double intercept;
  double *beta;
};

static void describe(const struct ml_learner *self, int point, char out[96]) {
  const struct linear_kind *k = self->config;
  if (k->plain)
    snprintf(out, 96, "no penalty");
  else
    snprintf(out, 96, "%s=%g per 100", k->lasso ? "lasso" : "ridge", penalties[point]);
}

static void destroy(void *model) {
  struct linear_model *m = model;
  if (!m) return;
  free(m->beta);
  free(m);
}

static status model_alloc(struct linear_model **out, int p) {
  status st = ST_OK;
  struct linear_model *m = calloc(1, sizeof *m);
  CHECK(m, ST_MEMORY, "linear model");
  m->p = p;
  m->beta = calloc((size_t)p + 1, sizeof *m->beta);
  CHECK(m->beta, ST_MEMORY, "linear model of %d features", p);
  *out = m;
  m = NULL;
done:
  destroy(m);
  return st;
}

static status balanced_weights(double **out, const struct ml_learner *self,
                               const struct ml_set *train) {
  status st = ST_OK;
  double *w = NULL;
  if (self->balanced) {
    int64_t events = 0;
    for (int64_t i = 0; i < train->n; i++) events += train->outcome[i] == 1;
    w = malloc((size_t)train->n * sizeof *w);
    CHECK(w, ST_MEMORY, "class weights of %lld people", (long long)train->n);
    for (int64_t i = 0; i < train->n; i++)
      w[i] = (double)train->n / (2 * (double)(train->outcome[i] == 1 ? events : train->n - events));
  }
  *out = w;
done:
  return st;
}

static status fit(void **out, const struct ml_learner *self, const struct ml_set *train,
                  int point) {
  status st = ST_OK;
  const struct linear_kind *k = self->config;
  struct linear_model *m = NULL;
  double *weights = NULL;
  double penalty = k->plain ? plain_penalty : penalties[point] * (double)train->n / 100;
  TRY(model_alloc(&m, train->p));
  if (k->cox) {
    struct ml_cox_fit fitted;
    TRY(ml_cox(&fitted, m->beta, NULL, train->x, train->target, train->outcome, train->n, train->p,
               penalty));
  } else {
    struct ml_logistic_fit fitted;
    TRY(balanced_weights(&weights, self, train));
    struct ml_logistic_options o = {.weights = weights};
    *(k->lasso ? &o.lasso : &o.ridge) = penalty;
    TRY(ml_logistic(&fitted, m->beta, NULL, train->x, train->outcome, train->n, train->p, &o));
    m->intercept = fitted.intercept;
    m->separated = fitted.separated;
  }
  *out = m;
  m = NULL;
done:
  free(weights);
  destroy(m);
  return st;
}

static void score(const void *model, const double *x, int64_t n, int p, double *scores) {
  const struct linear_model *m = model;
  for (int64_t i = 0; i < n; i++) {
    scores[i] = m->intercept;
    for (int j = 0; j < p; j++) scores[i] += x[i * p + j] * m->beta[j];
  }
}

static cJSON *to_json(const void *model) {
  const struct linear_model *m = model;
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  json_add_number(json, "features", m->p);
  json_add_number(json, "intercept", m->intercept);
  json_add_numbers(json, "coefficients", m->beta, m->p);
  if (m->separated) cJSON_AddBoolToObject(json, "separated", 1);
  return json;
}

static status from_json(void **out, const cJSON *json, const char *what) {
  status st = ST_OK;
  struct linear_model *m = NULL;
  double p;
  TRY(json_get_number(&p, json, "features", what));
  CHECK(p >= 1 && p <= 1e6, ST_FORMAT, "%s: %g features are out of range", what, p);
  TRY(model_alloc(&m, (int)p));
  TRY(json_get_number(&m->intercept, json, "intercept", what));
  TRY(json_get_numbers(m->beta, m->p, json, "coefficients", what));
  *out = m;
  m = NULL;
done:
  destroy(m);
  return st;
}

#define LINEAR_LEARNER(symbol, text, kind, table, points)                                          \
  const struct ml_learner symbol = {.name = text,                                                  \
                                    .task = kind,                                                  \
                                    .grid = points,                                                \
                                    .config = &table,                                              \
                                    .describe = describe,                                          \
                                    .fit = fit,                                                    \
                                    .score = score,                                                \
                                    .destroy = destroy,                                            \
                                    .to_json = to_json,                                            \
                                    .from_json = from_json}

LINEAR_LEARNER(ml_learner_logistic, "logistic", ML_BINARY, ridge_kind, PENALTIES);
LINEAR_LEARNER(ml_learner_lasso, "lasso", ML_BINARY, lasso_kind, PENALTIES);
LINEAR_LEARNER(ml_learner_cox, "cox", ML_SURVIVAL, cox_kind, PENALTIES);
LINEAR_LEARNER(ml_learner_logistic_plain, "logistic-plain", ML_BINARY, logistic_plain_kind, 1);
LINEAR_LEARNER(ml_learner_cox_plain, "cox-plain", ML_SURVIVAL, cox_plain_kind, 1);

const struct ml_learner *ml_learner_find(const char *name) {
  static const struct ml_learner *const all[] = {
      &ml_learner_svm_rbf,    &ml_learner_svm_linear,     &ml_learner_svr_rbf,
      &ml_learner_svr_linear, &ml_learner_logistic,       &ml_learner_lasso,
      &ml_learner_cox,        &ml_learner_deep,           &ml_learner_deep_cox,
      &ml_learner_deep_time,  &ml_learner_logistic_plain, &ml_learner_cox_plain};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(all[i]->name, name)) return all[i];
  return NULL;
}
