// labels: method
/* What the size of a body does to an asynchronous calibration: the bounds of beam hardening, and
 * the effect learned from people. */
#include "tests/check.h"

#include "calibration/hardening.h"
#include "calibration/history.h"
#include "calibration/learn.h"
#include "calibration/learned_line.h"
#include "core/attenuation.h"
#include "core/random.h"

static const char key[] = "Maker|One|1|120|SOFT";

static bool warned(const struct calibration *c, const char *words) {
  for (int i = 0; i < c->warning_count; i++)
    if (strstr(c->warnings[i], words)) return true;
  return false;
}

static void mineral_reads_less_behind_more_water(void **state) {
  (void)state;
  static const double kvp[] = {80, 100, 120, 140};
  for (int i = 0; i < 4; i++) {
    /* what is averaged lies between the ends of the spectrum */
    double low = attenuation_ratio(ATTENUATION_CHA, kvp[i]) - 1 / 3.156;
    double high = attenuation_ratio(ATTENUATION_CHA, 30) - 1 / 3.156;
    double before = high;
    for (double mm = 100; mm <= 500; mm += 50) {
      double contrast = cal_mineral_contrast(MATERIAL_HA, kvp[i], mm);
      assert_true(contrast > low && contrast < before);
      before = contrast;
    }
  }
  assert_true(isnan(cal_mineral_contrast(MATERIAL_UNSTATED, 120, 200)));
  assert_true(isnan(cal_mineral_contrast(MATERIAL_HA, NAN, 200)));
}

/* The beams of the whole-scan study (Kramers behind 8 mm of aluminium, effective energies of
 * benchmarks/calibration_coverage.c at 200 and 320 mm of water) harden less than the bare tube. */
static void filtered_beams_harden_less_than_the_bound(void **state) {
  (void)state;
  static const struct {
    double kvp, kev, half_kev;
  } beam[] = {{80, 51, 1.6}, {100, 60, 2.1}, {120, 68, 2.7}, {140, 76, 3.2}};
  for (int i = 0; i < 4; i++) {
    double bound = cal_mineral_contrast(MATERIAL_K2HPO4, beam[i].kvp, 320) /
                   cal_mineral_contrast(MATERIAL_K2HPO4, beam[i].kvp, 200);
    double stout = attenuation_ratio(ATTENUATION_K2HPO4, beam[i].kev + beam[i].half_kev) - 0.2174;
    double thin = attenuation_ratio(ATTENUATION_K2HPO4, beam[i].kev - beam[i].half_kev) - 0.2174;
    assert_true(bound < stout / thin && stout / thin < 1);
  }
}

/* Phantom scans of 280 mm, all alike. */
static struct cal_history history(struct cal_scan *scans, int n, double diameter_mm) {
  for (int i = 0; i < n; i++) {
    static const double rho[] = {0, 50, 100, 150, 200};
    struct calibration c;
    cal_init(&c);
    for (int r = 0; r < 5; r++) {
      struct calibration_point *p = cal_add_point(&c, "rod");
      p->density = rho[r];
      p->hu = rho[r] / 0.78 + 0.1 * random_normal(3, (uint64_t)r, (uint64_t)i);
    }
    c.material = MATERIAL_HA;
    c.diameter_mm = diameter_mm;
    snprintf(c.scanner_key, sizeof c.scanner_key, "%s", key);
    assert_ok(cal_fit_points(&c, NULL));
    assert_ok(calibration_seal(&c));
    scans[i] = (struct cal_scan){7 * i, c};
  }
  return (struct cal_history){scans, (size_t)n};
}

enum { SCANS = 12 };

static void any_share_of_the_hardening_is_within_the_interval(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  for (o.diameter_mm = 200; o.diameter_mm <= 400; o.diameter_mm += 40)
    for (double share = 0; share <= 1; share += 0.25) {
      struct calibration c;
      assert_ok(cal_async(&c, &h, key, 40, &o));
      double harder = pow(cal_mineral_contrast(MATERIAL_HA, 120, o.diameter_mm) /
                              cal_mineral_contrast(MATERIAL_HA, 120, 280),
                          share);
      double hu = 100 / 0.78 * harder;
      assert_true(fabs(calibration_density(&c, hu) - 100) < calibration_half_width(&c, hu));
    }
}

static void phantom_and_body_of_one_size_are_left_alone(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct calibration c;
  o.diameter_mm = 280;
  assert_ok(cal_async(&c, &h, key, 35, &o));
  assert_near(c.slope, scans[5].calibration.slope, 1e-12);
  assert_near(c.intercept, scans[5].calibration.intercept, 1e-12);
  assert_int_equal(c.warning_count, 0);
  /* what no scan of a phantom shows, wang2017: 0.91 % of the slope; the scans scatter by less */
  const double added = c.covariance[4] - scans[5].calibration.covariance[4];
  assert_close(added, pow(0.0091 * c.slope, 2), 0.05);
}

static void an_unknown_size_is_told_and_wide(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct calibration known;
  struct calibration cut;
  o.diameter_mm = 280;
  assert_ok(cal_async(&known, &h, key, 35, &o));
  o.diameter_mm = NAN;
  assert_ok(cal_async(&cut, &h, key, 35, &o));
  assert_true(warned(&cut, "cut by the field of view"));
  assert_near(cut.slope, known.slope, 1e-12);
  assert_true(calibration_half_width(&cut, 200) > 5 * calibration_half_width(&known, 200));
  h = history(scans, SCANS, NAN);
  o.diameter_mm = 280;
  assert_ok(cal_async(&cut, &h, key, 35, &o));
  assert_true(warned(&cut, "size of the phantom scan is not known"));
}

