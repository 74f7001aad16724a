#include "core/itk_filter.h"
#include "core/parallel.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ALMOST =
    0.15;                       /* of their distance: how far a sphere may stick out of another */
static const double RISE = 0.5; /* least slope on both sides of a centre between voxels */
static const double TOUCH =
    0.5; /* voxels: how near to a sphere a voxel of its phase belongs to it */
static const double SHORT = 0.125; /* voxels: see the header */
enum { SLAB = 8 };

static double shortest_edge(const struct geometry *g) {
  return fmin(g->spacing[0], fmin(g->spacing[1], g->spacing[2]));
}

struct sphere { /* in millimetres along the index axes */
  float x, y, z, r;
};

struct spheres {
  struct sphere *items;
  int64_t count, capacity;
};

struct field { /* distance to the border, positive in the phase of the voxel that is looked at */
  const struct volume *distance; /* negative in bone */
  int64_t n[3];
};

static double signed_at(const struct field *f, const int64_t p[3], double sign) {
  if (p[0] < 0 || p[1] < 0 || p[2] < 0 || p[0] >= f->n[0] || p[1] >= f->n[1] || p[2] >= f->n[2])
    return (double)NAN;
  return sign * (double)f->distance->voxels[geometry_index(&f->distance->grid, p[0], p[1], p[2])];
}

static int push(struct spheres *s, const struct sphere *add) {
  if (s->count == s->capacity) {
    int64_t more = s->capacity ? 2 * s->capacity : 4096;
    struct sphere *items = realloc(s->items, (size_t)more * sizeof *items);
    if (!items) return 0;
    s->items = items;
    s->capacity = more;
  }
  s->items[s->count++] = *add;
  return 1;
}

static double step_length(const struct geometry *g, const int d[3]) {
  double sum = 0;
  for (int a = 0; a < 3; a++) sum += d[a] * g->spacing[a] * d[a] * g->spacing[a];
  return sqrt(sum);
}

static void direction(int d[3], int index) { /* 0..26 */
  d[0] = index % 3 - 1;
  d[1] = index / 3 % 3 - 1;
  d[2] = index / 9 - 1;
}

struct around { /* the 26 neighbours: where they are in memory, and how much farther they must see
                 */
  int64_t offset[26];
  double need[26];
};

static void make_around(struct around *n, const struct geometry *g) {
  for (int index = 0, at = 0; index < 27; index++) {
    int d[3];
    direction(d, index);
    if (index == 13) continue;
    n->offset[at] = (d[2] * g->ny + d[1]) * g->nx + d[0];
    n->need[at++] = step_length(g, d) - ALMOST * shortest_edge(g);
  }
}

/* Is the sphere of p in a neighbour's, or nearly? */
static int is_held(const struct field *f, const struct around *n, const int64_t p[3], double r,
                   double sign) {
  int inner = 1;
  for (int a = 0; a < 3; a++) inner &= p[a] > 0 && p[a] < f->n[a] - 1;
  if (!inner) { /* at a face of the image */
    for (int index = 0, at = 0; index < 27; index++) {
      int d[3];
      direction(d, index);
      if (index == 13) continue;
      const int64_t q[3] = {p[0] + d[0], p[1] + d[1], p[2] + d[2]};
      if (signed_at(f, q, sign) >= r + n->need[at++]) return 1;
    }
    return 0;
  }
  const float *here = f->distance->voxels + geometry_index(&f->distance->grid, p[0], p[1], p[2]);
  for (int at = 0; at < 26; at++)
    if (sign * (double)here[n->offset[at]] >= r + n->need[at]) return 1;
  return 0;
}

/* No distance can rise faster than one goes: the least of what the voxels around p and q allow at a
 * place between them, `at` of the way along d [mm]. */
static double allowed(const struct field *f, const int64_t p[3], const int d[3], double at,
                      double length, double sign) {
  const double *edge = f->distance->grid.spacing;
  double least = INFINITY;
  for (int index = 0; index < 125; index++) {
    const int o[3] = {index % 5 - 2, index / 5 % 5 - 2, index / 25 - 2};
    const int64_t v[3] = {p[0] + o[0], p[1] + o[1], p[2] + o[2]};
    double value = signed_at(f, v, sign), away = 0;
    for (int a = 0; a < 3; a++) {
      double x = (o[a] - at / length * d[a]) * edge[a];
      away += x * x;
    }
    if (!isnan(value)) least = fmin(least, value + sqrt(away));
  }
  return least;
}

