// labels: method
/* The two regressions against the tests of Bonelab Ogo (archive/tests-OLD/calibration) and numbers
 * recomputed from them by a separate script; intervals against closed forms. */
#include "tests/check.h"

#include "calibration/fit.h"
#include "core/statistics.h"

static const double k_mindways[] = {375.83, 157.05, 58.88, -53.40, -51.83};
static const double w_mindways[] = {923.20, 1119.52, 1103.57, 1056.95, 1012.25};
static const double hu_mindways[] = {462.93637565619906, 345.73809215407005, 176.71197512467555,
                                     -35.378190313384316, -69.54917011727602};

static struct calibration points(const double *hu, const double *density, const double *water,
                                 int n) {
  struct calibration c;
  cal_init(&c);
  for (int i = 0; i < n; i++) {
    char name[8];
    snprintf(name, sizeof name, "%c", 'A' + i);
    struct calibration_point *p = cal_add_point(&c, name);
    p->hu = hu[i];
    p->density = density[i];
    p->water = water ? water[i] : NAN;
  }
  return c;
}

static void ordinary_fit_matches_ogo(void **state) {
  (void)state;
  static const double hu[] = {490.28414063, 200.31946153, 68.02660165, -77.60183361, -77.74668932};
  static const double rho[] = {375.83, 157.05, 58.88, -53.4, -51.83};
  struct calibration c = points(hu, rho, NULL, 5);
  assert_ok(cal_fit_points(&c, NULL));
  assert_close(c.slope, 0.75397275233318, 1e-9);
  assert_close(c.intercept, 6.33441012694, 1e-9);
  assert_close(sqrt(c.r2), 0.9999866268559224, 1e-9);
  assert_close(sqrt(c.covariance[4]), 0.0022512884297108417, 1e-7);
  assert_string_equal(c.method, "phantom-ols");
  assert_true(c.checkable);
}

static void water_corrected_fit_matches_ogo(void **state) {
  (void)state;
  static const double predicted[] = {378.6028619, 284.81110752, 149.54243652, -20.18964581,
                                     -47.53608852};
  struct calibration c = points(hu_mindways, k_mindways, w_mindways, 5);
  assert_ok(cal_fit_points(&c, NULL));
  assert_close(c.sigma_ref, 1.46695849554, 1e-9);
  assert_close(c.beta_ref, -1009.75004687, 1e-9);
  assert_close(c.slope, 0.8002826626918712, 1e-9);
  assert_close(c.intercept, 8.122906532849933, 1e-9);
  assert_close(sqrt(c.r2), 0.9998533422632067, 1e-9);
  for (int i = 0; i < 5; i++)
    assert_near(calibration_density(&c, hu_mindways[i]), predicted[i], 6e-9 + 1e-9 * 400);
  assert_near(c.effective_kev, 74.289, 0.01);
  /* standard error of sigma_ref carries to the slope as se/sigma_CT^2 */
  assert_close(sqrt(c.covariance[4]), 0.014506827937069183 / pow(1.24955849554, 2), 1e-8);
}

static void ordinary_fit_of_water_rods_is_another_line(void **state) {
  (void)state;
  struct calibration c = points(hu_mindways, k_mindways, w_mindways, 5);
  struct cal_fit_options o = {.method = CAL_REGRESSION_OLS};
  assert_ok(cal_fit_points(&c, &o));
  assert_near(c.slope, 0.73343, 5e-6);
  assert_near(c.intercept, -31.845, 5e-4);
}

static void interval_is_the_students_band_of_the_line(void **state) {
  (void)state;
  static const double hu[] = {0, 130, 270, 390, 520};
  static const double rho[] = {1, 99, 203, 297, 401};
  struct calibration c = points(hu, rho, NULL, 5);
  assert_ok(cal_fit_points(&c, NULL));
  struct line_fit fit;
  assert_ok(stat_line_fit(&fit, hu, rho, NULL, 5));
  for (int x = -100; x <= 800; x += 300)
    assert_close(calibration_half_width(&c, x), stat_line_half_width(&fit, hu, 5, x, 0), 1e-9);
}

