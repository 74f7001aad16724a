/* The step that reads the scan and says what it is and what is wrong with it. */
#include "core/json.h"
#include "core/scan_info.h"
#include "study/step.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_fact(cJSON *facts, const char *name, const char *fmt, ...) QCT_PRINTF(3, 4);
static void add_finding(cJSON *findings, enum report_level level, const char *title,
                        const char *fmt, ...) QCT_PRINTF(4, 5);

static void add_fact(cJSON *facts, const char *name, const char *fmt, ...) {
  char value[256];
  va_list args;
  va_start(args, fmt);
  vsnprintf(value, sizeof value, fmt, args);
  va_end(args);
  cJSON *fact = cJSON_CreateObject();
  json_add_text(fact, "name", name);
  json_add_text(fact, "value", value[0] ? value : "not stated");
  cJSON_AddItemToArray(facts, fact);
}

static void add_finding(cJSON *findings, enum report_level level, const char *title,
                        const char *fmt, ...) {
  char text[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  cJSON *finding = cJSON_CreateObject();
  json_add_number(finding, "level", level);
  json_add_text(finding, "title", title);
  json_add_text(finding, "text", text);
  cJSON_AddItemToArray(findings, finding);
}

static void list_facts(cJSON *facts, const struct volume *hu) {
  const struct acquisition *a = &hu->acquisition;
  const struct geometry *g = &hu->grid;
  add_fact(facts, "Scanner", "%s%s%s", a->manufacturer, a->manufacturer[0] ? " " : "", a->model);
  if (isnan(a->kvp))
    add_fact(facts, "Tube voltage", "not stated");
  else
    add_fact(facts, "Tube voltage", "%g kV", a->kvp);
  add_fact(facts, "Kernel", "%s", a->kernel);
  add_fact(facts, "Voxels", "%lld x %lld x %lld", (long long)g->nx, (long long)g->ny,
           (long long)g->nz);
  add_fact(facts, "Voxel size", "%.3g x %.3g x %.3g mm", g->spacing[0], g->spacing[1],
           g->spacing[2]);
  if (!isnan(a->slice_thickness_mm))
    add_fact(facts, "Slice thickness", "%.3g mm", a->slice_thickness_mm);
  add_fact(facts, "Position", "%s", scan_position_words(a));
  add_fact(facts, "Sex", "%s",
           strcmp(a->sex, "F") == 0   ? "female"
           : strcmp(a->sex, "M") == 0 ? "male"
                                      : a->sex);
  add_fact(facts, "Contrast medium", "%s",
           a->contrast == CONTRAST_PRESENT ? "given"
           : a->contrast == CONTRAST_NONE  ? "none"
                                           : "not stated");
}

/* Numbers that cannot be HU end the run; a scan without air may be cut out of the body. */
static status judge_values(cJSON *findings, const struct volume *hu) {
  status st = ST_OK;
  const double fat_hu = -30, air_hu = -500;
  double low, high;
  volume_range(hu, &low, &high);
  CHECK(low <= fat_hu, ST_DOMAIN,
        "values from %g to %g are no HU of a person, in whom fat lies below %g and air "
        "near -1000; if they are numbers of the scanner, rescale them first (mostly by -1024)",
        low, high, fat_hu);
  if (low > air_hu)
    add_finding(findings, REPORT_CAUTION, "No air in the scan.",
                "The lowest value is %.0f HU. Either the scan is cut out of the body, or its "
                "values are not HU; what rests on air and on the skin is withheld.",
                low);
done:
  return st;
}

static void judge_voltage(cJSON *findings, double kvp) {
  if (isnan(kvp))
    add_finding(findings, REPORT_CAUTION, "Tube voltage not stated.",
                "Density read without a phantom depends on it: about 10 %% of trabecular density "
                "between voltages. Compare with other scans only if their voltage is known to be "
                "the same.");
  else if (kvp != 120)
    add_finding(findings, REPORT_CAUTION, "Tube voltage other than 120 kV.",
                "%g kV. Reference values and published tissue densities were made at 120 kV; "
                "trabecular density read without a phantom shifts by about 10 %% between "
                "voltages. Compare only with scans at %g kV.",
                kvp, kvp);
  else
    add_finding(findings, REPORT_GOOD, "Tube voltage.", "120 kV, as the reference values.");
}

static void judge_resolution(cJSON *findings, const struct volume *hu) {
  const double fine_mm = 1.5, thick_mm = 2.5; /* about a cortex, and twice the neck's cortex */
  double distance = hu->grid.spacing[2], thickness = hu->acquisition.slice_thickness_mm;
  double profile = thickness > distance ? thickness : distance;
  char slices[64];
  if (profile > distance)
    snprintf(slices, sizeof slices, "Slices of %.3g mm every %.3g mm", profile, distance);
  else
    snprintf(slices, sizeof slices, "Slices every %.3g mm", distance);
  if (profile > thick_mm)
    add_finding(findings, REPORT_CAUTION, "Thick slices.",
                "%s. A cortex of 1 to 3 mm is blurred across them: cortical "
                "density reads low, trabecular density near it high, and strength is less "
                "certain. Slices of 1 to 1.5 mm would settle this.",
                slices);
  else if (profile > fine_mm)
    add_finding(findings, REPORT_NOTE, "Slices of medium thickness.",
                "%s; thin cortices are blurred.", slices);
  else
    add_finding(findings, REPORT_GOOD, "Thin slices.", "%s.", slices);
  if (thickness > 1.05 * distance)
    add_finding(findings, REPORT_NOTE, "Overlapping slices.",
                "Each slice is %.3g mm thick, every %.3g mm: the detail along the body is that of "
                "the thickness.",
                thickness, distance);
  else if (!isnan(thickness) && distance > 1.05 * thickness)
    add_finding(findings, REPORT_NOTE, "Gaps between slices.",
                "Slices are %.3g mm thick, every %.3g mm; bone between them was not seen.",
                thickness, distance);
}

static void judge_rest(cJSON *findings, const struct volume *hu) {
  const struct acquisition *a = &hu->acquisition;
  if (a->contrast == CONTRAST_PRESENT)
    add_finding(findings, REPORT_CAUTION, "Contrast medium was given.",
                "It raises the density of marrow and muscle; densities are not comparable with "
                "scans without it, and a calibration by tissues is disturbed.");
  if (a->lossy)
    add_finding(findings, REPORT_CAUTION, "Lossy compression.",
                "The pixel data went through a lossy codec; HU are not what the scanner made.");
  if (!a->modality[0])
    add_finding(findings, REPORT_NOTE, "No acquisition data.",
                "The file states neither scanner nor voltage; HU are taken as they are. Read the "
                "DICOM series instead when there is one.");
  int64_t empty = 0, n = geometry_voxels(&hu->grid);
  for (int64_t i = 0; i < n; i++) empty += isnan(hu->voxels[i]) != 0;
  if (empty)
    add_finding(findings, REPORT_NOTE, "Padding.",
                "%.1f %% of the voxels lie outside the reconstructed field and hold no data; they "
                "are left out everywhere.",
                100.0 * (double)empty / (double)n);
  if (a->modality[0])
    add_finding(findings, REPORT_GOOD, "Geometry.",
                "Positions, orientation and spacing of all slices were checked and agree.");
}

/* What a cohort compares its scans by. */
static status write_rows(const struct study_case *c, const struct volume *hu) {
  status st = ST_OK;
  const struct acquisition *a = &hu->acquisition;
  const struct {
    const char *quantity, *unit, *method;
    double value;
  } rows[] = {{"tube_voltage", "kV", "header", a->kvp},
              {"slice_distance", "mm", "positions of the slices", hu->grid.spacing[2]},
              {"slice_thickness", "mm", "header", a->slice_thickness_mm}};
  struct record *r = NULL;
  TRY(record_create(&r, c->case_id));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct measurement *m = record_add(r, "scan", rows[i].quantity, rows[i].value, rows[i].unit);
    CHECK(m, ST_MEMORY, "rows of the scan");
    snprintf(m->method, sizeof m->method, "%s", rows[i].method);
    if (isnan(m->value)) measurement_flag(m, "not stated by the header");
  }
  TRY(case_write_part(c, r, "read", STEP_NO_SIDE));
done:
  record_destroy(r);
  return st;
}

