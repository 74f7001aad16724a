#include "cli/parser.h"

#include "cli/declaration.h"
#include "core/file.h"
#include "core/image_side.h"
#include "core/json.h"
#include "core/match.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct global_option global_options[] = {
    {"help", 'h', NULL, "describe the command and stop"},
    {"version", 0, NULL, "print version and built-in features and stop"},
    {"verbose", 'v', NULL, "also show details"},
    {"quiet", 'q', NULL, "show warnings and errors only"},
    {"threads", 'j', "N", "threads to use; 0 takes every core this process may use (default)"},
    {"force", 0, NULL, "overwrite existing outputs"},
    {"json", 0, NULL, "print results as JSON"},
    {NULL, 0, NULL, NULL}};

enum { THREADS_MAX = 1024 };

static char *keep_piece(struct parsed *p, const char *start, size_t length) {
  if (p->piece_count == PARSER_PIECES_MAX) return NULL;
  char *piece = malloc(length + 1);
  if (!piece) return NULL;
  memcpy(piece, start, length);
  piece[length] = '\0';
  p->pieces[p->piece_count++] = piece;
  return piece;
}

/* ------------------------------------------------------------------ values */

static status parse_real(double *out, const struct option *o, const char *value) {
  status st = ST_OK;
  char label[64], range[96];
  option_label(label, sizeof label, o);
  option_range(range, sizeof range, o);
  char *end = NULL;
  double x = strtod(value, &end);
  bool plain = value[strspn(value, "0123456789+-.eE")] == '\0'; /* no hexadecimals, no words */
  CHECK(plain && end != value && *end == '\0' && isfinite(x), ST_USAGE,
        "%s: \"%s\" is not a number%s%s%s", label, value, *range ? " (" : "", range,
        *range ? ")" : "");
  CHECK(x >= o->low && x <= o->high, ST_USAGE, "%s %s is outside the permitted range: %s", label,
        value, range);
  *out = x;
done:
  return st;
}

static status parse_int(int *out, const struct option *o, const char *value) {
  status st = ST_OK;
  char label[64], range[96];
  option_label(label, sizeof label, o);
  option_range(range, sizeof range, o);
  char *end = NULL;
  errno = 0;
  long x = strtol(value, &end, 10);
  CHECK(end != value && *end == '\0' && errno == 0 && x >= INT_MIN && x <= INT_MAX, ST_USAGE,
        "%s: \"%s\" is not a whole number%s%s%s", label, value, *range ? " (" : "", range,
        *range ? ")" : "");
  CHECK((double)x >= o->low && (double)x <= o->high, ST_USAGE,
        "%s %s is outside the permitted range: %s", label, value, range);
  *out = (int)x;
done:
  return st;
}

static status parse_reals(double *out, const struct option *o, const char *value) {
  status st = ST_OK;
  char word[64];
  double numbers[64];
  int n = 0;
  const char *at = value;
  for (;; at++) {
    size_t length = strcspn(at, ",");
    CHECK(length < sizeof word && n < 64, ST_USAGE, "--%s: \"%s\" is not a list of numbers",
          o->name, value);
    memcpy(word, at, length);
    word[length] = '\0';
    TRY(parse_real(&numbers[n++], o, word));
    at += length;
    if (!*at) break;
  }
  CHECK(n == o->count, ST_USAGE, "--%s takes %d numbers with commas between, \"%s\" has %d",
        o->name, o->count, value, n);
  memcpy(out, numbers, (size_t)n * sizeof *out);
done:
  return st;
}

static status parse_choice(int *out, const struct option *o, const char *value) {
  status st = ST_OK;
  int n = 0;
  for (; o->choices[n]; n++) {
    if (strcmp(o->choices[n], value) != 0) continue;
    *out = n;
    return ST_OK;
  }
  char label[64], all[512] = "";
  option_label(label, sizeof label, o);
  size_t used = 0;
  for (int i = 0; i < n && used < sizeof all; i++)
    used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", o->choices[i]);
  int near = match_nearest(value, o->choices, (size_t)n);
  if (near >= 0)
    FAIL(ST_USAGE, "%s: there is no \"%s\"; did you mean \"%s\"? Permitted: %s", label, value,
         o->choices[near], all);
  FAIL(ST_USAGE, "%s: there is no \"%s\". Permitted: %s", label, value, all);
done:
  return st;
}

