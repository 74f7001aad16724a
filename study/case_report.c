/* The last step: the record of all that was measured or withheld, and the report. It reads only
 * what the other steps wrote. */
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "study/case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct graph_result *result_of(const struct study_case *c, const char *name) {
  int i = graph_find(c->summary->steps, STUDY_STEPS, name);
  return &c->summary->results[i];
}

static bool there(const struct study_case *c, const char *name) {
  enum graph_state s = result_of(c, name)->state;
  return s == GRAPH_DONE || s == GRAPH_KEPT;
}

static bool side_there(const struct study_case *c, const char *format, int s) {
  char name[32];
  snprintf(name, sizeof name, "%s_%s", format, side_name(case_sides[s]));
  return there(c, name);
}

/* ---- the record ---- */

static void add_angle_rows(struct record *r, const struct femur *f) {
  const struct hip_frame *h = &f->frame;
  char region[32];
  snprintf(region, sizeof region, "femur_%s", side_name(f->side));
  const struct {
    const char *quantity, *unit;
    double value;
    bool needs_head;
  } rows[] = {{"neck_shaft_angle", "deg", h->neck_shaft_deg, false},
              {"head_radius", "mm", h->head_radius_mm, false},
              {"femoral_offset", "mm", h->offset_mm, false},
              {"femoral_axis_length", "mm", h->fal_mm, true},
              {"neck_area_narrowest", "mm2", h->neck_area_mm2, false},
              {"volume_outlined", "cm3", f->label_mm3 / 1000, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool cut = rows[i].needs_head && f->head_truncated;
    struct measurement *m =
        record_add(r, region, rows[i].quantity, cut ? (double)NAN : rows[i].value, rows[i].unit);
    if (!m) return;
    snprintf(m->method, sizeof m->method, "frame %s", h->method);
    if (cut) measurement_flag(m, "part of the head is outside the scan");
    if (!cut && isnan(rows[i].value)) measurement_flag(m, "%.150s", h->flags);
  }
}

static status append_part(struct record *all, const struct study_case *c, const char *format,
                          int s) {
  status st = ST_OK;
  struct record *part = NULL;
  char path[CASE_PATH];
  TRY(case_side_path(path, c, format, case_sides[s]));
  TRY(record_read(&part, path));
  TRY(record_append(all, part));
done:
  record_destroy(part);
  return st;
}

/* A side that is in the scan but could not be measured has rows that say why. */
static void withhold_rows(struct record *r, const struct study_case *c, int s) {
  static const struct {
    const char *step, *region, *quantity, *unit;
  } rows[] = {{"bmd", "total", "vbmd_integral", "mg/cm3"},
              {"fall", "femur", "fall_failure_load", "N"},
              {"fall", "femur", "fall_stiffness", "N/mm"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char region[64], step[32];
    snprintf(step, sizeof step, "%s_%s", rows[i].step, side_name(case_sides[s]));
    snprintf(region, sizeof region, "%s_%s", rows[i].region, side_name(case_sides[s]));
    if (!there(c, step))
      record_withhold(r, region, rows[i].quantity, rows[i].unit, result_of(c, step)->reason);
  }
}

static status collect(struct record **out, struct study_case *c) {
  status st = ST_OK;
  struct record *r = NULL;
  const struct femur_result *femora = NULL;
  TRY(record_create(&r, c->case_id));
  if (there(c, "femora")) TRY(case_femora(&femora, c));
  for (int s = 0; s < CASE_SIDES; s++) {
    if (femora && femora->sides[s].state == FEMUR_ABSENT) continue;
    withhold_rows(r, c, s);
    if (side_there(c, "bmd", s)) TRY(append_part(r, c, "parts/bmd_%s.json", s));
    if (side_there(c, "fall", s)) TRY(append_part(r, c, "parts/fall_%s.json", s));
    if (femora && femora->sides[s].state == FEMUR_FOUND && case_has_axes(&femora->sides[s]))
      add_angle_rows(r, &femora->sides[s]);
  }
  *out = r;
  r = NULL;
done:
  record_destroy(r);
  return st;
}

/* ---- the report ---- */

static status tell_scan(struct report *page, const struct study_case *c) {
  status st = ST_OK;
  char path[CASE_PATH];
  cJSON *scan = NULL;
  const cJSON *item;
  TRY(case_path(path, c, "parts/scan.json"));
  TRY(json_read(&scan, path));
  cJSON_ArrayForEach(item, json_find(scan, "facts")) {
    char name[64], value[256];
    TRY(json_get_text(name, sizeof name, item, "name", "parts/scan.json"));
    TRY(json_get_text(value, sizeof value, item, "value", "parts/scan.json"));
    report_fact(page, name, value);
  }
  cJSON_ArrayForEach(item, json_find(scan, "findings")) {
    char title[96], text[512];
    double level = REPORT_NOTE;
    TRY(json_get_number(&level, item, "level", "parts/scan.json"));
    TRY(json_get_text(title, sizeof title, item, "title", "parts/scan.json"));
    TRY(json_get_text(text, sizeof text, item, "text", "parts/scan.json"));
    report_finding(page, (enum report_level)(int)level, title, text);
  }
done:
  cJSON_Delete(scan);
  return st;
}

static const char *remedy_for(const struct graph_result *r) {
  if (r->cause == ST_UNSUPPORTED) return "A build with that module.";
  if (strstr(r->reason, "etal")) return "The other hip, or a scan without the implant.";
  if (strstr(r->reason, "in the scan") || strstr(r->reason, "outside the scan") ||
      strstr(r->reason, "edge") || strstr(r->reason, "cut") || strstr(r->reason, "shaft"))
    return "A scan from above the hip joint to 5 cm below the lesser trochanter, with the whole "
           "hip "
           "in the field of view.";
  if (strstr(r->reason, "label map")) return "A label map that holds that femur.";
  if (strstr(r->reason, "material")) return "A phantom in the scan, or a stated material.";
  return "See the reason.";
}

static void tell_withheld(struct report *page, const struct study_case *c,
                          const struct femur_result *femora) {
  for (int i = 0; i < STUDY_STEPS; i++) {
    const struct graph_step *step = &c->summary->steps[i];
    const struct graph_result *r = &c->summary->results[i];
    if (r->state != GRAPH_WITHHELD) continue;
    bool side_step = step->argument >= 0 &&
                     (strncmp(step->name, "bmd", 3) == 0 || strncmp(step->name, "fall", 4) == 0);
    const struct femur *f = side_step && femora ? &femora->sides[step->argument] : NULL;
    char what[128];
    snprintf(what, sizeof what, "%c%s", step->title[0] - 'a' + 'A', step->title + 1);
    report_withheld(page, what, r->reason, remedy_for(r));
    if (f && f->state == FEMUR_REFUSED && strncmp(step->name, "bmd", 3) == 0) {
      snprintf(what, sizeof what, "The %s femur is not measured.", side_name(f->side));
      report_finding(page, REPORT_STOP, what, f->reason);
    }
  }
}

/* Measures of a step that was done, withheld one by one. */
static void tell_withheld_rows(struct report *page, const struct study_case *c,
                               const struct record *record) {
  for (size_t i = 0; i < record->count; i++) {
    const struct measurement *m = &record->rows[i];
    bool regional =
        strncmp(m->quantity, "vbmd_", 5) == 0 || strncmp(m->quantity, "volume_", 7) == 0;
    bool repeats = regional && strcmp(m->quantity, "vbmd_integral") != 0; /* one line a region */
    char region[96], quantity[96], what[200];
    if (!isnan(m->value) || repeats || strncmp(m->quantity, "bmc_", 4) == 0) continue;
    bool told = false; /* rows of a step that was withheld as a whole */
    for (int k = 0; k < STUDY_STEPS; k++) {
      const struct graph_result *r = &c->summary->results[k];
      told |= r->state == GRAPH_WITHHELD && strncmp(r->reason, m->flags, strlen(m->flags)) == 0;
    }
    if (told) continue;
    report_region_words(region, m->region);
    report_quantity_words(quantity, m->quantity);
    snprintf(what, sizeof what, "%s: %s", region, regional ? "density and volume" : quantity);
    struct graph_result cause = {.cause = ST_DOMAIN};
    snprintf(cause.reason, sizeof cause.reason, "%s", m->flags);
    report_withheld(page, what, m->flags, remedy_for(&cause));
  }
}

static void tell_cuts(struct report *page, const struct femur_result *femora) {
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &femora->sides[s];
    char title[96];
    if (f->state != FEMUR_FOUND) continue;
    if (f->head_truncated) {
      snprintf(title, sizeof title, "The %s femoral head is cut.", side_name(f->side));
      report_finding(page, REPORT_STOP, title,
                     "Part of it lies outside the scan. Head, total hip, axis length and strength "
                     "are withheld.");
    }
    if (!f->frame_ok) {
      snprintf(title, sizeof title, "The %s femur is incomplete.", side_name(f->side));
      report_finding(page, REPORT_CAUTION, title, f->frame.flags);
    }
  }
}

static void tell_headlines(struct report *page, const struct record *r) {
  static const struct {
    const char *region, *quantity, *words;
  } rows[] = {{"femur", "fall_failure_load", "Failure load, fall to the side"},
              {"femur", "fall_stiffness", "Stiffness, fall to the side"},
              {"total", "vbmd_integral", "Total hip vBMD"},
              {"neck", "vbmd_trabecular", "Neck trabecular vBMD"}};
  for (int s = 0; s < CASE_SIDES; s++)
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      char region[64], words[96];
      snprintf(region, sizeof region, "%s_%s", rows[i].region, side_name(case_sides[s]));
      snprintf(words, sizeof words, "%s, %s", rows[i].words, side_name(case_sides[s]));
      const struct measurement *m = record_find(r, region, rows[i].quantity);
      if (m) report_headline(page, words, m);
    }
}

