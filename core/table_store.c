#include "core/table_join.h"

#include "core/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64 };

static void column_path(char out[NAME], size_t column, const char *part) {
  snprintf(out, NAME, "columns/c%05zu/%s", column, part);
}

/* Texts of a column as one run of bytes, each ended by NUL. */
static status write_texts(struct store *s, size_t column, const struct table_column *c,
                          size_t rows) {
  status st = ST_OK;
  char path[NAME], *bytes = NULL;
  size_t length = 0, at = 0;
  for (size_t i = 0; i < rows; i++) length += strlen(c->texts[i]) + 1;
  bytes = malloc(length + 1);
  CHECK(bytes, ST_MEMORY, "storing column %s", c->name);
  for (size_t i = 0; i < rows; i++) {
    size_t n = strlen(c->texts[i]) + 1;
    memcpy(bytes + at, c->texts[i], n);
    at += n;
  }
  bytes[length] = '\0';
  const int64_t dims[1] = {(int64_t)length + 1};
  column_path(path, column, "texts");
  TRY(store_write(s, path, STORE_U8, 1, dims, bytes));
done:
  free(bytes);
  return st;
}

status table_store_put(struct store *s, const struct table *t, const char *provenance) {
  status st = ST_OK;
  char name[NAME];
  TRY(store_set_text(s, "", "format", "qct table"));
  TRY(store_set_number(s, "", "rows", (double)t->row_count));
  TRY(store_set_number(s, "", "columns", (double)t->column_count));
  if (provenance) TRY(store_set_text(s, "", "provenance", provenance));
  for (size_t c = 0; c < t->column_count; c++) {
    const struct table_column *column = &t->columns[c];
    const int64_t dims[1] = {(int64_t)t->row_count};
    column_path(name, c, column->numeric ? "numbers" : "texts");
    if (column->numeric)
      TRY(store_write(s, name, STORE_F64, 1, dims, column->numbers));
    else
      TRY(write_texts(s, c, column, t->row_count));
    TRY(store_set_text(s, name, "name", column->name));
    TRY(store_set_text(s, name, "unit", column->unit));
  }
done:
  return st;
}

status table_store_write(const struct table *t, const char *path, const char *provenance,
                         bool force) {
  status st = ST_OK;
  struct store *s = NULL;
  TRY(store_create(&s, path, force));
  TRY(table_store_put(s, t, provenance));
  TRY(store_commit(s));
done:
  store_close(s);
  return st;
}

/* Before memory is asked for: a column that holds something for every row. */
static status check_rows(const struct store *s, const char *name, bool numeric, double rows,
                         const char *path) {
  status st = ST_OK;
  enum store_type type;
  int rank;
  int64_t dims[8];
  TRY(store_shape(s, name, &type, &rank, dims));
  CHECK(rank == 1 && (numeric ? (double)dims[0] == rows : (double)dims[0] > rows), ST_FORMAT,
        "%s: %s does not hold %g rows", path, name, rows);
done:
  return st;
}

static status read_texts(struct table *t, size_t column, const struct store *s, const char *name,
                         const char *path) {
  status st = ST_OK;
  enum store_type type;
  int rank;
  int64_t dims[8];
  char *bytes = NULL;
  size_t at = 0;
  TRY(store_shape(s, name, &type, &rank, dims));
  CHECK(rank == 1 && dims[0] >= 1 && dims[0] <= ((int64_t)1 << 32), ST_FORMAT,
        "%s: %s is no list of texts", path, name);
  bytes = malloc((size_t)dims[0]);
  CHECK(bytes, ST_MEMORY, "%s: reading %s", path, name);
  TRY(store_read(s, name, STORE_U8, bytes, dims[0]));
  CHECK(bytes[dims[0] - 1] == '\0', ST_FORMAT, "%s: %s is cut", path, name);
  for (size_t i = 0; i < t->row_count; i++) {
    CHECK(at < (size_t)dims[0] - 1, ST_FORMAT, "%s: %s holds fewer than %zu texts", path, name,
          t->row_count);
    TRY(table_set_text(t, i, column, bytes + at));
    at += strlen(bytes + at) + 1;
  }
done:
  free(bytes);
  return st;
}

status table_store_read(struct table **out, const char *path) {
  status st = ST_OK;
  struct store *s = NULL;
  struct table *t = NULL;
  char format[32], name[NAME], title[96], unit[24];
  double rows, columns;
  TRY(store_open(&s, path));
  TRY(store_get_text(s, "", "format", format, sizeof format));
  CHECK(!strcmp(format, "qct table"), ST_FORMAT, "%s: format is \"%s\", not a table", path, format);
  TRY(store_get_number(s, "", "rows", &rows));
  TRY(store_get_number(s, "", "columns", &columns));
  CHECK(rows >= 0 && rows <= 1e9 && columns >= 0 && columns <= 99999, ST_FORMAT,
        "%s: %g rows of %g columns are out of range", path, rows, columns);
  TRY(table_create(&t, (size_t)rows));
  for (size_t c = 0; c < (size_t)columns; c++) {
    column_path(name, c, "numbers");
    bool numeric = store_has(s, name);
    if (!numeric) column_path(name, c, "texts");
    TRY(store_get_text(s, name, "name", title, sizeof title));
    TRY(store_get_text(s, name, "unit", unit, sizeof unit));
    TRY(check_rows(s, name, numeric, rows, path));
    TRY(table_add_column(t, title, unit, numeric));
    if (numeric)
      TRY(store_read(s, name, STORE_F64, t->columns[c].numbers, (int64_t)rows));
    else
      TRY(read_texts(t, c, s, name, path));
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  store_close(s);
  return st;
}
