// links: cli
/* Forms made from a declaration keep its meaning, whatever letters it holds. */
#include "cli/writers.h"
#include "cli/declaration.h"
#include "cli/help.h"

#include "core/json.h"
#include "tests/check.h"

struct params {
  double size_mm, angle_deg;
  int law;
  bool smooth;
  const char *out;
};
static const struct params defaults = {.size_mm = 0.7, .angle_deg = NAN, .law = 1, .smooth = true};
static const char *const law_names[] = {"a", "b", NULL};
static const struct option options[] = {
    OPT_REAL(struct params, size_mm, "size", "mm", 0.2, 5, "edge | of an <element>"),
    OPT_REAL(struct params, angle_deg, "angle", "deg", -INFINITY, 30, "tilt"),
    OPT_CHOICE(struct params, law, "law", law_names, "material law"),
    OPT_FLAG(struct params, smooth, "smooth", "smooth first"),
    OPT_OUT_REQUIRED(struct params, out, "out", "result"),
    OPTIONS_END};
static const struct example examples[] = {{"qct fea test --out 'x y'", "a \\ backslash"},
                                          {NULL, NULL}};
static const struct command command = {.name = "fea test",
                                       .summary = "Test & try",
                                       .about = ".SH is no request\n\nsecond 'paragraph' a\\b",
                                       .options = options,
                                       .defaults = &defaults,
                                       .params_size = sizeof(struct params),
                                       .examples = examples};

static void help_shows_range_unit_and_default(void **state) {
  (void)state;
  struct text t = {0};
  help_command(&t, &command, 100);
  assert_non_null(strstr(t.data, "usage: qct fea test --out PATH [options]"));
  assert_non_null(strstr(t.data, "(0.2 to 5 mm; default 0.7)"));
  assert_non_null(strstr(t.data, "(at most 30 deg)")); /* a NaN default is none */
  assert_non_null(strstr(t.data, "a, b (default b)"));
  assert_non_null(strstr(t.data, "result (required)"));
  text_free(&t);
}

static void help_stays_within_the_columns(void **state) {
  (void)state;
  struct text t = {0};
  help_command(&t, &command, 60);
  for (const char *line = t.data; *line; line += strcspn(line, "\n") + 1)
    if (line[2] != '#' && strncmp(line, "  qct", 5) != 0) assert_true(strcspn(line, "\n") <= 60);
  text_free(&t);
}

static void troff_escapes_requests_and_backslashes(void **state) {
  (void)state;
  struct text t = {0};
  write_man_command(&t, &command);
  assert_non_null(strstr(t.data, "\n\\&.SH is no request\n.PP\n"));
  assert_non_null(strstr(t.data, "\\(aqparagraph\\(aq a\\eb"));
  assert_non_null(strstr(t.data, "\\fB\\-\\-size\\fR \\fIMM\\fR"));
  text_free(&t);
}

static void markdown_escapes_cells(void **state) {
  (void)state;
  struct text t = {0};
  write_markdown_command(&t, &command);
  assert_non_null(strstr(t.data, "| `--size MM` | edge \\| of an &lt;element>"));
  text_free(&t);
}

static void slicer_turns_a_flag_that_is_on_around(void **state) {
  (void)state;
  struct text t = {0};
  write_slicer_command(&t, &command);
  assert_non_null(strstr(t.data, "<longflag>--no-smooth</longflag>"));
  assert_non_null(strstr(t.data, "Test &amp; try"));
  assert_non_null(strstr(t.data, "<maximum>5</maximum>"));
  text_free(&t);
}

static void json_has_every_fact_of_an_option(void **state) {
  (void)state;
  cJSON *json = write_json_command(&command);
  const cJSON *size = cJSON_GetArrayItem(json_find(json, "options"), 0);
  double low = 0, fallback = 0;
  assert_ok(json_get_number(&low, size, "low", "size"));
  assert_ok(json_get_number(&fallback, size, "default", "size"));
  assert_near(low, 0.2, 0);
  assert_near(fallback, 0.7, 0);
  assert_string_equal(json_find(size, "unit")->valuestring, "mm");
  const cJSON *angle = cJSON_GetArrayItem(json_find(json, "options"), 1);
  assert_null(json_find(angle, "low"));
  assert_true(cJSON_IsNull(json_find(angle, "default")));
  cJSON_Delete(json);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(help_shows_range_unit_and_default),
      cmocka_unit_test(help_stays_within_the_columns),
      cmocka_unit_test(troff_escapes_requests_and_backslashes),
      cmocka_unit_test(markdown_escapes_cells),
      cmocka_unit_test(slicer_turns_a_flag_that_is_on_around),
      cmocka_unit_test(json_has_every_fact_of_an_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
