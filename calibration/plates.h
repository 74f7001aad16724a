/* Finding the two plates of an Osteo-type phantom (rods.h). */
#ifndef QCT_CALIBRATION_PLATES_H
#define QCT_CALIBRATION_PLATES_H

#include "calibration/rods.h"
#include "calibration/slabs.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Paint the two plates of `entry` into `l` (LABEL_ROD_1 + i).
 * @param v  direction nearest to identity; l on its grid, slabs of it
 * @return ST_DOMAIN when there is no pair of uniform regions like it
 */
status cal_find_plates(struct labels *l, struct cal_rods_found *info, const struct volume *v,
                       const struct cal_slabs *slabs, const struct phantom_entry *entry);

#ifdef __cplusplus
}
#endif
#endif
