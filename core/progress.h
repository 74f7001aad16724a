/* Progress of long work. The library reports; the program draws (a bar on a terminal, JSON lines
 * otherwise). Without a sink the calls cost one comparison.
 *
 *   struct progress p;
 *   progress_begin(&p, "solve", "iterations", 0);      total 0: unknown
 *   progress_update(&p, done, "residual 3e-5");        any rate; the sink throttles
 *   progress_end(&p);
 *
 * Call from one thread only; inside a parallel loop count with an atomic and let thread 0 report.
 */
#ifndef QCT_CORE_PROGRESS_H
#define QCT_CORE_PROGRESS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum progress_event { PROGRESS_BEGIN, PROGRESS_UPDATE, PROGRESS_END };

struct progress {
  const char *stage;  /* what is being done, borrowed */
  const char *unit;   /* what is counted, plural, borrowed; may be "" */
  int64_t total;      /* 0 when unknown */
  int64_t done;       /* 0..total */
  double started_s;   /* monotonic clock [s] */
  double seconds;     /* since begin [s], set at each event */
  const char *detail; /* one short phrase, or NULL; borrowed, valid during the call only */
};

typedef void (*progress_sink)(void *user, enum progress_event event, const struct progress *p);

/** Install the process-wide sink; NULL removes it. */
void progress_set_sink(progress_sink sink, void *user);

void progress_begin(struct progress *p, const char *stage, const char *unit, int64_t total);
void progress_update(struct progress *p, int64_t done, const char *detail);
void progress_end(struct progress *p);

/** Monotonic clock [s]. */
double clock_seconds(void);

#ifdef __cplusplus
}
#endif
#endif
