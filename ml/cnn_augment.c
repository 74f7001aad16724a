#include "ml/cnn_augment.h"

#include "core/parallel.h"
#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 4, DRAWS_ELASTIC = 64, DRAWS_NOISE = 1 << 20 };

static const double pi = 3.14159265358979323846;

struct warp {
  double turn[9], middle[3], shift[3];
  double node[3][NODES * NODES * NODES]; /* displacement at the nodes, voxels */
  bool flip, elastic, is_there;
  int64_t size[3];
};

static double within(uint64_t seed, uint64_t key, uint64_t draw, double most) {
  return most * (2 * random_uniform(seed, key, draw) - 1);
}

/* Rodrigues' rotation about a unit axis. */
static void turn_about(double r[9], const double u[3], double angle) {
  double c = cos(angle), s = sin(angle);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) r[3 * i + j] = (i == j ? c : 0) + (1 - c) * u[i] * u[j];
  r[1] -= s * u[2], r[2] += s * u[1], r[3] += s * u[2];
  r[5] -= s * u[0], r[6] -= s * u[1], r[7] += s * u[0];
}

static void warp_make(struct warp *w, const int64_t size[3], const struct cnn_augment *a,
                      uint64_t seed, uint64_t key) {
  double u[3] = {0, 0, 1}, length = 0;
  bool flat = size[2] == 1;
  memset(w, 0, sizeof *w);
  memcpy(w->size, size, sizeof w->size);
  for (int i = 0; i < 3 && !flat; i++) u[i] = random_normal(seed, key, 10 + (uint64_t)i);
  for (int i = 0; i < 3; i++) length += u[i] * u[i];
  for (int i = 0; i < 3; i++) u[i] /= sqrt(length);
  turn_about(w->turn, u, within(seed, key, 1, a->rotate_deg * pi / 180));
  w->flip = a->flip && random_uniform(seed, key, 2) < 0.5;
  w->elastic = a->elastic_vox > 0;
  for (int d = 0; d < 3; d++) {
    w->middle[d] = (double)(size[d] - 1) / 2;
    w->shift[d] = flat && d == 2 ? 0 : within(seed, key, 20 + (uint64_t)d, a->shift_vox);
    for (int i = 0; w->elastic && !(flat && d == 2) && i < NODES * NODES * NODES; i++)
      w->node[d][i] = a->elastic_vox *
                      random_normal(seed, key, DRAWS_ELASTIC * (1 + (uint64_t)d) + (uint64_t)i);
  }
  w->is_there = w->flip || a->rotate_deg > 0 || a->shift_vox > 0 || w->elastic;
}

/* trilinear displacement between the nodes, which span the image */
static double displacement(const struct warp *w, int d, const double p[3]) {
  int64_t lo[3];
  double f[3], sum = 0;
  for (int a = 0; a < 3; a++) {
    double x = w->size[a] > 1 ? p[a] / (double)(w->size[a] - 1) * (NODES - 1) : 0;
    lo[a] = (int64_t)fmin(floor(x), NODES - 2);
    f[a] = x - (double)lo[a];
  }
  for (int c = 0; c < 8; c++) {
    double part = (c & 1 ? f[0] : 1 - f[0]) * (c & 2 ? f[1] : 1 - f[1]) * (c & 4 ? f[2] : 1 - f[2]);
    int64_t at = ((lo[2] + (c >> 2 & 1)) * NODES + lo[1] + (c >> 1 & 1)) * NODES + lo[0] + (c & 1);
    sum += part * w->node[d][at];
  }
  return sum;
}

static void source_of(double q[3], const struct warp *w, const double p[3]) {
  double c[3];
  for (int a = 0; a < 3; a++) c[a] = p[a] - w->middle[a];
  if (w->flip) c[0] = -c[0];
  for (int a = 0; a < 3; a++) {
    q[a] = w->middle[a] + w->shift[a];
    for (int b = 0; b < 3; b++) q[a] += w->turn[3 * a + b] * c[b];
    if (w->elastic) q[a] += displacement(w, a, p);
    q[a] = fmin(fmax(q[a], 0), (double)(w->size[a] - 1)); /* border values go on outside */
  }
}

