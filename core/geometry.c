#include "core/geometry.h"

#include <math.h>

double vec3_length(struct vec3 a) {
  return sqrt(vec3_dot(a, a));
}

struct vec3 vec3_unit(struct vec3 a) {
  double n = vec3_length(a);
  return n > 0 ? vec3_scale(a, 1 / n) : a;
}

double vec3_angle_deg(struct vec3 a, struct vec3 b) {
  return atan2(vec3_length(vec3_cross(a, b)), vec3_dot(a, b)) * 180 / acos(-1.0);
}

struct vec3 vec3_perpendicular(struct vec3 a) {
  double ax = fabs(a.x), ay = fabs(a.y), az = fabs(a.z);
  struct vec3 e = ax <= ay && ax <= az ? vec3_make(1, 0, 0)
                  : ay <= az           ? vec3_make(0, 1, 0)
                                       : vec3_make(0, 0, 1);
  return vec3_unit(vec3_cross(a, e));
}

struct geometry geometry_make(int64_t nx, int64_t ny, int64_t nz, double sx, double sy, double sz) {
  struct geometry g = {.nx = nx, .ny = ny, .nz = nz, .spacing = {sx, sy, sz}};
  g.direction[0] = g.direction[4] = g.direction[8] = 1;
  return g;
}

struct vec3 geometry_axis(const struct geometry *g, int axis) {
  return vec3_make(g->direction[axis], g->direction[3 + axis], g->direction[6 + axis]);
}

struct vec3 geometry_to_world(const struct geometry *g, struct vec3 index) {
  struct vec3 w = vec3_make(g->origin[0], g->origin[1], g->origin[2]);
  w = vec3_along(w, index.x * g->spacing[0], geometry_axis(g, 0));
  w = vec3_along(w, index.y * g->spacing[1], geometry_axis(g, 1));
  return vec3_along(w, index.z * g->spacing[2], geometry_axis(g, 2));
}

struct vec3 geometry_to_index(const struct geometry *g, struct vec3 world) {
  struct vec3 d = vec3_sub(world, vec3_make(g->origin[0], g->origin[1], g->origin[2]));
  return vec3_make(vec3_dot(d, geometry_axis(g, 0)) / g->spacing[0],
                   vec3_dot(d, geometry_axis(g, 1)) / g->spacing[1],
                   vec3_dot(d, geometry_axis(g, 2)) / g->spacing[2]);
}

struct geometry_mapping geometry_mapping_make(const struct geometry *to,
                                              const struct geometry *from) {
  struct geometry_mapping m;
  m.at = geometry_to_index(from, geometry_to_world(to, vec3_make(0, 0, 0)));
  for (int a = 0; a < 3; a++) {
    struct vec3 unit = vec3_make(a == 0, a == 1, a == 2);
    m.step[a] = vec3_sub(geometry_to_index(from, geometry_to_world(to, unit)), m.at);
  }
  return m;
}

status geometry_check(const struct geometry *g, size_t bytes_per_voxel) {
  status st = ST_OK;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t total = 1;
  /* 2^46 bytes: far beyond any scan, far below overflow */
  const int64_t limit = ((int64_t)1 << 46) / (int64_t)(bytes_per_voxel ? bytes_per_voxel : 1);
  for (int a = 0; a < 3; a++) {
    CHECK(n[a] >= 1 && n[a] <= limit / total, ST_DOMAIN,
          "grid of %lld x %lld x %lld voxels: each size must be at least 1 and the whole at most "
          "%lld",
          (long long)n[0], (long long)n[1], (long long)n[2], (long long)limit);
    total *= n[a];
    CHECK(isfinite(g->spacing[a]) && g->spacing[a] > 0, ST_DOMAIN,
          "grid spacing along axis %d is %g mm: must be greater than 0", a, g->spacing[a]);
    CHECK(isfinite(g->origin[a]), ST_DOMAIN, "grid origin along axis %d is not a finite number", a);
  }
  for (int a = 0; a < 3; a++)
    for (int b = a; b < 3; b++) {
      double dot = vec3_dot(geometry_axis(g, a), geometry_axis(g, b));
      CHECK(
          fabs(dot - (a == b)) < 1e-4, ST_DOMAIN,
          "grid direction: axes %d and %d have dot product %.6g, expected %d (a sheared or scaled "
          "grid must be resampled first)",
          a, b, dot, a == b);
    }
done:
  return st;
}

status geometry_match(const struct geometry *a, const char *what_a, const struct geometry *b,
                      const char *what_b, double tolerance_mm) {
  status st = ST_OK;
  CHECK(
      a->nx == b->nx && a->ny == b->ny && a->nz == b->nz, ST_DOMAIN,
      "%s has %lld x %lld x %lld voxels but %s has %lld x %lld x %lld: resample one to the other's "
      "grid",
      what_a, (long long)a->nx, (long long)a->ny, (long long)a->nz, what_b, (long long)b->nx,
      (long long)b->ny, (long long)b->nz);
  for (int i = 0; i < 3; i++)
    CHECK(fabs(a->spacing[i] - b->spacing[i]) <= 1e-5, ST_DOMAIN,
          "spacing along axis %d is %.7g mm in %s but %.7g mm in %s", i, a->spacing[i], what_a,
          b->spacing[i], what_b);
  for (int c = 0; c < 8; c++) {
    struct vec3 index = vec3_make(c & 1 ? (double)(a->nx - 1) : 0, c & 2 ? (double)(a->ny - 1) : 0,
                                  c & 4 ? (double)(a->nz - 1) : 0);
    struct vec3 p = geometry_to_world(a, index), q = geometry_to_world(b, index);
    double d = vec3_length(vec3_sub(p, q));
    CHECK(d <= tolerance_mm, ST_DOMAIN,
          "voxel (%g, %g, %g) lies at (%.4f, %.4f, %.4f) mm in %s but at (%.4f, %.4f, %.4f) mm in "
          "%s: "
          "%.4g mm apart, at most %g mm allowed",
          index.x, index.y, index.z, p.x, p.y, p.z, what_a, q.x, q.y, q.z, what_b, d, tolerance_mm);
  }
done:
  return st;
}
