#include "cli/command.h"
#include "cli/fall_tets.h"
#include "cli/fea_curve_options.h"
#include "cli/femur_options.h"

#include "core/file.h"
#include "core/image.h"
#include "core/log.h"
#include "fea/calculix.h"
#include "fea/fall.h"

#include <stdio.h>
#include <string.h>

struct params {
  struct femur_paths femur;
  const char *out, *fields, *picture, *inp, *curve, *curve_picture, *user_law, *mesh;
  int bins, elements;
  bool no_interval;
  struct fea_fall_options fall;
  struct fea_tet_options tets;
};

static const struct params defaults = {
    .fall = FEA_FALL_DEFAULTS, .tets = FEA_TET_DEFAULTS, .elements = FEA_HEX8, .bins = 0};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct params, femur),
    OPT_OUT(struct params, out, "out", "record (CSV, or JSON by suffix); standard output without"),
    OPT_OUT(struct params, fields, "fields", "stem of <stem>.h5 and <stem>.xdmf with all fields"),
    OPT_OUT(struct params, picture, "picture", "strain picture (PNG)"),
    OPT_OUT(struct params, inp, "inp", "the model as a complete CalculiX job"),
    OPT_INT(struct params, bins, "inp-bins", "", 0, 5000,
            "materials of the CalculiX job; 0: every modulus its own"),
    FEA_TET_OPTIONS(struct params, elements, tets, mesh),
    OPT_CHOICE(struct params, fall.outline, "outline", fea_outline_names,
               "bone on cubes: whole voxels of the label, or a smooth surface by shares of volume"),
    OPT_REAL(struct params, fall.cap_mpa, "cap-modulus", "MPa", 1, 1e6, "modulus of PMMA"),
    OPT_REAL(struct params, fall.intrusion_mm, "intrusion", "mm", 0.5, 50,
             "how deep the bone sits in a cap"),
    OPT_REAL(struct params, fall.smooth_mm, "smooth", "mm", 0, 5,
             "Gaussian that smooths the surface of tetrahedra and of the smooth outline"),
    FEMUR_MATERIAL(struct params, femur),
    FEMUR_CALIBRATION(struct params, femur),
    OPT_REAL(struct params, fall.size_mm, "size", "mm", 0.3, 10, "edge of an element"),
    OPT_CHOICE(struct params, fall.recipe, "recipe", fea_fall_recipe_names, "load recipe"),
    OPT_CHOICE(struct params, fall.law, "law", fea_law_names, "density to modulus"),
    OPT_TEXT(struct params, user_law, "user-law",
             "a law of your own instead: ash:10500,2.29 is 10500 MPa x ash^2.29"),
    OPT_INT(struct params, fall.bins, "density-bins", "", 0, 5000,
            "densities in so many bins, as Ogo does with 128; 0: none"),
    OPT_CHOICE(struct params, fall.conversion, "conversion", fea_conversion_names,
               "calibrated density to ash density; auto: by the material"),
    OPT_REAL(struct params, fall.poisson, "poisson", "", 0, 0.45, "Poisson's ratio"),
    OPT_REAL(struct params, fall.tilt_deg, "tilt", "deg", -30, 45, "shaft against the ground"),
    OPT_REAL(struct params, fall.rotation_deg, "rotation", "deg", -45, 45,
             "neck out of the plane of the fall; positive turns the head to the back"),
    OPT_REAL(struct params, fall.distal_mm, "distal", "mm", 60, 300,
             "cut of the shaft below the head centre"),
    OPT_REAL(struct params, fall.strain, "strain", "", 0.0001, 0.2,
             "applied shortening, share of the model's extent"),
    OPT_REAL(struct params, fall.failure.tension_limit, "tension", "", 0.0001, 0.1,
             "limit of the largest principal strain"),
    OPT_REAL(struct params, fall.failure.compression_limit, "compression", "", 0.0001, 0.1,
             "limit of the smallest principal strain"),
    OPT_REAL(struct params, fall.failure.volume_share, "share", "", 0.0001, 0.5,
             "share of the bone volume beyond its limit at failure"),
    OPT_REAL(struct params, fall.failure.contact_mm, "contact", "mm", 0, 50,
             "bone nearer to a cap is not judged"),
    OPT_REAL(struct params, fall.mass_kg, "mass", "kg", 20, 300, "body mass, for the fall force"),
    OPT_REAL(struct params, fall.height_m, "height", "m", 0.8, 2.5,
             "body height, for the fall force"),
    OPT_REAL(struct params, fall.tissue_mm, "soft-tissue", "mm", 0, 200,
             "soft tissue over the trochanter"),
    OPT_REAL(struct params, fall.fall_force_n, "fall-force", "N", 1, 50000,
             "impact force, instead of mass and height"),
    OPT_CHOICE(struct params, fall.force_rule, "fall-force-rule", fea_force_rule_names,
               "impact force from mass and height"),
    OPT_REAL(struct params, fall.solve.tolerance, "tolerance", "", 1e-13, 1e-3,
             "relative residual of the solve"),
    OPT_REAL(struct params, fall.solve.memory_gib, "memory", "GiB", 0, 10000,
             "refuse a larger model; 0: no limit"),
    OPT_FLAG(struct params, no_interval, "no-interval",
             "do not solve the variants of the interval"),
    FEA_BEYOND_OPTIONS(struct params, fall.beyond),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --format nifti --spacing 2,2,2", "a digital patient"},
    {"qct calibrate phantom patient/ct.nii.gz --phantom mindways-model3-ct --out calibration.json",
     "the calibration from the rods in the scan"},
    {"qct calibrate apply patient/ct.nii.gz calibration.json --out density.nii.gz", "its density"},
    {"qct fea fall density.nii.gz patient/labels.nii.gz patient/frame.json --size 2 --no-interval "
     "--picture strain.png",
     "failure load and stiffness, and the strain picture"},
    {NULL, NULL}};

