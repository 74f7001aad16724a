// links: cli
#define _DEFAULT_SOURCE
/* What commands write carries provenance: digests of the inputs by role, never their paths. */
#include "cli/command.h"

#include "core/file.h"
#include "core/json.h"
#include "tests/check.h"

struct params {
  const char *ct, *labels;
  struct text_list tables;
};

static const struct option options[] = {ARG_IN(struct params, ct, "ct", "CT volume"),
                                        OPT_IN(struct params, labels, "labels", "label map"),
                                        ARG_INS(struct params, tables, "tables", "tables"),
                                        OPTIONS_END};

/* SHA-256 of "abc", FIPS 180-4 example 1. */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static struct params params = {.ct = "secret-name.nii", .tables = {1, {"other.csv"}}};

static int enter_folder(void **state) {
  static char folder[64];
  snprintf(folder, sizeof folder, "/tmp/qct-context-XXXXXX");
  if (!mkdtemp(folder) || chdir(folder)) return -1;
  *state = folder;
  return file_write("secret-name.nii", "abc", 3, false) || file_write("other.csv", "d", 1, false);
}

static int leave_folder(void **state) {
  unlink("secret-name.nii");
  unlink("other.csv");
  unlink("r.json");
  return rmdir(*state);
}

static struct context make_context(void) {
  struct context ctx = {.options = options, .params = &params};
  assert_ok(provenance_create(&ctx.provenance, "test"));
  return ctx;
}

static void inputs_are_roles_and_digests(void **state) {
  (void)state;
  struct context ctx = make_context();
  cJSON *json = context_provenance(&ctx);
  assert_non_null(json);
  char *text = NULL;
  assert_ok(json_print(&text, json));
  assert_non_null(strstr(text, abc));
  assert_null(strstr(text, "secret-name"));
  assert_null(strstr(text, "other.csv"));
  free(text);
  int inputs = cJSON_GetArraySize(json_find(json, "inputs"));
  cJSON_Delete(json);
  json = context_provenance(&ctx); /* asking again does not record again */
  assert_int_equal(cJSON_GetArraySize(json_find(json, "inputs")), inputs);
  assert_int_equal(inputs, 2);
  cJSON_Delete(json);
  provenance_destroy(ctx.provenance);
}

static void a_record_in_a_file_has_provenance(void **state) {
  (void)state;
  struct context ctx = make_context();
  struct record *r = NULL;
  cJSON *json = NULL;
  assert_ok(record_create(&r, "a"));
  assert_non_null(record_add(r, "neck", "vbmd", 250, "mg/cm3"));
  assert_ok(context_write_record(&ctx, r, "r.json"));
  assert_fails(context_write_record(&ctx, r, "r.json"), ST_USAGE, "--force");
  assert_ok(json_read(&json, "r.json"));
  assert_non_null(json_find(json, "provenance"));
  cJSON_Delete(json);
  record_destroy(r);
  provenance_destroy(ctx.provenance);
}

static void given_options_are_told_from_defaults(void **state) {
  (void)state;
  const bool given[] = {true, false, true};
  const struct context ctx = {.options = options, .params = &params, .given = given};
  assert_true(context_given(&ctx, "ct"));
  assert_false(context_given(&ctx, "labels"));
  assert_false(context_given(&ctx, "nothing"));
}

static void an_unreadable_input_is_no_provenance(void **state) {
  (void)state;
  struct params absent = {.ct = "nowhere.nii"};
  struct context ctx = make_context();
  ctx.params = &absent;
  status_clear();
  assert_null(context_provenance(&ctx));
  assert_true(*status_message());
  provenance_destroy(ctx.provenance);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inputs_are_roles_and_digests),
      cmocka_unit_test(a_record_in_a_file_has_provenance),
      cmocka_unit_test(given_options_are_told_from_defaults),
      cmocka_unit_test(an_unreadable_input_is_no_provenance),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
