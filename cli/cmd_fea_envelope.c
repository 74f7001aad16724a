#include "cli/fall_tets.h"
#include "cli/femur_options.h"
#include "cli/voxel_outputs.h"

#include "core/image.h"
#include "core/log.h"
#include "core/plot.h"
#include "fea/envelope.h"

struct params {
  const char *case_id;
  struct femur_paths femur;
  const char *out, *table, *picture, *polar, *user_law;
  struct fea_envelope_options envelope;
};

static const struct params defaults = {.femur.reference.options = REFERENCE_DEFAULTS,
                                       .envelope = FEA_ENVELOPE_DEFAULTS};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct params, femur),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPT_OUT_AS(struct params, table, "table", ".csv", "failure load and site of every direction"),
    OPT_OUT_AS(struct params, polar, "polar", ".svg",
               "failure load by direction as a polar picture"),
    OPT_OUT_AS(struct params, picture, "picture", ".png",
               "strain picture of the weakest direction"),
    OPT_REAL(struct params, envelope.alpha_deg, "alpha-range", "deg", 0, 60,
             "largest turn of the force about the front axis, both ways"),
    OPT_REAL(struct params, envelope.beta_deg, "beta-range", "deg", 0, 60,
             "largest turn of the force about the shaft, both ways"),
    OPT_REAL(struct params, envelope.step_deg, "turn-step", "deg", 1, 60, "between directions"),
    FEMUR_MATERIAL(struct params, femur),
    REFERENCE_OPTIONS(struct params, femur.reference),
    OPT_REAL(struct params, envelope.model.size_mm, "size", "mm", 0.3, 10, "edge of an element"),
    FEA_TET_MODEL(struct params, envelope.model, envelope.elements, envelope.tets),
    OPT_CHOICE(struct params, envelope.model.outline, "outline", fea_outline_names,
               "bone on cubes: whole voxels of the label, or a smooth surface by shares of volume"),
    OPT_REAL(struct params, envelope.model.smooth_mm, "smooth", "mm", 0, 5,
             "Gaussian that smooths the surface"),
    OPT_CHOICE(struct params, envelope.model.law, "law", fea_law_names, "density to modulus"),
    OPT_TEXT(struct params, user_law, "user-law",
             "a law of your own instead: ash:10500,2.29 is 10500 MPa x ash^2.29"),
    OPT_CHOICE(struct params, envelope.model.conversion, "conversion", fea_conversion_names,
               "calibrated density to ash density; auto: by the material"),
    OPT_REAL(struct params, envelope.model.distal_mm, "distal", "mm", 60, 300,
             "cut of the shaft below the head centre"),
    OPT_REAL(struct params, envelope.model.failure.volume_share, "share", "", 0.0001, 0.5,
             "share of the bone volume beyond its limit at failure"),
    OPT_REAL(struct params, envelope.model.solve.memory_gib, "memory", "GiB", 0, 10000,
             "refuse a larger model; 0: what the machine has free"),
    OPT_CASE(struct params, case_id),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 3,3,3", "a digital patient"},
    {"qct calibrate phantom patient/ct.nii.gz --phantom mindways-model3-ct --out calibration.json",
     "the calibration from the rods in the scan"},
    {"qct calibrate apply patient/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct fea envelope density.nii.gz patient/labels.nii.gz patient/frame.json --size 3 "
     "--table directions.csv --polar directions.svg",
     "the weakest of 25 directions, from three solves"},
    {NULL, NULL}};

static const char *const sources[] = {"morgan2003", "schileo2014", "bayraktar2004", NULL};

static status write_outputs(struct context *ctx, const struct params *p,
                            const struct fea_envelope *e) {
  status st = ST_OK;
  struct picture *picture = NULL;
  struct table *table = NULL;
  struct text svg = {0};
  TRY(context_write_record(ctx, e->record, p->out));
  if (p->table) {
    TRY(fea_envelope_table(&table, e));
    TRY(table_write(table, p->table, ctx->force));
  }
  if (p->polar) {
    TRY(fea_envelope_svg(&svg, e));
    TRY(plot_write(p->polar, &svg, ctx->force));
  }
  if (p->picture) {
    TRY(fea_envelope_picture(&picture, e));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
done:
  text_free(&svg);
  table_destroy(table);
  picture_destroy(picture);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options as_density = {.quantity = QUANTITY_DENSITY};
  struct fea_envelope_options o = p->envelope;
  o.tets.element = o.elements;
  o.tets.smooth_mm = o.model.smooth_mm;
  struct femur_inputs in = {0};
  struct fea_envelope *e = NULL;
  struct fea_user_law user_law;
  int rank;
  TRY(fea_command_rank(&rank));
  TRY(femur_inputs_read(&in, &p->femur, &as_density));
  if (p->user_law) {
    TRY(fea_law_parse(&user_law, p->user_law));
    o.model.user_law = &user_law.law;
  }
  TRY(fea_envelope_run(&e, in.density, in.labels, in.label, &in.frame, &o));
  const struct fea_envelope_direction *w = &e->direction[e->weakest];
  log_info(
      "weakest of %d directions of the fall: alpha %g deg, beta %g deg, failure load %.0f N (%s)",
      e->count, w->alpha_deg, w->beta_deg, w->failure_load_n, e->words);
  if (rank == 0) TRY(write_outputs(ctx, p, e));
done:
  fea_envelope_destroy(e);
  femur_inputs_free(&in);
  return st;
}

const struct command cmd_fea_envelope = {
    .name = "fea envelope",
    .summary = "Weakest direction of a fall, over a grid of force directions",
    .about =
        "Failure load of the femur for a force on its head from many directions, recipe "
        "envelope/2. "
        "The model is linear and its supports (the trochanter's cap along the fall, the distal end "
        "across it) do not move with the direction, so three solves with unit forces give every "
        "direction by superposition.\n\n"
        "Direction (0, 0) is straight down in the pose of `fea fall`; alpha is positive from the "
        "head towards the distal end, beta towards the back. Bone within one radius of the head "
        "centre, where the force is spread, is not judged. --elements tet10 takes a smooth mesh "
        "instead (--size about 3 mm), as in `fea fall`. The grid of directions is a proposal: "
        "loads of other grids and programs are not comparable.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
