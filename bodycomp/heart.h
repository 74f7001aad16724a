/* The heart's sac by rule, when no mask of the pericardium is given: what lies between the lungs,
 * above the diaphragm and in front of the spine, around the thick soft tissue there.
 *
 *   1. on a 2 mm grid: body, both lungs (lungs.h)
 *   2. mediastinum: in every axial slice the convex hull of the lungs within 24 mm, less the lungs
 *   3. diaphragm: the lowest lung voxel of every column, carried on under the heart by the harmonic
 *      function through those heights
 *   4. top: 20 mm below the fork of the airway (about the fork of the pulmonary artery); without an
 *      airway the top of 6, flagged. The airway is the longest part of what is nearer to air than
 * to the thinner lung: that parts it from the lung where slices of 5 mm hide the wall between
 *   5. front edge of the spine from the bone behind the middle of the body
 *   6. core: soft tissue above -30 HU inside 2 to 5, opened by a ball of 12 mm (which drops the
 *      oesophagus and most of the aorta behind), largest part
 *   7. the core made convex in axial, then coronal, then sagittal slices, within 2 to 5
 *   8. sac: widened to the line of the pericardium in the fat where that is seen (membrane.h)
 *   9. bone that it touches is taken out (heart_drop_bone)
 *
 * A guess with a stated confidence, not an outline by a reader: the pericardium itself is seldom
 * visible without contrast. What is inside and outside the sac is named so, because "epicardial"
 * and "pericardial" are swapped in the literature. Rows carry method=rule.
 * Source: none published (own rule); tried on one whole chest and on digital chests with truth.
 */
#ifndef QCT_BODYCOMP_HEART_H
#define QCT_BODYCOMP_HEART_H

#include "bodycomp/tissue.h"
#include "core/picture.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HEART_SAC = 1, HEART_MEDIASTINUM = 2 };

struct heart_info {
  double sac_mm3, mediastinum_mm3;
  double top_z_mm, bottom_z_mm; /* LPS; of the sac */
  double right_lung_mm3, left_lung_mm3;
  double pericardium_seen; /* share of the directions with fat in which its line is seen */
  double confidence;       /* 0..1: see heart_find */
  char flags[256];         /* what lowers it */
};

/**
 * HEART_SAC and HEART_MEDIASTINUM (the rest between the lungs, at the levels of the sac) on the
 * scan's grid.
 *
 * Confidence starts at 0.8 (a rule is never certain) and is halved for each of: no airway found,
 * a pericardium seen in less than a tenth of the directions with fat, a sac below 300 or above 1300
 * ml, a sac that reaches the end of the scan, a lung below 500 ml.
 *
 * @return ST_DOMAIN: not HU; a lung missing (the heart is found between two); no thick soft tissue
 * between them
 */
status heart_find(struct labels **out, struct heart_info *info, const struct volume *hu);

/**
 * Take bone out of HEART_SAC, which would count as calcium: voxels of 130 HU and more that are
 * connected with 10 ml or more of such voxels outside the sac (of those within 20 mm of its box).
 * Calcium that crosses the sac's border is smaller and stays.
 * @return ST_DOMAIN: grids differ; ST_MEMORY
 */
status heart_drop_bone(struct labels *sac, const struct volume *hu);

/* ---- fat of the heart ---- */

/* Windows in use: -190..-30, and -190..-40 and -190..-45 on chest CT that was not gated, which
 * bring the volume nearer to that of CT angiography and the mean HU farther from it. */
extern const struct tissue_window heart_fat_windows[];
/** "standard", "non-gated-40", "non-gated-45" with a NULL at the end. */
extern const char *const heart_fat_window_names[];

/* A volume above which risk was said to rise; a preset, never a diagnosis. */
enum heart_fat_limit { HEART_FAT_NO_LIMIT, HEART_FAT_250 };
/** "none", "pericardial-250" with a NULL at the end. */
extern const char *const heart_fat_limit_names[];

struct heart_fat_options {
  struct tissue_window fat;   /* -190..-30 */
  double height_m, weight_kg; /* for the fat per body surface; NaN when not known */
  int median;                 /* 1: HU are medians of 3 x 3 x 3 voxels, as in one published way */
  double slice_z_mm;          /* also of the slice here, LPS; NaN: none */
  enum heart_fat_limit limit;
};
#define HEART_FAT_DEFAULTS                                                                         \
  {                                                                                                \
    .fat = {"fat", -190, -30, "derstine2018"}, .height_m = (double)NAN, .weight_kg = (double)NAN,  \
    .slice_z_mm = (double)NAN                                                                      \
  }

/**
 * Rows fat_inside_sac and fat_outside_sac [cm3], their mean HU and SD [HU], fat_inside_sac_per_bsa
 * [cm3/m2] (Mosteller: sqrt(height[cm] weight[kg] / 3600)), sac_volume [cm3], sac_first_z and
 * sac_last_z [mm, LPS], the centres of the lowest and highest slice that hold the sac: what lies
 * between is measured, whatever the limits of another definition. With slice_z_mm also
 * fat_inside_sac_slice_area [cm2] and _volume [cm3] of the nearest slice (one way in use takes that
 * of the left main coronary artery, which must be pointed at: nothing here finds it). With a limit
 * fat_inside_sac_above_limit, 1 or 0.
 *
 * @param sac  label map with `inside` (the sac, from heart_find or a reader) and, when not 0,
 *             `outside`
 * @return ST_DOMAIN: not HU, slices not axial, grids differ, a window that ends before it begins,
 * no voxel of `inside` ("no mask is not no fat"), slice_z_mm at no slice of the sac, a height
 * outside 0.5..3 m, a weight of 0 or less or above 500 kg. Source: derstine2018 (window),
 * eat_nongated2022, mosteller1987, heartaortanet (limit)
 */
status heart_fat_record(struct record *r, const struct volume *hu, const struct labels *sac,
                        int inside, int outside, const char *method,
                        const struct heart_fat_options *options);
/** On the rows of heart_fat_record of a sac by heart_find: what lowers the confidence, and on
 * fat_inside_sac what the rule missed by in digital chests (benchmarks/bodycomp_truth.sh). */
void heart_rule_flags(struct record *r, const struct heart_info *info);
/** Axial, coronal and sagittal plane through the middle of the sac, its outline, fat inside and
 * outside shaded. */
status heart_picture(struct picture **out, const struct volume *hu, const struct labels *sac,
                     int inside, int outside, const struct heart_fat_options *options);

#ifdef __cplusplus
}
#endif
#endif
