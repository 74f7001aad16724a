#include "radiomics/spatial.h"

#include "core/parallel.h"
#include "radiomics/fft.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_LIMIT = 2000 };

/* Weighted pair sums: of weights, of products, of squared differences. */
struct sums {
  double weight, product, difference;
};

static status by_pairs(struct sums *out, const struct rad_roi *roi, double mean) {
  status st = ST_OK;
  double(*p)[4] = malloc((size_t)roi->voxels * sizeof *p);
  CHECK(p, ST_MEMORY, "radiomics: no memory for %lld voxels", (long long)roi->voxels);
  int64_t n = 0;
  for (int64_t k = 1; k < roi->n[2] - 1; k++)
    for (int64_t j = 1; j < roi->n[1] - 1; j++)
      for (int64_t i = 1; i < roi->n[0] - 1; i++) {
        int64_t at = rad_at(roi, i, j, k);
        if (!roi->mask[at]) continue;
        p[n][0] = (double)i * roi->spacing[0];
        p[n][1] = (double)j * roi->spacing[1];
        p[n][2] = (double)k * roi->spacing[2];
        p[n++][3] = roi->x[at] - mean;
      }
  struct sums s = {0, 0, 0};
  for (int64_t a = 0; a < n; a++)
    for (int64_t b = a + 1; b < n; b++) {
      double dx = p[a][0] - p[b][0];
      double dy = p[a][1] - p[b][1];
      double dz = p[a][2] - p[b][2];
      double w = 2 / sqrt(dx * dx + dy * dy + dz * dz); /* both orders */
      double d = p[a][3] - p[b][3];
      s.weight += w;
      s.product += w * p[a][3] * p[b][3];
      s.difference += w * d * d;
    }
  *out = s;
done:
  free(p);
  return st;
}

/* Fields transformed along x: [kx][y][z], kx = 0..px/2. */
struct spectra {
  const struct rad_roi *roi;
  double mean;
  int64_t n[3];        /* box without its border */
  int64_t p[3];        /* padded lengths */
  int64_t half;        /* px/2 + 1 */
  double *field[3][2]; /* y, y^2, m; real and imaginary */
  double *kernel;      /* real */
  struct rad_fft *plan[3];
};

static size_t plane_size(const struct spectra *s) {
  return (size_t)(s->n[1] * s->n[2]);
}

/* Rows of one y: y and m packed as one complex line, y^2 alone; lines are z. */
static void fields_row(struct spectra *s, int64_t j, double *b) {
  int64_t nz = s->n[2];
  int64_t px = s->p[0];
  size_t size = (size_t)(px * nz);
  double *re[2] = {b, b + 2 * size};
  double *im[2] = {b + size, b + 3 * size};
  memset(b, 0, 4 * size * sizeof *b);
  for (int64_t k = 0; k < nz; k++)
    for (int64_t i = 0; i < s->n[0]; i++) {
      int64_t at = rad_at(s->roi, i + 1, j + 1, k + 1);
      if (!s->roi->mask[at]) continue;
      double y = s->roi->x[at] - s->mean;
      re[0][i * nz + k] = y;
      im[0][i * nz + k] = 1;
      re[1][i * nz + k] = y * y;
    }
  for (int f = 0; f < 2; f++) rad_fft_run(s->plan[0], re[f], im[f], b + 4 * size, b + 5 * size, nz);
  for (int64_t kx = 0; kx < s->half; kx++) {
    int64_t mirror = kx ? px - kx : 0;
    size_t out = (size_t)kx * plane_size(s) + (size_t)(j * nz);
    for (int64_t k = 0; k < nz; k++) {
      double cr = re[0][kx * nz + k], ci = im[0][kx * nz + k];
      double dr = re[0][mirror * nz + k], di = im[0][mirror * nz + k];
      s->field[0][0][out + (size_t)k] = 0.5 * (cr + dr);
      s->field[0][1][out + (size_t)k] = 0.5 * (ci - di);
      s->field[2][0][out + (size_t)k] = 0.5 * (ci + di);
      s->field[2][1][out + (size_t)k] = -0.5 * (cr - dr);
      s->field[1][0][out + (size_t)k] = re[1][kx * nz + k];
      s->field[1][1][out + (size_t)k] = im[1][kx * nz + k];
    }
  }
}

