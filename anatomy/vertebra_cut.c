/* The arch off the body: the spinal canal as the hole that vertebra labels close in axial slices,
 * and a plane at its front edge. */
#include "anatomy/vertebra.h"
#include "core/body.h"
#include "core/filter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double least_canal_mm3 = 300; /* a smaller hole is a gap between processes */

struct canal {
  int64_t voxels;
  struct vec3 centre, axis, anterior;
  int present;    /* the level is in the map */
  double edge_mm; /* front edge of the canal before its centre, along `anterior` */
};

/* 1 where a grown map of all vertebrae closes a hole in an axial slice, small holes left out. */
static status find_holes(struct labels **out, const struct labels *l, int axial, double grow_mm) {
  enum { MOST = 64 };
  status st = ST_OK;
  struct labels *mask = NULL, *filled = NULL, *pieces = NULL;
  int64_t sizes[MOST], n = geometry_voxels(&l->grid);
  int count = 0;
  TRY(labels_create(&mask, &l->grid));
  for (int64_t i = 0; i < n; i++) mask->voxels[i] = l->voxels[i] != 0;
  TRY(filter_grow(mask, 1, grow_mm, 0));
  TRY(labels_copy(&filled, mask));
  TRY(filter_fill_holes(filled, 1, axial));
  for (int64_t i = 0; i < n; i++) filled->voxels[i] = filled->voxels[i] && !mask->voxels[i];
  TRY(filter_components(&pieces, filled, 26, MOST, sizes, &count));
  double voxel = geometry_voxel_mm3(&l->grid);
  for (int64_t i = 0; i < n; i++) {
    int p = pieces->voxels[i];
    pieces->voxels[i] = p && (double)sizes[p - 1] * voxel >= least_canal_mm3;
  }
  *out = pieces;
  pieces = NULL;
done:
  labels_destroy(mask);
  labels_destroy(filled);
  labels_destroy(pieces);
  return st;
}

static int64_t along(int axis, int64_t i, int64_t j, int64_t k) {
  return axis == 0 ? i : axis == 1 ? j : k;
}

/* Which level's arch closes the ring in each slice: the one with most voxels within 14 mm of the
 * hole; -1 where there is no hole. `owner` holds one value for each slice across `axial`. */
static status ring_owners(int *owner, const struct labels *l, const struct labels *holes, int axial,
                          int64_t slices) {
  const double near_mm = 14;
  status st = ST_OK;
  const struct geometry *g = &l->grid;
  struct vec3 *centre = calloc((size_t)slices, sizeof *centre);
  double *count = calloc((size_t)slices, sizeof *count);
  int64_t(*votes)[VERTEBRA_LEVELS] = calloc((size_t)slices, sizeof *votes);
  CHECK(centre && count && votes, ST_MEMORY, "finding the spinal canal");
  for (int pass = 0; pass < 2; pass++)
    for (int64_t k = 0; k < g->nz; k++)
      for (int64_t j = 0; j < g->ny; j++)
        for (int64_t i = 0; i < g->nx; i++) {
          int64_t n = geometry_index(g, i, j, k), at = along(axial, i, j, k);
          if (pass ? !l->voxels[n] || count[at] <= 0 : !holes->voxels[n]) continue;
          struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
          if (!pass) {
            centre[at] = vec3_add(centre[at], w);
            count[at]++;
          } else if (vec3_length(vec3_sub(w, vec3_scale(centre[at], 1 / count[at]))) < near_mm)
            votes[at][vertebra_label_level(l->voxels[n])]++;
        }
  for (int64_t at = 0; at < slices; at++) {
    owner[at] = -1;
    for (int level = 0; level < VERTEBRA_LEVELS; level++)
      if (votes[at][level] > 0 && (owner[at] < 0 || votes[at][level] > votes[at][owner[at]]))
        owner[at] = level;
  }
done:
  free(centre);
  free(count);
  free(votes);
  return st;
}

