/* Neighbourhood grey tone difference (IPET). */
#include "core/parallel.h"
#include "radiomics/families.h"
#include "radiomics/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 5 };
/* Coarseness of a region without any difference. Source: ibsi_manual */
static const double COARSENESS_CAP = 1e6;

struct work {
  const struct rad_roi *roi;
  const struct rad_ranks *ranks;
  int reach;
  double *sum;   /* [nz][R + 1]: s_i of a slice */
  double *count; /* [nz][R + 1]: n_i of a slice */
};

/* Mean difference to the neighbours in the mask, one slice; depth 0: neighbours of the slice. */
static void slice_differences(struct work *w, int64_t k, int depth) {
  const struct rad_roi *roi = w->roi;
  int reach = w->reach;
  int64_t n0 = roi->n[0];
  double *sum = w->sum + k * (w->ranks->count + 1);
  double *count = w->count + k * (w->ranks->count + 1);
  for (int64_t j = 1; j < roi->n[1] - 1; j++)
    for (int64_t i = 1; i < n0 - 1; i++) {
      int64_t at = rad_at(roi, i, j, k);
      int level = roi->level[at];
      if (!level) continue;
      int64_t total = 0;
      int64_t neighbours = 0;
      for (int64_t z = k - depth; z <= k + depth; z++)
        for (int64_t y = j - reach; y <= j + reach; y++)
          for (int64_t x = i - reach; x <= i + reach; x++) {
            if (x < 0 || y < 0 || z < 0 || x >= n0 || y >= roi->n[1] || z >= roi->n[2]) continue;
            int l = roi->level[rad_at(roi, x, y, z)];
            total += l;
            neighbours += l != 0;
          }
      if (neighbours < 2) continue;
      int r = w->ranks->rank[at];
      sum[r] += fabs(level - (double)(total - level) / (double)(neighbours - 1));
      count[r] += 1;
    }
}

/* The same for unit distance by sums of rows: each plane of 3 x 3 is summed once. */
static void slice_unit(struct work *w, int64_t k, int depth, int32_t *total, int32_t *number) {
  const struct rad_roi *roi = w->roi;
  int64_t nx = roi->n[0];
  double *sum = w->sum + k * (w->ranks->count + 1);
  double *count = w->count + k * (w->ranks->count + 1);
  for (int64_t j = 1; j < roi->n[1] - 1; j++) {
    memset(total, 0, (size_t)nx * sizeof *total);
    memset(number, 0, (size_t)nx * sizeof *number);
    for (int64_t z = k - depth; z <= k + depth; z++)
      for (int64_t y = j - 1; y <= j + 1; y++) {
        const uint16_t *l = roi->level + rad_at(roi, 0, y, z);
        for (int64_t i = 0; i < nx; i++) {
          total[i] += l[i];
          number[i] += l[i] != 0;
        }
      }
    const uint16_t *level = roi->level + rad_at(roi, 0, j, k);
    const uint16_t *rank = w->ranks->rank + rad_at(roi, 0, j, k);
    for (int64_t i = 1; i < nx - 1; i++) {
      if (!level[i]) continue;
      int neighbours = number[i - 1] + number[i] + number[i + 1] - 1;
      if (neighbours < 1) continue;
      int others = total[i - 1] + total[i] + total[i + 1] - level[i];
      sum[rank[i]] += fabs(level[i] - (double)others / neighbours);
      count[rank[i]] += 1;
    }
  }
}

static status differences(struct work *w, bool deep) {
  status st = ST_OK;
  size_t n = (size_t)(w->roi->n[2] * (w->ranks->count + 1));
  int64_t nx = w->roi->n[0];
  int32_t *rows = malloc((size_t)(2 * nx * w->roi->n[2]) * sizeof *rows);
  CHECK(rows, ST_MEMORY, "radiomics: no memory for neighbourhood sums");
  memset(w->sum, 0, n * sizeof *w->sum);
  memset(w->count, 0, n * sizeof *w->count);
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 1; k < w->roi->n[2] - 1; k++) {
    if (w->reach == 1)
      slice_unit(w, k, deep, rows + 2 * nx * k, rows + 2 * nx * k + nx);
    else
      slice_differences(w, k, deep ? w->reach : 0);
  }
done:
  free(rows);
  return st;
}

