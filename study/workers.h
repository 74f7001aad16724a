/* Many programs, a few at a time: a pool of processes within limits of number, memory and time.
 *
 * Each job is a command line. Jobs start in their order as soon as a worker is free and their
 * memory fits beside that of the running ones; estimates grow when a job was seen to need more. A
 * job that does not fit alone is not started. A worker dies with this process, whatever kills it.
 * On SIGINT and SIGTERM the workers are ended and workers_run returns.
 *
 * Only the exit status and the last words on standard error are kept of a job: standard output is
 * dropped. Linux only (parent-death signal).
 */
#ifndef QCT_STUDY_WORKERS_H
#define QCT_STUDY_WORKERS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct worker_job {
  int64_t memory_bytes; /* expected peak */
};

struct worker_result {
  bool started; /* false: needs more memory than there is */
  bool late;    /* ended because the time was up */
  int exit;     /* exit status, -1 when a signal ended it */
  int signal;   /* 0 none */
  double seconds;
  int64_t peak_bytes; /* resident set */
  char words[2048];   /* the end of its standard error; "" */
};

struct workers_options {
  int workers;          /* at once, >= 1 */
  int64_t memory_bytes; /* for all of them together */
  double limit_s;       /* most seconds of one job; 0: none */
};

/** Give the command line of a job: argv[0] is the program's path, NULL-terminated; needed only
 * until the next call. */
typedef status (*workers_line)(void *user, size_t job, const char *const **argv);
/** Told when a job has ended. A status other than ST_OK ends the others and is returned. */
typedef status (*workers_done)(void *user, size_t job, const struct worker_result *result);

/**
 * Run all jobs.
 * @return ST_EXTERNAL when a signal asked to stop ("interrupted"), ST_IO when no process can be
 * made
 */
status workers_run(const struct worker_job *jobs, size_t count,
                   const struct workers_options *options, workers_line line, workers_done done,
                   void *user);

/** Memory that this process may take now [bytes]: what is available, or less by a control group. */
int64_t workers_memory_available(void);

#ifdef __cplusplus
}
#endif
#endif
