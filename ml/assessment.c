#include "ml/assessment_parts.h"
#include "ml/discrimination.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_EVENTS = 10, LEAST_PEOPLE = 20, LEAST_EVENTS_PER_FEATURE = 5 };

int64_t ml_assessment_events(const struct ml_predictions *p) {
  int64_t events = 0;
  for (int64_t i = 0; i < p->n; i++) events += p->outcome && p->outcome[i] == 1;
  return events;
}

status ml_assessment_row(struct record *r, const char *region, const char *quantity, double value,
                         double low, double high, const struct ml_predictions *p,
                         const char *method, const char *source) {
  status st = ST_OK;
  struct measurement *m =
      isnan(value) ? record_withhold(r, region, quantity, "", "cannot be had from these data")
                   : record_add(r, region, quantity, value, "");
  CHECK(m, ST_MEMORY, "adding %s", quantity);
  bool no_width = high - low < 1e-12 && value != 0; /* a marker less itself is surely 0 */
  m->low = no_width ? NAN : low;
  m->high = no_width ? NAN : high;
  m->n = p->n;
  snprintf(m->method, sizeof m->method, "%s", method ? method : "");
  measurement_source(m, source);
  if (p->task != ML_REGRESSION)
    measurement_flag(m, "%lld events", (long long)ml_assessment_events(p));
  if (no_width) measurement_flag(m, "the same in every draw of people: no interval can be given");
done:
  return st;
}

status ml_drawn_make(struct ml_drawn *out, const struct ml_predictions *p, const int64_t *rows,
                     int64_t n) {
  status st = ST_OK;
  size_t people = (size_t)n + 1, cells = people * (size_t)p->repeats;
  struct ml_drawn d = {n, malloc(cells * sizeof *d.score), NULL, malloc(people * sizeof *d.target),
                       malloc(people * sizeof *d.outcome)};
  if (p->probability) d.probability = malloc(cells * sizeof *d.probability);
  CHECK(d.score && d.target && d.outcome && (d.probability || !p->probability), ST_MEMORY,
        "figures of %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    d.outcome[i] = p->outcome ? p->outcome[rows[i]] : 0;
    if (p->task == ML_BINARY) d.outcome[i] = d.outcome[i] == 1;
    d.target[i] = p->target ? p->target[rows[i]] : 0;
    for (int64_t k = 0; k < p->repeats; k++) {
      d.score[k * n + i] = p->score[k * p->n + rows[i]];
      if (d.probability) d.probability[k * n + i] = p->probability[k * p->n + rows[i]];
    }
  }
  *out = d;
  memset(&d, 0, sizeof d);
done:
  ml_drawn_free(&d);
  return st;
}

void ml_drawn_free(struct ml_drawn *d) {
  free(d->score);
  free(d->probability);
  free(d->target);
  free(d->outcome);
}

/* Mean criterion over repeats on drawn rows. */
struct criterion {
  const struct ml_predictions *a, *b; /* b NULL: criterion of a, else difference b - a */
};

static double mean_criterion(const struct ml_predictions *p, const int64_t *rows, int64_t n) {
  struct ml_predictions plain = *p;
  struct ml_drawn d = {0};
  double mean = 0;
  plain.probability = NULL;
  if (ml_drawn_make(&d, &plain, rows, n) != ST_OK) {
    status_clear();
    return NAN;
  }
  for (int k = 0; k < p->repeats; k++)
    mean += ml_criterion(p->task, d.score + k * n, d.outcome, d.target, n) / p->repeats;
  ml_drawn_free(&d);
  return mean;
}

static double drawn_criterion(const void *user, const int64_t *rows, int64_t n) {
  const struct criterion *c = user;
  double value = mean_criterion(c->a, rows, n);
  return c->b ? mean_criterion(c->b, rows, n) - value : value;
}

status ml_assessment_rows(int64_t **out, int64_t n) {
  status st = ST_OK;
  int64_t *rows = malloc((size_t)(n + 1) * sizeof *rows);
  CHECK(rows, ST_MEMORY, "assessing %lld people", (long long)n);
  for (int64_t i = 0; i < n; i++) rows[i] = i;
  *out = rows;
done:
  return st;
}

static status whole(double *value, const struct criterion *d) {
  status st = ST_OK;
  int64_t *rows = NULL;
  TRY(ml_assessment_rows(&rows, d->a->n));
  *value = drawn_criterion(d, rows, d->a->n);
done:
  free(rows);
  return st;
}

static const char *criterion_name(enum ml_task task) {
  return task == ML_BINARY ? "auc" : task == ML_SURVIVAL ? "harrell_c" : "r2";
}

