/* The step of muscle and fat: areas at L3 (or the nearest level that is there), muscle groups of
 * the given label map. */
#include "bodycomp/slice_picture.h"
#include "bodycomp/tissue.h"
#include "bodycomp/trunk.h"
#include "core/filter.h"
#include "core/json.h"
#include "study/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* By falling correlation with L3. Source: derstine2018 */
static const char *const levels[] = {"L3", "L2", "L4", "L5", "L1", "T12", "T11", "T10", NULL};

/* Muscles that TotalSegmentator's map holds; 0: of the thigh, in maps of its own numbers, by name.
 */
static const struct {
  const char *name;
  int value;
} groups[] = {{"gluteus_maximus_left", LABEL_GLUTEUS_MAXIMUS_LEFT},
              {"gluteus_maximus_right", LABEL_GLUTEUS_MAXIMUS_RIGHT},
              {"gluteus_medius_left", LABEL_GLUTEUS_MEDIUS_LEFT},
              {"gluteus_medius_right", LABEL_GLUTEUS_MEDIUS_RIGHT},
              {"gluteus_minimus_left", LABEL_GLUTEUS_MINIMUS_LEFT},
              {"gluteus_minimus_right", LABEL_GLUTEUS_MINIMUS_RIGHT},
              {"erector_left", LABEL_AUTOCHTHON_LEFT},
              {"erector_right", LABEL_AUTOCHTHON_RIGHT},
              {"iliopsoas_left", LABEL_ILIOPSOAS_LEFT},
              {"iliopsoas_right", LABEL_ILIOPSOAS_RIGHT},
              {"quadriceps_femoris_left", 0},
              {"quadriceps_femoris_right", 0},
              {"thigh_medial_compartment_left", 0},
              {"thigh_medial_compartment_right", 0},
              {"thigh_posterior_compartment_left", 0},
              {"thigh_posterior_compartment_right", 0},
              {"sartorius_left", 0},
              {"sartorius_right", 0}};
enum { GROUPS = sizeof groups / sizeof *groups };

/* ---- muscle groups of the label map ---- */

static bool cut_by_scan(const struct labels *l, int value) {
  int64_t lo[3], hi[3];
  return labels_box(l, value, lo, hi) && (lo[2] == 0 || hi[2] == l->grid.nz - 1);
}

static status add_groups(struct record *r, int *count, const struct volume *hu,
                         const struct labels *l, double height_m) {
  static const struct tissue_options o = TISSUE_DEFAULTS;
  status st = ST_OK;
  char why[512] = "";
  *count = 0;
  if (l && tissue_check_scan(hu, 1) == ST_DOMAIN) {
    snprintf(why, sizeof why, "%s", status_message());
    status_clear();
  }
  for (int i = 0; l && i < GROUPS; i++) {
    struct tissue_measure m;
    size_t first = r->count;
    int value = groups[i].value ? groups[i].value : labels_value(l, groups[i].name);
    if (value == 0 || labels_count(l, value) == 0) continue;
    (*count)++;
    if (why[0]) {
      CHECK(record_withhold(r, groups[i].name, "muscle_volume", "cm3", why), ST_MEMORY,
            "withholding the volume of %s", groups[i].name);
      continue;
    }
    TRY(tissue_measure(&m, hu, l, value, 0, hu->grid.nz - 1, &o));
    TRY(tissue_muscle_record(r, groups[i].name, &m, &hu->grid, hu->grid.nz, 1, height_m, &o));
    tissue_flag_contrast(r, first, hu);
    for (size_t n = first; n < r->count && cut_by_scan(l, value); n++)
      measurement_flag(&r->rows[n], "cut by the end of the scan");
  }
done:
  return st;
}

/* ---- areas at a level ---- */

/* Above these, kidneys and liver lie against the wall, and the rule alone takes them for muscle. */
static const char *const rule_levels[] = {"L3", "L4", "L5", NULL};

static bool rule_holds(const char *level) {
  for (int i = 0; rule_levels[i]; i++)
    if (strcmp(rule_levels[i], level) == 0) return true;
  return false;
}

