// Strips of many cases: fences against numpy's quartiles, links, what an outlier looks like,
// hostile names.
#include "report/report.h"
#include "tests/check.h"

enum { COUNT = 10 };
static const double values[COUNT] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 100};

/* numpy.percentile([1..9, 100], [25, 50, 75]) = 3.25, 5.5, 7.75; fences 1.5 * 4.5 outside: -3.5
 * and 14.5 */
static void fences_are_tukeys(void **state) {
  (void)state;
  double low, high, q[3];
  assert_int_equal(report_fences(&low, &high, q, values, COUNT), COUNT);
  assert_near(q[0], 3.25, 1e-12);
  assert_near(q[1], 5.5, 1e-12);
  assert_near(q[2], 7.75, 1e-12);
  assert_near(low, -3.5, 1e-12);
  assert_near(high, 14.5, 1e-12);
}

static void too_few_values_have_no_fences(void **state) {
  (void)state;
  double low, high;
  const double seven[8] = {1, 2, 3, 4, 5, 6, 7, NAN};
  assert_int_equal(report_fences(&low, &high, NULL, seven, 8), 7);
  assert_true(isnan(low) && isnan(high));
}

static status make_page(struct text *html, const struct report_strip *s) {
  status st = ST_OK;
  struct report *r = NULL;
  TRY(report_create(&r, "Cohort", ""));
  report_strips(r, s, "strip", NULL);
  TRY(report_html(r, html));
done:
  report_destroy(r);
  return st;
}

static void one_outlier_is_a_named_diamond_that_leads_to_its_case(void **state) {
  (void)state;
  const char *labels[COUNT], *links[COUNT];
  struct text html = {0};
  for (int i = 0; i < COUNT; i++) {
    labels[i] = i == COUNT - 1 ? "<b>odd</b>" : "even";
    links[i] = "sub-X/report.html";
  }
  const struct report_strip s = {.axis = "x",
                                 .count = COUNT,
                                 .values = values,
                                 .group_count = 1,
                                 .labels = labels,
                                 .links = links};
  assert_ok(make_page(&html, &s));
  const char *diamond = strstr(html.data, "class=\"out\"");
  assert_non_null(diamond);
  assert_null(strstr(diamond + 1, "class=\"out\""));
  assert_non_null(strstr(html.data, "<a href=\"sub-X/report.html\">"));
  assert_non_null(strstr(html.data, "&lt;b&gt;odd&lt;/b&gt;"));
  assert_null(strstr(html.data, "<b>odd"));
  text_free(&html);
}

static void missing_values_are_counted_in_their_group(void **state) {
  (void)state;
  const double some[4] = {1, NAN, NAN, 4};
  const int groups[4] = {0, 0, 0, 1};
  const char *names[2] = {"north", "south"};
  struct text html = {0};
  const struct report_strip s = {.axis = "x",
                                 .count = 4,
                                 .values = some,
                                 .groups = groups,
                                 .group_names = names,
                                 .group_count = 2};
  assert_ok(make_page(&html, &s));
  assert_non_null(strstr(html.data, "2 missing"));
  assert_non_null(strstr(html.data, "north"));
  text_free(&html);
}

static void equal_values_and_none_at_all_are_drawn(void **state) {
  (void)state;
  const double same[3] = {5, 5, 5}, none[2] = {NAN, NAN};
  struct text html = {0};
  const struct report_strip s = {.axis = "x", .count = 3, .values = same, .group_count = 1};
  const struct report_strip e = {.axis = "x", .count = 2, .values = none, .group_count = 1};
  assert_ok(make_page(&html, &s));
  assert_null(strstr(html.data, "nan"));
  text_free(&html);
  assert_ok(make_page(&html, &e));
  assert_null(strstr(html.data, "nan"));
  assert_null(strstr(html.data, "inf\""));
  text_free(&html);
}

/* A page has a script only for slices, and its policy names it. */
static void slices_bring_one_script_that_the_policy_names(void **state) {
  (void)state;
  struct report *r = NULL;
  struct text html = {0};
  const struct report_slices s = {.png = "x",
                                  .length = 1,
                                  .nx = 9,
                                  .ny = 9,
                                  .nz = 9,
                                  .columns = 3,
                                  .start = {3, 4, 5},
                                  .high_hu = 1};
  assert_ok(report_create(&r, "Case", ""));
  report_slices(r, &s, "slices", NULL);
  assert_ok(report_html(r, &html));
  const char *script = strstr(html.data, "<script>");
  assert_non_null(script);
  assert_null(strstr(script + 1, "<script"));
  assert_non_null(strstr(html.data, "script-src 'sha256-"));
  assert_non_null(strstr(html.data, "data-start=\"3 4 5\""));
  text_free(&html);
  report_destroy(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fences_are_tukeys),
      cmocka_unit_test(too_few_values_have_no_fences),
      cmocka_unit_test(one_outlier_is_a_named_diamond_that_leads_to_its_case),
      cmocka_unit_test(missing_values_are_counted_in_their_group),
      cmocka_unit_test(equal_values_and_none_at_all_are_drawn),
      cmocka_unit_test(slices_bring_one_script_that_the_policy_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
