/* CSV text in cells, for core/table and core/record.
 *
 * RFC 4180 quoting, LF or CRLF, a UTF-8 byte order mark, and ',' ';' or tab, detected from the
 * first line. Blank lines are skipped. Every row must have as many cells as the first.
 */
#ifndef QCT_CORE_CSV_H
#define QCT_CORE_CSV_H

#include "core/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct csv {
  char **cells;         /* owned, [rows][columns], each points into `storage` */
  int *lines;           /* owned, [rows]: line of the file, from 1 */
  size_t rows, columns; /* rows count the header */
  char *storage;        /* owned */
};

/** @param what names the text in messages; @return ST_FORMAT with line and what is wrong */
status csv_parse(struct csv *out, const char *data, size_t length, const char *what);
void csv_free(struct csv *c);
const char *csv_cell(const struct csv *c, size_t row, size_t column);

/** Append a cell, quoted when it needs to be. */
void csv_append_cell(struct text *t, const char *cell);

/** Empty, "NA", "NaN" or "nan"? */
bool csv_missing(const char *cell);
/** The whole cell as a number ('.' whatever the locale); missing is NaN. False: not a number. */
bool csv_number(double *out, const char *cell);

#ifdef __cplusplus
}
#endif
#endif
