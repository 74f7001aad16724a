#include "bodycomp/fascia.h"

#include "core/filter.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>

static const double lean_low_hu = -29, gas_hu = -250, bone_hu = 160, septum_mm = 1.5,
                    least_bone_mm3 = 500;
static const double alba_mm = 70, alba_around_mm = 50; /* widest gap; from the middle */
static const double alba_beside_mm = 12; /* its ends lie so far on either side: no umbilicus */

static const double deep_mm = 10; /* below the surface: any muscle of the wall reaches it */

enum { LEAN = 1, SEEN };

/* Soft and hard tissue and gas within `inner`, the body without its skin, less what is thinner than
 * a septum. */
static status find_lean(struct labels **out, const struct volume *hu, const struct labels *inner) {
  status st = ST_OK;
  struct labels *lean = NULL;
  int64_t n = geometry_voxels(&hu->grid);
  TRY(labels_create(&lean, &hu->grid));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < n; i++) {
    double h = round((double)hu->voxels[i]);
    lean->voxels[i] = inner->voxels[i] == LABEL_BODY && (h >= lean_low_hu || h < gas_hu);
  }
  TRY(filter_grow(lean, LEAN, -septum_mm, 0));
  TRY(filter_grow(lean, LEAN, septum_mm, 0));
  *out = lean;
  lean = NULL;
done:
  labels_destroy(lean);
  return st;
}

/* What is connected in slice k with lean voxels of `deep` becomes SEEN. `stack` holds the voxels of
 * a slice. */
static void flood_slice(struct labels *lean, const struct labels *deep, int64_t k, int64_t *stack) {
  const int64_t nx = lean->grid.nx, ny = lean->grid.ny, base = k * nx * ny;
  int64_t count = 0;
  for (int64_t n = 0; n < nx * ny; n++)
    if (lean->voxels[base + n] == LEAN && deep->voxels[base + n]) {
      lean->voxels[base + n] = SEEN;
      stack[count++] = n;
    }
  while (count > 0) {
    const int64_t n = stack[--count], i = n % nx, j = n / nx;
    const int64_t next[4] = {i > 0 ? n - 1 : n, i < nx - 1 ? n + 1 : n, j > 0 ? n - nx : n,
                             j < ny - 1 ? n + nx : n};
    for (int m = 0; m < 4; m++)
      if (lean->voxels[base + next[m]] == LEAN) {
        lean->voxels[base + next[m]] = SEEN;
        stack[count++] = next[m];
      }
  }
}

/* Drop the lean parts of a slice that lie wholly within deep_mm of the surface: thick skin, scars,
 * dressings. The closing would join them to the muscle below and the fat between with them. */
static status drop_superficial(struct labels *lean, const struct labels *inner, double skin_mm) {
  status st = ST_OK;
  const int64_t plane = lean->grid.nx * lean->grid.ny;
  struct labels *deep = NULL;
  int64_t *stack = malloc((size_t)plane * sizeof *stack);
  CHECK(stack, ST_MEMORY, "finding the fascia in slices of %lld voxels", (long long)plane);
  TRY(labels_copy(&deep, inner));
  TRY(filter_grow(deep, LABEL_BODY, skin_mm - deep_mm, 0));
  for (int64_t k = 0; k < lean->grid.nz; k++) flood_slice(lean, deep, k, stack);
  for (int64_t v = 0; v < lean->grid.nz * plane; v++)
    lean->voxels[v] = lean->voxels[v] == SEEN ? LEAN : 0;
done:
  free(stack);
  labels_destroy(deep);
  return st;
}

/* Middle of the lean tissue of a slice, index; false where there is none. */
static bool middle_of(double middle[2], const struct labels *lean, int64_t k) {
  const struct geometry *g = &lean->grid;
  double x = 0, y = 0, count = 0;
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      if (lean->voxels[geometry_index(g, i, j, k)] != LEAN) continue;
      x += (double)i;
      y += (double)j;
      count++;
    }
  middle[0] = x / count;
  middle[1] = y / count;
  return count > 0;
}

/* The linea alba between the two straight muscles is too thin to be seen: rows of the front half
 * are closed across the middle. */