static void canal_centres(struct canal c[VERTEBRA_LEVELS], const struct labels *holes, int axial,
                          const int *owner) {
  const struct geometry *g = &holes->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int level = owner[along(axial, i, j, k)];
        if (level < 0 || !holes->voxels[geometry_index(g, i, j, k)]) continue;
        struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        c[level].centre = vec3_add(c[level].centre, w);
        c[level].voxels++;
      }
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    if (c[level].voxels)
      c[level].centre = vec3_scale(c[level].centre, 1.0 / (double)c[level].voxels);
}

static void canal_axes(struct canal c[VERTEBRA_LEVELS]) {
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    int above = level > 0 && c[level - 1].voxels ? level - 1 : level;
    int below = level + 1 < VERTEBRA_LEVELS && c[level + 1].voxels ? level + 1 : level;
    struct vec3 up = vec3_sub(c[above].centre, c[below].centre);
    c[level].axis = above == below || !c[level].voxels ? vec3_make(0, 0, 1) : vec3_unit(up);
    struct vec3 front = vec3_make(0, -1, 0);
    c[level].anterior =
        vec3_unit(vec3_along(front, -vec3_dot(front, c[level].axis), c[level].axis));
  }
}

/* Turn `anterior` towards the middle of the label's voxels before the canal. */
static void aim_anterior(struct canal c[VERTEBRA_LEVELS], const struct labels *l) {
  const struct geometry *g = &l->grid;
  struct vec3 sum[VERTEBRA_LEVELS] = {{0, 0, 0}};
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int v = l->voxels[geometry_index(g, i, j, k)];
        int level = v ? vertebra_label_level(v) : -1;
        if (level < 0 || !c[level].voxels) continue;
        struct vec3 d = vec3_sub(geometry_to_world(g, vec3_make((double)i, (double)j, (double)k)),
                                 c[level].centre);
        double ahead = vec3_dot(d, c[level].anterior);
        struct vec3 side = vec3_along(d, -ahead, c[level].anterior);
        if (ahead > 5 && vec3_length(side) < 35) sum[level] = vec3_add(sum[level], d);
      }
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    struct vec3 s = vec3_along(sum[level], -vec3_dot(sum[level], c[level].axis), c[level].axis);
    if (vec3_length(s) > 0) c[level].anterior = vec3_unit(s);
  }
}

/* Front edge of the canal: the 98th percentile of its voxels along `anterior`, plus what growing
 * took and half a voxel. */
static status canal_edges(struct canal c[VERTEBRA_LEVELS], const struct labels *holes, int axial,
                          const int *owner, double grow_mm) {
  const double share = 0.98;
  enum { BINS = 240 };
  const double bin_mm = 0.25;
  status st = ST_OK;
  const struct geometry *g = &holes->grid;
  int64_t(*bins)[BINS] = calloc(VERTEBRA_LEVELS, sizeof *bins);
  CHECK(bins, ST_MEMORY, "finding the spinal canal");
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int level = owner[along(axial, i, j, k)];
        if (level < 0 || !holes->voxels[geometry_index(g, i, j, k)]) continue;
        struct vec3 w = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        double d = vec3_dot(vec3_sub(w, c[level].centre), c[level].anterior);
        int b = (int)floor(d / bin_mm);
        if (b >= 0) bins[level][b < BINS ? b : BINS - 1]++;
      }
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    int64_t total = 0, sum = 0;
    int b = 0;
    for (int i = 0; i < BINS; i++) total += bins[level][i];
    while (b < BINS - 1 && (double)(sum += bins[level][b]) < share * (double)total) b++;
    double voxel = 0;
    for (int a = 0; a < 3; a++)
      voxel += g->spacing[a] * fabs(vec3_dot(geometry_axis(g, a), c[level].anterior));
    c[level].edge_mm = (b + 0.5) * bin_mm + grow_mm + 0.5 * voxel;
  }
done:
  free(bins);
  return st;
}

/* A level whose arch closes no ring takes the canal between levels that do, at most two away on
 * each side. */
