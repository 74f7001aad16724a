#include "ml/survival.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double z95 = 1.959963984540054;

struct subject {
  double time;
  int event;
  int64_t row;
};

static int by_time(const void *a, const void *b) {
  const struct subject *p = a, *q = b;
  if (p->time != q->time) return p->time < q->time ? -1 : 1;
  return p->row < q->row ? -1 : p->row > q->row;
}

static status sorted_subjects(struct subject **out, const double *time, const int *event,
                              int64_t n) {
  status st = ST_OK;
  struct subject *s = malloc((size_t)(n > 0 ? n : 1) * sizeof *s);
  CHECK(s, ST_MEMORY, "sorting %lld survival times", (long long)n);
  CHECK(n > 0, ST_DOMAIN, "survival analysis of nobody");
  for (int64_t i = 0; i < n; i++) {
    CHECK(time[i] > 0 && isfinite(time[i]), ST_DOMAIN,
          "time of row %lld is %g: must be greater than 0", (long long)i, time[i]);
    CHECK(event[i] >= 0 && event[i] <= 2, ST_DOMAIN,
          "event of row %lld is %d: must be 0 (censored), 1 (event) or 2 (competing event)",
          (long long)i, event[i]);
    s[i] = (struct subject){time[i], event[i], i};
  }
  qsort(s, (size_t)n, sizeof *s, by_time);
  *out = s;
  s = NULL;
done:
  free(s);
  return st;
}

/* Limits of a proportion-like value in (0,1) on the log(-log) scale. */
static void log_log_limits(struct ml_curve_point *q, double value, double se) {
  q->low = q->high = NAN;
  if (!(value > 0 && value < 1) || !isfinite(se)) return;
  double half = z95 * se / (value * fabs(log(value)));
  double a = pow(value, exp(half)), b = pow(value, exp(-half));
  q->low = fmin(a, b);
  q->high = fmax(a, b);
}

/* Kaplan-Meier of the subjects whose event is `code` (code -1: censoring, i.e. event 0; at equal
 * times the events of interest of the other kind leave the risk set first). */
static int64_t product_limit(struct ml_curve_point *points, const struct subject *s, int64_t n,
                             int censoring) {
  double survival = 1, greenwood = 0;
  int64_t m = 0;
  for (int64_t i = 0; i < n;) {
    int64_t j = i, d = 0, earlier = 0;
    for (; j < n && s[j].time == s[i].time; j++) {
      d += censoring ? s[j].event == 0 : s[j].event == 1;
      earlier += censoring && s[j].event != 0;
    }
    int64_t at_risk = n - i - earlier;
    if (d) {
      double r = (double)at_risk, dd = (double)d;
      survival *= 1 - dd / r;
      greenwood += at_risk > d ? dd / (r * (r - dd)) : NAN;
      struct ml_curve_point q = {
          .time = s[i].time, .value = survival, .at_risk = at_risk, .events = d};
      q.se = survival > 0 ? survival * sqrt(greenwood) : NAN;
      log_log_limits(&q, survival, q.se);
      points[m++] = q;
    }
    i = j;
  }
  return m;
}

status ml_kaplan_meier(struct ml_curve_point *points, int64_t *count, const double *time,
                       const int *event, int64_t n) {
  status st = ST_OK;
  struct subject *s = NULL;
  TRY(sorted_subjects(&s, time, event, n));
  *count = product_limit(points, s, n, 0);
done:
  free(s);
  return st;
}

status ml_cumulative_incidence(struct ml_curve_point *points, int64_t *count, const double *time,
                               const int *event, int64_t n, int cause) {
  status st = ST_OK;
  struct subject *s = NULL;
  int64_t m = 0;
  CHECK(cause == 1 || cause == 2, ST_DOMAIN, "cumulative incidence of cause %d: must be 1 or 2",
        cause);
  TRY(sorted_subjects(&s, time, event, n));
  /* variance by the delta method (Marubini and Valsecchi 1995, eq. 10.12): with F the incidence at
   * t, var F(t) = sum over earlier times (F(t)-F(u))^2 d/(r(r-d)) + sum S(u-)^2 d1 (r-d1)/r^3
   *            - 2 sum (F(t)-F(u)) S(u-) d1/r^2; expanded in powers of F(t) so that one pass is
   * enough */
  double survival = 1, incidence = 0;
  double g0 = 0, g1 = 0, g2 = 0, own = 0, c0 = 0, c1 = 0;
  for (int64_t i = 0; i < n;) {
    int64_t j = i, d = 0, d1 = 0;
    for (; j < n && s[j].time == s[i].time; j++) {
      d += s[j].event != 0;
      d1 += s[j].event == cause;
    }
    double r = (double)(n - i), all = (double)d, one = (double)d1;
    if (d) {
      incidence += survival * one / r;
      double g = r > all ? all / (r * (r - all)) : NAN;
      g0 += g;
      g1 += g * incidence;
      g2 += g * incidence * incidence;
      own += survival * survival * one * (r - one) / (r * r * r);
      c0 += survival * one / (r * r);
      c1 += incidence * survival * one / (r * r);
      survival *= 1 - all / r;
    }
    if (d1) {
      struct ml_curve_point q = {
          .time = s[i].time, .value = incidence, .at_risk = n - i, .events = d1};
      double variance =
          incidence * incidence * g0 - 2 * incidence * g1 + g2 + own - 2 * (incidence * c0 - c1);
      q.se = sqrt(fmax(variance, 0));
      if (isnan(variance)) q.se = NAN;
      log_log_limits(&q, incidence, q.se);
      points[m++] = q;
    }
    i = j;
  }
  *count = m;
done:
  free(s);
  return st;
}