static status add_to_list(struct parsed *p, const struct option *o, int index, const char *value) {
  status st = ST_OK;
  struct text_list *list = (struct text_list *)(void *)((char *)p->params + o->offset);
  const int limit = (int)(sizeof list->items / sizeof list->items[0]);
  if (!p->given[index]) list->count = 0; /* the default gives way */
  const char *at = value;
  for (;; at++) {
    size_t length = o->positional ? strlen(at) : strcspn(at, ",");
    CHECK(length > 0, ST_USAGE, "%s: empty entry in \"%s\"", o->name, value);
    CHECK(list->count < limit, ST_USAGE, "%s: more than %d entries", o->name, limit);
    char *piece = keep_piece(p, at, length);
    CHECK(piece, ST_USAGE, "%s: more than %d entries on one command line", o->name,
          PARSER_PIECES_MAX);
    list->items[list->count++] = piece;
    at += length;
    if (!*at) break;
  }
done:
  return st;
}

static status set_value(struct parsed *p, int index, const char *value) {
  status st = ST_OK;
  const struct option *o = &p->command->options[index];
  void *at = (char *)p->params + o->offset;
  char label[64];
  option_label(label, sizeof label, o);
  CHECK(!p->given[index] || o->kind == OPTION_LIST, ST_USAGE, "%s is given twice", label);
  CHECK(*value || o->kind == OPTION_TEXT, ST_USAGE, "%s: the value is empty", label);
  switch (o->kind) {
  case OPTION_END:
    break;
  case OPTION_FLAG:
    *(bool *)at = strcmp(value, "off") != 0;
    break;
  case OPTION_INT:
    TRY(parse_int(at, o, value));
    break;
  case OPTION_REAL:
    TRY(parse_real(at, o, value));
    break;
  case OPTION_REALS:
    TRY(parse_reals(at, o, value));
    break;
  case OPTION_CHOICE:
    TRY(parse_choice(at, o, value));
    break;
  case OPTION_LIST:
    TRY(add_to_list(p, o, index, value));
    break;
  case OPTION_TEXT:
  case OPTION_IN:
  case OPTION_OUT:
    *(const char **)at = value;
    break;
  }
  p->given[index] = true;
done:
  return st;
}

/* ------------------------------------------------------------------ options */

static int find_option(const struct command *c, const char *name, size_t length) {
  for (int i = 0; c->options && c->options[i].kind != OPTION_END; i++) {
    const struct option *o = &c->options[i];
    if (!o->positional && strlen(o->name) == length && strncmp(o->name, name, length) == 0)
      return i;
  }
  return -1;
}

static status unknown_option(const struct command *c, const char *word) {
  status st = ST_OK;
  const char *names[PARSER_OPTIONS_MAX + 8];
  size_t n = 0;
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++)
    CHECK(!o->positional || o->kind != OPTION_OUT || strncmp(word, "--out", 5) != 0, ST_USAGE,
          "unknown option %s: the result is an argument here, see `qct help %s`", word, c->name);
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++)
    if (!o->positional && n < PARSER_OPTIONS_MAX) names[n++] = o->name;
  for (const struct global_option *g = global_options; g->name; g++) names[n++] = g->name;
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="),
           word + strspn(word, "-"));
  int near = match_nearest(name, names, n);
  if (near >= 0)
    FAIL(ST_USAGE, "unknown option %s; did you mean --%s? `qct help %s` lists them", word,
         names[near], c->name);
  FAIL(ST_USAGE, "unknown option %s; `qct help %s` lists them", word, c->name);
done:
  return st;
}

static status set_threads(struct global_options *g, const char *value) {
  static const struct option threads = {
      .kind = OPTION_INT, .name = "threads", .unit = "", .low = 0, .high = THREADS_MAX};
  return parse_int(&g->threads, &threads, value);
}

/* *taken: 0 not a global option, 1 the word was used, 2 the word and the next one. */
static status try_global(struct global_options *g, const char *word, const char *next, int *taken) {
  status st = ST_OK;
  *taken = 1;
  if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
    g->help = true;
  } else if (!strcmp(word, "--version")) {
    g->version = true;
  } else if (!strcmp(word, "-v") || !strcmp(word, "--verbose")) {
    g->verbose = true;
  } else if (!strcmp(word, "-q") || !strcmp(word, "--quiet")) {
    g->quiet = true;
  } else if (!strcmp(word, "--force")) {
    g->force = true;
  } else if (!strcmp(word, "--json")) {
    g->json = true;
  } else if (!strncmp(word, "--threads=", 10)) {
    TRY(set_threads(g, word + 10));
  } else if (!strcmp(word, "-j") || !strcmp(word, "--threads")) {
    CHECK(next, ST_USAGE, "%s needs a number of threads", word);
    *taken = 2;
    TRY(set_threads(g, next));
  } else if (!strncmp(word, "-j", 2)) {
    TRY(set_threads(g, word + 2));
  } else {
    *taken = 0;
  }
