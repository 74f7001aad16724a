#include "ml/survival.h"

#include "core/statistics.h"

#include <math.h>
#include <stdbool.h>
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
  int64_t low = 0, high = count; /* points [0, low) lie before the time */
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (before ? points[middle].time < time : points[middle].time <= time)
      low = middle + 1;
    else
      high = middle;
  }
  return low ? points[low - 1].value : start;
}

static int by_value(const void *a, const void *b) {
  double p = *(const double *)a, q = *(const double *)b;
  return p < q ? -1 : p > q;
}

/* Number of values below v, or not above it, in a rising list. */
static int64_t count_below(const double *rising, int64_t n, double v, int or_equal) {
  int64_t low = 0, high = n;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (or_equal ? rising[middle] <= v : rising[middle] < v)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* How many have been added at a place or before it, of places 1..n (Fenwick's tree). */
static int64_t tree_sum(const int64_t *tree, int64_t place) {
  int64_t sum = 0;
  for (; place > 0; place -= place & -place) sum += tree[place];
  return sum;
}

static void tree_add(int64_t *tree, int64_t n, int64_t place) {
  for (; place <= n; place += place & -place) tree[place]++;
}

/* Weighted concordance; weight NULL counts pairs. Pair (i,j): event of i, j lives longer or does
 * not have the event at the same time. From the last time to the first, those who outlive it in a
 * tree over the ranks of risk: O(n log n). */
static status count_pairs(struct ml_concordance *out, const double *risk, const struct subject *s,
                          const double *weight, int64_t n, double tau) {
  status st = ST_OK;
  double *rising = malloc((size_t)n * sizeof *rising);
  int64_t *tree = calloc((size_t)n + 1, sizeof *tree), longer = 0;
  CHECK(rising && tree, ST_MEMORY, "concordance of %lld people", (long long)n);
  memcpy(rising, risk, (size_t)n * sizeof *rising);
  qsort(rising, (size_t)n, sizeof *rising, by_value);
  for (int64_t end = n; end > 0;) {
    int64_t begin = end;
    while (begin > 0 && s[begin - 1].time == s[end - 1].time) begin--;
    for (int pass = 0; pass < 3; pass++) { /* the others of this time, its events, and they too */
      for (int64_t k = begin; k < end; k++) {
        if ((s[k].event == 1) == (pass == 0)) continue;
        double r = risk[s[k].row];
        int64_t below = count_below(rising, n, r, 0), up_to = count_below(rising, n, r, 1);
        if (pass != 1) {
          tree_add(tree, n, up_to);
          longer++;
        } else if (s[k].time <= tau) {
          double w = weight ? weight[s[k].row] : 1;
          int64_t c = tree_sum(tree, below), not_above = tree_sum(tree, up_to);
          out->events++;
          out->concordant += w * (double)c;
          out->tied += w * (double)(not_above - c);
          out->discordant += w * (double)(longer - not_above);
        }
      }
    }
    end = begin;
  }
done:
  free(rising);
  free(tree);
  return st;
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
  TRY(count_pairs(&c, risk, s, NULL, n, INFINITY));
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
  struct subject *s = NULL;
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
  TRY(sorted_subjects(&s, time, event, n));
  TRY(count_pairs(&c, risk, s, weight, n, tau));
  TRY(finish_concordance(out, c));
done:
  free(g);
  free(s);
  free(weight);
  free(only);
  return st;
}

struct control {
  double risk, weight;
};

static int by_risk(const void *a, const void *b) {
  const struct control *p = a, *q = b;
  return p->risk < q->risk ? -1 : p->risk > q->risk;
}

/* Weighted share of the controls with a lower risk, ties half; `sum` holds the weights added up. */
static double share_below(const struct control *rising, const double *sum, int64_t n, double risk) {
  int64_t low = 0, high = n, up_to;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (rising[middle].risk < risk)
      low = middle + 1;
    else
      high = middle;
  }
  for (up_to = low, high = n; up_to < high;) {
    int64_t middle = (up_to + high) / 2;
    if (rising[middle].risk <= risk)
      up_to = middle + 1;
    else
      high = middle;
  }
  return 0.5 * (sum[low] + sum[up_to]) / sum[n];
}

/* Those event-free beyond tau and, with `competing`, those with a competing event by then; the AUC
 * of the cases against them. */
static status auc_against(double *auc, const double *risk, const double *time, const int *event,
                          int64_t n, const struct ml_curve_point *g, int64_t count, double tau,
                          bool competing) {
  status st = ST_OK;
  int64_t m = 0;
  double above = 0, cases = 0;
  const double at_tau = 1 / ml_curve_at(g, count, tau, 0, 1);
  struct control *controls = malloc((size_t)(n + 1) * sizeof *controls);
  double *sum = malloc((size_t)(n + 1) * sizeof *sum);
  CHECK(controls && sum, ST_MEMORY, "horizon of %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    if (time[i] > tau)
      controls[m++] = (struct control){risk[i], at_tau};
    else if (competing && event[i] == 2)
      controls[m++] = (struct control){risk[i], 1 / ml_curve_at(g, count, time[i], 1, 1)};
  }
  qsort(controls, (size_t)m, sizeof *controls, by_risk);
  sum[0] = 0;
  for (int64_t k = 0; k < m; k++) sum[k + 1] = sum[k] + controls[k].weight;
  for (int64_t i = 0; i < n; i++) {
    if (event[i] != 1 || time[i] > tau) continue;
    double w = 1 / ml_curve_at(g, count, time[i], 1, 1);
    above += w * share_below(controls, sum, m, risk[i]);
    cases += w;
  }
  *auc = above / cases;
done:
  free(controls);
  free(sum);
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
    h.competing += event[i] == 2 && time[i] <= tau;
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
  TRY(auc_against(&h.auc, risk, time, event, n, g, count, tau, false));
  TRY(auc_against(&h.auc_competing, risk, time, event, n, g, count, tau, true));
  double brier = 0;
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
  }
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
  *p = stat_chi2_beyond(*chi2, 1);
done:
  free(s);
  return st;
}
