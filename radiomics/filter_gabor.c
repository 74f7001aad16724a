/* Modulus of the response to rotated Gabor kernels, plane by plane in Fourier space.
 * Source: ibsi_filters (Q88H) */
#include "core/parallel.h"
#include "radiomics/convolve.h"
#include "radiomics/fft.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
/* The kernel is followed to where its envelope is below 1e-9. */
static const double REACH_SIGMA = 6.5;

struct plane {
  int u, v;        /* axes */
  int64_t n[3];    /* of the image */
  int64_t size[3]; /* extended plane, size[2] = 1 */
  int64_t margin[3];
  double spacing[2];
};

/* Transform of the kernel at angle theta, centred at the origin of the periodic plane. */
static status kernel_transform(double **re, double **im, const struct plane *p,
                               const struct rad_filter *f, double theta) {
  status st = ST_OK;
  size_t size = (size_t)(p->size[0] * p->size[1]);
  double *a = malloc(size * sizeof *a);
  double *b = malloc(size * sizeof *b);
  CHECK(a && b, ST_MEMORY, "Gabor filter: no memory");
  double sigma = f->sigma_mm / p->spacing[0];
  double lambda = f->lambda_mm / p->spacing[0];
  for (int64_t j = 0; j < p->size[1]; j++)
    for (int64_t i = 0; i < p->size[0]; i++) {
      double x = (double)(2 * i > p->size[0] ? i - p->size[0] : i);
      double y = (double)(2 * j > p->size[1] ? j - p->size[1] : j);
      y *= p->spacing[1] / p->spacing[0];
      double u = x * cos(theta) + y * sin(theta);
      double v = -x * sin(theta) + y * cos(theta);
      double g = exp(-(u * u + f->gamma * f->gamma * v * v) / (2 * sigma * sigma));
      a[j * p->size[0] + i] = g * cos(2 * PI * u / lambda);
      b[j * p->size[0] + i] = g * sin(2 * PI * u / lambda);
    }
  TRY(rad_fft_volume(a, b, p->size, -1));
  *re = a;
  *im = b;
  a = b = NULL;
done:
  free(a);
  free(b);
  return st;
}

static void plane_init(struct plane *p, const struct geometry *g, int u, int v,
                       const struct rad_filter *f) {
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  double wide = fmax(1, 1 / f->gamma);
  int axis[2] = {u, v};
  p->u = u;
  p->v = v;
  p->size[2] = p->margin[2] = 1;
  for (int a = 0; a < 2; a++) {
    p->n[a] = n[axis[a]];
    p->spacing[a] = g->spacing[axis[a]];
    p->margin[a] = (int64_t)ceil(REACH_SIGMA * wide * f->sigma_mm / p->spacing[a]);
    p->size[a] = f->boundary == RAD_BOUNDARY_PERIODIC
                     ? p->n[a]
                     : rad_fft_good_length(p->n[a] + 2 * p->margin[a]);
  }
  p->n[2] = 1;
}

struct angles {
  double *re[64], *im[64]; /* owned kernels */
  int count;
};

/* One slice: transform once, multiply by each kernel, add or compare the moduli. */
static void filter_slice(double *out, const double *x, const int64_t stride[2],
                         const struct plane *p, const struct angles *k, const struct rad_filter *f,
                         double share, double *b) {
  size_t size = (size_t)(p->size[0] * p->size[1]);
  int64_t shift[2];
  for (int a = 0; a < 2; a++) shift[a] = f->boundary == RAD_BOUNDARY_PERIODIC ? 0 : p->margin[a];
  double *sr = b, *si = b + size, *tr = b + 2 * size, *ti = b + 3 * size;
  memset(si, 0, size * sizeof *si);
  for (int64_t j = 0; j < p->size[1]; j++)
    for (int64_t i = 0; i < p->size[0]; i++) {
      int64_t q = rad_boundary_index(i - shift[0], p->n[0], f->boundary);
      int64_t r = rad_boundary_index(j - shift[1], p->n[1], f->boundary);
      sr[j * p->size[0] + i] = q >= 0 && r >= 0 ? x[q * stride[0] + r * stride[1]] : 0;
    }
  if (rad_fft_volume(sr, si, p->size, -1)) return;
  double scale = 1 / (double)size;
  for (int n = 0; n < k->count; n++) {
    for (size_t c = 0; c < size; c++) {
      tr[c] = sr[c] * k->re[n][c] - si[c] * k->im[n][c];
      ti[c] = sr[c] * k->im[n][c] + si[c] * k->re[n][c];
    }
    if (rad_fft_volume(tr, ti, p->size, +1)) return;
    for (int64_t j = 0; j < p->n[1]; j++)
      for (int64_t i = 0; i < p->n[0]; i++) {
        size_t c = (size_t)((j + shift[1]) * p->size[0] + i + shift[0]);
        double m = scale * sqrt(tr[c] * tr[c] + ti[c] * ti[c]);
        double *to = out + i * stride[0] + j * stride[1];
        if (f->pooling == RAD_POOL_MAX)
          *to = fmax(*to, m);
        else
          *to += share * m;
      }
  }
}

static status filter_plane(double *out, const double *x, const struct geometry *g, int u, int v,
                           const struct rad_filter *f, double share) {
  status st = ST_OK;
  const int64_t stride[3] = {1, g->nx, g->nx * g->ny};
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int w = 3 - u - v;
  struct plane p;
  struct angles k = {.count = 1};
  double *work = NULL;
  plane_init(&p, g, u, v, f);
  if (f->pooling != RAD_POOL_NONE) k.count = (int)(180 / f->theta_deg + 0.5);
  CHECK(k.count >= 1 && k.count <= 64, ST_USAGE, "Gabor filter: step %g deg gives %d angles",
        f->theta_deg, k.count);
  for (int a = 0; a < k.count; a++) {
    double theta = (f->pooling == RAD_POOL_NONE ? 1 : a) * f->theta_deg * PI / 180;
    TRY(kernel_transform(&k.re[a], &k.im[a], &p, f, theta));
  }
  size_t each = 4 * (size_t)(p.size[0] * p.size[1]);
  work = malloc((size_t)parallel_threads() * each * sizeof *work);
  CHECK(work, ST_MEMORY, "Gabor filter: no memory");
  const int64_t in_plane[2] = {stride[u], stride[v]};
  for (int64_t s = 0; s < n[w]; s++)
    filter_slice(out + s * stride[w], x + s * stride[w], in_plane, &p, &k, f, share / k.count,
                 work);
done:
  for (int a = 0; a < k.count && a < 64; a++) {
    free(k.re[a]);
    free(k.im[a]);
  }
  free(work);
  return st;
}

status rad_filter_gabor(double *out, const double *x, const struct geometry *grid,
                        const struct rad_filter *f, bool by_slice) {
  status st = ST_OK;
  bool three = f->orthogonal && !by_slice;
  double share = three ? 1.0 / 3 : 1;
  memset(out, 0, (size_t)geometry_voxels(grid) * sizeof *out);
  TRY(filter_plane(out, x, grid, 0, 1, f, share));
  if (three) {
    TRY(filter_plane(out, x, grid, 0, 2, f, share));
    TRY(filter_plane(out, x, grid, 1, 2, f, share));
  }
done:
  return st;
}
