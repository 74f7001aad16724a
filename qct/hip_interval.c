#include "qct/hip_interval.h"

#include <math.h>

/* Root mean square of the error, [slices of 1, 3 mm][region][part]. */
static const double rms[2][HIP_INTERVAL_REGIONS][3] = {{{0.0066, 0.0093, 0.51},
                                                        {0.0029, 0.0090, 0.53},
                                                        {0.0033, 0.0153, 0.19},
                                                        {0.0021, 0.0077, 0.30},
                                                        {0.0016, 0.0093, 0.29},
                                                        {0.0015, 0.0095, 0.16}},
                                                       {{0.0035, 0.0307, 1.27},
                                                        {0.0027, 0.0073, 1.01},
                                                        {0.0047, 0.0279, 0.22},
                                                        {0.0020, 0.0101, 0.31},
                                                        {0.0026, 0.0055, 0.76},
                                                        {0.0029, 0.0031, 0.27}}};

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
