#include "radiomics/verify.h"

#include "core/itk_image.h"
#include "core/table.h"
#include "radiomics/families.h"
#include "radiomics/phantom.h"
#include "radiomics/scoreboard.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rad_scoreboard_free(struct rad_scoreboard *b) {
  free(b->rows);
  memset(b, 0, sizeof *b);
}

void rad_scoreboard_count(size_t *passed, size_t *total, const struct rad_scoreboard *b,
                          const char *set) {
  *passed = *total = 0;
  for (size_t n = 0; n < b->count; n++) {
    if (set && strcmp(set, b->rows[n].set)) continue;
    ++*total;
    *passed += b->rows[n].passed;
  }
}

status rad_scoreboard_add(struct rad_check **out, struct rad_scoreboard *b, const char *set,
                          const char *name, double value, double reference, double tolerance) {
  status st = ST_OK;
  if (b->count == b->capacity) {
    size_t wanted = 2 * b->capacity + 256;
    struct rad_check *rows = realloc(b->rows, wanted * sizeof *rows);
    CHECK(rows, ST_MEMORY, "radiomics: no memory for the scoreboard");
    b->rows = rows;
    b->capacity = wanted;
  }
  struct rad_check *r = &b->rows[b->count++];
  memset(r, 0, sizeof *r);
  snprintf(r->set, sizeof r->set, "%s", set);
  snprintf(r->name, sizeof r->name, "%s", name);
  r->value = value;
  r->reference = reference;
  r->tolerance = tolerance;
  *out = r;
done:
  return st;
}

double rad_round(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.3g", value);
  return strtod(text, NULL);
}

bool rad_value_agrees(double value, double reference, double tolerance) {
  return fabs(rad_round(value) - reference) <= tolerance + 1e-9 * fabs(reference);
}

status rad_analyse(struct rad_values *out, const struct volume *image, const struct labels *mask,
                   const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_stage *stage = NULL;
  struct rad_roi *roi = NULL;
  TRY(rad_stage_create(&stage, image, s, NULL));
  TRY(rad_roi_create(&roi, stage, mask, 1, NULL, s, NULL));
  TRY(rad_discretise(roi, s));
  TRY(rad_features(out, roi, s));
done:
  rad_roi_destroy(roi);
  rad_stage_destroy(stage);
  return st;
}

status rad_verify_phantom(struct rad_scoreboard *b) {
  status st = ST_OK;
  struct volume *image = NULL;
  struct labels *mask = NULL;
  struct rad_values values = {0};
  struct rad_settings s;
  size_t count;
  const struct rad_reference *r = rad_phantom_reference(&count);
  rad_phantom_settings(&s);
  TRY(rad_phantom(&image, &mask));
  TRY(rad_analyse(&values, image, mask, &s));
  for (size_t n = 0; n < count; n++) {
    const struct rad_value *v = rad_values_find(&values, r[n].feature, r[n].aggregation);
    const struct rad_feature_info *info = rad_feature_info(r[n].feature);
    struct rad_check *c;
    double got = v ? v->value : (double)NAN;
    TRY(rad_scoreboard_add(&c, b, "digital phantom", info->tag, got, r[n].value, r[n].tolerance));
    c->passed = rad_value_agrees(got, r[n].value, r[n].tolerance);
    snprintf(c->aggregation, sizeof c->aggregation, "%s",
             rad_aggregation_name(r[n].aggregation, info->family));
  }
done:
  volume_destroy(image);
  labels_destroy(mask);
  rad_values_free(&values);
  return st;
}

void rad_ct_settings(struct rad_settings *s, char configuration) {
  rad_settings_init(s, RAD_IBSI);
  s->aggregations = RAD_ALL;
  s->round_intensity = true;
  s->by_slice = configuration <= 'B';
  s->has_range = configuration != 'D';
  s->range[0] = configuration <= 'B' ? -500 : -1000;
  s->range[1] = 400;
  s->outlier_sd = configuration >= 'D' ? 3 : 0;
  for (int a = 0; a < 3 && configuration != 'A'; a++) s->spacing_mm[a] = 2;
  s->image_interpolation = configuration == 'E' ? RAD_CUBIC : RAD_LINEAR;
  bool size = configuration == 'A' || configuration == 'C';
  s->discretisation = size ? RAD_FBS : RAD_FBN;
  s->bin_width = 25;
  s->bin_count = 32;
  s->ivh = configuration == 'C' ? RAD_FBS : configuration == 'E' ? RAD_FBN : RAD_AS_IS;
}

