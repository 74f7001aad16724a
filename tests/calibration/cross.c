// labels: method
/* Precision and cross-calibration against numbers worked out by hand; Deming against orthogonal
 * regression's closed form; learning against its definition. */
#include "tests/check.h"

#include "calibration/cross.h"
#include "calibration/figures.h"
#include "calibration/learn.h"
#include "core/random.h"

static void precision_of_three_pairs(void **state) {
  (void)state;
  static const double v[] = {100, 102, 150, 147, 80, 80.8};
  static const int who[] = {1, 1, 2, 2, 3, 3};
  struct cal_precision p;
  assert_ok(cal_precision(&p, v, who, 6));
  assert_near(p.rms_sd, 1.507758, 5.1e-7);
  assert_near(p.rms_cv, 1.224233, 5.1e-7);
  assert_near(p.lsc, 4.176489, 5.1e-7);
  assert_int_equal(p.df, 3);
  assert_true(p.few);
  /* chi-square quantiles of 3 degrees of freedom: 0.2158 and 9.3484 (tables) */
  assert_near(p.rms_sd_low, 1.507758 * sqrt(3 / 9.3484), 1e-4);
  assert_near(p.rms_sd_high, 1.507758 * sqrt(3 / 0.2158), 1e-3);
}

static void upper_limit_at_27_degrees_of_freedom_is_30_percent(void **state) {
  (void)state;
  /* gluer1995: 27 degrees of freedom give an upper 90 % limit (one-sided 95 %) of +30 % */
  assert_near(sqrt(27 / stat_chi2_quantile(0.05, 27)), 1.30, 0.01);
}

static void repeats_weigh_by_their_degrees_of_freedom(void **state) {
  (void)state;
  static const double v[] = {10, 12, 20, 20, 20, 20};
  static const int who[] = {1, 1, 7, 7, 7, 7};
  struct cal_precision p;
  assert_ok(cal_precision(&p, v, who, 6));
  assert_near(p.rms_sd, sqrt(2.0 / 4), 1e-12);
  static const int alone[] = {1, 2, 3, 4, 5, 6};
  assert_fails(cal_precision(&p, v, alone, 6), ST_DOMAIN, "measured twice");
}

static void spine_phantom_example(void **state) {
  (void)state;
  static const double nominal[] = {50, 100, 200};
  static const double measured[] = {48, 101, 207};
  struct cal_cross c;
  assert_ok(cal_cross_phantom(&c, nominal, measured, 3));
  assert_near(c.a, 1.06, 1e-12);
  assert_near(c.b, -5.0, 1e-10);
  assert_near(cal_cross_apply(&c, 120), 117.924528, 5.1e-7);
  assert_fails(cal_cross_phantom(&c, nominal, measured, 2), ST_DOMAIN, "at least 3");
}

static void deming_is_symmetric_and_finds_a_planted_line(void **state) {
  (void)state;
  enum { N = 400 };
  double x[N];
  double y[N];
  for (uint64_t i = 0; i < N; i++) {
    double truth = 60 + 140 * random_uniform(4, 0, i);
    x[i] = truth + 3 * random_normal(4, 1, i);
    y[i] = 1.05 * truth - 4 + 3 * random_normal(4, 2, i);
  }
  struct cal_cross c;
  struct cal_cross back;
  assert_ok(cal_cross_deming(&c, x, y, N, 1));
  assert_ok(cal_cross_deming(&back, y, x, N, 1));
  assert_near(c.a * back.a, 1, 1e-12);
  assert_near(c.a, 1.05, 3 * c.a_se);
  assert_near(c.b, -4, 3 * c.b_se);
  struct cal_bland_altman b;
  assert_ok(cal_bland_altman(&b, x, y, N));
  assert_true(b.slope > 0 && b.slope_p < 0.001);
  assert_near(b.bias, 0.05 * 130 - 4, 1);
  assert_fails(cal_cross_deming(&c, x, y, N, 0), ST_DOMAIN, "must be positive");
}

