#include "ml/reliability.h"

#include "ml/discrimination.h"
#include "ml/regression.h"

#include <math.h>
#include <stdlib.h>

static status check_probabilities(const double *p, const int *outcome, int64_t n, int64_t *events) {
  status st = ST_OK;
  int64_t positive = 0;
  for (int64_t i = 0; i < n; i++) {
    CHECK(p[i] >= 0 && p[i] <= 1, ST_DOMAIN, "probability of row %lld is %g: must be 0 to 1",
          (long long)i, p[i]);
    CHECK(outcome[i] == 0 || outcome[i] == 1, ST_DOMAIN,
          "outcome of row %lld is %d: must be 0 (no event) or 1 (event)", (long long)i, outcome[i]);
    positive += outcome[i];
  }
  CHECK(positive > 0 && positive < n, ST_DOMAIN,
        "%lld events among %lld people: both outcomes are needed", (long long)positive,
        (long long)n);
  *events = positive;
done:
  return st;
}

/* Logistic regressions of the outcome on logit(p): free slope, then slope fixed at 1. */
static status recalibration(struct ml_reliability *r, const double *p, const int *outcome,
                            int64_t n) {
  status st = ST_OK;
  struct ml_logistic_fit fit;
  double *logit = malloc((size_t)n * sizeof *logit);
  CHECK(logit, ST_MEMORY, "calibration slope of %lld people", (long long)n);
  int varies = 0;
  for (int64_t i = 0; i < n; i++) {
    if (p[i] <= 0 || p[i] >= 1) goto done; /* no logit: the NaN stay */
    logit[i] = log(p[i] / (1 - p[i]));
    varies |= p[i] != p[0];
  }
  struct ml_logistic_options offset = {.offset = logit};
  st = ml_logistic(&fit, NULL, NULL, NULL, outcome, n, 0, &offset);
  if (st == ST_NUMERIC) { /* probabilities so near 0 and 1 that no step changes the likelihood */
    status_clear();
    st = ST_OK;
    goto done;
  }
  if (st != ST_OK) goto done;
  r->in_the_large = fit.intercept;
  if (!varies) goto done;
  double slope = NAN;
  st = ml_logistic(&fit, &slope, NULL, logit, outcome, n, 1, NULL);
  if (st == ST_NUMERIC) { /* the probabilities separate the classes: no finite slope exists */
    status_clear();
    st = ST_OK;
    goto done;
  }
  if (st != ST_OK) goto done;
  r->slope = slope;
  r->intercept = fit.intercept;
done:
  free(logit);
  return st;
}

enum { E_MAX_BINS = 10 };

status ml_reliability(struct ml_reliability *out, const double *p, const int *outcome, int64_t n) {
  status st = ST_OK;
  struct ml_reliability r = {.slope = NAN, .intercept = NAN, .in_the_large = NAN, .n = n};
  struct ml_reliability_bin bins[E_MAX_BINS];
  TRY(check_probabilities(p, outcome, n, &r.events));
  double expected = 0;
  for (int64_t i = 0; i < n; i++) {
    double error = p[i] - outcome[i];
    r.brier += error * error / (double)n;
    r.log_loss -= log(outcome[i] ? p[i] : 1 - p[i]) / (double)n;
    expected += p[i];
  }
  r.observed_expected = expected > 0 ? (double)r.events / expected : NAN;
  TRY(recalibration(&r, p, outcome, n));
  TRY(ml_reliability_table(bins, E_MAX_BINS, p, outcome, n));
  for (int b = 0; b < E_MAX_BINS; b++)
    if (bins[b].n) r.e_max = fmax(r.e_max, fabs(bins[b].observed - bins[b].predicted));
  *out = r;
done:
  return st;
}

status ml_reliability_table(struct ml_reliability_bin *out, int bins, const double *p,
                            const int *outcome, int64_t n) {
  status st = ST_OK;
  int64_t events = 0;
  CHECK(bins >= 1, ST_DOMAIN, "reliability table of %d bins: at least 1 needed", bins);
  TRY(check_probabilities(p, outcome, n, &events));
  for (int b = 0; b < bins; b++)
    out[b] = (struct ml_reliability_bin){.low = (double)b / bins, .high = (double)(b + 1) / bins};
  for (int64_t i = 0; i < n; i++) {
    int b = (int)(p[i] * bins);
    if (b == bins) b--;
    out[b].n++;
    out[b].events += outcome[i];
    out[b].predicted += p[i];
  }
  for (int b = 0; b < bins; b++) {
    out[b].predicted = out[b].n ? out[b].predicted / (double)out[b].n : NAN;
    out[b].observed = out[b].n ? (double)out[b].events / (double)out[b].n : NAN;
    ml_wilson(&out[b].observed_low, &out[b].observed_high, out[b].events, out[b].n);
  }
done:
  return st;
}

