#include "radiomics/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void rad_settings_init(struct rad_settings *s, enum rad_convention convention) {
  memset(s, 0, sizeof *s);
  bool py = convention == RAD_PYRADIOMICS;
  s->convention = convention;
  s->families = ((1u << RAD_FLAT) - 1) & (unsigned)RAD_ALL;
  s->aggregations = 1u << (py ? RAD_3D_AVERAGED : RAD_3D_MERGED);
  s->image_interpolation = py ? RAD_CUBIC : RAD_LINEAR;
  s->mask_interpolation = py ? RAD_NEAREST : RAD_LINEAR;
  s->mask_threshold = 0.5;
  s->range[0] = -INFINITY;
  s->range[1] = INFINITY;
  s->discretisation = RAD_FBS;
  s->bin_width = 25;
  s->bin_count = 32;
  s->ivh = RAD_AS_IS;
  s->ivh_bin_width = 2.5;
  s->ivh_bin_count = 1000;
  s->distances[0] = 1;
  s->distance_count = 1;
  s->normalise_scale = 1;
  s->minimum_dimensions = 1;
}

status rad_settings_check(const struct rad_settings *s) {
  status st = ST_OK;
  for (int a = 0; a < 3; a++)
    CHECK(s->spacing_mm[a] >= 0 && s->spacing_mm[a] <= 100, ST_USAGE,
          "radiomics: spacing %g mm is not within 0..100 mm", s->spacing_mm[a]);
  CHECK(s->mask_threshold > 0 && s->mask_threshold <= 1, ST_USAGE,
        "radiomics: mask threshold %g is not within 0..1", s->mask_threshold);
  CHECK(!s->has_range || s->range[0] <= s->range[1], ST_USAGE,
        "radiomics: re-segmentation range %g..%g is empty", s->range[0], s->range[1]);
  CHECK(s->outlier_sd >= 0, ST_USAGE, "radiomics: outlier limit %g SD is negative", s->outlier_sd);
  CHECK(s->bin_width > 0 && isfinite(s->bin_width), ST_USAGE,
        "radiomics: bin width %g must be positive", s->bin_width);
  CHECK(s->bin_count >= 1 && s->bin_count <= 65535, ST_USAGE,
        "radiomics: bin count %d is not within 1..65535", s->bin_count);
  CHECK(s->ivh_bin_width > 0 && s->ivh_bin_count >= 2, ST_USAGE,
        "radiomics: intensity-volume histogram bins (%g wide, %d) must be positive",
        s->ivh_bin_width, s->ivh_bin_count);
  CHECK(s->distance_count >= 1 && s->distance_count <= RAD_MAX_DISTANCES, ST_USAGE,
        "radiomics: %d distances; 1 to %d are possible", s->distance_count, RAD_MAX_DISTANCES);
  for (int d = 0; d < s->distance_count; d++)
    CHECK(s->distances[d] >= 1 && s->distances[d] <= 100, ST_USAGE,
          "radiomics: distance %d voxels is not within 1..100", s->distances[d]);
  CHECK(s->dependence_alpha >= 0, ST_USAGE, "radiomics: coarseness %d is negative",
        s->dependence_alpha);
done:
  return st;
}

void rad_settings_discretisation_tag(char out[32], const struct rad_settings *s) {
  switch (s->discretisation) {
  case RAD_FBN:
    snprintf(out, 32, "fbn_n%d", s->bin_count);
    break;
  case RAD_FBS:
    snprintf(out, 32, "fbs_w%g", s->bin_width);
    break;
  case RAD_AS_IS:
    snprintf(out, 32, "as_is");
    break;
  }
}
