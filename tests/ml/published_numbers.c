// labels: method
// Evaluation statistics against other programs: AUC, DeLong and Wald limits (pROC 1.18), Brier and
// Platt (scikit-learn 1.2.1), calibration slopes (R glm), Harrell, Uno and Kaplan-Meier (R
// survival 3.5-3), on small samples whose every pair can be counted by hand.
#include "ml/discrimination.h"
#include "ml/regression.h"
#include "ml/reliability.h"
#include "ml/survival.h"
#include "tests/check.h"

static const int y[12] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
static const double a[12] = {.10, .25, .30, .45, .50, .70, .40, .55, .60, .70, .80, .95};
static const double b[12] = {.20, .40, .35, .55, .65, .60, .30, .50, .62, .58, .75, .90};

static void auc_and_delong_limits_match_proc(void **state) {
  (void)state;
  struct ml_auc_difference d;
  assert_ok(ml_auc_compare(&d, a, b, y, 12));
  assert_near(d.a.auc, 30.5 / 36, 1e-14);
  assert_near(d.b.auc, 25.0 / 36, 1e-14);
  assert_near(d.a.variance, 0.01427469, 5e-9);
  assert_near(d.b.variance, 0.02746914, 5e-9);
  assert_near(d.covariance, 0.01512346, 5e-9);
  assert_near(d.z, 1.4248513, 5e-8);
  assert_near(d.p, 0.1542002, 5e-8);
  assert_near(d.a.low, 0.475976, 5e-7);
  assert_near(d.a.high, 0.971311, 5e-7);
  assert_near(d.b.low, 0.329620, 5e-7);
  assert_near(d.b.high, 0.913082, 5e-7);
  assert_near(d.a.wald_low, 0.6130521, 5e-8);
  assert_near(d.a.wald_high, 1, 0);
  assert_near(d.b.wald_low, 0.3696036, 5e-8);
}

static void auc_is_unchanged_by_a_rising_transform_and_mirrored_by_a_falling_one(void **state) {
  (void)state;
  double rising[12], falling[12];
  for (int i = 0; i < 12; i++) {
    rising[i] = exp(3 * a[i]);
    falling[i] = -a[i];
  }
  struct ml_auc plain, up, down;
  assert_ok(ml_auc(&plain, a, y, 12));
  assert_ok(ml_auc(&up, rising, y, 12));
  assert_ok(ml_auc(&down, falling, y, 12));
  assert_near(up.auc, plain.auc, 1e-15);
  assert_near(up.variance, plain.variance, 1e-15);
  assert_near(down.auc, 1 - plain.auc, 1e-15);
}

static void roc_curve_area_equals_the_auc(void **state) {
  (void)state;
  double fpr[13], tpr[13], threshold[13], area = 0;
  int64_t count = 0;
  struct ml_auc auc;
  assert_ok(ml_roc(fpr, tpr, threshold, &count, a, y, 12));
  assert_ok(ml_auc(&auc, a, y, 12));
  for (int64_t i = 1; i < count; i++) area += 0.5 * (tpr[i] + tpr[i - 1]) * (fpr[i] - fpr[i - 1]);
  assert_near(area, auc.auc, 1e-14);
  assert_int_equal(count, 12); /* 11 distinct scores and the origin */
}

static void proper_scores_and_calibration_match_r_and_scikit_learn(void **state) {
  (void)state;
  struct ml_reliability r, s;
  assert_ok(ml_reliability(&r, a, y, 12));
  assert_ok(ml_reliability(&s, b, y, 12));
  assert_near(r.brier, 0.1633333, 5e-8);
  assert_near(s.brier, 0.2117333, 5e-8);
  assert_near(r.log_loss, 0.4917283, 5e-8);
  assert_near(s.log_loss, 0.6035248, 5e-8);
  assert_near(r.observed_expected, 0.952381, 5e-7);
  assert_near(s.observed_expected, 0.9375, 1e-12);
  assert_near(r.slope, 1.743312, 5e-7);
  assert_near(s.slope, 1.122645, 5e-7);
  assert_near(r.intercept, -0.203370, 5e-7);
  assert_near(s.intercept, -0.172389, 5e-7);
  assert_near(r.in_the_large, -0.128108, 5e-7);
  assert_near(s.in_the_large, -0.156009, 5e-7);
}

