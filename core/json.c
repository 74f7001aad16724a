#include "core/json.h"

#include "core/file.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_LIMIT = 256 << 20, KEY_SIZE = 128, DEEPEST = 200 };

static void line_and_column(const char *data, const char *at, int *line, int *column) {
  *line = *column = 1;
  for (; data < at && *data; data++) {
    if (*data == '\n') {
      ++*line;
      *column = 1;
    } else {
      ++*column;
    }
  }
}

status json_parse(cJSON **out, const char *data, size_t length, const char *what) {
  status st = ST_OK;
  const char *end = NULL;
  cJSON *json = cJSON_ParseWithLengthOpts(data, length, &end, 0);
  int line, column;
  if (json)
    while (end < data + length && strchr(" \t\r\n", *end) && *end) end++;
  line_and_column(data, end ? end : data, &line, &column);
  CHECK(json, ST_FORMAT, "reading %s: not valid JSON at line %d, column %d", what, line, column);
  CHECK(end == data + length || *end == '\0', ST_FORMAT,
        "reading %s: text after the end of the JSON value at line %d, column %d", what, line,
        column);
  *out = json;
  json = NULL;
done:
  cJSON_Delete(json);
  return st;
}

status json_read(cJSON **out, const char *path) {
  status st = ST_OK;
  char *data = NULL;
  size_t length = 0;
  TRY(file_read(&data, &length, path, JSON_LIMIT));
  TRY(json_parse(out, data, length, path));
done:
  free(data);
  return st;
}

/* ---- print: cJSON's own printer gives 15 or 17 digits and follows the locale ---- */

static void print_text(struct text *t, const char *s) {
  text_append_raw(t, "\"", 1);
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
      text_append(t, "\\%c", c);
    else if (c == '\n')
      text_append_raw(t, "\\n", 2);
    else if (c < 0x20 || c == 0x7f)
      text_append(t, "\\u%04x", (unsigned)c);
    else
      text_append_raw(t, s, 1);
  }
  text_append_raw(t, "\"", 1);
}

static void new_line(struct text *t, int depth) {
  text_append(t, "\n%*s", 2 * depth, "");
}

static bool all_plain(const cJSON *array) {
  const cJSON *item;
  cJSON_ArrayForEach(item, array) if (cJSON_IsArray(item) || cJSON_IsObject(item)) return false;
  return true;
}

static void print_value(struct text *t, const cJSON *json, int depth);

static void print_members(struct text *t, const cJSON *json, int depth) {
  bool object = cJSON_IsObject(json), one_line = !object && all_plain(json);
  const cJSON *item;
  text_append_raw(t, object ? "{" : "[", 1);
  cJSON_ArrayForEach(item, json) {
    if (item != json->child) text_append_raw(t, one_line ? ", " : ",", one_line ? 2 : 1);
    if (!one_line) new_line(t, depth + 1);
    if (object) {
      print_text(t, item->string);
      text_append_raw(t, ": ", 2);
    }
    print_value(t, item, depth + 1);
  }
  if (!one_line && json->child) new_line(t, depth);
  text_append_raw(t, object ? "}" : "]", 1);
}

static void print_value(struct text *t, const cJSON *json, int depth) {
  if (depth > DEEPEST)
    t->failed = 1;
  else if (cJSON_IsObject(json) || cJSON_IsArray(json))
    print_members(t, json, depth);
  else if (cJSON_IsString(json))
    print_text(t, json->valuestring);
  else if (cJSON_IsNumber(json) && isfinite(json->valuedouble))
    text_append_number(t, json->valuedouble);
  else if (cJSON_IsBool(json))
    text_append(t, "%s", cJSON_IsTrue(json) ? "true" : "false");
  else if (cJSON_IsRaw(json) && json->valuestring)
    text_append_raw(t, json->valuestring, strlen(json->valuestring));
  else
    text_append_raw(t, "null", 4);
}

status json_print(char **out, const cJSON *json) {
  status st = ST_OK;
  struct text t = {0};
  CHECK(json, ST_MEMORY, "writing JSON: the document could not be built");
  print_value(&t, json, 0);
  text_append_raw(&t, "\n", 1);
  TRY(text_check(&t, "JSON"));
  *out = t.data;
  t.data = NULL;
done:
  text_free(&t);
  return st;
}

status json_write(const cJSON *json, const char *path, bool force) {
  status st = ST_OK;
  char *text = NULL;
  TRY(json_print(&text, json));
  TRY(file_write(path, text, strlen(text), force));
done:
  free(text);
  return st;
}

/* ---- get ---- */

