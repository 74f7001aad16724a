#include "cli/command.h"
#include "core/table.h"
#include <stdlib.h>

struct params {
  struct text_list records;
  const char *out;
};

static const struct params defaults = {.out = NULL};

static const struct option options[] = {
    ARG_INS(struct params, records, "records",
            "measurement records (CSV or JSON), one or more cases each"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".csv", "table with one row a case"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --effect 1 --out people.csv", "people"},
    {"qct risk train people.csv --out risk --learner logistic --folds 4 --repeats 1 --group ct=f*",
     "a record"},
    {"qct table wide risk/performance.json --out wide.csv", "one row, one column a quantity"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct record **records = calloc((size_t)p->records.count + 1, sizeof *records);
  struct table *table = NULL;
  CHECK(records, ST_MEMORY, "reading %d records", p->records.count);
  for (int i = 0; i < p->records.count; i++) TRY(record_read(&records[i], p->records.items[i]));
  TRY(table_from_records(&table, (const struct record *const *)records, (size_t)p->records.count));
  TRY(table_write(table, p->out, ctx->force));
done:
  for (int i = 0; records && i < p->records.count; i++) record_destroy(records[i]);
  free(records);
  table_destroy(table);
  return st;
}

const struct command cmd_table_wide = {
    .name = "table wide",
    .summary = "Turn measurement records into a table with one row a case",
    .about = "Columns are named region.quantity [unit]. A pair that comes with two units is "
             "refused; a withheld value is an "
             "empty cell.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
