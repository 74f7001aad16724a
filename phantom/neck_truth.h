/* The neck of a digital femur by the definition of core/frame.h, found on the exact solid.
 *
 * An angle defined by a construction has that construction's answer as its truth. The planted neck
 * axis is a parameter of the solid; where a broad trochanter or the head blends into the neck, the
 * line from the middle of the narrow stretch to the head centre is another one (1.5 degrees in
 * person 11). Areas are 1/2 of the integral of r^2 over the angle, r by bisection: smooth in place,
 * so a minimum that a lattice of 0.25 mm shows up to 1 mm off is where it is. Side frame [mm].
 */
#ifndef QCT_PHANTOM_NECK_TRUTH_H
#define QCT_PHANTOM_NECK_TRUTH_H

#include "phantom/femur.h"

struct neck_truth {
  struct vec3 axis;     /* unit, from point to the head centre, the origin */
  struct vec3 point;    /* centroid of the section across the axis in the middle of the stretch */
  double narrow_mm;     /* from the head centre: the narrowest section */
  double least_mm2;     /* its area */
  double stretch_mm[2]; /* from the head centre along the axis: where the stretch begins, ends */
};

void neck_truth_find(struct neck_truth *out, const struct digital_femur *f);

/** Area [mm2] and centroid of the section across a unit `axis`, of what is seen from `centre`, a
 * point inside. */
double neck_truth_area(const struct digital_femur *f, struct vec3 centre, struct vec3 axis,
                       struct vec3 *centroid);

struct truth_section { /* across the neck axis at the neck point */
  double along_mm;     /* from the head centre, negative towards the shaft */
  double area_mm2, cortical_area_mm2;
  double inertia_mm4;  /* about the axis across the neck, unweighted */
  double width_mm;     /* extent superior-inferior */
  double cortex_mm[8]; /* by ray, every 45 deg from superior towards neck x superior */
};

/** By a lattice of 0.1 mm. */
void neck_truth_section(struct truth_section *out, const struct neck_truth *neck,
                        const struct digital_femur *f);

#endif
