/* Where a grid of voxels lies in the patient.
 *
 * World coordinates are LPS in mm (x to the patient's left, y posterior, z superior), as in ITK and
 * DICOM. Index (i, j, k) runs along x, y, z of the grid; memory order is (k*ny + j)*nx + i, written
 * only here. The centre of voxel (0,0,0) is at `origin`.
 *
 *   world = origin + D * diag(spacing) * index
 */
#ifndef QCT_CORE_GEOMETRY_H
#define QCT_CORE_GEOMETRY_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vec3 {
  double x, y, z;
};

static inline struct vec3 vec3_make(double x, double y, double z) {
  struct vec3 v = {x, y, z};
  return v;
}
static inline struct vec3 vec3_add(struct vec3 a, struct vec3 b) {
  return vec3_make(a.x + b.x, a.y + b.y, a.z + b.z);
}
static inline struct vec3 vec3_sub(struct vec3 a, struct vec3 b) {
  return vec3_make(a.x - b.x, a.y - b.y, a.z - b.z);
}
static inline struct vec3 vec3_scale(struct vec3 a, double s) {
  return vec3_make(a.x * s, a.y * s, a.z * s);
}
/** a + s*b */
static inline struct vec3 vec3_along(struct vec3 a, double s, struct vec3 b) {
  return vec3_make(a.x + s * b.x, a.y + s * b.y, a.z + s * b.z);
}
static inline double vec3_dot(struct vec3 a, struct vec3 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline struct vec3 vec3_cross(struct vec3 a, struct vec3 b) {
  return vec3_make(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
double vec3_length(struct vec3 a);
/** Unit vector along a; the zero vector stays zero. */
struct vec3 vec3_unit(struct vec3 a);
/** Angle between a and b [deg], 0..180, accurate near 0 and 180. */
double vec3_angle_deg(struct vec3 a, struct vec3 b);
/** Some unit vector perpendicular to unit vector a (deterministic). */
struct vec3 vec3_perpendicular(struct vec3 a);

struct geometry {
  int64_t nx, ny, nz;  /* voxels along each index axis, >= 1 */
  double spacing[3];   /* mm, > 0 */
  double origin[3];    /* LPS mm of the centre of voxel (0,0,0) */
  double direction[9]; /* row-major 3x3; column a is the LPS unit vector of index axis a */
};

/** Axis-aligned grid with identity direction and origin 0. Spacing in mm. */
struct geometry geometry_make(int64_t nx, int64_t ny, int64_t nz, double sx, double sy, double sz);

static inline int64_t geometry_index(const struct geometry *g, int64_t i, int64_t j, int64_t k) {
  return (k * g->ny + j) * g->nx + i;
}
static inline int64_t geometry_voxels(const struct geometry *g) {
  return g->nx * g->ny * g->nz;
}
static inline double geometry_voxel_mm3(const struct geometry *g) {
  return g->spacing[0] * g->spacing[1] * g->spacing[2];
}
static inline bool geometry_inside(const struct geometry *g, int64_t i, int64_t j, int64_t k) {
  return i >= 0 && j >= 0 && k >= 0 && i < g->nx && j < g->ny && k < g->nz;
}

/** World position [LPS mm] of a (fractional) index. */
struct vec3 geometry_to_world(const struct geometry *g, struct vec3 index);
/** Fractional index of a world position [LPS mm]; direction is orthonormal, so this is exact. */
struct vec3 geometry_to_index(const struct geometry *g, struct vec3 world);
/** Does a fractional index lie in the boxes of the voxels? If so it is moved onto the grid of their
 * centres: the border value is repeated in the outer half voxel. */
static inline bool geometry_clamp_inside(const struct geometry *g, struct vec3 *at) {
  const double edge = 0.5 + 1e-6;
  double *x[3] = {&at->x, &at->y, &at->z};
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  for (int a = 0; a < 3; a++) {
    double last = (double)(n[a] - 1);
    if (!(*x[a] >= -edge && *x[a] <= last + edge)) return false;
    *x[a] = *x[a] < 0 ? 0 : *x[a] > last ? last : *x[a]; /* fmin is a call */
  }
  return true;
}
/* From indices of one grid to fractional ones of another, straight, without the world between. */
struct geometry_mapping {
  struct vec3 at, step[3]; /* of index (0, 0, 0), and a step along each axis */
};
struct geometry_mapping geometry_mapping_make(const struct geometry *to,
                                              const struct geometry *from);
/** The fractional index in `from` of index (i, j, k) of `to`. */
static inline struct vec3 geometry_mapping_at(const struct geometry_mapping *m, int64_t i,
                                              int64_t j, int64_t k) {
  struct vec3 p = vec3_along(m->at, (double)k, m->step[2]);
  p = vec3_along(p, (double)j, m->step[1]);
  return vec3_along(p, (double)i, m->step[0]);
}
/** LPS unit vector of index axis 0, 1 or 2. */
struct vec3 geometry_axis(const struct geometry *g, int axis);

/**
 * Check sizes (>= 1, product of bytes at `bytes_per_voxel` within limits), spacing (finite, > 0)
 * and an orthonormal right- or left-handed direction (1e-4).
 * @return ST_DOMAIN naming the offending value
 */
status geometry_check(const struct geometry *g, size_t bytes_per_voxel);

/**
 * Do two grids coincide? Sizes equal; spacing within 1e-5 mm; corners within `tolerance_mm`.
 * `what_a`, `what_b` name the two in the message ("image", "labels").
 * @return ST_DOMAIN with the exact numbers of the first difference
 */
status geometry_match(const struct geometry *a, const char *what_a, const struct geometry *b,
                      const char *what_b, double tolerance_mm);

#ifdef __cplusplus
}
#endif
#endif