double ml_curve_at(const struct ml_curve_point *points, int64_t count, double time, int before,
                   double start) {
  double value = start;
  for (int64_t i = 0; i < count && (before ? points[i].time < time : points[i].time <= time); i++)
    value = points[i].value;
  return value;
}

/* Weighted concordance; weight NULL counts pairs. Pair (i,j): event of i, j lives longer or is
 * censored at the same time. O(events x n). */
static void count_pairs(struct ml_concordance *out, const double *risk, const double *time,
                        const int *event, const double *weight, int64_t n, double tau) {
  for (int64_t i = 0; i < n; i++) {
    if (event[i] != 1 || time[i] > tau) continue;
    out->events++;
    int64_t c = 0, d = 0, t = 0;
    for (int64_t j = 0; j < n; j++) {
      if (!(time[i] < time[j] || (time[i] == time[j] && event[j] != 1))) continue;
      if (i == j) continue;
      c += risk[i] > risk[j];
      d += risk[i] < risk[j];
      t += risk[i] == risk[j];
    }
    double w = weight ? weight[i] : 1;
    out->concordant += w * (double)c;
    out->discordant += w * (double)d;
    out->tied += w * (double)t;
  }
}

static status finish_concordance(struct ml_concordance *out, struct ml_concordance c) {
  status st = ST_OK;
  double usable = c.concordant + c.discordant + c.tied;
  CHECK(usable > 0, ST_DOMAIN, "concordance: %lld events give no usable pair", (long long)c.events);
  c.c = (c.concordant + 0.5 * c.tied) / usable;
  *out = c;
done:
  return st;
}

static status check_finite(const double *risk, int64_t n) {
  status st = ST_OK;
  for (int64_t i = 0; i < n; i++)
    CHECK(isfinite(risk[i]), ST_DOMAIN, "risk score of row %lld is not a finite number",
          (long long)i);
done:
  return st;
}

status ml_harrell(struct ml_concordance *out, const double *risk, const double *time,
                  const int *event, int64_t n) {
  status st = ST_OK;
  struct subject *s = NULL;
  struct ml_concordance c = {0};
  TRY(check_finite(risk, n));
  TRY(sorted_subjects(&s, time, event, n));
  count_pairs(&c, risk, time, event, NULL, n, INFINITY);
  TRY(finish_concordance(out, c));
done:
  free(s);
  return st;
}

/* Survival of censoring G as a step curve. */
static status censoring_curve(struct ml_curve_point **out, int64_t *count, const double *time,
                              const int *event, int64_t n) {
  status st = ST_OK;
  struct subject *s = NULL;
  struct ml_curve_point *points = NULL;
  TRY(sorted_subjects(&s, time, event, n));
  points = malloc((size_t)n * sizeof *points);
  CHECK(points, ST_MEMORY, "censoring curve of %lld people", (long long)n);
  *count = product_limit(points, s, n, 1);
  *out = points;
done:
  free(s);
  return st;
}

status ml_uno(struct ml_concordance *out, const double *risk, const double *time, const int *event,
              int64_t n, double tau) {
  status st = ST_OK;
  struct ml_curve_point *g = NULL;
  struct ml_concordance c = {0};
  double *weight = NULL;
  int *only = NULL; /* the event of interest; a competing one counts as censored, in G as well */
  int64_t count = 0;
  TRY(check_finite(risk, n));
  only = malloc((size_t)(n > 0 ? n : 1) * sizeof *only);
  CHECK(only, ST_MEMORY, "Uno's concordance of %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    CHECK(event[i] >= 0 && event[i] <= 2, ST_DOMAIN, "event of row %lld is %d: must be 0, 1 or 2",
          (long long)i, event[i]);
    only[i] = event[i] == 1;
  }
  TRY(censoring_curve(&g, &count, time, only, n));
  weight = malloc((size_t)n * sizeof *weight);
  CHECK(weight, ST_MEMORY, "Uno's concordance of %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    double survive = ml_curve_at(g, count, time[i], 1, 1);
    weight[i] = event[i] == 1 ? 1 / (survive * survive) : 0;
  }
  count_pairs(&c, risk, time, event, weight, n, tau);
  TRY(finish_concordance(out, c));
