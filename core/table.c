#define _POSIX_C_SOURCE 200809L
#include "core/table.h"

#include "core/csv.h"
#include "core/file.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_LIMIT = 1 << 30 };

status table_create(struct table **out, size_t rows) {
  status st = ST_OK;
  struct table *t = calloc(1, sizeof *t);
  CHECK(t, ST_MEMORY, "making a table");
  t->row_count = rows;
  *out = t;
done:
  return st;
}

void table_destroy(struct table *t) {
  if (!t) return;
  for (size_t c = 0; c < t->column_count; c++) {
    free(t->columns[c].numbers);
    file_list_free(t->columns[c].texts, t->row_count);
  }
  free(t->columns);
  free(t);
}

static status fill_column(struct table_column *c, size_t rows) {
  status st = ST_OK;
  size_t size = rows ? rows : 1;
  if (c->numeric) {
    c->numbers = malloc(size * sizeof *c->numbers);
    CHECK(c->numbers, ST_MEMORY, "adding column %s of %zu rows", c->name, rows);
    for (size_t i = 0; i < rows; i++) c->numbers[i] = (double)NAN;
    return st;
  }
  c->texts = calloc(size, sizeof *c->texts);
  CHECK(c->texts, ST_MEMORY, "adding column %s of %zu rows", c->name, rows);
  for (size_t i = 0; i < rows; i++) {
    c->texts[i] = calloc(1, 1);
    CHECK(c->texts[i], ST_MEMORY, "adding column %s of %zu rows", c->name, rows);
  }
done:
  return st;
}

status table_add_column(struct table *t, const char *name, const char *unit, bool numeric) {
  status st = ST_OK;
  struct table_column c = {.numeric = numeric};
  CHECK(strlen(name) < sizeof c.name && strlen(unit) < sizeof c.unit, ST_DOMAIN,
        "adding column \"%.120s\" with unit \"%.40s\": at most %zu and %zu bytes", name, unit,
        sizeof c.name - 1, sizeof c.unit - 1);
  CHECK(name[0] && table_find(t, name) < 0, ST_DOMAIN, "adding column \"%s\": %s", name,
        name[0] ? "there is one of that name" : "it has no name");
  snprintf(c.name, sizeof c.name, "%s", name);
  snprintf(c.unit, sizeof c.unit, "%s", unit);
  TRY(fill_column(&c, t->row_count));
  struct table_column *grown = realloc(t->columns, (t->column_count + 1) * sizeof *grown);
  CHECK(grown, ST_MEMORY, "adding column %s", name);
  t->columns = grown;
  t->columns[t->column_count++] = c;
  c = (struct table_column){.name = ""};
done:
  free(c.numbers);
  file_list_free(c.texts, c.texts ? t->row_count : 0);
  return st;
}

int table_find(const struct table *t, const char *name) {
  for (size_t c = 0; c < t->column_count; c++)
    if (strcmp(t->columns[c].name, name) == 0) return (int)c;
  return -1;
}

status table_set_text(struct table *t, size_t row, size_t column, const char *value) {
  status st = ST_OK;
  CHECK(row < t->row_count && column < t->column_count && !t->columns[column].numeric, ST_DOMAIN,
        "writing a text into row %zu, column %zu: the table has %zu x %zu, and the column must be "
        "text",
        row, column, t->row_count, t->column_count);
  char *copy = strdup(value);
  CHECK(copy, ST_MEMORY, "writing a text into a table");
  free(t->columns[column].texts[row]);
  t->columns[column].texts[row] = copy;
done:
  return st;
}

const char *table_cell(char number[32], const struct table *t, int column, size_t row) {
  const struct table_column *c = &t->columns[column];
  if (!c->numeric) return c->texts[row];
  number[0] = '\0';
  if (!isnan(c->numbers[row])) snprintf(number, 32, "%.15g", c->numbers[row]);
  return number;
}

const char *table_first_text(size_t *row, size_t *numbers, const struct table *t, int column) {
  const char *first = NULL;
  *numbers = 0;
  for (size_t i = 0; i < t->row_count; i++) {
    const char *cell = t->columns[column].texts[i];
    double value;
    if (csv_missing(cell)) continue;
    if (csv_number(&value, cell)) {
      (*numbers)++;
    } else if (!first) {
      first = cell;
      *row = i;
    }
  }
  return first;
}

/* "1,57" of a program that writes decimal commas. */
static bool decimal_comma(const char *cell) {
  const char *comma = strchr(cell, ',');
  return comma && comma > cell && comma[1] && strspn(cell, "+-0123456789,eE") == strlen(cell) &&
         !strchr(comma + 1, ',');
}

