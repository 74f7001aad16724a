/* Grey level co-occurrence (LFYI). One pass over the slices fills a matrix for each of the 13
 * directions; the in-plane four are also kept for one slice, from which all 2D and 2.5D
 * aggregations follow by sums. */
#include "radiomics/glcm.h"

#include "core/parallel.h"
#include "radiomics/families.h"
#include "radiomics/ranks.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

const int rad_directions[13][3] = {{1, 0, 0},  {0, 1, 0},  {1, 1, 0},  {-1, 1, 0}, {0, 0, 1},
                                   {1, 0, 1},  {-1, 0, 1}, {0, 1, 1},  {0, -1, 1}, {1, 1, 1},
                                   {-1, 1, 1}, {1, -1, 1}, {-1, -1, 1}};

/* Matrices of 13 directions above this size are refused rather than exhausting memory. */
enum { RANK_LIMIT = 4000, DIRECTION_LIMIT = 13 * 64, WIDE = RAD_GLCM_FEATURES + 1 };

/* One offset to count. */
struct offset {
  int d[3];
};

struct work {
  const struct rad_roi *roi;
  const struct rad_ranks *ranks;
  const struct rad_settings *s;
  struct offset offsets[DIRECTION_LIMIT];
  int planar, directions; /* offsets within a slice come first */
  size_t cells;           /* (R + 1)^2 */
  int width;              /* features per matrix */
  bool symmetric, by_slice;
  double *totals;                       /* [directions][cells] */
  double *slice_average, *slice_merged; /* [nz][width], NaN without pairs */
};

/* Half of the offsets of a shell: (2 d + 1)^3 - (2 d - 1)^3 are 24 d^2 + 2. */
static status check_offsets(const struct rad_settings *s) {
  status st = ST_OK;
  int64_t count = 0;
  for (int n = 0; n < s->distance_count; n++)
    count += 12 * (int64_t)s->distances[n] * s->distances[n] + 1;
  CHECK(count <= DIRECTION_LIMIT, ST_DOMAIN,
        "radiomics: the distances asked for have %lld directions, co-occurrence permits %d; use "
        "fewer or shorter distances (8 voxels alone, or 1 to 5 together)",
        (long long)count, DIRECTION_LIMIT);
done:
  return st;
}

static void list_offsets(struct work *w) {
  for (int pass = 0; pass < 2; pass++) {
    for (int n = 0; n < w->s->distance_count; n++) {
      int d = w->s->distances[n];
      for (int z = 0; z <= d; z++)
        for (int y = -d; y <= d; y++)
          for (int x = -d; x <= d; x++) {
            bool forward = z > 0 || (z == 0 && (y > 0 || (y == 0 && x > 0)));
            bool shell = z == d || abs(y) == d || abs(x) == d;
            if (!forward || !shell || (z == 0) != (pass == 0)) continue;
            w->offsets[w->directions++] = (struct offset){{x, y, z}};
          }
    }
    if (pass == 0) w->planar = w->directions;
  }
}

/* Pairs of slice k in one direction. Index 0 of the matrix takes the pairs outside. */
static void count_pairs(uint32_t *m, const struct work *w, int64_t k, const int d[3]) {
  const struct rad_roi *roi = w->roi;
  const uint16_t *rank = w->ranks->rank;
  size_t stride = (size_t)w->ranks->count + 1;
  if (k + d[2] > roi->n[2] - 2) return;
  int64_t shift = (d[2] * roi->n[1] + d[1]) * roi->n[0] + d[0];
  int64_t j0 = d[1] < 0 ? 1 - d[1] : 1;
  int64_t j1 = roi->n[1] - 2 - (d[1] > 0 ? d[1] : 0);
  int64_t i0 = d[0] < 0 ? 1 - d[0] : 1;
  int64_t i1 = roi->n[0] - 2 - (d[0] > 0 ? d[0] : 0);
  for (int64_t j = j0; j <= j1; j++) {
    const uint16_t *a = rank + rad_at(roi, 0, j, k);
    const uint16_t *b = a + shift;
    for (int64_t i = i0; i <= i1; i++)
      if (a[i]) m[a[i] * stride + b[i]]++;
  }
}

/* Unit distance: all directions at once, so that increments of one cell do not wait for another. */
static void count_unit(uint32_t *m, const struct work *w, int64_t k, int first, int last) {
  const struct rad_roi *roi = w->roi;
  size_t stride = (size_t)w->ranks->count + 1;
  int64_t shift[13];
  for (int d = first; d < last; d++)
    shift[d] =
        (w->offsets[d].d[2] * roi->n[1] + w->offsets[d].d[1]) * roi->n[0] + w->offsets[d].d[0];
  for (int64_t j = 1; j < roi->n[1] - 1; j++) {
    const uint16_t *a = w->ranks->rank + rad_at(roi, 0, j, k);
    for (int64_t i = 1; i < roi->n[0] - 1; i++) {
      if (!a[i]) continue;
      uint32_t *row = m + a[i] * stride;
      for (int d = first; d < last; d++) row[(size_t)d * w->cells + a[i + shift[d]]]++;
    }
  }
}

