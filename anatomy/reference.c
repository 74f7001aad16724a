#include "anatomy/reference.h"

#include "core/surface.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 8000, SMOOTHING = 10 };
static const double END_MM = 5; /* of the shorter bone: cut faces are no shape */
static const double SCALE_LOW = 0.75, SCALE_HIGH = 1.3; /* of the reference (ogo) */

static status make_surface(struct surface **out, const struct reference_femur *f) {
  status st = ST_OK;
  struct surface *s = NULL;
  CHECK(labels_count(f->labels, f->value) > 0, ST_DOMAIN,
        "femur on a reference: label %d is not in the label map", f->value);
  TRY(surface_from_labels(&s, f->labels, f->value));
  TRY(surface_smooth(s, SMOOTHING));
  TRY(surface_normals(s));
  *out = s;
  s = NULL;
done:
  surface_destroy(s);
  return st;
}

static void mirror(struct vec3 *v) {
  v->x = -v->x;
}

static void mirror_all(struct surface *s, struct hip_frame *f) {
  for (int64_t i = 0; i < s->vertex_count; i++) {
    mirror(&s->vertices[i]);
    mirror(&s->normals[i]);
  }
  struct vec3 *const vectors[] = {
      &f->head,        &f->neck_axis, &f->neck_point,        &f->shaft_axis,
      &f->shaft_point, &f->origin,    &f->lesser_trochanter, &f->greater_trochanter};
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) mirror(vectors[i]);
  f->side = f->side == SIDE_LEFT ? SIDE_RIGHT : SIDE_LEFT;
}

/* Head on head, axes on axes. */
static struct motion by_landmarks(const struct hip_frame *from, const struct hip_frame *to,
                                  bool rigid) {
  struct vec3 a[3], b[3];
  struct motion m = {.scale = rigid ? 1 : to->head_radius_mm / from->head_radius_mm};
  hip_frame_axes(from, a);
  hip_frame_axes(to, b);
  for (int k = 0; k < 3; k++) {
    const double p[3] = {a[k].x, a[k].y, a[k].z}, q[3] = {b[k].x, b[k].y, b[k].z};
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) m.turn[i][j] += q[i] * p[j];
  }
  m.shift = vec3_sub(to->head, vec3_scale(motion_turn(&m, from->head), m.scale));
  return m;
}

/* Points of the surface that both bones have, about POINTS of them. */
static status choose(struct vec3 **out, int64_t *count, const struct surface *s,
                     const struct hip_frame *f, double length_mm) {
  status st = ST_OK;
  struct vec3 *p = malloc((size_t)s->vertex_count * sizeof *p + 1);
  int64_t n = 0, kept = 0;
  CHECK(p, ST_MEMORY, "femur on a reference: no memory");
  for (int64_t i = 0; i < s->vertex_count; i++)
    if (vec3_dot(vec3_sub(f->head, s->vertices[i]), f->shaft_axis) < length_mm)
      p[n++] = s->vertices[i];
  const int64_t stride = n / POINTS + 1;
  for (int64_t i = 0; i < n; i += stride) p[kept++] = p[i];
  *out = p;
  *count = kept;
done:
  return st;
}

/* The reference's frame laid on the femur. */
static void carry(struct hip_frame *out, const struct hip_frame *own, const struct hip_frame *ref,
                  const struct motion *back) {
  struct hip_frame f = *ref;
  struct vec3 *const points[] = {&f.head,   &f.neck_point,        &f.shaft_point,
                                 &f.origin, &f.lesser_trochanter, &f.greater_trochanter};
  double *const lengths[] = {&f.head_radius_mm, &f.lesser_trochanter_mm, &f.offset_mm, &f.fal_mm,
                             &f.neck_axis_miss_mm};
  for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
    *points[i] = motion_apply(back, *points[i]);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) *lengths[i] *= back->scale;
  f.neck_axis = motion_turn(back, f.neck_axis);
  f.shaft_axis = motion_turn(back, f.shaft_axis);
  f.neck_area_mm2 *= back->scale * back->scale;
  const struct vec3 end = vec3_along(own->head, -own->distal_mm, own->shaft_axis);
  f.distal_mm = vec3_dot(vec3_sub(f.head, end), f.shaft_axis);
  f.shaft_length_mm = f.distal_mm - f.lesser_trochanter_mm;
  f.hal_mm = (double)NAN;
  f.head_rms_mm = own->head_rms_mm;
  f.head_score = own->head_score;
  f.head_cut = own->head_cut;
  f.truncated = own->truncated;
  f.metal = own->metal;
  *out = f;
}

status femur_frame_by_reference(struct hip_frame *out, struct align_result *fit,
                                const struct reference_femur *femur,
                                const struct reference_femur *reference,
                                const struct reference_options *options) {
  static const struct reference_options defaults = REFERENCE_DEFAULTS;
  const struct reference_options *o = options ? options : &defaults;
  status st = ST_OK;
  struct surface *own = NULL, *ref = NULL;
  struct vec3 *points = NULL;
  struct hip_frame ref_frame = *reference->frame;
  struct align_options ao = ALIGN_DEFAULTS;
  struct align_result r;
  int64_t count = 0;
  CHECK(femur->frame->side != SIDE_UNKNOWN && ref_frame.side != SIDE_UNKNOWN, ST_DOMAIN,
        "femur on a reference: the side of %s is unknown",
        ref_frame.side == SIDE_UNKNOWN ? "the reference" : "the femur");
  TRY(make_surface(&own, femur));
  TRY(make_surface(&ref, reference));
  if (ref_frame.side != femur->frame->side) mirror_all(ref, &ref_frame);
  const struct motion start = by_landmarks(femur->frame, &ref_frame, o->rigid);
  const double length = fmin(femur->frame->distal_mm, ref_frame.distal_mm / start.scale) - END_MM;
  TRY(choose(&points, &count, own, femur->frame, length));
  ao.scale = !o->rigid;
  TRY(align_points(&r, points, count, ref->vertices, ref->normals, ref->vertex_count, &start, &ao));
  const double scale = 1 / r.motion.scale, apart = r.nearest_mm * scale;
  CHECK(apart <= o->most_mm, ST_DOMAIN,
        "femur on a reference: the surfaces stay %.1f mm apart (RMS), permitted are %.1f mm; is it "
        "the same part of the same bone?",
        apart, o->most_mm);
  CHECK(scale >= SCALE_LOW && scale <= SCALE_HIGH, ST_DOMAIN,
        "femur on a reference: the reference would be scaled by %.2f, permitted are %.2f .. %.2f",
        scale, SCALE_LOW, SCALE_HIGH);
  const struct motion back = motion_inverse(&r.motion);
  carry(out, femur->frame, &ref_frame, &back);
  snprintf(out->method, sizeof out->method, "reference");
  snprintf(out->flags, sizeof out->flags,
           "axes of a reference femur scaled by %.3f, surfaces %.2f mm apart", scale, apart);
  if (fit) *fit = r;
done:
  free(points);
  surface_destroy(own);
  surface_destroy(ref);
  return st;
}
