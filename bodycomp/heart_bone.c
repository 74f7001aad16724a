/* Bone that a sac by rule touches. */
#include "bodycomp/heart.h"
#include "core/filter.h"

#include <math.h>

static const double bright_hu = 130, around_mm = 20, least_bone_mm3 = 10e3;
enum { MOST = 64 };

/* The sac's box and what lies within around_mm of it; false without a sac. */
static bool box_of(int64_t lo[3], int64_t hi[3], const struct labels *sac) {
  const struct geometry *g = &sac->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  if (!labels_box(sac, HEART_SAC, lo, hi)) return false;
  for (int a = 0; a < 3; a++) {
    int64_t margin = (int64_t)ceil(around_mm / g->spacing[a]);
    lo[a] = lo[a] > margin ? lo[a] - margin : 0;
    hi[a] = hi[a] + margin < n[a] ? hi[a] + margin : n[a] - 1;
  }
  return true;
}

status heart_drop_bone(struct labels *sac, const struct volume *hu) {
  status st = ST_OK;
  struct volume *near = NULL;
  struct labels *inside = NULL, *bright = NULL, *parts = NULL;
  int64_t lo[3], hi[3], outside[MOST + 1] = {0};
  TRY(geometry_match(&hu->grid, "CT", &sac->grid, "sac", 1e-3));
  if (!box_of(lo, hi, sac)) goto done;
  TRY(filter_crop(&near, hu, lo, hi));
  TRY(filter_crop_labels(&inside, sac, lo, hi));
  TRY(labels_create(&bright, &near->grid));
  const struct geometry *g = &near->grid;
  const int64_t count = geometry_voxels(g);
  for (int64_t v = 0; v < count; v++)
    bright->voxels[v] = round((double)near->voxels[v]) >= bright_hu;
  TRY(filter_components(&parts, bright, 26, MOST, NULL, NULL));
  for (int64_t v = 0; v < count; v++)
    if (inside->voxels[v] != HEART_SAC) outside[parts->voxels[v]]++;
  for (int64_t v = 0; v < count; v++) {
    int part = parts->voxels[v];
    if (!part || (double)outside[part] * geometry_voxel_mm3(g) < least_bone_mm3) continue;
    int64_t i = lo[0] + v % g->nx, j = lo[1] + v / g->nx % g->ny, k = lo[2] + v / (g->nx * g->ny);
    uint16_t *label = &sac->voxels[geometry_index(&sac->grid, i, j, k)];
    *label = *label == HEART_SAC ? 0 : *label;
  }
done:
  volume_destroy(near);
  labels_destroy(inside);
  labels_destroy(bright);
  labels_destroy(parts);
  return st;
}
