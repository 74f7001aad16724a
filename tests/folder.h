/* A folder of its own for a test program that writes files: make_folder and remove_folder are the
 * set-up and tear-down of its group. Before any other header: mkdtemp must be asked for. */
#ifndef QCT_TESTS_FOLDER_H
#define QCT_TESTS_FOLDER_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif

#include "tests/check.h"

static char folder[] = "/tmp/qct_test_XXXXXX";

/** Path inside it. Static buffers, eight in turn. */
static inline const char *in_folder(const char *name) {
  static char paths[8][256];
  static int turn;
  char *path = paths[turn++ & 7];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

static inline int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state) {
  (void)state;
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

#endif
