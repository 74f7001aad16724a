/* Statistics of any label of any map: what one region of an image holds.
 *
 * Trimming, in this order: eroded by a Euclidean distance in mm (the border of the grid does not
 * erode), its largest part by faces, its ends cut off by percent of its extent along its own axis:
 * the principal axis of its voxels that is nearest to cranial.
 *
 * A voxel of exactly 0 counts; a voxel without data does not and is counted apart. SD is that of
 * the population (1/n). Percentiles interpolate between order statistics (Hyndman-Fan type 7).
 * Volume is voxels with data times the volume of a voxel, mineral content their sum of density.
 * Source: closed forms
 */
#ifndef QCT_QCT_REGION_H
#define QCT_QCT_REGION_H

#include "core/calibration.h"
#include "core/record.h"
#include "core/volume.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the unit of the image; NaN when the region is empty. */
struct qct_roi_stats {
  int64_t n, no_data;
  int64_t below_0, above_1500; /* yellow marrow; metal or table (of a density) */
  double mean, sd, median;
  double least, p5, p25, p75, p95, p99, most;
};
/** @param roi on the grid of `image`; an absent value gives n = 0. @return ST_MEMORY */
status qct_roi_measure(struct qct_roi_stats *out, const struct volume *image,
                       const struct labels *roi, int value);

struct qct_region_options {
  double erode_mm;     /* 0..20 */
  bool keep_largest;   /* part by faces */
  double clip_caudal;  /* percent of the extent, 0..90; both together at most 90 */
  double clip_cranial; /* percent */
  int min_voxels;      /* a region with fewer after trimming is withheld */
};
#define QCT_REGION_DEFAULTS                                                                        \
  { .min_voxels = 200 }

/** Trim one value of a map in place; other values and an absent value are left as they are.
 * @return ST_DOMAIN when an option is out of its range; ST_MEMORY */
status qct_region_trim(struct labels *l, int value, const struct qct_region_options *options);

/**
 * Append the rows of one label, in `region`:
 *   density   volume [cm3], bmc [mg], vbmd, vbmd_median, vbmd_sd, vbmd_p5, vbmd_p25, vbmd_p75,
 *             vbmd_p95, vbmd_min, vbmd_max [mg/cm3], fraction_below_0, fraction_above_1500
 *   HU        volume, hu_mean, hu_median, hu_sd, hu_p5 ... hu_max [HU]
 *   others    volume, value_mean ... value_max
 * and border_voxels, those of the label (before trimming) in the outermost layers of the grid.
 * n is the voxels with data after trimming. An absent label gives n = 0 and empty values.
 *
 * @param calibration  for 95 % intervals of bmc, vbmd and vbmd_median; NULL: none
 * @param options      NULL takes QCT_REGION_DEFAULTS
 * @return ST_DOMAIN when the grids differ or an option is out of its range; ST_MEMORY
 */
status qct_region_rows(struct record *r, const char *region, const struct volume *image,
                       const struct labels *labels, int value,
                       const struct calibration *calibration,
                       const struct qct_region_options *options);

#ifdef __cplusplus
}
#endif
#endif
