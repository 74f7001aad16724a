// Text, files, digests and JSON: what is written is whole, what is refused says why.
#include "tests/folder.h" /* first */

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

static void numbers_are_the_shortest_that_read_back(void **state) {
  (void)state;
  const struct {
    double value;
    const char *text;
  } cases[] = {{0.1, "0.1"},
               {1e21, "1e+21"},
               {0.1 + 0.2, "0.30000000000000004"},
               {-1.0 / 3, "-0.3333333333333333"},
               {100, "100"},
               {250, "250"},
               {0.001, "0.001"},
               {-1234.5, "-1234.5"},
               {0, "0"},
               {1e-9, "1e-09"},
               {NAN, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct text t = {0};
    text_append_number(&t, cases[i].value);
    assert_string_equal(t.data, cases[i].text);
    if (!isnan(cases[i].value)) assert_true(strtod(t.data, NULL) == cases[i].value);
    text_free(&t);
  }
}

/* RFC 4648, section 10 */
static void base64_agrees_with_the_rfc(void **state) {
  (void)state;
  const char *expected[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t n = 0; n <= 6; n++) {
    struct text t = {0};
    text_append_base64(&t, "foobar", n);
    assert_string_equal(t.data, expected[n]);
    text_free(&t);
  }
}

static void html_is_escaped(void **state) {
  (void)state;
  struct text t = {0};
  text_append_html(&t, "a<b & \"c\">");
  assert_string_equal(t.data, "a&lt;b &amp; &quot;c&quot;&gt;");
  text_free(&t);
}

/* FIPS 180-4 examples */
static void sha256_agrees_with_the_standard(void **state) {
  (void)state;
  char hex[65];
  bytes_sha256(hex, "abc", 3);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  bytes_sha256(hex, "", 0);
  assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_ok(file_write(in_folder("abc"), "abc", 3, false));
  assert_ok(file_sha256(hex, in_folder("abc")));
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void the_digest_of_a_folder_ignores_names_and_sees_content(void **state) {
  (void)state;
  char a[65], b[65], c[65];
  const char *names[3][2] = {{"one/x", "one/deep/y"}, {"two/q", "two/p"}, {"three/x", "three/y"}};
  for (int i = 0; i < 3; i++) {
    char deep[64];
    snprintf(deep, sizeof deep, "%.*s/deep", (int)strcspn(names[i][0], "/"), names[i][0]);
    assert_ok(file_make_directory(in_folder(deep)));
    assert_ok(file_write(in_folder(names[i][0]), "first", 5, false));
    assert_ok(
        file_write(in_folder(names[i][1]), i == 2 ? "other" : "second", i == 2 ? 5 : 6, false));
  }
  assert_ok(file_sha256(a, in_folder("one")));
  assert_ok(file_sha256(b, in_folder("two")));
  assert_ok(file_sha256(c, in_folder("three")));
  assert_string_equal(a, b);
  assert_string_not_equal(a, c);
}

static void a_file_set_aside_appears_only_when_committed(void **state) {
  (void)state;
  struct file_aside f;
  const char *path = in_folder("image.nii.gz");
  assert_ok(file_aside_begin(&f, path, false));
  assert_true(file_has_suffix(f.temporary, ".nii.gz"));
  FILE *out = fopen(f.temporary, "wb");
  fputs("half", out);
  fclose(out);
  assert_false(file_exists(path));
  assert_ok(file_aside_commit(&f));
  assert_true(file_exists(path));
  assert_false(file_exists(f.temporary));
  file_aside_abandon(&f);
  assert_true(file_exists(path));

  assert_ok(file_aside_begin(&f, path, true));
  out = fopen(f.temporary, "wb");
  fclose(out);
  file_aside_abandon(&f);
  assert_false(file_exists(f.temporary));
  char *data;
  size_t length;
  assert_ok(file_read(&data, &length, path, 0));
  assert_string_equal(data, "half");
  free(data);
}

static void overwriting_needs_force(void **state) {
  (void)state;
  const char *path = in_folder("once");
  assert_ok(file_write(path, "1", 1, false));
  assert_fails(file_write(path, "2", 1, false), ST_USAGE, "--force");
  assert_ok(file_write(path, "2", 1, true));
  assert_fails(file_write(folder, "2", 1, true), ST_USAGE, "folder of that name");
  assert_fails(file_write(in_folder("none/x"), "2", 1, true), ST_IO, "No such file");
}

static void reading_has_a_limit(void **state) {
  (void)state;
  char *data = NULL;
  size_t length;
  assert_ok(file_write(in_folder("ten"), "0123456789", 10, false));
  assert_fails(file_read(&data, &length, in_folder("ten"), 9), ST_DOMAIN, "larger than");
  assert_fails(file_read(&data, &length, in_folder("missing"), 0), ST_IO, "No such file");
  assert_fails(file_read(&data, &length, folder, 0), ST_IO, "is a folder");
  assert_null(data);
}

static void a_listing_is_sorted_recursive_and_does_not_follow_links(void **state) {
  (void)state;
  char **paths;
  size_t count;
  assert_ok(file_make_directory(in_folder("list/b/c")));
  assert_ok(file_write(in_folder("list/z"), "", 0, false));
  assert_ok(file_write(in_folder("list/b/c/a"), "", 0, false));
  assert_int_equal(symlink(in_folder("list"), in_folder("list/b/loop")), 0);
  assert_ok(file_list(&paths, &count, in_folder("list"), 10));
  assert_int_equal(count, 2);
  assert_string_equal(paths[0], in_folder("list/b/c/a"));
  file_list_free(paths, count);
  assert_fails(file_list(&paths, &count, in_folder("list"), 1), ST_DOMAIN, "more than 1 files");
}

static void a_folder_cannot_be_made_over_a_file(void **state) {
  (void)state;
  assert_ok(file_write(in_folder("plain"), "", 0, false));
  assert_fails(file_make_directory(in_folder("plain/x")), ST_IO, "making folder");
  assert_fails(file_make_directory(in_folder("plain")), ST_IO, "in the way");
}

/* ---- JSON ---- */

static cJSON *parsed(const char *text) {
  cJSON *json = NULL;
  assert_ok(json_parse(&json, text, strlen(text), "test.json"));
  return json;
}

static void json_errors_name_document_key_and_type(void **state) {
  (void)state;
  double x = 7, three[3];
  char text[4];
  cJSON *json = parsed("{\"fit\": {\"slope\": \"steep\", \"n\": [1, 2], \"long\": \"abcdef\"}}");
  assert_fails(json_get_number(&x, json, "fit.slope", "cal.json"), ST_FORMAT,
               "cal.json: \"fit.slope\" is a text, expected a number");
  assert_fails(json_get_number(&x, json, "fit.none", "cal.json"), ST_FORMAT, "is absent");
  assert_fails(json_get_numbers(three, 3, json, "fit.n", "cal.json"), ST_FORMAT,
               "has 2 entries, expected 3");
  assert_fails(json_get_text(text, sizeof text, json, "fit.long", "cal.json"), ST_FORMAT,
               "has 6 bytes, at most 3");
  assert_ok(json_opt_number(&x, json, "fit.none", "cal.json"));
  assert_near(x, 7, 0);
  assert_fails(json_opt_number(&x, json, "fit.slope", "cal.json"), ST_FORMAT, "is a text");
  cJSON_Delete(json);
}

static void whole_numbers_of_json_are_checked_before_they_become_int(void **state) {
  (void)state;
  int n = 3;
  cJSON *json = parsed("{\"far\": 7.3e66, \"part\": 1.5, \"below\": -1, \"top\": 65535}");
  assert_fails(json_get_whole(&n, 0, 65535, json, "far", "a.json"), ST_FORMAT,
               "a.json: \"far\" is 7.3e+66, expected a whole number of 0 to 65535");
  assert_fails(json_opt_whole(&n, 0, 65535, json, "part", "a.json"), ST_FORMAT, "is 1.5");
  assert_fails(json_get_whole(&n, 0, 65535, json, "below", "a.json"), ST_FORMAT, "is -1");
  assert_fails(json_get_whole(&n, 0, 65535, json, "none", "a.json"), ST_FORMAT, "is absent");
  assert_ok(json_opt_whole(&n, 0, 65535, json, "none", "a.json"));
  assert_int_equal(n, 3);
  assert_ok(json_get_whole(&n, 0, 65535, json, "top", "a.json"));
  assert_int_equal(n, 65535);
  cJSON_Delete(json);
}

static void broken_json_is_refused_with_its_place(void **state) {
  (void)state;
  cJSON *json = NULL;
  assert_fails(json_parse(&json, "{\"a\": 1,\n \"b\" 2}", 16, "t"), ST_FORMAT, "line 2");
  assert_fails(json_parse(&json, "{} x", 4, "t"), ST_FORMAT, "text after the end");
  assert_fails(json_parse(&json, "", 0, "t"), ST_FORMAT, "not valid JSON");
  assert_null(json);
}

static void json_comes_back_to_the_last_bit(void **state) {
  (void)state;
  cJSON *json = cJSON_CreateObject();
  double values[4] = {0.1 + 0.2, 1e-300, -0.0, NAN}, back[4];
  json_add_numbers(json, "values", values, 4);
  json_add_text(json, "text", "line\n\"quote\" \\ \x01 \xC3\xA9");
  json_add_number(json, "infinite", INFINITY);
  char *text = NULL;
  assert_ok(json_print(&text, json));
  cJSON *again = parsed(text);
  assert_ok(json_get_numbers(back, 4, again, "values", "t"));
  for (int i = 0; i < 3; i++) assert_true(back[i] == values[i]);
  assert_true(isnan(back[3]));
  assert_string_equal(json_find(again, "text")->valuestring, json_find(json, "text")->valuestring);
  assert_true(cJSON_IsNull(json_find(again, "infinite")));
  free(text);
  cJSON_Delete(json);
  cJSON_Delete(again);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_the_shortest_that_read_back),
      cmocka_unit_test(base64_agrees_with_the_rfc),
      cmocka_unit_test(html_is_escaped),
      cmocka_unit_test(sha256_agrees_with_the_standard),
      cmocka_unit_test(the_digest_of_a_folder_ignores_names_and_sees_content),
      cmocka_unit_test(a_file_set_aside_appears_only_when_committed),
      cmocka_unit_test(overwriting_needs_force),
      cmocka_unit_test(reading_has_a_limit),
      cmocka_unit_test(a_listing_is_sorted_recursive_and_does_not_follow_links),
      cmocka_unit_test(a_folder_cannot_be_made_over_a_file),
      cmocka_unit_test(json_errors_name_document_key_and_type),
      cmocka_unit_test(whole_numbers_of_json_are_checked_before_they_become_int),
      cmocka_unit_test(broken_json_is_refused_with_its_place),
      cmocka_unit_test(json_comes_back_to_the_last_bit),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
