/* One libFuzzer program for all readers: QCT_FUZZ_TARGET names the one to feed. Built with clang
 * and -DQCT_FUZZ=ON; tests/fuzz/run.sh runs all in turn. */
#define _POSIX_C_SOURCE 200809L
#include "core/file.h"
#include "tests/fuzz/targets.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of one input, under the sanitizers: a few kilobytes take milliseconds. Processor time, as the
 * time of the clock passes while others use the machine. */
enum { LONGEST_S = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *chosen(void) {
  const char *name = getenv("QCT_FUZZ_TARGET");
  for (const struct fuzz_target *t = fuzz_targets; t->name; t++)
    if (name && strcmp(t->name, name) == 0) return t;
  fprintf(stderr, "QCT_FUZZ_TARGET: none of\n");
  for (const struct fuzz_target *t = fuzz_targets; t->name; t++) fprintf(stderr, "  %s\n", t->name);
  exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct fuzz_target *target;
  static char path[256];
  if (!target) {
    target = chosen();
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, sizeof path, "%s/qct-fuzz-%ld%s", folder, (long)getpid(), target->suffix);
  }
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(data, 1, size, f) != size) abort();
  fclose(f);
  clock_t begin = clock();
  target->read(path);
  if (clock() - begin > LONGEST_S * CLOCKS_PER_SEC) abort();
  unlink(path);
  return 0;
}
