#include "radiomics/fft.h"

#include "core/parallel.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { FACTORS = 64, BLOCK = 32 };

static const double TAU = 6.28318530717958647692;

struct rad_fft {
  int64_t n;
  int factors[FACTORS], count;
  double *cosine, *sine; /* exp(-2 pi i k/n), k < n */
};

int64_t rad_fft_good_length(int64_t n) {
  for (;; n++) {
    int64_t m = n;
    while (m % 2 == 0) m /= 2;
    while (m % 3 == 0) m /= 3;
    while (m % 5 == 0) m /= 5;
    if (m == 1) return n;
  }
}

void rad_fft_destroy(struct rad_fft *plan) {
  if (!plan) return;
  free(plan->cosine);
  free(plan->sine);
  free(plan);
}

static void factorise(struct rad_fft *p) {
  int64_t m = p->n;
  while (m % 4 == 0) {
    p->factors[p->count++] = 4;
    m /= 4;
  }
  for (int f = 2; m > 1; f++)
    while (m % f == 0) {
      p->factors[p->count++] = f;
      m /= f;
    }
}

status rad_fft_create(struct rad_fft **out, int64_t n) {
  status st = ST_OK;
  struct rad_fft *p = calloc(1, sizeof *p);
  CHECK(p, ST_MEMORY, "Fourier transform: no memory");
  CHECK(n >= 1 && n < INT32_MAX, ST_DOMAIN, "Fourier transform: length %lld", (long long)n);
  p->n = n;
  p->cosine = malloc((size_t)n * sizeof *p->cosine);
  p->sine = malloc((size_t)n * sizeof *p->sine);
  CHECK(p->cosine && p->sine, ST_MEMORY, "Fourier transform: no memory for length %lld",
        (long long)n);
  for (int64_t k = 0; k < n; k++) {
    p->cosine[k] = cos(TAU * (double)k / (double)n);
    p->sine[k] = -sin(TAU * (double)k / (double)n);
  }
  factorise(p);
  *out = p;
  p = NULL;
done:
  rad_fft_destroy(p);
  return st;
}

/* One pass: blocks of length n = r*m, `inner` values side by side.
 *   y[q + inner*(r*p + k)] = w^(p k) sum_j x[q + inner*(p + m*j)] exp(-2 pi i j k / r)
 * w = exp(-2 pi i / n), read from the table of the whole length with step `stride`. */
struct pass {
  const double *xr, *xi;
  double *yr, *yi;
  int64_t m, inner, stride;
  const struct rad_fft *plan;
};

static void pass2(const struct pass *a) {
  for (int64_t p = 0; p < a->m; p++) {
    double c = a->plan->cosine[p * a->stride];
    double s = a->plan->sine[p * a->stride];
    const double *restrict r0 = a->xr + a->inner * p;
    const double *restrict i0 = a->xi + a->inner * p;
    const double *restrict r1 = r0 + a->inner * a->m;
    const double *restrict i1 = i0 + a->inner * a->m;
    double *restrict yr = a->yr + a->inner * 2 * p;
    double *restrict yi = a->yi + a->inner * 2 * p;
    int64_t n = a->inner;
    for (int64_t q = 0; q < n; q++) {
      double dr = r0[q] - r1[q];
      double di = i0[q] - i1[q];
      yr[q] = r0[q] + r1[q];
      yi[q] = i0[q] + i1[q];
      yr[q + n] = dr * c - di * s;
      yi[q + n] = dr * s + di * c;
    }
  }
}

