#define _DEFAULT_SOURCE /* mkdtemp */
// The graph of steps: kept when nothing changed, done again when something did, withheld with what
// depends on it, and never half-finished. The steps here only count how often they ran.
#include "study/graph.h"
#include "core/file.h"
#include "core/json.h"
#include "tests/check.h"

enum { READ, FIT, LEFT, RIGHT, REPORT, COUNT };

struct fixture {
  char folder[64];
  int runs[COUNT];
  status fails[COUNT];
  cJSON *parameters;
  struct graph_result results[COUNT];
  bool force;
};

static status count_run(void *user, int step) {
  static const char *const outputs[COUNT] = {NULL, "fit.txt", "left.txt", "right.txt",
                                             "report.txt"};
  status st = ST_OK;
  struct fixture *f = user;
  f->runs[step]++;
  if (f->fails[step] != ST_OK) FAIL(f->fails[step], "step %d: 3 mm, at most 2 mm", step);
  if (outputs[step]) {
    char path[128], text[32];
    snprintf(path, sizeof path, "%s/%s", f->folder, outputs[step]);
    snprintf(text, sizeof text, "step %d", step);
    TRY(file_write(path, text, strlen(text), true));
  }
done:
  return st;
}

static status run(struct fixture *f) {
  const struct graph_step steps[COUNT] = {
      {.name = "read", .title = "read", .version = "1", .required = true, .run = count_run},
      {.name = "fit",
       .title = "fit",
       .version = "1",
       .needs = {"read"},
       .outputs = {"fit.txt"},
       .parameters = f->parameters,
       .run = count_run,
       .argument = FIT},
      {.name = "left",
       .title = "left",
       .version = "1",
       .needs = {"fit"},
       .outputs = {"left.txt"},
       .run = count_run,
       .argument = LEFT},
      {.name = "right",
       .title = "right",
       .version = "1",
       .needs = {"read"},
       .outputs = {"right.txt"},
       .run = count_run,
       .argument = RIGHT},
      {.name = "report",
       .title = "report",
       .version = "1",
       .needs = {"read"},
       .wants = {"left", "right"},
       .outputs = {"report.txt"},
       .run = count_run,
       .argument = REPORT},
  };
  memset(f->runs, 0, sizeof f->runs);
  return graph_run(f->results, steps, COUNT, f->folder, f, f->force, NULL);
}

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  snprintf(f->folder, sizeof f->folder, "/tmp/qct_graph_XXXXXX");
  *state = f;
  f->parameters = cJSON_CreateObject();
  cJSON_AddNumberToObject(f->parameters, "size_mm", 1);
  return mkdtemp(f->folder) ? 0 : -1;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
  cJSON_Delete(f->parameters);
  free(f);
  return system(command);
}

static void assert_runs(const struct fixture *f, int read, int fit, int left, int right,
                        int report) {
  const int expected[COUNT] = {read, fit, left, right, report};
  for (int i = 0; i < COUNT; i++) assert_int_equal(f->runs[i], expected[i]);
}

static bool output_there(const struct fixture *f, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", f->folder, name);
  return file_exists(path);
}

static void a_second_run_does_nothing(void **state) {
  struct fixture *f = *state;
  assert_ok(run(f));
  assert_runs(f, 1, 1, 1, 1, 1);
  assert_int_equal(f->results[LEFT].state, GRAPH_DONE);
  assert_ok(run(f));
  assert_runs(f, 0, 0, 0, 0, 0);
  assert_int_equal(f->results[LEFT].state, GRAPH_KEPT);
}

static void a_changed_parameter_runs_what_depends_on_it(void **state) {
  struct fixture *f = *state;
  assert_ok(run(f));
  cJSON_SetNumberValue(cJSON_GetObjectItem(f->parameters, "size_mm"), 2);
  assert_ok(run(f));
  assert_runs(f, 0, 1, 1, 0, 1);
}

static void a_missing_or_edited_output_is_made_again(void **state) {
  struct fixture *f = *state;
  char path[128];
  assert_ok(run(f));
  snprintf(path, sizeof path, "%s/left.txt", f->folder);
  assert_int_equal(unlink(path), 0);
  snprintf(path, sizeof path, "%s/right.txt", f->folder);
  assert_ok(file_write(path, "edited", 6, true));
  assert_ok(run(f));
  assert_runs(f, 0, 0, 1, 1, 0);
}

static void a_file_that_a_withheld_step_should_not_have_is_made_away_with(void **state) {
  struct fixture *f = *state;
  char path[128];
  f->fails[LEFT] = ST_DOMAIN;
  assert_ok(run(f));
  snprintf(path, sizeof path, "%s/left.txt", f->folder);
  assert_ok(file_write(path, "of a killed run", 15, true));
  assert_ok(run(f));
  assert_runs(f, 0, 0, 1, 0, 0);
  assert_false(output_there(f, "left.txt"));
}

static void force_does_everything_again(void **state) {
  struct fixture *f = *state;
  assert_ok(run(f));
  f->force = true;
  assert_ok(run(f));
  assert_runs(f, 1, 1, 1, 1, 1);
}

