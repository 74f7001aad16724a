/* The step that maps the cortex of a femur: thickness and mass over its surface. */
#include "qct/cortex_map.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>

static const double VERTEX_MM = 2; /* `qct cortex` maps every 1 mm; coarser to be quicker */

static status write_pictures(const struct study_case *c, const struct cortex_map *m, int side) {
  status st = ST_OK;
  struct picture *p = NULL;
  char path[CASE_PATH];
  TRY(qct_cortex_picture(&p, m, (int)case_sides[side]));
  TRY(case_write_picture(c, "pictures/cortex_%s.png", side, p));
  TRY(case_side_path(path, c, "cortex_%s.vtp", side));
  TRY(qct_cortex_write(m, path, true));
done:
  return st;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct case_hip hip;
  struct cortex_map *m = NULL;
  struct record *r = NULL;
  struct cortex_options o = CORTEX_OPTIONS_DEFAULTS;
  o.vertex_mm = VERTEX_MM;
  TRY(case_hip(&hip, c, side));
  TRY(qct_cortex_map(&m, hip.density, hip.labels, hip.femur->label, &o));
  TRY(record_create(&r, c->case_id));
  TRY(qct_cortex_rows(r, m, &hip.femur->frame, hip.calibration));
  TRY(case_flag_femur_rows(r, c, hip.femur));
  TRY(write_pictures(c, m, side));
  TRY(case_write_part(c, r, "cortex", side));
done:
  record_destroy(r);
  qct_cortex_map_destroy(m);
  return st;
}

/* ---- the report ---- */

static status tell(struct case_page *page, int side) {
  static const struct page_row rows[] = {{"Whole", "femur"},
                                         {"Head", "head"},
                                         {"Neck", "neck"},
                                         {"Trochanter", "trochanter"},
                                         {"Intertrochanter", "intertrochanter"},
                                         {"Shaft", "shaft"}};
  static const struct page_column columns[] = {
      {"Thickness, mean [mm]", "cortical_thickness_mean"},
      {"5 % are below [mm]", "cortical_thickness_p5"},
      {"5 % are above [mm]", "cortical_thickness_p95"},
      {"Mass [mg/cm2]", "cortical_mass_mean"},
      {"Density inside it [mg/cm3]", "endocortical_density"},
      {"Share without a fit", "cortex_rejected"}};
  status st = ST_OK;
  page_table(page, side, "Cortex by region, weighted by area; its mass is thickness times density",
             "Region", rows, 6, columns, 6);
  struct report_reading reading = {
      .good = "Thick cortex (yellow) at the shaft and below the neck, thin (dark) over the head "
              "and the upper neck, with smooth changes.",
      .bad = "Speckles, or a thick patch on the head: the outline or the fit is wrong there. Grey: "
             "the model does not fit, or the image cuts the bone.",
      .act = "Use regional means, not single spots. The map is in cortex_<side>.vtp for ParaView."};
  TRY(page_image(page, "pictures/cortex_%s.png", side,
                 "The femur from four sides, coloured by the thickness of its cortex",
                 "Thickness of the cortex; what is thicker than the scale has its last colour.",
                 &reading));
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Cortical map. At places 2 mm apart on the outline a model of three densities and "
              "two blurred edges is fitted to the voxels along the normal. The density of the "
              "cortex and the blur are read from thick cortex of the same bone. Where thin "
              "cortex is less dense than that, its thickness reads low in proportion; its mass "
              "is right. Places where the model does not fit are left out of the means.");
  page_source(page, "treece2010");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
}

const struct case_step step_cortex = {
    .name = "cortex",
    .title = "map of the cortex",
    .version = "4",
    .each_side = true,
    .of_femur = true,
    .needs = {"calibrate", "femora"},
    .outputs = {"parts/cortex_%s.json", "pictures/cortex_%s.png", "cortex_%s.vtp"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .withheld = {{"femur", "cortical_thickness_mean", "mm"},
                 {"femur", "cortical_mass_mean", "mg/cm2"}},
    .section = "Map of the cortex",
    .tell = tell,
    .methods = methods,
    .remedies = {{"thin cortex finds no fit", "Reconstruct the scan in slices of 4 mm or less."},
                 {"needed to read the cortical density",
                  "Include some shaft in the scan, or map with qct cortex and a density of "
                  "cortical bone of your own (--cortical-density)."},
                 {"to read the blur of the scan",
                  "Map with qct cortex and the blur of the scanner (--sigma)."}}};
