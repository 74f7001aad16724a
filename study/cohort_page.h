/* The report of a cohort while it is being written. Private to cohort_report.c, cohort_scanners.c.
 */
#ifndef QCT_STUDY_COHORT_PAGE_H
#define QCT_STUDY_COHORT_PAGE_H

#include "report/report.h"
#include "study/cohort_tables.h"

enum { COHORT_MEASURES = 64 };

/* What the page is made from, beside the tables. */
struct cohort_page {
  struct report *report;
  const struct cohort_tables *t;
  size_t rows;
  const char **labels, **links;           /* owned arrays, [rows] */
  char *paths;                            /* owned; what `links` points to */
  int *groups;                            /* owned, [rows] */
  const char *names[REPORT_STRIP_GROUPS]; /* of the groups, borrowed from the table */
  int group_count;
  char group_title[96];
  int columns[COHORT_MEASURES]; /* the measures shown, of the wide table */
  int column_count;
  int *outliers; /* owned, [rows]: how many of them each case has */
};

static inline const struct cohort_outcome *cohort_outcome_of(const struct cohort_page *p,
                                                             size_t row) {
  return &p->t->outcomes[p->t->rows[row]];
}

/** Number the values of a text column of the wide table; a scan that was not measured and states
 * none is of no group (-1). @return false when there are none, one, or too many to show */
bool cohort_group_by(struct cohort_page *p, const char *name);
/** Groups by site, scanner or sex, the first that makes some; else all are one. */
void cohort_choose_groups(struct cohort_page *p);
/** A column as the reader reads it, with its unit. */
void cohort_measure_words(char out[256], const struct table_column *c);
/** The section of the scanners: slopes beside one another, and their drift. */
status cohort_tell_scanners(struct cohort_page *p);

#endif
