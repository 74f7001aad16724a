#include "core/calibration.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double calibration_density(const struct calibration *c, double hu) {
  return (c->quadratic * hu + c->slope) * hu + c->intercept;
}

double calibration_density_sd(const struct calibration *c, double hu) {
  double g[3] = {1, hu, hu * hu}, variance = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) variance += g[i] * c->covariance[3 * i + j] * g[j];
  variance += c->certificate_sd * c->certificate_sd + c->model_sd * c->model_sd;
  return isnan(variance) ? NAN : sqrt(fmax(variance, 0));
}

double calibration_half_width(const struct calibration *c, double hu) {
  double df = c->covariance_df > 0 ? c->covariance_df : (double)INFINITY;
  return stat_t_quantile(0.975, df) * calibration_density_sd(c, hu);
}

double calibration_hu(const struct calibration *c, double density) {
  const double middle_hu = 750; /* of the branch 0..1500 HU */
  double rest = density - c->intercept;
  if (c->quadratic == 0) return rest / c->slope;
  double root = sqrt(c->slope * c->slope + 4 * c->quadratic * rest);
  if (c->slope + 2 * c->quadratic * middle_hu < 0) root = -root;
  /* 2 rest / (slope + root) where that does not cancel */
  return c->slope * root >= 0 ? 2 * rest / (c->slope + root)
                              : (root - c->slope) / (2 * c->quadratic);
}

void calibration_scanner_key(char out[256], const struct acquisition *a) {
  char kvp[32] = "?";
  const char *serial = a->serial[0] ? a->serial : a->station;
  if (!isnan(a->kvp)) snprintf(kvp, sizeof kvp, "%g", a->kvp);
  const char *parts[] = {a->manufacturer, a->model, serial, kvp, a->kernel};
  size_t n = 0;
  for (int i = 0; i < 5 && n < 256; i++)
    n += (size_t)snprintf(out + n, 256 - n, "%s%s", i ? "|" : "", parts[i][0] ? parts[i] : "?");
}

status calibration_apply(struct volume **density, const struct calibration *c,
                         const struct volume *hu) {
  status st = ST_OK;
  struct volume *v = NULL;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN,
        "applying a calibration: the volume holds %s, HU are needed", quantity_name(hu->quantity));
  TRY(volume_create_like(&v, hu));
  v->quantity = QUANTITY_DENSITY;
  v->material = c->material == MATERIAL_NONE ? MATERIAL_UNSTATED : c->material;
  snprintf(v->calibration_id, sizeof v->calibration_id, "%s", c->id);
  int64_t n = geometry_voxels(&hu->grid);
  const float *from = hu->voxels;
  float *to = v->voxels;
  const struct calibration line = *c;
#pragma omp parallel for num_threads(parallel_threads())
  for (int64_t i = 0; i < n; i++) to[i] = (float)calibration_density(&line, (double)from[i]);
  *density = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

/* ---- JSON ---- */

