/* The step that turns HU into density: rods in the scan, else its tissues. */
#include "calibration/calibrate.h"
#include "calibration/figures.h"
#include "calibration/history.h"
#include "calibration/quality.h"
#include "core/log.h"
#include "study/page_calibration.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static status draw_rods(const struct study_case *c, const struct volume *hu,
                        const struct labels *rods) {
  const double pixel_mm = 0.5, height_mm = 90;
  status st = ST_OK;
  struct picture *p = NULL;
  TRY(cal_picture_labels(&p, hu, rods, pixel_mm, height_mm));
  TRY(case_write_picture(c, "pictures/rods.png", STEP_NO_SIDE, p));
done:
  return st;
}

static status by_entry(struct calibration *out, const struct study_case *c, const struct volume *hu,
                       const struct phantom_entry *entry, bool built_in) {
  status st = ST_OK;
  struct labels *rods = NULL;
  struct cal_phantom_options options = CAL_PHANTOM_DEFAULTS;
  options.built_in = built_in;
  options.fit.force = c->options->override;
  TRY(cal_from_phantom(out, &rods, NULL, hu, entry, &options));
  TRY(draw_rods(c, hu, rods));
done:
  labels_destroy(rods);
  return st;
}

static status by_named_phantom(struct calibration *out, const struct study_case *c,
                               const struct volume *hu) {
  status st = ST_OK;
  struct phantom_entry entry;
  TRY(phantom_registry_find(&entry, c->options->phantom, c->options->certificate));
  TRY(by_entry(out, c, hu, &entry, !c->options->certificate));
done:
  return st;
}

/* Does every rod lie on the line? The limit is that of a warning in cal_accept. */
static bool fits_well(const struct calibration *k) {
  const double limit_mgcc = 5;
  for (int i = 0; i < k->point_count; i++)
    if (!k->points[i].used || !(fabs(k->points[i].residual) <= limit_mgcc)) return false;
  return k->checkable;
}

static status entry_fits(bool *fits, struct cal_rod_search *search, const struct volume *hu,
                         const struct phantom_entry *entry) {
  struct labels *rods = NULL;
  struct calibration k;
  status st = cal_rod_search_find(&rods, NULL, search, entry);
  if (st == ST_OK) st = cal_from_rods(&k, hu, rods, entry, NULL);
  labels_destroy(rods);
  *fits = st == ST_OK && fits_well(&k);
  if (st != ST_DOMAIN && st != ST_NUMERIC) return st;
  status_clear();
  return ST_OK;
}

/* Rods come first: what was given for a scan without them is not read, which must be said. */
static status note_unread(struct calibration *out, const struct study_options *o) {
  status st = ST_OK;
  if (!o->store && !o->tissue_table) return ST_OK;
  cal_warn(out, "the scan holds rods: %s%s%s not read", o->store ? "--from-store" : "",
           o->store && o->tissue_table ? " and " : "", o->tissue_table ? "--tissue-table" : "");
  log_warning("%s", out->warnings[out->warning_count - 1]);
  TRY(calibration_seal(out));
done:
  return st;
}

/* No phantom was named: which of the known ones fits the rods in the scan? One that fits alone is
 * taken; rods that fit several are left to the user, because their densities differ. */
static status by_recognised_phantom(struct calibration *out, bool *found, char several[160],
                                    const struct study_case *c, const struct volume *hu) {
  status st = ST_OK;
  struct phantom_registry *registry = NULL;
  struct cal_rod_search *search = NULL;
  const struct phantom_entry *chosen = NULL;
  int count = 0;
  size_t used = 0;
  TRY(phantom_registry_read(&registry, NULL));
  TRY(cal_rod_search_open(&search, hu));
  for (size_t i = 0; i < registry->count; i++) {
    const struct phantom_entry *entry = &registry->entries[i];
    bool fits = false;
    if (!entry->plates) TRY(entry_fits(&fits, search, hu, entry));
    if (!fits) continue;
    if (used < 160)
      used += (size_t)snprintf(several + used, 160 - used, "%s%s", count ? ", " : "", entry->key);
    chosen = entry;
    count++;
  }
  *found = count == 1;
  if (count <= 1) several[0] = '\0';
  if (!*found) goto done;
  TRY(by_entry(out, c, hu, chosen, true));
  cal_warn(out, "phantom recognised by its rods: %s; name it with --phantom if it is another one",
           chosen->key);
  TRY(calibration_seal(out));
done:
  cal_rod_search_close(search);
  phantom_registry_destroy(registry);
  return st;
}

/* Phantom scans of other days on the same scanner. A table of its people tells what size does; one
 * that cannot is told and the size stays in the interval. */
