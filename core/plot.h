/* SVG plots: axes with ticks and units, points, lines, bands, bars. One plot is one SVG text that
 * stands alone or inside HTML; text uses the page's font and `currentColor`, so it follows light
 * and dark pages.
 *
 *   struct plot *p;
 *   TRY(plot_create(&p, 480, 320, "HU", "density [mg/cm3]"));
 *   plot_points(p, x, y, n, COLOUR_BLUE, "rods");  plot_line(p, ...);  TRY(plot_svg(p, &text));
 *
 * Series are kept until plot_svg, which chooses the ranges (unless set) and draws. Copies its data.
 */
#ifndef QCT_CORE_PLOT_H
#define QCT_CORE_PLOT_H

#include "core/picture.h"

#ifdef __cplusplus
extern "C" {
#endif

struct plot;

status plot_create(struct plot **out, int width, int height, const char *x_label,
                   const char *y_label);
void plot_destroy(struct plot *p);
void plot_title(struct plot *p, const char *title);
void plot_range_x(struct plot *p, double low, double high);
void plot_range_y(struct plot *p, double low, double high);
/** label NULL: not in the legend. NaN breaks a line and skips a point. */
void plot_points(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
                 const char *label);
void plot_line(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
               const char *label);
void plot_dashed(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
                 const char *label);
/** Shaded band between low and high. */
void plot_band(struct plot *p, const double *x, const double *low, const double *high, int n,
               uint32_t colour, const char *label);
/** Vertical error bars. */
void plot_error_bars(struct plot *p, const double *x, const double *low, const double *high, int n,
                     uint32_t colour);
/** Horizontal bars, one a name, value axis x. */
void plot_bars(struct plot *p, const char *const *names, const double *values, int n,
               uint32_t colour);
/** Steps (Kaplan-Meier). */
void plot_steps(struct plot *p, const double *x, const double *y, int n, uint32_t colour,
                const char *label);
/** Text at a data position. */
void plot_note(struct plot *p, double x, double y, const char *s);
/** Append the <svg> element. @return ST_MEMORY; ST_DOMAIN when nothing finite was given */
status plot_svg(const struct plot *p, struct text *out);
/**
 * Write an <svg> element to a file of its own: dark text on white, light on dark where the viewer
 * asks for dark (prefers-color-scheme).
 * @return as file_write; ST_MEMORY; ST_FORMAT when `svg` does not start with an element
 */
status plot_write(const char *path, const struct text *svg, bool force);

#ifdef __cplusplus
}
#endif
#endif
