#include "qct/hip_interval.h"

#include <math.h>

/* Root mean square of the error, [slices of 1, 3 mm][region][part]. */
static const double rms[2][HIP_INTERVAL_REGIONS][3] = {{{0.0061, 0.0135, 0.49},
                                                        {0.0028, 0.0110, 0.64},
                                                        {0.0037, 0.0192, 0.21},
                                                        {0.0026, 0.0097, 0.23},
                                                        {0.0016, 0.0121, 0.26},
                                                        {0.0013, 0.0118, 0.15}},
                                                       {{0.0044, 0.0328, 1.17},
                                                        {0.0029, 0.0148, 1.01},
                                                        {0.0057, 0.0278, 0.34},
                                                        {0.0022, 0.0147, 0.33},
                                                        {0.0030, 0.0098, 0.69},
                                                        {0.0029, 0.0095, 0.26}}};

static void edges(double *coarse, double *others, const struct geometry *g) {
  const double *mm = g->spacing;
  *coarse = fmax(mm[0], fmax(mm[1], mm[2]));
  *others = mm[0] + mm[1] + mm[2] - *coarse;
}

bool qct_hip_interval_known(const struct geometry *g) {
  const double pixel_mm = 1, slice_mm = 3.5;
  double coarse, others;
  edges(&coarse, &others, g);
  return coarse <= slice_mm && others <= 2 * pixel_mm;
}

double qct_hip_interval(const struct geometry *g, int region, enum hip_interval_part part,
                        double density) {
  const double student = 2.131; /* 97.5 % quantile of t with 15 degrees of freedom */
  double coarse, others;
  edges(&coarse, &others, g);
  double fine = rms[0][region][part], share = fmax((coarse - 1) / 2, 0);
  double sd = fine + (rms[1][region][part] - fine) * share;
  return student * (part == HIP_PART_TRABECULAR ? sd : sd * fabs(density));
}
