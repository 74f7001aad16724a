#include "ml/drr_picture.h"

#include <math.h>

enum { NO_VOXEL = 0x202028 };

status ml_drr_picture(struct picture **out, double *low, double *high, const struct volume *image,
                      bool inverted) {
  status st = ST_OK;
  const struct geometry *g = &image->grid;
  int64_t n = g->nx * g->ny;
  double a = INFINITY, b = -INFINITY;
  for (int64_t i = 0; i < n; i++) {
    if (isnan(image->voxels[i])) continue;
    a = fmin(a, (double)image->voxels[i]);
    b = fmax(b, (double)image->voxels[i]);
  }
  CHECK(b >= a, ST_DOMAIN, "drawing a projection: no pixel has a value");
  TRY(picture_create(out, (int)g->nx, (int)g->ny, NO_VOXEL));
  for (int64_t i = 0; i < n; i++) {
    double x = (double)image->voxels[i];
    if (isnan(x)) continue;
    double t = b > a ? (x - a) / (b - a) : 0;
    uint32_t grey = (uint32_t)lround(255 * (inverted ? 1 - t : t));
    picture_pixel(*out, (int)(i % g->nx), (int)(i / g->nx), grey << 16 | grey << 8 | grey);
  }
  if (low) *low = a;
  if (high) *high = b;
done:
  return st;
}