struct at_level {
  const char *name; /* NULL: none */
  struct level_slice slice;
};

static status find_level(struct at_level *out, const struct labels *l) {
  status st = ST_OK;
  out->name = NULL;
  for (int i = 0; l && levels[i] && !out->name; i++) {
    if (labels_count(l, vertebra_label(levels[i])) == 0) continue;
    TRY(tissue_level_slice(&out->slice, l, levels[i], SLICE_MID_BODY));
    out->name = levels[i];
  }
done:
  return st;
}

/* What the rule missed by, beside the rows of area. */
static void flag_error(struct measurement *m, bool organs_known) {
  if (strcmp(m->quantity, "muscle_area") == 0)
    measurement_flag(m, "%s", organs_known ? TRUNK_ERROR_MUSCLE_KNOWN : TRUNK_ERROR_MUSCLE);
  if (strcmp(m->quantity, "fat_area") == 0)
    measurement_flag(m, "%s",
                     strcmp(m->region, "visceral") == 0 ? TRUNK_ERROR_VISCERAL
                                                        : TRUNK_ERROR_SUBCUTANEOUS);
}

/* Muscle and visceral fat only where the rule can be trusted. */
static status measure_level(struct record *r, const struct volume *hu, const struct labels *parts,
                            const struct at_level *at, int truncated, double height_m,
                            bool organs_known) {
  static const char *const muscle[] = {"muscle=5"};
  static const char *const fat[] = {"subcutaneous=2", "visceral=6"};
  static const struct tissue_options o = TISSUE_DEFAULTS;
  static const char why[] =
      "above L3 kidneys and liver lie against the wall, and the rule takes them for muscle: a "
      "label map with the organs is needed";
  status st = ST_OK;
  size_t first = r->count;
  int64_t k = at->slice.slice;
  bool trusted = organs_known || rule_holds(at->name);
  const struct tissue_list muscles = {muscle, 1, 0, k, k, 0, height_m, 0};
  const struct tissue_list fats = {fat, trusted ? 2 : 1, 1, k, k, 0, (double)NAN, truncated};
  if (trusted) TRY(tissue_measure_list(r, hu, parts, &muscles, &o));
  TRY(tissue_measure_list(r, hu, parts, &fats, &o));
  TRY(tissue_fat_ratio(r));
  if (!trusted) {
    CHECK(record_withhold(r, "muscle", "muscle_area", "cm2", why) &&
              record_withhold(r, "visceral", "fat_area", "cm2", why),
          ST_MEMORY, "withholding rows at %s", at->name);
  }
  for (size_t i = first; i < r->count; i++) {
    struct measurement *m = &r->rows[i];
    size_t used = strlen(m->method);
    char region[64];
    if (!isnan(m->value)) flag_error(m, organs_known);
    snprintf(m->method + used, sizeof m->method - used, "%smethod=rule%s", used ? "; " : "",
             organs_known ? " with the organs of the label map" : "");
    snprintf(region, sizeof region, "%.40s_%s", m->region, at->name);
    snprintf(m->region, sizeof m->region, "%s", region);
    measurement_flag(m, "slice %lld at z %.1f mm", (long long)k, at->slice.z_mm);
    if (at->slice.flags[0]) measurement_flag(m, "%s", at->slice.flags);
  }
done:
  return st;
}

static status draw(const struct study_case *c, const struct volume *oriented,
                   const struct labels *parts, const struct volume *hu, const struct at_level *at) {
  status st = ST_OK;
  struct picture *p = NULL;
  struct vec3 world = geometry_to_world(&hu->grid, vec3_make(0, 0, (double)at->slice.slice));
  int64_t slice = (int64_t)llround(geometry_to_index(&oriented->grid, world).z);
  TRY(trunk_picture(&p, oriented, parts, slice));
  TRY(case_write_picture(c, "pictures/trunk.png", STEP_NO_SIDE, p));
done:
  return st;
}

