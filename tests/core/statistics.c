// labels: method
// Statistics against printed tables (t, chi-squared, F: Fisher and Yates; NIST/SEMATECH
// e-handbook), closed forms, and Anscombe's quartet.
#include "core/statistics.h"
#include "tests/check.h"

#define PI 3.14159265358979323846

static void t_quantiles_agree_with_the_table(void **state) {
  (void)state;
  /* one and two degrees of freedom have closed forms */
  assert_close(stat_t_quantile(0.975, 1), tan(PI * 0.475), 1e-12);
  assert_close(stat_t_quantile(0.975, 2), 0.95 / sqrt(0.5 * (1 - 0.95 * 0.95)), 1e-12);
  assert_near(stat_t_quantile(0.975, 1), 12.706, 5e-4);
  assert_near(stat_t_quantile(0.975, 4), 2.776, 5e-4);
  assert_near(stat_t_quantile(0.975, 10), 2.228, 5e-4);
  assert_near(stat_t_quantile(0.995, 30), 2.750, 5e-4);
  assert_near(stat_t_quantile(0.95, 120), 1.658, 5e-4);
  assert_near(stat_t_quantile(0.025, 3), -3.182, 5e-4);
  assert_near(stat_t_quantile(0.975, (double)INFINITY), 1.959963984540054, 1e-14);
  assert_near(stat_t_quantile(0.6, 3), 0.277, 5e-4);
}

static void t_distribution_has_its_closed_forms(void **state) {
  (void)state;
  for (double t = -30; t < 30; t += 0.7) {
    assert_close(stat_t_cdf(t, 1), 0.5 + atan(t) / PI, 1e-12);
    assert_close(stat_t_cdf(t, 2), 0.5 * (1 + t / sqrt(2 + t * t)), 1e-11);
  }
  /* large degrees of freedom: Cornish-Fisher, error of order df^-2 */
  double z = 1.959963984540054, df = 1e6;
  assert_near(stat_t_quantile(0.975, df), z + (z * z * z + z) / (4 * df), 1e-10);
}

static void chi_squared_agrees_with_closed_form_and_table(void **state) {
  (void)state;
  for (double x = 0.01; x < 60; x *= 1.7) {
    assert_close(stat_chi2_cdf(x, 2), -expm1(-x / 2), 1e-12);
    assert_close(stat_chi2_cdf(x, 1), erf(sqrt(x / 2)), 1e-12);
    assert_close(stat_chi2_beyond(x, 2), exp(-x / 2), 1e-12);
  }
  /* far out, where 1 less the mass below is 0: closed forms of 2 and 6 degrees of freedom */
  assert_close(stat_chi2_beyond(200, 2), exp(-100), 1e-12);
  assert_close(stat_chi2_beyond(94.6, 6), exp(-47.3) * (1 + 47.3 + 47.3 * 47.3 / 2), 1e-12);
  assert_near(stat_chi2_quantile(0.95, 1), 3.841, 5e-4);
  assert_near(stat_chi2_quantile(0.05, 27), 16.151, 5e-4);
  assert_near(stat_chi2_quantile(0.975, 10), 20.483, 5e-4);
  assert_close(stat_chi2_quantile(0.001, 2), -2 * log1p(-0.001), 1e-12);
}

static void normal_quantile_inverts_the_distribution(void **state) {
  (void)state;
  for (double z = -8; z < 5; z += 0.05)
    assert_near(stat_normal_quantile(stat_normal_cdf(z)), z, z > 3 ? 1e-9 : 1e-13);
  assert_near(stat_normal_quantile(0.975), 1.959963984540054, 1e-14);
  assert_near(stat_normal_quantile(1e-300), -37.0471, 5e-5);
}

static void clopper_pearson_agrees_with_closed_forms(void **state) {
  (void)state;
  assert_near(stat_binomial_low(0, 20, 0.05), 0, 0);
  assert_near(stat_binomial_high(20, 20, 0.05), 1, 0);
  /* k = 0: 1 - (alpha/2)^(1/n); k = n: (alpha/2)^(1/n) */
  assert_near(stat_binomial_high(0, 20, 0.05), 1 - pow(0.025, 1.0 / 20), 1e-12);
  assert_near(stat_binomial_low(20, 20, 0.05), pow(0.025, 1.0 / 20), 1e-12);
  /* R binom.test(7, 20): 0.1539092 0.5921885 */
  assert_near(stat_binomial_low(7, 20, 0.05), 0.1539092, 1e-7);
  assert_near(stat_binomial_high(7, 20, 0.05), 0.5921885, 1e-7);
}

