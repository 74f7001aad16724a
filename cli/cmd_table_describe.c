#include "cli/command.h"
#include "core/table_join.h"

struct params {
  const char *table, *out;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_IN(struct params, table, "table", "table (CSV)"),
    OPT_OUT_AS(struct params, out, "out", ".csv", "description; standard output when not given"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --missing 0.1 --out people.csv", "people with gaps"},
    {"qct table describe people.csv", "what is missing, and the range of each column"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL, *description = NULL;
  TRY(table_read(&table, p->table));
  TRY(table_describe(&description, table));
  TRY(table_write(description, p->out ? p->out : "-", ctx->force));
done:
  table_destroy(table);
  table_destroy(description);
  return st;
}

const struct command cmd_table_describe = {
    .name = "table describe",
    .summary = "Describe the columns of a table: unit, missing values, range",
    .about = "An empty cell, NA and NaN are missing.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
