#define _DEFAULT_SOURCE /* strsep */
#include "ml/dataset.h"

#include "core/log.h"
#include "core/statistics.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static status find_column(int *out, const struct table *t, const char *name, const char *what) {
  status st = ST_OK;
  int c = table_find(t, name);
  CHECK(c >= 0, ST_DOMAIN,
        "%s column \"%s\" is not in the table of %zu columns (the first is \"%s\")", what, name,
        t->column_count, t->column_count ? t->columns[0].name : "");
  *out = c;
done:
  return st;
}

/* Cells as small integers in order of first appearance. */
static status code_column(int64_t **out, const struct table *t, const char *name,
                          const char *what) {
  status st = ST_OK;
  int c = -1;
  int64_t *codes = NULL;
  TRY(find_column(&c, t, name, what));
  const struct table_column *col = &t->columns[c];
  codes = malloc((t->row_count + 1) * sizeof *codes);
  CHECK(codes, ST_MEMORY, "reading column %s", name);
  for (size_t i = 0; i < t->row_count; i++) {
    CHECK(col->numeric ? isfinite(col->numbers[i]) : col->texts[i][0] != '\0', ST_DOMAIN,
          "%s is missing in row %zu (column \"%s\")", what, i + 1, name);
    size_t j = 0;
    while (j < i && (col->numeric ? col->numbers[j] != col->numbers[i]
                                  : strcmp(col->texts[j], col->texts[i]) != 0))
      j++;
    codes[i] = (int64_t)j;
  }
  *out = codes;
  codes = NULL;
done:
  free(codes);
  return st;
}

static status read_outcome(struct ml_dataset *d, const struct ml_dataset_options *o) {
  status st = ST_OK;
  const double *value = NULL, *time = NULL;
  int64_t counts[3] = {0, 0, 0};
  TRY(table_numbers(&value, d->table, o->outcome, "outcome"));
  if (o->time) TRY(table_numbers(&time, d->table, o->time, "time"));
  d->outcome = calloc((size_t)d->n, sizeof *d->outcome);
  d->target = calloc((size_t)d->n, sizeof *d->target);
  CHECK(d->outcome && d->target, ST_MEMORY, "reading the outcome of %lld rows", (long long)d->n);
  for (int64_t i = 0; i < d->n; i++) {
    double v = value[i];
    CHECK(isfinite(v), ST_DOMAIN, "outcome \"%s\" is missing in row %lld: leave such rows out",
          o->outcome, (long long)i + 1);
    if (o->task == ML_REGRESSION) {
      d->target[i] = v;
      continue;
    }
    CHECK(v == 0 || v == 1 || (v == 2 && o->task == ML_SURVIVAL), ST_DOMAIN,
          "outcome \"%s\" of row %lld is %g: must be 0 (none) or 1 (event)%s", o->outcome,
          (long long)i + 1, v, o->task == ML_SURVIVAL ? " or 2 (competing event)" : "");
    d->outcome[i] = (int)v;
    counts[d->outcome[i]]++;
    if (!time) continue;
    CHECK(time[i] > 0 && isfinite(time[i]), ST_DOMAIN,
          "time \"%s\" of row %lld is %g: must be greater than 0", o->time, (long long)i + 1,
          time[i]);
    d->target[i] = time[i];
  }
  CHECK(o->task == ML_REGRESSION || (counts[1] > 0 && counts[1] < d->n), ST_DOMAIN,
        "outcome \"%s\": %lld events in %lld rows, both outcomes are needed", o->outcome,
        (long long)counts[1], (long long)d->n);
  CHECK(o->task != ML_SURVIVAL || time, ST_USAGE, "a survival model needs the time column");
done:
  return st;
}

static int reserved(const struct ml_dataset_options *o, const char *name) {
  const char *const names[] = {o->id, o->outcome, o->time, o->site, "case"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i] && !strcmp(names[i], name)) return 1;
  return 0;
}

static int add_feature(struct ml_dataset *d, int column) {
  for (int f = 0; f < d->feature_count; f++)
    if (d->features[f] == column) return f;
  d->features[d->feature_count] = column;
  return d->feature_count++;
}

/* A column of numbers with a word among them ("n.a.") is a slip, and would be missed; one of words
 * is none of numbers, and a pattern passes over it. */
