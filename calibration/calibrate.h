/* The four ways from a scan to a calibration, each one call; and its application.
 *
 *   cal_from_rods      an in-scan phantom whose rods are labelled
 *   cal_from_phantom   an in-scan phantom: finds the rods first
 *   cal_from_tissues   no phantom: tissue line, physics, michalski2020 or the user's regression
 *   cal_apply          a calibration -> density volume, when scan and calibration belong together
 *
 * Every calibration comes sealed (id), with scanner key, points, residuals, covariance and
 * warnings. What is refused leaves the output untouched. Material: that of the phantom;
 * MATERIAL_UNSTATED for the published tissue table unless the caller assumes one, which is recorded
 * as a warning.
 */
#ifndef QCT_CALIBRATION_CALIBRATE_H
#define QCT_CALIBRATION_CALIBRATE_H

#include "calibration/physics.h"
#include "calibration/rods.h"
#include "calibration/tissue_line.h"
#include "calibration/tissue_sample.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cal_phantom_options {
  struct cal_fit_options fit;
  struct cal_sampling_options sampling;
  bool built_in; /* the entry's numbers are the built-in ones: warn to compare the certificate */
};
#define CAL_PHANTOM_DEFAULTS                                                                       \
  { .fit = CAL_FIT_DEFAULTS, .sampling = CAL_SAMPLING_DEFAULTS, .built_in = true }

/**
 * Sample, fit, judge; drop rods that cannot be trusted (rods.h) and fit again without them. Notes
 * the diameter of what lies in the scan.
 * @param[in] hu    QUANTITY_HU
 * @param[in] rods  label map on the same grid, see cal_sample_rods
 * @return as cal_sample_rods, cal_fit_points, cal_accept; ST_DOMAIN when no voxel is below 0
 * (stored values without their rescale)
 */
status cal_from_rods(struct calibration *out, const struct volume *hu, const struct labels *rods,
                     const struct phantom_entry *entry, const struct cal_phantom_options *options);

/**
 * cal_find_rods, then cal_from_rods.
 * @param[out] rods  the label map found, owned by the caller; NULL: not wanted
 * @param[out] info  NULL: not wanted
 */
status cal_from_phantom(struct calibration *out, struct labels **rods, struct cal_rods_found *info,
                        const struct volume *hu, const struct phantom_entry *entry,
                        const struct cal_phantom_options *options);

enum cal_internal_method {
  CAL_TISSUE_LINE,
  CAL_PHYSICS,
  CAL_MICHALSKI,
  CAL_REGRESSION,
  CAL_LEARNED /* learned_line.h; needs a table from cal_learn */
};
/** "tissue-line", "physics", "michalski2020", "regression", "learned"; NULL-terminated. */
extern const char *const cal_internal_names[];

struct cal_internal_options {
  int method;                           /* enum cal_internal_method */
  const struct cal_tissue_table *table; /* tissue line; NULL: cal_tissue_table_published */
  struct cal_physics_options physics;
  const char *regression; /* path of the user's coefficients */
  struct cal_tissue_options tissues;
  int assume_material; /* enum material for a table that does not state one;
                          MATERIAL_NONE: none */
  double bone_hu;      /* michalski2020: mean HU of the cortical sample, NaN: without
                          bone */
};
#define CAL_INTERNAL_DEFAULTS                                                                      \
  { .physics = CAL_PHYSICS_DEFAULTS, .bone_hu = (double)NAN }

/** CAL_LEARNED when the table holds a regression, else CAL_TISSUE_LINE. */
int cal_method_of_table(const struct cal_tissue_table *table);

/**
 * Find the body, sample the tissues, calibrate.
 *
 * @param[out] where  voxels that were sampled (CAL_SAMPLE_*), owned by the caller; NULL: not wanted
 * @param[in]  body   from body_find; NULL: found here, and its diameter is noted in the calibration
 *                    unless the field of view cuts it
 * @return as cal_sample_tissues and the method's own; ST_USAGE when a material is assumed for a
 *         table that states its own
 */
status cal_from_tissues(struct calibration *out, struct labels **where, const struct volume *hu,
                        const struct labels *body, const struct cal_internal_options *options);

/**
 * Diameter [mm] of the cylinder of water that attenuates like all that lies in a slice, body and
 * table (and a phantom, which hardens the beam too), mean over slices: 2 sqrt(sum (HU/1000 + 1) A /
 * pi) over the labelled voxels. Means nothing when the body is cut by the field of view.
 * Source: aapm220 (there without the table)
 */
double cal_water_diameter(const struct volume *hu, const struct labels *body);

/** The same with the body found here; NaN when the field of view cuts it. @return as body_find */
status cal_scan_diameter(double *mm, const struct volume *hu);

/**
 * State a material for a calibration whose source does not: the choice is written into the warnings
 * and changes the id. Does nothing to the numbers.
 * @return ST_USAGE when the calibration states its material already, or `m` is not K2HPO4 or HA
 */
status cal_assume_material(struct calibration *c, enum material m);

/* What two scanner keys ("maker|model|serial|kVp|kernel") have in common. */
struct cal_key_match {
  bool scanner, kvp, kernel; /* equal and known on both sides */
  bool unknown;              /* scanner or kVp unknown on a side */
};
struct cal_key_match cal_compare_keys(const char *a, const char *b);
/** Tube voltage [kV] of a key, NaN when it is not known. */
double cal_key_kvp(const char *key);

/**
 * Density volume of a scan. The calibration must come from the same scanner and kVp as the scan.
 *
 * @param[in] force  apply in spite of another scanner or unknown keys (another kVp is never
 * allowed)
 * @return ST_DOMAIN when kVp differs, the scanner differs or no voxel is below 0 HU (without
 * force), or `hu` is no HU volume Source: reeves2018 (kVp drives slope and intercept)
 */
status cal_apply(struct volume **density, const struct calibration *c, const struct volume *hu,
                 bool force);

/* ---- named conversions between materials; never silent ---- */

enum cal_conversion { CAL_FAULKNER1993, CAL_GOODSITT_80, CAL_GOODSITT_140 };
/** "faulkner1993", "goodsitt1992-80kv", "goodsitt1992-140kv"; NULL-terminated. */
extern const char *const cal_conversion_names[];

/**
 * Convert a calibration from K2HPO4 to HA, or back, by a published relation:
 *   faulkner1993        HA = 1.15 K2HPO4 - 7.32 mg/cm3
 *   goodsitt1992-80kv   K2HPO4 = 0.86 HA,  goodsitt1992-140kv  K2HPO4 = 0.81 HA   (single energy)
 * The two disagree in form; neither is a default. The conversion is named in `method` and warned
 * of. A calibration of another kVp than that of goodsitt1992 is warned of.
 * @return ST_DOMAIN when the calibration's material is neither, or already `to`, or it was
 * converted before
 */
status cal_convert(struct calibration *c, enum material to, enum cal_conversion by);

#ifdef __cplusplus
}
#endif
#endif
