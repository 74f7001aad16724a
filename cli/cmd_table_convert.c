#include "cli/command.h"
#include "core/file.h"
#include "core/json.h"
#include "core/table_join.h"

#include <stdlib.h>

struct params {
  const char *in, *out;
};

static const struct params defaults = {.in = NULL};

static const struct option options[] = {
    ARG_IN(struct params, in, "table", "table: CSV, or HDF5 (.h5)"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".csv .h5", "the same table"), OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --out people.csv", "people"},
    {"qct table convert people.csv --out people.h5", "as an HDF5 store"},
    {"qct table convert people.h5 --out again.csv", "and back"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  cJSON *provenance = NULL;
  char *text = NULL;
  TRY(file_has_suffix(p->in, ".h5") ? table_store_read(&table, p->in) : table_read(&table, p->in));
  if (!file_has_suffix(p->out, ".h5")) {
    TRY(table_write(table, p->out, ctx->force));
    goto done;
  }
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the table");
  TRY(json_print(&text, provenance));
  TRY(table_store_write(table, p->out, text, ctx->force));
done:
  free(text);
  cJSON_Delete(provenance);
  table_destroy(table);
  return st;
}

const struct command cmd_table_convert = {
    .name = "table convert",
    .summary = "Convert a table between CSV and HDF5",
    .about = "The HDF5 form keeps every bit of the numbers, units, names and the provenance; its "
             "columns are plain arrays that "
             "any HDF5 reader opens.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
