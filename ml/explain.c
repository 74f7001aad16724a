/* What a prediction rests on: Shapley values for a person, permutation importance for a model. */
#include "core/random.h"
#include "ml/risk_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_FEATURES = 12 };

/* Mean score over the background with the features of `mask` taken from the person. */
struct coalition {
  const struct ml_risk_model *m;
  const double *row, *background;
  int64_t count;
  double *mixed; /* [feature_count] */
};

static status coalition_value(double *value, const struct coalition *c, const unsigned char *mask) {
  status st = ST_OK;
  int p = c->m->feature_count;
  double sum = 0;
  for (int64_t b = 0; b < c->count; b++) {
    double score;
    for (int f = 0; f < p; f++) c->mixed[f] = mask[f] ? c->row[f] : c->background[b * p + f];
    TRY(ml_chain_score(&c->m->chain, c->mixed, 1, &score));
    sum += score;
  }
  *value = sum / (double)c->count;
done:
  return st;
}

static status exact(double *value, const struct coalition *c) {
  status st = ST_OK;
  int p = c->m->feature_count;
  size_t subsets = (size_t)1 << p;
  double *v = malloc(subsets * sizeof *v), weight[EXACT_FEATURES];
  unsigned char mask[EXACT_FEATURES];
  CHECK(v, ST_MEMORY, "Shapley values of %d features", p);
  for (size_t s = 0; s < subsets; s++) {
    for (int f = 0; f < p; f++) mask[f] = s >> f & 1;
    TRY(coalition_value(&v[s], c, mask));
  }
  /* |S|! (p - |S| - 1)! / p! */
  for (int k = 0; k < p; k++)
    weight[k] = exp(lgamma(k + 1.0) + lgamma((double)(p - k)) - lgamma(p + 1.0));
  for (int f = 0; f < p; f++) {
    value[f] = 0;
    for (size_t s = 0; s < subsets; s++)
      if (!(s >> f & 1))
        value[f] += weight[__builtin_popcountll(s)] * (v[s | (size_t)1 << f] - v[s]);
  }
done:
  free(v);
  return st;
}

static void shuffle(int *order, int n, uint64_t seed, uint64_t stream) {
  for (int i = 0; i < n; i++) order[i] = i;
  for (int i = n - 1; i > 0; i--) {
    int j = (int)random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1), swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
}

/* Permutations in antithetic pairs: each and its reverse. */
static status sampled(double *value, const struct coalition *c, int samples, uint64_t seed) {
  status st = ST_OK;
  int p = c->m->feature_count;
  int *order = malloc((size_t)p * sizeof *order);
  unsigned char *mask = malloc((size_t)p);
  CHECK(order && mask, ST_MEMORY, "Shapley values of %d features", p);
  memset(value, 0, (size_t)p * sizeof *value);
  for (int s = 0; s < samples; s++) {
    double before, after;
    shuffle(order, p, seed, (uint64_t)(s / 2));
    memset(mask, 0, (size_t)p);
    TRY(coalition_value(&before, c, mask));
    for (int k = 0; k < p; k++) {
      int f = order[s % 2 ? p - 1 - k : k];
      mask[f] = 1;
      TRY(coalition_value(&after, c, mask));
      value[f] += (after - before) / samples;
      before = after;
    }
  }
done:
  free(order);
  free(mask);
  return st;
}

status ml_shapley(double *value, const struct ml_risk_model *m, const double *row,
                  const double *background, int64_t count, int samples, uint64_t seed) {
  status st = ST_OK;
  double *mixed = malloc((size_t)m->feature_count * sizeof *mixed);
  CHECK(mixed, ST_MEMORY, "Shapley values of %d features", m->feature_count);
  CHECK(count >= 1 && samples >= 2, ST_DOMAIN,
        "Shapley values from %lld background rows and %d samples: at least 1 and 2",
        (long long)count, samples);
  struct coalition c = {m, row, background, count, mixed};
  if (m->feature_count <= EXACT_FEATURES)
    TRY(exact(value, &c));
  else
    TRY(sampled(value, &c, samples, seed));
done:
  free(mixed);
  return st;
}

status ml_permutation_importance(double *drop, const struct ml_risk_model *m,
                                 const struct ml_dataset *d, int group, uint64_t seed) {
  status st = ST_OK;
  enum { REPEATS = 10 };
  int p = m->feature_count;
  double *x = NULL, *score = malloc((size_t)d->n * sizeof *score);
  double *column = malloc((size_t)d->n * sizeof *column);
  int *order = malloc((size_t)d->n * sizeof *order);
  CHECK(score && column && order, ST_MEMORY, "importance of %d features", p);
  TRY(ml_dataset_group(&x, d, group));
  TRY(ml_chain_score(&m->chain, x, d->n, score));
  enum ml_task task = m->chain.learner->task;
  double whole = ml_criterion(task, score, d->outcome, d->target, d->n);
  for (int f = 0; f < p; f++) {
    for (int64_t i = 0; i < d->n; i++) column[i] = x[i * p + f];
    drop[f] = 0;
    for (int k = 0; k < REPEATS; k++) {
      shuffle(order, (int)d->n, seed, (uint64_t)f * REPEATS + (uint64_t)k);
      for (int64_t i = 0; i < d->n; i++) x[i * p + f] = column[order[i]];
      TRY(ml_chain_score(&m->chain, x, d->n, score));
      drop[f] += (whole - ml_criterion(task, score, d->outcome, d->target, d->n)) / REPEATS;
    }
    for (int64_t i = 0; i < d->n; i++) x[i * p + f] = column[i];
  }
done:
  free(x);
  free(score);
  free(column);
  free(order);
  return st;
}
