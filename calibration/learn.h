/* Learn the reference densities of tissues from scans that hold a phantom (tissue_line.h).
 *
 * In each scan e_t = slope*HU_t + intercept with that scan's own phantom calibration; the table is
 * the mean over people and the covariance between tissues (n - 1); beside it mean and covariance of
 * slope, intercept, size and HU for the regression of learned_line.h. All scans must come from one
 * scanner and kVp and one phantom material: what is learned holds for that key.
 */
#ifndef QCT_CALIBRATION_LEARN_H
#define QCT_CALIBRATION_LEARN_H

#include "calibration/tissue_line.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param[in] phantom  phantom calibration of each scan, shape [n]
 * @param[in] tissues  calibration whose points are the tissues of the same scan, shape [n]
 * @return ST_DOMAIN with fewer than 3 scans, scanner, kVp or material that differ (which scan), or
 *         fewer than two tissues (air among them) present in every scan
 */
status cal_learn(struct cal_tissue_table *out, const struct calibration *phantom,
                 const struct calibration *tissues, int n);

#ifdef __cplusplus
}
#endif
#endif