done:
  return st;
}

static status take_option(struct parsed *p, const char *word, const char *next, int *taken) {
  status st = ST_OK;
  const struct command *c = p->command;
  TRY(try_global(&p->globals, word, next, taken));
  if (*taken) return ST_OK;
  const char *name = word + 2;
  size_t length = strcspn(name, "=");
  const char *value = name[length] == '=' ? name + length + 1 : NULL;
  int index = strncmp(word, "--", 2) == 0 ? find_option(c, name, length) : -1;
  bool off = false;
  if (index < 0 && !strncmp(word, "--no-", 5)) {
    index = find_option(c, word + 5, strlen(word + 5));
    off = index >= 0 && c->options[index].kind == OPTION_FLAG;
    if (!off) index = -1;
  }
  if (index < 0) return unknown_option(c, word);
  *taken = 1;
  if (c->options[index].kind == OPTION_FLAG) {
    CHECK(!value, ST_USAGE, "--%s takes no value", c->options[index].name);
    return set_value(p, index, off ? "off" : "on");
  }
  if (!value) {
    char what[64];
    option_value_name(what, sizeof what, &c->options[index]);
    CHECK(next && (strncmp(next, "--", 2) != 0), ST_USAGE, "--%s needs a value: --%s %s",
          c->options[index].name, c->options[index].name, what);
    value = next;
    *taken = 2;
  }
  TRY(set_value(p, index, value));
done:
  return st;
}

static status take_argument(struct parsed *p, const char *word) {
  const struct option *o = p->command->options;
  for (int i = 0; o && o[i].kind != OPTION_END; i++) {
    if (!o[i].positional || (p->given[i] && o[i].kind != OPTION_LIST)) continue;
    return set_value(p, i, word);
  }
  return status_fail(ST_USAGE, __FILE__, __LINE__,
                     "unexpected argument \"%s\"; `qct help %s` shows what it takes", word,
                     p->command->name);
}

/* A dash alone is standard input or output; a dash before a digit is a negative number. */
static bool looks_like_option(const char *word) {
  return word[0] == '-' && word[1] && !strchr("0123456789.", word[1]);
}

static status take_words(struct parsed *p, int argc, char *const *argv) {
  status st = ST_OK;
  bool only_arguments = false;
  for (int i = 0; i < argc;) {
    int taken = 1;
    if (!only_arguments && strcmp(argv[i], "--") == 0)
      only_arguments = true;
    else if (!only_arguments && looks_like_option(argv[i]))
      TRY(take_option(p, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &taken));
    else
      TRY(take_argument(p, argv[i]));
    i += taken;
  }
done:
  return st;
}

/* ------------------------------------------------------------------ after all words are in */

static status check_missing(const struct parsed *p) {
  status st = ST_OK;
  char label[64];
  const struct option *o = p->command->options;
  for (int i = 0; o && o[i].kind != OPTION_END; i++) {
    bool needed = o[i].positional ? !o[i].optional : o[i].required;
    if (!needed || p->given[i]) continue;
    option_label(label, sizeof label, &o[i]);
    FAIL(ST_USAGE, "%s is missing (%s); `qct help %s` shows what it takes", label, o[i].help,
         p->command->name);
  }
done:
  return st;
}

static const char *path_of(const struct parsed *p, int index) {
  return *(const char *const *)(const void *)((const char *)p->params +
                                              p->command->options[index].offset);
}

static status check_input(const struct option *o, const char *path) {
  status st = ST_OK;
  CHECK(strcmp(path, "-") == 0 || file_exists(path), ST_IO,
        "cannot read %s \"%s\": there is no such file or folder", o->name, path);
done:
  return st;
}

static bool has_ending(const char *path, const char *ends) {
  char ending[16];
  for (; *ends; ends += strspn(ends, " ")) {
    size_t n = strcspn(ends, " ");
    snprintf(ending, sizeof ending, "%.*s", (int)n, ends);
    if (file_has_suffix(path, ending)) return true;
    ends += n;
  }
  return false;
}

static status check_ending(const struct option *o, const char *path) {
  status st = ST_OK;
  char label[64], ends[96];
  if (!o->ends || has_ending(path, o->ends)) return ST_OK;
  option_label(label, sizeof label, o);
  option_range(ends, sizeof ends, o);
  FAIL(ST_USAGE, "%s \"%s\": the name must end in %s", label, path, ends);
done:
  return st;
}

