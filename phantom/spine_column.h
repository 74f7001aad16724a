/* The solids of a digital spine: vertebrae T11 to S1, each in its own frame on a planted curve.
 *
 * World frame (LPS, mm): x = 0 the midline, z = 0 the centre of L3, y = 0 its depth. Vertebra
 * frame: origin at the centre of the body, x left, y posterior, z cranial.
 *
 * Body: a superellipse of exponent 2.5 in plan with semi-axes a (left-right) and b (front-back),
 * drawn in by `waist` at half height; between end plates at
 *   z = +- (H(y)/2 - c (1 - k^2)),  H(y) = (Ha (1 - y/b) + Hp (1 + y/b))/2,
 * where k is 0 at the axis and 1 at the rim of the plan. So Ha and Hp are the heights at the front
 * and back of the rim, and the middle is Hm = (Ha + Hp)/2 - 2c. A shell of cortex and end plates
 * holds the trabecular core.
 *
 * Curve: the axis of vertebra i has the coronal angle cobb (1/2 - i/5) for T12 (i = 0) to L5 (5),
 * so that the planes of T12's upper and L5's lower end plate meet at `cobb` in the coronal plane,
 * and the sagittal angle lordosis (i - 2.5)/5. Neighbours meet at the middle of the disc.
 *
 * Source: cook2021 (heights), for the rest the choices of this toolkit (phantom/README.md).
 */
#ifndef QCT_PHANTOM_SPINE_COLUMN_H
#define QCT_PHANTOM_SPINE_COLUMN_H

#include "core/geometry.h"
#include "phantom/solid.h"

enum { SPINE_T11, SPINE_T12, SPINE_L1, SPINE_L2, SPINE_L3, SPINE_L4, SPINE_L5, SPINE_S1 };
enum { SPINE_LEVELS = SPINE_S1 + 1, SPINE_MEASURED = SPINE_L5 - SPINE_T12 + 1 };
/** "T11" ... "S1"; -1 for an unknown name. */
const char *spine_level_name(int level);
int spine_level_from_name(const char *name, size_t length);

enum spine_deformity { DEFORMITY_NONE, DEFORMITY_WEDGE, DEFORMITY_BICONCAVE, DEFORMITY_CRUSH };
extern const char *const spine_deformity_names[]; /* "none", "wedge", "biconcave", "crush", NULL */

struct spine_level {
  double a_mm, b_mm;                 /* semi-axes of the plan */
  double front_mm, back_mm, cave_mm; /* Ha, Hp, c, with the deformity in them */
  double density;                    /* trabecular core [mg/cm3, K2HPO4-equivalent] */
  struct vec3 centre;                /* world */
  struct vec3 left, posterior, up;   /* unit, world */
};

struct spine_column {
  struct spine_level levels[SPINE_LEVELS];
  struct vec3 canal[2 * SPINE_LEVELS + 1]; /* centre line of the canal, cranial to caudal */
  double cortex_mm, plate_mm;              /* of the body's shell */
  double waist;                            /* share, 0.08 */
};

struct spine_shape { /* what the column is made of */
  double cobb_deg, lordosis_deg;
  double disc_mm;
  double scale;
  double loss[SPINE_LEVELS]; /* share of height lost, 0..0.7 */
  int deformity[SPINE_LEVELS];
  double density[SPINE_LEVELS]; /* mg/cm3 */
  double cortex_mm, plate_mm, cave_mm;
};
void spine_shape_defaults(struct spine_shape *s);
void spine_column_make(struct spine_column *c, const struct spine_shape *s);

/** World point in the frame of a level, and back. */
static inline struct vec3 spine_to_level(const struct spine_level *v, struct vec3 world) {
  struct vec3 d = vec3_sub(world, v->centre);
  return vec3_make(vec3_dot(d, v->left), vec3_dot(d, v->posterior), vec3_dot(d, v->up));
}
struct vec3 spine_to_world(const struct spine_level *v, struct vec3 local);

/** Height coordinate of the upper end plate (the lower is its mirror image) above (x, y). */
double spine_plate(const struct spine_level *v, double x, double y);
/** Body with `inset` mm taken off its side and `plate_inset` off its end plates: negative inside,
 * |value| a lower bound of the distance to the surface. */
double spine_body(const struct spine_column *c, int level, struct vec3 local, double inset,
                  double plate_inset);
/** Pedicles, laminae and processes, without the canal cut out: Lipschitz bound 1.2. */
double spine_arch(const struct spine_level *v, struct vec3 local);
/** Disc below a level (level < SPINE_S1): Lipschitz bound 1. */
double spine_disc(const struct spine_column *c, int level, struct vec3 world);
/** Spinal canal, a tube of radius 8 mm along the column. */
double spine_canal(const struct spine_column *c, struct vec3 world);

#endif
