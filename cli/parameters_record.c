/* What the provenance holds of a command line: values by name, paths by their role. */
#include "cli/parser.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static cJSON *number_json(double x) {
  return isfinite(x) ? cJSON_CreateNumber(x) : cJSON_CreateNull();
}

static cJSON *text_json(const char *s) {
  return s ? cJSON_CreateString(s) : cJSON_CreateNull();
}

static cJSON *role_json(const char *role) {
  char text[96];
  snprintf(text, sizeof text, "<%s>", role);
  return cJSON_CreateString(text);
}

cJSON *parameter_json(const struct option *o, const void *params) {
  const void *at = (const char *)params + o->offset;
  cJSON *array = NULL;
  switch (o->kind) {
  case OPTION_END:
    break;
  case OPTION_FLAG:
    return cJSON_CreateBool(*(const bool *)at);
  case OPTION_INT:
    return cJSON_CreateNumber(*(const int *)at);
  case OPTION_REAL:
    return number_json(*(const double *)at);
  case OPTION_REALS:
    array = cJSON_CreateArray();
    for (int i = 0; i < o->count; i++)
      cJSON_AddItemToArray(array, number_json(((const double *)at)[i]));
    return array;
  case OPTION_TEXT:
    return text_json(*(const char *const *)at);
  case OPTION_CHOICE:
    return text_json(o->choices[*(const int *)at]);
  case OPTION_LIST:
    array = cJSON_CreateArray();
    for (int i = 0; i < ((const struct text_list *)at)->count; i++)
      cJSON_AddItemToArray(array, strcmp(o->unit, "path") == 0
                                      ? role_json(o->name)
                                      : text_json(((const struct text_list *)at)->items[i]));
    return array;
  case OPTION_IN:
  case OPTION_OUT:
    return *(const char *const *)at ? role_json(o->name) : cJSON_CreateNull();
  }
  return NULL;
}

status parameters_record(struct provenance *p, const struct parsed *parsed) {
  status st = ST_OK;
  for (const struct option *o = parsed->command->options; o && o->kind != OPTION_END; o++) {
    cJSON *value = parameter_json(o, parsed->params);
    CHECK(value, ST_MEMORY, "provenance of %s: out of memory", parsed->command->name);
    TRY(provenance_parameter(p, o->name, value));
  }
  for (const char *const *s = parsed->command->sources; s && *s; s++) TRY(provenance_source(p, *s));
done:
  return st;
}
