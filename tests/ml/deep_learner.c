// labels: slow
/* Networks on the feature table inside the same folds as every other learner. */
#include "tests/check.h"

#include "core/json.h"
#include "core/parallel.h"
#include "core/random.h"
#include "ml/cnn_torch.h"
#include "ml/nested.h"

enum { N = 160, P = 3 };

static double x[N * P], time_[N];
static int outcome[N];

static void need_module(void) {
  const struct cnn_torch *torch;
  if (cnn_torch_open(&torch) == ST_OK) return;
  print_message("skipped: %s\n", status_message());
  skip();
}

/* the outcome follows the sign of x0 x1: nothing for a straight line, plain for a network */
static struct ml_data interaction(void) {
  for (int i = 0; i < N * P; i++) x[i] = random_normal(3, 1, (uint64_t)i);
  for (int i = 0; i < N; i++) outcome[i] = x[i * P] * x[i * P + 1] > 0;
  return (struct ml_data){.x = x, .n = N, .p = P, .outcome = outcome};
}

static struct ml_data survival(void) {
  for (int i = 0; i < N * P; i++) x[i] = random_normal(3, 1, (uint64_t)i);
  for (int i = 0; i < N; i++) {
    double hazard = exp(1.2 * x[i * P] - 0.8 * x[i * P + 2]);
    time_[i] = -log(random_uniform(3, 2, (uint64_t)i)) / hazard;
    outcome[i] = time_[i] < 1.5;
    if (time_[i] > 1.5) time_[i] = 1.5;
  }
  return (struct ml_data){.x = x, .n = N, .p = P, .outcome = outcome, .target = time_};
}

static double out_of_fold(const struct ml_learner *learner, const struct ml_data *d,
                          struct ml_nested_result *keep) {
  struct ml_nested_options o = ML_NESTED_DEFAULTS;
  struct ml_nested_result r;
  o.outer = 4;
  o.repeats = 1;
  o.inner = 2;
  assert_ok(ml_nested_run(&r, learner, d, &o));
  double value = ml_criterion(learner->task, r.score, d->outcome, d->target, d->n);
  if (keep)
    *keep = r;
  else
    ml_nested_free(&r);
  return value;
}

static void a_network_finds_what_a_line_cannot(void **state) {
  (void)state;
  need_module();
  struct ml_data d = interaction();
  double line = out_of_fold(&ml_learner_logistic, &d, NULL);
  double deep = out_of_fold(&ml_learner_deep, &d, NULL);
  /* SD of an AUC of 0.5 with 80 + 80 people: 0.046 */
  assert_true(line < 0.65);
  assert_true(deep > 0.85);
}

/* a proportional hazard is linear: a network should come near Cox regression */
static void survival_networks_come_near_cox_regression(void **state) {
  (void)state;
  need_module();
  struct ml_data d = survival();
  double cox = out_of_fold(&ml_learner_cox, &d, NULL);
  struct ml_learner by_cox = ml_learner_deep_cox, by_time = ml_learner_deep_time;
  by_cox.grid = by_time.grid = 3; /* without hidden layer, and the smaller one: enough for a line */
  double deep = out_of_fold(&by_cox, &d, NULL);
  double discrete = out_of_fold(&by_time, &d, NULL);
  assert_true(cox > 0.75);
  assert_true(deep > cox - 0.03);
  assert_true(discrete > cox - 0.03);
}

static void threads_do_not_change_a_bit(void **state) {
  (void)state;
  need_module();
  struct ml_data d = interaction();
  struct ml_nested_result one, many;
  struct ml_learner quick = ml_learner_deep;
  quick.grid = 3;
  parallel_set_threads(1);
  out_of_fold(&quick, &d, &one);
  parallel_set_threads(4);
  out_of_fold(&quick, &d, &many);
  parallel_set_threads(0);
  assert_memory_equal(one.score, many.score, N * sizeof *one.score);
  ml_nested_free(&one);
  ml_nested_free(&many);
}

static void a_fitted_network_reads_back_without_the_module(void **state) {
  (void)state;
  need_module();
  struct ml_data d = survival();
  const struct ml_set set = {d.x, N, P, d.outcome, d.target};
  void *model = NULL, *back = NULL;
  double a[N], b[N];
  assert_ok(ml_learner_deep_time.fit(&model, &ml_learner_deep_time, &set, 3));
  cJSON *json = ml_learner_deep_time.to_json(model);
  assert_ok(ml_learner_deep_time.from_json(&back, json, "model"));
  ml_learner_deep_time.score(model, x, N, P, a);
  ml_learner_deep_time.score(back, x, N, P, b);
  assert_memory_equal(a, b, sizeof a);
  cJSON_DeleteItemFromObject(json, "biases");
  void *broken = NULL;
  assert_fails(ml_learner_deep_time.from_json(&broken, json, "model"), ST_FORMAT, "biases");
  cJSON_Delete(json);
  ml_learner_deep_time.destroy(model);
  ml_learner_deep_time.destroy(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_network_finds_what_a_line_cannot),
      cmocka_unit_test(survival_networks_come_near_cox_regression),
      cmocka_unit_test(threads_do_not_change_a_bit),
      cmocka_unit_test(a_fitted_network_reads_back_without_the_module),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
