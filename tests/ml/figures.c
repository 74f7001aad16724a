// labels: method
// Several figures of one bootstrap, against percentiles of the binomial and the normal
// distribution; and that the ROC pictures hold a band and the AUC.
#include "ml/figures.h"
#include "core/statistics.h"
#include "ml/bootstrap.h"
#include "tests/check.h"

enum { PEOPLE = 200, EVENTS = 80 };

struct shares {
  const int *mark;
};

static void share_and_mean(double *values, const void *user, const int64_t *rows, int64_t n) {
  const struct shares *s = user;
  values[0] = values[1] = 0;
  for (int64_t i = 0; i < n; i++) {
    values[0] += (double)s->mark[rows[i]] / (double)n;
    values[1] += (double)rows[i] / (double)n;
  }
}

/* share of marks: n = 200, k = 80; the 2.5 and 97.5 percentiles of a binomial(200, 0.4) are 67 and
 * 94 of 200 (R: qbinom), one count of Monte Carlo error on either side; the mean of 0..199 is
 * normal with SD sqrt((200^2 - 1)/12/200) = 4.08, so its interval is 99.5 +- 8.0 within 0.5 */
static void many_figures_of_one_draw_have_their_own_intervals(void **state) {
  (void)state;
  int mark[PEOPLE] = {0};
  struct ml_interval out[2];
  const struct shares s = {mark};
  for (int i = 0; i < EVENTS; i++) mark[i] = 1;
  assert_ok(ml_bootstrap_many(out, 2, share_and_mean, &s, NULL, PEOPLE, 4000, 1));
  assert_near(out[0].low, 67.0 / PEOPLE, 1.01 / PEOPLE);
  assert_near(out[0].high, 94.0 / PEOPLE, 1.01 / PEOPLE);
  assert_near(out[1].low, 99.5 - 8.0, 0.5);
  assert_near(out[1].high, 99.5 + 8.0, 0.5);
}

/* Scores that part the outcomes: every draw gives the same curve. */
static void the_roc_picture_has_a_band_and_its_auc(void **state) {
  (void)state;
  double score[PEOPLE];
  int outcome[PEOPLE];
  for (int i = 0; i < PEOPLE; i++) {
    outcome[i] = i % 2;
    score[i] = i % 2 ? 1 + i : -i; /* parts them: AUC 1 */
  }
  const struct ml_predictions p = {
      .task = ML_BINARY, .n = PEOPLE, .repeats = 1, .score = score, .outcome = outcome};
  struct text svg = {0};
  assert_ok(ml_figure_roc(&svg, &p));
  assert_non_null(strstr(svg.data, "95 % band"));
  assert_non_null(strstr(svg.data, "AUC 1.000"));
  text_free(&svg);
  assert_ok(ml_figure_roc_pair(&svg, "age", &p, "CT", &p));
  assert_non_null(strstr(svg.data, "95 % band, age"));
  assert_non_null(strstr(svg.data, "CT, AUC 1.000"));
  text_free(&svg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_figures_of_one_draw_have_their_own_intervals),
      cmocka_unit_test(the_roc_picture_has_a_band_and_its_auc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
