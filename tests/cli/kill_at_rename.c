#define _GNU_SOURCE /* RTLD_NEXT */
/* Loaded before a program (LD_PRELOAD) it ends it as `kill -9` does, at every file it finishes: a
 * result gets its name by rename, so each stage of a run ends there. The program is killed once at
 * each place, which the file $QCT_KILL_LIST remembers; with $QCT_KILL_AFTER just after the rename,
 * else before. A journal is another place with every step that it holds. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int steps_in(const char *path) {
  char line[65536];
  int n = 0;
  FILE *f = fopen(path, "r");
  while (f && fgets(line, sizeof line, f))
    for (const char *at = strstr(line, "\"key\""); at; at = strstr(at + 1, "\"key\"")) n++;
  if (f) fclose(f);
  return n;
}

/* Is the place new? Then it is remembered. */
static int is_new(const char *list, const char *place) {
  char line[4200];
  FILE *f = fopen(list, "a+");
  if (!f) abort();
  rewind(f);
  while (fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, place) != 0) continue;
    fclose(f);
    return 0;
  }
  fprintf(f, "%s\n", place);
  fclose(f);
  return 1;
}

int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  char place[4200];
  const char *list = getenv("QCT_KILL_LIST");
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "rename");
  if (!list) return real(from, to);
  snprintf(place, sizeof place, "%s %d", to, strstr(to, "run.json") ? steps_in(from) : 0);
  int kill_here = is_new(list, place);
  if (kill_here && !getenv("QCT_KILL_AFTER")) kill(getpid(), SIGKILL);
  int result = real(from, to);
  if (kill_here) kill(getpid(), SIGKILL);
  return result;
}
