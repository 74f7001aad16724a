#include "qct/outline.h"

#include "core/filter.h"

#include <math.h>

/* The label's box with a margin, as 0 and 1. */
static status cut_mask(struct volume **out, const struct labels *labels, int label) {
  status st = ST_OK;
  const struct geometry *g = &labels->grid;
  int64_t lo[3], hi[3];
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  struct labels *part = NULL;
  CHECK(labels_box(labels, label, lo, hi), ST_DOMAIN, "outline of a bone: label %d has no voxel",
        label);
  for (int a = 0; a < 3; a++) {
    lo[a] = lo[a] > 2 ? lo[a] - 2 : 0;
    hi[a] = hi[a] + 2 < n[a] ? hi[a] + 2 : n[a] - 1;
  }
  TRY(filter_crop_labels(&part, labels, lo, hi));
  TRY(volume_create(out, &part->grid, QUANTITY_PROBABILITY));
  for (int64_t i = 0; i < geometry_voxels(&part->grid); i++)
    (*out)->voxels[i] = part->voxels[i] == label;
done:
  labels_destroy(part);
  return st;
}

status qct_outline_surface(struct surface **out, const struct labels *labels, int label,
                           double step_mm) {
  status st = ST_OK;
  struct volume *mask = NULL, *fine = NULL, *smooth = NULL;
  struct surface *s = NULL;
  const double *edge = labels->grid.spacing;
  TRY(cut_mask(&mask, labels, label));
  struct geometry wide = geometry_isotropic(&mask->grid, step_mm);
  /* room for the surface where the bone runs out of the image */
  struct vec3 corner = geometry_to_world(&wide, vec3_make(-3, -3, -3));
  wide.origin[0] = corner.x;
  wide.origin[1] = corner.y;
  wide.origin[2] = corner.z;
  wide.nx += 6;
  wide.ny += 6;
  wide.nz += 6;
  TRY(filter_resample(&fine, mask, &wide, INTERPOLATE_LINEAR, 0));
  double coarse = fmax(edge[0], fmax(edge[1], edge[2]));
  TRY(filter_gaussian(&smooth, fine, fmax(0.7 * step_mm, 0.35 * coarse)));
  TRY(surface_from_volume(&s, smooth, 0.5, 1));
  CHECK(s->vertex_count > 0, ST_DOMAIN, "outline of a bone: label %d is thinner than its blur",
        label);
  TRY(surface_smooth(s, 10));
  TRY(surface_normals(s));
  *out = s;
  s = NULL;
done:
  surface_destroy(s);
  volume_destroy(mask);
  volume_destroy(fine);
  volume_destroy(smooth);
  return st;
}
