#include "study/scrub.h"

#include "core/file.h"
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

/* Replace `name` wherever it stands as a word of its own. */
static void replace(char *text, size_t size, const char *name, const char *with) {
  size_t length = strlen(name);
  if (length < 2) return;
  struct text out = {0};
  const char *at = text;
  for (const char *hit = strstr(at, name); hit; hit = strstr(hit, name)) {
    bool whole = (hit == text || !in_word(hit[-1])) && !in_word(hit[length]);
    text_append_raw(&out, at, (size_t)(hit - at));
    if (whole) {
      text_append(&out, "%s", with);
      at = hit + length;
      at += tail_length(at);
    } else {
      text_append_raw(&out, hit, length);
      at = hit + length;
    }
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

void scrub_path(char *text, size_t size, const char *path, const char *role) {
  char with[64], **files = NULL;
  size_t count = 0;
  if (!path || !path[0]) return;
  snprintf(with, sizeof with, "<%s>", role);
  replace(text, size, path, "\x01"); /* a mark that no name is found in */
  replace(text, size, file_name(path), "\x01");
  replace_mark(text, size, with);
  if (!file_is_directory(path)) return;
  if (file_list(&files, &count, path, SCRUB_FILES) != ST_OK) status_clear();
  for (size_t i = 0; i < count; i++) {
    snprintf(with, sizeof with, "<file %zu>", i + 1);
    replace(text, size, file_name(files[i]), with);
  }
  file_list_free(files, count);
}
