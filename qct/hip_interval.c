#include "qct/hip_interval.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Root mean square of the error on slices of 1 and 3 mm. */
struct error {
  const char *figure; /* region_quantity */
  bool absolute;      /* in the figure's unit, else a share of its value */
  double fine, coarse;
};
#define SHARE(figure, fine, coarse) {figure, false, fine, coarse},
#define IN_UNIT(figure, fine, coarse) {figure, true, fine, coarse},
static const struct error errors[] = {
#include "qct/hip_interval.def"
};

static void edges(double *coarse, double *others, const double mm[3]) {
  *coarse = fmax(mm[0], fmax(mm[1], mm[2]));
  *others = mm[0] + mm[1] + mm[2] - *coarse;
}

bool qct_hip_interval_known(const double spacing[3]) {
  const double pixel_mm = 1, slice_mm = 3.5;
  double coarse, others;
  edges(&coarse, &others, spacing);
  return coarse <= slice_mm && others <= 2 * pixel_mm;
}

double qct_hip_half_width(const double spacing[3], const char *region, const char *quantity,
                          double value) {
  const double student = 2.131; /* 97.5 % quantile of t with 15 degrees of freedom */
  char figure[128];
  const struct error *e = NULL;
  snprintf(figure, sizeof figure, "%s_%s", region, quantity);
  for (size_t i = 0; i < sizeof errors / sizeof *errors && !e; i++)
    if (strcmp(errors[i].figure, figure) == 0) e = &errors[i];
  if (!e || !qct_hip_interval_known(spacing)) return NAN;
  double coarse, others;
  edges(&coarse, &others, spacing);
  double rms = e->fine + (e->coarse - e->fine) * fmax((coarse - 1) / 2, 0);
  return student * rms * (e->absolute ? 1 : fabs(value));
}
