#include "cli/command.h"

#include "core/file.h"
#include "core/text.h"
#include "study/verify.h"

#include <math.h>
#include <string.h>

struct params {
  const char *out, *table;
};
static const struct params defaults = {.out = "-"};

static const struct option options[] = {
    OPT_OUT_AS(struct params, out, "out", ".csv",
               "number of answers and of misses by area; standard output when not given"),
    OPT_OUT_AS(struct params, table, "table", ".csv", "every answer beside what is computed now"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct verify --table evidence.csv", "all areas; under a minute on two cores"}, {NULL, NULL}};

/* One row an area, in order of appearance; `closest` is the largest deviation as a share of what is
 * permitted. */
static status summarise(struct table **out, const struct evidence *e) {
  status st = ST_OK;
  struct table *t = NULL;
  size_t areas = 0, area = 0;
  for (size_t i = 0; i < e->count; i++)
    areas += i == 0 || strcmp(e->rows[i].area, e->rows[i - 1].area) != 0;
  TRY(table_create(&t, areas));
  TRY(table_add_column(t, "area", "", false));
  TRY(table_add_column(t, "answers", "", true));
  TRY(table_add_column(t, "missed", "", true));
  TRY(table_add_column(t, "largest_share_of_permitted", "", true));
  for (size_t i = 0; i < e->count; area++) {
    const char *name = e->rows[i].area;
    size_t rows;
    double share = 0;
    const double missed = (double)evidence_missed(e, name, &rows);
    for (size_t end = i + rows; i < end; i++)
      if (e->rows[i].permitted > 0)
        share = fmax(share, fabs(e->rows[i].computed - e->rows[i].expected) / e->rows[i].permitted);
    TRY(table_set_text(t, area, 0, name));
    t->columns[1].numbers[area] = (double)rows;
    t->columns[2].numbers[area] = missed;
    t->columns[3].numbers[area] = share;
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct evidence e = {0};
  struct table *all = NULL, *summary = NULL;
  TRY(study_verify(&e));
  TRY(summarise(&summary, &e));
  TRY(table_write(summary, p->out, ctx->force));
  if (p->table) {
    TRY(evidence_table(&all, &e));
    TRY(table_write(all, p->table, ctx->force));
  }
  const size_t missed = evidence_missed(&e, NULL, NULL);
  CHECK(!missed, ST_NUMERIC, "%zu of %zu answers are missed; --table lists them", missed, e.count);
done:
  table_destroy(all);
  table_destroy(summary);
  evidence_free(&e);
  return st;
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "Compute what others have answered and list the differences",
    .about =
        "Closed forms, worked examples, published tables and numbers of other programs, each "
        "computed anew by this build: calibration, hip structure, calcium, the statistics of risk "
        "models, the 482 features of the IBSI digital phantom, finite elements; and one digital "
        "patient from the scan to the density of the femur, beside the truth that made the scan. "
        "Each answer names who gave it and how far off is permitted. Ends with status 1 when one "
        "is missed.\n\n"
        "`radiomics verify --references` adds the reference sets that cannot be shipped, `fea "
        "verify` its own table.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