/* A picture from a file; one that is not there is left out. */
static status add_image(struct report *page, const struct study_case *c, const char *format,
                        enum side side, const char *alt, const char *caption,
                        const struct report_reading *reading) {
  status st = ST_OK;
  char path[CASE_PATH], *data = NULL;
  size_t length = 0;
  TRY(case_side_path(path, c, format, side));
  if (!file_exists(path)) return ST_OK;
  TRY(file_read(&data, &length, path, 0));
  report_image(page, data, length, alt, caption, reading);
done:
  free(data);
  return st;
}

static status tell_femur(struct report *page, const struct study_case *c, const struct femur *f) {
  status st = ST_OK;
  char title[64], bad[512];
  snprintf(title, sizeof title, "%c%s femur", f->side == SIDE_RIGHT ? 'R' : 'L',
           side_name(f->side) + 1);
  report_subsection(page, title);
  bool cut = f->head_truncated || f->touches;
  snprintf(bad, sizeof bad, "%s%s%s%s",
           f->head_truncated ? "Part of the head lies outside the scan. " : "",
           f->touches ? "The outline meets the edge of the scan. " : "",
           f->frame.flags[0] ? f->frame.flags : "", f->frame.flags[0] ? "." : "");
  struct report_reading planes = {
      .good = "A good outline follows the outer edge of the bone and stops at the joint.",
      .bad = cut ? "The bone is cut: what needs the missing part is withheld." : NULL,
      .act =
          "Look for pelvis inside the outline, or femur outside it. If so, correct the label map "
          "and run again with --labels."};
  TRY(add_image(page, c, "pictures/planes_%s.png", f->side,
                "Axial, coronal and sagittal slices through the femoral head with the outline",
                "Slices through the centre of the femoral head. Orange: right femur; sky: left.",
                &planes));
  struct report_reading axes = {
      .good = f->frame_ok ? "Head sphere, neck axis and shaft axis were established." : NULL,
      .bad = bad[0] ? bad : NULL,
      .act = "The circle should sit on the head and the lines should run along neck and shaft; "
             "regions and load follow them."};
  TRY(add_image(page, c, "pictures/femur_%s.png", f->side,
                "Planes along and across the femoral neck with outline, head sphere and axes",
                "Planes of the femur itself, with head sphere, neck axis and shaft axis.", &axes));
done:
  return st;
}

