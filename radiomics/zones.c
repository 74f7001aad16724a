/* Grey level size zones (9SAK) and distance zones (VMDZ). Zones are unions of runs along x, joined
 * with the rows before (8 neighbours in a slice, 26 in the volume) by union-find; each zone carries
 * its size and its least distance to the outside of the morphological mask. */
#include "core/parallel.h"
#include "radiomics/families.h"
#include "radiomics/matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = RAD_szm_zs_entr - RAD_szm_sze + 1 };

struct run {
  int32_t first, last; /* voxels along x */
  uint16_t level;
  uint16_t near_flat, near_deep; /* least distance in the slice and in the volume */
};

struct work {
  const struct rad_roi *roi;
  const struct rad_settings *s;
  bool deep, flat; /* 3D zones, zones of slices */
  uint16_t *distance_flat, *distance_deep;
  struct run *runs;
  int64_t *rows; /* [ny*nz + 1]: first run of a row */
  int64_t run_count;
  int64_t *parent_flat, *parent_deep;
};

static uint16_t less(uint16_t a, uint16_t b) {
  return a < b ? a : b;
}

/* City-block distance in steps to the outside; separable, two sweeps an axis. The border of the
 * region is outside. */
static void sweep_axis(uint16_t *d, const struct rad_roi *roi, int axis) {
  int64_t stride = axis == 0 ? 1 : axis == 1 ? roi->n[0] : roi->n[0] * roi->n[1];
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  for (int64_t i = stride; i < n; i++)
    if (d[i]) d[i] = less(d[i], (uint16_t)(d[i - stride] + 1));
  for (int64_t i = n - 1 - stride; i >= 0; i--)
    if (d[i]) d[i] = less(d[i], (uint16_t)(d[i + stride] + 1));
}

static status distances(struct work *w) {
  status st = ST_OK;
  int64_t n = w->roi->n[0] * w->roi->n[1] * w->roi->n[2];
  w->distance_flat = malloc((size_t)n * sizeof *w->distance_flat);
  w->distance_deep = malloc((size_t)n * sizeof *w->distance_deep);
  CHECK(w->distance_flat && w->distance_deep, ST_MEMORY,
        "radiomics: no memory for distances of %lld voxels", (long long)n);
  for (int64_t i = 0; i < n; i++) w->distance_flat[i] = w->roi->morph[i] ? 60000 : 0;
  sweep_axis(w->distance_flat, w->roi, 0);
  sweep_axis(w->distance_flat, w->roi, 1);
  memcpy(w->distance_deep, w->distance_flat, (size_t)n * sizeof *w->distance_deep);
  sweep_axis(w->distance_deep, w->roi, 2);
done:
  return st;
}

static int64_t count_runs(const struct rad_roi *roi) {
  int64_t n = roi->n[0] * roi->n[1] * roi->n[2];
  int64_t count = 0;
  for (int64_t i = 1; i < n; i++) count += roi->level[i] && roi->level[i] != roi->level[i - 1];
  return count;
}

/* Runs of the row that starts at voxel `row`. */
static void row_runs(struct work *w, int64_t row) {
  const uint16_t *level = w->roi->level + row;
  for (int64_t i = 1; i < w->roi->n[0] - 1;) {
    if (!level[i]) {
      i++;
      continue;
    }
    struct run *r = &w->runs[w->run_count++];
    *r = (struct run){(int32_t)i, (int32_t)i, level[i], UINT16_MAX, UINT16_MAX};
    for (; level[i] == r->level; i++) {
      r->last = (int32_t)i;
      if (!w->distance_flat) continue;
      r->near_flat = less(r->near_flat, w->distance_flat[row + i]);
      r->near_deep = less(r->near_deep, w->distance_deep[row + i]);
    }
  }
}

