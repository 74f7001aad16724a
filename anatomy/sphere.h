/* Algebraic least-squares sphere: |p|^2 = 2 p.t + k, so the centre is t and R^2 = k + |t|^2. */
#ifndef QCT_ANATOMY_SPHERE_H
#define QCT_ANATOMY_SPHERE_H

#include "core/geometry.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sphere_fit { /* start from {0} */
  double a[4][4], b[4];
  int n; /* points */
};

/** Add a point, relative to the current centre, with a weight > 0. */
void sphere_add(struct sphere_fit *f, struct vec3 p, double weight);
/** Centre relative to the current one, and radius. 0 when fewer than 4 points or degenerate.
 * Consumes the sums. */
int sphere_solve(struct sphere_fit *f, struct vec3 *centre, double *radius);

/** n directions spread evenly over the sphere (Fibonacci lattice), n >= 1. */
void sphere_directions(struct vec3 *d, int n);

#ifdef __cplusplus
}
#endif
#endif
