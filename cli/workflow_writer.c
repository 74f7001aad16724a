/* Descriptors for workflow engines: Common Workflow Language 1.2 (in its JSON form) and Boutiques
 * schema 0.5. */
#include "cli/declaration.h"
#include "cli/writers.h"
#include "core/json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The name of an input: underscores for dashes; a flag that is on by default is the one that turns
 * it off. */
struct input_name {
  char id[72];   /* "no_smooth" */
  char flag[72]; /* "--no-smooth" */
};

static struct input_name name_input(const struct option *o, const void *defaults) {
  struct input_name n;
  bool off = o->kind == OPTION_FLAG && *(const bool *)((const char *)defaults + o->offset);
  snprintf(n.id, sizeof n.id, "%s%s", off ? "no_" : "", o->name);
  for (char *s = n.id; *s; s++)
    if (*s == '-') *s = '_';
  snprintf(n.flag, sizeof n.flag, "--%s%s", off ? "no-" : "", o->name);
  return n;
}

static bool is_needed(const struct option *o) {
  return o->positional ? !o->optional : o->required;
}

static void add_words(cJSON *array, const char *name) {
  cJSON_AddItemToArray(array, cJSON_CreateString("qct"));
  while (*name) {
    char word[64];
    size_t n = strcspn(name, " ");
    snprintf(word, sizeof word, "%.*s", (int)n, name);
    cJSON_AddItemToArray(array, cJSON_CreateString(word));
    name += n + (name[n] == ' ');
  }
}

/* ------------------------------------------------------------------ CWL */

static cJSON *array_type(const char *items) {
  cJSON *type = cJSON_CreateObject();
  json_add_text(type, "type", "array");
  json_add_text(type, "items", items);
  return type;
}

static cJSON *enum_type(const struct option *o) {
  cJSON *type = cJSON_CreateObject();
  json_add_text(type, "type", "enum");
  cJSON *symbols = cJSON_AddArrayToObject(type, "symbols");
  for (int i = 0; o->choices[i]; i++)
    cJSON_AddItemToArray(symbols, cJSON_CreateString(o->choices[i]));
  return type;
}

static cJSON *cwl_type(const struct option *o) {
  cJSON *types = cJSON_CreateArray();
  if (!is_needed(o)) cJSON_AddItemToArray(types, cJSON_CreateString("null"));
  switch (o->kind) {
  case OPTION_END:
    break;
  case OPTION_FLAG:
    cJSON_AddItemToArray(types, cJSON_CreateString("boolean"));
    break;
  case OPTION_INT:
    cJSON_AddItemToArray(types, cJSON_CreateString("int"));
    break;
  case OPTION_REAL:
    cJSON_AddItemToArray(types, cJSON_CreateString("double"));
    break;
  case OPTION_REALS:
    cJSON_AddItemToArray(types, array_type("double"));
    break;
  case OPTION_CHOICE:
    cJSON_AddItemToArray(types, enum_type(o));
    break;
  case OPTION_LIST:
    cJSON_AddItemToArray(types, array_type(strcmp(o->unit, "path") == 0 ? "File" : "string"));
    break;
  case OPTION_IN:
    cJSON_AddItemToArray(types, cJSON_CreateString("File"));
    cJSON_AddItemToArray(types, cJSON_CreateString("Directory"));
    break;
  case OPTION_TEXT:
  case OPTION_OUT:
    cJSON_AddItemToArray(types, cJSON_CreateString("string"));
    break;
  }
  return types;
}

static cJSON *cwl_input(const struct option *o, const struct input_name *name, int position) {
  cJSON *input = cJSON_CreateObject();
  cJSON_AddItemToObject(input, "type", cwl_type(o));
  json_add_text(input, "doc", o->help);
  cJSON *binding = cJSON_AddObjectToObject(input, "inputBinding");
  cJSON_AddNumberToObject(binding, "position", position);
  if (!o->positional) json_add_text(binding, "prefix", name->flag);
  bool listed = o->kind == OPTION_REALS || (o->kind == OPTION_LIST && !o->positional);
  if (listed) json_add_text(binding, "itemSeparator", ",");
  return input;
}

static void cwl_output(cJSON *outputs, const struct option *o, const struct input_name *name) {
  char id[96], glob[96];
  snprintf(id, sizeof id, "%s_written", name->id);
  snprintf(glob, sizeof glob, "$(inputs.%s)", name->id);
  cJSON *output = cJSON_AddObjectToObject(outputs, id);
  cJSON *types = cJSON_AddArrayToObject(output, "type");
  if (!is_needed(o)) cJSON_AddItemToArray(types, cJSON_CreateString("null"));
  cJSON_AddItemToArray(types, cJSON_CreateString("File"));
  cJSON_AddItemToArray(types, cJSON_CreateString("Directory"));
  cJSON *binding = cJSON_AddObjectToObject(output, "outputBinding");
  /* the glob of a path that was not given must be an empty list */
  if (is_needed(o)) {
    json_add_text(binding, "glob", glob);
  } else {
    char expression[224];
    snprintf(expression, sizeof expression, "$(inputs.%s === null ? [] : inputs.%s)", name->id,
             name->id);
    json_add_text(binding, "glob", expression);
  }
}

