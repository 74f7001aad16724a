/* The true answers of a digital hip, from its parameters: never from painted voxels.
 *
 * Volumes and contents by midpoint quadrature on offset grids of step h, h/2, h/4; the value is the
 * finest, the error |finest - the one before|, both are written. Everything is computed in the side
 * frame, so pose and side cannot change it. The neck axis is the definition's on the exact solid
 * (phantom/neck_truth.h), not the planted one. Region planes are those of hip_frame_region
 * (core/frame.h) on the true frame; the shaft ends where the image ends.
 */
#ifndef QCT_PHANTOM_HIP_TRUTH_H
#define QCT_PHANTOM_HIP_TRUTH_H

#include "phantom/neck_truth.h"
#include "phantom/structure_truth.h"

enum truth_region {
  TRUTH_HEAD,
  TRUTH_NECK,
  TRUTH_TROCHANTER,
  TRUTH_INTERTROCHANTER,
  TRUTH_SHAFT,
  TRUTH_TOTAL,          /* all but the shaft */
  TRUTH_TOTAL_NO_HEAD,  /* total without the head */
  TRUTH_FEMUR,          /* all in the image */
  TRUTH_PROJECTED_NECK, /* of hip_frame_projected_region */
  TRUTH_PROJECTED_TROCHANTER,
  TRUTH_PROJECTED_INTERTROCHANTER,
  TRUTH_PROJECTED_TOTAL, /* these three */
  TRUTH_REGIONS
};
const char *truth_region_name(enum truth_region r);

/* Sums over a region at one step. Volumes mm3; contents mg: of each density of phantom/tissue.h */
enum { TRUTH_MINERAL, TRUTH_K2HPO4, TRUTH_HA, TRUTH_DENSITIES };
struct truth_sums {
  double volume, cortical_volume;
  double content[TRUTH_DENSITIES], cortical_content[TRUTH_DENSITIES];
};

struct hip_truth {
  struct hip_frame frame;       /* world */
  struct hip_frame local;       /* side frame */
  struct truth_section section; /* at the neck point */
  struct structure_truth structure;
  struct truth_sums sums[3][TRUTH_REGIONS]; /* at h, h/2, h/4 */
  double step_mm;                           /* h/4 */
  double neck_shaft_planted_deg; /* of the planted neck axis with the line fitted to the shaft */
  double neck_shaft_tangent_deg; /* with the shaft's tangent at P0: the parameter */
};

/**
 * @param grid the image: bounds the shaft; NULL: 130 mm below the head centre
 * @param step h [mm], 0.5..4
 */
status hip_truth_compute(struct hip_truth *out, const struct hip_body *body, enum side side,
                         const struct geometry *grid, double step);

/** Volume [mm3] and BMC, vBMD of integral, cortical and trabecular, of every region and density,
 * each {"value", "error", "unit"}. Owned by the caller. */
cJSON *hip_truth_regions_json(const struct hip_truth *t);
cJSON *hip_truth_section_json(const struct hip_truth *t);
/** Of neck, trochanter, intertrochanter and total: silhouette [mm2], bmc [g], abmd [g/cm2] of every
 * density. */
cJSON *hip_truth_projected_json(const struct hip_truth *t);

#endif
