/* Where the surface of a map of voxels runs between the centres that it parts.
 *
 * Each place of the surface lies on a line between a centre of bone and the next of marrow. In
 * every plane of the grid through that line it has a neighbour on either side, as the outline in
 * that plane goes on, so the places form a net. Of all nets whose places keep within half an edge
 * of where they began, between their two centres, the one that bends least is sought: with a the
 * operator "a quarter of what the means of the neighbours, plane by plane, take from a place", a
 * turn takes a^2, the slope of the sum of squares of a, and goes on by the way of the last turn
 * (Nesterov). So the ledges of the voxels go, up to ledges of 8 voxels or so; longer ones stay, as
 * a face along the grid would.
 *
 * But a body that is small bends less when it shrinks. Ledges go out as far as in, a body that
 * shrinks goes in everywhere: where places have come out or in on the mean of a few voxels they
 * turn no more, and that mean is taken back in the end. */
#include "core/parallel.h"
#include "qct/microstructure_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 80, FIRST_CHECK = 4, SIDES = 4, PASSES = 32 };
static const float SHRUNK = 0.05F; /* edges: a mean so far off is no ledge */

struct net {
  const struct labels *bone;
  const int32_t *first;     /* [voxel]: index of its first place as the lower end of a line */
  int32_t (*beside)[SIDES]; /* [place]: two planes, before and after; -1 none */
  int8_t (*out)[3];         /* [place]: unit vector along its line, towards marrow */
  int8_t *still;            /* [place]: turns no more */
  int64_t count;
};

struct net_state { /* [count][3] each, mm */
  float *place, *last, *start;
  float *work[2];
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
static void take_excess(float *out, const float *in, const struct net *w) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < w->count; v++) {
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

static void turn_net(struct net_state *s, const struct net *w, int turn) {
  const double *edge = w->bone->grid.spacing;
  const float on = (float)turn / (float)(turn + 3); /* Nesterov's */
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < 3 * w->count; i++) {
    float here = s->place[i];
    if (!w->still[i / 3]) s->place[i] += on * (here - s->last[i]);
    s->last[i] = here;
  }
  take_excess(s->work[0], s->place, w);
  take_excess(s->work[1], s->work[0], w);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < 3 * w->count; i++)
    if (!w->still[i / 3]) s->place[i] = held(s->place[i] - s->work[1][i], s->start[i], edge[i % 3]);
}

/* The mean of every place and those beside it. */
static void take_mean(float *out, const float *in, const struct net *w) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < w->count; v++) {
    float sum = in[v], n = 1;
    for (int side = 0; side < SIDES; side++) {
      if (w->beside[v][side] < 0) continue;
      sum += in[w->beside[v][side]];
      n++;
    }
    out[v] = sum / n;
  }
}

/* How far places have come outwards on their lines [edges], on the mean of a few voxels. */
static const float *take_gain(struct net_state *s, const struct net *w) {
  const double *edge = w->bone->grid.spacing;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < w->count; v++) {
    s->work[0][v] = 0;
    for (int64_t a = 0; a < 3; a++)
      s->work[0][v] +=
          (float)w->out[v][a] * (s->place[3 * v + a] - s->start[3 * v + a]) / (float)edge[a];
  }
  for (int pass = 0; pass < PASSES; pass++)
    take_mean(s->work[(pass + 1) % 2], s->work[pass % 2], w);
  return s->work[PASSES % 2];
}

static void hold_shrunk(struct net_state *s, const struct net *w) {
  const float *gain = take_gain(s, w);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < w->count; v++) w->still[v] |= fabsf(gain[v]) > SHRUNK;
}

static void give_back(struct net_state *s, const struct net *w) {
  const double *edge = w->bone->grid.spacing;
  const float *gain = take_gain(s, w);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < 3 * w->count; i++) {
    float back = (float)w->out[i / 3][i % 3] * gain[i / 3] * (float)edge[i % 3];
    s->place[i] = held(s->place[i] - back, s->start[i], edge[i % 3]);
  }
}

static void smooth_net(struct net_state *s, const struct net *w) {
  for (int turn = 0, check = FIRST_CHECK; turn < TURNS; turn++) {
    turn_net(s, w, turn);
    if (turn + 1 < check) continue;
    hold_shrunk(s, w);
    check *= 2;
  }
  give_back(s, w);
}

/* 0 stays 0. */
static void unit(float n[3], int back) {
  float length = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  for (int a = 0; a < 3 && length > 0; a++) n[a] = (back ? -n[a] : n[a]) / length;
}

/* Across what lies before and after each place in its two planes, towards marrow. */
static void take_normals(float *normal, const float *place, const struct net *w) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < w->count; v++) {
    float d[2][3], *n = normal + 3 * v, ahead = 0;
    for (int plane = 0; plane < 2; plane++) {
      int64_t low = w->beside[v][2 * plane], high = w->beside[v][2 * plane + 1];
      for (int a = 0; a < 3; a++)
        d[plane][a] = place[3 * (high < 0 ? v : high) + a] - place[3 * (low < 0 ? v : low) + a];
    }
    for (int a = 0; a < 3; a++) {
      n[a] = d[0][(a + 1) % 3] * d[1][(a + 2) % 3] - d[0][(a + 2) % 3] * d[1][(a + 1) % 3];
      ahead += n[a] * (float)w->out[v][a];
    }
    unit(n, ahead < 0);
  }
}

/* The mean with those of the places beside it. */
static void even_normals(float *out, const float *in, const struct net *w) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < w->count; v++) {
    for (int a = 0; a < 3; a++) {
      out[3 * v + a] = in[3 * v + a];
      for (int side = 0; side < SIDES; side++)
        if (w->beside[v][side] >= 0) out[3 * v + a] += in[3 * (int64_t)w->beside[v][side] + a];
    }
    unit(out + 3 * v, 0);
  }
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

status micro_place(float *places, float *normals, int64_t count, const struct labels *bone,
                   int ledges) {
  status st = ST_OK;
  size_t bytes = 3 * (size_t)count * sizeof(float);
  float *owned = malloc(4 * bytes);
  struct net_state s = {places, owned, owned + 3 * count, {owned + 6 * count, owned + 9 * count}};
  int32_t *first = malloc((size_t)geometry_voxels(&bone->grid) * sizeof *first);
  struct net w = {bone,
                  first,
                  malloc((size_t)count * sizeof *w.beside),
                  malloc((size_t)count * sizeof *w.out),
                  calloc((size_t)count, sizeof *w.still),
                  count};
  CHECK(owned && first && w.beside && w.out && w.still, ST_MEMORY,
        "surface of a map of voxels: out of memory for %lld places", (long long)count);
  int64_t there = number_places(first, bone);
  CHECK(there == count, ST_DOMAIN, "surface of a map of voxels: %lld places, there are %lld",
        (long long)count, (long long)there);
  find_beside(&w);
  memcpy(s.start, places, bytes);
  memcpy(s.last, places, bytes);
  if (ledges) smooth_net(&s, &w);
  take_normals(s.last, places, &w);
  even_normals(normals, s.last, &w);
done:
  free(owned);
  free(first);
  free(w.beside);
  free(w.out);
  free(w.still);
  return st;
}
