// labels: method
// The performance statement: intervals that hold the truth they claim to hold (two normal
// distributions, whose ROC curve is known in closed form), concordance beside a count of all pairs.
#include "ml/assessment.h"
#include "core/random.h"
#include "core/statistics.h"
#include "ml/discrimination.h"
#include "ml/survival.h"
#include "tests/check.h"

enum { PEOPLE = 160, COHORTS = 100, DRAWS = 200 };

struct cohort {
  double score[2 * PEOPLE];
  int outcome[2 * PEOPLE];
};

/* PEOPLE non-events about 0 and PEOPLE events about `shift`, SD 1. */
static void draw_cohort(struct cohort *c, double shift, uint64_t seed) {
  for (int i = 0; i < 2 * PEOPLE; i++) {
    c->outcome[i] = i >= PEOPLE;
    c->score[i] = random_normal(seed, 0, (uint64_t)i) + shift * c->outcome[i];
  }
}

static struct record *assess(const struct ml_predictions *p, int draws) {
  struct record *r = NULL;
  const struct ml_assessment_options o = {.draws = draws, .seed = 7};
  assert_ok(record_create(&r, "cohort"));
  assert_ok(ml_assess(r, "model", p, &o));
  return r;
}

static struct ml_predictions of_cohort(const struct cohort *c) {
  return (struct ml_predictions){
      .task = ML_BINARY, .n = 2 * PEOPLE, .repeats = 1, .score = c->score, .outcome = c->outcome};
}

static void intervals_hold_the_truth_where_the_threshold_was_chosen_on_the_same_people(void **s) {
  (void)s;
  const double shift = 1.2, z90 = 1.2815515655446004;
  const double truth = stat_normal_cdf(shift - z90), area = stat_normal_cdf(shift / sqrt(2));
  int held = 0, by_wilson = 0, held_area = 0;
  for (int k = 0; k < COHORTS; k++) {
    struct cohort c;
    double low, high;
    draw_cohort(&c, shift, 100 + (uint64_t)k);
    const struct ml_predictions p = of_cohort(&c);
    struct record *r = assess(&p, DRAWS);
    const struct measurement *m = record_find(r, "model", "sensitivity_at_specificity_90");
    const struct measurement *auc = record_find(r, "model", "auc");
    assert_non_null(m);
    held += m->low <= truth && truth <= m->high;
    held_area += auc->low <= area && area <= auc->high;
    ml_wilson(&low, &high, llround(m->value * PEOPLE), PEOPLE);
    by_wilson += low <= truth && truth <= high;
    record_destroy(r);
  }
  print_message("sensitivity at 90 %% specificity: %d of %d held, %d by Wilson alone; AUC %d\n",
                held, COHORTS, by_wilson, held_area);
  /* 95 of 100 less 2.6 standard deviations of a binomial: 89 */
  assert_true(held >= 89);
  assert_true(held_area >= 89);
  assert_true(by_wilson < 89);
}

static void all_ranked_right_has_no_interval_and_says_so(void **s) {
  (void)s;
  struct cohort c;
  draw_cohort(&c, 100, 3);
  const struct ml_predictions p = of_cohort(&c);
  struct record *r = assess(&p, 50);
  const struct measurement *m = record_find(r, "model", "auc");
  assert_near(m->value, 1, 0);
  assert_true(isnan(m->low) && isnan(m->high));
  assert_non_null(strstr(m->flags, "no interval"));
  m = record_find(r, "model", "sensitivity_at_specificity_90");
  double low, high;
  ml_wilson(&low, &high, PEOPLE, PEOPLE);
  assert_near(m->value, 1, 0);
  assert_near(m->low, low, 1e-12);
  record_destroy(r);
}

static void figures_of_probabilities_have_intervals_about_their_values(void **s) {
  (void)s;
  static const char *const names[] = {"brier",
                                      "log_loss",
                                      "observed_expected",
                                      "calibration_slope",
                                      "calibration_intercept",
                                      "calibration_in_the_large"};
  struct cohort c;
  double probability[2 * PEOPLE];
  draw_cohort(&c, 1.2, 5);
  /* Bayes' risk of two normal distributions: right by construction, slope 1 */
  for (int i = 0; i < 2 * PEOPLE; i++) probability[i] = 1 / (1 + exp(-1.2 * (c.score[i] - 0.6)));
  struct ml_predictions p = of_cohort(&c);
  p.probability = probability;
  struct record *r = assess(&p, 400);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const struct measurement *m = record_find(r, "model", names[i]);
    assert_non_null(m);
    assert_true(m->low < m->value && m->value < m->high);
  }
  const struct measurement *slope = record_find(r, "model", "calibration_slope");
  assert_true(slope->low < 1 && 1 < slope->high);
  assert_true(isnan(record_find(r, "model", "e_max")->low));
  record_destroy(r);
}

/* Times, events and risks with many ties. */
static void draw_followed(double *time, int *event, double *risk, int n, uint64_t seed) {
  for (int i = 0; i < n; i++) {
    time[i] = 1 + (double)random_below(seed, 0, (uint64_t)i, 12);
    event[i] = (int)random_below(seed, 1, (uint64_t)i, 3);
    risk[i] = (double)random_below(seed, 2, (uint64_t)i, 9) - 0.2 * time[i];
  }
}

