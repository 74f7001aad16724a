/* What the report shows of a vertebra: picture and words. */
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

void fea_spine_methods(struct text *out, const struct fea_spine *s,
                       const struct fea_spine_options *o) {
  text_append(
      out,
      "Fracture load of the vertebra in compression: %lld voxel hexahedra of %g mm, modulus from "
      "the "
      "calibrated density (%s; Poisson's ratio %g, floor %g MPa). PMMA caps of %g MPa over both "
      "endplates (%g mm thick, bone %g mm deep in them); the lower face is %s, the upper is moved "
      "by "
      "%.3f mm (%g %% of the height of %.1f mm)%s. ",
      (long long)s->model->element_count, o->size_mm, s->words, o->poisson, o->least_mpa,
      o->cap_mpa, o->cap_mm, o->intrusion_mm, o->sliding ? "held along the axis" : "held",
      s->displacement_mm, 100 * o->strain, s->height_mm,
      o->wedge_deg != 0 ? " and turned forwards" : "");
  if (s->crawford)
    text_append(out,
                "The failure load is stiffness x height x 0.0068 (the rule called crawford; as "
                "in parosol-py). ");
  else
    text_append(
        out,
        "The failure load is the load at which %g %% of the bone volume exceed their strain "
        "limit. ",
        100 * o->failure.volume_share);
  text_append(out,
              "Loads with PMMA caps are about a fifth above those with disc-like layers and must "
              "not be mixed with them.");
}
