#include "phantom/spine_column.h"

#include <string.h>

const char *const spine_deformity_names[] = {"none", "wedge", "biconcave", "crush", NULL};
static const char *const level_names[SPINE_LEVELS] = {"T11", "T12", "L1", "L2",
                                                      "L3",  "L4",  "L5", "S1"};
static const double exponent = 2.5, canal_mm = 8, canal_back_mm = 10;
static const double degrees = 0.017453292519943295;

const char *spine_level_name(int level) {
  return level_names[level];
}

int spine_level_from_name(const char *name, size_t length) {
  for (int i = 0; i < SPINE_LEVELS; i++)
    if (strlen(level_names[i]) == length && !strncmp(level_names[i], name, length)) return i;
  return -1;
}

void spine_shape_defaults(struct spine_shape *s) {
  static const double density[SPINE_LEVELS] = {158, 155, 152, 150, 145, 147, 150, 160};
  *s = (struct spine_shape){.lordosis_deg = 30,
                            .disc_mm = 9,
                            .scale = 1,
                            .cortex_mm = 0.6,
                            .plate_mm = 0.8,
                            .cave_mm = 1.5};
  memcpy(s->density, density, sizeof density);
}

/* ---- making it ---- */

static void deform(struct spine_level *v, int deformity, double loss) {
  double whole = 0.5 * (v->front_mm + v->back_mm);
  if (deformity == DEFORMITY_WEDGE) v->front_mm *= 1 - loss;
  if (deformity == DEFORMITY_BICONCAVE) v->cave_mm += 0.5 * loss * (whole - 2 * v->cave_mm);
  if (deformity == DEFORMITY_CRUSH) {
    v->front_mm *= 1 - loss;
    v->back_mm *= 1 - loss;
    v->cave_mm *= 1 - loss;
  }
}

static void set_axes(struct spine_level *v, double coronal_deg, double sagittal_deg) {
  v->up = vec3_unit(vec3_make(tan(coronal_deg * degrees), -tan(sagittal_deg * degrees), 1));
  struct vec3 back = vec3_make(0, 1, 0);
  v->posterior = vec3_unit(vec3_along(back, -vec3_dot(back, v->up), v->up));
  v->left = vec3_cross(v->posterior, v->up);
}

static double half_height(const struct spine_level *v) {
  return 0.25 * (v->front_mm + v->back_mm);
}

static void place(struct spine_column *c, double disc_mm) {
  c->levels[SPINE_L3].centre = vec3_make(0, 0, 0);
  for (int i = SPINE_L3 - 1; i >= 0; i--) {
    struct spine_level *v = &c->levels[i], *below = v + 1;
    struct vec3 p = vec3_along(below->centre, half_height(below) + 0.5 * disc_mm, below->up);
    v->centre = vec3_along(p, half_height(v) + 0.5 * disc_mm, v->up);
  }
  for (int i = SPINE_L4; i < SPINE_LEVELS; i++) {
    struct spine_level *v = &c->levels[i], *above = v - 1;
    struct vec3 p = vec3_along(above->centre, -half_height(above) - 0.5 * disc_mm, above->up);
    v->centre = vec3_along(p, -half_height(v) - 0.5 * disc_mm, v->up);
  }
}

static struct vec3 canal_point(const struct spine_level *v, double z) {
  return spine_to_world(v, vec3_make(0, v->b_mm + canal_back_mm, z));
}

static void make_canal(struct spine_column *c) {
  const struct spine_level *top = &c->levels[0], *low = &c->levels[SPINE_LEVELS - 1];
  int n = 0;
  c->canal[n++] = canal_point(top, 300);
  for (int i = 0; i < SPINE_LEVELS; i++) {
    const struct spine_level *v = &c->levels[i];
    c->canal[n++] = canal_point(v, 0);
    if (i + 1 == SPINE_LEVELS) continue;
    struct vec3 a = canal_point(v, -half_height(v)), b = canal_point(v + 1, half_height(v + 1));
    c->canal[n++] = vec3_scale(vec3_add(a, b), 0.5);
  }
  c->canal[n] = canal_point(low, -150);
}

void spine_column_make(struct spine_column *c, const struct spine_shape *s) {
  /* at the rim, front and back [mm] */
  static const double front[SPINE_LEVELS] = {24, 26, 27, 28, 28.5, 29, 29.6, 29};
  static const double back[SPINE_LEVELS] = {25, 27, 28, 28.5, 28, 27, 25.5, 24};
  *c = (struct spine_column){.cortex_mm = s->cortex_mm, .plate_mm = s->plate_mm, .waist = 0.08};
  for (int i = 0; i < SPINE_LEVELS; i++) {
    struct spine_level *v = &c->levels[i];
    double along = i - SPINE_T12;
    *v = (struct spine_level){.a_mm = s->scale * (22 + (i - SPINE_L1)),
                              .b_mm = s->scale * (16 + 0.5 * (i - SPINE_L1)),
                              .front_mm = s->scale * front[i],
                              .back_mm = s->scale * back[i],
                              .cave_mm = s->cave_mm,
                              .density = s->density[i]};
    deform(v, s->deformity[i], s->loss[i]);
    set_axes(v, s->cobb_deg * (0.5 - along / 5), s->lordosis_deg * (along - 2.5) / 5);
  }
  place(c, s->disc_mm * s->scale);
  make_canal(c);
}

