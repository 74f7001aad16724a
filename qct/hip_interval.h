/* How far densities, contents and volumes of the femur's regions by the model are off, for their
 * intervals.
 *
 * What outline, frame and separation leave of an error was measured on 15 digital people on slices
 * of 1 and 3 mm (qct/README.md): the root mean square by region and compartment, a share of volumes
 * and of integral and cortical densities and contents; mg/cm3 of trabecular densities, and of
 * trabecular contents mg per cm3 of volume, because it is cortex that leaks.
 * Between and beyond along the line. Voxels beyond 1 x 1 x 3.5 mm are not covered by it. A root
 * mean square of 15 is known to 18 %: the interval is 2.131 of them (Student's t, 15 degrees of
 * freedom). Source: closed forms
 */
#ifndef QCT_QCT_HIP_INTERVAL_H
#define QCT_QCT_HIP_INTERVAL_H

#include "core/geometry.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  HIP_INTERVAL_REGIONS = 6
}; /* head, neck, trochanter, intertrochanter, total, without head */
enum hip_interval_part { HIP_PART_INTEGRAL, HIP_PART_CORTICAL, HIP_PART_TRABECULAR };
enum hip_interval_quantity { HIP_DENSITY, HIP_CONTENT, HIP_VOLUME };

/** Do those people stand for a scan's voxels? */
bool qct_hip_interval_known(const struct geometry *g);

/** Half-width of the 95 % interval of a quantity [mg/cm3, mg, cm3] without its calibration's part,
 * of a compartment with this density [mg/cm3] and volume. */
double qct_hip_interval(const struct geometry *g, int region, enum hip_interval_part part,
                        enum hip_interval_quantity quantity, double density, double volume_cm3);

#ifdef __cplusplus
}
#endif
#endif
