#include "core/table_join.h"

#include "core/statistics.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_TEXT = 512, KEYS = 8 };

struct key {
  char text[KEY_TEXT];
  size_t row;
};

static int by_key(const void *a, const void *b) {
  const struct key *p = a, *q = b;
  int order = strcmp(p->text, q->text);
  return order ? order : p->row < q->row ? -1 : p->row > q->row;
}

static status find_keys(int *at, const struct table *t, const char *const *keys, int count,
                        const char *which) {
  status st = ST_OK;
  CHECK(count >= 1 && count <= KEYS, ST_USAGE, "joining on %d columns: 1 to %d", count, KEYS);
  for (int k = 0; k < count; k++) {
    at[k] = table_find(t, keys[k]);
    CHECK(at[k] >= 0, ST_DOMAIN, "joining: the %s table has no column \"%s\"", which, keys[k]);
  }
done:
  return st;
}

/* Keys of all rows, sorted. A row with a missing key part keeps an empty text and matches nothing.
 */
static status make_keys(struct key **out, const struct table *t, const int *at, int count) {
  status st = ST_OK;
  struct key *keys = calloc(t->row_count + 1, sizeof *keys);
  CHECK(keys, ST_MEMORY, "joining %zu rows", t->row_count);
  for (size_t i = 0; i < t->row_count; i++) {
    size_t used = 0;
    keys[i].row = i;
    for (int k = 0; k < count; k++) {
      char number[32];
      const char *cell = table_cell(number, t, at[k], i);
      if (!cell[0]) {
        keys[i].text[0] = '\0';
        break;
      }
      used += (size_t)snprintf(keys[i].text + used, KEY_TEXT - used, "%s\x1f", cell);
      CHECK(used < KEY_TEXT, ST_DOMAIN, "joining: the key of row %zu is too long", i + 1);
    }
  }
  qsort(keys, t->row_count, sizeof *keys, by_key);
  *out = keys;
  keys = NULL;
done:
  free(keys);
  return st;
}

static status check_once(const struct key *keys, size_t n, const char *which) {
  status st = ST_OK;
  for (size_t i = 1; i < n; i++)
    CHECK(!keys[i].text[0] || strcmp(keys[i].text, keys[i - 1].text) != 0, ST_DOMAIN,
          "joining: rows %zu and %zu of the %s table have the same key", keys[i - 1].row + 1,
          keys[i].row + 1, which);
done:
  return st;
}

static status copy_cell(struct table *out, size_t row, size_t column,
                        const struct table_column *from, size_t from_row) {
  status st = ST_OK;
  if (from->numeric)
    out->columns[column].numbers[row] = from->numbers[from_row];
  else
    TRY(table_set_text(out, row, column, from->texts[from_row]));
done:
  return st;
}

static bool is_key(const int *at, int count, size_t column) {
  for (int k = 0; k < count; k++)
    if ((size_t)at[k] == column) return true;
  return false;
}

/* match[i]: row of right for row i of left, SIZE_MAX when none. */
static void match_rows(size_t *match, struct table_join_counts *counts, const struct key *left,
                       size_t n_left, const struct key *right, size_t n_right) {
  size_t j = 0, used = 0;
  *counts = (struct table_join_counts){0, 0, 0};
  for (size_t i = 0; i < n_left; i++) {
    while (j < n_right && strcmp(right[j].text, left[i].text) < 0) j++;
    bool found = left[i].text[0] && j < n_right && !strcmp(right[j].text, left[i].text);
    match[left[i].row] = found ? right[j].row : SIZE_MAX;
    counts->matched += found;
    counts->left_only += !found;
    used += found && (i == 0 || strcmp(left[i].text, left[i - 1].text) != 0);
  }
  counts->right_only = n_right - used;
}

