#include "core/parallel.h"
#include "qct/microstructure_field.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The 26 directions miss the way up by 27 degrees at most: 1 - cos 27 = 0.11 of a step. */
static const double ALMOST = 0.12;
static const double TOUCH = 0.5;     /* voxels: how near to a sphere a voxel belongs to it */
static const double FINEST = 0.0625; /* voxels: last step of the ascent */
static const double GAIN = 1e-3;     /* voxels: what a step of it must bring */
static const double DISC = 0.5;      /* voxels: a place of the surface stands for so much */
enum { SLAB = 8, SIDES = 4 };        /* a sphere at rest touches four sides */

struct sphere {
  struct micro_point at;
  float r;
};

/* How far c lies over the disc of a point of the surface, and from its axis, squared [mm2]. Points
 * are a voxel apart, and a sphere must not come through between them. */
static inline double over_disc(double q[3], double *flat, const struct micro_field *f,
                               int32_t index, const double c[3]) {
  const struct micro_point *p = micro_point_at(f, index);
  const float *n = f->normals + 3 * (int64_t)index;
  q[0] = c[0] - (double)p->x;
  q[1] = c[1] - (double)p->y;
  q[2] = c[2] - (double)p->z;
  double high = q[0] * (double)n[0] + q[1] * (double)n[1] + q[2] * (double)n[2];
  *flat = fmax(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] - high * high, 0);
  return high;
}

/* Of the way from the axis to c, the share outside the disc; a point without a normal has none. */
static inline double beyond_disc(const struct micro_field *f, int32_t index, double flat) {
  const float *n = f->normals + 3 * (int64_t)index;
  double disc = DISC * f->edge;
  if (n[0] == 0 && n[1] == 0 && n[2] == 0) return 1;
  return flat > disc * disc ? 1 - disc / sqrt(flat) : 0;
}

static inline double disc_apart(const struct micro_field *f, int32_t index, const double c[3]) {
  double q[3], flat, high = over_disc(q, &flat, f, index, c), share = beyond_disc(f, index, flat);
  return high * high + share * share * flat;
}

/* Distance of any place to the surface, from the places that the voxels around it know. */
static double clearance(const struct micro_field *f, const double c[3], int32_t *which) {
  const struct geometry *g = &f->bone->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t low[3], high[3];
  double least = INFINITY, most = INFINITY;
  int32_t last = -1;
  for (int a = 0; a < 3; a++) {
    int64_t middle = (int64_t)lrint(c[a] / g->spacing[a]);
    low[a] = middle > 0 ? middle - 1 : 0;
    high[a] = middle < n[a] - 1 ? middle + 1 : n[a] - 1;
  }
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++) {
        int32_t index = f->nearest[geometry_index(g, i, j, k)];
        if (index == last || micro_apart(micro_point_at(f, index), c[0], c[1], c[2]) >= most)
          continue;
        last = index;
        double d = disc_apart(f, index, c);
        if (d >= least) continue;
        least = d;
        most = (sqrt(d) + DISC * f->edge) *
               (sqrt(d) + DISC * f->edge); /* a point's, of a nearer disc */
        *which = index;
      }
  return sqrt(least);
}

/* ---- spheres ---- */

static double own_radius(const struct micro_field *f, int64_t at, int64_t i, int64_t j, int64_t k) {
  const double *edge = f->bone->grid.spacing;
  const double c[3] = {(double)i * edge[0], (double)j * edge[1], (double)k * edge[2]};
  return sqrt(disc_apart(f, f->nearest[at], c));
}

/* Is the sphere of a voxel in a neighbour's, or nearly? */
static int is_held(const struct micro_field *f, const float *radius, const int64_t p[3]) {
  const struct geometry *g = &f->bone->grid;
  int64_t at = geometry_index(g, p[0], p[1], p[2]);
  for (int index = 0; index < 27; index++) {
    const int d[3] = {index % 3 - 1, index / 3 % 3 - 1, index / 9 - 1};
    int64_t i = p[0] + d[0], j = p[1] + d[1], k = p[2] + d[2];
    if (index == 13 || i < 0 || j < 0 || k < 0 || i >= g->nx || j >= g->ny || k >= g->nz) continue;
    int64_t other = geometry_index(g, i, j, k);
    if (f->bone->voxels[other] != f->bone->voxels[at]) continue;
    double length = 0;
    for (int a = 0; a < 3; a++) length += d[a] * g->spacing[a] * d[a] * g->spacing[a];
    if ((double)radius[other] >= (double)radius[at] + sqrt(length) - ALMOST * f->edge) return 1;
  }
  return 0;
}

/* Does the voxel that holds a place belong to the phase of voxel `at`? */
static int is_in_phase(const struct micro_field *f, int64_t at, const double c[3]) {
  const struct geometry *g = &f->bone->grid;
  int64_t here = geometry_index(g, lrint(c[0] / g->spacing[0]), lrint(c[1] / g->spacing[1]),
                                lrint(c[2] / g->spacing[2]));
  return (f->bone->voxels[here] == 1) == (f->bone->voxels[at] == 1);
}