static void decision_curve_matches(void **state) {
  (void)state;
  const double at[3] = {0.1, 0.3, 0.5};
  const double model_a[3] = {0.4444444, 0.3571429, 0.25},
               model_b[3] = {0.4444444, 0.3214286, 0.1666667};
  const double all[3] = {0.4444444, 0.2857143, 0};
  struct ml_net_benefit na[3], nb[3];
  assert_ok(ml_decision_curve(na, at, 3, a, y, 12));
  assert_ok(ml_decision_curve(nb, at, 3, b, y, 12));
  for (int i = 0; i < 3; i++) {
    assert_near(na[i].model, model_a[i], 5e-8);
    assert_near(nb[i].model, model_b[i], 5e-8);
    assert_near(na[i].treat_all, all[i], 5e-8);
    assert_near(na[i].avoided_per_100, 100 * (model_a[i] - all[i]) * (1 - at[i]) / at[i], 1e-4);
  }
}

static void reclassification_and_youden_match(void **state) {
  (void)state;
  const double cuts[2] = {0.3, 0.6};
  struct ml_reclassification free_moves, by_category;
  assert_ok(ml_reclassify(&free_moves, b, a, y, 12, NULL, 0));
  assert_near(free_moves.nri_events, 0.6666667, 5e-8);
  assert_near(free_moves.nri_non_events, 0.6666667, 5e-8);
  assert_near(free_moves.idi, 0.1333333, 5e-8);
  assert_near(free_moves.slope_new, 0.2833333, 5e-8);
  assert_near(free_moves.slope_old, 0.15, 1e-12);
  assert_ok(ml_reclassify(&by_category, b, a, y, 12, cuts, 2));
  assert_near(by_category.nri_events, 0.1666667, 5e-8);
  assert_near(by_category.nri_non_events, 0.3333333, 5e-8);
  struct ml_confusion c;
  assert_ok(ml_youden(&c, a, y, 12));
  assert_near(c.threshold, 0.55, 0);
  assert_near(c.sensitivity + c.specificity - 1, 0.6666667, 5e-8);
}

static const double decision[12] = {-2, -1.5, -1, -.5, -.2, .3, -.4, .1, .6, 1.1, 1.4, 2.2};

static void platt_scaling_matches_scikit_learn(void **state) {
  (void)state;
  struct ml_platt p;
  assert_ok(ml_platt_fit(&p, decision, y, 12));
  assert_near(p.a, -1.233327, 5e-7);
  assert_near(p.b, -0.005040, 5e-7);
  assert_near(ml_platt_probability(&p, 0), 0.501260, 5e-7);
  assert_near(ml_platt_probability(&p, 1), 0.775280, 5e-7);
}

static void platt_scaling_of_falling_values_is_refused(void **state) {
  (void)state;
  double flipped[12];
  struct ml_platt p;
  for (int i = 0; i < 12; i++) flipped[i] = -decision[i];
  assert_fails(ml_platt_fit(&p, flipped, y, 12), ST_DOMAIN, "wrong sign");
}

static const double t[10] = {1, 2, 3, 3, 4, 5, 6, 7, 8, 10};
static const int event[10] = {1, 1, 0, 1, 1, 0, 1, 0, 1, 0};
static const double risk[10] = {.9, .4, .7, .6, .8, .3, .5, .2, .5, .1};

static void concordance_matches_r_survival(void **state) {
  (void)state;
  struct ml_concordance c;
  assert_ok(ml_harrell(&c, risk, t, event, 10));
  assert_near(c.concordant, 25, 0);
  assert_near(c.discordant, 7, 0);
  assert_near(c.tied, 1, 0);
  assert_near(c.c, 0.7727273, 5e-8);
  assert_ok(ml_uno(&c, risk, t, event, 10, INFINITY));
  assert_near(c.c, 0.8078820, 5e-8);
}