/* Is there a folder for this file, or will another output of the command be one? A command that
 * finds none at its end has worked for nothing. */
static status check_folder(const struct parsed *p, int index) {
  status st = ST_OK;
  const struct option *o = p->command->options;
  const char *path = path_of(p, index);
  char folder[4096];
  size_t n = (size_t)(file_name(path) - path);
  if (!o[index].ends || n == 0 || n >= sizeof folder) return ST_OK;
  snprintf(folder, sizeof folder, "%.*s", (int)n, path);
  for (int i = 0; o[i].kind != OPTION_END; i++) {
    if (o[i].kind != OPTION_OUT || o[i].ends || !p->given[i]) continue;
    if (strncmp(path_of(p, i), path, strlen(path_of(p, i))) == 0) return ST_OK;
  }
  CHECK(file_is_directory(folder), ST_USAGE, "%s \"%s\": there is no folder %s; make it first",
        o[index].name, path, folder);
done:
  return st;
}

/* Beside an image comes its side file, which is nobody's input. */
static status check_side(const struct parsed *p, int index) {
  status st = ST_OK;
  const struct option *o = p->command->options;
  char side[4096];
  if (!o[index].ends || image_stem_length(path_of(p, index)) < 0) return ST_OK;
  TRY(image_side_path(side, sizeof side, path_of(p, index)));
  for (int i = 0; o[i].kind != OPTION_END; i++) {
    bool path = o[i].kind == OPTION_IN || o[i].kind == OPTION_OUT;
    CHECK(!path || !p->given[i] || strcmp(path_of(p, i), side), ST_USAGE,
          "%s \"%s\" comes with the side file %s, which is %s here; choose another name",
          o[index].name, path_of(p, index), side, o[i].name);
  }
  CHECK(p->globals.force || !file_exists(side), ST_USAGE,
        "%s \"%s\": its side file %s exists; give --force to overwrite it", o[index].name,
        path_of(p, index), side);
done:
  return st;
}

static status check_output(const struct parsed *p, int index) {
  status st = ST_OK;
  const struct option *o = p->command->options;
  const char *path = path_of(p, index);
  if (strcmp(path, "-") == 0) return ST_OK;
  TRY(check_ending(&o[index], path));
  CHECK(p->globals.force || !file_exists(path) || file_is_directory(path), ST_USAGE,
        "%s \"%s\" exists; give --force to overwrite it", o[index].name, path);
  TRY(check_folder(p, index));
  TRY(check_side(p, index));
  for (int i = 0; i < index; i++) {
    if (o[i].kind != OPTION_OUT || !p->given[i]) continue;
    CHECK(strcmp(path_of(p, i), path) != 0, ST_USAGE, "%s and %s are both \"%s\"", o[i].name,
          o[index].name, path);
  }
done:
  return st;
}

static status check_paths(const struct parsed *p) {
  status st = ST_OK;
  const struct option *o = p->command->options;
  for (int i = 0; o && o[i].kind != OPTION_END; i++) {
    if (!p->given[i]) continue;
    if (o[i].kind == OPTION_IN) TRY(check_input(&o[i], path_of(p, i)));
    if (o[i].kind == OPTION_OUT) TRY(check_output(p, i));
    if (o[i].kind != OPTION_LIST || strcmp(o[i].unit, "path") != 0) continue;
    const struct text_list *list =
        (const struct text_list *)(const void *)((const char *)p->params + o[i].offset);
    for (int k = 0; k < list->count; k++) TRY(check_input(&o[i], list->items[k]));
  }
done:
  return st;
}

/* Help is given whatever else is wrong on the line. */
static bool asks_help(int argc, char *const *argv) {
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) return true;
  return false;
}

status parse_command(struct parsed *out, const struct command *command, int argc,
                     char *const *argv) {
  status st = ST_OK;
  *out = (struct parsed){.command = command};
  if (asks_help(argc, argv)) {
    out->globals.help = true;
    return ST_OK;
  }
  out->params = malloc(command->params_size);
  CHECK(out->params, ST_MEMORY, "parameters of %s: out of memory", command->name);
  memcpy(out->params, command->defaults, command->params_size);
  TRY(take_words(out, argc, argv));
  if (out->globals.version) return ST_OK;
  TRY(check_missing(out));
  TRY(check_paths(out));
done:
  return st;
}

void parsed_free(struct parsed *p) {
  for (int i = 0; i < p->piece_count; i++) free(p->pieces[i]);
  free(p->params);
  *p = (struct parsed){0};
}
