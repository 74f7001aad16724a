/* Grey level run length (TP0I). A run is followed by its length so far: length(v) = length(v - d)
 * + 1 while the level stays, so the volume is read in memory order in every direction; a run is
 * counted where the next voxel differs. */
#include "core/parallel.h"
#include "radiomics/families.h"
#include "radiomics/matrix.h"
#include "radiomics/ranks.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = RAD_rlm_rl_entr - RAD_rlm_sre + 1 };

struct work {
  const struct rad_roi *roi;
  const struct rad_ranks *ranks;
  const struct rad_settings *s;
  int64_t longest; /* columns 0..longest */
  size_t cells;    /* (R + 1)*(longest + 1) */
  bool by_slice;
  uint32_t *totals;      /* [13][cells] */
  double *slice_average; /* [nz][WIDTH] */
  double *slice_merged;
};

/* Runs that end in slice k; `before` and `now` are the lengths of the last and this slice. */
static void run_slice(uint32_t *m, uint16_t *now, const uint16_t *before, const struct work *w,
                      int64_t k, const int d[3]) {
  const struct rad_roi *roi = w->roi;
  int64_t nx = roi->n[0];
  int64_t shift = (d[2] * roi->n[1] + d[1]) * nx + d[0];
  int64_t plane = d[1] * nx + d[0];
  size_t stride = (size_t)w->longest + 1;
  const uint16_t *last = d[2] ? before : now;
  for (int64_t j = 1; j < roi->n[1] - 1; j++) {
    const uint16_t *a = w->ranks->rank + rad_at(roi, 0, j, k);
    uint16_t *l = now + j * nx;
    const uint16_t *b = last + j * nx - plane;
    for (int64_t i = 1; i < nx - 1; i++) {
      unsigned length = a[i] == a[i - shift] ? b[i] + 1u : 1u;
      l[i] = (uint16_t)length;
      if (a[i] && a[i] != a[i + shift]) m[a[i] * stride + length]++;
    }
  }
}

/* Row 0 (outside the mask) stays empty. */
static size_t to_cells(struct rad_cell *cells, const uint32_t *m, const struct work *w) {
  size_t n = 0;
  size_t stride = (size_t)w->longest + 1;
  for (int r = 1; r <= w->ranks->count; r++)
    for (size_t j = 1; j < stride; j++) {
      uint32_t c = m[(size_t)r * stride + j];
      if (c) cells[n++] = (struct rad_cell){w->ranks->level[r], (int64_t)j, c};
    }
  return n;
}

static void features_of(double *out, struct rad_cell *cells, const uint32_t *m,
                        const struct work *w, double voxels) {
  double f[RAD_M_COUNT];
  double epsilon = w->s->convention == RAD_PYRADIOMICS ? 0x1p-52 : 0;
  rad_matrix_features(f, cells, to_cells(cells, m, w), voxels, epsilon);
  memcpy(out, f, WIDTH * sizeof *out);
}

static double voxels_of_slice(const struct work *w, int64_t k) {
  int64_t n = w->roi->n[0] * w->roi->n[1];
  const uint16_t *a = w->ranks->rank + k * n;
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) count += a[i] != 0;
  return (double)count;
}

/* The four in-plane directions of slice k. */
static void planar_slice(struct work *w, uint32_t *m, uint32_t *merged, uint16_t *lengths,
                         struct rad_cell *cells, int64_t k) {
  double rows[4 * WIDTH];
  double voxels = w->by_slice ? voxels_of_slice(w, k) : 0;
  memset(m, 0, 4 * w->cells * sizeof *m);
  for (int d = 0; d < 4; d++) {
    memset(lengths, 0, (size_t)(w->roi->n[0] * w->roi->n[1]) * sizeof *lengths);
    run_slice(m + (size_t)d * w->cells, lengths, lengths, w, k, rad_directions[d]);
    if (w->by_slice && voxels > 0)
      features_of(rows + d * WIDTH, cells, m + (size_t)d * w->cells, w, voxels);
  }
  if (w->by_slice) {
    memset(merged, 0, w->cells * sizeof *merged);
    for (int d = 0; d < 4; d++)
      for (size_t c = 0; c < w->cells; c++) merged[c] += m[(size_t)d * w->cells + c];
    for (int f = 0; f < WIDTH; f++)
      w->slice_average[k * WIDTH + f] = w->slice_merged[k * WIDTH + f] = NAN;
    if (voxels > 0) {
      rad_mean_rows(w->slice_average + k * WIDTH, rows, 4, WIDTH);
      features_of(w->slice_merged + k * WIDTH, cells, merged, w, 4 * voxels);
    }
  }
#pragma omp critical(glrlm_totals)
  for (size_t c = 0; c < 4 * w->cells; c++) w->totals[c] += m[c];
}

static status planar(struct work *w) {
  status st = ST_OK;
  int threads = parallel_threads();
  size_t plane = (size_t)(w->roi->n[0] * w->roi->n[1]);
  uint32_t *m = malloc((size_t)threads * 5 * w->cells * sizeof *m);
  uint16_t *lengths = malloc((size_t)threads * plane * sizeof *lengths);
  struct rad_cell *cells = malloc((size_t)threads * w->cells * sizeof *cells);
  CHECK(m && lengths && cells, ST_MEMORY, "radiomics: no memory for run lengths of %d levels",
        w->ranks->count);
#pragma omp parallel num_threads(threads)
  {
    size_t t = (size_t)omp_get_thread_num();
#pragma omp for schedule(dynamic)
    for (int64_t k = 1; k < w->roi->n[2] - 1; k++)
      planar_slice(w, m + t * 5 * w->cells, m + (t * 5 + 4) * w->cells, lengths + t * plane,
                   cells + t * w->cells, k);
  }
done:
  free(m);
  free(lengths);
  free(cells);
  return st;
}

