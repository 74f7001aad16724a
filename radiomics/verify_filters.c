/* IBSI-2: consensus response maps (phase 1) and statistics of filtered CT (phase 2). */
#include "core/itk_image.h"
#include "core/table.h"
#include "radiomics/families.h"
#include "radiomics/filter.h"
#include "radiomics/scoreboard.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Share of the reference map's range that a voxel may differ. Source: ibsi2 */
static const double MAP_TOLERANCE = 0.01;

struct map_case {
  const char *map, *phantom;
  bool by_slice;
  struct rad_filter filter;
};

#define MEAN(b)                                                                                    \
  { .kind = RAD_FILTER_MEAN, .boundary = b, .support = 15, .level = 1 }
#define LOG                                                                                        \
  {                                                                                                \
    .kind = RAD_FILTER_LOG, .boundary = RAD_BOUNDARY_MIRROR, .sigma_mm = 5, .truncate = 4,         \
    .level = 1                                                                                     \
  }
#define LAWS(k)                                                                                    \
  {                                                                                                \
    .kind = RAD_FILTER_LAWS, .boundary = RAD_BOUNDARY_MIRROR, .pooling = RAD_POOL_MAX,             \
    .kernels = k, .energy_distance = 7, .level = 1                                                 \
  }
#define GABOR(theta, how, planes)                                                                  \
  {                                                                                                \
    .kind = RAD_FILTER_GABOR, .boundary = RAD_BOUNDARY_ZERO, .pooling = how, .sigma_mm = 10,       \
    .truncate = 4, .lambda_mm = 4, .gamma = 0.5, .theta_deg = theta, .orthogonal = planes,         \
    .level = 1                                                                                     \
  }
#define WAVELET(w, letters, l, b, how)                                                             \
  {                                                                                                \
    .kind = RAD_FILTER_WAVELET, .boundary = b, .pooling = how, .wavelet = w, .band = letters,      \
    .level = l                                                                                     \
  }
#define SIMONCELLI(l)                                                                              \
  { .kind = RAD_FILTER_SIMONCELLI, .boundary = RAD_BOUNDARY_PERIODIC, .level = l }

static const struct map_case map_cases[] = {
    {"1_a_1", "checkerboard", false, MEAN(RAD_BOUNDARY_ZERO)},
    {"1_a_2", "checkerboard", false, MEAN(RAD_BOUNDARY_NEAREST)},
    {"1_a_3", "checkerboard", false, MEAN(RAD_BOUNDARY_PERIODIC)},
    {"1_a_4", "checkerboard", false, MEAN(RAD_BOUNDARY_MIRROR)},
    {"1_b_1", "impulse", true, MEAN(RAD_BOUNDARY_ZERO)},
    {"2_b", "checkerboard", false, LOG},
    {"2_c", "checkerboard", true, LOG},
    {"3_b_3", "checkerboard", false, LAWS("E3W5R5")},
    {"3_c_3", "checkerboard", true, LAWS("L5S5")},
    {"4_a_1", "impulse", true, GABOR(60, RAD_POOL_NONE, false)},
    {"4_a_2", "impulse", false, GABOR(45, RAD_POOL_MEAN, true)},
    {"5_a_1", "impulse", false, WAVELET("db2", "LHL", 1, RAD_BOUNDARY_ZERO, RAD_POOL_NONE)},
    {"6_a_1", "sphere", false, WAVELET("coif1", "HHL", 1, RAD_BOUNDARY_PERIODIC, RAD_POOL_NONE)},
    {"7_a_1", "checkerboard", false, WAVELET("haar", "LLL", 2, RAD_BOUNDARY_MIRROR, RAD_POOL_MEAN)},
    {"7_a_2", "checkerboard", false, WAVELET("haar", "HHH", 2, RAD_BOUNDARY_MIRROR, RAD_POOL_MEAN)},
    {"8_a_1", "checkerboard", false, SIMONCELLI(1)},
    {"8_a_2", "checkerboard", false, SIMONCELLI(2)},
    {"8_a_3", "checkerboard", false, SIMONCELLI(3)},
};

static double largest_deviation(const double *x, const struct volume *reference) {
  int64_t n = geometry_voxels(&reference->grid);
  double low = INFINITY, high = -INFINITY, worst = 0;
  for (int64_t i = 0; i < n; i++) {
    double r = reference->voxels[i];
    low = fmin(low, r);
    high = fmax(high, r);
    worst = fmax(worst, fabs(x[i] - r));
  }
  return worst / (high - low);
}

static status check_map(struct rad_scoreboard *b, const char *folder, const struct map_case *c) {
  status st = ST_OK;
  struct volume *phantom = NULL;
  struct volume *reference = NULL;
  struct rad_stage *stage = NULL;
  double *response = NULL;
  struct rad_check *row;
  struct rad_settings s;
  char path[4096];
  rad_settings_init(&s, RAD_IBSI);
  snprintf(path, sizeof path, "%s/ibsi2_phantoms/%s.nii.gz", folder, c->phantom);
  TRY(itk_image_read(&phantom, path));
  snprintf(path, sizeof path, "%s/ibsi2_response_maps/%s.nii.gz", folder, c->map);
  TRY(itk_image_read(&reference, path));
  TRY(rad_stage_create(&stage, phantom, &s, NULL));
  TRY(rad_filter_apply(&response, stage->x, &stage->grid, &c->filter, c->by_slice));
  double worst = largest_deviation(response, reference);
  TRY(rad_scoreboard_add(&row, b, "response maps", c->map, worst, 0, MAP_TOLERANCE));
  row->passed = worst <= MAP_TOLERANCE;
done:
  volume_destroy(phantom);
  volume_destroy(reference);
  rad_stage_destroy(stage);
  free(response);
  return st;
}

