#include "ml/discrimination.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double z95 = 1.959963984540054;

struct scored {
  double score;
  int64_t index;
};

static int by_score(const void *a, const void *b) {
  const struct scored *p = a, *q = b;
  if (p->score != q->score) return p->score < q->score ? -1 : 1;
  return p->index < q->index ? -1 : p->index > q->index;
}

static int by_falling_score(const void *a, const void *b) {
  return by_score(b, a);
}

static status check_binary(const double *score, const int *outcome, int64_t n, int64_t *events) {
  status st = ST_OK;
  int64_t positive = 0;
  for (int64_t i = 0; i < n; i++) {
    CHECK(outcome[i] == 0 || outcome[i] == 1, ST_DOMAIN,
          "outcome of row %lld is %d: must be 0 (no event) or 1 (event)", (long long)i, outcome[i]);
    CHECK(isfinite(score[i]), ST_DOMAIN, "score of row %lld is not a finite number", (long long)i);
    positive += outcome[i];
  }
  CHECK(positive > 0 && positive < n, ST_DOMAIN,
        "%lld events among %lld people: both outcomes are needed", (long long)positive,
        (long long)n);
  *events = positive;
done:
  return st;
}

/* Midranks (1-based) of the chosen members of `sorted`, written by original index. */
static void midranks(double *rank, const struct scored *sorted, int64_t n) {
  for (int64_t i = 0; i < n;) {
    int64_t j = i;
    while (j < n && sorted[j].score == sorted[i].score) j++;
    double middle = 0.5 * (double)(i + j - 1) + 1;
    for (int64_t k = i; k < j; k++) rank[sorted[k].index] = middle;
    i = j;
  }
}

/* DeLong's placements: for an event the share of non-events below it, for a non-event the share of
 * events above it (Sun and Xu 2014, from midranks in the whole and in the own class). */
static status placements(double *v, const double *score, const int *outcome, int64_t n,
                         int64_t events) {
  status st = ST_OK;
  struct scored *sorted = malloc((size_t)n * sizeof *sorted);
  double *all = malloc((size_t)n * sizeof *all), *own = malloc((size_t)n * sizeof *own);
  CHECK(sorted && all && own, ST_MEMORY, "ranking %lld scores", (long long)n);
  for (int64_t i = 0; i < n; i++) sorted[i] = (struct scored){score[i], i};
  qsort(sorted, (size_t)n, sizeof *sorted, by_score);
  midranks(all, sorted, n);
  for (int class = 0; class < 2; class ++) {
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
      if (outcome[i] == class) sorted[m++] = (struct scored){score[i], i};
    qsort(sorted, (size_t)m, sizeof *sorted, by_score);
    midranks(own, sorted, m);
  }
  for (int64_t i = 0; i < n; i++) {
    double others_below = all[i] - own[i];
    v[i] = outcome[i] ? others_below / (double)(n - events) : 1 - others_below / (double)events;
  }
done:
  free(sorted);
  free(all);
  free(own);
  return st;
}

/* Covariance of two AUCs from their placements. */
static double placement_covariance(const double *va, const double *vb, double auc_a, double auc_b,
                                   const int *outcome, int64_t n, int64_t events) {
  double sum[2] = {0, 0};
  for (int64_t i = 0; i < n; i++) sum[outcome[i]] += (va[i] - auc_a) * (vb[i] - auc_b);
  double m = (double)events, k = (double)(n - events);
  if (m < 2 || k < 2) return NAN;
  return sum[1] / (m - 1) / m + sum[0] / (k - 1) / k;
}

static double mean_of_events(const double *v, const int *outcome, int64_t n, int64_t events) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    if (outcome[i]) sum += v[i];
  return sum / (double)events;
}

static void fill_auc(struct ml_auc *out, double auc, double variance, int64_t events, int64_t n) {
  out->auc = auc;
  out->variance = variance;
  out->events = events;
  out->non_events = n - events;
  double se = sqrt(variance);
  out->wald_low = isnan(se) ? NAN : fmax(0, auc - z95 * se);
  out->wald_high = isnan(se) ? NAN : fmin(1, auc + z95 * se);
  if (auc <= 0 || auc >= 1) {
    out->low = out->high = isnan(se) ? NAN : auc;
    return;
  }
  double logit = log(auc / (1 - auc)), half = z95 * se / (auc * (1 - auc));
  out->low = 1 / (1 + exp(-(logit - half)));
  out->high = 1 / (1 + exp(-(logit + half)));
}

