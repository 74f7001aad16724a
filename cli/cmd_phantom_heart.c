#include "cli/command.h"

#include "phantom/chest.h"

#include <math.h>

struct params {
  const char *out;
  int seed, scan_seed, scanner, kernel, format;
  double fat, spacing[3], fov_z, kvp, noise, thickness, truth_step;
  bool no_calcium, ideal;
};

static const struct params defaults = {.kernel = KERNEL_STANDARD,
                                       .scan_seed = 1,
                                       .fat = NAN,
                                       .spacing = {0.9, 0.9, 3},
                                       .fov_z = 270,
                                       .kvp = NAN,
                                       .noise = 14,
                                       .thickness = NAN,
                                       .truth_step = 1};

static const struct option options[] = {
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the scan"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of the person; 0 is the mean person"),
    OPT_REAL(struct params, fat, "sac-fat", "mm", 1, 15,
             "thickness of the fat in the sac; else the person's"),
    OPT_FLAG(struct params, no_calcium, "no-calcium", "leave out the calcified spheres"),
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

static void fill(struct chest_phantom *t, const struct params *p) {
  chest_phantom_defaults(t, (uint64_t)p->seed);
  if (!isnan(p->fat)) t->fat_mm = p->fat;
  if (p->no_calcium) t->calcium = 0;
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
  struct chest_phantom t;
  fill(&t, p);
  TRY(chest_phantom_make(&result, &t));
  struct phantom_output_options out = {
      .format = p->format, .seed = (uint64_t)p->scan_seed + 800000, .padding = -1024};
  provenance = context_provenance(ctx);
  TRY(phantom_result_write(&result, p->out, &out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
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
