#include "cli/command.h"
#include "cli/fall_tets.h"
#include "cli/fea_curve_options.h"
#include "cli/femur_options.h"

#include "core/image.h"
#include "core/log.h"
#include "fea/calculix.h"
#include "fea/fall.h"

struct params {
  struct femur_paths femur;
  const char *out, *fields, *picture, *inp, *curve, *curve_picture, *user_law, *mesh;
  int bins, elements;
  bool no_interval;
  struct fea_fall_options stance;
  struct fea_tet_options tets;
};

static const struct params defaults = {.elements = FEA_HEX8,
                                       .tets = FEA_TET_DEFAULTS,
                                       .stance = {.recipe = FEA_STANCE,
                                                  .size_mm = 1,
                                                  .outline = FEA_OUTLINE_SMOOTH,
                                                  .smooth_mm = 1,
                                                  .law = FEA_LAW_MORGAN_NECK,
                                                  .poisson = 0.3,
                                                  .least_mpa = 0.1,
                                                  .tilt_deg = (double)NAN,
                                                  .distal_mm = 80,
                                                  .cap_mm = 10,
                                                  .intrusion_mm = 6,
                                                  .cap_mpa = 2500,
                                                  .strain = 0.01,
                                                  .interval = true,
                                                  .mass_kg = (double)NAN,
                                                  .height_m = (double)NAN,
                                                  .tissue_mm = (double)NAN,
                                                  .fall_force_n = (double)NAN,
                                                  .failure = FEA_FAILURE_DEFAULTS,
                                                  .solve = FEA_SOLVE_DEFAULTS,
                                                  .beyond = FEA_BEYOND_DEFAULTS}};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct params, femur),
    OPT_REAL(struct params, stance.tilt_deg, "angle", "deg", -40, 60,
             "load to the shaft in the frontal plane; must be given"),
    OPT_OUT(struct params, out, "out", "record (CSV, or JSON by suffix); standard output without"),
    OPT_OUT(struct params, fields, "fields", "stem of <stem>.h5 and <stem>.xdmf with all fields"),
    OPT_OUT(struct params, picture, "picture", "strain picture (PNG)"),
    OPT_OUT(struct params, inp, "inp", "the model as a complete CalculiX job"),
    OPT_INT(struct params, bins, "inp-bins", "", 0, 5000,
            "materials of the CalculiX job; 0: every modulus its own"),
    FEA_TET_OPTIONS(struct params, elements, tets, mesh),
    OPT_CHOICE(struct params, stance.outline, "outline", fea_outline_names,
               "bone on cubes: whole voxels of the label, or a smooth surface by shares of volume"),
    OPT_REAL(struct params, stance.smooth_mm, "smooth", "mm", 0, 5,
             "Gaussian that smooths the surface of tetrahedra and of the smooth outline"),
    FEMUR_CALIBRATION(struct params, femur),
    FEMUR_MATERIAL(struct params, femur),
    OPT_REAL(struct params, stance.size_mm, "size", "mm", 0.3, 10, "edge of an element"),
    OPT_CHOICE(struct params, stance.law, "law", fea_law_names, "density to modulus"),
    OPT_TEXT(struct params, user_law, "user-law",
             "a law of your own instead: ash:10500,2.29 is 10500 MPa x ash^2.29"),
    OPT_CHOICE(struct params, stance.conversion, "conversion", fea_conversion_names,
               "calibrated density to ash density; auto: by the material"),
    OPT_REAL(struct params, stance.distal_mm, "distal", "mm", 60, 300,
             "cut of the shaft below the head centre"),
    OPT_REAL(struct params, stance.failure.volume_share, "share", "", 0.0001, 0.5,
             "share of the bone volume beyond its limit at failure"),
    OPT_REAL(struct params, stance.solve.tolerance, "tolerance", "", 1e-13, 1e-3,
             "relative residual of the solve"),
    OPT_REAL(struct params, stance.solve.memory_gib, "memory", "GiB", 0, 10000,
             "refuse a larger model; 0: no limit"),
    OPT_FLAG(struct params, no_interval, "no-interval",
             "do not solve the variants of the interval"),
    FEA_BEYOND_OPTIONS(struct params, stance.beyond),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2,2,2", "a digital patient"},
    {"qct calibrate phantom patient/ct.nii.gz --phantom mindways-model3-ct --out calibration.json",
     "the calibration from the rods in the scan"},
    {"qct calibrate apply patient/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct fea stance density.nii.gz patient/labels.nii.gz patient/frame.json --angle 20 --size 2 "
     "--no-interval --picture strain.png",
     "failure load and stiffness in standing, and the strain picture"},
    {NULL, NULL}};

