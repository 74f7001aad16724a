/* What the files of the performance statement share: one row, and the figures of drawn people. */
#ifndef QCT_ML_ASSESSMENT_PARTS_H
#define QCT_ML_ASSESSMENT_PARTS_H

#include "ml/assessment.h"
#include "ml/bootstrap.h"

#include <stdbool.h>

int64_t ml_assessment_events(const struct ml_predictions *p);

/** One row with its interval, n and number of events; withheld when the value is NaN. An interval
 * without width says that nobody among these people was ranked wrong, not that the figure is sure:
 * its limits are left out and the row says so. @return ST_MEMORY */
status ml_assessment_row(struct record *r, const char *region, const char *quantity, double value,
                         double low, double high, const struct ml_predictions *p,
                         const char *method, const char *source);

/** Draws of the bootstrap that the options ask for. */
static inline int ml_assessment_draws(const struct ml_assessment_options *o) {
  return o->draws ? o->draws : ML_BOOTSTRAP_DRAWS;
}

/** Every row of n, for figures of the whole set: owned by the caller. @return ST_MEMORY */
status ml_assessment_rows(int64_t **out, int64_t n);

/* Predictions of some rows of a set, gathered: repeat k of person i at score[k * n + i]. */
struct ml_drawn {
  int64_t n;
  double *score, *probability, *target;
  int *outcome;
};
/** @param rows shape [n]; may name a row more than once. probability is NULL where p has none */
status ml_drawn_make(struct ml_drawn *out, const struct ml_predictions *p, const int64_t *rows,
                     int64_t n);
void ml_drawn_free(struct ml_drawn *d);

/** Sensitivities at specificity and, where there are probabilities, how right they are. */
status ml_assess_binary(struct record *r, const char *name, const struct ml_predictions *p,
                        const struct ml_assessment_options *options);
/** Uno's C. */
status ml_assess_concordance(struct record *r, const char *name, const struct ml_predictions *p,
                             const struct ml_assessment_options *options);

#endif
