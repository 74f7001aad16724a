#include "ml/selection.h"

#include "core/random.h"
#include "ml/folds.h"
#include "ml/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double strength(const struct ml_set *s, enum ml_task task, const double *column,
                       const int *outcome, const double *target) {
  double c = ml_criterion(task, column, outcome, target, s->n);
  if (task == ML_REGRESSION) { /* squared correlation: a column has no scale of its own */
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < s->n; i++)
      mx += column[i] / (double)s->n, my += target[i] / (double)s->n;
    for (int64_t i = 0; i < s->n; i++) {
      double a = column[i] - mx, b = target[i] - my;
      xx += a * a;
      yy += b * b;
      xy += a * b;
    }
    return xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
  }
  return isnan(c) ? 0 : fabs(c - 0.5);
}

/* The permutations are of people, shared by all columns. */
static status univariate(int *kept, int *count, const struct ml_set *s, enum ml_task task,
                         uint64_t seed) {
  status st = ST_OK;
  enum { PERMUTATIONS = 200 };
  const double level = 0.05;
  int best = 0, m = 0;
  double best_strength = -1;
  double *column = malloc((size_t)s->n * sizeof *column);
  double *target = malloc((size_t)s->n * sizeof *target);
  int *outcome = malloc((size_t)s->n * sizeof *outcome);
  int64_t *order = malloc((size_t)s->n * sizeof *order);
  int *beaten = calloc((size_t)s->p, sizeof *beaten);
  double *observed = malloc((size_t)s->p * sizeof *observed);
  CHECK(column && target && outcome && order && beaten && observed, ST_MEMORY,
        "selecting among %d features", s->p);
  for (int j = 0; j < s->p; j++) {
    for (int64_t i = 0; i < s->n; i++) column[i] = s->x[i * s->p + j];
    observed[j] = strength(s, task, column, s->outcome, s->target);
    if (observed[j] > best_strength) {
      best_strength = observed[j];
      best = j;
    }
  }
  for (int b = 0; b < PERMUTATIONS; b++) {
    for (int64_t i = 0; i < s->n; i++) order[i] = i;
    for (int64_t i = s->n - 1; i > 0; i--) {
      int64_t j = (int64_t)random_below(seed, (uint64_t)b, (uint64_t)i, (uint64_t)i + 1);
      int64_t swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    for (int64_t i = 0; i < s->n; i++) {
      if (s->outcome) outcome[i] = s->outcome[order[i]];
      target[i] = s->target ? s->target[order[i]] : 0;
    }
    for (int j = 0; j < s->p; j++) {
      for (int64_t i = 0; i < s->n; i++) column[i] = s->x[i * s->p + j];
      beaten[j] += strength(s, task, column, outcome, target) >= observed[j];
    }
  }
  for (int j = 0; j < s->p; j++)
    if ((1.0 + beaten[j]) / (1.0 + PERMUTATIONS) < level) kept[m++] = j;
  if (!m) kept[m++] = best;
  *count = m;
done:
  free(column);
  free(target);
  free(outcome);
  free(order);
  free(beaten);
  free(observed);
  return st;
}

enum { LASSO_FOLDS = 5, LASSO_PATH = 20 };

/* Out-of-fold deviance of each penalty of the path. */
static status lasso_deviance(double *deviance, const double *path, const struct ml_set *s,
                             const int *fold) {
  status st = ST_OK;
  double *x = malloc((size_t)s->n * (size_t)s->p * sizeof *x);
  int *y = malloc((size_t)s->n * sizeof *y);
  double *beta = malloc((size_t)s->p * sizeof *beta);
  CHECK(x && y && beta, ST_MEMORY, "lasso selection among %d features", s->p);
  for (int f = 0; f < LASSO_FOLDS; f++) {
    int64_t m = 0;
    for (int64_t i = 0; i < s->n; i++) {
      if (fold[i] == f) continue;
      memcpy(x + m * s->p, s->x + i * s->p, (size_t)s->p * sizeof *x);
      y[m++] = s->outcome[i];
    }
    for (int k = 0; k < LASSO_PATH; k++) {
      struct ml_logistic_options o = {.lasso = path[k] * (double)m / (double)s->n};
      struct ml_logistic_fit fit;
      TRY(ml_logistic(&fit, beta, NULL, x, y, m, s->p, &o));
      for (int64_t i = 0; i < s->n; i++) {
        if (fold[i] != f) continue;
        double eta = fit.intercept;
        for (int j = 0; j < s->p; j++) eta += beta[j] * s->x[i * s->p + j];
        double z = s->outcome[i] ? -eta : eta;
        deviance[k] += z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
      }
    }
  }
done:
  free(x);
  free(y);
  free(beta);
  return st;
}

static status lasso(int *kept, int *count, const struct ml_set *s, uint64_t seed) {
  status st = ST_OK;
  double path[LASSO_PATH], deviance[LASSO_PATH] = {0}, largest = 0, mean = 0;
  int m = 0, top = 0, best = 0;
  int *fold = malloc((size_t)s->n * sizeof *fold);
  double *beta = malloc((size_t)s->p * sizeof *beta);
  CHECK(fold && beta, ST_MEMORY, "lasso selection among %d features", s->p);
  for (int64_t i = 0; i < s->n; i++) mean += s->outcome[i] / (double)s->n;
  for (int j = 0; j < s->p; j++) {
    double gradient = 0;
    for (int64_t i = 0; i < s->n; i++) gradient += s->x[i * s->p + j] * (s->outcome[i] - mean);
    if (fabs(gradient) > largest) {
      largest = fabs(gradient);
      top = j;
    }
  }
  /* from the smallest penalty that keeps nothing down to a hundredth of it */
  for (int k = 0; k < LASSO_PATH; k++) path[k] = largest * pow(0.01, (k + 1.0) / LASSO_PATH);
  TRY(ml_folds(fold, NULL, s->outcome, s->n, LASSO_FOLDS, seed, 0));
  TRY(lasso_deviance(deviance, path, s, fold));
  for (int k = 1; k < LASSO_PATH; k++)
    if (deviance[k] < deviance[best]) best = k;
  struct ml_logistic_options o = {.lasso = path[best]};
  struct ml_logistic_fit fit;
  TRY(ml_logistic(&fit, beta, NULL, s->x, s->outcome, s->n, s->p, &o));
  for (int j = 0; j < s->p; j++)
    if (beta[j] != 0) kept[m++] = j;
  if (!m) kept[m++] = top;
  *count = m;
done:
  free(fold);
  free(beta);
  return st;
}

status ml_select(int *kept, int *count, enum ml_selection how, const struct ml_set *train,
                 enum ml_task task, uint64_t seed) {
  status st = ST_OK;
  switch (how) {
  case ML_SELECT_NONE:
    for (int j = 0; j < train->p; j++) kept[j] = j;
    *count = train->p;
    break;
  case ML_SELECT_UNIVARIATE:
    TRY(univariate(kept, count, train, task, seed));
    break;
  case ML_SELECT_LASSO:
    CHECK(task == ML_BINARY, ST_DOMAIN, "lasso selection needs a yes/no outcome");
    TRY(lasso(kept, count, train, seed));
    break;
  }
done:
  return st;
}