static status by_store(struct calibration *out, const struct study_case *c,
                       const struct volume *hu) {
  status st = ST_OK;
  struct cal_history *history = NULL;
  struct cal_tissue_table people;
  struct cal_async_options options = CAL_ASYNC_DEFAULTS;
  const int64_t day = hu->acquisition.acquired_days;
  options.force = c->options->override;
  char key[256];
  char why[100] = "";
  TRY(cal_history_read(&history, c->options->store));
  TRY(cal_scan_diameter(&options.diameter_mm, hu));
  calibration_scanner_key(key, &hu->acquisition);
  if (c->options->tissue_table) {
    TRY(cal_tissue_table_read(&people, c->options->tissue_table));
    options.people = &people;
    st = cal_async(out, history, key, day, &options);
    if (st != ST_DOMAIN) goto done;
    snprintf(why, sizeof why, "%.99s", status_message());
    options.people = NULL;
  }
  TRY(cal_async(out, history, key, day, &options));
  if (why[0]) {
    cal_warn(out, "table of people not used: %s", why);
    TRY(calibration_seal(out));
  }
done:
  cal_history_destroy(history);
  return st;
}

/* The user's table instead of the published one; its own material stands. */
static status take_table(struct cal_internal_options *o, struct cal_tissue_table *table,
                         const char *path) {
  status st = ST_OK;
  if (!path) goto done;
  TRY(cal_tissue_table_read(table, path));
  o->table = table;
  o->method = cal_method_of_table(table);
  if (table->material != MATERIAL_UNSTATED) o->assume_material = MATERIAL_NONE;
done:
  return st;
}

/* A sample just outside the HU expected of its tissue is kept with a warning: air that far off
 * moves the slope by 1.5 %, well inside the interval of a tissue calibration. */
static status by_tissues(struct calibration *out, struct study_case *c, const struct volume *hu) {
  const double beyond_hu = 15;
  status st = ST_OK;
  const struct labels *given = NULL;
  struct cal_tissue_table table;
  struct cal_internal_options options = CAL_INTERNAL_DEFAULTS;
  options.assume_material = c->options->assume_material;
  TRY(take_table(&options, &table, c->options->tissue_table));
  TRY(case_given_labels(&given, c));
  options.tissues.labels = given;
  options.tissues.force = c->options->override;
  options.tissues.beyond_hu = beyond_hu;
  TRY(cal_from_tissues(out, NULL, hu, NULL, &options));
done:
  return st;
}

static status by_rods_or_tissues(struct calibration *out, struct study_case *c,
                                 const struct volume *hu) {
  status st = ST_OK;
  char why[160] = "";
  bool found = false;
  if (c->options->phantom || c->options->certificate) {
    st = by_named_phantom(out, c, hu);
    if (st == ST_OK) return note_unread(out, c->options);
    if (st != ST_DOMAIN && st != ST_NUMERIC) return st;
    snprintf(why, sizeof why, "rods not used: %.130s", status_message());
    log_warning("rods: %s; the tissues in the scan are used instead", status_message());
  } else {
    char several[160] = "";
    TRY(by_recognised_phantom(out, &found, several, c, hu));
    if (found) return note_unread(out, c->options);
    if (several[0])
      snprintf(why, sizeof why, "rods not used: they fit %.90s; name one with --phantom", several);
  }
  if (c->options->store) {
    st = by_store(out, c, hu);
    if (st != ST_DOMAIN) goto done;
    snprintf(why, sizeof why, "phantom scans not used: %.130s", status_message());
    log_warning("phantom scans: %s; the tissues in the scan are used instead", status_message());
  }
  TRY(by_tissues(out, c, hu));
  if (why[0]) {
    cal_warn(out, "%s", why);
    TRY(calibration_seal(out));
  }
done:
  return st;
}

static status calibrate(struct study_case *c, int side) {
  (void)side;
  status st = ST_OK;
  const struct volume *hu = NULL;
  cJSON *provenance = NULL;
  char path[CASE_PATH];
  TRY(case_hu(&hu, c));
  TRY(by_rods_or_tissues(&c->calibration, c, hu));
  c->calibrated = true;
  provenance = provenance_to_json(c->provenance);
  TRY(case_path(path, c, "calibration.json"));
  TRY(calibration_write(&c->calibration, path, provenance, true));
done:
  cJSON_Delete(provenance);
  return st;
}

/* ---- rows ---- */

