#include "calibration/tissue_line.h"

#include "core/json.h"
#include "core/statistics.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Slope uncertainty per kV between the scan and the table: trabecular and cortical densities fall
 * by about 10 % over 20 kV (Ataei et al. 2022, PLoS ONE 17:e0265524). */
static const double slope_sd_per_kv = 0.005;

void cal_tissue_table_published(struct cal_tissue_table *table) {
  *table = (struct cal_tissue_table){.name = "szyszko2024",
                                     .kvp = 120,
                                     .material = MATERIAL_UNSTATED,
                                     .count = 3,
                                     .tissue = {"air", "adipose", "muscle"},
                                     .density = {-797, -95, 38},
                                     .model_sd = 10.6};
}

static const char *canonical(const char *tissue) {
  return strcasecmp(tissue, "fat") ? tissue : "adipose";
}

static int table_row(const struct cal_tissue_table *t, const char *tissue) {
  for (int i = 0; i < t->count; i++)
    if (!strcasecmp(canonical(tissue), t->tissue[i])) return i;
  return -1;
}

/* ---- the line ---- */

/* Covariance of (intercept, slope) of the OLS line of y on x when y has covariance V [n][n]. */
static void propagate_full(double out[9], const double *x, const double *v, int n) {
  double mean = stat_mean(x, n);
  double sxx = 0;
  for (int i = 0; i < n; i++) sxx += (x[i] - mean) * (x[i] - mean);
  memset(out, 0, 9 * sizeof *out);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      double si = (x[i] - mean) / sxx;
      double sj = (x[j] - mean) / sxx;
      double ai = 1.0 / n - mean * si;
      double aj = 1.0 / n - mean * sj;
      out[0] += ai * aj * v[i * n + j];
      out[1] += ai * sj * v[i * n + j];
      out[4] += si * sj * v[i * n + j];
    }
  out[3] = out[1];
}

struct selection {
  double hu[CAL_TISSUES], density[CAL_TISSUES], variance_hu[CAL_TISSUES];
  int row[CAL_TISSUES];
  int n;
  bool air;
};

static void select_tissues(struct selection *s, struct calibration *c,
                           const struct cal_tissue_table *t) {
  *s = (struct selection){0};
  for (int i = 0; i < c->point_count; i++) {
    struct calibration_point *p = &c->points[i];
    int row = table_row(t, p->name);
    p->density = row >= 0 ? t->density[row] : NAN;
    if (!p->used) continue;
    if (row < 0 || s->n == CAL_TISSUES) {
      p->used = 0;
      snprintf(p->reason, sizeof p->reason, "not in the table %s", t->name);
      continue;
    }
    s->air = s->air || !strcasecmp(p->name, "air");
    s->hu[s->n] = p->hu;
    s->density[s->n] = p->density;
    s->variance_hu[s->n] = isfinite(p->hu_se) ? p->hu_se * p->hu_se : 0;
    s->row[s->n++] = row;
  }
}

static void tissue_covariance(struct calibration *c, const struct selection *s,
                              const struct cal_tissue_table *t) {
  double v[CAL_TISSUES * CAL_TISSUES];
  /* a new person and the table's mean; of a table by hand the SD it states */
  double people = t->people > 1 ? 1.0 + 1.0 / t->people : 1;
  double stated = t->model_sd;
  for (int i = 0; i < s->n; i++)
    for (int j = 0; j < s->n; j++) {
      v[i * s->n + j] = people * t->covariance[s->row[i] * CAL_TISSUES + s->row[j]];
      stated += fabs(v[i * s->n + j]);
      if (i == j) v[i * s->n + j] += c->slope * c->slope * s->variance_hu[i];
    }
  if (stated == 0)
    cal_warn(c, "table %s states neither sd nor model_sd: the interval holds the sampling alone",
             t->name);
  propagate_full(c->covariance, s->hu, v, s->n);
  c->covariance_df = t->people > 1 ? (double)(t->people - 1) : (double)INFINITY;
  c->model_sd = t->model_sd;
}

/* How far another voltage is from the table's [kV]: of a scan whose voltage is not known, root mean
 * square over those of CT. */
