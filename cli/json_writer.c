#include "cli/declaration.h"
#include "cli/parser.h"
#include "cli/writers.h"
#include "core/json.h"
#include "core/sources.h"

#include <string.h>

static const char *kind_name(enum option_kind kind) {
  switch (kind) {
  case OPTION_END:
    break;
  case OPTION_FLAG:
    return "flag";
  case OPTION_INT:
    return "integer";
  case OPTION_REAL:
    return "real";
  case OPTION_REALS:
    return "reals";
  case OPTION_TEXT:
    return "text";
  case OPTION_CHOICE:
    return "choice";
  case OPTION_LIST:
    return "list";
  case OPTION_IN:
    return "input";
  case OPTION_OUT:
    return "output";
  }
  return "";
}

static cJSON *default_json(const struct option *o, const void *defaults) {
  bool path = o->kind == OPTION_IN || o->kind == OPTION_OUT;
  if (!path) return parameter_json(o, defaults);
  const char *value = *(const char *const *)(const void *)((const char *)defaults + o->offset);
  return value ? cJSON_CreateString(value) : cJSON_CreateNull();
}

static cJSON *option_json(const struct command *c, const struct option *o) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "name", o->name);
  json_add_text(json, "kind", kind_name(o->kind));
  json_add_text(json, "help", o->help);
  cJSON_AddBoolToObject(json, "positional", o->positional);
  cJSON_AddBoolToObject(json, "required", o->positional ? !o->optional : o->required);
  if (o->unit && *o->unit) json_add_text(json, "unit", o->unit);
  if (o->ends) json_add_text(json, "ends", o->ends);
  bool number = o->kind == OPTION_INT || o->kind == OPTION_REAL || o->kind == OPTION_REALS;
  if (number && option_has_low(o)) json_add_number(json, "low", o->low);
  if (number && option_has_high(o)) json_add_number(json, "high", o->high);
  if (o->kind == OPTION_REALS) cJSON_AddNumberToObject(json, "count", o->count);
  if (o->kind == OPTION_CHOICE) {
    cJSON *choices = cJSON_AddArrayToObject(json, "choices");
    for (int i = 0; o->choices[i]; i++)
      cJSON_AddItemToArray(choices, cJSON_CreateString(o->choices[i]));
  }
  cJSON_AddItemToObject(json, "default", default_json(o, c->defaults));
  return json;
}

cJSON *write_json_command(const struct command *c) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "name", c->name);
  json_add_text(json, "summary", c->summary);
  json_add_text(json, "about", c->about);
  struct text usage = {0};
  command_usage(&usage, c);
  json_add_text(json, "usage", usage.data ? usage.data : "");
  text_free(&usage);
  cJSON *options = cJSON_AddArrayToObject(json, "options");
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++)
    cJSON_AddItemToArray(options, option_json(c, o));
  cJSON *examples = cJSON_AddArrayToObject(json, "examples");
  for (const struct example *e = c->examples; e && e->command; e++) {
    cJSON *example = cJSON_CreateObject();
    json_add_text(example, "command", e->command);
    json_add_text(example, "about", e->about);
    cJSON_AddItemToArray(examples, example);
  }
  cJSON *sources = cJSON_AddArrayToObject(json, "sources");
  for (const char *const *s = c->sources; s && *s; s++)
    cJSON_AddItemToArray(sources, cJSON_CreateString(*s));
  return json;
}

static cJSON *globals_json(void) {
  cJSON *globals = cJSON_CreateArray();
  for (const struct global_option *g = global_options; g->name; g++) {
    char letter[2] = {g->letter, '\0'};
    cJSON *option = cJSON_CreateObject();
    json_add_text(option, "name", g->name);
    json_add_text(option, "letter", letter);
    json_add_text(option, "kind", g->value ? "integer" : "flag");
    json_add_text(option, "help", g->help);
    cJSON_AddItemToArray(globals, option);
  }
  return globals;
}

cJSON *write_json_program(const struct command *const *list) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "program", "qct");
  json_add_text(json, "version", program_version());
  cJSON_AddItemToObject(json, "global_options", globals_json());
  cJSON *commands = cJSON_AddArrayToObject(json, "commands");
  for (; *list; list++) cJSON_AddItemToArray(commands, write_json_command(*list));
  return json;
}