cJSON *write_cwl_command(const struct command *c) {
  cJSON *json = cJSON_CreateObject();
  json_add_text(json, "cwlVersion", "v1.2");
  json_add_text(json, "class", "CommandLineTool");
  json_add_text(json, "label", c->summary);
  json_add_text(json, "doc", c->about);
  cJSON *requirements = cJSON_AddObjectToObject(json, "requirements");
  cJSON_AddObjectToObject(requirements, "InlineJavascriptRequirement");
  add_words(cJSON_AddArrayToObject(json, "baseCommand"), c->name);
  cJSON *inputs = cJSON_AddObjectToObject(json, "inputs");
  cJSON *outputs = cJSON_AddObjectToObject(json, "outputs");
  int position = 1;
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
    struct input_name name = name_input(o, c->defaults);
    cJSON_AddItemToObject(inputs, name.id, cwl_input(o, &name, o->positional ? position++ : 0));
    if (o->kind == OPTION_OUT) cwl_output(outputs, o, &name);
  }
  json_add_text(cJSON_AddObjectToObject(outputs, "printed"), "type", "stdout");
  json_add_text(json, "stdout", "printed.txt");
  return json;
}

/* ------------------------------------------------------------------ Boutiques */

static void value_key(char *buffer, size_t size, const struct input_name *name) {
  snprintf(buffer, size, "[%s]", name->id);
  for (char *s = buffer; *s; s++) *s = (char)toupper((unsigned char)*s);
}

static const char *boutiques_type(const struct option *o) {
  if (o->kind == OPTION_FLAG) return "Flag";
  if (o->kind == OPTION_IN || (o->kind == OPTION_LIST && strcmp(o->unit, "path") == 0))
    return "File";
  if (o->kind == OPTION_INT || o->kind == OPTION_REAL || o->kind == OPTION_REALS) return "Number";
  return "String";
}

static void boutiques_values(cJSON *input, const struct option *o) {
  bool number = o->kind == OPTION_INT || o->kind == OPTION_REAL || o->kind == OPTION_REALS;
  if (number && option_has_low(o)) json_add_number(input, "minimum", o->low);
  if (number && option_has_high(o)) json_add_number(input, "maximum", o->high);
  if (o->kind == OPTION_INT) cJSON_AddBoolToObject(input, "integer", true);
  if (o->kind == OPTION_CHOICE) {
    cJSON *choices = cJSON_AddArrayToObject(input, "value-choices");
    for (int i = 0; o->choices[i]; i++)
      cJSON_AddItemToArray(choices, cJSON_CreateString(o->choices[i]));
  }
  if (o->kind != OPTION_LIST && o->kind != OPTION_REALS) return;
  cJSON_AddBoolToObject(input, "list", true);
  json_add_text(input, "list-separator", o->positional ? " " : ",");
  if (o->kind == OPTION_REALS) {
    cJSON_AddNumberToObject(input, "min-list-entries", o->count);
    cJSON_AddNumberToObject(input, "max-list-entries", o->count);
  }
}

static void boutiques_option(cJSON *inputs, cJSON *outputs, struct text *line,
                             const struct command *c, const struct option *o) {
  struct input_name name = name_input(o, c->defaults);
  char key[80];
  value_key(key, sizeof key, &name);
  text_append(line, " %s", key);
  cJSON *input = cJSON_CreateObject();
  json_add_text(input, "id", name.id);
  json_add_text(input, "name", o->name);
  json_add_text(input, "description", o->help);
  json_add_text(input, "type", boutiques_type(o));
  json_add_text(input, "value-key", key);
  cJSON_AddBoolToObject(input, "optional", !is_needed(o));
  if (!o->positional) json_add_text(input, "command-line-flag", name.flag);
  boutiques_values(input, o);
  cJSON_AddItemToArray(inputs, input);
  if (o->kind != OPTION_OUT) return;
  char id[96];
  snprintf(id, sizeof id, "%s_written", name.id);
  cJSON *output = cJSON_CreateObject();
  json_add_text(output, "id", id);
  json_add_text(output, "name", o->name);
  json_add_text(output, "path-template", key);
  cJSON_AddBoolToObject(output, "optional", !is_needed(o));
  cJSON_AddItemToArray(outputs, output);
}

cJSON *write_boutiques_command(const struct command *c) {
  struct text line = {0};
  char name[160];
  snprintf(name, sizeof name, "qct %s", c->name);
  cJSON *json = cJSON_CreateObject(), *inputs = cJSON_CreateArray(), *outputs = cJSON_CreateArray();
  json_add_text(json, "name", name);
  json_add_text(json, "description", c->summary);
  json_add_text(json, "tool-version", program_version());
  json_add_text(json, "schema-version", "0.5");
  text_append(&line, "%s", name);
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++)
    if (!o->positional) boutiques_option(inputs, outputs, &line, c, o);
  for (const struct option *o = c->options; o && o->kind != OPTION_END; o++)
    if (o->positional) boutiques_option(inputs, outputs, &line, c, o);
  json_add_text(json, "command-line", line.data ? line.data : "");
  cJSON_AddItemToObject(json, "inputs", inputs);
  if (cJSON_GetArraySize(outputs))
    cJSON_AddItemToObject(json, "output-files", outputs);
  else
    cJSON_Delete(outputs);
  text_free(&line);
  return json;
}
