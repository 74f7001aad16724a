#define _POSIX_C_SOURCE 200809L
#include "core/progress.h"

#include <stddef.h>
#include <time.h>

static progress_sink installed;
static void *installed_user;

void progress_set_sink(progress_sink sink, void *user) {
  installed = sink;
  installed_user = user;
}

double clock_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(struct progress *p, enum progress_event event) {
  p->seconds = clock_seconds() - p->started_s;
  if (installed) installed(installed_user, event, p);
}

void progress_begin(struct progress *p, const char *stage, const char *unit, int64_t total) {
  *p = (struct progress){.stage = stage, .unit = unit, .total = total};
  p->started_s = clock_seconds();
  report(p, PROGRESS_BEGIN);
}

void progress_update(struct progress *p, int64_t done, const char *detail) {
  p->done = done;
  p->detail = detail;
  report(p, PROGRESS_UPDATE);
  p->detail = NULL;
}

void progress_end(struct progress *p) {
  report(p, PROGRESS_END);
}
