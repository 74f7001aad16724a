#include "radiomics/convolve.h"

#include "core/parallel.h"
#include "radiomics/fft.h"

#include <stdlib.h>
#include <string.h>

int64_t rad_boundary_index(int64_t i, int64_t n, enum rad_boundary b) {
  if (i >= 0 && i < n) return i;
  switch (b) {
  case RAD_BOUNDARY_ZERO:
    return -1;
  case RAD_BOUNDARY_NEAREST:
    return i < 0 ? 0 : n - 1;
  case RAD_BOUNDARY_PERIODIC:
    return ((i % n) + n) % n;
  case RAD_BOUNDARY_MIRROR: {
    int64_t p = ((i % (2 * n)) + 2 * n) % (2 * n);
    return p < n ? p : 2 * n - 1 - p;
  }
  }
  return -1;
}

/* Source index of each tap and point: [length][n]. */
static int64_t *tap_indices(int64_t n, const struct rad_kernel *k, enum rad_boundary b) {
  int64_t *at = malloc((size_t)(n * k->length) * sizeof *at);
  for (int t = 0; at && t < k->length; t++)
    for (int64_t i = 0; i < n; i++)
      at[t * n + i] = rad_boundary_index(i + k->origin - (int64_t)t * k->dilation, n, b);
  return at;
}

/* One target row (or plane of rows) from shifted sources. */
static void add_shifted(double *to, const double *block, int64_t inner, int64_t i, int64_t n,
                        const int64_t *at, const struct rad_kernel *k) {
  memset(to, 0, (size_t)inner * sizeof *to);
  for (int t = 0; t < k->length; t++) {
    int64_t source = at[t * n + i];
    double w = k->w[t];
    if (source < 0 || w == 0) continue;
    const double *from = block + source * inner;
    for (int64_t q = 0; q < inner; q++) to[q] += w * from[q];
  }
}

static void convolve_line(double *to, const double *from, int64_t n, const int64_t *at,
                          const struct rad_kernel *k) {
  int64_t reach = (int64_t)k->length * k->dilation;
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    if (i >= reach && i < n - reach) {
      const double *x = from + i + k->origin;
      for (int t = 0; t < k->length; t++) sum += k->w[t] * x[-(int64_t)t * k->dilation];
    } else {
      for (int t = 0; t < k->length; t++)
        if (at[t * n + i] >= 0) sum += k->w[t] * from[at[t * n + i]];
    }
    to[i] = sum;
  }
}

status rad_convolve_axis(double *out, const double *in, const int64_t n[3], int axis,
                         const struct rad_kernel *k, enum rad_boundary b) {
  status st = ST_OK;
  int64_t inner = axis == 0 ? 1 : axis == 1 ? n[0] : n[0] * n[1];
  int64_t length = n[axis];
  int64_t outer = n[0] * n[1] * n[2] / inner / length;
  int64_t *at = tap_indices(length, k, b);
  CHECK(at, ST_MEMORY, "radiomics: no memory for a kernel of %d taps", k->length);
  if (axis == 0) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
    for (int64_t l = 0; l < outer; l++)
      convolve_line(out + l * length, in + l * length, length, at, k);
  } else {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
    for (int64_t l = 0; l < outer * length; l++)
      add_shifted(out + l * inner, in + l / length * length * inner, inner, l % length, length, at,
                  k);
  }
done:
  free(at);
  return st;
}

status rad_convolve(double *x, const int64_t n[3], const struct rad_kernel *const k[3],
                    enum rad_boundary b) {
  status st = ST_OK;
  size_t bytes = (size_t)(n[0] * n[1] * n[2]) * sizeof *x;
  double *other = malloc(bytes);
  CHECK(other, ST_MEMORY, "radiomics: no memory for a filtered image");
  for (int a = 0; a < 3; a++) {
    if (!k[a]) continue;
    TRY(rad_convolve_axis(other, x, n, a, k[a], b));
    memcpy(x, other, bytes);
  }
done:
  free(other);
  return st;
}

status rad_box_mean(double *x, const int64_t n[3], const int reach[3], enum rad_boundary b) {
  status st = ST_OK;
  double *w[3] = {NULL, NULL, NULL};
  struct rad_kernel kernel[3];
  const struct rad_kernel *k[3] = {NULL, NULL, NULL};
  for (int a = 0; a < 3; a++) {
    int length = 2 * reach[a] + 1;
    if (length == 1) continue;
    w[a] = malloc((size_t)length * sizeof **w);
    CHECK(w[a], ST_MEMORY, "radiomics: no memory for a kernel");
    for (int t = 0; t < length; t++) w[a][t] = 1.0 / length;
    kernel[a] = (struct rad_kernel){w[a], length, reach[a], 1};
    k[a] = &kernel[a];
  }
  TRY(rad_convolve(x, n, k, b));
done:
  for (int a = 0; a < 3; a++) free(w[a]);
  return st;
}

status rad_extend(double **out, int64_t size[3], int64_t at[3], const double *x, const int64_t n[3],
                  const int64_t margin[3], enum rad_boundary b) {
  status st = ST_OK;
  for (int a = 0; a < 3; a++) {
    bool as_is = b == RAD_BOUNDARY_PERIODIC || n[a] == 1 || margin[a] == 0;
    size[a] = as_is ? n[a] : rad_fft_good_length(n[a] + 2 * margin[a]);
    at[a] = as_is ? 0 : margin[a];
  }
  double *e = malloc((size_t)(size[0] * size[1] * size[2]) * sizeof *e);
  CHECK(e, ST_MEMORY, "radiomics: no memory for an extended image of %lld x %lld x %lld voxels",
        (long long)size[0], (long long)size[1], (long long)size[2]);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < size[2]; k++)
    for (int64_t j = 0; j < size[1]; j++) {
      int64_t q = rad_boundary_index(j - at[1], n[1], b);
      int64_t r = rad_boundary_index(k - at[2], n[2], b);
      for (int64_t i = 0; i < size[0]; i++) {
        int64_t p = rad_boundary_index(i - at[0], n[0], b);
        bool in = p >= 0 && q >= 0 && r >= 0;
        e[(k * size[1] + j) * size[0] + i] = in ? x[(r * n[1] + q) * n[0] + p] : 0;
      }
    }
  *out = e;
done:
  return st;
}
