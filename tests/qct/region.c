// labels: method
// Statistics of a label against hand computation: the block of two densities, percentiles between
// order statistics, zeros, voxels without data; trimming of boxes and of a leaning bar.
#include "qct/region.h"
#include "tests/check.h"

static void make(struct volume **v, struct labels **l, int64_t n, double sx, double sy, double sz) {
  struct geometry g = geometry_make(n, n, n, sx, sy, sz);
  assert_ok(volume_create(v, &g, QUANTITY_DENSITY));
  (*v)->material = MATERIAL_K2HPO4;
  assert_ok(labels_create(l, &g));
}

static const struct measurement *row(const struct record *r, const char *quantity) {
  const struct measurement *m = record_find(r, "block", quantity);
  if (!m) fail_msg("no row %s", quantity);
  return m;
}

static void drop(struct volume *v, struct labels *l, struct record *r) {
  record_destroy(r);
  volume_destroy(v);
  labels_destroy(l);
}

/* 10 x 10 x 10 voxels of 0.001 cm3, half at 100 and half at 0 mg/cm3 */
static void a_block_of_two_densities_has_mean_median_and_mineral(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  struct record *r = NULL;
  make(&v, &l, 12, 1, 1, 1);
  for (int64_t k = 1, n = 0; k < 11; k++)
    for (int64_t j = 1; j < 11; j++)
      for (int64_t i = 1; i < 11; i++, n++) {
        int64_t at = geometry_index(&l->grid, i, j, k);
        l->voxels[at] = 9;
        v->voxels[at] = n % 2 ? 100 : 0;
      }
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_region_rows(r, "block", v, l, 9, NULL, NULL));
  assert_int_equal(row(r, "vbmd")->n, 1000);
  assert_near(row(r, "vbmd")->value, 50, 1e-9);
  assert_near(row(r, "bmc")->value, 50, 1e-9);
  assert_near(row(r, "volume")->value, 1, 1e-9);
  assert_near(row(r, "vbmd_median")->value, 50, 1e-9); /* midpoint of 0 and 100 */
  assert_near(row(r, "vbmd_sd")->value, 50, 1e-9);     /* divisor n */
  assert_near(row(r, "vbmd_p25")->value, 0, 1e-9);
  assert_near(row(r, "vbmd_p95")->value, 100, 1e-9);
  assert_near(row(r, "fraction_below_0")->value, 0, 1e-12);
  assert_near(row(r, "border_voxels")->value, 0, 1e-12);
  drop(v, l, r);
}

/* 0.7 x 0.7 x 2.5 mm = 0.001225 cm3 */
static void voxels_of_unequal_edges_have_their_volume(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  struct record *r = NULL;
  const struct qct_region_options o = {.min_voxels = 1};
  make(&v, &l, 3, 0.7, 0.7, 2.5);
  l->voxels[13] = 9;
  v->voxels[13] = 400;
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_region_rows(r, "block", v, l, 9, NULL, &o));
  assert_near(row(r, "volume")->value, 0.001225, 1e-12);
  assert_near(row(r, "bmc")->value, 0.49, 1e-9);
  drop(v, l, r);
}

/* 1000 voxels of -100, -99, ... 899 in the whole grid: type 7 percentiles at -100 + p * 999 */
static void percentiles_shares_and_the_border_are_those_of_a_ramp(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  struct record *r = NULL;
  make(&v, &l, 10, 1, 1, 1);
  for (int i = 0; i < 1000; i++) {
    l->voxels[i] = 9;
    v->voxels[(i * 7) % 1000] = (float)(i - 100);
  }
  v->voxels[(999 * 7) % 1000] = 1501;
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_region_rows(r, "block", v, l, 9, NULL, NULL));
  assert_near(row(r, "vbmd_p5")->value, -100 + 49.95, 1e-4);
  assert_near(row(r, "vbmd_p75")->value, -100 + 749.25, 1e-4);
  assert_near(row(r, "vbmd_min")->value, -100, 1e-9);
  assert_near(row(r, "vbmd_max")->value, 1501, 1e-9);
  assert_near(row(r, "fraction_below_0")->value, 0.1, 1e-12);
  assert_near(row(r, "fraction_above_1500")->value, 0.001, 1e-12);
  assert_near(row(r, "border_voxels")->value, 1000 - 512, 1e-12);
  assert_non_null(strstr(row(r, "vbmd")->flags, "488 voxels at the edge"));
  drop(v, l, r);
}

