/* Between two levels: full weighting down, trilinear interpolation up. */
#include "fea/multigrid.h"

#include <string.h>

/* One row of coarse right-hand sides, one component: sum the fine rows around it into t, then weigh
 * along x. */
static void restrict_row(const struct mg_level *fine, const struct mg_level *coarse,
                         int64_t coarse_j, int64_t coarse_k, int axis, float *t, float *out) {
  const struct fea_rows *fr = &fine->rows, *cr = &coarse->rows;
  const int64_t coarse_row = coarse_k * (cr->ny + 1) + coarse_j;
  const int64_t n = cr->node_last[coarse_row] - cr->node_first[coarse_row];
  const int64_t begin = 2 * (int64_t)cr->node_first[coarse_row] - 1, width = 2 * n + 1;
  memset(t, 0, (size_t)(width + 1) * sizeof *t);
  for (int64_t k = 2 * coarse_k - 1; k <= 2 * coarse_k + 1; k++)
    for (int64_t j = 2 * coarse_j - 1; j <= 2 * coarse_j + 1; j++) {
      if (k < 0 || j < 0 || k > fr->nz || j > fr->ny) continue;
      const int64_t row = k * (fr->ny + 1) + j, first = fr->node_first[row];
      const int64_t length = fr->node_last[row] - first;
      const float *restrict s = fine->r + (fr->node_start[row] - fine->base) + axis * length;
      const float weight = (k & 1 ? 0.5f : 1) * (j & 1 ? 0.5f : 1);
      int64_t a = first > begin ? first : begin, b = fr->node_last[row];
      if (b > begin + width) b = begin + width;
#pragma GCC ivdep
      for (int64_t i = a; i < b; i++) t[i - begin] += weight * s[i - first];
    }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) out[i] = t[2 * i + 1] + 0.5f * (t[2 * i] + t[2 * i + 2]);
}

/* Coarse planes as the finer level is cut: what a thread wrote it reads, where that can be. */
static int64_t cut(const struct mg_level *fine, int64_t first, int64_t last, int chunk,
                   int chunks) {
  const int64_t at = (mg_cut(fine, chunk, chunks) + 1) / 2;
  if (chunk == 0 || at < first) return first;
  return chunk == chunks || at > last ? last : at;
}

void mg_restrict(const struct multigrid *mg, const struct mg_level *fine, struct mg_level *coarse,
                 int64_t first, int64_t last) {
  const struct fea_rows *rows = &coarse->rows;
  const int chunks = mg_chunks(mg, fine);
#pragma omp parallel for schedule(static, 1) num_threads(chunks) if (chunks > 1)
  for (int c = 0; c < chunks; c++)
    for (int64_t k = cut(fine, first, last, c, chunks); k < cut(fine, first, last, c + 1, chunks);
         k++) {
      for (int64_t j = 0; j <= rows->ny; j++) {
        int64_t row = k * (rows->ny + 1) + j, n = rows->node_last[row] - rows->node_first[row];
        float *out = coarse->b + (rows->node_start[row] - coarse->base);
        for (int axis = 0; n && axis < 3; axis++)
          restrict_row(fine, coarse, j, k, axis, mg->scratch[c].row, out + axis * n);
      }
      for (int64_t f = coarse->fixed_start[k]; f < coarse->fixed_start[k + 1]; f++)
        coarse->b[coarse->fixed[f] - coarse->base] = 0;
    }
}

