/* Convolutional filters of IBSI-2 on the analysis grid, before any mask is applied.
 *
 *   mean      box of M voxels
 *   log       Laplacian of Gaussian, sigma in mm, truncated, made to sum to zero, not scaled
 *   laws      product of 1D kernels ("L5E5E5"), optional energy = mean |response| within a distance
 *   gabor     modulus; sigma and lambda in mm; by slice, or in the three orthogonal planes averaged
 *   wavelet   stationary separable (haar, db2, db3, coif1), e.g. "LLH", level 1..
 *   simoncelli  non-separable, isotropic, band of one octave, in Fourier space
 *   riesz     Riesz transform of order (l1, l2, l3) of the log or simoncelli response
 * Rotation invariance: responses of all right-angle rotations (4 in a slice, 24 in the volume;
 * Gabor: all orientations of the step) pooled by maximum or mean. Boundaries: zero, nearest,
 * periodic, mirror (edge voxel repeated). Outside data (NaN) the least intensity stands in and the
 * response there is no data. Axis 1 is x, 2 is y, 3 is z. Sources: ibsi_filters, ibsi2
 */
#ifndef QCT_RADIOMICS_FILTER_H
#define QCT_RADIOMICS_FILTER_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rad_filter_kind {
  RAD_FILTER_NONE,
  RAD_FILTER_MEAN,
  RAD_FILTER_LOG,
  RAD_FILTER_LAWS,
  RAD_FILTER_GABOR,
  RAD_FILTER_WAVELET,
  RAD_FILTER_SIMONCELLI,
  RAD_FILTER_RIESZ_LOG,
  RAD_FILTER_RIESZ_SIMONCELLI,
  RAD_FILTER_COUNT
};
enum rad_boundary {
  RAD_BOUNDARY_ZERO,
  RAD_BOUNDARY_NEAREST,
  RAD_BOUNDARY_PERIODIC,
  RAD_BOUNDARY_MIRROR
};
enum rad_pooling { RAD_POOL_NONE, RAD_POOL_MAX, RAD_POOL_MEAN };

struct rad_filter {
  enum rad_filter_kind kind;
  enum rad_boundary boundary;
  enum rad_pooling pooling;           /* none: not rotation invariant */
  int support;                        /* mean: odd, voxels */
  double sigma_mm, truncate;          /* log, gabor; truncation in sigma (log) */
  char kernels[16];                   /* laws: "L5E5E5" */
  int energy_distance;                /* laws: voxels, 0: no energy */
  double lambda_mm, gamma, theta_deg; /* gabor; theta is the step when pooled */
  bool orthogonal;                    /* gabor: all three planes, averaged */
  char wavelet[8];                    /* "haar", "db2", "db3", "coif1" */
  char band[4];                       /* "LLH"; two letters by slice */
  int level;                          /* wavelet, simoncelli: 1.. */
  int order[3];                       /* riesz */
};

void rad_filter_init(struct rad_filter *f);
/** Names for the command line, NULL-terminated, in the order of the enums. */
extern const char *const rad_filter_names[];
extern const char *const rad_boundary_names[];
extern const char *const rad_pooling_names[];
/** @return ST_USAGE naming the parameter out of range */
status rad_filter_check(const struct rad_filter *f, bool by_slice);
/** "log-sigma-1-5-mm-3D", "wavelet-db3-LLH-1", ... as a prefix of feature names. */
void rad_filter_tag(char out[64], const struct rad_filter *f, bool by_slice);

/**
 * Response map on a grid.
 * @param[out] out [nz][ny][nx], owned by the caller
 * @param[in] x intensities on the same grid
 * @param[in] by_slice filter each xy slice alone (2D)
 */
status rad_filter_apply(double **out, const double *x, const struct geometry *grid,
                        const struct rad_filter *f, bool by_slice);

#ifdef __cplusplus
}
#endif
#endif
