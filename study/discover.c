/* Looking through a folder for scans. */
#define _DEFAULT_SOURCE /* lstat, strdup */
#include "core/file.h"
#include "core/text.h"
#include "study/manifest.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 16 };                /* deepest folder that is looked into */
static const off_t large = 5000000; /* bytes; a DICOM file of this size holds many frames */

static bool is_dicom_file(const char *path) {
  char head[132];
  FILE *f = fopen(path, "rb");
  bool yes =
      f && fread(head, 1, sizeof head, f) == sizeof head && memcmp(head + 128, "DICM", 4) == 0;
  if (f) fclose(f);
  return yes;
}

static bool is_image_name(const char *name) {
  static const char *const suffixes[] = {".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (file_has_suffix(name, suffixes[i])) return true;
  return false;
}

/* Length of "..." in ".../sub-X_..._ct.nii.gz", 0 when it is not named so. A name with blanks or
 * signs is none: it becomes an id, which stands in command lines and paths. */
static size_t bids_stem(const char *path) {
  static const char *const suffixes[] = {"_ct.nii.gz", "_ct.nii"};
  const char *name = file_name(path);
  if (strncmp(name, "sub-", 4) != 0) return 0;
  for (; *name; name++)
    if (!isalnum((unsigned char)*name) && !strchr("-_.", *name)) return 0;
  for (size_t i = 0; i < 2; i++)
    if (file_has_suffix(path, suffixes[i])) return strlen(path) - strlen(suffixes[i]);
  return 0;
}

/* "sub-X_ses-Y_acq-hip" -> case X_ses-Y, folder sub-X/ses-Y; other entities join the session. */
static status name_bids(struct cohort_case *k, const char *stem) {
  status st = ST_OK;
  const char *rest = strchr(stem, '_');
  char label[40] = "", session[40] = "";
  snprintf(label, sizeof label, "%.*s", (int)(rest ? rest - stem - 4 : 39), stem + 4);
  size_t n = 0;
  for (const char *at = rest; at && *at && n + 1 < sizeof session; at++) {
    if (strncmp(at, "_ses-", 5) == 0) at += 5;
    if (*at != '_' && *at != '-') session[n++] = *at;
  }
  session[n] = '\0';
  CHECK(label[0], ST_DOMAIN, "a file named sub-_... has no label of the person");
  snprintf(k->id, sizeof k->id, "%s%s%s", label, session[0] ? "_ses-" : "", session);
  snprintf(k->folder, sizeof k->folder, "sub-%s%s%s", label, session[0] ? "/ses-" : "", session);
done:
  return st;
}

static status keep(char **out, const char *path) {
  status st = ST_OK;
  *out = strdup(path);
  CHECK(*out, ST_MEMORY, "path of a scan");
done:
  return st;
}

static status add_bids(struct cohort *c, const char *path, size_t stem) {
  status st = ST_OK;
  char name[256], labels[4200];
  struct cohort_case *k = cohort_add(c);
  CHECK(k, ST_MEMORY, "more than %d scans, or no memory", COHORT_CASES);
  TRY(keep(&k->ct, path));
  snprintf(name, sizeof name, "%.*s", (int)(stem - (size_t)(file_name(path) - path)),
           file_name(path));
  TRY(name_bids(k, name));
  for (int zipped = 0; zipped < 2 && !k->labels; zipped++) {
    snprintf(labels, sizeof labels, "%.*s_dseg.nii%s", (int)stem, path, zipped ? ".gz" : "");
    if (file_exists(labels)) TRY(keep(&k->labels, labels));
  }
done:
  return st;
}

static status add_dicom(struct cohort *c, const char *folder, const char *first) {
  status st = ST_OK;
  char hex[65];
  struct cohort_case *k = cohort_add(c);
  CHECK(k, ST_MEMORY, "more than %d scans, or no memory", COHORT_CASES);
  TRY(keep(&k->ct, folder));
  TRY(file_sha256(hex, first));
  snprintf(k->id, sizeof k->id, "case-%.8s", hex);
  snprintf(k->folder, sizeof k->folder, "sub-case%.8s", hex);
done:
  return st;
}

static int visible(const struct dirent *e) {
  return e->d_name[0] != '.';
}

/* What one folder holds. */
struct look {
  int dicom;
  bool many_frames;
  char first[4096]; /* first DICOM file by name */
};

static status look_at_file(struct cohort *c, struct look *l, const char *path, off_t size) {
  status st = ST_OK;
  size_t stem = bids_stem(path);
  if (stem) {
    TRY(add_bids(c, path, stem));
  } else if (is_image_name(path)) {
    c->loose += !strstr(file_name(path), "_dseg.");
  } else if (is_dicom_file(path)) {
    if (!l->dicom++) snprintf(l->first, sizeof l->first, "%s", path);
    l->many_frames |= size > large;
  }
done:
  return st;
}

static status look_into(struct cohort *c, const char *folder, int depth) {
  status st = ST_OK;
  struct dirent **entries = NULL;
  struct look l = {0};
  char path[4096];
  struct stat info;
  int n = depth > DEPTH ? 0 : scandir(folder, &entries, visible, alphasort);
  CHECK(n >= 0, ST_IO, "a folder below the cohort's cannot be listed");
  for (int i = 0; i < n; i++) {
    int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    if (length >= (int)sizeof path || lstat(path, &info) != 0 || !S_ISREG(info.st_mode)) continue;
    TRY(look_at_file(c, &l, path, info.st_size));
  }
  if (l.dicom >= COHORT_SCOUT || l.many_frames) {
    TRY(add_dicom(c, folder, l.first));
    goto done; /* what lies below belongs to it */
  }
  c->scouts += l.dicom > 0;
  for (int i = 0; i < n; i++) {
    int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    if (length >= (int)sizeof path || lstat(path, &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    TRY(look_into(c, path, depth + 1));
  }
done:
  for (int i = 0; i < n; i++) free(entries[i]);
  free(entries);
  return st;
}

status cohort_look_through(struct cohort *c, const char *folder) {
  return look_into(c, folder, 0);
}
