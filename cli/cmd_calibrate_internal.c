#include "calibration/figures.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/image.h"
#include "core/log.h"

#include <math.h>

struct params {
  struct image_read_options read;
  const char *ct, *out, *table, *regression, *labels, *samples_out, *figure, *picture;
  int method, assume;
  bool blood, override;
  double bone_hu;
};

static const struct params defaults = {.bone_hu = (double)NAN};

static const char *const method_names[] = {"auto",          "tissue-line", "learned",
                                           "michalski2020", "regression",  NULL};
static const char *const assume_names[] = {"none", "K2HPO4", "HA", NULL};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT: DICOM folder or image file"),
    OPT_CHOICE(struct params, method, "method", method_names, "how tissues become a calibration"),
    OPT_IN(struct params, table, "tissue-table",
           "reference densities from \"qct calibrate learn\"; published ones when not given"),
    OPT_IN(struct params, regression, "regression-file",
           "your own slope and intercept, fixed or by tissue HU (JSON)"),
    OPT_IN(struct params, labels, "labels",
           "TotalSegmentator label map: names muscles and the aorta"),
    OPT_FLAG(struct params, blood, "sample-blood",
             "sample blood too (needs --labels; no contrast agent)"),
    OPT_REAL(struct params, bone_hu, "cortical", "HU", 100, 3000,
             "mean HU of the cortical sample, for michalski2020"),
    OPT_CHOICE(struct params, assume, "assume-material", assume_names,
               "take densities of an unstated material for this one, with a warning"),
    OPT_FLAG(struct params, override, "override", "keep tissues outside their expected HU"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "the calibration"),
    OPT_OUT_AS(struct params, samples_out, "samples-out", ENDS_IMAGE,
               "label map of the voxels that were sampled"),
    OPT_OUT_AS(struct params, figure, "figure", ".svg", "line and residuals"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "samples outlined on a slice"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --out rods", "a body with air, fat and muscle"},
    {"qct calibrate internal rods/ct --out calibration.json --figure tissues.svg",
     "from air, fat and muscle"},
    {NULL, NULL}};

static const char *const sources[] = {"szyszko2024",
                                      "eggermont2019",
                                      "bartenschlager2023",
                                      "michalski2020",
                                      "opportunistic_review",
                                      "aapm220",
                                      NULL};

static status save(struct context *ctx, const struct params *p, const struct calibration *c,
                   const struct volume *ct, const struct labels *where) {
  status st = ST_OK;
  struct text svg = {0};
  struct picture *picture = NULL;
  cJSON *provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the calibration");
  TRY(calibration_write(c, p->out, provenance, ctx->force));
  if (p->figure) {
    TRY(cal_figure_fit(&svg, c));
    TRY(plot_write(p->figure, &svg, ctx->force));
  }
  if (p->picture) {
    TRY(cal_picture_labels(&picture, ct, where, 0.8, 0));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  if (p->samples_out) TRY(itk_labels_write(where, p->samples_out, provenance, ctx->force));
done:
  text_free(&svg);
  picture_destroy(picture);
  cJSON_Delete(provenance);
  return st;
}

/* What only one method reads may not be given to another, which would not. */
static status check_method(const struct params *p, int method) {
  status st = ST_OK;
  bool line = method == CAL_TISSUE_LINE || method == CAL_LEARNED;
  CHECK(!p->table || line, ST_USAGE, "--tissue-table is read by tissue-line and learned, not by %s",
        method_names[p->method]);
  CHECK(!p->regression || method == CAL_REGRESSION, ST_USAGE,
        "--regression-file is read by --method regression only");
  CHECK(isnan(p->bone_hu) || method == CAL_MICHALSKI, ST_USAGE,
        "--cortical is read by --method michalski2020 only");
  CHECK(isnan(p->bone_hu) || p->override || (p->bone_hu >= 950 && p->bone_hu <= 1450), ST_DOMAIN,
        "--cortical %.0f HU, expected 950 to 1450 HU; --override keeps it", p->bone_hu);
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  const struct params *p = params;
  static const int methods[] = {CAL_TISSUE_LINE, CAL_TISSUE_LINE, CAL_LEARNED, CAL_MICHALSKI,
                                CAL_REGRESSION};
  static const int materials[] = {MATERIAL_NONE, MATERIAL_K2HPO4, MATERIAL_HA};
  struct volume *ct = NULL;
  struct labels *labels = NULL;
  struct labels *where = NULL;
  struct cal_tissue_table table;
  struct calibration c;
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  o.method = methods[p->method];
  o.assume_material = materials[p->assume];
  o.bone_hu = p->bone_hu;
  o.regression = p->regression;
  if (p->table) {
    TRY(cal_tissue_table_read(&table, p->table));
    o.table = &table;
    if (p->method == 0) o.method = cal_method_of_table(&table);
  }
  TRY(check_method(p, o.method));
  TRY(scan_read_hu(&ct, p->ct, &p->read));
  if (p->labels) TRY(labels_read_on(&labels, p->labels, &ct->grid));
  o.tissues =
      (struct cal_tissue_options){.labels = labels, .blood = p->blood, .force = p->override};
  TRY(cal_from_tissues(&c, &where, ct, NULL, &o));
  for (int i = 0; i < c.warning_count; i++) log_warning("%s", c.warnings[i]);
  TRY(save(ctx, p, &c, ct, where));
done:
  volume_destroy(ct);
  labels_destroy(labels);
  labels_destroy(where);
  return st;
}

const struct command cmd_calibrate_internal = {
    .name = "calibrate internal",
    .summary = "Fit HU to density from the patient's own air, fat, muscle and blood",
    .about =
        "auto: learned when --tissue-table comes from \"qct calibrate learn\", else "
        "tissue-line.\n\n"
        "learned: slope and intercept predicted from the size of the body and its tissues, by "
        "regression over the people who were learned from.\n\n"
        "tissue-line: a line through the HU of tissues and their densities. The published table "
        "states neither its phantom material nor kVp: the "
        "result "
        "is of unstated material unless --assume-material says otherwise, visibly.\n\n"
        "michalski2020: as published and coded in Bonelab Ogo, for comparability; it is biased.\n\n"
        "regression: your own coefficients.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
