/* Every reader of ours as one function that takes a file: what the fuzzers call. A target must
 * return whatever the file holds; what it makes of it is freed and forgotten. */
#ifndef QCT_TESTS_FUZZ_TARGETS_H
#define QCT_TESTS_FUZZ_TARGETS_H

struct fuzz_target {
  const char *name;   /* also the folder of its seeds below tests/fuzz/corpus */
  const char *suffix; /* of the file it is given */
  void (*read)(const char *path);
};

/* The last one has a NULL name. */
extern const struct fuzz_target fuzz_targets[];

#endif
