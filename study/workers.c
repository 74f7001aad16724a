#define _DEFAULT_SOURCE /* wait4 */
#include "study/workers.h"

#include "core/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct worker {
  pid_t pid; /* 0: free */
  size_t job;
  double started_s;
  int64_t memory_bytes;
  FILE *words;
  bool late;
};

struct pool {
  const struct worker_job *jobs;
  size_t count, next;
  const struct workers_options *options;
  workers_line line;
  workers_done done;
  void *user;
  struct worker *workers;
  int64_t taken_bytes;
  double growth; /* largest ratio of seen to expected memory, >= 1 */
  sigset_t waiting, before;
  bool stopped;
};

/* ---- memory ---- */

static int64_t number_in(const char *path, const char *key) {
  char line[256];
  int64_t value = -1;
  FILE *f = fopen(path, "r");
  while (f && value < 0 && fgets(line, sizeof line, f))
    if (strncmp(line, key, strlen(key)) == 0) sscanf(line + strlen(key), "%ld", &value);
  if (f) fclose(f);
  return value;
}

int64_t workers_memory_available(void) {
  int64_t kib = number_in("/proc/meminfo", "MemAvailable:");
  int64_t limit = number_in("/sys/fs/cgroup/memory.max", "");
  int64_t used = number_in("/sys/fs/cgroup/memory.current", "");
  int64_t bytes = kib > 0 ? 1024 * kib : (int64_t)1 << 31;
  if (limit > 0 && used >= 0 && limit - used < bytes) bytes = limit - used;
  return bytes > 0 ? bytes : 0;
}

/* ---- one worker ---- */

/* In the new process: never returns. */
static void become(const char *const *argv, FILE *words, const sigset_t *mask, pid_t parent) {
  int nowhere = open("/dev/null", O_RDWR);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127); /* it died before */
  dup2(nowhere, STDIN_FILENO);
  dup2(nowhere, STDOUT_FILENO);
  dup2(fileno(words), STDERR_FILENO);
  sigprocmask(SIG_SETMASK, mask, NULL);
  setenv("OMP_WAIT_POLICY", "passive", 0); /* waiting threads leave the cores to the others */
  execv(argv[0], (char *const *)(const void *)argv);
  dprintf(STDERR_FILENO, "the program cannot be started: %s\n", strerror(errno));
  _exit(127);
}

static status start(struct pool *p, struct worker *w, size_t job, int64_t memory_bytes) {
  status st = ST_OK;
  pid_t parent = getpid();
  const char *const *argv = NULL;
  FILE *words = NULL;
  TRY(p->line(p->user, job, &argv));
  words = tmpfile();
  CHECK(words, ST_IO, "a worker cannot be started: no temporary file: %s", strerror(errno));
  pid_t pid = fork();
  if (pid == 0) become(argv, words, &p->before, parent);
  if (pid < 0) fclose(words);
  CHECK(pid > 0, ST_IO, "a worker cannot be started: %s", strerror(errno));
  *w = (struct worker){.pid = pid,
                       .job = job,
                       .started_s = clock_seconds(),
                       .memory_bytes = memory_bytes,
                       .words = words};
  p->taken_bytes += memory_bytes;
done:
  return st;
}

/* The end of what it wrote. */
static void last_words(char *out, size_t size, FILE *f) {
  long length = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : 0;
  long from = length > (long)size - 1 ? length - (long)size + 1 : 0;
  size_t n = fseek(f, from, SEEK_SET) == 0 ? fread(out, 1, size - 1, f) : 0;
  out[n] = '\0';
}

static void finish(struct pool *p, struct worker *w, int how, const struct rusage *use,
                   struct worker_result *r) {
  *r = (struct worker_result){.started = true,
                              .late = w->late,
                              .exit = WIFEXITED(how) ? WEXITSTATUS(how) : -1,
                              .signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0,
                              .seconds = clock_seconds() - w->started_s,
                              .peak_bytes = 1024 * (int64_t)use->ru_maxrss};
  last_words(r->words, sizeof r->words, w->words);
  fclose(w->words);
  p->taken_bytes -= w->memory_bytes;
  double expected = (double)p->jobs[w->job].memory_bytes;
  if (expected > 0 && (double)r->peak_bytes > p->growth * expected)
    p->growth = (double)r->peak_bytes / expected;
  w->pid = 0;
}

