// labels: method
// Shapley values and permutation importance of a linear model, whose Shapley value is coefficient x
// (value - background mean) of each feature (closed form), exact and sampled.
#include "core/random.h"
#include "core/table.h"
#include "ml/risk_model.h"
#include "tests/check.h"

/* A table of n people with p normal features; the outcome follows the first two. */
static struct table *people(int n, int p) {
  struct table *t = NULL;
  char name[16];
  assert_ok(table_create(&t, (size_t)n));
  for (int j = 0; j < p; j++) {
    snprintf(name, sizeof name, "x%d", j + 1);
    assert_ok(table_add_column(t, name, "mm", true));
    for (int i = 0; i < n; i++)
      t->columns[j].numbers[i] = random_normal(3, (uint64_t)j, (uint64_t)i);
  }
  assert_ok(table_add_column(t, "fracture", "", true));
  for (int i = 0; i < n; i++) {
    double eta = 2 * t->columns[0].numbers[i] - t->columns[1].numbers[i];
    t->columns[p].numbers[i] = random_uniform(4, 0, (uint64_t)i) < 1 / (1 + exp(-eta));
  }
  return t;
}

static void check_linear_shapley(int p, int samples, double tolerance) {
  enum { N = 120, BACKGROUND = 30 };
  struct table *t = people(N, p);
  struct ml_dataset d;
  struct ml_risk_model m;
  const struct ml_dataset_options columns = {.outcome = "fracture", .task = ML_BINARY};
  struct ml_nested_options o = ML_NESTED_DEFAULTS;
  double value[32], drop[32], slope[32], mean, at, base;
  assert_ok(ml_dataset_make(&d, t, &columns, NULL, 0));
  assert_ok(ml_risk_model_fit(&m, &ml_learner_logistic, &d, 0, "fracture", &o, NULL));
  /* slopes of the score from unit steps of the raw features */
  double row[32] = {0}, step[32];
  assert_ok(ml_chain_score(&m.chain, row, 1, &base));
  for (int j = 0; j < p; j++) {
    memset(step, 0, sizeof step);
    step[j] = 1;
    assert_ok(ml_chain_score(&m.chain, step, 1, &at));
    slope[j] = at - base;
  }
  const double *person = d.x + 50 * p;
  assert_ok(ml_shapley(value, &m, person, d.x, BACKGROUND, samples, 1));
  for (int j = 0; j < p; j++) {
    mean = 0;
    for (int b = 0; b < BACKGROUND; b++) mean += d.x[b * p + j] / BACKGROUND;
    assert_near(value[j], slope[j] * (person[j] - mean), tolerance);
  }
  assert_ok(ml_permutation_importance(drop, &m, &d, 0, 1));
  for (int j = 1; j < p; j++) assert_true(drop[0] > drop[j]); /* the strongest planted feature */
  ml_risk_model_free(&m);
  ml_dataset_free(&d);
  table_destroy(t);
}

static void exact_values_are_the_closed_form(void **state) {
  (void)state;
  check_linear_shapley(4, 2, 1e-10);
}

static void sampled_values_of_a_linear_model_are_exact_too(void **state) {
  (void)state;
  check_linear_shapley(15, 20, 1e-10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_values_are_the_closed_form),
      cmocka_unit_test(sampled_values_of_a_linear_model_are_exact_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
