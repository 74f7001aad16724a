/* The step of a chest: fat and calcium of the heart, its sac by rule or from the given labels. */
#include "bodycomp/aorta.h"
#include "bodycomp/calcium_picture.h"
#include "bodycomp/heart.h"
#include "core/body.h"
#include "core/json.h"
#include "study/step.h"

#include <stdio.h>
#include <string.h>

/* TotalSegmentator trunk_cavities; other label maps say it by name. */
static int sac_in(const struct labels *given) {
  static const char *const names[] = {"pericardium", "heart_sac", NULL};
  for (int i = 0; given && names[i]; i++) {
    int value = labels_value(given, names[i]);
    if (value && labels_count(given, value) > 0) return value;
  }
  return 0;
}

static status draw(const struct study_case *c, const struct volume *hu, const struct labels *sac,
                   int inside, int outside, const struct calcium_score *s) {
  status st = ST_OK;
  struct picture *p = NULL;
  TRY(heart_picture(&p, hu, sac, inside, outside, NULL));
  TRY(case_write_picture(c, "pictures/heart.png", STEP_NO_SIDE, p));
  if (s->lesion_count == 0) goto done;
  TRY(calcium_picture(&p, hu, sac, inside, s));
  TRY(case_write_picture(c, "pictures/heart_calcium.png", STEP_NO_SIDE, p));
done:
  return st;
}

/* Calcium inside the sac, less the aorta where the given map knows it; valves count, so that it is
 * named for what it is. */
static status add_calcium(struct record *r, struct calcium_score *s, const struct volume *hu,
                          const struct labels *sac, int inside, const struct labels *given) {
  status st = ST_OK;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct labels *region = NULL;
  unsigned gates = 0;
  char text[512];
  bool aorta = given && labels_count(given, LABEL_AORTA) > 0;
  TRY(labels_copy(&region, sac));
  for (int64_t v = 0; aorta && v < geometry_voxels(&region->grid); v++)
    if (given->voxels[v] == LABEL_AORTA) region->voxels[v] = 0;
  TRY(calcium_score(s, hu, region, inside, &rules));
  TRY(calcium_gates(&gates, text, hu, &rules, aorta ? given : NULL, s));
  size_t used = strlen(text);
  if (!aorta)
    snprintf(text + used, sizeof text - used,
             "%sno map of the aorta: calcium of its root inside the sac counts too",
             used ? "; " : "");
  TRY(calcium_record(r, "pericardial", s, &rules, gates, text, 0));
done:
  labels_destroy(region);
  return st;
}

/* The parts of the aorta that the given map holds, each by itself; a scan that does not show two of
 * them is left without. */
static status add_aorta(struct record *r, const struct volume *hu, const struct labels *given) {
  status st = ST_OK;
  struct labels *parts = NULL;
  struct calcium_score s = {0};
  const struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  if (!given || labels_count(given, LABEL_AORTA) == 0) goto done;
  st = aorta_split(&parts, given, LABEL_AORTA);
  if (st == ST_DOMAIN) {
    record_withhold(r, "aorta_ascending", "agatston_score", "", status_message());
    record_withhold(r, "aorta_descending", "agatston_score", "", status_message());
    status_clear();
    st = ST_OK;
    goto done;
  }
  if (st != ST_OK) goto done;
  for (int part = AORTA_ASCENDING; part < AORTA_PARTS; part++) {
    char name[48], text[512];
    unsigned gates = 0;
    if (!labels_count(parts, part)) continue;
    snprintf(name, sizeof name, "aorta_%s", aorta_part_names[part]);
    TRY(calcium_score(&s, hu, parts, part, &rules));
    TRY(calcium_gates(&gates, text, hu, &rules, given, &s));
    TRY(calcium_record(r, name, &s, &rules, gates, text, 0));
    calcium_score_free(&s);
  }
done:
  calcium_score_free(&s);
  labels_destroy(parts);
  return st;
}

