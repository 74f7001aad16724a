/* Separable interpolation of a box of the target grid. Source: unser1993 (B-spline) */
#ifndef QCT_RADIOMICS_INTERPOLATE_H
#define QCT_RADIOMICS_INTERPOLATE_H

#include "radiomics/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Axis maps of the target grid. Source: ibsi_manual (3WE3); corner alignment: pyradiomics */
void rad_axes_make(struct rad_axis axes[3], const struct geometry *source,
                   const struct rad_settings *s);
/**
 * Interpolate the target box lo..hi (inclusive).
 * @param[out] out owned by the caller, box size
 * @param[in] in [nz][ny][nx] of the source, whole
 * @return ST_MEMORY; ST_DOMAIN for cubic when `in` holds no data
 */
status rad_interpolate(double **out, const double *in, const struct rad_axis axes[3],
                       const int64_t lo[3], const int64_t hi[3], enum rad_interpolation how);

#ifdef __cplusplus
}
#endif
#endif