status rad_verify_maps(struct rad_scoreboard *b, const char *folder) {
  status st = ST_OK;
  for (size_t n = 0; n < sizeof map_cases / sizeof map_cases[0]; n++)
    TRY(check_map(b, folder, &map_cases[n]));
done:
  return st;
}

/* Filter 1..9 of phase 2; by slice (A) or in the volume (B). */
static void phase2_filter(struct rad_filter *f, int number, bool by_slice) {
  rad_filter_init(f);
  switch (number) {
  case 2:
    f->kind = RAD_FILTER_MEAN;
    break;
  case 3:
    f->kind = RAD_FILTER_LOG;
    break;
  case 4:
    f->kind = RAD_FILTER_LAWS;
    f->pooling = RAD_POOL_MAX;
    snprintf(f->kernels, sizeof f->kernels, "%s", by_slice ? "L5E5" : "L5E5E5");
    break;
  case 5:
    f->kind = RAD_FILTER_GABOR;
    f->pooling = RAD_POOL_MEAN;
    f->sigma_mm = 5;
    f->orthogonal = !by_slice;
    break;
  case 6:
  case 7:
    f->kind = RAD_FILTER_WAVELET;
    f->pooling = RAD_POOL_MEAN;
    f->level = number - 5;
    snprintf(f->band, sizeof f->band, "%s",
             number == 6 ? (by_slice ? "LH" : "LLH") : (by_slice ? "HH" : "HHH"));
    break;
  case 8:
  case 9:
    f->kind = RAD_FILTER_SIMONCELLI;
    f->boundary = RAD_BOUNDARY_PERIODIC; /* of the transform: with mirror the median is missed */
    f->level = number - 7;
    break;
  default:
    break;
  }
}

static void phase2_settings(struct rad_settings *s, bool by_slice) {
  rad_settings_init(s, RAD_IBSI);
  s->by_slice = by_slice;
  s->families = 1u << RAD_STATISTICS;
  s->round_intensity = true;
  s->has_range = true;
  s->range[0] = -1000;
  s->range[1] = 400;
  s->image_interpolation = RAD_CUBIC;
  for (int a = 0; a < 3 && !by_slice; a++) s->spacing_mm[a] = 1;
}

static status compare_phase2(struct rad_scoreboard *b, const char *id, const struct table *t,
                             const struct rad_values *values) {
  status st = ST_OK;
  int ids = table_find(t, "filter_id");
  int tags = table_find(t, "tag");
  int references = table_find(t, "reference_value");
  int tolerances = table_find(t, "tolerance");
  CHECK(ids >= 0 && tags >= 0 && references >= 0 && tolerances >= 0, ST_FORMAT,
        "IBSI-2 table: a column of filter_id, tag, reference_value, tolerance is missing");
  for (size_t row = 0; row < t->row_count; row++) {
    if (strcmp(t->columns[ids].texts[row], id)) continue;
    if (isnan(t->columns[references].numbers[row])) continue; /* no consensus was reached */
    const char *tag = t->columns[tags].texts[row];
    int f = rad_feature_from_tag(tag);
    const struct rad_value *v =
        f < 0 ? NULL : rad_values_find(values, (enum rad_feature)f, RAD_NOT_AGGREGATED);
    struct rad_check *c;
    char set[32];
    snprintf(set, sizeof set, "filter %s", id);
    TRY(rad_scoreboard_add(&c, b, set, tag, v ? v->value : (double)NAN,
                           t->columns[references].numbers[row],
                           t->columns[tolerances].numbers[row]));
    c->passed = rad_value_agrees(c->value, c->reference, c->tolerance);
  }
done:
  return st;
}

static status phase2_dimension(struct rad_scoreboard *b, const struct table *t,
                               const struct volume *image, const struct labels *mask,
                               bool by_slice) {
  status st = ST_OK;
  struct rad_stage *stage = NULL;
  struct rad_roi *roi = NULL;
  double *response = NULL;
  struct rad_values values = {0};
  struct rad_settings s;
  phase2_settings(&s, by_slice);
  TRY(rad_stage_create(&stage, image, &s, NULL));
  for (int number = 1; number <= 9; number++) {
    struct rad_filter f;
    char id[8];
    phase2_filter(&f, number, by_slice);
    snprintf(id, sizeof id, "%d.%c", number, by_slice ? 'A' : 'B');
    TRY(rad_filter_apply(&response, stage->x, &stage->grid, &f, by_slice));
    TRY(rad_roi_create(&roi, stage, mask, 1, response, &s, NULL));
    TRY(rad_features(&values, roi, &s));
    TRY(compare_phase2(b, id, t, &values));
    rad_values_free(&values);
    rad_roi_destroy(roi);
    free(response);
    roi = NULL;
    response = NULL;
  }
done:
  rad_values_free(&values);
  rad_roi_destroy(roi);
  rad_stage_destroy(stage);
  free(response);
  return st;
}

status rad_verify_filters(struct rad_scoreboard *b, const char *folder) {
  status st = ST_OK;
  struct volume *image = NULL;
  struct labels *mask = NULL;
  struct table *t = NULL;
  char path[4096];
  snprintf(path, sizeof path, "%s/ibsi2_phase2_reference_values.csv", folder);
  TRY(table_read(&t, path));
  TRY(rad_reference_ct(&image, &mask, folder));
  TRY(phase2_dimension(b, t, image, mask, true));
  TRY(phase2_dimension(b, t, image, mask, false));
done:
  volume_destroy(image);
  labels_destroy(mask);
  table_destroy(t);
  return st;
}