/* Centres between p and its neighbours, where the distance rises from both sides. */
static int push_between(struct spheres *out, const struct field *f, const int64_t p[3], double r,
                        double sign) {
  const struct geometry *g = &f->distance->grid;
  for (int index = 14; index < 27; index++) { /* each pair once */
    int d[3];
    direction(d, index);
    const int64_t before[3] = {p[0] - d[0], p[1] - d[1], p[2] - d[2]};
    const int64_t q[3] = {p[0] + d[0], p[1] + d[1], p[2] + d[2]};
    const int64_t after[3] = {q[0] + d[0], q[1] + d[1], q[2] + d[2]};
    double length = step_length(g, d), other = signed_at(f, q, sign);
    double left = fmin(1, (r - signed_at(f, before, sign)) / length);
    double right = fmin(1, (other - signed_at(f, after, sign)) / length);
    if (!(other > 0) || !(left > RISE) || !(right > RISE)) continue;
    double at = (other - r + right * length) / (left + right);
    if (!(at > 0) || !(at < length)) continue;
    double peak = fmin(r + left * at, allowed(f, p, d, at, length, sign));
    if (peak < fmax(r, other) + 0.02 * length) continue;
    struct sphere s = {(float)(((double)p[0] + at / length * d[0]) * g->spacing[0]),
                       (float)(((double)p[1] + at / length * d[1]) * g->spacing[1]),
                       (float)(((double)p[2] + at / length * d[2]) * g->spacing[2]), (float)peak};
    if (!push(out, &s)) return 0;
  }
  return 1;
}

/* Spheres of one layer of voxels that no neighbour holds. */
static int layer_spheres(struct spheres *out, const struct field *f, int64_t k) {
  const struct geometry *g = &f->distance->grid;
  struct around near;
  make_around(&near, g);
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      double value = (double)f->distance->voxels[geometry_index(g, i, j, k)];
      double sign = value < 0 ? -1 : 1, r = sign * value;
      const int64_t p[3] = {i, j, k};
      if (is_held(f, &near, p, r, sign)) continue;
      struct sphere s = {(float)((double)i * g->spacing[0]), (float)((double)j * g->spacing[1]),
                         (float)((double)k * g->spacing[2]), (float)r};
      if (!push(out, &s) || !push_between(out, f, p, r, sign)) return 0;
    }
  return 1;
}

/* ---- painting ---- */

/* The part of a sphere in layers k0..k1: each voxel keeps the largest radius that holds it. */
static void paint(struct volume *out, const struct sphere *s, int64_t k0, int64_t k1) {
  const struct geometry *g = &out->grid;
  const double x = (double)s->x, y = (double)s->y, z = (double)s->z,
               r = (double)s->r + TOUCH * shortest_edge(&out->grid);
  const double *edge = g->spacing;
  int64_t from = (int64_t)fmax((double)k0, ceil((z - r) / edge[2]));
  int64_t to = (int64_t)fmin((double)k1, floor((z + r) / edge[2]));
  for (int64_t k = from; k <= to; k++) {
    double dz = (double)k * edge[2] - z, rest = r * r - dz * dz, high = sqrt(fmax(rest, 0));
    int64_t j0 = (int64_t)fmax(0, ceil((y - high) / edge[1]));
    int64_t j1 = (int64_t)fmin((double)(g->ny - 1), floor((y + high) / edge[1]));
    for (int64_t j = j0; j <= j1; j++) {
      double dy = (double)j * edge[1] - y, half = sqrt(fmax(rest - dy * dy, 0));
      int64_t i0 = (int64_t)fmax(0, ceil((x - half) / edge[0]));
      int64_t i1 = (int64_t)fmin((double)(g->nx - 1), floor((x + half) / edge[0]));
      float *row = out->voxels + geometry_index(g, 0, j, k);
      const float radius = s->r;
      for (int64_t i = i0; i <= i1; i++) row[i] = row[i] > radius ? row[i] : radius;
    }
  }
}

/* Spheres of bone may not write into marrow nor the other way round: two maps, joined at the end.
 */
static status paint_phase(struct volume *out, const struct spheres *layers, const struct field *f,
                          double sign) {
  status st = ST_OK;
  const struct geometry *g = &f->distance->grid;
  struct volume *map = NULL;
  const double more = SHORT * shortest_edge(g);
  int64_t slabs = (g->nz + SLAB - 1) / SLAB;
  TRY(volume_create(&map, g, QUANTITY_LENGTH));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1)
  for (int64_t slab = 0; slab < slabs; slab++) {
    int64_t k0 = slab * SLAB, k1 = k0 + SLAB - 1 < g->nz - 1 ? k0 + SLAB - 1 : g->nz - 1;
    for (int64_t k = 0; k < g->nz; k++)
      for (int64_t i = 0; i < layers[k].count; i++) paint(map, &layers[k].items[i], k0, k1);
  }
  for (int64_t i = 0; i < geometry_voxels(g); i++) {
    double own = sign * (double)f->distance->voxels[i];
    if (own > 0) out->voxels[i] = (float)(2 * (fmax(own, (double)map->voxels[i]) + more));
  }