static void water_interval_follows_from_perturbed_rods(void **state) {
  (void)state;
  /* the delta method against the sum of squares of numerical derivatives by each rod's HU */
  struct calibration c = points(hu_mindways, k_mindways, w_mindways, 5);
  assert_ok(cal_fit_points(&c, NULL));
  double rod_sd = c.residual_sd * c.sigma_ref; /* residual HU */
  double sum = 0;
  for (int i = 0; i < 5; i++) {
    struct calibration moved = points(hu_mindways, k_mindways, w_mindways, 5);
    moved.points[i].hu += 1e-3;
    assert_ok(cal_fit_points(&moved, NULL));
    double d = (calibration_density(&moved, 200) - calibration_density(&c, 200)) / 1e-3;
    sum += d * d;
  }
  assert_close(calibration_density_sd(&c, 200), rod_sd * sqrt(sum), 1e-4);
}

static void two_rods_are_not_checkable_and_carry_sampling_error(void **state) {
  (void)state;
  static const double hu[] = {0, 250};
  static const double rho[] = {0, 200};
  struct calibration c = points(hu, rho, NULL, 2);
  c.points[0].hu_se = c.points[1].hu_se = 2;
  assert_ok(cal_fit_points(&c, NULL));
  assert_false(c.checkable);
  assert_true(isnan(c.residual_sd));
  assert_near(calibration_density_sd(&c, 0), 0.8 * 2, 1e-12);
  assert_near(calibration_density_sd(&c, 125), 0.8 * 2 / sqrt(2), 1e-12);
  assert_ok(cal_accept(&c, 120, false));
  assert_non_null(strstr(c.warnings[c.warning_count - 1], "not checkable"));
}

static void degenerate_fits_are_refused(void **state) {
  (void)state;
  static const double same[] = {50, 50, 50};
  static const double rho[] = {0, 100, 200};
  struct calibration c = points(same, rho, NULL, 3);
  assert_fails(cal_fit_points(&c, NULL), ST_NUMERIC, "degenerate fit");
  c = points(rho, rho, NULL, 1);
  assert_fails(cal_fit_points(&c, NULL), ST_DOMAIN, "at least 2");
  static const double falling[] = {200, 100, 0};
  c = points(falling, rho, NULL, 3);
  assert_fails(cal_fit_points(&c, NULL), ST_NUMERIC, "must be positive");
  struct cal_fit_options o = {.method = CAL_REGRESSION_WATER};
  c = points(rho, rho, NULL, 3);
  assert_fails(cal_fit_points(&c, &o), ST_DOMAIN, "water-equivalent");
}

static void swapped_rods_are_refused_by_name(void **state) {
  (void)state;
  static const double hu[] = {70, 1, 140, 210, 275}; /* the first two exchanged */
  static const double rho[] = {0, 50, 100, 150, 200};
  struct calibration c = points(hu, rho, NULL, 5);
  assert_ok(cal_fit_points(&c, NULL));
  assert_fails(cal_accept(&c, 120, false), ST_DOMAIN, "A and B look swapped");
  assert_ok(cal_accept(&c, 120, true));
  assert_non_null(strstr(c.warnings[0], "FORCED"));
}

static void wrong_certificate_is_refused(void **state) {
  (void)state;
  /* HU of K2HPO4 rods read with the certificate of another unit */
  static const double other_k[] = {58.88, -53.40, 157.05, 157.13, 375.83};
  struct calibration c = points(hu_mindways, other_k, w_mindways, 5);
  status st = cal_fit_points(&c, NULL);
  if (st == ST_OK) st = cal_accept(&c, 120, false);
  assert_int_not_equal(st, ST_OK);
}

