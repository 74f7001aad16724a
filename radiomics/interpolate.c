#include "radiomics/interpolate.h"

#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Guard of ceil: 100.0000001 points are 100. */
static const double POINT_EPSILON = 1e-6;
/* The B-spline filter forgets by 0.268 a voxel: 32 voxels are below double precision. */
enum { CUBIC_MARGIN = 32 };

void rad_axes_make(struct rad_axis axes[3], const struct geometry *source,
                   const struct rad_settings *s) {
  int64_t n[3] = {source->nx, source->ny, source->nz};
  for (int a = 0; a < 3; a++) {
    double from = source->spacing[a];
    double to = s->spacing_mm[a];
    axes[a] = (struct rad_axis){n[a], n[a], 0, 1};
    if (to <= 0 || (s->by_slice && a == 2) || to == from) continue;
    double points = (double)n[a] * from / to;
    axes[a].target = (int64_t)ceil(points * (1 - POINT_EPSILON));
    if (axes[a].target < 1) axes[a].target = 1;
    axes[a].step = to / from;
    axes[a].first = s->convention == RAD_PYRADIOMICS
                        ? 0.5 * (to - from) / from
                        : 0.5 * ((double)(n[a] - 1) - axes[a].step * (double)(axes[a].target - 1));
  }
}

/* Weights of up to four source points for one target point. */
struct tap {
  int64_t at[4];
  double weight[4];
};

static int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  if (i < 0) i = -i;
  if (i > n - 1) i = 2 * (n - 1) - i;
  return i;
}

static void make_tap(struct tap *t, const struct rad_axis *axis, int64_t target, int64_t offset,
                     enum rad_interpolation how) {
  double p = axis->first + axis->step * (double)target;
  p = fmin(fmax(p, 0), (double)(axis->source - 1));
  if (fabs(p - round(p)) < 1e-9) p = round(p);
  int64_t i = (int64_t)floor(p);
  double f = p - (double)i;
  memset(t, 0, sizeof *t);
  for (int n = 0; n < 4; n++) t->at[n] = i - offset;
  if (how == RAD_NEAREST) {
    t->at[0] = (int64_t)floor(p + 0.5) - offset;
    t->weight[0] = 1;
  } else if (how == RAD_LINEAR) {
    t->weight[0] = 1 - f;
    t->weight[1] = f;
    if (f > 0) t->at[1] = i + 1 - offset;
  } else {
    double w[4] = {(1 - f) * (1 - f) * (1 - f) / 6, (4 + 3 * f * f * (f - 2)) / 6,
                   (1 + 3 * f * (1 + f * (1 - f))) / 6, f * f * f / 6};
    for (int n = 0; n < 4; n++) {
      t->at[n] = mirrored(i - 1 + n, axis->source) - offset;
      t->weight[n] = w[n];
    }
  }
}

/* Interpolating coefficients of one line, in place; stride in doubles. Whole-sample mirror ends. */
static void spline_line(double *c, int64_t n, int64_t stride) {
  static const double POLE = -0.26794919243112270647; /* sqrt(3) - 2 */
  if (n < 2) return;
  double sum = c[0];
  double z = POLE;
  int64_t reach = n < 64 ? n : 64;
  if (reach == n) {
    double z2 = pow(POLE, (double)(n - 1));
    double back = z2 * z2 / POLE;
    sum = c[0] + z2 * c[(n - 1) * stride];
    for (int64_t i = 1; i < n - 1; i++) {
      sum += (z + back) * c[i * stride];
      z *= POLE;
      back /= POLE;
    }
    sum /= 1 - z2 * z2;
  } else {
    for (int64_t i = 1; i < reach; i++) {
      sum += z * c[i * stride];
      z *= POLE;
    }
  }
  c[0] = sum;
  for (int64_t i = 1; i < n; i++) c[i * stride] += POLE * c[(i - 1) * stride];
  c[(n - 1) * stride] =
      POLE / (POLE * POLE - 1) * (c[(n - 1) * stride] + POLE * c[(n - 2) * stride]);
  for (int64_t i = n - 2; i >= 0; i--) c[i * stride] = POLE * (c[(i + 1) * stride] - c[i * stride]);
  for (int64_t i = 0; i < n; i++) c[i * stride] *= 6;
}

/* Lines of one axis: `outer` blocks of n x inner, inner fastest. */
static void spline_axis(double *x, const int64_t n[3], int axis) {
  int64_t inner = 1;
  for (int a = 0; a < axis; a++) inner *= n[a];
  int64_t lines = n[0] * n[1] * n[2] / n[axis];
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t l = 0; l < lines; l++)
    spline_line(x + (l / inner) * inner * n[axis] + l % inner, n[axis], inner);
}

