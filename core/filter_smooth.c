/* Gaussian smoothing by the discrete Gaussian kernel exp(-t) I_n(t), t = (sigma/spacing)^2, whose
 * variance is exactly t at any width (a sampled Gaussian falls short below one voxel). Separable,
 * border voxels repeated. Source: lindeberg1990, equation 17. */
#include "core/itk_filter.h"
#include "core/parallel.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

enum { TILE = 16 }; /* neighbouring lines smoothed together */

/* Half kernel w[0..radius], w[0] + 2 sum w[n] = 1, by downward recurrence of the Bessel functions.
 */
static status kernel(double **out, int64_t *radius, double t) {
  status st = ST_OK;
  double sigma = sqrt(t);
  *radius = (int64_t)ceil(5 * sigma) + 2;
  int64_t top = *radius + 20 + (int64_t)(3 * sigma);
  double *w = calloc((size_t)top + 2, sizeof *w), sum;
  CHECK(w, ST_MEMORY, "making a smoothing kernel of %lld voxels", (long long)top);
  w[top] = 1e-300;
  sum = 2 * w[top];
  for (int64_t n = top; n > 0; n--) {
    w[n - 1] = w[n + 1] + 2 * (double)n / t * w[n];
    sum += n > 1 ? 2 * w[n - 1] : w[0];
    if (w[n - 1] > 1e200) {
      for (int64_t m = n - 1; m <= top; m++) w[m] *= 1e-200;
      sum *= 1e-200;
    }
  }
  for (int64_t n = 0; n <= *radius; n++) w[n] /= sum;
  *out = w;
done:
  return st;
}

static inline int64_t clamp_index(int64_t i, int64_t n) {
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Smooth `width` neighbouring lines of n voxels, in place. line: [n][TILE] of scratch. */
static void smooth_lines(float *voxels, int64_t stride, int64_t n, int width, const double *w,
                         int64_t radius, double *line) {
  for (int64_t i = 0; i < n; i++)
    for (int x = 0; x < width; x++) line[i * TILE + x] = (double)voxels[i * stride + x];
  for (int64_t i = 0; i < n; i++) {
    double sum[TILE];
    for (int x = 0; x < width; x++) sum[x] = w[0] * line[i * TILE + x];
    for (int64_t m = 1; m <= radius; m++) {
      const double *a = line + clamp_index(i - m, n) * TILE;
      const double *b = line + clamp_index(i + m, n) * TILE;
      for (int x = 0; x < width; x++) sum[x] += w[m] * (a[x] + b[x]);
    }
    for (int x = 0; x < width; x++) voxels[i * stride + x] = (float)sum[x];
  }
}

/* Axis 0 runs along the lines themselves (width 1); the others take TILE lines at a time. */
static status smooth_axis(float *voxels, const struct geometry *g, int axis, double sigma_mm) {
  status st = ST_OK;
  const int64_t n[3] = {g->nx, g->ny, g->nz}, stride[3] = {1, g->nx, g->nx * g->ny};
  double *w = NULL, *scratch = NULL, sigma = sigma_mm / g->spacing[axis];
  int64_t radius, length = n[axis];
  int64_t tiles = axis ? (g->nx + TILE - 1) / TILE : 1;
  int64_t rows = axis == 2 ? g->ny : g->nz * (axis ? 1 : g->ny);
  int threads = parallel_threads();
  TRY(kernel(&w, &radius, sigma * sigma));
  scratch = malloc((size_t)threads * (size_t)length * TILE * sizeof *scratch);
  CHECK(scratch, ST_MEMORY, "smoothing lines of %lld voxels", (long long)length);
#pragma omp parallel num_threads(threads)
  {
    double *line = scratch + (size_t)omp_get_thread_num() * (size_t)length * TILE;
#pragma omp for schedule(static)
    for (int64_t r = 0; r < rows * tiles; r++) {
      int64_t row = r / tiles, x = (r % tiles) * TILE;
      int64_t start = row * (axis == 1 ? stride[2] : stride[1]) + x;
      int width = axis == 0 ? 1 : (int)(g->nx - x < TILE ? g->nx - x : TILE);
      smooth_lines(voxels + start, stride[axis], length, width, w, radius, line);
    }
  }
done:
  free(w);
  free(scratch);
  return st;
}

static status smooth(float *voxels, const struct geometry *g, const double sigma_mm[3]) {
  status st = ST_OK;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  for (int axis = 0; axis < 3; axis++)
    if (n[axis] > 1 && sigma_mm[axis] > 0) TRY(smooth_axis(voxels, g, axis, sigma_mm[axis]));
done:
  return st;
}

/* Where there is no data its neighbours share the weight; it stays without data. */
static status smooth_with_gaps(struct volume *v, const struct volume *in,
                               const double sigma_mm[3]) {
  status st = ST_OK;
  struct volume *weight = NULL;
  int64_t n = geometry_voxels(&v->grid);
  TRY(volume_create_like(&weight, v));
  for (int64_t i = 0; i < n; i++) {
    bool there = !isnan(in->voxels[i]);
    weight->voxels[i] = there;
    if (!there) v->voxels[i] = 0;
  }
  TRY(smooth(v->voxels, &v->grid, sigma_mm));
  TRY(smooth(weight->voxels, &v->grid, sigma_mm));
  for (int64_t i = 0; i < n; i++)
    v->voxels[i] = isnan(in->voxels[i]) ? NAN : v->voxels[i] / weight->voxels[i];
done:
  volume_destroy(weight);
  return st;
}

status filter_gaussian_axes(struct volume **out, const struct volume *in,
                            const double sigma_mm[3]) {
  status st = ST_OK;
  struct volume *v = NULL;
  int64_t n = geometry_voxels(&in->grid);
  bool gaps = false;
  for (int axis = 0; axis < 3; axis++)
    CHECK(isfinite(sigma_mm[axis]) && sigma_mm[axis] >= 0, ST_DOMAIN,
          "smoothing with sigma %g mm: must be 0 or more", sigma_mm[axis]);
  TRY(volume_copy(&v, in));
  for (int64_t i = 0; i < n && !gaps; i++) gaps = isnan(in->voxels[i]);
  TRY(gaps ? smooth_with_gaps(v, in, sigma_mm) : smooth(v->voxels, &v->grid, sigma_mm));
  *out = v;
  v = NULL;
done:
  volume_destroy(v);
  return st;
}

status filter_gaussian(struct volume **out, const struct volume *in, double sigma_mm) {
  const double each[3] = {sigma_mm, sigma_mm, sigma_mm};
  return filter_gaussian_axes(out, in, each);
}
