#define _POSIX_C_SOURCE 200809L /* mkdtemp */
// labels: method
// Cross-validation: a planted signal is recovered at its theoretical AUC, noise stays at one half
// even with selection among many features, people are never split, and threads change nothing. The
// support vector machine is compared with Debian's svm-train on the same data.
#include "core/parallel.h"
#include "core/random.h"
#include "ml/discrimination.h"
#include "ml/folds.h"
#include "ml/nested.h"
#include "ml/reliability.h"
#include "tests/check.h"

/* Two Gaussian classes; the first feature is shifted by d between them, the others are noise. */
static void gaussian_classes(double *x, int *y, int64_t n, int p, double d, uint64_t seed) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = (int)(i & 1);
    for (int j = 0; j < p; j++)
      x[i * p + j] = random_normal(seed, (uint64_t)j, (uint64_t)i) + (j == 0 ? d * y[i] : 0);
  }
}

static double out_of_fold_auc(const struct ml_learner *learner, const struct ml_data *data,
                              const struct ml_nested_options *o) {
  struct ml_nested_result r;
  double mean = 0;
  assert_ok(ml_nested_run(&r, learner, data, o));
  for (int k = 0; k < r.repeats; k++) {
    struct ml_auc auc;
    assert_ok(ml_auc(&auc, r.score + (int64_t)k * r.n, data->outcome, r.n));
    mean += auc.auc / r.repeats;
  }
  ml_nested_free(&r);
  return mean;
}

static void planted_signal_gives_its_theoretical_auc(void **state) {
  (void)state;
  enum { N = 600, P = 2 };
  static double x[N * P];
  static int y[N];
  const double d[2] = {1, 2}, expected[2] = {0.7602, 0.9214}; /* Phi(d / sqrt 2) */
  for (int k = 0; k < 2; k++) {
    gaussian_classes(x, y, N, P, d[k], 5);
    struct ml_data data = {.x = x, .n = N, .p = P, .outcome = y};
    struct ml_nested_options o = ML_NESTED_DEFAULTS;
    o.repeats = 1;
    double auc = out_of_fold_auc(&ml_learner_logistic, &data, &o);
    /* three standard errors of an AUC from 300 + 300 people (Hanley and McNeil 1982) */
    double q1 = expected[k] / (2 - expected[k]),
           q2 = 2 * expected[k] * expected[k] / (1 + expected[k]), a2 = expected[k] * expected[k];
    double se = sqrt((expected[k] * (1 - expected[k]) + 299 * (q1 - a2 + q2 - a2)) / 90000);
    assert_near(auc, expected[k], 3 * se);
  }
}

static void selection_inside_the_folds_leaves_noise_at_one_half(void **state) {
  (void)state;
  /* 70 people, 300 noise features: selection outside the folds would give an AUC near 0.9 */
  enum { N = 70, P = 300, DRAWS = 6 };
  static double x[N * P];
  static int y[N];
  double mean = 0;
  for (uint64_t draw = 0; draw < DRAWS; draw++) {
    gaussian_classes(x, y, N, P, 0, 100 + draw);
    struct ml_data data = {.x = x, .n = N, .p = P, .outcome = y};
    struct ml_nested_options o = ML_NESTED_DEFAULTS;
    struct ml_learner one_point = ml_learner_logistic;
    one_point.grid = 1;
    o.repeats = 1;
    o.outer = 5;
    o.selection = ML_SELECT_UNIVARIATE;
    mean += out_of_fold_auc(&one_point, &data, &o) / DRAWS;
  }
  /* SD of one AUC of 35 + 35 people is 0.069; five SD of the mean of six draws */
  assert_near(mean, 0.5, 5 * 0.069 / sqrt(DRAWS));
}

