/* The step that reads the HU of the vertebral bodies, with the verdicts whose conditions this scan
 * meets. */
#include "qct/hu.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>

static const char *const preset_keys[] = {"l1-160", "l1-110", "l1-135"};
enum { PRESETS = sizeof preset_keys / sizeof *preset_keys };

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct qct_hu_options o = QCT_HU_DEFAULTS;
  const struct volume *hu = NULL;
  const struct labels *bodies = NULL, *given = NULL;
  const struct vertebra_frames *frames = NULL;
  struct labels *roi = NULL;
  struct record *r = NULL;
  struct qct_contrast contrast;
  TRY(case_vertebrae(&bodies, &frames, c));
  TRY(case_hu(&hu, c));
  TRY(case_given_labels(&given, c));
  TRY(qct_contrast_judge(&contrast, hu, CONTRAST_UNKNOWN, given, frames));
  for (int i = 0; i < PRESETS; i++)
    TRY(qct_hu_preset_find(&o.presets[o.preset_count++], preset_keys[i]));
  struct qct_hu_scan scan = {hu->acquisition.kvp, &contrast, o.roi};
  TRY(qct_spine_roi(&roi, bodies, frames, &o.roi));
  TRY(record_create(&r, c->case_id));
  TRY(qct_hu_spine(r, hu, roi, frames, &scan, &o)); /* a preset that refuses is withheld there */
  TRY(case_write_part(c, r, "hu", side));
done:
  labels_destroy(roi);
  record_destroy(r);
  return st;
}

/* ---- the report ---- */

static status tell(struct case_page *page, int side) {
  static const struct page_column columns[] = {
      {"Mean [HU]", "hu_mean"}, {"Median [HU]", "hu_median"}, {"SD [HU]", "hu_sd"}};
  (void)side;
  page_levels(page, "HU of the vertebral bodies: not density", columns, 3);
  return ST_OK;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Opportunistic HU. The same ellipses without calibration. HU move with tube voltage, "
              "contrast medium and scanner; verdicts at L1 (160, 135 and 110 HU) are given only at "
              "120 kV, without contrast medium, and are rows of their own.");
  page_source(page, "pickhardt2013");
  page_source(page, "anderson2018");
  page_source(page, "hendrickson2018");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  case_add_digest(out, c, "labels");
}

const struct case_step step_hu = {
    .name = "hu",
    .title = "HU of the vertebrae",
    .version = "1",
    .needs = {"vertebrae"},
    .outputs = {"parts/hu.json"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .section = "HU of the vertebrae",
    .tell = tell,
    .methods = methods,
    .remedies = {{"levels are never named",
                  "Labels of vertebrae, or --level-z L1=z,L2=z with z in mm from the proposal."},
                 {"edge of the scan", "A scan that holds the whole vertebra."}}};
