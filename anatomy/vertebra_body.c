/* The frame of one vertebral body: extents, end plates and heights from its outline. */
#include "anatomy/vertebra.h"
#include "core/filter.h"

#include <math.h>
#include <stdlib.h>

enum { TERMS = 6, MOST_COLUMNS = 20000 };
static const double step_mm = 0.25, column_mm = 1, reach_mm = 45;

/* The body as a field of 0 and 1 on a box about it: the outline is where its trilinear value is
 * 0.5. */
static status make_field(struct volume **out, const struct labels *l, int value) {
  status st = ST_OK;
  struct volume *v = NULL;
  int64_t lo[3], hi[3];
  const struct geometry *g = &l->grid;
  CHECK(labels_box(l, value, lo, hi), ST_DOMAIN, "label %d is not there", value);
  struct geometry b = *g;
  struct vec3 first = vec3_make((double)lo[0] - 1, (double)lo[1] - 1, (double)lo[2] - 1);
  struct vec3 origin = geometry_to_world(g, first);
  b.nx = hi[0] - lo[0] + 3;
  b.ny = hi[1] - lo[1] + 3;
  b.nz = hi[2] - lo[2] + 3;
  b.origin[0] = origin.x;
  b.origin[1] = origin.y;
  b.origin[2] = origin.z;
  TRY(volume_create(&v, &b, QUANTITY_PROBABILITY));
  for (int64_t k = lo[2]; k <= hi[2]; k++)
    for (int64_t j = lo[1]; j <= hi[1]; j++)
      for (int64_t i = lo[0]; i <= hi[0]; i++)
        if (l->voxels[geometry_index(g, i, j, k)] == value)
          v->voxels[geometry_index(&b, i - lo[0] + 1, j - lo[1] + 1, k - lo[2] + 1)] = 1;
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

static bool inside(const struct volume *field, const struct vertebra_frame *f, struct vec3 local) {
  return volume_sample(field, vertebra_to_world(f, local)) >= 0.5; /* outside the box: NaN */
}

/* Distance from `from` along the local direction `d` to where the body ends for good; NaN when it
 * never was inside. */
static double crossing(const struct volume *field, const struct vertebra_frame *f, struct vec3 from,
                       struct vec3 d) {
  double last = (double)NAN;
  for (double t = 0; t < reach_mm; t += step_mm)
    if (inside(field, f, vec3_along(from, t, d))) last = t;
  return last + 0.5 * step_mm;
}

/* ---- centroid, extents ---- */

static void centroid(struct vertebra_frame *f, const struct volume *field) {
  const struct geometry *g = &field->grid;
  struct vec3 sum = {0, 0, 0};
  int64_t n = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        if (!(field->voxels[geometry_index(g, i, j, k)] > 0)) continue;
        sum = vec3_add(sum, vec3_make((double)i, (double)j, (double)k));
        n++;
      }
  f->centre = geometry_to_world(g, vec3_scale(sum, 1.0 / (double)n));
  f->body_mm3 = (double)n * geometry_voxel_mm3(g);
}

/* Largest reach of the body along d at heights between `low` and `high`, mean over lines beside
 * each other within `half` of the middle along `across`. */
static double reach(const struct volume *field, const struct vertebra_frame *f, struct vec3 d,
                    struct vec3 across, double half, const double ends[2]) {
  enum { LINES = 5, LEVELS = 9 };
  double sum = 0;
  int lines = 0;
  for (int i = 0; i < LINES; i++) {
    double most = -1;
    for (int k = 0; k < LEVELS; k++) {
      struct vec3 p = vec3_scale(across, half * (2.0 * i / (LINES - 1) - 1));
      p.z = ends[0] + (ends[1] - ends[0]) * k / (LEVELS - 1);
      double t = crossing(field, f, p, d);
      if (t > most) most = t;
    }
    sum += most > 0 ? most : 0;
    lines += most > 0;
  }
  return lines ? sum / lines : (double)NAN;
}

static const struct vec3 LEFT = {1, 0, 0}, BACK = {0, 1, 0}, UP = {0, 0, 1};

struct plan {
  double x, y; /* middle of the plan, local */
  double half_width, half_depth;
};