/* Anscombe 1973, Am Stat 27:17: four sets with one line, y = 3.00 + 0.500 x, r2 0.667 */
static void anscombe_quartet_gives_one_line(void **state) {
  (void)state;
  static const double x[2][11] = {{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5},
                                  {8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8}};
  static const double y[4][11] = {
      {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68},
      {9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74},
      {7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73},
      {6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89}};
  for (int k = 0; k < 4; k++) {
    struct line_fit fit;
    assert_ok(stat_line_fit(&fit, x[k == 3], y[k], NULL, 11));
    assert_near(fit.slope, 0.500, 0.0005);
    assert_near(fit.intercept, 3.00, 0.005);
    assert_near(fit.r * fit.r, 0.667, 0.001);
    assert_near(fit.slope_se, 0.118, 0.0005);
    assert_near(fit.residual_sd, sqrt(13.75 / 9), 0.005);
  }
}

static void half_width_is_the_textbook_formula(void **state) {
  (void)state;
  double x[5] = {1001, 1002, 1004, 1007, 1011}, y[5] = {2, 3.1, 4.9, 8.2, 11.8};
  struct line_fit fit;
  assert_ok(stat_line_fit(&fit, x, y, NULL, 5));
  double sxx = 66, d = 1015 - 1005.0, t = 3.182446305284263;
  double mean = t * fit.residual_sd * sqrt(0.2 + d * d / sxx);
  assert_close(stat_line_half_width(&fit, x, 5, 1015, 0), mean, 1e-7);
  double new_one = t * fit.residual_sd * sqrt(1.2 + d * d / sxx);
  assert_close(stat_line_half_width(&fit, x, 5, 1015, 1), new_one, 1e-7);
}

static void weights_count_as_repeated_points(void **state) {
  (void)state;
  double x[3] = {0, 1, 3}, y[3] = {1, 2, 2.5}, w[3] = {1, 2, 1};
  double xx[4] = {0, 1, 1, 3}, yy[4] = {1, 2, 2, 2.5};
  struct line_fit a, b;
  assert_ok(stat_line_fit(&a, x, y, w, 3));
  assert_ok(stat_line_fit(&b, xx, yy, NULL, 4));
  assert_near(a.slope, b.slope, 1e-14);
  assert_near(a.intercept, b.intercept, 1e-14);
}

static void lines_without_spread_or_points_are_refused(void **state) {
  (void)state;
  double x[3] = {5, 5, 5}, y[3] = {1, 2, 3}, bad[3] = {1, (double)NAN, 2};
  struct line_fit fit;
  assert_fails(stat_line_fit(&fit, x, y, NULL, 3), ST_NUMERIC, "same x = 5");
  assert_fails(stat_line_fit(&fit, y, x, NULL, 1), ST_DOMAIN, "1 points");
  assert_fails(stat_line_fit(&fit, bad, y, NULL, 3), ST_DOMAIN, "point 1 is (nan");
}

static void two_points_have_a_line_but_no_error(void **state) {
  (void)state;
  double x[2] = {0, 2}, y[2] = {1, 5};
  struct line_fit fit;
  assert_ok(stat_line_fit(&fit, x, y, NULL, 2));
  assert_near(fit.slope, 2, 0);
  assert_true(isnan(fit.slope_se) && isnan(fit.residual_sd));
}

static void summaries_agree_with_hand_computation(void **state) {
  (void)state;
  double x[5] = {7, 1, 3, 9, 5};
  assert_near(stat_mean(x, 5), 5, 0);
  assert_near(stat_sd(x, 5, 1), sqrt(10), 1e-15);
  assert_near(stat_percentile(x, 5, 10), 1.8, 1e-15); /* numpy.percentile */
  assert_near(stat_percentile(x, 5, 100), 9, 0);
  assert_near(stat_median(x, 4), 5, 0); /* of 7 1 3 9 */
  assert_true(x[0] == 7);
  assert_true(isnan(stat_mean(x, 0)) && isnan(stat_percentile(x, 0, 50)));
  /* a large offset costs no digits */
  double far[3] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
  assert_near(stat_sd(far, 3, 1), 1, 1e-12);
}

static void percentile_in_place_agrees_with_sorting(void **state) {
  (void)state;
  enum { N = 501 };
  static float a[N], b[N];
  static double d[N];
  for (int p = 0; p <= 100; p += 5) {
    for (int i = 0; i < N; i++) d[i] = a[i] = b[i] = (float)((i * 7919) % 263);
    assert_near(stat_percentile_inplace(a, N, p), stat_percentile(d, N, p), 1e-6);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(t_quantiles_agree_with_the_table),
      cmocka_unit_test(t_distribution_has_its_closed_forms),
      cmocka_unit_test(chi_squared_agrees_with_closed_form_and_table),
      cmocka_unit_test(normal_quantile_inverts_the_distribution),
      cmocka_unit_test(clopper_pearson_agrees_with_closed_forms),
      cmocka_unit_test(anscombe_quartet_gives_one_line),
      cmocka_unit_test(half_width_is_the_textbook_formula),
      cmocka_unit_test(weights_count_as_repeated_points),
      cmocka_unit_test(lines_without_spread_or_points_are_refused),
      cmocka_unit_test(two_points_have_a_line_but_no_error),
      cmocka_unit_test(summaries_agree_with_hand_computation),
      cmocka_unit_test(percentile_in_place_agrees_with_sorting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