status ml_auc(struct ml_auc *out, const double *score, const int *outcome, int64_t n) {
  status st = ST_OK;
  double *v = NULL;
  int64_t events = 0;
  TRY(check_binary(score, outcome, n, &events));
  v = malloc((size_t)n * sizeof *v);
  CHECK(v, ST_MEMORY, "AUC of %lld scores", (long long)n);
  TRY(placements(v, score, outcome, n, events));
  double auc = mean_of_events(v, outcome, n, events);
  fill_auc(out, auc, placement_covariance(v, v, auc, auc, outcome, n, events), events, n);
done:
  free(v);
  return st;
}

status ml_auc_compare(struct ml_auc_difference *out, const double *a, const double *b,
                      const int *outcome, int64_t n) {
  status st = ST_OK;
  double *va = NULL, *vb = NULL;
  int64_t events = 0;
  TRY(check_binary(a, outcome, n, &events));
  TRY(check_binary(b, outcome, n, &events));
  va = malloc((size_t)n * sizeof *va);
  vb = malloc((size_t)n * sizeof *vb);
  CHECK(va && vb, ST_MEMORY, "comparing AUCs of %lld people", (long long)n);
  TRY(placements(va, a, outcome, n, events));
  TRY(placements(vb, b, outcome, n, events));
  double auc_a = mean_of_events(va, outcome, n, events);
  double auc_b = mean_of_events(vb, outcome, n, events);
  fill_auc(&out->a, auc_a, placement_covariance(va, va, auc_a, auc_a, outcome, n, events), events,
           n);
  fill_auc(&out->b, auc_b, placement_covariance(vb, vb, auc_b, auc_b, outcome, n, events), events,
           n);
  out->covariance = placement_covariance(va, vb, auc_a, auc_b, outcome, n, events);
  out->difference = auc_a - auc_b;
  double variance = out->a.variance + out->b.variance - 2 * out->covariance;
  double se = variance > 1e-15 ? sqrt(variance) : isnan(variance) ? NAN : 0;
  out->low = out->difference - z95 * se;
  out->high = out->difference + z95 * se;
  out->z = se > 0 ? out->difference / se : NAN;
  out->p = se > 0 ? 2 * stat_normal_cdf(-fabs(out->z)) : NAN;
done:
  free(va);
  free(vb);
  return st;
}

status ml_roc(double *fpr, double *tpr, double *threshold, int64_t *count, const double *score,
              const int *outcome, int64_t n) {
  status st = ST_OK;
  struct scored *sorted = NULL;
  int64_t events = 0, m = 0, tp = 0, fp = 0;
  TRY(check_binary(score, outcome, n, &events));
  sorted = malloc((size_t)n * sizeof *sorted);
  CHECK(sorted, ST_MEMORY, "ROC curve of %lld scores", (long long)n);
  for (int64_t i = 0; i < n; i++) sorted[i] = (struct scored){score[i], i};
  qsort(sorted, (size_t)n, sizeof *sorted, by_falling_score);
  fpr[0] = tpr[0] = 0;
  threshold[0] = INFINITY;
  for (int64_t i = 0; i < n;) {
    double at = sorted[i].score;
    for (; i < n && sorted[i].score == at; i++) {
      tp += outcome[sorted[i].index];
      fp += !outcome[sorted[i].index];
    }
    m++;
    fpr[m] = (double)fp / (double)(n - events);
    tpr[m] = (double)tp / (double)events;
    threshold[m] = at;
  }
  *count = m + 1;
done:
  free(sorted);
  return st;
}

status ml_confusion_at(struct ml_confusion *out, const double *score, const int *outcome, int64_t n,
                       double threshold) {
  status st = ST_OK;
  int64_t events = 0;
  TRY(check_binary(score, outcome, n, &events));
  struct ml_confusion c = {.threshold = threshold};
  for (int64_t i = 0; i < n; i++) {
    int called = score[i] >= threshold;
    c.tp += called && outcome[i];
    c.fp += called && !outcome[i];
  }
  c.fn = events - c.tp;
  c.tn = n - events - c.fp;
  c.sensitivity = (double)c.tp / (double)events;
  c.specificity = (double)c.tn / (double)(n - events);
  *out = c;
done:
  return st;
}

