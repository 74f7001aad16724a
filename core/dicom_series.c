/* What series are in a folder, and which of them is the scan. */
#define _POSIX_C_SOURCE 200809L
#include "core/dicom_check.h"
#include "core/dicom_slice.h"
#include "core/file.h"
#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 200000 };

/* ---- one series ---- */

static void series_free(struct dicom_series *s) {
  for (int k = 0; s->slices && k < s->slice_count; k++) free(s->slices[k].path);
  free(s->slices);
  for (int k = 0; s->paths && k < s->files; k++) free(s->paths[k]);
  free(s->paths);
}

void dicom_folder_destroy(struct dicom_folder *f) {
  if (!f) return;
  for (size_t i = 0; i < f->count; i++) series_free(&f->series[i]);
  free(f->series);
  free(f);
}

/* Slices of a file move to the end of a series. */
static status take_slices(struct dicom_series *s, struct dicom_file *f) {
  status st = ST_OK;
  size_t count = (size_t)(s->slice_count + f->count);
  struct dicom_slice *grown = realloc(s->slices, count * sizeof *grown);
  CHECK(grown, ST_MEMORY, "gathering %zu slices", count);
  s->slices = grown;
  memcpy(grown + s->slice_count, f->slices, (size_t)f->count * sizeof *grown);
  s->slice_count += f->count;
  s->files++;
  f->count = 0;
done:
  return st;
}

/* What a further file says that the first did not. */
static void compare_scan(struct dicom_series *s, const struct dicom_file *f) {
  const struct acquisition *a = &s->acquisition, *b = &f->acquisition;
  if (!f->decodable)
    dicom_series_problem(
        s, DICOM_UNDECODABLE,
        "the pixel data cannot be decoded (transfer syntax %s, %d bits, %d sample%s per pixel)",
        f->transfer_syntax[0] ? f->transfer_syntax : "unknown", f->slices[0].bits_allocated,
        f->samples, f->samples == 1 ? "" : "s");
  if (f->lossy) {
    dicom_series_problem(s, DICOM_LOSSY,
                         "lossy compression: densities and texture are changed by it");
    s->acquisition.lossy = 1;
  }
  if (strcmp(a->kernel, b->kernel))
    dicom_series_problem(s, DICOM_MIXED_SCAN,
                         "slices of different kernels in one series: \"%.32s\" and \"%.32s\"",
                         a->kernel, b->kernel);
  if (fabs(a->kvp - b->kvp) > 0.5)
    dicom_series_problem(s, DICOM_MIXED_SCAN,
                         "slices of different tube voltage in one series: %g and %g kV", a->kvp,
                         b->kvp);
}

/* The series a file belongs to: by UID, modality, and projection or not. */
static status series_for(struct dicom_series **out, struct dicom_folder *folder,
                         const struct dicom_file *f) {
  status st = ST_OK;
  for (size_t i = 0; i < folder->count; i++) {
    struct dicom_series *s = &folder->series[i];
    if (!strcmp(s->uid, f->series_uid) && s->slices[0].localizer == f->slices[0].localizer &&
        !strcmp(s->acquisition.modality, f->acquisition.modality)) {
      *out = s;
      return ST_OK;
    }
  }
  struct dicom_series *grown = realloc(folder->series, (folder->count + 1) * sizeof *grown);
  CHECK(grown, ST_MEMORY, "listing %zu DICOM series", folder->count + 1);
  folder->series = grown;
  struct dicom_series *s = &grown[folder->count++];
  memset(s, 0, sizeof *s);
  memcpy(s->uid, f->series_uid, sizeof s->uid);
  memcpy(s->description, f->description, sizeof s->description);
  memcpy(s->transfer_syntax, f->transfer_syntax, sizeof s->transfer_syntax);
  s->acquisition = f->acquisition;
  *out = s;
done:
  return st;
}

/* Paths in slice order, a multi-frame file once. */
static status list_paths(struct dicom_series *s) {
  status st = ST_OK;
  int files = 0;
  s->paths = calloc((size_t)s->slice_count, sizeof *s->paths);
  CHECK(s->paths, ST_MEMORY, "listing %d files", s->slice_count);
  for (int k = 0; k < s->slice_count; k++) {
    if (k && !strcmp(s->slices[k].path, s->slices[k - 1].path)) continue;
    s->paths[files] = strdup(s->slices[k].path);
    CHECK(s->paths[files], ST_MEMORY, "listing %d files", s->slice_count);
    files++;
  }
done:
  s->files = files;
  return st;
}

/* ---- the folder ---- */

struct header {
  struct dicom_file file;
  status st;
  bool damaged;
  char why[192];
};

