/* Tables of features: long and wide CSV, JSON, HDF5. */
#include "core/file.h"
#include "core/json.h"
#include "core/store.h"
#include "core/text.h"
#include "radiomics/extract.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rad_value_name(char out[160], const struct rad_value *v, const struct rad_result *r,
                    enum rad_names names) {
  const struct rad_feature_info *info = rad_feature_info(v->feature);
  if (names == RAD_NAMES_PYRADIOMICS && *info->py_name) {
    snprintf(out, 160, "%s_%s_%s", r->image, info->py_class, info->py_name);
    return;
  }
  const char *tag = rad_aggregation_tag(v->aggregation, info->family);
  bool levels = info->family == RAD_HISTOGRAM || info->family >= RAD_GLCM;
  snprintf(out, 160, "%s%s%s%s%s%s%s", strcmp(r->image, "original") ? r->image : "",
           strcmp(r->image, "original") ? "_" : "", info->tag, *tag ? "_" : "", tag,
           levels && info->family != RAD_FLAT ? "_" : "",
           levels && info->family != RAD_FLAT ? r->discretisation : "");
}

/* I, I2 of the table become the unit of the image; a response map has none. */
static void value_unit(char out[48], const struct rad_value *v, const struct rad_result *r,
                       const struct rad_case *c) {
  const char *unit = rad_feature_info(v->feature)->unit;
  const char *of = strcmp(r->image, "original") ? "" : c->unit;
  if (unit[0] != 'I') {
    snprintf(out, 48, "%s", unit);
  } else if (unit[1] == '2') {
    snprintf(out, 48, *of ? "(%s)2%s" : "%s%s", of, unit + 2);
  } else {
    snprintf(out, 48, "%s%s", of, unit + 1);
  }
}

static void csv_text(struct text *t, const char *s) {
  if (!strpbrk(s, ",\"\n\r")) {
    text_append(t, "%s", s);
    return;
  }
  text_append(t, "\"");
  for (; *s; s++) text_append(t, *s == '"' ? "\"\"" : "%c", *s);
  text_append(t, "\"");
}

static void long_row(struct text *t, const struct rad_case *c, const struct rad_result *r,
                     const struct rad_value *v, enum rad_names names) {
  const struct rad_feature_info *info = rad_feature_info(v->feature);
  char unit[48];
  value_unit(unit, v, r, c);
  csv_text(t, c->case_id);
  text_append(t, ",");
  csv_text(t, r->roi);
  text_append(t, ",%s,%s,", r->image, rad_family_name(info->family));
  if (names == RAD_NAMES_PYRADIOMICS && *info->py_name)
    text_append(t, "%s_%s", info->py_class, info->py_name);
  else
    text_append(t, "%s", info->tag);
  text_append(t, ",%s,%s,%s,", info->code, rad_aggregation_name(v->aggregation, info->family),
              info->family == RAD_HISTOGRAM || (info->family >= RAD_GLCM && info->family < RAD_FLAT)
                  ? r->discretisation
                  : "");
  text_append_number(t, v->value);
  text_append(t, ",%s,", unit);
  csv_text(t, *v->reason ? v->reason : r->flags);
  text_append(t, "\n");
}

static void write_long(struct text *t, const struct rad_case *cases, size_t count,
                       enum rad_names names) {
  text_append(t, "case,roi,image,family,feature,ibsi_code,aggregation,discretisation,value,unit,"
                 "flags\n");
  for (size_t c = 0; c < count; c++)
    for (size_t r = 0; r < cases[c].count; r++)
      for (size_t v = 0; v < cases[c].results[r].values.count; v++)
        long_row(t, &cases[c], &cases[c].results[r], &cases[c].results[r].values.items[v], names);
}

/* Column names in order of first appearance, with the value of each row. */
struct columns {
  char (*names)[160]; /* owned */
  char (*units)[48];  /* owned */
  size_t count, capacity;
};

static void columns_free(struct columns *c) {
  free(c->names);
  free(c->units);
}

static size_t column_of(const struct columns *c, const char *name, size_t guess) {
  if (guess < c->count && !strcmp(c->names[guess], name)) return guess;
  for (size_t n = 0; n < c->count; n++)
    if (!strcmp(c->names[n], name)) return n;
  return c->count;
}

