#define _XOPEN_SOURCE 700 /* nftw */
/* People who withdrew: not measured, not counted, and nothing measured of them stays. */
#include "core/file.h"
#include "core/log.h"
#include "study/cohort.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What cohort_gather writes; it may hold rows of somebody who has just opted out. */
static const char *const tables[] = {"measurements.csv", "measurements.h5", "record.csv",
                                     "status.csv",       "failures.csv",    "participants.tsv",
                                     "cohort.html"};

bool cohort_is_opted_out(const struct cohort_options *o, const char *id) {
  size_t person = strstr(id, "_ses-") ? (size_t)(strstr(id, "_ses-") - id) : strlen(id);
  for (size_t i = 0; i < o->opted_out_count; i++) {
    const char *out = o->opted_out[i];
    if (strncmp(out, "sub-", 4) == 0) out += 4;
    if (strcmp(out, id) == 0 || (strlen(out) == person && strncmp(out, id, person) == 0))
      return true;
  }
  return false;
}

void cohort_tell_unknown_ids(const struct cohort *c, const struct cohort_options *o) {
  size_t unknown = 0;
  const char *first = "";
  for (size_t n = 0; n < o->opted_out_count; n++) {
    const struct cohort_options one = {.opted_out = &o->opted_out[n], .opted_out_count = 1};
    bool known = false;
    for (size_t i = 0; i < c->count && !known; i++)
      known = cohort_is_opted_out(&one, c->cases[i].id);
    if (!known && !unknown++) first = o->opted_out[n];
  }
  if (unknown)
    log_warning("%zu of %zu ids in the list of those who opted out are of no scan here, the first "
                "is \"%.40s\": are they written as the ids of the scans?",
                unknown, o->opted_out_count, first);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where) {
  (void)info, (void)kind, (void)where;
  return remove(path); /* a link goes, not what it leads to */
}

/* A folder and all below it; an absent one is well. */
static status remove_tree(const char *path) {
  enum { OPEN_FOLDERS = 16 };
  status st = ST_OK;
  if (!file_is_directory(path)) return ST_OK;
  CHECK(nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0, ST_IO,
        "results of a person who opted out cannot be removed from the result folder");
done:
  return st;
}

static status remove_tables(const char *folder) {
  status st = ST_OK;
  char path[4096];
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    TRY(cohort_path(path, folder, tables[i]));
    CHECK(!file_exists(path) || remove(path) == 0, ST_IO,
          "%s holds results of a person who opted out and cannot be removed", tables[i]);
  }
done:
  return st;
}

/* The results of one case; its status file remembers that it must not be measured again. */
static status drop(int *dropped, const char *folder, const struct cohort_case *k) {
  status st = ST_OK;
  char path[4096];
  struct cohort_outcome o;
  TRY(cohort_outcome_read(&o, folder, k));
  TRY(cohort_path(path, folder, k->folder));
  if (o.state == COHORT_OPTED_OUT && !file_is_directory(path)) return ST_OK;
  TRY(remove_tables(folder));
  TRY(remove_tree(path));
  char *session = strstr(path, "/ses-");
  if (session) {
    *session = '\0';
    rmdir(path); /* of the person, when this was the last session */
  }
  o = (struct cohort_outcome){.state = COHORT_OPTED_OUT};
  TRY(cohort_outcome_write(&o, folder, k));
  ++*dropped;
done:
  return st;
}

/* Ids that have a status file, those too that the manifest no longer has. */
static status drop_by_status(int *dropped, const char *folder, const struct cohort_options *o) {
  status st = ST_OK;
  char path[4096], **files = NULL;
  size_t count = 0;
  TRY(cohort_path(path, folder, "status"));
  TRY(file_list(&files, &count, path, 2 * COHORT_CASES));
  for (size_t i = 0; i < count; i++) {
    struct cohort_case k = {.files = 0};
    char id[64];
    const char *name = file_name(files[i]);
    size_t length = strlen(name) - strlen(".json");
    if (!file_has_suffix(name, ".json") || length >= sizeof id) continue;
    snprintf(id, sizeof id, "%.*s", (int)length, name);
    if (!cohort_is_opted_out(o, id)) continue;
    TRY(cohort_name_case(&k, id));
    TRY(drop(dropped, folder, &k));
  }
done:
  file_list_free(files, count);
  return st;
}

status cohort_drop_opted_out(const struct cohort *c, const char *folder,
                             const struct cohort_options *o) {
  status st = ST_OK;
  int dropped = 0;
  if (!o->opted_out_count) return ST_OK;
  for (size_t i = 0; i < c->count; i++)
    if (cohort_is_opted_out(o, c->cases[i].id)) TRY(drop(&dropped, folder, &c->cases[i]));
  TRY(drop_by_status(&dropped, folder, o));
  if (dropped)
    log_info("%d scans of people who opted out: nothing measured of them is left", dropped);
done:
  return st;
}