static void permuted_outcomes_give_one_half(void **state) {
  (void)state;
  enum { N = 60, P = 5, REPEATS = 200 };
  static double x[N * P];
  static int y[N];
  double mean = 0;
  struct ml_learner one_point = ml_learner_logistic;
  one_point.grid = 1;
  gaussian_classes(x, y, N, P, 1.5, 33); /* a real signal, then broken by the permutation */
  for (uint64_t r = 0; r < REPEATS; r++) {
    int shuffled[N];
    memcpy(shuffled, y, sizeof shuffled);
    for (uint64_t i = N - 1; i > 0; i--) {
      uint64_t j = random_below(55, r, i, i + 1);
      int swap = shuffled[i];
      shuffled[i] = shuffled[j];
      shuffled[j] = swap;
    }
    struct ml_data data = {.x = x, .n = N, .p = P, .outcome = shuffled};
    struct ml_nested_options o = ML_NESTED_DEFAULTS;
    struct ml_nested_result result;
    o.repeats = 1;
    o.outer = 5;
    o.seed = r + 1;
    assert_ok(ml_nested_run(&result, &one_point, &data, &o));
    for (int f = 0; f < result.fold_count; f++)
      mean += result.folds[f].outer_score / (REPEATS * result.fold_count);
    ml_nested_free(&result);
  }
  assert_near(mean, 0.5, 0.02);
}

static void both_hips_of_a_person_stay_in_one_fold(void **state) {
  (void)state;
  enum { N = 120 };
  int64_t person[N];
  int y[N], fold[N], events[5] = {0};
  for (int i = 0; i < N; i++) {
    person[i] = (i * 7 % N) / 2;
    y[i] = person[i] % 4 == 0;
  }
  assert_ok(ml_folds(fold, person, y, N, 5, 3, 0));
  assert_ok(ml_folds_check(fold, person, N));
  for (int i = 0; i < N; i++) events[fold[i]] += y[i];
  for (int k = 0; k < 5; k++)
    assert_in_range(events[k], 4, 8); /* 15 people with events, 2 rows each */
  fold[0] = (fold[0] + 1) % 5;
  assert_fails(ml_folds_check(fold, person, N), ST_DOMAIN, "one person");
}

static void too_few_people_for_the_folds_are_refused(void **state) {
  (void)state;
  int fold[4];
  const int y[4] = {0, 0, 0, 1};
  assert_fails(ml_folds(fold, NULL, NULL, 4, 5, 1, 0), ST_DOMAIN, "4 people cannot fill 5 folds");
  assert_fails(ml_folds(fold, NULL, y, 4, 2, 1, 0), ST_DOMAIN, "outcome 1 has 1 person");
}

static void threads_do_not_change_the_result(void **state) {
  (void)state;
  enum { N = 80, P = 4 };
  static double x[N * P];
  static int y[N];
  gaussian_classes(x, y, N, P, 1, 9);
  x[5] = NAN;
  struct ml_data data = {.x = x, .n = N, .p = P, .outcome = y};
  struct ml_nested_options o = ML_NESTED_DEFAULTS;
  o.repeats = 2;
  o.outer = 4;
  struct ml_nested_result r[2];
  for (int t = 0; t < 2; t++) {
    parallel_set_threads(t + 1);
    assert_ok(ml_nested_run(&r[t], &ml_learner_svm_linear, &data, &o));
  }
  parallel_set_threads(0);
  assert_memory_equal(r[0].score, r[1].score, 2 * N * sizeof(double));
  assert_memory_equal(r[0].probability, r[1].probability, 2 * N * sizeof(double));
  ml_nested_free(&r[0]);
  ml_nested_free(&r[1]);
}

static void site_folds_leave_each_site_out_once(void **state) {
  (void)state;
  const int64_t site[6] = {7, 7, 3, 3, 3, 9}, person[6] = {1, 2, 3, 4, 5, 6};
  int fold[6], k = 0;
  assert_ok(ml_folds_by_site(fold, &k, person, site, 6));
  assert_int_equal(k, 3);
  const int64_t split[6] = {1, 2, 2, 4, 5, 6};
  assert_fails(ml_folds_by_site(fold, &k, split, site, 6), ST_DOMAIN, "one person");
}