/* Cross-entropy of Platt's sigmoid, without overflow. */
static double platt_loss(double a, double b, const double *f, const int *outcome, int64_t n,
                         const double target[2]) {
  double loss = 0;
  for (int64_t i = 0; i < n; i++) {
    double t = target[outcome[i]], z = a * f[i] + b;
    loss += z >= 0 ? t * z + log1p(exp(-z)) : (t - 1) * z + log1p(exp(z));
  }
  return loss;
}

double ml_platt_probability(const struct ml_platt *platt, double f) {
  double z = platt->a * f + platt->b;
  return z >= 0 ? exp(-z) / (1 + exp(-z)) : 1 / (1 + exp(z));
}

status ml_platt_fit(struct ml_platt *out, const double *f, const int *outcome, int64_t n) {
  status st = ST_OK;
  int64_t events = 0;
  for (int64_t i = 0; i < n; i++) {
    CHECK(isfinite(f[i]), ST_DOMAIN, "decision value of row %lld is not a finite number",
          (long long)i);
    CHECK(outcome[i] == 0 || outcome[i] == 1, ST_DOMAIN,
          "outcome of row %lld is %d: must be 0 or 1", (long long)i, outcome[i]);
    events += outcome[i];
  }
  CHECK(events > 0 && events < n, ST_DOMAIN, "Platt scaling: both outcomes are needed");
  double m = (double)events, k = (double)(n - events);
  const double target[2] = {1 / (k + 2), (m + 1) / (m + 2)};
  const double hessian_floor = 1e-12, least_step = 1e-10; /* Lin, Lin and Weng 2007, appendix */
  struct ml_platt q = {0, log((k + 1) / (m + 1))};
  double loss = platt_loss(q.a, q.b, f, outcome, n, target);
  int converged = 0;
  for (int iteration = 0; iteration < 200 && !converged; iteration++) {
    double h11 = hessian_floor, h22 = hessian_floor, h21 = 0, g1 = 0, g2 = 0;
    for (int64_t i = 0; i < n; i++) {
      double p = ml_platt_probability(&q, f[i]), w = p * (1 - p), d = target[outcome[i]] - p;
      h11 += f[i] * f[i] * w;
      h22 += w;
      h21 += f[i] * w;
      g1 += f[i] * d;
      g2 += d;
    }
    converged = fabs(g1) < 1e-9 && fabs(g2) < 1e-9;
    if (converged) break;
    double determinant = h11 * h22 - h21 * h21;
    double da = -(h22 * g1 - h21 * g2) / determinant, db = -(h11 * g2 - h21 * g1) / determinant;
    double slope = g1 * da + g2 * db, step = 1;
    for (; step >= least_step; step /= 2) {
      double next = platt_loss(q.a + step * da, q.b + step * db, f, outcome, n, target);
      if (next < loss + 1e-4 * step * slope) {
        q.a += step * da;
        q.b += step * db;
        loss = next;
        break;
      }
    }
    converged = step < least_step; /* no descent left at double precision */
  }
  CHECK(converged, ST_NUMERIC, "Platt scaling: not converged in 200 steps");
  CHECK(q.a < 0, ST_DOMAIN,
        "Platt scaling: slope %g has the wrong sign (must be below 0), the decision values do not "
        "rise with risk; no probabilities can be given",
        q.a);
  *out = q;
done:
  return st;
}

double ml_shift_prevalence(double p, double from, double to) {
  if (p <= 0 || p >= 1) return p;
  double logit = log(p / (1 - p)) + log(to / (1 - to)) - log(from / (1 - from));
  return 1 / (1 + exp(-logit));
}

status ml_decision_curve(struct ml_net_benefit *out, const double *thresholds, int count,
                         const double *p, const int *outcome, int64_t n) {
  status st = ST_OK;
  int64_t events = 0;
  TRY(check_probabilities(p, outcome, n, &events));
  for (int t = 0; t < count; t++) {
    double at = thresholds[t];
    CHECK(at > 0 && at < 1, ST_DOMAIN, "decision curve: threshold %g must lie between 0 and 1", at);
    double odds = at / (1 - at), prevalence = (double)events / (double)n;
    int64_t tp = 0, fp = 0;
    for (int64_t i = 0; i < n; i++) {
      tp += p[i] >= at && outcome[i];
      fp += p[i] >= at && !outcome[i];
    }
    out[t].threshold = at;
    out[t].model = ((double)tp - (double)fp * odds) / (double)n;
    out[t].treat_all = prevalence - (1 - prevalence) * odds;
    out[t].avoided_per_100 = 100 * (out[t].model - out[t].treat_all) / odds;
  }
done:
  return st;
}
