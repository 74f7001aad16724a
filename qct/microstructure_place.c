/* Where the surface of a map of voxels runs between the centres that it parts.
 *
 * Each place of the surface lies on a line between a centre of bone and the next of marrow. In
 * every plane of the grid through that line it has a neighbour on either side, as the outline in
 * that plane goes on, so the places form a net. The net is made smooth in turns. With a the
 * operator "a quarter of what the means of the neighbours, plane by plane, take from a place", 0
 * for a flat net and 1 for the shortest waves, a turn takes a^2/2 + 28 a^3 (1 - a)^2: all of waves
 * of 3 to 5 voxels, which are the ledges of the voxels, and next to nothing of an arc, for which a
 * is (1/2r)^2. Then each place is held within half an edge of where it began, between its two
 * centres.
 *
 * Of a bar of one or two voxels the outline itself is such a short wave, and turns draw it
 * together. But ledges go out as far as in, an outline that shrinks goes in everywhere: what the
 * places have come outwards on the mean of a few voxels is taken back in the end. */
#include "core/parallel.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float SHORT = 0.5F, LEDGES = 28; /* their sum stays below 1.2 for a in 0..1 */
/* So many turns halve a wave of 8 voxels. Means over bodies change by 0.05 voxel at most from 4 to
 * 16 passes. */
enum { TURNS = 15, SIDES = 4, POWERS = 5, PASSES = 8 };

struct net {
  const struct labels *bone;
  const int32_t *first;     /* [voxel]: index of its first place as the lower end of a line */
  int32_t (*beside)[SIDES]; /* [place]: two planes, before and after; -1 none */
  int8_t (*out)[3];         /* [place]: unit vector along its line, towards marrow */
};

static int is_bone(const struct labels *l, const int64_t p[3]) {
  return l->voxels[geometry_index(&l->grid, p[0], p[1], p[2])] == 1;
}

/* Does the line from a voxel along an axis cross the surface? */
static int crosses(const struct labels *l, const int64_t p[3], int axis) {
  const int64_t n[3] = {l->grid.nx, l->grid.ny, l->grid.nz};
  int64_t q[3] = {p[0], p[1], p[2]};
  q[axis]++;
  return q[axis] < n[axis] && is_bone(l, p) != is_bone(l, q);
}

/* Places come voxel by voxel, axes x, y, z. */
static int32_t place_on(const struct net *w, const int64_t p[3], int axis) {
  int32_t index = w->first[geometry_index(&w->bone->grid, p[0], p[1], p[2])];
  for (int a = 0; a < axis; a++) index += crosses(w->bone, p, a);
  return index;
}

/* The place that follows that on the line from p along `axis` when the outline goes on along `b`.
 */
static int32_t follow(const struct net *w, const int64_t p[3], int axis, int b, int turn) {
  const struct labels *l = w->bone;
  const int64_t n[3] = {l->grid.nx, l->grid.ny, l->grid.nz};
  int64_t q[3] = {p[0], p[1], p[2]}, pb[3] = {p[0], p[1], p[2]}, qb[3];
  q[axis]++;
  pb[b] += turn;
  if (pb[b] < 0 || pb[b] >= n[b]) return -1;
  for (int a = 0; a < 3; a++) qb[a] = pb[a] + (a == axis);
  int here = is_bone(l, p), beside = is_bone(l, pb), across = is_bone(l, qb);
  if (beside == here && across != here) return place_on(w, pb, axis); /* straight on */
  /* round the corner that differs; where two do, round that of marrow: bone is joined */
  int low = beside != here && (across != here || !here);
  return place_on(w, low ? (turn < 0 ? pb : p) : (turn < 0 ? qb : q), b);
}

static void find_beside(struct net *w) {
  const struct geometry *g = &w->bone->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 4)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        const int64_t p[3] = {i, j, k};
        int32_t at = w->first[geometry_index(g, i, j, k)];
        for (int axis = 0; axis < 3; axis++) {
          if (!crosses(w->bone, p, axis)) continue;
          for (int side = 0; side < SIDES; side++)
            w->beside[at][side] = follow(w, p, axis, (axis + 1 + side / 2) % 3, side % 2 ? 1 : -1);
          for (int a = 0; a < 3; a++)
            w->out[at][a] = (int8_t)(a != axis ? 0 : is_bone(w->bone, p) ? 1 : -1);
          at++;
        }
      }
}

