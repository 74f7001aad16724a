#include "cli/femur_options.h"
#include "core/image.h"
#include "qct/projected.h"

struct params {
  struct femur_paths femur;
  const char *reference, *correction, *out, *picture, *case_id;
};

static const struct params defaults = {.case_id = "case"};

static const struct option options[] = {
    FEMUR_ARGUMENTS(struct params, femur),
    FEMUR_CALIBRATION(struct params, femur),
    OPT_TEXT(struct params, reference, "t-reference",
             "reference of T-scores: nhanes3, or a JSON file; none without it"),
    OPT_IN(struct params, correction, "correction",
           "JSON file with intercept and slope from projected to DXA areal density"),
    OPT_CASE(struct params, case_id),
    OPT_OUT_AS(struct params, out, "out", ENDS_RECORD, "record; standard output when not given"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "the projection with its regions"),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom hip --out patient --spacing 1.5,1.5,3 --phantom none --format nifti --ideal",
     "a digital patient with its density"},
    {"qct bmd projected patient/density.nii.gz patient/labels.nii.gz patient/frame.json "
     "--t-reference "
     "nhanes3 --picture projected.png",
     "areal density of its hip with T-scores"},
    {NULL, NULL}};

static const char *const sources[] = {"cann2014", "looker1998", "iscd2023", "treece2010", NULL};

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  const struct image_read_options read = {.quantity = QUANTITY_UNKNOWN};
  struct femur_inputs in = {0};
  struct record *r = NULL;
  struct qct_projected *projected = NULL;
  struct picture *picture = NULL;
  struct t_reference reference;
  struct abmd_correction correction;
  if (p->reference) TRY(t_reference_read(&reference, p->reference));
  if (p->correction) TRY(abmd_correction_read(&correction, p->correction));
  TRY(femur_inputs_read(&in, &p->femur, &read));
  TRY(qct_projected_make(&projected, in.density, in.labels, in.label, &in.frame, NULL));
  TRY(record_create(&r, p->case_id));
  TRY(qct_projected_rows(r, projected, &in.frame, in.calibration, p->reference ? &reference : NULL,
                         p->correction ? &correction : NULL));
  if (p->picture) {
    TRY(qct_projected_picture(&picture, projected, &in.frame));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  TRY(context_write_record(ctx, r, p->out));
done:
  femur_inputs_free(&in);
  record_destroy(r);
  qct_projected_destroy(projected);
  picture_destroy(picture);
  return st;
}

const struct command cmd_bmd_projected = {
    .name = "bmd projected",
    .summary = "Areal density of the hip, projected from CT, with T-scores",
    .about =
        "The femur alone, without acetabulum and soft tissue, projected along the front of the hip "
        "frame: mineral (g), projected area (cm2) and areal density (g/cm2) of the neck (a box of "
        "15 mm at its narrowest), trochanter, intertrochanter and the three together. The inferior "
        "limit is 10 mm below the lesser trochanter.\n\n"
        "It is a projection of the calibration's material, not DXA: every row says \"uncorrected "
        "K2HPO4 projection\" (or HA) unless --correction gives a line from your own paired data: "
        "{\"format\": \"qct abmd correction 1\", \"source\", \"intercept\", \"slope\"}. Boxes of "
        "DXA vendors differ from these.\n\n"
        "T-scores only from a named reference: nhanes3 (Looker 1998: white women of 20-29 years, "
        "Hologic units; neck 0.858 +- 0.120, total 0.942 +- 0.122 g/cm2, used for both sexes) or a "
        "file of the same form. Classes: normal at or above -1.0, osteoporosis at or below -2.5.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
