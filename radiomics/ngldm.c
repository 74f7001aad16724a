/* Neighbouring grey level dependence (REK0): voxels of like level in the block around a voxel,
 * itself included. */
#include "core/parallel.h"
#include "radiomics/families.h"
#include "radiomics/matrix.h"
#include "radiomics/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = RAD_ngl_dc_energy - RAD_ngl_lde + 1 };

struct work {
  const struct rad_roi *roi;
  const struct rad_ranks *ranks;
  const struct rad_settings *s;
  int reach;
  size_t columns; /* dependences 0..(2 reach + 1)^3 */
};

/* Add to like[] where a neighbour row is within alpha of the level. */
static void compare_rows(uint16_t *like, const uint16_t *level, const uint16_t *other, int64_t n,
                         int alpha) {
  if (alpha == 0) {
    for (int64_t i = 0; i < n; i++) like[i] = (uint16_t)(like[i] + (level[i] == other[i]));
    return;
  }
  for (int64_t i = 0; i < n; i++)
    like[i] = (uint16_t)(like[i] + (other[i] && abs(level[i] - other[i]) <= alpha));
}

static void count_row(uint16_t *like, const struct work *w, int64_t j, int64_t k, int depth) {
  const struct rad_roi *roi = w->roi;
  const uint16_t *level = roi->level + rad_at(roi, 0, j, k);
  int64_t nx = roi->n[0];
  memset(like, 0, (size_t)nx * sizeof *like);
  for (int64_t z = k - depth; z <= k + depth; z++)
    for (int64_t y = j - w->reach; y <= j + w->reach; y++) {
      if (z < 0 || y < 0 || z >= roi->n[2] || y >= roi->n[1]) continue;
      const uint16_t *other = roi->level + rad_at(roi, 0, y, z);
      for (int d = -w->reach; d <= w->reach; d++) {
        int64_t from = d < 0 ? -d : 0;
        int64_t to = d > 0 ? nx - d : nx;
        if (to > from)
          compare_rows(like + from, level + from, other + from + d, to - from,
                       w->s->dependence_alpha);
      }
    }
}

static void count_slice(uint32_t *m, uint16_t *like, const struct work *w, int64_t k, int depth) {
  const struct rad_roi *roi = w->roi;
  for (int64_t j = 1; j < roi->n[1] - 1; j++) {
    const uint16_t *rank = w->ranks->rank + rad_at(roi, 0, j, k);
    count_row(like, w, j, k, depth);
    for (int64_t i = 1; i < roi->n[0] - 1; i++)
      if (rank[i]) m[rank[i] * w->columns + like[i]]++;
  }
}

static void features_of(double *out, struct rad_cell *cells, const uint32_t *m,
                        const struct work *w) {
  size_t n = 0;
  double voxels = 0;
  double f[RAD_M_COUNT];
  for (int r = 1; r <= w->ranks->count; r++)
    for (size_t c = 1; c < w->columns; c++) {
      uint32_t v = m[(size_t)r * w->columns + c];
      if (!v) continue;
      cells[n++] = (struct rad_cell){w->ranks->level[r], (int64_t)c, v};
      voxels += v;
    }
  rad_matrix_features(f, cells, n, voxels, w->s->convention == RAD_PYRADIOMICS ? 0x1p-52 : 0);
  memcpy(out, f, WIDTH * sizeof *out);
}

static void emit(struct rad_values *out, enum rad_aggregation a, const double *f) {
  rad_values_add_block(out, RAD_ngl_lde, WIDTH, a, f, "no voxel inside the mask");
}

/* All slices into one matrix; counts are whole, so the order does not matter. */
static status merge(uint32_t *total, double *mean, const struct work *w, int depth) {
  status st = ST_OK;
  size_t cells = (size_t)(w->ranks->count + 1) * w->columns;
  int used = 0;
  int64_t nz = w->roi->n[2];
  double *rows = malloc((size_t)nz * WIDTH * sizeof *rows);
  int failed = 0;
  CHECK(rows, ST_MEMORY, "radiomics: no memory for dependences");
#pragma omp parallel num_threads(parallel_threads())
  {
    uint32_t *m = malloc(cells * sizeof *m);
    uint16_t *like = malloc((size_t)w->roi->n[0] * sizeof *like);
    struct rad_cell *scratch = malloc(cells * sizeof *scratch);
    bool ready = m && like && scratch;
#pragma omp for schedule(dynamic)
    for (int64_t k = 1; k < nz - 1; k++) {
      if (!ready) continue;
      memset(m, 0, cells * sizeof *m);
      count_slice(m, like, w, k, depth);
      if (mean) features_of(rows + k * WIDTH, scratch, m, w);
#pragma omp critical(ngldm_total)
      for (size_t c = 0; c < cells; c++) total[c] += m[c];
    }
    if (!ready) {
#pragma omp atomic write
      failed = 1;
    }
    free(m);
    free(like);
    free(scratch);
  }
  CHECK(!failed, ST_MEMORY, "radiomics: no memory for dependences of %d levels", w->ranks->count);
  for (int f = 0; mean && f < WIDTH; f++) mean[f] = 0;
  for (int64_t k = 1; mean && k < nz - 1; k++) {
    if (isnan(rows[k * WIDTH])) continue;
    used++;
    for (int f = 0; f < WIDTH; f++) mean[f] += rows[k * WIDTH + f];
  }
  for (int f = 0; mean && f < WIDTH; f++) mean[f] /= used;
done:
  free(rows);
  return st;
}

status rad_ngldm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_ranks ranks = {0};
  struct work w = {.roi = roi, .s = s, .ranks = &ranks, .reach = s->distances[0]};
  double mean[WIDTH];
  double f[WIDTH];
  struct rad_cell *scratch = NULL;
  uint32_t *total = NULL;
  TRY(rad_ranks_create(&ranks, roi));
  size_t side = 2 * (size_t)w.reach + 1;
  CHECK(side <= 39, ST_DOMAIN, "radiomics: dependence distance %d exceeds 19 voxels", w.reach);
  w.columns = side * side * side + 1;
  size_t cells = (size_t)(ranks.count + 1) * w.columns;
  total = calloc(cells, sizeof *total);
  scratch = malloc(cells * sizeof *scratch);
  CHECK(total && scratch, ST_MEMORY, "radiomics: no memory for dependences of %d levels",
        ranks.count);
  bool by_slice = rad_wants(s, RAD_2D_AVERAGED) || rad_wants(s, RAD_2D_SLICE_MERGED);
  bool merged = rad_wants(s, RAD_25D_DIRECTION) || rad_wants(s, RAD_25D_MERGED);
  if (by_slice || merged) TRY(merge(total, by_slice ? mean : NULL, &w, 0));
  if (by_slice) emit(out, RAD_2D_AVERAGED, mean);
  if (merged) {
    features_of(f, scratch, total, &w);
    emit(out, RAD_25D_MERGED, f);
  }
  if (rad_wants(s, RAD_3D_AVERAGED) || rad_wants(s, RAD_3D_MERGED)) {
    memset(total, 0, cells * sizeof *total);
    TRY(merge(total, NULL, &w, w.reach));
    features_of(f, scratch, total, &w);
    emit(out, RAD_3D_MERGED, f);
  }
done:
  free(scratch);
  free(total);
  rad_ranks_free(&ranks);
  return st;
}
