#define _POSIX_C_SOURCE 200809L
#include "core/csv.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

struct parser {
  const char *what;
  const char *at, *end;
  char separator;
  int line;
  char *write; /* where the next byte of a cell goes, inside storage */
  size_t cell_count, cell_capacity, row_capacity;
};

static char detect_separator(const char *at, const char *end) {
  size_t commas = 0, semicolons = 0, tabs = 0;
  bool quoted = false;
  for (; at < end && (quoted || *at != '\n'); at++) {
    if (*at == '"') quoted = !quoted;
    if (quoted) continue;
    commas += *at == ',';
    semicolons += *at == ';';
    tabs += *at == '\t';
  }
  if (tabs > commas && tabs > semicolons) return '\t';
  return semicolons > commas ? ';' : ',';
}

static status add_cell(struct csv *c, struct parser *p, char *cell) {
  status st = ST_OK;
  if (p->cell_count == p->cell_capacity) {
    size_t capacity = p->cell_capacity ? 2 * p->cell_capacity : 256;
    char **grown = realloc(c->cells, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "reading %s: %zu cells", p->what, p->cell_count);
    c->cells = grown;
    p->cell_capacity = capacity;
  }
  c->cells[p->cell_count++] = cell;
done:
  return st;
}

static status read_quoted(struct parser *p) {
  status st = ST_OK;
  int opened_at = p->line;
  p->at++;
  for (;;) {
    CHECK(p->at < p->end, ST_FORMAT, "reading %s: the quote opened in line %d is never closed",
          p->what, opened_at);
    if (*p->at == '"') {
      if (p->at + 1 == p->end || p->at[1] != '"') break;
      p->at++;
    }
    p->line += *p->at == '\n';
    *p->write++ = *p->at++;
  }
  p->at++;
  CHECK(p->at == p->end || *p->at == p->separator || *p->at == '\n' || *p->at == '\r', ST_FORMAT,
        "reading %s: line %d has text after a closing quote", p->what, p->line);
done:
  return st;
}

/* one cell; *last tells that the row ends after it */
static status read_cell(struct csv *c, struct parser *p, bool *last) {
  status st = ST_OK;
  char *cell = p->write;
  if (p->at < p->end && *p->at == '"')
    TRY(read_quoted(p));
  else
    while (p->at < p->end && *p->at != p->separator && *p->at != '\n') *p->write++ = *p->at++;
  if (p->at < p->end && *p->at == '\r') p->at++; /* after a quoted cell */
  *last = p->at == p->end || *p->at == '\n';
  if (*last && p->write > cell && p->write[-1] == '\r') p->write--;
  if (p->at < p->end) p->at++;
  *p->write++ = '\0';
  TRY(add_cell(c, p, cell));
done:
  return st;
}

static status read_row(struct csv *c, struct parser *p) {
  status st = ST_OK;
  size_t first = p->cell_count;
  int line = p->line;
  for (bool last = false; !last;) TRY(read_cell(c, p, &last));
  p->line++;
  size_t cells = p->cell_count - first;
  if (cells == 1 && !*c->cells[first] && (c->columns != 1 || c->rows == 0)) {
    p->cell_count = first; /* blank line */
    return ST_OK;
  }
  if (c->rows == 0) c->columns = cells;
  CHECK(cells == c->columns, ST_FORMAT, "reading %s: line %d has %zu cells, the header has %zu",
        p->what, line, cells, c->columns);
  if (c->rows == p->row_capacity) {
    size_t capacity = p->row_capacity ? 2 * p->row_capacity : 64;
    int *grown = realloc(c->lines, capacity * sizeof *grown);
    CHECK(grown, ST_MEMORY, "reading %s: %zu rows", p->what, c->rows);
    c->lines = grown;
    p->row_capacity = capacity;
  }
  c->lines[c->rows++] = line;
done:
  return st;
}

status csv_parse(struct csv *out, const char *data, size_t length, const char *what) {
  status st = ST_OK;
  struct csv c = {0};
  const char *nul = memchr(data, '\0', length);
  CHECK(!nul, ST_FORMAT, "reading %s: it is not text (a zero byte at offset %zu)", what,
        (size_t)(nul - data));
  if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
    data += 3;
    length -= 3;
  }
  /* cells never need more than the text and one NUL each */
  c.storage = malloc(2 * length + 2);
  CHECK(c.storage, ST_MEMORY, "reading %s: %zu bytes", what, 2 * length + 2);
  struct parser p = {.what = what, .at = data, .end = data + length, .line = 1};
  p.separator = detect_separator(data, p.end);
  p.write = c.storage;
  while (p.at < p.end) TRY(read_row(&c, &p));
  CHECK(c.rows > 0, ST_FORMAT, "reading %s: it is empty, a header line is expected", what);
  *out = c;
  c = (struct csv){0};
done:
  csv_free(&c);
  return st;
}

void csv_free(struct csv *c) {
  free(c->cells);
  free(c->lines);
  free(c->storage);
  *c = (struct csv){0};
}

const char *csv_cell(const struct csv *c, size_t row, size_t column) {
  return c->cells[row * c->columns + column];
}

void csv_append_cell(struct text *t, const char *cell) {
  size_t n = strlen(cell);
  bool edge = n && (cell[0] == ' ' || cell[n - 1] == ' ');
  if (!edge && !strpbrk(cell, ",;\t\"\r\n")) {
    text_append_raw(t, cell, n);
    return;
  }
  text_append_raw(t, "\"", 1);
  for (; *cell; cell++) text_append_raw(t, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1);
  text_append_raw(t, "\"", 1);
}

bool csv_missing(const char *cell) {
  return !*cell || strcmp(cell, "NA") == 0 || strcmp(cell, "NaN") == 0 || strcmp(cell, "nan") == 0;
}

bool csv_number(double *out, const char *cell) {
  if (csv_missing(cell)) return *out = (double)NAN, true;
  while (*cell == ' ') cell++;
  /* what strtod takes beyond decimals (hex, infinity, nan(...)) is no number in a table */
  if (strspn(cell, "+-.0123456789eE ") != strlen(cell)) {
    bool infinite = strcmp(cell, "inf") == 0 || strcmp(cell, "-inf") == 0;
    if (infinite) *out = *cell == '-' ? -(double)INFINITY : (double)INFINITY;
    return infinite;
  }
  if (*cell == '+') cell++;
  /* cJSON reads numbers with '.' in any locale, but takes no leading '.' and no trailing blanks */
  char plain[64];
  size_t n = strlen(cell);
  while (n && cell[n - 1] == ' ') n--;
  if (n == 0 || n + 2 > sizeof plain) return false;
  bool minus = *cell == '-', bare = cell[minus] == '.';
  size_t m = 0;
  if (minus) plain[m++] = '-';
  if (bare) plain[m++] = '0';
  memcpy(plain + m, cell + minus, n - minus);
  m += n - minus;
  plain[m] = '\0';
  const char *end = NULL;
  cJSON *number = cJSON_ParseWithLengthOpts(plain, m, &end, 0);
  bool whole = cJSON_IsNumber(number) && end == plain + m;
  if (whole) *out = number->valuedouble;
  cJSON_Delete(number);
  return whole;
}
