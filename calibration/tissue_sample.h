/* The patient's own reference materials: external air, subcutaneous fat, muscle, blood.
 *
 *   air     outside, at least 10 mm from body, table, padding, and beside places of 9 mm of one
 * value, painted outside the field or by who cut the scan; the lowest mode of the histogram
 * (foam of the table is denser), whatever its value: a window around -1000 would hide drift fat
 * body within 35 mm of the outside, smoothed -150..-50 HU, eroded by 3 mm; mode muscle  by label
 * where a label map names muscle, else posterior of the skeleton's centre, away from the bowel:
 * smoothed 0..100 HU (with contrast 20..150), eroded by 3 mm; mode blood   the aorta's label eroded
 * by 3 mm without values beyond 3 SD; only without contrast agent and below 70 HU Windows are
 * applied to means over 3 mm blocks, so that noise does not cut the histogram. The mode is the top
 * of a parabola through the logarithm of the smoothed histogram; its standard error comes from
 * eight parts of the scan. A mode more than 5 HU from the mean is a warning.
 *
 * Expected HU, refused outside unless `force`: air -1030..-980, adipose -130..-70, blood -20..60,
 * muscle -5..65 (contrast: to 150). Below 120 kV the lower end for fat falls with the attenuation
 * of adipose tissue (to -143 HU at 80 kV), at a quarter of a keV for each kV about 70 keV: a choice
 * of this toolkit.
 * Source: ogo2020 (expected HU and tolerances, 10 mm2 per slice), xcom2010
 */
#ifndef QCT_CALIBRATION_TISSUE_SAMPLE_H
#define QCT_CALIBRATION_TISSUE_SAMPLE_H

#include "calibration/fit.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { /* values of the map of samples */
       CAL_SAMPLE_AIR = 1,
       CAL_SAMPLE_FAT = 2,
       CAL_SAMPLE_MUSCLE = 3,
       CAL_SAMPLE_BLOOD = 4
};

struct cal_tissue_options {
  const struct labels *labels; /* TotalSegmentator dictionary on the scan's grid, or NULL: names
                                  muscles and the aorta; labelled rods are left out of the body */
  bool blood;                  /* sample blood (needs the aorta's label) */
  bool force;                  /* keep tissues outside the expected HU, with a warning */
  double beyond_hu;            /* the same for those at most so far outside [HU] */
};

/**
 * Append points "air", "adipose", "muscle" and "blood" to `c`. A tissue that is not there, or too
 * small (500 voxels), is appended unused with the reason.
 *
 * @param[out] where  the voxels that were used (CAL_SAMPLE_*), owned by the caller; NULL: not
 * wanted
 * @param[in]  hu     any orientation
 * @param[in]  body   from body_find on the same scan
 * @return ST_DOMAIN when air is outside the expected HU or constant (padding painted as air), fat
 * or muscle is outside the expected HU, blood was asked for with contrast agent or without the
 *         aorta
 */
status cal_sample_tissues(struct calibration *c, struct labels **where, const struct volume *hu,
                          const struct labels *body, const struct cal_tissue_options *options);

#ifdef __cplusplus
}
#endif
#endif
