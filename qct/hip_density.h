/* Volumetric density of the proximal femur by region and compartment.
 *
 * Regions: the planes of hip_frame_region (core/frame.h) part the periosteal mask into head, neck,
 * trochanter and intertrochanter; "total" is all four, "total_no_head" all but the head.
 * Compartments: integral (everything inside the mask), cortical and trabecular, which add up to it.
 *
 * Cortex, model (the default): a sub-voxel shell fitted along the surface normals with the cortical
 * density and blur of this bone (qct/shell.h). Volumes are those of the fitted surfaces, and what
 * blur and partial volume carried out of the bone counts.
 *
 * Where a cortex is thinner than the blur its mass is measured but not its density: the model gives
 * it that of the thick cortex, and its volume follows. A thin cortex that is 12 % less dense than
 * that reads 9 % too dense and as much too small, its mass right within 2 %. Such rows are flagged.
 * Without thick cortex in the label (fewer than 50 places where blur leaves a plateau,
 * core/profile.h) that density is a guess: cortical density and volume are withheld.
 *
 * Marrow space within half a slice's box and 4 SD of the blur below the cortex is not read there
 * but continued from the 3 mm behind it as a line in depth (qct/shell.h). Fitted together with the
 * cortex, that density took up what a profile of slices differs from its model: the trabecular
 * density of digital necks read 2 % high on slices of 1 mm and 5 to 8 % on 3 mm, noise or not.
 *
 * "peeled" is the trabecular compartment from peel_mm below where it ends (the fitted inner
 * surface, or the Euclidean distance between voxels), its plain mean: clear of the cortex's blur.
 *
 * Cortex, half-max: from each point of the mask's surface density is sampled along
 * the inward normal every 0.1 mm to 8 mm; c = peak within 4 mm, b = median at 5..8 mm; the
 * endosteum is where density first falls below (c + b)/2 after the peak. Where c - b < 150 mg/cm3,
 * or nothing falls below, thickness is not resolved and takes the median of its neighbours. A voxel
 * is cortical when it lies nearer to the surface than the thickness there. Known bias: a cortex
 * thinner than the blur of the scan is overestimated in thickness and underestimated in density
 * (0.90 +- 0.92 mm for relative thresholds in 16 femora, treece2010). Cortical numbers carry a flag
 * when the voxels are larger than 1.5 mm. Cortex, fixed: density >= `threshold`.
 *
 * A region that the end of the bone cuts is withheld: the neck must not reach into its last slice,
 * the trochanter needs bone to the origin of
 * the frame, intertrochanter and totals to 10 mm below the lesser trochanter (frame->distal_mm).
 *
 * Model: a voxel that a plane cuts counts on both sides by its shares; by the voxels' centres
 * volumes and densities followed where thick slices happen to lie. Half-max, fixed: by its centre.
 *
 * n counts voxels with data, at their centres; voxels without are left out and flagged. The 95 %
 * interval of a density or content joins that of the calibration at the mean with, for the model,
 * what outline, frame and separation were off over digital people (qct/hip_interval.h; none is
 * given where that is not known), which is all there is to the interval of a volume; of the other
 * cortices it is not known, and their intervals are the calibration's alone. Noise of the mean over
 * thousands of voxels is far below. Values of exactly 0 mg/cm3 count. Source: treece2010
 * (half-max thickness and its bias); regions: core/frame.h
 */
#ifndef QCT_QCT_HIP_DENSITY_H
#define QCT_QCT_HIP_DENSITY_H

#include "core/calibration.h"
#include "core/frame.h"
#include "core/record.h"
#include "core/surface.h"
#include "qct/shell.h"

#include <math.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values of a split mask. */
enum { QCT_CORTICAL = 1, QCT_BESIDE_CORTEX = 2, QCT_TRABECULAR = 3 };

enum qct_cortex { QCT_CORTEX_MODEL, QCT_CORTEX_HALF_MAX, QCT_CORTEX_FIXED };
/** "model", "half-max", "fixed"; NULL-terminated. */
extern const char *const qct_cortex_names[];

struct qct_hip_options {
  int cortex; /* enum qct_cortex */
  double
      threshold_mgcc; /* of QCT_CORTEX_FIXED [mg/cm3]; no default: values depend on the phantom */
  int min_voxels;     /* a region or compartment with fewer is withheld */
  bool as_is;     /* no edge correction: sums of the voxels inside the mask; not with the model */
  double peel_mm; /* taken off the trabecular compartment for "peeled", 0..10 [mm] */
};
#define QCT_HIP_DEFAULTS                                                                           \
  { .cortex = QCT_CORTEX_MODEL, .threshold_mgcc = (double)NAN, .min_voxels = 200, .peel_mm = 3 }

/**
 * Append rows to `r`, region "<region>_<side>" (head, neck, trochanter, intertrochanter, total,
 * total_no_head), quantities
 *   volume_integral, volume_cortical, volume_trabecular, volume_peeled   [cm3]
 *   bmc_integral, bmc_cortical, bmc_trabecular, bmc_peeled               [mg]
 *   vbmd_integral, vbmd_cortical, vbmd_trabecular, vbmd_peeled           [mg/cm3]
 * The method of every row names how the cortex was parted.
 *
 * @param density     QUANTITY_DENSITY
 * @param labels      on the density's grid; `label` is the periosteal mask of one femur
 * @param frame       of the same femur; its side names the regions
 * @param calibration for intervals; NULL: none are given
 * @param options     NULL takes QCT_HIP_DEFAULTS
 * @param shell       qct_shell_make of the same density and label; NULL: fitted here
 * @return ST_DOMAIN when `density` is no density, grids differ, the label is absent, the frame has
 *         no axes, a fixed cortex has no threshold, or peel_mm is out of its range
 */
status qct_hip_regions(struct record *r, const struct volume *density, const struct labels *labels,
                       int label, const struct hip_frame *frame,
                       const struct calibration *calibration, const struct qct_hip_options *options,
                       const struct qct_shell *shell);

/** Smoothed surface of a label with normals, as the functions here use it. */
status qct_bone_surface(struct surface **out, const struct labels *labels, int label);

/**
 * Part a periosteal mask, by half-max or a fixed threshold, into QCT_CORTICAL, QCT_BESIDE_CORTEX
 * (trabecular voxels within the larger of 2 mm and the longest voxel edge of the endosteum, which
 * blur mixes with cortex) and
 * QCT_TRABECULAR; 0 elsewhere. A fixed cortex has no zone beside it.
 * @param[out] resolved  share of surface points at which the half-max thickness was resolved; NULL
 *                       ok; 1 for a fixed cortex
 * @param      surface   qct_bone_surface of the label; NULL ok for a fixed cortex
 * @return ST_DOMAIN also for QCT_CORTEX_MODEL, which does not part voxels: see qct_shell_make
 */
status qct_cortex_split(struct labels **out, double *resolved, const struct volume *density,
                        const struct labels *labels, int label, const struct surface *surface,
                        const struct qct_hip_options *options);

#ifdef __cplusplus
}
#endif
#endif
