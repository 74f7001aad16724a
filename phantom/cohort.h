/* `qct phantom cohort`: digital people with true bone measures and a planted hip fracture.
 *
 * Person i is `qct phantom hip --seed first_seed+i --sex ...`, so images of anyone can be made. The
 * true measures of the left hip (phantom/hip_truth.h, shaft to 130 mm below the head) give
 *   eta = ln 3.2 z(-percent cortical volume) + ln 1.6 z(-narrow neck area) + ln 1.7 z(-trabecular
 *         density),   z over the cohort
 * and a Weibull hazard of shape 1.6 with mean rate `rate` a year over the follow-up (women twice).
 * Death competes (rate rising with age), 3 % a year are lost, all end at `years`.
 * The best concordance any model can reach on fracture times is the mean over pairs of
 * max(e^a, e^b)/(e^a + e^b). `null` sets eta 0: then it is 0.5.
 *
 * Source: black2008 (hazard ratios per SD, jointly fitted, men from 65; 2.3 a 1000 person-years).
 * Weibull shape, women's factor, death and loss rates are unverified choices.
 */
#ifndef QCT_PHANTOM_COHORT_H
#define QCT_PHANTOM_COHORT_H

#include "core/table.h"

struct phantom_cohort {
  int people; /* 2..100000 */
  uint64_t first_seed;
  char sex;     /* 'F', 'M', 0 both */
  double years; /* of follow-up */
  double rate;  /* of hip fracture in men [1/1000 person-years] */
  int null;     /* 1: no measure matters */
  double truth_step_mm;
};

/**
 * One row a person. Columns: case, person_seed, sex, age, percent_cortical_volume,
 * narrow_neck_area, trabecular_density (k2hpo4_eq), eta, time, event (0 censored, 1 fracture, 2
 * death), best_concordance (the same in every row).
 */
status phantom_cohort_make(struct table **out, const struct phantom_cohort *c);

/** Mean over all pairs of max(e^a, e^b)/(e^a + e^b). */
double phantom_cohort_best_concordance(const double *eta, int n);

#endif