/* ---- the pool ---- */

static int running(const struct pool *p) {
  int n = 0;
  for (int i = 0; i < p->options->workers; i++) n += p->workers[i].pid != 0;
  return n;
}

/* Start what fits. A job that fits beside no other waits for an empty pool. */
static status fill(struct pool *p) {
  status st = ST_OK;
  for (int i = 0; i < p->options->workers && p->next < p->count; i++) {
    if (p->workers[i].pid) continue;
    int64_t need = (int64_t)(p->growth * (double)p->jobs[p->next].memory_bytes);
    if (p->jobs[p->next].memory_bytes > p->options->memory_bytes) {
      struct worker_result none = {.exit = -1};
      TRY(p->done(p->user, p->next++, &none));
      i--;
      continue;
    }
    if (running(p) && p->taken_bytes + need > p->options->memory_bytes) break;
    TRY(start(p, &p->workers[i], p->next++, need));
  }
done:
  return st;
}

static status reap(struct pool *p) {
  status st = ST_OK;
  for (int i = 0; i < p->options->workers; i++) {
    struct worker *w = &p->workers[i];
    struct worker_result r;
    struct rusage use;
    int how = 0;
    if (!w->pid || wait4(w->pid, &how, WNOHANG, &use) != w->pid) continue;
    finish(p, w, how, &use, &r);
    TRY(p->done(p->user, w->job, &r));
  }
done:
  return st;
}

static void end_late(struct pool *p) {
  for (int i = 0; p->options->limit_s > 0 && i < p->options->workers; i++) {
    struct worker *w = &p->workers[i];
    if (!w->pid || w->late || clock_seconds() - w->started_s < p->options->limit_s) continue;
    w->late = true;
    kill(w->pid, SIGKILL);
  }
}

static void end_all(struct pool *p) {
  for (int i = 0; i < p->options->workers; i++) {
    struct worker *w = &p->workers[i];
    if (!w->pid) continue;
    kill(w->pid, SIGKILL); /* the journal of a case and renamed files make that safe */
    waitpid(w->pid, NULL, 0);
    fclose(w->words);
    w->pid = 0;
  }
}

static void wait_a_while(struct pool *p) {
  const struct timespec second = {.tv_sec = 1};
  int what = sigtimedwait(&p->waiting, NULL, &second);
  if (what == SIGINT || what == SIGTERM) p->stopped = true;
}

status workers_run(const struct worker_job *jobs, size_t count,
                   const struct workers_options *options, workers_line line, workers_done done,
                   void *user) {
  status st = ST_OK;
  struct pool p = {.jobs = jobs,
                   .count = count,
                   .options = options,
                   .line = line,
                   .done = done,
                   .user = user,
                   .growth = 1};
  sigemptyset(&p.waiting);
  sigaddset(&p.waiting, SIGCHLD);
  sigaddset(&p.waiting, SIGINT);
  sigaddset(&p.waiting, SIGTERM);
  sigprocmask(SIG_BLOCK, &p.waiting, &p.before);
  p.workers = calloc((size_t)options->workers, sizeof *p.workers);
  CHECK(p.workers, ST_MEMORY, "a pool of %d workers", options->workers);
  while (!p.stopped) {
    TRY(fill(&p));
    if (!running(&p) && p.next == count) break;
    wait_a_while(&p);
    end_late(&p);
    TRY(reap(&p));
  }
  CHECK(!p.stopped, ST_EXTERNAL, "interrupted; run again with --resume to go on");
done:
  if (p.workers) end_all(&p);
  free(p.workers);
  sigprocmask(SIG_SETMASK, &p.before, NULL);
  return st;
}
