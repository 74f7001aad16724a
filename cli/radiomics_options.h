/* Filter options shared by `qct radiomics extract`, `filter` and `map`. */
#ifndef QCT_CLI_RADIOMICS_OPTIONS_H
#define QCT_CLI_RADIOMICS_OPTIONS_H

#include "cli/command.h"
#include "radiomics/filter.h"

struct filter_options {
  int kind, boundary, pooling;
  int support, energy, level;
  double sigma_mm, truncate, lambda_mm, gamma, theta_deg;
  double order[3];
  const char *kernels, *wavelet, *band;
  bool orthogonal;
};

#define FILTER_DEFAULTS                                                                            \
  {                                                                                                \
    .boundary = RAD_BOUNDARY_MIRROR, .support = 5, .energy = 7, .level = 1, .sigma_mm = 1.5,       \
    .truncate = 4, .lambda_mm = 2, .gamma = 1.5, .theta_deg = 22.5, .order = {1, 0, 0},            \
    .kernels = "L5E5E5", .wavelet = "db3", .band = "LLH"                                           \
  }

#define FILTER_OPTIONS(T, m)                                                                       \
  OPT_CHOICE(T, m.kind, "filter", rad_filter_names, "convolutional filter"),                       \
      OPT_CHOICE(T, m.boundary, "boundary", rad_boundary_names, "what lies beyond the image"),     \
      OPT_CHOICE(T, m.pooling, "pooling", rad_pooling_names,                                       \
                 "rotation invariance: pool the rotated responses"),                               \
      OPT_INT(T, m.support, "support", "voxels", 1, 999, "mean filter: odd side of the box"),      \
      OPT_REAL(T, m.sigma_mm, "sigma", "mm", 0.01, 100, "Gaussian of log, gabor, riesz-log"),      \
      OPT_REAL(T, m.truncate, "truncate", "", 1, 20, "log: kernel ends at this many sigma"),       \
      OPT_TEXT(T, m.kernels, "kernels", "laws: one kernel an axis, such as L5E5E5"),               \
      OPT_INT(T, m.energy, "energy-distance", "voxels", 0, 100,                                    \
              "laws: mean of the modulus within this distance, 0 none"),                           \
      OPT_REAL(T, m.lambda_mm, "wavelength", "mm", 0.01, 1000, "gabor: wavelength"),               \
      OPT_REAL(T, m.gamma, "anisotropy", "", 0.01, 100, "gabor: aspect of the envelope"),          \
      OPT_REAL(T, m.theta_deg, "angle", "deg", 0, 180, "gabor: angle, or its step when pooled"),   \
      OPT_FLAG(T, m.orthogonal, "orthogonal", "gabor: mean of the three orthogonal planes"),       \
      OPT_TEXT(T, m.wavelet, "wavelet", "haar, db2, db3 or coif1"),                                \
      OPT_TEXT(T, m.band, "band", "wavelet: L or H for each axis"),                                \
      OPT_INT(T, m.level, "wavelet-level", "", 1, 10, "wavelet, simoncelli: decomposition level"), \
      OPT_REALS(T, m.order, "order", "", 3, 0, 8, "riesz: order along x, y, z")

/** The filter of the options; by slice a third kernel or band letter is dropped. */
void filter_from_options(struct rad_filter *f, const struct filter_options *o, bool by_slice);

#endif