static const char *const sources[] = {"morgan2003", "schileo2014", "bayraktar2004", NULL};

static status write_outputs(struct context *ctx, const struct params *p, const struct fea_fall *f) {
  status st = ST_OK;
  struct picture *picture = NULL;
  cJSON *provenance = context_provenance(ctx);
  TRY(context_write_record(ctx, f->record, p->out));
  if (p->fields) TRY(fea_fall_write(f, p->fields, provenance, ctx->force));
  if (p->inp) TRY(fea_calculix_write(f->model, 0, p->bins, p->inp, ctx->force));
  TRY(fea_curve_write(ctx, f->curve, p->curve, p->curve_picture));
  if (p->picture) {
    TRY(fea_fall_picture(&picture, f));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
done:
  picture_destroy(picture);
  cJSON_Delete(provenance);
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options as_density = {.quantity = QUANTITY_DENSITY};
  struct fea_fall_options o = p->stance;
  struct femur_inputs in = {0};
  struct fea_fall *f = NULL;
  struct fea_user_law user_law;
  int rank, ranks;
  TRY(fea_ranks(&rank, &ranks));
  if (rank > 0) log_set_sink(NULL, NULL);
  TRY(femur_inputs_read(&in, &p->femur, &as_density));
  o.interval = !p->no_interval;
  if (p->user_law) {
    TRY(fea_law_parse(&user_law, p->user_law));
    o.user_law = &user_law.law;
  }
  if (p->elements != FEA_HEX8) {
    struct fea_tet_options tets = p->tets;
    const struct fall_tets_outputs outputs = {p->out, p->fields, p->picture,
                                              p->inp, p->mesh,   p->bins};
    tets.element = p->elements;
    tets.smooth_mm = o.smooth_mm;
    CHECK(!p->curve && !p->curve_picture, ST_USAGE,
          "--curve is for voxels: take --elements hex8 or leave it out");
    TRY(fall_with_tets(ctx, in.density, in.labels, in.label, &in.frame, in.calibration, &o, &tets,
                       &outputs, rank));
    goto done;
  }
  TRY(fea_fall_run(&f, in.density, in.labels, in.label, &in.frame, in.calibration, &o));
  log_info("stance: failure load %.0f N, stiffness %.0f N/mm (%s)", f->failure_load_n,
           f->stiffness_n_mm, f->words);
  if (rank == 0) TRY(write_outputs(ctx, p, f));
  if (rank == 0 && p->mesh) TRY(voxel_model_write(f->model, p->bins, p->mesh, ctx->force));
done:
  fea_fall_destroy(f);
  femur_inputs_free(&in);
  return st;
}

const struct command cmd_fea_stance = {
    .name = "fea stance",
    .summary = "Strength and stiffness of a femur in standing",
    .about =
        "Voxel finite elements from the calibrated density, load recipe stance/2: a PMMA cap "
        "over the head pressed along the joint load, which is tilted by --angle from the shaft "
        "in the frontal plane; the distal end is held. Failure load as in `fea fall`.\n\n"
        "The angle has no default: 20 degrees are in use elsewhere, but were not traced to a "
        "publication. It is part of the recipe's name in the output.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