static void what_is_missing_is_counted_withheld_or_empty(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  struct record *r = NULL;
  make(&v, &l, 10, 1, 1, 1);
  for (int i = 0; i < 300; i++) {
    l->voxels[i] = 9;
    v->voxels[i] = i < 100 ? NAN : 0;
  }
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_region_rows(r, "block", v, l, 9, NULL, NULL));
  assert_int_equal(row(r, "vbmd")->n, 200);
  assert_near(row(r, "vbmd")->value, 0, 1e-12); /* zeros count */
  assert_non_null(strstr(row(r, "vbmd")->flags, "100 voxels without data"));
  record_destroy(r);
  l->voxels[299] = 0;
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_region_rows(r, "block", v, l, 9, NULL, NULL));
  assert_true(isnan(row(r, "vbmd")->value));
  assert_non_null(strstr(row(r, "vbmd")->flags, "199 voxels, at least 200"));
  record_destroy(r);
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_region_rows(r, "block", v, l, 8, NULL, NULL));
  assert_true(isnan(row(r, "vbmd")->value));
  assert_int_equal(row(r, "vbmd")->n, 0);
  assert_non_null(strstr(row(r, "vbmd")->flags, "not in the label map"));
  drop(v, l, r);
}

/* A box of 20 x 20 x 10 voxels of 1 x 1 x 2 mm loses 2.9 mm on each side: the voxels whose centres
 * lie within, at 0.5, 1.5, 2.5 mm across and at 1 mm along. */
static void erosion_is_in_mm_not_in_voxels(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  const struct qct_region_options o = {.erode_mm = 2.9};
  make(&v, &l, 24, 1, 1, 2);
  for (int64_t k = 5; k < 15; k++)
    for (int64_t j = 2; j < 22; j++)
      for (int64_t i = 2; i < 22; i++) l->voxels[geometry_index(&l->grid, i, j, k)] = 9;
  assert_ok(qct_region_trim(l, 9, &o));
  assert_int_equal(labels_count(l, 9), 14 * 14 * 8);
  drop(v, l, NULL);
}

static void only_the_largest_part_is_kept(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  const struct qct_region_options o = {.keep_largest = true};
  make(&v, &l, 10, 1, 1, 1);
  for (int i = 0; i < 300; i++) l->voxels[i] = 9;
  for (int i = 500; i < 550; i++) l->voxels[i] = 9;
  assert_ok(qct_region_trim(l, 9, &o));
  assert_int_equal(labels_count(l, 9), 300);
  drop(v, l, NULL);
}

/* A bar of 60 x 12 x 12 mm that leans 30 degrees from cranial: a fifth and a tenth of its length
 * go, and what is left ends square to the bar, at -18 and +24 mm of -30..30. */
static void ends_are_cut_along_the_axis_of_a_leaning_bar(void **state) {
  (void)state;
  const double lean = 30 * 3.14159265358979 / 180;
  struct volume *v = NULL;
  struct labels *l = NULL;
  const struct qct_region_options o = {.clip_caudal = 20, .clip_cranial = 10};
  const struct vec3 axis = {sin(lean), 0, cos(lean)}, side = {cos(lean), 0, -sin(lean)};
  make(&v, &l, 70, 1, 1, 1);
  int64_t before = 0, wrong = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t at = 0; at < geometry_voxels(&l->grid); at++) {
      struct vec3 p = {(double)(at % 70) - 34.5, (double)(at / 70 % 70) - 34.5,
                       (double)(at / 4900) - 34.5};
      double z = vec3_dot(p, axis), x = vec3_dot(p, side);
      bool in = fabs(z) < 30 && fabs(x) < 6 && fabs(p.y) < 6;
      if (!pass) {
        l->voxels[at] = in ? 9 : 0;
        before += in;
      } else if (z < -19 || z > 25 || (in && z > -17 && z < 23)) {
        wrong += (l->voxels[at] == 9) != (in && z > -17 && z < 23);
      }
    }
    if (!pass) assert_ok(qct_region_trim(l, 9, &o));
  }
  assert_int_equal(wrong, 0);
  assert_near((double)labels_count(l, 9) / (double)before, 0.7, 0.02); /* half a voxel of 60 mm */
  drop(v, l, NULL);
}

static void options_outside_their_range_are_refused(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  struct record *r = NULL;
  const struct qct_region_options deep = {.erode_mm = 21},
                                  all = {.clip_caudal = 50, .clip_cranial = 41};
  make(&v, &l, 3, 1, 1, 1);
  assert_ok(record_create(&r, "c"));
  assert_fails(qct_region_rows(r, "block", v, l, 9, NULL, &deep), ST_DOMAIN, "21 mm");
  assert_fails(qct_region_rows(r, "block", v, l, 9, NULL, &all), ST_DOMAIN, "together 0 to 90");
  assert_int_equal(r->count, 0);
  drop(v, l, r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_block_of_two_densities_has_mean_median_and_mineral),
      cmocka_unit_test(voxels_of_unequal_edges_have_their_volume),
      cmocka_unit_test(percentiles_shares_and_the_border_are_those_of_a_ramp),
      cmocka_unit_test(what_is_missing_is_counted_withheld_or_empty),
      cmocka_unit_test(erosion_is_in_mm_not_in_voxels),
      cmocka_unit_test(only_the_largest_part_is_kept),
      cmocka_unit_test(ends_are_cut_along_the_axis_of_a_leaning_bar),
      cmocka_unit_test(options_outside_their_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
