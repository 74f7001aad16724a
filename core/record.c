#include "core/record.h"

#include "core/csv.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_LIMIT = 256 << 20 };

enum field {
  CASE,
  REGION,
  QUANTITY,
  VALUE,
  UNIT,
  LOW,
  HIGH,
  COUNT_N,
  METHOD,
  SOURCE_KEY,
  FLAGS,
  FIELDS
};
static const char *const field_names[FIELDS] = {
    "case", "region", "quantity", "value", "unit", "low", "high", "n", "method", "source", "flags"};

status record_create(struct record **out, const char *case_id) {
  status st = ST_OK;
  struct record *r = NULL;
  CHECK(strlen(case_id) < sizeof r->case_id, ST_DOMAIN,
        "making a record: the case identifier has %zu bytes, at most %zu", strlen(case_id),
        sizeof r->case_id - 1);
  r = calloc(1, sizeof *r);
  CHECK(r, ST_MEMORY, "making a record");
  snprintf(r->case_id, sizeof r->case_id, "%s", case_id);
  *out = r;
done:
  return st;
}

void record_destroy(struct record *r) {
  if (!r) return;
  free(r->rows);
  free(r);
}

static struct measurement *new_row(struct record *r) {
  if (r->count == r->capacity) {
    size_t capacity = r->capacity ? 2 * r->capacity : 32;
    struct measurement *grown = realloc(r->rows, capacity * sizeof *grown);
    if (!grown) return NULL;
    r->rows = grown;
    r->capacity = capacity;
  }
  struct measurement *m = &r->rows[r->count++];
  *m = (struct measurement){.value = (double)NAN, .low = (double)NAN, .high = (double)NAN, .n = -1};
  return m;
}

struct measurement *record_add(struct record *r, const char *region, const char *quantity,
                               double value, const char *unit) {
  struct measurement *m = new_row(r);
  if (!m) return NULL;
  snprintf(m->case_id, sizeof m->case_id, "%s", r->case_id);
  snprintf(m->region, sizeof m->region, "%s", region);
  snprintf(m->quantity, sizeof m->quantity, "%s", quantity);
  snprintf(m->unit, sizeof m->unit, "%s", unit);
  measurement_source(m, "qct");
  m->value = value;
  return m;
}

struct measurement *record_withhold(struct record *r, const char *region, const char *quantity,
                                    const char *unit, const char *reason) {
  struct measurement *m = record_add(r, region, quantity, (double)NAN, unit);
  if (m) measurement_flag(m, "%s", reason);
  return m;
}

void measurement_source(struct measurement *m, const char *key) {
  if (key[0]) snprintf(m->source, sizeof m->source, "%s", key);
}

void measurement_flag(struct measurement *m, const char *fmt, ...) {
  char flag[sizeof m->flags];
  va_list args;
  va_start(args, fmt);
  vsnprintf(flag, sizeof flag, fmt, args);
  va_end(args);
  if (!m) return;
  size_t n = strlen(m->flags);
  snprintf(m->flags + n, sizeof m->flags - n, "%s%s", n ? "; " : "", flag);
}

double measurement_half_width(const struct measurement *m) {
  return isfinite(m->low) && isfinite(m->high) ? (m->high - m->low) / 2 : (double)NAN;
}

status record_append(struct record *to, const struct record *from) {
  status st = ST_OK;
  for (size_t i = 0; i < from->count; i++) {
    struct measurement copy = from->rows[i]; /* `to` and `from` may be one */
    struct measurement *m = new_row(to);
    CHECK(m, ST_MEMORY, "joining records of %zu and %zu rows", to->count, from->count);
    *m = copy;
  }
done:
  return st;
}

const struct measurement *record_find(const struct record *r, const char *region,
                                      const char *quantity) {
  for (size_t i = 0; i < r->count; i++)
    if (strcmp(r->rows[i].region, region) == 0 && strcmp(r->rows[i].quantity, quantity) == 0)
      return &r->rows[i];
  return NULL;
}

/* ---- write ---- */