/* A step from c away from a place of the surface; 0 when it leaves the image, the phase or the
 * voxels around p. */
static int step_away(double moved[3], const struct micro_field *f, const int64_t p[3],
                     const double c[3], int32_t which, double step) {
  const struct geometry *g = &f->bone->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  const float *normal = f->normals + 3 * (int64_t)which;
  double q[3], flat, high = over_disc(q, &flat, f, which, c), share = beyond_disc(f, which, flat);
  double length = sqrt(high * high + share * share * flat);
  int inside = length > 0;
  for (int a = 0; a < 3 && inside; a++) {
    double up = high * (double)normal[a];
    moved[a] = c[a] + step * (up + share * (q[a] - up)) / length;
    inside &= moved[a] >= 0 && moved[a] <= (double)(n[a] - 1) * g->spacing[a];
    inside &= fabs(moved[a] - (double)p[a] * g->spacing[a]) <= g->spacing[a];
  }
  return inside && is_in_phase(f, geometry_index(g, p[0], p[1], p[2]), moved);
}

/* Up from the voxel, away from what is nearest, until steps of FINEST no longer help. On a ridge a
 * step away from one side falls back towards another, so as many as there can be sides are taken
 * in a row before a step is too long. */
static struct sphere ascend(const struct micro_field *f, const int64_t p[3], double r) {
  const struct geometry *g = &f->bone->grid;
  double best[3], step = 0.5 * f->edge;
  int32_t which = f->nearest[geometry_index(g, p[0], p[1], p[2])];
  for (int a = 0; a < 3; a++) best[a] = (double)p[a] * g->spacing[a];
  while (step >= FINEST * f->edge) {
    double c[3] = {best[0], best[1], best[2]}, moved[3], higher = 0;
    double enough = r + GAIN * f->edge;
    int32_t next = which;
    for (int side = 0; side < SIDES && higher <= enough; side++) {
      if (!step_away(moved, f, p, c, next, step)) break;
      memcpy(c, moved, sizeof c);
      higher = clearance(f, c, &next);
    }
    if (higher > enough) {
      memcpy(best, c, sizeof best);
      r = higher;
      which = next;
    } else
      step /= 2;
  }
  return (struct sphere){{(float)best[0], (float)best[1], (float)best[2]}, (float)r};
}

static int layer_spheres(struct micro_list *out, const struct micro_field *f, const float *radius,
                         int64_t k, int phase) {
  const struct geometry *g = &f->bone->grid;
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      const int64_t p[3] = {i, j, k};
      int64_t at = geometry_index(g, i, j, k);
      if ((f->bone->voxels[at] == 1) != phase) continue;
      if (is_held(f, radius, p)) continue;
      struct sphere s = ascend(f, p, (double)radius[at]);
      if (!micro_push(out, &s)) return 0;
    }
  return 1;
}

static int falling(const void *a, const void *b) {
  const struct sphere *s = a, *t = b;
  if (s->r > t->r || s->r < t->r) return s->r < t->r ? 1 : -1;
  if (s->at.z > t->at.z || s->at.z < t->at.z) return s->at.z > t->at.z ? 1 : -1;
  if (s->at.y > t->at.y || s->at.y < t->at.y) return s->at.y > t->at.y ? 1 : -1;
  return (s->at.x > t->at.x) - (s->at.x < t->at.x);
}

static status gather_spheres(struct micro_list *all, const struct micro_field *f,
                             const float *radius, int phase) {
  status st = ST_OK;
  int64_t nz = f->bone->grid.nz;
  int failed = 0;
  struct micro_list *layers = calloc((size_t)nz, sizeof *layers);
  CHECK(layers, ST_MEMORY, "local thickness: out of memory");
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1) reduction(| : failed)
  for (int64_t k = 0; k < nz; k++) {
    layers[k].size = sizeof(struct sphere);
    failed |= !layer_spheres(&layers[k], f, radius, k, phase);
  }
  for (int64_t k = 0; k < nz && !failed; k++)
    for (int64_t i = 0; i < layers[k].count && !failed; i++)
      failed = !micro_push(all, layers[k].items + (size_t)i * all->size);
  CHECK(!failed, ST_MEMORY, "local thickness: out of memory for the spheres");
  if (all->count) qsort(all->items, (size_t)all->count, all->size, falling);
done:
  for (int64_t k = 0; layers && k < nz; k++) free(layers[k].items);
  free(layers);
  return st;
}

/* ---- painting ---- */

struct canvas { /* layers from..to of the map */
  struct volume *map;
  const struct labels *bone;
  int phase;
  int64_t from, to;
  int32_t *next; /* [voxel of these layers]: the first of its row at or after it without a value */
  double touch;
};

static int32_t first_open(int32_t *next, int32_t i) {
  int32_t end = i;
  while (next[end] != end) end = next[end];
  while (next[i] != end) {
    int32_t after = next[i];
    next[i] = end;
    i = after;
  }
  return end;
}

