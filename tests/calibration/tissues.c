// labels: method
/* Body and tissues of painted scans whose HU are known; the tissue line through them. */
#include "tests/check.h"

#include "calibration/calibrate.h"
#include "core/body.h"
#include "tests/calibration/scene.h"

static const struct phantom_entry nothing = {.rod_count = 0};

static struct volume *patient(const struct scene *s) {
  struct volume *v = scene_make(s, &nothing);
  assert_non_null(v);
  return v;
}

static struct scene person(void) {
  struct scene s = scene_defaults;
  s.noise_hu = 25;
  s.nz = 24;
  return s;
}

static bool warned(const struct calibration *c, const char *words) {
  for (int i = 0; i < c->warning_count; i++)
    if (strstr(c->warnings[i], words)) return true;
  return false;
}

static void body_is_found_without_the_table(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  struct labels *l = NULL;
  struct body_info info;
  assert_ok(body_find(&l, &info, v));
  double ellipse = 3.14159265 * 130 * 78 * s.nz * s.sz;
  double table = 280 * 6 * s.nz * s.sz;
  assert_close(info.body_mm3, ellipse, 0.02);
  assert_close(info.table_mm3, table, 0.25); /* 6 mm of pixels of 1.6 mm */
  assert_false(info.touches_side);
  assert_int_equal(info.axial, 2);
  labels_destroy(l);
  volume_destroy(v);
}

static void body_survives_reorientation_and_padding(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    int64_t x = i % v->grid.nx - v->grid.nx / 2;
    int64_t y = i / v->grid.nx % v->grid.ny - v->grid.ny / 2;
    if (x * x + y * y > 95 * 95) v->voxels[i] = NAN;
  }
  struct labels *l = NULL;
  struct body_info info;
  assert_ok(body_find(&l, &info, v));
  assert_close(info.body_mm3, 3.14159265 * 130 * 78 * s.nz * s.sz, 0.02);
  assert_true(info.no_data > 0);
  assert_false(info.touches_side || info.touches_front); /* the circle lies outside the body */
  labels_destroy(l);
  /* the same voxels as a sagittal-like stack: index axes renamed */
  static const double turned[9] = {0, 1, 0, 0, 0, 1, 1, 0, 0};
  memcpy(v->grid.direction, turned, sizeof turned);
  assert_ok(body_find(&l, &info, v));
  assert_int_equal(info.axial, 0);
  labels_destroy(l);
  volume_destroy(v);
}

static void a_body_cut_by_the_circle_is_not_whole(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  const double radius_mm = 120; /* of a body 130 mm wide to each side */
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    double x = s.sx * ((double)(i % v->grid.nx) - 0.5 * (s.nx - 1));
    double y = s.sx * ((double)(i / v->grid.nx % v->grid.ny) - 0.5 * (s.ny - 1));
    if (hypot(x, y) > radius_mm) v->voxels[i] = NAN;
  }
  struct labels *l = NULL;
  struct body_info info;
  assert_ok(body_find(&l, &info, v));
  assert_true(info.touches_side);
  labels_destroy(l);
  volume_destroy(v);
}

static void empty_scan_has_no_body(void **state) {
  (void)state;
  struct geometry g = geometry_make(40, 40, 10, 1, 1, 3);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = -1000;
  struct labels *l = NULL;
  assert_fails(body_find(&l, NULL, v), ST_DOMAIN, "nothing thicker");
  v->quantity = QUANTITY_DENSITY;
  assert_fails(body_find(&l, NULL, v), ST_DOMAIN, "not HU");
  volume_destroy(v);
}