static status make_runs(struct work *w) {
  status st = ST_OK;
  int64_t rows = w->roi->n[1] * w->roi->n[2];
  int64_t runs = count_runs(w->roi);
  w->runs = malloc((size_t)(runs + 1) * sizeof *w->runs);
  w->rows = malloc((size_t)(rows + 1) * sizeof *w->rows);
  w->parent_flat = malloc((size_t)(runs + 1) * sizeof *w->parent_flat);
  w->parent_deep = malloc((size_t)(runs + 1) * sizeof *w->parent_deep);
  CHECK(w->runs && w->rows && w->parent_flat && w->parent_deep, ST_MEMORY,
        "radiomics: no memory for %lld runs", (long long)runs);
  for (int64_t r = 0; r < rows; r++) {
    w->rows[r] = w->run_count;
    row_runs(w, r * w->roi->n[0]);
  }
  w->rows[rows] = w->run_count;
  for (int64_t r = 0; r < w->run_count; r++) w->parent_flat[r] = w->parent_deep[r] = r;
done:
  return st;
}

static int64_t root(int64_t *parent, int64_t r) {
  while (parent[r] != r) {
    parent[r] = parent[parent[r]];
    r = parent[r];
  }
  return r;
}

/* The earlier run becomes the root, so numbering does not depend on the order of joining. */
static void join(int64_t *parent, int64_t a, int64_t b) {
  a = root(parent, a);
  b = root(parent, b);
  if (a < b)
    parent[b] = a;
  else
    parent[a] = b;
}

/* Runs of two rows that touch, corners included: for each of the first row, those of the second
 * from the first that reaches it. */
static void join_rows(struct work *w, int64_t *parent, int64_t row_a, int64_t row_b) {
  int64_t from = w->rows[row_b];
  int64_t end = w->rows[row_b + 1];
  for (int64_t a = w->rows[row_a]; a < w->rows[row_a + 1]; a++) {
    const struct run *x = &w->runs[a];
    while (from < end && w->runs[from].last + 1 < x->first) from++;
    for (int64_t b = from; b < end && w->runs[b].first <= x->last + 1; b++)
      if (w->runs[b].level == x->level) join(parent, a, b);
  }
}

static void join_all(struct work *w) {
  int64_t ny = w->roi->n[1];
  for (int64_t k = 1; k < w->roi->n[2] - 1; k++)
    for (int64_t j = 1; j < ny - 1; j++) {
      int64_t row = k * ny + j;
      if (w->flat) join_rows(w, w->parent_flat, row, row - 1);
      if (!w->deep) continue;
      join_rows(w, w->parent_deep, row, row - 1);
      for (int64_t d = -1; d <= 1; d++) join_rows(w, w->parent_deep, row, row - ny + d);
    }
}

/* One zone a root. */
static status to_cells(struct rad_cell **size_cells, struct rad_cell **distance_cells, int64_t *n,
                       struct work *w, int64_t *parent, int64_t first, int64_t last, bool deep) {
  status st = ST_OK;
  int64_t runs = last - first;
  struct rad_cell *sizes = malloc((size_t)(runs + 1) * sizeof *sizes);
  struct rad_cell *nears = malloc((size_t)(runs + 1) * sizeof *nears);
  int64_t *slot = malloc((size_t)(runs + 1) * sizeof *slot);
  int64_t zones = 0;
  CHECK(sizes && nears && slot, ST_MEMORY, "radiomics: no memory for zones");
  for (int64_t r = first; r < last; r++) {
    const struct run *run = &w->runs[r];
    int64_t at = root(parent, r);
    if (at == r) {
      slot[r - first] = zones;
      sizes[zones] = (struct rad_cell){run->level, 0, 1};
      nears[zones++] = (struct rad_cell){run->level, INT64_MAX, 1};
    }
    int64_t zone = slot[at - first];
    int64_t near = deep ? run->near_deep : run->near_flat;
    sizes[zone].second += run->last - run->first + 1;
    if (near < nears[zone].second) nears[zone].second = near;
  }
  *n = zones;
  *size_cells = sizes;
  *distance_cells = nears;
  sizes = nears = NULL;
done:
  free(sizes);
  free(nears);
  free(slot);
  return st;
}

