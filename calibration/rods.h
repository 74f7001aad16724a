/* Calibration rods in a scan: find them, sample them.
 *
 *   cal_find_rods    scan + registry entry -> label map (LABEL_ROD_1 + i is rods[i] of the entry)
 *   cal_sample_rods  scan + label map + entry -> points of a calibration
 *
 * Finding, rods. Slabs of about 10 mm are averaged; in each, edges vote for circles of 4-15 mm
 * radius; circles that are uniform inside and near the front or back of the body are chained over
 * the slabs to straight lines; n lines in a row at equal pitch are the phantom. When there is no
 * such row the search is made again in slabs of 20 and of 40 mm: the sum along a rod is the matched
 * filter for it, and noise halves. A row with one more such body in line is not the phantom: it has
 * more rods, or one of them lies elsewhere. A rod without an edge (its HU are those of the plate)
 * is taken where the others say it is, if what is read there is within CAL_MOST_RESIDUAL of its
 * certificate on the line through the others. Rods are matched to the certificate along the row in
 * both directions: the phantom may be flipped, the patient may lie feet first. When both directions
 * fit equally the search stops and asks for labels. Finding,
 * plates (two-plate phantoms). Uniform regions of at least 300 mm2 near the table, one at 0.5-1.6
 * HU per mg/cm3 of the dense plate, the other near water, beside each other.
 *
 * Sampling. Each label is eroded in plane (partial volume), its first and last slices are dropped,
 * slices with less than 10 mm2 left are dropped, at least three must remain. A rod is set unused,
 * with the reason, when its SD is above three times the median SD of the rods, its slice means
 * drift by more than 5 HU (beyond two standard errors) along the scan, a voxel lies far below its
 * mean (air bubble), its values are clipped (saturated) or above 2500 HU (metal).
 */
#ifndef QCT_CALIBRATION_RODS_H
#define QCT_CALIBRATION_RODS_H

#include "calibration/fit.h"
#include "core/phantom_registry.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cal_rods_found {
  int flipped;      /* the first rod of the entry lies towards the patient's left */
  unsigned hidden;  /* bit i: rods[i] has no edge in the scan, its place follows from the others */
  double radius_mm; /* as found; NaN for plates */
  double pitch_mm;
  double score;           /* mean share of the circle that voted, 0..1 */
  double low_mm, high_mm; /* extent along the scan axis, from its first slice */
};

/**
 * Find the inserts of `entry` in a scan. The label map lies on the scan's grid, names are the rod
 * labels of the entry.
 *
 * @param[out] info  may be NULL
 * @param[in]  hu    any orientation; QUANTITY_HU
 * @return ST_DOMAIN when no row of entry->rod_count inserts is found (how many were), or both
 *         directions of the row fit equally well (labels are needed then)
 */
status cal_find_rods(struct labels **out, struct cal_rods_found *info, const struct volume *hu,
                     const struct phantom_entry *entry);

/* The same for several entries in turn: what is seen in the scan is kept between them. Holds a copy
 * of the scan; `hu` may be destroyed before it. */
struct cal_rod_search;
/** @return ST_DOMAIN when `hu` is no HU volume, ST_MEMORY */
status cal_rod_search_open(struct cal_rod_search **out, const struct volume *hu);
/** As cal_find_rods. */
status cal_rod_search_find(struct labels **out, struct cal_rods_found *info,
                           struct cal_rod_search *search, const struct phantom_entry *entry);
void cal_rod_search_close(struct cal_rod_search *search);

struct cal_sampling_options {
  double erode_mm;     /* NaN: the largest of 1 voxel, 2 mm and 30 % of the radius, less when the
                          insert would vanish */
  double min_area_mm2; /* per slice */
  int min_slices;
};
#define CAL_SAMPLING_DEFAULTS                                                                      \
  { .erode_mm = (double)NAN, .min_area_mm2 = 10, .min_slices = 3 }

/**
 * Sample the inserts into the points of `c` (one for each rod of the entry, in its order): mean,
 * SD, standard error (scatter of slice means, widened for their correlation), voxels, slices,
 * centre. Rods that cannot be trusted are kept unused with the reason.
 *
 * @param[in] rods  on the scan's grid; values LABEL_ROD_1 + i, or 1 + i
 * @return ST_DOMAIN naming the rod when a label is missing, an unknown label is there, a rod has
 * too little left, or more than 1 % of it is no data; grids that differ; fewer than 3 good rods (2
 * when the phantom has two)
 */
status cal_sample_rods(struct calibration *c, const struct volume *hu, const struct labels *rods,
                       const struct phantom_entry *entry,
                       const struct cal_sampling_options *options);

/**
 * One insert by itself: mean, SD, standard error, slices, centre of one label value. For measuring
 * inserts that are no part of the fit.
 */
status cal_sample_label(struct calibration_point *point, const struct volume *hu,
                        const struct labels *labels, int value,
                        const struct cal_sampling_options *options);

#ifdef __cplusplus
}
#endif
#endif