static status column_add(struct columns *c, const char *name, const char *unit) {
  status st = ST_OK;
  if (c->count == c->capacity) {
    size_t wanted = 2 * c->capacity + 512;
    void *names = realloc(c->names, wanted * sizeof *c->names);
    if (names) c->names = names;
    void *units = realloc(c->units, wanted * sizeof *c->units);
    if (units) c->units = units;
    CHECK(names && units, ST_MEMORY, "radiomics: no memory for %zu columns", wanted);
    c->capacity = wanted;
  }
  snprintf(c->names[c->count], sizeof c->names[0], "%s", name);
  snprintf(c->units[c->count++], sizeof c->units[0], "%s", unit);
done:
  return st;
}

static status collect_columns(struct columns *out, const struct rad_case *cases, size_t count,
                              enum rad_names names) {
  status st = ST_OK;
  for (size_t c = 0; c < count; c++)
    for (size_t r = 0; r < cases[c].count; r++) {
      const struct rad_result *result = &cases[c].results[r];
      size_t guess = 0;
      for (size_t v = 0; v < result->values.count; v++) {
        char name[160];
        char unit[48];
        rad_value_name(name, &result->values.items[v], result, names);
        value_unit(unit, &result->values.items[v], result, &cases[c]);
        size_t at = column_of(out, name, guess);
        if (at == out->count) TRY(column_add(out, name, unit));
        guess = at + 1;
      }
    }
done:
  return st;
}

/* All images of a region share a row; row starts where the label is new. */
static void fill_row(double *row, const struct columns *columns, const struct rad_case *c,
                     int label, enum rad_names names) {
  for (size_t n = 0; n < columns->count; n++) row[n] = NAN;
  for (size_t r = 0; r < c->count; r++) {
    size_t guess = 0;
    if (c->results[r].label != label) continue;
    for (size_t v = 0; v < c->results[r].values.count; v++) {
      char name[160];
      rad_value_name(name, &c->results[r].values.items[v], &c->results[r], names);
      size_t at = column_of(columns, name, guess);
      if (at < columns->count) row[at] = c->results[r].values.items[v].value;
      guess = at + 1;
    }
  }
}

static bool first_of_label(const struct rad_case *c, size_t r) {
  for (size_t q = 0; q < r; q++)
    if (c->results[q].label == c->results[r].label) return false;
  return true;
}

static status write_wide(struct text *t, const struct rad_case *cases, size_t count,
                         enum rad_names names) {
  status st = ST_OK;
  struct columns columns = {0};
  double *row = NULL;
  TRY(collect_columns(&columns, cases, count, names));
  row = malloc((columns.count + 1) * sizeof *row);
  CHECK(row, ST_MEMORY, "radiomics: no memory for %zu columns", columns.count);
  text_append(t, "case,roi");
  for (size_t n = 0; n < columns.count; n++)
    text_append(t, *columns.units[n] ? ",%s [%s]" : ",%s", columns.names[n], columns.units[n]);
  text_append(t, ",flags\n");
  for (size_t c = 0; c < count; c++)
    for (size_t r = 0; r < cases[c].count; r++) {
      if (!first_of_label(&cases[c], r)) continue;
      fill_row(row, &columns, &cases[c], cases[c].results[r].label, names);
      csv_text(t, cases[c].case_id);
      text_append(t, ",");
      csv_text(t, cases[c].results[r].roi);
      for (size_t n = 0; n < columns.count; n++) {
        text_append(t, ",");
        text_append_number(t, row[n]);
      }
      text_append(t, ",");
      csv_text(t, cases[c].results[r].flags);
      text_append(t, "\n");
    }
done:
  columns_free(&columns);
  free(row);
  return st;
}

static void add_triple(cJSON *o, const char *key, const int64_t v[3]) {
  double d[3] = {(double)v[0], (double)v[1], (double)v[2]};
  json_add_numbers(o, key, d, 3);
}