static const char *criterion_source(enum ml_task task) {
  return task == ML_BINARY ? "delong1988" : task == ML_SURVIVAL ? "harrell1982" : "";
}

/* Why no headline may be given; NULL when it may. */
static const char *too_few(const struct ml_predictions *p, const struct ml_assessment_options *o) {
  if (p->task == ML_REGRESSION) return p->n < LEAST_PEOPLE ? "fewer than 20 people" : NULL;
  int64_t events = ml_assessment_events(p);
  if (events < LEAST_EVENTS || p->n < LEAST_PEOPLE)
    return "too few events: at least 10 events and 20 people are needed for a headline figure";
  if (o->features && events < (int64_t)LEAST_EVENTS_PER_FEATURE * o->features)
    return "too few events: fewer than 5 events per candidate feature";
  return NULL;
}

static status assess_discrimination(struct record *r, const char *name,
                                    const struct ml_predictions *p,
                                    const struct ml_assessment_options *o) {
  status st = ST_OK;
  struct criterion d = {p, NULL};
  struct ml_interval interval;
  double value = NAN;
  const char *reason = too_few(p, o);
  if (reason) {
    struct measurement *m = record_withhold(r, name, criterion_name(p->task), "", reason);
    CHECK(m, ST_MEMORY, "adding %s", criterion_name(p->task));
    m->n = p->n;
    goto done;
  }
  TRY(whole(&value, &d));
  TRY(ml_bootstrap(&interval, drawn_criterion, &d, p->group, p->n, ml_assessment_draws(o),
                   o->seed));
  TRY(ml_assessment_row(r, name, criterion_name(p->task), value, interval.low, interval.high, p,
                        o->method, criterion_source(p->task)));
done:
  return st;
}

status ml_assess(struct record *r, const char *name, const struct ml_predictions *p,
                 const struct ml_assessment_options *options) {
  status st = ST_OK;
  TRY(assess_discrimination(r, name, p, options));
  if (p->task == ML_SURVIVAL) TRY(ml_assess_concordance(r, name, p, options));
  if (p->task != ML_BINARY) goto done;
  TRY(ml_assess_binary(r, name, p, options));
done:
  if (st != ST_OK) status_note("assessing %s", name);
  return st;
}

status ml_assess_folds(struct record *r, const char *name, const struct ml_nested_result *nested) {
  status st = ST_OK;
  double sum = 0, low = INFINITY, high = -INFINITY;
  int count = 0;
  for (int f = 0; f < nested->fold_count; f++) {
    double v = nested->folds[f].outer_score;
    if (isnan(v)) continue;
    sum += v;
    low = fmin(low, v);
    high = fmax(high, v);
    count++;
  }
  struct measurement *m =
      count ? record_add(r, name, "auc_fold_mean", sum / count, "")
            : record_withhold(r, name, "auc_fold_mean", "", "no fold has both outcomes");
  CHECK(m, ST_MEMORY, "adding auc_fold_mean");
  m->n = count;
  if (count) measurement_flag(m, "over %d folds, smallest %.3f, largest %.3f", count, low, high);
done:
  return st;
}

struct ranked {
  double score;
  int64_t row;
};

static int by_score(const void *a, const void *b) {
  const struct ranked *p = a, *q = b;
  if (p->score != q->score) return p->score < q->score ? -1 : 1;
  return p->row < q->row ? -1 : p->row > q->row;
}

/* Mean over repeats of the midrank within the repeat: one marker a person from repeated
 * cross-validation. */
static status mean_ranks(double *out, const struct ml_predictions *p) {
  status st = ST_OK;
  struct ranked *sorted = malloc((size_t)p->n * sizeof *sorted);
  CHECK(sorted, ST_MEMORY, "ranking %lld people", (long long)p->n);
  memset(out, 0, (size_t)p->n * sizeof *out);
  for (int k = 0; k < p->repeats; k++) {
    for (int64_t i = 0; i < p->n; i++)
      sorted[i] = (struct ranked){p->score[(int64_t)k * p->n + i], i};
    qsort(sorted, (size_t)p->n, sizeof *sorted, by_score);
    for (int64_t i = 0; i < p->n;) {
      int64_t j = i;
      while (j < p->n && sorted[j].score == sorted[i].score) j++;
      for (int64_t q = i; q < j; q++) out[sorted[q].row] += 0.5 * (double)(i + j - 1) / p->repeats;
      i = j;
    }
  }
done:
  free(sorted);
  return st;
}