static status spatial(struct work *w) {
  status st = ST_OK;
  int threads = parallel_threads();
  size_t plane = (size_t)(w->roi->n[0] * w->roi->n[1]);
  uint16_t *lengths = malloc((size_t)threads * 2 * plane * sizeof *lengths);
  CHECK(lengths, ST_MEMORY, "radiomics: no memory for run lengths");
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int d = 4; d < 13; d++) {
    uint16_t *l = lengths + (size_t)omp_get_thread_num() * 2 * plane;
    memset(l, 0, 2 * plane * sizeof *l);
    for (int64_t k = 1; k < w->roi->n[2] - 1; k++)
      run_slice(w->totals + (size_t)d * w->cells, l + (size_t)(k & 1) * plane,
                l + (size_t)(~k & 1) * plane, w, k, rad_directions[d]);
  }
done:
  free(lengths);
  return st;
}

static void emit(struct rad_values *out, enum rad_aggregation a, const double *f) {
  rad_values_add_block(out, RAD_rlm_sre, WIDTH, a, f, "no run inside the mask");
}

static status from_totals(struct rad_values *out, struct work *w, int count,
                          enum rad_aggregation averaged, enum rad_aggregation merged) {
  status st = ST_OK;
  double rows[13 * WIDTH];
  double mean[WIDTH];
  double voxels = (double)w->roi->voxels;
  struct rad_cell *cells = malloc(13 * w->cells * sizeof *cells);
  CHECK(cells, ST_MEMORY, "radiomics: no memory for run lengths");
  size_t n = 0;
  for (int d = 0; d < count; d++) {
    features_of(rows + d * WIDTH, cells, w->totals + (size_t)d * w->cells, w, voxels);
  }
  for (int d = 0; d < count; d++) n += to_cells(cells + n, w->totals + (size_t)d * w->cells, w);
  n = rad_cells_join(cells, n);
  if (rad_wants(w->s, averaged)) {
    rad_mean_rows(mean, rows, count, WIDTH);
    emit(out, averaged, mean);
  }
  if (rad_wants(w->s, merged)) {
    double f[RAD_M_COUNT];
    rad_matrix_features(f, cells, n, count * voxels,
                        w->s->convention == RAD_PYRADIOMICS ? 0x1p-52 : 0);
    emit(out, merged, f);
  }
done:
  free(cells);
  return st;
}

static void from_slices(struct rad_values *out, const struct work *w, const double *rows,
                        enum rad_aggregation a) {
  double mean[WIDTH];
  if (!rad_wants(w->s, a)) return;
  rad_mean_rows(mean, rows + WIDTH, w->roi->n[2] - 2, WIDTH);
  emit(out, a, mean);
}

static status allocate(struct work *w) {
  status st = ST_OK;
  size_t rows = (size_t)w->roi->n[2] * WIDTH;
  CHECK(
      (double)w->cells * 13 * 40 < 8e9, ST_DOMAIN,
      "radiomics: run length matrices of %d levels and %lld lengths are too large; use wider bins",
      w->ranks->count, (long long)w->longest);
  w->totals = calloc(13 * w->cells, sizeof *w->totals);
  w->slice_average = calloc(rows, sizeof *w->slice_average);
  w->slice_merged = calloc(rows, sizeof *w->slice_merged);
  CHECK(w->totals && w->slice_average && w->slice_merged, ST_MEMORY,
        "radiomics: no memory for run lengths of %d levels", w->ranks->count);
done:
  return st;
}

status rad_glrlm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_ranks ranks = {0};
  struct work w = {.roi = roi, .s = s, .ranks = &ranks};
  TRY(rad_ranks_create(&ranks, roi));
  for (int a = 0; a < 3; a++)
    if (roi->n[a] > w.longest) w.longest = roi->n[a];
  w.cells = ((size_t)ranks.count + 1) * ((size_t)w.longest + 1);
  w.by_slice = rad_wants(s, RAD_2D_AVERAGED) || rad_wants(s, RAD_2D_SLICE_MERGED);
  TRY(allocate(&w));
  TRY(planar(&w));
  bool deep = rad_wants(s, RAD_3D_AVERAGED) || rad_wants(s, RAD_3D_MERGED);
  if (deep) TRY(spatial(&w));
  from_slices(out, &w, w.slice_average, RAD_2D_AVERAGED);
  from_slices(out, &w, w.slice_merged, RAD_2D_SLICE_MERGED);
  if (rad_wants(s, RAD_25D_DIRECTION) || rad_wants(s, RAD_25D_MERGED))
    TRY(from_totals(out, &w, 4, RAD_25D_DIRECTION, RAD_25D_MERGED));
  if (deep) TRY(from_totals(out, &w, 13, RAD_3D_AVERAGED, RAD_3D_MERGED));
done:
  free(w.totals);
  free(w.slice_average);
  free(w.slice_merged);
  rad_ranks_free(&ranks);
  return st;
}
