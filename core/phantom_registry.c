#include "core/phantom_registry.h"

#include "core/json.h"
#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* made by the build from phantom_registry.json */
extern const unsigned char phantom_registry_data[];
extern const size_t phantom_registry_length;

static const double most_mgcc = 3156; /* hydroxyapatite itself */

static status rod_from_json(struct phantom_rod *rod, const cJSON *json, const char *what) {
  status st = ST_OK;
  *rod = (struct phantom_rod){.water = (double)NAN};
  TRY(json_get_text(rod->label, sizeof rod->label, json, "label", what));
  TRY(json_get_number(&rod->density, json, "density", what));
  TRY(json_opt_number(&rod->water, json, "water", what));
  CHECK(fabs(rod->density) <= most_mgcc && !(rod->water < 0 || rod->water > most_mgcc), ST_FORMAT,
        "%s: rod %s has a density of %g and a water density of %g mg/cm3, permitted -%g to %g and "
        "0 to "
        "%g",
        what, rod->label, rod->density, rod->water, most_mgcc, most_mgcc, most_mgcc);
  TRY(json_get_whole(&rod->hu_order, 0, PHANTOM_RODS, json, "hu_order", what));
done:
  return st;
}

static status check_rods(const struct phantom_entry *e, const char *what) {
  status st = ST_OK;
  int with_water = 0;
  for (int i = 0; i < e->rod_count; i++) {
    int same_rank = 0;
    with_water += !isnan(e->rods[i].water);
    for (int j = 0; j < e->rod_count; j++) {
      same_rank += e->rods[j].hu_order == e->rods[i].hu_order;
      CHECK(i == j || strcmp(e->rods[i].label, e->rods[j].label) != 0, ST_FORMAT,
            "%s: phantom %s has two rods with the label \"%s\"", what, e->key, e->rods[i].label);
    }
    CHECK(same_rank == 1 && e->rods[i].hu_order >= 1 && e->rods[i].hu_order <= e->rod_count,
          ST_FORMAT,
          "%s: phantom %s, rod %s: hu_order %d; the ranks of %d rods must be 1..%d, each "
          "once",
          what, e->key, e->rods[i].label, e->rods[i].hu_order, e->rod_count, e->rod_count);
  }
  CHECK(with_water == 0 || with_water == e->rod_count, ST_FORMAT,
        "%s: phantom %s gives a water density for %d of %d rods; give all or none", what, e->key,
        with_water, e->rod_count);
done:
  return st;
}

static status read_geometry(struct phantom_entry *e, const cJSON *json, const char *what) {
  status st = ST_OK;
  char shape[16] = "rods";
  TRY(json_opt_text(shape, sizeof shape, json, "shape", what));
  CHECK(strcmp(shape, "rods") == 0 || strcmp(shape, "plates") == 0, ST_FORMAT,
        "%s: phantom %s: shape \"%s\", expected rods or plates", what, e->key, shape);
  e->plates = strcmp(shape, "plates") == 0;
  e->rod_radius_mm = e->pitch_mm = e->plate_width_mm = e->plate_height_mm = (double)NAN;
  TRY(json_opt_number(&e->rod_radius_mm, json, "geometry.rod_radius_mm", what));
  TRY(json_opt_number(&e->pitch_mm, json, "geometry.pitch_mm", what));
  TRY(json_opt_number(&e->plate_width_mm, json, "geometry.plate_width_mm", what));
  TRY(json_opt_number(&e->plate_height_mm, json, "geometry.plate_height_mm", what));
done:
  return st;
}