static bool mostly_numbers(const struct table *t, int column) {
  size_t row, numbers, present = 0;
  if (!table_first_text(&row, &numbers, t, column)) return false; /* codes such as "007" */
  for (size_t i = 0; i < t->row_count; i++) present += t->columns[column].texts[i][0] != '\0';
  return 2 * numbers > present;
}

/* Columns whose name says that they were known only afterwards: no pattern takes them, a name does.
 */
static bool known_afterwards(const char *name) {
  static const char *const names[] = {"time",      "event",     "outcome", "status",
                                      "followup",  "death",     "died",    "fracture",
                                      "fractured", "follow_up", "truth"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcasecmp(name, names[i])) return true;
  return false;
}

/* Add the columns that match a pattern to a group. */
static status match_pattern(struct ml_dataset *d, struct ml_feature_group *g,
                            const struct ml_dataset_options *o, const char *pattern, int exact) {
  status st = ST_OK;
  int matched = 0;
  for (size_t c = 0; c < d->table->column_count; c++) {
    const struct table_column *col = &d->table->columns[c];
    const double *numbers = NULL;
    if (fnmatch(pattern, col->name, 0) || reserved(o, col->name)) continue;
    if (!col->numeric && !exact && !mostly_numbers(d->table, (int)c)) continue;
    if (!exact && known_afterwards(col->name)) {
      log_warning("feature group %s: column \"%s\" is left out, its name is that of an outcome; "
                  "name it without a pattern to take it",
                  g->name, col->name);
      continue;
    }
    st = table_numbers(&numbers, d->table, col->name, "feature");
    if (st != ST_OK) {
      status_note("feature group %s", g->name);
      goto done;
    }
    int feature = add_feature(d, (int)c), known = 0;
    for (int k = 0; k < g->count; k++) known |= g->columns[k] == feature;
    if (!known) g->columns[g->count++] = feature;
    matched++;
  }
  CHECK(matched, ST_DOMAIN, "feature group \"%s\": no numeric column matches \"%s\"", g->name,
        pattern);
done:
  return st;
}

static status make_group(struct ml_dataset *d, const struct ml_dataset_options *o,
                         const char *text) {
  status st = ST_OK;
  char patterns[1024];
  CHECK(d->group_count < ML_GROUPS, ST_DOMAIN, "more than %d feature groups", ML_GROUPS);
  struct ml_feature_group *g = &d->groups[d->group_count];
  const char *equals = strchr(text, '=');
  CHECK(equals && equals > text && equals[1] && (size_t)(equals - text) < sizeof g->name &&
            strlen(equals) < sizeof patterns,
        ST_USAGE, "feature group \"%s\": must read name=pattern or name=pattern+pattern", text);
  snprintf(g->name, sizeof g->name, "%.*s", (int)(equals - text), text);
  g->columns = calloc(d->table->column_count, sizeof *g->columns);
  CHECK(g->columns, ST_MEMORY, "feature group %s", g->name);
  d->group_count++;
  snprintf(patterns, sizeof patterns, "%s", equals + 1);
  char *rest = patterns;
  for (char *p = strsep(&rest, "+"); p; p = strsep(&rest, "+"))
    TRY(match_pattern(d, g, o, p, !strpbrk(p, "*?[")));
done:
  return st;
}

status ml_dataset_make(struct ml_dataset *out, const struct table *t,
                       const struct ml_dataset_options *options, const char *const *groups,
                       int group_count) {
  status st = ST_OK;
  const int64_t least_rows = 4;
  struct ml_dataset d = {.table = t, .n = (int64_t)t->row_count};
  CHECK(d.n >= least_rows, ST_DOMAIN, "the table has %lld rows: at least %lld are needed",
        (long long)d.n, (long long)least_rows);
  TRY(read_outcome(&d, options));
  if (options->id) TRY(code_column(&d.person, t, options->id, "person"));
  if (options->site) TRY(code_column(&d.site, t, options->site, "site"));
  d.features = calloc(t->column_count, sizeof *d.features);
  CHECK(d.features, ST_MEMORY, "listing %zu features", t->column_count);
  for (int g = 0; g < group_count; g++) TRY(make_group(&d, options, groups[g]));
  if (!group_count) TRY(make_group(&d, options, "all=*"));
  d.x = malloc((size_t)d.n * (size_t)d.feature_count * sizeof *d.x);
  CHECK(d.x, ST_MEMORY, "a matrix of %lld x %d features", (long long)d.n, d.feature_count);
  for (int64_t i = 0; i < d.n; i++)
    for (int f = 0; f < d.feature_count; f++) {
      const struct table_column *col = &t->columns[d.features[f]];
      CHECK(!isinf(col->numbers[i]), ST_DOMAIN,
            "feature \"%s\" of row %lld is infinite; an unknown value is an empty cell", col->name,
            (long long)i + 1);
      d.x[i * d.feature_count + f] = col->numbers[i];
    }
  *out = d;
  memset(&d, 0, sizeof d);
done:
  ml_dataset_free(&d);
  return st;
}