/* Rods of 100, 150, 200 mg/cm3 that read 131, 197, 262 HU, taken for 8, 97.3, 189.8: a line of a
 * slope that is permitted, on which water would hold -174 mg/cm3. */
static void line_far_from_water_is_refused(void **state) {
  (void)state;
  static const double hu[] = {130.6, 195.7, 261.5};
  static const double rho[] = {8, 97.3, 189.8};
  struct calibration c = points(hu, rho, NULL, 3);
  assert_ok(cal_fit_points(&c, NULL));
  assert_true(c.slope > 0.4 && c.slope < 1.4);
  assert_fails(cal_accept(&c, 120, false), ST_DOMAIN, "the HU of no mineral is 125");
}

/* At 160 keV K2HPO4 attenuates 0.142961 / 0.14746 = 0.9695 of water (attenuation/dense-1keV.csv):
 * 0.95, a slope of 1.365, is of no energy at all. */
static void ratio_of_no_energy_is_refused(void **state) {
  (void)state;
  double hu[5];
  for (int i = 0; i < 5; i++) hu[i] = w_mindways[i] + 0.95 * k_mindways[i] - 1000;
  struct calibration c = points(hu, k_mindways, w_mindways, 5);
  assert_ok(cal_fit_points(&c, NULL));
  assert_near(c.slope, 1 / (0.95 - 0.2174), 1e-9);
  assert_fails(cal_accept(&c, 140, false), ST_DOMAIN, "effective energy");
}

static void good_fit_raises_no_warning(void **state) {
  (void)state;
  static const double hu[] = {0, 65.5, 131.1, 196.4, 261.9};
  static const double rho[] = {0, 50, 100, 150, 200};
  struct calibration c = points(hu, rho, NULL, 5);
  assert_ok(cal_fit_points(&c, NULL));
  assert_ok(cal_accept(&c, 120, false));
  assert_int_equal(c.warning_count, 0);
}

/* Welch and Satterthwaite at 200 HU: (a + b)^2 / (a^2 / df_a + b^2 / df_b). */
static void added_variances_join_their_degrees_of_freedom(void **state) {
  (void)state;
  struct calibration c;
  cal_init(&c);
  memset(c.covariance, 0, sizeof c.covariance);
  c.covariance[0] = 4, c.covariance[4] = 1e-4; /* a = 4 + 4 */
  c.covariance_df = 3;
  const double added[9] = {1, 0.005, 0, 0.005, 0, 0, 0, 0, 0}; /* b = 1 + 2 */
  cal_add_covariance(&c, added, 7);
  assert_near(c.covariance_df, 11 * 11 / (64.0 / 3 + 9.0 / 7), 1e-12);
  assert_near(c.covariance[0], 5, 0);
  const double sure[9] = {9, 0, 0, 0, 0, 0, 0, 0, 0};
  cal_add_covariance(&c, sure, (double)INFINITY);
  assert_near(c.covariance_df, 20 * 20 / (121.0 / (11 * 11 / (64.0 / 3 + 9.0 / 7))), 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(added_variances_join_their_degrees_of_freedom),
      cmocka_unit_test(ordinary_fit_matches_ogo),
      cmocka_unit_test(water_corrected_fit_matches_ogo),
      cmocka_unit_test(ordinary_fit_of_water_rods_is_another_line),
      cmocka_unit_test(interval_is_the_students_band_of_the_line),
      cmocka_unit_test(water_interval_follows_from_perturbed_rods),
      cmocka_unit_test(two_rods_are_not_checkable_and_carry_sampling_error),
      cmocka_unit_test(degenerate_fits_are_refused),
      cmocka_unit_test(swapped_rods_are_refused_by_name),
      cmocka_unit_test(wrong_certificate_is_refused),
      cmocka_unit_test(line_far_from_water_is_refused),
      cmocka_unit_test(ratio_of_no_energy_is_refused),
      cmocka_unit_test(good_fit_raises_no_warning),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
