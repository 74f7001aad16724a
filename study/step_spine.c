/* The step that measures the density and the shape of the vertebral bodies. */
#include "core/picture.h"
#include "qct/spine.h"
#include "qct/spine_picture.h"
#include "qct/spine_shape.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What limits densities of this scan. */
static void flag_rows(struct record *r, const struct volume *density,
                      const struct calibration *calibration) {
  for (size_t i = 0; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    if (isnan(m->value) || strcmp(m->unit, "mg/cm3")) continue;
    case_flag_calibration(m, calibration, density->acquisition.kvp);
  }
}

static status draw(const struct study_case *c, const struct volume *density,
                   const struct labels *bodies, const struct labels *roi,
                   const struct vertebra_frames *frames) {
  status st = ST_OK;
  struct picture *p = NULL;
  TRY(qct_spine_picture(&p, density, bodies, roi, frames));
  TRY(case_write_picture(c, "pictures/spine.png", STEP_NO_SIDE, p));
done:
  return st;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct qct_spine_options o = QCT_SPINE_DEFAULTS;
  const struct volume *hu = NULL, *density = NULL;
  const struct labels *bodies = NULL, *given = NULL;
  const struct vertebra_frames *frames = NULL;
  const struct calibration *calibration = NULL;
  struct labels *roi = NULL;
  struct record *r = NULL;
  struct qct_contrast contrast;
  TRY(case_vertebrae(&bodies, &frames, c));
  TRY(case_hu(&hu, c));
  TRY(case_density(&density, c));
  TRY(case_calibration(&calibration, c));
  TRY(case_given_labels(&given, c));
  TRY(qct_contrast_judge(&contrast, hu, CONTRAST_UNKNOWN, given, frames));
  TRY(qct_spine_roi(&roi, bodies, frames, &o.roi));
  TRY(record_create(&r, c->case_id));
  TRY(qct_spine_vbmd(r, density, roi, frames, calibration, &contrast, &o));
  flag_rows(r, density, calibration);
  TRY(qct_spine_shape(r, frames));
  TRY(draw(c, density, bodies, roi, frames));
  TRY(case_write_part(c, r, "spine", side));
done:
  labels_destroy(roi);
  record_destroy(r);
  return st;
}

/* ---- the report ---- */

static const struct page_column columns[] = {
    {"vBMD [mg/cm3]", "vbmd_trabecular"}, {"SD [mg/cm3]", "vbmd_sd"},
    {"Front [mm]", "height_anterior"},    {"Middle [mm]", "height_middle"},
    {"Back [mm]", "height_posterior"},    {"Height loss", "height_loss"},
    {"Genant grade", "genant_grade"}};

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  const struct measurement *class = record_find(page->record, "spine", "bmd_class");
  const struct measurement *mean = record_find(page->record, "spine", "vbmd_trabecular");
  char verdict[600] = "";
  struct report_reading reading = {
      .act = "Leave out levels with fracture, metal, sclerosis or cement (`qct bmd spine "
             "--exclude`). A DXA T-score does not apply to these numbers."};
  page_levels(page, "Trabecular density and heights of the vertebral bodies", columns, 7);
  if (class && !isnan(class->value)) {
    snprintf(verdict, sizeof verdict, "%s: %s.", mean ? mean->method : "", class->method);
    reading.good = verdict;
  } else if (class) {
    snprintf(verdict, sizeof verdict, "No class is given: %s.", class->flags);
    reading.bad = verdict;
  }
  TRY(page_image(page, "pictures/spine.png", side, "regions in the vertebral bodies",
                 "Regions that were measured (orange) in the bodies (blue).", &reading));
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(
      page->report,
      "Spine. Mean density in an ellipse of each body, 0.58 of its depth from the posterior "
      "wall, semi-axes 0.325 of the width and 0.25 of the depth, 7.5 mm high. The class "
      "takes the mean of two levels: normal above 120, low from 80 to 120, osteoporosis "
      "below 80 mg/cm3 of K2HPO4. Heights at 15, 50 and 85 % of the depth come from the "
      "labels' end plates; grades are Genant's by loss of height.");
  page_source(page, "chinese_qct_2020");
  page_source(page, "genant1993");
  page_source(page, "comp2comp");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  case_add_digest(out, c, "labels");
}

const struct case_step step_spine = {
    .name = "spine",
    .title = "density and shape of the vertebrae",
    .version = "2",
    .needs = {"calibrate", "vertebrae"},
    .outputs = {"parts/spine.json", "pictures/spine.png"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .headlines = {{"spine", "vbmd_trabecular", "Lumbar trabecular vBMD",
                   "95 % by the calibration alone:"}},
    .section = "Density and shape of the vertebrae",
    .tell = tell,
    .methods = methods,
    .remedies = {{"levels are never named",
                  "Labels of vertebrae, or --level-z L1=z,L2=z with z in mm from the proposal."},
                 {"contrast", "A scan without contrast medium."},
                 {"edge of the scan", "A scan that holds the whole vertebra."},
                 {"neighbour", "A scan, and labels, with the vertebrae above and below."},
                 {"two", "A scan, and labels, with more of the spine whole."}}};