status table_numbers(const double **out, const struct table *t, const char *name,
                     const char *what) {
  status st = ST_OK;
  const int c = table_find(t, name);
  size_t row = 0, numbers = 0;
  CHECK(c >= 0, ST_DOMAIN,
        "%s column \"%s\" is not in the table of %zu columns (the first is \"%s\")", what, name,
        t->column_count, t->column_count ? t->columns[0].name : "");
  if (!t->columns[c].numeric) {
    const char *cell = table_first_text(&row, &numbers, t, c);
    CHECK(cell || !numbers, ST_DOMAIN,
          "%s column \"%s\" holds codes with zeros in front; numbers are needed", what, name);
    CHECK(cell, ST_DOMAIN, "%s column \"%s\" holds no value", what, name);
    FAIL(ST_DOMAIN, "%s column \"%s\" holds text, \"%.40s\" in row %zu; numbers are needed%s", what,
         name, cell, row + 1,
         decimal_comma(cell) ? ", with a decimal point instead of the comma"
                             : "; an unknown value is an empty cell");
  }
  *out = t->columns[c].numbers;
done:
  return st;
}

/* ---- CSV ---- */

/* "vbmd [mg/cm3]" -> name and unit; false for a name that is too long */
static bool split_header(char name[96], char unit[24], const char *cell) {
  size_t n = strlen(cell);
  const char *open = n && cell[n - 1] == ']' ? strrchr(cell, '[') : NULL;
  size_t unit_length = open ? (size_t)(cell + n - 1 - (open + 1)) : 0;
  unit[0] = '\0';
  if (open && open > cell && unit_length < 24) {
    memcpy(unit, open + 1, unit_length);
    unit[unit_length] = '\0';
    n = (size_t)(open - cell);
  }
  while (n && cell[n - 1] == ' ') n--;
  if (n > 95) return false;
  memcpy(name, cell, n);
  name[n] = '\0';
  return true;
}

/* "007", "012": digits of one width with zeros in front are names, and would lose them as numbers.
 */
static bool column_is_padded(const struct csv *c, size_t column) {
  enum { LEAST_WIDTH = 3 };
  size_t width = 0;
  bool padded = false;
  for (size_t i = 1; i < c->rows; i++) {
    const char *cell = csv_cell(c, i, column);
    size_t n = strlen(cell);
    if (csv_missing(cell)) continue;
    if (strspn(cell, "0123456789") != n || n < LEAST_WIDTH || (width && n != width)) return false;
    width = n;
    padded |= cell[0] == '0';
  }
  return padded;
}

static bool column_is_numeric(const struct csv *c, size_t column) {
  double value;
  bool any = false;
  if (column_is_padded(c, column)) return false;
  for (size_t i = 1; i < c->rows; i++) {
    const char *cell = csv_cell(c, i, column);
    if (!csv_number(&value, cell)) return false;
    any |= !csv_missing(cell);
  }
  return any || c->rows == 1;
}

static status take_column(struct table *t, const struct csv *c, size_t column, const char *path) {
  status st = ST_OK;
  char name[96], unit[24];
  CHECK(split_header(name, unit, csv_cell(c, 0, column)), ST_FORMAT,
        "reading table %s: column %zu has a name of more than 95 bytes", path, column + 1);
  CHECK(name[0], ST_FORMAT, "reading table %s: column %zu has no name in the header", path,
        column + 1);
  CHECK(table_find(t, name) < 0, ST_FORMAT, "reading table %s: two columns are named \"%s\"", path,
        name);
  bool numeric = column_is_numeric(c, column);
  TRY(table_add_column(t, name, unit, numeric));
  struct table_column *to = &t->columns[t->column_count - 1];
  for (size_t i = 0; i < t->row_count; i++) {
    const char *cell = csv_cell(c, i + 1, column);
    if (numeric)
      csv_number(&to->numbers[i], cell);
    else if (!csv_missing(cell))
      TRY(table_set_text(t, i, t->column_count - 1, cell));
  }
done:
  return st;
}

status table_read(struct table **out, const char *path) {
  status st = ST_OK;
  struct table *t = NULL;
  struct csv c = {0};
  char *data = NULL;
  size_t length = 0;
  TRY(file_read(&data, &length, path, TABLE_LIMIT));
  TRY(csv_parse(&c, data, length, path));
  TRY(table_create(&t, c.rows - 1));
  for (size_t j = 0; j < c.columns; j++) TRY(take_column(t, &c, j, path));
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  csv_free(&c);
  free(data);
  return st;
}