struct vec3 spine_to_world(const struct spine_level *v, struct vec3 p) {
  return vec3_along(vec3_along(vec3_along(v->centre, p.x, v->left), p.y, v->posterior), p.z, v->up);
}

/* ---- the solids ---- */

/* |(x/a, y/b)| in the norm of the exponent: 1 on the plan's rim. Lipschitz bound 1/min(a, b). */
static double plan(double x, double y, double a, double b) {
  double u = fabs(x / a), v = fabs(y / b), big = larger(u, v), small = smaller(u, v);
  if (big < 1e-12) return 0;
  double r = small / big;
  return big * pow(1 + r * r * sqrt(r), 1 / exponent);
}

double spine_plate(const struct spine_level *v, double x, double y) {
  double k = smaller(plan(x, y, v->a_mm, v->b_mm), 1), t = clamp(y / v->b_mm, -1, 1);
  double h = 0.5 * (v->front_mm * (1 - t) + v->back_mm * (1 + t));
  return 0.5 * h - v->cave_mm * (1 - k * k);
}

double spine_body(const struct spine_column *c, int level, struct vec3 p, double inset,
                  double plate_inset) {
  const struct spine_level *v = &c->levels[level];
  double half = half_height(v), t = clamp(p.z / half, -1, 1);
  double narrow = 1 - c->waist * (1 - t * t);
  double a = v->a_mm - inset, b = v->b_mm - inset;
  double side = (plan(p.x, p.y, a * narrow, b * narrow) - 1) * b * narrow;
  double plate = fabs(p.z) - spine_plate(v, p.x, p.y) + plate_inset;
  /* the waist's slope is at most 0.2; the plates' that of the wedge and the hollow */
  double slope = 0.5 * fabs(v->front_mm - v->back_mm) / (2 * v->b_mm) + 2 * v->cave_mm / v->b_mm;
  return larger(side * 0.97, plate / sqrt(1 + slope * slope));
}

double spine_arch(const struct spine_level *v, struct vec3 p) {
  double x = fabs(p.x), b = v->b_mm, s = v->b_mm / 16;
  struct vec3 q = vec3_make(x, p.y, p.z);
  double back = b + canal_back_mm;
  double pedicle = solid_capsule(q, vec3_make(14 * s, b - 4, 5), vec3_make(15 * s, back, 4), 5, 5);
  struct vec3 root = vec3_make(15 * s, back + 3, 4), ridge = vec3_make(0, back + 13, 1);
  struct vec3 below = vec3_make(0, back + 13, -9); /* laminae are tall plates */
  double upper = solid_capsule(q, root, ridge, 4, 4);
  double lower = solid_capsule(q, vec3_make(15 * s, back + 3, -6), below, 4, 4);
  double lamina = smaller(upper, lower);
  double spinous = solid_capsule(q, vec3_make(0, back + 13, 0), vec3_make(0, back + 38, -10), 4, 4);
  double transverse =
      solid_capsule(q, vec3_make(15 * s, back, 3), vec3_make(38 * s, back + 5, 5), 4.5, 3.5);
  double facet =
      solid_capsule(q, vec3_make(17 * s, back + 5, 13), vec3_make(16 * s, back + 8, -13), 5, 5);
  return smaller(smaller(smaller(pedicle, lamina), smaller(spinous, transverse)), facet);
}

double spine_disc(const struct spine_column *c, int level, struct vec3 world) {
  const struct spine_level *u = &c->levels[level], *l = u + 1;
  struct vec3 p = spine_to_level(u, world), q = spine_to_level(l, world);
  double upper = (plan(p.x, p.y, u->a_mm, u->b_mm) - 1) * u->b_mm;
  double lower = (plan(q.x, q.y, l->a_mm, l->b_mm) - 1) * l->b_mm;
  return larger(larger(upper, lower), larger(p.z, -q.z));
}

double spine_canal(const struct spine_column *c, struct vec3 world) {
  const int n = (int)(sizeof c->canal / sizeof *c->canal);
  double best = 1e9;
  for (int i = 0; i + 1 < n; i++)
    best = smaller(best, solid_capsule(world, c->canal[i], c->canal[i + 1], canal_mm, canal_mm));
  return best;
}
