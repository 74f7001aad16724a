#include "anatomy/frame.h"

#include "anatomy/box.h"
#include "anatomy/femur_parts.h"
#include "anatomy/mask.h"
#include "anatomy/section.h"
#include "anatomy/sphere.h"
#include "core/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const neck_method_names[] = {"minperim", "area", NULL};

enum { RAYS = 900 };
static const double WIDE = -0.3,
                    CAP = 0.25;  /* d.neck of rays: all but the neck's; the head's alone */
static const double CLEAN = 0.6; /* mm, RMS up to which the smaller cap still fixes the sphere */
static const double RADIUS_LOW = 15, RADIUS_HIGH = 32; /* mm */
static const double NSA_LOW = 100, NSA_HIGH = 160;     /* degrees */
static const double OTHER_SIDE = 0.3; /* of the neck's direction, along x, the wrong way */

static bool inside(const struct volume *f, struct vec3 p) {
  return box_sample(f, p.x, p.y, p.z) >= 0.5;
}

/* ---- head ---- */

/* Centre of the largest ball inside the upper 80 mm of the mask: a start for the sphere. */
static status largest_ball(struct vec3 *centre, double *radius, const struct volume *field) {
  status st = ST_OK;
  const struct geometry *g = &field->grid;
  const double step = 2;
  int64_t f = (int64_t)lround(step / g->spacing[0]);
  struct mask m = {{0}, NULL};
  uint8_t *depth = NULL;
  int64_t top = -1;
  TRY(mask_create(&m, (int64_t[3]){(g->nx - 1) / f + 1, (g->ny - 1) / f + 1, (g->nz - 1) / f + 1}));
  depth = malloc((size_t)mask_size(&m));
  CHECK(depth, ST_MEMORY, "hip frame: out of memory");
  int64_t at = 0, best = -1;
  for (int64_t k = 0; k < m.n[2]; k++)
    for (int64_t j = 0; j < m.n[1]; j++)
      for (int64_t i = 0; i < m.n[0]; i++, at++) {
        m.v[at] = field->voxels[geometry_index(g, i * f, j * f, k * f)] >= 0.5F;
        if (m.v[at]) top = k;
      }
  TRY(mask_depth(depth, &m));
  for (int64_t i = 0, n = mask_size(&m), slice = m.n[0] * m.n[1]; i < n; i++)
    if (m.v[i] && (double)(top - i / slice) * step < 80 && (best < 0 || depth[i] > depth[best]))
      best = i;
  CHECK(best >= 0, ST_DOMAIN, "hip frame: the label is empty");
  *radius = step * sqrt(depth[best]);
  *centre =
      box_centre_of(g, best % m.n[0] * f, best / m.n[0] % m.n[1] * f, best / (m.n[0] * m.n[1]) * f);
done:
  mask_free(&m);
  free(depth);
  return st;
}

/* Distance from c to the surface along d, between low and high; NaN when none or out of the box. */
static double surface_along(const struct volume *field, struct vec3 c, struct vec3 d, double low,
                            double high) {
  double before = NAN;
  for (double r = low; r <= high; r += 0.5) {
    struct vec3 p = vec3_along(c, r, d);
    double v = box_sample(field, p.x, p.y, p.z);
    if (isnan(v)) return NAN;
    if (v < 0.5) return isnan(before) ? NAN : r - 0.5 * (0.5 - v) / (before - v);
    before = v;
  }
  return NAN;
}

/* Direction of the mask just beyond the head, turned towards the head. */
static struct vec3 neck_seen(const struct volume *field, struct vec3 c, double R) {
  struct vec3 d[RAYS], sum = vec3_make(0, 0, 0);
  sphere_directions(d, RAYS);
  for (int i = 0; i < RAYS; i++)
    for (double r = R + 2; r <= R + 8; r += 2)
      if (inside(field, vec3_along(c, r, d[i]))) sum = vec3_along(sum, -1, d[i]);
  return vec3_unit(sum);
}

