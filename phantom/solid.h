/* Solids as functions of a point: negative inside, zero on the surface, positive outside.
 *
 * Each function f has a Lipschitz bound L, |f(p) - f(q)| <= L |p - q|, so |f(p)|/L is a lower bound
 * of the distance to its surface; the painter rests on that. Lengths in mm. The bounds:
 *
 *   sphere, capsule of one radius, plane                        1
 *   tapered capsule, flat capsule                               1 + |rb - ra|/|ab|
 *   ellipsoid_strict, (k0 - 1) min(r)                           1
 *   ellipse, ellipsoid, k0 (k0 - 1)/k1                          1.03 outside, 1.8 where k0 > 0.5
 *   intersection (max), union (min), smooth_union               the largest of its parts
 *
 * with k0 = |p/r| and k1 = |p/r^2|. The smooth union b + (a-b)h - k h(1-h), h = clamp(1/2 +
 * (b-a)/2k) has exactly the gradient h grad a + (1-h) grad b, and only adds material.
 * Everything here is inline because it is evaluated some 1e8 times a phantom.
 */
#ifndef QCT_PHANTOM_SOLID_H
#define QCT_PHANTOM_SOLID_H

#include "core/geometry.h"

#include <math.h>

/* fmax and fmin without their rule for NaN, which costs a call */
static inline double larger(double a, double b) {
  return a > b ? a : b;
}
static inline double smaller(double a, double b) {
  return a < b ? a : b;
}

static inline double clamp(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

/** Smooth step from 0 at a to 1 at b (a > b is a falling step); slope at most 1.5/|b - a|. */
static inline double smooth_step(double a, double b, double x) {
  double t = clamp((x - a) / (b - a), 0, 1);
  return t * t * (3 - 2 * t);
}

/** exp(-d^2/2w^2) */
static inline double bell(double d, double w) {
  double t = d / w;
  return t * t > 60 ? 0 : exp(-0.5 * t * t);
}

static inline double smooth_union(double a, double b, double k) {
  if (b - a >= k) return a;
  if (a - b >= k) return b;
  double h = 0.5 + 0.5 * (b - a) / k;
  return b + (a - b) * h - k * h * (1 - h);
}

static inline double solid_length(struct vec3 p) {
  return sqrt(vec3_dot(p, p));
}

static inline double solid_ellipse(double x, double y, double a, double b) {
  double u = x / a, v = y / b;
  double k0 = sqrt(u * u + v * v), s = u / a, t = v / b, k1 = sqrt(s * s + t * t);
  return k1 < 1e-9 ? -smaller(a, b) : k0 * (k0 - 1) / k1;
}

static inline double solid_ellipsoid(struct vec3 p, double a, double b, double c) {
  struct vec3 u = vec3_make(p.x / a, p.y / b, p.z / c);
  struct vec3 w = vec3_make(u.x / a, u.y / b, u.z / c);
  double k0 = solid_length(u), k1 = solid_length(w);
  return k1 < 1e-9 ? -smaller(a, smaller(b, c)) : k0 * (k0 - 1) / k1;
}

static inline double solid_ellipsoid_strict(struct vec3 p, double a, double b, double c) {
  return (solid_length(vec3_make(p.x / a, p.y / b, p.z / c)) - 1) * smaller(a, smaller(b, c));
}

/** Share 0..1 of the way along the segment a..b of the foot of p, and p minus that foot. */
static inline double solid_foot(struct vec3 p, struct vec3 a, struct vec3 b, struct vec3 *rest) {
  struct vec3 ab = vec3_sub(b, a), d = vec3_sub(p, a);
  double t = clamp(vec3_dot(d, ab) / vec3_dot(ab, ab), 0, 1);
  *rest = vec3_along(d, -t, ab);
  return t;
}

static inline double solid_capsule(struct vec3 p, struct vec3 a, struct vec3 b, double ra,
                                   double rb) {
  struct vec3 rest;
  double t = solid_foot(p, a, b, &rest);
  return solid_length(rest) - (ra + (rb - ra) * t);
}

/** Capsule whose section is squeezed by `flat` (0..1) along the unit direction d. */
static inline double solid_flat_capsule(struct vec3 p, struct vec3 a, struct vec3 b, double ra,
                                        double rb, struct vec3 d, double flat) {
  struct vec3 rest;
  double t = solid_foot(p, a, b, &rest), r = ra + (rb - ra) * t, along = vec3_dot(rest, d);
  double across = vec3_dot(rest, rest) - along * along + along * along / (flat * flat);
  return (sqrt(across) - r) * flat;
}

/** Analytic value noise, -1..1 (SD 0.29 in the mean over space): a smooth interpolation of hashed
 * lattice values one unit apart, so it has a truth at every point. |gradient| < 3. */
double solid_noise(struct vec3 p, unsigned seed);

/** Rotation matrix (row-major) of turns about x, then y, then z [deg]. */
void solid_rotation(double r[9], const double deg[3]);

#endif