static void a_refusal_withholds_what_needs_it_and_the_rest_goes_on(void **state) {
  struct fixture *f = *state;
  f->fails[FIT] = ST_DOMAIN;
  assert_ok(run(f));
  assert_runs(f, 1, 1, 0, 1, 1);
  assert_int_equal(f->results[FIT].state, GRAPH_WITHHELD);
  assert_int_equal(f->results[LEFT].state, GRAPH_WITHHELD);
  assert_int_equal(f->results[LEFT].cause, ST_DOMAIN);
  assert_string_equal(f->results[LEFT].reason, "step 1: 3 mm, at most 2 mm");
  assert_int_equal(f->results[REPORT].state, GRAPH_DONE);
  assert_ok(run(f)); /* the same inputs are refused for the same reason, without trying again */
  assert_runs(f, 0, 0, 0, 0, 0);
  assert_string_equal(f->results[FIT].reason, "step 1: 3 mm, at most 2 mm");
  assert_int_equal(f->results[FIT].cause, ST_DOMAIN);
}

static void outputs_of_an_earlier_run_do_not_survive_a_refusal(void **state) {
  struct fixture *f = *state;
  assert_ok(run(f));
  assert_true(output_there(f, "left.txt"));
  cJSON_SetNumberValue(cJSON_GetObjectItem(f->parameters, "size_mm"), 3);
  f->fails[FIT] = ST_NUMERIC;
  assert_ok(run(f));
  assert_false(output_there(f, "fit.txt"));
  assert_false(output_there(f, "left.txt"));
  assert_true(output_there(f, "right.txt"));
}

static void what_a_missing_module_withheld_is_tried_again(void **state) {
  struct fixture *f = *state;
  f->fails[RIGHT] = ST_UNSUPPORTED;
  assert_ok(run(f));
  assert_int_equal(f->results[RIGHT].state, GRAPH_WITHHELD);
  f->fails[RIGHT] = ST_OK;
  assert_ok(run(f));
  assert_runs(f, 0, 0, 0, 1, 1);
}

static void a_required_step_or_a_full_disk_ends_the_run(void **state) {
  struct fixture *f = *state;
  f->fails[READ] = ST_DOMAIN;
  assert_fails(run(f), ST_DOMAIN, "read: step 0: 3 mm");
  assert_runs(f, 1, 0, 0, 0, 0);
  f->fails[READ] = ST_OK;
  f->fails[LEFT] = ST_IO;
  assert_fails(run(f), ST_IO, "left: step 2");
  assert_runs(f, 1, 1, 1, 0, 0);
  f->fails[LEFT] = ST_OK;
  assert_ok(run(f)); /* goes on where it was */
  assert_runs(f, 0, 0, 1, 1, 1);
}

static void a_broken_journal_means_a_fresh_start(void **state) {
  struct fixture *f = *state;
  char path[128];
  assert_ok(run(f));
  snprintf(path, sizeof path, "%s/run.json", f->folder);
  assert_ok(file_write(path, "{\"steps\": 5", 11, true));
  assert_ok(run(f));
  assert_runs(f, 1, 1, 1, 1, 1);
}

/* A hand or a crash may leave any JSON in the journal: a list where names of outputs belong. */
static void a_journal_whose_outputs_are_a_list_means_doing_the_step_again(void **state) {
  struct fixture *f = *state;
  char path[128];
  cJSON *json = NULL;
  assert_ok(run(f));
  snprintf(path, sizeof path, "%s/run.json", f->folder);
  assert_ok(json_read(&json, path));
  cJSON *fit = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "steps"), "fit");
  cJSON *list = cJSON_AddArrayToObject(json, "list");
  cJSON_AddItemToArray(list, cJSON_CreateString("fit.txt"));
  list = cJSON_DetachItemFromObject(json, "list");
  assert_true(cJSON_ReplaceItemInObject(fit, "outputs", list));
  assert_ok(json_write(json, path, true));
  cJSON_Delete(json);
  assert_ok(run(f));
  assert_int_equal(f->runs[FIT], 1);
  assert_int_equal(f->runs[RIGHT], 0);
}

static void the_journal_tells_states_and_reasons(void **state) {
  struct fixture *f = *state;
  char path[128], text[64];
  cJSON *json = NULL;
  f->fails[FIT] = ST_DOMAIN;
  assert_ok(run(f));
  snprintf(path, sizeof path, "%s/run.json", f->folder);
  assert_ok(json_read(&json, path));
  assert_ok(json_get_text(text, sizeof text, json, "steps.left.state", "journal"));
  assert_string_equal(text, "withheld");
  assert_ok(json_get_text(text, sizeof text, json, "steps.fit.reason", "journal"));
  assert_non_null(strstr(text, "at most 2 mm"));
  cJSON_Delete(json);
}

static void a_step_may_only_need_steps_before_it(void **state) {
  struct fixture *f = *state;
  const struct graph_step steps[1] = {
      {.name = "a", .title = "a", .version = "1", .needs = {"b"}, .run = count_run}};
  assert_fails(graph_run(f->results, steps, 1, f->folder, f, false, NULL), ST_USAGE,
               "step a takes step b");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_second_run_does_nothing),
      TEST(a_changed_parameter_runs_what_depends_on_it),
      TEST(a_missing_or_edited_output_is_made_again),
      TEST(a_file_that_a_withheld_step_should_not_have_is_made_away_with),
      TEST(force_does_everything_again),
      TEST(a_refusal_withholds_what_needs_it_and_the_rest_goes_on),
      TEST(outputs_of_an_earlier_run_do_not_survive_a_refusal),
      TEST(what_a_missing_module_withheld_is_tried_again),
      TEST(a_required_step_or_a_full_disk_ends_the_run),
      TEST(a_broken_journal_means_a_fresh_start),
      TEST(a_journal_whose_outputs_are_a_list_means_doing_the_step_again),
      TEST(the_journal_tells_states_and_reasons),
      TEST(a_step_may_only_need_steps_before_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
