/* A plain table: named columns with units, each numeric or text; CSV in and out.
 *
 * CSV header cells carry the unit: `vbmd [mg/cm3]`. Reading accepts RFC 4180 quoting, CRLF, a UTF-8
 * byte order mark and ',' ';' or tab (detected from the header). An empty cell, "NA" or "NaN" is
 * missing: NaN in a numeric column, "" in a text column. A column is numeric when every non-missing
 * cell is a number, unless all are digits of one width of 3 or more with a zero in front somewhere:
 * such codes ("007") stay as they are.
 */
#ifndef QCT_CORE_TABLE_H
#define QCT_CORE_TABLE_H

#include "core/record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct table_column {
  char name[96];
  char unit[24];
  bool numeric;
  double *numbers; /* owned, [rows], when numeric */
  char **texts;    /* owned, [rows] owned strings, when not */
};

struct table {
  struct table_column *columns; /* owned */
  size_t column_count, row_count;
};

/** rows fixed at creation; columns are added. Numbers start NaN, texts "". */
status table_create(struct table **out, size_t rows);
void table_destroy(struct table *t);
status table_add_column(struct table *t, const char *name, const char *unit, bool numeric);
/** Index of a column, -1 when absent. */
int table_find(const struct table *t, const char *name);
status table_set_text(struct table *t, size_t row, size_t column, const char *value);
/** A cell as text: the text, borrowed, or the number written into `number`, all 15 digits of it, so
 * that no two identifiers become one; "" when it is missing. */
const char *table_cell(char number[32], const struct table *t, int column, size_t row);
/** Numbers of a column, borrowed; `what` is what it is to the reader ("outcome"). @return
 * ST_DOMAIN: no such column, no value in it, or a cell that is no number, which is shown with its
 * row (from 1)
 */
status table_numbers(const double **out, const struct table *t, const char *name, const char *what);
/** First cell of a text column that is no number, with its row (from 0), and how many are numbers;
 * NULL when all are missing. */
const char *table_first_text(size_t *row, size_t *numbers, const struct table *t, int column);

status table_read(struct table **out, const char *path);
status table_write(const struct table *t, const char *path, bool force);

/** Wide form: one row a case, one numeric column `region.quantity [unit]` for each pair, sorted by
 * case and by first appearance. @return ST_FORMAT when one pair comes with two units or a case
 * twice */
status table_from_records(struct table **out, const struct record *const *records, size_t count);

#ifdef __cplusplus
}
#endif
#endif
