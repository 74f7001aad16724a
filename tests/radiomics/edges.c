/* Regions at the edge of definition: flat, one voxel, in parts, on the border, empty, without data,
 * beyond 16 bits; and that the number of threads changes no bit. */
#include "tests/check.h"

#include "core/parallel.h"
#include "core/random.h"
#include "radiomics/extract.h"

struct scene {
  struct volume *image;
  struct labels *mask;
  struct rad_settings s;
  struct rad_case c;
};

/* Cube of n voxels of noise 0..99 with the middle n-2 as region. */
static void scene_make(struct scene *x, int64_t n) {
  struct geometry g = geometry_make(n, n, n, 1, 1, 1);
  memset(x, 0, sizeof *x);
  assert_ok(volume_create(&x->image, &g, QUANTITY_HU));
  assert_ok(labels_create(&x->mask, &g));
  for (int64_t i = 0; i < n * n * n; i++) {
    x->image->voxels[i] = (float)floor(100 * random_uniform(5, 0, (uint64_t)i));
    int64_t p[3] = {i % n, i / n % n, i / n / n};
    bool inside = true;
    for (int a = 0; a < 3; a++) inside = inside && p[a] > 0 && p[a] < n - 1;
    x->mask->voxels[i] = inside;
  }
  rad_settings_init(&x->s, RAD_IBSI);
  x->s.aggregations = RAD_ALL;
  x->s.bin_width = 10;
}

static void scene_free(struct scene *x) {
  volume_destroy(x->image);
  labels_destroy(x->mask);
  rad_case_free(&x->c);
}

static status scene_run(struct scene *x) {
  rad_case_free(&x->c);
  return rad_extract(&x->c, x->image, x->mask, NULL, 0, NULL, 0, &x->s);
}

static double value(const struct scene *x, enum rad_feature f, enum rad_aggregation a) {
  const struct rad_value *v = rad_values_find(&x->c.results[0].values, f, a);
  if (!v) fail_msg("%s is absent", rad_feature_info(f)->tag);
  return v->value;
}

/* Withheld values carry their reason; others are finite. */
static void assert_reasoned(const struct scene *x) {
  for (size_t n = 0; n < x->c.results[0].values.count; n++) {
    const struct rad_value *v = &x->c.results[0].values.items[n];
    if (isnan(v->value))
      assert_true(v->reason[0] != 0);
    else
      assert_true(isfinite(v->value) && !v->reason[0]);
  }
}

static void flat_region_has_its_limits(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 6);
  for (int i = 0; i < 216; i++) x.image->voxels[i] = 40;
  assert_ok(scene_run(&x));
  assert_reasoned(&x);
  assert_near(value(&x, RAD_stat_var, RAD_NOT_AGGREGATED), 0, 0);
  assert_near(value(&x, RAD_stat_skew, RAD_NOT_AGGREGATED), 0, 0);
  assert_near(value(&x, RAD_ih_entropy, RAD_NOT_AGGREGATED), 0, 0);
  assert_near(value(&x, RAD_cm_corr, RAD_3D_MERGED), 1, 0);
  assert_near(value(&x, RAD_cm_energy, RAD_3D_MERGED), 1, 0);
  assert_near(value(&x, RAD_cm_info_corr1, RAD_3D_MERGED), 0, 0);
  assert_near(value(&x, RAD_ngt_coarseness, RAD_3D_MERGED), 1e6, 0);
  assert_near(value(&x, RAD_ngt_contrast, RAD_3D_MERGED), 0, 0);
  assert_near(value(&x, RAD_szm_z_perc, RAD_3D_MERGED), 1.0 / 64, 1e-15);
  assert_true(isnan(value(&x, RAD_morph_moran_i, RAD_NOT_AGGREGATED)));
  scene_free(&x);
}

