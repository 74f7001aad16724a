// HDF5 store: round trips, refusals in words, and that no half-written store is ever seen.
#include "tests/folder.h" /* first */

#include "core/file.h"
#include "core/store.h"
#include "core/table_join.h"

static void arrays_and_attributes_come_back(void **state) {
  (void)state;
  struct store *s = NULL;
  int64_t dims[3] = {3, 200, 100}, shape[8];
  static float field[60000];
  static double back[60000];
  for (int i = 0; i < 60000; i++) field[i] = (float)(i % 977) * 0.25f;
  const char *path = in_folder("round.h5");
  assert_ok(store_create(&s, path, false));
  assert_ok(store_write(s, "fields/deep/displacement", STORE_F32, 3, dims, field));
  int32_t one = 42;
  assert_ok(store_write(s, "scalar", STORE_I32, 0, NULL, &one));
  assert_ok(store_set_text(s, "fields", "law", "keller1994"));
  assert_ok(store_set_text(s, "", "title", "first"));
  assert_ok(store_set_text(s, "", "title", "second"));
  assert_ok(store_set_number(s, "fields/deep/displacement", "size_mm", 0.1));
  assert_ok(store_commit(s));
  store_close(s);

  assert_ok(store_open(&s, path));
  enum store_type type;
  int rank;
  assert_ok(store_shape(s, "fields/deep/displacement", &type, &rank, shape));
  assert_true(type == STORE_F32 && rank == 3 && shape[0] == 3 && shape[2] == 100);
  assert_ok(store_read(s, "fields/deep/displacement", STORE_F64, back, 60000));
  for (int i = 0; i < 60000; i++) assert_near(back[i], (double)field[i], 0);
  char text[32];
  double number = 0;
  assert_ok(store_get_text(s, "", "title", text, sizeof text));
  assert_string_equal(text, "second");
  assert_ok(store_get_number(s, "fields/deep/displacement", "size_mm", &number));
  assert_near(number, 0.1, 0);
  char **names;
  size_t count;
  assert_ok(store_list(s, "", &names, &count));
  assert_int_equal(count, 2);
  assert_string_equal(names[0], "fields");
  file_list_free(names, count);
  assert_true(store_has(s, "fields/deep") && !store_has(s, "fields/none/x"));
  store_close(s);
}

static void what_is_not_there_is_named(void **state) {
  (void)state;
  struct store *s = NULL;
  double x[3];
  const char *path = in_folder("small.h5");
  int64_t dims[1] = {2};
  assert_ok(store_create(&s, path, false));
  assert_ok(store_write(s, "pair", STORE_F64, 1, dims, x));
  assert_fails(store_write(s, "pair", STORE_F64, 1, dims, x), ST_DOMAIN, "entry of that name");
  dims[0] = -2;
  assert_fails(store_write(s, "other", STORE_F64, 1, dims, x), ST_DOMAIN, "extent 0 is -2");
  assert_ok(store_commit(s));
  store_close(s);
  assert_ok(store_open(&s, path));
  assert_fails(store_read(s, "missing/one", STORE_F64, x, 3), ST_FORMAT, "missing/one");
  assert_fails(store_read(s, "pair", STORE_F64, x, 3), ST_FORMAT, "2 elements, expected 3");
  char text[8];
  assert_fails(store_get_text(s, "pair", "law", text, 8), ST_FORMAT, "no attribute \"law\"");
  assert_fails(store_commit(s), ST_IO, "not open for writing");
  store_close(s);
}

static void a_text_file_is_no_store(void **state) {
  (void)state;
  struct store *s = NULL;
  const char *path = in_folder("text.h5");
  assert_ok(file_write(path, "hello", 5, false));
  assert_fails(store_open(&s, path), ST_FORMAT, "not an HDF5 file");
  assert_fails(store_open(&s, in_folder("none.h5")), ST_IO, "No such file");
  assert_fails(store_open_update(&s, path, 1), ST_FORMAT, "not an HDF5 file");
}

static void a_store_that_is_not_committed_leaves_nothing(void **state) {
  (void)state;
  struct store *s = NULL;
  const char *path = in_folder("gone.h5");
  assert_ok(store_create(&s, path, false));
  store_close(s);
  assert_false(file_exists(path));
  char **names;
  size_t count;
  assert_ok(file_list(&names, &count, folder, 100));
  for (size_t i = 0; i < count; i++) assert_null(strstr(names[i], "gone"));
  file_list_free(names, count);
}

