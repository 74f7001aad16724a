#include "cli/declaration.h"

#include "cli/parser.h"
#include "core/sources.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int option_count(const struct option *options) {
  int n = 0;
  while (options && options[n].kind != OPTION_END) n++;
  return n;
}

static void copy_upper(char *buffer, size_t size, const char *name) {
  size_t n = 0;
  for (; name[n] && n + 1 < size; n++) buffer[n] = (char)toupper((unsigned char)name[n]);
  buffer[n] = '\0';
}

void option_label(char *buffer, size_t size, const struct option *o) {
  if (o->positional)
    copy_upper(buffer, size, o->name);
  else
    snprintf(buffer, size, "--%s", o->name);
}

/* A unit serves as the name of a value when it is a plain word: mm, hu, deg. */
static bool unit_is_word(const char *unit) {
  if (!unit || !*unit) return false;
  for (const char *c = unit; *c; c++)
    if (!isalpha((unsigned char)*c)) return false;
  return true;
}

void option_value_name(char *buffer, size_t size, const struct option *o) {
  const char *name = "";
  switch (o->kind) {
  case OPTION_END:
  case OPTION_FLAG:
    break;
  case OPTION_INT:
    name = unit_is_word(o->unit) ? o->unit : "N";
    break;
  case OPTION_REAL:
    name = unit_is_word(o->unit) ? o->unit : "X";
    break;
  case OPTION_REALS:
    name = o->count == 2 ? "A,B" : o->count == 3 ? "A,B,C" : "A,B,...";
    break;
  case OPTION_TEXT:
    name = "TEXT";
    break;
  case OPTION_CHOICE:
    name = "NAME";
    break;
  case OPTION_LIST:
    name = unit_is_word(o->unit) && strcmp(o->unit, "path") == 0 ? "PATH" : "A,B,...";
    break;
  case OPTION_IN:
  case OPTION_OUT:
    name = "PATH";
    break;
  }
  copy_upper(buffer, size, name);
}

bool option_has_low(const struct option *o) {
  return o->low > -1e300 && !(o->kind == OPTION_INT && o->low <= (double)INT_MIN);
}

bool option_has_high(const struct option *o) {
  return o->high < 1e300 && !(o->kind == OPTION_INT && o->high >= (double)INT_MAX);
}

/* ".csv .json" as ".csv or .json" */
static void ends_phrase(char *buffer, size_t size, const char *ends) {
  size_t used = 0;
  while (*ends && used < size) {
    int n = (int)strcspn(ends, " ");
    bool last = !ends[n];
    const char *before = used == 0 ? "" : last ? " or " : ", ";
    used += (size_t)snprintf(buffer + used, size - used, "%s%.*s", before, n, ends);
    ends += n + !last;
  }
}

void option_range(char *buffer, size_t size, const struct option *o) {
  buffer[0] = '\0';
  if (o->kind == OPTION_OUT && o->ends) ends_phrase(buffer, size, o->ends);
  if (o->kind != OPTION_INT && o->kind != OPTION_REAL && o->kind != OPTION_REALS) return;
  const char *space = o->unit && *o->unit ? " " : "";
  const char *unit = o->unit ? o->unit : "";
  bool low = option_has_low(o), high = option_has_high(o);
  if (low && high)
    snprintf(buffer, size, "%.10g to %.10g%s%s", o->low, o->high, space, unit);
  else if (low)
    snprintf(buffer, size, "at least %.10g%s%s", o->low, space, unit);
  else if (high)
    snprintf(buffer, size, "at most %.10g%s%s", o->high, space, unit);
  else if (*unit)
    snprintf(buffer, size, "%s", unit);
}

static void default_list(struct text *out, const struct text_list *list) {
  for (int i = 0; i < list->count; i++) text_append(out, "%s%s", i ? "," : "", list->items[i]);
}

void option_default(struct text *out, const struct option *o, const void *defaults) {
  if (!defaults) return;
  const void *at = (const char *)defaults + o->offset;
  switch (o->kind) {
  case OPTION_END:
    break;
  case OPTION_FLAG:
    if (*(const bool *)at) text_append(out, "on");
    break;
  case OPTION_INT:
    text_append(out, "%d", *(const int *)at);
    break;
  case OPTION_REAL:
    text_append_number(out, *(const double *)at);
    break;
  case OPTION_REALS:
    for (int i = 0; i < o->count && !isnan(((const double *)at)[0]); i++) {
      if (i) text_append(out, ",");
      text_append_number(out, ((const double *)at)[i]);
    }
    break;
  case OPTION_CHOICE:
    text_append(out, "%s", o->choices[*(const int *)at]);
    break;
  case OPTION_LIST:
    default_list(out, at);
    break;
  case OPTION_TEXT:
  case OPTION_IN:
  case OPTION_OUT: /* "-" is standard output, which the help says in words */
    if (*(const char *const *)at && strcmp(*(const char *const *)at, "-") != 0)
      text_append(out, "%s", *(const char *const *)at);
    break;
  }
}

