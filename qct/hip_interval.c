#include "qct/hip_interval.h"

#include <math.h>

/* Root mean square of the error, [slices of 1, 3 mm][region][part]. */
static const double rms[3][2][HIP_INTERVAL_REGIONS][3] = {
    [HIP_DENSITY] = {{{0.0061, 0.0135, 0.49},
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
                      {0.0029, 0.0095, 0.26}}},
    [HIP_CONTENT] = {{{0.0061, 0.0207, 0.93},
                      {0.0032, 0.0046, 0.64},
                      {0.0127, 0.0136, 0.33},
                      {0.0066, 0.0063, 0.20},
                      {0.0022, 0.0045, 0.39},
                      {0.0019, 0.0022, 0.16}},
                     {{0.0083, 0.0171, 2.20},
                      {0.0055, 0.0081, 0.87},
                      {0.0143, 0.0158, 0.35},
                      {0.0067, 0.0072, 0.28},
                      {0.0029, 0.0045, 0.90},
                      {0.0024, 0.0032, 0.30}}},
    [HIP_VOLUME] = {{{0.0012, 0.0327, 0.0035},
                     {0.0039, 0.0117, 0.0035},
                     {0.0102, 0.0145, 0.0113},
                     {0.0085, 0.0140, 0.0084},
                     {0.0010, 0.0161, 0.0025},
                     {0.0013, 0.0125, 0.0020}},
                    {{0.0089, 0.0341, 0.0078},
                     {0.0062, 0.0184, 0.0056},
                     {0.0166, 0.0394, 0.0138},
                     {0.0082, 0.0200, 0.0071},
                     {0.0039, 0.0108, 0.0045},
                     {0.0020, 0.0109, 0.0035}}},
};

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
                        enum hip_interval_quantity quantity, double density, double volume_cm3) {
  const double student = 2.131; /* 97.5 % quantile of t with 15 degrees of freedom */
  double coarse, others;
  edges(&coarse, &others, g);
  double fine = rms[quantity][0][region][part], share = fmax((coarse - 1) / 2, 0);
  double half = student * (fine + (rms[quantity][1][region][part] - fine) * share);
  double volume = quantity == HIP_DENSITY ? 1 : volume_cm3;
  if (quantity == HIP_VOLUME) return half * volume;
  return volume * (part == HIP_PART_TRABECULAR ? half : half * fabs(density));
}
