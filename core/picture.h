/* Raster pictures: slices with windows, outlines and overlays, text and colour bars; PNG out.
 *
 * RGB, 8 bit, origin at the top left. Colours are 0xRRGGBB. The palette is colour-blind safe
 * (Okabe-Ito).
 */
#ifndef QCT_CORE_PICTURE_H
#define QCT_CORE_PICTURE_H

#include "core/text.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { /* Okabe and Ito 2008 */
       COLOUR_ORANGE = 0xE69F00,
       COLOUR_SKY = 0x56B4E9,
       COLOUR_GREEN = 0x009E73,
       COLOUR_YELLOW = 0xF0E442,
       COLOUR_BLUE = 0x0072B2,
       COLOUR_RED = 0xD55E00,
       COLOUR_PINK = 0xCC79A7
};

enum { PICTURE_PIXELS = 100000000 }; /* most of a picture that is read */

struct picture {
  int width, height;
  uint8_t *rgb; /* owned, [height][width][3] */
};

status picture_create(struct picture **out, int width, int height, uint32_t colour);
void picture_destroy(struct picture *p);
void picture_pixel(struct picture *p, int x, int y, uint32_t colour);
/** Blend a pixel: opacity 0..1. */
void picture_blend(struct picture *p, int x, int y, uint32_t colour, double opacity);
void picture_line(struct picture *p, double x0, double y0, double x1, double y1, uint32_t colour,
                  double thickness);
void picture_circle(struct picture *p, double x, double y, double radius, uint32_t colour,
                    double thickness);
void picture_rect(struct picture *p, int x, int y, int w, int h, uint32_t colour, bool filled);
/** Built-in bitmap face, ASCII; height 7 px x scale. Returns the advance in px. */
int picture_text(struct picture *p, int x, int y, const char *s, uint32_t colour, int scale);
/** Put one picture onto another, top left at (x, y). */
void picture_place(struct picture *p, const struct picture *from, int x, int y);

/** 0..1 -> colour of a perceptually even map ("viridis"-like, and "turbo"-free diverging). */
uint32_t colour_sequential(double t);
uint32_t colour_diverging(double t);

/* A plane through a volume, drawn at square pixels. The plane is spanned by world directions. */
struct picture_plane {
  struct vec3 centre; /* LPS mm, middle of the picture */
  struct vec3 right;  /* unit; picture x */
  struct vec3 down;   /* unit; picture y */
  double width_mm, height_mm;
  double pixel_mm; /* > 0 */
};
enum plane { PLANE_AXIAL, PLANE_CORONAL, PLANE_SAGITTAL };
/** Radiological convention: patient right at the left; superior up. Covers the grid's box. */
struct picture_plane picture_plane_through(const struct geometry *g, enum plane plane,
                                           struct vec3 at, double pixel_mm);
/** Window [low, high] to grey; no data is drawn 0x202028. */
status picture_slice(struct picture **out, const struct volume *v,
                     const struct picture_plane *plane, double low, double high);
/** Draw the outline (1 px) of one label value on a picture made from the same plane. */
void picture_outline(struct picture *p, const struct labels *l, int value,
                     const struct picture_plane *plane, uint32_t colour);
/** Blend a colour over a label (opacity 0..1). */
void picture_shade(struct picture *p, const struct labels *l, int value,
                   const struct picture_plane *plane, uint32_t colour, double opacity);
/** Blend a field where it is not NaN; 0..1 of [low, high] through colour_sequential. */
void picture_field(struct picture *p, const struct volume *field, const struct picture_plane *plane,
                   double low, double high, double opacity);
/** Picture position of a world point (may lie outside). */
void picture_project(const struct picture_plane *plane, struct vec3 world, double *x, double *y);

status picture_write_png(const struct picture *p, const char *path, bool force);
/** Any PNG as RGB; what is transparent stands before black.
 * @return ST_IO; ST_FORMAT for what is no PNG; ST_DOMAIN above PICTURE_PIXELS */
status picture_read_png(struct picture **out, const char *path);
/** PNG bytes appended to a text (for data: URIs or files). */
status picture_png(struct text *out, const struct picture *p);

#ifdef __cplusplus
}
#endif
#endif
