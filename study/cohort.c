#define _DEFAULT_SOURCE /* flock */
#include "study/cohort.h"

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/progress.h"
#include "study/scrub.h"
#include "study/workers.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { WORDS = 64 }; /* of a command line */
static const double gib = 1073741824.0, mib = 1048576.0;

const char *cohort_state_name(enum cohort_state s) {
  static const char *const names[] = {"waiting", "done", "refused", "failed", "opted out"};
  return names[s];
}

status cohort_path(char path[4096], const char *folder, const char *name) {
  status st = ST_OK;
  int n = snprintf(path, 4096, "%s/%s", folder, name);
  CHECK(n > 0 && n < 4096, ST_IO, "the path of the result folder is too long");
done:
  return st;
}

/* ---- outcomes ---- */

static status outcome_path(char path[4096], const char *folder, const struct cohort_case *k) {
  char name[128];
  snprintf(name, sizeof name, "status/%s.json", k->id);
  return cohort_path(path, folder, name);
}

status cohort_outcome_write(const struct cohort_outcome *o, const char *folder,
                            const struct cohort_case *k) {
  status st = ST_OK;
  char path[4096];
  cJSON *json = cJSON_CreateObject();
  CHECK(json, ST_MEMORY, "status of a case");
  json_add_text(json, "state", cohort_state_name(o->state));
  json_add_number(json, "exit", o->exit);
  json_add_number(json, "seconds", round(o->seconds * 10) / 10);
  json_add_number(json, "peak_mib", round(o->peak_mib));
  if (o->files) json_add_number(json, "files", o->files);
  json_add_text(json, "reason", o->reason);
  TRY(outcome_path(path, folder, k));
  TRY(json_write(json, path, true));
done:
  cJSON_Delete(json);
  return st;
}

status cohort_outcome_read(struct cohort_outcome *out, const char *folder,
                           const struct cohort_case *k) {
  status st = ST_OK;
  char path[4096], state[16] = "";
  cJSON *json = NULL;
  *out = (struct cohort_outcome){.state = COHORT_WAITING};
  TRY(outcome_path(path, folder, k));
  if (!file_exists(path)) return ST_OK;
  TRY(json_read(&json, path));
  TRY(json_get_text(state, sizeof state, json, "state", "status of a case"));
  TRY(json_opt_text(out->reason, sizeof out->reason, json, "reason", "status of a case"));
  TRY(json_opt_whole(&out->exit, INT_MIN, INT_MAX, json, "exit", "status of a case"));
  TRY(json_opt_number(&out->seconds, json, "seconds", "status of a case"));
  TRY(json_opt_number(&out->peak_mib, json, "peak_mib", "status of a case"));
  TRY(json_opt_whole(&out->files, 0, INT_MAX, json, "files", "status of a case"));
  for (int s = 0; s < COHORT_STATES; s++)
    if (strcmp(state, cohort_state_name((enum cohort_state)s)) == 0)
      out->state = (enum cohort_state)s;
done:
  cJSON_Delete(json);
  return st;
}

/* ---- the folder ---- */

static bool is_empty(const char *folder) {
  DIR *dir = opendir(folder);
  int entries = 0;
  if (!dir) return true;
  for (struct dirent *e = readdir(dir); e; e = readdir(dir)) entries++;
  closedir(dir);
  return entries <= 2; /* . and .. */
}

/* A folder may be taken when it is new, empty, or holds a cohort that is to be gone on with. */
static status take_folder(const char *folder, const struct cohort_options *o) {
  status st = ST_OK;
  char path[4096];
  TRY(cohort_path(path, folder, "status"));
  bool there = file_is_directory(folder) && !is_empty(folder);
  CHECK(!there || file_is_directory(path), ST_USAGE,
        "the result folder %s holds something else; give another one", folder);
  CHECK(!there || o->resume || o->force, ST_USAGE,
        "the result folder %s holds a cohort: --resume goes on with it, --force does all again",
        folder);
  TRY(file_make_directory(path));
done:
  return st;
}

/* What a killed cohort was writing; with shards others may be at work here. */
static void sweep_folder(const char *folder, const struct cohort_options *o) {
  char path[4096];
  if (o->only || o->shards > 1 || cohort_path(path, folder, "status") != ST_OK) return;
  file_aside_sweep(folder);
  file_aside_sweep(path);
}

