// labels: method
/* Heart fat of a painted box against its count: windows, slices, medians, the preset limit; the
 * bone it touches. */
#include "bodycomp/heart.h"
#include "tests/check.h"

struct box {
  struct volume *hu;
  struct labels *sac;
};

/* 40 x 40 x 12 voxels of 2 x 2 x 3 mm of water; the sac, 20 x 20 in slices 2 to 9, of `fat` HU. */
static struct box make_box(float fat, bool upside_down) {
  struct geometry g = geometry_make(40, 40, 12, 2, 2, 3);
  struct box b = {0};
  g.origin[2] = 100;
  if (upside_down) g.direction[8] = -1;
  assert_ok(volume_create(&b.hu, &g, QUANTITY_HU));
  assert_ok(labels_create(&b.sac, &g));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    int64_t i = v % 40, j = v / 40 % 40, k = v / 1600;
    bool inside = i >= 10 && i < 30 && j >= 10 && j < 30 && k >= 2 && k <= 9;
    b.hu->voxels[v] = inside ? fat : 0;
    b.sac->voxels[v] = inside ? HEART_SAC : 0;
  }
  return b;
}

static void box_free(struct box *b) {
  volume_destroy(b->hu);
  labels_destroy(b->sac);
}

static double row_of(const struct box *b, const char *quantity, const struct heart_fat_options *o) {
  struct record *r = NULL;
  assert_ok(record_create(&r, ""));
  assert_ok(heart_fat_record(r, b->hu, b->sac, HEART_SAC, 0, "test", o));
  const struct measurement *m = record_find(r, "heart", quantity);
  double value = m ? m->value : (double)NAN;
  record_destroy(r);
  return value;
}

static void the_sac_s_own_extent_and_one_slice_of_it_are_told(void **state) {
  (void)state;
  for (int down = 0; down < 2; down++) {
    struct box b = make_box(-80, down);
    struct heart_fat_options o = HEART_FAT_DEFAULTS;
    const double sign = down ? -1 : 1, ends[2] = {100 + sign * 6, 100 + sign * 27};
    assert_near(row_of(&b, "sac_first_z", &o), ends[down], 1e-9);
    assert_near(row_of(&b, "sac_last_z", &o), ends[!down], 1e-9);
    assert_near(row_of(&b, "fat_inside_sac", &o), 400 * 8 * 12 / 1000.0, 1e-9);
    assert_true(isnan(row_of(&b, "fat_inside_sac_slice_area", &o)));
    b.hu->voxels[geometry_index(&b.hu->grid, 15, 15, 4)] = 50; /* no fat in one pixel of slice 4 */
    o.slice_z_mm = 100 + sign * 12.4;
    assert_near(row_of(&b, "fat_inside_sac_slice_area", &o), 399 * 4 / 100.0, 1e-9);
    assert_near(row_of(&b, "fat_inside_sac_slice_volume", &o), 399 * 12 / 1000.0, 1e-9);
    struct record *r = NULL;
    assert_ok(record_create(&r, ""));
    o.slice_z_mm = 100;
    assert_fails(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "test", &o), ST_DOMAIN,
                 "no slice of the sac lies at z 100.0 mm");
    record_destroy(r);
    r = NULL;
    assert_ok(record_create(&r, ""));
    b.sac->voxels[820] = HEART_SAC; /* in the first slice */
    assert_ok(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "mask", NULL));
    assert_non_null(strstr(record_find(r, "heart", "fat_inside_sac")->flags, "a lower bound"));
    record_destroy(r);
    box_free(&b);
  }
}

static void
turned_windows_impossible_bodies_and_slices_that_are_not_axial_are_refused(void **state) {
  (void)state;
  struct box b = make_box(-100, false);
  struct record *r = NULL;
  struct heart_fat_options o = HEART_FAT_DEFAULTS;
  assert_ok(record_create(&r, ""));
  o.fat.low_hu = -30;
  o.fat.high_hu = -190;
  assert_fails(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "test", &o), ST_DOMAIN,
               "window -30..-190 HU");
  const struct {
    double height_m, weight_kg;
    const char *words;
  } bodies[] = {{0, 60, "a height of 0 m"}, {170, 60, "cm?"}, {1.7, 0, "a weight of 0 kg"}};
  for (size_t n = 0; n < sizeof bodies / sizeof *bodies; n++) {
    struct heart_fat_options of = HEART_FAT_DEFAULTS;
    of.height_m = bodies[n].height_m;
    of.weight_kg = bodies[n].weight_kg;
    assert_fails(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "test", &of), ST_DOMAIN,
                 bodies[n].words);
  }
  const double sagittal[9] = {0, 0, 1, 0, 1, 0, 1, 0, 0};
  memcpy(b.hu->grid.direction, sagittal, sizeof sagittal);
  b.sac->grid = b.hu->grid;
  assert_fails(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "test", NULL), ST_DOMAIN,
               "slices of this image are sagittal");
  record_destroy(r);
  box_free(&b);
}

static void windows_of_scans_without_gating_end_at_their_hu(void **state) {
  (void)state;
  const struct {
    float hu;
    bool counted[3];
  } cases[] = {{-190, {true, true, true}},  {-191, {false, false, false}},
               {-45, {true, true, true}},   {-44, {true, true, false}},
               {-40, {true, true, false}},  {-39, {true, false, false}},
               {-30, {true, false, false}}, {-29, {false, false, false}}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct box b = make_box(cases[c].hu, false);
    for (int w = 0; w < 3; w++) {
      struct heart_fat_options o = HEART_FAT_DEFAULTS;
      assert_non_null(heart_fat_window_names[w]);
      o.fat = heart_fat_windows[w];
      assert_near(row_of(&b, "fat_inside_sac", &o), cases[c].counted[w] ? 38.4 : 0, 1e-9);
    }
    box_free(&b);
  }
}