static void one_voxel_has_volume_and_no_pairs(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 5);
  memset(x.mask->voxels, 0, 125 * sizeof *x.mask->voxels);
  x.mask->voxels[62] = 1;
  assert_ok(scene_run(&x));
  assert_reasoned(&x);
  assert_near(value(&x, RAD_morph_vol_approx, RAD_NOT_AGGREGATED), 1, 0);
  assert_near(value(&x, RAD_morph_volume, RAD_NOT_AGGREGATED), 1.0 / 6, 1e-12); /* octahedron */
  assert_near(value(&x, RAD_morph_diam, RAD_NOT_AGGREGATED), 1, 1e-12);
  assert_true(isnan(value(&x, RAD_cm_contrast, RAD_3D_MERGED)));
  assert_true(isnan(value(&x, RAD_ngt_contrast, RAD_3D_MERGED)));
  assert_near(value(&x, RAD_rlm_r_perc, RAD_3D_MERGED), 1, 0);
  assert_true(strstr(x.c.results[0].flags, "fewer than 100 voxels") != NULL);
  scene_free(&x);
}

/* Two separate voxels: both count, and the diameter spans them. */
static void parts_are_all_kept(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 9);
  memset(x.mask->voxels, 0, 729 * sizeof *x.mask->voxels);
  x.mask->voxels[geometry_index(&x.mask->grid, 1, 4, 4)] = 1;
  x.mask->voxels[geometry_index(&x.mask->grid, 7, 4, 4)] = 1;
  assert_ok(scene_run(&x));
  assert_reasoned(&x);
  assert_near(value(&x, RAD_morph_volume, RAD_NOT_AGGREGATED), 2.0 / 6, 1e-12);
  assert_near(value(&x, RAD_morph_diam, RAD_NOT_AGGREGATED), 7, 1e-12);
  assert_near(value(&x, RAD_szm_z_perc, RAD_3D_MERGED), 1, 0);
  scene_free(&x);
}

/* The same cube in the middle and at the corner of the image: only the peaks may look beyond. */
static void border_of_the_image_changes_nothing_but_peaks(void **state) {
  (void)state;
  struct scene a, b;
  scene_make(&a, 8);
  scene_make(&b, 6);
  for (int64_t k = 0; k < 6; k++)
    for (int64_t j = 0; j < 6; j++)
      for (int64_t i = 0; i < 6; i++) {
        int64_t at = geometry_index(&b.mask->grid, i, j, k);
        b.mask->voxels[at] = 1;
        b.image->voxels[at] = a.image->voxels[geometry_index(&a.mask->grid, i + 1, j + 1, k + 1)];
      }
  assert_ok(scene_run(&a));
  assert_ok(scene_run(&b));
  assert_int_equal(a.c.results[0].values.count, b.c.results[0].values.count);
  for (size_t n = 0; n < a.c.results[0].values.count; n++) {
    const struct rad_value *v = &a.c.results[0].values.items[n];
    const struct rad_value *w = &b.c.results[0].values.items[n];
    if (rad_feature_info(v->feature)->family == RAD_LOCAL) continue;
    assert_true(v->feature == w->feature);
    if (!isnan(v->value)) assert_close(w->value, v->value, 1e-12);
  }
  scene_free(&a);
  scene_free(&b);
}

static void empty_masks_are_refused(void **state) {
  (void)state;
  struct scene x;
  const int seven = 7;
  scene_make(&x, 5);
  struct rad_case c = {0};
  assert_fails(rad_extract(&c, x.image, x.mask, &seven, 1, NULL, 0, &x.s), ST_DOMAIN,
               "no voxel of label 7");
  memset(x.mask->voxels, 0, 125 * sizeof *x.mask->voxels);
  assert_fails(scene_run(&x), ST_DOMAIN, "empty");
  scene_free(&x);
}

