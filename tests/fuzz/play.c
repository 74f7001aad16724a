/* Plays the seeds through every reader in an ordinary build, whole, cut short
 * and with bytes changed at random (fixed seed): a reader may refuse, it may
 * not end the process. The fuzzers proper are in libfuzzer.c; this is what runs
 * everywhere, and under the sanitizers where the build has them. */
#define _POSIX_C_SOURCE 200809L
#include "core/file.h"
#include "core/random.h"
#include "tests/check.h"
#include "tests/fuzz/targets.h"

#include <unistd.h>

enum { VARIANTS = 120 }; /* of a reader, shared by its seeds */

struct dice {
  uint64_t stream, next;
};

static size_t throw(struct dice * d, size_t n) {
  return (size_t)random_below(1, d->stream, d->next++, n);
}

/* Up to four of: cut, a byte changed, a sign of the formats put in, a piece
 * moved. */
static size_t change(char *out, const char *data, size_t n, struct dice *d) {
  memcpy(out, data, n);
  if (n == 0) return 0;
  int changes = 1 + (int) throw(d, 4);
  for (int i = 0; i < changes && n; i++) {
    size_t at = throw(d, n);
    switch (throw(d, 4)) {
    case 0:
      n = at;
      break;
    case 1:
      out[at] = (char) throw(d, 256);
      break;
    case 2:
      out[at] = "0-9eE,\"{}[]\n<>/:. "[throw(d, 17)];
      break;
    default: {
      size_t from = throw(d, n);
      memmove(out + at, out + from, (n - (at > from ? at : from)) / 2);
    }
    }
  }
  return n;
}

static void feed(const struct fuzz_target *t, const char *path, const char *data, size_t n) {
  FILE *f = fopen(path, "wb"); /* not file_write: a thousand calls of fsync take their time */
  assert_non_null(f);
  assert_true(fwrite(data, 1, n, f) == n && fclose(f) == 0);
  t->read(path);
}

static int play(const struct fuzz_target *t, const char *corpus, const char *work) {
  char folder[8192], path[8192];
  char **seeds = NULL;
  size_t count = 0;
  struct dice d = {0};
  snprintf(folder, sizeof folder, "%s/%s", corpus, t->name);
  snprintf(path, sizeof path, "%s/seed%s", work, t->suffix);
  assert_int_equal(file_list(&seeds, &count, folder, 1000), ST_OK);
  for (size_t i = 0; i < count; i++) {
    char *data = NULL;
    size_t n = 0;
    assert_int_equal(file_read(&data, &n, seeds[i], 0), ST_OK);
    char *changed = malloc(n + 1);
    assert_non_null(changed);
    feed(t, path, data, n);
    d = (struct dice){.stream = i};
    for (size_t k = 0; k <= VARIANTS / count; k++)
      feed(t, path, changed, change(changed, data, n, &d));
    free(changed);
    free(data);
  }
  unlink(path);
  file_list_free(seeds, count);
  return (int)count;
}

static void every_reader_survives_its_seeds_whole_and_changed(void **state) {
  (void)state;
  /* in memory where there is such a place: a store is synchronised with its disk every time */
  char work[64], corpus[4096];
  snprintf(work, sizeof work, "%s/qct-play-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  const char *source = getenv("QCT_SOURCE");
  assert_non_null(source);
  assert_non_null(mkdtemp(work));
  snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus", source);
  for (const struct fuzz_target *t = fuzz_targets; t->name; t++)
    if (play(t, corpus, work) < 1) fail_msg("%s has no seed in tests/fuzz/corpus", t->name);
  assert_int_equal(rmdir(work), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_reader_survives_its_seeds_whole_and_changed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