status ml_youden(struct ml_confusion *out, const double *score, const int *outcome, int64_t n) {
  status st = ST_OK;
  double *points = malloc(3 * (size_t)(n + 1) * sizeof *points);
  CHECK(points, ST_MEMORY, "choosing a threshold among %lld scores", (long long)n);
  double *fpr = points, *tpr = points + n + 1, *threshold = points + 2 * (n + 1);
  int64_t count = 0, best = 0;
  TRY(ml_roc(fpr, tpr, threshold, &count, score, outcome, n));
  const double rounding = 1e-12;
  for (int64_t i = 1; i < count; i++)
    if (tpr[i] - fpr[i] > tpr[best] - fpr[best] + rounding) best = i;
  TRY(ml_confusion_at(out, score, outcome, n, threshold[best]));
done:
  free(points);
  return st;
}

static int category(double p, const double *cuts, int count) {
  int c = 0;
  while (c < count && p >= cuts[c]) c++;
  return c;
}

status ml_reclassify(struct ml_reclassification *out, const double *old_p, const double *new_p,
                     const int *outcome, int64_t n, const double *cuts, int cut_count) {
  status st = ST_OK;
  int64_t events = 0;
  TRY(check_binary(old_p, outcome, n, &events));
  TRY(check_binary(new_p, outcome, n, &events));
  for (int i = 1; i < cut_count; i++)
    CHECK(cuts[i] > cuts[i - 1], ST_DOMAIN, "risk categories: cut %g does not exceed cut %g",
          cuts[i], cuts[i - 1]);
  int64_t up[2] = {0, 0}, down[2] = {0, 0};
  double sum_old[2] = {0, 0}, sum_new[2] = {0, 0};
  for (int64_t i = 0; i < n; i++) {
    CHECK(old_p[i] >= 0 && old_p[i] <= 1 && new_p[i] >= 0 && new_p[i] <= 1, ST_DOMAIN,
          "probability of row %lld is %g or %g: must be 0 to 1", (long long)i, old_p[i], new_p[i]);
    int class = outcome[i];
    double move = cut_count
                      ? category(new_p[i], cuts, cut_count) - category(old_p[i], cuts, cut_count)
                      : new_p[i] - old_p[i];
    up[class] += move > 0;
    down[class] += move < 0;
    sum_old[class] += old_p[i];
    sum_new[class] += new_p[i];
  }
  double m = (double)events, k = (double)(n - events);
  out->nri_events = (double)(up[1] - down[1]) / m;
  out->nri_non_events = (double)(down[0] - up[0]) / k;
  out->slope_old = sum_old[1] / m - sum_old[0] / k;
  out->slope_new = sum_new[1] / m - sum_new[0] / k;
  out->idi = out->slope_new - out->slope_old;
done:
  return st;
}

double ml_mcnemar_p(int64_t only_a, int64_t only_b) {
  const int64_t exact_below = 25;
  int64_t n = only_a + only_b, k = only_a < only_b ? only_a : only_b;
  if (n == 0) return 1;
  if (n < exact_below) {
    double log_half = (double)n * log(0.5), sum = 0;
    for (int64_t i = 0; i <= k; i++)
      sum += exp(log_half + lgamma((double)n + 1) - lgamma((double)i + 1) -
                 lgamma((double)(n - i) + 1));
    return fmin(1, 2 * sum);
  }
  double difference = fmax(0, fabs((double)(only_a - only_b)) - 1);
  return stat_chi2_beyond(difference * difference / (double)n, 1);
}

void ml_wilson(double *low, double *high, int64_t k, int64_t n) {
  double m = (double)n, p = (double)k / m, z2 = z95 * z95;
  double centre = (p + z2 / (2 * m)) / (1 + z2 / m);
  double half = z95 / (1 + z2 / m) * sqrt(p * (1 - p) / m + z2 / (4 * m * m));
  *low = n ? fmax(0, centre - half) : NAN;
  *high = n ? fmin(1, centre + half) : NAN;
}