/* 1/r is even, so its transform along x is real. */
static void kernel_row(struct spectra *s, int64_t j, double *b) {
  int64_t nz = s->n[2];
  int64_t px = s->p[0];
  size_t size = (size_t)(px * nz);
  const double *h = s->roi->spacing;
  memset(b, 0, 2 * size * sizeof *b);
  for (int64_t i = 0; i < s->n[0]; i++)
    for (int64_t k = 0; k < nz; k++) {
      double dx = (double)i * h[0];
      double dy = (double)j * h[1];
      double dz = (double)k * h[2];
      double r = sqrt(dx * dx + dy * dy + dz * dz);
      double w = r > 0 ? 1 / r : 0;
      b[i * nz + k] = w;
      if (i) b[(px - i) * nz + k] = w;
    }
  rad_fft_run(s->plan[0], b, b + size, b + 2 * size, b + 3 * size, nz);
  for (int64_t kx = 0; kx < s->half; kx++)
    memcpy(s->kernel + (size_t)kx * plane_size(s) + (size_t)(j * nz), b + kx * nz,
           (size_t)nz * sizeof *b);
}

/* [ny][nz] -> padded [pz][py], both axes transformed. b: six planes of py*pz; the result is in the
 * first two. `even`: the plane is the octant of an even real one. */
static void plane_transform(const struct spectra *s, double *b, const double *re, const double *im,
                            bool even) {
  int64_t py = s->p[1], pz = s->p[2], ny = s->n[1], nz = s->n[2];
  size_t size = (size_t)(py * pz);
  double *ar = b + 2 * size, *ai = b + 3 * size, *wr = b + 4 * size, *wi = b + 5 * size;
  memset(ar, 0, 2 * size * sizeof *b);
  memcpy(ar, re, (size_t)(ny * nz) * sizeof *b);
  if (im) memcpy(ai, im, (size_t)(ny * nz) * sizeof *b);
  for (int64_t j = 1; even && j < ny; j++)
    memcpy(ar + (py - j) * nz, re + j * nz, (size_t)nz * sizeof *b);
  rad_fft_run(s->plan[1], ar, ai, wr, wi, nz);
  memset(b, 0, 2 * size * sizeof *b);
  for (int64_t j = 0; j < py; j++)
    for (int64_t k = 0; k < nz; k++) {
      b[k * py + j] = ar[j * nz + k];
      b[size + (size_t)(k * py + j)] = ai[j * nz + k];
      if (even && k) {
        b[(pz - k) * py + j] = ar[j * nz + k];
        b[size + (size_t)((pz - k) * py + j)] = ai[j * nz + k];
      }
    }
  rad_fft_run(s->plan[2], b, b + size, wr, wi, py);
}

/* Contribution of one kx. b: ten planes. */
static struct sums plane_sums(const struct spectra *s, int64_t kx, double *b) {
  size_t size = (size_t)(s->p[1] * s->p[2]);
  size_t at = (size_t)kx * plane_size(s);
  double *work = b + 4 * size;
  struct sums t = {0, 0, 0};
  plane_transform(s, work, s->kernel + at, NULL, true);
  double *w = b;
  memcpy(w, work, size * sizeof *b);
  plane_transform(s, work, s->field[2][0] + at, s->field[2][1] + at, false);
  double *m = b + size; /* real and imaginary planes follow each other */
  memcpy(m, work, 2 * size * sizeof *b);
  plane_transform(s, work, s->field[1][0] + at, s->field[1][1] + at, false);
  for (size_t c = 0; c < size; c++) {
    t.weight += w[c] * (m[c] * m[c] + m[size + c] * m[size + c]);
    t.difference += 2 * w[c] * (work[c] * m[c] + work[size + c] * m[size + c]);
  }
  plane_transform(s, work, s->field[0][0] + at, s->field[0][1] + at, false);
  for (size_t c = 0; c < size; c++)
    t.product += w[c] * (work[c] * work[c] + work[size + c] * work[size + c]);
  t.difference -= 2 * t.product;
  return t;
}

