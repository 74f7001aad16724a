/* Feature maps: the sliding matrices against features of each box cut out by itself, which the
 * reference values of the digital phantom prove (tests/radiomics/reference.c). */
#include "tests/check.h"

#include "core/parallel.h"
#include "core/random.h"
#include "radiomics/families.h"
#include "radiomics/map.h"

enum { N = 9 };

struct scene {
  struct volume *image;
  struct labels *mask;
  struct rad_stage *stage;
  struct rad_roi *roi;
  struct rad_settings s;
};

static void scene_make(struct scene *x, enum rad_aggregation a) {
  struct geometry g = geometry_make(N, N, N, 1, 1, 1);
  assert_ok(volume_create(&x->image, &g, QUANTITY_OTHER));
  assert_ok(labels_create(&x->mask, &g));
  for (uint64_t i = 0; i < N * N * N; i++) {
    x->image->voxels[i] = (float)(1 + random_below(2, 0, i, 6));
    x->mask->voxels[i] = random_uniform(2, 1, i) < 0.8;
  }
  rad_settings_init(&x->s, RAD_IBSI);
  x->s.discretisation = RAD_AS_IS;
  x->s.aggregations = 1u << a;
  assert_ok(rad_stage_create(&x->stage, x->image, &x->s, NULL));
  assert_ok(rad_roi_create(&x->roi, x->stage, x->mask, 1, NULL, &x->s, NULL));
  assert_ok(rad_discretise(x->roi, &x->s));
}

static void scene_free(struct scene *x) {
  rad_roi_destroy(x->roi);
  rad_stage_destroy(x->stage);
  labels_destroy(x->mask);
  volume_destroy(x->image);
}

/* The box around (i, j, k), analysed alone. */
static double box_value(const struct scene *x, int64_t i, int64_t j, int64_t k, int radius,
                        enum rad_feature f, enum rad_aggregation a) {
  double image[125];
  unsigned char mask[125];
  int64_t n[3], c = 0;
  const double spacing[3] = {1, 1, 1};
  int64_t p[3] = {i, j, k}, lo[3], hi[3];
  struct rad_roi *small = NULL;
  struct rad_values v = {0};
  for (int d = 0; d < 3; d++) {
    lo[d] = p[d] - radius < 0 ? 0 : p[d] - radius;
    hi[d] = p[d] + radius > N - 1 ? N - 1 : p[d] + radius;
    n[d] = hi[d] - lo[d] + 1;
  }
  for (int64_t z = lo[2]; z <= hi[2]; z++)
    for (int64_t y = lo[1]; y <= hi[1]; y++)
      for (int64_t q = lo[0]; q <= hi[0]; q++, c++) {
        int64_t at = geometry_index(&x->image->grid, q, y, z);
        image[c] = x->image->voxels[at];
        mask[c] = x->mask->voxels[at] == 1;
      }
  assert_ok(rad_roi_from_arrays(&small, n, spacing, image, mask, &x->s));
  assert_ok(rad_discretise(small, &x->s));
  assert_ok(rad_glcm(&v, small, &x->s));
  double value = rad_values_find(&v, f, a)->value;
  rad_values_free(&v);
  rad_roi_destroy(small);
  return value;
}

static void compare(enum rad_aggregation a, int radius) {
  const enum rad_feature features[] = {RAD_cm_contrast, RAD_cm_joint_entr, RAD_cm_corr};
  struct volume *maps[3];
  struct scene x;
  scene_make(&x, a);
  assert_ok(rad_map(maps, x.stage, x.roi, features, 3, radius, -1, &x.s));
  for (int64_t at = 0; at < N * N * N; at++) {
    if (!x.mask->voxels[at]) {
      assert_near(maps[0]->voxels[at], -1, 0);
      continue;
    }
    for (int f = 0; f < 3; f++) {
      double want = box_value(&x, at % N, at / N % N, at / N / N, radius, features[f], a);
      if (isnan(want))
        assert_true(isnan(maps[f]->voxels[at]));
      else
        assert_near(maps[f]->voxels[at], want, 1e-5 * (1 + fabs(want)));
    }
  }
  for (int f = 0; f < 3; f++) volume_destroy(maps[f]);
  scene_free(&x);
}

static void sliding_equals_each_box_alone(void **state) {
  (void)state;
  compare(RAD_3D_MERGED, 1);
  compare(RAD_3D_MERGED, 2);
}

static void averaged_directions_slide_too(void **state) {
  (void)state;
  compare(RAD_3D_AVERAGED, 1);
}

static void other_families_and_threads_agree(void **state) {
  (void)state;
  const enum rad_feature features[] = {RAD_stat_mean, RAD_cm_contrast, RAD_ngl_lde};
  struct volume *one[3], *two[3];
  struct scene x;
  scene_make(&x, RAD_3D_MERGED);
  parallel_set_threads(1);
  assert_ok(rad_map(one, x.stage, x.roi, features, 3, 1, NAN, &x.s));
  parallel_set_threads(2);
  assert_ok(rad_map(two, x.stage, x.roi, features, 3, 1, NAN, &x.s));
  parallel_set_threads(0);
  double sum = 0;
  int voxels = 0;
  for (int64_t at = 0; at < N * N * N; at++) { /* mean of the box by hand */
    if (at != geometry_index(&x.image->grid, 4, 4, 4)) continue;
    for (int d = 0; d < 27; d++) {
      int64_t q = geometry_index(&x.image->grid, 3 + d % 3, 3 + d / 3 % 3, 3 + d / 9);
      if (!x.mask->voxels[q]) continue;
      sum += x.image->voxels[q];
      voxels++;
    }
    if (x.mask->voxels[at]) assert_near(one[0]->voxels[at], sum / voxels, 1e-6);
  }
  for (int f = 0; f < 3; f++) {
    assert_memory_equal(one[f]->voxels, two[f]->voxels, N * N * N * sizeof(float));
    volume_destroy(one[f]);
    volume_destroy(two[f]);
  }
  scene_free(&x);
}

static void features_of_whole_regions_are_refused(void **state) {
  (void)state;
  const enum rad_feature shape = RAD_morph_volume;
  const enum rad_feature pair = RAD_cm_contrast;
  struct volume *map = NULL;
  struct scene x;
  scene_make(&x, RAD_3D_MERGED);
  assert_fails(rad_map(&map, x.stage, x.roi, &shape, 1, 1, 0, &x.s), ST_USAGE, "whole region");
  assert_fails(rad_map(&map, x.stage, x.roi, &pair, 1, 11, 0, &x.s), ST_USAGE, "1..10");
  scene_free(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sliding_equals_each_box_alone),
      cmocka_unit_test(averaged_directions_slide_too),
      cmocka_unit_test(other_families_and_threads_agree),
      cmocka_unit_test(features_of_whole_regions_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
