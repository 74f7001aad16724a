// labels: method
/* The list that `qct verify` shows: what counts as a miss, by hand. */
#include "core/evidence.h"
#include "tests/check.h"

static void an_answer_is_missed_beyond_what_is_permitted_and_when_it_is_no_number(void **state) {
  (void)state;
  struct evidence e = {.area = "one"};
  size_t rows;
  assert_ok(evidence_add(&e, "within", "by hand", "mm", 2, 2.5, 0.5));
  assert_ok(evidence_add(&e, "beyond", "by hand", "mm", 2, 2.51, 0.5));
  e.area = "two";
  assert_ok(evidence_add(&e, "no number", "by hand", "mm", 2, NAN, 1e9));
  assert_ok(evidence_add(&e, "exact", "by hand", "", 0, 0, 0));
  assert_int_equal(evidence_missed(&e, "one", &rows), 1);
  assert_int_equal(rows, 2);
  assert_int_equal(evidence_missed(&e, NULL, &rows), 2);
  assert_int_equal(rows, 4);
  evidence_free(&e);
  assert_int_equal(e.count, 0);
}

static void the_table_shows_both_numbers_and_the_verdict(void **state) {
  (void)state;
  struct evidence e = {.area = "area"};
  struct table *t = NULL;
  for (int i = 0; i < 200; i++) /* the list grows */
    assert_ok(evidence_add(&e, "claim", "program 1.2", "N", i, i + 1, i % 2 ? 1 : 0.5));
  assert_ok(evidence_table(&t, &e));
  assert_int_equal(t->row_count, 200);
  assert_string_equal(t->columns[table_find(t, "answer from")].texts[7], "program 1.2");
  assert_near(t->columns[table_find(t, "difference")].numbers[7], 1, 0);
  assert_string_equal(t->columns[table_find(t, "verdict")].texts[7], "ok");
  assert_string_equal(t->columns[table_find(t, "verdict")].texts[8], "missed");
  table_destroy(t);
  evidence_free(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_is_missed_beyond_what_is_permitted_and_when_it_is_no_number),
      cmocka_unit_test(the_table_shows_both_numbers_and_the_verdict),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