static cJSON *diagnostics_json(const struct rad_diagnostics *d) {
  static const char *const names[RAD_STEP_COUNT] = {"image", "interpolated_image", "roi",
                                                    "interpolated_roi", "resegmented_roi"};
  cJSON *all = cJSON_CreateObject();
  for (int n = 0; n < RAD_STEP_COUNT; n++) {
    const struct rad_diagnostic *s = &d->steps[n];
    cJSON *o = cJSON_AddObjectToObject(all, names[n]);
    add_triple(o, "size", s->size);
    json_add_numbers(o, "spacing_mm", s->spacing, 3);
    if (n >= RAD_STEP_ROI) {
      add_triple(o, "intensity_box", s->box);
      add_triple(o, "morphological_box", s->morph_box);
      json_add_number(o, "intensity_voxels", (double)s->voxels);
      json_add_number(o, "morphological_voxels", (double)s->morph_voxels);
    }
    json_add_number(o, "mean", s->mean);
    json_add_number(o, "minimum", s->low);
    json_add_number(o, "maximum", s->high);
  }
  cJSON *o = cJSON_AddObjectToObject(all, "grey_levels");
  json_add_number(o, "count", d->levels);
  json_add_number(o, "first_edge", d->bin_low);
  json_add_number(o, "width", d->bin_width_used);
  return all;
}

static cJSON *settings_json(const struct rad_settings *s) {
  static const char *const how[] = {"nearest", "linear", "cubic"};
  static const char *const bins[] = {"as-is", "fbn", "fbs"};
  static const char *const modes[] = {"absolute", "relative", "sigma"};
  cJSON *o = cJSON_CreateObject();
  json_add_text(o, "convention", s->convention == RAD_IBSI ? "ibsi" : "pyradiomics");
  cJSON_AddBoolToObject(o, "by_slice", s->by_slice);
  json_add_numbers(o, "spacing_mm", s->spacing_mm, 3);
  json_add_text(o, "image_interpolation", how[s->image_interpolation]);
  json_add_text(o, "mask_interpolation", how[s->mask_interpolation]);
  json_add_number(o, "mask_threshold", s->mask_threshold);
  cJSON_AddBoolToObject(o, "round_intensity", s->round_intensity);
  cJSON_AddBoolToObject(o, "has_range", s->has_range);
  json_add_numbers(o, "range", s->range, 2);
  json_add_text(o, "range_mode", modes[s->range_mode]);
  json_add_number(o, "outlier_sd", s->outlier_sd);
  json_add_text(o, "discretisation", bins[s->discretisation]);
  json_add_number(o, "bin_width", s->bin_width);
  json_add_number(o, "bin_count", s->bin_count);
  json_add_text(o, "ivh_discretisation", bins[s->ivh]);
  json_add_number(o, "ivh_bin_width", s->ivh_bin_width);
  json_add_number(o, "ivh_bin_count", s->ivh_bin_count);
  json_add_number(o, "distance", s->distances[0]);
  json_add_number(o, "dependence_alpha", s->dependence_alpha);
  cJSON_AddBoolToObject(o, "symmetric_glcm", !s->asymmetric_glcm);
  if (s->convention == RAD_PYRADIOMICS) {
    json_add_number(o, "voxel_shift", s->voxel_shift);
    cJSON_AddBoolToObject(o, "normalise", s->normalise);
    json_add_number(o, "normalise_scale", s->normalise_scale);
  }
  return o;
}

static cJSON *value_json(const struct rad_value *v, const struct rad_result *r,
                         const struct rad_case *c, enum rad_names names) {
  const struct rad_feature_info *info = rad_feature_info(v->feature);
  char name[160];
  char unit[48];
  cJSON *o = cJSON_CreateObject();
  rad_value_name(name, v, r, names);
  value_unit(unit, v, r, c);
  json_add_text(o, "name", name);
  json_add_text(o, "family", rad_family_name(info->family));
  json_add_text(o, "feature", info->tag);
  json_add_text(o, "ibsi_code", info->code);
  json_add_text(o, "aggregation", rad_aggregation_name(v->aggregation, info->family));
  json_add_text(o, "aggregation_code", rad_aggregation_code(v->aggregation, info->family));
  json_add_number(o, "value", v->value);
  json_add_text(o, "unit", unit);
  if (*v->reason) json_add_text(o, "reason", v->reason);
  return o;
}

