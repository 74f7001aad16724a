#include "cli/command.h"
#include "core/log.h"
#include "core/table_join.h"

struct params {
  const char *left, *right, *out;
  struct text_list on;
  int how;
  bool repeated;
};

static const struct params defaults = {.on = {1, {"id"}}};

static const char *const how_names[] = {"inner", "left", NULL};

static const struct option options[] = {
    ARG_IN(struct params, left, "first", "table (CSV)"),
    ARG_IN(struct params, right, "second", "table (CSV); each key at most once"),
    OPT_LIST(struct params, on, "on", "key columns present in both, e.g. id,side,visit"),
    OPT_CHOICE(struct params, how, "how", how_names,
               "keep matching rows only, or every row of the first"),
    OPT_FLAG(struct params, repeated, "repeated", "the first table may hold a key several times"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".csv", "joined table"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct risk simulate --people 60 --effect 1 --out people.csv", "people"},
    {"qct risk train people.csv --out age --learner logistic --folds 4 --repeats 1 --group age=age",
     "one record"},
    {"qct risk train people.csv --out ct --learner logistic --folds 4 --repeats 1 --group ct=f*",
     "another"},
    {"qct table wide age/performance.json --out age.csv", "as a table"},
    {"qct table wide ct/performance.json --out ct.csv", "the other too"},
    {"qct table join age.csv ct.csv --on case --out both.csv", "side by side"},
    {NULL, NULL}};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *left = NULL, *right = NULL, *joined = NULL;
  struct table_join_counts counts;
  TRY(table_read(&left, p->left));
  TRY(table_read(&right, p->right));
  TRY(table_join(&joined, &counts, left, right, p->on.items, p->on.count,
                 (enum table_join_kind)p->how, !p->repeated));
  log_info("%zu rows matched, %zu only in the first, %zu only in the second", counts.matched,
           counts.left_only, counts.right_only);
  TRY(table_write(joined, p->out, ctx->force));
done:
  table_destroy(left);
  table_destroy(right);
  table_destroy(joined);
  return st;
}

const struct command cmd_table_join = {
    .name = "table join",
    .summary = "Join two tables by person, side and visit",
    .about = "Key columns must stand in both tables, of the same kind and unit. A key that stands "
             "twice in the second table, "
             "a column that stands in both and rows without a partner are said, never guessed.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .run = run};
