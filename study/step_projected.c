/* The step that projects a hip: areal density, T-scores when a reference is named. */
#include "qct/projected.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct case_hip hip;
  const struct qct_shell *shell = NULL;
  struct qct_projected *p = NULL;
  struct picture *picture = NULL;
  struct record *r = NULL;
  struct t_reference reference;
  const char *name = c->options->reference;
  if (name) TRY(t_reference_read(&reference, name));
  TRY(case_hip(&hip, c, side));
  TRY(case_shell(&shell, c, side));
  TRY(qct_projected_make(&p, hip.density, hip.labels, hip.femur->label, &hip.femur->frame, shell));
  TRY(record_create(&r, c->case_id));
  TRY(qct_projected_rows(r, p, &hip.femur->frame, hip.calibration, name ? &reference : NULL, NULL));
  TRY(case_flag_femur_rows(r, c, hip.femur));
  TRY(qct_projected_picture(&picture, p, &hip.femur->frame));
  TRY(case_write_picture(c, "pictures/projected_%s.png", side, picture));
  TRY(case_write_part(c, r, "projected", side));
done:
  record_destroy(r);
  qct_projected_destroy(p);
  return st;
}

static status tell(struct case_page *page, int side) {
  static const struct page_row rows[] = {{"Neck", "projected_neck"},
                                         {"Trochanter", "projected_trochanter"},
                                         {"Intertrochanter", "projected_intertrochanter"},
                                         {"Total hip", "projected_total"}};
  static const struct page_column columns[] = {{"Area [cm2]", "area_projected"},
                                               {"Mineral [g]", "bmc_projected"},
                                               {"Areal density [g/cm2]", "abmd"},
                                               {"T-score", "t_score"}};
  status st = ST_OK;
  page_table(page, side, "Projected areal density, uncorrected", "Region", rows, 4, columns,
             page->c->options->reference ? 4 : 3);
  if (!page->c->options->reference)
    report_paragraph(page->report, "No T-scores: they need a reference that you name, "
                                   "`--t-reference nhanes3` or a file of your own.");
  struct report_reading reading = {
      .good = "The outline is that of the femur alone; lines part neck, trochanter and "
              "intertrochanter.",
      .bad = "Pelvis inside the outline, or a neck box that is not at the neck.",
      .act = "Compare with DXA only after a correction from your own people who had both (`qct bmd "
             "projected --correction`): this is a projection of CT density."};
  TRY(page_image(page, "pictures/projected_%s.png", side,
                 "The femur projected from the front, with the outlines of its regions",
                 "Projected areal density.", &reading));
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Projected areal density. The femur's mineral, without acetabulum and soft tissue, "
              "projected along the front of the hip frame; neck box of 15 mm at the narrow neck, "
              "total to 10 mm below the lesser trochanter. Boxes of DXA vendors differ. T-scores "
              "are given only for a named reference.");
  page_source(page, "cann2014");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  case_add_text(out, "reference", c->options->reference);
}

const struct case_step step_projected = {
    .name = "projected",
    .title = "projected areal density",
    .version = "6",
    .each_side = true,
    .of_femur = true,
    .needs = {"calibrate", "femora"},
    .outputs = {"parts/projected_%s.json", "pictures/projected_%s.png"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .withheld = {{"projected_total", "abmd", "g/cm2"}},
    .section = "Projected areal density",
    .tell = tell,
    .methods = methods};
