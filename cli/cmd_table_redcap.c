#include "cli/command.h"
#include "core/table_join.h"

struct params {
  const char *table, *out, *form;
};

static const struct params defaults = {.form = "qct"};

static const struct option options[] = {
    ARG_IN(struct params, table, "table", "table (CSV)"),
    OPT_TEXT(struct params, form, "form", "name of the REDCap instrument"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".csv", "data dictionary for REDCap"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --out people.csv", "people"},
    {"qct table redcap people.csv --out dictionary.csv", "a dictionary to import"},
    {NULL, NULL}};

static const char *const sources[] = {"redcap_names", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL, *dictionary = NULL;
  TRY(table_read(&table, p->table));
  TRY(table_redcap(&dictionary, table, p->form));
  TRY(table_write(dictionary, p->out, ctx->force));
done:
  table_destroy(table);
  table_destroy(dictionary);
  return st;
}

const struct command cmd_table_redcap = {
    .name = "table redcap",
    .summary = "Write the REDCap data dictionary of a table",
    .about = "Names are made of lower-case letters, digits and underscores, a letter first, at "
             "most 26 characters, and unique; the "
             "full name is the label and the unit the field note.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
