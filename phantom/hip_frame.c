#include "phantom/hip_frame.h"

#include <stdio.h>

/* Point of the surface along a direction from inside, by bisection. */
static double surface_along(const struct digital_femur *f, struct vec3 from, struct vec3 d,
                            double far) {
  double low = 0, high = far;
  for (int i = 0; i < 60; i++) {
    double t = 0.5 * (low + high);
    *(digital_femur_solid(f, vec3_along(from, t, d)) < 0 ? &low : &high) = t;
  }
  return 0.5 * (low + high);
}

/* ---- lesser trochanter: the ridge of core/frame.h, about the shaft axis ---- */

struct ridge {
  const struct digital_femur *femur;
  struct vec3 at, down;          /* point of the axis nearest to the head; unit, distal */
  struct vec3 medial, posterior; /* unit, across the axis; medial towards the head */
};

static struct ridge ridge_about(const struct digital_femur *f, struct vec3 at, struct vec3 axis) {
  struct ridge r = {.femur = f, .down = vec3_scale(axis, -1)};
  r.at = vec3_along(at, -vec3_dot(at, axis), axis); /* the head is the origin */
  r.medial = vec3_unit(vec3_scale(r.at, -1));
  r.posterior = vec3_cross(axis, r.medial);
  if (r.posterior.y < 0) r.posterior = vec3_scale(r.posterior, -1);
  return r;
}

static struct vec3 ridge_direction(const struct ridge *r, double degrees) {
  double a = degrees * 0.017453292519943295;
  return vec3_along(vec3_scale(r->medial, cos(a)), sin(a), r->posterior);
}

static double ridge_height(const struct ridge *r, double level, struct vec3 *top) {
  struct vec3 c = vec3_along(r->at, level, r->down);
  double middle = HIP_LESSER_BEHIND_DEG, flank = HIP_LESSER_FLANK_DEG, best = -1e9;
  double low = surface_along(r->femur, c, ridge_direction(r, middle - flank), 60);
  double high = surface_along(r->femur, c, ridge_direction(r, middle + flank), 60);
  for (double a = -HIP_LESSER_HALF_DEG; a <= HIP_LESSER_HALF_DEG; a += 1) {
    struct vec3 d = ridge_direction(r, middle + a);
    double edge = surface_along(r->femur, c, d, 60);
    double h = edge - low - (high - low) * (a + flank) / (2 * flank);
    if (h <= best) continue;
    best = h;
    *top = vec3_along(c, edge, d);
  }
  return best;
}

/* Level of the distal end below the head along the axis; *tip is its highest place. */
static double lesser_end(const struct ridge *r, struct vec3 *tip) {
  double base = vec3_dot(vec3_sub(r->femur->start, r->at), r->down), scale = r->femur->scale;
  double highest = -1e9, low = 0, high = base + 60 * scale;
  struct vec3 top;
  for (double level = base + 15 * scale; level < base + 55 * scale; level += 0.25) {
    double h = ridge_height(r, level, &top);
    if (h <= highest) continue;
    highest = h;
    low = level;
    *tip = top;
  }
  for (int i = 0; i < 24; i++) {
    double level = 0.5 * (low + high);
    *(ridge_height(r, level, &top) > HIP_LESSER_END_SHARE * highest ? &low : &high) = level;
  }
  return 0.5 * (low + high);
}

/* Greater trochanter tip: the most proximal point of the surface lateral of the shaft axis. */
static struct vec3 greater_tip(const struct digital_femur *f) {
  struct vec3 best = f->start;
  double highest = -1e9;
  for (double l = 0; l < 30 * f->scale; l += 0.5)
    for (double a = -30 * f->scale; a < 20 * f->scale; a += 0.5) {
      struct vec3 foot = vec3_along(vec3_along(f->start, l, f->lateral), a, f->anterior);
      if (digital_femur_solid(f, foot) >= 0) continue;
      double r = surface_along(f, foot, f->shaft, 60);
      if (r > highest) {
        highest = r;
        best = vec3_along(foot, r, f->shaft);
      }
    }
  return best;
}

/* Straight line through the bowed centre line between two levels: its chord direction and mean. For
 * a parabola the least-squares direction over [a, b] is that of the chord. */