/* A sphere fitted again and again, to the surface seen from its centre. */
struct head_sphere {
  struct vec3 centre;
  double radius, rms; /* mm */
  double reach; /* mm, farthest surface that counts: 3 SD, by the median of the nearest 2 mm */
};

/* One fit through the surface within reach of the sphere, along rays at least `least` towards the
 * head (d.neck). A part that is off as a whole (the roof under a joint no wider than a slice) is
 * out of reach in the end. */
static status fit_once(struct head_sphere *h, const struct volume *field, struct vec3 neck,
                       double least) {
  status st = ST_OK;
  const double near_mm = 2, least_mm = 0.3;
  struct vec3 d[RAYS], t;
  struct sphere_fit fit = {.n = 0};
  double R = h->radius, square = 0, miss[RAYS], far = fmax(h->reach, near_mm);
  int n = 0, seen = 0;
  sphere_directions(d, RAYS);
  for (int i = 0; i < RAYS; i++) {
    if (vec3_dot(d[i], neck) < least) continue;
    double r = surface_along(field, h->centre, d[i], 0.5 * R, R + far);
    if (isnan(r) || fabs(r - R) > far) continue;
    miss[seen++] = fabs(r - R);
    if (miss[seen - 1] > h->reach) continue;
    sphere_add(&fit, vec3_scale(d[i], r), 1);
    square += (r - R) * (r - R);
    n++;
  }
  CHECK(n >= 100 && sphere_solve(&fit, &t, &h->radius), ST_DOMAIN,
        "hip frame: no sphere fits the head: %d surface points near radius %.1f mm, at least 100 "
        "needed",
        n, R);
  h->centre = vec3_add(h->centre, t);
  h->rms = sqrt(square / n);
  h->reach = fmin(near_mm, fmax(3 * 1.4826 * stat_median(miss, seen), least_mm));
done:
  return st;
}

/* The head's own cap gives radius and place along the neck, where the flare of the neck would
 * mislead; the ring around the axis gives the place across it, where a cap alone slips. */
static status fit_head(struct hip_frame *f, const struct volume *field, struct vec3 *neck) {
  status st = ST_OK;
  const double start_mm = 5;
  struct head_sphere ring = {f->head, f->head_radius_mm, 0, start_mm}, cap;
  for (int round = 0; round < 4; round++) {
    *neck = neck_seen(field, ring.centre, ring.radius);
    TRY(fit_once(&ring, field, *neck, WIDE));
  }
  cap = ring;
  for (int round = 0; round < 4 && ring.rms < CLEAN; round++)
    TRY(fit_once(&cap, field, *neck, CAP));
  CHECK(cap.radius >= RADIUS_LOW && cap.radius <= RADIUS_HIGH, ST_DOMAIN,
        "hip frame: head radius %.1f mm, permitted %g..%g mm; is this label a femur?", cap.radius,
        RADIUS_LOW, RADIUS_HIGH);
  double along = vec3_dot(vec3_sub(cap.centre, ring.centre), *neck);
  f->head = vec3_along(ring.centre, along, *neck);
  f->head_radius_mm = cap.radius;
  f->head_rms_mm = cap.rms;
done:
  return st;
}

/* ---- neck ---- */

struct neck_plane {
  struct vec3 normal;
  struct section section;
  double cost;
};

/* Smallest section over 15 parallel planes, 1.5 mm apart, around the pivot. */
static struct neck_plane smallest_section(const struct volume *field, struct vec3 pivot,
                                          struct vec3 normal, int method) {
  struct neck_plane best = {.normal = normal, .cost = INFINITY};
  for (int i = -7; i <= 7; i++) {
    struct section s;
    section_cut(&s, field, vec3_along(pivot, 1.5 * i, normal), normal, 0.8, 10);
    if (!s.found || !s.complete) continue;
    double cost = method == NECK_AREA ? s.area_mm2 : s.perimeter_mm;
    if (cost >= best.cost) continue;
    best.cost = cost;
    best.section = s;
  }
  return best;
}