cJSON *record_to_json(const struct record *r) {
  cJSON *rows = cJSON_CreateArray();
  for (size_t i = 0; i < r->count; i++) {
    const struct measurement *m = &r->rows[i];
    cJSON *row = cJSON_CreateObject();
    json_add_text(row, "case", m->case_id);
    json_add_text(row, "region", m->region);
    json_add_text(row, "quantity", m->quantity);
    json_add_number(row, "value", m->value);
    json_add_text(row, "unit", m->unit);
    json_add_number(row, "low", m->low);
    json_add_number(row, "high", m->high);
    json_add_number(row, "n", m->n < 0 ? (double)NAN : (double)m->n);
    json_add_text(row, "method", m->method);
    json_add_text(row, "source", m->source);
    json_add_text(row, "flags", m->flags);
    cJSON_AddItemToArray(rows, row);
  }
  return rows;
}

static void append_row(struct text *t, const struct measurement *m) {
  const char *head[] = {m->case_id, m->region, m->quantity};
  const char *tail[] = {m->method, m->source, m->flags};
  for (int i = 0; i < 3; i++) {
    csv_append_cell(t, head[i]);
    text_append_raw(t, ",", 1);
  }
  text_append_number(t, m->value);
  text_append_raw(t, ",", 1);
  csv_append_cell(t, m->unit);
  text_append_raw(t, ",", 1);
  text_append_number(t, m->low);
  text_append_raw(t, ",", 1);
  text_append_number(t, m->high);
  text_append_raw(t, ",", 1);
  if (m->n >= 0) text_append(t, "%lld", (long long)m->n);
  for (int i = 0; i < 3; i++) {
    text_append_raw(t, ",", 1);
    csv_append_cell(t, tail[i]);
  }
  text_append_raw(t, "\n", 1);
}

static status write_csv(const struct record *r, const char *path, bool force) {
  status st = ST_OK;
  struct text t = {0};
  for (int i = 0; i < FIELDS; i++) text_append(&t, "%s%s", i ? "," : "", field_names[i]);
  text_append_raw(&t, "\n", 1);
  for (size_t i = 0; i < r->count; i++) append_row(&t, &r->rows[i]);
  TRY(text_check(&t, path));
  TRY(file_write(path, t.data, t.length, force));
done:
  text_free(&t);
  return st;
}

static status write_json(const struct record *r, const char *path, const cJSON *provenance,
                         bool force) {
  status st = ST_OK;
  cJSON *json = cJSON_CreateObject();
  CHECK(json, ST_MEMORY, "writing %s", path);
  json_add_text(json, "case", r->case_id);
  cJSON_AddItemToObject(json, "rows", record_to_json(r));
  if (provenance) cJSON_AddItemToObject(json, "provenance", cJSON_Duplicate(provenance, 1));
  TRY(json_write(json, path, force));
done:
  cJSON_Delete(json);
  return st;
}

status record_write(const struct record *r, const char *path, const cJSON *provenance, bool force) {
  status st = ST_OK;
  if (file_has_suffix(path, ".json")) return write_json(r, path, provenance, force);
  CHECK(strcmp(path, "-") == 0 || file_has_suffix(path, ".csv"), ST_USAGE,
        "writing a record to %s: give a name that ends in .csv or .json, or -", path);
  TRY(write_csv(r, path, force));
done:
  return st;
}

/* ---- read ---- */

/* Puts one cell where it belongs; returns what is wrong with it, NULL when nothing. */
static const char *set_text_field(struct measurement *m, enum field f, const char *cell) {
  const struct {
    char *to;
    size_t size;
  } places[FIELDS] = {
      [CASE] = {m->case_id, sizeof m->case_id},       [REGION] = {m->region, sizeof m->region},
      [QUANTITY] = {m->quantity, sizeof m->quantity}, [UNIT] = {m->unit, sizeof m->unit},
      [METHOD] = {m->method, sizeof m->method},       [SOURCE_KEY] = {m->source, sizeof m->source},
      [FLAGS] = {m->flags, sizeof m->flags}};
  if (strlen(cell) >= places[f].size) return "is too long";
  snprintf(places[f].to, places[f].size, "%s", cell);
  return NULL;
}

static const char *set_number_field(struct measurement *m, enum field f, double value) {
  if (f == COUNT_N) {
    if (isnan(value)) return NULL;
    if (value != floor(value) || value < 0 || value > 9e15) return "is not a count";
    m->n = (int64_t)value;
    return NULL;
  }
  *(f == VALUE ? &m->value : f == LOW ? &m->low : &m->high) = value;
  return NULL;
}

