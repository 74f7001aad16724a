/* Convex hull of points of an integer lattice by quickhull, exact: all signs are computed in 64-bit
 * integers. Source: barber1996 (the method) */
#ifndef QCT_RADIOMICS_HULL_H
#define QCT_RADIOMICS_HULL_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rad_hull {
  int32_t (*points)[3]; /* owned; corners of the hull */
  int32_t point_count;
  int32_t (*triangles)[3]; /* owned; indices into points, counter-clockwise from outside */
  int32_t triangle_count;
};

/**
 * @param[in] points shape [n][3], |coordinate| <= 2^19
 * @return ST_NUMERIC when all points lie in one plane, ST_DOMAIN for larger coordinates, ST_MEMORY
 */
status rad_hull_create(struct rad_hull *out, const int32_t (*points)[3], int64_t n);
void rad_hull_free(struct rad_hull *hull);
/** Volume and area after scaling the axes by `unit` (mm a lattice step). */
void rad_hull_measure(double *volume, double *area, const struct rad_hull *hull,
                      const double unit[3]);
/** Largest distance of two corners after scaling. */
double rad_hull_diameter(const struct rad_hull *hull, const double unit[3]);

#ifdef __cplusplus
}
#endif
#endif
