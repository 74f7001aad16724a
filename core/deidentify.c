#define _POSIX_C_SOURCE 200809L
#include "core/deidentify.h"

#include "core/file.h"
#include "core/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FILES = 1000000, LEAST_KEY = 16, BLOCK = 64 };

static const struct deidentify_rule rules[] = {
#define RULE(group, element, action, name) {group, element, DEIDENTIFY_##action, name},
#include "core/deidentify_tags.def"
#undef RULE
};

static const char *const action_names[] = {"kept",
                                           "new UID",
                                           "shifted or removed",
                                           "pseudonym of the person",
                                           "pseudonym",
                                           "kept up to 89 years",
                                           "emptied",
                                           "CONTRAST or NONE",
                                           "items by this list"};

const struct deidentify_rule *deidentify_rules(size_t *count) {
  *count = sizeof rules / sizeof *rules;
  return rules;
}

const char *deidentify_action_name(enum deidentify_action a) {
  return action_names[a];
}

static void from_hex(unsigned char *out, const char *hex) {
  for (int i = 0; i < 32; i++) {
    unsigned v;
    sscanf(hex + 2 * i, "%2x", &v);
    out[i] = (unsigned char)v;
  }
}

void deidentify_hmac(char hex[65], const struct deidentify_options *o, const char *purpose,
                     const char *text) {
  unsigned char key[BLOCK] = {0}, outer[BLOCK + 32], inner[BLOCK + 256];
  if (o->key_length > BLOCK) {
    bytes_sha256(hex, o->key, o->key_length);
    from_hex(key, hex);
  } else {
    memcpy(key, o->key, o->key_length);
  }
  for (int i = 0; i < BLOCK; i++) {
    inner[i] = key[i] ^ 0x36;
    outer[i] = key[i] ^ 0x5c;
  }
  int n = snprintf((char *)inner + BLOCK, sizeof inner - BLOCK, "%s:%s", purpose, text);
  if (n > (int)(sizeof inner - BLOCK) - 1) n = (int)(sizeof inner - BLOCK) - 1;
  bytes_sha256(hex, inner, BLOCK + (size_t)n);
  from_hex(outer + BLOCK, hex);
  bytes_sha256(hex, outer, sizeof outer);
}

/* Move a finished file to its place: aside/<person>/<series>/<instance>.dcm */
static status place(const struct deidentify_result *r, const char *aside, const char *part) {
  status st = ST_OK;
  char folder[4200], path[4300];
  snprintf(folder, sizeof folder, "%s/%s/%s", aside, r->person, r->series);
  TRY(file_make_directory(folder));
  snprintf(path, sizeof path, "%s/%s.dcm", folder, r->instance);
  CHECK(!rename(part, path), ST_IO, "a de-identified file cannot be put into its folder");
done:
  return st;
}

static status treat_files(struct deidentify_counts *c, char **paths, size_t count,
                          const char *aside, const struct deidentify_options *o) {
  status st = ST_OK;
  char part[4200];
  struct progress p;
  progress_begin(&p, "de-identify", "files", (int64_t)count);
  snprintf(part, sizeof part, "%s/part.dcm", aside);
  for (size_t i = 0; i < count; i++) {
    enum deidentify_outcome outcome;
    struct deidentify_result r;
    TRY(deidentify_file(&outcome, &r, c, paths[i], part, o));
    if (outcome == DEIDENTIFIED) TRY(place(&r, aside, part));
    c->files++;
    c->written += outcome == DEIDENTIFIED;
    c->not_dicom += outcome == NOT_DICOM;
    c->not_ct += outcome == NOT_CT;
    c->burned_in += outcome == BURNED_IN;
    progress_update(&p, (int64_t)i + 1, NULL);
  }
done:
  progress_end(&p);
  return st;
}

/* Remove what was made aside: files, then the two levels of folders. */
static void sweep(const char *aside) {
  char **paths = NULL;
  size_t count = 0;
  if (file_list(&paths, &count, aside, MOST_FILES) == ST_OK) {
    for (size_t i = 0; i < count; i++) {
      unlink(paths[i]);
      for (int level = 0; level < 2; level++) {
        char *slash = strrchr(paths[i], '/');
        if (!slash || (size_t)(slash - paths[i]) <= strlen(aside)) break;
        *slash = 0;
        rmdir(paths[i]);
      }
    }
    file_list_free(paths, count);
  }
  rmdir(aside);
}

status deidentify_folder(struct deidentify_counts *counts, const char *folder, const char *out,
                         const struct deidentify_options *o) {
  status st = ST_OK;
  char **paths = NULL, *one = NULL, aside[4096] = "", message[512];
  size_t count = 1;
  bool made = false;
  struct deidentify_counts c = {0};
  CHECK(o->key_length >= LEAST_KEY, ST_DOMAIN,
        "the key has %zu bytes; at least %d are needed, from a random source", o->key_length,
        LEAST_KEY);
  CHECK(!file_exists(out), ST_USAGE, "%s exists already: give a new folder", out);
  if (file_is_directory(folder)) {
    TRY(file_list(&paths, &count, folder, MOST_FILES));
  } else {
    one = strdup(folder);
    CHECK(one, ST_MEMORY, "de-identifying a file");
  }
  int n = snprintf(aside, sizeof aside, "%s.part-%ld", out, (long)getpid());
  CHECK(n > 0 && (size_t)n < sizeof aside, ST_IO, "the path of the result is too long");
  TRY(file_make_directory(aside));
  made = true;
  TRY(treat_files(&c, one ? &one : paths, count, aside, o));
  CHECK(c.written > 0, ST_DOMAIN,
        "none of %d files was written: %d no DICOM image, %d no CT image, %d with annotation in "
        "their pixels or secondary captures",
        c.files, c.not_dicom, c.not_ct, c.burned_in);
  CHECK(!rename(aside, out), ST_IO, "%s cannot be made", out);
  made = false;
  *counts = c;
done:
  snprintf(message, sizeof message, "%s", status_message());
  if (made) sweep(aside);
  if (st != ST_OK && strcmp(message, status_message()))
    st = status_fail(st, __FILE__, __LINE__, "%s", message);
  free(one);
  if (paths) file_list_free(paths, count);
  return st;
}