/* Tilt about two axes on a 5 x 5 grid of `step` degrees, moving until the optimum is interior. */
static struct neck_plane search_tilt(const struct volume *field, struct vec3 pivot,
                                     struct vec3 normal, double step, int method) {
  const double degree = 3.14159265358979323846 / 180;
  struct neck_plane best = smallest_section(field, pivot, normal, method);
  for (int move = 0; move < 8; move++) {
    struct vec3 u = vec3_perpendicular(best.normal), v = vec3_cross(best.normal, u);
    struct vec3 middle = best.normal;
    int interior = 1;
    for (int i = -2; i <= 2; i++)
      for (int j = -2; j <= 2; j++) {
        if (i == 0 && j == 0) continue;
        struct vec3 n = vec3_along(middle, tan(i * step * degree), u);
        n = vec3_unit(vec3_along(n, tan(j * step * degree), v));
        struct neck_plane p = smallest_section(field, pivot, n, method);
        if (p.cost >= best.cost) continue;
        best = p;
        interior = abs(i) < 2 && abs(j) < 2;
      }
    if (interior) break;
  }
  return best;
}

/* Area of the section across the neck axis `along` mm from the neck point, towards the head; NaN
 * when the box or the sampled square cuts it. */
static double area_along(struct section *s, const struct hip_frame *f, const struct volume *field,
                         double along) {
  section_cut(s, field, vec3_along(f->neck_point, along, f->neck_axis), f->neck_axis, 0.8, 10);
  return s->found && s->complete ? s->area_mm2 : NAN;
}

/* Where the area reaches `level`, from `along` in steps; NaN when a section is cut before that. */
static double rise_along(const struct hip_frame *f, const struct volume *field, double along,
                         double step, double level) {
  const double far_mm = 30;
  struct section s;
  double before = area_along(&s, f, field, along);
  for (double t = along + step; fabs(t - along) <= far_mm; t += step) {
    double area = area_along(&s, f, field, t);
    if (isnan(area)) break;
    if (area >= level) return t - step * (area - level) / (area - before);
    before = area;
  }
  return NAN;
}

/* Move the neck point to the middle of the narrow stretch (core/frame.h) of its axis; 0 when the
 * scan cuts that. */
static int settle_neck(struct hip_frame *f, const struct volume *field) {
  const double step_mm = 0.75, reach_mm = 6;
  struct section s;
  double narrow = 0, least = INFINITY;
  for (double t = -reach_mm; t <= reach_mm; t += step_mm) {
    double area = area_along(&s, f, field, t);
    if (!(area < least)) continue;
    least = area;
    narrow = t;
  }
  double level = least * (1 + HIP_NARROW_RISE);
  double first = rise_along(f, field, narrow, step_mm, level);
  double last = rise_along(f, field, narrow, -step_mm, level);
  if (isnan(first + last) || isnan(area_along(&s, f, field, (first + last) / 2))) return 0;
  f->neck_point = s.centroid;
  f->neck_area_mm2 = least;
  f->neck_axis = vec3_unit(vec3_sub(f->head, f->neck_point));
  return 1;
}

/* The axis runs from the middle of the narrow stretch to the head centre: over digital hips it lies
 * nearer to that of the exact solid than the normal of the tilted plane. The stretch is that of the
 * sections across the axis, so both are found in turn. */
static status find_neck(struct hip_frame *f, const struct volume *field, struct vec3 seen,
                        int method) {
  status st = ST_OK;
  double R = f->head_radius_mm;
  struct neck_plane best = search_tilt(field, vec3_along(f->head, -1.1 * R, seen), seen, 2, method);
  CHECK(best.cost < INFINITY, ST_DOMAIN,
        "hip frame: no complete section of the neck within 10 mm of its expected place");
  best = search_tilt(field, best.section.centroid, best.normal, 1, method);
  struct vec3 normal = best.normal;
  f->neck_point = best.section.centroid;
  f->neck_area_mm2 = best.section.area_mm2;
  f->neck_axis = vec3_unit(vec3_sub(f->head, f->neck_point));
  for (int round = 0; round < 6; round++) {
    struct vec3 before = f->neck_axis;
    if (!settle_neck(f, field)) {
      frame_flag(f, "neck cut by the scan: its place approximate");
      break;
    }
    if (vec3_angle_deg(before, f->neck_axis) < 0.02) break;
  }
  if (vec3_dot(normal, seen) < 0) normal = vec3_scale(normal, -1);
  struct vec3 d = vec3_sub(f->head, f->neck_point);
  f->neck_axis_miss_mm = vec3_length(vec3_along(d, -vec3_dot(d, normal), normal));
  snprintf(f->method, sizeof f->method, "%s", neck_method_names[method]);
done:
  return st;
}

