#include "cli/declaration.h"
#include "cli/parser.h"
#include "cli/writers.h"
#include "core/sources.h"

#include <string.h>

/* Text of a table cell. */
static void append_cell(struct text *out, const char *s) {
  for (; *s; s++) {
    if (*s == '|') text_append(out, "\\");
    if (*s == '<')
      text_append(out, "&lt;");
    else
      text_append_raw(out, s, 1);
  }
}

static void append_row(struct text *out, const struct command *c, const struct option *o) {
  char label[64], value[64], range[96];
  struct text fallback = {0};
  option_label(label, sizeof label, o);
  option_value_name(value, sizeof value, o);
  option_range(range, sizeof range, o);
  option_default(&fallback, o, c->defaults);
  text_append(out, "| `%s%s%s` | ", label, !o->positional && *value ? " " : "",
              o->positional ? "" : value);
  append_cell(out, o->help);
  text_append(out, " | ");
  if (o->kind == OPTION_CHOICE)
    for (int i = 0; o->choices[i]; i++) text_append(out, "%s`%s`", i ? ", " : "", o->choices[i]);
  append_cell(out, range);
  bool required = o->positional ? !o->optional : o->required;
  if (required)
    text_append(out, " | required |\n");
  else if (fallback.length)
    text_append(out, " | `%s` |\n", fallback.data);
  else
    text_append(out, " | |\n");
  text_free(&fallback);
}

void write_markdown_command(struct text *out, const struct command *c) {
  struct text usage = {0};
  command_usage(&usage, c);
  text_append(out, "# qct %s\n\n%s.\n\n```\n%s\n```\n\n%s\n", c->name, c->summary,
              usage.data ? usage.data : "", c->about);
  text_free(&usage);
  if (option_count(c->options)) {
    text_append(out, "\n| option | meaning | permitted | default |\n| --- | --- | --- | --- |\n");
    for (const struct option *o = c->options; o->kind != OPTION_END; o++) append_row(out, c, o);
  }
  text_append(out, "\nEvery command also takes the [options of every command](index.md).\n"
                   "\n## Examples\n\n```sh\n");
  for (const struct example *e = c->examples; e && e->command; e++)
    text_append(out, "# %s\n%s\n", e->about, e->command);
  text_append(out, "```\n");
  if (!c->sources || !c->sources[0]) return;
  text_append(out, "\n## Sources\n\n");
  for (const char *const *key = c->sources; *key; key++) {
    const struct source *s = source_find(*key);
    text_append(out, "- `%s`: %s%s%s\n", *key, s ? s->citation : "", s && *s->doi ? ". " : "",
                s ? s->doi : "");
  }
}

void write_markdown_program(struct text *out, const struct command *const *list) {
  char name[128];
  text_append(out, "# Commands\n\n| command | |\n| --- | --- |\n");
  for (; *list; list++) {
    command_identifier(name, sizeof name, *list, '-');
    text_append(out, "| [qct %s](%s.md) | ", (*list)->name, name);
    append_cell(out, (*list)->summary);
    text_append(out, " |\n");
  }
  text_append(out, "\n## Options of every command\n\n| option | meaning |\n| --- | --- |\n");
  for (const struct global_option *g = global_options; g->name; g++) {
    text_append(out, "| `--%s%s%s`", g->name, g->value ? " " : "", g->value ? g->value : "");
    if (g->letter) text_append(out, ", `-%c`", g->letter);
    text_append(out, " | %s |\n", g->help);
  }
  text_append(out, "\n## Exit status\n\n0 done, 1 the work failed, 2 wrong usage, 3 the input was "
                   "refused, 4 not built in, 5 part of a cohort failed.\n");
}
