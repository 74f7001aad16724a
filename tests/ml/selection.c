// labels: method
// Choosing features: planted ones are kept, noise as often as the level says, at least one always;
// the order of the columns and the sign of an effect play no part.
#include "ml/selection.h"
#include "core/random.h"
#include "tests/check.h"

#include <stdbool.h>

enum { N = 200, P = 40 };

struct sample {
  double x[N * P], target[N];
  int outcome[N];
  struct ml_set set;
};

/* Noise but for two columns, which are shifted by +d and -d between the classes and in y. */
static struct sample *make(int first, int second, double d, uint64_t seed) {
  static struct sample s;
  for (int i = 0; i < N; i++) {
    s.outcome[i] = i & 1;
    s.target[i] = random_normal(seed, 1000, (uint64_t)i);
    for (int j = 0; j < P; j++) {
      double sign = j == first ? d : j == second ? -d : 0;
      s.x[i * P + j] = random_normal(seed, (uint64_t)j, (uint64_t)i) + sign * (s.outcome[i] - 0.5);
      s.target[i] += sign * s.x[i * P + j];
    }
  }
  s.set = (struct ml_set){.x = s.x, .n = N, .p = P, .outcome = s.outcome};
  return &s;
}

static bool holds(const int *kept, int count, int column) {
  for (int i = 0; i < count; i++)
    if (kept[i] == column) return true;
  return false;
}

static void without_selection_every_column_stays(void **state) {
  (void)state;
  int kept[P], count;
  struct sample *s = make(3, 17, 1, 1000);
  assert_ok(ml_select(kept, &count, ML_SELECT_NONE, &s->set, ML_BINARY, 1));
  assert_int_equal(count, P);
  for (int j = 0; j < P; j++) assert_int_equal(kept[j], j);
}

/* A shift of one SD in 100 people a class is 7 standard errors: no method may miss it. */
static void planted_columns_are_kept_whatever_their_sign(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++)
    for (int how = ML_SELECT_UNIVARIATE; how <= ML_SELECT_LASSO; how++) {
      int kept[P], count;
      struct sample *s = make(3, 17, 1, seed);
      assert_ok(ml_select(kept, &count, how, &s->set, ML_BINARY, seed));
      assert_true(holds(kept, count, 3));
      assert_true(holds(kept, count, 17));
      for (int k = 1; k < count; k++) assert_true(kept[k - 1] < kept[k]);
    }
}

/* Of 3 x 40 columns of noise 6 are expected at the level 0.05, SD 2.4: at most 14. */
static void noise_is_kept_as_often_as_the_level_says(void **state) {
  (void)state;
  int wrong = 0;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    int kept[P], count;
    struct sample *s = make(-1, -1, 0, seed);
    assert_ok(ml_select(kept, &count, ML_SELECT_UNIVARIATE, &s->set, ML_BINARY, seed));
    wrong += count;
  }
  assert_in_range(wrong, 3, 14);
}

/* The outcome runs from x = 0 in both directions: no column is any good, and the one whose pairs
 * are least even, by counting them, is kept. */
static void the_best_one_is_kept_when_none_is_good(void **state) {
  (void)state;
  static const int outcome[8] = {0, 1, 1, 0, 0, 1, 1, 0};
  double x[8 * 3];
  for (int i = 0; i < 8; i++) {
    x[i * 3] = 1;                                /* AUC 1/2 */
    x[i * 3 + 1] = i;                            /* 8 of 16 pairs in order: 1/2 */
    x[i * 3 + 2] = i == 1 ? 9 : i == 0 ? -1 : i; /* 11 of 16 in order */
  }
  const struct ml_set set = {.x = x, .n = 8, .p = 3, .outcome = outcome};
  int kept[3], count;
  assert_ok(ml_select(kept, &count, ML_SELECT_UNIVARIATE, &set, ML_BINARY, 1));
  assert_int_equal(count, 1);
  assert_int_equal(kept[0], 2);
}

static void a_lasso_of_noise_keeps_one_at_least(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    int kept[P], count;
    struct sample *s = make(-1, -1, 0, seed);
    assert_ok(ml_select(kept, &count, ML_SELECT_LASSO, &s->set, ML_BINARY, seed));
    assert_in_range(count, 1, P / 2);
  }
}

static void a_value_is_selected_for_by_its_squared_correlation(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    int kept[P], count;
    struct sample *s = make(3, 17, 1, seed);
    s->set.outcome = NULL;
    s->set.target = s->target;
    for (int i = 0; i < N; i++) s->x[i * P + 3] *= 1000; /* a unit plays no part */
    assert_ok(ml_select(kept, &count, ML_SELECT_UNIVARIATE, &s->set, ML_REGRESSION, seed));
    assert_true(holds(kept, count, 3));
    assert_true(holds(kept, count, 17));
    assert_true(count <= 2 + 8); /* 38 x 0.05 = 1.9, SD 1.3 */
  }
}

static void the_order_of_the_columns_plays_no_part(void **state) {
  (void)state;
  for (int how = ML_SELECT_UNIVARIATE; how <= ML_SELECT_LASSO; how++) {
    int kept[P], turned[P], count, turned_count;
    struct sample *s = make(3, 17, 0.4, 1);
    static double reversed[N * P];
    for (int i = 0; i < N; i++)
      for (int j = 0; j < P; j++) reversed[i * P + P - 1 - j] = s->x[i * P + j];
    struct ml_set other = s->set;
    other.x = reversed;
    assert_ok(ml_select(kept, &count, how, &s->set, ML_BINARY, 1));
    assert_ok(ml_select(turned, &turned_count, how, &other, ML_BINARY, 1));
    assert_int_equal(count, turned_count);
    for (int k = 0; k < count; k++) assert_true(holds(turned, turned_count, P - 1 - kept[k]));
  }
}

static void a_lasso_wants_a_yes_or_no(void **state) {
  (void)state;
  int kept[P], count;
  struct sample *s = make(3, 17, 1, 1);
  s->set.target = s->target;
  assert_fails(ml_select(kept, &count, ML_SELECT_LASSO, &s->set, ML_REGRESSION, 1), ST_DOMAIN,
               "needs a yes/no outcome");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_selection_every_column_stays),
      cmocka_unit_test(planted_columns_are_kept_whatever_their_sign),
      cmocka_unit_test(noise_is_kept_as_often_as_the_level_says),
      cmocka_unit_test(the_best_one_is_kept_when_none_is_good),
      cmocka_unit_test(a_lasso_of_noise_keeps_one_at_least),
      cmocka_unit_test(a_value_is_selected_for_by_its_squared_correlation),
      cmocka_unit_test(the_order_of_the_columns_plays_no_part),
      cmocka_unit_test(a_lasso_wants_a_yes_or_no),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