static void tissues_read_what_was_painted(void **state) {
  (void)state;
  for (int noise = 10; noise <= 50; noise += 20) {
    struct scene s = person();
    s.noise_hu = noise;
    struct volume *v = patient(&s);
    struct calibration c;
    struct labels *where = NULL;
    struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
    assert_ok(cal_from_tissues(&c, &where, v, NULL, &o));
    static const double truth[] = {-1000, -98, 50};
    for (int i = 0; i < 3; i++) {
      assert_true(c.points[i].used);
      /* blur mixes the tissue edges; noise of the mode */
      assert_near(c.points[i].hu, truth[i], 0.8 + 3 * c.points[i].hu_se);
      assert_true(c.points[i].hu_se < 0.06 * noise + 0.3);
    }
    assert_true(labels_count(where, CAL_SAMPLE_AIR) == c.points[0].voxels);
    assert_near(c.slope, 0.79, 0.01);
    assert_int_equal(c.material, MATERIAL_UNSTATED);
    labels_destroy(where);
    volume_destroy(v);
  }
}

/* 15 HU beyond -980: kept with a warning when samples up to 15 HU outside may stay, or forced. */
static void air_beyond_what_is_expected_is_kept_as_far_as_permitted(void **state) {
  (void)state;
  struct scene s = person();
  const int raised[] = {12, 30, 45};
  for (int k = 0; k < 3; k++) {
    struct volume *v = patient(&s);
    struct calibration c;
    struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
    for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
      if (v->voxels[i] < -500) v->voxels[i] += (float)raised[k];
    if (k == 0)
      assert_ok(cal_from_tissues(&c, NULL, v, NULL, &o));
    else
      assert_fails(cal_from_tissues(&c, NULL, v, NULL, &o), ST_DOMAIN, "expected -1030 to -980");
    o.tissues.beyond_hu = 15;
    if (k < 2) {
      assert_ok(cal_from_tissues(&c, NULL, v, NULL, &o));
      assert_int_equal(warned(&c, "FORCED: air reads"), k == 1);
    } else {
      assert_fails(cal_from_tissues(&c, NULL, v, NULL, &o), ST_DOMAIN, "expected -1030 to -980");
    }
    o.tissues.force = true;
    assert_ok(cal_from_tissues(&c, NULL, v, NULL, &o));
    volume_destroy(v);
  }
}

static void drifted_air_is_seen_not_windowed_away(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    v->voxels[i] = v->voxels[i] < -500 ? v->voxels[i] + 12 : v->voxels[i];
  struct calibration c;
  assert_ok(cal_from_tissues(&c, NULL, v, NULL, NULL));
  assert_near(c.points[0].hu, -988, 1);
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    v->voxels[i] = v->voxels[i] < -500 ? v->voxels[i] + 20 : v->voxels[i];
  assert_fails(cal_from_tissues(&c, NULL, v, NULL, NULL), ST_DOMAIN, "expected -1030 to -980");
  volume_destroy(v);
}

static void air_clipped_at_minus_1000_keeps_its_mode(void **state) {
  (void)state;
  /* drift of +8 HU, everything below -1000 set to it, as scanners with a short HU range store it */
  for (int noise = 10; noise <= 30; noise += 10) {
    struct scene s = person();
    s.noise_hu = noise;
    struct volume *v = patient(&s);
    for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
      if (v->voxels[i] < -500) v->voxels[i] = fmaxf(-1000, v->voxels[i] + 8);
    struct calibration c;
    assert_ok(cal_from_tissues(&c, NULL, v, NULL, NULL));
    assert_near(c.points[0].hu, -992, 1.5);
    volume_destroy(v);
  }
}

/* A margin painted by who cut or padded the scan is of the value at which its air is clipped. */
static void a_painted_margin_moves_no_mode_of_air(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  const int64_t top = 24, side = 9; /* rows and columns: 62 % of the air far from body and edge */
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (v->voxels[i] < -500) v->voxels[i] = fmaxf(-1000, v->voxels[i] + 8);
  for (int64_t k = 0; k < s.nz; k++)
    for (int64_t j = 0; j < s.ny; j++)
      for (int64_t i = 0; i < s.nx; i++)
        if (j < top || i < side || i >= s.nx - side)
          v->voxels[geometry_index(&v->grid, i, j, k)] = -1000;
  struct calibration c;
  assert_ok(cal_from_tissues(&c, NULL, v, NULL, NULL));
  assert_near(c.points[0].hu, -992, 1.5);
  volume_destroy(v);
}