static void bridge_front(struct labels *lean) {
  const struct geometry *g = &lean->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g->nz; k++) {
    double middle[2];
    if (!middle_of(middle, lean, k)) continue;
    const double around = alba_around_mm / g->spacing[0], widest = alba_mm / g->spacing[0],
                 beside = alba_beside_mm / g->spacing[0];
    int64_t from = (int64_t)fmax(0, ceil(middle[0] - around));
    int64_t to = (int64_t)fmin((double)g->nx - 1, floor(middle[0] + around));
    for (int64_t j = 0; j < (int64_t)middle[1]; j++) {
      uint16_t *row = lean->voxels + geometry_index(g, 0, j, k);
      int64_t last = -1;
      for (int64_t i = from; i <= to; i++) {
        if (row[i] != LEAN) continue;
        bool across = (double)last < middle[0] - beside && (double)i > middle[0] + beside;
        for (int64_t n = last + 1; last >= 0 && across && (double)(i - last) <= widest && n < i;
             n++)
          row[n] = LEAN;
        last = i;
      }
    }
  }
}

static status mark_bone(struct labels *l, const struct volume *hu) {
  status st = ST_OK;
  enum { MOST = 64 };
  struct labels *bright = NULL, *parts = NULL;
  int64_t sizes[MOST], n = geometry_voxels(&hu->grid);
  int count = 0;
  double voxel = geometry_voxel_mm3(&hu->grid);
  TRY(labels_create(&bright, &hu->grid));
  for (int64_t i = 0; i < n; i++)
    bright->voxels[i] = l->voxels[i] == FASCIA_INSIDE && (double)hu->voxels[i] > bone_hu;
  TRY(filter_components(&parts, bright, 6, MOST, sizes, &count));
  for (int64_t i = 0; i < n; i++) {
    int part = parts->voxels[i];
    if (part && (double)sizes[part - 1] * voxel >= least_bone_mm3) l->voxels[i] = FASCIA_BONE;
  }
done:
  labels_destroy(bright);
  labels_destroy(parts);
  return st;
}

status fascia_compartments(struct labels **out, struct body_info *info, const struct volume *hu,
                           const struct fascia_options *options) {
  static const struct fascia_options defaults = FASCIA_DEFAULTS;
  status st = ST_OK;
  const struct fascia_options *o = options ? options : &defaults;
  struct labels *body = NULL, *lean = NULL, *core = NULL;
  int64_t n = geometry_voxels(&hu->grid), dropped = 0;
  TRY(body_find(&body, info, hu));
  TRY(labels_copy(&core, body));
  TRY(filter_grow(core, LABEL_BODY, -o->skin_mm, 0));
  TRY(find_lean(&lean, hu, core));
  TRY(drop_superficial(lean, core, o->skin_mm));
  CHECK(labels_count(lean, LEAN) > 0, ST_DOMAIN,
        "no lean tissue inside the skin: is this a person?");
  TRY(filter_grow(lean, LEAN, o->close_mm, 0));
  TRY(filter_fill_holes(lean, LEAN, 2));
  TRY(filter_grow(lean, LEAN, -o->close_mm, 0));
  TRY(filter_keep_largest(lean, LEAN, 6, &dropped));
  bridge_front(lean);
  TRY(filter_fill_holes(lean, LEAN, 2));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < n; i++) {
    int inside_body = body->voxels[i] == LABEL_BODY, inside_skin = core->voxels[i] == LABEL_BODY;
    body->voxels[i] = (uint16_t)(!inside_body      ? 0
                                 : !inside_skin    ? FASCIA_SKIN
                                 : lean->voxels[i] ? FASCIA_INSIDE
                                                   : FASCIA_SUBCUTANEOUS);
  }
  body->name_count = 0;
  TRY(mark_bone(body, hu));
  TRY(labels_set_name(body, FASCIA_SKIN, "skin"));
  TRY(labels_set_name(body, FASCIA_SUBCUTANEOUS, "subcutaneous"));
  TRY(labels_set_name(body, FASCIA_INSIDE, "inside_fascia"));
  TRY(labels_set_name(body, FASCIA_BONE, "bone"));
  *out = body;
  body = NULL;
done:
  labels_destroy(body);
  labels_destroy(lean);
  labels_destroy(core);
  return st;
}