static void bland_altman_by_hand(void **state) {
  (void)state;
  static const double x[] = {100, 120, 140, 160};
  static const double y[] = {102, 121, 143, 162};
  struct cal_bland_altman b;
  assert_ok(cal_bland_altman(&b, x, y, 4));
  assert_near(b.bias, 2, 1e-12);
  assert_near(b.sd, sqrt(2.0 / 3), 1e-12);
  assert_near(b.limit_high, 2 + 1.96 * sqrt(2.0 / 3), 1e-12);
  assert_near(b.bias_high, 2 + 3.182446 * sqrt(2.0 / 3) / 2, 1e-5);
}

static void change_between_scanners_needs_more(void **state) {
  (void)state;
  assert_near(cal_lsc_cross(1.5, 1.5, 0), 1.96 * sqrt(2) * 1.5, 1e-12);
  assert_near(cal_lsc_cross(1, 3, 2), 1.96 * sqrt(1 + 9 + 4), 1e-12);
}

static void learned_table_is_mean_and_covariance(void **state) {
  (void)state;
  enum { N = 4 };
  struct calibration phantom[N];
  struct calibration tissues[N];
  static const double fat[N] = {-100, -98, -96, -102};
  static const double muscle[N] = {50, 52, 51, 47};
  for (int i = 0; i < N; i++) {
    cal_init(&phantom[i]);
    phantom[i].slope = 0.8;
    phantom[i].intercept = 1;
    phantom[i].material = MATERIAL_K2HPO4;
    snprintf(phantom[i].scanner_key, sizeof phantom[i].scanner_key, "M|O|1|120|S");
    cal_init(&tissues[i]);
    cal_add_point(&tissues[i], "air")->hu = -1000;
    cal_add_point(&tissues[i], "adipose")->hu = fat[i];
    cal_add_point(&tissues[i], "muscle")->hu = muscle[i];
  }
  struct cal_tissue_table t;
  assert_ok(cal_learn(&t, phantom, tissues, N));
  assert_int_equal(t.count, 3);
  assert_near(t.density[0], -799, 1e-12);
  assert_near(t.density[1], 0.8 * -99 + 1, 1e-12);
  assert_near(t.covariance[CAL_TISSUES + 1], 0.64 * 20.0 / 3, 1e-12);
  assert_near(t.covariance[CAL_TISSUES + 2], 0.64 * (0 + 2 + 3 + 9) / 3.0, 1e-12);
  assert_near(t.kvp, 120, 0);
  snprintf(phantom[2].scanner_key, sizeof phantom[2].scanner_key, "M|O|1|140|S");
  assert_fails(cal_learn(&t, phantom, tissues, N), ST_DOMAIN, "scan 3 is of");
  assert_fails(cal_learn(&t, phantom, tissues, 2), ST_DOMAIN, "at least 3");
}

static void figures_are_drawn(void **state) {
  (void)state;
  struct calibration c;
  cal_init(&c);
  static const double rho[] = {0, 100, 200};
  for (int i = 0; i < 3; i++) {
    char name[4];
    snprintf(name, sizeof name, "%d", i);
    struct calibration_point *p = cal_add_point(&c, name);
    p->density = rho[i];
    p->hu = rho[i] / 0.8 + i;
  }
  assert_ok(cal_fit_points(&c, NULL));
  c.material = MATERIAL_HA;
  struct text svg = {0};
  assert_ok(cal_figure_fit(&svg, &c));
  assert_non_null(strstr(svg.data, "mg/cm3 of HA"));
  assert_non_null(strstr(svg.data, "fitted - reference"));
  text_free(&svg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(precision_of_three_pairs),
      cmocka_unit_test(upper_limit_at_27_degrees_of_freedom_is_30_percent),
      cmocka_unit_test(repeats_weigh_by_their_degrees_of_freedom),
      cmocka_unit_test(spine_phantom_example),
      cmocka_unit_test(deming_is_symmetric_and_finds_a_planted_line),
      cmocka_unit_test(bland_altman_by_hand),
      cmocka_unit_test(change_between_scanners_needs_more),
      cmocka_unit_test(learned_table_is_mean_and_covariance),
      cmocka_unit_test(figures_are_drawn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
