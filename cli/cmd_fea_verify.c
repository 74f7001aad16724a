#include "cli/command.h"

#include "core/log.h"
#include "fea/solve.h"
#include "fea/verify.h"

struct params {
  const char *out;
};
static const struct params defaults = {.out = "-"};

static const struct option options[] = {OPT_OUT(struct params, out, "out", "table of errors (CSV)"),
                                        OPTIONS_END};

static const struct example examples[] = {
    {"qct fea verify", "closed forms and another solver's numbers, solved anew"}, {NULL, NULL}};

static const char *const sources[] = {"faim10", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct table *table = NULL;
  int missed = 0, rank, ranks;
  TRY(fea_ranks(&rank, &ranks));
  TRY(fea_verify(&table, &missed));
  if (rank == 0) TRY(table_write(table, p->out, ctx->force));
  CHECK(!missed, ST_NUMERIC, "finite elements: %d problems of the verification were missed",
        missed);
done:
  table_destroy(table);
  return st;
}

const struct command cmd_fea_verify = {
    .name = "fea verify",
    .summary = "Solve problems with known answers and list the errors",
    .about = "Bars, cubes, a patch test and a cantilever of voxel hexahedra, against closed forms "
             "and the published numbers of another program. Ends with status 1 when one is missed.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