static void spectra_free(struct spectra *s) {
  for (int f = 0; f < 3; f++) {
    free(s->field[f][0]);
    free(s->field[f][1]);
    rad_fft_destroy(s->plan[f]);
  }
  free(s->kernel);
}

static status spectra_init(struct spectra *s) {
  status st = ST_OK;
  for (int a = 0; a < 3; a++) {
    s->n[a] = s->roi->n[a] - 2;
    s->p[a] = rad_fft_good_length(2 * s->n[a] - 1);
    TRY(rad_fft_create(&s->plan[a], s->p[a]));
  }
  s->half = s->p[0] / 2 + 1;
  size_t n = (size_t)s->half * plane_size(s);
  s->kernel = malloc(n * sizeof(double));
  for (int f = 0; f < 6; f++) s->field[f / 2][f & 1] = malloc(n * sizeof(double));
  for (int f = 0; f < 6; f++)
    CHECK(s->field[f / 2][f & 1] && s->kernel, ST_MEMORY,
          "radiomics: Moran's I needs %.0f MB for a box of %lld x %lld x %lld voxels; leave out "
          "the spatial features or use a coarser grid",
          7e-6 * 8 * (double)n, (long long)s->n[0], (long long)s->n[1], (long long)s->n[2]);
done:
  return st;
}

static status by_fourier(struct sums *out, const struct rad_roi *roi, double mean) {
  status st = ST_OK;
  struct spectra s = {.roi = roi, .mean = mean};
  int threads = parallel_threads();
  double *work = NULL;
  struct sums *part = NULL;
  TRY(spectra_init(&s));
  size_t line = 6 * (size_t)(s.p[0] * s.n[2]);
  size_t plane = 10 * (size_t)(s.p[1] * s.p[2]);
  size_t each = line > plane ? line : plane;
  work = malloc((size_t)threads * each * sizeof *work);
  part = malloc((size_t)s.half * sizeof *part);
  CHECK(work && part, ST_MEMORY, "radiomics: no memory for the transform of Moran's I");
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int64_t j = 0; j < s.n[1]; j++) {
    double *b = work + (size_t)omp_get_thread_num() * each;
    fields_row(&s, j, b);
    kernel_row(&s, j, b);
  }
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int64_t kx = 0; kx < s.half; kx++)
    part[kx] = plane_sums(&s, kx, work + (size_t)omp_get_thread_num() * each);
  struct sums t = {0, 0, 0};
  for (int64_t kx = 0; kx < s.half; kx++) {
    double twice = kx == 0 || 2 * kx == s.p[0] ? 1 : 2;
    t.weight += twice * part[kx].weight;
    t.product += twice * part[kx].product;
    t.difference += twice * part[kx].difference;
  }
  double scale = 1 / ((double)s.p[0] * (double)s.p[1] * (double)s.p[2]);
  *out = (struct sums){t.weight * scale, t.product * scale, t.difference * scale};
done:
  spectra_free(&s);
  free(work);
  free(part);
  return st;
}

status rad_spatial(double *moran, double *geary, const struct rad_roi *roi,
                   enum rad_spatial_method method) {
  status st = ST_OK;
  struct sums s = {0, 0, 0};
  double mean = 0;
  double square = 0;
  double n = (double)roi->voxels;
  int64_t size = roi->n[0] * roi->n[1] * roi->n[2];
  *moran = *geary = NAN;
  if (roi->voxels < 2 || !(roi->high > roi->low)) return ST_OK;
  for (int64_t i = 0; i < size; i++)
    if (roi->mask[i]) mean += roi->x[i];
  mean /= n;
  for (int64_t i = 0; i < size; i++)
    if (roi->mask[i]) square += (roi->x[i] - mean) * (roi->x[i] - mean);
  bool pairs =
      method == RAD_SPATIAL_PAIRS || (method == RAD_SPATIAL_AUTO && roi->voxels <= PAIRS_LIMIT);
  TRY(pairs ? by_pairs(&s, roi, mean) : by_fourier(&s, roi, mean));
  *moran = n / s.weight * s.product / square;
  *geary = (n - 1) / (2 * s.weight) * s.difference / square;
done:
  return st;
}
