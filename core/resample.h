/* A scan on another grid, chosen as a person would say it: so many millimetres, or like that image.
 */
#ifndef QCT_CORE_RESAMPLE_H
#define QCT_CORE_RESAMPLE_H

#include "core/filter.h"

enum resample_method { RESAMPLE_NEAREST, RESAMPLE_LINEAR, RESAMPLE_CUBIC, RESAMPLE_AVERAGE };

/**
 * Volume on `grid`, no data outside the input. Cubic: no data are taken for `fill` [unit of the
 * volume] while interpolating, and the result has none where the nearest voxel had none. Average:
 * the input is oriented first; the grid must then have its direction.
 * @return the statuses of filter_resample and filter_average_to
 */
status volume_resample(struct volume **out, const struct volume *in, const struct geometry *grid,
                       enum resample_method how, float fill);

#endif
