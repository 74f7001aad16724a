#include "radiomics/yaml_value.h"

#include "core/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

yaml_node_t *rad_yaml_node(const struct rad_yaml *y, int id) {
  return yaml_document_get_node(y->document, id);
}

const char *rad_yaml_scalar(const yaml_node_t *n) {
  return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

int rad_yaml_line(const yaml_node_t *n) {
  return (int)n->start_mark.line + 1;
}

status rad_yaml_unknown(const struct rad_yaml *y, const yaml_node_t *key, const char *section,
                        const char *const *known) {
  status st = ST_OK;
  const char *word = rad_yaml_scalar(key) ? rad_yaml_scalar(key) : "(not a word)";
  size_t n = 0;
  while (known[n]) n++;
  const int near = match_nearest(word, known, n);
  CHECK(near < 0, ST_FORMAT, "%s: line %d: unknown key `%s` in %s; did you mean `%s`?", y->name,
        rad_yaml_line(key), word, section, known[near]);
  FAIL(ST_FORMAT, "%s: line %d: unknown key `%s` in %s", y->name, rad_yaml_line(key), word,
       section);
done:
  return st;
}

int rad_yaml_find(const char *word, const char *const *known) {
  for (int k = 0; word && known[k]; k++)
    if (!strcmp(word, known[k])) return k;
  return -1;
}

bool rad_yaml_is_null(const char *t) {
  return !*t || !strcmp(t, "null") || !strcmp(t, "None") || !strcmp(t, "~");
}

status rad_yaml_number(double *out, const struct rad_yaml *y, const yaml_node_t *key,
                       const yaml_node_t *value) {
  status st = ST_OK;
  const char *t = rad_yaml_scalar(value);
  char *end = NULL;
  if (t) *out = strtod(t, &end);
  CHECK(t && end != t && !*end, ST_FORMAT, "%s: line %d: `%s` must be a number, not \"%s\"",
        y->name, rad_yaml_line(key), rad_yaml_scalar(key), t ? t : "a list");
done:
  return st;
}

status rad_yaml_whole(int *out, int low, int high, const struct rad_yaml *y, const yaml_node_t *key,
                      double v) {
  status st = ST_OK;
  CHECK(v >= low && v <= high && v == floor(v), ST_FORMAT,
        "%s: line %d: `%s` is %g, permitted are whole numbers from %d to %d", y->name,
        rad_yaml_line(key), rad_yaml_scalar(key), v, low, high);
  *out = (int)v;
done:
  return st;
}

status rad_yaml_flag(bool *out, const struct rad_yaml *y, const yaml_node_t *key,
                     const yaml_node_t *value) {
  static const char *const yes[] = {"true", "True", "TRUE", "yes", "1", NULL};
  static const char *const no[] = {"false", "False", "FALSE", "no", "0", NULL};
  status st = ST_OK;
  const char *t = rad_yaml_scalar(value);
  bool on = rad_yaml_find(t, yes) >= 0;
  CHECK(on || rad_yaml_find(t, no) >= 0, ST_FORMAT,
        "%s: line %d: `%s` must be true or false, not \"%s\"", y->name, rad_yaml_line(key),
        rad_yaml_scalar(key), t ? t : "a list");
  *out = on;
done:
  return st;
}

/* A number or a list of numbers. */
status rad_yaml_numbers(double *out, int most, int *count, const struct rad_yaml *y,
                        const yaml_node_t *key, const yaml_node_t *value) {
  status st = ST_OK;
  *count = 0;
  if (value->type == YAML_SCALAR_NODE) {
    if (rad_yaml_is_null(rad_yaml_scalar(value))) return ST_OK;
    TRY(rad_yaml_number(out, y, key, value));
    *count = 1;
    return ST_OK;
  }
  CHECK(value->type == YAML_SEQUENCE_NODE, ST_FORMAT, "%s: line %d: `%s` must be a list", y->name,
        rad_yaml_line(key), rad_yaml_scalar(key));
  for (yaml_node_item_t *i = value->data.sequence.items.start; i < value->data.sequence.items.top;
       i++) {
    CHECK(*count < most, ST_FORMAT, "%s: line %d: `%s` has more than %d entries", y->name,
          rad_yaml_line(key), rad_yaml_scalar(key), most);
    TRY(rad_yaml_number(&out[(*count)++], y, key, rad_yaml_node(y, *i)));
  }
done:
  return st;
}