static void emit(struct rad_values *out, const struct work *w, enum rad_aggregation a,
                 const double *sizes, const double *nears) {
  static const char none[] = "no zone inside the mask";
  if ((w->s->families >> RAD_GLSZM) & 1u)
    rad_values_add_block(out, RAD_szm_sze, WIDTH, a, sizes, none);
  if ((w->s->families >> RAD_GLDZM) & 1u)
    rad_values_add_block(out, RAD_dzm_sde, WIDTH, a, nears, none);
}

/* Joined size and distance features of the zones of runs first..last. */
static status zone_features(double *sizes, double *nears, struct work *w, int64_t *parent,
                            int64_t first, int64_t last, bool deep, double voxels) {
  status st = ST_OK;
  struct rad_cell *a = NULL;
  struct rad_cell *b = NULL;
  int64_t n = 0;
  double epsilon = w->s->convention == RAD_PYRADIOMICS ? 0x1p-52 : 0;
  double f[RAD_M_COUNT];
  TRY(to_cells(&a, &b, &n, w, parent, first, last, deep));
  rad_matrix_features(f, a, rad_cells_join(a, (size_t)n), voxels, epsilon);
  memcpy(sizes, f, WIDTH * sizeof *sizes);
  rad_matrix_features(f, b, rad_cells_join(b, (size_t)n), voxels, epsilon);
  memcpy(nears, f, WIDTH * sizeof *nears);
done:
  free(a);
  free(b);
  return st;
}

static double slice_voxels(const struct work *w, int64_t k) {
  double sum = 0;
  for (int64_t r = w->rows[k * w->roi->n[1]]; r < w->rows[(k + 1) * w->roi->n[1]]; r++)
    sum += w->runs[r].last - w->runs[r].first + 1;
  return sum;
}

static status averaged(struct rad_values *out, struct work *w) {
  status st = ST_OK;
  double sizes[WIDTH] = {0};
  double nears[WIDTH] = {0};
  int used = 0;
  for (int64_t k = 1; k < w->roi->n[2] - 1; k++) {
    double a[WIDTH];
    double b[WIDTH];
    double voxels = slice_voxels(w, k);
    if (voxels == 0) continue;
    TRY(zone_features(a, b, w, w->parent_flat, w->rows[k * w->roi->n[1]],
                      w->rows[(k + 1) * w->roi->n[1]], false, voxels));
    used++;
    for (int f = 0; f < WIDTH; f++) {
      sizes[f] += a[f];
      nears[f] += b[f];
    }
  }
  for (int f = 0; f < WIDTH; f++) {
    sizes[f] /= used;
    nears[f] /= used;
  }
  emit(out, w, RAD_2D_AVERAGED, sizes, nears);
done:
  return st;
}

status rad_zones(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct work w = {.roi = roi, .s = s};
  double sizes[WIDTH];
  double nears[WIDTH];
  bool by_slice = rad_wants(s, RAD_2D_AVERAGED) || rad_wants(s, RAD_2D_SLICE_MERGED);
  bool merged = rad_wants(s, RAD_25D_DIRECTION) || rad_wants(s, RAD_25D_MERGED);
  w.flat = by_slice || merged;
  w.deep = rad_wants(s, RAD_3D_AVERAGED) || rad_wants(s, RAD_3D_MERGED);
  if ((s->families >> RAD_GLDZM) & 1u) TRY(distances(&w));
  TRY(make_runs(&w));
  join_all(&w);
  double voxels = (double)roi->voxels;
  if (by_slice) TRY(averaged(out, &w));
  if (merged) {
    TRY(zone_features(sizes, nears, &w, w.parent_flat, 0, w.run_count, false, voxels));
    emit(out, &w, RAD_25D_MERGED, sizes, nears);
  }
  if (w.deep) {
    TRY(zone_features(sizes, nears, &w, w.parent_deep, 0, w.run_count, true, voxels));
    emit(out, &w, RAD_3D_MERGED, sizes, nears);
  }
done:
  free(w.distance_flat);
  free(w.distance_deep);
  free(w.runs);
  free(w.rows);
  free(w.parent_flat);
  free(w.parent_deep);
  return st;
}
