/* The step that computes stiffness and failure load of a femur in a fall to the side. */
#include "bodycomp/tissue.h"
#include "core/body.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "fea/fall.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static status write_files(struct study_case *c, const struct fea_fall *fall,
                          const struct fea_fall_options *options, int side) {
  status st = ST_OK;
  struct picture *p = NULL;
  struct text words = {0};
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  TRY(fea_fall_picture(&p, fall));
  TRY(case_write_picture(c, "pictures/fall_%s.png", side, p));
  fea_fall_methods(&words, fall, options);
  TRY(text_check(&words, "methods of the fall"));
  TRY(case_side_path(path, c, "parts/fall_%s.txt", side));
  TRY(file_write(path, words.data ? words.data : "", words.length, true));
  provenance = provenance_to_json(c->provenance);
  TRY(case_side_path(path, c, "fall_%s", side));
  TRY(fea_fall_write(fall, path, provenance, true));
done:
  text_free(&words);
  cJSON_Delete(provenance);
  return st;
}

/* Soft tissue over the greater trochanter, which takes up part of a fall; NaN with the reason in
 * the log when its skin is not in the scan. */
static status soft_tissue(double *mm, struct study_case *c, const struct case_hip *hip) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct femur *femur = hip->femur;
  struct labels *body = NULL;
  *mm = (double)NAN;
  TRY(case_hu(&hu, c));
  TRY(body_find(&body, NULL, hu));
  st = tissue_trochanter_thickness(mm, body, hip->labels, femur->label,
                                   femur->frame.greater_trochanter);
  if (st == ST_DOMAIN) {
    log_info("%s femur: %s", side_name(femur->side), status_message());
    status_clear();
    *mm = (double)NAN;
    st = ST_OK;
  }
done:
  labels_destroy(body);
  return st;
}

static void add_soft_tissue(struct record *r, double mm, const struct femur *femur) {
  char region[32];
  snprintf(region, sizeof region, "femur_%s", side_name(femur->side));
  if (isnan(mm)) {
    record_withhold(r, region, "trochanter_soft_tissue", "mm",
                    "the skin beside the trochanter is not in the scan");
    return;
  }
  struct measurement *m = record_add(r, region, "trochanter_soft_tissue", mm, "mm");
  if (m)
    snprintf(m->method, sizeof m->method,
             "shortest way from bone to skin in the axial slices to 40 mm below the tip");
}

static double given_or(double given, double header) {
  return isnan(given) ? header : given;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct case_hip hip;
  struct fea_fall_options options = FEA_FALL_DEFAULTS;
  struct fea_fall *fall = NULL;
  TRY(case_hip(&hip, c, side));
  CHECK(!hip.femur->head_truncated, ST_DOMAIN,
        "%s femur: part of the head is outside the scan; the load of a fall acts on it: take a "
        "scan that "
        "begins above it",
        side_name(hip.femur->side));
  options.size_mm = c->options->size_mm;
  options.interval = c->options->interval;
  options.mass_kg = given_or(c->options->mass_kg, hip.density->acquisition.weight_kg);
  options.height_m = given_or(c->options->height_m, hip.density->acquisition.height_m);
  case_drop_shells(c); /* the solver needs the memory */
  TRY(soft_tissue(&options.tissue_mm, c, &hip));
  TRY(fea_fall_run(&fall, hip.density, hip.labels, hip.femur->label, &hip.femur->frame,
                   hip.calibration, &options));
  TRY(write_files(c, fall, &options, side));
  TRY(case_flag_femur_rows(fall->record, c, hip.femur));
  add_soft_tissue(fall->record, options.tissue_mm, hip.femur);
  TRY(case_write_part(c, fall->record, "fall", side));
done:
  fea_fall_destroy(fall);
  return st;
}

/* ---- the report ---- */

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  char path[CASE_PATH], region[64], good[256] = "", *words = NULL;
  size_t length = 0;
  case_side_text(region, sizeof region, "femur_%s", side);
  const struct measurement *residual = record_find(page->record, region, "fall_residual");
  const struct measurement *balance = record_find(page->record, region, "fall_balance");
  if (residual && balance)
    snprintf(good, sizeof good,
             "The equations are solved to %.1e and the forces balance to %.1e of the load.",
             residual->value, balance->value);
  struct report_reading reading = {
      .good = good[0] ? good : NULL,
      .bad =
          "A weakest site at a cap, at the cut end of the shaft or in single voxels is an effect "
          "of the model; hips break in the neck or between the trochanters.",
      .act = "See where the ring lies. Compare failure loads only between scans of one protocol, "
             "with the same recipe, law and element size."};
  TRY(page_image(page, "pictures/fall_%s.png", side,
                 "Cuts through the finite element model with strain at the failure load",
                 "Strain at the failure load; the scale ends at the limits of bone.", &reading));
  TRY(case_side_path(path, page->c, "parts/fall_%s.txt", side));
  TRY(file_read(&words, &length, path, 0));
  report_text(page->report, words);
done:
  free(words);
  return st;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Strength. Method and recipe stand with the picture. The load is that at which 1 "
              "% of the bone is beyond its strain limit, from a linear solution; it is not a "
              "prediction that a bone breaks.");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  json_add_number(out, "size_mm", c->options->size_mm);
  cJSON_AddBoolToObject(out, "interval", c->options->interval);
  json_add_number(out, "mass_kg", c->options->mass_kg);
  json_add_number(out, "height_m", c->options->height_m);
}

const struct case_step step_fall = {
    .name = "fall",
    .title = "strength in a fall",
    .version = "6",
    .each_side = true,
    .of_femur = true,
    .needs = {"calibrate", "femora"},
    .outputs = {"parts/fall_%s.json", "parts/fall_%s.txt", "pictures/fall_%s.png", "fall_%s.h5",
                "fall_%s.xdmf"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .withheld = {{"femur", "fall_failure_load", "N"}, {"femur", "fall_stiffness", "N/mm"}},
    .headlines = {{"femur", "fall_failure_load", "Failure load, fall to the side"},
                  {"femur", "fall_stiffness", "Stiffness, fall to the side"}},
    .section = "Strength in a fall to the side",
    .tell = tell,
    .methods = methods,
    .remedies = {{"material", "A phantom in the scan, or a stated material."}}};
