#include "cli/declaration.h"
#include "cli/parser.h"
#include "cli/writers.h"
#include "core/provenance.h"
#include "core/sources.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* troff takes '-' as a hyphen, '\' as an escape, and '.' or '\'' at the start of a line as a
 * request. */
static void append_troff(struct text *out, const char *s) {
  bool start = true;
  for (; *s; s++) {
    if (start && (*s == '.' || *s == '\'')) text_append(out, "\\&");
    start = *s == '\n';
    if (*s == '-')
      text_append(out, "\\-");
    else if (*s == '\\')
      text_append(out, "\\e");
    else if (*s == '\'')
      text_append(out, "\\(aq");
    else if (*s == '`')
      text_append(out, "\\(ga");
    else if (*s == '^')
      text_append(out, "\\(ha");
    else if (*s == '~')
      text_append(out, "\\(ti");
    else
      text_append_raw(out, s, 1);
  }
}

/* A help line as a sentence. */
static void append_sentence(struct text *out, const char *s) {
  char first[2] = {(char)toupper((unsigned char)s[0]), '\0'};
  append_troff(out, first);
  if (*s) append_troff(out, s + 1);
  text_append(out, ".\n");
}

static void title(struct text *out, const char *name) {
  text_append(out, ".TH \"%s\" \"1\" \"\" \"qct %s\" \"qct manual\"\n", name, program_version());
}

/* Paragraphs; a blank line becomes .PP, and runs of blanks at line starts vanish. */
static void append_about(struct text *out, const char *s) {
  while (*s) {
    size_t length = strcspn(s, "\n");
    struct text line = {0};
    text_append_raw(&line, s, length);
    if (length && line.data) {
      append_troff(out, line.data + strspn(line.data, " "));
      text_append(out, "\n");
    }
    text_free(&line);
    s += length;
    if (s[0] == '\n' && s[1] == '\n' && s[2]) text_append(out, ".PP\n");
    s += strspn(s, "\n");
  }
}

static void append_details(struct text *out, const struct command *c, const struct option *o) {
  char range[96];
  struct text fallback = {0};
  if (o->kind == OPTION_CHOICE) {
    text_append(out, "One of");
    for (int i = 0; o->choices[i]; i++) {
      text_append(out, i ? ", " : " ");
      append_troff(out, o->choices[i]);
    }
    text_append(out, ".\n");
  }
  option_range(range, sizeof range, o);
  if (*range) {
    text_append(out, "Permitted: ");
    append_troff(out, range);
    text_append(out, ".\n");
  }
  option_default(&fallback, o, c->defaults);
  if (o->required) {
    text_append(out, "Required.\n");
  } else if (fallback.length && !(o->positional && !o->optional)) {
    text_append(out, "Default: ");
    append_troff(out, fallback.data);
    text_append(out, ".\n");
  }
  text_free(&fallback);
}

static void append_options(struct text *out, const struct command *c, bool positional) {
  bool any = false;
  char label[64], value[64];
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    if (o->positional != positional) continue;
    if (!any) text_append(out, positional ? ".SH ARGUMENTS\n" : ".SH OPTIONS\n");
    any = true;
    option_label(label, sizeof label, o);
    option_value_name(value, sizeof value, o);
    text_append(out, ".TP\n\\fB");
    append_troff(out, label);
    text_append(out, "\\fR");
    if (!positional && *value) text_append(out, " \\fI%s\\fR", value);
    text_append(out, "\n");
    append_sentence(out, o->help);
    append_details(out, c, o);
  }
}

static void append_globals(struct text *out) {
  text_append(out, ".SH \"OPTIONS OF EVERY COMMAND\"\n");
  for (const struct global_option *g = global_options; g->name; g++) {
    text_append(out, ".TP\n");
    if (g->letter) text_append(out, "\\fB\\-%c\\fR, ", g->letter);
    text_append(out, "\\fB\\-\\-%s\\fR", g->name);
    if (g->value) text_append(out, " \\fI%s\\fR", g->value);
    text_append(out, "\n");
    append_sentence(out, g->help);
  }
}

static void append_exit_status(struct text *out) {
  static const char *const meanings[] = {"Done.",
                                         "The work failed.",
                                         "Wrong usage.",
                                         "The input was refused: not what it claims to be, or "
                                         "outside the range of the method.",
                                         "Not built into this program, or a module is absent.",
                                         "Part of a cohort failed."};
  text_append(out, ".SH \"EXIT STATUS\"\n");
  for (int i = 0; i < 6; i++) text_append(out, ".TP\n%d\n%s\n", i, meanings[i]);
}

static void append_examples(struct text *out, const struct command *c) {
  text_append(out, ".SH EXAMPLES\n");
  for (const struct example *e = c->examples; e && e->command; e++) {
    if (e != c->examples) text_append(out, ".PP\n");
    append_sentence(out, e->about);
    text_append(out, ".PP\n.in +4n\n.nf\n");
    append_troff(out, e->command);
    text_append(out, "\n.fi\n.in\n");
  }
}

static void append_sources(struct text *out, const struct command *c) {
  if (!c->sources || !c->sources[0]) return;
  text_append(out, ".SH SOURCES\n");
  for (const char *const *key = c->sources; *key; key++) {
    const struct source *s = source_find(*key);
    text_append(out, ".TP\n%s\n", *key);
    append_troff(out, s ? s->citation : "");
    if (s && *s->doi) text_append(out, ".\n");
    if (s) append_troff(out, s->doi);
    text_append(out, "\n");
  }
}

void write_man_command(struct text *out, const struct command *c) {
  char name[128], label[132];
  command_identifier(name, sizeof name, c, '-');
  snprintf(label, sizeof label, "qct-%s", name);
  title(out, label);
  text_append(out, ".SH NAME\n");
  append_troff(out, label);
  text_append(out, " \\- ");
  append_troff(out, c->summary);
  text_append(out, "\n.SH SYNOPSIS\n.B ");
  struct text usage = {0};
  command_usage(&usage, c);
  append_troff(out, usage.data ? usage.data : "");
  text_free(&usage);
  text_append(out, "\n.SH DESCRIPTION\n");
  append_about(out, c->about);
  append_options(out, c, true);
  append_options(out, c, false);
  append_globals(out);
  append_exit_status(out);
  append_examples(out, c);
  append_sources(out, c);
  text_append(out, ".SH \"SEE ALSO\"\n.BR qct (1)\n");
}

void write_man_program(struct text *out, const struct command *const *list) {
  title(out, "qct");
  text_append(out, ".SH NAME\nqct \\- quantitative CT: bone density, structure, strength and risk\n"
                   ".SH SYNOPSIS\n.B qct\n.I COMMAND\n[arguments] [options]\n"
                   ".SH DESCRIPTION\n"
                   "Takes a person\\(aqs CT from DICOM to calibrated bone density, hip structure,\n"
                   "fracture load, muscle and fat, texture and fracture risk, with the evidence\n"
                   "for every number.\n"
                   "For research use; not a medical device.\n"
                   ".SH COMMANDS\n");
  char name[128];
  for (; *list; list++) {
    command_identifier(name, sizeof name, *list, '-');
    text_append(out, ".TP\n.BR qct\\-");
    append_troff(out, name);
    text_append(out, " (1)\n");
    append_troff(out, (*list)->summary);
    text_append(out, ".\n");
  }
  append_globals(out);
  append_exit_status(out);
}
