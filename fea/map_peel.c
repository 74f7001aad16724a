/* Density at the surface: dark outer voxels replaced, values grown outwards. */
#include "fea/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The label's box with room for the layers. */
static void find_box(const struct labels *l, int label, int layers, int64_t low[3],
                     int64_t high[3]) {
  const int64_t n[3] = {l->grid.nx, l->grid.ny, l->grid.nz};
  labels_box(l, label, low, high);
  for (int a = 0; a < 3; a++) {
    low[a] = low[a] > layers + 1 ? low[a] - layers - 1 : 0;
    high[a] = high[a] + layers + 1 < n[a] ? high[a] + layers + 1 : n[a] - 1;
  }
}

/* Mean of the finite values of the 26 neighbours; NaN without any. */
static float mean_around(const float *v, const struct geometry *g, int64_t i, int64_t j,
                         int64_t k) {
  double sum = 0;
  int n = 0;
  for (int64_t c = k - 1; c <= k + 1; c++)
    for (int64_t b = j - 1; b <= j + 1; b++)
      for (int64_t a = i - 1; a <= i + 1; a++) {
        if (!geometry_inside(g, a, b, c)) continue;
        const float x = v[geometry_index(g, a, b, c)];
        if (isnan(x)) continue;
        sum += (double)x;
        n++;
      }
  return n ? (float)(sum / n) : NAN;
}

static bool all_around(const struct labels *l, int label, int64_t i, int64_t j, int64_t k) {
  for (int64_t c = k - 1; c <= k + 1; c++)
    for (int64_t b = j - 1; b <= j + 1; b++)
      for (int64_t a = i - 1; a <= i + 1; a++)
        if (!geometry_inside(&l->grid, a, b, c) ||
            l->voxels[geometry_index(&l->grid, a, b, c)] != label)
          return false;
  return true;
}

static void geometry_sub(struct geometry *g, const int64_t low[3], const int64_t high[3]) {
  const struct vec3 w =
      geometry_to_world(g, vec3_make((double)low[0], (double)low[1], (double)low[2]));
  g->origin[0] = w.x, g->origin[1] = w.y, g->origin[2] = w.z;
  g->nx = high[0] - low[0] + 1, g->ny = high[1] - low[1] + 1, g->nz = high[2] - low[2] + 1;
}

status fea_peel_extend(struct volume **out, const struct volume *density,
                       const struct labels *labels, int label, int layers) {
  status st = ST_OK;
  struct volume *v = NULL;
  float *next = NULL;
  int64_t low[3], high[3];
  char absent[256];
  CHECK(labels_count(labels, label) > 0, ST_DOMAIN, "material mapping: %s",
        labels_absent(absent, labels, label));
  CHECK(layers >= 1 && layers <= 20, ST_DOMAIN,
        "material mapping: %d layers beyond the label, permitted are 1 .. 20", layers);
  find_box(labels, label, layers, low, high);
  struct geometry g = density->grid;
  geometry_sub(&g, low, high);
  TRY(volume_create(&v, &g, QUANTITY_DENSITY));
  v->material = density->material;
  const size_t n = (size_t)geometry_voxels(&g);
  next = malloc(n * sizeof *next);
  CHECK(next, ST_MEMORY, "material mapping: no memory for %zu voxels", n);
  /* interior first: voxels whose 26 neighbours carry the label */
  for (int64_t c = 0; c < g.nz; c++)
    for (int64_t b = 0; b < g.ny; b++)
      for (int64_t a = 0; a < g.nx; a++)
        v->voxels[geometry_index(&g, a, b, c)] =
            all_around(labels, label, a + low[0], b + low[1], c + low[2])
                ? density
                      ->voxels[geometry_index(&density->grid, a + low[0], b + low[1], c + low[2])]
                : NAN;
  for (int layer = 0; layer <= layers; layer++) { /* 0: the label's own outer layer */
    memcpy(next, v->voxels, n * sizeof *next);
    for (int64_t c = 0; c < g.nz; c++)
      for (int64_t b = 0; b < g.ny; b++)
        for (int64_t a = 0; a < g.nx; a++) {
          const int64_t at = geometry_index(&g, a, b, c);
          const int64_t from = geometry_index(&density->grid, a + low[0], b + low[1], c + low[2]);
          const bool own = labels->voxels[from] == label;
          if (!isnan(v->voxels[at]) || (layer == 0 && !own)) continue;
          const float inner = mean_around(v->voxels, &g, a, b, c);
          next[at] = inner;
          /* keep what is brighter; a thin part without interior keeps its own value */
          if (layer == 0 && !(density->voxels[from] < inner)) next[at] = density->voxels[from];
        }
    memcpy(v->voxels, next, n * sizeof *next);
  }
  *out = v;
  v = NULL;
done:
  free(next);
  volume_destroy(v);
  return st;
}
