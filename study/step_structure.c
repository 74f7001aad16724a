/* The step that measures the structure of a hip: sections of neck, trochanters and shaft. */
#include "qct/structure.h"
#include "study/step.h"

#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double SLICE_LIMIT = 5; /* mm; above 3 every row is flagged */

/* One row stands for what a place or a family lacks: the others would only repeat the reason. The
 * spread over the slab stays with `qct hsa`. */
static bool is_kept(const struct measurement *m) {
  size_t n = strlen(m->quantity);
  if (n > 3 && strcmp(m->quantity + n - 3, "_sd") == 0) return false;
  return !isnan(m->value) || strcmp(m->quantity, "tot_area_g") == 0 ||
         strcmp(m->quantity, "csa_w") == 0;
}

static void keep_rows(struct record *r) {
  size_t kept = 0;
  for (size_t i = 0; i < r->count; i++)
    if (is_kept(&r->rows[i])) r->rows[kept++] = r->rows[i];
  r->count = kept;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct case_hip hip;
  const struct qct_shell *shell = NULL;
  struct qct_structure *s = NULL;
  struct picture *p = NULL;
  struct record *r = NULL;
  struct structure_options o = STRUCTURE_DEFAULTS;
  TRY(case_hip(&hip, c, side));
  CHECK(hip.density->grid.spacing[2] <= SLICE_LIMIT, ST_DOMAIN,
        "slices of %.3g mm, permitted %g mm for sections of the neck", hip.density->grid.spacing[2],
        SLICE_LIMIT);
  TRY(case_shell(&shell, c, side));
  o.thick_slices = true;
  o.rho_ref = c->options->rho_ref;
  TRY(qct_structure_measure(&s, hip.density, hip.labels, hip.femur->label, &hip.femur->frame, &o,
                            shell));
  TRY(record_create(&r, c->case_id));
  TRY(qct_structure_rows(r, s, hip.calibration));
  keep_rows(r);
  TRY(case_flag_femur_rows(r, c, hip.femur));
  TRY(qct_structure_picture(&p, s, &hip.femur->frame));
  TRY(case_write_picture(c, "pictures/structure_%s.png", side, p));
  TRY(case_write_part(c, r, "structure", side));
done:
  record_destroy(r);
  qct_structure_destroy(s);
  return st;
}

/* ---- the report ---- */

static status tell(struct case_page *page, int side) {
  static const struct page_row rows[] = {{"Narrow neck", "narrow_neck"},
                                         {"Mid-neck", "mid_neck"},
                                         {"Neck base", "neck_base"},
                                         {"Intertrochanter", "intertrochanter"},
                                         {"Shaft", "shaft"}};
  static const struct page_column columns[] = {{"Area [cm2]", "tot_area_g"},
                                               {"Cortical area [cm2]", "csa_c"},
                                               {"Cortical CSMI [cm4]", "csmi_c"},
                                               {"Cortical Z [cm3]", "z_c"},
                                               {"Width [mm]", "spw"},
                                               {"Cortex [mm]", "act"},
                                               {"Buckling ratio", "br_c"},
                                               {"Mineral [mg/mm]", "bmc_per_length"}};
  status st = ST_OK;
  page_table(page, side, "Structure of the sections, means over 5 mm", "Section", rows, 5, columns,
             8);
  report_paragraph(page->report,
                   "CSMI is the cross-sectional moment of inertia, Z the section modulus, both for "
                   "bending in the plane of neck and shaft and of the cortex alone; the buckling "
                   "ratio is the largest extent from the centroid over the thickness of the "
                   "cortex. In the picture g is "
                   "all that lies inside the outline, c the cortex, w weighted by density.");
  struct report_reading reading = {
      .good = "Blue follows the outer edge of the bone, orange the inner edge of the cortex.",
      .bad = "A line that leaves the bone: its section and what rests on it are wrong.",
      .act = "Compare with values of this program alone: others place the sections differently, "
             "which changes them by 10 to 20 %, so no reference range is printed."};
  TRY(page_image(page, "pictures/structure_%s.png", side,
                 "Sections of the neck, between the trochanters and of the shaft with outlines",
                 "Sections in the frame of the hip.", &reading));
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(
      page->report,
      "Hip structure. Sections every 0.5 mm over 5 mm at the narrow neck, mid-neck, base of "
      "the neck, between the trochanters (a plane along the bisector of neck and shaft "
      "axis, unverified against published programs) and 20 mm below the lesser trochanter. "
      "Outlines are those of a shell fitted to the scan; families g (all), c (cortex) and w "
      "(density weighted, only with a density of fully mineralised bone for the material) "
      "are never mixed.");
  page_source(page, "beck1990");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  json_add_number(out, "rho_ref", c->options->rho_ref);
}

const struct case_step step_structure = {
    .name = "structure",
    .title = "structure of the hip",
    .version = "7",
    .each_side = true,
    .of_femur = true,
    .needs = {"calibrate", "femora"},
    .outputs = {"parts/structure_%s.json", "pictures/structure_%s.png"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .withheld = {{"narrow_neck", "csa_c", "cm2"}},
    .section = "Structure of the hip",
    .tell = tell,
    .methods = methods,
    .remedies = {{"give --rho-ref",
                  "Give the density of fully mineralised bone in the units of the "
                  "calibration's material with --rho-ref."}}};
