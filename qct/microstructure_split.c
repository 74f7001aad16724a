#include "core/filter.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>

/* ---- threshold ---- */

enum { STEPS = 1024 };

static void value_range(double *low, double *high, const struct volume *image,
                        const struct labels *voi) {
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0; i < geometry_voxels(&image->grid); i++) {
    double v = (double)image->voxels[i];
    if (!micro_in(voi, i) || isnan(v)) continue;
    *low = fmin(*low, v);
    *high = fmax(*high, v);
  }
}

status micro_otsu(double *out, const struct volume *image, const struct labels *voi) {
  status st = ST_OK;
  double low, high, count[STEPS] = {0}, n = 0, sum = 0, below = 0, sum_below = 0, best = -1;
  int best_step = 0;
  value_range(&low, &high, image, voi);
  CHECK(high > low, ST_DOMAIN,
        "threshold by Otsu's method: all values are %g, two kinds are needed", low);
  double width = (high - low) / STEPS;
  for (int64_t i = 0; i < geometry_voxels(&image->grid); i++) {
    double v = (double)image->voxels[i];
    if (!micro_in(voi, i) || isnan(v)) continue;
    int b = (int)((v - low) / width);
    b = b < STEPS ? b : STEPS - 1;
    count[b]++;
    n++;
    sum += b + 0.5;
  }
  for (int b = 0; b < STEPS - 1; b++) {
    below += count[b];
    sum_below += count[b] * (b + 0.5);
    if (below <= 0 || below >= n) continue;
    double apart = sum_below / below - (sum - sum_below) / (n - below);
    double between = below * (n - below) * apart * apart;
    if (between <= best) continue;
    best = between;
    best_step = b;
  }
  *out = low + (best_step + 1) * width;
done:
  return st;
}

/* ---- compartments ---- */

/* Marrow of the mask in which a sphere of the radius fits: eroded, then grown back. */
static status open_marrow(struct labels **out, const struct labels *bone, const struct labels *mask,
                          double radius) {
  status st = ST_OK;
  struct labels *m = NULL;
  TRY(labels_create(&m, &bone->grid));
  for (int64_t i = 0; i < geometry_voxels(&bone->grid); i++)
    m->voxels[i] = mask->voxels[i] != 0 && bone->voxels[i] != 1;
  TRY(filter_grow(m, 1, -radius, 0));
  TRY(filter_grow(m, 1, radius, 0));
  *out = m;
  m = NULL;
done:
  labels_destroy(m);
  return st;
}

status micro_compartments(struct labels **out, const struct labels *bone,
                          const struct labels *periosteal, double pore_mm, double strut_mm) {
  status st = ST_OK;
  struct labels *m = NULL, *core = NULL;
  TRY(open_marrow(&m, bone, periosteal, pore_mm));
  TRY(filter_grow(m, 1, strut_mm, 0));
  TRY(filter_grow(m, 1, -strut_mm, 0));
  for (int64_t i = 0; i < geometry_voxels(&m->grid); i++)
    if (!periosteal->voxels[i]) m->voxels[i] = 0;
  CHECK(labels_count(m, 1) > 0, ST_DOMAIN,
        "parting cortex and trabecular bone: no marrow space holds a sphere of %g mm radius",
        pore_mm);
  TRY(filter_keep_largest(m, 1, 6, NULL));
  TRY(labels_create(&core, &bone->grid));
  for (int64_t i = 0; i < geometry_voxels(&m->grid); i++)
    core->voxels[i] = (uint16_t)(!periosteal->voxels[i] ? 0 : m->voxels[i] ? 2 : 1);
  TRY(labels_set_name(core, 1, "cortical"));
  TRY(labels_set_name(core, 2, "trabecular"));
  *out = core;
  core = NULL;
done:
  labels_destroy(m);
  labels_destroy(core);
  return st;
}
