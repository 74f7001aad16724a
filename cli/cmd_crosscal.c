#include "calibration/cross.h"
#include "cli/command.h"
#include "core/log.h"
#include "core/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct params {
  const char *table, *nominal, *measured, *first, *second, *out;
  double ratio;
};

static const struct params defaults = {.ratio = 1};

static const struct option options[] = {
    ARG_IN(struct params, table, "table", "one row an insert, or a person (CSV)"),
    OPT_TEXT(struct params, nominal, "nominal", "column of nominal densities (spine phantom)"),
    OPT_TEXT(struct params, measured, "measured", "column of measured densities (spine phantom)"),
    OPT_TEXT(struct params, first, "first", "column of the first scanner (people on both)"),
    OPT_TEXT(struct params, second, "second", "column of the second scanner (people on both)"),
    OPT_REAL(struct params, ratio, "ratio", "", 0.01, 100,
             "precision variance of the second scanner over the first"),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD,
               "coefficients and agreement; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 40 --effect 1 --out people.csv", "a table with paired columns"},
    {"qct crosscal people.csv --first f1 --second truth --out cross.csv",
     "the second column against the first"},
    {NULL, NULL}};

static const char *const sources[] = {"kalender1995", "deming1943", "bland1986", NULL};

/* Rows in which both columns have a number. */
static status pairs(double **x, double **y, int *n, const struct table *t, const char *a,
                    const char *b) {
  status st = ST_OK;
  const char *names[2] = {a, b};
  int at[2];
  for (int i = 0; i < 2; i++) {
    at[i] = table_find(t, names[i]);
    CHECK(at[i] >= 0 && t->columns[at[i]].numeric, ST_FORMAT,
          "the table has no column of numbers \"%s\"", names[i]);
  }
  *x = malloc((t->row_count + 1) * sizeof **x);
  *y = malloc((t->row_count + 1) * sizeof **y);
  CHECK(*x && *y, ST_MEMORY, "reading %zu pairs", t->row_count);
  for (size_t i = 0; i < t->row_count; i++) {
    double u = t->columns[at[0]].numbers[i];
    double v = t->columns[at[1]].numbers[i];
    if (!isfinite(u) || !isfinite(v)) continue;
    (*x)[*n] = u;
    (*y)[(*n)++] = v;
  }
done:
  return st;
}

static void row(struct record *r, const char *quantity, double value, const char *unit, double low,
                double high, int n, const char *method) {
  struct measurement *m = record_add(r, "scanners", quantity, value, unit);
  if (!m) return;
  m->low = low;
  m->high = high;
  m->n = n;
  snprintf(m->method, sizeof m->method, "%s", method);
}

static void line_rows(struct record *r, const struct cal_cross *c, const char *method) {
  double t = c->n > 2 ? stat_t_quantile(0.975, c->n - 2) : NAN;
  row(r, "slope", c->a, "", c->a - t * c->a_se, c->a + t * c->a_se, c->n, method);
  row(r, "intercept", c->b, "mg/cm3", c->b - t * c->b_se, c->b + t * c->b_se, c->n, method);
  row(r, "residual_sd", c->residual_sd, "mg/cm3", NAN, NAN, c->n, method);
}

static void agreement_rows(struct record *r, const struct cal_bland_altman *b) {
  static const char method[] = "bland-altman";
  row(r, "bias", b->bias, "mg/cm3", b->bias_low, b->bias_high, b->n, method);
  row(r, "limits_of_agreement_low", b->limit_low, "mg/cm3", NAN, NAN, b->n, method);
  row(r, "limits_of_agreement_high", b->limit_high, "mg/cm3", NAN, NAN, b->n, method);
  row(r, "proportional_bias", b->slope, "", NAN, NAN, b->n, method);
  row(r, "proportional_bias_p", b->slope_p, "", NAN, NAN, b->n, method);
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  struct record *record = NULL;
  double *x = NULL;
  double *y = NULL;
  int n = 0;
  struct cal_cross c;
  bool phantom = p->nominal && p->measured;
  bool people = p->first && p->second;
  CHECK(phantom != people, ST_USAGE,
        "give --nominal and --measured (spine phantom), or --first and --second (people)");
  TRY(table_read(&table, p->table));
  TRY(record_create(&record, "crosscal"));
  if (phantom) {
    TRY(pairs(&x, &y, &n, table, p->nominal, p->measured));
    TRY(cal_cross_phantom(&c, x, y, n));
    line_rows(record, &c, "ols of measured on nominal");
  } else {
    struct cal_bland_altman b;
    TRY(pairs(&x, &y, &n, table, p->first, p->second));
    TRY(cal_cross_deming(&c, x, y, n, p->ratio));
    line_rows(record, &c, "deming");
    TRY(cal_bland_altman(&b, x, y, n));
    agreement_rows(record, &b);
  }
  log_info("a cross-calibrated pair is not one scanner: judge change by its own least significant "
           "change (qct precision --other-precision)");
  TRY(context_write_record(ctx, record, p->out));
done:
  table_destroy(table);
  record_destroy(record);
  free(x);
  free(y);
  return st;
}

const struct command cmd_crosscal = {
    .name = "crosscal",
    .summary = "Cross-calibrate two scanners from a spine phantom or from people on both",
    .about =
        "Spine phantom: least squares of measured on nominal densities, standardised density = "
        "(density - intercept)/slope; at least 3 densities.\n\n"
        "People measured on both: Deming regression, Bland-Altman bias and limits, and the test "
        "of proportional bias. On two scanners of one study significant differences remained "
        "after any such correction, so results keep their scanner.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
