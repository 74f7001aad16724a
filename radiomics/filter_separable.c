/* Laws kernels and stationary wavelets: products of 1D kernels, over all right-angle rotations when
 * pooled. Source: ibsi_filters (JTXT Laws, 25BO wavelets) */
#include "radiomics/convolve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TAPS = 8, ROTATIONS = 24 };

struct taps {
  double w[TAPS];
  int length;
};

static void laws_taps(struct taps *t, const char *name) {
  static const struct {
    const char *name;
    double w[5], square;
    int length;
  } table[] = {{"L3", {1, 2, 1}, 6, 3},          {"L5", {1, 4, 6, 4, 1}, 70, 5},
               {"E3", {-1, 0, 1}, 2, 3},         {"E5", {-1, -2, 0, 2, 1}, 10, 5},
               {"S3", {-1, 2, -1}, 6, 3},        {"S5", {-1, 0, 2, 0, -1}, 6, 5},
               {"W5", {-1, 2, 0, -2, 1}, 10, 5}, {"R5", {1, -4, 6, -4, 1}, 70, 5}};
  memset(t, 0, sizeof *t);
  for (size_t n = 0; n < sizeof table / sizeof table[0]; n++) {
    if (strncmp(table[n].name, name, 2)) continue;
    t->length = table[n].length;
    for (int k = 0; k < t->length; k++) t->w[k] = table[n].w[k] / sqrt(table[n].square);
  }
}

/* Scaling filter in closed form; the low-pass of the decomposition is its reverse, the high-pass
 * its alternating copy. Source: daubechies1992 */
static int scaling(double h[6], const char *name) {
  double r2 = sqrt(2);
  if (!strcmp(name, "haar")) {
    h[0] = h[1] = 1 / r2;
    return 2;
  }
  if (!strcmp(name, "db2")) {
    double r3 = sqrt(3);
    const double v[4] = {1 + r3, 3 + r3, 3 - r3, 1 - r3};
    for (int k = 0; k < 4; k++) h[k] = v[k] / (4 * r2);
    return 4;
  }
  if (!strcmp(name, "db3")) {
    double a = sqrt(10);
    double b = sqrt(5 + 2 * a);
    const double v[6] = {1 + a + b,          5 + a + 3 * b, 10 - 2 * a + 2 * b,
                         10 - 2 * a - 2 * b, 5 + a - 3 * b, 1 + a - b};
    for (int k = 0; k < 6; k++) h[k] = v[k] / (16 * r2);
    return 6;
  }
  double r7 = sqrt(7); /* coif1 */
  const double v[6] = {1 - r7, 5 + r7, 14 + 2 * r7, 14 - 2 * r7, 1 - r7, -3 + r7};
  for (int k = 0; k < 6; k++) h[k] = v[k] / (16 * r2);
  return 6;
}

static void wavelet_taps(struct taps *t, const char *name, char band) {
  double h[6];
  memset(t, 0, sizeof *t);
  t->length = scaling(h, name);
  for (int k = 0; k < t->length; k++)
    t->w[k] = band == 'L' ? h[t->length - 1 - k] : (k & 1 ? h[k] : -h[k]);
}

/* 1 symmetric, -1 antisymmetric, 0 neither. */
static int parity(const struct taps *t) {
  int even = 1;
  int odd = 1;
  for (int k = 0; k < t->length; k++) {
    double a = t->w[k];
    double b = t->w[t->length - 1 - k];
    if (fabs(a - b) > 1e-14) even = 0;
    if (fabs(a + b) > 1e-14) odd = 0;
  }
  return t->length % 2 == 0 ? 0 : even ? 1 : odd ? -1 : 0;
}

/* A rotation: which of the filter's kernels runs along each axis, reversed or not. */
struct rotation {
  int kernel[3], reversed[3];
  double sign;
};

static int permutation_sign(const int p[3]) {
  int s = 1;
  for (int a = 0; a < 3; a++)
    for (int b = a + 1; b < 3; b++)
      if (p[a] > p[b]) s = -s;
  return s;
}

