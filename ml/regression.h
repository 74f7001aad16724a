/* Regression models on a feature matrix: logistic (ridge or lasso) and Cox proportional hazards.
 *
 * x is row-major, shape [n][p]; no missing values (impute first). Penalties act on the coefficients
 * as they are, so standardise features first; the intercept is never penalised. Coefficients
 * beta[0..p-1]; logistic adds an intercept.
 */
#ifndef QCT_ML_REGRESSION_H
#define QCT_ML_REGRESSION_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ml_logistic_options {
  double ridge;          /* >= 0: adds ridge/2 |beta|^2 to the negative log-likelihood */
  double lasso;          /* >= 0: adds lasso |beta|_1; not together with se */
  const double *offset;  /* [n] or NULL */
  const double *weights; /* [n] case weights or NULL */
  int max_iterations;    /* 0: 100 Newton steps, 10000 coordinate sweeps */
};

struct ml_logistic_fit {
  double intercept;
  double intercept_se;   /* from the penalised information; NaN for lasso */
  double log_likelihood; /* without the penalty */
  int iterations;
  int separated; /* 1: a direction separates the classes; estimates rest on the penalty alone */
};

/**
 * Newton's method with step halving (ridge), or cyclic coordinate descent on the quadratic
 * approximation (lasso).
 * @param[out] fit   see above
 * @param[out] beta  coefficients [p]
 * @param[out] se    standard errors [p], or NULL
 * @return ST_DOMAIN: an outcome not 0 or 1, one class only; ST_NUMERIC: singular without ridge, or
 * not converged (perfect separation without penalty says so) Source: mccullagh1989 (iteratively
 * reweighted least squares), friedman2010 (coordinate descent)
 */
status ml_logistic(struct ml_logistic_fit *fit, double *beta, double *se, const double *x,
                   const int *outcome, int64_t n, int p, const struct ml_logistic_options *options);

struct ml_cox_fit {
  double log_likelihood;      /* partial, Efron, at the estimate */
  double log_likelihood_null; /* at beta = 0 */
  int64_t events;
  int iterations;
};

/**
 * Cox regression with Efron's handling of ties and an optional ridge penalty.
 * @param time   > 0, shape [n]; event 1, anything else censored
 * @return ST_DOMAIN: a time <= 0, no event; ST_NUMERIC: singular or not converged
 * Source: cox1972, efron1977
 */
status ml_cox(struct ml_cox_fit *fit, double *beta, double *se, const double *x, const double *time,
              const int *event, int64_t n, int p, double ridge);

/** p of the likelihood-ratio test of nested models (twice the difference, df added parameters). */
double ml_likelihood_ratio_p(double log_likelihood_small, double log_likelihood_large, int df);

#ifdef __cplusplus
}
#endif
#endif