cJSON *rad_cases_to_json(const struct rad_case *cases, size_t count, enum rad_names names) {
  cJSON *list = cJSON_CreateArray();
  for (size_t c = 0; c < count; c++) {
    cJSON *one = cJSON_CreateObject();
    cJSON_AddItemToArray(list, one);
    json_add_text(one, "case", cases[c].case_id);
    json_add_text(one, "unit", cases[c].unit);
    if (*cases[c].calibration_id) json_add_text(one, "calibration_id", cases[c].calibration_id);
    if (*cases[c].kernel) json_add_text(one, "kernel", cases[c].kernel);
    json_add_number(one, "slice_thickness_mm", cases[c].slice_thickness_mm);
    cJSON_AddItemToObject(one, "settings", settings_json(&cases[c].settings));
    cJSON *results = cJSON_AddArrayToObject(one, "results");
    for (size_t r = 0; r < cases[c].count; r++) {
      const struct rad_result *result = &cases[c].results[r];
      cJSON *o = cJSON_CreateObject();
      cJSON_AddItemToArray(results, o);
      json_add_text(o, "roi", result->roi);
      json_add_number(o, "label", result->label);
      json_add_text(o, "image", result->image);
      json_add_text(o, "discretisation", result->discretisation);
      json_add_text(o, "flags", result->flags);
      cJSON_AddItemToObject(o, "diagnostics", diagnostics_json(&result->diagnostics));
      cJSON *values = cJSON_AddArrayToObject(o, "features");
      for (size_t v = 0; v < result->values.count; v++)
        cJSON_AddItemToArray(values,
                             value_json(&result->values.items[v], result, &cases[c], names));
    }
  }
  return list;
}

/* features [rows][columns], names of both as attributes of groups. */
static status write_store(const struct rad_case *cases, size_t count, const char *path,
                          enum rad_names names, bool force) {
  status st = ST_OK;
  struct columns columns = {0};
  struct store *store = NULL;
  double *matrix = NULL;
  int64_t rows = 0;
  for (size_t c = 0; c < count; c++)
    for (size_t r = 0; r < cases[c].count; r++) rows += first_of_label(&cases[c], r);
  TRY(collect_columns(&columns, cases, count, names));
  matrix = malloc(((size_t)rows * columns.count + 1) * sizeof *matrix);
  CHECK(matrix, ST_MEMORY, "radiomics: no memory for %lld rows", (long long)rows);
  TRY(store_create(&store, path, force));
  int64_t row = 0;
  for (size_t c = 0; c < count; c++)
    for (size_t r = 0; r < cases[c].count; r++) {
      if (!first_of_label(&cases[c], r)) continue;
      fill_row(matrix + (size_t)row * columns.count, &columns, &cases[c], cases[c].results[r].label,
               names);
      row++;
    }
  const int64_t dims[2] = {rows, (int64_t)columns.count};
  TRY(store_write(store, "features", STORE_F64, 2, dims, matrix));
  for (size_t n = 0; n < columns.count; n++) {
    char key[32];
    snprintf(key, sizeof key, "column_%04zu", n);
    TRY(store_set_text(store, "features", key, columns.names[n]));
  }
  row = 0;
  for (size_t c = 0; c < count; c++)
    for (size_t r = 0; r < cases[c].count; r++) {
      char key[32];
      char name[160];
      if (!first_of_label(&cases[c], r)) continue;
      snprintf(key, sizeof key, "row_%04lld", (long long)row++);
      snprintf(name, sizeof name, "%s/%s", cases[c].case_id, cases[c].results[r].roi);
      TRY(store_set_text(store, "features", key, name));
    }
  TRY(store_commit(store));
done:
  store_close(store);
  columns_free(&columns);
  free(matrix);
  return st;
}

status rad_cases_write(const struct rad_case *cases, size_t count, const char *path, bool wide,
                       enum rad_names names, const cJSON *provenance, bool force) {
  status st = ST_OK;
  struct text t = {0};
  cJSON *json = NULL;
  if (file_has_suffix(path, ".h5") || file_has_suffix(path, ".hdf5"))
    return write_store(cases, count, path, names, force);
  if (file_has_suffix(path, ".json")) {
    json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "cases", rad_cases_to_json(cases, count, names));
    if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, 1));
    TRY(json_write(json, path, force));
    goto done;
  }
  if (wide)
    TRY(write_wide(&t, cases, count, names));
  else
    write_long(&t, cases, count, names);
  TRY(text_check(&t, "radiomics table"));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  cJSON_Delete(json);
  return st;
}