static status difference_by_delong(struct record *r, const char *name,
                                   const struct ml_predictions *a, const struct ml_predictions *b,
                                   const char *method) {
  status st = ST_OK;
  struct ml_auc_difference d;
  double *ranks = malloc(2 * (size_t)a->n * sizeof *ranks);
  CHECK(ranks, ST_MEMORY, "comparing %lld people", (long long)a->n);
  TRY(mean_ranks(ranks, b));
  TRY(mean_ranks(ranks + a->n, a));
  TRY(ml_auc_compare(&d, ranks, ranks + a->n, a->outcome, a->n));
  TRY(ml_assessment_row(r, name, "delong_difference", d.difference, d.low, d.high, a, method,
                        "delong1988"));
  TRY(ml_assessment_row(r, name, "delong_z", d.z, NAN, NAN, a, method, "delong1988"));
  TRY(ml_assessment_row(r, name, "delong_p", d.p, NAN, NAN, a, method, "delong1988"));
done:
  free(ranks);
  return st;
}

/* Mean probability of each person over the repeats; *known is false when one is missing. */
static void mean_probabilities(double *out, bool *known, const struct ml_predictions *p) {
  for (int64_t i = 0; i < p->n; i++) {
    out[i] = 0;
    for (int k = 0; k < p->repeats; k++)
      out[i] += p->probability[(int64_t)k * p->n + i] / p->repeats;
    *known &= !isnan(out[i]); /* before fmin, which would make a 1 of it */
    out[i] = fmin(out[i], 1); /* a mean of ones may round above */
  }
}

static status rows_of_nri(struct record *r, const char *name, const struct ml_predictions *a,
                          const double *old_p, const double *new_p, const char *method,
                          const struct ml_assessment_options *o) {
  status st = ST_OK;
  struct ml_reclassification c;
  char how[96];
  TRY(ml_reclassify(&c, old_p, new_p, a->outcome, a->n, NULL, 0));
  TRY(ml_assessment_row(r, name, "nri_events", c.nri_events, NAN, NAN, a, method, "pencina2008"));
  TRY(ml_assessment_row(r, name, "nri_non_events", c.nri_non_events, NAN, NAN, a, method,
                        "pencina2008"));
  TRY(ml_assessment_row(r, name, "idi", c.idi, NAN, NAN, a, method, "pencina2008"));
  if (!o->cut_count) goto done;
  int used = snprintf(how, sizeof how, "categories at");
  for (int i = 0; i < o->cut_count && used < (int)sizeof how; i++)
    used += snprintf(how + used, sizeof how - (size_t)used, " %g", o->cuts[i]);
  TRY(ml_reclassify(&c, old_p, new_p, a->outcome, a->n, o->cuts, o->cut_count));
  TRY(ml_assessment_row(r, name, "nri_categorical_events", c.nri_events, NAN, NAN, a, how,
                        "pencina2008"));
  TRY(ml_assessment_row(r, name, "nri_categorical_non_events", c.nri_non_events, NAN, NAN, a, how,
                        "pencina2008"));
done:
  return st;
}

static status withhold_reclassification(struct record *r, const char *name,
                                        const struct ml_predictions *a) {
  static const char *const quantities[] = {"nri_events", "nri_non_events", "idi", "mcnemar_p"};
  status st = ST_OK;
  for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++) {
    struct measurement *m =
        record_withhold(r, name, quantities[i], "", "not everybody has a probability by both");
    CHECK(m, ST_MEMORY, "adding %s", quantities[i]);
    m->n = a->n;
  }
done:
  return st;
}

static status difference_of_probabilities(struct record *r, const char *name,
                                          const struct ml_predictions *a,
                                          const struct ml_predictions *b,
                                          const struct ml_assessment_options *o) {
  status st = ST_OK;
  const size_t first = r->count;
  int64_t only_a = 0, only_b = 0;
  bool known = true;
  double *mean = malloc(2 * (size_t)a->n * sizeof *mean);
  CHECK(mean, ST_MEMORY, "comparing %lld people", (long long)a->n);
  const double *old_p = mean, *new_p = mean + a->n;
  mean_probabilities(mean, &known, a);
  mean_probabilities(mean + a->n, &known, b);
  if (!known) {
    TRY(withhold_reclassification(r, name, a));
    goto done;
  }
  TRY(rows_of_nri(r, name, a, old_p, new_p, o->method, o));
  for (size_t i = first; i < r->count; i++)
    measurement_flag(&r->rows[i], "favours useless markers: never a headline");
  for (int64_t i = 0; i < a->n; i++) {
    int right_a = (old_p[i] >= 0.5) == a->outcome[i];
    int right_b = (new_p[i] >= 0.5) == a->outcome[i];
    only_a += right_a && !right_b;
    only_b += right_b && !right_a;
  }
  TRY(ml_assessment_row(r, name, "mcnemar_p", ml_mcnemar_p(only_a, only_b), NAN, NAN, a, o->method,
                        ""));
done:
  free(mean);
  return st;
}