static bool is_number_field(enum field f) {
  return f == VALUE || f == LOW || f == HIGH || f == COUNT_N;
}

static status read_csv_rows(struct record *r, const struct csv *c, const char *path) {
  status st = ST_OK;
  int column_of[FIELDS];
  for (int f = 0; f < FIELDS; f++) {
    column_of[f] = -1;
    for (size_t j = 0; j < c->columns; j++)
      if (strcmp(csv_cell(c, 0, j), field_names[f]) == 0) column_of[f] = (int)j;
    bool needed = f == REGION || f == QUANTITY || f == VALUE || f == UNIT;
    CHECK(column_of[f] >= 0 || !needed, ST_FORMAT,
          "reading record %s: its header has no column \"%s\"", path, field_names[f]);
  }
  for (size_t i = 1; i < c->rows; i++) {
    struct measurement *m = new_row(r);
    CHECK(m, ST_MEMORY, "reading record %s: %zu rows", path, c->rows);
    for (int f = 0; f < FIELDS; f++) {
      if (column_of[f] < 0) continue;
      const char *cell = csv_cell(c, i, (size_t)column_of[f]), *wrong = NULL;
      double value;
      if (!is_number_field((enum field)f))
        wrong = set_text_field(m, (enum field)f, cell);
      else if (csv_number(&value, cell))
        wrong = set_number_field(m, (enum field)f, value);
      else
        wrong = "is not a number";
      CHECK(!wrong, ST_FORMAT, "reading record %s: line %d, column \"%s\": \"%.60s\" %s", path,
            c->lines[i], field_names[f], cell, wrong);
    }
  }
done:
  return st;
}

static status read_json_row(struct measurement *m, const cJSON *row, const char *what) {
  status st = ST_OK;
  for (int f = 0; f < FIELDS; f++) {
    const cJSON *item = json_find(row, field_names[f]);
    const char *wrong = NULL;
    if (!item || cJSON_IsNull(item)) continue;
    if (is_number_field((enum field)f))
      wrong = cJSON_IsNumber(item) ? set_number_field(m, (enum field)f, item->valuedouble)
                                   : "is not a number";
    else
      wrong = cJSON_IsString(item) ? set_text_field(m, (enum field)f, item->valuestring)
                                   : "is not a text";
    CHECK(!wrong, ST_FORMAT, "%s: \"%s\" %s", what, field_names[f], wrong);
  }
  CHECK(m->region[0] && m->quantity[0], ST_FORMAT, "%s: it has no region or no quantity", what);
done:
  return st;
}

static status read_json_rows(struct record *r, const cJSON *json, const char *path) {
  status st = ST_OK;
  const cJSON *rows = cJSON_IsArray(json) ? json : json_find(json, "rows"), *row;
  CHECK(cJSON_IsArray(rows), ST_FORMAT, "reading record %s: no array \"rows\"", path);
  cJSON_ArrayForEach(row, rows) {
    char what[256];
    snprintf(what, sizeof what, "reading record %.200s: row %zu", path, r->count + 1);
    struct measurement *m = new_row(r);
    CHECK(m, ST_MEMORY, "%s", what);
    TRY(read_json_row(m, row, what));
  }
done:
  return st;
}

status record_read(struct record **out, const char *path) {
  status st = ST_OK;
  struct record *r = NULL;
  struct csv c = {0};
  cJSON *json = NULL;
  char *data = NULL;
  size_t length = 0;
  TRY(file_read(&data, &length, path, RECORD_LIMIT));
  TRY(record_create(&r, ""));
  size_t blank = strspn(data, " \t\r\n");
  if (data[blank] == '{' || data[blank] == '[') {
    TRY(json_parse(&json, data, length, path));
    TRY(read_json_rows(r, json, path));
    TRY(json_opt_text(r->case_id, sizeof r->case_id, json, "case", path));
  } else {
    TRY(csv_parse(&c, data, length, path));
    TRY(read_csv_rows(r, &c, path));
  }
  if (!r->case_id[0] && r->count) snprintf(r->case_id, sizeof r->case_id, "%s", r->rows[0].case_id);
  *out = r;
  r = NULL;
done:
  record_destroy(r);
  csv_free(&c);
  cJSON_Delete(json);
  free(data);
  return st;
}