/* Two programs must not work at one shard of one folder. The lock ends with the process. */
static status lock_shard(int *lock, const char *folder, const struct cohort_options *o) {
  status st = ST_OK;
  char name[64], path[4096];
  snprintf(name, sizeof name, "status/shard-%d-of-%d.lock", o->shard, o->shards);
  *lock = -1;
  if (o->only) return ST_OK; /* other programs start single cases side by side */
  TRY(cohort_path(path, folder, name));
  *lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  CHECK(*lock >= 0, ST_IO, "the result folder cannot be written");
  if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
    close(*lock);
    *lock = -1; /* it is the other's: unlock_shard must leave its file */
    FAIL(ST_USAGE,
         "another program is working at this shard of this folder; wait for it, or end it");
  }
done:
  return st;
}

static void unlock_shard(int lock, const char *folder, const struct cohort_options *o) {
  char name[64], path[4096];
  if (lock < 0) return;
  snprintf(name, sizeof name, "status/shard-%d-of-%d.lock", o->shard, o->shards);
  if (cohort_path(path, folder, name) == ST_OK) unlink(path);
  close(lock);
}

/* ---- command lines ---- */

struct line {
  const char *words[WORDS + 1];
  int count;
  char out[4096], threads[16], mass[32], height[32];
};

static status add_word(struct line *l, const char *word) {
  status st = ST_OK;
  CHECK(l->count < WORDS, ST_USAGE, "more than %d words for one scan", WORDS);
  l->words[l->count++] = word;
done:
  return st;
}

static status add_pair(struct line *l, const char *name, const char *value) {
  status st = ST_OK;
  if (!value || !value[0]) return ST_OK;
  TRY(add_word(l, name));
  TRY(add_word(l, value));
done:
  return st;
}

/* The options for every scan, without those that the manifest gives for this one. */
static status add_common(struct line *l, const struct cohort_case *k,
                         const struct cohort_options *o) {
  status st = ST_OK;
  for (const char *const *w = o->run_words; *w; w++) {
    bool own = (k->phantom[0] && strcmp(*w, "--phantom") == 0) ||
               (k->certificate && strcmp(*w, "--certificate") == 0);
    if (own)
      w++; /* its value */
    else
      TRY(add_word(l, *w));
  }
done:
  return st;
}

static status make_line(struct line *l, const struct cohort_case *k, const char *folder,
                        const struct cohort_options *o, int threads) {
  status st = ST_OK;
  *l = (struct line){.count = 0};
  TRY(cohort_path(l->out, folder, k->folder));
  snprintf(l->threads, sizeof l->threads, "%d", threads);
  if (!isnan(k->mass_kg)) snprintf(l->mass, sizeof l->mass, "%.17g", k->mass_kg);
  if (!isnan(k->height_m)) snprintf(l->height, sizeof l->height, "%.17g", k->height_m);
  TRY(add_word(l, o->program));
  TRY(add_word(l, "run"));
  TRY(add_word(l, k->ct));
  TRY(add_pair(l, "--out", l->out));
  TRY(add_pair(l, "--case", k->id));
  TRY(add_pair(l, "--threads", l->threads));
  TRY(add_word(l, "--quiet"));
  if (o->force) TRY(add_word(l, "--force"));
  TRY(add_common(l, k, o));
  TRY(add_pair(l, "--labels", k->labels));
  TRY(add_pair(l, "--phantom", k->phantom));
  TRY(add_pair(l, "--certificate", k->certificate));
  TRY(add_pair(l, "--series", k->series));
  TRY(add_pair(l, "--mass", l->mass));
  TRY(add_pair(l, "--height", l->height));
done:
  return st;
}

/* ---- one call ---- */

struct batch {
  const struct cohort *cohort;
  const struct cohort_options *options;
  const char *folder;
  struct cohort_summary *summary;
  size_t *members; /* cases of this call */
  size_t count, ended;
  struct line line; /* of the scan that starts next */
  struct worker_job *jobs;
  double started_s;
  struct progress progress;
};