/* The value after `key` in a LIBSVM model file. */
static double model_value(const char *path, const char *key) {
  char line[256], name[64];
  double value = NAN, v;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "%63s %lf", name, &v) == 2 && !strcmp(name, key)) value = v;
  fclose(f);
  return value;
}

/* The same data for svm-train and svm-predict: FOLDER/data. */
static void write_libsvm_data(const char *folder, const double *x, const int *y, int n, int p) {
  char path[64];
  snprintf(path, sizeof path, "%s/data", folder);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  for (int i = 0; i < n; i++) {
    fprintf(f, "%d", y[i] ? 1 : -1);
    for (int j = 0; j < p; j++) fprintf(f, " %d:%.17g", j + 1, x[i * p + j]);
    fprintf(f, "\n");
  }
  fclose(f);
}

/* svm-predict says the class that the sign of our score says. */
static void check_svm_predict(const char *folder, const double *score, int n) {
  char path[64], command[256];
  snprintf(command, sizeof command, "svm-predict %s/data %s/model %s/out >/dev/null", folder,
           folder, folder);
  assert_int_equal(system(command), 0);
  snprintf(path, sizeof path, "%s/out", folder);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  for (int i = 0; i < n; i++) {
    int label = 0;
    assert_int_equal(fscanf(f, "%d", &label), 1);
    assert_int_equal(score[i] > 0, label > 0);
  }
  fclose(f);
}

static void machine_equals_svm_train_on_the_same_data(void **state) {
  (void)state;
  enum { N = 60, P = 3 };
  static double x[N * P];
  static int y[N];
  if (system("command -v svm-train >/dev/null 2>&1") != 0) {
    print_message("skipped: svm-train (Debian package libsvm-tools) is not installed\n");
    skip();
  }
  gaussian_classes(x, y, N, P, 1.5, 21);
  char folder[] = "/tmp/qct-svm-XXXXXX", path[64], command[256];
  assert_non_null(mkdtemp(folder));
  write_libsvm_data(folder, x, y, N, P);
  /* grid point C = 2^-5+2*4 = 8, gamma = 2^-15+2*7 = 0.5; classes of 30: balanced weights are 1 */
  snprintf(command, sizeof command, "svm-train -q -t 2 -c 8 -g 0.5 %s/data %s/model", folder,
           folder);
  assert_int_equal(system(command), 0);
  snprintf(path, sizeof path, "%s/model", folder);
  struct ml_set set = {x, N, P, y, NULL};
  void *model = NULL;
  char text[96];
  ml_learner_svm_rbf.describe(&ml_learner_svm_rbf, 4 * 10 + 7, text);
  assert_string_equal(text, "C=8 gamma=0.5");
  assert_ok(ml_learner_svm_rbf.fit(&model, &ml_learner_svm_rbf, &set, 4 * 10 + 7));
  cJSON *json = ml_learner_svm_rbf.to_json(model);
  /* svm-train saw the non-event first, so its sign is turned and ours restores it */
  assert_near(cJSON_GetObjectItem(json, "rho")->valuedouble, model_value(path, "rho"), 1e-9);
  assert_near(cJSON_GetObjectItem(json, "vector_count")->valuedouble, model_value(path, "total_sv"),
              0);
  double score[N];
  struct ml_auc auc;
  ml_learner_svm_rbf.score(model, x, N, P, score);
  check_svm_predict(folder, score, N);
  assert_ok(ml_auc(&auc, score, y, N));
  assert_true(auc.auc > 0.8); /* the sign: events score higher */
  void *again = NULL;
  double copy[N];
  assert_ok(ml_learner_svm_rbf.from_json(&again, json, "model"));
  ml_learner_svm_rbf.score(again, x, N, P, copy);
  assert_memory_equal(score, copy, sizeof score);
  ml_learner_svm_rbf.destroy(model);
  ml_learner_svm_rbf.destroy(again);
  cJSON_Delete(json);
  snprintf(command, sizeof command, "rm -r %s", folder);
  assert_int_equal(system(command), 0);
}