static void pass4(const struct pass *a) {
  for (int64_t p = 0; p < a->m; p++) {
    double c1 = a->plan->cosine[p * a->stride], s1 = a->plan->sine[p * a->stride];
    double c2 = a->plan->cosine[2 * p * a->stride], s2 = a->plan->sine[2 * p * a->stride];
    double c3 = a->plan->cosine[3 * p * a->stride], s3 = a->plan->sine[3 * p * a->stride];
    int64_t n = a->inner;
    int64_t step = n * a->m;
    const double *restrict r = a->xr + n * p;
    const double *restrict i = a->xi + n * p;
    double *restrict yr = a->yr + n * 4 * p;
    double *restrict yi = a->yi + n * 4 * p;
    for (int64_t q = 0; q < n; q++) {
      double ar = r[q] + r[q + 2 * step], ai = i[q] + i[q + 2 * step];
      double br = r[q] - r[q + 2 * step], bi = i[q] - i[q + 2 * step];
      double cr = r[q + step] + r[q + 3 * step], ci = i[q + step] + i[q + 3 * step];
      double dr = r[q + step] - r[q + 3 * step], di = i[q + step] - i[q + 3 * step];
      double er = br + di, ei = bi - dr; /* k = 1: b - i d */
      double fr = ar - cr, fi = ai - ci;
      double gr = br - di, gi = bi + dr;
      yr[q] = ar + cr;
      yi[q] = ai + ci;
      yr[q + n] = er * c1 - ei * s1;
      yi[q + n] = er * s1 + ei * c1;
      yr[q + 2 * n] = fr * c2 - fi * s2;
      yi[q + 2 * n] = fr * s2 + fi * c2;
      yr[q + 3 * n] = gr * c3 - gi * s3;
      yi[q + 3 * n] = gr * s3 + gi * c3;
    }
  }
}

static void pass3(const struct pass *a) {
  static const double H = 0.86602540378443864676; /* sin(60 deg) */
  for (int64_t p = 0; p < a->m; p++) {
    double c1 = a->plan->cosine[p * a->stride], s1 = a->plan->sine[p * a->stride];
    double c2 = a->plan->cosine[2 * p * a->stride], s2 = a->plan->sine[2 * p * a->stride];
    int64_t n = a->inner;
    int64_t step = n * a->m;
    const double *restrict r = a->xr + n * p;
    const double *restrict i = a->xi + n * p;
    double *restrict yr = a->yr + n * 3 * p;
    double *restrict yi = a->yi + n * 3 * p;
    for (int64_t q = 0; q < n; q++) {
      double tr = r[q + step] + r[q + 2 * step], ti = i[q + step] + i[q + 2 * step];
      double ur = H * (r[q + step] - r[q + 2 * step]), ui = H * (i[q + step] - i[q + 2 * step]);
      double mr = r[q] - 0.5 * tr, mi = i[q] - 0.5 * ti;
      double ar = mr + ui, ai = mi - ur; /* k = 1 */
      double br = mr - ui, bi = mi + ur;
      yr[q] = r[q] + tr;
      yi[q] = i[q] + ti;
      yr[q + n] = ar * c1 - ai * s1;
      yi[q + n] = ar * s1 + ai * c1;
      yr[q + 2 * n] = br * c2 - bi * s2;
      yi[q + 2 * n] = br * s2 + bi * c2;
    }
  }
}

