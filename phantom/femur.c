#include "phantom/femur.h"

#include <stdlib.h>

static const double radians = 0.017453292519943295;

void digital_femur_init(struct digital_femur *f, const struct hip_person *person) {
  double tilt = person->shaft_tilt_deg * radians, angle = person->neck_shaft_deg * radians;
  double turn = person->anteversion_deg * radians;
  *f = (struct digital_femur){.person = person};
  f->scale = person->head_radius_mm / 24.5;
  f->shaft = vec3_unit(vec3_make(sin(tilt), 0.02, cos(tilt)));
  struct vec3 medial = vec3_make(-cos(turn), -sin(turn), 0);
  medial = vec3_unit(vec3_along(medial, -vec3_dot(medial, f->shaft), f->shaft));
  f->neck = vec3_along(vec3_scale(f->shaft, -cos(angle)), sin(angle), medial);
  f->length = person->offset_mm / sin(angle);
  f->start = vec3_scale(f->neck, -f->length);
  f->superior = vec3_unit(vec3_along(f->shaft, -vec3_dot(f->shaft, f->neck), f->neck));
  f->across = vec3_cross(f->neck, f->superior);
  struct vec3 front = vec3_make(0, -1, 0);
  f->anterior = vec3_unit(vec3_along(front, -vec3_dot(front, f->shaft), f->shaft));
  f->lateral = vec3_cross(f->anterior, f->shaft);
  if (f->lateral.x < 0) f->lateral = vec3_scale(f->lateral, -1);
}

void digital_femur_shaft_coordinates(const struct digital_femur *f, struct vec3 p, double *t,
                                     double *lateral, double *anterior) {
  struct vec3 d = vec3_sub(p, f->start);
  *t = -vec3_dot(d, f->shaft);
  *lateral = vec3_dot(d, f->lateral);
  double down = larger(*t, 0);
  *anterior = vec3_dot(d, f->anterior) - down * down / (2 * f->person->bow_mm);
}

struct vec3 digital_femur_shaft_centre(const struct digital_femur *f, double t) {
  struct vec3 p = vec3_along(f->start, -t, f->shaft);
  return vec3_along(p, t * t / (2 * f->person->bow_mm), f->anterior);
}

/* Semi-axes of the neck at u along its axis (head centre 0, negative towards the shaft). */
static void neck_axes(const struct hip_person *h, double u, double *a, double *b) {
  double w = u + h->neck_waist_mm;
  double t = w > 0 ? smaller(w / 15, 1.2) : smaller(-w / 24, 1.3);
  *a = h->neck_a_mm + (w > 0 ? 3.5 : 6.5) * t * t;
  *b = h->neck_b_mm + (w > 0 ? 4.5 : 2.0) * t * t;
}

static double shaft_at(const struct digital_femur *f, double t, double lateral, double anterior) {
  double down = larger(t, -10), flare = f->person->flare;
  double r = (14 + 5.5 * flare * exp(-down / 32)) * f->scale;
  double wide = 1 + 0.06 * exp(-larger(t, 0) / 30);
  return larger(solid_ellipse(lateral, anterior, r * wide, r * 1.02), -t - 4);
}

/* Smooth union of d with an ellipsoid, not evaluated where it is too far to matter: its field is at
 * least (k0 - 1) times the smallest semi-axis, and k0 at least |p| over the largest. */
static double join_ellipsoid(double d, struct vec3 p, const double r[3], double least, double most,
                             double k) {
  const double margin = 1.000001; /* of rounding: the finer test below decides */
  double far = margin * most * (least + d + k);
  if (far > 0 && vec3_dot(p, p) * least * least > far * far) return d;
  double x = p.x / r[0], y = p.y / r[1], z = p.z / r[2], reach = 1 + (d + k) / least;
  if (reach > 0 && x * x + y * y + z * z > reach * reach) return d;
  return smooth_union(d, solid_ellipsoid(p, r[0], r[1], r[2]), k);
}