static double voltage_off(const struct cal_tissue_table *t, double kvp) {
  static const double usual[] = {80, 100, 120, 140};
  enum { USUAL = sizeof usual / sizeof *usual };
  double sum = 0;
  if (!isnan(kvp)) return fabs(kvp - t->kvp);
  for (int i = 0; i < USUAL; i++) sum += (usual[i] - t->kvp) * (usual[i] - t->kvp);
  return sqrt(sum / USUAL);
}

void cal_tissue_judge_kvp(struct calibration *c, const struct cal_tissue_table *t, double kvp) {
  if (isnan(t->kvp)) return;
  double off = voltage_off(t, kvp), percent = 100 * slope_sd_per_kv * off;
  if (off < 0.5) return;
  if (isnan(kvp))
    cal_warn(c,
             "kVp of the scan is not known, table %s holds for %.0f kV: at 80 to 140 kV densities "
             "may be off by about %.0f %%",
             t->name, t->kvp, percent);
  else
    cal_warn(c, "scan at %.0f kV, table %s for %.0f kV: densities may be off by about %.0f %%", kvp,
             t->name, t->kvp, percent);
  double sd = slope_sd_per_kv * off * c->slope;
  c->covariance[4] += sd * sd;
}

status cal_tissue_line(struct calibration *c, const struct cal_tissue_table *table, double kvp) {
  status st = ST_OK;
  struct selection s;
  select_tissues(&s, c, table);
  CHECK(
      s.n >= 2, ST_DOMAIN,
      "tissue line: %d usable tissue%s of the table %s, at least 2 needed (air and fat, muscle or "
      "blood)",
      s.n, s.n == 1 ? "" : "s", table->name);
  CHECK(s.air, ST_DOMAIN,
        "tissue line: no air among the tissues; without it the slope rests on soft tissue alone");
  struct line_fit line;
  TRY(stat_line_fit(&line, s.hu, s.density, NULL, s.n));
  CHECK(line.slope > 0, ST_NUMERIC, "tissue line: slope %.4f mg/cm3 per HU, it must be positive",
        line.slope);
  c->quadratic = 0;
  c->slope = line.slope;
  c->intercept = line.intercept;
  c->r2 = line.r * line.r;
  c->material = table->material;
  c->checkable = s.n > 2;
  c->residual_sd = line.residual_sd;
  for (int i = 0; i < c->point_count; i++)
    c->points[i].residual = c->slope * c->points[i].hu + c->intercept - c->points[i].density;
  tissue_covariance(c, &s, table);
  cal_tissue_judge_kvp(c, table, kvp);
  if (table->material == MATERIAL_UNSTATED)
    cal_warn(c,
             "table %s does not state its phantom material: K2HPO4 or HA is not known; do not "
             "mix with phantom calibrations in one study",
             table->name);
  if (s.n == 2) cal_warn(c, "two tissues only: the line is not checkable");
  snprintf(c->method, sizeof c->method, "tissue-line");
  snprintf(c->phantom, sizeof c->phantom, "%s", table->name);
done:
  return st;
}

/* ---- files ---- */

/* Rows in the order slope, intercept, diameter_mm, HU of the tissues as they are listed. */
static void joint_to_json(cJSON *json, const struct cal_joint *j, int n) {
  cJSON *regression = cJSON_AddObjectToObject(json, "regression");
  cJSON *rows = cJSON_AddArrayToObject(regression, "covariance");
  json_add_numbers(regression, "mean", j->mean, n);
  json_add_numbers(regression, "rods_covariance", j->rods, 9);
  json_add_number(regression, "rods_df", j->rods_df); /* infinite: null */
  for (int i = 0; i < n; i++) {
    cJSON *row = cJSON_CreateArray();
    for (int k = 0; k < n; k++)
      cJSON_AddItemToArray(row, cJSON_CreateNumber(j->covariance[i * CAL_JOINT + k]));
    cJSON_AddItemToArray(rows, row);
  }
}

