#include "cli/find.h"

#include "core/match.h"

#include <stdio.h>
#include <string.h>

/* Do the first words spell this name? Returns the number of words, 0 if not. */
static int name_matches(const char *name, int argc, char *const *argv) {
  int words = 0;
  for (const char *at = name;; at++) {
    size_t length = strcspn(at, " ");
    if (words == argc || strlen(argv[words]) != length || strncmp(argv[words], at, length) != 0)
      return 0;
    words++;
    at += length;
    if (!*at) return words;
  }
}

const struct command *command_find(const struct command *const *list, int argc, char *const *argv,
                                   int *used) {
  const struct command *best = NULL;
  int best_words = 0;
  for (; *list; list++) {
    int words = name_matches((*list)->name, argc, argv);
    if (words <= best_words) continue;
    best = *list;
    best_words = words;
  }
  if (used) *used = best_words;
  return best;
}

bool command_is_group(const struct command *const *list, const char *word) {
  size_t n = strlen(word);
  for (; *list; list++)
    if (strncmp((*list)->name, word, n) == 0 && (*list)->name[n] == ' ') return true;
  return false;
}

enum { NAMES_MAX = 512 };

/* Names of all commands, or the second words of one group's. */
static size_t collect_names(const char **names, const struct command *const *list,
                            const char *group) {
  size_t n = 0, skip = group ? strlen(group) + 1 : 0;
  for (; *list && n < NAMES_MAX; list++)
    if (!group || (strncmp((*list)->name, group, skip - 1) == 0 && (*list)->name[skip - 1] == ' '))
      names[n++] = (*list)->name + skip;
  return n;
}

status command_unknown(const struct command *const *list, int argc, char *const *argv) {
  status st = ST_OK;
  const char *names[NAMES_MAX];
  const char *group = argc > 0 && command_is_group(list, argv[0]) ? argv[0] : NULL;
  size_t n = collect_names(names, list, group);
  char typed[128] = "";
  CHECK(argc > 0, ST_USAGE, "no command; `qct help` lists them");
  if (group) {
    CHECK(argc > 1 && argv[1][0] != '-', ST_USAGE,
          "%s needs a further word; `qct help %s` lists them", group, group);
    int near = match_nearest(argv[1], names, n);
    CHECK(near < 0, ST_USAGE, "there is no command \"%s %s\"; did you mean \"%s %s\"?", group,
          argv[1], group, names[near]);
    FAIL(ST_USAGE, "there is no command \"%s %s\"; `qct help %s` lists them", group, argv[1],
         group);
  }
  int near = -1;
  if (argc > 1 && argv[1][0] != '-') {
    snprintf(typed, sizeof typed, "%s %s", argv[0], argv[1]);
    near = match_nearest(typed, names, n);
  }
  if (near < 0) near = match_nearest(argv[0], names, n);
  CHECK(near < 0, ST_USAGE, "there is no command \"%s\"; did you mean \"%s\"?", argv[0],
        names[near]);
  FAIL(ST_USAGE, "there is no command \"%s\"; `qct help` lists them", argv[0]);
done:
  return st;
}
