/* What a prediction rests on: Shapley values for a person, permutation importance for a model. */
#include "core/parallel.h"
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

enum { IMPORTANCE_REPEATS = 10 };

/* Mean drop for one feature; x is a scratch copy of the matrix whose column is restored. */
static status importance_of(double *drop, const struct ml_risk_model *m, const struct ml_dataset *d,
                            int f, double whole, uint64_t seed, const double *matrix) {
  status st = ST_OK;
  int p = m->feature_count;
  size_t cells = (size_t)d->n * (size_t)p;
  double *x = malloc(cells * sizeof *x), *score = malloc((size_t)d->n * sizeof *score);
  int *order = malloc((size_t)d->n * sizeof *order);
  CHECK(x && score && order, ST_MEMORY, "importance of %d features", p);
  memcpy(x, matrix, cells * sizeof *x);
  *drop = 0;
  for (int k = 0; k < IMPORTANCE_REPEATS; k++) {
    shuffle(order, (int)d->n, seed, (uint64_t)f * IMPORTANCE_REPEATS + (uint64_t)k);
    for (int64_t i = 0; i < d->n; i++) x[i * p + f] = matrix[order[i] * p + f];
    TRY(ml_chain_score(&m->chain, x, d->n, score));
    *drop += (whole - ml_criterion(m->chain.learner->task, score, d->outcome, d->target, d->n)) /
             IMPORTANCE_REPEATS;
  }
done:
  free(x);
  free(score);
  free(order);
  return st;
}

status ml_permutation_importance(double *drop, const struct ml_risk_model *m,
                                 const struct ml_dataset *d, int group, uint64_t seed) {
  status st = ST_OK;
  int p = m->feature_count, failed = 0;
  double *x = NULL, *score = malloc((size_t)d->n * sizeof *score);
  CHECK(score, ST_MEMORY, "importance of %d features", p);
  TRY(ml_dataset_group(&x, d, group));
  TRY(ml_chain_score(&m->chain, x, d->n, score));
  double whole = ml_criterion(m->chain.learner->task, score, d->outcome, d->target, d->n);
#pragma omp parallel for schedule(dynamic, 1) num_threads(parallel_threads())
  for (int f = 0; f < p; f++)
    if (importance_of(&drop[f], m, d, f, whole, seed, x) != ST_OK) {
#pragma omp atomic write
      failed = 1;
    }
  CHECK(!failed, ST_MEMORY, "importance of %d features", p);
done:
  free(x);
  free(score);
  return st;
}