static status joint_from_json(struct cal_joint *j, const cJSON *json, int n, const char *what) {
  status st = ST_OK;
  const cJSON *rows = json_find(json, "covariance");
  j->rods_df = (double)INFINITY;
  TRY(json_get_numbers(j->mean, n, json, "mean", what));
  TRY(json_get_numbers(j->rods, 9, json, "rods_covariance", what));
  TRY(json_opt_number(&j->rods_df, json, "rods_df", what));
  CHECK(cJSON_GetArraySize(rows) == n, ST_FORMAT,
        "%s: covariance of the regression has %d rows, expected %d", what, cJSON_GetArraySize(rows),
        n);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++) {
      const cJSON *number = cJSON_GetArrayItem(cJSON_GetArrayItem(rows, i), k);
      CHECK(cJSON_IsNumber(number), ST_FORMAT,
            "%s: covariance of the regression: row %d has no number at %d", what, i + 1, k + 1);
      j->covariance[i * CAL_JOINT + k] = number->valuedouble;
    }
done:
  return st;
}

cJSON *cal_tissue_table_to_json(const struct cal_tissue_table *t) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "kind", "qct tissue table");
  json_add_text(json, "name", t->name);
  json_add_text(json, "scanner_key", t->scanner_key);
  json_add_number(json, "kvp", t->kvp);
  json_add_text(json, "material", material_name(t->material));
  json_add_number(json, "people", t->people);
  json_add_number(json, "model_sd", t->model_sd);
  cJSON *rows = cJSON_AddArrayToObject(json, "tissues");
  for (int i = 0; i < t->count; i++) {
    cJSON *row = cJSON_CreateObject();
    json_add_text(row, "tissue", t->tissue[i]);
    json_add_number(row, "density", t->density[i]);
    json_add_number(row, "sd", sqrt(t->covariance[i * CAL_TISSUES + i]));
    json_add_numbers(row, "covariance", t->covariance + i * CAL_TISSUES, t->count);
    cJSON_AddItemToArray(rows, row);
  }
  int n = CAL_JOINT_TISSUE + t->count;
  if (t->joint.mean[CAL_JOINT_SLOPE] > 0) joint_to_json(json, &t->joint, n);
  return json;
}

static status row_from_json(struct cal_tissue_table *t, int i, const cJSON *row, int count,
                            const char *what) {
  status st = ST_OK;
  double v[CAL_TISSUES] = {0};
  TRY(json_get_text(t->tissue[i], sizeof t->tissue[i], row, "tissue", what));
  TRY(json_get_number(&t->density[i], row, "density", what));
  if (json_find(row, "covariance")) {
    TRY(json_get_numbers(v, count, row, "covariance", what));
    memcpy(t->covariance + i * CAL_TISSUES, v, sizeof v);
  } else {
    double sd = 0;
    TRY(json_opt_number(&sd, row, "sd", what));
    CHECK(sd >= 0, ST_FORMAT, "%s: sd of %s is %g mg/cm3, it must not be negative", what,
          t->tissue[i], sd);
    t->covariance[i * CAL_TISSUES + i] = sd * sd;
  }
  CHECK(t->covariance[i * CAL_TISSUES + i] >= 0, ST_FORMAT, "%s: variance of %s is negative: %g",
        what, t->tissue[i], t->covariance[i * CAL_TISSUES + i]);
  for (int k = 0; k < i; k++)
    CHECK(strcasecmp(canonical(t->tissue[i]), canonical(t->tissue[k])), ST_FORMAT,
          "%s: the tissue %s comes twice", what, t->tissue[i]);
done:
  return st;
}

status cal_tissue_table_from_json(struct cal_tissue_table *out, const cJSON *json,
                                  const char *what) {
  status st = ST_OK;
  struct cal_tissue_table t = {.kvp = NAN};
  char material[24] = "";
  TRY(json_get_text(t.name, sizeof t.name, json, "name", what));
  TRY(json_opt_text(t.scanner_key, sizeof t.scanner_key, json, "scanner_key", what));
  TRY(json_opt_number(&t.kvp, json, "kvp", what));
  TRY(json_get_text(material, sizeof material, json, "material", what));
  TRY(json_opt_whole(&t.people, 0, INT_MAX, json, "people", what));
  TRY(json_opt_number(&t.model_sd, json, "model_sd", what));
  CHECK(t.model_sd >= 0, ST_FORMAT, "%s: model_sd is %g mg/cm3, it must not be negative", what,
        t.model_sd);
  int m = material_from_name(material);
  CHECK(m == MATERIAL_UNSTATED || m == MATERIAL_K2HPO4 || m == MATERIAL_HA, ST_FORMAT,
        "%s: material \"%s\", permitted K2HPO4, HA, unstated", what, material);
  t.material = (enum material)m;
  const cJSON *rows = json_find(json, "tissues");
  int count = cJSON_IsArray(rows) ? cJSON_GetArraySize(rows) : 0;
  CHECK(count >= 2 && count <= CAL_TISSUES, ST_FORMAT, "%s: %d tissues, permitted 2 to %d", what,
        count, CAL_TISSUES);
  t.count = count;
  for (int i = 0; i < count; i++)
    TRY(row_from_json(&t, i, cJSON_GetArrayItem(rows, i), count, what));
  if (json_find(json, "regression"))
    TRY(joint_from_json(&t.joint, json_find(json, "regression"), CAL_JOINT_TISSUE + count, what));
  *out = t;
done:
  return st;
}