static status read_scan(struct study_case *c, int side) {
  (void)side;
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct labels *given = NULL;
  char path[CASE_PATH];
  cJSON *json = cJSON_CreateObject();
  cJSON *facts = cJSON_AddArrayToObject(json, "facts");
  cJSON *findings = cJSON_AddArrayToObject(json, "findings");
  CHECK(facts && findings, ST_MEMORY, "describing the scan");
  json_add_text(json, "digest", case_input_digest(c, "ct"));
  TRY(case_hu(&hu, c));
  TRY(judge_values(findings, hu));
  TRY(case_given_labels(&given, c)); /* labels that do not fit end the run here */
  list_facts(facts, hu);
  judge_voltage(findings, hu->acquisition.kvp);
  judge_resolution(findings, hu);
  judge_rest(findings, hu);
  TRY(case_path(path, c, "parts/scan.json"));
  TRY(json_write(json, path, true));
  TRY(write_rows(c, hu));
done:
  cJSON_Delete(json);
  return st;
}

static status tell_scan(struct case_page *page, int side) {
  (void)side;
  status st = ST_OK;
  char path[CASE_PATH];
  cJSON *scan = NULL;
  const cJSON *item;
  TRY(case_path(path, page->c, "parts/scan.json"));
  TRY(json_read(&scan, path));
  cJSON_ArrayForEach(item, json_find(scan, "facts")) {
    char name[64], value[256];
    TRY(json_get_text(name, sizeof name, item, "name", "parts/scan.json"));
    TRY(json_get_text(value, sizeof value, item, "value", "parts/scan.json"));
    report_fact(page->report, name, value);
  }
  cJSON_ArrayForEach(item, json_find(scan, "findings")) {
    char title[96], text[512];
    int level;
    TRY(json_get_whole(&level, REPORT_STOP, REPORT_GOOD, item, "level", "parts/scan.json"));
    TRY(json_get_text(title, sizeof title, item, "title", "parts/scan.json"));
    TRY(json_get_text(text, sizeof text, item, "text", "parts/scan.json"));
    report_finding(page->report, (enum report_level)level, title, text);
  }
done:
  cJSON_Delete(scan);
  return st;
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_digest(out, c, "ct");
  case_add_text(out, "series", c->options->series);
  case_add_digest(out, c, "labels");
  case_add_text(out, "case", c->case_id);
  cJSON_AddBoolToObject(out, "shear_correct", c->options->shear_correct);
}

static void methods(struct case_page *page) {
  report_text(
      page->report,
      "Scan. Slices were ordered by their positions; orientation, spacing, size and rescale "
      "of every slice were checked. Padding outside the reconstructed field is no data.");
}

const struct case_step step_read = {.name = "read",
                                    .title = "read the scan",
                                    .version = "4",
                                    .required = true,
                                    .outputs = {"parts/scan.json", "parts/read.json"},
                                    .parameters = parameters,
                                    .run = read_scan,
                                    .part = true,
                                    .tell = tell_scan,
                                    .methods = methods};