/* One voxel of water in fat is noise to the median; a corner, with 8 of 27 voxels of fat, is not.
 */
static void medians_of_27_voxels_leave_single_ones_out(void **state) {
  (void)state;
  struct box b = make_box(-80, false);
  struct heart_fat_options o = HEART_FAT_DEFAULTS;
  b.hu->voxels[geometry_index(&b.hu->grid, 20, 20, 5)] = 0;
  assert_near(row_of(&b, "fat_inside_sac", &o), 3199 * 0.012, 1e-9);
  o.median = 1;
  /* on an edge 12 of 27 are fat, at a corner 8: 4 x (18 + 18 + 6) + 8 of 3200 are lost */
  assert_near(row_of(&b, "fat_inside_sac", &o), (3200 - 4 * (18 + 18 + 6) - 8) * 0.012, 1e-9);
  for (int64_t v = 0; v < geometry_voxels(&b.hu->grid); v++)
    if (b.sac->voxels[v] == 0) b.hu->voxels[v] = NAN; /* no data has no say */
  assert_near(row_of(&b, "fat_inside_sac", &o), 3200 * 0.012, 1e-9);
  box_free(&b);
}

static void the_limit_is_asked_for_and_is_250_ml(void **state) {
  (void)state;
  struct box b = make_box(-80, false);
  struct heart_fat_options o = HEART_FAT_DEFAULTS;
  assert_true(isnan(row_of(&b, "fat_inside_sac_above_limit", &o)));
  o.limit = HEART_FAT_250;
  assert_string_equal(heart_fat_limit_names[o.limit], "pericardial-250");
  for (int above = 0; above < 2; above++) { /* 3200 voxels of 78.125 mm3 are 250 cm3 */
    double edge = cbrt(78.125) + (above ? 1e-6 : -1e-6);
    for (int a = 0; a < 3; a++) b.hu->grid.spacing[a] = b.sac->grid.spacing[a] = edge;
    assert_near(row_of(&b, "fat_inside_sac_above_limit", &o), above, 0);
  }
  box_free(&b);
}

/* A bone of 40 x 8 x 12 voxels (46 ml) before the sac, which touches it with a row of 20 pixels in
 * a slice; calcium of 5 x 2 x 2 across the sac's back, half outside; calcium inside. */
static void bone_that_touches_the_sac_is_taken_out_and_calcium_is_not(void **state) {
  (void)state;
  struct box b = make_box(-80, false);
  for (int64_t v = 0; v < geometry_voxels(&b.hu->grid); v++) {
    int64_t i = v % 40, j = v / 40 % 40, k = v / 1600;
    bool bone = j >= 2 && j < 10, touching = j == 10 && k == 5 && b.sac->voxels[v];
    bool across = i >= 15 && i < 20 && j >= 29 && j < 31 && (k == 4 || k == 5);
    bool inside = i == 20 && j == 20 && k == 5;
    if (bone || touching || across || inside) b.hu->voxels[v] = 130;
  }
  assert_ok(heart_drop_bone(b.sac, b.hu));
  assert_int_equal(labels_count(b.sac, HEART_SAC), 3200 - 20);
  assert_int_equal(b.sac->voxels[geometry_index(&b.sac->grid, 12, 10, 5)], 0);
  assert_int_equal(b.sac->voxels[geometry_index(&b.sac->grid, 16, 29, 4)], HEART_SAC);
  assert_int_equal(b.sac->voxels[geometry_index(&b.sac->grid, 20, 20, 5)], HEART_SAC);
  box_free(&b);
}

static void slices_of_more_than_5_mm_make_no_volume(void **state) {
  (void)state;
  struct box b = make_box(-80, false);
  struct record *r = NULL;
  assert_ok(record_create(&r, ""));
  b.hu->grid.spacing[2] = b.sac->grid.spacing[2] = 5;
  assert_ok(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "test", NULL));
  b.hu->grid.spacing[2] = b.sac->grid.spacing[2] = 5.1;
  assert_fails(heart_fat_record(r, b.hu, b.sac, HEART_SAC, 0, "test", NULL), ST_DOMAIN,
               "5.1 mm apart; a volume needs at most 5 mm");
  record_destroy(r);
  box_free(&b);
}

/* 1.6 m and 81 kg: sqrt(160 x 81 / 3600) = 1.897367 m2 */
static void fat_per_body_surface_is_by_mosteller(void **state) {
  (void)state;
  struct box b = make_box(-80, false);
  struct heart_fat_options o = HEART_FAT_DEFAULTS;
  assert_true(isnan(row_of(&b, "fat_inside_sac_per_bsa", &o)));
  o.height_m = 1.6;
  o.weight_kg = 81;
  assert_near(row_of(&b, "fat_inside_sac_per_bsa", &o), 400 * 8 * 12 / 1000.0 / 1.897367, 1e-4);
  box_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fat_per_body_surface_is_by_mosteller),
      cmocka_unit_test(slices_of_more_than_5_mm_make_no_volume),
      cmocka_unit_test(the_sac_s_own_extent_and_one_slice_of_it_are_told),
      cmocka_unit_test(turned_windows_impossible_bodies_and_slices_that_are_not_axial_are_refused),
      cmocka_unit_test(windows_of_scans_without_gating_end_at_their_hu),
      cmocka_unit_test(medians_of_27_voxels_leave_single_ones_out),
      cmocka_unit_test(the_limit_is_asked_for_and_is_250_ml),
      cmocka_unit_test(bone_that_touches_the_sac_is_taken_out_and_calcium_is_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