/* One axis from n to the taps' count; frees nothing. */
static void apply_axis(double *out, const double *in, const int64_t n[3], int axis,
                       const struct tap *taps, int64_t count, int used) {
  int64_t inner = 1;
  for (int a = 0; a < axis; a++) inner *= n[a];
  int64_t outer = n[0] * n[1] * n[2] / inner / n[axis];
#pragma omp parallel for num_threads(parallel_threads()) schedule(static) collapse(2)
  for (int64_t o = 0; o < outer; o++)
    for (int64_t t = 0; t < count; t++) {
      double *to = out + (o * count + t) * inner;
      const double *from = in + o * n[axis] * inner;
      memset(to, 0, (size_t)inner * sizeof *to);
      for (int w = 0; w < used; w++) {
        double weight = taps[t].weight[w];
        if (weight == 0) continue;
        const double *line = from + taps[t].at[w] * inner;
        for (int64_t i = 0; i < inner; i++) to[i] += weight * line[i];
      }
    }
}

static bool identity(const struct rad_axis *a) {
  return a->source == a->target && a->first == 0 && a->step == 1;
}

/* Source points a target range leans on. */
static void source_range(int64_t *lo, int64_t *hi, const struct rad_axis *a, int64_t t0, int64_t t1,
                         int64_t margin) {
  double p = a->first + a->step * (double)t0;
  double q = a->first + a->step * (double)t1;
  *lo = (int64_t)floor(fmax(p, 0)) - margin;
  *hi = (int64_t)ceil(fmin(q, (double)(a->source - 1))) + margin;
  if (*lo < 0) *lo = 0;
  if (*hi > a->source - 1) *hi = a->source - 1;
  if (*lo > *hi) *lo = *hi;
}

static void copy_box(double *box, const double *in, const struct rad_axis axes[3],
                     const int64_t from[3], const int64_t n[3]) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++) {
      int64_t at = ((from[2] + k) * axes[1].source + from[1] + j) * axes[0].source + from[0];
      memcpy(box + (k * n[1] + j) * n[0], in + at, (size_t)n[0] * sizeof *box);
    }
}

/* Axis by axis, replacing *x; n is updated. */
static status resample_axis(double **x, int64_t n[3], int axis, const struct rad_axis *a,
                            int64_t lo, int64_t hi, int64_t offset, enum rad_interpolation how) {
  status st = ST_OK;
  int64_t count = hi - lo + 1;
  struct tap *taps = malloc((size_t)count * sizeof *taps);
  int64_t m[3] = {n[0], n[1], n[2]};
  m[axis] = count;
  double *out = malloc((size_t)(m[0] * m[1] * m[2]) * sizeof *out);
  CHECK(taps && out, ST_MEMORY, "radiomics: no memory for %lld interpolated voxels",
        (long long)(m[0] * m[1] * m[2]));
  for (int64_t t = 0; t < count; t++) make_tap(&taps[t], a, lo + t, offset, how);
  apply_axis(out, *x, n, axis, taps, count, how == RAD_CUBIC ? 4 : how == RAD_LINEAR ? 2 : 1);
  n[axis] = count;
  free(*x);
  *x = out;
  out = NULL;
done:
  free(taps);
  free(out);
  return st;
}

status rad_interpolate(double **out, const double *in, const struct rad_axis axes[3],
                       const int64_t lo[3], const int64_t hi[3], enum rad_interpolation how) {
  status st = ST_OK;
  int64_t from[3];
  int64_t to[3];
  int64_t n[3];
  double *x = NULL;
  for (int a = 0; a < 3; a++) {
    int64_t margin = identity(&axes[a]) ? 0 : how == RAD_CUBIC ? CUBIC_MARGIN : 1;
    source_range(&from[a], &to[a], &axes[a], lo[a], hi[a], margin);
    n[a] = to[a] - from[a] + 1;
  }
  x = malloc((size_t)(n[0] * n[1] * n[2]) * sizeof *x);
  CHECK(x, ST_MEMORY, "radiomics: no memory for %lld voxels", (long long)(n[0] * n[1] * n[2]));
  copy_box(x, in, axes, from, n);
  for (int a = 0; a < 3 && how == RAD_CUBIC; a++)
    if (!identity(&axes[a])) spline_axis(x, n, a);
  for (int a = 0; a < 3; a++)
    if (!identity(&axes[a])) TRY(resample_axis(&x, n, a, &axes[a], lo[a], hi[a], from[a], how));
  *out = x;
  x = NULL;
done:
  free(x);
  return st;
}
