/* Seeds and slices of the digital people, widened by the environment to a study. */
#ifndef QCT_TESTS_BODYCOMP_PEOPLE_H
#define QCT_TESTS_BODYCOMP_PEOPLE_H

#include <math.h>
#include <stdlib.h>

static inline int seeds_wanted(int otherwise) {
  const char *text = getenv("QCT_BODYCOMP_SEEDS");
  return text ? atoi(text) : otherwise;
}

static inline int first_seed(void) {
  const char *text = getenv("QCT_BODYCOMP_FIRST");
  return text ? atoi(text) : 1;
}

static inline double slice_mm(double otherwise) {
  const char *text = getenv("QCT_BODYCOMP_SLICES");
  return text ? atof(text) : otherwise;
}

static inline void keep_worst(double *worst, double got, double truth) {
  double error = got / truth - 1;
  if (fabs(error) > fabs(*worst)) *worst = error;
}

#endif
