#include "cli/femur_options.h"
#include "core/image.h"
#include "qct/hip_density.h"
#include "qct/structure.h"

#include <math.h>

struct params {
  struct femur_paths femur;
  const char *out, *picture, *sections, *case_id;
  int cortex, shaft;
  double rho_ref, threshold_mgcc;
  bool thick_slices;
};

static const struct params defaults = {
    .case_id = "case", .rho_ref = (double)NAN, .threshold_mgcc = (double)NAN};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct params, femur),
    OPT_REAL(
        struct params, rho_ref, "rho-ref", "mg/cm3", 100, 3000,
        "density of fully mineralised bone, for the density-weighted family; else 1050 when the "
        "material is HA, and none for another"),
    OPT_CHOICE(struct params, cortex, "cortex", qct_cortex_names, "how the cortex is parted"),
    OPT_REAL(struct params, threshold_mgcc, "threshold", "mg/cm3", 0, 2000,
             "least density of a fixed cortex"),
    OPT_CHOICE(struct params, shaft, "shaft-place", structure_shaft_names,
               "section of the shaft: 20 mm below the lesser trochanter, or 1.5 neck widths below "
               "the meeting of the axes (unverified)"),
    OPT_FLAG(struct params, thick_slices, "thick-slices",
             "also measure slices above 3 mm; every row is flagged"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPT_OUT_AS(struct params, sections, "sections", ".csv", "table of every section"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "sheet of the sections"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 1.5,1.5,3 --phantom none --format nifti --ideal",
     "a digital patient with its density"},
    {"qct hsa patient/density.nii.gz patient/labels.nii.gz patient/frame.json --rho-ref 1200 "
     "--out structure.csv --picture structure.png --sections sections.csv",
     "its hip structure, with a picture of the sections"},
    {NULL, NULL}};

static const char *const sources[] = {"beck1990", "treece2010", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options read = {.quantity = QUANTITY_UNKNOWN};
  struct structure_options o = STRUCTURE_DEFAULTS;
  struct femur_inputs in = {0};
  struct record *r = NULL;
  struct qct_structure *structure = NULL;
  struct picture *picture = NULL;
  o.rho_ref = p->rho_ref;
  o.cortex = p->cortex;
  o.threshold_mgcc = p->threshold_mgcc;
  o.shaft = p->shaft;
  o.thick_slices = p->thick_slices;
  TRY(femur_inputs_read(&in, &p->femur, &read));
  TRY(qct_structure_measure(&structure, in.density, in.labels, in.label, &in.frame, &o, NULL));
  TRY(record_create(&r, p->case_id));
  TRY(qct_structure_rows(r, structure, in.calibration));
  if (p->sections) TRY(qct_structure_write_sections(structure, p->sections, ctx->force));
  if (p->picture) {
    TRY(qct_structure_picture(&picture, structure, &in.frame));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  TRY(context_write_record(ctx, r, p->out));
done:
  femur_inputs_free(&in);
  record_destroy(r);
  qct_structure_destroy(structure);
  picture_destroy(picture);
  return st;
}

const struct command cmd_hsa = {
    .name = "hsa",
    .summary = "Structure of the proximal femur: sections and what they could bear",
    .about =
        "Sections at the narrow neck, mid-neck, base of the neck, between the trochanters and in "
        "the shaft, in the planes of the hip frame; each the mean over a slab of 5 mm with its SD. "
        "Three families that are never mixed, named by the end of the quantity: g geometric (all "
        "inside the outline), c cortical, w density weighted (density over that of fully "
        "mineralised bone). Areas cm2, moments cm4, moduli cm3, lengths mm.\n\n"
        "The density-weighted family needs --rho-ref unless the material is HA: the 1.05 g/cm3 of "
        "the literature are g of HA. Blur takes no mass from it, while a cortex thinner than the "
        "blur of the scan cannot be measured by its outlines: prefer it for trials.\n\n"
        "Refused: slices above 3 mm (unless --thick-slices), metal, a femur in pieces or cut above "
        "its distal end, a frame without side, axes or a plausible head. A place that the end of "
        "the bone or of the scan cuts is withheld.\n\n"
        "Vendors place sections differently: values of different programs differ by 10 to 20 %.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
