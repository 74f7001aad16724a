/* Convolution along axes and in Fourier space, with the four boundary rules. */
#ifndef QCT_RADIOMICS_CONVOLVE_H
#define QCT_RADIOMICS_CONVOLVE_H

#include "radiomics/filter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A 1D kernel: out[i] = sum_k w[k] x[i + origin - k*dilation] */
struct rad_kernel {
  const double *w;
  int length, origin, dilation;
};

/** Index of position i (any integer) within n points, -1 for zero outside. */
int64_t rad_boundary_index(int64_t i, int64_t n, enum rad_boundary b);
/** Convolve along one axis; out must not be in. */
status rad_convolve_axis(double *out, const double *in, const int64_t n[3], int axis,
                         const struct rad_kernel *k, enum rad_boundary b);
/** In place along the axes whose kernel is not NULL. */
status rad_convolve(double *x, const int64_t n[3], const struct rad_kernel *const k[3],
                    enum rad_boundary b);
/** Mean over a box of 2*reach + 1 voxels an axis, in place. */
status rad_box_mean(double *x, const int64_t n[3], const int reach[3], enum rad_boundary b);

/** Copy of x extended by `margin` voxels and then to a good transform length (periodic: as it is).
 * @param[out] size of the extended grid, `at` where the original starts */
status rad_extend(double **out, int64_t size[3], int64_t at[3], const double *x, const int64_t n[3],
                  const int64_t margin[3], enum rad_boundary b);

status rad_filter_log(double *out, const double *x, const struct geometry *grid,
                      const struct rad_filter *f, bool by_slice);
status rad_filter_separable(double *out, const double *x, const int64_t n[3],
                            const struct rad_filter *f, bool by_slice);
status rad_filter_gabor(double *out, const double *x, const struct geometry *grid,
                        const struct rad_filter *f, bool by_slice);
status rad_filter_spectral(double *out, const double *x, const struct geometry *grid,
                           const struct rad_filter *f, bool by_slice);

#ifdef __cplusplus
}
#endif
#endif
