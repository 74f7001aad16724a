/* Planes through volumes and labels, drawn pixel by pixel from world positions. */
#include "core/parallel.h"
#include "core/picture.h"

#include <math.h>

#define NO_DATA 0x202028u

static int pixels(double mm, double pixel_mm) {
  double n = round(mm / pixel_mm);
  return n < 1 || !isfinite(n) ? 1 : n > 1e6 ? 1000000 : (int)n;
}

static struct vec3 pixel_world(const struct picture_plane *plane, int width, int height, int x,
                               int y) {
  double right = (x + 0.5 - width / 2.0) * plane->pixel_mm;
  double down = (y + 0.5 - height / 2.0) * plane->pixel_mm;
  return vec3_along(vec3_along(plane->centre, right, plane->right), down, plane->down);
}

void picture_project(const struct picture_plane *plane, struct vec3 world, double *x, double *y) {
  struct vec3 d = vec3_sub(world, plane->centre);
  *x = vec3_dot(d, plane->right) / plane->pixel_mm +
       pixels(plane->width_mm, plane->pixel_mm) / 2.0 - 0.5;
  *y = vec3_dot(d, plane->down) / plane->pixel_mm +
       pixels(plane->height_mm, plane->pixel_mm) / 2.0 - 0.5;
}

struct picture_plane picture_plane_through(const struct geometry *g, enum plane plane,
                                           struct vec3 through, double pixel_mm) {
  struct picture_plane p = {.pixel_mm = pixel_mm, .right = {1, 0, 0}, .down = {0, 0, -1}};
  if (plane == PLANE_AXIAL) p.down = vec3_make(0, 1, 0);
  if (plane == PLANE_SAGITTAL) p.right = vec3_make(0, 1, 0); /* anterior at the left */
  double low[2] = {(double)INFINITY, (double)INFINITY};
  double high[2] = {-(double)INFINITY, -(double)INFINITY};
  for (int corner = 0; corner < 8; corner++) {
    struct vec3 index = {corner & 1 ? (double)g->nx - 0.5 : -0.5,
                         corner & 2 ? (double)g->ny - 0.5 : -0.5,
                         corner & 4 ? (double)g->nz - 0.5 : -0.5};
    struct vec3 w = geometry_to_world(g, index);
    double at[2] = {vec3_dot(w, p.right), vec3_dot(w, p.down)};
    for (int a = 0; a < 2; a++) {
      low[a] = fmin(low[a], at[a]);
      high[a] = fmax(high[a], at[a]);
    }
  }
  p.width_mm = high[0] - low[0];
  p.height_mm = high[1] - low[1];
  double right = (low[0] + high[0]) / 2 - vec3_dot(through, p.right);
  double down = (low[1] + high[1]) / 2 - vec3_dot(through, p.down);
  p.centre = vec3_along(vec3_along(through, right, p.right), down, p.down);
  return p;
}

status picture_slice(struct picture **out, const struct volume *v,
                     const struct picture_plane *plane, double low, double high) {
  status st = ST_OK;
  struct picture *p = NULL;
  CHECK(plane->pixel_mm > 0, ST_DOMAIN, "drawing a slice: pixels of %g mm, above 0 are needed",
        plane->pixel_mm);
  CHECK(high > low, ST_DOMAIN, "drawing a slice: the window %g..%g is empty", low, high);
  int width = pixels(plane->width_mm, plane->pixel_mm);
  int height = pixels(plane->height_mm, plane->pixel_mm);
  TRY(picture_create(&p, width, height, NO_DATA));
#pragma omp parallel for num_threads(parallel_threads())
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      double value = volume_sample(v, pixel_world(plane, width, height, x, y));
      if (isnan(value)) continue;
      double share = fmin(1, fmax(0, (value - low) / (high - low)));
      uint32_t grey = (uint32_t)lrint(255 * share);
      picture_pixel(p, x, y, grey << 16 | grey << 8 | grey);
    }
  }
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}

/* Share of the label at a world point, trilinear, so that outlines of coarse labels are smooth; the
 * outer half of the border voxels repeats the border. */
static double label_share(const struct labels *l, int value, struct vec3 world) {
  const struct geometry *g = &l->grid;
  struct vec3 at = geometry_to_index(g, world);
  const double position[3] = {at.x, at.y, at.z};
  const int64_t size[3] = {g->nx, g->ny, g->nz};
  int64_t first[3];
  double share[3], sum = 0;
  for (int a = 0; a < 3; a++) {
    if (!(position[a] >= -0.5 && position[a] <= (double)size[a] - 0.5)) return 0;
    double p = fmin((double)(size[a] - 1), fmax(0, position[a]));
    first[a] = (int64_t)p;
    if (first[a] > size[a] - 2) first[a] = size[a] > 1 ? size[a] - 2 : 0;
    share[a] = p - (double)first[a];
  }
  for (int corner = 0; corner < 8; corner++) {
    double weight = 1;
    int64_t index[3];
    for (int a = 0; a < 3; a++) {
      int upper = corner >> a & 1;
      weight *= upper ? share[a] : 1 - share[a];
      index[a] = first[a] + upper;
    }
    if (weight > 0 && l->voxels[geometry_index(g, index[0], index[1], index[2])] == value)
      sum += weight;
  }
  return sum;
}

static bool covered(const struct picture *p, const struct labels *l, int value,
                    const struct picture_plane *plane, int x, int y) {
  return label_share(l, value, pixel_world(plane, p->width, p->height, x, y)) >= 0.5;
}

void picture_outline(struct picture *p, const struct labels *l, int value,
                     const struct picture_plane *plane, uint32_t colour) {
#pragma omp parallel for num_threads(parallel_threads())
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      if (!covered(p, l, value, plane, x, y)) continue;
      bool inner = covered(p, l, value, plane, x - 1, y) && covered(p, l, value, plane, x + 1, y) &&
                   covered(p, l, value, plane, x, y - 1) && covered(p, l, value, plane, x, y + 1);
      if (!inner) picture_pixel(p, x, y, colour);
    }
}

void picture_shade(struct picture *p, const struct labels *l, int value,
                   const struct picture_plane *plane, uint32_t colour, double opacity) {
#pragma omp parallel for num_threads(parallel_threads())
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++)
      if (covered(p, l, value, plane, x, y)) picture_blend(p, x, y, colour, opacity);
}

void picture_field(struct picture *p, const struct volume *field, const struct picture_plane *plane,
                   double low, double high, double opacity) {
#pragma omp parallel for num_threads(parallel_threads())
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      double value = volume_sample(field, pixel_world(plane, p->width, p->height, x, y));
      if (!isnan(value))
        picture_blend(p, x, y, colour_sequential((value - low) / (high - low)), opacity);
    }
}
