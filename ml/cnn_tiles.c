#include "ml/cnn_tiles.h"

#include "core/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct slab {
  double *sum;    /* [outputs][tile z][ny][nx] */
  double *weight; /* [tile z][ny][nx] */
  float *out;     /* one slice */
  int64_t first;  /* z of the slab's first slice */
};

static int64_t starts_count(const struct cnn_tiles *t, int a) {
  if (t->size[a] <= t->tile[a]) return 1;
  double step = fmax(1, floor((double)t->tile[a] * (1 - t->overlap)));
  return (int64_t)ceil((double)(t->size[a] - t->tile[a]) / step) + 1;
}

/* evenly spread, the first at one end and the last at the other */
static int64_t start_at(const struct cnn_tiles *t, int a, int64_t i) {
  int64_t spare = t->size[a] - t->tile[a], n = starts_count(t, a);
  if (spare <= 0) return -((1 - spare) / 2);
  return (int64_t)llround((double)spare * (double)i / (double)(n - 1));
}

int64_t cnn_tiles_count(const struct cnn_tiles *t) {
  return starts_count(t, 0) * starts_count(t, 1) * starts_count(t, 2);
}

static int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  int64_t period = 2 * (n - 1);
  i = (i % period + period) % period;
  return i < n ? i : period - i;
}

static void cut(float *to, const float *volume, const struct cnn_tiles *t, const int64_t lo[3]) {
  int64_t n = t->tile[0] * t->tile[1] * t->tile[2], whole = t->size[0] * t->size[1] * t->size[2];
  for (int64_t i = 0; i < n; i++) {
    int64_t x = mirrored(lo[0] + i % t->tile[0], t->size[0]);
    int64_t y = mirrored(lo[1] + i / t->tile[0] % t->tile[1], t->size[1]);
    int64_t z = mirrored(lo[2] + i / (t->tile[0] * t->tile[1]), t->size[2]);
    int64_t at = (z * t->size[1] + y) * t->size[0] + x;
    for (int c = 0; c < t->channels; c++) to[c * n + i] = volume[c * whole + at];
  }
}

static double bell(int64_t i, int64_t tile) {
  double sigma = (double)tile / 8, d = (double)i - (double)(tile - 1) / 2;
  return fmax(exp(-d * d / (2 * sigma * sigma)), 1e-6);
}

static void add_tile(struct slab *s, const float *out, const struct cnn_tiles *t,
                     const int64_t lo[3]) {
  int64_t n = t->tile[0] * t->tile[1] * t->tile[2];
  int64_t plane = t->size[0] * t->size[1], slab = plane * t->tile[2];
  for (int64_t i = 0; i < n; i++) {
    int64_t e[3] = {i % t->tile[0], i / t->tile[0] % t->tile[1], i / (t->tile[0] * t->tile[1])};
    int64_t x = lo[0] + e[0], y = lo[1] + e[1], z = lo[2] + e[2];
    if (x < 0 || y < 0 || z < 0 || x >= t->size[0] || y >= t->size[1] || z >= t->size[2]) continue;
    double w = bell(e[0], t->tile[0]) * bell(e[1], t->tile[1]) * bell(e[2], t->tile[2]);
    int64_t at = (z - s->first) * plane + y * t->size[0] + x;
    s->weight[at] += w;
    for (int c = 0; c < t->outputs; c++) s->sum[c * slab + at] += w * (double)out[c * n + i];
  }
}

/* Hand out the slices below z and move the rest to the front. */
static status flush(struct slab *s, const struct cnn_tiles *t, int64_t z) {
  status st = ST_OK;
  int64_t plane = t->size[0] * t->size[1], slab = plane * t->tile[2];
  int64_t done = z - s->first;
  for (int64_t k = 0; k < done; k++) {
    for (int c = 0; c < t->outputs; c++)
      for (int64_t i = 0; i < plane; i++)
        s->out[c * plane + i] =
            (float)(s->sum[c * slab + k * plane + i] / s->weight[k * plane + i]);
    TRY(t->slice(t->user, s->first + k, s->out));
  }
  int64_t kept = t->tile[2] - done;
  if (kept < 0) kept = 0;
  for (int c = 0; c <= t->outputs; c++) {
    double *from = c < t->outputs ? s->sum + c * slab : s->weight;
    memmove(from, from + done * plane * (kept > 0), (size_t)(kept * plane) * sizeof *from);
    memset(from + kept * plane, 0, (size_t)((t->tile[2] - kept) * plane) * sizeof *from);
  }
  s->first = z;
done:
  return st;
}

status cnn_tiles_run(const struct cnn_tiles *t, const float *volume) {
  status st = ST_OK;
  struct slab s = {0};
  float *in = NULL, *out = NULL;
  struct progress p;
  int64_t n = t->tile[0] * t->tile[1] * t->tile[2], plane = t->size[0] * t->size[1], count = 0;
  CHECK(n >= 1 && t->tile[0] >= 1 && t->tile[1] >= 1 && t->overlap >= 0 && t->overlap <= 0.9,
        ST_DOMAIN,
        "tiles of %lld x %lld x %lld voxels, overlap %g; at least 1 voxel, overlap 0 to 0.9",
        (long long)t->tile[0], (long long)t->tile[1], (long long)t->tile[2], t->overlap);
  s.sum = calloc((size_t)(plane * t->tile[2] * t->outputs), sizeof *s.sum);
  s.weight = calloc((size_t)(plane * t->tile[2]), sizeof *s.weight);
  s.out = malloc((size_t)(plane * t->outputs) * sizeof *s.out);
  in = malloc((size_t)(n * t->channels) * sizeof *in);
  out = malloc((size_t)(n * t->outputs) * sizeof *out);
  CHECK(s.sum && s.weight && s.out && in && out, ST_MEMORY, "tiles: %.1f GiB for one row of them",
        (double)(plane * t->tile[2] * (t->outputs + 1)) * 8 / 1073741824.0);
  progress_begin(&p, "network", "tiles", cnn_tiles_count(t));
  for (int64_t k = 0; k < starts_count(t, 2); k++) {
    int64_t z = start_at(t, 2, k);
    if (k) TRY(flush(&s, t, z));
    for (int64_t j = 0; j < starts_count(t, 1); j++)
      for (int64_t i = 0; i < starts_count(t, 0); i++) {
        const int64_t lo[3] = {start_at(t, 0, i), start_at(t, 1, j), z};
        cut(in, volume, t, lo);
        TRY(t->run(t->user, in, out));
        add_tile(&s, out, t, lo);
        progress_update(&p, ++count, NULL);
      }
  }
  TRY(flush(&s, t, t->size[2]));
  progress_end(&p);
done:
  free(s.sum);
  free(s.weight);
  free(s.out);
  free(in);
  free(out);
  return st;
}
