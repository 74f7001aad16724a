#include "cli/help.h"

#include "cli/declaration.h"
#include "cli/parser.h"
#include "core/sources.h"

#include <stdio.h>
#include <string.h>

enum { LEFT = 24 }; /* columns of the names */

/* Words of `s` in lines of at most `columns`, each but the first after `indent` blanks; `at` is the
 * column where the first line starts. */
static void wrap(struct text *out, const char *s, int at, int indent, int columns) {
  bool first = true;
  while (*s) {
    s += strspn(s, " \n");
    int length = (int)strcspn(s, " \n");
    if (length == 0) break;
    if (!first && at + 1 + length > columns) {
      text_append(out, "\n%*s", indent, "");
      at = indent;
    } else if (!first) {
      text_append(out, " ");
      at++;
    }
    text_append(out, "%.*s", length, s);
    at += length;
    s += length;
    first = false;
  }
  text_append(out, "\n");
}

static void paragraphs(struct text *out, const char *s, int columns) {
  while (*s) {
    const char *end = strstr(s, "\n\n");
    size_t length = end ? (size_t)(end - s) : strlen(s);
    struct text one = {0};
    text_append_raw(&one, s, length);
    if (one.data) wrap(out, one.data, 0, 0, columns);
    text_free(&one);
    s += length;
    s += strspn(s, "\n");
    if (*s) text_append(out, "\n");
  }
}

static void entry(struct text *out, const char *name, const char *help, int columns) {
  int n = (int)strlen(name);
  if (n + 4 > LEFT)
    text_append(out, "  %s\n%*s", name, LEFT, "");
  else
    text_append(out, "  %s%*s", name, LEFT - 2 - n, "");
  wrap(out, help, LEFT, LEFT, columns);
}

static void describe(struct text *out, const struct command *c, const struct option *o) {
  char range[96];
  struct text fallback = {0};
  option_range(range, sizeof range, o);
  option_default(&fallback, o, c->defaults);
  const char *separator = " (";
  text_append(out, "%s", o->help);
  if (o->kind == OPTION_CHOICE) {
    text_append(out, ": ");
    for (int i = 0; o->choices[i]; i++) text_append(out, "%s%s", i ? ", " : "", o->choices[i]);
  }
  if (*range) {
    text_append(out, "%s%s", separator, range);
    separator = "; ";
  }
  if (o->required) {
    text_append(out, "%srequired", separator);
    separator = "; ";
  } else if (fallback.length && !(o->positional && !o->optional)) {
    text_append(out, "%sdefault %s", separator, fallback.data);
    separator = "; ";
  }
  if (o->kind == OPTION_LIST && !o->positional) {
    text_append(out, "%smay be repeated", separator);
    separator = "; ";
  }
  if (separator[0] == ';') text_append(out, ")");
  text_free(&fallback);
}

static void options_section(struct text *out, const struct command *c, bool positional,
                            int columns) {
  bool any = false;
  char label[64], value[64], name[132];
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    if (o->positional != positional) continue;
    if (!any) text_append(out, positional ? "\narguments:\n" : "\noptions:\n");
    any = true;
    option_label(label, sizeof label, o);
    option_value_name(value, sizeof value, o);
    snprintf(name, sizeof name, positional || !*value ? "%s" : "%s %s", label, value);
    struct text help = {0};
    describe(&help, c, o);
    if (help.data) entry(out, name, help.data, columns);
    text_free(&help);
  }
}

static void globals_section(struct text *out, int columns) {
  text_append(out, "\nfor every command:\n");
  char name[64];
  for (const struct global_option *g = global_options; g->name; g++) {
    char letter[8] = "";
    if (g->letter) snprintf(letter, sizeof letter, "-%c, ", g->letter);
    snprintf(name, sizeof name, "%s--%s%s%s", letter, g->name, g->value ? " " : "",
             g->value ? g->value : "");
    entry(out, name, g->help, columns);
  }
}

static void sources_section(struct text *out, const struct command *c, int columns) {
  if (!c->sources || !c->sources[0]) return;
  text_append(out, "\nsources:\n");
  for (const char *const *key = c->sources; *key; key++) {
    const struct source *s = source_find(*key);
    entry(out, *key, s ? s->citation : "", columns);
  }
}

void help_command(struct text *out, const struct command *c, int columns) {
  text_append(out, "qct %s: %s\n\nusage: ", c->name, c->summary);
  struct text usage = {0};
  command_usage(&usage, c);
  if (usage.data) wrap(out, usage.data, 7, 9, columns);
  text_free(&usage);
  text_append(out, "\n");
  paragraphs(out, c->about, columns);
  options_section(out, c, true, columns);
  options_section(out, c, false, columns);
  globals_section(out, columns);
  if (c->examples && c->examples[0].command) text_append(out, "\nexamples:\n");
  for (const struct example *e = c->examples; e && e->command; e++)
    text_append(out, "  # %s\n  %s\n", e->about, e->command);
  sources_section(out, c, columns);
}

static void list_alone(struct text *out, const struct command *const *list, int columns) {
  bool any = false;
  for (; *list; list++) {
    if (strchr((*list)->name, ' ')) continue;
    if (!any) text_append(out, "\n");
    any = true;
    entry(out, (*list)->name, (*list)->summary, columns);
  }
}

void help_list(struct text *out, const struct command *const *list, const char *group,
               int columns) {
  char last[64] = "", first[64];
  if (!group) {
    text_append(out, "qct: from a CT scan to bone density, structure, strength and risk\n\n"
                     "usage: qct COMMAND [arguments] [options]\n"
                     "       qct help COMMAND\n");
    list_alone(out, list, columns);
  }
  for (const struct command *const *c = list; *c; c++) {
    command_group(first, sizeof first, *c);
    if (!strchr((*c)->name, ' ') || (group && strcmp(group, first) != 0)) continue;
    if (!group && strcmp(first, last) != 0) text_append(out, "\n");
    snprintf(last, sizeof last, "%s", first);
    entry(out, (*c)->name, (*c)->summary, columns);
  }
  if (!group) globals_section(out, columns);
}
