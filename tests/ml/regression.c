// labels: method
// Logistic and Cox regression against closed forms and against Cox's own leukaemia data (Freireich
// et al. 1963), whose Efron estimate is printed in every text: log hazard ratio 1.5721, SE 0.4124
// (R survival, coxph).
#include "ml/regression.h"
#include "core/random.h"
#include "ml/federated.h"
#include "tests/check.h"

static void logistic_on_a_two_by_two_table_gives_the_log_odds_ratio(void **state) {
  (void)state;
  /* exposed: 12 events of 20; not exposed: 5 of 30. SE^2 = sum of reciprocal counts. */
  double x[50], beta, se;
  int y[50];
  for (int i = 0; i < 50; i++) {
    x[i] = i < 20;
    y[i] = i < 20 ? i < 12 : i < 25;
  }
  struct ml_logistic_fit fit;
  assert_ok(ml_logistic(&fit, &beta, &se, x, y, 50, 1, NULL));
  assert_near(beta, log((12.0 / 8) / (5.0 / 25)), 1e-9);
  assert_near(se, sqrt(1.0 / 12 + 1.0 / 8 + 1.0 / 5 + 1.0 / 25), 1e-8);
  assert_near(fit.intercept, log(5.0 / 25), 1e-9);
}

static void separated_classes_are_refused_without_ridge_and_flagged_with_it(void **state) {
  (void)state;
  const double x[6] = {-3, -2, -1, 1, 2, 3};
  const int y[6] = {0, 0, 0, 1, 1, 1};
  double beta = 7;
  struct ml_logistic_fit fit;
  assert_fails(ml_logistic(&fit, &beta, NULL, x, y, 6, 1, NULL), ST_NUMERIC, "ridge");
  assert_near(beta, 7, 0); /* a failed call leaves its outputs alone */
  struct ml_logistic_options o = {.ridge = 0.1};
  assert_ok(ml_logistic(&fit, &beta, NULL, x, y, 6, 1, &o));
  assert_int_equal(fit.separated, 1);
}

/* Offsets that part the classes: the intercept alone still has its end, where the probabilities sum
 * to the events; here that is 0 by symmetry. */
static void an_intercept_beside_an_offset_that_separates_is_found(void **state) {
  (void)state;
  const double offset[6] = {-3, -2, -1, 1, 2, 3};
  const int y[6] = {0, 0, 0, 1, 1, 1};
  struct ml_logistic_fit fit;
  const struct ml_logistic_options o = {.offset = offset};
  assert_ok(ml_logistic(&fit, NULL, NULL, NULL, y, 6, 0, &o));
  assert_near(fit.intercept, 0, 1e-9);
  assert_int_equal(fit.separated, 0);
}

static void lasso_satisfies_its_optimality_conditions(void **state) {
  (void)state;
  enum { N = 200, P = 8 };
  static double x[N * P], beta[P];
  static int y[N];
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < P; j++) x[i * P + j] = random_normal(1, (uint64_t)j, (uint64_t)i);
    double p = 1 / (1 + exp(-(1.2 * x[i * P] - 0.8 * x[i * P + 1])));
    y[i] = random_uniform(2, 0, (uint64_t)i) < p;
  }
  struct ml_logistic_options o = {.lasso = 8};
  struct ml_logistic_fit fit;
  assert_ok(ml_logistic(&fit, beta, NULL, x, y, N, P, &o));
  int zeros = 0;
  for (int j = 0; j < P; j++) {
    double gradient = 0;
    for (int i = 0; i < N; i++) {
      double eta = fit.intercept;
      for (int k = 0; k < P; k++) eta += beta[k] * x[i * P + k];
      gradient += x[i * P + j] * (y[i] - 1 / (1 + exp(-eta)));
    }
    if (beta[j] != 0)
      assert_near(gradient, copysign(8, beta[j]), 1e-4); /* Karush-Kuhn-Tucker */
    else
      assert_true(fabs(gradient) <= 8 + 1e-4);
    zeros += beta[j] == 0;
  }
  assert_true(zeros >= 3 && beta[0] > 0 && beta[1] < 0);
}

