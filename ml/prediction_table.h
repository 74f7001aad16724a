/* Predictions on disk: a table with one row a person, or a row for each run, repeat and person as
 * risk training writes it. Columns: score, outcome; optionally row and person, run, repeat,
 * probability, time. Rows are told apart by `row`, without it by `person`, without both by their
 * place; rows of one person (two hips) are drawn together in every interval.
 */
#ifndef QCT_ML_PREDICTION_TABLE_H
#define QCT_ML_PREDICTION_TABLE_H

#include "core/table.h"
#include "ml/assessment.h"

struct ml_prediction_table {
  struct ml_predictions view;           /* points into the arrays below */
  double *score, *probability, *target; /* owned; probability and target may be NULL */
  int *outcome;                         /* owned */
  int64_t *person;                      /* owned; equal for rows of one person, behind view.group */
  size_t *place; /* owned; row of the table they were made from: of the column `row`, else the
                    order in the file; from 0 */
  char **names;  /* [n] who, owned */
};

struct ml_prediction_columns {
  const char *run; /* take the rows of this run; NULL: all, which must then be one run */
  const char *score, *probability, *outcome,
      *time; /* column names; probability and time may be NULL */
};

/** @return ST_DOMAIN: missing column, several runs and none named (they are listed), a person twice
 * in a repeat, people, outcomes or times that differ between repeats, a score that is no number, a
 * probability outside 0..1, an outcome that is not 0 or 1 (2 with times), a time that is not
 * greater than 0; the message names the row of the table, from 1 */
status ml_prediction_table_make(struct ml_prediction_table *out, const struct table *t,
                                const struct ml_prediction_columns *columns);
void ml_prediction_table_free(struct ml_prediction_table *p);

#endif