static status tell_femora(struct report *page, const struct study_case *c,
                          const struct femur_result *femora) {
  status st = ST_OK;
  report_section(page, "Where the femora are");
  if (!femora) {
    report_paragraph(page, "The femora were not found: %s.", result_of(c, "femora")->reason);
    return st;
  }
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &femora->sides[s];
    if (f->state == FEMUR_FOUND)
      TRY(tell_femur(page, c, f));
    else
      report_paragraph(page, "%s femur: %s.", f->side == SIDE_RIGHT ? "Right" : "Left",
                       f->reason[0] ? f->reason : "not in this scan");
  }
done:
  return st;
}

static status tell_density(struct report *page, struct study_case *c) {
  status st = ST_OK;
  struct record *part = NULL;
  char path[CASE_PATH];
  bool any = false;
  report_section(page, "Density of the regions");
  for (int s = 0; s < CASE_SIDES; s++) {
    if (!side_there(c, "bmd", s)) continue;
    any = true;
    TRY(case_side_path(path, c, "parts/bmd_%s.json", case_sides[s]));
    TRY(record_read(&part, path));
    TRY(case_report_regions(page, part, case_sides[s]));
    record_destroy(part);
    part = NULL;
  }
  if (!any) report_paragraph(page, "Withheld; see above.");
done:
  record_destroy(part);
  return st;
}

