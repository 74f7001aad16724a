#include "bodycomp/calcium_picture.h"

#include <math.h>
#include <stdio.h>

enum { NUMBERED = 10 };

status calcium_picture(struct picture **out, const struct volume *hu, const struct labels *region,
                       int value, const struct calcium_score *s) {
  status st = ST_OK;
  struct picture *p = NULL;
  const double low_hu = -100, high_hu = 500;
  int64_t middle = (s->first_slice + s->last_slice) / 2;
  struct vec3 at =
      s->lesion_count
          ? s->lesions[0].centre
          : geometry_to_world(&hu->grid, vec3_make((double)hu->grid.nx / 2, (double)hu->grid.ny / 2,
                                                   (double)middle));
  struct picture_plane plane =
      picture_plane_through(&hu->grid, PLANE_AXIAL, at, fmin(hu->grid.spacing[0], 0.8));
  TRY(picture_slice(&p, hu, &plane, low_hu, high_hu));
  picture_outline(p, region, value, &plane, COLOUR_SKY);
  int64_t slice = (int64_t)llround(geometry_to_index(&hu->grid, at).z);
  for (int64_t n = 0; n < s->lesion_count; n++) {
    const struct calcium_lesion *l = &s->lesions[n];
    if (slice < l->first_slice || slice > l->last_slice) continue;
    picture_shade(p, s->kept, (int)n + 1, &plane, COLOUR_ORANGE, 0.6);
    if (n >= NUMBERED) continue;
    double x, y;
    char number[16];
    snprintf(number, sizeof number, "%d", (int)n + 1);
    picture_project(&plane, l->centre, &x, &y);
    picture_text(p, (int)x + 8, (int)y - 8, number, COLOUR_YELLOW, 2);
  }
  *out = p;
  p = NULL;
done:
  picture_destroy(p);
  return st;
}
