#include "qct/structure_section.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double FARTHEST_CORTEX = 15; /* mm, along the inward normal */
static const double LEVEL = 0.5;          /* share of a pixel at an outline */

/* ---- names ---- */

struct structure_name structure_name_of(int value, int lateral) {
  static const struct {
    const char *key, *unit;
    double scale;
  } of_family[SF_COUNT] = {{"csa", "cm2", 1e-2},        {"csmi", "cm4", 1e-4},
                           {"csmi_si", "cm4", 1e-4},    {"ixy", "cm4", 1e-4},
                           {"j", "cm4", 1e-4},          {"imax", "cm4", 1e-4},
                           {"imin", "cm4", 1e-4},       {"theta", "deg", 1},
                           {"z", "cm3", 1e-3},          {"z_superior", "cm3", 1e-3},
                           {"z_inferior", "cm3", 1e-3}, {"zmax", "cm3", 1e-3},
                           {"zmin", "cm3", 1e-3},       {"zp", "cm3", 1e-3},
                           {"centroid", "", 1},         {"br", "", 1},
                           {"ed_beck", "mm", 1},        {"act_beck", "mm", 1},
                           {"br_beck", "", 1}},
    of_section[SQ_COUNT] = {{"spw", "mm", 1},
                            {"ed", "mm", 1},
                            {"act", "mm", 1},
                            {"act_area", "mm", 1},
                            {"br_dxa", "", 1},
                            {"perimeter_outer", "mm", 1},
                            {"perimeter_inner", "mm", 1},
                            {"act_superior_anterior", "mm", 1},
                            {"act_superior_posterior", "mm", 1},
                            {"act_inferior_anterior", "mm", 1},
                            {"act_inferior_posterior", "mm", 1},
                            {"bmc_per_length", "mg/mm", 1}};
  static const char *const sideways[SQ_COUNT] = {
      [SQ_ACT_SUPERIOR_ANTERIOR] = "act_lateral_anterior",
      [SQ_ACT_SUPERIOR_POSTERIOR] = "act_lateral_posterior",
      [SQ_ACT_INFERIOR_ANTERIOR] = "act_medial_anterior",
      [SQ_ACT_INFERIOR_POSTERIOR] = "act_medial_posterior"};
  struct structure_name n = {.scale = 1};
  int family = value / SF_COUNT, q = value % SF_COUNT;
  if (family < STRUCTURE_FAMILIES) {
    const char *key = of_family[q].key;
    if (lateral && q == SF_CSMI_SI) key = "csmi_ml";
    if (lateral && q == SF_Z_SUPERIOR) key = "z_lateral";
    if (lateral && q == SF_Z_INFERIOR) key = "z_medial";
    if (q == SF_AREA && family == STRUCTURE_G) key = "tot_area";
    snprintf(n.key, sizeof n.key, "%s_%c", key, "gcw"[family]);
    snprintf(n.unit, sizeof n.unit, "%s", of_family[q].unit);
    n.scale = of_family[q].scale;
    n.family = family;
    return n;
  }
  q = value - STRUCTURE_FAMILIES * SF_COUNT;
  const char *key = lateral && sideways[q] ? sideways[q] : of_section[q].key;
  snprintf(n.key, sizeof n.key, "%s", key);
  snprintf(n.unit, sizeof n.unit, "%s", of_section[q].unit);
  n.scale = of_section[q].scale;
  n.family = STRUCTURE_FAMILIES;
  return n;
}

/* ---- moments ---- */

struct moments {          /* about the centroid */
  double area, front, up; /* mm2, mm */
  double csmi, csmi_si, ixy;
};

static double weight(const struct structure_raster *r, int64_t at, enum structure_family family) {
  double bone = (double)r->bone[at];
  if (family == STRUCTURE_G) return bone;
  if (family == STRUCTURE_W) return (double)r->mineral[at];
  return fmax(bone - (double)r->marrow[at], 0);
}

/* Sums with the weights as they are; divide by a reference density afterwards. */
static struct moments sum_moments(const struct structure_raster *r, enum structure_family family) {
  double s = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (int j = 0; j < r->ny; j++)
    for (int i = 0; i < r->nx; i++) {
      double w = weight(r, (int64_t)j * r->nx + i, family);
      double a = r->front0 + i * r->step, b = r->up0 + j * r->step;
      s += w;
      x += w * a;
      y += w * b;
      xx += w * a * a;
      yy += w * b * b;
      xy += w * a * b;
    }
  double pixel = r->step * r->step, self = pixel / 12;
  struct moments m = {.area = s * pixel, .front = x / s, .up = y / s};
  m.csmi = (yy - y * y / s + s * self) * pixel;
  m.csmi_si = (xx - x * x / s + s * self) * pixel;
  m.ixy = (xy - x * y / s) * pixel;
  if (family == STRUCTURE_W) {
    m.csmi -= m.area * r->variance[0];
    m.csmi_si -= m.area * r->variance[1];
    m.ixy -= m.area * r->variance[2];
  }
  return m;
}

