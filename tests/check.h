/* What every unit test includes: cmocka, comparisons of doubles, status with its words, shared
 * data. */
#ifndef QCT_TESTS_CHECK_H
#define QCT_TESTS_CHECK_H

#include "core/status.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/** |a - b| <= tolerance; NaN never passes. */
#define assert_near(a, b, tolerance)                                                               \
  do {                                                                                             \
    double check_a = (a), check_b = (b), check_t = (tolerance);                                    \
    if (!(fabs(check_a - check_b) <= check_t))                                                     \
      fail_msg("%s = %.12g, expected %.12g +- %.3g", #a, check_a, check_b, check_t);               \
  } while (0)

/** Relative to b. */
#define assert_close(a, b, relative) assert_near(a, b, (relative)*fabs(b))

/** The call succeeds; its message is shown otherwise. */
#define assert_ok(call)                                                                            \
  do {                                                                                             \
    status check_st = (call);                                                                      \
    if (check_st != ST_OK) fail_msg("%s: %s: %s", #call, status_name(check_st), status_message()); \
  } while (0)

/** The call fails with this code and its message holds these words. */
#define assert_fails(call, code, words)                                                            \
  do {                                                                                             \
    status check_st = (call);                                                                      \
    if (check_st != (code))                                                                        \
      fail_msg("%s: status %s, expected %s (%s)", #call, status_name(check_st), status_name(code), \
               status_message());                                                                  \
    if (!strstr(status_message(), words))                                                          \
      fail_msg("%s: message \"%s\" lacks \"%s\"", #call, status_message(), words);                 \
  } while (0)

/** Path below the shared folder, or skip the test when it is absent. Static buffer, four in turn.
 */
static inline const char *shared_path(const char *relative) {
  static char buffers[4][1024];
  static int turn;
  const char *root = getenv("QCT_SHARED");
  char *path = buffers[turn++ & 3];
  snprintf(path, sizeof buffers[0], "%s/%s", root ? root : "", relative);
  if (!root || access(path, R_OK)) {
    print_message("skipped: %s is not there (real data beside the checkout)\n", relative);
    skip();
  }
  return path;
}

/** Path inside the source tree. */
static inline const char *source_path(const char *relative) {
  static char buffers[4][1024];
  static int turn;
  const char *root = getenv("QCT_SOURCE");
  char *path = buffers[turn++ & 3];
  snprintf(path, sizeof buffers[0], "%s/%s", root ? root : ".", relative);
  return path;
}

#endif
