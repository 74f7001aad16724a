#include "core/image_side.h"

#include "core/file.h"
#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int image_stem_length(const char *path) {
  static const char *const suffixes[] = {".nii.gz", ".seg.nrrd", ".nii", ".nrrd",
                                         ".nhdr",   ".mha",      ".mhd"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (file_has_suffix(path, suffixes[i])) return (int)(strlen(path) - strlen(suffixes[i]));
  return -1;
}

status image_side_path(char *out, size_t size, const char *path) {
  status st = ST_OK;
  int stem = image_stem_length(path);
  int n = snprintf(out, size, "%.*s.json", stem < 0 ? (int)strlen(path) : stem, path);
  CHECK(n > 0 && (size_t)n < size, ST_IO, "the path of the side file has more than %zu bytes",
        size);
done:
  return st;
}

/* ---- acquisition: one table of its members for both directions ---- */

struct member {
  const char *key;
  size_t offset;
  size_t size; /* of a text; 0: a double */
};

#define TEXT(m)                                                                                    \
  { #m, offsetof(struct acquisition, m), sizeof(((struct acquisition *)0)->m) }
#define NUMBER(m)                                                                                  \
  { #m, offsetof(struct acquisition, m), 0 }

static const struct member members[] = {
    TEXT(modality),
    TEXT(manufacturer),
    TEXT(model),
    TEXT(serial),
    TEXT(station),
    TEXT(kernel),
    TEXT(filter),
    TEXT(patient_position),
    TEXT(body_part),
    TEXT(laterality),
    TEXT(sex),
    TEXT(contrast_agent),
    TEXT(gating),
    NUMBER(kvp),
    NUMBER(tube_current_ma),
    NUMBER(exposure_mas),
    NUMBER(slice_thickness_mm),
    NUMBER(reconstruction_diameter_mm),
    NUMBER(table_height_mm),
    NUMBER(gantry_tilt_deg),
    NUMBER(age_years),
    NUMBER(weight_kg),
    NUMBER(height_m),
};
enum { MEMBERS = sizeof members / sizeof *members };

static const char *const contrast_names[] = {"unknown", "none", "present"};

cJSON *acquisition_to_json(const struct acquisition *a) {
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  for (int i = 0; i < MEMBERS; i++) {
    const char *at = (const char *)a + members[i].offset;
    double number;
    memcpy(&number, at, sizeof number * !members[i].size);
    if (members[i].size && *at) json_add_text(json, members[i].key, at);
    if (!members[i].size && !isnan(number)) json_add_number(json, members[i].key, number);
  }
  json_add_text(json, "contrast", contrast_names[a->contrast]);
  cJSON_AddBoolToObject(json, "lossy", a->lossy);
  return json;
}

status acquisition_from_json(struct acquisition *a, const cJSON *json, const char *what) {
  status st = ST_OK;
  for (int i = 0; i < MEMBERS; i++) {
    char *at = (char *)a + members[i].offset;
    if (members[i].size) {
      TRY(json_opt_text(at, members[i].size, json, members[i].key, what));
    } else {
      double number;
      memcpy(&number, at, sizeof number);
      TRY(json_opt_number(&number, json, members[i].key, what));
      memcpy(at, &number, sizeof number);
    }
  }
  char contrast[16] = "";
  TRY(json_opt_text(contrast, sizeof contrast, json, "contrast", what));
  for (int i = 0; i < 3; i++)
    if (!strcmp(contrast, contrast_names[i])) a->contrast = (enum contrast)i;
  a->lossy = cJSON_IsTrue(json_find(json, "lossy"));
done:
  return st;
}

/* ---- documents ---- */

static cJSON *document(const cJSON *provenance) {
  cJSON *json = cJSON_CreateObject();
  if (!json) return NULL;
  json_add_text(json, "format", "qct-image");
  json_add_number(json, "version", 1);
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, 1));
  return json;
}

cJSON *image_side_of_volume(const struct volume *v, const cJSON *provenance) {
  cJSON *json = document(provenance);
  if (!json) return NULL;
  json_add_text(json, "quantity", quantity_name(v->quantity));
  json_add_text(json, "unit", quantity_unit(v->quantity));
  json_add_text(json, "material", material_name(v->material));
  if (v->calibration_id[0]) json_add_text(json, "calibration_id", v->calibration_id);
  cJSON_AddItemToObject(json, "acquisition", acquisition_to_json(&v->acquisition));
  return json;
}