static void count_slice(uint32_t *m, const struct work *w, int64_t k, int first, int last) {
  if (w->s->distance_count == 1 && w->s->distances[0] == 1) {
    count_unit(m, w, k, first, last);
    return;
  }
  for (int d = first; d < last; d++) count_pairs(m + (size_t)d * w->cells, w, k, w->offsets[d].d);
}

/* Add counts to a matrix of doubles, with the mirrored half when symmetric. */
static void accumulate(double *p, const uint32_t *m, const struct work *w) {
  size_t stride = (size_t)w->ranks->count + 1;
  for (size_t i = 1; i < stride; i++)
    for (size_t j = 1; j < stride; j++) {
      double c = m[i * stride + j];
      if (c == 0) continue;
      p[i * stride + j] += c;
      if (w->symmetric) p[j * stride + i] += c;
    }
}

void rad_mean_rows(double *out, const double *rows, int64_t n, int width) {
  int64_t used = 0;
  for (int f = 0; f < width; f++) out[f] = 0;
  for (int64_t r = 0; r < n; r++) {
    if (isnan(rows[r * width])) continue;
    used++;
    for (int f = 0; f < width; f++) out[f] += rows[r * width + f];
  }
  for (int f = 0; f < width; f++) out[f] = used ? out[f] / (double)used : (double)NAN;
}

/* What one thread holds. */
struct lane {
  uint32_t *m; /* [directions][cells] */
  double *p, *merged;
  double *rows; /* [planar][width] */
  struct rad_glcm g;
};

/* 2D features of slice k from its in-plane matrices. */
static void slice_features(struct work *w, struct lane *l, int64_t k) {
  memset(l->merged, 0, w->cells * sizeof *l->merged);
  for (int d = 0; d < w->planar; d++) {
    memset(l->p, 0, w->cells * sizeof *l->p);
    accumulate(l->p, l->m + (size_t)d * w->cells, w);
    for (size_t c = 0; c < w->cells; c++) l->merged[c] += l->p[c];
    if (rad_wants(w->s, RAD_2D_AVERAGED)) rad_glcm_features(l->rows + d * w->width, &l->g, l->p);
  }
  if (rad_wants(w->s, RAD_2D_AVERAGED))
    rad_mean_rows(w->slice_average + k * w->width, l->rows, w->planar, w->width);
  if (rad_wants(w->s, RAD_2D_SLICE_MERGED))
    rad_glcm_features(w->slice_merged + k * w->width, &l->g, l->merged);
}

static status lane_init(struct lane *l, const struct work *w) {
  status st = ST_OK;
  const struct rad_settings *s = w->s;
  bool py = s->convention == RAD_PYRADIOMICS;
  l->m = calloc((size_t)w->directions * w->cells, sizeof *l->m);
  l->p = malloc(w->cells * sizeof *l->p);
  l->merged = malloc(w->cells * sizeof *l->merged);
  l->rows = malloc((size_t)(w->planar * w->width) * sizeof *l->rows);
  CHECK(l->m && l->p && l->merged && l->rows, ST_MEMORY,
        "radiomics: no memory for %d co-occurrence matrices of %d levels", w->directions,
        w->ranks->count);
  TRY(rad_glcm_init(&l->g, w->ranks->count, w->ranks->level, w->roi->levels, py ? 0x1p-52 : 0, py));
done:
  return st;
}

static void lane_free(struct lane *l) {
  free(l->m);
  free(l->p);
  free(l->merged);
  free(l->rows);
  rad_glcm_free(&l->g);
}

static void run_slice(struct work *w, struct lane *l, int64_t k) {
  count_slice(l->m, w, k, w->planar, w->directions);
  if (!w->by_slice) {
    count_slice(l->m, w, k, 0, w->planar);
    return;
  }
  size_t planar = (size_t)w->planar * w->cells;
  memset(l->m, 0, planar * sizeof *l->m);
  count_slice(l->m, w, k, 0, w->planar);
  slice_features(w, l, k);
  for (int d = 0; d < w->planar; d++) {
#pragma omp critical(glcm_totals)
    accumulate(w->totals + (size_t)d * w->cells, l->m + (size_t)d * w->cells, w);
  }
}