/* ---- lengths, angles, landmarks ---- */

/* Point of line a (point, direction) nearest to line b. */
static struct vec3 nearest_on(struct vec3 pa, struct vec3 da, struct vec3 pb, struct vec3 db) {
  struct vec3 w = vec3_sub(pa, pb);
  double b = vec3_dot(da, db), d = vec3_dot(da, w), e = vec3_dot(db, w), q = 1 - b * b;
  return vec3_along(pa, q > 1e-9 ? (b * e - d) / q : 0, da);
}

/* Distance from p along d to where the mask ends for good (the last exit within `far` mm); NaN when
 * it leaves the box. */
static double last_exit(const struct volume *field, struct vec3 p, struct vec3 d, double far) {
  double exit = NAN, before = 1;
  for (double r = 0; r <= far; r += 0.25) {
    struct vec3 q = vec3_along(p, r, d);
    double v = box_sample(field, q.x, q.y, q.z);
    if (isnan(v)) return before >= 0.5 ? NAN : exit;
    if (v < 0.5 && before >= 0.5) exit = r - 0.25 * (0.5 - v) / (before - v);
    before = v;
  }
  return exit;
}

static double femoral_axis_length(const struct hip_frame *f, const struct volume *field) {
  double head = vec3_dot(vec3_sub(f->head, f->neck_point), f->neck_axis) + f->head_radius_mm;
  double medial = last_exit(field, f->neck_point, f->neck_axis, head + 8);
  double lateral = last_exit(field, f->neck_point, vec3_scale(f->neck_axis, -1), 110);
  return medial + lateral;
}

static double hip_axis_length(const struct hip_frame *f, const struct volume *field,
                              const struct labels *pelvis, int value) {
  double start = vec3_dot(vec3_sub(f->head, f->neck_point), f->neck_axis) + f->head_radius_mm;
  double last = NAN;
  for (double r = start; r < start + 60; r += 0.25) {
    struct vec3 p = vec3_along(f->neck_point, r, f->neck_axis);
    struct vec3 i = geometry_to_index(&pelvis->grid, p);
    int64_t a = lround(i.x), b = lround(i.y), c = lround(i.z);
    if (!geometry_inside(&pelvis->grid, a, b, c)) break;
    if (pelvis->voxels[geometry_index(&pelvis->grid, a, b, c)] == value) last = r;
  }
  return last + last_exit(field, f->neck_point, vec3_scale(f->neck_axis, -1), 110);
}

static void angles(struct hip_frame *f) {
  struct vec3 down = vec3_scale(f->shaft_axis, -1);
  struct vec3 across = vec3_unit(vec3_cross(f->shaft_axis, vec3_sub(f->head, f->shaft_point)));
  struct vec3 flat = vec3_along(f->neck_axis, -vec3_dot(f->neck_axis, across), across);
  f->neck_shaft_deg = vec3_angle_deg(f->neck_axis, down);
  f->neck_shaft_projected_deg = vec3_angle_deg(flat, down);
}

/* Greater trochanter: most proximal point lateral of the shaft axis; and how far down the bone
 * goes. */
static void landmarks(struct hip_frame *f, const struct volume *field) {
  const struct geometry *g = &field->grid;
  struct vec3 medial = vec3_unit(vec3_sub(f->head, f->shaft_point));
  double highest = -1e9;
  f->distal_mm = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (field->voxels[geometry_index(g, i, j, k)] < 0.5F) continue;
        struct vec3 p = box_centre_of(g, i, j, k), d = vec3_sub(p, f->shaft_point);
        double up = vec3_dot(d, f->shaft_axis);
        if (vec3_dot(d, medial) < 0 && up > highest) {
          highest = up;
          f->greater_trochanter = p;
        }
        f->distal_mm = fmax(f->distal_mm, -vec3_dot(vec3_sub(p, f->head), f->shaft_axis));
      }
}

