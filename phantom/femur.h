/* The proximal femur as functions of a point.
 *
 * Side frame [mm]: origin at the centre of the femoral head, x lateral, y posterior, z superior. A
 * left hip has these axes along LPS, a right hip has x mirrored.
 *
 *   digital_femur_solid    head sphere, waisted neck, tapering bowed shaft, trochanters, smoothly
 * joined digital_femur_cortex   thickness field T: where the depth below the surface is less, it is
 * cortex digital_femur_bone     bone volume fraction: cortex, or trabecular groups (compressive,
 * tensile, subchondral, trochanteric) with Ward's triangle, an empty canal and a texture
 *
 * Depth is -f/|grad f| because f is not a distance where the parts blend (|grad f| 0.55-1.07 on
 * the surface). The true thickness is what a ray finds (phantom/hip_truth.h), never T.
 * Source: carmona_hips (angles, offset), pmc6177158 (bow radius); shapes and trabecular groups are
 * this toolkit's own, scaled by the head.
 */
#ifndef QCT_PHANTOM_FEMUR_H
#define QCT_PHANTOM_FEMUR_H

#include "phantom/person.h"
#include "phantom/solid.h"

struct digital_femur {
  const struct hip_person *person; /* borrowed */
  struct vec3 neck;                /* unit, shaft to head */
  struct vec3 shaft;               /* unit, proximal; tangent at `start` */
  struct vec3 superior;            /* unit, perpendicular to neck, in the plane of neck and shaft */
  struct vec3 across;              /* neck x superior */
  struct vec3 anterior;            /* unit, perpendicular to shaft */
  struct vec3 lateral;             /* unit, perpendicular to both */
  struct vec3 start;               /* where neck axis and shaft axis meet, P0 */
  double length;                   /* head centre to P0 along the neck axis */
  double scale;                    /* head radius / 24.5 */
};

void digital_femur_init(struct digital_femur *f, const struct hip_person *person);

/** Signed field [mm]. Bound: |f|/1.15 below 3 mm, |f|/1.9 beyond (digital_femur_clear). */
double digital_femur_solid(const struct digital_femur *f, struct vec3 p);
/** Lower bound of the distance to the surface from a value of the field. */
double digital_femur_clear(double value);
/** Gradient of digital_femur_solid (central differences, step 1e-3 mm). */
struct vec3 digital_femur_gradient(const struct digital_femur *f, struct vec3 p);
/** -f/|grad f| [mm]; large where the gradient vanishes. `value` is digital_femur_solid at p. */
double digital_femur_depth(const struct digital_femur *f, struct vec3 p, double value);
double digital_femur_cortex(const struct digital_femur *f, struct vec3 p);
double digital_femur_trabecular(const struct digital_femur *f, struct vec3 p);
/** Bone volume fraction of cortex at a place with thickness field T. */
double digital_femur_cortical(const struct digital_femur *f, double thickness);

struct digital_femur_point {
  double value; /* digital_femur_solid */
  double bvf;
  double clear; /* lower bound of the distance to surface and endosteum [mm] */
  bool cortical;
};
/** For p inside, value = digital_femur_solid(p) < 0. */
void digital_femur_bone(struct digital_femur_point *out, const struct digital_femur *f,
                        struct vec3 p, double value);

/** Shaft coordinates [mm]: t distal of P0, lateral and anterior of the bowed centre line. */
void digital_femur_shaft_coordinates(const struct digital_femur *f, struct vec3 p, double *t,
                                     double *lateral, double *anterior);
/** Centre line of the shaft at t. */
struct vec3 digital_femur_shaft_centre(const struct digital_femur *f, double t);

#endif
