/* Gaussian smoothing by the discrete Gaussian kernel exp(-t) I_n(t), t = (sigma/spacing)^2, whose
 * variance is exactly t at any width (a sampled Gaussian falls short below one voxel). Separable,
 * border voxels repeated. Source: lindeberg1990, equation 17. */
#include "core/filter.h"
#include "core/filter_lines.h"

#include <math.h>
#include <stdlib.h>

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

struct half_kernel {
  double *w; /* owned */
  int64_t radius;
};

static bool all_zero(const double *in) {
  for (int x = 0; x < FILTER_LANES; x++)
    if (in[x] != 0) return false;
  return true;
}

/* Beyond the reach of the places that hold anything all is 0, as most of the box of a bone is. */
static void smooth_lines(double *out, const double *in, int64_t n, const void *user) {
  const struct half_kernel *k = user;
  int64_t first = 0, last = n - 1;
  while (first < n && all_zero(in + first * FILTER_LANES)) first++;
  while (last > first && all_zero(in + last * FILTER_LANES)) last--;
  for (int64_t i = 0; i < n * FILTER_LANES; i++) out[i] = 0;
  if (first == n) return;
  first = first > k->radius ? first - k->radius : 0;
  last = last + k->radius < n ? last + k->radius : n - 1;
  for (int64_t i = first; i <= last; i++) {
    double sum[FILTER_LANES];
    for (int x = 0; x < FILTER_LANES; x++) sum[x] = k->w[0] * in[i * FILTER_LANES + x];
    for (int64_t m = 1; m <= k->radius; m++) {
      const double *a = in + clamp_index(i - m, n) * FILTER_LANES;
      const double *b = in + clamp_index(i + m, n) * FILTER_LANES;
      for (int x = 0; x < FILTER_LANES; x++) sum[x] += k->w[m] * (a[x] + b[x]);
    }
    for (int x = 0; x < FILTER_LANES; x++) out[i * FILTER_LANES + x] = sum[x];
  }
}

static status smooth_axis(float *voxels, const struct geometry *g, int axis, double sigma_mm) {
  status st = ST_OK;
  const int64_t size[3] = {g->nx, g->ny, g->nz};
  struct half_kernel k = {NULL, 0};
  double sigma = sigma_mm / g->spacing[axis];
  TRY(kernel(&k.w, &k.radius, sigma * sigma));
  TRY(filter_lines(voxels, size, axis, smooth_lines, &k));
done:
  free(k.w);
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