static void voxels_without_data_are_left_out_and_counted(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 8);
  x.image->voxels[geometry_index(&x.mask->grid, 3, 3, 3)] = NAN;
  x.image->voxels[geometry_index(&x.mask->grid, 4, 3, 3)] = NAN;
  assert_ok(scene_run(&x));
  assert_reasoned(&x);
  assert_int_equal(x.c.results[0].diagnostics.steps[RAD_STEP_ROI_RESEGMENTED].voxels, 214);
  assert_true(strstr(x.c.results[0].flags, "2 of 216 voxels left out") != NULL);
  for (int i = 0; i < 512; i++) x.image->voxels[i] = NAN;
  assert_fails(scene_run(&x), ST_DOMAIN, "no data");
  scene_free(&x);
}

/* Intensities beyond 32767 keep their value; more than 65535 levels are refused with the count. */
static void large_intensities_neither_wrap_nor_pass(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 6);
  for (int i = 0; i < 216; i++) x.image->voxels[i] = 40000.0f + (float)(100 * i);
  x.s.bin_width = 1000;
  assert_ok(scene_run(&x));
  assert_true(value(&x, RAD_stat_max, RAD_NOT_AGGREGATED) > 32767);
  assert_true(value(&x, RAD_ih_max, RAD_NOT_AGGREGATED) < 23);
  x.s.bin_width = 0.1;
  assert_fails(scene_run(&x), ST_DOMAIN, "above 65535; use a wider bin");
  scene_free(&x);
}

static void grids_that_differ_are_refused_with_numbers(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 5);
  x.mask->grid.origin[0] = 0.5;
  assert_fails(scene_run(&x), ST_DOMAIN, "0.5");
  scene_free(&x);
}

/* Two labels in one pass give what each gives alone. */
static void several_regions_in_one_pass(void **state) {
  (void)state;
  struct scene both, alone;
  const int two = 2;
  scene_make(&both, 8);
  scene_make(&alone, 8);
  for (int i = 0; i < 512; i++)
    if (both.mask->voxels[i] && i / 64 > 3) both.mask->voxels[i] = 2;
  assert_ok(labels_set_name(both.mask, 2, "upper"));
  assert_ok(scene_run(&both));
  assert_int_equal(both.c.count, 2);
  assert_string_equal(both.c.results[0].roi, "label_1");
  assert_string_equal(both.c.results[1].roi, "upper");
  memcpy(alone.mask->voxels, both.mask->voxels, 512 * sizeof *alone.mask->voxels);
  assert_ok(rad_extract(&alone.c, alone.image, alone.mask, &two, 1, NULL, 0, &alone.s));
  assert_int_equal(alone.c.results[0].values.count, both.c.results[1].values.count);
  for (size_t n = 0; n < alone.c.results[0].values.count; n++)
    assert_memory_equal(&alone.c.results[0].values.items[n].value,
                        &both.c.results[1].values.items[n].value, sizeof(double));
  scene_free(&both);
  scene_free(&alone);
}

static void threads_change_no_bit(void **state) {
  (void)state;
  struct scene one, two;
  scene_make(&one, 24);
  scene_make(&two, 24);
  parallel_set_threads(1);
  assert_ok(scene_run(&one));
  parallel_set_threads(2);
  assert_ok(scene_run(&two));
  parallel_set_threads(0);
  assert_int_equal(one.c.results[0].values.count, two.c.results[0].values.count);
  for (size_t n = 0; n < one.c.results[0].values.count; n++)
    assert_memory_equal(&one.c.results[0].values.items[n].value,
                        &two.c.results[0].values.items[n].value, sizeof(double));
  scene_free(&one);
  scene_free(&two);
}

/* Contrast of slice k over one offset, its pairs counted one by one; levels of 10 HU. */
static double contrast_of(const struct scene *x, int64_t k, int64_t dx, int64_t dy) {
  const struct geometry *g = &x->image->grid;
  double sum = 0, count = 0;
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      if (!geometry_inside(g, i + dx, j + dy, k)) continue;
      const int64_t a = geometry_index(g, i, j, k), b = geometry_index(g, i + dx, j + dy, k);
      if (!x->mask->voxels[a] || !x->mask->voxels[b]) continue;
      const double low = x->c.results[0].diagnostics.bin_low;
      const double step = floor(((double)x->image->voxels[a] - low) / 10) -
                          floor(((double)x->image->voxels[b] - low) / 10);
      sum += step * step;
      count++;
    }
  return sum / count;
}