static status tell_fall(struct report *page, const struct study_case *c,
                        const struct record *record, int s) {
  status st = ST_OK;
  char path[CASE_PATH], region[64], good[256] = "", *words = NULL;
  size_t length = 0;
  snprintf(region, sizeof region, "femur_%s", side_name(case_sides[s]));
  const struct measurement *residual = record_find(record, region, "fall_residual");
  const struct measurement *balance = record_find(record, region, "fall_balance");
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
  TRY(add_image(page, c, "pictures/fall_%s.png", case_sides[s],
                "Cuts through the finite element model with strain at the failure load",
                "Strain at the failure load; the scale ends at the limits of bone.", &reading));
  TRY(case_side_path(path, c, "parts/fall_%s.txt", case_sides[s]));
  TRY(file_read(&words, &length, path, 0));
  report_text(page, words);
done:
  free(words);
  return st;
}

static status tell_strength(struct report *page, const struct study_case *c,
                            const struct record *record) {
  status st = ST_OK;
  bool any = false;
  report_section(page, "Strength in a fall to the side");
  for (int s = 0; s < CASE_SIDES; s++) {
    if (!side_there(c, "fall", s)) continue;
    any = true;
    report_subsection(page, s ? "Left femur" : "Right femur");
    TRY(tell_fall(page, c, record, s));
  }
  if (!any) report_paragraph(page, "Withheld; see above.");
done:
  return st;
}

/* Without seconds: two runs give the same page but for the time in its provenance. */
static void tell_steps(struct report *page, const struct study_case *c) {
  static const char *const columns[] = {"Step", "Outcome"};
  report_table_begin(page, "Steps of this run; run.json has their seconds", columns, 2);
  for (int i = 0; i < STUDY_STEPS - 1; i++) {
    const struct graph_result *r = &c->summary->results[i];
    const char *cells[] = {c->summary->steps[i].title,
                           r->state == GRAPH_WITHHELD ? "withheld" : "done"};
    report_table_row(page, cells);
  }
  report_table_end(page);
}

static status fill_report(struct report *page, struct study_case *c, const struct record *record,
                          cJSON **provenance) {
  status st = ST_OK;
  const struct femur_result *femora = NULL;
  const struct calibration *calibration = NULL;
  if (there(c, "femora")) TRY(case_femora(&femora, c));
  if (there(c, "calibrate")) TRY(case_calibration(&calibration, c));
  tell_headlines(page, record);
  TRY(tell_scan(page, c));
  tell_withheld(page, c, femora);
  tell_withheld_rows(page, c, record);
  if (femora) tell_cuts(page, femora);
  TRY(tell_femora(page, c, femora));
  report_section(page, "Calibration");
  if (calibration) {
    TRY(case_report_calibration(page, calibration));
    struct report_reading rods = {
        .good = "In a good picture each circle lies inside its rod and the letters run in the "
                "order of the phantom.",
        .act = "If a circle misses its rod, outline the rods and use `qct calibrate phantom`."};
    TRY(add_image(page, c, "pictures/rods.png", SIDE_UNKNOWN, "Axial slice with the rods outlined",
                  "The calibration rods as found.", &rods));
  } else {
    report_paragraph(page, "Withheld: %s", result_of(c, "calibrate")->reason);
  }
  TRY(tell_density(page, c));
  TRY(tell_strength(page, c, record));
  report_section(page, "All measurements");
  report_paragraph(page, "The same rows, with all digits, are in record.csv and record.json beside "
                         "this page. A withheld value is an empty cell there, never a zero.");
  report_measurements(page, record, NULL);
  case_report_methods(page, c, calibration, record);
  *provenance = provenance_to_json(c->provenance); /* with the sources of the methods */
  CHECK(*provenance, ST_MEMORY, "provenance of the report");
  report_section(page, "Provenance");
  tell_steps(page, c);
  report_provenance(page, *provenance);
done:
  return st;
}

status step_report(void *user, int argument) {
  (void)argument;
  status st = ST_OK;
  struct study_case *c = user;
  struct record *record = NULL;
  struct report *page = NULL;
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  TRY(collect(&record, c));
  TRY(report_create(&page, "Hip density and strength from CT", c->case_id));
  TRY(fill_report(page, c, record, &provenance));
  TRY(case_path(path, c, "record.csv"));
  TRY(record_write(record, path, NULL, true));
  TRY(case_path(path, c, "record.json"));
  TRY(record_write(record, path, provenance, true));
  TRY(case_path(path, c, "report.html"));
  TRY(report_write(page, path, true));
done:
  record_destroy(record);
  report_destroy(page);
  cJSON_Delete(provenance);
  return st;
}
