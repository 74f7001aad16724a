#include "cli/stack_options.h"

#include "phantom/torso.h"

#include <math.h>

struct params {
  const char *out;
  struct stack_options stack;
  double infiltration;
};

static const struct params defaults = {.stack = {.scan = PHANTOM_SCAN_DEFAULTS,
                                                 .spacing = {0.9, 0.9, 3},
                                                 .fov_z = 90,
                                                 .truth_step = 1},
                                       .infiltration = NAN};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_REAL(struct params, infiltration, "infiltration", "", 0, 0.5,
             "share of fat in muscle; else the person's"),
    STACK_OPTIONS(struct params, stack), OPTIONS_END};

static void fill(struct torso_phantom *t, const struct params *p) {
  torso_phantom_defaults(t, (uint64_t)p->stack.seed);
  if (!isnan(p->infiltration)) t->infiltration = p->infiltration;
  stack_options_take(&t->scan, &p->stack);
  t->truth_step_mm = p->stack.truth_step;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  struct torso_phantom t;
  fill(&t, p);
  TRY(torso_phantom_make(&result, &t));
  TRY(phantom_scan_write(ctx, &result, p->out, &p->stack.scan,
                         (uint64_t)p->stack.scan.seed + 700000));
done:
  phantom_result_free(&result);
  return st;
}

static const struct example examples[] = {
    {"qct phantom torso --out trunk --spacing 1.5,1.5,5 --length 40 --format nifti",
     "muscle and fat at L3, with the truth of every compartment"},
    {NULL, NULL}};

static const char *const sources[] = {"xcom2010", "icru44", NULL};

const struct command cmd_phantom_torso = {
    .name = "phantom torso",
    .summary = "Make a CT of a trunk whose muscle and fat are known",
    .about =
        "The trunk at L3: skin, subcutaneous fat, abdominal wall, muscles of the back and psoas "
        "with planted pockets of fat, visceral fat, organs, bowel with gas, a vertebra. "
        "Labels of all parts, and truth.json with areas in cm2 of the slice z = 0 and volumes "
        "in cm3 of every compartment, by quadrature of the solids.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