static const struct {
  const char *key;
  size_t offset;
} numbers[] = {
#define NUMBER(name)                                                                               \
  { #name, offsetof(struct calibration, name) }
    NUMBER(quadratic), NUMBER(slope),          NUMBER(intercept),    NUMBER(covariance_df),
    NUMBER(model_sd),  NUMBER(certificate_sd), NUMBER(r2),           NUMBER(residual_sd),
    NUMBER(sigma_ref), NUMBER(beta_ref),       NUMBER(effective_kev)
#undef NUMBER
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static cJSON *point_to_json(const struct calibration_point *p) {
  cJSON *json = cJSON_CreateObject();
  double where[3] = {p->where.x, p->where.y, p->where.z};
  json_add_text(json, "name", p->name);
  json_add_number(json, "hu", p->hu);
  json_add_number(json, "hu_sd", p->hu_sd);
  json_add_number(json, "hu_se", p->hu_se);
  json_add_number(json, "voxels", (double)p->voxels);
  json_add_number(json, "slices", p->slices);
  json_add_number(json, "density", p->density);
  json_add_number(json, "water", p->water);
  json_add_number(json, "residual", p->residual);
  cJSON_AddBoolToObject(json, "used", p->used);
  json_add_text(json, "reason", p->reason);
  json_add_numbers(json, "where_mm", where, 3);
  return json;
}

cJSON *calibration_to_json(const struct calibration *c) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "format", "qct calibration 1");
  if (c->id[0]) json_add_text(json, "id", c->id);
  json_add_text(json, "method", c->method);
  json_add_text(json, "phantom", c->phantom);
  json_add_text(json, "scanner_key", c->scanner_key);
  json_add_text(json, "material", material_name(c->material));
  json_add_text(json, "unit", "mg/cm3");
  for (int i = 0; i < NUMBERS; i++)
    json_add_number(json, numbers[i].key,
                    *(const double *)((const char *)c + numbers[i].offset)); /* NaN, inf: null */
  if (isfinite(c->diameter_mm)) json_add_number(json, "diameter_mm", c->diameter_mm);
  json_add_numbers(json, "covariance", c->covariance, 9);
  cJSON_AddBoolToObject(json, "checkable", c->checkable);
  cJSON *points = cJSON_AddArrayToObject(json, "points");
  for (int i = 0; i < c->point_count; i++)
    cJSON_AddItemToArray(points, point_to_json(&c->points[i]));
  cJSON *warnings = cJSON_AddArrayToObject(json, "warnings");
  for (int i = 0; i < c->warning_count; i++)
    cJSON_AddItemToArray(warnings, cJSON_CreateString(c->warnings[i]));
  return json;
}

static status point_from_json(struct calibration_point *p, const cJSON *json, const char *what) {
  status st = ST_OK;
  const double unknown = (double)NAN;
  double voxels = 0, slices = 0, where[3] = {unknown, unknown, unknown};
  *p = (struct calibration_point){.hu = unknown,
                                  .hu_sd = unknown,
                                  .hu_se = unknown,
                                  .density = unknown,
                                  .water = unknown,
                                  .residual =
                                      unknown}; /* a tissue may be unseen, or of no known density */
  TRY(json_get_text(p->name, sizeof p->name, json, "name", what));
  TRY(json_opt_number(&p->hu, json, "hu", what));
  TRY(json_opt_number(&p->density, json, "density", what));
  TRY(json_opt_number(&p->hu_sd, json, "hu_sd", what));
  TRY(json_opt_number(&p->hu_se, json, "hu_se", what));
  TRY(json_opt_number(&voxels, json, "voxels", what));
  TRY(json_opt_number(&slices, json, "slices", what));
  TRY(json_opt_number(&p->water, json, "water", what));
  TRY(json_opt_number(&p->residual, json, "residual", what));
  TRY(json_opt_text(p->reason, sizeof p->reason, json, "reason", what));
  if (json_find(json, "where_mm")) TRY(json_get_numbers(where, 3, json, "where_mm", what));
  CHECK(voxels >= 0 && voxels < 9e15 && slices >= 0 && slices < 1e9, ST_FORMAT,
        "%s: point %s has %g voxels in %g slices", what, p->name, voxels, slices);
  p->voxels = (int64_t)voxels;
  p->slices = (int)slices;
  p->where = vec3_make(where[0], where[1], where[2]);
  p->used = !cJSON_IsFalse(json_find(json, "used"));
done:
  return st;
}

static status points_from_json(struct calibration *c, const cJSON *json, const char *what) {
  status st = ST_OK;
  const cJSON *points = json_find(json, "points"), *warnings = json_find(json, "warnings"), *item;
  CHECK(cJSON_GetArraySize(points) <= CALIBRATION_POINTS, ST_FORMAT, "%s: %d points, at most %d",
        what, cJSON_GetArraySize(points), CALIBRATION_POINTS);
  cJSON_ArrayForEach(item, points) TRY(point_from_json(&c->points[c->point_count++], item, what));
  cJSON_ArrayForEach(item, warnings) {
    if (!cJSON_IsString(item) || c->warning_count == CALIBRATION_WARNINGS) continue;
    snprintf(c->warnings[c->warning_count++], sizeof c->warnings[0], "%s", item->valuestring);
  }
done:
  return st;
}

