/* Cubic B-spline interpolation by ITK, for core/filter_grid.c only. */
#ifndef QCT_CORE_FILTER_CUBIC_H
#define QCT_CORE_FILTER_CUBIC_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cubic;

/** Find the spline coefficients (mirror at the borders); `in` must outlive it.
 * @return ST_DOMAIN when a voxel has no data, ST_EXTERNAL */
status cubic_create(struct cubic **out, const struct volume *in);
void cubic_destroy(struct cubic *c);
/** Value at a fractional index inside the grid of centres; any number of threads. */
float cubic_value(const struct cubic *c, double i, double j, double k);

#ifdef __cplusplus
}
#endif
#endif
