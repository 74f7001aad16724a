/* True sections and true projection of a digital hip, from its solids: for hip structure and areal
 * density. Same rules as phantom/hip_truth.h: side frame, quadrature, no voxels.
 *
 * Sections: means over a slab of 5 mm (11 planes) at
 *   narrow_neck      across the neck axis at the neck point (phantom/neck_truth.h)
 *   intertrochanter  through the frame's origin, along the bisector of neck and shaft axis
 *   shaft            perpendicular to the shaft axis, 20 mm below the lesser trochanter's tip
 * each the piece of bone at the plane's centre.
 */
#ifndef QCT_PHANTOM_STRUCTURE_TRUTH_H
#define QCT_PHANTOM_STRUCTURE_TRUTH_H

#include "phantom/hip_body.h"

#include <cjson/cJSON.h>

enum { STRUCTURE_TRUTH_PLACES = 3, STRUCTURE_TRUTH_DENSITIES = 3 };

struct structure_truth_section {
  double area_mm2, csmi_mm4; /* of the outline; csmi about the anterior-posterior axis */
  double cortical_mm2;
  double mineral_mg_mm[STRUCTURE_TRUTH_DENSITIES]; /* per length */
  double weighted_csmi[STRUCTURE_TRUTH_DENSITIES]; /* mg/cm3 mm4, about its own centroid */
};

struct structure_truth {
  struct structure_truth_section section[STRUCTURE_TRUTH_PLACES];
  double silhouette_mm2[HIP_SHAFT + 1]; /* of the projection, by enum hip_region */
};

/** @param local  the true frame in the side frame. @return ST_MEMORY */
status structure_truth_compute(struct structure_truth *out, const struct hip_body *body,
                               const struct hip_frame *local);

cJSON *structure_truth_json(const struct structure_truth *t);

#endif
