// labels: method
/* The planted hazard: concordance in closed form and by its integral, its direction, a null
 * cohort. */
#include "tests/check.h"

#include "core/statistics.h"
#include "phantom/cohort.h"

/* Two people whose predictors differ by ln 3: the higher one fractures first with odds 3 to 1. */
static void concordance_of_a_pair_is_its_odds(void **state) {
  (void)state;
  const double eta[2] = {0, log(3)};
  assert_near(phantom_cohort_best_concordance(eta, 2), 0.75, 1e-12);
  const double same[3] = {1, 1, 1};
  assert_near(phantom_cohort_best_concordance(same, 3), 0.5, 1e-12);
}

/* For a normal predictor of SD s the mean of 1/(1 + exp(-|d|)), d normal with SD s sqrt2, lies
 * between 0.5 and 1: the integral by Simpson's rule. */
static double simpson(double s) {
  double sum = 0, sd = s * sqrt(2), h = 0.001;
  for (int i = 0; i <= 12000; i++) {
    double d = i * h, f = 2 / (1 + exp(-d)) * exp(-0.5 * d * d / (sd * sd));
    sum += f * (i == 0 || i == 12000 ? 1 : i % 2 ? 4 : 2);
  }
  return sum * h / 3 / (sd * sqrt(2 * 3.141592653589793));
}

static void concordance_of_a_normal_predictor_agrees_with_its_integral(void **state) {
  (void)state;
  static double eta[1500];
  for (int i = 0; i < 1500; i++) eta[i] = 0.6 * stat_normal_quantile((i + 0.5) / 1500);
  assert_near(phantom_cohort_best_concordance(eta, 1500), simpson(0.6), 2e-3);
}

static void thin_bones_break_first(void **state) {
  (void)state;
  struct phantom_cohort c = {
      .people = 16, .first_seed = 1, .years = 10, .rate = 60, .truth_step_mm = 4};
  struct table *t = NULL;
  assert_ok(phantom_cohort_make(&t, &c));
  double *cortex = t->columns[table_find(t, "percent_cortical_volume")].numbers;
  double *eta = t->columns[table_find(t, "eta")].numbers;
  double *time = t->columns[table_find(t, "time")].numbers;
  double *event = t->columns[table_find(t, "event")].numbers;
  double best = t->columns[table_find(t, "best_concordance")].numbers[0];
  struct line_fit fit;
  assert_ok(stat_line_fit(&fit, cortex, eta, NULL, 16));
  assert_true(fit.r < -0.7);
  assert_near(stat_mean(eta, 16), 0, 1e-9); /* z scores over the cohort */
  assert_true(best > 0.6 && best < 0.95);
  int fractures = 0;
  for (int i = 0; i < 16; i++) {
    assert_true(time[i] > 0 && time[i] <= 10);
    assert_true(cortex[i] > 3 && cortex[i] < 45);
    fractures += event[i] == 1;
  }
  assert_true(fractures > 0 && fractures < 16);
  table_destroy(t);
}

static void a_null_cohort_has_nothing_to_find(void **state) {
  (void)state;
  struct phantom_cohort c = {
      .people = 3, .first_seed = 5, .years = 5, .rate = 2, .null = 1, .truth_step_mm = 4};
  struct table *t = NULL;
  assert_ok(phantom_cohort_make(&t, &c));
  assert_near(t->columns[table_find(t, "best_concordance")].numbers[0], 0.5, 1e-12);
  table_destroy(t);
  c.people = 1;
  assert_fails(phantom_cohort_make(&t, &c), ST_DOMAIN, "1 people, permitted 2..100000");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(concordance_of_a_pair_is_its_odds),
      cmocka_unit_test(concordance_of_a_normal_predictor_agrees_with_its_integral),
      cmocka_unit_test(thin_bones_break_first),
      cmocka_unit_test(a_null_cohort_has_nothing_to_find),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
