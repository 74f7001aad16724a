/* What the tables and the report of a cohort are made of. Private to this folder. */
#ifndef QCT_STUDY_COHORT_TABLES_H
#define QCT_STUDY_COHORT_TABLES_H

#include "study/cohort.h"

struct cohort_tables {
  const struct cohort *cohort;
  const char *folder;
  struct cohort_outcome *outcomes; /* owned, [cohort->count] */
  size_t *rows, row_count;         /* owned; cases that are rows of the tables: not opted out */
  struct table *wide;              /* owned; measurements.csv */
  size_t scanner, kernel;          /* its columns of that name */
  size_t first_measure;            /* its first measurement */
  size_t *missing;                 /* owned, by column: measured cases without a value */
  char **reasons;                  /* owned, by column: the first reason; NULL none */
  char (*digests)[65];             /* owned, by row: SHA-256 of the scan, "" where not measured */
  size_t row;                      /* being filled */
  size_t measured, withheld;       /* values */
};

/** cohort.html */
status cohort_report(const struct cohort_tables *t, const struct cohort_summary *summary,
                     const cJSON *provenance);

#endif