/* Whole counts add up to the same double in any order. */
static status run_slices(struct work *w) {
  status st = ST_OK;
  int threads = parallel_threads();
  struct lane *lanes = calloc((size_t)threads, sizeof *lanes);
  CHECK(lanes, ST_MEMORY, "radiomics: no memory");
  for (int t = 0; t < threads; t++) TRY(lane_init(&lanes[t], w));
#pragma omp parallel num_threads(threads)
  {
    int t = omp_get_thread_num();
#pragma omp for schedule(dynamic)
    for (int64_t k = 1; k < w->roi->n[2] - 1; k++) run_slice(w, &lanes[t], k);
  }
  for (int t = 0; t < threads; t++)
    for (int d = w->by_slice ? w->planar : 0; d < w->directions; d++)
      accumulate(w->totals + (size_t)d * w->cells, lanes[t].m + (size_t)d * w->cells, w);
done:
  for (int t = 0; lanes && t < threads; t++) lane_free(&lanes[t]);
  free(lanes);
  return st;
}

static void emit(struct rad_values *out, enum rad_aggregation a, const double *f,
                 const struct work *w) {
  static const char none[] = "no pair of voxels inside the mask";
  rad_values_add_block(out, RAD_cm_joint_max, RAD_GLCM_FEATURES, a, f, none);
  if (w->width > RAD_GLCM_FEATURES) rad_values_add(out, RAD_cm_mcc, a, f[RAD_GLCM_FEATURES], none);
}

/* Averaged and merged features of `count` direction totals from the first. */
static status from_totals(struct rad_values *out, struct work *w, int count,
                          enum rad_aggregation averaged, enum rad_aggregation merged) {
  status st = ST_OK;
  struct lane l = {0};
  double *rows = malloc((size_t)(count * w->width) * sizeof *rows);
  double mean[WIDE];
  CHECK(rows, ST_MEMORY, "radiomics: no memory");
  TRY(lane_init(&l, w));
  memset(l.merged, 0, w->cells * sizeof *l.merged);
  for (int d = 0; d < count; d++) {
    const double *p = w->totals + (size_t)d * w->cells;
    if (rad_wants(w->s, averaged)) rad_glcm_features(rows + d * w->width, &l.g, p);
    for (size_t c = 0; c < w->cells; c++) l.merged[c] += p[c];
  }
  if (rad_wants(w->s, averaged)) {
    rad_mean_rows(mean, rows, count, w->width);
    emit(out, averaged, mean, w);
  }
  if (rad_wants(w->s, merged)) {
    rad_glcm_features(mean, &l.g, l.merged);
    emit(out, merged, mean, w);
  }
done:
  free(rows);
  lane_free(&l);
  return st;
}

static void from_slices(struct rad_values *out, const struct work *w, const double *rows,
                        enum rad_aggregation a) {
  double mean[WIDE];
  if (!rad_wants(w->s, a)) return;
  rad_mean_rows(mean, rows + w->width, w->roi->n[2] - 2, w->width);
  emit(out, a, mean, w);
}

static status allocate(struct work *w) {
  status st = ST_OK;
  size_t rows = (size_t)w->roi->n[2] * (size_t)w->width;
  w->totals = calloc((size_t)w->directions * w->cells, sizeof *w->totals);
  w->slice_average = calloc(rows, sizeof *w->slice_average);
  w->slice_merged = calloc(rows, sizeof *w->slice_merged);
  CHECK(w->totals && w->slice_average && w->slice_merged, ST_MEMORY,
        "radiomics: no memory for %d co-occurrence matrices of %d levels", w->directions,
        w->ranks->count);
done:
  return st;
}

status rad_glcm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_ranks ranks = {0};
  struct work w = {.roi = roi, .s = s, .ranks = &ranks, .symmetric = !s->asymmetric_glcm};
  TRY(check_offsets(s));
  TRY(rad_ranks_create(&ranks, roi));
  CHECK(ranks.count <= RANK_LIMIT, ST_DOMAIN,
        "radiomics: %d grey levels occur, co-occurrence permits %d; use wider bins", ranks.count,
        RANK_LIMIT);
  list_offsets(&w);
  w.cells = ((size_t)ranks.count + 1) * ((size_t)ranks.count + 1);
  w.width = RAD_GLCM_FEATURES + (s->convention == RAD_PYRADIOMICS);
  w.by_slice = rad_wants(s, RAD_2D_AVERAGED) || rad_wants(s, RAD_2D_SLICE_MERGED);
  if (!rad_wants(s, RAD_3D_AVERAGED) && !rad_wants(s, RAD_3D_MERGED)) w.directions = w.planar;
  TRY(allocate(&w));
  TRY(run_slices(&w));
  from_slices(out, &w, w.slice_average, RAD_2D_AVERAGED);
  from_slices(out, &w, w.slice_merged, RAD_2D_SLICE_MERGED);
  TRY(from_totals(out, &w, w.planar, RAD_25D_DIRECTION, RAD_25D_MERGED));
  TRY(from_totals(out, &w, w.directions, RAD_3D_AVERAGED, RAD_3D_MERGED));
done:
  free(w.totals);
  free(w.slice_average);
  free(w.slice_merged);
  rad_ranks_free(&ranks);
  return st;
}