/* Distances 1 to 4 have 40 directions in a slice; every one of them counts. */
static void every_direction_of_every_distance_counts(void **state) {
  (void)state;
  enum { N = 8, MOST = 4 };
  struct scene x;
  double mean = 0, directions = 0;
  scene_make(&x, N);
  x.s.families = 1u << RAD_GLCM;
  x.s.distance_count = MOST;
  for (int d = 0; d < MOST; d++) x.s.distances[d] = d + 1;
  assert_ok(scene_run(&x));
  for (int64_t k = 1; k < N - 1; k++)
    for (int64_t dy = 0; dy <= MOST; dy++)
      for (int64_t dx = dy ? -MOST : 1; dx <= MOST; dx++) {
        mean += contrast_of(&x, k, dx, dy) / (N - 2);
        directions += k == 1;
      }
  assert_near(directions, 40, 0);
  assert_near(value(&x, RAD_cm_contrast, RAD_2D_AVERAGED), mean / 40, 1e-12);
  for (int d = 0; d < MOST; d++) x.s.distances[d] = d + 4;
  assert_fails(scene_run(&x), ST_DOMAIN, "have 1516 directions, co-occurrence permits 832");
  scene_free(&x);
}

/* 5 x 3 pixels of 1 x 2 mm in one slice. The outline runs half a pixel beyond their centres and
 * cuts each corner by a triangle of half a pixel's sides. */
static void the_slice_of_a_rectangle_has_its_closed_forms(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 9);
  x.image->grid = x.mask->grid = geometry_make(9, 9, 9, 1, 2, 3);
  memset(x.mask->voxels, 0, 729 * sizeof *x.mask->voxels);
  for (int j = 3; j < 6; j++)
    for (int i = 2; i < 7; i++) x.mask->voxels[geometry_index(&x.mask->grid, i, j, 4)] = 1;
  x.s.families = 1u << RAD_FLAT;
  assert_ok(scene_run(&x));
  const double area = 5 * 3 * 2 - 4 * 0.5 * 0.5 * 1, perimeter = 2 * 4 + 2 * 4 + 4 * sqrt(1.25);
  const double round = 2 * sqrt(acos(-1) * area) / perimeter;
  const double major = 4 * sqrt(4 * (9 - 1) / 12.0), minor = 4 * sqrt((25 - 1) / 12.0);
  const double expected[] = {
      area,  30,        perimeter,           perimeter / area,
      round, 1 / round, sqrt(4 * 4 + 6 * 6), /* across both corners: sqrt(5^2 + 4^2) is less */
      major, minor,     minor / major};
  for (int f = 0; f < 10; f++)
    assert_near(value(&x, (enum rad_feature)(RAD_flat_area + f), RAD_NOT_AGGREGATED), expected[f],
                1e-12);
  scene_free(&x);
}

/* Bins of 5 from 10: middles 12.5, 17.5, 22.5; at or above them 8, 5 and 2 of 8 voxels. */
static void intensity_volume_histogram_of_wide_bins_stands_at_their_middles(void **state) {
  (void)state;
  static const float values[8] = {10, 11, 14, 15, 16, 19, 20, 24};
  struct scene x;
  scene_make(&x, 4);
  int m = 0;
  for (int i = 0; i < 64; i++)
    if (x.mask->voxels[i]) x.image->voxels[i] = values[m++];
  x.s.ivh = RAD_FBS;
  x.s.ivh_bin_width = 5;
  assert_ok(scene_run(&x));
  assert_near(value(&x, RAD_ivh_v10, RAD_NOT_AGGREGATED), 5 / 8.0, 0);
  assert_near(value(&x, RAD_ivh_v90, RAD_NOT_AGGREGATED), 2 / 8.0, 0);
  assert_near(value(&x, RAD_ivh_i90, RAD_NOT_AGGREGATED), 17.5, 0);
  assert_true(isnan(value(&x, RAD_ivh_i10, RAD_NOT_AGGREGATED)));
  assert_reasoned(&x);
  scene_free(&x);
}

