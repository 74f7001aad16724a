/* The picture of a vertebra. */
#include "fea/figures.h"
#include "fea/spine.h"

#include <stdio.h>

status fea_spine_picture(struct picture **out, const struct fea_spine *s) {
  const struct geometry *g = &s->model->grid;
  const int64_t site = s->failure.site_voxel;
  char caption[160];
  const struct fea_view views[3] = {
      {.right = 1, .up = 2, .cut = g->nx / 2, .title = "from the side"},
      {.right = 0, .up = 2, .cut = site / g->nx % g->ny, .title = "from the front, at the site"},
      {.right = 1, .up = 2, .cut = -1, .title = "largest through the bone"}};
  snprintf(
      caption, sizeof caption,
      "strain at the failure load of %.0f N; orange tension, blue compression; ring: weakest site",
      s->failure_load_n);
  return fea_figure(out, s->model, s->fields, &s->failure, &s->limits,
                    s->failure_load_n / s->load_n, views, 3, 1200, caption);
}