static status gather(struct dicom_folder *folder, struct header *h, size_t count) {
  status st = ST_OK;
  for (size_t i = 0; i < count; i++) {
    if (h[i].st != ST_OK) {
      if (h[i].damaged && !folder->damaged++)
        snprintf(folder->damaged_text, sizeof folder->damaged_text, "%s", h[i].why);
      if (!folder->unreadable++)
        snprintf(folder->unreadable_text, sizeof folder->unreadable_text, "%s", h[i].why);
      continue;
    }
    struct dicom_series *s = NULL;
    TRY(series_for(&s, folder, &h[i].file));
    compare_scan(s, &h[i].file);
    TRY(take_slices(s, &h[i].file));
  }
  for (size_t i = 0; i < folder->count; i++) {
    dicom_series_judge(&folder->series[i]);
    TRY(list_paths(&folder->series[i]));
  }
done:
  return st;
}

static int by_uid(const void *a, const void *b) {
  const struct dicom_series *p = a, *q = b;
  return strcmp(p->uid, q->uid);
}

status dicom_folder_scan(struct dicom_folder **out, const char *path) {
  status st = ST_OK;
  struct dicom_folder *folder = NULL;
  struct header *headers = NULL;
  char **paths = NULL, *one = NULL;
  size_t count = 1;
  CHECK(file_exists(path), ST_IO, "%s: not there", path);
  if (file_is_directory(path)) {
    TRY(file_list(&paths, &count, path, MOST_FILES));
  } else {
    one = strdup(path);
    CHECK(one, ST_MEMORY, "reading %s", path);
  }
  folder = calloc(1, sizeof *folder);
  headers = calloc(count ? count : 1, sizeof *headers);
  CHECK(folder && headers, ST_MEMORY, "reading %zu DICOM headers", count);
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 8)
  for (size_t i = 0; i < count; i++) {
    const char *file = one ? one : paths[i];
    headers[i].st = dicom_file_header(&headers[i].file, file);
    if (headers[i].st == ST_OK) continue;
    snprintf(headers[i].why, sizeof headers[i].why, "%s", status_message());
    headers[i].damaged = dicom_is_damaged(file);
  }
  status_clear();
  TRY(gather(folder, headers, count));
  if (folder->count) qsort(folder->series, folder->count, sizeof *folder->series, by_uid);
  *out = folder;
  folder = NULL;
done:
  for (size_t i = 0; headers && i < count; i++) dicom_file_free(&headers[i].file);
  free(headers);
  free(one);
  if (paths) file_list_free(paths, count);
  dicom_folder_destroy(folder);
  return st;
}

/* ---- choosing ---- */

/* "#2": the second of the list. */
static const struct dicom_series *choose_by_number(const struct dicom_folder *f, const char *text,
                                                   char why[512]) {
  char *end;
  long number = strtol(text + 1, &end, 10);
  if (*end == 0 && number >= 1 && number <= (long)f->count) return &f->series[number - 1];
  snprintf(why, 512, "series \"%.32s\": there are #1 to #%zu", text, f->count);
  return NULL;
}

static const struct dicom_series *choose_by_uid(const struct dicom_folder *f, const char *uid,
                                                char why[512]) {
  const struct dicom_series *found = NULL;
  int matches = 0;
  for (size_t i = 0; i < f->count; i++) {
    if (!strcmp(f->series[i].uid, uid) && !f->series[i].slices[0].localizer) return &f->series[i];
    if (!strstr(f->series[i].uid, uid)) continue;
    found = &f->series[i];
    matches++;
  }
  if (matches == 1) return found;
  snprintf(why, 512, "series \"%s\": %d of the %zu series have this in their UID; give one", uid,
           matches, f->count);
  return NULL;
}

const struct dicom_series *dicom_folder_choose(const struct dicom_folder *f, const char *uid,
                                               char why[512]) {
  const struct dicom_series *best = NULL, *worst = NULL;
  why[0] = 0;
  if (!f->count) {
    snprintf(why, 512, "no DICOM image among %d file%s%s%s", f->unreadable,
             f->unreadable == 1 ? "" : "s", f->unreadable ? ": " : "", f->unreadable_text);
    return NULL;
  }
  if (uid && uid[0] == '#') return choose_by_number(f, uid, why);
  if (uid) return choose_by_uid(f, uid, why);
  for (size_t i = 0; i < f->count; i++) {
    const struct dicom_series *s = &f->series[i];
    bool usable = !(s->problems & ~(unsigned)DICOM_WARNINGS) && !(s->problems & DICOM_NOT_AXIAL);
    if (usable && (!best || s->slice_count > best->slice_count)) best = s;
    if (!worst || s->slice_count > worst->slice_count) worst = s;
  }
  if (!best)
    snprintf(why, 512, "none of %zu series is a usable axial CT; the largest (%d slices): %.400s",
             f->count, worst->slice_count,
             worst->problem_text[0] ? worst->problem_text : "not axial");
  return best;
}
