/* A closed surface cut by a plane, as a raster of shares. Private to this folder. */
#ifndef QCT_QCT_STRUCTURE_CUT_H
#define QCT_QCT_STRUCTURE_CUT_H

#include "core/surface.h"
#include "qct/structure_section.h"

struct structure_plane {
  struct vec3 centre; /* LPS mm */
  struct vec3 front, up, normal;
};

/* Part of the plane that is looked at; pixel (0, 0) has its centre at (front0, up0). */
struct structure_window {
  int nx, ny;
  double step, front0, up0;
};

/** The window of +-half mm about the centre. */
struct structure_window structure_window_about(double half, double step);

/**
 * Share of each pixel inside the surface: exact along front, four lines to a pixel along up. A fold
 * of the surface turned inside out counts for nothing.
 * @param[out] share  [ny][nx]
 */
status structure_cut(float *share, const struct structure_window *w, const struct surface *s,
                     const struct structure_plane *plane);

/**
 * Keep the piece nearest to the centre: other pieces are cleared from `bone`. `owner`, when not
 * NULL, becomes 1 where a pixel lies in the piece or nearer to it than to any other and within
 * reach_mm, else 0.
 * @param[out] box  pixels of the piece: low x, low y, high x, high y; NULL ok
 * @return ST_DOMAIN when no piece lies within 15 mm of the centre; ST_MEMORY
 */
status structure_keep_piece(float *bone, uint8_t *owner, int box[4],
                            const struct structure_window *w, double reach_mm);

static inline struct vec3 structure_world(const struct structure_plane *p,
                                          const struct structure_window *w, double i, double j,
                                          double along) {
  struct vec3 at = vec3_along(p->centre, w->front0 + i * w->step, p->front);
  at = vec3_along(at, w->up0 + j * w->step, p->up);
  return vec3_along(at, along, p->normal);
}

#endif
