/* How far the figures of a hip are off by what is no calibration, for their intervals.
 *
 * What outline, frame, separation and blur leave of an error was measured on 15 digital people
 * (1020 to 1034, from the scan alone under the ideal calibration) on pixels of 0.7 mm and slices of
 * 1 and 3 mm by benchmarks/hip_interval.sh: the root mean square of each figure, hip_interval.def.
 * Most are a share of the value; angles, centroids, and trabecular densities and contents are in
 * their unit (contents: per cm3 of volume), because it is cortex that leaks. Between and beyond the
 * two slices along the line. Voxels beyond 1 x 1 x 3.5 mm are not covered by it. A root mean square
 * of 15 is known to 18 %: half of the 95 % interval is 2.131 of them (Student's t, 15 degrees of
 * freedom). How often the intervals hold the truth of 20 other people: qct/README.md.
 * Source: closed forms
 */
#ifndef QCT_QCT_HIP_INTERVAL_H
#define QCT_QCT_HIP_INTERVAL_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Do those people stand for a scan's voxels? @param spacing [mm], any order */
bool qct_hip_interval_known(const double spacing[3]);

/**
 * Half-width of the 95 % interval of a figure, in its unit, without its calibration's part.
 * @param region   without the side: "narrow_neck", "total", "femur"
 * @param quantity "csmi_w", "vbmd_integral"
 * @return NaN: not known for such voxels or of this figure. Of "bmc_trabecular" per cm3 of volume
 */
double qct_hip_half_width(const double spacing[3], const char *region, const char *quantity,
                          double value);

#ifdef __cplusplus
}
#endif
#endif