static void concordance_is_the_count_of_all_pairs(void **s) {
  (void)s;
  enum { N = 90 };
  for (uint64_t seed = 1; seed <= 20; seed++) {
    double time[N], risk[N], c = 0, d = 0, t = 0;
    int event[N];
    struct ml_concordance got;
    draw_followed(time, event, risk, N, seed);
    for (int i = 0; i < N; i++)
      for (int j = 0; event[i] == 1 && j < N; j++) {
        if (!(time[i] < time[j] || (time[i] == time[j] && event[j] != 1))) continue;
        c += risk[i] > risk[j];
        d += risk[i] < risk[j];
        t += risk[i] == risk[j];
      }
    assert_ok(ml_harrell(&got, risk, time, event, N));
    assert_near(got.concordant, c, 0);
    assert_near(got.discordant, d, 0);
    assert_near(got.tied, t, 0);
  }
}

/* All pairs of a case with a control, each with its weight; G by its product, events first. */
static void deaths_are_left_out_or_controls_at_a_horizon(void **s) {
  (void)s;
  enum { N = 90 };
  const double tau = 6;
  for (uint64_t seed = 1; seed <= 10; seed++) {
    double time[N], risk[N], g[14] = {1}, above[2] = {0, 0}, all[2] = {0, 0};
    int event[N], deaths = 0;
    struct ml_horizon h;
    draw_followed(time, event, risk, N, seed);
    for (int t = 1; t < 14; t++) {
      double left = 0, censored = 0;
      for (int i = 0; i < N; i++) {
        left += time[i] > t || (time[i] == t && event[i] == 0);
        censored += time[i] == t && event[i] == 0;
      }
      g[t] = g[t - 1] * (left > 0 ? 1 - censored / left : 1);
    }
    for (int i = 0; i < N; i++)
      for (int j = 0; event[i] == 1 && time[i] <= tau && j < N; j++) {
        bool beyond = time[j] > tau, death = event[j] == 2 && time[j] <= tau;
        if (!beyond && !death) continue;
        double w = 1 / g[(int)time[i] - 1] / (beyond ? g[(int)tau] : g[(int)time[j] - 1]);
        double won = w * (risk[i] > risk[j] ? 1 : risk[i] == risk[j] ? 0.5 : 0);
        for (int k = beyond ? 0 : 1; k < 2; k++) {
          above[k] += won;
          all[k] += w;
        }
      }
    for (int i = 0; i < N; i++) deaths += event[i] == 2 && time[i] <= tau;
    assert_ok(ml_at_horizon(&h, risk, NULL, time, event, N, tau, 0));
    assert_near(h.auc, above[0] / all[0], 1e-12);
    assert_near(h.auc_competing, above[1] / all[1], 1e-12);
    assert_int_equal(h.competing, deaths);
  }
}

/* Of two repeats that err by +0.2 and -0.2 the mean probability is right: NRI and IDI of that. */
static void differences_use_the_mean_probability_of_the_repeats(void **s) {
  (void)s;
  enum { N = 40 };
  double old_p[2 * N], new_p[2 * N];
  int outcome[N];
  struct record *r = NULL;
  const struct ml_assessment_options o = {.draws = 20, .seed = 1};
  for (int i = 0; i < N; i++) {
    outcome[i] = i % 2;
    for (int k = 0; k < 2; k++) {
      old_p[k * N + i] = 0.5;
      new_p[k * N + i] = (i % 2 ? 0.6 : 0.4) + (k ? -0.2 : 0.2);
    }
  }
  const struct ml_predictions a = {ML_BINARY, N, 2, old_p, old_p, outcome, NULL, NULL},
                              b = {ML_BINARY, N, 2, new_p, new_p, outcome, NULL, NULL};
  assert_ok(record_create(&r, "cohort"));
  assert_ok(ml_assess_difference(r, "old", &a, "new", &b, &o));
  assert_near(record_find(r, "new - old", "nri_events")->value, 1, 1e-12);
  assert_near(record_find(r, "new - old", "nri_non_events")->value, 1, 1e-12);
  assert_near(record_find(r, "new - old", "idi")->value, 0.2, 1e-12);
  record_destroy(r);
}