status table_write(const struct table *t, const char *path, bool force) {
  status st = ST_OK;
  struct text out = {0};
  for (size_t j = 0; j < t->column_count; j++) {
    char cell[128];
    const struct table_column *c = &t->columns[j];
    snprintf(cell, sizeof cell, c->unit[0] ? "%s [%s]" : "%s", c->name, c->unit);
    if (j) text_append_raw(&out, ",", 1);
    csv_append_cell(&out, cell);
  }
  text_append_raw(&out, "\n", 1);
  for (size_t i = 0; i < t->row_count; i++) {
    for (size_t j = 0; j < t->column_count; j++) {
      if (j) text_append_raw(&out, ",", 1);
      if (t->columns[j].numeric)
        text_append_number(&out, t->columns[j].numbers[i]);
      else
        csv_append_cell(&out, t->columns[j].texts[i]);
    }
    text_append_raw(&out, "\n", 1);
  }
  TRY(text_check(&out, path));
  TRY(file_write(path, out.data, out.length, force));
done:
  text_free(&out);
  return st;
}

/* ---- wide form ---- */

struct case_index {
  const char **names; /* owned array of borrowed names, sorted, unique */
  size_t count;
};

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static status collect_cases(struct case_index *cases, const struct record *const *records,
                            size_t count) {
  status st = ST_OK;
  size_t rows = 0;
  for (size_t r = 0; r < count; r++) rows += records[r]->count;
  cases->names = calloc(rows ? rows : 1, sizeof *cases->names);
  CHECK(cases->names, ST_MEMORY, "joining %zu records", count);
  /* a record repeats its case from row to row; the sort removes the rest */
  size_t n = 0;
  for (size_t r = 0; r < count; r++)
    for (size_t i = 0; i < records[r]->count; i++)
      if (!i || strcmp(records[r]->rows[i].case_id, records[r]->rows[i - 1].case_id) != 0)
        cases->names[n++] = records[r]->rows[i].case_id;
  if (n) qsort(cases->names, n, sizeof *cases->names, compare_names);
  for (size_t i = 0; i < n; i++)
    if (!cases->count || strcmp(cases->names[cases->count - 1], cases->names[i]) != 0)
      cases->names[cases->count++] = cases->names[i];
done:
  return st;
}

static size_t case_row(const struct case_index *cases, const char *name) {
  const char **found = bsearch(&name, cases->names, cases->count, sizeof *found, compare_names);
  return (size_t)(found - cases->names);
}

/* The column of a row, made at its first appearance. `hint`, the column after the last one used,
 * is right for records that list the same quantities in the same order. */
static status column_of(int *column, struct table *t, int hint, const struct measurement *m) {
  status st = ST_OK;
  char name[192];
  int n = snprintf(name, sizeof name, "%s.%s", m->region, m->quantity);
  CHECK(n > 0 && (size_t)n < sizeof t->columns->name, ST_DOMAIN,
        "joining records: the name %s is longer than %zu bytes", name, sizeof t->columns->name - 1);
  bool right = (size_t)hint < t->column_count && strcmp(t->columns[hint].name, name) == 0;
  *column = right ? hint : table_find(t, name);
  if (*column < 0) {
    TRY(table_add_column(t, name, m->unit, true));
    *column = (int)t->column_count - 1;
  }
  CHECK(strcmp(t->columns[*column].unit, m->unit) == 0, ST_FORMAT,
        "joining records: %s is in \"%s\" and, for case %s, in \"%s\"", name,
        t->columns[*column].unit, m->case_id, m->unit);
done:
  return st;
}

static status place_record(struct table *t, size_t *owner, const struct case_index *cases,
                           const struct record *r, size_t number) {
  status st = ST_OK;
  int column = 0;
  for (size_t i = 0; i < r->count; i++) {
    const struct measurement *m = &r->rows[i];
    size_t row = case_row(cases, m->case_id);
    CHECK(owner[row] == 0 || owner[row] == number, ST_FORMAT,
          "joining records: case %s comes twice (records %zu and %zu)", m->case_id, owner[row],
          number);
    owner[row] = number;
    TRY(column_of(&column, t, column + 1, m));
    CHECK(isnan(t->columns[column].numbers[row]), ST_FORMAT,
          "joining records: case %s has two values of %s", m->case_id, t->columns[column].name);
    t->columns[column].numbers[row] = m->value;
  }
done:
  return st;
}

status table_from_records(struct table **out, const struct record *const *records, size_t count) {
  status st = ST_OK;
  struct table *t = NULL;
  struct case_index cases = {0};
  size_t *owner = NULL; /* number of the record a case came from, from 1 */
  TRY(collect_cases(&cases, records, count));
  TRY(table_create(&t, cases.count));
  TRY(table_add_column(t, "case", "", false));
  for (size_t i = 0; i < cases.count; i++) TRY(table_set_text(t, i, 0, cases.names[i]));
  owner = calloc(cases.count ? cases.count : 1, sizeof *owner);
  CHECK(owner, ST_MEMORY, "joining %zu records", count);
  for (size_t r = 0; r < count; r++) TRY(place_record(t, owner, &cases, records[r], r + 1));
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  free(cases.names);
  free(owner);
  return st;
}