const cJSON *json_find(const cJSON *json, const char *key) {
  while (json) {
    const char *dot = strchr(key, '.');
    size_t n = dot ? (size_t)(dot - key) : strlen(key);
    char part[KEY_SIZE];
    if (n >= sizeof part) return NULL;
    memcpy(part, key, n);
    part[n] = '\0';
    json = cJSON_IsObject(json) ? cJSON_GetObjectItemCaseSensitive(json, part) : NULL;
    if (!dot) return json;
    key = dot + 1;
  }
  return NULL;
}

static const char *type_name(const cJSON *json) {
  if (!json) return "absent";
  if (cJSON_IsNull(json)) return "null";
  if (cJSON_IsBool(json)) return "a truth value";
  if (cJSON_IsNumber(json)) return "a number";
  if (cJSON_IsString(json)) return "a text";
  return cJSON_IsArray(json) ? "an array" : "an object";
}

status json_get_number(double *out, const cJSON *json, const char *key, const char *what) {
  status st = ST_OK;
  const cJSON *item = json_find(json, key);
  CHECK(cJSON_IsNumber(item), ST_FORMAT, "%s: \"%s\" is %s, expected a number", what, key,
        type_name(item));
  *out = item->valuedouble;
done:
  return st;
}

status json_get_whole(int *out, int low, int high, const cJSON *json, const char *key,
                      const char *what) {
  status st = ST_OK;
  double value;
  TRY(json_get_number(&value, json, key, what));
  CHECK(value >= low && value <= high && value == floor(value), ST_FORMAT,
        "%s: \"%s\" is %g, expected a whole number of %d to %d", what, key, value, low, high);
  *out = (int)value;
done:
  return st;
}

status json_get_text(char *out, size_t size, const cJSON *json, const char *key, const char *what) {
  status st = ST_OK;
  const cJSON *item = json_find(json, key);
  CHECK(cJSON_IsString(item), ST_FORMAT, "%s: \"%s\" is %s, expected a text", what, key,
        type_name(item));
  CHECK(strlen(item->valuestring) < size, ST_FORMAT, "%s: \"%s\" has %zu bytes, at most %zu", what,
        key, strlen(item->valuestring), size - 1);
  snprintf(out, size, "%s", item->valuestring);
done:
  return st;
}

status json_get_numbers(double *out, int n, const cJSON *json, const char *key, const char *what) {
  status st = ST_OK;
  const cJSON *array = json_find(json, key), *item;
  CHECK(cJSON_IsArray(array), ST_FORMAT, "%s: \"%s\" is %s, expected an array of %d numbers", what,
        key, type_name(array), n);
  CHECK(cJSON_GetArraySize(array) == n, ST_FORMAT, "%s: \"%s\" has %d entries, expected %d", what,
        key, cJSON_GetArraySize(array), n);
  int i = 0;
  cJSON_ArrayForEach(item, array) {
    CHECK(cJSON_IsNumber(item) || cJSON_IsNull(item), ST_FORMAT,
          "%s: entry %d of \"%s\" is %s, expected a number", what, i, key, type_name(item));
    i++;
  }
  i = 0;
  cJSON_ArrayForEach(item, array) out[i++] = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
done:
  return st;
}

status json_opt_number(double *out, const cJSON *json, const char *key, const char *what) {
  const cJSON *item = json_find(json, key);
  return !item || cJSON_IsNull(item) ? ST_OK : json_get_number(out, json, key, what);
}

status json_opt_whole(int *out, int low, int high, const cJSON *json, const char *key,
                      const char *what) {
  const cJSON *item = json_find(json, key);
  return !item || cJSON_IsNull(item) ? ST_OK : json_get_whole(out, low, high, json, key, what);
}

status json_opt_text(char *out, size_t size, const cJSON *json, const char *key, const char *what) {
  const cJSON *item = json_find(json, key);
  return !item || cJSON_IsNull(item) ? ST_OK : json_get_text(out, size, json, key, what);
}

/* ---- add ---- */

static cJSON *number_or_null(double value) {
  return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

void json_add_number(cJSON *object, const char *key, double value) {
  cJSON_AddItemToObject(object, key, number_or_null(value));
}

void json_add_text(cJSON *object, const char *key, const char *value) {
  cJSON_AddItemToObject(object, key, cJSON_CreateString(value));
}

void json_add_numbers(cJSON *object, const char *key, const double *values, int n) {
  cJSON *array = cJSON_AddArrayToObject(object, key);
  for (int i = 0; array && i < n; i++) cJSON_AddItemToArray(array, number_or_null(values[i]));
}
