// labels: method
// What every step of a case rests on: a scan in axial slices whose values can be HU.
#include "tests/folder.h" /* first */

#include "core/file.h"
#include "core/itk_image.h"
#include "study/case.h"
#include "study/step.h"

#include <sys/stat.h>

/* 6 x 5 x 4 voxels stored from left to right: index axes posterior, superior, left. */
static void write_sagittal(const char *name, float offset) {
  const double direction[9] = {0, 0, 1, 1, 0, 0, 0, 1, 0};
  struct geometry g = geometry_make(6, 5, 4, 1, 2, 3);
  struct volume *v = NULL;
  memcpy(g.direction, direction, sizeof direction);
  g.origin[0] = 7;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t n = 0; n < geometry_voxels(&g); n++) v->voxels[n] = (float)n * 20 - 1000 + offset;
  assert_ok(itk_image_write(v, in_folder(name), NULL, true));
  volume_destroy(v);
}

static void a_scan_in_sagittal_order_is_put_into_axial_slices(void **state) {
  (void)state;
  write_sagittal("sagittal.nii.gz", 0);
  char path[4096];
  snprintf(path, sizeof path, "%s", in_folder("sagittal.nii.gz"));
  const struct study_options o = {.ct = path};
  struct study_case c = {.options = &o};
  const struct volume *hu = NULL;
  assert_ok(case_hu(&hu, &c));
  assert_int_equal(hu->grid.nx, 4);
  assert_int_equal(hu->grid.ny, 6);
  assert_int_equal(hu->grid.nz, 5);
  /* what lay at index (2, 3, 1): 2 mm behind, 6 mm up, 3 mm left of the origin at x 7 */
  assert_near(volume_sample(hu, vec3_make(10, 2, 6)), (1 * 30 + 3 * 6 + 2) * 20 - 1000, 1e-3);
  case_free(&c);
}

static void values_that_cannot_be_hu_end_the_run(void **state) {
  (void)state;
  write_sagittal("raw.nii.gz", 1024);
  char path[4096];
  snprintf(path, sizeof path, "%s", in_folder("raw.nii.gz"));
  const struct study_options o = {.ct = path};
  struct study_case c = {.options = &o, .folder = "."};
  assert_string_equal(study_steps[0]->name, "read");
  assert_fails(study_steps[0]->run(&c, STEP_NO_SIDE), ST_DOMAIN,
               "values from 24 to 2404 are no HU");
  case_free(&c);
}

/* A run that is taken up reads its femora from the folder: all that later steps ask of them. */
static void femora_read_back_are_those_that_were_written(void **state) {
  (void)state;
  struct femur_result a = {0}, b = {0};
  char path[256];
  for (int s = 0; s < CASE_SIDES; s++) {
    struct femur *f = &a.sides[s];
    *f = (struct femur){.state = FEMUR_FOUND,
                        .side = case_sides[s],
                        .label = s ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT,
                        .frame_ok = s,
                        .label_mm3 = 1000 * (180 + s),
                        .metal_mm3 = 12,
                        .soft_share = 0.25,
                        .imported = s,
                        .head_truncated = !s,
                        .touches = s ? 0 : 1 << 5 | 1 << 1};
    f->frame = (struct hip_frame){.side = f->side, .head = {1, 2, 3}, .head_radius_mm = 24};
    f->frame.neck_axis = vec3_make(1, 0, 0);
    f->frame.shaft_axis = vec3_make(0, 0, 1);
    f->frame.truncated = !s;
    snprintf(f->frame.flags, sizeof f->frame.flags, "%s", s ? "" : "femur touches the edge");
  }
  snprintf(path, sizeof path, "%s", in_folder("femora.json"));
  assert_ok(femora_write(&a, path));
  assert_ok(femora_read(&b, path));
  for (int s = 0; s < CASE_SIDES; s++) {
    const struct femur *f = &a.sides[s], *g = &b.sides[s];
    assert_int_equal(g->state, f->state);
    assert_int_equal(g->side, f->side);
    assert_int_equal(g->label, f->label);
    assert_int_equal(g->frame_ok, f->frame_ok);
    assert_int_equal(g->imported, f->imported);
    assert_int_equal(g->head_truncated, f->head_truncated);
    assert_int_equal(g->touches, f->touches);
    assert_int_equal(g->frame.truncated, f->frame.truncated);
    assert_string_equal(g->frame.flags, f->frame.flags);
    assert_near(g->label_mm3, f->label_mm3, 1e-6);
    assert_near(g->metal_mm3, f->metal_mm3, 1e-9);
    assert_near(g->soft_share, f->soft_share, 0);
    assert_near(g->frame.head_radius_mm, f->frame.head_radius_mm, 0);
    assert_near(g->frame.head.z, f->frame.head.z, 0);
  }
}