/* What a worker said last: the message after "qct run: ", in one line. */
static void find_reason(char out[1024], const struct worker_result *r,
                        const struct cohort_case *k) {
  const char *message = r->words;
  for (const char *hit = strstr(message, "qct run: "); hit; hit = strstr(message, "qct run: "))
    message = hit + strlen("qct run: ");
  char text[2048];
  snprintf(text, sizeof text, "%s", message);
  scrub_path(text, sizeof text, k->ct, "ct");
  scrub_path(text, sizeof text, k->labels, "labels");
  scrub_path(text, sizeof text, k->certificate, "certificate");
  scrub_folder(text, sizeof text, k->ct);
  scrub_folder(text, sizeof text, k->labels);
  scrub_folder(text, sizeof text, k->certificate);
  for (char *c = text; *c; c++)
    if (*c == '\n' || *c == '\r' || *c == '\t') *c = ' ';
  for (size_t n = strlen(text); n && text[n - 1] == ' '; n--) text[n - 1] = '\0';
  snprintf(out, 1024, "%.1023s", text);
}

static void judge(struct cohort_outcome *o, const struct worker_result *r,
                  const struct cohort_case *k, const struct worker_job *job, double budget) {
  enum { EXIT_REFUSED = 3 };
  *o = (struct cohort_outcome){.state = COHORT_FAILED,
                               .exit = r->exit,
                               .files = k->files,
                               .seconds = r->seconds,
                               .peak_mib = (double)r->peak_bytes / mib};
  if (!r->started) {
    snprintf(o->reason, sizeof o->reason,
             "needs about %.1f GiB of memory, %.1f GiB may be used: give more with --memory, or a "
             "larger machine",
             (double)job->memory_bytes / gib, budget / gib);
  } else if (r->late) {
    snprintf(o->reason, sizeof o->reason, "ended after %.1f min, the limit of --limit",
             r->seconds / 60);
  } else if (r->signal) {
    snprintf(o->reason, sizeof o->reason, "ended by signal %d (%s)%s", r->signal,
             strsignal(r->signal),
             r->signal == 9 ? ": out of memory? Fewer --workers, or a smaller --memory" : "");
  } else if (r->exit == 0) {
    o->state = COHORT_DONE;
  } else {
    if (r->exit == EXIT_REFUSED) o->state = COHORT_REFUSED;
    find_reason(o->reason, r, k);
  }
}

/* The throughput so far, and what is left. */
static void tell_progress(struct batch *b) {
  char detail[128];
  double seconds = clock_seconds() - b->started_s;
  double hourly = seconds > 0 ? 3600 * (double)b->ended / seconds : 0;
  size_t failed = b->summary->counts[COHORT_FAILED] + b->summary->counts[COHORT_REFUSED];
  snprintf(detail, sizeof detail, "%zu failed, %.0f scans/h, %.0f min left, %.0f MiB a worker",
           failed, hourly, hourly > 0 ? 60 * (double)(b->count - b->ended) / hourly : 0,
           b->summary->peak_mib);
  progress_update(&b->progress, (int64_t)b->ended, detail);
}

static status case_ended(void *user, size_t job, const struct worker_result *r) {
  status st = ST_OK;
  struct batch *b = user;
  const struct cohort_case *k = &b->cohort->cases[b->members[job]];
  struct cohort_outcome outcome;
  judge(&outcome, r, k, &b->jobs[job], b->options->memory_gib * gib);
  TRY(cohort_outcome_write(&outcome, b->folder, k));
  b->ended++;
  b->summary->tried++;
  b->summary->counts[outcome.state]++;
  b->summary->peak_mib = fmax(b->summary->peak_mib, outcome.peak_mib);
  if (outcome.state != COHORT_DONE)
    log_warning("%s: %s: %s", k->id, cohort_state_name(outcome.state), outcome.reason);
  tell_progress(b);
done:
  return st;
}

