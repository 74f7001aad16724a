/* The step that measures the density of a femur's regions. */
#include "qct/hip_density.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  struct case_hip hip;
  const struct qct_shell *shell = NULL;
  struct record *r = NULL;
  TRY(case_hip(&hip, c, side));
  TRY(case_shell(&shell, c, side));
  TRY(record_create(&r, c->case_id));
  TRY(qct_hip_regions(r, hip.density, hip.labels, hip.femur->label, &hip.femur->frame,
                      hip.calibration, NULL, shell));
  case_judge_cuts(r, hip.femur);
  TRY(case_flag_femur_rows(r, c, hip.femur));
  TRY(case_write_part(c, r, "bmd", side));
done:
  record_destroy(r);
  return st;
}

/* ---- the report ---- */

static const struct page_row regions[] = {{"Head", "head"},
                                          {"Neck", "neck"},
                                          {"Trochanter", "trochanter"},
                                          {"Intertrochanter", "intertrochanter"},
                                          {"Total hip", "total"}};
enum { REGIONS = 5 };

/* Integral densities for the bars; names of the withheld ones. */
static bool integrals(double value[REGIONS], char missing[128], const struct record *record,
                      int side) {
  bool any = false;
  missing[0] = '\0';
  for (int i = 0; i < REGIONS; i++) {
    char region[64];
    snprintf(region, sizeof region, "%s_%s", regions[i].region, side_name(case_sides[side]));
    const struct measurement *m = record_find(record, region, "vbmd_integral");
    value[i] = m ? m->value : (double)NAN;
    any |= isfinite(value[i]);
    if (!isfinite(value[i]))
      snprintf(missing + strlen(missing), 128 - strlen(missing), "%s%s",
               missing[0] ? ", " : "Withheld: ", regions[i].name);
  }
  return any;
}

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  struct plot *p = NULL;
  static const struct page_column columns[] = {{"Volume [cm3]", "volume_integral"},
                                               {"Mineral [mg]", "bmc_integral"},
                                               {"Integral [mg/cm3]", "vbmd_integral"},
                                               {"Cortical [mg/cm3]", "vbmd_cortical"},
                                               {"Trabecular [mg/cm3]", "vbmd_trabecular"}};
  const char *names[REGIONS];
  double integral[REGIONS];
  char missing[128];
  for (int i = 0; i < REGIONS; i++) names[i] = regions[i].name;
  page_table(page, side, "Volume, mineral content and volumetric density (vBMD)", "Region", regions,
             REGIONS, columns, 5);
  if (!integrals(integral, missing, page->record, side)) goto done;
  struct report_reading reading = {
      .good = missing[0] ? NULL : "All regions lie in the scan.",
      .bad = missing[0] ? missing : NULL,
      .act =
          "Compare with values of the same phantom, voltage and definition of the regions alone: "
          "a published range holds for one of each, so none is printed."};
  TRY(plot_create(&p, 640, 220, "integral vBMD [mg/cm3]", ""));
  plot_bars(p, names, integral, REGIONS, COLOUR_BLUE);
  report_plot(page->report, p, "Integral density by region.", &reading);
done:
  plot_destroy(p);
  return st;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Regions. Planes on the frame part head, neck, trochanter and intertrochanter; "
              "the total ends 10 mm below the lesser trochanter. A shell is fitted along the "
              "surface normals with the blur and the cortical density of the bone itself; it "
              "parts cortex and trabecular bone and counts the mineral that blur carries over "
              "the outline. The planes are those of this toolkit: "
              "compare with other programs only after checking theirs.");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
}

const struct case_step step_bmd = {
    .name = "bmd",
    .title = "density of the regions",
    .version = "5",
    .each_side = true,
    .of_femur = true,
    .needs = {"calibrate", "femora"},
    .outputs = {"parts/bmd_%s.json"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .withheld = {{"total", "vbmd_integral", "mg/cm3"}},
    .headlines = {{"total", "vbmd_integral", "Total hip vBMD", NULL},
                  {"neck", "vbmd_trabecular", "Neck trabecular vBMD", NULL}},
    .section = "Density of the regions",
    .tell = tell,
    .methods = methods};
