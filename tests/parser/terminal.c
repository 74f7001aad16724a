// links: cli
#define _DEFAULT_SOURCE
/* What reaches standard error: lines a person reads, progress as JSON when it is no terminal. */
#include "cli/terminal.h"

#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "tests/check.h"

#include <fcntl.h>

static char captured[8192];
static double lasted_s;

/* Run `body` with standard error in a file and keep what it wrote. */
static void capture(void (*body)(void)) {
  char path[] = "/tmp/qct-terminal-XXXXXX";
  int file = mkstemp(path), before = dup(2);
  assert_true(file >= 0 && before >= 0);
  fflush(stderr);
  dup2(file, 2);
  body();
  fflush(stderr);
  dup2(before, 2);
  close(before);
  lseek(file, 0, SEEK_SET);
  ssize_t n = read(file, captured, sizeof captured - 1);
  captured[n > 0 ? n : 0] = '\0';
  close(file);
  unlink(path);
  log_set_sink(NULL, NULL);
  progress_set_sink(NULL, NULL);
}

static void speak(void) {
  log_warning("the slices are %d mm thick", 5);
  log_info("found %s", "rods");
  log_detail("took the first");
  struct progress p;
  progress_begin(&p, "solve", "iterations", 10);
  progress_update(&p, 10, "residual 1e-7");
  progress_end(&p);
  lasted_s = p.seconds;
}

static void speak_normally(void) {
  terminal_install(false, false);
  speak();
}

static void speak_verbosely(void) {
  terminal_install(true, false);
  speak();
}

static void speak_quietly(void) {
  terminal_install(false, true);
  speak();
}

static void warnings_and_notes_show_details_do_not(void **state) {
  (void)state;
  capture(speak_normally);
  assert_non_null(strstr(captured, "warning: the slices are 5 mm thick\n"));
  assert_non_null(strstr(captured, "found rods\n"));
  assert_null(strstr(captured, "took the first"));
  assert_int_equal(strstr(captured, "solve") != NULL,
                   lasted_s >= 0.2); /* else too short for a line */
}

static void verbose_adds_details_and_every_stage_as_json(void **state) {
  (void)state;
  capture(speak_verbosely);
  assert_non_null(strstr(captured, "took the first\n"));
  char *line = strchr(captured, '{');
  assert_non_null(line);
  cJSON *json = NULL;
  assert_ok(json_parse(&json, line, strcspn(line, "\n"), "progress line"));
  assert_string_equal(json_find(json, "progress")->valuestring, "solve");
  assert_string_equal(json_find(json, "event")->valuestring, "end");
  assert_near(json_find(json, "done")->valuedouble, 10, 0);
  assert_near(json_find(json, "total")->valuedouble, 10, 0);
  cJSON_Delete(json);
}

static void quiet_leaves_warnings(void **state) {
  (void)state;
  capture(speak_quietly);
  assert_string_equal(captured, "warning: the slices are 5 mm thick\n");
}

static void only_the_first_rank_speaks(void **state) {
  (void)state;
  setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  capture(speak_verbosely);
  assert_string_equal(captured, "");
  setenv("OMPI_COMM_WORLD_RANK", "0", 1);
  capture(speak_normally);
  assert_non_null(strstr(captured, "warning"));
  unsetenv("OMPI_COMM_WORLD_RANK");
}

static void fail_somewhere(void) {
  status_fail(ST_DOMAIN, "core/volume.c", 12, "slope is -0.3");
  terminal_error("calibrate phantom", ST_DOMAIN, false);
  terminal_error("calibrate phantom", ST_DOMAIN, true);
}

static void an_error_names_command_and_reason(void **state) {
  (void)state;
  capture(fail_somewhere);
  assert_string_equal(captured, "qct calibrate phantom: slope is -0.3\n"
                                "qct calibrate phantom: slope is -0.3\n"
                                "  (domain error at volume.c:12)\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(warnings_and_notes_show_details_do_not),
      cmocka_unit_test(verbose_adds_details_and_every_stage_as_json),
      cmocka_unit_test(quiet_leaves_warnings),
      cmocka_unit_test(only_the_first_rank_speaks),
      cmocka_unit_test(an_error_names_command_and_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