status rad_reference_ct(struct volume **image, struct labels **mask, const char *folder) {
  status st = ST_OK;
  char path[4096];
  struct volume *v = NULL;
  snprintf(path, sizeof path, "%s/ibsi1_phantoms/ct/phantom.nii.gz", folder);
  TRY(itk_image_read(&v, path));
  snprintf(path, sizeof path, "%s/ibsi1_phantoms/ct/mask.nii.gz", folder);
  TRY(itk_labels_read(mask, path));
  *image = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

static const char *cell(const struct table *t, const char *column, size_t row) {
  int c = table_find(t, column);
  return c >= 0 && !t->columns[c].numeric ? t->columns[c].texts[row] : "";
}

static double number(const struct table *t, const char *column, size_t row) {
  int c = table_find(t, column);
  return c >= 0 && t->columns[c].numeric ? t->columns[c].numbers[row] : (double)NAN;
}

/* Aggregation of a name such as "2.5D_merged" for a family. */
static enum rad_aggregation aggregation_of(const char *name, enum rad_family family) {
  if (family < RAD_GLCM) return RAD_NOT_AGGREGATED;
  for (int a = RAD_AGGREGATION_COUNT - 1; a > 0; a--)
    if (!strcmp(name, rad_aggregation_name((enum rad_aggregation)a, family))) {
      if (!rad_family_directed(family) && a == RAD_2D_SLICE_MERGED) return RAD_2D_AVERAGED;
      return (enum rad_aggregation)a;
    }
  return RAD_NOT_AGGREGATED;
}

static status compare_table(struct rad_scoreboard *b, const char *set, const struct table *t,
                            const struct rad_values *values) {
  status st = ST_OK;
  for (size_t row = 0; row < t->row_count; row++) {
    const char *tag = cell(t, "tag", row);
    int f = rad_feature_from_tag(tag);
    double reference = number(t, "reference_value", row);
    double tolerance = number(t, "tolerance", row);
    struct rad_check *c;
    double got = NAN;
    if (f >= 0) {
      enum rad_family family = rad_feature_info((enum rad_feature)f)->family;
      const struct rad_value *v = rad_values_find(
          values, (enum rad_feature)f, aggregation_of(cell(t, "aggregation", row), family));
      if (v) got = v->value;
    }
    TRY(rad_scoreboard_add(&c, b, set, tag, got, reference, tolerance));
    snprintf(c->aggregation, sizeof c->aggregation, "%s", cell(t, "aggregation", row));
    snprintf(c->consensus, sizeof c->consensus, "%s", cell(t, "consensus", row));
    c->passed = rad_value_agrees(got, reference, tolerance);
  }
done:
  return st;
}

status rad_verify_ct(struct rad_scoreboard *b, const char *folder, const char *configurations) {
  status st = ST_OK;
  struct volume *image = NULL;
  struct labels *mask = NULL;
  struct table *t = NULL;
  struct rad_values values = {0};
  TRY(rad_reference_ct(&image, &mask, folder));
  for (const char *c = configurations; *c; c++) {
    char path[4096];
    char set[8] = "CT A";
    struct rad_settings s;
    set[3] = *c;
    rad_ct_settings(&s, *c);
    TRY(rad_analyse(&values, image, mask, &s));
    snprintf(path, sizeof path, "%s/ibsi1_ct_config%c.csv", folder, *c);
    TRY(table_read(&t, path));
    TRY(compare_table(b, set, t, &values));
    table_destroy(t);
    t = NULL;
    rad_values_free(&values);
  }
done:
  volume_destroy(image);
  labels_destroy(mask);
  table_destroy(t);
  rad_values_free(&values);
  return st;
}
