#include "radiomics/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FEATURE(family, tag, code, name, unit, py_class, py_name)                                  \
  {RAD_##family, #tag, code, name, unit, py_class, py_name},
static const struct rad_feature_info infos[RAD_FEATURE_COUNT] = {
#include "radiomics/features.def"
};
#undef FEATURE

static const char *const family_names[RAD_FAMILY_COUNT] = {
    "morphology", "local_intensity", "statistics", "histogram", "ivh",   "glcm",
    "glrlm",      "glszm",           "gldzm",      "ngtdm",     "ngldm", "shape2D"};

const struct rad_feature_info *rad_feature_info(enum rad_feature f) {
  return &infos[f];
}

const char *rad_family_name(enum rad_family f) {
  return family_names[f];
}

int rad_family_from_name(const char *name) {
  for (int f = 0; f < RAD_FAMILY_COUNT; f++)
    if (!strcmp(name, family_names[f])) return f;
  if (!strcmp(name, "shape")) return RAD_MORPHOLOGY;
  if (!strcmp(name, "firstorder")) return RAD_STATISTICS;
  if (!strcmp(name, "gldm")) return RAD_NGLDM;
  return -1;
}

int rad_feature_from_tag(const char *tag) {
  for (int f = 0; f < RAD_FEATURE_COUNT; f++)
    if (!strcmp(tag, infos[f].tag)) return f;
  return -1;
}

int rad_feature_from_pyradiomics(const char *py_class, const char *py_name) {
  for (int f = 0; f < RAD_FEATURE_COUNT; f++)
    if (*py_class && !strcmp(py_class, infos[f].py_class) && !strcmp(py_name, infos[f].py_name))
      return f;
  return -1;
}

int rad_family_directed(enum rad_family family) {
  return family == RAD_GLCM || family == RAD_GLRLM;
}

struct aggregation_names {
  const char *name, *code, *tag;
};
static const struct aggregation_names directed[RAD_AGGREGATION_COUNT] = {
    {"3D", "DHQ4", ""},
    {"2D_averaged", "BTW3", "2d_avg"},
    {"2D_slice_merged", "SUJT", "2d_s_mrg"},
    {"2.5D_direction_merged", "JJUI", "2.5d_d_mrg"},
    {"2.5D_merged", "ZW7Z", "2.5d_v_mrg"},
    {"3D_averaged", "ITBB", "3d_avg"},
    {"3D_merged", "IAZD", "3d_v_mrg"}};
static const struct aggregation_names undirected[RAD_AGGREGATION_COUNT] = {
    {"3D", "DHQ4", ""},
    {"2D_averaged", "8QNN", "2d"},
    {"2D_averaged", "8QNN", "2d"},
    {"2.5D_merged", "62GR", "2.5d"},
    {"2.5D_merged", "62GR", "2.5d"},
    {"3D", "KOBO", "3d"},
    {"3D", "KOBO", "3d"}};

static const struct aggregation_names *names_of(enum rad_aggregation a, enum rad_family family) {
  return rad_family_directed(family) ? &directed[a] : &undirected[a];
}

const char *rad_aggregation_name(enum rad_aggregation a, enum rad_family family) {
  return names_of(a, family)->name;
}

const char *rad_aggregation_code(enum rad_aggregation a, enum rad_family family) {
  return names_of(a, family)->code;
}

const char *rad_aggregation_tag(enum rad_aggregation a, enum rad_family family) {
  return names_of(a, family)->tag;
}

void rad_values_add(struct rad_values *v, enum rad_feature f, enum rad_aggregation a, double value,
                    const char *reason) {
  if (v->count == v->capacity) {
    size_t wanted = v->capacity ? 2 * v->capacity : 256;
    struct rad_value *items = realloc(v->items, wanted * sizeof *items);
    if (!items) {
      v->failed = 1;
      return;
    }
    v->items = items;
    v->capacity = wanted;
  }
  struct rad_value *out = &v->items[v->count++];
  out->feature = f;
  out->aggregation = a;
  out->value = isfinite(value) ? value : (double)NAN;
  out->reason = isfinite(value) ? "" : reason ? reason : "not defined for this region";
}

void rad_values_add_block(struct rad_values *v, enum rad_feature first, int n,
                          enum rad_aggregation a, const double *values, const char *reason) {
  for (int i = 0; i < n; i++)
    rad_values_add(v, (enum rad_feature)((int)first + i), a, values[i], reason);
}

const struct rad_value *rad_values_find(const struct rad_values *v, enum rad_feature f,
                                        enum rad_aggregation a) {
  for (size_t i = 0; i < v->count; i++)
    if (v->items[i].feature == f && v->items[i].aggregation == a) return &v->items[i];
  return NULL;
}

status rad_values_check(const struct rad_values *v) {
  status st = ST_OK;
  CHECK(!v->failed, ST_MEMORY, "radiomics: no memory for the list of values");
done:
  return st;
}

void rad_values_free(struct rad_values *v) {
  free(v->items);
  memset(v, 0, sizeof *v);
}
