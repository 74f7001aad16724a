/* The state of image and region after each step of the CT configurations A to E. */
#include "core/table.h"
#include "radiomics/extract.h"
#include "radiomics/scoreboard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const stages[RAD_STEP_COUNT] = {
    "initial image", "interpolated image", "initial roi", "interpolated roi", "resegmented roi"};

/* Value of a name such as "int_mask_bb_dim_x". */
static double diagnostic_value(const struct rad_diagnostic *d, const char *name) {
  static const char *const triples[] = {"img_dim",         "int_mask_dim",      "vox_dim",
                                        "int_mask_bb_dim", "morph_mask_bb_dim", NULL};
  size_t n = strlen(name);
  int axis = n > 2 && name[n - 2] == '_' ? name[n - 1] - 'x' : -1;
  for (int t = 0; triples[t] && axis >= 0 && axis < 3; t++) {
    if (strlen(triples[t]) + 2 != n || strncmp(name, triples[t], n - 2)) continue;
    switch (t) {
    case 2:
      return d->spacing[axis];
    case 3:
      return (double)d->box[axis];
    case 4:
      return (double)d->morph_box[axis];
    default:
      return (double)d->size[axis];
    }
  }
  if (!strcmp(name, "int_mask_vox_count")) return (double)d->voxels;
  if (!strcmp(name, "morph_mask_vox_count")) return (double)d->morph_voxels;
  if (strstr(name, "mean_int")) return d->mean;
  if (strstr(name, "min_int")) return d->low;
  if (strstr(name, "max_int")) return d->high;
  return NAN;
}

static int stage_of(const char *name) {
  for (int n = 0; n < RAD_STEP_COUNT; n++)
    if (!strcmp(name, stages[n])) return n;
  return -1;
}

static const char *text(const struct table *t, const char *column, size_t row) {
  int c = table_find(t, column);
  return c >= 0 && !t->columns[c].numeric ? t->columns[c].texts[row] : "";
}

static status compare(struct rad_scoreboard *b, const struct table *t, char configuration,
                      const struct rad_diagnostics *d) {
  status st = ST_OK;
  char dataset[] = "ct_config_A";
  int reference = table_find(t, "reference_value");
  int tolerance = table_find(t, "tolerance");
  CHECK(reference >= 0 && tolerance >= 0, ST_FORMAT,
        "diagnostics table: no column reference_value or tolerance");
  dataset[10] = configuration;
  for (size_t row = 0; row < t->row_count; row++) {
    int stage = stage_of(text(t, "stage", row));
    struct rad_check *c;
    if (strcmp(text(t, "dataset", row), dataset)) continue;
    double got =
        stage < 0 ? (double)NAN : diagnostic_value(&d->steps[stage], text(t, "quantity", row));
    TRY(rad_scoreboard_add(&c, b, "diagnostics", text(t, "tag", row), got,
                           t->columns[reference].numbers[row], t->columns[tolerance].numbers[row]));
    snprintf(c->aggregation, sizeof c->aggregation, "CT %c", configuration);
    /* counts and sizes are whole; other values are printed with three digits */
    c->passed = rad_value_agrees(got, c->reference, c->tolerance) ||
                fabs(got - c->reference) <= c->tolerance;
  }
done:
  return st;
}

status rad_verify_diagnostics(struct rad_scoreboard *b, const char *folder) {
  status st = ST_OK;
  struct volume *image = NULL;
  struct labels *mask = NULL;
  struct table *t = NULL;
  struct rad_case result = {0};
  char path[4096];
  snprintf(path, sizeof path, "%s/ibsi1_ct_diagnostics.csv", folder);
  TRY(table_read(&t, path));
  TRY(rad_reference_ct(&image, &mask, folder));
  for (char c = 'A'; c <= 'E'; c++) {
    struct rad_settings s;
    rad_ct_settings(&s, c);
    s.families = 1u << RAD_STATISTICS;
    TRY(rad_extract(&result, image, mask, NULL, 0, NULL, 0, &s));
    TRY(compare(b, t, c, &result.results[0].diagnostics));
    rad_case_free(&result);
  }
done:
  rad_case_free(&result);
  volume_destroy(image);
  labels_destroy(mask);
  table_destroy(t);
  return st;
}
