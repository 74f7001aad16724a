#include "phantom/person.h"

#include "core/json.h"
#include "core/random.h"
#include "core/text.h"
#include "phantom/solid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEY(key, member, unit, low, high, help)                                                    \
  { key, unit, low, high, offsetof(struct hip_person, member), help }
static const struct person_key keys[] = {
    KEY("head_radius", head_radius_mm, "mm", 17, 31, "radius of the femoral head"),
    KEY("neck_shaft", neck_shaft_deg, "deg", 100, 150, "angle of neck and shaft axes"),
    KEY("anteversion", anteversion_deg, "deg", -20, 45, "turn of the neck forward"),
    KEY("offset", offset_mm, "mm", 22, 65, "head centre to shaft axis"),
    KEY("shaft_tilt", shaft_tilt_deg, "deg", -5, 15, "shaft in the coronal plane"),
    KEY("neck_a", neck_a_mm, "mm", 11, 24, "neck waist, superior-inferior semi-axis"),
    KEY("neck_b", neck_b_mm, "mm", 9, 20, "neck waist, anterior-posterior semi-axis"),
    KEY("neck_waist", neck_waist_mm, "mm", 20, 38, "head centre to neck waist"),
    KEY("bow", bow_mm, "mm", 400, 5000, "radius of the anterior bow of the shaft"),
    KEY("flare", flare, "", 0.5, 1.5, "factor of the proximal widening of the shaft"),
    KEY("cortex", cortex, "", 0.4, 1.6, "factor of cortical thickness"),
    KEY("cortex_superior", cortex_superior, "", 0.4, 1.6, "factor on the superior neck"),
    KEY("trabecular", trabecular, "", 0.1, 2.5, "factor of trabecular density"),
    KEY("cortical_bvf", cortical_bvf, "", 0.5, 1, "bone volume fraction of cortex"),
    KEY("thin_cortex", thin_cortex, "", 0, 0.4, "share of bone that cortex below 1.2 mm lacks"),
    KEY("marrow_yellow", marrow_yellow, "", 0, 1, "share of fat in marrow"),
    KEY("texture", texture, "", 0, 0.35, "SD of the trabecular texture, share"),
    KEY("fat_density", fat_density, "g/cm3", 0.88, 1, "density of adipose tissue"),
    KEY("fat", fat_mm, "mm", 4, 60, "subcutaneous fat"),
    KEY("muscle", muscle, "", 0.6, 1.3, "factor of muscle girth"),
    KEY("infiltration", infiltration, "", 0, 0.5, "share of fat in muscle"),
    KEY("midline", midline_mm, "mm", 78, 108, "head centre to midline"),
    KEY("joint_gap", joint_gap_mm, "mm", 2, 5, "between head and acetabulum"),
    KEY("implant", implant, "", 0, 1, "1: prosthesis on the measured side"),
    KEY("seed", seed, "", 0, 1e9, "of the trabecular texture"),
};
#undef KEY
enum { KEYS = sizeof keys / sizeof *keys };

const struct person_key *person_keys(size_t *count) {
  *count = KEYS;
  return keys;
}

void person_defaults(struct hip_person *p) {
  *p = (struct hip_person){.head_radius_mm = 24.5,
                           .neck_shaft_deg = 125,
                           .anteversion_deg = 14,
                           .offset_mm = 43,
                           .shaft_tilt_deg = 6,
                           .neck_a_mm = 17.5,
                           .neck_b_mm = 14,
                           .neck_waist_mm = 28,
                           .bow_mm = 1100,
                           .flare = 1,
                           .cortex = 1,
                           .cortex_superior = 1,
                           .trabecular = 1,
                           .cortical_bvf = 0.90,
                           .marrow_yellow = 0.8,
                           .texture = 0.18,
                           .fat_density = 0.925,
                           .fat_mm = 16,
                           .muscle = 1,
                           .midline_mm = 92,
                           .joint_gap_mm = 3.5,
                           .seed = 1};
}

static double *member(struct hip_person *p, const struct person_key *key) {
  return (double *)(void *)((char *)p + key->offset);
}