void command_identifier(char *buffer, size_t size, const struct command *c, char separator) {
  size_t n = 0;
  for (; c->name[n] && n + 1 < size; n++) buffer[n] = c->name[n] == ' ' ? separator : c->name[n];
  buffer[n] = '\0';
}

void command_group(char *buffer, size_t size, const struct command *c) {
  snprintf(buffer, size, "%.*s", (int)strcspn(c->name, " "), c->name);
}

void command_usage(struct text *out, const struct command *c) {
  text_append(out, "qct %s", c->name);
  bool optional = false;
  char label[64], value[64];
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    if (!o->positional) continue;
    option_label(label, sizeof label, o);
    const char *more = o->kind == OPTION_LIST ? "..." : "";
    text_append(out, o->optional ? " [%s%s]" : " %s%s", label, more);
  }
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    if (o->positional) continue;
    optional = optional || !o->required;
    if (!o->required) continue;
    option_value_name(value, sizeof value, o);
    text_append(out, " --%s %s", o->name, value);
  }
  if (optional) text_append(out, " [options]");
}

static void audit_range(struct text *out, const struct command *c, const struct option *o) {
  const char *at = (const char *)c->defaults + o->offset;
  double value = NAN;
  if (o->kind == OPTION_INT) value = *(const int *)(const void *)at;
  if (o->kind == OPTION_REAL) value = *(const double *)(const void *)at;
  if (value < o->low || value > o->high)
    text_append(out, "%s: default %g of --%s lies outside %g..%g\n", c->name, value, o->name,
                o->low, o->high);
  if (o->low > o->high) text_append(out, "%s: --%s has an empty range\n", c->name, o->name);
}

static void audit_option(struct text *out, const struct command *c, const struct option *o) {
  if (!o->name || !*o->name || !o->help || !*o->help) {
    text_append(out, "%s: an option lacks its name or help\n", c->name);
    return;
  }
  size_t n = strlen(o->help);
  if (o->help[n - 1] == '.') text_append(out, "%s: help of %s ends in '.'\n", c->name, o->name);
  for (const struct global_option *g = global_options; g->name; g++)
    if (strcmp(g->name, o->name) == 0)
      text_append(out, "%s: --%s is a global option\n", c->name, o->name);
  for (const struct option *p = c->options; p != o; p++)
    if (strcmp(p->name, o->name) == 0) text_append(out, "%s: %s twice\n", c->name, o->name);
  for (const char *s = o->name; *s; s++)
    if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-')
      text_append(out, "%s: name %s is not lower case with dashes\n", c->name, o->name);
  if (o->kind == OPTION_CHOICE && (!o->choices || !o->choices[0]))
    text_append(out, "%s: %s has no choices\n", c->name, o->name);
  audit_range(out, c, o);
}

static void audit_examples(struct text *out, const struct command *c) {
  if (!c->examples || !c->examples[0].command) text_append(out, "%s: no example\n", c->name);
  bool own = false;
  char start[128];
  snprintf(start, sizeof start, "qct %s", c->name);
  for (const struct example *e = c->examples; e && e->command; e++) {
    if (strncmp(e->command, "qct", 3) != 0)
      text_append(out, "%s: example \"%s\" does not start with qct\n", c->name, e->command);
    own = own || strncmp(e->command, start, strlen(start)) == 0;
  }
  if (c->examples && !own) text_append(out, "%s: no example uses it\n", c->name);
}

void command_audit(struct text *out, const struct command *c) {
  if (!c->summary || !c->about || !c->run || !c->defaults || !c->params_size) {
    text_append(out, "%s: summary, about, run, defaults or params_size is missing\n", c->name);
    return;
  }
  if (c->summary[strlen(c->summary) - 1] == '.')
    text_append(out, "%s: the summary ends in '.'\n", c->name);
  if (option_count(c->options) > PARSER_OPTIONS_MAX)
    text_append(out, "%s: more than %d options\n", c->name, PARSER_OPTIONS_MAX);
  bool last = false;
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    audit_option(out, c, o);
    if (!o->positional) continue;
    if (last && !o->optional) text_append(out, "%s: %s after an optional one\n", c->name, o->name);
    last = o->optional || o->kind == OPTION_LIST;
  }
  audit_examples(out, c);
  for (const char *const *s = c->sources; s && *s; s++)
    if (!source_find(*s)) text_append(out, "%s: unknown source %s\n", c->name, *s);
}
