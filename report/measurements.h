/* The table behind report_measurements. Private to this folder. */
#ifndef QCT_REPORT_MEASUREMENTS_H
#define QCT_REPORT_MEASUREMENTS_H

#include "core/record.h"
#include "core/text.h"

/* What several rows say of themselves stands once, above the table, and by its number in the rows.
 */
struct report_notes {
  const char *at[24]; /* into the flags of the record, where each stands first */
  int length[24];
  int count;
};
/** The flags of at least 20 characters that 3 rows or more with a value have; borrows the record.
 */
void report_notes_find(struct report_notes *out, const struct record *record, const char *region);
/** Append the list of them; nothing when there are none. */
void report_notes_put(struct text *t, const struct report_notes *notes);

/** Append the rows of a region, headed by its name; withheld ones with their reason. */
void report_region_rows(struct text *t, const struct record *record, const char *region,
                        const struct report_notes *notes);

#endif