static void padding_painted_as_air_is_refused(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (v->voxels[i] < -500) v->voxels[i] = -1000;
  struct calibration c = {.slope = -7};
  assert_fails(cal_from_tissues(&c, NULL, v, NULL, NULL), ST_DOMAIN, "padding");
  assert_near(c.slope, -7, 0);
  volume_destroy(v);
}

static void scan_without_air_is_refused(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (v->voxels[i] < -500) v->voxels[i] = NAN;
  struct calibration c;
  assert_fails(cal_from_tissues(&c, NULL, v, NULL, NULL), ST_DOMAIN, "no air");
  volume_destroy(v);
}

/* A vessel of the given HU in the painted body. */
static struct labels *vessel(struct volume *v, double hu) {
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    int64_t x = i % v->grid.nx - v->grid.nx / 2;
    int64_t y = i / v->grid.nx % v->grid.ny - v->grid.ny / 2;
    if (x * x + (y + 30) * (y + 30) > 64) continue;
    l->voxels[i] = LABEL_AORTA;
    v->voxels[i] += (float)(hu - 50);
  }
  return l;
}

/* Adipose tissue of ICRU-44 loses 13 HU from 70 to 60 keV (NIST): -136 HU is fat at 80 kV only. */
static void fat_reads_lower_at_low_voltage(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  struct labels *body = NULL;
  struct calibration c;
  assert_ok(body_find(&body, NULL, v));
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (v->voxels[i] > -250 && v->voxels[i] < -20) v->voxels[i] -= 38;
  v->acquisition.kvp = 120;
  cal_init(&c);
  assert_fails(cal_sample_tissues(&c, NULL, v, body, NULL), ST_DOMAIN, "expected -130 to -70");
  v->acquisition.kvp = 80;
  cal_init(&c);
  assert_ok(cal_sample_tissues(&c, NULL, v, body, NULL));
  labels_destroy(body);
  volume_destroy(v);
}

static void blood_is_sampled_or_refused(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  struct labels *l = vessel(v, 42);
  struct calibration c;
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  o.tissues.blood = true;
  assert_fails(cal_from_tissues(&c, NULL, v, NULL, &o), ST_DOMAIN, "label map with the aorta");
  o.tissues.labels = l;
  o.method = CAL_MICHALSKI;
  assert_ok(cal_from_tissues(&c, NULL, v, NULL, &o));
  assert_near(c.points[3].hu, 42, 1.5);
  v->acquisition.contrast = CONTRAST_PRESENT;
  assert_fails(cal_from_tissues(&c, NULL, v, NULL, &o), ST_DOMAIN, "contrast agent");
  v->acquisition.contrast = CONTRAST_UNKNOWN;
  labels_destroy(l);
  o.tissues.labels = l = vessel(v, 190);
  assert_fails(cal_from_tissues(&c, NULL, v, NULL, &o), ST_DOMAIN, "the aorta reads");
  labels_destroy(l);
  o.tissues.force = true; /* a sample of 60 HU and more may be forced, contrast agent not */
  for (int hu = 64; hu <= 80; hu += 16) {
    volume_destroy(v);
    v = patient(&s);
    o.tissues.labels = l = vessel(v, hu);
    if (hu < 70)
      assert_ok(cal_from_tissues(&c, NULL, v, NULL, &o));
    else
      assert_fails(cal_from_tissues(&c, NULL, v, NULL, &o), ST_DOMAIN, "below 70 HU expected");
    labels_destroy(l);
  }
  volume_destroy(v);
}

static void material_is_assumed_only_when_asked_and_unstated(void **state) {
  (void)state;
  struct scene s = person();
  struct volume *v = patient(&s);
  struct calibration plain;
  struct calibration c;
  struct cal_internal_options o = CAL_INTERNAL_DEFAULTS;
  assert_ok(cal_from_tissues(&plain, NULL, v, NULL, &o));
  o.assume_material = MATERIAL_K2HPO4;
  assert_ok(cal_from_tissues(&c, NULL, v, NULL, &o));
  assert_int_equal(c.material, MATERIAL_K2HPO4);
  assert_non_null(strstr(c.warnings[c.warning_count - 1], "ASSUMED"));
  assert_string_not_equal(c.id, plain.id);
  assert_fails(cal_assume_material(&c, MATERIAL_HA), ST_USAGE, "states K2HPO4 already");
  volume_destroy(v);
}