/* weeks in remission, 6-mercaptopurine then placebo; 0 censored */
static const double weeks[42] = {6,  6,  6,  7,  10, 13, 16, 22, 23, 6,  9,  10, 11, 17,
                                 19, 20, 25, 32, 32, 34, 35, 1,  1,  2,  2,  3,  4,  4,
                                 5,  5,  8,  8,  8,  8,  11, 11, 12, 12, 15, 17, 22, 23};

static void cox_with_ties_reproduces_the_leukaemia_estimate(void **state) {
  (void)state;
  double placebo[42], beta, se;
  int relapse[42];
  for (int i = 0; i < 42; i++) {
    placebo[i] = i >= 21;
    relapse[i] = i < 9 || i >= 21;
  }
  struct ml_cox_fit fit;
  assert_ok(ml_cox(&fit, &beta, &se, placebo, weeks, relapse, 42, 1, 0));
  assert_near(beta, 1.5721, 5e-5);
  assert_near(se, 0.4124, 5e-5);
  assert_int_equal(fit.events, 30);
  /* likelihood-ratio chi-square 16.35 on 1 df */
  assert_near(2 * (fit.log_likelihood - fit.log_likelihood_null), 16.35, 5e-3);
}

static void cox_ignores_the_order_and_the_unit_of_time(void **state) {
  (void)state;
  double x[42], t[42], beta_a, beta_b;
  int relapse[42], shuffled[42];
  double first[42];
  for (int i = 0; i < 42; i++) {
    first[i] = i >= 21;
    relapse[i] = i < 9 || i >= 21;
  }
  for (int i = 0; i < 42; i++) {
    int from = (i * 11) % 42;
    x[i] = first[from];
    t[i] = 7 * weeks[from];
    shuffled[i] = relapse[from];
  }
  struct ml_cox_fit fit;
  assert_ok(ml_cox(&fit, &beta_a, NULL, first, weeks, relapse, 42, 1, 0));
  assert_ok(ml_cox(&fit, &beta_b, NULL, x, t, shuffled, 42, 1, 0));
  assert_near(beta_a, beta_b, 1e-10);
}

static void survival_time_of_zero_is_refused(void **state) {
  (void)state;
  const double t[2] = {0, 1}, x[2] = {0, 1};
  const int event[2] = {1, 1};
  double beta;
  struct ml_cox_fit fit;
  assert_fails(ml_cox(&fit, &beta, NULL, x, t, event, 2, 1, 0), ST_DOMAIN, "time of row 0 is 0");
}

static void federated_average_weights_by_people(void **state) {
  (void)state;
  const double a[2] = {1, 2}, b[2] = {3, 6}, *w[2] = {a, b};
  const int64_t people[2] = {10, 30}, nobody[2] = {10, 0};
  double out[2];
  assert_ok(ml_federated_average(out, w, people, 2, 2));
  assert_near(out[0], 2.5, 1e-15);
  assert_near(out[1], 5.0, 1e-15);
  assert_fails(ml_federated_average(out, w, nobody, 2, 2), ST_DOMAIN, "site 2 has 0 people");
}

static void pooled_auc_of_equal_sites_is_theirs_with_half_the_variance(void **state) {
  (void)state;
  const double auc[2] = {0.8, 0.8}, variance[2] = {0.0025, 0.0025}, apart[2] = {0.6, 0.9};
  struct ml_pooled_auc p;
  assert_ok(ml_pool_auc(&p, auc, variance, 2));
  assert_near(p.fixed, 0.8, 1e-12);
  assert_near(p.random, 0.8, 1e-12);
  assert_near(p.i2, 0, 0);
  /* logit 1.386294, SE 0.05/0.16/sqrt 2 */
  double half = 1.959963984540054 * 0.05 / 0.16 / sqrt(2);
  assert_near(p.fixed_low, 1 / (1 + exp(-(log(4) - half))), 1e-12);
  assert_ok(ml_pool_auc(&p, apart, variance, 2));
  assert_true(p.random_high - p.random_low > p.fixed_high - p.fixed_low);
  /* DerSimonian and Laird on the logits, by numpy */
  assert_near(p.q, 9.119300791795393, 1e-9);
  assert_near(p.tau2, 1.429178621240991, 1e-9);
  assert_near(p.i2, 0.8903424700170328, 1e-9);
  assert_near(p.random, 0.7733506459517699, 1e-9);
  assert_near(p.random_low, 0.37225367682682153, 1e-9);
  assert_near(p.random_high, 0.9515342105146983, 1e-9);
  assert_fails(ml_pool_auc(&p, auc, variance, 1), ST_DOMAIN, "at least 2");
}

