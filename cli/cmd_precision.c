#include "calibration/cross.h"
#include "cli/command.h"
#include "core/log.h"
#include "core/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct params {
  const char *table, *id, *value, *out;
  double second, cross;
};

static const struct params defaults = {.id = "id", .second = (double)NAN, .cross = 0};

static const struct option options[] = {
    ARG_IN(struct params, table, "table", "one row a measurement (CSV)"),
    OPT_TEXT(struct params, id, "id", "column that names the person"),
    OPT_TEXT(struct params, value, "column", "column of the measurement"),
    OPT_REAL(struct params, second, "other-precision", "", 0, 1e6,
             "precision of another scanner: adds the least significant change between the two"),
    OPT_REAL(struct params, cross, "cross-error", "", 0, 1e6,
             "standard error of their cross-calibration, in the unit of the measurement"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD,
               "precision with intervals; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 40 --effect 1 --out people.csv", "a table"},
    {"qct precision people.csv --id fracture --column f1 --out precision.csv",
     "rows of one value of the id column are repeats"},
    {NULL, NULL}};

static const char *const sources[] = {"gluer1995", NULL};

/* First row with the same name: persons are told apart by it. */
static int id_of(const struct table_column *c, size_t row) {
  for (size_t i = 0; i < row; i++)
    if (c->numeric ? c->numbers[i] == c->numbers[row] : strcmp(c->texts[i], c->texts[row]) == 0)
      return (int)i;
  return (int)row;
}

static status read(double **values, int **who, int *n, const struct table *t,
                   const struct params *p) {
  status st = ST_OK;
  int id = table_find(t, p->id);
  int value = p->value ? table_find(t, p->value) : -1;
  CHECK(id >= 0, ST_FORMAT, "the table has no column \"%s\"", p->id);
  CHECK(value >= 0 && t->columns[value].numeric, ST_FORMAT,
        "the table has no column of numbers \"%s\"; name it with --column",
        p->value ? p->value : "");
  *values = malloc((t->row_count + 1) * sizeof **values);
  *who = malloc((t->row_count + 1) * sizeof **who);
  CHECK(*values && *who, ST_MEMORY, "reading %zu measurements", t->row_count);
  for (size_t i = 0; i < t->row_count; i++) {
    if (!isfinite(t->columns[value].numbers[i])) continue;
    (*who)[*n] = id_of(&t->columns[id], i);
    (*values)[(*n)++] = t->columns[value].numbers[i];
  }
done:
  return st;
}

static void row(struct record *r, const char *quantity, double value, const char *unit, double low,
                double high, const struct cal_precision *c) {
  struct measurement *m = record_add(r, "precision", quantity, value, unit);
  if (!m) return;
  m->low = low;
  m->high = high;
  m->n = c->subjects;
  snprintf(m->method, sizeof m->method, "root mean square, %d degrees of freedom", c->df);
  measurement_source(m, "gluer1995");
  if (c->few) measurement_flag(m, "fewer than 27 degrees of freedom");
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  struct record *record = NULL;
  double *values = NULL;
  int *who = NULL;
  int n = 0;
  struct cal_precision c;
  TRY(table_read(&table, p->table));
  TRY(read(&values, &who, &n, table, p));
  TRY(cal_precision(&c, values, who, n));
  TRY(record_create(&record, "precision"));
  const char *unit = table->columns[table_find(table, p->value)].unit;
  row(record, "rms_sd", c.rms_sd, unit, c.rms_sd_low, c.rms_sd_high, &c);
  row(record, "rms_cv", c.rms_cv, "%", NAN, NAN, &c);
  row(record, "lsc", c.lsc, unit, c.lsc_low, c.lsc_high, &c);
  if (isfinite(p->second))
    row(record, "lsc_between_scanners", cal_lsc_cross(c.rms_sd, p->second, p->cross), unit, NAN,
        NAN, &c);
  if (c.few)
    log_warning("%d degrees of freedom; 27 or more (14 people, 3 scans each) are recommended",
                c.df);
  TRY(context_write_record(ctx, record, p->out));
done:
  table_destroy(table);
  record_destroy(record);
  free(values);
  free(who);
  return st;
}

const struct command cmd_precision = {
    .name = "precision",
    .summary = "Precision of a measurement from repeats: RMS-SD, RMS-CV, least significant change",
    .about = "Two or more measurements of each person; persons weigh by their degrees of freedom. "
             "Intervals by chi-square. The least significant change is 2.77 RMS-SD within one "
             "scanner; between two it is 1.96 times the root of both variances and of the "
             "cross-calibration's.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