/* Somebody without a probability: no reclassification, and no 1 in its place. */
static void a_missing_probability_withholds_the_reclassification(void **s) {
  (void)s;
  enum { N = 40 };
  static const char *const quantities[] = {"nri_events", "nri_non_events", "idi", "mcnemar_p"};
  double a[N], b[N];
  int outcome[N];
  for (int i = 0; i < N; i++) {
    outcome[i] = i % 2;
    a[i] = 0.2 + 0.015 * i;
    b[i] = 0.8 - 0.015 * i;
  }
  b[7] = NAN;
  const struct ml_predictions of_a = {
      .task = ML_BINARY, .n = N, .repeats = 1, .score = a, .probability = a, .outcome = outcome};
  struct ml_predictions of_b = of_a;
  of_b.probability = b;
  for (int turn = 0; turn < 2; turn++) {
    struct record *r = NULL;
    const struct ml_assessment_options o = {.draws = 20, .seed = 7};
    assert_ok(record_create(&r, "cohort"));
    assert_ok(ml_assess_difference(r, "a", turn ? &of_b : &of_a, "b", turn ? &of_a : &of_b, &o));
    for (int q = 0; q < 4; q++) {
      const struct measurement *m = record_find(r, "b - a", quantities[q]);
      assert_non_null(m);
      assert_true(isnan(m->value));
      assert_non_null(strstr(m->flags, "not everybody has a probability"));
    }
    record_destroy(r);
  }
}

static void figures_over_time_are_means_of_the_repeats_with_intervals(void **s) {
  (void)s;
  enum { N = 90 };
  double time[N], score[2 * N];
  int event[N];
  struct ml_horizon one, two;
  draw_followed(time, event, score, N, 4);
  for (int i = 0; i < N; i++) score[N + i] = -score[i] + 0.5 * i;
  assert_ok(ml_at_horizon(&one, score, NULL, time, event, N, 6, 1));
  assert_ok(ml_at_horizon(&two, score + N, NULL, time, event, N, 6, 1));
  const struct ml_predictions p = {
      .task = ML_SURVIVAL, .n = N, .repeats = 2, .score = score, .outcome = event, .target = time};
  const struct ml_assessment_options o = {.draws = 200, .seed = 1};
  struct record *r = NULL;
  assert_ok(record_create(&r, "cohort"));
  assert_ok(ml_assess(r, "model", &p, &o));
  assert_ok(ml_assess_horizon(r, "model", &p, 6, true, &o));
  const struct measurement *m = record_find(r, "model", "auc_at_6");
  assert_near(m->value, 0.5 * (one.auc + two.auc), 1e-12);
  assert_true(m->low < m->value && m->value < m->high);
  m = record_find(r, "model", "uno_c");
  assert_true(m->low < m->value && m->value < m->high);
  record_destroy(r);
}

/* 10 events among 320 have a headline, 9 have none. */
static void a_headline_takes_ten_events(void **s) {
  (void)s;
  for (int events = 9; events <= 10; events++) {
    struct cohort c;
    draw_cohort(&c, 1, 3);
    for (int i = 0; i < 2 * PEOPLE; i++) c.outcome[i] = i >= 2 * PEOPLE - events;
    const struct ml_predictions p = of_cohort(&c);
    struct record *r = assess(&p, 20);
    const struct measurement *m = record_find(r, "model", "auc");
    assert_non_null(m);
    assert_int_equal(strstr(m->flags, "too few events") != NULL, events < 10);
    record_destroy(r);
  }
}

static void a_headline_takes_five_events_a_feature(void **s) {
  (void)s;
  for (int features = 2; features <= 3; features++) { /* 12 events */
    struct cohort c;
    struct record *r = NULL;
    draw_cohort(&c, 1, 3);
    for (int i = 0; i < 2 * PEOPLE; i++) c.outcome[i] = i >= 2 * PEOPLE - 12;
    const struct ml_predictions p = of_cohort(&c);
    const struct ml_assessment_options o = {.draws = 20, .seed = 7, .features = features};
    assert_ok(record_create(&r, "cohort"));
    assert_ok(ml_assess(r, "model", &p, &o));
    const char *flags = record_find(r, "model", "auc")->flags;
    assert_int_equal(strstr(flags, "fewer than 5 events per candidate feature") != NULL,
                     features == 3);
    record_destroy(r);
  }
}

static void a_headline_takes_twenty_people(void **s) {
  (void)s;
  for (int people = 19; people <= 20; people++) {
    struct cohort c;
    draw_cohort(&c, 1, 3);
    for (int i = 0; i < people; i++) c.outcome[i] = i % 2 == 0; /* 10 events in either */
    struct ml_predictions p = of_cohort(&c);
    p.n = people;
    struct record *r = assess(&p, 20);
    const char *flags = record_find(r, "model", "auc")->flags;
    assert_int_equal(strstr(flags, "too few events") != NULL, people < 20);
    record_destroy(r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_headline_takes_twenty_people),
      cmocka_unit_test(a_headline_takes_five_events_a_feature),
      cmocka_unit_test(a_headline_takes_ten_events),
      cmocka_unit_test(intervals_hold_the_truth_where_the_threshold_was_chosen_on_the_same_people),
      cmocka_unit_test(all_ranked_right_has_no_interval_and_says_so),
      cmocka_unit_test(figures_of_probabilities_have_intervals_about_their_values),
      cmocka_unit_test(concordance_is_the_count_of_all_pairs),
      cmocka_unit_test(deaths_are_left_out_or_controls_at_a_horizon),
      cmocka_unit_test(differences_use_the_mean_probability_of_the_repeats),
      cmocka_unit_test(a_missing_probability_withholds_the_reclassification),
      cmocka_unit_test(figures_over_time_are_means_of_the_repeats_with_intervals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
