/* Points of a surface near a place, through a grid of cells. Private to this folder. */
#ifndef QCT_QCT_NEAR_H
#define QCT_QCT_NEAR_H

#include "core/surface.h"

struct near {
  const struct surface *surface; /* borrowed */
  double size_mm;                /* edge of a cell */
  struct vec3 origin;
  int64_t nx, ny, nz;
  int32_t *first;      /* owned, [cells + 1]: where a cell's points begin in `points` */
  int32_t *points;     /* owned */
  struct vec3 *places; /* owned, where the points are, in their order */
  int32_t *empty;      /* owned, [cells]: rings of cells about each that hold no point */
};

typedef void (*near_visitor)(void *user, int32_t point, double distance2);

/** @return ST_MEMORY */
status near_make(struct near *out, const struct surface *surface, double size_mm);
void near_free(struct near *n);
/** All points within `reach_mm` of p, in a fixed order. */
void near_visit(const struct near *n, struct vec3 p, double reach_mm, near_visitor visit,
                void *user);
/** The nearest point within `reach_mm`, -1 when there is none; *distance [mm], infinite then.
 * @param guess  a point that may be it, as that of the place before: only quicker; -1: none */
int32_t near_point(double *distance, const struct near *n, struct vec3 p, double reach_mm,
                   int32_t guess);

#endif
