/* The physics of a digital scan as JSON: energy, HU of tissues, ideal calibrations, rods. */
#include "phantom/physics_truth.h"

#include "core/json.h"

static cJSON *line_json(double slope, double intercept) {
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "slope", slope);
  json_add_number(json, "intercept", intercept);
  return json;
}

static cJSON *rods_json(const struct bench *b) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "key", b->entry.key);
  json_add_text(json, "material", material_name(b->entry.material));
  json_add_number(json, "radius_mm", b->radius_mm);
  json_add_number(json, "pitch_mm", b->pitch_mm);
  json_add_text(json, "geometry_note",
                "radius, pitch and plate are assumed where the certificate does not give them");
  cJSON *list = cJSON_AddArrayToObject(json, "rods");
  for (int i = 0; i < b->entry.rod_count; i++) {
    cJSON *rod = cJSON_CreateObject();
    struct vec3 c = bench_rod_centre(b, i, 0);
    json_add_text(rod, "label", b->entry.rods[i].label);
    json_add_number(rod, "value", LABEL_ROD_1 + i);
    json_add_number(rod, "density", b->entry.rods[i].density);
    json_add_number(rod, "water", b->entry.rods[i].water);
    json_add_number(rod, "hu", b->rod_hu[i]);
    json_add_numbers(rod, "centre_at_z0", &c.x, 3);
    cJSON_AddBoolToObject(rod, "missing", b->missing == i);
    cJSON_AddBoolToObject(rod, "bubble", b->bubble == i);
    cJSON_AddItemToArray(list, rod);
  }
  return json;
}

cJSON *tissue_truth_json(const struct tissue_table *t, const struct bench *b) {
  cJSON *json = cJSON_CreateObject();
  json_add_number(json, "effective_kev", t->kev);
  cJSON *hu = cJSON_AddObjectToObject(json, "hu");
  for (int i = 0; i < TISSUE_COUNT; i++) json_add_number(hu, tissue_name((enum tissue)i), t->hu[i]);
  cJSON *calibration = cJSON_AddObjectToObject(json, "calibration");
  cJSON_AddItemToObject(calibration, "k2hpo4", line_json(t->k2hpo4_slope, t->k2hpo4_intercept));
  cJSON_AddItemToObject(calibration, "ha", line_json(t->ha_slope, 0));
  if (b->phantom) cJSON_AddItemToObject(json, "calibration_phantom", rods_json(b));
  return json;
}