/* s and n: sums and counts of each rank. NaN throughout without any neighbourhood. */
static void features_of(double out[WIDTH], const double *s, const double *n,
                        const struct rad_ranks *ranks) {
  double total = 0;
  double differences = 0;
  int present = 0;
  for (int r = 1; r <= ranks->count; r++) {
    total += n[r];
    differences += s[r];
    present += n[r] > 0;
  }
  for (int f = 0; f < WIDTH; f++) out[f] = NAN;
  if (!(total > 0)) return;
  double coarse = 0, contrast = 0, busy = 0, complexity = 0, strength = 0;
  for (int i = 1; i <= ranks->count; i++) {
    if (n[i] == 0) continue;
    double pi = n[i] / total;
    coarse += pi * s[i];
    for (int j = 1; j <= ranks->count; j++) {
      if (n[j] == 0) continue;
      double pj = n[j] / total;
      double li = ranks->level[i];
      double lj = ranks->level[j];
      double d = li - lj;
      contrast += pi * pj * d * d;
      busy += fabs(li * pi - lj * pj);
      complexity += fabs(d) * (pi * s[i] + pj * s[j]) / (pi + pj);
      strength += (pi + pj) * d * d;
    }
  }
  out[0] = coarse > 0 ? fmin(1 / coarse, COARSENESS_CAP) : COARSENESS_CAP;
  out[1] = present > 1 ? contrast / ((double)present * (present - 1)) * differences / total : 0;
  out[2] = present > 1 && busy > 0 ? coarse / busy : 0;
  out[3] = complexity / total;
  out[4] = differences > 0 ? strength / differences : 0;
}

static void emit(struct rad_values *out, enum rad_aggregation a, const double *f) {
  rad_values_add_block(out, RAD_ngt_coarseness, WIDTH, a, f,
                       "no voxel has a neighbour inside the mask");
}

static void emit_averaged(struct rad_values *out, const struct work *w) {
  double mean[WIDTH] = {0};
  int used = 0;
  for (int64_t k = 1; k < w->roi->n[2] - 1; k++) {
    double f[WIDTH];
    int64_t row = k * (w->ranks->count + 1);
    features_of(f, w->sum + row, w->count + row, w->ranks);
    if (isnan(f[0])) continue;
    used++;
    for (int n = 0; n < WIDTH; n++) mean[n] += f[n];
  }
  for (int n = 0; n < WIDTH; n++) mean[n] = used ? mean[n] / used : (double)NAN;
  emit(out, RAD_2D_AVERAGED, mean);
}

/* Slices in order: the same sum for any number of threads. */
static void emit_merged(struct rad_values *out, struct work *w, enum rad_aggregation a) {
  double f[WIDTH];
  int width = w->ranks->count + 1;
  for (int64_t k = 1; k < w->roi->n[2] - 1; k++)
    for (int r = 0; r < width; r++) {
      w->sum[r] += w->sum[k * width + r];
      w->count[r] += w->count[k * width + r];
    }
  features_of(f, w->sum, w->count, w->ranks);
  emit(out, a, f);
}

status rad_ngtdm(struct rad_values *out, const struct rad_roi *roi, const struct rad_settings *s) {
  status st = ST_OK;
  struct rad_ranks ranks = {0};
  struct work w = {.roi = roi, .ranks = &ranks, .reach = s->distances[0]};
  TRY(rad_ranks_create(&ranks, roi));
  size_t n = (size_t)(roi->n[2] * (ranks.count + 1));
  w.sum = malloc(n * sizeof *w.sum);
  w.count = malloc(n * sizeof *w.count);
  CHECK(w.sum && w.count, ST_MEMORY, "radiomics: no memory for %d grey levels", ranks.count);
  bool by_slice = rad_wants(s, RAD_2D_AVERAGED) || rad_wants(s, RAD_2D_SLICE_MERGED);
  bool merged = rad_wants(s, RAD_25D_DIRECTION) || rad_wants(s, RAD_25D_MERGED);
  if (by_slice || merged) TRY(differences(&w, false));
  if (by_slice) emit_averaged(out, &w);
  if (merged) emit_merged(out, &w, RAD_25D_MERGED);
  if (rad_wants(s, RAD_3D_AVERAGED) || rad_wants(s, RAD_3D_MERGED)) {
    TRY(differences(&w, true));
    emit_merged(out, &w, RAD_3D_MERGED);
  }
done:
  free(w.sum);
  free(w.count);
  rad_ranks_free(&ranks);
  return st;
}