static int list_rotations(struct rotation out[ROTATIONS], bool by_slice, bool all) {
  static const int permutations[6][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1},
                                         {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
  int count = 0;
  if (!all) {
    out[0] = (struct rotation){{0, 1, 2}, {0, 0, 0}, 1};
    return 1;
  }
  for (int p = 0; p < (by_slice ? 2 : 6); p++)
    for (int flips = 0; flips < (by_slice ? 4 : 8); flips++) {
      struct rotation r = {{0, 0, 0}, {0, 0, 0}, 1};
      int det = permutation_sign(permutations[p]);
      for (int a = 0; a < 3; a++) {
        r.kernel[a] = permutations[p][a];
        r.reversed[a] = (flips >> a) & 1;
        if (r.reversed[a]) det = -det;
      }
      if (det > 0) out[count++] = r;
    }
  return count;
}

/* Reversing an even kernel does nothing, an odd one changes the sign: fewer distinct responses. */
static void simplify(struct rotation *r, const struct taps taps[3], int axes) {
  for (int a = 0; a < axes; a++) {
    int p = parity(&taps[r->kernel[a]]);
    if (!r->reversed[a] || !p) continue;
    r->reversed[a] = 0;
    if (p < 0) r->sign = -r->sign;
  }
}

static bool same_base(const struct rotation *a, const struct rotation *b, const struct taps taps[3],
                      int axes) {
  for (int n = 0; n < axes; n++) {
    if (a->reversed[n] != b->reversed[n]) return false;
    if (memcmp(&taps[a->kernel[n]], &taps[b->kernel[n]], sizeof *taps)) return false;
  }
  return true;
}

/* The tap at length/2 sits on the voxel (found on the consensus maps); turning a kernel round
 * mirrors that place too, so the responses of an even kernel lean to either side. */
static void reversed_kernel(struct rad_kernel *k, double w[TAPS], const struct taps *t,
                            int reversed, int dilation) {
  int origin = reversed ? t->length - 1 - t->length / 2 : t->length / 2;
  for (int n = 0; n < t->length; n++) w[n] = t->w[reversed ? t->length - 1 - n : n];
  *k = (struct rad_kernel){w, t->length, origin * dilation, dilation};
}

static status respond(double *x, const int64_t n[3], const struct taps taps[3],
                      const struct taps *low, const struct rotation *r, const struct rad_filter *f,
                      int axes) {
  status st = ST_OK;
  int levels = f->kind == RAD_FILTER_WAVELET ? f->level : 1;
  for (int level = 1; level <= levels; level++) {
    struct rad_kernel kernel[3];
    double w[3][TAPS];
    const struct rad_kernel *k[3] = {NULL, NULL, NULL};
    for (int a = 0; a < axes; a++) {
      const struct taps *t = level < levels ? low : &taps[r->kernel[a]];
      reversed_kernel(&kernel[a], w[a], t, r->reversed[a], 1 << (level - 1));
      k[a] = &kernel[a];
    }
    TRY(rad_convolve(x, n, k, f->boundary));
  }
done:
  return st;
}

static void pool(double *out, const double *x, int64_t n, double sign, int many, double share,
                 enum rad_pooling how, bool first) {
  if (how == RAD_POOL_MAX) {
    for (int64_t i = 0; i < n; i++) {
      double v = sign * x[i];
      if (first || v > out[i]) out[i] = v;
    }
    return;
  }
  for (int64_t i = 0; i < n; i++) out[i] = (first ? 0 : out[i]) + sign * share * many * x[i];
}

/* Each distinct response is computed once and pooled with both signs where they occur. */
static status pool_rotations(double *out, double *work, const double *x, const int64_t n[3],
                             const struct taps taps[3], const struct taps *low, struct rotation *r,
                             int count, const struct rad_filter *f, int axes) {
  status st = ST_OK;
  int64_t size = n[0] * n[1] * n[2];
  bool done[ROTATIONS] = {false};
  bool first = true;
  for (int a = 0; a < count; a++) simplify(&r[a], taps, axes);
  for (int a = 0; a < count; a++) {
    int many[2] = {0, 0};
    if (done[a]) continue;
    for (int b = a; b < count; b++)
      if (same_base(&r[a], &r[b], taps, axes)) {
        done[b] = true;
        many[r[b].sign < 0]++;
      }
    memcpy(work, x, (size_t)size * sizeof *work);
    TRY(respond(work, n, taps, low, &r[a], f, axes));
    for (int s = 0; s < 2; s++) {
      if (!many[s]) continue;
      pool(out, work, size, s ? -1 : 1, many[s], 1.0 / count, f->pooling, first);
      first = false;
    }
  }
done:
  return st;
}

status rad_filter_separable(double *out, const double *x, const int64_t n[3],
                            const struct rad_filter *f, bool by_slice) {
  status st = ST_OK;
  int axes = by_slice ? 2 : 3;
  int64_t size = n[0] * n[1] * n[2];
  struct taps taps[3];
  struct taps low;
  struct rotation rotations[ROTATIONS];
  double *work = malloc((size_t)size * sizeof *work);
  CHECK(work, ST_MEMORY, "filter: no memory for %lld voxels", (long long)size);
  memset(taps, 0, sizeof taps);
  for (int a = 0; a < axes; a++) {
    if (f->kind == RAD_FILTER_LAWS)
      laws_taps(&taps[a], f->kernels + 2 * a);
    else
      wavelet_taps(&taps[a], f->wavelet, f->band[a]);
  }
  wavelet_taps(&low, f->wavelet, 'L');
  int count = list_rotations(rotations, by_slice, f->pooling != RAD_POOL_NONE);
  TRY(pool_rotations(out, work, x, n, taps, &low, rotations, count, f, axes));
  if (f->kind == RAD_FILTER_LAWS && f->energy_distance > 0) {
    int reach[3] = {f->energy_distance, f->energy_distance, by_slice ? 0 : f->energy_distance};
    for (int64_t i = 0; i < size; i++) out[i] = fabs(out[i]);
    TRY(rad_box_mean(out, n, reach, f->boundary));
  }
done:
  free(work);
  return st;
}