static status run(struct study_case *c, int side) {
  status st = ST_OK;
  const struct volume *hu = NULL;
  const struct labels *given = NULL, *sac = NULL;
  struct labels *found = NULL;
  struct heart_info info = {.flags = ""};
  struct calcium_score score = {0};
  struct record *r = NULL;
  struct heart_fat_options o = HEART_FAT_DEFAULTS;
  char method[64] = "mask";
  (void)side;
  TRY(case_hu(&hu, c));
  TRY(body_check_hu(hu, "fat of the heart"));
  TRY(case_given_labels(&given, c));
  int inside = sac_in(given), outside = 0;
  sac = given;
  if (!inside) {
    TRY(heart_find(&found, &info, hu));
    sac = found;
    inside = HEART_SAC;
    outside = HEART_MEDIASTINUM;
    snprintf(method, sizeof method, "rule confidence %.2g", info.confidence);
  }
  o.height_m = c->options->height_m;
  o.weight_kg = c->options->mass_kg;
  TRY(record_create(&r, c->case_id));
  TRY(heart_fat_record(r, hu, sac, inside, outside, method, &o));
  if (found) heart_rule_flags(r, &info);
  TRY(add_calcium(r, &score, hu, sac, inside, given));
  TRY(add_aorta(r, hu, given));
  TRY(draw(c, hu, sac, inside, outside, &score));
  TRY(case_write_part(c, r, "heart", STEP_NO_SIDE));
done:
  calcium_score_free(&score);
  labels_destroy(found);
  record_destroy(r);
  return st;
}

static status tell(struct case_page *page, int side) {
  status st = ST_OK;
  struct report_reading fat = {
      .good = "The outline follows the heart, from the diaphragm to below the fork of the airway.",
      .bad = "An outline that takes in liver, lung or chest wall, or leaves heart out.",
      .act =
          "If it does, give a reader's outline with --labels (named pericardium), which replaces "
          "the rule."};
  struct report_reading calcium = {
      .bad = "Calcium of valves, of the root of the aorta and of the sac itself counts as well.",
      .act = "Give a coronary mask to qct calcium for a coronary score."};
  TRY(page_image(page, "pictures/heart.png", side,
                 "three planes through the heart with its sac outlined and fat shaded",
                 "Sac of the heart; fat inside it and around it.", &fat));
  TRY(page_image(page, "pictures/heart_calcium.png", side,
                 "slice through the heart with calcified lesions shaded",
                 "Calcium inside the sac, by falling score.", &calcium));
  report_measurements(page->report, page->record, "heart");
  report_measurements(page->report, page->record, "pericardial");
  for (int part = AORTA_ASCENDING; part < AORTA_PARTS; part++) {
    char name[48];
    snprintf(name, sizeof name, "aorta_%s", aorta_part_names[part]);
    if (record_find(page->record, name, "agatston_score"))
      report_measurements(page->report, page->record, name);
  }
done:
  return st;
}

static void methods(struct case_page *page) {
  report_text(
      page->report,
      "Heart. Without a mask the sac is found by rule: between the lungs, above the "
      "diaphragm, in front of the spine, around the thick soft tissue there, widened to "
      "the line of the pericardium where it is seen. Fat is -190 to -30 HU; what lies "
      "inside the sac is most often called epicardial. Calcium is scored by Agatston's "
      "rule at 120 kV over everything inside the sac but the aorta of a label map, so it is no "
      "coronary score.");
}

static void parameters(cJSON *out, const struct study_case *c) {
  case_add_text(out, "case", c->case_id);
  json_add_number(out, "mass_kg", c->options->mass_kg);
  json_add_number(out, "height_m", c->options->height_m);
}

const struct case_step step_heart = {
    .name = "heart",
    .title = "fat and calcium of the heart",
    .version = "4",
    .needs = {"read"},
    .outputs = {"parts/heart.json", "pictures/heart.png", "pictures/heart_calcium.png"},
    .parameters = parameters,
    .run = run,
    .part = true,
    .section = "Heart",
    .tell = tell,
    .methods = methods,
    .remedies = {{"finding the lungs", "A scan of the chest."},
                 {"lung is not in the scan", "A scan of the whole chest."},
                 {"finding the heart", "A scan of the chest, or --labels with the pericardium."},
                 {"known insert", "qct calcium with --insert-hu and --insert-density."}}};