done:
  volume_destroy(map);
  return st;
}

static void part_phases(struct spheres *to, const struct spheres *from, const struct field *f,
                        double sign, int64_t layers) {
  const struct geometry *g = &f->distance->grid;
  for (int64_t k = 0; k < layers; k++) {
    to[k] = (struct spheres){NULL, 0, 0};
    for (int64_t i = 0; i < from[k].count; i++) {
      const struct sphere *s = &from[k].items[i];
      int64_t x = (int64_t)lrint((double)s->x / g->spacing[0]);
      int64_t y = (int64_t)lrint((double)s->y / g->spacing[1]);
      int64_t z = (int64_t)lrint((double)s->z / g->spacing[2]);
      if (sign * (double)f->distance->voxels[geometry_index(g, x, y, z)] > 0) push(&to[k], s);
    }
  }
}

static void free_layers(struct spheres *layers, int64_t count) {
  for (int64_t k = 0; layers && k < count; k++) free(layers[k].items);
  free(layers);
}

static status begin(struct volume **out, struct volume **distance, const struct labels *bone) {
  status st = ST_OK;
  TRY(filter_distance(distance, bone, 1));
  CHECK(!isinf((*distance)->voxels[0]), ST_DOMAIN, "local thickness: the image is all bone");
  TRY(volume_create(out, &bone->grid, QUANTITY_LENGTH));
done:
  return st;
}

status micro_thickness(struct volume **out, const struct labels *bone, int phases) {
  status st = ST_OK;
  struct volume *distance = NULL, *map = NULL;
  int64_t nz = bone->grid.nz;
  int failed = 0;
  struct spheres *layers = calloc((size_t)nz, sizeof *layers);
  struct spheres *phase = calloc((size_t)nz, sizeof *phase);
  CHECK(layers && phase, ST_MEMORY, "local thickness: out of memory");
  TRY(begin(&map, &distance, bone));
  struct field f = {distance, {bone->grid.nx, bone->grid.ny, nz}};
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 1) reduction(| : failed)
  for (int64_t k = 0; k < nz; k++) failed |= !layer_spheres(&layers[k], &f, k);
  CHECK(!failed, ST_MEMORY, "local thickness: out of memory for the spheres");
  for (int sign = -1; sign <= 1; sign += 2) {
    if (!(phases & (sign < 0 ? MICRO_BONE : MICRO_MARROW))) continue;
    part_phases(phase, layers, &f, sign, nz);
    status painted = paint_phase(map, phase, &f, sign);
    for (int64_t k = 0; k < nz; k++) free(phase[k].items);
    memset(phase, 0, (size_t)nz * sizeof *phase);
    TRY(painted);
  }
  *out = map;
  map = NULL;
done:
  free_layers(layers, nz);
  free_layers(phase, nz);
  volume_destroy(distance);
  volume_destroy(map);
  return st;
}

status micro_thickness_slow(struct volume **out, const struct labels *bone) {
  status st = ST_OK;
  struct volume *distance = NULL, *map = NULL;
  TRY(begin(&map, &distance, bone));
  const struct geometry *g = &map->grid;
  for (int64_t k = 0, at = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++, at++) {
        double value = (double)distance->voxels[at], best = 0;
        for (int64_t w = 0, from = 0; w < g->nz; w++)
          for (int64_t v = 0; v < g->ny; v++)
            for (int64_t u = 0; u < g->nx; u++, from++) {
              double r = (double)distance->voxels[from];
              if ((r < 0) != (value < 0) || fabs(r) <= best) continue;
              double x = (double)(u - i) * g->spacing[0], y = (double)(v - j) * g->spacing[1];
              double z = (double)(w - k) * g->spacing[2];
              double reach = fabs(r) + TOUCH * shortest_edge(g);
              if (x * x + y * y + z * z <= reach * reach) best = fabs(r);
            }
        map->voxels[at] = (float)(2 * (fmax(best, fabs(value)) + SHORT * shortest_edge(g)));
      }
  *out = map;
  map = NULL;
done:
  volume_destroy(distance);
  volume_destroy(map);
  return st;
}
