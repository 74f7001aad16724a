#include "core/filter_cubic.h"
#include "core/filter_lines.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = FILTER_LANES };

struct cubic {
  float *coefficients; /* owned */
  int64_t size[3];
};

/* ---- coefficients ---- */

/* Samples to coefficients of a cubic spline that mirrors at its ends: a recursion forwards and one
 * back with the pole sqrt(3) - 2. */
static void to_coefficients(double *x, const double *in, int64_t n, const void *user) {
  const double pole = sqrt(3.0) - 2, gain = (1 - pole) * (1 - 1 / pole), vanished = 1e-10;
  const int64_t reach = (int64_t)ceil(log(vanished) / log(-pole));
  (void)user;
  for (int64_t i = 0; i < n * LANES; i++) x[i] = n > 1 ? gain * in[i] : in[i];
  if (n == 1) return;
  for (int c = 0; c < LANES; c++) { /* the sum of all that lies before the first */
    double sum = x[c], power = pole, mirrored = pow(pole, (double)(n - 1));
    if (reach < n) {
      for (int64_t k = 1; k < reach; k++, power *= pole) sum += power * x[k * LANES + c];
    } else {
      sum += mirrored * x[(n - 1) * LANES + c];
      mirrored *= mirrored / pole;
      for (int64_t k = 1; k < n - 1; k++, power *= pole, mirrored /= pole)
        sum += (power + mirrored) * x[k * LANES + c];
      sum /= 1 - power * power;
    }
    x[c] = sum;
  }
  for (int64_t k = 1; k < n; k++)
    for (int c = 0; c < LANES; c++) x[k * LANES + c] += pole * x[(k - 1) * LANES + c];
  double *last = x + (n - 1) * LANES;
  for (int c = 0; c < LANES; c++)
    last[c] = pole / (pole * pole - 1) * (pole * last[c - LANES] + last[c]);
  for (int64_t k = n - 2; k >= 0; k--)
    for (int c = 0; c < LANES; c++)
      x[k * LANES + c] = pole * (x[(k + 1) * LANES + c] - x[k * LANES + c]);
}

status cubic_create(struct cubic **out, const struct volume *in) {
  status st = ST_OK;
  int64_t n = geometry_voxels(&in->grid);
  struct cubic *c = calloc(1, sizeof *c);
  CHECK(c, ST_MEMORY, "cubic interpolation: out of memory");
  for (int64_t i = 0; i < n; i++)
    CHECK(!isnan(in->voxels[i]), ST_DOMAIN,
          "cubic interpolation needs every voxel, but voxel %lld has no data: fill it first "
          "(volume_fill_no_data) or interpolate linearly",
          (long long)i);
  c->size[0] = in->grid.nx;
  c->size[1] = in->grid.ny;
  c->size[2] = in->grid.nz;
  c->coefficients = malloc((size_t)n * sizeof *c->coefficients);
  CHECK(c->coefficients, ST_MEMORY, "cubic interpolation of %lld voxels: out of memory",
        (long long)n);
  memcpy(c->coefficients, in->voxels, (size_t)n * sizeof *c->coefficients);
  for (int axis = 0; axis < 3; axis++)
    TRY(filter_lines(c->coefficients, c->size, axis, to_coefficients, NULL));
  *out = c;
  c = NULL;
done:
  cubic_destroy(c);
  return st;
}

void cubic_destroy(struct cubic *c) {
  if (!c) return;
  free(c->coefficients);
  free(c);
}

/* ---- values ---- */

/* Four weights about x, and the first of the four indices they are for, which may lie before or
 * behind the grid. */
struct reach {
  double weight[4];
  int64_t first;
};

static struct reach reach_of(double x) {
  struct reach r;
  double floor_x = floor(x), t = x - floor_x;
  r.first = (int64_t)floor_x - 1;
  r.weight[3] = t * t * t / 6;
  r.weight[0] = 1.0 / 6 + t * (t - 1) / 2 - r.weight[3];
  r.weight[2] = t + r.weight[0] - 2 * r.weight[3];
  r.weight[1] = 1 - r.weight[0] - r.weight[2] - r.weight[3];
  return r;
}

static bool within(const struct reach *r, int64_t n) {
  return r->first >= 0 && r->first + 3 < n;
}

/* An index mirrored at the first and last voxel. */
static int64_t mirrored(int64_t at, int64_t n) {
  if (at < 0) at = -at;
  if (at > n - 1) at = 2 * (n - 1) - at;
  return at < 0 ? 0 : at; /* an axis of one or two voxels */
}

/* The sum over 4 x 4 rows of four; `at` are the offsets of the indices along each axis. */
static inline float weigh(const float *v, const struct reach *x, const struct reach *y,
                          const struct reach *z, int64_t at[3][4]) {
  double sum = 0;
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < 4; b++) {
      const float *row = v + at[2][a] + at[1][b];
      double line = 0;
      for (int d = 0; d < 4; d++) line += x->weight[d] * (double)row[at[0][d]];
      sum += z->weight[a] * y->weight[b] * line;
    }
  return (float)sum;
}

float cubic_value(const struct cubic *c, double i, double j, double k) {
  const int64_t *n = c->size, stride[3] = {1, n[0], n[0] * n[1]};
  const struct reach x = reach_of(i), y = reach_of(j), z = reach_of(k);
  int64_t at[3][4];
  if (within(&x, n[0]) && within(&y, n[1]) && within(&z, n[2])) {
    for (int d = 0; d < 4; d++) {
      at[0][d] = d;
      at[1][d] = d * stride[1];
      at[2][d] = d * stride[2];
    }
    const float *corner = c->coefficients + z.first * stride[2] + y.first * stride[1] + x.first;
    return weigh(corner, &x, &y, &z, at);
  }
  for (int d = 0; d < 4; d++) {
    at[0][d] = mirrored(x.first + d, n[0]);
    at[1][d] = mirrored(y.first + d, n[1]) * stride[1];
    at[2][d] = mirrored(z.first + d, n[2]) * stride[2];
  }
  return weigh(c->coefficients, &x, &y, &z, at);
}
