#include "cli/command.h"
#include "core/log.h"
#include "core/plot.h"
#include "core/table.h"
#include "ml/figures.h"
#include "ml/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 12 };

struct params {
  const char *table, *time, *event, *group, *unit, *picture, *out;
  bool competing;
};

static const struct params defaults = {.time = "time", .event = "event", .unit = "y"};

static const struct option options[] = {
    ARG_IN(struct params, table, "table", "one row a person (CSV)"),
    OPT_TEXT(struct params, time, "time", "column with the follow-up time"),
    OPT_TEXT(struct params, event, "event", "column with 0 censored, 1 event, 2 competing event"),
    OPT_TEXT(struct params, group, "by",
             "column of groups: one curve a value, and the log-rank test for two"),
    OPT_TEXT(struct params, unit, "unit", "of time, for the picture"),
    OPT_FLAG(struct params, competing, "competing",
             "cumulative incidence of event 1 beside event 2 (Aalen-Johansen)"),
    OPT_OUT_AS(struct params, picture, "figure", ".svg", "curves"),
    OPT_OUT_AS(struct params, out, "out", ".csv",
               "table of the curves; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 200 --effect 1 --out people.csv", "people with follow-up"},
    {"qct survival curve people.csv --by sex --figure curves.svg --out curves.csv",
     "Kaplan-Meier by sex"},
    {"qct survival curve people.csv --competing --out incidence.csv",
     "incidence of fracture beside death"},
    {NULL, NULL}};

static const char *const sources[] = {"kaplan1958", "aalen1978", "mantel1966", NULL};

/* The columns of one run as plain arrays. */
struct people {
  int64_t n;
  const double *time;
  int *event, *group;
  char text[GROUPS][64];
  const char *names[GROUPS]; /* of text */
  int group_count;
  int64_t competing;
};

/* Group of a person: the text, or the number. */
static void group_name(char name[64], const struct table *t, int column, size_t row) {
  char number[32];
  const char *cell = table_cell(number, t, column, row);
  snprintf(name, 64, "%.63s", cell[0] ? cell : "missing");
}

static status read_people(struct people *q, const struct table *t, const struct params *p) {
  status st = ST_OK;
  int group = p->group ? table_find(t, p->group) : -1;
  const double *event = NULL;
  TRY(table_numbers(&q->time, t, p->time, "time"));
  TRY(table_numbers(&event, t, p->event, "event"));
  CHECK(!p->group || group >= 0, ST_DOMAIN, "no column \"%s\" in the table", p->group);
  q->n = (int64_t)t->row_count;
  q->event = calloc(t->row_count + 1, sizeof *q->event);
  q->group = calloc(t->row_count + 1, sizeof *q->group);
  CHECK(q->event && q->group, ST_MEMORY, "reading %zu people", t->row_count);
  for (int64_t i = 0; i < q->n; i++) {
    double e = event[i];
    char name[64] = "all";
    CHECK(e == 0 || e == 1 || e == 2, ST_DOMAIN, "event of row %lld is %g: must be 0, 1 or 2",
          (long long)i + 1, e);
    CHECK(q->time[i] > 0 && isfinite(q->time[i]), ST_DOMAIN,
          "time of row %lld is %g: must be greater than 0", (long long)i + 1, q->time[i]);
    q->event[i] = (int)e;
    q->competing += e == 2;
    if (group >= 0) group_name(name, t, group, (size_t)i);
    int g = 0;
    while (g < q->group_count && strcmp(q->names[g], name) != 0) g++;
    CHECK(g < GROUPS, ST_DOMAIN, "column \"%s\" has more than %d values", p->group, GROUPS);
    if (g == q->group_count) {
      snprintf(q->text[g], sizeof q->text[g], "%s", name);
      q->names[g] = q->text[g];
      q->group_count++;
    }
    q->group[i] = g;
  }
done:
  return st;
}

