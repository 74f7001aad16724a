// What a scan permits: each rule provoked by the fact it is about.
#include "core/scan_info.h"
#include "tests/check.h"

/* A scan without fault: 120 kV, no contrast, 1 mm slices over 150 mm, air around tissue. */
static struct volume *good_scan(void) {
  struct geometry g = geometry_make(40, 40, 150, 0.7, 0.7, 1);
  struct volume *v;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t n = 0; n < geometry_voxels(&g); n++) {
    int64_t i = n % 40, j = n / 40 % 40;
    v->voxels[n] = i > 5 && i < 34 && j > 5 && j < 34 ? (float)(n % 400) : -1000;
  }
  snprintf(v->acquisition.modality, sizeof v->acquisition.modality, "CT");
  snprintf(v->acquisition.kernel, sizeof v->acquisition.kernel, "B40f");
  v->acquisition.kvp = 120;
  v->acquisition.contrast = CONTRAST_NONE;
  v->acquisition.slice_thickness_mm = 1;
  v->acquisition.gantry_tilt_deg = 0;
  return v;
}

static void expect(const struct scan_info *s, enum scan_analysis a, enum scan_permission p,
                   const char *words) {
  const struct scan_verdict *v = &s->verdicts[a];
  if (v->permission != p || !strstr(v->reason, words))
    fail_msg("%s: %s (%s), expected %s (%s)", scan_analysis_name(a),
             scan_permission_name(v->permission), v->reason, scan_permission_name(p), words);
}

static void a_faultless_scan_permits_all_but_thick_slice_scores(void **state) {
  (void)state;
  struct volume *v = good_scan();
  struct scan_info s;
  scan_info_of_volume(&s, v);
  for (int a = 0; a < ANALYSIS_COUNT; a++)
    if (a != ANALYSIS_CALCIUM) expect(&s, (enum scan_analysis)a, SCAN_PERMITTED, "");
  expect(&s, ANALYSIS_CALCIUM, SCAN_WITH_CAUTION, "defined for 3 mm");
  assert_int_equal(s.remark_count, 0);
  assert_near(s.length_mm, 150, 1e-9);
  volume_destroy(v);
}

static void voltage_contrast_and_kernel_are_judged(void **state) {
  (void)state;
  struct volume *v = good_scan();
  struct scan_info s;
  v->acquisition.kvp = 140;
  v->acquisition.contrast = CONTRAST_PRESENT;
  snprintf(v->acquisition.kernel, sizeof v->acquisition.kernel, "BONEPLUS");
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION, "140 kV");
  expect(&s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION, "classification is withheld");
  expect(&s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION, "sharp kernel BONEPLUS");
  expect(&s, ANALYSIS_CALCIUM, SCAN_WITHHELD, "the score needs 120 kV");
  v->acquisition.kvp = NAN;
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_CALCIUM, SCAN_WITHHELD, "tube voltage not stated");
  volume_destroy(v);
}

static void resolution_withholds_what_it_cannot_carry(void **state) {
  (void)state;
  struct volume *v = good_scan();
  struct scan_info s;
  v->grid.spacing[2] = 3.27;
  v->acquisition.slice_thickness_mm = 3.27;
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_HIP_STRUCTURE, SCAN_WITH_CAUTION, "meant for 3 mm or less");
  expect(&s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION, "3.27 mm");
  expect(&s, ANALYSIS_HIP_DENSITY, SCAN_PERMITTED, "");
  v->grid.spacing[2] = 6;
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_HIP_STRUCTURE, SCAN_WITHHELD, "at most 5 mm");
  expect(&s, ANALYSIS_HIP_DENSITY, SCAN_WITHHELD, "up to 5 mm");
  expect(&s, ANALYSIS_HIP_STRENGTH, SCAN_WITHHELD, "up to 5 mm");
  /* sagittal storage: the slice step is found along the body, whatever the index axis */
  struct geometry sagittal = v->grid;
  const double d[9] = {0, 0, 1, 1, 0, 0, 0, 1, 0};
  memcpy(sagittal.direction, d, sizeof d);
  v->grid = sagittal;
  scan_info_of_volume(&s, v);
  assert_near(s.slice_step_mm, 0.7, 1e-12);
  volume_destroy(v);
}

static void coverage_is_judged_by_length_and_border(void **state) {
  (void)state;
  struct volume *v = good_scan();
  struct scan_info s;
  v->grid.nz = 50;
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_HIP_STRENGTH, SCAN_WITHHELD, "50 mm along the body");
  expect(&s, ANALYSIS_SPINE_DENSITY, SCAN_PERMITTED, "");
  v->grid.nz = 100;
  for (int64_t k = 0; k < 100; k++)
    for (int64_t j = 0; j < 40; j++) v->voxels[geometry_index(&v->grid, 39, j, k)] = 20;
  scan_info_of_volume(&s, v);
  assert_near(s.cut_sides, 40.0 / 156, 1e-12); /* one of four sides of a 40 x 40 border */
  expect(&s, ANALYSIS_BODY_COMPOSITION, SCAN_WITH_CAUTION, "lower bounds");
  expect(&s, ANALYSIS_HIP_STRENGTH, SCAN_WITH_CAUTION, "about 120 mm");
  volume_destroy(v);
}

static void what_is_no_ct_in_hu_permits_nothing(void **state) {
  (void)state;
  struct volume *v = good_scan();
  struct scan_info s;
  v->quantity = QUANTITY_DENSITY;
  scan_info_of_volume(&s, v);
  for (int a = 0; a < ANALYSIS_COUNT; a++)
    expect(&s, (enum scan_analysis)a, SCAN_WITHHELD, "not in HU");
  v->quantity = QUANTITY_UNKNOWN;
  for (int64_t n = 0; n < geometry_voxels(&v->grid); n++) v->voxels[n] = (float)(n % 256);
  scan_info_of_volume(&s, v);
  for (int a = 0; a < ANALYSIS_COUNT; a++)
    expect(&s, (enum scan_analysis)a, SCAN_WITHHELD, "do not look like HU");
  for (int64_t n = 0; n < geometry_voxels(&v->grid); n++) v->voxels[n] = NAN;
  scan_info_of_volume(&s, v);
  assert_near(s.no_data, 1, 0);
  expect(&s, ANALYSIS_RADIOMICS, SCAN_WITHHELD, "no voxel holds data");
  volume_destroy(v);
}

static void lossy_tilt_and_body_part_are_told(void **state) {
  (void)state;
  struct volume *v = good_scan();
  struct scan_info s;
  v->acquisition.lossy = 1;
  snprintf(v->acquisition.body_part, sizeof v->acquisition.body_part, "HIP");
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_RADIOMICS, SCAN_WITHHELD, "lossy");
  expect(&s, ANALYSIS_CALCIUM, SCAN_WITH_CAUTION, "body part HIP");
  expect(&s, ANALYSIS_SPINE_DENSITY, SCAN_WITH_CAUTION, "body part HIP");
  v->acquisition.lossy = 0;
  v->acquisition.gantry_tilt_deg = 12;
  scan_info_of_volume(&s, v);
  expect(&s, ANALYSIS_RADIOMICS, SCAN_WITH_CAUTION, "gantry tilt");
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_faultless_scan_permits_all_but_thick_slice_scores),
      cmocka_unit_test(voltage_contrast_and_kernel_are_judged),
      cmocka_unit_test(resolution_withholds_what_it_cannot_carry),
      cmocka_unit_test(coverage_is_judged_by_length_and_border),
      cmocka_unit_test(what_is_no_ct_in_hu_permits_nothing),
      cmocka_unit_test(lossy_tilt_and_body_part_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