static status add_level(struct record *r, struct study_case *c, const struct volume *hu,
                        const struct labels *given, const struct at_level *at) {
  status st = ST_OK;
  struct volume *oriented = NULL;
  struct labels *parts = NULL, *back = NULL, *known = NULL;
  struct trunk_info info;
  bool organs_known = trunk_knows_organs(given);
  TRY(tissue_check_scan(hu, 0));
  TRY(filter_orient(&oriented, hu));
  if (organs_known) TRY(filter_orient_labels(&known, given));
  TRY(trunk_compartments(&parts, &info, oriented, known, NULL));
  TRY(filter_resample_labels(&back, parts, &hu->grid));
  TRY(measure_level(r, hu, back, at, info.body.touches_side, c->options->height_m, organs_known));
  TRY(draw(c, oriented, parts, hu, at));
done:
  volume_destroy(oriented);
  labels_destroy(parts);
  labels_destroy(back);
  labels_destroy(known);
  return st;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct labels *given = NULL;
  struct record *r = NULL;
  struct at_level at = {NULL, {0}};
  int count = 0;
  (void)side;
  TRY(case_hu(&hu, c));
  TRY(case_given_labels(&given, c));
  TRY(record_create(&r, c->case_id));
  TRY(find_level(&at, given));
  if (at.name) {
    status level = add_level(r, c, hu, given, &at);
    if (level == ST_DOMAIN)
      record_withhold(r, "muscle", "muscle_area", "cm2", status_message());
    else if (level != ST_OK)
      FAIL(level, "%s", status_message());
    status_clear();
  }
  TRY(add_groups(r, &count, hu, given, c->options->height_m));
  CHECK(r->count > 0, ST_DOMAIN,
        "no level is known: muscle and fat areas are measured at L3, which is found in a label map "
        "of vertebrae");
  TRY(case_write_part(c, r, "muscle", STEP_NO_SIDE));
done:
  record_destroy(r);
  return st;
}

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  struct report_reading reading = {
      .good = "Muscle follows the wall and the back, the cavity ends at the spine.",
      .bad = "Kidney or liver shaded as muscle, or fat under the skin that runs into the belly.",
      .act = "Where the rule errs, give the compartments as a label map to qct bodycomp slice."};
  TRY(page_image(page, "pictures/trunk.png", side,
                 "axial slice with subcutaneous fat, muscle, visceral fat and bone shaded",
                 "Muscle and fat at the level measured, by rule.", &reading));
  for (int i = 0; levels[i]; i++) {
    static const char *const parts[] = {"muscle", "subcutaneous", "visceral"};
    for (int n = 0; n < 3; n++) {
      char region[64];
      snprintf(region, sizeof region, "%s_%s", parts[n], levels[i]);
      for (size_t k = 0; k < page->record->count; k++)
        if (strcmp(page->record->rows[k].region, region) == 0) {
          report_measurements(page->report, page->record, region);
          break;
        }
    }
  }
  for (int i = 0; i < GROUPS; i++)
    if (record_find(page->record, groups[i].name, "muscle_volume"))
      report_measurements(page->report, page->record, groups[i].name);
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(page->report,
              "Muscle and fat. HU are rounded to integers; muscle is -29 to 150 HU, fat -190 to "
              "-30 HU, both inclusive. Areas are of the slice through the middle of L3 (or the "
              "next level in the order of Derstine et al. that is in the scan), its compartments "
              "found by rule, bounded by the organs of the label map where it has them. Volumes "
              "are of the muscles in the given label map. Muscle density is "
              "given twice: over the muscle window and over the whole muscle.");
  page_source(page, "derstine2018");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  case_add_digest(out, c, "labels");
  json_add_number(out, "height_m", c->options->height_m);
}

const struct case_step step_muscle = {
    .name = "muscle",
    .title = "muscle and fat",
    .version = "6",
    .needs = {"read"},
    .outputs = {"parts/muscle.json", "pictures/trunk.png"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .section = "Muscle and fat",
    .tell = tell,
    .methods = methods,
    .remedies = {{"no level is known", "--labels with vertebrae (TotalSegmentator numbers)."}}};