static status group_curve(struct ml_curve_point **points, int64_t *count, const struct people *q,
                          int g, bool competing) {
  status st = ST_OK;
  int64_t m = 0;
  double *time = malloc((size_t)(q->n + 1) * sizeof *time);
  int *event = malloc((size_t)(q->n + 1) * sizeof *event);
  *points = malloc((size_t)(q->n + 1) * sizeof **points);
  CHECK(time && event && *points, ST_MEMORY, "curve of %lld people", (long long)q->n);
  for (int64_t i = 0; i < q->n; i++) {
    if (q->group[i] != g) continue;
    time[m] = q->time[i];
    event[m++] = q->event[i];
  }
  if (competing)
    TRY(ml_cumulative_incidence(*points, count, time, event, m, 1));
  else
    TRY(ml_kaplan_meier(*points, count, time, event, m));
done:
  free(time);
  free(event);
  return st;
}

static status make_table(struct table **out, const struct people *q, bool competing,
                         const char *unit) {
  status st = ST_OK;
  struct ml_curve_point *points[GROUPS] = {NULL};
  int64_t count[GROUPS] = {0};
  struct table *t = NULL;
  size_t rows = 0, at = 0;
  for (int g = 0; g < q->group_count; g++) {
    TRY(group_curve(&points[g], &count[g], q, g, competing));
    rows += (size_t)count[g];
  }
  TRY(table_create(&t, rows));
  TRY(table_add_column(t, "group", "", false));
  TRY(table_add_column(t, "time", unit, true));
  TRY(table_add_column(t, competing ? "incidence" : "survival", "", true));
  TRY(table_add_column(t, "se", "", true));
  TRY(table_add_column(t, "low", "", true));
  TRY(table_add_column(t, "high", "", true));
  TRY(table_add_column(t, "at risk", "people", true));
  TRY(table_add_column(t, "events", "", true));
  for (int g = 0; g < q->group_count; g++)
    for (int64_t i = 0; i < count[g]; i++, at++) {
      const struct ml_curve_point *c = &points[g][i];
      const double values[] = {
          c->time, c->value, c->se, c->low, c->high, (double)c->at_risk, (double)c->events};
      TRY(table_set_text(t, at, 0, q->names[g]));
      for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        t->columns[k + 1].numbers[at] = values[k];
    }
  *out = t;
  t = NULL;
done:
  for (int g = 0; g < q->group_count; g++) free(points[g]);
  table_destroy(t);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL, *curves = NULL;
  struct people q = {0};
  struct text svg = {0};
  double chi2, p_value;
  TRY(table_read(&table, p->table));
  TRY(read_people(&q, table, p));
  if (q.competing && !p->competing)
    log_warning("%lld competing events count as censored: Kaplan-Meier overstates the risk of the "
                "event then; --competing gives its incidence",
                (long long)q.competing);
  TRY(make_table(&curves, &q, p->competing, p->unit));
  if (q.group_count == 2) {
    TRY(ml_log_rank(&chi2, &p_value, q.time, q.event, q.group, q.n));
    log_info("log-rank test of %s against %s: chi-square %.4g with 1 degree of freedom, p = %.3g",
             q.names[0], q.names[1], chi2, p_value);
  }
  if (p->picture) {
    TRY(ml_figure_kaplan_meier(&svg, q.time, q.event, q.group, q.names, q.group_count, q.n,
                               p->unit));
    TRY(plot_write(p->picture, &svg, ctx->force));
  }
  TRY(table_write(curves, p->out ? p->out : "-", ctx->force));
done:
  free(q.event);
  free(q.group);
  text_free(&svg);
  table_destroy(table);
  table_destroy(curves);
  return st;
}

const struct command cmd_survival_curve = {
    .name = "survival curve",
    .summary = "Survival curves, cumulative incidence and the log-rank test",
    .about = "Kaplan-Meier with Greenwood standard errors and 95 % limits on the log-log scale. "
             "With competing deaths "
             "Kaplan-Meier overstates the risk of fracture: use --competing for the cumulative "
             "incidence.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
