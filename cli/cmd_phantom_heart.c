#include "cli/stack_options.h"

#include "phantom/chest.h"

#include <math.h>

struct params {
  const char *out;
  struct stack_options stack;
  double fat;
  bool no_calcium;
};

static const struct params defaults = {.stack = {.scan = PHANTOM_SCAN_DEFAULTS,
                                                 .spacing = {0.9, 0.9, 3},
                                                 .fov_z = 270,
                                                 .truth_step = 1},
                                       .fat = NAN};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_REAL(struct params, fat, "sac-fat", "mm", 1, 15,
             "thickness of the fat in the sac; else the person's"),
    OPT_FLAG(struct params, no_calcium, "no-calcium", "leave out the calcified spheres"),
    STACK_OPTIONS(struct params, stack), OPTIONS_END};

static void fill(struct chest_phantom *t, const struct params *p) {
  chest_phantom_defaults(t, (uint64_t)p->stack.seed);
  if (!isnan(p->fat)) t->fat_mm = p->fat;
  if (p->no_calcium) t->calcium = 0;
  stack_options_take(&t->scan, &p->stack);
  t->truth_step_mm = p->stack.truth_step;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  struct chest_phantom t;
  fill(&t, p);
  TRY(chest_phantom_make(&result, &t));
  TRY(phantom_scan_write(ctx, &result, p->out, &p->stack.scan,
                         (uint64_t)p->stack.scan.seed + 800000));
done:
  phantom_result_free(&result);
  return st;
}

static const struct example examples[] = {
    {"qct phantom heart --out chest --spacing 2.5,2.5,5 --format nifti",
     "a heart in its fat, with calcified spheres of known mass"},
    {NULL, NULL}};

static const char *const sources[] = {"xcom2010", "icru44", NULL};

const struct command cmd_phantom_heart = {
    .name = "phantom heart",
    .summary = "Make a CT of a chest whose heart fat and calcium are known",
    .about =
        "A heart in its sac: the fat between has a closed form. Around it fat of the mediastinum, "
        "lungs, airway with its fork, aorta, spine, diaphragm, chest wall. Calcified spheres of "
        "known density and mass [mg] lie on the heart, at the valve and in the ascending aorta. "
        "Everything inside the sac carries label 250, the fat around it 251.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