void ml_dataset_free(struct ml_dataset *d) {
  free(d->outcome);
  free(d->target);
  free(d->person);
  free(d->site);
  free(d->features);
  free(d->x);
  for (int g = 0; g < d->group_count; g++) free(d->groups[g].columns);
  memset(d, 0, sizeof *d);
}

status ml_dataset_group(double **x, const struct ml_dataset *d, int group) {
  status st = ST_OK;
  const struct ml_feature_group *g = &d->groups[group];
  double *m = malloc((size_t)d->n * (size_t)g->count * sizeof *m);
  CHECK(m, ST_MEMORY, "matrix of feature group %s", g->name);
  for (int64_t i = 0; i < d->n; i++)
    for (int k = 0; k < g->count; k++)
      m[i * g->count + k] = d->x[i * d->feature_count + g->columns[k]];
  *x = m;
done:
  return st;
}

static status warn(struct record *r, const char *region, const char *quantity, double value,
                   const char *unit, const char *text) {
  status st = ST_OK;
  struct measurement *m = record_add(r, region, quantity, value, unit);
  CHECK(m, ST_MEMORY, "noting a warning about %s", region);
  measurement_flag(m, "%s", text);
done:
  return st;
}

/* Missing share, spread and leakage of one feature. */
static status warn_feature(struct record *r, const struct ml_dataset *d, int f, double *score,
                           int *outcome) {
  status st = ST_OK;
  const double most_missing = 0.4, leak = 0.49;
  const char *name = d->table->columns[d->features[f]].name;
  int64_t m = 0, events = 0;
  double low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < d->n; i++) {
    double v = d->x[i * d->feature_count + f];
    if (!isfinite(v)) continue;
    low = fmin(low, v);
    high = fmax(high, v);
    score[m] = v;
    outcome[m] = d->outcome[i] == 1;
    events += outcome[m++];
  }
  double missing = 1 - (double)m / (double)d->n;
  if (missing > most_missing)
    TRY(warn(r, name, "warning_missing", missing, "",
             "more than 40 % missing: left out of every fold"));
  if (m && !(high > low))
    TRY(warn(r, name, "warning_constant", low, "", "the same in everybody: left out"));
  if (events > 0 && events < m && high > low) {
    double auc = ml_criterion(ML_BINARY, score, outcome, NULL, m);
    if (fabs(auc - 0.5) > leak)
      TRY(warn(r, name, "warning_leakage", auc, "",
               "tells the outcome almost perfectly: was it measured after the event?"));
  }
done:
  return st;
}

/* Standardised difference of one site from the rest, and its z; NaN when either side has fewer than
 * 5 values. */
static double site_difference(double *z, const struct ml_dataset *d, int f, int64_t site) {
  const int64_t least = 5;
  double sum[2] = {0, 0}, square[2] = {0, 0};
  int64_t n[2] = {0, 0};
  for (int64_t i = 0; i < d->n; i++) {
    double v = d->x[i * d->feature_count + f];
    if (!isfinite(v)) continue;
    int at = d->site[i] == site;
    n[at]++;
    sum[at] += v;
    square[at] += v * v;
  }
  *z = NAN;
  if (n[0] < least || n[1] < least) return NAN;
  double variance[2];
  for (int k = 0; k < 2; k++)
    variance[k] = (square[k] - sum[k] * sum[k] / (double)n[k]) / (double)(n[k] - 1);
  double difference = sum[1] / (double)n[1] - sum[0] / (double)n[0];
  double pooled = sqrt(0.5 * (variance[0] + variance[1]));
  *z = difference / sqrt(variance[0] / (double)n[0] + variance[1] / (double)n[1]);
  return difference / pooled;
}

