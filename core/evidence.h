/* Evidence: what the program computes now, beside an answer that it did not make. A folder's
 * `<folder>_verify` fills such a list; `qct verify` shows them together.
 */
#ifndef QCT_CORE_EVIDENCE_H
#define QCT_CORE_EVIDENCE_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct evidence_row {
  char area[32];   /* what was checked: "calibration" */
  char claim[128]; /* the problem */
  char from[96]; /* who gave the answer: a closed form, a publication, a program and its version */
  char unit[16];
  double expected, computed;
  double permitted; /* largest |computed - expected|, in `unit` */
  bool agrees;      /* NaN never agrees */
};

struct evidence {
  const char *area; /* of the rows that are added next; borrowed */
  struct evidence_row *rows;
  size_t count, capacity;
};

/** A row of the present area. @return ST_MEMORY */
status evidence_add(struct evidence *e, const char *claim, const char *from, const char *unit,
                    double expected, double computed, double permitted);
void evidence_free(struct evidence *e);
/** Rows of an area (NULL: all) that do not agree; the number of its rows in *rows (may be NULL). */
size_t evidence_missed(const struct evidence *e, const char *area, size_t *rows);
/** One row each: area, claim, answer from, unit, expected, computed, difference, permitted, verdict
 * ("ok" or "missed"). @return ST_MEMORY */
status evidence_table(struct table **out, const struct evidence *e);

#ifdef __cplusplus
}
#endif
#endif
