#include "ml/federated.h"

#include "core/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

status ml_federated_average(double *out, const double *const *weights, const int64_t *people,
                            int sites, int count) {
  status st = ST_OK;
  double total = 0;
  CHECK(sites >= 1, ST_DOMAIN, "averaging models of no site");
  for (int s = 0; s < sites; s++) {
    CHECK(people[s] > 0, ST_DOMAIN, "averaging models: site %d has %lld people", s + 1,
          (long long)people[s]);
    total += (double)people[s];
  }
  for (int i = 0; i < count; i++) {
    double sum = 0;
    for (int s = 0; s < sites; s++) sum += (double)people[s] / total * weights[s][i];
    out[i] = sum;
  }
done:
  return st;
}

static int differs(double a, double b) {
  return fabs(a - b) > 1e-9 * fmax(1, fabs(a));
}

/* Do two models have the same features, columns and scaling? */
static status check_alike(const struct ml_risk_model *a, const struct ml_risk_model *b, int site) {
  status st = ST_OK;
  const struct ml_scaling *p = &a->chain.scaling, *q = &b->chain.scaling;
  CHECK(!strcmp(a->learner, b->learner), ST_DOMAIN,
        "averaging models: site %d trained %s, the first %s", site, b->learner, a->learner);
  CHECK(a->feature_count == b->feature_count && p->out == q->out &&
            a->chain.kept_count == b->chain.kept_count,
        ST_DOMAIN, "averaging models: site %d has %d features in %d columns, the first %d in %d",
        site, b->feature_count, b->chain.kept_count, a->feature_count, a->chain.kept_count);
  for (int f = 0; f < a->feature_count; f++)
    CHECK(!strcmp(a->features[f].name, b->features[f].name) &&
              !strcmp(a->features[f].unit, b->features[f].unit),
          ST_DOMAIN, "averaging models: feature %d of site %d is %s [%s], of the first %s [%s]",
          f + 1, site, b->features[f].name, b->features[f].unit, a->features[f].name,
          a->features[f].unit);
  for (int c = 0; c < p->out; c++)
    CHECK(p->from[c] == q->from[c] && p->indicator[c] == q->indicator[c] &&
              !differs(p->centre[c], q->centre[c]) && !differs(p->scale[c], q->scale[c]),
          ST_DOMAIN,
          "averaging models: site %d standardised %s with mean %g and SD %g, the first with %g and "
          "%g; "
          "standardise all sites with the pooled mean and SD first",
          site, a->features[p->from[c]].name, q->centre[c], q->scale[c], p->centre[c], p->scale[c]);
  for (int k = 0; k < a->chain.kept_count; k++)
    CHECK(a->chain.kept[k] == b->chain.kept[k], ST_DOMAIN,
          "averaging models: site %d kept other columns than the first", site);
done:
  return st;
}

/* (intercept, coefficients) of a linear model through its own JSON. */
static status coefficients(double *out, const struct ml_risk_model *m) {
  status st = ST_OK;
  cJSON *json = m->chain.learner->to_json(m->chain.model);
  CHECK(json, ST_MEMORY, "averaging models");
  TRY(json_get_number(&out[0], json, "intercept", "model"));
  TRY(json_get_numbers(out + 1, m->chain.kept_count, json, "coefficients", "model"));
done:
  cJSON_Delete(json);
  return st;
}

static int is_linear(const char *learner) {
  static const char *const linear[] = {"logistic", "lasso", "cox", "logistic-plain", "cox-plain"};
  for (size_t i = 0; i < sizeof linear / sizeof *linear; i++)
    if (!strcmp(learner, linear[i])) return 1;
  return 0;
}