static const struct person_key *find_key(const char *name, size_t length) {
  for (size_t i = 0; i < KEYS; i++)
    if (strlen(keys[i].name) == length && strncmp(keys[i].name, name, length) == 0) return &keys[i];
  return NULL;
}

static status set_value(struct hip_person *p, const struct person_key *key, double value) {
  status st = ST_OK;
  CHECK(value >= key->low && value <= key->high, ST_USAGE,
        "digital hip: %s = %g %s, permitted %g..%g", key->name, value, key->unit, key->low,
        key->high);
  *member(p, key) = value;
done:
  return st;
}

static status unknown_key(const char *name, int length) {
  status st = ST_OK;
  struct text known = {0};
  for (size_t i = 0; i < KEYS; i++) text_append(&known, "%s%s", i ? ", " : "", keys[i].name);
  TRY(text_check(&known, "list of keys"));
  FAIL(ST_USAGE, "digital hip: no parameter \"%.*s\"; there are %s", length, name, known.data);
done:
  text_free(&known);
  return st;
}

status person_set(struct hip_person *p, const char *assignment) {
  status st = ST_OK;
  const char *equals = strchr(assignment, '=');
  CHECK(equals, ST_USAGE, "digital hip: \"%s\" is not key=value", assignment);
  size_t length = (size_t)(equals - assignment);
  const struct person_key *key = find_key(assignment, length);
  if (!key) return unknown_key(assignment, (int)length);
  char *end = NULL;
  double value = strtod(equals + 1, &end);
  CHECK(end != equals + 1 && !*end, ST_USAGE, "digital hip: %s = \"%s\" is not a number", key->name,
        equals + 1);
  TRY(set_value(p, key, value));
done:
  return st;
}

status person_from_json(struct hip_person *p, const cJSON *json, const char *what) {
  status st = ST_OK;
  CHECK(cJSON_IsObject(json), ST_FORMAT, "%s: \"person\" is not an object", what);
  for (const cJSON *item = json->child; item; item = item->next) {
    const struct person_key *key = find_key(item->string, strlen(item->string));
    if (!key) {
      st = unknown_key(item->string, (int)strlen(item->string));
      status_note("%s", what);
      goto done;
    }
    CHECK(cJSON_IsNumber(item), ST_FORMAT, "%s: %s is not a number", what, key->name);
    TRY(set_value(p, key, item->valuedouble));
  }
done:
  return st;
}

cJSON *person_to_json(const struct hip_person *p) {
  cJSON *json = cJSON_CreateObject();
  struct hip_person copy = *p;
  for (size_t i = 0; i < KEYS; i++) json_add_number(json, keys[i].name, *member(&copy, &keys[i]));
  return json;
}

status person_check(const struct hip_person *p) {
  status st = ST_OK;
  CHECK(p->neck_a_mm < p->head_radius_mm - 2, ST_DOMAIN,
        "digital hip: neck_a = %g mm, permitted below head_radius - 2 = %g mm", p->neck_a_mm,
        p->head_radius_mm - 2);
  CHECK(p->neck_b_mm < p->head_radius_mm - 3, ST_DOMAIN,
        "digital hip: neck_b = %g mm, permitted below head_radius - 3 = %g mm", p->neck_b_mm,
        p->head_radius_mm - 3);
  /* thickest cortex of the distal shaft against its radius */
  double canal = 14 * p->head_radius_mm / 24.5 - 5.94 * p->cortex;
  CHECK(canal > 2, ST_DOMAIN,
        "digital hip: canal radius %.1f mm from head_radius and cortex, permitted above 2 mm",
        canal);
  double length = p->offset_mm / sin(p->neck_shaft_deg * 0.017453292519943295);
  CHECK(
      length > p->neck_waist_mm + 8, ST_DOMAIN,
      "digital hip: neck_waist = %g mm lies beyond the neck, whose axis is %.1f mm long; permitted "
      "below %.1f mm",
      p->neck_waist_mm, length, length - 8);
done:
  return st;
}