static status choose_members(struct batch *b) {
  status st = ST_OK;
  const struct cohort_options *o = b->options;
  b->members = malloc((b->cohort->count + 1) * sizeof *b->members);
  CHECK(b->members, ST_MEMORY, "choosing the scans of a shard");
  for (size_t i = 0; i < b->cohort->count; i++) {
    const char *id = b->cohort->cases[i].id;
    bool mine = o->only ? strcmp(o->only, id) == 0 : (int)(i % (size_t)o->shards) + 1 == o->shard;
    struct cohort_outcome before;
    if (!mine || cohort_is_opted_out(o, id)) continue;
    TRY(cohort_outcome_read(&before, b->folder, &b->cohort->cases[i]));
    if (before.state != COHORT_OPTED_OUT) b->members[b->count++] = i;
  }
  CHECK(b->count || !o->only, ST_USAGE, "--only %.60s: no scan of that id that may be measured",
        o->only);
done:
  return st;
}

/* Workers and threads for each: as many workers as memory allows, then the cores shared out. */
static void share_out(struct batch *b, struct workers_options *w) {
  const struct cohort_options *o = b->options;
  int64_t largest = 1;
  for (size_t i = 0; i < b->count; i++)
    if (b->jobs[i].memory_bytes > largest && b->jobs[i].memory_bytes <= w->memory_bytes)
      largest = b->jobs[i].memory_bytes;
  int64_t fit = w->memory_bytes / largest;
  int most = o->workers ? o->workers : o->threads;
  if (fit < most) most = fit > 0 ? (int)fit : 1;
  if ((size_t)most > b->count) most = b->count ? (int)b->count : 1;
  w->workers = most;
  b->summary->workers = most;
  b->summary->threads_each = o->threads / most > 0 ? o->threads / most : 1;
}

static status prepare(struct batch *b, struct workers_options *w) {
  status st = ST_OK;
  const struct cohort_options *o = b->options;
  TRY(choose_members(b));
  b->jobs = calloc(b->count + 1, sizeof *b->jobs);
  CHECK(b->jobs, ST_MEMORY, "preparing %zu scans", b->count);
  for (size_t i = 0; i < b->count; i++)
    b->jobs[i].memory_bytes = cohort_estimate(&b->cohort->cases[b->members[i]], o->size_mm);
  w->memory_bytes = (int64_t)(o->memory_gib * gib);
  w->limit_s = 60 * o->limit_min;
  share_out(b, w);
done:
  return st;
}

static status case_line(void *user, size_t job, const char *const **argv) {
  status st = ST_OK;
  char parent[4096];
  struct batch *b = user;
  TRY(make_line(&b->line, &b->cohort->cases[b->members[job]], b->folder, b->options,
                b->summary->threads_each));
  snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(b->line.out, '/') - b->line.out),
           b->line.out);
  TRY(file_make_directory(parent));
  *argv = b->line.words;
done:
  return st;
}

static void tell_plan(const struct batch *b) {
  int64_t largest = 0;
  for (size_t i = 0; i < b->count; i++)
    if (b->jobs[i].memory_bytes > largest) largest = b->jobs[i].memory_bytes;
  log_info("%zu scans, %d at once with %d threads each; the largest needs about %.1f GiB, %.1f GiB "
           "may be used",
           b->count, b->summary->workers, b->summary->threads_each, (double)largest / gib,
           b->options->memory_gib);
}

status cohort_run(struct cohort_summary *summary, const struct cohort *c, const char *folder,
                  const struct cohort_options *options) {
  status st = ST_OK;
  struct cohort_options o = *options;
  struct workers_options w = {.workers = 1};
  struct batch b = {.cohort = c, .options = &o, .folder = folder, .summary = summary};
  int lock = -1;
  *summary = (struct cohort_summary){.tried = 0};
  if (isnan(o.memory_gib)) o.memory_gib = 0.8 * (double)workers_memory_available() / gib;
  TRY(take_folder(folder, &o));
  TRY(lock_shard(&lock, folder, &o));
  sweep_folder(folder, &o);
  TRY(cohort_drop_opted_out(c, folder, &o));
  TRY(prepare(&b, &w));
  tell_plan(&b);
  b.started_s = clock_seconds();
  progress_begin(&b.progress, "cohort", "scans", (int64_t)b.count);
  st = workers_run(b.jobs, b.count, &w, case_line, case_ended, &b);
  progress_end(&b.progress);
  summary->seconds = clock_seconds() - b.started_s;
done:
  unlock_shard(lock, folder, &o);
  free(b.members);
  free(b.jobs);
  return st;
}