static void an_existing_store_needs_force(void **state) {
  (void)state;
  struct store *s = NULL;
  const char *path = in_folder("twice.h5");
  assert_ok(store_create(&s, path, false));
  assert_ok(store_commit(s));
  store_close(s);
  assert_fails(store_create(&s, path, false), ST_USAGE, "--force");
  assert_ok(store_create(&s, path, true));
  store_close(s);
  assert_true(file_exists(path));
}

static void an_update_adds_and_an_abandoned_one_changes_nothing(void **state) {
  (void)state;
  struct store *s = NULL;
  const char *path = in_folder("grow.h5");
  int64_t dims[1] = {1};
  int64_t value = 7;
  for (int i = 0; i < 3; i++) {
    char name[16];
    snprintf(name, sizeof name, "case%d", i);
    assert_ok(store_open_update(&s, path, 1));
    assert_ok(store_write(s, name, STORE_I64, 1, dims, &value));
    if (i < 2) assert_ok(store_commit(s));
    store_close(s);
  }
  assert_ok(store_open(&s, path));
  assert_true(store_has(s, "case0") && store_has(s, "case1") && !store_has(s, "case2"));
  store_close(s);
}

static void a_locked_store_is_waited_for_and_then_refused(void **state) {
  (void)state;
  struct store *first = NULL, *second = NULL;
  const char *path = in_folder("locked.h5");
  assert_ok(store_open_update(&first, path, 0));
  assert_fails(store_open_update(&second, path, 0.05), ST_IO, "another process has held it");
  assert_ok(store_commit(first));
  store_close(first);
  assert_ok(store_open_update(&second, path, 0));
  store_close(second);
}

static void two_identical_stores_have_identical_bytes(void **state) {
  (void)state;
  char digest[2][65];
  for (int i = 0; i < 2; i++) {
    struct store *s = NULL;
    const char *path = in_folder(i ? "same1.h5" : "same0.h5");
    int64_t dims[1] = {3};
    double x[3] = {1, 2, 3};
    assert_ok(store_create(&s, path, false));
    assert_ok(store_write(s, "group/x", STORE_F64, 1, dims, x));
    assert_ok(store_set_text(s, "group", "law", "text"));
    assert_ok(store_commit(s));
    store_close(s);
    assert_ok(file_sha256(digest[i], path));
  }
  assert_string_equal(digest[0], digest[1]);
}

/* A header can claim what no disk holds: nothing is asked of the memory for it. */
static void a_table_that_claims_more_rows_than_it_holds_is_refused(void **state) {
  (void)state;
  const char *path = in_folder("claims.h5");
  struct store *s = NULL;
  struct table *t = NULL;
  const double two[2] = {1, 2};
  const int64_t dims[1] = {2};
  assert_ok(store_create(&s, path, true));
  assert_ok(store_set_text(s, "", "format", "qct table"));
  assert_ok(store_set_number(s, "", "rows", 1e9));
  assert_ok(store_set_number(s, "", "columns", 1));
  assert_ok(store_write(s, "columns/c00000/numbers", STORE_F64, 1, dims, two));
  assert_ok(store_set_text(s, "columns/c00000/numbers", "name", "a"));
  assert_ok(store_set_text(s, "columns/c00000/numbers", "unit", ""));
  assert_ok(store_commit(s));
  store_close(s);
  assert_fails(table_store_read(&t, path), ST_FORMAT, "does not hold 1e+09 rows");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arrays_and_attributes_come_back),
      cmocka_unit_test(what_is_not_there_is_named),
      cmocka_unit_test(a_text_file_is_no_store),
      cmocka_unit_test(a_store_that_is_not_committed_leaves_nothing),
      cmocka_unit_test(an_existing_store_needs_force),
      cmocka_unit_test(an_update_adds_and_an_abandoned_one_changes_nothing),
      cmocka_unit_test(a_locked_store_is_waited_for_and_then_refused),
      cmocka_unit_test(a_table_that_claims_more_rows_than_it_holds_is_refused),
      cmocka_unit_test(two_identical_stores_have_identical_bytes),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