double digital_femur_solid(const struct digital_femur *f, struct vec3 p) {
  const struct hip_person *h = f->person;
  const double k = f->scale;
  double t, lateral, anterior, d = solid_length(p) - h->head_radius_mm;
  double u = vec3_dot(p, f->neck), ends = larger(u - 2, -(f->length + 3) - u);
  if (ends < d + 3.5) {
    double a, b, q = vec3_dot(p, f->superior), r = vec3_dot(p, f->across);
    neck_axes(h, u, &a, &b);
    d = smooth_union(d, larger(solid_ellipse(q, r, a, b), ends), 3.5);
  }
  digital_femur_shaft_coordinates(f, p, &t, &lateral, &anterior);
  struct vec3 g = vec3_make(lateral, -anterior, -t); /* lateral, posterior, proximal */
  const double greater[3] = {14.5 * k, 18 * k, 21 * k}, crest[3] = {12 * k, 8.5 * k, 17 * k};
  const double lesser[3] = {8.5 * k, 8 * k, 12 * k};
  double below = 1e9;
  if (-t - 4 < d + 22) below = shaft_at(f, t, lateral, anterior);
  below = join_ellipsoid(smaller(below, d + 22), vec3_sub(g, vec3_make(8.5 * k, k, 11 * k)),
                         greater, 14.5 * k, 21 * k, 10);
  d = smooth_union(d, below, 9);
  d = join_ellipsoid(d, vec3_sub(g, vec3_make(2 * k, 14 * k, 15 * k)), crest, 8.5 * k, 17 * k, 6);
  return join_ellipsoid(d, vec3_sub(g, vec3_make(-12 * k, 12 * k, -31 * k)), lesser, 8 * k, 12 * k,
                        7);
}

double digital_femur_clear(double value) {
  double d = fabs(value);
  return d < 3.45 ? d / 1.15 : larger(3, d / 1.9);
}

struct vec3 digital_femur_gradient(const struct digital_femur *f, struct vec3 p) {
  const double h = 1e-3;
  struct vec3 g;
  g.x = digital_femur_solid(f, vec3_make(p.x + h, p.y, p.z)) -
        digital_femur_solid(f, vec3_make(p.x - h, p.y, p.z));
  g.y = digital_femur_solid(f, vec3_make(p.x, p.y + h, p.z)) -
        digital_femur_solid(f, vec3_make(p.x, p.y - h, p.z));
  g.z = digital_femur_solid(f, vec3_make(p.x, p.y, p.z + h)) -
        digital_femur_solid(f, vec3_make(p.x, p.y, p.z - h));
  return vec3_scale(g, 0.5 / h);
}

double digital_femur_depth(const struct digital_femur *f, struct vec3 p, double value) {
  const double h = 1e-3; /* forward differences: three evaluations */
  struct vec3 g;
  g.x = digital_femur_solid(f, vec3_make(p.x + h, p.y, p.z)) - value;
  g.y = digital_femur_solid(f, vec3_make(p.x, p.y + h, p.z)) - value;
  g.z = digital_femur_solid(f, vec3_make(p.x, p.y, p.z + h)) - value;
  return -value * h / larger(solid_length(g), 1e-6 * h);
}

double digital_femur_cortex(const struct digital_femur *f, struct vec3 p) {
  const struct hip_person *h = f->person;
  double u = vec3_dot(p, f->neck), q = vec3_dot(p, f->superior), r = vec3_dot(p, f->across);
  double t, lateral, anterior, a, b;
  digital_femur_shaft_coordinates(f, p, &t, &lateral, &anterior);
  neck_axes(h, u, &a, &b);
  double cosine = q / a / (sqrt(q * q / (a * a) + r * r / (b * b)) + 1e-6); /* +1 superior */
  double inferior = 0.5 * (1 - cosine);
  double neck = 1.0 + 2.9 * inferior * inferior * inferior + 0.5 * inferior;
  neck *= inferior + (1 - inferior) * h->cortex_superior;
  double head = 0.7 + 0.25 * smooth_step(-5, 15, p.z);
  double at_head = smooth_step(-0.85 * h->head_radius_mm, -0.5 * h->head_radius_mm, u);
  double medial = -lateral / (sqrt(lateral * lateral + anterior * anterior) + 1e-6);
  double shaft = (1.7 + 3.6 * smooth_step(5, 95, t)) * (1 + 0.12 * fabs(medial)) +
                 1.6 * larger(medial, 0) * bell(t - 18, 24);
  double at_shaft = smooth_step(-2, 24, t);
  double trochanter = 0.9 + 0.6 * smooth_step(-25, 5, t);
  double at_neck = smooth_step(-f->length - 2, -f->length + 16, u);
  double middle = trochanter * (1 - at_neck) + neck * at_neck;
  middle = middle * (1 - at_shaft) + shaft * at_shaft;
  /* thin shell on the lesser trochanter */
  middle *= 1 - 0.55 * bell(solid_length(vec3_make(lateral + 13, anterior + 14, t - 31)), 9);
  return h->cortex * (middle * (1 - at_head) + head * at_head);
}

