#include "ml/dense.h"
#include "ml/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct subject {
  double time;
  int64_t row;
  int event;
};

/* Falling time, so that the risk set only grows; within a time, events first. */
static int by_falling_time(const void *a, const void *b) {
  const struct subject *p = a, *q = b;
  if (p->time != q->time) return p->time > q->time ? -1 : 1;
  if (p->event != q->event) return p->event ? -1 : 1;
  return p->row < q->row ? -1 : p->row > q->row;
}

struct problem {
  const double *x;
  const struct subject *order;
  int64_t n;
  int p;
  double ridge;
};

/* Sums over a set of subjects: s0 = sum w, s1 = sum w x, s2 = sum w x x' (lower triangle), w =
 * exp(eta). */
struct sums {
  double s0, *s1, *s2;
};

static void add_subject(struct sums *s, const double *row, double w, int p) {
  s->s0 += w;
  for (int j = 0; j < p; j++) {
    double wx = w * row[j];
    s->s1[j] += wx;
    double *line = s->s2 + (size_t)j * (size_t)p;
    for (int k = 0; k <= j; k++) line[k] += wx * row[k];
  }
}

static double dot(const double *a, const double *b, int p) {
  double sum = 0;
  for (int j = 0; j < p; j++) sum += a[j] * b[j];
  return sum;
}

/* Efron: the l-th of d tied events sees the risk set less the share l/d of the tied events. */
static void add_tied_events(double *value, double *gradient, double *information,
                            const struct sums *risk, const struct sums *tied, int64_t d, int p) {
  for (int64_t l = 0; l < d; l++) {
    double share = (double)l / (double)d, s0 = risk->s0 - share * tied->s0;
    *value -= log(s0);
    for (int j = 0; j < p; j++) {
      double mean_j = (risk->s1[j] - share * tied->s1[j]) / s0;
      gradient[j] -= mean_j;
      for (int k = 0; k <= j; k++) {
        size_t at = (size_t)j * (size_t)p + (size_t)k;
        double mean_k = (risk->s1[k] - share * tied->s1[k]) / s0;
        information[at] += (risk->s2[at] - share * tied->s2[at]) / s0 - mean_j * mean_k;
      }
    }
  }
}

/* Penalised partial likelihood with gradient and information (lower triangle). `work` holds 2(p + p
 * p). */
static double evaluate(const struct problem *q, const double *beta, double *gradient,
                       double *information, double *work) {
  int p = q->p;
  size_t pp = (size_t)p * (size_t)p;
  struct sums risk = {0, work, work + p}, tied = {0, work + p + pp, work + 2 * (size_t)p + pp};
  memset(work, 0, 2 * ((size_t)p + pp) * sizeof *work);
  memset(gradient, 0, (size_t)p * sizeof *gradient);
  memset(information, 0, pp * sizeof *information);
  double value = 0;
  for (int64_t i = 0; i < q->n;) {
    double time = q->order[i].time;
    int64_t d = 0;
    tied.s0 = 0;
    memset(tied.s1, 0, ((size_t)p + pp) * sizeof *tied.s1);
    for (; i < q->n && q->order[i].time == time; i++) {
      const double *row = q->x + q->order[i].row * p;
      double eta = dot(row, beta, p), w = exp(eta);
      add_subject(&risk, row, w, p);
      if (!q->order[i].event) continue;
      d++;
      value += eta;
      for (int j = 0; j < p; j++) gradient[j] += row[j];
      add_subject(&tied, row, w, p);
    }
    add_tied_events(&value, gradient, information, &risk, &tied, d, p);
  }
  for (int j = 0; j < p; j++) {
    value -= 0.5 * q->ridge * beta[j] * beta[j];
    gradient[j] -= q->ridge * beta[j];
    information[(size_t)j * (size_t)p + (size_t)j] += q->ridge;
  }
  return value;
}