status calibration_from_json(struct calibration *out, const cJSON *json, const char *what) {
  status st = ST_OK;
  char material[32] = "", unit[16] = "", stated[65] = "";
  struct calibration c = {.material = MATERIAL_UNSTATED, .covariance_df = (double)INFINITY};
  c.r2 = c.residual_sd = c.sigma_ref = c.beta_ref = c.effective_kev = (double)NAN;
  c.diameter_mm = (double)NAN;
  TRY(json_get_number(&c.slope, json, "slope", what));
  TRY(json_get_number(&c.intercept, json, "intercept", what));
  TRY(json_get_text(material, sizeof material, json, "material", what));
  TRY(json_get_text(unit, sizeof unit, json, "unit", what));
  CHECK(strcmp(unit, "mg/cm3") == 0, ST_FORMAT, "%s: unit \"%s\", expected \"mg/cm3\"", what, unit);
  int known = material_from_name(material);
  CHECK(known > MATERIAL_NONE, ST_FORMAT,
        "%s: material \"%s\", expected K2HPO4, HA, ash, apparent or unstated", what, material);
  c.material = (enum material)known;
  for (int i = 0; i < NUMBERS; i++)
    TRY(json_opt_number((double *)((char *)&c + numbers[i].offset), json, numbers[i].key, what));
  CHECK(isfinite(c.slope) && (c.slope != 0 || c.quadratic != 0), ST_DOMAIN,
        "%s: slope %g mg/cm3 per HU cannot turn HU into density", what, c.slope);
  TRY(json_opt_number(&c.diameter_mm, json, "diameter_mm", what));
  if (json_find(json, "covariance"))
    TRY(json_get_numbers(c.covariance, 9, json, "covariance", what));
  TRY(json_opt_text(c.method, sizeof c.method, json, "method", what));
  TRY(json_opt_text(c.phantom, sizeof c.phantom, json, "phantom", what));
  TRY(json_opt_text(c.scanner_key, sizeof c.scanner_key, json, "scanner_key", what));
  TRY(json_opt_text(stated, sizeof stated, json, "id", what));
  c.checkable = cJSON_IsTrue(json_find(json, "checkable"));
  TRY(points_from_json(&c, json, what));
  TRY(calibration_seal(&c));
  if (stated[0] && strcmp(stated, c.id) != 0)
    log_warning("%s was edited after it was made: its content does not match its id", what);
  *out = c;
done:
  return st;
}

status calibration_seal(struct calibration *c) {
  status st = ST_OK;
  char *text = NULL;
  c->id[0] = '\0';
  cJSON *json = calibration_to_json(c);
  TRY(json_print(&text, json));
  bytes_sha256(c->id, text, strlen(text));
done:
  free(text);
  cJSON_Delete(json);
  return st;
}

status calibration_read(struct calibration *out, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  char what[512];
  snprintf(what, sizeof what, "calibration %.480s", path);
  TRY(json_read(&json, path));
  TRY(calibration_from_json(out, json, what));
done:
  cJSON_Delete(json);
  return st;
}

status calibration_read_of(struct calibration *out, const char *path,
                           const struct volume *density) {
  status st = ST_OK;
  struct calibration c;
  TRY(calibration_read(&c, path));
  const char *made_by = density->calibration_id;
  CHECK(
      !made_by[0] || !strcmp(made_by, c.id), ST_DOMAIN,
      "calibration %s (id %.8s) did not make this density, %.8s did; its intervals would be those "
      "of another scan",
      path, c.id, made_by);
  bool stated = density->material != MATERIAL_NONE && density->material != MATERIAL_UNSTATED;
  CHECK(density->quantity != QUANTITY_DENSITY || !stated || density->material == c.material,
        ST_DOMAIN, "calibration %s is of %s, the density of %s", path, material_name(c.material),
        material_name(density->material));
  *out = c;
done:
  return st;
}

status calibration_write(const struct calibration *c, const char *path, const cJSON *provenance,
                         bool force) {
  status st = ST_OK;
  cJSON *json = calibration_to_json(c);
  CHECK(json, ST_MEMORY, "writing calibration %s", path);
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, 1));
  TRY(json_write(json, path, force));
done:
  cJSON_Delete(json);
  return st;
}