static void pass5(const struct pass *a) {
  static const double C1 = 0.30901699437494742410, S1 = 0.95105651629515357212; /* 72 deg */
  static const double C2 = -0.80901699437494742410, S2 = 0.58778525229247312917;
  for (int64_t p = 0; p < a->m; p++) {
    double c[5], s[5];
    for (int k = 1; k < 5; k++) {
      c[k] = a->plan->cosine[k * p * a->stride];
      s[k] = a->plan->sine[k * p * a->stride];
    }
    int64_t n = a->inner;
    int64_t step = n * a->m;
    const double *restrict r = a->xr + n * p;
    const double *restrict i = a->xi + n * p;
    double *restrict yr = a->yr + n * 5 * p;
    double *restrict yi = a->yi + n * 5 * p;
    for (int64_t q = 0; q < n; q++) {
      double ar = r[q + step] + r[q + 4 * step], ai = i[q + step] + i[q + 4 * step];
      double br = r[q + 2 * step] + r[q + 3 * step], bi = i[q + 2 * step] + i[q + 3 * step];
      double dr = r[q + step] - r[q + 4 * step], di = i[q + step] - i[q + 4 * step];
      double er = r[q + 2 * step] - r[q + 3 * step], ei = i[q + 2 * step] - i[q + 3 * step];
      double pr = r[q] + C1 * ar + C2 * br, pi = i[q] + C1 * ai + C2 * bi;
      double mr = r[q] + C2 * ar + C1 * br, mi = i[q] + C2 * ai + C1 * bi;
      double ur = S1 * dr + S2 * er, ui = S1 * di + S2 * ei;
      double vr = S2 * dr - S1 * er, vi = S2 * di - S1 * ei;
      double fr = pr + ui, fi = pi - ur; /* k = 1 */
      double gr = mr + vi, gi = mi - vr; /* k = 2 */
      double hr = mr - vi, hi = mi + vr; /* k = 3 */
      double kr = pr - ui, ki = pi + ur; /* k = 4 */
      yr[q] = r[q] + ar + br;
      yi[q] = i[q] + ai + bi;
      yr[q + n] = fr * c[1] - fi * s[1];
      yi[q + n] = fr * s[1] + fi * c[1];
      yr[q + 2 * n] = gr * c[2] - gi * s[2];
      yi[q + 2 * n] = gr * s[2] + gi * c[2];
      yr[q + 3 * n] = hr * c[3] - hi * s[3];
      yi[q + 3 * n] = hr * s[3] + hi * c[3];
      yr[q + 4 * n] = kr * c[4] - ki * s[4];
      yi[q + 4 * n] = kr * s[4] + ki * c[4];
    }
  }
}

static void pass_any(const struct pass *a, int r) {
  int64_t n = a->inner;
  int64_t root = a->plan->n / r;
  for (int64_t p = 0; p < a->m; p++)
    for (int64_t k = 0; k < r; k++) {
      double *restrict yr = a->yr + n * (r * p + k);
      double *restrict yi = a->yi + n * (r * p + k);
      memset(yr, 0, (size_t)n * sizeof *yr);
      memset(yi, 0, (size_t)n * sizeof *yi);
      for (int64_t j = 0; j < r; j++) {
        int64_t at = (j * k % r * root + p * k * a->stride) % a->plan->n;
        double c = a->plan->cosine[at];
        double s = a->plan->sine[at];
        const double *restrict xr = a->xr + n * (p + a->m * j);
        const double *restrict xi = a->xi + n * (p + a->m * j);
        for (int64_t q = 0; q < n; q++) {
          yr[q] += xr[q] * c - xi[q] * s;
          yi[q] += xr[q] * s + xi[q] * c;
        }
      }
    }
}

void rad_fft_run(const struct rad_fft *plan, double *re, double *im, double *work_re,
                 double *work_im, int64_t lines) {
  double *from[2] = {re, im};
  double *to[2] = {work_re, work_im};
  int64_t length = plan->n;
  int64_t stride = 1;
  int64_t inner = lines;
  for (int f = 0; f < plan->count; f++) {
    int r = plan->factors[f];
    struct pass a = {from[0], from[1], to[0], to[1], length / r, inner, stride, plan};
    if (r == 4)
      pass4(&a);
    else if (r == 2)
      pass2(&a);
    else if (r == 3)
      pass3(&a);
    else if (r == 5)
      pass5(&a);
    else
      pass_any(&a, r);
    length /= r;
    stride *= r;
    inner *= r;
    for (int c = 0; c < 2; c++) {
      double *swap = from[c];
      from[c] = to[c];
      to[c] = swap;
    }
  }
  if (from[0] == re) return;
  size_t bytes = (size_t)(plan->n * lines) * sizeof *re;
  memcpy(re, from[0], bytes);
  memcpy(im, from[1], bytes);
}