/* Heights between which the sides are looked at: 0.9 of the way to the end plates, at the centre or
 * where they are farthest on the way to the rim. */
static void inner_heights(double ends[2], const struct volume *field,
                          const struct vertebra_frame *f, const struct plan *p) {
  const double inner = 0.9, towards_rim = 0.7;
  const double at[5][2] = {{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  ends[0] = ends[1] = 0;
  for (int i = 0; i < 5; i++) {
    struct vec3 from = vec3_make(p->x + at[i][0] * towards_rim * p->half_width,
                                 p->y + at[i][1] * towards_rim * p->half_depth, 0);
    double up = crossing(field, f, from, UP), down = crossing(field, f, from, vec3_scale(UP, -1));
    if (inner * up > ends[1]) ends[1] = inner * up;
    if (-inner * down < ends[0]) ends[0] = -inner * down;
  }
}

static struct plan measure_plan(struct vertebra_frame *f, const struct volume *field) {
  struct plan p = {0, 0, 0, 0};
  double back = (double)NAN;
  for (int pass = 0; pass < 2; pass++) {
    double ends[2];
    inner_heights(ends, field, f, &p);
    double front = reach(field, f, vec3_scale(BACK, -1), LEFT, 6, ends);
    double left = reach(field, f, LEFT, BACK, 4, ends);
    double right = reach(field, f, vec3_scale(LEFT, -1), BACK, 4, ends);
    back = reach(field, f, BACK, LEFT, 6, ends);
    p = (struct plan){0.5 * (left - right), 0.5 * (back - front), 0.5 * (left + right),
                      0.5 * (front + back)};
    if (isnan(p.half_width) || isnan(p.half_depth)) break;
  }
  f->width_mm = 2 * p.half_width;
  f->depth_mm = 2 * p.half_depth;
  f->back_mm = back;
  return p;
}

/* ---- end plates ---- */

struct columns {
  double x[MOST_COLUMNS], y[MOST_COLUMNS], z[2][MOST_COLUMNS]; /* upper, lower */
  int count;
};

static void find_columns(struct columns *c, const struct volume *field,
                         const struct vertebra_frame *f, const struct plan *p) {
  const double rim = 0.85;
  c->count = 0;
  for (double y = -p->half_depth; y <= p->half_depth; y += column_mm)
    for (double x = -p->half_width; x <= p->half_width; x += column_mm) {
      double u = x / p->half_width, v = y / p->half_depth;
      if (u * u + v * v > rim * rim || c->count == MOST_COLUMNS) continue;
      struct vec3 from = vec3_make(p->x + x, p->y + y, 0);
      double top = crossing(field, f, from, UP), low = crossing(field, f, from, vec3_scale(UP, -1));
      if (isnan(top) || isnan(low)) continue;
      c->x[c->count] = x;
      c->y[c->count] = y;
      c->z[0][c->count] = top;
      c->z[1][c->count] = -low;
      c->count++;
    }
}

/* z = a0 + a1 x + a2 y (+ a3 x2 + a4 xy + a5 y2), lengths in units of 10 mm for conditioning. */
static void terms(double t[TERMS], double x, double y) {
  double u = x / 10, v = y / 10;
  const double all[TERMS] = {1, u, v, u * u, u * v, v * v};
  for (int i = 0; i < TERMS; i++) t[i] = all[i];
}

static double surface_at(const double a[TERMS], double x, double y) {
  double t[TERMS], z = 0;
  terms(t, x, y);
  for (int i = 0; i < TERMS; i++) z += a[i] * t[i];
  return z;
}

/* Normal equations by elimination with pivots; false when singular. */
static bool solve(double a[TERMS][TERMS + 1], double out[TERMS], int n) {
  for (int c = 0; c < n; c++) {
    int pivot = c;
    for (int r = c + 1; r < n; r++)
      if (fabs(a[r][c]) > fabs(a[pivot][c])) pivot = r;
    if (fabs(a[pivot][c]) < 1e-9) return false;
    for (int k = 0; k <= n; k++) {
      double t = a[c][k];
      a[c][k] = a[pivot][k];
      a[pivot][k] = t;
    }
    for (int r = 0; r < n; r++) {
      double factor = r == c ? 0 : a[r][c] / a[c][c];
      for (int k = c; k <= n; k++) a[r][k] -= factor * a[c][k];
    }
  }
  for (int c = 0; c < n; c++) out[c] = a[c][n] / a[c][c];
  return true;
}

/* Least squares with n terms (3: a plane) through the columns that `keep` holds. */
static bool fit_surface(double out[TERMS], const struct columns *c, const double *z,
                        const bool *keep, int n) {
  double m[TERMS][TERMS + 1] = {{0}};
  for (int i = 0; i < c->count; i++) {
    double t[TERMS];
    if (!keep[i]) continue;
    terms(t, c->x[i], c->y[i]);
    for (int r = 0; r < n; r++) {
      for (int k = 0; k < n; k++) m[r][k] += t[r] * t[k];
      m[r][n] += t[r] * z[i];
    }
  }
  for (int i = 0; i < TERMS; i++) out[i] = 0;
  return solve(m, out, n);
}

struct plate {
  double surface[TERMS], plane[TERMS], rms;
};

static bool fit_plate(struct plate *p, const struct columns *c, const double *z, bool *keep) {
  const double outlier = 2.5;
  for (int i = 0; i < c->count; i++) keep[i] = true;
  for (int pass = 0; pass < 2; pass++) {
    double sum = 0;
    int n = 0;
    if (!fit_surface(p->surface, c, z, keep, TERMS)) return false;
    for (int i = 0; i < c->count; i++) {
      double d = z[i] - surface_at(p->surface, c->x[i], c->y[i]);
      sum += keep[i] ? d * d : 0;
      n += keep[i];
    }
    p->rms = sqrt(sum / n);
    for (int i = 0; i < c->count; i++)
      keep[i] = fabs(z[i] - surface_at(p->surface, c->x[i], c->y[i])) <= outlier * p->rms + 1e-6;
  }
  return fit_surface(p->plane, c, z, keep, 3);
}

/* Height at a share of the depth from the front, mean over the middle half of the width. */
static double height_at(const struct plate plates[2], const struct plan *p, double share) {
  enum { N = 20 };
  double sum = 0, y = p->half_depth * (2 * share - 1);
  for (int i = 0; i < N; i++) {
    double x = 0.5 * p->half_width * ((i + 0.5) / N * 2 - 1);
    sum += surface_at(plates[0].surface, x, y) - surface_at(plates[1].surface, x, y);
  }
  return sum / N;
}

static void set_planes(struct vertebra_frame *f, const struct plate plates[2],
                       const struct plan *p) {
  struct vec3 *points[2] = {&f->superior_point, &f->inferior_point};
  struct vec3 *normals[2] = {&f->superior_normal, &f->inferior_normal};
  for (int i = 0; i < 2; i++) {
    const double *a = plates[i].plane;
    *points[i] = vertebra_to_world(f, vec3_make(p->x, p->y, a[0]));
    struct vec3 n = vec3_scale(vertebra_left(f), -a[1] / 10);
    n = vec3_along(n, a[2] / 10, f->anterior);
    *normals[i] = vec3_unit(vec3_add(n, f->axis));
  }
}

static double step_along(const struct geometry *g, struct vec3 axis) {
  double s = 0;
  for (int a = 0; a < 3; a++)
    s = fmax(s, g->spacing[a] * fabs(vec3_dot(geometry_axis(g, a), axis)));
  return s;
}

/* ---- all of it ---- */

/* Does the label reach the end of the grid, or of what was scanned of it? */
static bool touches_border(const struct labels *l, int value, const struct volume *image) {
  int64_t lo[3], hi[3], first[3] = {0, 0, 0},
                        last[3] = {l->grid.nx - 1, l->grid.ny - 1, l->grid.nz - 1};
  if (!labels_box(l, value, lo, hi)) return false;
  if (image) volume_scanned_box(image, first, last);
  for (int a = 0; a < 3; a++)
    if (lo[a] <= first[a] || hi[a] >= last[a]) return true;
  return false;
}

static void withhold_heights(struct vertebra_frame *f) {
  const double nan = (double)NAN;
  const struct vec3 none = {nan, nan, nan};
  f->height_anterior_mm = f->height_middle_mm = f->height_posterior_mm = nan;
  f->superior_point = f->superior_normal = f->inferior_point = f->inferior_normal = none;
  f->plate_rms_mm = nan;
}

/* May the end plates turn the axis? A plane fitted to a stair of few steps is off by about a step
 * over its depth; between two neighbours' centroids the axis is better than that on thick slices.
 */
static bool plates_decide(const struct vertebra_frame *f, const struct geometry *g,
                          int neighbours) {
  const double fine_mm = 1.6;
  return neighbours < 2 || step_along(g, f->axis) <= fine_mm;
}

/* Bisector of the end plates, with the front-back direction kept in its plane. */
static void turn(struct vertebra_frame *f) {
  f->axis = vec3_unit(vec3_add(f->superior_normal, f->inferior_normal));
  f->anterior = vec3_unit(vec3_along(f->anterior, -vec3_dot(f->anterior, f->axis), f->axis));
}

/* One pass with the frame's present axes. */
static status fit_once(struct vertebra_frame *f, const struct volume *field, struct columns *c,
                       bool *keep) {
  /* the highest lumbar body of a tall man has 36 mm, two thoracic ones with their disc 48 */
  const double least_depth = 15, most_depth = 50, most_height = 45;
  enum { LEAST_COLUMNS = 40 };
  status st = ST_OK;
  struct plate plates[2];
  struct plan p = measure_plan(f, field);
  CHECK(f->depth_mm >= least_depth && f->depth_mm <= most_depth, ST_DOMAIN,
        "the body is %.1f mm deep from front to back, permitted %g..%g mm; is it cut off from the "
        "arch, and whole?",
        f->depth_mm, least_depth, most_depth);
  find_columns(c, field, f, &p);
  CHECK(c->count >= LEAST_COLUMNS && fit_plate(&plates[0], c, c->z[0], keep) &&
            fit_plate(&plates[1], c, c->z[1], keep),
        ST_DOMAIN, "only %d columns 1 mm apart reach both end plates, at least %d are needed",
        c->count, LEAST_COLUMNS);
  f->height_anterior_mm = height_at(plates, &p, 0.15);
  f->height_middle_mm = height_at(plates, &p, 0.50);
  f->height_posterior_mm = height_at(plates, &p, 0.85);
  CHECK(f->height_middle_mm <= most_height, ST_DOMAIN,
        "the body is %.1f mm high in its middle, permitted up to %g mm; does its label hold two "
        "levels?",
        f->height_middle_mm, most_height);
  f->plate_rms_mm = sqrt(0.5 * (plates[0].rms * plates[0].rms + plates[1].rms * plates[1].rms));
  set_planes(f, plates, &p);
done:
  return st;
}

status vertebra_fit_frame(struct vertebra_frame *f, const struct labels *bodies,
                          const struct volume *image, int neighbours) {
  const double least_mm3 = 2000, most_turn_deg = 25;
  status st = ST_OK;
  struct volume *field = NULL;
  struct columns *c = malloc(sizeof *c);
  bool *keep = calloc(MOST_COLUMNS, sizeof *keep);
  CHECK(c && keep, ST_MEMORY, "fitting a vertebra");
  TRY(make_field(&field, bodies, f->label));
  centroid(f, field);
  CHECK(f->body_mm3 >= least_mm3, ST_DOMAIN, "the body has %.1f ml, at least %g ml are needed",
        f->body_mm3 / 1000, least_mm3 / 1000);
  f->truncated = touches_border(bodies, f->label, image);
  for (int pass = 0; pass < 3; pass++) {
    TRY(fit_once(f, field, c, keep));
    if (f->truncated || pass == 2 || !plates_decide(f, &bodies->grid, neighbours)) break;
    struct vec3 bisector = vec3_add(f->superior_normal, f->inferior_normal);
    if (vec3_angle_deg(bisector, f->axis) > most_turn_deg) {
      vertebra_flag(f, "end plates lie askew to the column: look at the picture");
      break;
    }
    turn(f);
  }
  f->height_step_mm = step_along(&bodies->grid, f->axis);
  if (f->truncated) {
    withhold_heights(f);
    vertebra_flag(f, "the body touches the edge of the scan: heights withheld");
  }
done:
  volume_destroy(field);
  free(c);
  free(keep);
  return st;
}