static void two_samples_that_flip_libsvm_probabilities_are_refused(void **state) {
  (void)state;
  /* LIBSVM's own probabilities call +1 a -1 here (cjlin1/libsvm 166); ours cannot be made at all */
  const double x[2] = {1, -1};
  const int y[2] = {1, 0};
  struct ml_data data = {.x = x, .n = 2, .p = 1, .outcome = y};
  struct ml_nested_options o = ML_NESTED_DEFAULTS;
  struct ml_nested_result r;
  o.outer = 2;
  o.repeats = 1;
  assert_fails(ml_nested_run(&r, &ml_learner_svm_linear, &data, &o), ST_DOMAIN, "at least 2");
}

static void constant_and_mostly_missing_features_are_dropped(void **state) {
  (void)state;
  /* columns: constant, half missing, two missing of five, plain */
  const double x[20] = {1, NAN, 2, 1, 1, NAN, NAN, 2, 1, NAN, 4, 3, 1, 5, NAN, 4, 1, 6, 6, 5};
  const int64_t rows[5] = {0, 1, 2, 3, 4};
  struct ml_scaling s;
  assert_ok(ml_scaling_learn(&s, x, 4, rows, 5, 0.4));
  assert_int_equal(s.dropped_constant, 1);
  assert_int_equal(s.dropped_missing, 1);
  assert_int_equal(s.out, 3); /* two kept and one indicator */
  double row[3];
  ml_scaling_apply(&s, x + 4, row);
  /* median 4 for the missing one; mean of (2, 4, 4, 4, 6) = 4 */
  assert_near(row[0], 0, 1e-14);
  assert_near(row[2], (1 - 0.4) / sqrt(0.3), 1e-12); /* SD of (0,1,0,1,0) with n-1 */
  ml_scaling_free(&s);
  const double same[5] = {3, 3, 3, 3, 3};
  assert_fails(ml_scaling_learn(&s, same, 1, rows, 5, 0.4), ST_DOMAIN, "none of 1 features");
}

static void probabilities_of_a_fold_are_learnt_from_the_scores_of_the_others(void **state) {
  (void)state;
  enum { N = 120, P = 2 };
  static double x[N * P];
  static int y[N];
  gaussian_classes(x, y, N, P, 1, 9);
  struct ml_data data = {.x = x, .n = N, .p = P, .outcome = y};
  struct ml_nested_options o = ML_NESTED_DEFAULTS;
  struct ml_learner one_point = ml_learner_svm_linear;
  struct ml_nested_result r;
  double f[N];
  int outcome[N];
  one_point.grid = 1;
  o.repeats = 1;
  o.outer = 5;
  assert_ok(ml_nested_run(&r, &one_point, &data, &o));
  for (int k = 0; k < 5; k++) {
    struct ml_platt platt;
    int64_t m = 0;
    for (int i = 0; i < N; i++)
      if (r.fold[i] != k) {
        f[m] = r.score[i];
        outcome[m++] = y[i];
      }
    assert_true(m < N);
    assert_ok(ml_platt_fit(&platt, f, outcome, m));
    for (int i = 0; i < N; i++)
      if (r.fold[i] == k)
        assert_near(r.probability[i], ml_platt_probability(&platt, r.score[i]), 1e-12);
  }
  ml_nested_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(probabilities_of_a_fold_are_learnt_from_the_scores_of_the_others),
      cmocka_unit_test(planted_signal_gives_its_theoretical_auc),
      cmocka_unit_test(selection_inside_the_folds_leaves_noise_at_one_half),
      cmocka_unit_test(permuted_outcomes_give_one_half),
      cmocka_unit_test(both_hips_of_a_person_stay_in_one_fold),
      cmocka_unit_test(too_few_people_for_the_folds_are_refused),
      cmocka_unit_test(threads_do_not_change_the_result),
      cmocka_unit_test(site_folds_leave_each_site_out_once),
      cmocka_unit_test(machine_equals_svm_train_on_the_same_data),
      cmocka_unit_test(two_samples_that_flip_libsvm_probabilities_are_refused),
      cmocka_unit_test(constant_and_mostly_missing_features_are_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