status ml_federated_model(struct ml_risk_model *out, const struct ml_risk_model *models,
                          int sites) {
  status st = ST_OK;
  const struct ml_risk_model *first = &models[0];
  struct ml_risk_model m = {0};
  cJSON *json = NULL, *linear = NULL;
  int count = first->chain.kept_count + 1;
  double *all = malloc(((size_t)sites + 1) * (size_t)count * sizeof *all);
  const double **rows = malloc((size_t)sites * sizeof *rows);
  int64_t *people = malloc((size_t)sites * sizeof *people);
  CHECK(all && rows && people, ST_MEMORY, "averaging %d models", sites);
  CHECK(is_linear(first->learner), ST_DOMAIN,
        "a model of %s cannot be averaged by its coefficients; logistic, lasso and cox can",
        first->learner);
  for (int s = 0; s < sites; s++) {
    TRY(check_alike(first, &models[s], s + 1));
    rows[s] = all + (s + 1) * count;
    TRY(coefficients(all + (s + 1) * count, &models[s]));
    people[s] = models[s].people;
  }
  TRY(ml_federated_average(all, rows, people, sites, count));
  json = ml_risk_model_to_json(first);
  CHECK(json, ST_MEMORY, "averaging %d models", sites);
  linear = cJSON_CreateObject();
  CHECK(linear, ST_MEMORY, "averaging %d models", sites);
  json_add_number(linear, "features", first->chain.kept_count);
  json_add_number(linear, "intercept", all[0]);
  json_add_numbers(linear, "coefficients", all + 1, first->chain.kept_count);
  CHECK(cJSON_ReplaceItemInObject(json, "model", linear), ST_MEMORY, "averaging %d models", sites);
  linear = NULL;
  /* probabilities were calibrated on one site's scores: not the average's */
  cJSON_DeleteItemFromObject(json, "platt");
  TRY(ml_risk_model_from_json(&m, json, "averaged model"));
  m.people = m.events = 0;
  for (int s = 0; s < sites; s++) {
    m.people += models[s].people;
    m.events += models[s].events;
    for (int f = 0; f < m.feature_count; f++) {
      m.features[f].low = fmin(m.features[f].low, models[s].features[f].low);
      m.features[f].high = fmax(m.features[f].high, models[s].features[f].high);
    }
  }
  if (isfinite(first->prevalence)) m.prevalence = (double)m.events / (double)m.people;
  *out = m;
done:
  cJSON_Delete(json);
  cJSON_Delete(linear);
  free(all);
  free(rows);
  free(people);
  return st;
}

static double expit(double x) {
  return 1 / (1 + exp(-x));
}

status ml_pool_auc(struct ml_pooled_auc *out, const double *auc, const double *variance,
                   int sites) {
  status st = ST_OK;
  const double z95 = 1.959963984540054;
  struct ml_pooled_auc p = {0};
  double w = 0, wx = 0, ww = 0, r = 0, rx = 0;
  CHECK(sites >= 2, ST_DOMAIN, "pooling the AUC of %d site: at least 2 are needed", sites);
  for (int s = 0; s < sites; s++) {
    CHECK(auc[s] > 0 && auc[s] < 1 && variance[s] > 0, ST_DOMAIN,
          "pooling AUCs: site %d has AUC %g with variance %g; the AUC must lie between 0 and 1 and "
          "the variance "
          "be greater than 0",
          s + 1, auc[s], variance[s]);
    double slope = auc[s] * (1 - auc[s]), k = slope * slope / variance[s];
    w += k;
    wx += k * log(auc[s] / (1 - auc[s]));
    ww += k * k;
  }
  double mean = wx / w;
  for (int s = 0; s < sites; s++) {
    double slope = auc[s] * (1 - auc[s]), x = log(auc[s] / (1 - auc[s])) - mean;
    p.q += slope * slope / variance[s] * x * x;
  }
  double df = sites - 1;
  p.tau2 = fmax(0, (p.q - df) / (w - ww / w));
  p.i2 = p.q > 0 ? fmax(0, (p.q - df) / p.q) : 0;
  for (int s = 0; s < sites; s++) {
    double slope = auc[s] * (1 - auc[s]), k = 1 / (variance[s] / (slope * slope) + p.tau2);
    r += k;
    rx += k * log(auc[s] / (1 - auc[s]));
  }
  p.fixed = expit(mean);
  p.fixed_low = expit(mean - z95 / sqrt(w));
  p.fixed_high = expit(mean + z95 / sqrt(w));
  p.random = expit(rx / r);
  p.random_low = expit(rx / r - z95 / sqrt(r));
  p.random_high = expit(rx / r + z95 / sqrt(r));
  *out = p;
done:
  return st;
}