/* Lines along x: a block of rows is turned into [n][rows] and back. */
static void run_rows(const struct rad_fft *plan, double *re, double *im, double *buffer,
                     int64_t rows) {
  int64_t n = plan->n;
  double *br = buffer;
  double *bi = br + n * BLOCK;
  for (int64_t l = 0; l < rows; l++)
    for (int64_t k = 0; k < n; k++) {
      br[k * rows + l] = re[l * n + k];
      bi[k * rows + l] = im[l * n + k];
    }
  rad_fft_run(plan, br, bi, bi + n * BLOCK, bi + 2 * n * BLOCK, rows);
  for (int64_t l = 0; l < rows; l++)
    for (int64_t k = 0; k < n; k++) {
      re[l * n + k] = br[k * rows + l];
      im[l * n + k] = bi[k * rows + l];
    }
}

/* Lines across: `count` neighbours of each, `inner` apart. */
static void run_columns(const struct rad_fft *plan, double *re, double *im, double *buffer,
                        int64_t count, int64_t inner) {
  int64_t n = plan->n;
  size_t bytes = (size_t)count * sizeof *re;
  double *br = buffer;
  double *bi = br + n * BLOCK;
  for (int64_t k = 0; k < n; k++) {
    memcpy(br + k * count, re + k * inner, bytes);
    memcpy(bi + k * count, im + k * inner, bytes);
  }
  rad_fft_run(plan, br, bi, bi + n * BLOCK, bi + 2 * n * BLOCK, count);
  for (int64_t k = 0; k < n; k++) {
    memcpy(re + k * inner, br + k * count, bytes);
    memcpy(im + k * inner, bi + k * count, bytes);
  }
}

/* What a thread does with one axis: its share of the blocks. */
struct sweep {
  const struct rad_fft *plan;
  double *re, *im;
  int64_t inner, lines, blocks, tasks;
  int axis;
};

static void run_task(const struct sweep *w, double *buffer, int64_t t) {
  int64_t b = t % w->blocks * BLOCK;
  int64_t count = w->lines - b < BLOCK ? w->lines - b : BLOCK;
  int64_t n = w->plan->n;
  int64_t at = w->axis ? t / w->blocks * n * w->inner + b : b * n;
  if (w->axis)
    run_columns(w->plan, w->re + at, w->im + at, buffer, count, w->inner);
  else
    run_rows(w->plan, w->re + at, w->im + at, buffer, count);
}

static status run_axis(double *re, double *im, const int64_t n[3], int axis) {
  status st = ST_OK;
  struct rad_fft *plan = NULL;
  double *buffer = NULL;
  int64_t inner = 1;
  /* a caller that works on slices in parallel keeps its threads: inner teams would only wait */
  int threads = omp_in_parallel() ? 1 : parallel_threads();
  for (int a = 0; a < axis; a++) inner *= n[a];
  int64_t outer = n[0] * n[1] * n[2] / n[axis] / inner;
  TRY(rad_fft_create(&plan, n[axis]));
  struct sweep w = {.plan = plan, .re = re, .im = im, .inner = inner, .axis = axis};
  w.lines = axis ? inner : outer; /* lines that can be taken together */
  w.blocks = (w.lines + BLOCK - 1) / BLOCK;
  w.tasks = axis ? outer * w.blocks : w.blocks;
  size_t each = (size_t)(4 * BLOCK * n[axis]);
  buffer = malloc((size_t)threads * each * sizeof *buffer);
  CHECK(buffer, ST_MEMORY, "Fourier transform: no memory for lines of %lld", (long long)n[axis]);
  if (threads == 1) {
    for (int64_t t = 0; t < w.tasks; t++) run_task(&w, buffer, t);
  } else {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t t = 0; t < w.tasks; t++)
      run_task(&w, buffer + (size_t)omp_get_thread_num() * each, t);
  }
done:
  free(buffer);
  rad_fft_destroy(plan);
  return st;
}

status rad_fft_volume(double *re, double *im, const int64_t n[3], int sign) {
  status st = ST_OK;
  double *a = sign < 0 ? re : im;
  double *b = sign < 0 ? im : re;
  for (int axis = 0; axis < 3; axis++)
    if (n[axis] > 1) TRY(run_axis(a, b, n, axis));
done:
  return st;
}
