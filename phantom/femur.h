/* The proximal femur as functions of a point.
 *
 * Side frame [mm]: origin at the centre of the femoral head, x lateral, y posterior, z superior. A
 * left hip has these axes along LPS, a right hip has x mirrored.
 *
 *   femur_solid    head sphere, waisted neck, tapering bowed shaft, trochanters, smoothly joined
 *   femur_cortex   thickness field T: where the depth below the surface is less, it is cortex
 *   femur_bone     bone volume fraction: cortex, or trabecular groups (compressive, tensile,
 *                  subchondral, trochanteric) with Ward's triangle, an empty canal and a texture
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

struct femur {
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

void solid_femur_init(struct femur *f, const struct hip_person *person);

/** Signed field [mm]. Bound: |f|/1.15 below 3 mm, |f|/1.9 beyond (femur_clear). */
double femur_solid(const struct femur *f, struct vec3 p);
/** Lower bound of the distance to the surface from a value of the field. */
double femur_clear(double value);
/** Gradient of femur_solid (central differences, step 1e-3 mm). */
struct vec3 femur_gradient(const struct femur *f, struct vec3 p);
/** -f/|grad f| [mm]; large where the gradient vanishes. `value` is femur_solid at p. */
double femur_depth(const struct femur *f, struct vec3 p, double value);
double femur_cortex(const struct femur *f, struct vec3 p);
double femur_trabecular(const struct femur *f, struct vec3 p);
/** Bone volume fraction of cortex at a place with thickness field T. */
double femur_cortical(const struct femur *f, double thickness);

struct femur_point {
  double value; /* femur_solid */
  double bvf;
  double clear; /* lower bound of the distance to surface and endosteum [mm] */
  bool cortical;
};
/** For p inside, value = femur_solid(p) < 0. */
void femur_bone(struct femur_point *out, const struct femur *f, struct vec3 p, double value);

/** Shaft coordinates [mm]: t distal of P0, lateral and anterior of the bowed centre line. */
void femur_shaft_coordinates(const struct femur *f, struct vec3 p, double *t, double *lateral,
                             double *anterior);
/** Centre line of the shaft at t. */
struct vec3 femur_shaft_centre(const struct femur *f, double t);
/** The shaft alone (no trochanters, no neck). */
double femur_shaft_solid(const struct femur *f, struct vec3 p);

#endif
