#include "core/resample.h"

#include <math.h>

static status resample_cubic(struct volume **out, const struct volume *in,
                             const struct geometry *grid, float fill) {
  status st = ST_OK;
  struct volume *filled = NULL, *near = NULL, *v = NULL;
  TRY(volume_copy(&filled, in));
  int64_t gaps = volume_fill_no_data(filled, fill), n = geometry_voxels(grid);
  TRY(filter_resample(&v, filled, grid, INTERPOLATE_CUBIC, NAN));
  if (gaps) {
    TRY(filter_resample(&near, in, grid, INTERPOLATE_NEAREST, NAN));
    for (int64_t i = 0; i < n; i++)
      if (isnan(near->voxels[i])) v->voxels[i] = NAN;
  }
  *out = v;
  v = NULL;
done:
  volume_destroy(filled);
  volume_destroy(near);
  volume_destroy(v);
  return st;
}

static status resample_average(struct volume **out, const struct volume *in,
                               const struct geometry *grid) {
  status st = ST_OK;
  struct volume *oriented = NULL;
  TRY(filter_orient(&oriented, in));
  TRY(filter_average_to(out, oriented, grid, NAN));
done:
  volume_destroy(oriented);
  return st;
}

status volume_resample(struct volume **out, const struct volume *in, const struct geometry *grid,
                       enum resample_method how, float fill) {
  switch (how) {
  case RESAMPLE_NEAREST:
    return filter_resample(out, in, grid, INTERPOLATE_NEAREST, NAN);
  case RESAMPLE_LINEAR:
    return filter_resample(out, in, grid, INTERPOLATE_LINEAR, NAN);
  case RESAMPLE_CUBIC:
    return resample_cubic(out, in, grid, fill);
  case RESAMPLE_AVERAGE:
    break;
  }
  return resample_average(out, in, grid);
}
