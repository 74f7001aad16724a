// The pool of processes: limits of number, memory and time, and what is kept of each job.
#include "study/workers.h"
#include "tests/check.h"

enum { JOBS = 6 };

struct fixture {
  const char *script[JOBS]; /* for sh -c */
  const char *words[4];
  struct worker_result results[JOBS];
  int ended;
};

static status line(void *user, size_t job, const char *const **argv) {
  struct fixture *f = user;
  f->words[0] = "/bin/sh";
  f->words[1] = "-c";
  f->words[2] = f->script[job];
  f->words[3] = NULL;
  *argv = f->words;
  return ST_OK;
}

static status ended(void *user, size_t job, const struct worker_result *r) {
  struct fixture *f = user;
  f->results[job] = *r;
  f->ended++;
  return ST_OK;
}

static void each_job_ends_with_its_status_and_words(void **state) {
  (void)state;
  struct fixture f = {.script = {"exit 0", "echo lost; echo kept >&2; exit 3", "kill -9 $$"}};
  const struct worker_job jobs[3] = {{1}, {1}, {1}};
  const struct workers_options o = {.workers = 2, .memory_bytes = 1 << 30};
  assert_ok(workers_run(jobs, 3, &o, line, ended, &f));
  assert_int_equal(f.ended, 3);
  assert_int_equal(f.results[0].exit, 0);
  assert_int_equal(f.results[1].exit, 3);
  assert_string_equal(f.results[1].words, "kept\n");
  assert_int_equal(f.results[2].signal, 9);
  assert_true(f.results[0].peak_bytes > 0);
}

static void a_job_larger_than_the_memory_is_not_started(void **state) {
  (void)state;
  struct fixture f = {.script = {"exit 0", "exit 0"}};
  const struct worker_job jobs[2] = {{1000}, {10}};
  const struct workers_options o = {.workers = 1, .memory_bytes = 100};
  assert_ok(workers_run(jobs, 2, &o, line, ended, &f));
  assert_false(f.results[0].started);
  assert_true(f.results[1].started);
}

/* Two that fit only one after the other: each sees no mark of the other one while it runs. */
static void jobs_share_the_memory(void **state) {
  (void)state;
  rmdir("workers-mark"); /* of a run that was ended */
  const char *alone = "mkdir workers-mark || exit 9; sleep 0.2; rmdir workers-mark";
  struct fixture f = {.script = {alone, alone}};
  const struct worker_job jobs[2] = {{60 << 20}, {60 << 20}};
  const struct workers_options o = {.workers = 2, .memory_bytes = 100 << 20};
  assert_ok(workers_run(jobs, 2, &o, line, ended, &f));
  assert_int_equal(f.results[0].exit, 0);
  assert_int_equal(f.results[1].exit, 0);
}

static void a_job_past_its_time_is_ended(void **state) {
  (void)state;
  struct fixture f = {.script = {"sleep 60"}};
  const struct worker_job jobs[1] = {{1}};
  const struct workers_options o = {.workers = 1, .memory_bytes = 100, .limit_s = 0.2};
  assert_ok(workers_run(jobs, 1, &o, line, ended, &f));
  assert_true(f.results[0].late);
}

static void an_interrupt_ends_all_and_is_told(void **state) {
  (void)state;
  char script[64];
  snprintf(script, sizeof script, "kill -INT %d; sleep 60", (int)getpid());
  struct fixture f = {.script = {script}};
  const struct worker_job jobs[1] = {{1}};
  const struct workers_options o = {.workers = 1, .memory_bytes = 100};
  assert_fails(workers_run(jobs, 1, &o, line, ended, &f), ST_EXTERNAL, "interrupted");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_job_ends_with_its_status_and_words),
      cmocka_unit_test(a_job_larger_than_the_memory_is_not_started),
      cmocka_unit_test(jobs_share_the_memory),
      cmocka_unit_test(a_job_past_its_time_is_ended),
      cmocka_unit_test(an_interrupt_ends_all_and_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