/* ---- outlines: crossings of the 0.5 level between neighbouring pixels ---- */

struct segment {
  double a[2], b[2]; /* front, up; bone at its left */
};

struct outline {
  struct segment *s; /* owned */
  int count, capacity;
  double length;
};

static void outline_add(struct outline *o, const struct segment *s) {
  if (o->count < 0) return;
  if (o->count == o->capacity) {
    int capacity = o->capacity ? 2 * o->capacity : 512;
    struct segment *grown = realloc(o->s, (size_t)capacity * sizeof *grown);
    if (!grown) {
      o->count = -1;
      return;
    }
    o->s = grown;
    o->capacity = capacity;
  }
  o->s[o->count++] = *s;
  o->length += hypot(s->b[0] - s->a[0], s->b[1] - s->a[1]);
}

static double pixel(const struct structure_raster *r, const float *share, int i, int j) {
  if (i < 0 || j < 0 || i >= r->nx || j >= r->ny) return 0;
  return (double)share[(int64_t)j * r->nx + i];
}

/* Where side s of a cell (bottom, right, top, left) meets the level. */
static void cross_side(double out[2], const struct structure_raster *r, const double f[4], int s,
                       int i, int j) {
  static const int from[4] = {0, 1, 3, 0}, to[4] = {1, 2, 2, 3};
  static const double corner[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  double t = (LEVEL - f[from[s]]) / (f[to[s]] - f[from[s]]);
  double x = corner[from[s]][0] + t * (corner[to[s]][0] - corner[from[s]][0]);
  double y = corner[from[s]][1] + t * (corner[to[s]][1] - corner[from[s]][1]);
  out[0] = r->front0 + (i + x) * r->step;
  out[1] = r->up0 + (j + y) * r->step;
}

static status trace(struct outline *o, const struct structure_raster *r, const float *share) {
  static const int sides[16][4] = {
      {-1, -1, -1, -1}, {0, 3, -1, -1}, {1, 0, -1, -1}, {1, 3, -1, -1},
      {2, 1, -1, -1},   {0, 3, 2, 1},   {2, 0, -1, -1}, {2, 3, -1, -1},
      {3, 2, -1, -1},   {0, 2, -1, -1}, {1, 0, 3, 2},   {1, 2, -1, -1},
      {3, 1, -1, -1},   {0, 1, -1, -1}, {3, 0, -1, -1}, {-1, -1, -1, -1}};
  status st = ST_OK;
  for (int j = -1; j < r->ny; j++)
    for (int i = -1; i < r->nx; i++) {
      const double f[4] = {pixel(r, share, i, j), pixel(r, share, i + 1, j),
                           pixel(r, share, i + 1, j + 1), pixel(r, share, i, j + 1)};
      int code =
          (f[0] >= LEVEL) | (f[1] >= LEVEL) << 1 | (f[2] >= LEVEL) << 2 | (f[3] >= LEVEL) << 3;
      for (int k = 0; k < 4 && sides[code][k] >= 0; k += 2) {
        struct segment s;
        cross_side(s.a, r, f, sides[code][k], i, j);
        cross_side(s.b, r, f, sides[code][k + 1], i, j);
        outline_add(o, &s);
      }
    }
  CHECK(o->count >= 0, ST_MEMORY, "section: out of memory for an outline");
done:
  return st;
}

/* ---- extents ---- */

struct extent {
  double low, high;
};

/* Of the outline along a direction from a point. */
static struct extent extent_along(const struct outline *o, const struct moments *from, double front,
                                  double up) {
  struct extent e = {(double)INFINITY, -(double)INFINITY};
  for (int i = 0; i < o->count; i++) {
    double d = (o->s[i].a[0] - from->front) * front + (o->s[i].a[1] - from->up) * up;
    e.low = fmin(e.low, d);
    e.high = fmax(e.high, d);
  }
  return e;
}

static double farthest(const struct outline *o, const struct moments *from) {
  double r = 0;
  for (int i = 0; i < o->count; i++)
    r = fmax(r, hypot(o->s[i].a[0] - from->front, o->s[i].a[1] - from->up));
  return r;
}

/* Bilinear share at a point. */
static double share_at(const struct structure_raster *r, const float *share, double front,
                       double up) {
  double x = (front - r->front0) / r->step, y = (up - r->up0) / r->step;
  int i = (int)floor(x), j = (int)floor(y);
  double u = x - i, v = y - j;
  return (1 - v) * ((1 - u) * pixel(r, share, i, j) + u * pixel(r, share, i + 1, j)) +
         v * ((1 - u) * pixel(r, share, i, j + 1) + u * pixel(r, share, i + 1, j + 1));
}

/* Length of marrow space on the line through the centroid along up. */
static double marrow_width(const struct structure_raster *r, const struct moments *g) {
  double sum = 0, step = r->step / 4;
  for (double y = r->up0; y < r->up0 + r->step * r->ny; y += step)
    sum += share_at(r, r->marrow, g->front, y) * step;
  return sum;
}

/* ---- thickness of the cortex ---- */

/* Depth of the marrow space below a point of the outline along the inward normal; NaN when there
 * is none before the line leaves the bone or FARTHEST_CORTEX. */
static double cortex_below(const struct structure_raster *r, const double at[2],
                           const double inward[2]) {
  double step = r->step / 2, before = 0;
  for (double t = 0; t < FARTHEST_CORTEX; t += step) {
    double x = at[0] + t * inward[0], y = at[1] + t * inward[1];
    double marrow = share_at(r, r->marrow, x, y);
    if (marrow >= LEVEL)
      return t <= 0 ? 0 : t - step * (marrow - LEVEL) / fmax(marrow - before, 1e-9);
    if (t > 2 * r->step && share_at(r, r->bone, x, y) < 0.1) return (double)NAN;
    before = marrow;
  }
  return (double)NAN;
}

struct thickness {
  double sum[5], length[5]; /* by quadrant, [4] all */
};

static void add_thickness(struct thickness *t, const struct structure_raster *r,
                          const struct segment *s, const struct moments *g) {
  double dx = s->b[0] - s->a[0], dy = s->b[1] - s->a[1], length = hypot(dx, dy);
  if (length < 1e-6) return;
  const double at[2] = {(s->a[0] + s->b[0]) / 2, (s->a[1] + s->b[1]) / 2};
  const double inward[2] = {-dy / length, dx / length};
  double depth = cortex_below(r, at, inward);
  if (isnan(depth)) return;
  int quadrant = 2 * (at[1] < g->up) + (at[0] < g->front);
  t->sum[quadrant] += depth * length;
  t->length[quadrant] += length;
  t->sum[4] += depth * length;
  t->length[4] += length;
}

/* Neighbouring segments of marching squares turn by the pixel; a chord over a few of them is
 * smooth. Here the normal comes from the gradient of the shares instead: see smooth_normal. */
static void smooth_normal(struct segment *s, const struct structure_raster *r) {
  double x = (s->a[0] + s->b[0]) / 2, y = (s->a[1] + s->b[1]) / 2, gx = 0, gy = 0;
  const double reach = 3 * r->step;
  for (int k = 0; k < 16; k++) {
    double c = cos(2 * PI * k / 16), d = sin(2 * PI * k / 16);
    double f = share_at(r, r->bone, x + reach * c, y + reach * d);
    gx += f * c;
    gy += f * d;
  }
  double g = hypot(gx, gy), half = hypot(s->b[0] - s->a[0], s->b[1] - s->a[1]) / 2;
  if (g < 1e-9) return;
  /* inward = (gx, gy)/g is at the left of a -> b */
  double tx = gy / g * half, ty = -gx / g * half;
  s->a[0] = x - tx;
  s->a[1] = y - ty;
  s->b[0] = x + tx;
  s->b[1] = y + ty;
}

/* ---- values ---- */

static void principal(double v[SF_COUNT], const struct moments *m, const struct outline *o) {
  double half = (m->csmi + m->csmi_si) / 2;
  double spread = hypot((m->csmi - m->csmi_si) / 2, m->ixy);
  double theta = 0.5 * atan2(-2 * m->ixy, m->csmi - m->csmi_si);
  v[SF_J] = 2 * half;
  v[SF_IMAX] = half + spread;
  v[SF_IMIN] = half - spread;
  v[SF_THETA] = theta * 180 / PI;
  /* the axis of imax lies at theta from front; its fibres are across it */
  struct extent across = extent_along(o, m, -sin(theta), cos(theta));
  struct extent along = extent_along(o, m, cos(theta), sin(theta));
  v[SF_ZMAX] = v[SF_IMAX] / fmax(across.high, -across.low);
  v[SF_ZMIN] = v[SF_IMIN] / fmax(along.high, -along.low);
  v[SF_ZP] = v[SF_J] / farthest(o, m);
}

static void beck(double v[SF_COUNT], double spw, double share) {
  double square = spw * spw / 4 - share * v[SF_AREA] / PI;
  if (square < 0) return;
  v[SF_ED_BECK] = 2 * sqrt(square);
  v[SF_ACT_BECK] = (spw - v[SF_ED_BECK]) / 2;
  v[SF_BR_BECK] = spw / 2 / v[SF_ACT_BECK];
}

static void family_values(double v[SF_COUNT], const struct moments *m, const struct outline *o,
                          double spw, double act) {
  struct extent e = extent_along(o, m, 0, 1);
  v[SF_AREA] = m->area;
  v[SF_CSMI] = m->csmi;
  v[SF_CSMI_SI] = m->csmi_si;
  v[SF_IXY] = m->ixy;
  v[SF_Z_SUPERIOR] = m->csmi / e.high;
  v[SF_Z_INFERIOR] = m->csmi / -e.low;
  v[SF_Z] = fmin(v[SF_Z_SUPERIOR], v[SF_Z_INFERIOR]);
  v[SF_CENTROID] = -e.low / spw;
  v[SF_BR] = fmax(e.high, -e.low) / act;
  principal(v, m, o);
}

static status cortex_values(double q[SQ_COUNT], const struct structure_raster *r,
                            struct outline *outer, const struct moments *g, double cortical_mm2) {
  status st = ST_OK;
  struct outline inner = {0};
  struct thickness t = {{0}, {0}};
  TRY(trace(&inner, r, r->marrow));
  q[SQ_PERIMETER_INNER] = inner.length;
  q[SQ_ED] = marrow_width(r, g);
  if (cortical_mm2 <= 0) goto done;
  q[SQ_ACT_AREA] = cortical_mm2 / ((outer->length + inner.length) / 2);
  for (int i = 0; i < outer->count; i++) {
    struct segment s = outer->s[i];
    smooth_normal(&s, r);
    add_thickness(&t, r, &s, g);
  }
  for (int i = 0; i < 4; i++)
    if (t.length[i] > 0) q[SQ_ACT_SUPERIOR_ANTERIOR + i] = t.sum[i] / t.length[i];
  if (t.length[4] > 0) q[SQ_ACT] = t.sum[4] / t.length[4];
  q[SQ_BR_DXA] = q[SQ_SPW] / 2 / q[SQ_ACT];
done:
  free(inner.s);
  return st;
}

static void scale_moments(struct moments *m, double by) {
  m->area *= by;
  m->csmi *= by;
  m->csmi_si *= by;
  m->ixy *= by;
}

status structure_values(double out[STRUCTURE_VALUES], const struct structure_raster *r,
                        double rho_ref, double beck_share) {
  status st = ST_OK;
  struct outline outer = {0};
  double *q = out + STRUCTURE_FAMILIES * SF_COUNT;
  for (int i = 0; i < STRUCTURE_VALUES; i++) out[i] = (double)NAN;
  struct moments g = sum_moments(r, STRUCTURE_G), c = {0}, w = {0};
  CHECK(g.area > 0, ST_DOMAIN, "section: no bone in the plane");
  TRY(trace(&outer, r, r->bone));
  CHECK(outer.count > 0, ST_DOMAIN, "section: the bone in the plane has no outline");
  struct extent width = extent_along(&outer, &g, 0, 1);
  q[SQ_SPW] = width.high - width.low;
  q[SQ_PERIMETER_OUTER] = outer.length;
  if (r->marrow) {
    c = sum_moments(r, STRUCTURE_C);
    TRY(cortex_values(q, r, &outer, &g, c.area));
  }
  family_values(out, &g, &outer, q[SQ_SPW], q[SQ_ACT]);
  if (c.area > 0) {
    double *v = out + SF_COUNT * STRUCTURE_C;
    family_values(v, &c, &outer, q[SQ_SPW], q[SQ_ACT]);
    beck(v, q[SQ_SPW], beck_share);
  }
  if (!r->mineral) goto done;
  w = sum_moments(r, STRUCTURE_W);
  q[SQ_MINERAL] = w.area / 1000; /* mg/cm3 mm2 = 1e-3 mg/mm */
  if (!(w.area > 0)) goto done;
  scale_moments(&w, 1 / rho_ref);
  if (isnan(rho_ref)) goto done;
  double *v = out + SF_COUNT * STRUCTURE_W;
  family_values(v, &w, &outer, q[SQ_SPW], q[SQ_ACT]);
  beck(v, q[SQ_SPW], beck_share);
done:
  free(outer.s);
  return st;
}