cJSON *image_side_of_labels(const struct labels *l, const cJSON *provenance) {
  cJSON *json = document(provenance);
  if (!json) return NULL;
  json_add_text(json, "quantity", "labels");
  cJSON *names = cJSON_AddObjectToObject(json, "labels");
  for (size_t i = 0; names && i < l->name_count; i++) {
    char value[16];
    snprintf(value, sizeof value, "%d", l->names[i].value);
    json_add_text(names, value, l->names[i].name);
  }
  return json;
}

/* *out NULL when there is no side file of ours. */
static status read_document(cJSON **out, char *side, size_t size, const char *image_path) {
  status st = ST_OK;
  cJSON *json = NULL;
  *out = NULL;
  TRY(image_side_path(side, size, image_path));
  if (!file_exists(side)) goto done;
  TRY(json_read(&json, side));
  const cJSON *format = json_find(json, "format");
  if (cJSON_IsString(format) && !strcmp(format->valuestring, "qct-image")) {
    *out = json;
    json = NULL;
  }
done:
  cJSON_Delete(json);
  return st;
}

status image_side_to_volume(struct volume *v, const cJSON *json, const char *what) {
  status st = ST_OK;
  char quantity[32] = "unknown", material[32] = "none", unit[32] = "";
  TRY(json_opt_text(quantity, sizeof quantity, json, "quantity", what));
  TRY(json_opt_text(material, sizeof material, json, "material", what));
  TRY(json_opt_text(unit, sizeof unit, json, "unit", what));
  CHECK(strcmp(quantity, "labels") != 0, ST_FORMAT,
        "%s: the image is a label map; an image of measured values is needed here", what);
  CHECK(quantity_from_name(quantity) >= 0, ST_FORMAT,
        "%s: quantity \"%s\" is not known (HU, density, modulus, probability, length, other)", what,
        quantity);
  CHECK(material_from_name(material) >= 0, ST_FORMAT,
        "%s: material \"%s\" is not known (none, unstated, K2HPO4, HA, ash, apparent)", what,
        material);
  v->quantity = (enum quantity)quantity_from_name(quantity);
  const char *ours = quantity_unit(v->quantity);
  CHECK(!unit[0] || !ours[0] || !strcmp(unit, ours), ST_FORMAT,
        "%s: %s in \"%s\"; its voxels must be in %s", what, quantity, unit, ours);
  v->material = (enum material)material_from_name(material);
  TRY(json_opt_text(v->calibration_id, sizeof v->calibration_id, json, "calibration_id", what));
  const cJSON *acquisition = json_find(json, "acquisition");
  if (acquisition) TRY(acquisition_from_json(&v->acquisition, acquisition, what));
done:
  return st;
}

status image_side_to_labels(struct labels *l, const cJSON *json, const char *what) {
  status st = ST_OK;
  const cJSON *names = json_find(json, "labels"), *name;
  cJSON_ArrayForEach(name, names) {
    char *end;
    long value = name->string ? strtol(name->string, &end, 10) : 0;
    CHECK(value >= 1 && value <= 65535 && *end == 0 && cJSON_IsString(name), ST_FORMAT,
          "%s: label \"%s\" must be a number 1..65535 with a text", what,
          name->string ? name->string : "");
    TRY(labels_set_name(l, (int)value, name->valuestring));
  }
done:
  return st;
}

status image_side_read_volume(struct volume *v, const char *image_path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char side[4096];
  TRY(read_document(&json, side, sizeof side, image_path));
  if (json) TRY(image_side_to_volume(v, json, side));
done:
  cJSON_Delete(json);
  return st;
}

status image_side_says_labels(bool *labels, const char *image_path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char side[4096];
  TRY(read_document(&json, side, sizeof side, image_path));
  const cJSON *quantity = json ? json_find(json, "quantity") : NULL;
  *labels = cJSON_IsString(quantity) && !strcmp(quantity->valuestring, "labels");
done:
  cJSON_Delete(json);
  return st;
}

status image_side_read_labels(struct labels *l, const char *image_path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char side[4096];
  TRY(read_document(&json, side, sizeof side, image_path));
  if (json) TRY(image_side_to_labels(l, json, side));
done:
  cJSON_Delete(json);
  return st;
}
