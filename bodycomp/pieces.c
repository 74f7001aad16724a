#include "bodycomp/pieces.h"

#include "core/filter.h"

#include <stdlib.h>

struct pixel {
  float depth; /* mm from the edge */
  int64_t at;
};

/* A basin, and the one it was joined to. */
struct basin {
  float depth; /* of its deepest pixel */
  int parent;
};

static int deepest_first(const void *a, const void *b) {
  const struct pixel *p = a, *q = b;
  if (p->depth != q->depth) return p->depth < q->depth ? 1 : -1;
  return (p->at > q->at) - (p->at < q->at);
}

static int root_of(struct basin *basins, int b) {
  while (basins[b].parent != b) {
    basins[b].parent = basins[basins[b].parent].parent;
    b = basins[b].parent;
  }
  return b;
}

static bool is_empty(const struct labels *shape) {
  for (int64_t n = 0; n < geometry_voxels(&shape->grid); n++)
    if (shape->voxels[n]) return false;
  return true;
}

static int64_t list_pixels(struct pixel *list, const struct volume *distance) {
  int64_t count = 0;
  for (int64_t n = 0; n < geometry_voxels(&distance->grid); n++)
    if (distance->voxels[n] < 0) list[count++] = (struct pixel){-distance->voxels[n], n};
  qsort(list, (size_t)count, sizeof *list, deepest_first);
  return count;
}

/* Basins around a pixel, each once, that of the deepest neighbour first. */
static int basins_around(int found[8], struct basin *basins, const int *of,
                         const struct volume *distance, int64_t at) {
  const struct geometry *g = &distance->grid;
  int count = 0;
  int64_t i = at % g->nx, j = at / g->nx;
  float deepest = 0;
  for (int64_t b = j - 1; b <= j + 1; b++)
    for (int64_t a = i - 1; a <= i + 1; a++) {
      int64_t next = b * g->nx + a;
      if (!geometry_inside(g, a, b, 0) || !of[next]) continue;
      int basin = root_of(basins, of[next]), n = 0;
      while (n < count && found[n] != basin) n++;
      if (n == count) found[count++] = basin;
      if (-distance->voxels[next] <= deepest) continue;
      deepest = -distance->voxels[next];
      found[n] = found[0];
      found[0] = basin;
    }
  return count;
}

/* The shallower of two basins joins the deeper, where they meet deep enough. Returns the one in
 * which the first now lies. */
static int join(struct basin *basins, int a, int b, float depth, double neck) {
  int deep = basins[a].depth >= basins[b].depth ? a : b, shallow = deep == a ? b : a;
  if ((double)depth < neck * (double)basins[shallow].depth) return a;
  basins[shallow].parent = deep;
  return deep;
}

static void flood(struct basin *basins, int *basin_count, int *of, const struct pixel *list,
                  int64_t pixels, const struct volume *distance, double neck) {
  for (int64_t n = 0; n < pixels; n++) {
    int found[8], count = basins_around(found, basins, of, distance, list[n].at);
    if (count == 0) {
      found[0] = ++*basin_count;
      basins[found[0]] = (struct basin){list[n].depth, found[0]};
    }
    of[list[n].at] = found[0];
    for (int b = 1; b < count; b++)
      found[0] = join(basins, found[0], found[b], list[n].depth, neck);
  }
}

static status number_pieces(struct labels *out, int *count, struct basin *basins, int basin_count,
                            const int *of, int most) {
  status st = ST_OK;
  int *number = calloc((size_t)basin_count + 1, sizeof *number);
  CHECK(number, ST_MEMORY, "numbering %d pieces of a slice", basin_count);
  *count = 0;
  for (int b = 1; b <= basin_count; b++)
    if (basins[b].parent == b && *count < most) number[b] = ++*count;
  for (int64_t n = 0; n < geometry_voxels(&out->grid); n++)
    out->voxels[n] = (uint16_t)(of[n] ? number[root_of(basins, of[n])] : 0);
done:
  free(number);
  return st;
}

status pieces_find(struct labels **out, int *count, const struct labels *shape, double neck,
                   int most) {
  status st = ST_OK;
  const struct geometry *g = &shape->grid;
  size_t n = (size_t)geometry_voxels(g);
  struct volume *distance = NULL;
  struct labels *result = NULL;
  struct pixel *list = malloc(n * sizeof *list);
  struct basin *basins = malloc((n + 1) * sizeof *basins);
  int *of = calloc(n, sizeof *of), basin_count = 0;
  CHECK(list && basins && of, ST_MEMORY, "cutting a slice of %zu pixels into pieces", n);
  CHECK(g->nz == 1, ST_DOMAIN, "cutting a shape into pieces: %lld slices; one is wanted",
        (long long)g->nz);
  TRY(labels_create(&result, g));
  *count = 0;
  if (!is_empty(shape)) {
    TRY(filter_distance(&distance, shape, 0));
    flood(basins, &basin_count, of, list, list_pixels(list, distance), distance, neck);
    TRY(number_pieces(result, count, basins, basin_count, of, most));
  }
  *out = result;
  result = NULL;
done:
  labels_destroy(result);
  volume_destroy(distance);
  free(list);
  free(basins);
  free(of);
  return st;
}
