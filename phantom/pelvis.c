/* The bony pelvis of one side and the sacrum, in the side frame (phantom/hip_body.h). */
#include "phantom/hip_body.h"

static const struct vec3 opening = {0.62069, -0.24027, -0.74584}; /* acetabulum looks there */

/* Distance along the wall of the acetabulum: thick above and behind, thin medially. */
static double cup_wall(double radius, struct vec3 p) {
  double up = p.z / radius, back = p.y / radius, in = -p.x / radius;
  return 6 + 7 * smooth_step(0, 1, up) + 5 * smooth_step(0.1, 1, back) +
         smooth_step(0.1, 1, -back) - 3.2 * smooth_step(0.2, 1, in);
}

/* Smooth union of d with the wing of the ilium, not evaluated where its lower end is too far. */
static double join_ilium(double d, double k, struct vec3 p) {
  const double join_mm = 7;
  const struct vec3 axis = {0.28449, -0.14224, 0.94806};
  struct vec3 q = vec3_sub(p, vec3_make(-6 * k, 2 * k, 38 * k));
  double up = vec3_dot(q, axis), ends = larger(-up - 22, up - 150);
  if (ends - d >= join_mm) return d;
  struct vec3 e1 = vec3_make(1, -0.55, -0.3);
  e1 = vec3_unit(vec3_along(e1, -vec3_dot(e1, axis), axis));
  struct vec3 e2 = vec3_cross(axis, e1);
  double flare = larger(0, up - 8);
  double thick = 12.5 - 8 * smooth_step(0, 50, up), wide = 24 + 0.75 * flare;
  double wing =
      solid_ellipse(vec3_dot(q, e1) - 0.0035 * flare * flare, vec3_dot(q, e2), thick, wide);
  return smooth_union(d, larger(wing, ends), join_mm);
}

static double ischium(double k, struct vec3 p) {
  struct vec3 a = vec3_make(-14 * k, 22 * k, -12 * k), b = vec3_make(-13 * k, 34 * k, -42 * k);
  struct vec3 c = vec3_make(-16 * k, 30 * k, -66 * k);
  return smooth_union(solid_capsule(p, a, b, 12, 14), solid_capsule(p, b, c, 14, 11), 5);
}

static double pubic_body(double k, struct vec3 p, struct vec3 s) {
  struct vec3 a = vec3_make(s.x + 1, s.y, s.z + 6), b = vec3_make(s.x + 3, s.y + 6, s.z - 16);
  struct vec3 lower = vec3_make(s.x + 3, s.y + 6, s.z - 20);
  double body = solid_flat_capsule(p, a, b, 14, 12, vec3_make(0.86193, 0.50702, 0), 0.52);
  double inferior = solid_flat_capsule(p, lower, vec3_make(-20 * k, 28 * k, -68 * k), 7.5, 8,
                                       vec3_make(0.68376, 0.56980, -0.45584), 0.65);
  return smooth_union(body, inferior, 4);
}

/* Smooth union of d with the pubis. A flat capsule's value is at least `flat` times the gap to a
 * box around it: where x alone tells that none can matter, it is d. */
static double join_pubis(double d, double k, double midline, struct vec3 p) {
  struct vec3 s = vec3_make(midline + 9, -36, -34); /* beside the symphysis */
  double lateral = larger(-20 * k, s.x + 6), thickest = 14, join_mm = 6;
  if ((p.x - lateral - thickest) * 0.52 - d >= join_mm) return d;
  struct vec3 upper = vec3_make(s.x + 6, s.y + 2, s.z + 6);
  double superior = solid_flat_capsule(p, vec3_make(-22 * k, -14 * k, 2), upper, 11, 8,
                                       vec3_make(0.30151, -0.30151, 0.90453), 0.8);
  d = smooth_union(d, superior, join_mm);
  return smooth_union(d, pubic_body(k, p, s), 4);
}

double hip_pelvis(const struct hip_person *h, struct vec3 p) {
  double radius = h->head_radius_mm + h->joint_gap_mm, d = solid_length(p);
  double k = h->head_radius_mm / 24.5, midline = -h->midline_mm;
  double cup = -smooth_union(radius + cup_wall(radius, p) - d, 1 - vec3_dot(p, opening), 7);
  double g = join_ilium(cup, k, p);
  g = join_pubis(smooth_union(g, ischium(k, p), 7), k, midline, p);
  g = larger(g, radius - d); /* the joint */
  struct vec3 notch_a = vec3_scale(vec3_make(-0.80539, 0.05369, -0.59062), radius - 6);
  struct vec3 notch_b = vec3_scale(vec3_make(-0.25400, -0.05080, -0.96518), radius + 8);
  g = larger(g, -solid_capsule(p, notch_a, notch_b, 2, 3));
  return larger(g, midline + 2.2 - p.x); /* symphysis */
}

double hip_sacrum(const struct hip_person *h, struct vec3 p) {
  struct vec3 q = vec3_sub(p, vec3_make(-h->midline_mm, 62, 48));
  double up = q.z, wide = 10 + 0.52 * larger(0, up + 42);
  double back = 0.006 * up * up - 0.28 * up;
  double body = solid_ellipse(q.x, q.y - back + 12, wide, 6 + 0.10 * larger(0, up + 45));
  return larger(body, larger(up - 100, -44 - up));
}
