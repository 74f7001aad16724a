// labels: method data
/* Features against the published values of the Image Biomarker Standardisation Initiative
 * (Zwanenburg et al. 2020; Whybra et al. 2024) and against pyradiomics' own baseline files. The
 * digital phantom is built in; the others are read from the folder of reference tables. */
#include "tests/check.h"

#include "core/parallel.h"
#include "radiomics/verify.h"

/* Every row of the board passes; the first that does not is named. */
static void assert_all(const struct rad_scoreboard *b, size_t expected) {
  assert_int_equal(b->count, expected);
  for (size_t n = 0; n < b->count; n++)
    if (!b->rows[n].passed)
      fail_msg("%s %s %s: %.9g, expected %.9g +- %g", b->rows[n].set, b->rows[n].name,
               b->rows[n].aggregation, b->rows[n].value, b->rows[n].reference,
               b->rows[n].tolerance);
}

static void digital_phantom_meets_its_482_values(void **state) {
  (void)state;
  struct rad_scoreboard b = {0};
  assert_ok(rad_verify_phantom(&b));
  assert_all(&b, 482);
  rad_scoreboard_free(&b);
}

static void ct_configurations_meet_their_1322_values(void **state) {
  (void)state;
  shared_path("reference/ibsi1_phantoms/ct/phantom.nii.gz");
  struct rad_scoreboard b = {0};
  assert_ok(rad_verify_ct(&b, shared_path("reference"), "ABCDE"));
  assert_all(&b, 1322);
  rad_scoreboard_free(&b);
}

static void every_step_meets_its_diagnostics(void **state) {
  (void)state;
  struct rad_scoreboard b = {0};
  assert_ok(rad_verify_diagnostics(&b, shared_path("reference")));
  assert_all(&b, 300);
  rad_scoreboard_free(&b);
}

static void response_maps_are_within_one_percent(void **state) {
  (void)state;
  struct rad_scoreboard b = {0};
  assert_ok(rad_verify_maps(&b, shared_path("reference")));
  assert_all(&b, 18);
  rad_scoreboard_free(&b);
}

/* Four rows of the baseline are older than the package's present mesh; their reference is what the
 * package's version 3.1.0 prints for the same image and mask. */
static void pyradiomics_baseline_agrees(void **state) {
  (void)state;
  struct rad_scoreboard b = {0};
  size_t newer = 0;
  assert_ok(rad_verify_pyradiomics(&b, shared_path("reference")));
  for (size_t n = 0; n < b.count; n++) newer += strstr(b.rows[n].note, "3.1.0") != NULL;
  assert_int_equal(newer, 4);
  assert_all(&b, 1348);
  rad_scoreboard_free(&b);
}

/* The rule of comparison itself: three digits, then the tolerance. */
static void comparison_rejects_what_lies_outside(void **state) {
  (void)state;
  assert_true(rad_value_agrees(2.149, 2.15, 0));
  assert_false(rad_value_agrees(2.144, 2.15, 0));
  assert_true(rad_value_agrees(560.4, 556, 4));
  assert_false(rad_value_agrees(561, 556, 4));
  assert_false(rad_value_agrees(NAN, 1, 10));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comparison_rejects_what_lies_outside),
      cmocka_unit_test(digital_phantom_meets_its_482_values),
      cmocka_unit_test(ct_configurations_meet_their_1322_values),
      cmocka_unit_test(every_step_meets_its_diagnostics),
      cmocka_unit_test(response_maps_are_within_one_percent),
      cmocka_unit_test(pyradiomics_baseline_agrees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