static float sample(const float *v, const int64_t n[3], const double q[3]) {
  int64_t lo[3], step[3];
  double f[3], sum = 0;
  const int64_t stride[3] = {1, n[0], n[0] * n[1]};
  for (int a = 0; a < 3; a++) {
    lo[a] = (int64_t)q[a];
    f[a] = q[a] - (double)lo[a];
    step[a] = lo[a] + 1 < n[a] ? stride[a] : 0;
  }
  const float *base = v + lo[0] + lo[1] * stride[1] + lo[2] * stride[2];
  for (int c = 0; c < 8; c++) {
    double part = (c & 1 ? f[0] : 1 - f[0]) * (c & 2 ? f[1] : 1 - f[1]) * (c & 4 ? f[2] : 1 - f[2]);
    if (part > 0)
      sum += part * (double)base[(c & 1) * step[0] + (c >> 1 & 1) * step[1] + (c >> 2) * step[2]];
  }
  return (float)sum;
}

static status warp_apply(float *values, uint8_t *klass, int channels, const struct warp *w) {
  status st = ST_OK;
  const int64_t *n = w->size;
  int64_t voxels = n[0] * n[1] * n[2];
  float *from = malloc((size_t)(voxels * channels) * sizeof *from);
  uint8_t *old = malloc((size_t)voxels);
  CHECK(from && old, ST_MEMORY, "warping a training image");
  memcpy(from, values, (size_t)(voxels * channels) * sizeof *from);
  if (klass) memcpy(old, klass, (size_t)voxels);
  int threads = parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t i = 0; i < voxels; i++) {
    const double p[3] = {(double)(i % n[0]), (double)(i / n[0] % n[1]),
                         (double)(i / (n[0] * n[1]))};
    double q[3];
    source_of(q, w, p);
    for (int c = 0; c < channels; c++) values[c * voxels + i] = sample(from + c * voxels, n, q);
    if (klass) klass[i] = old[(lround(q[2]) * n[1] + lround(q[1])) * n[0] + lround(q[0])];
  }
done:
  free(from);
  free(old);
  return st;
}

/* Separable Gaussian cut at 3 sigma, border repeated. */
static status blur(float *v, const int64_t n[3], double sigma) {
  status st = ST_OK;
  double weight[16], total = 0;
  int radius = (int)fmin(ceil(3 * sigma), 15);
  int64_t longest = n[0] > n[1] ? n[0] : n[1];
  if (n[2] > longest) longest = n[2];
  float *line = malloc((size_t)longest * sizeof *line);
  CHECK(line, ST_MEMORY, "blurring a training image");
  for (int r = 0; r <= radius; r++) {
    weight[r] = exp(-r * r / (2 * sigma * sigma));
    total += r ? 2 * weight[r] : weight[r];
  }
  const int64_t stride[3] = {1, n[0], n[0] * n[1]};
  for (int a = 0; a < 3; a++) {
    if (n[a] == 1) continue;
    int b = a == 0 ? 1 : 0, c = a == 2 ? 1 : 2;
    for (int64_t x = 0; x < n[b] * n[c]; x++) {
      float *start = v + x % n[b] * stride[b] + x / n[b] * stride[c];
      for (int64_t i = 0; i < n[a]; i++) line[i] = start[i * stride[a]];
      for (int64_t i = 0; i < n[a]; i++) {
        double sum = weight[0] * (double)line[i];
        for (int r = 1; r <= radius; r++)
          sum += weight[r] * ((double)line[i - r < 0 ? 0 : i - r] +
                              (double)line[i + r >= n[a] ? n[a] - 1 : i + r]);
        start[i * stride[a]] = (float)(sum / total);
      }
    }
  }
done:
  free(line);
  return st;
}

status cnn_augment_apply(float *values, uint8_t *klass, int channels, const int64_t size[3],
                         const struct cnn_augment *a, uint64_t seed, uint64_t key) {
  status st = ST_OK;
  struct warp w;
  int64_t voxels = size[0] * size[1] * size[2];
  warp_make(&w, size, a, seed, key);
  if (w.is_there) TRY(warp_apply(values, klass, channels, &w));
  for (int c = 0; c < channels; c++) {
    float *v = values + c * voxels;
    uint64_t draw = 30 + (uint64_t)c;
    double sigma = a->blur_vox * random_uniform(seed, key, draw + 8);
    if (sigma > 0.2) TRY(blur(v, size, sigma));
    double add = within(seed, key, draw, a->value);
    int threads = parallel_threads();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < voxels; i++) {
      double noise =
          a->noise > 0
              ? a->noise * random_normal(seed, key, DRAWS_NOISE + (uint64_t)(c * voxels + i))
              : 0;
      v[i] = (float)((double)v[i] + add + noise);
    }
  }
done:
  return st;
}
