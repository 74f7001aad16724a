/* Alignment of one surface to another by closest points: turn, shift and, when wanted, one scale.
 *
 * Each round takes the nearest point of the fixed surface to every moving point, leaves out the
 * farthest share, and solves for the small motion that brings the rest onto the tangent planes
 * there (linear least squares), until it no longer moves. The result is that of the nearest valley,
 * so the start must be within about 20 degrees; anatomical axes give one. Source: besl1992 (closest
 * points), chen1992 (tangent planes)
 */
#ifndef QCT_CORE_ALIGN_H
#define QCT_CORE_ALIGN_H

#include "core/geometry.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* p -> scale * turn p + shift, turn row by row [mm]. */
struct motion {
  double turn[3][3], scale;
  struct vec3 shift;
};
struct motion motion_none(void);
struct vec3 motion_apply(const struct motion *m, struct vec3 p);
struct vec3 motion_turn(const struct motion *m, struct vec3 direction);
struct motion motion_inverse(const struct motion *m);

struct align_options {
  bool scale;        /* one scale too */
  double left_out;   /* share of the farthest moving points, 0 .. 0.5 */
  int rounds;        /* at most */
  double settled_mm; /* ends when no point moves more */
};
#define ALIGN_DEFAULTS                                                                             \
  { .scale = false, .left_out = 0.05, .rounds = 200, .settled_mm = 1e-6 }

struct align_result {
  struct motion motion; /* from moving to fixed */
  double rms_mm;        /* distance of the points that were kept from their tangent planes */
  double nearest_mm;    /* RMS of their distance to the nearest fixed point */
  int rounds;
};

/**
 * @param normals  unit, one a fixed point
 * @param start    NULL: as they lie
 * @return ST_DOMAIN with fewer than 20 points in either; ST_NUMERIC when the points do not fix the
 *         motion (a ball, a cylinder) or it does not settle; ST_MEMORY
 */
status align_points(struct align_result *out, const struct vec3 *moving, int64_t moving_count,
                    const struct vec3 *fixed, const struct vec3 *normals, int64_t fixed_count,
                    const struct motion *start, const struct align_options *options);

/* Nearest points of a set (k-d tree). */
struct point_tree;
/** The points are borrowed. @return ST_MEMORY; ST_DOMAIN without points */
status point_tree_create(struct point_tree **out, const struct vec3 *points, int64_t count);
void point_tree_destroy(struct point_tree *t);
/** Index of the nearest point (the lowest among equals found first in the tree's order). */
int64_t point_tree_nearest(const struct point_tree *t, struct vec3 at, double *distance_mm);

#ifdef __cplusplus
}
#endif
#endif
