// labels: method data slow
/* IBSI-2 phase 2 (Whybra et al. 2024): statistics of filtered CT inside the region; 323 values have
 * a consensus (one of the 324 rows has none). */
#include "tests/check.h"

#include "radiomics/verify.h"

static void filtered_ct_meets_every_consensus_value(void **state) {
  (void)state;
  struct rad_scoreboard b = {0};
  assert_ok(rad_verify_filters(&b, shared_path("reference")));
  assert_int_equal(b.count, 323);
  for (size_t n = 0; n < b.count; n++)
    if (!b.rows[n].passed)
      fail_msg("%s %s: %.6g, expected %.6g +- %g", b.rows[n].set, b.rows[n].name, b.rows[n].value,
               b.rows[n].reference, b.rows[n].tolerance);
  rad_scoreboard_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(filtered_ct_meets_every_consensus_value)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