static status sort_subjects(struct subject **out, int64_t *events, const double *time,
                            const int *event, int64_t n) {
  status st = ST_OK;
  struct subject *order = malloc((size_t)n * sizeof *order);
  CHECK(order, ST_MEMORY, "Cox regression of %lld people", (long long)n);
  *events = 0;
  for (int64_t i = 0; i < n; i++) {
    CHECK(time[i] > 0 && isfinite(time[i]), ST_DOMAIN,
          "Cox regression: time of row %lld is %g, must be greater than 0", (long long)i, time[i]);
    order[i] = (struct subject){time[i], i, event[i] == 1};
    *events += order[i].event;
  }
  CHECK(*events > 0, ST_DOMAIN, "Cox regression: no event among %lld people", (long long)n);
  qsort(order, (size_t)n, sizeof *order, by_falling_time);
  *out = order;
  order = NULL;
done:
  free(order);
  return st;
}

static status newton(const struct problem *q, struct ml_cox_fit *fit, double *beta, double *se,
                     double *gradient, double *information, double *work) {
  status st = ST_OK;
  int p = q->p, converged = 0;
  const int limit = 100;
  double *step = work + 2 * ((size_t)p + (size_t)p * (size_t)p), *from = step + p;
  double value = evaluate(q, beta, gradient, information, work);
  fit->log_likelihood_null = value;
  for (fit->iterations = 0; fit->iterations < limit && !converged; fit->iterations++) {
    st = ml_cholesky(information, p);
    if (st != ST_OK) {
      status_note("Cox regression: collinear features or monotone likelihood, use a ridge penalty");
      goto done;
    }
    memcpy(step, gradient, (size_t)p * sizeof *step);
    ml_cholesky_solve(information, step, p);
    double gain = dot(step, gradient, p), scale = 1, next = 0;
    memcpy(from, beta, (size_t)p * sizeof *from);
    for (;; scale /= 2) {
      for (int j = 0; j < p; j++) beta[j] = from[j] + scale * step[j];
      next = evaluate(q, beta, gradient, information, work);
      if ((isfinite(next) && next >= value - 1e-12 * (1 + fabs(value))) || scale < 1e-8) break;
    }
    converged = gain < 1e-12 * (1 + fabs(next));
    value = next;
  }
  CHECK(converged, ST_NUMERIC,
        "Cox regression: not converged after %d steps (a feature may separate the events): use a "
        "ridge penalty",
        limit);
  fit->log_likelihood = value + 0.5 * q->ridge * dot(beta, beta, p);
  if (se) {
    TRY(ml_cholesky(information, p));
    TRY(ml_cholesky_inverse_diagonal(se, information, p));
    for (int j = 0; j < p; j++) se[j] = sqrt(se[j]);
  }
done:
  return st;
}

status ml_cox(struct ml_cox_fit *fit, double *beta, double *se, const double *x, const double *time,
              const int *event, int64_t n, int p, double ridge) {
  status st = ST_OK;
  struct subject *order = NULL;
  struct ml_cox_fit f = {0};
  size_t pp = (size_t)p * (size_t)p;
  double *space = calloc((size_t)p + pp + 2 * ((size_t)p + pp) + 3 * (size_t)p, sizeof *space);
  CHECK(space, ST_MEMORY, "Cox regression with %d features", p);
  CHECK(ridge >= 0, ST_DOMAIN, "Cox regression: ridge penalty %g must be >= 0", ridge);
  TRY(sort_subjects(&order, &f.events, time, event, n));
  struct problem q = {x, order, n, p, ridge};
  double *gradient = space, *information = space + p, *work = information + pp;
  double *estimate = work + 2 * ((size_t)p + pp) + 2 * (size_t)p;
  TRY(newton(&q, &f, estimate, se, gradient, information, work));
  memcpy(beta, estimate, (size_t)p * sizeof *beta);
  *fit = f;
done:
  free(order);
  free(space);
  return st;
}