status ml_assess_difference(struct record *r, const char *name_a, const struct ml_predictions *a,
                            const char *name_b, const struct ml_predictions *b,
                            const struct ml_assessment_options *options) {
  status st = ST_OK;
  const struct ml_assessment_options *o = options;
  struct criterion d = {a, b};
  struct ml_interval interval;
  double value = NAN;
  char name[160], quantity[64];
  const size_t first = r->count;
  const char *reason = too_few(a, o);
  CHECK(a->n == b->n && a->task == b->task, ST_DOMAIN,
        "comparing %s (%lld rows) with %s (%lld rows): the same people and outcome are needed",
        name_a, (long long)a->n, name_b, (long long)b->n);
  for (int64_t i = 0; i < a->n && a->outcome; i++)
    CHECK(a->outcome[i] == b->outcome[i], ST_DOMAIN,
          "comparing %s with %s: row %lld has different outcomes", name_a, name_b,
          (long long)i + 1);
  for (int64_t i = 0; i < a->n && a->target && b->target; i++)
    CHECK(a->target[i] == b->target[i], ST_DOMAIN,
          "comparing %s with %s: row %lld has different times or values", name_a, name_b,
          (long long)i + 1);
  snprintf(name, sizeof name, "%s - %s", name_b, name_a);
  snprintf(quantity, sizeof quantity, "%s_difference", criterion_name(a->task));
  TRY(whole(&value, &d));
  TRY(ml_bootstrap(&interval, drawn_criterion, &d, a->group, a->n, ml_assessment_draws(o),
                   o->seed));
  TRY(ml_assessment_row(r, name, quantity, value, interval.low, interval.high, a, o->method, ""));
  if (a->task == ML_BINARY) {
    TRY(difference_by_delong(r, name, a, b, o->method));
    if (a->probability && b->probability) TRY(difference_of_probabilities(r, name, a, b, o));
  }
  for (size_t i = first; reason && i < r->count; i++) measurement_flag(&r->rows[i], "%s", reason);
done:
  return st;
}

status ml_assess_subgroups(struct record *r, const char *name, const struct ml_predictions *p,
                           const char *variable, const int *label, const char *const *names,
                           int count, const struct ml_assessment_options *options) {
  status st = ST_OK;
  double lowest = INFINITY, highest = -INFINITY;
  double *score = malloc((size_t)p->n * (size_t)p->repeats * sizeof *score);
  double *target = malloc((size_t)p->n * sizeof *target);
  int *outcome = malloc((size_t)p->n * sizeof *outcome);
  int64_t *group = malloc((size_t)p->n * sizeof *group);
  int used = 0;
  CHECK(score && target && outcome && group, ST_MEMORY, "subgroups of %lld people",
        (long long)p->n);
  for (int g = 0; g < count; g++) {
    char region[160];
    int64_t m = 0, events = 0;
    for (int64_t i = 0; i < p->n; i++) m += label[i] == g;
    int64_t at = 0;
    for (int64_t i = 0; i < p->n; i++) {
      if (label[i] != g) continue;
      for (int k = 0; k < p->repeats; k++) score[k * m + at] = p->score[(int64_t)k * p->n + i];
      outcome[at] = p->outcome[i];
      events += outcome[at] == 1;
      target[at] = p->target ? p->target[i] : 0;
      group[at++] = p->group ? p->group[i] : i;
    }
    snprintf(region, sizeof region, "%s %s=%s", name, variable, names[g]);
    if (events < LEAST_EVENTS || m - events < LEAST_EVENTS) {
      struct measurement *w = record_withhold(r, region, criterion_name(p->task), "",
                                              "fewer than 10 events or non-events in the subgroup");
      CHECK(w, ST_MEMORY, "adding subgroup %s", names[g]);
      w->n = m;
      continue;
    }
    struct ml_predictions part = {
        p->task, m, p->repeats, score, NULL, outcome, p->target ? target : NULL, group};
    struct ml_assessment_options o = *options;
    o.features = 0;
    TRY(assess_discrimination(r, region, &part, &o));
    double value = r->rows[r->count - 1].value;
    if (isnan(value)) continue;
    lowest = fmin(lowest, value);
    highest = fmax(highest, value);
    used++;
  }
  if (used >= 2) {
    char quantity[64];
    snprintf(quantity, sizeof quantity, "%s_gap", criterion_name(p->task));
    char region[160];
    snprintf(region, sizeof region, "%s %s", name, variable);
    TRY(ml_assessment_row(r, region, quantity, highest - lowest, NAN, NAN, p, options->method, ""));
  }
done:
  free(score);
  free(target);
  free(outcome);
  free(group);
  return st;
}