static status warn_sites(struct record *r, const struct ml_dataset *d) {
  status st = ST_OK;
  const double level = 0.001;
  int64_t sites = 0;
  for (int64_t i = 0; i < d->n; i++) sites += d->site[i] == i; /* codes are first rows */
  for (int f = 0; f < d->feature_count && sites > 1; f++) {
    double worst = 0, worst_p = 1;
    for (int64_t i = 0; i < d->n; i++) {
      double z, difference;
      if (d->site[i] != i) continue;
      difference = site_difference(&z, d, f, i);
      double p = 2 * stat_normal_cdf(-fabs(z));
      if (isfinite(difference) && p < worst_p) {
        worst = difference;
        worst_p = p;
      }
    }
    if (worst_p < level / ((double)d->feature_count * (double)sites))
      TRY(warn(r, d->table->columns[d->features[f]].name, "warning_site_shift", worst, "SD",
               "differs between sites: harmonise the scanners, or leave one site out"));
  }
done:
  return st;
}

struct features_of {
  const double *x;
  int count;
  int64_t row;
};

static int by_features(const void *a, const void *b) {
  const struct features_of *p = a, *q = b;
  for (int f = 0; f < p->count; f++)
    if (p->x[f] != q->x[f]) return p->x[f] < q->x[f] ? -1 : 1;
  return p->row < q->row ? -1 : p->row > q->row;
}

/* Two people with the same value in every feature, of three or more: most likely one person entered
 * twice, who then lies in training and in test. */
static status warn_copies(struct record *r, const struct ml_dataset *d) {
  status st = ST_OK;
  enum { LEAST_FEATURES = 3 };
  int64_t n = 0, copies = 0, first = 0, second = 0;
  struct features_of *sorted = malloc((size_t)(d->n + 1) * sizeof *sorted);
  CHECK(sorted, ST_MEMORY, "looking for people entered twice");
  for (int64_t i = 0; i < d->n && d->feature_count >= LEAST_FEATURES; i++) {
    const double *x = d->x + i * d->feature_count;
    bool whole = true;
    for (int f = 0; f < d->feature_count; f++) whole &= isfinite(x[f]) != 0;
    if (whole) sorted[n++] = (struct features_of){x, d->feature_count, i};
  }
  qsort(sorted, (size_t)n, sizeof *sorted, by_features);
  for (int64_t i = 1; i < n; i++) {
    const int64_t a = sorted[i - 1].row, b = sorted[i].row;
    bool same = !(d->person && d->person[a] == d->person[b]);
    for (int f = 0; same && f < d->feature_count; f++) same = sorted[i - 1].x[f] == sorted[i].x[f];
    if (same && !copies++) first = a, second = b;
  }
  if (copies) {
    char text[160];
    snprintf(text, sizeof text,
             "rows %lld and %lld%s: different people with the same features; one person entered "
             "twice lies in training and in test",
             (long long)first + 1, (long long)second + 1, copies > 1 ? ", and others" : "");
    TRY(warn(r, "all", "warning_same_features", (double)copies, "people", text));
  }
done:
  free(sorted);
  return st;
}

status ml_dataset_warnings(struct record *r, const struct ml_dataset *d) {
  status st = ST_OK;
  int64_t events = 0;
  double *score = malloc((size_t)d->n * sizeof *score);
  int *outcome = malloc((size_t)d->n * sizeof *outcome);
  CHECK(score && outcome, ST_MEMORY, "looking through %d features", d->feature_count);
  for (int64_t i = 0; i < d->n; i++) events += d->outcome[i] == 1;
  for (int f = 0; f < d->feature_count; f++) TRY(warn_feature(r, d, f, score, outcome));
  if (d->site) TRY(warn_sites(r, d));
  TRY(warn_copies(r, d));
  /* events per candidate feature: warned below 10, no headline below 5 */
  for (int g = 0; g < d->group_count && events; g++) {
    double per_feature = (double)events / d->groups[g].count;
    if (per_feature < 10)
      TRY(warn(r, d->groups[g].name, "warning_events_per_feature", per_feature, "",
               per_feature < 5 ? "fewer than 5 events per feature: too few for a headline figure"
                               : "fewer than 10 events per feature"));
  }
  if (d->n < 20 || (events && events < 10))
    TRY(warn(r, "all", "warning_too_few", (double)events, "events",
             "fewer than 20 people or 10 events: no headline figure is given"));
done:
  free(score);
  free(outcome);
  return st;
}
