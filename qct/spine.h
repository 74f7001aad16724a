/* Trabecular density of vertebral bodies, and what it is called.
 *
 * Rows per level (region "L1" ...): vbmd_trabecular, vbmd_sd (population SD), vbmd_median [mg/cm3].
 * Region "spine": vbmd_trabecular, the mean of two levels: L1 and L2, in their place T12 and then
 * L3 when one is excluded, missing or withheld; bmd_class (0 normal, 1 low, 2 osteoporosis, 3
 * severe osteoporosis, the word in `method`).
 *
 *   normal > 120, low 80 to 120 inclusive, osteoporosis < 80 mg/cm3, severe < 80 mg/cm3 with an
 *   insufficiency fracture, for postmenopausal women and elderly men and K2HPO4 calibrations. The
 *   fracture is the user's word, never read from heights: a body may be low for other reasons. With
 *   another or an unstated material, or with contrast medium, the class is withheld, the value not.
 *   With a correction for the medium all values are corrected, flagged with its line, and
 * classified.
 *
 * Automatic flags, never removal: 99th percentile above 1200 HU (needs the calibration), a level
 * that differs from the mean of its two neighbours by more than 40 mg/cm3, mean and median more
 * than 20 mg/cm3 apart. A body cut by the edge of the scan is withheld. The 95 % interval is that
 * of the calibration at the mean; a mean of two has that of its own value, because a calibration's
 * error is common to both. Source: chinese_qct_2020 (levels, classes); the limits of the flags are
 * proposals of this toolkit
 */
#ifndef QCT_QCT_SPINE_H
#define QCT_QCT_SPINE_H

#include "core/calibration.h"
#include "core/record.h"
#include "qct/contrast.h"
#include "qct/region.h"
#include "qct/spine_roi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct qct_spine_options {
  struct qct_roi_options roi;
  int min_voxels;                 /* a region with fewer is withheld; noise of 30 HU leaves the mean
                                     of 100 uncertain by 3 HU */
  bool wanted[VERTEBRA_LEVELS];   /* levels to report, by level; none: all of T12 to L5 */
  bool excluded[VERTEBRA_LEVELS]; /* by the user: fracture, metal, sclerosis, cement */
  bool any_material;              /* classify whatever the material: the user's own judgement */
  bool fracture;                  /* the user knows of an insufficiency fracture */
  const struct qct_contrast_correction *correction; /* borrowed; NULL: none */
};
#define QCT_SPINE_DEFAULTS                                                                         \
  { .roi = QCT_ROI_DEFAULTS, .min_voxels = 100 }

enum qct_bmd_class { QCT_NORMAL, QCT_LOW, QCT_OSTEOPOROSIS, QCT_SEVERE };
/** "normal", "low", "osteoporosis", "severe osteoporosis". */
const char *qct_bmd_class_name(enum qct_bmd_class c);
/** 120.0 and 80.0 are low, with a fracture or without. */
enum qct_bmd_class qct_spine_class(double mg_cm3, bool fracture);

/**
 * @param density     QUANTITY_DENSITY
 * @param roi         of qct_spine_roi, on the density's grid
 * @param calibration for intervals and the metal flag; NULL: none
 * @param contrast    NULL: not judged
 * @return ST_DOMAIN when `density` is no density, grids differ, or no wanted level has a frame
 */
status qct_spine_vbmd(struct record *r, const struct volume *density, const struct labels *roi,
                      const struct vertebra_frames *frames, const struct calibration *calibration,
                      const struct qct_contrast *contrast, const struct qct_spine_options *options);

#ifdef __cplusplus
}
#endif
#endif
