/* Shaded pictures of a surface, coloured by a value at its vertices: no screen, no graphics card.
 *
 * Orthographic, hidden parts removed by depth, 2 x 2 samples a pixel. Light falls from behind the
 * viewer's left shoulder and dims colours to 0.55 at most, so that they stay readable on the scale.
 * Colours: colour_sequential (viridis) or colour_diverging, both safe for colour-blind readers;
 * vertices without a value (NaN) are grey. Every picture carries its scale with unit and a bar of
 * length. The result depends on its input alone, not on the number of threads.
 */
#ifndef QCT_CORE_SURFACE_RENDER_H
#define QCT_CORE_SURFACE_RENDER_H

#include "core/picture.h"
#include "core/surface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct surface_paint {
  const double *values; /* borrowed, [vertex_count], NaN: no value; NULL: plain bone colour */
  double low, high;     /* ends of the scale; values beyond take the colour of the end */
  bool diverging;       /* zero in the middle is the caller's choice of low and high */
  const char *title;    /* "cortical thickness" */
  const char *unit;     /* "mm" */
};

struct surface_view {
  struct vec3 eye;  /* unit, from the object towards the viewer */
  struct vec3 up;   /* unit, not along eye */
  const char *name; /* "anterior" */
};

enum { SURFACE_VIEWS_MOST = 8 };
/** Anterior, posterior, medial, lateral of a bone of the left or right side of the body, LPS; side
 * +1 right, -1 left, 0: "right" and "left" in place of medial and lateral. Fills 4 views. */
void surface_views_standard(struct surface_view out[4], int side);

/**
 * One row of views at one scale, names above, colour scale at the right (when there are values) and
 * a bar of 20 mm (or 1 mm for things below 30 mm) at the lower left. Letters are three times as
 * large from 500 px of height on, because such a picture is shown smaller than it is.
 *
 * @param[out] out       owned by the caller
 * @param      s         with or without normals (made here when absent)
 * @param      paint     NULL: plain bone colour
 * @param      views     1..SURFACE_VIEWS_MOST
 * @param      height_px of the panels, 100..4000; their width follows the object
 * @return ST_DOMAIN: empty surface, no views, an up vector along the eye, an empty scale; ST_MEMORY
 */
status surface_render(struct picture **out, const struct surface *s,
                      const struct surface_paint *paint, const struct surface_view *views,
                      int count, int height_px);

/** A vertical colour scale with ticks and a title; x, y of its upper left corner, height in px. For
 * other pictures that use the same colours. Returns the width used. */
int picture_colour_scale(struct picture *p, int x, int y, int height, double low, double high,
                         bool diverging, const char *title, const char *unit);

#ifdef __cplusplus
}
#endif
#endif
