#include "core/align.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

enum { UNKNOWNS = 7, LEAST_POINTS = 20 }; /* turn, shift, scale */

struct motion motion_none(void) {
  return (struct motion){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, 1, {0, 0, 0}};
}

struct vec3 motion_turn(const struct motion *m, struct vec3 d) {
  return vec3_make(m->turn[0][0] * d.x + m->turn[0][1] * d.y + m->turn[0][2] * d.z,
                   m->turn[1][0] * d.x + m->turn[1][1] * d.y + m->turn[1][2] * d.z,
                   m->turn[2][0] * d.x + m->turn[2][1] * d.y + m->turn[2][2] * d.z);
}

struct vec3 motion_apply(const struct motion *m, struct vec3 p) {
  return vec3_along(m->shift, m->scale, motion_turn(m, p));
}

struct motion motion_inverse(const struct motion *m) {
  struct motion back = {.scale = 1 / m->scale};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) back.turn[i][j] = m->turn[j][i];
  back.shift = vec3_scale(motion_turn(&back, m->shift), -back.scale);
  return back;
}

/* Turn by w (axis times angle) and scale by 1 + s about c, then shift by t; after m. */
static struct motion then(const struct motion *m, const double x[UNKNOWNS], struct vec3 c) {
  const struct vec3 w = {x[0], x[1], x[2]}, t = {x[3], x[4], x[5]};
  const double angle = vec3_length(w), sine = angle > 0 ? sin(angle) / angle : 1;
  const double rest = angle > 0 ? (1 - cos(angle)) / (angle * angle) : 0.5;
  const double v[3] = {w.x, w.y, w.z};
  const double cross[3][3] = {{0, -w.z, w.y}, {w.z, 0, -w.x}, {-w.y, w.x, 0}};
  struct motion small = {.scale = 1 + x[6]}, out;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      small.turn[i][j] = (i == j ? cos(angle) : 0) + sine * cross[i][j] + rest * v[i] * v[j];
  small.shift = vec3_sub(vec3_add(c, t), vec3_scale(motion_turn(&small, c), small.scale));
  out.scale = small.scale * m->scale;
  out.shift = motion_apply(&small, m->shift);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      out.turn[i][j] = 0;
      for (int k = 0; k < 3; k++) out.turn[i][j] += small.turn[i][k] * m->turn[k][j];
    }
  return out;
}

/* Cholesky; a is replaced. False when a pivot is below `least`. */
static bool solve_normal(double a[UNKNOWNS][UNKNOWNS], double x[UNKNOWNS], int n, double least) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j <= i; j++) {
      for (int k = 0; k < j; k++) a[i][j] -= a[i][k] * a[j][k];
      if (j < i)
        a[i][j] /= a[j][j];
      else if (!(a[i][i] > least))
        return false;
      else
        a[i][i] = sqrt(a[i][i]);
    }
  }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i; k++) x[i] -= a[i][k] * x[k];
    x[i] /= a[i][i];
  }
  for (int i = n - 1; i >= 0; i--) {
    for (int k = i + 1; k < n; k++) x[i] -= a[k][i] * x[k];
    x[i] /= a[i][i];
  }
  return true;
}

struct work {
  const struct vec3 *moving, *fixed, *normals;
  int64_t count;
  const struct point_tree *tree;
  struct vec3 *at;  /* where the moving points are now */
  int64_t *nearest; /* fixed point of each */
  double *distance;
};

static void find_nearest(struct work *w, const struct motion *m) {
  for (int64_t i = 0; i < w->count; i++) {
    w->at[i] = motion_apply(m, w->moving[i]);
    w->nearest[i] = point_tree_nearest(w->tree, w->at[i], &w->distance[i]);
  }
}

