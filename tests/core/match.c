/* Distances of words (optimal string alignment): textbook pairs. */
#include "core/match.h"

#include "tests/check.h"

static void distances_of_known_pairs(void **state) {
  (void)state;
  assert_int_equal(match_distance("", ""), 0);
  assert_int_equal(match_distance("", "abc"), 3);
  assert_int_equal(match_distance("kitten", "sitting"), 3);
  assert_int_equal(match_distance("saturday", "sunday"), 3);
  assert_int_equal(match_distance("ab", "ba"), 1);
  assert_int_equal(match_distance("ca", "abc"), 3); /* 2 only without the alignment restriction */
}

static void nearest_is_proposed_only_when_plausible(void **state) {
  (void)state;
  const char *const words[] = {"calibrate", "cohort", "convert", "fea", "info"};
  assert_int_equal(match_nearest("confert", words, 5), 2);
  assert_int_equal(match_nearest("inf", words, 5), 4);
  assert_int_equal(match_nearest("cali", words, 5), 0);
  assert_int_equal(match_nearest("radiomics", words, 5), -1);
  assert_int_equal(match_nearest("x", words, 5), -1);
}

static void long_words_stay_in_bounds(void **state) {
  (void)state;
  char a[200], b[200];
  memset(a, 'a', sizeof a);
  memset(b, 'b', sizeof b);
  a[199] = b[199] = '\0';
  assert_int_equal(match_distance(a, b), 63);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_of_known_pairs),
      cmocka_unit_test(nearest_is_proposed_only_when_plausible),
      cmocka_unit_test(long_words_stay_in_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