/* The head lies medial of the neck: of a right femur towards +x, of a left one towards -x. With the
 * wrong side front and back are exchanged, and the lesser trochanter is not found. */
static status check_side(const struct hip_frame *f, struct vec3 neck) {
  status st = ST_OK;
  enum side seen = neck.x > 0 ? SIDE_RIGHT : SIDE_LEFT;
  CHECK(f->side == seen || fabs(neck.x) < OTHER_SIDE, ST_DOMAIN,
        "hip frame: said to be a %s femur, but its head lies %.0f degrees to the side where a %s "
        "one has it: exchanged labels, or a mirrored image; give the other side or mend the image",
        side_name(f->side), asin(fmin(fabs(neck.x), 1)) * 180 / acos(-1.0), side_name(seen));
done:
  return st;
}

static void start_frame(struct hip_frame *f, enum side side) {
  const struct vec3 none = {NAN, NAN, NAN};
  memset(f, 0, sizeof *f);
  f->side = side;
  f->neck_axis = f->neck_point = f->shaft_axis = f->shaft_point = f->origin = none;
  f->lesser_trochanter = f->greater_trochanter = none;
  f->neck_area_mm2 = f->lesser_trochanter_mm = f->distal_mm = NAN;
  f->neck_shaft_deg = f->neck_shaft_projected_deg = f->offset_mm = f->neck_axis_miss_mm = NAN;
  f->fal_mm = f->hal_mm = f->head_score = f->head_cut = NAN;
}

status frame_from_field(struct hip_frame *out, const struct volume *field, enum side side,
                        const struct frame_options *opt) {
  status st = ST_OK;
  struct hip_frame f;
  struct vec3 neck;
  start_frame(&f, side);
  f.head = opt->head;
  f.head_radius_mm = opt->head_radius_mm;
  if (isnan(f.head.x) || isnan(f.head_radius_mm))
    TRY(largest_ball(&f.head, &f.head_radius_mm, field));
  TRY(fit_head(&f, field, &neck));
  if (f.side == SIDE_UNKNOWN) f.side = neck.x > 0 ? SIDE_RIGHT : SIDE_LEFT;
  TRY(check_side(&f, neck));
  TRY(frame_find_shaft(&f, field, opt->shaft_min_mm));
  TRY(find_neck(&f, field, neck, opt->neck));
  f.origin = nearest_on(f.neck_point, f.neck_axis, f.shaft_point, f.shaft_axis);
  if (f.shaft_length_mm > 0) angles(&f);
  if (f.shaft_length_mm < opt->shaft_min_mm)
    f.neck_shaft_deg = f.neck_shaft_projected_deg = NAN;
  else
    CHECK(f.neck_shaft_deg >= NSA_LOW && f.neck_shaft_deg <= NSA_HIGH, ST_NUMERIC,
          "hip frame: neck-shaft angle %.1f degrees, permitted %g..%g", f.neck_shaft_deg, NSA_LOW,
          NSA_HIGH);
  f.fal_mm = femoral_axis_length(&f, field);
  if (opt->pelvis) f.hal_mm = hip_axis_length(&f, field, opt->pelvis, opt->pelvis_value);
  landmarks(&f, field);
  *out = f;
done:
  return st;
}

status femur_frame(struct hip_frame *out, const struct labels *labels, int value, enum side side,
                   const struct frame_options *opt) {
  static const struct frame_options defaults = FRAME_OPTIONS_DEFAULTS;
  status st = ST_OK;
  struct volume *field = NULL;
  TRY(femur_field(&field, labels, value));
  TRY(frame_from_field(out, field, side, opt ? opt : &defaults));
done:
  volume_destroy(field);
  return st;
}