/* One step from where the points are; the largest movement of any in *moved. */
static bool step(struct work *w, struct motion *m, struct align_result *r,
                 const struct align_options *o, double *moved) {
  double a[UNKNOWNS][UNKNOWNS] = {{0}}, x[UNKNOWNS] = {0}, square = 0, plain = 0, reach = 1e-9;
  const int n = o->scale ? UNKNOWNS : UNKNOWNS - 1;
  struct vec3 c = {0, 0, 0};
  int64_t used = 0;
  const double most = stat_percentile(w->distance, w->count, 100 * (1 - o->left_out));
  for (int64_t i = 0; i < w->count; i++) c = vec3_along(c, 1 / (double)w->count, w->at[i]);
  for (int64_t i = 0; i < w->count; i++) reach = fmax(reach, vec3_length(vec3_sub(w->at[i], c)));
  for (int64_t i = 0; i < w->count; i++) {
    if (w->distance[i] > most) continue;
    const struct vec3 normal = w->normals[w->nearest[i]];
    const struct vec3 from = vec3_scale(vec3_sub(w->at[i], c), 1 / reach);
    const double d = vec3_dot(vec3_sub(w->at[i], w->fixed[w->nearest[i]]), normal);
    const struct vec3 turn = vec3_cross(from, normal);
    const double row[UNKNOWNS] = {
        turn.x, turn.y, turn.z, normal.x, normal.y, normal.z, vec3_dot(from, normal)};
    for (int p = 0; p < n; p++) {
      x[p] -= row[p] * d;
      for (int q = 0; q <= p; q++) a[p][q] += row[p] * row[q];
    }
    square += d * d;
    plain += w->distance[i] * w->distance[i];
    used++;
  }
  r->rms_mm = sqrt(square / (double)used);
  r->nearest_mm = sqrt(plain / (double)used);
  if (!solve_normal(a, x, n, 1e-6 * (double)used)) return false;
  *moved = vec3_length(vec3_make(x[3], x[4], x[5])) + vec3_length(vec3_make(x[0], x[1], x[2])) +
           fabs(x[6]);
  for (int k = 0; k < 3; k++) x[k] /= reach; /* turns and scale were times the reach [mm] */
  x[6] /= reach;
  *m = then(m, x, c);
  return true;
}

static status iterate(struct align_result *r, struct work *w, const struct align_options *o) {
  status st = ST_OK;
  double moved = INFINITY;
  for (r->rounds = 0; r->rounds < o->rounds && moved > o->settled_mm; r->rounds++) {
    find_nearest(w, &r->motion);
    CHECK(step(w, &r->motion, r, o, &moved), ST_NUMERIC,
          "aligning surfaces: their shape does not fix how one lies on the other");
  }
  /* points at equal distance from two may swap for ever: a hundredth of a millimetre will do */
  CHECK(moved <= fmax(o->settled_mm, 0.01), ST_NUMERIC,
        "aligning surfaces: still moving by %.3g mm after %d rounds", moved, o->rounds);
done:
  return st;
}

status align_points(struct align_result *out, const struct vec3 *moving, int64_t moving_count,
                    const struct vec3 *fixed, const struct vec3 *normals, int64_t fixed_count,
                    const struct motion *start, const struct align_options *options) {
  static const struct align_options defaults = ALIGN_DEFAULTS;
  status st = ST_OK;
  struct point_tree *tree = NULL;
  struct align_result r = {.motion = start ? *start : motion_none()};
  const size_t n = (size_t)(moving_count > 0 ? moving_count : 1);
  struct work w = {.moving = moving,
                   .fixed = fixed,
                   .normals = normals,
                   .count = moving_count,
                   .at = malloc(n * sizeof *w.at),
                   .nearest = malloc(n * sizeof *w.nearest),
                   .distance = malloc(n * sizeof *w.distance)};
  CHECK(w.at && w.nearest && w.distance, ST_MEMORY, "aligning surfaces: no memory");
  CHECK(moving_count >= LEAST_POINTS && fixed_count >= LEAST_POINTS, ST_DOMAIN,
        "aligning surfaces: %lld and %lld points, at least %d are needed", (long long)moving_count,
        (long long)fixed_count, LEAST_POINTS);
  TRY(point_tree_create(&tree, fixed, fixed_count));
  w.tree = tree;
  TRY(iterate(&r, &w, options ? options : &defaults));
  *out = r;
done:
  point_tree_destroy(tree);
  free(w.at);
  free(w.nearest);
  free(w.distance);
  return st;
}
