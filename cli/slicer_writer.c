/* Slicer Execution Model: a form for every command inside 3D Slicer. */
#include "cli/declaration.h"
#include "cli/writers.h"
#include "core/provenance.h"

#include <stdio.h>
#include <string.h>

/* Paths of these names are images; Slicer then offers its loaded volumes. */
static bool is_image(const char *name) {
  static const char *const images[] = {"ct",      "image",  "labels", "mask",
                                       "density", "moving", "fixed"};
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
    if (strcmp(name, images[i]) == 0) return true;
  return false;
}

static void element(struct text *out, const char *tag, const char *value) {
  text_append(out, "      <%s>", tag);
  text_append_html(out, value);
  text_append(out, "</%s>\n", tag);
}

static const char *open_tag(const struct option *o) {
  switch (o->kind) {
  case OPTION_END:
    break;
  case OPTION_FLAG:
    return "boolean";
  case OPTION_INT:
    return "integer";
  case OPTION_REAL:
    return "double";
  case OPTION_REALS:
    return "double-vector";
  case OPTION_TEXT:
    return "string";
  case OPTION_CHOICE:
    return "string-enumeration";
  case OPTION_LIST:
    return "string-vector";
  case OPTION_IN:
    return is_image(o->name) ? "image" : "file";
  case OPTION_OUT:
    return "file";
  }
  return "";
}

static void append_limits(struct text *out, const struct option *o) {
  bool number = o->kind == OPTION_INT || o->kind == OPTION_REAL;
  if (!number || (!option_has_low(o) && !option_has_high(o))) return;
  text_append(out, "      <constraints>\n");
  if (option_has_low(o)) text_append(out, "        <minimum>%.10g</minimum>\n", o->low);
  if (option_has_high(o)) text_append(out, "        <maximum>%.10g</maximum>\n", o->high);
  text_append(out, "      </constraints>\n");
}

/* A flag that is on by default appears as the one that turns it off. */
static void append_parameter(struct text *out, const struct command *c, const struct option *o,
                             int index) {
  char name[64], flag[72], label[96];
  struct text fallback = {0};
  const char *tag = open_tag(o);
  option_default(&fallback, o, c->defaults);
  bool off = o->kind == OPTION_FLAG && fallback.length;
  snprintf(name, sizeof name, "%s%s", off ? "no_" : "", o->name);
  for (char *s = name; *s; s++)
    if (*s == '-') *s = '_';
  snprintf(flag, sizeof flag, "--%s%s", off ? "no-" : "", o->name);
  snprintf(label, sizeof label, "%s%s%s%s%s", off ? "not " : "", o->name, *o->unit ? " [" : "",
           o->unit, *o->unit ? "]" : "");
  bool labels =
      strcmp(tag, "image") == 0 && (!strcmp(o->name, "labels") || !strcmp(o->name, "mask"));
  text_append(out, "    <%s%s>\n", tag, labels ? " type=\"label\"" : "");
  element(out, "name", name);
  element(out, "label", label);
  element(out, "description", o->help);
  if (o->positional)
    text_append(out, "      <index>%d</index>\n", index);
  else
    element(out, "longflag", flag);
  if (o->kind == OPTION_IN) element(out, "channel", "input");
  if (o->kind == OPTION_OUT) element(out, "channel", "output");
  if (o->kind == OPTION_FLAG)
    element(out, "default", "false");
  else if (fallback.length && o->kind != OPTION_IN && o->kind != OPTION_OUT)
    element(out, "default", fallback.data);
  for (int i = 0; o->kind == OPTION_CHOICE && o->choices[i]; i++)
    element(out, "element", o->choices[i]);
  append_limits(out, o);
  text_append(out, "    </%s>\n", tag);
  text_free(&fallback);
}

static void append_group(struct text *out, const struct command *c, bool needed) {
  bool any = false;
  int index = 0;
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    int position = o->positional ? index++ : -1;
    if ((o->positional || o->required) != needed) continue;
    if (!any)
      text_append(out, "  <parameters>\n    <label>%s</label>\n    <description>%s</description>\n",
                  needed ? "Files" : "Options", needed ? "what goes in and out" : "how it is done");
    any = true;
    append_parameter(out, c, o, position);
  }
  if (any) text_append(out, "  </parameters>\n");
}

void write_slicer_command(struct text *out, const struct command *c) {
  char group[64];
  command_group(group, sizeof group, c);
  text_append(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<executable>\n");
  text_append(out, "  <category>Quantitative CT.%s</category>\n  <title>qct %s</title>\n", group,
              c->name);
  text_append(out, "  <description>");
  text_append_html(out, c->summary);
  text_append(out, ". ");
  text_append_html(out, c->about);
  text_append(
      out,
      "</description>\n  <version>%s</version>\n  <documentation-url></documentation-url>\n"
      "  <license>BSD-3-Clause</license>\n  <contributor>the authors of qct</contributor>\n",
      program_version());
  append_group(out, c, true);
  append_group(out, c, false);
  text_append(out, "</executable>\n");
}
