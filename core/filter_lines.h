/* What separable filters share: the lines of voxels along one axis, several side by side in double.
 * For core/filter_smooth.c and core/filter_cubic.c only. */
#ifndef QCT_CORE_FILTER_LINES_H
#define QCT_CORE_FILTER_LINES_H

#include "core/status.h"

#include <stdint.h>

enum { FILTER_LANES = 16 };

/** Filter FILTER_LANES lines of n places, [n][FILTER_LANES] in and out; lanes without a line hold
 * any finite values. Called from several threads. */
typedef void (*line_filter)(double *out, const double *in, int64_t n, const void *user);

/** Every line along an axis of voxels [size[2]][size[1]][size[0]], in place. @return ST_MEMORY */
status filter_lines(float *voxels, const int64_t size[3], int axis, line_filter filter,
                    const void *user);

#endif