status cal_tissue_table_read(struct cal_tissue_table *out, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  TRY(json_read(&json, path));
  TRY(cal_tissue_table_from_json(out, json, "tissue table"));
done:
  cJSON_Delete(json);
  return st;
}

/* constant + sum of coefficient * HU of the tissue, from {"constant": .., "muscle": ..}. */
static status linear_form(double *value, const struct calibration *c, const cJSON *form,
                          const char *key) {
  status st = ST_OK;
  CHECK(form, ST_FORMAT, "regression file: \"%s\" is missing", key);
  if (cJSON_IsNumber(form)) {
    *value = form->valuedouble;
    goto done;
  }
  CHECK(cJSON_IsObject(form), ST_FORMAT, "regression file: \"%s\" must be a number or an object",
        key);
  double sum = 0;
  for (const cJSON *item = form->child; item; item = item->next) {
    CHECK(cJSON_IsNumber(item), ST_FORMAT, "regression file: \"%s.%s\" must be a number", key,
          item->string);
    double hu = NAN;
    if (!strcmp(item->string, "constant")) hu = 1;
    for (int i = 0; i < c->point_count; i++)
      if (c->points[i].used && !strcasecmp(canonical(c->points[i].name), canonical(item->string)))
        hu = c->points[i].hu;
    CHECK(isfinite(hu), ST_DOMAIN,
          "regression file: \"%s\" needs the HU of %s, which was not sampled in this scan", key,
          item->string);
    sum += item->valuedouble * hu;
  }
  *value = sum;
done:
  return st;
}

status cal_regression_file(struct calibration *c, const char *path, double kvp) {
  status st = ST_OK;
  cJSON *json = NULL;
  char name[32] = "";
  char material[24] = "";
  double file_kvp = NAN;
  double model_sd = 0;
  double slope = 0;
  double intercept = 0;
  static const char *what = "regression file";
  TRY(json_read(&json, path));
  TRY(json_get_text(name, sizeof name, json, "method", what));
  TRY(json_get_text(material, sizeof material, json, "material", what));
  TRY(json_opt_number(&file_kvp, json, "kvp", what));
  TRY(json_opt_number(&model_sd, json, "model_sd", what));
  int m = material_from_name(material);
  CHECK(m == MATERIAL_UNSTATED || m == MATERIAL_K2HPO4 || m == MATERIAL_HA, ST_FORMAT,
        "%s: material \"%s\", permitted K2HPO4, HA, unstated", what, material);
  TRY(linear_form(&slope, c, json_find(json, "slope"), "slope"));
  TRY(linear_form(&intercept, c, json_find(json, "intercept"), "intercept"));
  CHECK(model_sd >= 0, ST_FORMAT, "%s: model_sd is %g mg/cm3, it must not be negative", what,
        model_sd);
  CHECK(slope > 0, ST_DOMAIN,
        "%s: slope %.4f mg/cm3 per HU from the tissues of this scan, it must be positive", what,
        slope);
  c->quadratic = 0;
  c->slope = slope;
  c->intercept = intercept;
  c->material = (enum material)m;
  c->model_sd = model_sd;
  c->checkable = 0;
  snprintf(c->method, sizeof c->method, "%s", name);
  struct cal_tissue_table kv = {.kvp = file_kvp};
  snprintf(kv.name, sizeof kv.name, "%s", name);
  cal_tissue_judge_kvp(c, &kv, kvp);
  if (model_sd <= 0) cal_warn(c, "the regression file states no model_sd: no interval is known");
done:
  cJSON_Delete(json);
  return st;
}