static void what_the_edge_cuts_is_withheld_and_the_rest_flagged(void **state) {
  (void)state;
  static const char *const regions[] = {"head_right", "total_right", "total_no_head_right",
                                        "neck_right"};
  const struct femur f[] = {{.touches = 1}, {.touches = 1, .head_truncated = 1}, {0}};
  for (int k = 0; k < 3; k++) {
    struct record *r = NULL;
    assert_ok(record_create(&r, "a"));
    for (int i = 0; i < 4; i++) {
      struct measurement *m = record_add(r, regions[i], "vbmd_integral", 200, "mg/cm3");
      m->low = 190, m->high = 210;
    }
    case_judge_cuts(r, &f[k]);
    for (int i = 0; i < 4; i++) {
      const struct measurement *m = &r->rows[i];
      bool cut = k == 1 && i < 2;
      assert_int_equal(isnan(m->value), cut);
      assert_true(isnan(m->low) == cut && isnan(m->high) == cut);
      assert_string_equal(m->flags, cut      ? "part of the head is outside the scan"
                                    : k == 2 ? ""
                                             : "the femur meets the edge of the scan");
    }
    record_destroy(r);
  }
}

static const char *calibration_flags(const char *method, double kvp) {
  static struct measurement m;
  struct calibration k = {.warning_count = 0};
  m = (struct measurement){.value = 1};
  snprintf(k.method, sizeof k.method, "%s", method);
  case_flag_calibration(&m, &k, kvp);
  return m.flags;
}

static void a_density_tells_how_it_was_calibrated(void **state) {
  (void)state;
  assert_string_equal(calibration_flags("phantom-ols", 100), "");
  assert_string_equal(calibration_flags("async", 100), "phantom of another day");
  assert_string_equal(calibration_flags("tissues", 120), "phantomless");
  assert_string_equal(calibration_flags("tissues", (double)NAN), "phantomless");
  assert_string_equal(calibration_flags("tissues", 100), "phantomless; 100 kV");
}

/* Slices of 2.5 mm are thin, 3 mm are told; lengths and counts depend on none of it. */
static void thick_slices_are_told_beside_a_density(void **state) {
  (void)state;
  for (int thick = 0; thick < 2; thick++) {
    const struct geometry g = geometry_make(2, 2, 2, 1, 1, thick ? 3 : 2.5);
    const struct femur f = {.frame_ok = 1};
    struct study_case c = {.calibrated = true};
    struct record *r = NULL;
    snprintf(c.calibration.method, sizeof c.calibration.method, "phantom-ols");
    assert_ok(volume_create(&c.density, &g, QUANTITY_DENSITY));
    assert_ok(record_create(&r, "a"));
    record_add(r, "neck_right", "vbmd_integral", 200, "mg/cm3");
    record_add(r, "neck_right", "length", 40, "mm");
    record_withhold(r, "head_right", "vbmd_integral", "mg/cm3", "gone");
    assert_ok(case_flag_femur_rows(r, &c, &f));
    assert_string_equal(r->rows[0].flags, thick ? "slices of 3 mm" : "");
    assert_string_equal(r->rows[1].flags, "");
    assert_string_equal(r->rows[2].flags, "gone");
    record_destroy(r);
    case_free(&c);
  }
}

static void slices_are_called_thin_medium_or_thick(void **state) {
  (void)state;
  const struct {
    double distance_mm;
    const char *words;
  } cases[] = {{1.5, "Thin slices."},
               {1.6, "Slices of medium thickness."},
               {2.5, "Slices of medium thickness."},
               {2.6, "Thick slices."}};
  char scans[4096], parts[256];
  snprintf(scans, sizeof scans, "%s", in_folder("slices.nii.gz"));
  snprintf(parts, sizeof parts, "%s", in_folder("parts"));
  mkdir(parts, 0700);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const struct geometry g = geometry_make(4, 4, 4, 1, 1, cases[k].distance_mm);
    const struct study_options o = {.ct = scans};
    struct study_case c = {.options = &o, .folder = folder};
    struct volume *v = NULL;
    char *text = NULL;
    size_t size = 0;
    assert_ok(volume_create(&v, &g, QUANTITY_HU));
    for (int64_t n = 0; n < 64; n++) v->voxels[n] = (float)n * 20 - 1000;
    assert_ok(itk_image_write(v, scans, NULL, true));
    volume_destroy(v);
    assert_ok(study_steps[0]->run(&c, STEP_NO_SIDE));
    assert_ok(file_read(&text, &size, in_folder("parts/scan.json"), 1 << 20));
    assert_non_null(strstr(text, cases[k].words));
    free(text);
    case_free(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slices_are_called_thin_medium_or_thick),
      cmocka_unit_test(a_density_tells_how_it_was_calibrated),
      cmocka_unit_test(thick_slices_are_told_beside_a_density),
      cmocka_unit_test(what_the_edge_cuts_is_withheld_and_the_rest_flagged),
      cmocka_unit_test(a_scan_in_sagittal_order_is_put_into_axial_slices),
      cmocka_unit_test(values_that_cannot_be_hu_end_the_run),
      cmocka_unit_test(femora_read_back_are_those_that_were_written),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
