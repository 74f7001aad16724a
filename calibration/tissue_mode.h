/* The HU of a tissue from the histogram of its voxels: its mode, which partial volume and other
 * tissue in the sample move less than the mean.
 * Source: ogo2020 (modes of tissues); the parabola, the eighths and the censored fit are this
 * toolkit's.
 */
#ifndef QCT_CALIBRATION_TISSUE_MODE_H
#define QCT_CALIBRATION_TISSUE_MODE_H

#include "core/calibration.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAL_BINS = 3000, CAL_BIN_LOW = -1500, CAL_PARTS = 8 };

struct cal_histogram {
  int64_t count[CAL_PARTS][CAL_BINS]; /* bins of 1 HU, by eighths of the scan */
  int64_t total, slices;
  double sum, squares;
};

/**
 * Mode, SD and standard error of the mode (from the eighths that hold at least 100 voxels) into a
 * point; a mode more than 5 HU from the mean is put into its reason.
 * @param lowest  take the first peak from below that reaches a tenth of the highest: foam of the
 *                table is lighter than tissue, but nothing is lighter than air
 */
void cal_histogram_measure(struct calibration_point *p, const struct cal_histogram *h, bool lowest);

/** Air whose values below `clip` [HU] were set to it: the normal that is likeliest, censored at the
 * clip, for the values up to 30 HU above it; what lies further up may be foam and blankets. */
double cal_histogram_censored_mode(const struct cal_histogram *h, double clip);

/** Largest share of one value, 0..1, and the value [HU]. */
double cal_histogram_constant_share(const struct cal_histogram *h, double *value);

#ifdef __cplusplus
}
#endif
#endif
