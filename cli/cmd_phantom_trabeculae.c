#include "cli/command.h"

#include "phantom/trabeculae.h"

struct params {
  const char *out;
  int structure, waves, seed;
  double thickness, gap, radius, period, bvtv, edge, size, mineral, blur, noise;
  double stretch[3], tilt[2];
};

static const struct params defaults = {.structure = TRABECULAE_PLATES,
                                       .waves = 200,
                                       .seed = 1,
                                       .thickness = 0.15,
                                       .gap = 0.65,
                                       .radius = 0.1,
                                       .period = 1,
                                       .bvtv = 0.2,
                                       .edge = 4,
                                       .size = 0.05,
                                       .mineral = 1000,
                                       .stretch = {1, 1, 1}};

static const struct option options[] = {
    ARG_CHOICE(struct params, structure, "structure", trabeculae_names, "what to make"),
    OPT_OUT_REQUIRED(struct params, out, "out", "folder for the cube"),
    OPT_REAL(struct params, thickness, "thickness", "mm", 0.01, 5, "of a plate"),
    OPT_REAL(struct params, gap, "gap", "mm", 0.01, 10, "between plates"),
    OPT_REAL(struct params, radius, "rod-radius", "mm", 0.005, 3, "of a rod"),
    OPT_REAL(struct params, period, "period", "mm", 0.05, 10, "of the rod lattice; wavelength"),
    OPT_REAL(struct params, bvtv, "bvtv", "", 0.02, 0.98, "bone volume fraction of spinodal"),
    OPT_INT(struct params, waves, "waves", "", 20, TRABECULAE_WAVES, "of spinodal"),
    OPT_INT(struct params, seed, "seed", "", 0, 1e9, "of waves and noise"),
    OPT_REALS(struct params, stretch, "stretch", "", 3, 0.2, 5, "lengths along x,y,z"),
    OPT_REALS(struct params, tilt, "turn", "deg", 2, -90, 90, "turns about x and y"),
    OPT_REAL(struct params, edge, "edge", "mm", 0.2, 50, "of the cube"),
    OPT_REAL(struct params, size, "size", "mm", 0.002, 1, "edge of a voxel"),
    OPT_REAL(struct params, mineral, "mineral", "mg/cm3", 100, 2000, "density of bone"),
    OPT_REAL(struct params, blur, "blur", "mm", 0, 1, "SD of an isotropic blur"),
    OPT_REAL(struct params, noise, "noise-density", "mg/cm3", 0, 500, "SD of white noise"),
    OPTIONS_END};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  struct phantom_result result = {0};
  struct trabeculae_phantom t;
  cJSON *provenance = NULL;
  trabeculae_defaults(&t);
  t.kind = p->structure;
  t.thickness_mm = p->thickness;
  t.gap_mm = p->gap;
  t.radius_mm = p->radius;
  t.period_mm = p->period;
  t.bvtv = p->bvtv;
  t.waves = p->waves;
  t.seed = (uint64_t)p->seed;
  for (int a = 0; a < 3; a++) t.stretch[a] = p->stretch[a];
  for (int a = 0; a < 2; a++) t.tilt_deg[a] = p->tilt[a];
  t.size_mm = p->edge;
  t.spacing_mm = p->size;
  t.mineral_mg_cm3 = p->mineral;
  t.blur_mm = p->blur;
  t.noise_mg_cm3 = p->noise;
  TRY(trabeculae_make(&result, &t));
  struct phantom_output_options out = {.format = PHANTOM_NIFTI};
  provenance = context_provenance(ctx);
  TRY(phantom_result_write(&result, p->out, &out, provenance, ctx->force));
done:
  cJSON_Delete(provenance);
  phantom_result_free(&result);
  return st;
}

static const struct example examples[] = {
    {"qct phantom trabeculae plates --out plates", "plates of 0.15 mm, 0.65 mm apart"},
    {"qct phantom trabeculae rods --out rods --rod-radius 0.06 --period 0.7 --edge 3.5",
     "a cubic lattice of thin rods"},
    {"qct phantom trabeculae spinodal --out sponge --edge 2 --waves 60 --stretch 1,1,1.5",
     "a random sponge with a known bone volume fraction, stretched along z"},
    {NULL, NULL}};

static const char *const sources[] = {"cahn1965", NULL};

const struct command cmd_phantom_trabeculae = {
    .name = "phantom trabeculae",
    .summary = "Make micro-CT cubes of plates, rods or sponge with known structure",
    .about =
        "The cube is a density image (ct.nii.gz, mg/cm3 HA; marrow 0) with exact partial volume, "
        "labels.nii.gz (1 = bone at the voxel's centre) and truth.json: closed forms of the "
        "endless structure (BV/TV, and where exact thickness, separation, number, surface, "
        "connectivity) and BV/TV of the cube itself, integrated over points. Lengths in mm.\n\n"
        "Thickness by the largest sphere is exact for plates only; rods are thicker at their "
        "nodes.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