/* One fine row, one component: sum the coarse rows around it into t, then interpolate along x. */
static void prolong_row(const struct mg_level *coarse, const struct mg_level *fine, int64_t j,
                        int64_t k, int axis, float *t, float *out) {
  const struct fea_rows *fr = &fine->rows, *cr = &coarse->rows;
  const int64_t row = k * (fr->ny + 1) + j, first = fr->node_first[row], last = fr->node_last[row];
  const int64_t n = last - first, begin = first / 2, width = (last - 1) / 2 + 2 - begin;
  memset(t, 0, (size_t)(width + 1) * sizeof *t);
  const float weight = (k & 1 ? 0.5f : 1) * (j & 1 ? 0.5f : 1);
  for (int64_t dk = 0; dk <= (k & 1); dk++)
    for (int64_t dj = 0; dj <= (j & 1); dj++) {
      const int64_t coarse_row = (k / 2 + dk) * (cr->ny + 1) + j / 2 + dj;
      const int64_t coarse_first = cr->node_first[coarse_row];
      const int64_t length = cr->node_last[coarse_row] - coarse_first;
      const float *restrict s =
          coarse->x + (cr->node_start[coarse_row] - coarse->base) + axis * length;
      int64_t a = coarse_first > begin ? coarse_first : begin, b = cr->node_last[coarse_row];
      if (b > begin + width) b = begin + width;
#pragma GCC ivdep
      for (int64_t i = a; i < b; i++) t[i - begin] += weight * s[i - coarse_first];
    }
  /* t[0] is coarse node `begin`: fine node 2*begin, one before the row when that starts odd */
  const int64_t skip = first & 1, pairs = (n - skip) / 2;
  if (skip) out[0] += 0.5f * (t[0] + t[1]);
  const float *restrict from = t + skip;
  float *restrict to = out + skip;
#pragma GCC ivdep
  for (int64_t i = 0; i < pairs; i++) {
    to[2 * i] += from[i];
    to[2 * i + 1] += 0.5f * (from[i] + from[i + 1]);
  }
  if ((n - skip) & 1) to[2 * pairs] += from[pairs];
}

void mg_prolong(const struct multigrid *mg, const struct mg_level *coarse, struct mg_level *fine) {
  const struct fea_rows *rows = &fine->rows;
  const int chunks = mg_chunks(mg, fine);
#pragma omp parallel for schedule(static, 1) num_threads(chunks) if (chunks > 1)
  for (int c = 0; c < chunks; c++)
    for (int64_t k = mg_cut(fine, c, chunks); k < mg_cut(fine, c + 1, chunks); k++) {
      for (int64_t j = 0; j <= rows->ny; j++) {
        int64_t row = k * (rows->ny + 1) + j, n = rows->node_last[row] - rows->node_first[row];
        float *out = fine->x + (rows->node_start[row] - fine->base);
        for (int axis = 0; n && axis < 3; axis++)
          prolong_row(coarse, fine, j, k, axis, mg->scratch[c].row, out + axis * n);
      }
      for (int64_t f = fine->fixed_start[k]; f < fine->fixed_start[k + 1]; f++)
        fine->x[fine->fixed[f] - fine->base] = 0;
    }
}

void mg_exchange(const struct multigrid *mg, const struct mg_level *l, void *x, size_t width) {
  if (!mg->comm || mg->comm->ranks == 1 || l->replicated) return;
  const int64_t *start = l->rows.plane_start, a = l->plane_first, b = l->plane_last;
  char *at = x;
  struct fea_halo h = {0};
  if (mg->comm->rank > 0) {
    h.send_low = at + (size_t)(start[a] - l->base) * width;
    h.send_low_bytes = (size_t)(start[a + 1] - start[a]) * width;
    h.receive_low = at + (size_t)(start[a - 1] - l->base) * width;
    h.receive_low_bytes = (size_t)(start[a] - start[a - 1]) * width;
  }
  if (mg->comm->rank < mg->comm->ranks - 1) {
    h.send_high = at + (size_t)(start[b - 1] - l->base) * width;
    h.send_high_bytes = (size_t)(start[b] - start[b - 1]) * width;
    h.receive_high = at + (size_t)(start[b] - l->base) * width;
    h.receive_high_bytes = (size_t)(start[b + 1] - start[b]) * width;
  }
  mg->comm->exchange(&h);
}
