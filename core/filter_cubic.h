/* Cubic B-spline interpolation, for values at some places of a volume (all of a grid:
 * filter_resample): coefficients by a recursive filter along each axis, values from the 64 around a
 * place. Source: unser1993 */
#ifndef QCT_CORE_FILTER_CUBIC_H
#define QCT_CORE_FILTER_CUBIC_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cubic;

/** Find the spline coefficients (mirror at the borders).
 * @return ST_DOMAIN when a voxel has no data, ST_MEMORY */
status cubic_create(struct cubic **out, const struct volume *in);
void cubic_destroy(struct cubic *c);
/** Value at a fractional index inside the grid of centres; any number of threads. */
float cubic_value(const struct cubic *c, double i, double j, double k);

#ifdef __cplusplus
}
#endif
#endif