static const char *const sources[] = {
    "ogo",         "pmc3045472",    "keller1994",   "keyak1994",       "kaneko2004",
    "schileo2014", "bayraktar2004", "bouxsein2007", "robinovitch1995", NULL};

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
  struct fea_fall_options o = p->fall;
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
  log_info(
      "fall: failure load %.0f N, stiffness %.0f N/mm (%s); residual %.1e, reactions balance to "
      "%.0e, work %.6g = 2 x energy %.6g N mm",
      f->failure_load_n, f->stiffness_n_mm, f->words, f->solution->residual, f->solution->balance,
      2 * f->solution->work_nmm, f->solution->energy_nmm);
  if (rank == 0) TRY(write_outputs(ctx, p, f));
  if (rank == 0 && p->mesh) TRY(voxel_model_write(f->model, p->bins, p->mesh, ctx->force));
done:
  fea_fall_destroy(f);
  femur_inputs_free(&in);
  return st;
}

const struct command cmd_fea_fall = {
    .name = "fea fall",
    .summary = "Strength and stiffness of a femur in a fall to the side",
    .about =
        "Voxel finite elements from the calibrated density, PMMA caps over head and trochanter, "
        "load recipe fall-ogo/2 or fall-hinge/2. The failure load is the load at which 1 % of the "
        "bone "
        "volume exceeds 0.73 % strain in tension or 1.04 % in compression; its interval joins the "
        "calibration, half a voxel of outline, and a coarser mesh.\n\n"
        "Stiffness and strength hold for the recipe, the material law and the element size; do not "
        "compare them across these. Heads or trochanters that the scan cuts, and metal, are "
        "refused.\n\n"
        "With --elements tet10 (or tet4) the same recipe is solved on a smooth mesh of Gmsh with a "
        "--size of about 3 mm; --fields is then one .vtu file, and fall_failure_load_strain_limit "
        "is "
        "the published rule at the nodes of the bone's surface.\n\n"
        "Under `mpirun -n N` the solve uses N processes and the first writes the results.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