static void likelihood_ratio_of_a_two_by_two_table_is_its_g_statistic(void **state) {
  (void)state;
  /* 12 of 20 against 5 of 30; G = 2 sum O ln(O/E) */
  double x[50], beta;
  int y[50];
  for (int i = 0; i < 50; i++) {
    x[i] = i < 20;
    y[i] = i < 20 ? i < 12 : i < 25;
  }
  struct ml_logistic_fit none, one;
  assert_ok(ml_logistic(&none, NULL, NULL, NULL, y, 50, 0, NULL));
  assert_ok(ml_logistic(&one, &beta, NULL, x, y, 50, 1, NULL));
  const double o[4] = {12, 8, 5, 25}, e[4] = {6.8, 13.2, 10.2, 19.8};
  double g = 0;
  for (int k = 0; k < 4; k++) g += 2 * o[k] * log(o[k] / e[k]);
  assert_near(2 * (one.log_likelihood - none.log_likelihood), g, 1e-9);
  assert_near(ml_likelihood_ratio_p(none.log_likelihood, one.log_likelihood, 1), erfc(sqrt(g / 2)),
              1e-12);
}

/* Six people without ties: the partial likelihood and its derivative written out. */
static void cox_with_ridge_is_stationary_and_tells_its_likelihood_without_it(void **state) {
  (void)state;
  enum { N = 6 };
  const double x[N] = {2, -1, 1, 0.5, -2, 0}, time[N] = {1, 2, 3, 4, 5, 6}, ridge = 2;
  const int event[N] = {1, 0, 1, 1, 0, 1};
  double beta, value = 0, slope = 0;
  struct ml_cox_fit fit;
  assert_ok(ml_cox(&fit, &beta, NULL, x, time, event, N, 1, ridge));
  for (int i = 0; i < N; i++) {
    double risk = 0, weighted = 0;
    for (int j = i; j < N; j++) {
      risk += exp(beta * x[j]);
      weighted += x[j] * exp(beta * x[j]);
    }
    if (!event[i]) continue;
    value += beta * x[i] - log(risk);
    slope += x[i] - weighted / risk;
  }
  assert_true(fabs(beta) > 0.1);
  assert_near(slope, ridge * beta, 1e-6);
  assert_near(fit.log_likelihood, value, 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cox_with_ridge_is_stationary_and_tells_its_likelihood_without_it),
      cmocka_unit_test(logistic_on_a_two_by_two_table_gives_the_log_odds_ratio),
      cmocka_unit_test(separated_classes_are_refused_without_ridge_and_flagged_with_it),
      cmocka_unit_test(an_intercept_beside_an_offset_that_separates_is_found),
      cmocka_unit_test(lasso_satisfies_its_optimality_conditions),
      cmocka_unit_test(cox_with_ties_reproduces_the_leukaemia_estimate),
      cmocka_unit_test(cox_ignores_the_order_and_the_unit_of_time),
      cmocka_unit_test(survival_time_of_zero_is_refused),
      cmocka_unit_test(federated_average_weights_by_people),
      cmocka_unit_test(pooled_auc_of_equal_sites_is_theirs_with_half_the_variance),
      cmocka_unit_test(likelihood_ratio_of_a_two_by_two_table_is_its_g_statistic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
