#include "phantom/neck_truth.h"

#include "core/frame.h"

enum { RAYS = 96, ROUNDS = 12 };
static const double FAR = 60; /* mm, from the axis: more than any section of a neck */

/* ---- areas by rays ---- */

/* Distance from a point inside to where a ray first leaves. */
static double edge_along(const struct digital_femur *f, struct vec3 from, struct vec3 d) {
  double low = 0, high = FAR;
  for (double r = 0; r < FAR;) {
    double value = digital_femur_solid(f, vec3_along(from, r, d));
    if (value >= 0) {
      high = r;
      break;
    }
    low = r;
    r += larger(digital_femur_clear(value), 0.05);
  }
  while (high - low > 1e-7) {
    double r = 0.5 * (low + high);
    *(digital_femur_solid(f, vec3_along(from, r, d)) < 0 ? &low : &high) = r;
  }
  return low;
}

/* Unit vectors across an axis: superior, and axis x superior. */
static void across_axis(struct vec3 out[2], const struct digital_femur *f, struct vec3 axis) {
  out[0] = vec3_unit(vec3_along(f->superior, -vec3_dot(f->superior, axis), axis));
  out[1] = vec3_cross(axis, out[0]);
}

double neck_truth_area(const struct digital_femur *f, struct vec3 centre, struct vec3 axis,
                       struct vec3 *centroid) {
  const double turn = 6.283185307179586 / RAYS;
  double area = 0, q = 0, p = 0;
  struct vec3 u[2];
  across_axis(u, f, axis);
  for (int i = 0; i < RAYS; i++) {
    double c = cos(i * turn), s = sin(i * turn);
    double r = edge_along(f, centre, vec3_along(vec3_scale(u[0], c), s, u[1]));
    area += r * r / 2 * turn;
    q += r * r * r / 3 * c * turn;
    p += r * r * r / 3 * s * turn;
  }
  if (centroid) *centroid = vec3_along(vec3_along(centre, q / area, u[0]), p / area, u[1]);
  return area;
}

static double area_at(const struct digital_femur *f, struct vec3 axis, double from_head) {
  return neck_truth_area(f, vec3_scale(axis, -from_head), axis, NULL);
}

/* ---- the narrow stretch ---- */

/* Distance from the head of the least area, from `around`. */
static double narrowest(double *least, const struct digital_femur *f, struct vec3 axis,
                        double around, double reach) {
  double best = around;
  *least = 1e12;
  for (double step = 1; step > 0.003; reach = step, step /= 4) {
    double middle = best;
    for (double t = middle - reach; t <= middle + reach; t += step) {
      double area = area_at(f, axis, t);
      if (area >= *least) continue;
      *least = area;
      best = t;
    }
  }
  return best;
}

/* Where, from the narrowest place in steps of a millimetre, the area reaches `area`. */
static double rise(const struct digital_femur *f, struct vec3 axis, double from, double step,
                   double area) {
  double low = from, high = from + step;
  while (fabs(high - from) < 40 && area_at(f, axis, high) < area) {
    low = high;
    high += step;
  }
  for (int i = 0; i < 14; i++) {
    double t = 0.5 * (low + high);
    *(area_at(f, axis, t) < area ? &low : &high) = t;
  }
  return 0.5 * (low + high);
}

void neck_truth_find(struct neck_truth *out, const struct digital_femur *f) {
  struct neck_truth n = {.axis = f->neck, .narrow_mm = f->person->neck_waist_mm};
  double reach = 14, turned = 1;
  for (int round = 0; round < ROUNDS && turned > 1e-6; round++) {
    n.narrow_mm = narrowest(&n.least_mm2, f, n.axis, n.narrow_mm, reach);
    double level = n.least_mm2 * (1 + HIP_NARROW_RISE);
    n.stretch_mm[0] = rise(f, n.axis, n.narrow_mm, -1, level);
    n.stretch_mm[1] = rise(f, n.axis, n.narrow_mm, 1, level);
    double middle = 0.5 * (n.stretch_mm[0] + n.stretch_mm[1]);
    neck_truth_area(f, vec3_scale(n.axis, -middle), n.axis, &n.point);
    struct vec3 axis = vec3_unit(vec3_scale(n.point, -1));
    turned = vec3_length(vec3_sub(axis, n.axis));
    n.axis = axis;
    reach = 3;
  }
  *out = n;
}

/* ---- section ---- */

/* Thickness along a ray from outside towards the centre: first surface to the first point that is
 * no longer cortex. */
static double ray_cortex(const struct digital_femur *f, struct vec3 centre, struct vec3 outward) {
  double outer = -1;
  for (double r = 40; r > 0; r -= 0.01) {
    struct vec3 p = vec3_along(centre, r, outward);
    double value = digital_femur_solid(f, p);
    if (outer < 0 && value < 0) outer = r;
    if (outer > 0 && digital_femur_depth(f, p, value) >= digital_femur_cortex(f, p))
      return outer - r;
  }
  return (double)NAN;
}

void neck_truth_section(struct truth_section *out, const struct neck_truth *neck,
                        const struct digital_femur *f) {
  const double step = 0.1;
  double n = 0, q_sum = 0, qq = 0, cortical = 0, low = 1e9, high = -1e9;
  struct vec3 u[2], centre = vec3_scale(neck->axis, vec3_dot(neck->point, neck->axis));
  across_axis(u, f, neck->axis);
  for (double q = -40 + step / 2; q < 40; q += step)
    for (double r = -40 + step / 2; r < 40; r += step) {
      struct vec3 p = vec3_along(vec3_along(centre, q, u[0]), r, u[1]);
      double value = digital_femur_solid(f, p);
      if (value >= 0) continue;
      n++;
      q_sum += q;
      qq += q * q;
      low = fmin(low, q);
      high = fmax(high, q);
      if (-value < 20) cortical += digital_femur_depth(f, p, value) < digital_femur_cortex(f, p);
    }
  *out = (struct truth_section){.along_mm = vec3_dot(neck->point, neck->axis),
                                .area_mm2 = n * step * step};
  out->cortical_area_mm2 = cortical * step * step;
  out->inertia_mm4 = (qq - q_sum * q_sum / n) * step * step;
  out->width_mm = high - low + step;
  for (int i = 0; i < 8; i++) {
    double angle = i * 0.7853981633974483;
    struct vec3 d = vec3_along(vec3_scale(u[0], cos(angle)), sin(angle), u[1]);
    out->cortex_mm[i] = ray_cortex(f, centre, d);
  }
}
