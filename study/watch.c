#define _DEFAULT_SOURCE /* lstat, mkdtemp, symlink, strdup */
#include "study/watch.h"

#include "core/file.h"
#include "core/itk_dicom.h"
#include "core/log.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- links to the files of a series ---- */

static status link_files(const char *folder, const struct dicom_series *s) {
  status st = ST_OK;
  TRY(file_make_directory(folder));
  for (int i = 0; i < s->files; i++) {
    char name[4300], target[4096];
    CHECK(realpath(s->paths[i], target), ST_IO, "a file of a series went away while it was linked");
    int n = snprintf(name, sizeof name, "%s/%06d.dcm", folder, i + 1);
    CHECK(n > 0 && n < (int)sizeof name, ST_IO, "the path of the folder for links is too long");
    CHECK(symlink(target, name) == 0, ST_IO, "links to a series cannot be made in %s", folder);
  }
done:
  return st;
}

static void remove_links(const char *folder) {
  DIR *dir = opendir(folder);
  char path[4400];
  for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (unlink(path) != 0) remove_links(path); /* a folder of links */
  }
  if (dir) closedir(dir);
  rmdir(folder);
}

/* ---- one look ---- */

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Is no file of the series younger than that? */
static bool has_settled(const struct dicom_series *s, double settle_s) {
  struct stat info;
  for (int i = 0; i < s->files; i++) {
    if (stat(s->paths[i], &info) != 0) return false;
    double written = (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec;
    if (now_s() - written < settle_s) return false;
  }
  return true;
}

static void name_series(struct cohort_case *k, const char *uid) {
  char hex[65];
  bytes_sha256(hex, uid, strlen(uid));
  snprintf(k->id, sizeof k->id, "case-%.8s", hex);
  snprintf(k->folder, sizeof k->folder, "sub-case%.8s", hex);
}

/* New, or grown since it was measured? */
static status is_due(bool *due, const struct cohort_case *k, const char *out) {
  status st = ST_OK;
  struct cohort_outcome o;
  TRY(cohort_outcome_read(&o, out, k));
  *due = o.state != COHORT_OPTED_OUT && (o.state == COHORT_WAITING || k->files > o.files);
done:
  return st;
}

/* A single look says what it found; one of many only when it is asked for details. */
static enum log_level level_of(const struct watch_options *watch) {
  return watch->looks ? LOG_INFO : LOG_DETAIL;
}

static status take_series(struct cohort *c, const struct dicom_folder *found, const char *links,
                          const char *out, const struct watch_options *watch) {
  status st = ST_OK;
  size_t small = 0, young = 0, known = 0;
  for (size_t i = 0; i < found->count; i++) {
    const struct dicom_series *s = &found->series[i];
    char path[4200];
    bool due = false;
    small += s->files < COHORT_SCOUT;
    if (s->files < COHORT_SCOUT) continue;
    bool settled = has_settled(s, watch->settle_s);
    young += !settled;
    if (!settled) continue;
    struct cohort_case k = {.files = s->files};
    name_series(&k, s->uid);
    TRY(is_due(&due, &k, out));
    known += !due;
    if (!due) continue;
    struct cohort_case *new = cohort_add(c);
    CHECK(new, ST_MEMORY, "more than %d series, or no memory", COHORT_CASES);
    memcpy(new->id, k.id, sizeof k.id);
    memcpy(new->folder, k.folder, sizeof k.folder);
    new->files = k.files;
    snprintf(path, sizeof path, "%s/%s", links, new->id);
    new->ct = strdup(path);
    CHECK(new->ct, ST_MEMORY, "path of a series");
    TRY(link_files(path, s));
  }
  if (!found->count)
    log_message(level_of(watch), "nothing to measure: no DICOM series is there");
  else
    log_message(
        level_of(watch),
        "%zu series seen: %zu to measure, %zu measured before or opted out, %zu younger than "
        "%g s, %zu of fewer than %d files",
        found->count, c->count, known, young, watch->settle_s, small, COHORT_SCOUT);
done:
  return st;
}

/* Everything that was measured, by its status files: the receiver's files may be gone. */
static status measured_cases(struct cohort **out, const char *folder) {
  status st = ST_OK;
  char path[4096], **files = NULL;
  size_t count = 0;
  struct cohort *c = calloc(1, sizeof *c);
  CHECK(c, ST_MEMORY, "listing the cases");
  TRY(cohort_path(path, folder, "status"));
  TRY(file_list(&files, &count, path, COHORT_CASES));
  for (size_t i = 0; i < count; i++) {
    const char *name = file_name(files[i]);
    if (strncmp(name, "case-", 5) != 0 || !file_has_suffix(name, ".json")) continue;
    struct cohort_case *k = cohort_add(c);
    CHECK(k, ST_MEMORY, "listing the cases");
    snprintf(k->id, sizeof k->id, "%.*s", (int)(strlen(name) - strlen(".json")), name);
    snprintf(k->folder, sizeof k->folder, "sub-case%.8s", k->id + 5);
  }
  TRY(table_create(&c->covariates, c->count));
  *out = c;
  c = NULL;
done:
  file_list_free(files, count);
  cohort_destroy(c);
  return st;
}

static status gather(const char *out, const struct cohort_options *options,
                     const cJSON *provenance) {
  status st = ST_OK;
  struct cohort *all = NULL;
  struct cohort_summary summary = {.tried = 0};
  TRY(measured_cases(&all, out));
  TRY(cohort_gather(&summary, all, out, options, provenance));
  log_info("%zu scans measured, %zu refused, %zu failed so far", summary.counts[COHORT_DONE],
           summary.counts[COHORT_REFUSED], summary.counts[COHORT_FAILED]);
done:
  cohort_destroy(all);
  return st;
}

/* Are there results without tables? They were taken away with a person's results, or a kill came
 * before they were made. */
static status tables_are_due(bool *due, const char *out, const struct cohort_options *options) {
  status st = ST_OK;
  char path[4096];
  struct cohort *all = NULL;
  *due = false;
  TRY(cohort_path(path, out, "status"));
  if (!file_is_directory(path)) return ST_OK;
  TRY(measured_cases(&all, out));
  TRY(cohort_drop_opted_out(all, out, options));
  TRY(cohort_path(path, out, "measurements.csv"));
  *due = all->count && !file_exists(path);
done:
  cohort_destroy(all);
  return st;
}

/* A series that grew is another scan to the journal of its case: its folder is taken over. */
static status measure(struct cohort *c, const char *out, const struct cohort_options *options) {
  status st = ST_OK;
  struct cohort_options o = *options;
  struct cohort_summary summary;
  o.resume = true;
  o.force = true;
  o.shard = o.shards = 1;
  TRY(cohort_run(&summary, c, out, &o));
done:
  return st;
}

static status look(const char *folder, const char *out, const struct watch_options *watch,
                   const struct cohort_options *options, const cJSON *provenance) {
  status st = ST_OK;
  char links[4096];
  const char *temporary = getenv("TMPDIR");
  struct dicom_folder *found = NULL;
  struct cohort *c = calloc(1, sizeof *c);
  snprintf(links, sizeof links, "%s/qct-watch-XXXXXX", temporary ? temporary : "/tmp");
  bool made = mkdtemp(links) != NULL, due = false;
  CHECK(c && made, ST_IO, "a folder for links cannot be made in %s",
        temporary ? temporary : "/tmp");
  TRY(tables_are_due(&due, out, options));
  st = dicom_folder_scan(&found, folder);
  if (st == ST_FORMAT || st == ST_DOMAIN) { /* nothing there yet */
    log_message(level_of(watch), "no series yet: %s", status_message());
    status_clear();
    st = ST_OK;
  } else if (st == ST_OK) {
    TRY(take_series(c, found, links, out, watch));
  }
  if (st != ST_OK) goto done;
  if (c->count) {
    TRY(table_create(&c->covariates, c->count));
    TRY(measure(c, out, options));
  }
  if (c->count || due) TRY(gather(out, options, provenance));
done:
  if (made) remove_links(links);
  dicom_folder_destroy(found);
  cohort_destroy(c);
  return st;
}

static void pause_for(double seconds) {
  struct timespec t = {.tv_sec = (time_t)seconds,
                       .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
  nanosleep(&t, NULL);
}

status watch_run(const char *folder, const char *out, const struct watch_options *watch,
                 const struct cohort_options *options, const cJSON *provenance) {
  status st = ST_OK;
  CHECK(file_is_directory(folder), ST_IO, "the folder to watch is not there");
  for (int n = 1; !watch->looks || n <= watch->looks; n++) {
    TRY(look(folder, out, watch, options, provenance));
    if (n != watch->looks) pause_for(watch->every_s);
  }
done:
  return st;
}