static status check_columns(const struct table *left, const struct table *right, const int *at_left,
                            const int *at_right, int count) {
  status st = ST_OK;
  for (int k = 0; k < count; k++) {
    const struct table_column *a = &left->columns[at_left[k]], *b = &right->columns[at_right[k]];
    CHECK(a->numeric == b->numeric, ST_DOMAIN,
          "joining on \"%s\": it holds numbers in one table and text in the other", a->name);
    CHECK(!strcmp(a->unit, b->unit), ST_DOMAIN, "joining on \"%s\": it is in [%s] and in [%s]",
          a->name, a->unit, b->unit);
  }
  for (size_t c = 0; c < right->column_count; c++)
    CHECK(is_key(at_right, count, c) || table_find(left, right->columns[c].name) < 0, ST_DOMAIN,
          "joining: column \"%s\" stands in both tables; rename one or join on it",
          right->columns[c].name);
done:
  return st;
}

status table_join(struct table **out, struct table_join_counts *counts, const struct table *left,
                  const struct table *right, const char *const *keys, int key_count,
                  enum table_join_kind kind, bool left_once) {
  status st = ST_OK;
  struct key *left_keys = NULL, *right_keys = NULL;
  struct table *t = NULL;
  int at_left[KEYS], at_right[KEYS];
  size_t *match = malloc((left->row_count + 1) * sizeof *match);
  CHECK(match, ST_MEMORY, "joining %zu rows", left->row_count);
  TRY(find_keys(at_left, left, keys, key_count, "first"));
  TRY(find_keys(at_right, right, keys, key_count, "second"));
  TRY(check_columns(left, right, at_left, at_right, key_count));
  TRY(make_keys(&left_keys, left, at_left, key_count));
  TRY(make_keys(&right_keys, right, at_right, key_count));
  TRY(check_once(right_keys, right->row_count, "second"));
  if (left_once) TRY(check_once(left_keys, left->row_count, "first"));
  match_rows(match, counts, left_keys, left->row_count, right_keys, right->row_count);
  TRY(table_create(&t, kind == TABLE_JOIN_INNER ? counts->matched : left->row_count));
  for (size_t c = 0; c < left->column_count; c++)
    TRY(table_add_column(t, left->columns[c].name, left->columns[c].unit,
                         left->columns[c].numeric));
  for (size_t c = 0; c < right->column_count; c++)
    if (!is_key(at_right, key_count, c))
      TRY(table_add_column(t, right->columns[c].name, right->columns[c].unit,
                           right->columns[c].numeric));
  for (size_t i = 0, row = 0; i < left->row_count; i++) {
    if (kind == TABLE_JOIN_INNER && match[i] == SIZE_MAX) continue;
    size_t column = 0;
    for (size_t c = 0; c < left->column_count; c++)
      TRY(copy_cell(t, row, column++, &left->columns[c], i));
    for (size_t c = 0; c < right->column_count; c++) {
      if (is_key(at_right, key_count, c)) continue;
      if (match[i] != SIZE_MAX) TRY(copy_cell(t, row, column, &right->columns[c], match[i]));
      column++;
    }
    row++;
  }
  *out = t;
  t = NULL;
done:
  table_destroy(t);
  free(left_keys);
  free(right_keys);
  free(match);
  return st;
}

static status describe_column(struct table *out, size_t row, const struct table_column *c, size_t n,
                              double *buffer) {
  status st = ST_OK;
  size_t present = 0;
  for (size_t i = 0; i < n; i++) {
    if (c->numeric ? isnan(c->numbers[i]) : !c->texts[i][0]) continue;
    if (c->numeric) buffer[present] = c->numbers[i];
    present++;
  }
  TRY(table_set_text(out, row, 0, c->name));
  TRY(table_set_text(out, row, 1, c->unit));
  TRY(table_set_text(out, row, 2, c->numeric ? "number" : "text"));
  out->columns[3].numbers[row] = (double)present;
  out->columns[4].numbers[row] = (double)(n - present);
  out->columns[5].numbers[row] = n ? (double)(n - present) / (double)n : NAN;
  if (!c->numeric || !present) goto done;
  out->columns[6].numbers[row] = stat_percentile(buffer, (int64_t)present, 0);
  out->columns[7].numbers[row] = stat_percentile(buffer, (int64_t)present, 50);
  out->columns[8].numbers[row] = stat_percentile(buffer, (int64_t)present, 100);
done:
  return st;
}

