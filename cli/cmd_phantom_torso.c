#include "cli/command.h"

#include "phantom/torso.h"

#include <math.h>

struct params {
  const char *out;
  int seed, scan_seed, scanner, kernel, format;
  double infiltration, spacing[3], fov_z, kvp, noise, thickness, truth_step;
  bool ideal;
};

static const struct params defaults = {.kernel = KERNEL_STANDARD,
                                       .scan_seed = 1,
                                       .infiltration = NAN,
                                       .spacing = {0.9, 0.9, 3},
                                       .fov_z = 90,
                                       .kvp = NAN,
                                       .noise = 14,
                                       .thickness = NAN,
                                       .truth_step = 1};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the person; 0 is the mean person"),
    OPT_REAL(struct params, infiltration, "infiltration", "", 0, 0.5,
             "share of fat in muscle; else the person's"),
    OPT_REALS(struct params, spacing, "spacing", "mm", 3, 0.1, 20, "voxel size x,y,z"),
    OPT_REAL(struct params, fov_z, "length", "mm", 1, 600, "field of view along z"),
    OPT_CHOICE(struct params, scanner, "scanner", scanner_names, "preset of voltage and energy"),
    OPT_REAL(struct params, kvp, "kvp", "kV", 70, 150, "tube voltage; else the preset's"),
    OPT_CHOICE(struct params, kernel, "kernel", kernel_names, "in-plane blur"),
    OPT_REAL(struct params, thickness, "thickness", "mm", 0.1, 20, "slice thickness"),
    OPT_REAL(struct params, noise, "noise", "HU", 0, 200, "SD at the centre"),
    OPT_INT(struct params, scan_seed, "scan-seed", "", 0, 1e9, "of the noise"),
    OPT_REAL(struct params, truth_step, "truth-step", "mm", 0.1, 4, "step of the quadrature"),
    OPT_CHOICE(struct params, format, "format", phantom_format_names, "of the CT"),
    OPT_FLAG(struct params, ideal, "ideal", "also the image without blur and noise"),
    OPTIONS_END};

static void fill(struct torso_phantom *t, const struct params *p) {
  torso_phantom_defaults(t, (uint64_t)p->seed);
  if (!isnan(p->infiltration)) t->infiltration = p->infiltration;
  for (int a = 0; a < 3; a++) t->scan.spacing[a] = p->spacing[a];
  t->scan.fov[2] = p->fov_z;
  t->scan.preset = p->scanner;
  t->scan.kvp = p->kvp;
  t->scan.ideal = p->ideal;
  t->scan.scanner.kernel = p->kernel;
  t->scan.scanner.thickness_mm = isnan(p->thickness) ? 0 : p->thickness;
  t->scan.scanner.noise_hu = p->noise;
  t->scan.scanner.seed = (uint64_t)p->scan_seed;
  t->truth_step_mm = p->truth_step;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  cJSON *provenance = NULL;
  struct torso_phantom t;
  fill(&t, p);
  TRY(torso_phantom_make(&result, &t));
  struct phantom_output_options out = {
      .format = p->format, .seed = (uint64_t)p->scan_seed + 700000, .padding = -1024};
  provenance = context_provenance(ctx);
  TRY(phantom_result_write(&result, p->out, &out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
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