/* A quarter of what the means with its neighbours, plane by plane, take from every place. */
static void take_excess(float *out, const float *in, const struct net *w, int64_t count) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < count; v++) {
    const int32_t *beside = w->beside[v];
    float sum[3] = {0, 0, 0};
    for (int plane = 0; plane < SIDES; plane += 2) {
      if (beside[plane] < 0 || beside[plane + 1] < 0) continue; /* the border: as it is */
      const float *low = in + 3 * (int64_t)beside[plane];
      const float *high = in + 3 * (int64_t)beside[plane + 1];
      for (int a = 0; a < 3; a++) sum[a] += in[3 * v + a] - 0.5F * (low[a] + high[a]);
    }
    for (int a = 0; a < 3; a++) out[3 * v + a] = 0.25F * sum[a];
  }
}

static inline float held(float to, float start, double edge) {
  float most = (float)(edge / 2);
  return fminf(fmaxf(to, start - most), start + most);
}

static void turn_net(float *place, const float *start, float *power[POWERS], const struct net *w,
                     int64_t count) {
  const double *edge = w->bone->grid.spacing;
  for (int n = 0; n < POWERS; n++) take_excess(power[n], n ? power[n - 1] : place, w, count);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < 3 * count; i++) {
    float to =
        place[i] - SHORT * power[1][i] - LEDGES * (power[2][i] - 2 * power[3][i] + power[4][i]);
    place[i] = held(to, start[i], edge[i % 3]);
  }
}

/* How far every place has come outwards on its line. */
static void take_gain(float *gain, const float *place, const float *start, const struct net *w,
                      int64_t count) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < count; v++) {
    gain[v] = 0;
    for (int64_t a = 0; a < 3; a++)
      gain[v] += (float)w->out[v][a] * (place[3 * v + a] - start[3 * v + a]);
  }
}

/* The mean of every place and those beside it. */
static void take_mean(float *out, const float *in, const struct net *w, int64_t count) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < count; v++) {
    float sum = in[v], n = 1;
    for (int side = 0; side < SIDES; side++) {
      if (w->beside[v][side] < 0) continue;
      sum += in[w->beside[v][side]];
      n++;
    }
    out[v] = sum / n;
  }
}

static void give_back(float *place, const float *start, float *power[POWERS], const struct net *w,
                      int64_t count) {
  const double *edge = w->bone->grid.spacing;
  take_gain(power[0], place, start, w, count);
  for (int pass = 0; pass < PASSES; pass++)
    take_mean(power[(pass + 1) % 2], power[pass % 2], w, count);
  const float *gain = power[PASSES % 2];
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < 3 * count; i++)
    place[i] = held(place[i] - (float)w->out[i / 3][i % 3] * gain[i / 3], start[i], edge[i % 3]);
}

static int64_t number_places(int32_t *first, const struct labels *bone) {
  const struct geometry *g = &bone->grid;
  int64_t count = 0;
  for (int64_t k = 0, at = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++, at++) {
        first[at] = (int32_t)count;
        for (int axis = 0; axis < 3; axis++)
          count += crosses(bone, (const int64_t[3]){i, j, k}, axis);
      }
  return count;
}

status micro_place(float *places, int64_t count, const struct labels *bone) {
  status st = ST_OK;
  size_t bytes = 3 * (size_t)count * sizeof(float);
  float *start = malloc(bytes), *power[POWERS] = {NULL};
  int32_t *first = malloc((size_t)geometry_voxels(&bone->grid) * sizeof *first);
  struct net w = {bone, first, malloc((size_t)count * sizeof *w.beside),
                  malloc((size_t)count * sizeof *w.out)};
  int whole = start && first && w.beside && w.out;
  for (int n = 0; n < POWERS; n++) whole &= (power[n] = malloc(bytes)) != NULL;
  CHECK(whole, ST_MEMORY, "surface of a map of voxels: out of memory for %lld places",
        (long long)count);
  int64_t there = number_places(first, bone);
  CHECK(there == count, ST_DOMAIN, "surface of a map of voxels: %lld places, there are %lld",
        (long long)count, (long long)there);
  find_beside(&w);
  memcpy(start, places, bytes);
  for (int i = 0; i < TURNS; i++) turn_net(places, start, power, &w, count);
  give_back(places, start, power, &w, count);
done:
  for (int n = 0; n < POWERS; n++) free(power[n]);
  free(start);
  free(first);
  free(w.beside);
  free(w.out);
  return st;
}
