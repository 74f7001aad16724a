/* Laplacian of Gaussian as a sum of separable parts. Source: ibsi_filters (L6PA) */
#include "radiomics/convolve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

/* Gaussian g and its second derivative on -reach..reach, voxel units. */
struct profile {
  double *g, *g2; /* owned */
  int reach;
  double sum, sum2;
};

static status profile_make(struct profile *p, double sigma, double truncate) {
  status st = ST_OK;
  p->reach = (int)floor(truncate * sigma + 0.5);
  int n = 2 * p->reach + 1;
  p->g = malloc((size_t)n * sizeof *p->g);
  p->g2 = malloc((size_t)n * sizeof *p->g2);
  CHECK(p->g && p->g2, ST_MEMORY, "filter: no memory for a kernel of %d voxels", n);
  double s2 = sigma * sigma;
  for (int t = 0; t < n; t++) {
    double k = t - p->reach;
    p->g[t] = exp(-k * k / (2 * s2)) / (sqrt(2 * PI) * sigma);
    p->g2[t] = p->g[t] * (k * k / s2 - 1) / s2;
    p->sum += p->g[t];
    p->sum2 += p->g2[t];
  }
done:
  return st;
}

/* out += the response of the part that differentiates along axis `d`. */
static status add_part(double *out, double *work, const double *x, const int64_t n[3],
                       const struct profile *p, int axes, int d, enum rad_boundary b) {
  status st = ST_OK;
  struct rad_kernel kernel[3];
  const struct rad_kernel *k[3] = {NULL, NULL, NULL};
  int64_t size = n[0] * n[1] * n[2];
  for (int a = 0; a < axes; a++) {
    kernel[a] = (struct rad_kernel){a == d ? p[a].g2 : p[a].g, 2 * p[a].reach + 1, p[a].reach, 1};
    k[a] = &kernel[a];
  }
  memcpy(work, x, (size_t)size * sizeof *work);
  TRY(rad_convolve(work, n, k, b));
  for (int64_t i = 0; i < size; i++) out[i] += work[i];
done:
  return st;
}

status rad_filter_log(double *out, const double *x, const struct geometry *grid,
                      const struct rad_filter *f, bool by_slice) {
  status st = ST_OK;
  const int64_t n[3] = {grid->nx, grid->ny, grid->nz};
  int64_t size = n[0] * n[1] * n[2];
  int axes = by_slice ? 2 : 3;
  struct profile p[3] = {{0}};
  double *work = malloc((size_t)size * sizeof *work);
  CHECK(work, ST_MEMORY, "filter: no memory for %lld voxels", (long long)size);
  for (int a = 0; a < axes; a++)
    TRY(profile_make(&p[a], f->sigma_mm / grid->spacing[a], f->truncate));
  memset(out, 0, (size_t)size * sizeof *out);
  double total = 0; /* of the kernel: taken off so that it sums to zero */
  int reach[3] = {p[0].reach, p[1].reach, p[2].reach};
  for (int d = 0; d < axes; d++) {
    double part = 1;
    for (int a = 0; a < axes; a++) part *= a == d ? p[a].sum2 : p[a].sum;
    total += part;
    TRY(add_part(out, work, x, n, p, axes, d, f->boundary));
  }
  memcpy(work, x, (size_t)size * sizeof *work);
  TRY(rad_box_mean(work, n, reach, f->boundary));
  for (int64_t i = 0; i < size; i++) out[i] -= total * work[i];
done:
  for (int a = 0; a < 3; a++) {
    free(p[a].g);
    free(p[a].g2);
  }
  free(work);
  return st;
}
