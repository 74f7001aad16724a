#include "core/statistics.h"
#include "ml/dense.h"
#include "ml/regression.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One fit in progress: parameters are (beta[0..p-1], intercept). */
struct problem {
  const double *x, *offset, *weights;
  const int *outcome;
  int64_t n;
  int p;
  double ridge, lasso;
};

static double case_weight(const struct problem *q, int64_t i) {
  return q->weights ? q->weights[i] : 1;
}

static double linear_at(const struct problem *q, const double *theta, int64_t i) {
  double eta = theta[q->p] + (q->offset ? q->offset[i] : 0);
  const double *row = q->x + i * q->p;
  for (int j = 0; j < q->p; j++) eta += row[j] * theta[j];
  return eta;
}

/* log(1 + exp(t)) without overflow */
static double softplus(double t) {
  return t > 0 ? t + log1p(exp(-t)) : log1p(exp(t));
}

static double log_likelihood(const struct problem *q, const double *theta) {
  double sum = 0;
  for (int64_t i = 0; i < q->n; i++) {
    double eta = linear_at(q, theta, i);
    sum += case_weight(q, i) * (q->outcome[i] ? -softplus(-eta) : -softplus(eta));
  }
  return sum;
}

static double penalised(const struct problem *q, const double *theta) {
  double penalty = 0;
  for (int j = 0; j < q->p; j++)
    penalty += 0.5 * q->ridge * theta[j] * theta[j] + q->lasso * fabs(theta[j]);
  return log_likelihood(q, theta) - penalty;
}

/* Gradient and information (full symmetric, [m][m], m = p + 1) of the ridge-penalised likelihood.
 */
static void newton_system(const struct problem *q, const double *theta, double *gradient,
                          double *information) {
  int p = q->p, m = p + 1;
  memset(gradient, 0, (size_t)m * sizeof *gradient);
  memset(information, 0, (size_t)m * (size_t)m * sizeof *information);
  for (int64_t i = 0; i < q->n; i++) {
    const double *row = q->x + i * p;
    double eta = linear_at(q, theta, i), mu = 1 / (1 + exp(-eta));
    double r = case_weight(q, i) * (q->outcome[i] - mu), w = case_weight(q, i) * mu * (1 - mu);
    for (int j = 0; j < m; j++) {
      double xj = j < p ? row[j] : 1, wx = w * xj;
      gradient[j] += r * xj;
      double *line = information + (size_t)j * (size_t)m;
      for (int k = 0; k <= j; k++) line[k] += wx * (k < p ? row[k] : 1);
    }
  }
  for (int j = 0; j < p; j++) {
    gradient[j] -= q->ridge * theta[j];
    information[(size_t)j * (size_t)m + (size_t)j] += q->ridge;
  }
}

/* All people told apart by sign of the linear predictor? An intercept alone has an end wherever the
 * offset puts them. */
static int separates(const struct problem *q, const double *theta) {
  if (q->p == 0) return 0;
  for (int64_t i = 0; i < q->n; i++) {
    double eta = linear_at(q, theta, i);
    if (q->outcome[i] ? eta <= 0 : eta >= 0) return 0;
  }
  return 1;
}

static status fit_newton(struct ml_logistic_fit *fit, double *theta, double *se,
                         const struct problem *q, int limit) {
  status st = ST_OK;
  int m = q->p + 1;
  const double tolerance = 1e-10;
  double *gradient = malloc((size_t)m * sizeof *gradient);
  double *trial = malloc((size_t)m * sizeof *trial);
  double *information = malloc((size_t)m * (size_t)m * sizeof *information);
  CHECK(gradient && trial && information, ST_MEMORY, "logistic regression with %d features", q->p);
  double value = penalised(q, theta);
  int converged = 0;
  for (fit->iterations = 0; fit->iterations < limit && !converged; fit->iterations++) {
    newton_system(q, theta, gradient, information);
    st = ml_cholesky(information, m);
    if (st != ST_OK) {
      status_note("logistic regression: features are collinear%s",
                  separates(q, theta) ? ", or they separate the classes: use a ridge penalty" : "");
      goto done;
    }
    double slope = 0;
    memcpy(trial, gradient, (size_t)m * sizeof *trial);
    ml_cholesky_solve(information, trial, m);
    for (int j = 0; j < m; j++) slope += trial[j] * gradient[j];
    double step = 1, next = 0;
    memcpy(gradient, theta, (size_t)m * sizeof *gradient); /* the point we leave */
    for (;; step /= 2) {
      for (int j = 0; j < m; j++) theta[j] = gradient[j] + step * trial[j];
      next = penalised(q, theta);
      if (next >= value - 1e-12 * (1 + fabs(value)) || step < 1e-8) break;
    }
    converged = slope < tolerance * (1 + fabs(next));
    value = next;
  }
  fit->separated = separates(q, theta);
  CHECK(converged && (!fit->separated || q->ridge > 0), ST_NUMERIC,
        "logistic regression with %d features: %s after %d steps; use a ridge penalty", q->p,
        fit->separated ? "the features separate the classes, estimates grow without end"
                       : "not converged",
        fit->iterations);
  newton_system(q, theta, gradient, information);
  TRY(ml_cholesky(information, m));
  TRY(ml_cholesky_inverse_diagonal(gradient, information, m));
  for (int j = 0; se && j < q->p; j++) se[j] = sqrt(gradient[j]);
  fit->intercept_se = sqrt(gradient[q->p]);
done:
  free(gradient);
  free(trial);
  free(information);
  return st;
}

