/* Convex hull of a planar region given by its rows. */
#ifndef QCT_CORE_HULL_H
#define QCT_CORE_HULL_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Widen the pixel span low[j]..high[j] of every row to that of the convex hull of all pixel
 * centres; rows outside the hull stay empty (low > high).
 *
 * @param[in,out] low, high  [rows], inclusive; an empty row has high < low
 * @return ST_MEMORY
 */
status hull_fill_rows(int64_t *low, int64_t *high, int64_t rows);

#ifdef __cplusplus
}
#endif
#endif
