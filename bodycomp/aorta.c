#include "bodycomp/aorta.h"

#include "core/filter.h"

#include <math.h>
#include <stdlib.h>

const char *const aorta_part_names[AORTA_PARTS] = {"", "ascending", "arch", "descending",
                                                   "abdominal"};

static const double least_mm2 = 80, apart_mm = 15;

/* The two middles of a slice, index; seen: it shows both. */
struct pair {
  bool seen;
  double x[2], y[2]; /* ascending, descending */
};

static double between(const struct geometry *g, double x0, double y0, double x1, double y1) {
  return hypot((x0 - x1) * g->spacing[0], (y0 - y1) * g->spacing[1]);
}

/* Is index y rising towards the back? */
static bool back_is_up(const struct geometry *g) {
  return geometry_axis(g, 1).y > 0;
}

static void middle_of(double *x, double *y, const struct labels *parts, int part) {
  double count = 0;
  *x = *y = 0;
  for (int64_t n = 0; n < geometry_voxels(&parts->grid); n++)
    if (parts->voxels[n] == part) {
      *x += (double)(n % parts->grid.nx);
      *y += (double)(n / parts->grid.nx);
      count++;
    }
  *x /= count;
  *y /= count;
}

/* The two largest parts of a slice, when both are large and apart. */
static status find_pair(struct pair *out, const struct labels *mask, int64_t k) {
  status st = ST_OK;
  const struct geometry *g = &mask->grid;
  int64_t lo[3] = {0, 0, k}, hi[3] = {g->nx - 1, g->ny - 1, k}, sizes[2] = {0, 0};
  struct labels *slice = NULL, *parts = NULL;
  int count = 0;
  *out = (struct pair){.seen = false};
  TRY(filter_crop_labels(&slice, mask, lo, hi));
  TRY(filter_components(&parts, slice, 6, 2, sizes, &count));
  if (count < 2 || (double)sizes[1] * g->spacing[0] * g->spacing[1] < least_mm2) goto done;
  for (int n = 0; n < 2; n++) middle_of(&out->x[n], &out->y[n], parts, n + 1);
  out->seen = between(g, out->x[0], out->y[0], out->x[1], out->y[1]) > apart_mm;
  if ((out->y[0] > out->y[1]) == back_is_up(g)) {
    double x = out->x[0], y = out->y[0];
    out->x[0] = out->x[1];
    out->y[0] = out->y[1];
    out->x[1] = x;
    out->y[1] = y;
  }
done:
  labels_destroy(slice);
  labels_destroy(parts);
  return st;
}

static status find_pairs(struct pair *pairs, const struct labels *l, int aorta) {
  status st = ST_OK;
  struct labels *mask = NULL;
  int64_t seen = 0;
  TRY(labels_create(&mask, &l->grid));
  for (int64_t v = 0; v < geometry_voxels(&l->grid); v++) mask->voxels[v] = l->voxels[v] == aorta;
  for (int64_t k = 0; k < l->grid.nz; k++) {
    TRY(find_pair(&pairs[k], mask, k));
    seen += pairs[k].seen;
  }
  CHECK(seen > 0, ST_DOMAIN,
        "parting the aorta (label %d): no slice shows its ascending and descending part side by "
        "side",
        aorta);
done:
  labels_destroy(mask);
  return st;
}

static bool is_back(const struct geometry *g, const struct pair *p, int64_t i, int64_t j) {
  return between(g, (double)i, (double)j, p->x[1], p->y[1]) <
         between(g, (double)i, (double)j, p->x[0], p->y[0]);
}

/* The middles of the parts of slice k, each voxel to the nearer of `from`; a part that has ended
 * stays ended. */
static void follow(struct pair *to, const struct pair *from, const struct labels *l, int aorta,
                   int64_t k) {
  const struct geometry *g = &l->grid;
  double x[2] = {0}, y[2] = {0}, count[2] = {0};
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      if (l->voxels[geometry_index(g, i, j, k)] != aorta) continue;
      bool back = is_back(g, from, i, j);
      x[back] += (double)i;
      y[back] += (double)j;
      count[back]++;
    }
  for (int n = 0; n < 2; n++) {
    to->x[n] = count[n] > 0 ? x[n] / count[n] : (double)INFINITY;
    to->y[n] = count[n] > 0 ? y[n] / count[n] : from->y[n];
  }
}

/* Fill the slices without a pair: downwards from the one above, and above the highest (the arch)
 * nothing. `step` goes towards the feet. */
static void fill_pairs(struct pair *pairs, const struct labels *l, int aorta, int64_t highest,
                       int64_t step) {
  for (int64_t k = highest + step; k >= 0 && k < l->grid.nz; k += step)
    if (!pairs[k].seen) follow(&pairs[k], &pairs[k - step], l, aorta, k);
}

/* Highest slice with a pair and the upper end of the abdominal part, patient-wise. */
struct cuts {
  bool up; /* index z rises towards the head */
  int64_t highest;
  double t12; /* index z of the lowest voxel of T12; NaN */
};

static struct cuts find_cuts(const struct pair *pairs, const struct labels *l) {
  struct cuts c = {.up = geometry_axis(&l->grid, 2).z > 0, .highest = -1, .t12 = (double)NAN};
  int64_t lo[3], hi[3], nz = l->grid.nz;
  for (int64_t k = 0; k < nz; k++)
    if (pairs[k].seen && (c.up || c.highest < 0)) c.highest = k;
  if (labels_box(l, LABEL_VERTEBRA_T12, lo, hi)) c.t12 = (double)(c.up ? lo[2] : hi[2]);
  return c;
}

static void part_slice(struct labels *out, const struct labels *l, int aorta,
                       const struct pair *pairs, const struct cuts *c, int64_t k) {
  const struct geometry *g = &l->grid;
  bool above = c->up ? k > c->highest : k < c->highest;
  bool abdominal = c->up ? (double)k < c->t12 : (double)k > c->t12;
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      int64_t v = geometry_index(g, i, j, k);
      if (l->voxels[v] != aorta) continue;
      bool back = is_back(g, &pairs[k], i, j);
      out->voxels[v] = above       ? AORTA_ARCH
                       : abdominal ? AORTA_ABDOMINAL
                       : back      ? AORTA_DESCENDING
                                   : AORTA_ASCENDING;
    }
}

status aorta_split(struct labels **out, const struct labels *l, int aorta) {
  status st = ST_OK;
  struct labels *result = NULL;
  struct pair *pairs = calloc((size_t)l->grid.nz, sizeof *pairs);
  CHECK(pairs, ST_MEMORY, "parting the aorta in %lld slices", (long long)l->grid.nz);
  CHECK(labels_count(l, aorta) > 0, ST_DOMAIN, "parting the aorta: label %d is not in the map",
        aorta);
  TRY(find_pairs(pairs, l, aorta));
  TRY(labels_create(&result, &l->grid));
  const struct cuts cuts = find_cuts(pairs, l);
  fill_pairs(pairs, l, aorta, cuts.highest, cuts.up ? -1 : 1);
  for (int64_t k = 0; k < l->grid.nz; k++) part_slice(result, l, aorta, pairs, &cuts, k);
  for (int n = AORTA_ASCENDING; n < AORTA_PARTS; n++)
    if (labels_count(result, n)) TRY(labels_set_name(result, n, aorta_part_names[n]));
  *out = result;
  result = NULL;
done:
  labels_destroy(result);
  free(pairs);
  return st;
}