/* One pass of coordinate descent on the weighted least-squares approximation; returns the largest
 * change. */
static double lasso_sweep(const struct problem *q, double *theta, double *residual,
                          const double *w) {
  double largest = 0;
  for (int j = 0; j <= q->p; j++) {
    double xx = 0, xr = 0;
    for (int64_t i = 0; i < q->n; i++) {
      double xj = j < q->p ? q->x[i * q->p + j] : 1;
      xx += w[i] * xj * xj;
      xr += w[i] * xj * residual[i];
    }
    if (xx <= 0) continue;
    double target = xr + xx * theta[j];
    double next = j == q->p ? target / xx
                            : copysign(fmax(0, fabs(target) - q->lasso), target) / (xx + q->ridge);
    double change = next - theta[j];
    if (change == 0) continue;
    for (int64_t i = 0; i < q->n; i++) residual[i] -= change * (j < q->p ? q->x[i * q->p + j] : 1);
    theta[j] = next;
    largest = fmax(largest, fabs(change) * sqrt(xx / (double)q->n));
  }
  return largest;
}

static status fit_lasso(struct ml_logistic_fit *fit, double *theta, const struct problem *q,
                        int limit) {
  status st = ST_OK;
  const double tolerance = 1e-9, least_weight = 1e-6;
  double *residual = malloc((size_t)q->n * sizeof *residual);
  double *w = malloc((size_t)q->n * sizeof *w);
  CHECK(residual && w, ST_MEMORY, "lasso logistic regression of %lld people", (long long)q->n);
  double value = penalised(q, theta);
  int sweeps = 0, converged = 0;
  while (!converged && sweeps < limit) {
    for (int64_t i = 0; i < q->n; i++) {
      double mu = 1 / (1 + exp(-linear_at(q, theta, i)));
      w[i] = case_weight(q, i) * fmax(mu * (1 - mu), least_weight);
      residual[i] = case_weight(q, i) * (q->outcome[i] - mu) / w[i];
    }
    for (double change = 1; change > tolerance && sweeps < limit; sweeps++)
      change = lasso_sweep(q, theta, residual, w);
    double next = penalised(q, theta);
    converged = fabs(next - value) < 1e-11 * (1 + fabs(next));
    value = next;
  }
  CHECK(converged, ST_NUMERIC, "lasso logistic regression: not converged after %d sweeps", sweeps);
  fit->iterations = sweeps;
  fit->intercept_se = NAN;
  fit->separated = separates(q, theta);
done:
  free(residual);
  free(w);
  return st;
}

status ml_logistic(struct ml_logistic_fit *fit, double *beta, double *se, const double *x,
                   const int *outcome, int64_t n, int p,
                   const struct ml_logistic_options *options) {
  static const struct ml_logistic_options none = {0};
  status st = ST_OK;
  const struct ml_logistic_options *o = options ? options : &none;
  struct problem q = {x, o->offset, o->weights, outcome, n, p, o->ridge, o->lasso};
  struct ml_logistic_fit f = {0};
  double *theta = calloc((size_t)p + 1, sizeof *theta);
  CHECK(theta, ST_MEMORY, "logistic regression with %d features", p);
  int64_t events = 0;
  for (int64_t i = 0; i < n; i++) {
    CHECK(outcome[i] == 0 || outcome[i] == 1, ST_DOMAIN,
          "logistic regression: outcome of row %lld is %d, must be 0 or 1", (long long)i,
          outcome[i]);
    events += outcome[i];
  }
  CHECK(events > 0 && events < n, ST_DOMAIN,
        "logistic regression: %lld events among %lld people, both outcomes are needed",
        (long long)events, (long long)n);
  CHECK(o->ridge >= 0 && o->lasso >= 0, ST_DOMAIN, "logistic regression: penalties must be >= 0");
  if (!o->offset) theta[p] = log((double)events / (double)(n - events));
  if (o->lasso > 0)
    TRY(fit_lasso(&f, theta, &q, o->max_iterations ? o->max_iterations : 10000));
  else
    TRY(fit_newton(&f, theta, se, &q, o->max_iterations ? o->max_iterations : 100));
  for (int j = 0; o->lasso > 0 && se && j < p; j++) se[j] = NAN;
  f.log_likelihood = log_likelihood(&q, theta);
  f.intercept = theta[p];
  if (p > 0) memcpy(beta, theta, (size_t)p * sizeof *beta); /* none with an intercept alone */
  *fit = f;
done:
  free(theta);
  return st;
}

double ml_likelihood_ratio_p(double log_likelihood_small, double log_likelihood_large, int df) {
  double twice = 2 * (log_likelihood_large - log_likelihood_small);
  return stat_chi2_beyond(twice, df);
}