double digital_femur_cortical(const struct digital_femur *f, double thickness) {
  const double thin_mm = 1.2;
  return f->person->cortical_bvf * (1 - f->person->thin_cortex * (thickness < thin_mm));
}

/* Distance in the plane (u, q) to a segment, and the share of the way along it. */
static double segment(double u, double q, const double from[2], const double to[2], double *share) {
  double du = to[0] - from[0], dq = to[1] - from[1];
  *share = clamp(((u - from[0]) * du + (q - from[1]) * dq) / (du * du + dq * dq), 0, 1);
  double x = u - from[0] - *share * du, y = q - from[1] - *share * dq;
  return sqrt(x * x + y * y);
}

/* The load-bearing groups: smooth ridges in the neck-shaft plane. */
static double trabecular_groups(const struct digital_femur *f, double u, double q, double r) {
  double head = f->person->head_radius_mm, n = f->length, share, sum = 0;
  double d = segment(u, q, (double[]){-n + 12, -24}, (double[]){0.10 * head, 0.65 * head}, &share);
  sum += 0.150 * (0.55 + 0.45 * share) * bell(d, 4 + 6.5 * share) * bell(r, 13 + 4 * share);
  double x = u + 0.62 * n, y = q + 26, angle = atan2(y, x);
  sum += 0.075 * bell(sqrt(x * x + y * y) - 36, 4.5) * smooth_step(0.15, 0.6, angle) *
         (1 - smooth_step(2.4, 2.9, angle)) * bell(r, 15);
  d = segment(u, q, (double[]){-n + 6, -22}, (double[]){-n - 8, 16}, &share);
  return sum + 0.032 * bell(d, 5) * bell(r, 15);
}

double digital_femur_trabecular(const struct digital_femur *f, struct vec3 p) {
  const struct hip_person *h = f->person;
  double u = vec3_dot(p, f->neck), q = vec3_dot(p, f->superior), r = vec3_dot(p, f->across);
  double t, lateral, anterior, head = h->head_radius_mm, n = f->length;
  digital_femur_shaft_coordinates(f, p, &t, &lateral, &anterior);
  double v = 0.055 + 0.065 * smooth_step(-0.8 * head, 0, u) + trabecular_groups(f, u, q, r);
  double centre = solid_length(p);
  v += 0.10 * smooth_step(0.35, 0.95, p.z / head) * smooth_step(0.6 * head, 0.95 * head, centre);
  v += 0.02 * bell(solid_length(vec3_make(lateral - 8, anterior + 2, t + 14)), 16);
  v += 0.05 * bell(u + 0.16 * head + q * q / (4 * head), 1.1) *
       smooth_step(0.9 * head, 0.6 * head, centre); /* growth scar */
  double ward = hypot(u + 0.62 * n, (q - 1) * 1.1), hollow = hypot(u + n + 2, q - 4);
  v -= 0.062 * bell(ward, 9.5) + 0.03 * bell(hollow, 10);
  v = larger(v * (1 - 0.97 * smooth_step(10, 48, t)), 0.004) * h->trabecular;
  if (h->texture > 0)
    v *= 1 + h->texture * (1.5 * solid_noise(vec3_scale(p, 1 / 1.6), (unsigned)h->seed) +
                           1.2 * solid_noise(vec3_scale(p, 1 / 4.0), (unsigned)h->seed + 7));
  return clamp(v, 0, 0.9);
}

void digital_femur_bone(struct digital_femur_point *out, const struct digital_femur *f,
                        struct vec3 p, double value) {
  const double steepest = 1.9;  /* |grad f| of the cortex's neighbourhood, and of depth - T there */
  const double endosteum = 3.2; /* |grad (f + 1.9 T)| */
  double thickness = digital_femur_cortex(f, p), beyond = -value - steepest * thickness;
  *out = (struct digital_femur_point){.value = value, .clear = digital_femur_clear(value)};
  if (beyond > 0) { /* no depth can be cortical here */
    double clear = beyond / endosteum;
    if (beyond < 3)
      clear = larger(clear, (digital_femur_depth(f, p, value) - thickness) / steepest);
    out->bvf = digital_femur_trabecular(f, p);
    out->clear = smaller(out->clear, clear);
    return;
  }
  double depth = digital_femur_depth(f, p, value);
  out->cortical = depth < thickness;
  out->clear = smaller(out->clear, fabs(depth - thickness) / steepest);
  out->bvf = out->cortical ? digital_femur_cortical(f, thickness) : digital_femur_trabecular(f, p);
}