status table_describe(struct table **out, const struct table *t) {
  status st = ST_OK;
  struct table *d = NULL;
  static const char *const names[] = {"column",        "unit",    "kind",   "present", "missing",
                                      "share missing", "minimum", "median", "maximum"};
  double *buffer = malloc((t->row_count + 1) * sizeof *buffer);
  CHECK(buffer, ST_MEMORY, "describing %zu columns", t->column_count);
  TRY(table_create(&d, t->column_count));
  for (size_t c = 0; c < sizeof names / sizeof *names; c++)
    TRY(table_add_column(d, names[c], "", c >= 3));
  for (size_t c = 0; c < t->column_count; c++)
    TRY(describe_column(d, c, &t->columns[c], t->row_count, buffer));
  *out = d;
  d = NULL;
done:
  free(buffer);
  table_destroy(d);
  return st;
}

enum { REDCAP_NAME = 26 };

/* A name REDCap accepts, different from those of the rows before. */
static void redcap_name(char out[REDCAP_NAME + 1], const struct table *dictionary, size_t row,
                        const char *name) {
  char plain[REDCAP_NAME + 1];
  int n = 0;
  for (const char *c = name; *c && n < REDCAP_NAME; c++) {
    int ok = isalnum((unsigned char)*c) && (unsigned char)*c < 128;
    if (!n && !(ok && isalpha((unsigned char)*c))) continue; /* a letter first */
    if (!ok && plain[n - 1] == '_') continue;
    plain[n++] = ok ? (char)tolower((unsigned char)*c) : '_';
  }
  while (n && plain[n - 1] == '_') n--;
  plain[n] = '\0';
  if (!n) snprintf(plain, sizeof plain, "column");
  snprintf(out, REDCAP_NAME + 1, "%s", plain);
  for (int serial = 2;; serial++) {
    size_t i = 0;
    while (i < row && strcmp(dictionary->columns[0].texts[i], out) != 0) i++;
    if (i == row) return;
    char tail[12];
    int length = snprintf(tail, sizeof tail, "_%d", serial);
    snprintf(out, REDCAP_NAME + 1, "%.*s%s", REDCAP_NAME - length, plain, tail);
  }
}

status table_redcap(struct table **out, const struct table *t, const char *form) {
  status st = ST_OK;
  struct table *d = NULL;
  static const char *const header[] = {"Variable / Field Name",
                                       "Form Name",
                                       "Section Header",
                                       "Field Type",
                                       "Field Label",
                                       "Choices, Calculations, OR Slider Labels",
                                       "Field Note",
                                       "Text Validation Type OR Show Slider Number",
                                       "Text Validation Min",
                                       "Text Validation Max",
                                       "Identifier?",
                                       "Branching Logic (Show field only if...)",
                                       "Required Field?",
                                       "Custom Alignment",
                                       "Question Number (surveys only)",
                                       "Matrix Group Name",
                                       "Matrix Ranking?",
                                       "Field Annotation"};
  TRY(table_create(&d, t->column_count));
  for (size_t c = 0; c < sizeof header / sizeof *header; c++)
    TRY(table_add_column(d, header[c], "", false));
  for (size_t i = 0; i < t->column_count; i++) {
    char name[REDCAP_NAME + 1], note[64] = "";
    redcap_name(name, d, i, t->columns[i].name);
    if (t->columns[i].unit[0]) snprintf(note, sizeof note, "unit: %s", t->columns[i].unit);
    TRY(table_set_text(d, i, 0, name));
    TRY(table_set_text(d, i, 1, form));
    TRY(table_set_text(d, i, 3, "text"));
    TRY(table_set_text(d, i, 4, t->columns[i].name));
    TRY(table_set_text(d, i, 6, note));
    TRY(table_set_text(d, i, 7, t->columns[i].numeric ? "number" : ""));
  }
  *out = d;
  d = NULL;
done:
  table_destroy(d);
  return st;
}