static void shaft_line(struct hip_frame *out, const struct digital_femur *f, double from,
                       double to) {
  if (to - from < 6) { /* as few sections give no line */
    out->shaft_axis = f->shaft;
    out->shaft_point = f->start;
    out->shaft_length_mm = fmax(to - from, 0);
    return;
  }
  struct vec3 top = digital_femur_shaft_centre(f, from), bottom = digital_femur_shaft_centre(f, to);
  out->shaft_axis = vec3_unit(vec3_sub(top, bottom));
  double rise = (to - from) * (to - from) / 6, sag = rise / (2 * f->person->bow_mm);
  /* mean of the parabola lies sag below the chord's middle, towards the centre line */
  out->shaft_point = vec3_along(vec3_scale(vec3_add(top, bottom), 0.5), -sag, f->anterior);
  out->shaft_length_mm = to - from;
}

/* The axis lies below the lesser trochanter, which is looked for along the axis: four rounds. */
static void shaft_and_trochanter(struct hip_frame *out, const struct digital_femur *f,
                                 double distal_t) {
  out->shaft_axis = f->shaft;
  out->shaft_point = f->start;
  for (int round = 0; round < 4; round++) {
    struct ridge r = ridge_about(f, out->shaft_point, out->shaft_axis);
    out->lesser_trochanter_mm = lesser_end(&r, &out->lesser_trochanter);
    double t = out->lesser_trochanter_mm; /* of the centre line at that level */
    for (int i = 0; i < 3; i++)
      t += out->lesser_trochanter_mm - vec3_dot(digital_femur_shaft_centre(f, t), r.down);
    shaft_line(out, f, t + 10, distal_t);
  }
}

/* Feet of the common perpendicular of the neck axis (through the head) and the shaft axis. */
static void cross_axes(struct hip_frame *out) {
  struct vec3 w = vec3_sub(out->head, out->shaft_point);
  double b = vec3_dot(out->neck_axis, out->shaft_axis);
  double d = vec3_dot(out->neck_axis, w), e = vec3_dot(out->shaft_axis, w), det = 1 - b * b;
  out->origin = vec3_along(out->head, (b * e - d) / det, out->neck_axis);
  out->shaft_point = vec3_along(out->shaft_point, e, out->shaft_axis); /* nearest to the head */
}

static double projected_angle(const struct hip_frame *f) {
  /* seen from the front: in the x, z plane */
  struct vec3 n = vec3_make(f->neck_axis.x, 0, f->neck_axis.z);
  struct vec3 s = vec3_make(-f->shaft_axis.x, 0, -f->shaft_axis.z);
  return vec3_angle_deg(vec3_unit(n), vec3_unit(s));
}

void hip_frame_true(struct hip_frame *out, const struct digital_femur *f,
                    const struct neck_truth *neck, double distal_t,
                    double (*pelvis)(const struct hip_person *, struct vec3)) {
  const struct hip_person *h = f->person;
  *out = (struct hip_frame){.head_radius_mm = h->head_radius_mm, .neck_axis = neck->axis};
  out->neck_point = neck->point;
  out->neck_area_mm2 = neck->least_mm2;
  out->head_score = (double)NAN;
  shaft_and_trochanter(out, f, distal_t);
  cross_axes(out);
  out->greater_trochanter = greater_tip(f);
  out->distal_mm =
      vec3_dot(vec3_sub(out->head, digital_femur_shaft_centre(f, distal_t)), out->shaft_axis);
  out->neck_shaft_deg = vec3_angle_deg(out->neck_axis, vec3_scale(out->shaft_axis, -1));
  out->neck_shaft_projected_deg = projected_angle(out);
  out->offset_mm = vec3_length(vec3_sub(out->head, out->shaft_point));
  struct vec3 lateralward = vec3_scale(neck->axis, -1);
  double lateral = surface_along(f, vec3_scale(neck->axis, -f->length), lateralward, 80);
  out->fal_mm = f->length + lateral + h->head_radius_mm;
  double reach = h->head_radius_mm + h->joint_gap_mm - 1;
  while (reach < 90 && pelvis(h, vec3_scale(neck->axis, reach)) >= 0) reach += 0.01;
  while (reach < 90 && pelvis(h, vec3_scale(neck->axis, reach)) < 0) reach += 0.01;
  out->hal_mm = reach < 90 ? f->length + lateral + reach : (double)NAN;
  snprintf(out->method, sizeof out->method, "truth");
}
