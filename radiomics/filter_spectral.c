/* Filters defined in Fourier space: Simoncelli's band, the Riesz transform.
 * Source: ibsi_filters (PRT7 Simoncelli, AYRS Riesz) */
#include "core/parallel.h"
#include "radiomics/convolve.h"
#include "radiomics/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
enum { MARGIN = 48 }; /* voxels of extension; the band's response falls off within it */

/* Frequency of bin k of n as a share of Nyquist. The consensus maps of the Simoncelli filter lay n
 * points evenly over -1..1, ends included; the Riesz transform and the Laplacian use the
 * frequencies of the discrete transform. */
static double frequency(int64_t k, int64_t n, bool even_grid) {
  if (n == 1) return 0;
  int64_t shifted = (k + n / 2) % n;
  if (even_grid) return (2.0 * (double)shifted - (double)(n - 1)) / (double)(n - 1);
  return 2.0 * (double)(shifted - n / 2) / (double)n;
}

/* One octave around half the band's limit: cos(pi/2 log2(2 r/limit)), limit = 2^(1 - level). */
static double simoncelli(double r, int level) {
  double limit = ldexp(1, 1 - level);
  if (r <= limit / 4 || r > limit) return 0;
  return cos(0.5 * PI * log2(2 * r / limit));
}

/* Laplacian of Gaussian: -w^2 exp(-w^2 sigma^2/2), voxel units. */
static double laplacian(const double v[3], const double sigma[3]) {
  double s = 0;
  double e = 0;
  for (int a = 0; a < 3; a++) {
    double w = PI * v[a];
    s += w * w;
    e += w * w * sigma[a] * sigma[a];
  }
  return -s * exp(-0.5 * e);
}

static double factorial(int n) {
  return n < 2 ? 1 : n * factorial(n - 1);
}

/* Riesz factor without its power of -i. */
static double riesz(const double v[3], double r, const int order[3], double norm) {
  double p = norm;
  for (int a = 0; a < 3; a++)
    for (int n = 0; n < order[a]; n++) p *= r > 0 ? v[a] / r : 0;
  return p;
}

struct gain {
  const struct rad_filter *f;
  double sigma[3]; /* voxels */
  bool riesz;
  int power; /* of -i */
  double norm;
};

static void gain_init(struct gain *g, const struct geometry *grid, const struct rad_filter *f) {
  g->f = f;
  g->riesz = f->kind != RAD_FILTER_SIMONCELLI;
  g->power = 0;
  g->norm = 1;
  for (int a = 0; a < 3; a++) {
    g->sigma[a] = f->sigma_mm / grid->spacing[a];
    if (!g->riesz) continue;
    g->power += f->order[a];
    g->norm /= factorial(f->order[a]);
  }
  g->norm = sqrt(g->norm * factorial(g->power));
  g->power %= 4;
}

/* Multiply one bin. */
static void apply(double *re, double *im, const struct gain *g, const double v[3]) {
  double r = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  double a =
      g->f->kind == RAD_FILTER_RIESZ_LOG ? laplacian(v, g->sigma) : simoncelli(r, g->f->level);
  if (g->riesz) a *= riesz(v, r, g->f->order, g->norm);
  double x = *re * a;
  double y = *im * a;
  switch (g->power) { /* (-i)^power */
  case 0:
    *re = x, *im = y;
    break;
  case 1:
    *re = y, *im = -x;
    break;
  case 2:
    *re = -x, *im = -y;
    break;
  default:
    *re = -y, *im = x;
    break;
  }
}

/* The whole volume, or one slice when size[2] is 1. */
static status filter_block(double *out, const double *x, const int64_t n[3],
                           const struct rad_filter *f, const struct gain *g, bool by_slice) {
  status st = ST_OK;
  int64_t size[3], at[3];
  int64_t margin[3] = {MARGIN << (f->level - 1), MARGIN << (f->level - 1),
                       by_slice ? 0 : MARGIN << (f->level - 1)};
  double *re = NULL;
  double *im = NULL;
  TRY(rad_extend(&re, size, at, x, n, margin, f->boundary));
  int64_t total = size[0] * size[1] * size[2];
  im = calloc((size_t)total, sizeof *im);
  CHECK(im, ST_MEMORY, "filter: no memory for a transform of %lld voxels", (long long)total);
  TRY(rad_fft_volume(re, im, size, -1));
  bool even = f->kind == RAD_FILTER_SIMONCELLI;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < size[2]; k++)
    for (int64_t j = 0; j < size[1]; j++)
      for (int64_t i = 0; i < size[0]; i++) {
        double v[3] = {frequency(i, size[0], even), frequency(j, size[1], even),
                       frequency(k, size[2], even)};
        int64_t c = (k * size[1] + j) * size[0] + i;
        apply(&re[c], &im[c], g, v);
      }
  TRY(rad_fft_volume(re, im, size, +1));
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++)
      for (int64_t i = 0; i < n[0]; i++)
        out[(k * n[1] + j) * n[0] + i] =
            re[((k + at[2]) * size[1] + j + at[1]) * size[0] + i + at[0]] / (double)total;
done:
  free(re);
  free(im);
  return st;
}

status rad_filter_spectral(double *out, const double *x, const struct geometry *grid,
                           const struct rad_filter *f, bool by_slice) {
  status st = ST_OK;
  const int64_t n[3] = {grid->nx, grid->ny, by_slice ? 1 : grid->nz};
  int64_t plane = grid->nx * grid->ny;
  struct gain g;
  gain_init(&g, grid, f);
  if (!by_slice) return filter_block(out, x, n, f, &g, false);
  for (int64_t k = 0; k < grid->nz; k++)
    TRY(filter_block(out + k * plane, x + k * plane, n, f, &g, true));
done:
  return st;
}
