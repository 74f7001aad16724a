#include "cli/phantom_options.h"

#include "phantom/chest.h"

#include <math.h>

struct params {
  const char *out;
  struct phantom_scan scan;
  int seed;
  double fat, spacing[3], fov_z, truth_step;
  bool no_calcium;
};

static const struct params defaults = {.scan = PHANTOM_SCAN_DEFAULTS,
                                       .fat = NAN,
                                       .spacing = {0.9, 0.9, 3},
                                       .fov_z = 270,
                                       .truth_step = 1};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the person; 0 is the mean person"),
    OPT_REAL(struct params, fat, "sac-fat", "mm", 1, 15,
             "thickness of the fat in the sac; else the person's"),
    OPT_FLAG(struct params, no_calcium, "no-calcium", "leave out the calcified spheres"),
    OPT_REALS(struct params, spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),
    OPT_REAL(struct params, fov_z, "length", "mm", 1, 600, "field of view along z"),
    OPT_REAL(struct params, truth_step, "truth-step", "mm", 0.1, 4, "step of the quadrature"),
    PHANTOM_SCAN_OPTIONS(struct params, scan),
    OPTIONS_END};

static void fill(struct chest_phantom *t, const struct params *p) {
  chest_phantom_defaults(t, (uint64_t)p->seed);
  if (!isnan(p->fat)) t->fat_mm = p->fat;
  if (p->no_calcium) t->calcium = 0;
  for (int a = 0; a < 3; a++) t->scan.spacing[a] = p->spacing[a];
  t->scan.fov[2] = p->fov_z;
  t->scan.preset = p->scan.preset;
  t->scan.kvp = p->scan.kvp;
  t->scan.ideal = p->scan.ideal;
  phantom_scan_scanner(&t->scan.scanner, &p->scan);
  t->truth_step_mm = p->truth_step;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  struct chest_phantom t;
  fill(&t, p);
  TRY(chest_phantom_make(&result, &t));
  TRY(phantom_scan_write(ctx, &result, p->out, &p->scan, (uint64_t)p->scan.seed + 800000));
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