static void application_needs_the_same_scanner_and_kvp(void **state) {
  (void)state;
  struct scene s = person();
  s.nz = 4;
  struct volume *v = patient(&s);
  snprintf(v->acquisition.manufacturer, sizeof v->acquisition.manufacturer, "Maker");
  snprintf(v->acquisition.model, sizeof v->acquisition.model, "One");
  snprintf(v->acquisition.serial, sizeof v->acquisition.serial, "1");
  struct calibration c;
  cal_init(&c);
  c.slope = 0.8;
  c.intercept = 3;
  c.material = MATERIAL_HA;
  calibration_scanner_key(c.scanner_key, &v->acquisition);
  struct volume *density = NULL;
  assert_ok(cal_apply(&density, &c, v, false));
  assert_int_equal(density->material, MATERIAL_HA);
  assert_near(density->voxels[100], 0.8 * v->voxels[100] + 3, 1e-3);
  volume_destroy(density);
  density = NULL;
  v->acquisition.kvp = 140;
  assert_fails(cal_apply(&density, &c, v, true), ST_DOMAIN, "120 kV, the scan at 140 kV");
  v->acquisition.kvp = 120;
  snprintf(v->acquisition.model, sizeof v->acquisition.model, "Two");
  assert_fails(cal_apply(&density, &c, v, false), ST_DOMAIN, "--override");
  assert_null(density);
  assert_ok(cal_apply(&density, &c, v, true));
  volume_destroy(density);
  volume_destroy(v);
}

static void conversion_is_named_and_reversible(void **state) {
  (void)state;
  struct calibration c;
  cal_init(&c);
  c.slope = 0.8;
  c.intercept = 4;
  c.material = MATERIAL_K2HPO4;
  snprintf(c.method, sizeof c.method, "phantom-water");
  double before = calibration_density(&c, 150);
  assert_ok(cal_convert(&c, MATERIAL_HA, CAL_FAULKNER1993));
  assert_near(calibration_density(&c, 150), 1.15 * before - 7.32, 1e-9);
  assert_int_equal(c.material, MATERIAL_HA);
  assert_fails(cal_convert(&c, MATERIAL_HA, CAL_FAULKNER1993), ST_DOMAIN, "the other of");
  assert_ok(cal_convert(&c, MATERIAL_K2HPO4, CAL_FAULKNER1993));
  assert_near(calibration_density(&c, 150), before, 1e-9);
  c.material = MATERIAL_UNSTATED;
  assert_fails(cal_convert(&c, MATERIAL_HA, CAL_GOODSITT_80), ST_DOMAIN, "unstated");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(body_is_found_without_the_table),
      cmocka_unit_test(body_survives_reorientation_and_padding),
      cmocka_unit_test(a_body_cut_by_the_circle_is_not_whole),
      cmocka_unit_test(empty_scan_has_no_body),
      cmocka_unit_test(tissues_read_what_was_painted),
      cmocka_unit_test(air_beyond_what_is_expected_is_kept_as_far_as_permitted),
      cmocka_unit_test(drifted_air_is_seen_not_windowed_away),
      cmocka_unit_test(air_clipped_at_minus_1000_keeps_its_mode),
      cmocka_unit_test(a_painted_margin_moves_no_mode_of_air),
      cmocka_unit_test(padding_painted_as_air_is_refused),
      cmocka_unit_test(scan_without_air_is_refused),
      cmocka_unit_test(fat_reads_lower_at_low_voltage),
      cmocka_unit_test(blood_is_sampled_or_refused),
      cmocka_unit_test(material_is_assumed_only_when_asked_and_unstated),
      cmocka_unit_test(application_needs_the_same_scanner_and_kvp),
      cmocka_unit_test(conversion_is_named_and_reversible),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
