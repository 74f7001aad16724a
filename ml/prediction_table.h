/* Predictions on disk: a table with one row a person, or a row for each run, repeat and person as
 * risk training writes it. Columns: score, outcome; optionally row or person (who), run, repeat,
 * probability, time.
 */
#ifndef QCT_ML_PREDICTION_TABLE_H
#define QCT_ML_PREDICTION_TABLE_H

#include "core/table.h"
#include "ml/assessment.h"

struct ml_prediction_table {
  struct ml_predictions view;           /* points into the arrays below */
  double *score, *probability, *target; /* owned; probability and target may be NULL */
  int *outcome;                         /* owned */
  int64_t *person; /* owned; row number in order of first appearance of the person */
  char **names;    /* [n] who, owned */
};

struct ml_prediction_columns {
  const char *run; /* take the rows of this run; NULL: all, which must then be one run */
  const char *score, *probability, *outcome,
      *time; /* column names; probability and time may be NULL */
};

/** @return ST_DOMAIN: missing column, several runs and none named (they are listed), a person twice
 * in a repeat, people that differ between repeats */
status ml_prediction_table_make(struct ml_prediction_table *out, const struct table *t,
                                const struct ml_prediction_columns *columns);
void ml_prediction_table_free(struct ml_prediction_table *p);

#endif
