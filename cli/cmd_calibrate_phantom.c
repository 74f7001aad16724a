#include "calibration/figures.h"
#include "calibration/history.h"
#include "cli/command.h"
#include "cli/scan_options.h"
#include "core/image.h"
#include "core/log.h"

#include <math.h>

struct params {
  struct image_read_options read;
  const char *ct, *out, *phantom, *certificate, *rods, *rods_out, *store, *date, *figure, *picture;
  struct cal_phantom_options fit;
};

static const struct params defaults = {.fit = CAL_PHANTOM_DEFAULTS};

static const struct option options[] = {
    ARG_IN(struct params, ct, "ct", "CT with the phantom in it: DICOM folder or image file"),
    OPT_TEXT(struct params, phantom, "phantom", "key of the phantom, e.g. mindways-model3-ct"),
    OPT_IN(struct params, certificate, "certificate",
           "the phantom's own certificate (JSON), instead of the built-in densities"),
    OPT_IN(struct params, rods, "rods",
           "label map of the rods (301, 302, ... or 1, 2, ...); without it they are found"),
    OPT_CHOICE(struct params, fit.fit.method, "regression", cal_regression_names,
               "ordinary or water-corrected; auto by the certificate"),
    OPT_REAL(struct params, fit.sampling.erode_mm, "erode", "mm", 0, 10,
             "shrink each rod before averaging; automatic when not given"),
    OPT_REAL(struct params, fit.fit.certificate_sd, "certificate-sd", "mg/cm3", 0, 20,
             "error common to all rods of the certificate"),
    OPT_REAL(struct params, fit.fit.rod_sd, "rod-sd", "mg/cm3", 0, 20,
             "error of one rod; used for phantoms of two rods"),
    OPT_FLAG(struct params, fit.fit.force, "override",
             "keep what the acceptance limits refuse, with a warning"),
    OPT_OUT_AS_REQUIRED(struct params, out, "out", ".json", "the calibration"),
    OPT_OUT_AS(struct params, rods_out, "rods-out", ENDS_IMAGE,
               "label map of the rods that were found"),
    OPT_OUT_AS(struct params, figure, "figure", ".svg", "regression and residuals"),
    OPT_OUT_AS(struct params, picture, "picture", ".png", "rods outlined on a slice"),
    OPT_TEXT(struct params, store, "store", "add the result to this calibration store (HDF5)"),
    OPT_TEXT(struct params, date, "date",
             "day of the scan for the store, YYYY-MM-DD; from the header when not given"),
    SCAN_OPTIONS(struct params, read),
    OPTIONS_END};

static const struct example examples[] = {
    {"qct phantom rods --fov 340,360,36 --phantom b-mas-200 --out rods",
     "a scan with a phantom in it"},
    {"qct calibrate phantom rods/ct --phantom b-mas-200 --out calibration.json --figure "
     "fit.svg "
     "--picture rods.png",
     "find the rods, fit, judge, draw"},
    {NULL, NULL}};

static const char *const sources[] = {"mindways2011", "ogo2020", "xcom2010", NULL};

static status write_pictures(struct context *ctx, const struct params *p,
                             const struct calibration *c, const struct volume *ct,
                             const struct labels *rods) {
  status st = ST_OK;
  struct text svg = {0};
  struct picture *picture = NULL;
  cJSON *provenance = NULL;
  if (p->figure) {
    TRY(cal_figure_fit(&svg, c));
    TRY(plot_write(p->figure, &svg, ctx->force));
  }
  if (p->picture) {
    TRY(cal_picture_labels(&picture, ct, rods, 0.7, 0));
    TRY(picture_write_png(picture, p->picture, ctx->force));
  }
  if (p->rods_out) {
    provenance = context_provenance(ctx);
    TRY(itk_labels_write(rods, p->rods_out, provenance, ctx->force));
  }
done:
  text_free(&svg);
  picture_destroy(picture);
  cJSON_Delete(provenance);
  return st;
}

static status find_entry(struct phantom_entry *e, struct params *p) {
  status st = ST_OK;
  CHECK(p->phantom || p->certificate, ST_USAGE,
        "which phantom is it? Give --phantom KEY or --certificate FILE");
  TRY(phantom_registry_find(e, p->phantom, p->certificate));
  p->fit.built_in = !p->certificate;
done:
  return st;
}

static status run(struct context *ctx, const void *params) {
  status st = ST_OK;
  struct params p = *(const struct params *)params;
  struct volume *ct = NULL;
  struct labels *rods = NULL;
  struct calibration c;
  struct phantom_entry entry;
  struct cal_rods_found found;
  cJSON *provenance = NULL;
  int64_t days = INT64_MIN;
  TRY(find_entry(&entry, &p));
  if (p.date) TRY(cal_days_from_date(&days, p.date));
  TRY(scan_read_hu(&ct, p.ct, &p.read));
  if (p.rods) {
    TRY(labels_read_on(&rods, p.rods, &ct->grid));
    TRY(cal_from_rods(&c, ct, rods, &entry, &p.fit));
  } else {
    TRY(cal_from_phantom(&c, &rods, &found, ct, &entry, &p.fit));
    log_info("%d inserts of %s found%s", entry.rod_count, entry.key,
             found.flipped ? ", the first towards the patient's left" : "");
  }
  for (int i = 0; i < c.warning_count; i++) log_warning("%s", c.warnings[i]);
  if (!p.date) days = ct->acquisition.acquired_days;
  if (p.store) TRY(cal_history_add(p.store, &c, days, 60));
  provenance = context_provenance(ctx);
  CHECK(provenance, ST_MEMORY, "provenance of the calibration");
  TRY(calibration_write(&c, p.out, provenance, ctx->force));
  TRY(write_pictures(ctx, &p, &c, ct, rods));
done:
  volume_destroy(ct);
  labels_destroy(rods);
  cJSON_Delete(provenance);
  return st;
}

const struct command cmd_calibrate_phantom = {
    .name = "calibrate phantom",
    .summary = "Fit HU to density from a phantom in the scan",
    .about =
        "Finds the rods or plates (or takes their label map), samples each after erosion, leaves "
        "out rods with a bubble, a trend, clipping or noise, fits the ordinary or water-corrected "
        "line, and judges it: R2, residuals, slope, effective energy. What the limits refuse "
        "writes "
        "no file.\n\n"
        "The interval of a density holds the residuals of the rods (Student quantile), the "
        "certificate's common error, and for two rods the sampling error.",
    .options = options,
    .defaults = &defaults,
    .params_size = sizeof(struct params),
    .examples = examples,
    .sources = sources,
    .run = run};