static status entry_from_json(struct phantom_entry *e, const cJSON *json, const char *what) {
  status st = ST_OK;
  char material[24] = "";
  *e = (struct phantom_entry){.serial = "unknown"};
  TRY(json_get_text(e->key, sizeof e->key, json, "key", what));
  TRY(json_opt_text(e->name, sizeof e->name, json, "name", what));
  TRY(json_get_text(material, sizeof material, json, "material", what));
  int m = material_from_name(material);
  CHECK(m == MATERIAL_K2HPO4 || m == MATERIAL_HA, ST_FORMAT,
        "%s: phantom %s: material \"%s\", expected K2HPO4 or HA", what, e->key, material);
  e->material = (enum material)m;
  TRY(json_opt_text(e->serial, sizeof e->serial, json, "serial", what));
  TRY(json_opt_text(e->certificate_date, sizeof e->certificate_date, json, "certificate_date",
                    what));
  TRY(read_geometry(e, json, what));
  const cJSON *rods = json_find(json, "rods");
  int n = cJSON_IsArray(rods) ? cJSON_GetArraySize(rods) : 0;
  CHECK(n >= 2 && n <= PHANTOM_RODS, ST_FORMAT, "%s: phantom %s has %d rods, permitted 2 to %d",
        what, e->key, n, PHANTOM_RODS);
  e->rod_count = n;
  for (int i = 0; i < n; i++) TRY(rod_from_json(&e->rods[i], cJSON_GetArrayItem(rods, i), what));
  TRY(check_rods(e, what));
done:
  return st;
}

static status registry_from_json(struct phantom_registry *r, const cJSON *json, const char *what) {
  status st = ST_OK;
  char unit[16] = "", source[32] = "";
  TRY(json_get_text(unit, sizeof unit, json, "unit", what));
  CHECK(strcmp(unit, "mg/cm3") == 0, ST_FORMAT, "%s: unit \"%s\", expected mg/cm3", what, unit);
  TRY(json_opt_text(source, sizeof source, json, "source", what));
  const cJSON *list = json_find(json, "phantoms");
  int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
  CHECK(n >= 1, ST_FORMAT, "%s: no phantom in \"phantoms\"", what);
  r->entries = calloc((size_t)n, sizeof *r->entries);
  CHECK(r->entries, ST_MEMORY, "%s: no memory for %d phantoms", what, n);
  for (int i = 0; i < n; i++) {
    struct phantom_entry *e = &r->entries[i];
    TRY(entry_from_json(e, cJSON_GetArrayItem(list, i), what));
    memcpy(e->source, source, sizeof e->source);
    for (int j = 0; j < i; j++)
      CHECK(strcmp(e->key, r->entries[j].key) != 0, ST_FORMAT, "%s: the key %s comes twice", what,
            e->key);
    r->count++;
  }
done:
  return st;
}

status phantom_registry_read(struct phantom_registry **out, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  const char *what = path ? path : "phantom registry";
  struct phantom_registry *r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "no memory for the phantom registry");
  if (path)
    TRY(json_read(&json, path));
  else
    TRY(json_parse(&json, (const char *)phantom_registry_data, phantom_registry_length, what));
  TRY(registry_from_json(r, json, what));
  *out = r;
  r = NULL;
done:
  cJSON_Delete(json);
  phantom_registry_destroy(r);
  return st;
}

void phantom_registry_destroy(struct phantom_registry *r) {
  if (!r) return;
  free(r->entries);
  free(r);
}

status phantom_registry_find(struct phantom_entry *out, const char *key, const char *path) {
  status st = ST_OK;
  struct phantom_registry *r = NULL;
  struct text known = {0};
  TRY(phantom_registry_read(&r, path));
  if (!key && r->count == 1) key = r->entries[0].key;
  for (size_t i = 0; i < r->count; i++) {
    if (key && strcmp(r->entries[i].key, key) == 0) {
      *out = r->entries[i];
      goto done;
    }
    text_append(&known, "%s%s", i ? ", " : "", r->entries[i].key);
  }
  TRY(text_check(&known, "list of phantoms"));
  FAIL(ST_USAGE, "phantom \"%s\" is not in the registry; it holds %s", key ? key : "(none given)",
       known.data);
done:
  text_free(&known);
  phantom_registry_destroy(r);
  return st;
}