static inline int64_t within(double x, int64_t low, int64_t high) {
  return x < (double)low ? low : x > (double)high ? high : (int64_t)x;
}

static inline double root(double x) {
  return x > 0 ? sqrt(x) : 0;
}

/* Spheres come in falling order, so the first that reaches a voxel is its largest. */
static void paint(const struct canvas *c, const struct sphere *s) {
  const struct geometry *g = &c->map->grid;
  const double x = (double)s->at.x, y = (double)s->at.y, z = (double)s->at.z;
  const double r = (double)s->r + c->touch, *edge = g->spacing;
  int64_t from = within(ceil((z - r) / edge[2]), c->from, c->to + 1);
  int64_t to = within(floor((z + r) / edge[2]), c->from - 1, c->to);
  for (int64_t k = from; k <= to; k++) {
    double dz = (double)k * edge[2] - z, rest = r * r - dz * dz, high = root(rest);
    int64_t j0 = within(ceil((y - high) / edge[1]), 0, g->ny);
    int64_t j1 = within(floor((y + high) / edge[1]), -1, g->ny - 1);
    for (int64_t j = j0; j <= j1; j++) {
      double dy = (double)j * edge[1] - y, half = root(rest - dy * dy);
      int32_t i0 = (int32_t)within(ceil((x - half) / edge[0]), 0, g->nx);
      int32_t i1 = (int32_t)within(floor((x + half) / edge[0]), -1, g->nx - 1);
      int32_t *next = c->next + ((k - c->from) * g->ny + j) * (g->nx + 1);
      int64_t row = geometry_index(g, 0, j, k);
      for (int32_t i = i0 <= i1 ? first_open(next, i0) : i1 + 1; i <= i1; i = first_open(next, i)) {
        c->map->voxels[row + i] = 2 * s->r;
        next[i] = i + 1;
      }
    }
  }
}

static int paint_slab(struct canvas *c, const struct micro_list *spheres) {
  const struct geometry *g = &c->map->grid;
  int64_t rows = (c->to - c->from + 1) * g->ny, wide = g->nx + 1;
  c->next = malloc((size_t)(rows * wide) * sizeof *c->next);
  if (!c->next) return 0;
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < wide; i++) { /* the other phase is closed from the start */
      int64_t at = (c->from * g->ny + row) * g->nx + i;
      int closed = i < g->nx && (c->bone->voxels[at] == 1) != c->phase;
      c->next[row * wide + i] = (int32_t)(i + closed);
    }
  const struct sphere *s = (const struct sphere *)(const void *)spheres->items;
  for (int64_t i = 0; i < spheres->count; i++) paint(c, s + i);
  free(c->next);
  return 1;
}

static status paint_phase(struct volume *map, const struct micro_field *f, const float *radius,
                          int phase) {
  status st = ST_OK;
  const struct geometry *g = &map->grid;
  struct micro_list spheres = {NULL, sizeof(struct sphere), 0, 0};
  int64_t slabs = (g->nz + SLAB - 1) / SLAB;
  int failed = 0;
  TRY(gather_spheres(&spheres, f, radius, phase));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1) reduction(| : failed)
  for (int64_t slab = 0; slab < slabs; slab++) {
    int64_t last = (slab + 1) * SLAB - 1;
    struct canvas c = {map,  f->bone,        phase, slab * SLAB, last < g->nz ? last : g->nz - 1,
                       NULL, TOUCH * f->edge};
    failed |= !paint_slab(&c, &spheres);
  }
  CHECK(!failed, ST_MEMORY, "local thickness: out of memory");
  for (int64_t i = 0; i < geometry_voxels(g); i++) { /* no less than its own sphere and box */
    if ((f->bone->voxels[i] == 1) != phase) continue;
    double own = fmax(f->edge, 2 * (double)radius[i]);
    map->voxels[i] = (float)fmax((double)map->voxels[i], own);
  }
done:
  free(spheres.items);
  return st;
}

static void make_radii(float *radius, const struct micro_field *f) {
  const struct geometry *g = &f->bone->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        radius[at] = (float)own_radius(f, at, i, j, k);
      }
}

status micro_thickness(struct volume **out, const struct labels *bone, int phases,
                       const struct volume *image, double threshold) {
  status st = ST_OK;
  struct volume *map = NULL;
  float *radius = NULL;
  struct micro_field f = {0};
  TRY(volume_create(&map, &bone->grid, QUANTITY_LENGTH));
  radius = malloc((size_t)geometry_voxels(&bone->grid) * sizeof *radius);
  CHECK(radius, ST_MEMORY, "local thickness: out of memory");
  TRY(micro_field_make(&f, bone, image, threshold));
  make_radii(radius, &f);
  if (phases & MICRO_BONE) TRY(paint_phase(map, &f, radius, 1));
  if (phases & MICRO_MARROW) TRY(paint_phase(map, &f, radius, 0));
  *out = map;
  map = NULL;
done:
  free(radius);
  micro_field_free(&f);
  volume_destroy(map);
  return st;
}
