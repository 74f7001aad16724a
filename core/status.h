/* Status codes, the thread's last message, and the error-flow macros.
 *
 * Every fallible function returns a `status`. The reason is written where the facts are known, by
 * FAIL or CHECK, and kept per thread; callers add context while unwinding with status_note. Only
 * cli/main.c prints it. A function that uses the macros declares `status st = ST_OK;` and one label
 * `done:`.
 *
 * A message says what was being done, the offending value with its unit, the permitted range, and
 * the remedy if there is one.
 */
#ifndef QCT_CORE_STATUS_H
#define QCT_CORE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum status {
  ST_OK = 0,
  ST_USAGE,       /* wrong command line or option combination */
  ST_IO,          /* a file could not be read or written */
  ST_FORMAT,      /* a file is not what it claims to be */
  ST_DOMAIN,      /* the input lies outside what the method permits */
  ST_NUMERIC,     /* did not converge, singular, degenerate fit */
  ST_MEMORY,      /* allocation refused */
  ST_UNSUPPORTED, /* not built in, or a module is absent */
  ST_EXTERNAL,    /* a library failed; its text is in the message */
  ST_PARTIAL      /* part of a cohort failed */
} status;

#if defined(__GNUC__)
#define QCT_PRINTF(fmt_index, first) __attribute__((format(printf, fmt_index, first)))
#else
#define QCT_PRINTF(fmt_index, first)
#endif

/** Replace the thread's message and return `code`. Prefer FAIL and CHECK. */
status status_fail(status code, const char *file, int line, const char *fmt, ...) QCT_PRINTF(4, 5);

/** Prefix the thread's message with "context: ". No effect when there is no message. */
void status_note(const char *fmt, ...) QCT_PRINTF(1, 2);

/** The thread's message; "" when there is none. Borrowed, valid until the next failure in this
 * thread. */
const char *status_message(void);

/** "file:line" where the message was made, "" when there is none. Borrowed. */
const char *status_origin(void);

/** Forget the message (after a failure that was handled). */
void status_clear(void);

/** Name of a code, e.g. "domain"; never NULL. */
const char *status_name(status code);

#define FAIL(code, ...)                                                                            \
  do {                                                                                             \
    st = status_fail(code, __FILE__, __LINE__, __VA_ARGS__);                                       \
    goto done;                                                                                     \
  } while (0)

#define CHECK(condition, code, ...)                                                                \
  do {                                                                                             \
    if (!(condition)) FAIL(code, __VA_ARGS__);                                                     \
  } while (0)

#define TRY(call)                                                                                  \
  do {                                                                                             \
    st = (call);                                                                                   \
    if (st != ST_OK) goto done;                                                                    \
  } while (0)

#ifdef __cplusplus
}
#endif
#endif