done:
  free(g);
  free(weight);
  free(only);
  return st;
}

status ml_at_horizon(struct ml_horizon *out, const double *risk, const double *probability,
                     const double *time, const int *event, int64_t n, double tau, int strict) {
  status st = ST_OK;
  struct ml_curve_point *g = NULL;
  int64_t count = 0;
  const double least_censoring_survival = 0.05;
  const int64_t least_people = 10;
  struct ml_horizon h = {.tau = tau, .auc = NAN, .brier = NAN};
  TRY(check_finite(risk, n));
  TRY(censoring_curve(&g, &count, time, event, n));
  h.censoring_survival = ml_curve_at(g, count, tau, 0, 1);
  for (int64_t i = 0; i < n; i++) {
    h.cases += event[i] == 1 && time[i] <= tau;
    h.controls += time[i] > tau;
    h.at_risk += time[i] >= tau;
  }
  CHECK(h.censoring_survival > least_censoring_survival && h.cases > 0 && h.controls > 0, ST_DOMAIN,
        "horizon %g: %lld events by then, %lld people followed beyond it, %.3f uncensored; the "
        "horizon "
        "must leave more than %.2f uncensored and people on both sides",
        tau, (long long)h.cases, (long long)h.controls, h.censoring_survival,
        least_censoring_survival);
  CHECK(!strict || (h.cases >= least_people && h.controls >= least_people), ST_DOMAIN,
        "horizon %g: %lld events and %lld event-free people, at least %lld of each are needed", tau,
        (long long)h.cases, (long long)h.controls, (long long)least_people);
  double above = 0, weight_sum = 0, brier = 0;
  for (int64_t i = 0; i < n; i++) {
    double p = probability ? probability[i] : NAN;
    CHECK(!probability || (p >= 0 && p <= 1), ST_DOMAIN,
          "predicted risk of row %lld is %g: must be 0 to 1", (long long)i, p);
    if (time[i] > tau) {
      brier += p * p / h.censoring_survival;
      continue;
    }
    if (event[i] == 0) continue; /* censored before the horizon: weight 0 */
    double w = 1 / ml_curve_at(g, count, time[i], 1, 1);
    /* a competing event by tau is a known non-event of interest */
    brier += w * (event[i] == 1 ? (1 - p) * (1 - p) : p * p);
    if (event[i] != 1) continue;
    double below = 0;
    for (int64_t j = 0; j < n; j++)
      if (time[j] > tau) below += risk[i] > risk[j] ? 1 : risk[i] == risk[j] ? 0.5 : 0;
    above += w * below;
    weight_sum += w;
  }
  h.auc = above / (weight_sum * (double)h.controls);
  h.brier = probability ? brier / (double)n : NAN;
  *out = h;
done:
  free(g);
  return st;
}

status ml_log_rank(double *chi2, double *p, const double *time, const int *event, const int *group,
                   int64_t n) {
  status st = ST_OK;
  struct subject *s = NULL;
  TRY(sorted_subjects(&s, time, event, n));
  double observed = 0, expected = 0, variance = 0;
  int64_t in_group = 0;
  for (int64_t i = 0; i < n; i++) {
    CHECK(group[i] == 0 || group[i] == 1, ST_DOMAIN, "group of row %lld is %d: must be 0 or 1",
          (long long)i, group[i]);
    in_group += group[i];
  }
  for (int64_t i = 0; i < n;) {
    int64_t j = i, d = 0, d1 = 0, leaving = 0;
    for (; j < n && s[j].time == s[i].time; j++) {
      int g = group[s[j].row];
      d += s[j].event == 1;
      d1 += s[j].event == 1 && g;
      leaving += g;
    }
    double r = (double)(n - i), r1 = (double)in_group, dd = (double)d;
    observed += (double)d1;
    expected += dd * r1 / r;
    if (r > 1) variance += dd * (r1 / r) * (1 - r1 / r) * (r - dd) / (r - 1);
    in_group -= leaving;
    i = j;
  }
  CHECK(variance > 0, ST_NUMERIC, "log-rank test: no event while both groups are at risk");
  *chi2 = (observed - expected) * (observed - expected) / variance;
  *p = 1 - stat_chi2_cdf(*chi2, 1);
done:
  free(s);
  return st;
}