/* A slab from 3 to 6 of 9 voxels along x, at points every 0.85 mm: 2.3 holds 0.3 of it, 3.15 to 5.7
 * all, 6.55 holds 0.45. */
static void half_of_a_voxel_of_mask_is_inside_and_less_is_not(void **state) {
  (void)state;
  struct scene x;
  scene_make(&x, 9);
  for (int i = 0; i < 729; i++) {
    int64_t p[3] = {i % 9, i / 9 % 9, i / 81};
    x.mask->voxels[i] = p[0] >= 3 && p[0] <= 6 && p[1] >= 2 && p[1] <= 6 && p[2] >= 2 && p[2] <= 6;
  }
  x.s.spacing_mm[0] = 0.85;
  x.s.spacing_mm[1] = x.s.spacing_mm[2] = 1;
  assert_ok(scene_run(&x));
  assert_near(value(&x, RAD_morph_vol_approx, RAD_NOT_AGGREGATED), 4 * 25 * 0.85, 1e-9);
  x.s.mask_threshold = 0.45;
  assert_ok(scene_run(&x));
  assert_near(value(&x, RAD_morph_vol_approx, RAD_NOT_AGGREGATED), 5 * 25 * 0.85, 1e-9);
  scene_free(&x);
}

static void the_mode_of_equals_is_the_level_nearest_the_mean(void **state) {
  (void)state;
  static const float values[2][8] = {{1, 1, 1, 3, 3, 3, 9, 9}, {1, 1, 1, 7, 7, 7, 2, 2}};
  static const double mode[2] = {3, 1}; /* means 3.75 and 3.5 */
  for (int k = 0; k < 2; k++) {
    struct scene x;
    int m = 0;
    scene_make(&x, 4);
    for (int i = 0; i < 64; i++)
      if (x.mask->voxels[i]) x.image->voxels[i] = values[k][m++];
    x.s.discretisation = RAD_AS_IS;
    assert_ok(scene_run(&x));
    assert_near(value(&x, RAD_ih_mode, RAD_NOT_AGGREGATED), mode[k], 0);
    scene_free(&x);
  }
}

static void fewer_than_100_voxels_are_told(void **state) {
  (void)state;
  for (int voxels = 99; voxels <= 100; voxels++) {
    struct scene x;
    int m = 0;
    scene_make(&x, 9);
    for (int i = 0; i < 729; i++)
      if (x.mask->voxels[i] && m++ >= voxels) x.mask->voxels[i] = 0;
    assert_ok(scene_run(&x));
    assert_int_equal(strstr(x.c.results[0].flags, "fewer than 100 voxels") != NULL, voxels < 100);
    scene_free(&x);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fewer_than_100_voxels_are_told),
      cmocka_unit_test(the_mode_of_equals_is_the_level_nearest_the_mean),
      cmocka_unit_test(half_of_a_voxel_of_mask_is_inside_and_less_is_not),
      cmocka_unit_test(intensity_volume_histogram_of_wide_bins_stands_at_their_middles),
      cmocka_unit_test(the_slice_of_a_rectangle_has_its_closed_forms),
      cmocka_unit_test(flat_region_has_its_limits),
      cmocka_unit_test(one_voxel_has_volume_and_no_pairs),
      cmocka_unit_test(parts_are_all_kept),
      cmocka_unit_test(border_of_the_image_changes_nothing_but_peaks),
      cmocka_unit_test(empty_masks_are_refused),
      cmocka_unit_test(voxels_without_data_are_left_out_and_counted),
      cmocka_unit_test(large_intensities_neither_wrap_nor_pass),
      cmocka_unit_test(grids_that_differ_are_refused_with_numbers),
      cmocka_unit_test(several_regions_in_one_pass),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(every_direction_of_every_distance_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