static void kaplan_meier_matches_r_survival(void **state) {
  (void)state;
  const double expected[6] = {.9, .8, .7, .5833333, .4375, .21875};
  struct ml_curve_point k[10];
  int64_t count = 0;
  assert_ok(ml_kaplan_meier(k, &count, t, event, 10));
  assert_int_equal(count, 6);
  for (int i = 0; i < 6; i++) assert_near(k[i].value, expected[i], 5e-8);
  /* Greenwood after the first event of 10: sqrt(0.9^2 * 1/(10*9)) */
  assert_near(k[0].se, sqrt(0.81 / 90), 1e-12);
  /* limits on the scale of log(-log S): 3 of 4 left */
  const double times[4] = {1, 2, 3, 4};
  const int events[4] = {1, 1, 1, 1};
  assert_ok(ml_kaplan_meier(k, &count, times, events, 4));
  assert_near(k[0].low, 0.1279469175951458, 1e-12);
  assert_near(k[0].high, 0.9605486422850784, 1e-12);
}

static void time_dependent_auc_and_brier_match(void **state) {
  (void)state;
  struct ml_horizon h;
  assert_ok(ml_at_horizon(&h, risk, risk, t, event, 10, 4.5, 0));
  assert_near(h.auc, 0.904, 1e-9);
  assert_near(h.brier, 0.1323333, 5e-8);
  assert_ok(ml_at_horizon(&h, risk, risk, t, event, 10, 7.5, 0));
  assert_near(h.auc, 0.8462963, 5e-8);
  assert_near(h.brier, 0.151, 5e-8);
}

static void horizon_with_few_events_is_refused_when_strict(void **state) {
  (void)state;
  struct ml_horizon h;
  assert_fails(ml_at_horizon(&h, risk, NULL, t, event, 10, 4.5, 1), ST_DOMAIN,
               "at least 10 of each");
  assert_fails(ml_at_horizon(&h, risk, NULL, t, event, 10, 11, 0), ST_DOMAIN, "horizon 11");
}

static void incidence_without_competing_events_is_one_minus_kaplan_meier(void **state) {
  (void)state;
  struct ml_curve_point k[10], c[10];
  int64_t nk = 0, nc = 0;
  assert_ok(ml_kaplan_meier(k, &nk, t, event, 10));
  assert_ok(ml_cumulative_incidence(c, &nc, t, event, 10, 1));
  assert_int_equal(nk, nc);
  for (int i = 0; i < nk; i++) {
    assert_near(c[i].value, 1 - k[i].value, 1e-14);
    assert_near(c[i].se, k[i].se, 1e-12);
  }
}

static void competing_death_lowers_the_incidence_that_kaplan_meier_gives(void **state) {
  (void)state;
  /* times 1..4: death, event, death, event. S(t-): 1, 3/4, 1/2, 1/4. F1 = 3/4*1/3 + 1/4*1 = 1/2. */
  const double times[4] = {1, 2, 3, 4};
  const int codes[4] = {2, 1, 2, 1};
  struct ml_curve_point c[4], k[4];
  int64_t nc = 0, nk = 0;
  assert_ok(ml_cumulative_incidence(c, &nc, times, codes, 4, 1));
  assert_near(c[nc - 1].value, 0.5, 1e-14);
  assert_ok(ml_kaplan_meier(k, &nk, times, codes, 4));
  assert_near(1 - k[nk - 1].value, 1, 1e-14);
}

static void mcnemar_and_wilson_match_closed_forms(void **state) {
  (void)state;
  /* 1 against 6: 2 (C(7,0) + C(7,1)) / 2^7 = 16/128 */
  assert_near(ml_mcnemar_p(1, 6), 0.125, 1e-12);
  assert_near(ml_mcnemar_p(4, 4), 1, 0);
  /* 25 and more pairs: chi-square (|20 - 40| - 1)^2 / 60 with the correction for continuity */
  assert_near(ml_mcnemar_p(20, 40), 0.014171, 1e-6);
  double low, high;
  ml_wilson(&low, &high, 58, 70); /* Nishiyama 2014: 82.86 %, 72.4 to 89.9 */
  assert_near(low, 0.724, 5e-4);
  assert_near(high, 0.899, 5e-4);
}