static void interpolate_canals(struct canal c[VERTEBRA_LEVELS]) {
  enum { FAR = 2 };
  struct canal known[VERTEBRA_LEVELS];
  memcpy(known, c, sizeof known);
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    int a = level - 1, b = level + 1;
    if (known[level].voxels || !known[level].present) continue;
    while (a >= 0 && a >= level - FAR && !known[a].voxels) a--;
    while (b < VERTEBRA_LEVELS && b <= level + FAR && !known[b].voxels) b++;
    if (a < 0 || a < level - FAR || b >= VERTEBRA_LEVELS || b > level + FAR) continue;
    double t = (double)(level - a) / (b - a);
    c[level].centre = vec3_add(vec3_scale(known[a].centre, 1 - t), vec3_scale(known[b].centre, t));
    c[level].axis = vec3_unit(vec3_sub(known[a].centre, known[b].centre));
    struct vec3 front = vec3_add(known[a].anterior, known[b].anterior);
    c[level].anterior =
        vec3_unit(vec3_along(front, -vec3_dot(front, c[level].axis), c[level].axis));
    c[level].edge_mm = (1 - t) * known[a].edge_mm + t * known[b].edge_mm;
    c[level].voxels = 1;
  }
}

static void cut(struct labels *l, const struct canal c[VERTEBRA_LEVELS]) {
  const struct geometry *g = &l->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        uint16_t *v = &l->voxels[geometry_index(g, i, j, k)];
        if (!*v) continue;
        const struct canal *level = &c[vertebra_label_level(*v)];
        struct vec3 d = vec3_sub(geometry_to_world(g, vec3_make((double)i, (double)j, (double)k)),
                                 level->centre);
        if (!level->voxels || vec3_dot(d, level->anterior) <= level->edge_mm) *v = 0;
      }
}

static status find_canals(struct canal canal[VERTEBRA_LEVELS], const struct labels *l) {
  status st = ST_OK;
  struct labels *holes = NULL;
  int *owner = NULL, axial = geometry_axis_nearest(&l->grid, 2);
  const int64_t n[3] = {l->grid.nx, l->grid.ny, l->grid.nz};
  double grow_mm = 0;
  for (int a = 0; a < 3; a++)
    if (a != axial) grow_mm = fmax(grow_mm, 1.01 * l->grid.spacing[a]);
  for (int level = 0; level < VERTEBRA_LEVELS; level++)
    canal[level] = (struct canal){.present = labels_count(l, vertebra_level_label(level)) > 0};
  owner = calloc((size_t)n[axial], sizeof *owner);
  CHECK(owner, ST_MEMORY, "finding the spinal canal");
  TRY(find_holes(&holes, l, axial, grow_mm));
  TRY(ring_owners(owner, l, holes, axial, n[axial]));
  canal_centres(canal, holes, axial, owner);
  canal_axes(canal);
  aim_anterior(canal, l);
  TRY(canal_edges(canal, holes, axial, owner, grow_mm));
  interpolate_canals(canal);
done:
  free(owner);
  labels_destroy(holes);
  return st;
}

status vertebra_cut_arches(struct vertebra_result *r, double elsewhere[VERTEBRA_LEVELS]) {
  status st = ST_OK;
  struct labels *l = r->bodies;
  struct canal canal[VERTEBRA_LEVELS];
  TRY(find_canals(canal, l));
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    if (canal[level].voxels)
      r->canal[level] = canal[level].centre;
    else if (canal[level].present)
      snprintf(r->refused[level], sizeof r->refused[level],
               "no spinal canal in its slices of the label, so the arch cannot be cut off; give a "
               "label of the body");
  }
  cut(l, canal);
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    const int64_t before = labels_count(l, vertebra_level_label(level));
    int64_t dropped = 0;
    if (before) TRY(filter_keep_largest(l, vertebra_level_label(level), 6, &dropped));
    elsewhere[level] = before ? (double)dropped / (double)before : 0;
  }
done:
  return st;
}