/* ---- people ---- */

enum { PEOPLE = 20 };

/* People whose slope rises by 0.0005 a mm and scatters by `sd`. */
static struct cal_tissue_table people(double sd) {
  static struct calibration rods[PEOPLE], tissues[PEOPLE];
  struct cal_tissue_table t;
  for (int i = 0; i < PEOPLE; i++) {
    double off = 30 * random_normal(8, 0, (uint64_t)i);
    cal_init(&rods[i]);
    cal_init(&tissues[i]);
    rods[i].slope = 0.78 + 0.0005 * off + sd * random_normal(8, 1, (uint64_t)i);
    rods[i].intercept = 2 - 0.01 * off;
    rods[i].material = MATERIAL_HA;
    snprintf(rods[i].scanner_key, sizeof rods[i].scanner_key, "%s", key);
    tissues[i].diameter_mm = 280 + off;
    cal_add_point(&tissues[i], "air")->hu = -1000;
    cal_add_point(&tissues[i], "muscle")->hu = 50;
  }
  assert_ok(cal_learn(&t, rods, tissues, PEOPLE));
  return t;
}

static void people_on_a_line_give_it_to_the_phantom(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct cal_tissue_table t = people(0);
  struct calibration c;
  o.people = &t;
  o.diameter_mm = 330;
  assert_ok(cal_async(&c, &h, key, 35, &o));
  assert_near(c.slope, scans[5].calibration.slope + 0.0005 * 50, 1e-9);
  assert_near(c.intercept, scans[5].calibration.intercept - 0.01 * 50, 1e-7);
}

static void scatter_of_people_is_in_the_interval(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct calibration c;
  struct cal_tissue_table t = people(0.01);
  o.people = &t;
  o.diameter_mm = 280;
  assert_ok(cal_async(&c, &h, key, 35, &o));
  /* 0.01 mg/cm3 per HU at 200 HU: 2 mg/cm3, drawn from 20 people (SD of an SD: 16 %) */
  assert_close(calibration_density_sd(&c, 200), 2.0, 0.35);
  double near = calibration_half_width(&c, 200);
  o.diameter_mm = 440;
  assert_ok(cal_async(&c, &h, key, 35, &o));
  assert_true(calibration_half_width(&c, 200) > 1.3 * near);
  assert_true(warned(&c, "beyond the people"));
  o.diameter_mm = NAN;
  assert_ok(cal_async(&c, &h, key, 35, &o));
  assert_true(warned(&c, "its size is not known"));
  assert_true(calibration_half_width(&c, 200) > 1.3 * near); /* 30 mm SD: 0.015 mg/cm3 per HU */
}

static void people_of_another_scanner_are_refused(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  struct calibration c;
  struct cal_tissue_table t = people(0);
  o.people = &t;
  o.diameter_mm = 280;
  snprintf(t.scanner_key, sizeof t.scanner_key, "Maker|One|1|100|SOFT");
  assert_fails(cal_async(&c, &h, key, 35, &o), ST_DOMAIN, "scanner and kVp must be the same");
  t = people(0);
  t.material = MATERIAL_K2HPO4;
  assert_fails(cal_async(&c, &h, key, 35, &o), ST_DOMAIN, "the phantom of HA");
  t = people(0);
  t.people = 7;
  assert_fails(cal_async(&c, &h, key, 35, &o), ST_DOMAIN, "at least 8");
  t = people(0);
  h = history(scans, SCANS, NAN);
  assert_fails(cal_async(&c, &h, key, 35, &o), ST_DOMAIN, "add it to the store again");
}

static void a_correction_of_more_than_a_percent_is_told(void **state) {
  (void)state;
  static struct cal_scan scans[SCANS];
  struct cal_history h = history(scans, SCANS, 280);
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  bool told = false, kept = false;
  for (o.diameter_mm = 240; o.diameter_mm <= 320; o.diameter_mm += 2) {
    struct calibration c;
    double whole = log(cal_mineral_contrast(MATERIAL_HA, 120, 280) /
                       cal_mineral_contrast(MATERIAL_HA, 120, o.diameter_mm));
    assert_ok(cal_async(&c, &h, key, 35, &o));
    assert_int_equal(warned(&c, "changed by"), fabs(whole) > 0.01);
    told = told || fabs(whole) > 0.01;
    kept = kept || fabs(whole) <= 0.01;
  }
  assert_true(told && kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_correction_of_more_than_a_percent_is_told),
      cmocka_unit_test(mineral_reads_less_behind_more_water),
      cmocka_unit_test(filtered_beams_harden_less_than_the_bound),
      cmocka_unit_test(any_share_of_the_hardening_is_within_the_interval),
      cmocka_unit_test(phantom_and_body_of_one_size_are_left_alone),
      cmocka_unit_test(an_unknown_size_is_told_and_wide),
      cmocka_unit_test(people_on_a_line_give_it_to_the_phantom),
      cmocka_unit_test(scatter_of_people_is_in_the_interval),
      cmocka_unit_test(people_of_another_scanner_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