static void bad_outcomes_and_scores_are_refused(void **state) {
  (void)state;
  const int one_class[3] = {1, 1, 1}, strange[3] = {0, 1, 2};
  const double s[3] = {1, 2, 3}, bad[3] = {1, NAN, 3};
  const int mixed[3] = {0, 1, 0};
  struct ml_auc auc;
  assert_fails(ml_auc(&auc, s, one_class, 3), ST_DOMAIN, "3 events among 3");
  assert_fails(ml_auc(&auc, s, strange, 3), ST_DOMAIN, "outcome of row 2 is 2");
  assert_fails(ml_auc(&auc, bad, mixed, 3), ST_DOMAIN, "score of row 1");
  struct ml_reliability r;
  assert_fails(ml_reliability(&r, s, mixed, 3), ST_DOMAIN, "must be 0 to 1");
}

/* One event of 100 at 1; `censored` of the 99 left at 2: by Kaplan and Meier (99 - censored) / 99
 * are uncensored at 3. */
static void a_horizon_leaves_a_twentieth_uncensored(void **state) {
  (void)state;
  enum { N = 100 };
  for (int censored = 94; censored <= 95; censored++) {
    double score[N], years[N];
    int code[N];
    struct ml_horizon h;
    for (int i = 0; i < N; i++) {
      score[i] = N - i;
      code[i] = i == 0;
      years[i] = i == 0 ? 1 : i <= censored ? 2 : 4;
    }
    status st = ml_at_horizon(&h, score, NULL, years, code, N, 3, 0);
    if (censored == 94) {
      assert_ok(st);
      assert_near(h.censoring_survival, 5.0 / 99, 1e-12);
    } else {
      assert_fails(st, ST_DOMAIN, "0.040 uncensored");
    }
  }
}

/* By scipy: mean and variance of hypergeom(at score, of group 1, events) summed over the times. */
static void log_rank_with_ties_has_the_variance_of_a_hypergeometric_draw(void **state) {
  (void)state;
  enum { N = 12 };
  const double years[N] = {1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 5, 6};
  const int code[N] = {1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0};
  const int group[N] = {1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  double chi2, p;
  assert_ok(ml_log_rank(&chi2, &p, years, code, group, N));
  assert_near(chi2, 2.775578768086365, 1e-12);
  assert_near(p, 0.09571205344813544, 1e-12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_rank_with_ties_has_the_variance_of_a_hypergeometric_draw),
      cmocka_unit_test(a_horizon_leaves_a_twentieth_uncensored),
      cmocka_unit_test(auc_and_delong_limits_match_proc),
      cmocka_unit_test(auc_is_unchanged_by_a_rising_transform_and_mirrored_by_a_falling_one),
      cmocka_unit_test(roc_curve_area_equals_the_auc),
      cmocka_unit_test(proper_scores_and_calibration_match_r_and_scikit_learn),
      cmocka_unit_test(decision_curve_matches),
      cmocka_unit_test(reclassification_and_youden_match),
      cmocka_unit_test(platt_scaling_matches_scikit_learn),
      cmocka_unit_test(platt_scaling_of_falling_values_is_refused),
      cmocka_unit_test(concordance_matches_r_survival),
      cmocka_unit_test(kaplan_meier_matches_r_survival),
      cmocka_unit_test(time_dependent_auc_and_brier_match),
      cmocka_unit_test(horizon_with_few_events_is_refused_when_strict),
      cmocka_unit_test(incidence_without_competing_events_is_one_minus_kaplan_meier),
      cmocka_unit_test(competing_death_lowers_the_incidence_that_kaplan_meier_gives),
      cmocka_unit_test(mcnemar_and_wilson_match_closed_forms),
      cmocka_unit_test(bad_outcomes_and_scores_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