static status rows(struct record *r, struct study_case *c, int side) {
  (void)side;
  status st = ST_OK;
  const struct calibration *k = NULL;
  TRY(case_calibration(&k, c));
  const struct {
    const char *quantity, *unit;
    double value;
  } lines[] = {{"calibration_slope", "mg/cm3/HU", k->slope},
               {"calibration_intercept", "mg/cm3", k->intercept},
               {"calibration_residual_sd", "mg/cm3", k->residual_sd}};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct measurement *m = record_add(r, "scan", lines[i].quantity, lines[i].value, lines[i].unit);
    CHECK(m, ST_MEMORY, "rows of the calibration");
    snprintf(m->method, sizeof m->method, "%.60s, %s", k->method, material_name(k->material));
    case_flag_forced(m, k);
    if (isnan(m->value)) measurement_flag(m, "too few points to know it");
  }
done:
  return st;
}

/* ---- the report ---- */

/* The phantom scans that the calibration was taken from, as a chart. */
static status tell_store(struct case_page *page, const struct calibration *k) {
  status st = ST_OK;
  struct cal_history *h = NULL;
  size_t begin = 0;
  size_t end = 0;
  TRY(cal_history_read(&h, page->c->options->store));
  while (cal_history_next(h, &begin, &end)) {
    const struct calibration *first = &h->scans[begin].calibration;
    struct cal_key_match same = cal_compare_keys(first->scanner_key, k->scanner_key);
    if (same.scanner && same.kvp && strcmp(first->phantom, k->phantom) == 0)
      TRY(page_drift(page->report, h->scans + begin, end - begin));
  }
done:
  cal_history_destroy(h);
  return st;
}

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  const struct calibration *k = NULL;
  TRY(case_calibration(&k, page->c));
  TRY(page_calibration(page->report, k));
  if (page_by_other_days(k) && page->c->options->store) TRY(tell_store(page, k));
  struct report_reading rods = {
      .good = "In a good picture each circle lies inside its rod and the letters run in the "
              "order of the phantom.",
      .act = "If a circle misses its rod, outline the rods and use `qct calibrate phantom`."};
  TRY(page_image(page, "pictures/rods.png", side, "Axial slice with the rods outlined",
                 "The calibration rods as found.", &rods));
done:
  return st;
}

static void methods(struct case_page *page) {
  const struct calibration *k = NULL;
  if (case_calibration(&k, page->c) != ST_OK) {
    status_clear();
    return;
  }
  if (page_by_phantom(k)) {
    report_text(page->report, "Calibration. The rods of the phantom were found, eroded against "
                              "partial volume, and a line was fitted through their mean CT numbers "
                              "and certified densities; fits that miss a rod by more than 15 "
                              "mg/cm3 are refused.");
    page_source(page, "ogo2020");
  } else if (page_by_other_days(k)) {
    report_text(
        page->report,
        "Calibration. Slope and intercept come from phantom scans of the same scanner and "
        "tube voltage on other days, interpolated in time. What a body of another size than "
        "the phantom's does to the beam is corrected, by people of that scanner or by half "
        "of its limit, and the rest of it and the scatter between those scans are in every "
        "interval.");
    page_source(page, "wang2017");
  } else if (strcmp(k->method, "learned") == 0) {
    report_text(page->report,
                "Calibration. Slope and intercept were predicted from the water-equivalent "
                "diameter of the body and the modes of air, fat and muscle, by regression over "
                "people who were scanned with a phantom on this scanner; the interval is that of a "
                "new observation.");
    page_source(page, "opportunistic_review");
    page_source(page, "aapm220");
  } else {
    report_text(page->report,
                "Calibration. Modes of air around the patient, of subcutaneous fat and of muscle "
                "were matched with densities that these tissues read in scans that had a phantom, "
                "and a line was fitted through them.");
  }
  if (strcmp(k->method, "tissue-line") == 0) page_source(page, "szyszko2024");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "phantom", c->options->phantom);
  case_add_digest(out, c, "certificate");
  case_add_digest(out, c, "from-store");
  case_add_digest(out, c, "tissue-table");
  if (c->options->override) case_add_text(out, "override", "yes");
  case_add_text(out, "assume_material", material_name((enum material)c->options->assume_material));
}

const struct case_step step_calibrate = {
    .name = "calibrate",
    .title = "calibrate HU to density",
    .version = "5",
    .needs = {"read"},
    .outputs = {"calibration.json", "pictures/rods.png"},
    .parameters = parameters,
    .run = calibrate,
    .rows = rows,
    .withheld = {{"scan", "calibration_slope", "mg/cm3/HU"}},
    .section = "Calibration",
    .tell = tell,
    .methods = methods,
    .remedies = {{"sampling", "A phantom in the scan (--phantom), or a person with air around."},
                 {"material", "A phantom in the scan, or a stated material."}}};
