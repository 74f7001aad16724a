#include "study/scrub.h"

#include "core/file.h"
#include "core/image_side.h"
#include "core/status.h"
#include "core/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SCRUB_FILES = 100000 };

/* After a path: the rest of a file name, up to what ends it in a message. */
static size_t tail_length(const char *s) {
  if (*s != '/') return 0;
  size_t n = 0;
  while (s[n] && strncmp(s + n, ": ", 2) != 0 && strncmp(s + n, ", ", 2) != 0 &&
         strncmp(s + n, "; ", 2) != 0 && s[n] != '\n')
    n++;
  return n;
}

static bool in_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '-';
}

enum named {
  NAMED_WHOLE,  /* a path or a file name */
  NAMED_FOLDER, /* a folder, with what lies in it */
  NAMED_STEM    /* a file name without its suffix, with whatever suffix: side files, raw data */
};

/* Does what follows a mention belong to it? How much of it goes too. */
static bool ends_here(size_t *tail, const char *after, enum named kind) {
  size_t n = 0;
  if (kind == NAMED_STEM)
    while (after[n] == '.' && isalnum((unsigned char)after[n + 1]))
      for (n++; isalnum((unsigned char)after[n]);) n++;
  else
    n = tail_length(after);
  *tail = n;
  return kind == NAMED_WHOLE ? !in_word(*after) : n > 0;
}

/* Replace `name` wherever it stands as a word of its own. */
static void replace(char *text, size_t size, const char *name, enum named kind, const char *with) {
  size_t length = strlen(name), tail;
  if (length < 2) return;
  struct text out = {0};
  const char *at = text;
  for (const char *hit = strstr(at, name); hit; hit = strstr(hit, name)) {
    bool whole = (hit == text || !in_word(hit[-1])) && ends_here(&tail, hit + length, kind);
    text_append_raw(&out, at, (size_t)(hit - at));
    if (whole)
      text_append(&out, "%s", with);
    else
      text_append_raw(&out, hit, length);
    at = hit + length + (whole ? tail : 0);
    hit = at;
  }
  text_append(&out, "%s", at);
  if (!out.failed && out.data)
    snprintf(text, size, "%s", out.data);
  else
    snprintf(text, size, "%s", "withheld: out of memory"); /* never the path */
  text_free(&out);
}

static void replace_mark(char *text, size_t size, const char *with) {
  struct text out = {0};
  for (const char *c = text; *c; c++)
    if (*c == '\x01')
      text_append(&out, "%s", with);
    else
      text_append_raw(&out, c, 1);
  if (!out.failed && out.data) snprintf(text, size, "%s", out.data);
  text_free(&out);
}

/* A path and its last part, as they are and with other suffixes. */
static void replace_file(char *text, size_t size, const char *path, const char *with) {
  char part[4096];
  const char *const names[] = {path, file_name(path)};
  for (int i = 0; i < 2; i++) {
    const int stem = image_stem_length(names[i]);
    replace(text, size, names[i], NAMED_WHOLE, with);
    if (stem < 1 || stem >= (int)sizeof part) continue;
    snprintf(part, sizeof part, "%.*s", stem, names[i]);
    replace(text, size, part, NAMED_STEM, with);
  }
}

void scrub_folder(char *text, size_t size, const char *path) {
  char part[4096];
  const size_t folder = path ? (size_t)(file_name(path) - path) : 0;
  if (folder < 2 || folder >= sizeof part) return;
  snprintf(part, sizeof part, "%.*s", (int)folder - 1, path);
  replace(text, size, part, NAMED_FOLDER, "<file beside it>");
}

void scrub_path(char *text, size_t size, const char *path, const char *role) {
  char with[64], **files = NULL;
  size_t count = 0;
  if (!path || !path[0]) return;
  snprintf(with, sizeof with, "<%s>", role);
  replace_file(text, size, path, "\x01"); /* a mark that no name is found in */
  replace_mark(text, size, with);
  if (!file_is_directory(path)) return;
  if (file_list(&files, &count, path, SCRUB_FILES) != ST_OK) status_clear();
  for (size_t i = 0; i < count; i++) {
    snprintf(with, sizeof with, "<file %zu>", i + 1);
    replace(text, size, file_name(files[i]), NAMED_WHOLE, with);
  }
  file_list_free(files, count);
}
