#include "ml/drr_ray.h"

#include <math.h>

static void add(struct drr_sum *s, double value, double length) {
  if (isnan(value)) return;
  s->integral += value * length;
  s->length += length;
  if (value > s->largest) s->largest = value;
}

/* The part of [t0, t1] inside the grid's box; empty: false. */
static bool clip(const struct drr_field *f, const double start[3], const double u[3], double *t0,
                 double *t1) {
  for (int a = 0; a < 3; a++) {
    double end = (double)f->n[a] * f->spacing[a];
    if (fabs(u[a]) < 1e-12) {
      if (start[a] < 0 || start[a] >= end) return false;
      continue;
    }
    double near = -start[a] / u[a], far = (end - start[a]) / u[a];
    *t0 = fmax(*t0, fmin(near, far));
    *t1 = fmin(*t1, fmax(near, far));
  }
  return *t1 > *t0;
}

static int64_t clamp(double x, int64_t n) {
  int64_t i = (int64_t)floor(x);
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}

struct drr_sum drr_ray_exact(const struct drr_field *f, const double start[3], const double u[3],
                             double t0, double t1) {
  struct drr_sum s = {0, 0, -INFINITY};
  if (!clip(f, start, u, &t0, &t1)) return s;
  int64_t at[3], step[3];
  const int64_t stride[3] = {1, f->n[0], f->n[0] * f->n[1]};
  double next[3], delta[3];
  /* the voxel just inside the entry, so that a start on a face counts for the voxel behind it */
  double first = t0 + fmin(1e-9 * (1 + fabs(t0)), (t1 - t0) / 2);
  for (int a = 0; a < 3; a++) {
    at[a] = clamp((start[a] + first * u[a]) / f->spacing[a], f->n[a]);
    step[a] = u[a] > 0 ? 1 : -1;
    bool moves = fabs(u[a]) >= 1e-12;
    delta[a] = moves ? f->spacing[a] / fabs(u[a]) : INFINITY;
    next[a] = moves ? ((double)(at[a] + (u[a] > 0)) * f->spacing[a] - start[a]) / u[a] : INFINITY;
  }
  double t = t0;
  while (t < t1) {
    int a = next[0] <= next[1] ? (next[0] <= next[2] ? 0 : 2) : (next[1] <= next[2] ? 1 : 2);
    double to = fmin(next[a], t1);
    int64_t index = at[0] + at[1] * stride[1] + at[2] * stride[2];
    if (to > t) add(&s, (double)f->voxels[index], to - t);
    t = fmax(t, to);
    if (next[a] >= t1) break;
    at[a] += step[a];
    next[a] += delta[a];
    if (at[a] < 0 || at[a] >= f->n[a]) break;
  }
  return s;
}

/* Trilinear value; a neighbour that is left out lends no weight. */
static double sample(const struct drr_field *f, const double p[3]) {
  int64_t lo[3], hi[3];
  double w[3], sum = 0, weight = 0;
  for (int a = 0; a < 3; a++) {
    double x = fmin(fmax(p[a] / f->spacing[a] - 0.5, 0), (double)(f->n[a] - 1));
    lo[a] = clamp(x, f->n[a]);
    hi[a] = lo[a] + 1 < f->n[a] ? lo[a] + 1 : lo[a];
    w[a] = x - (double)lo[a];
  }
  for (int c = 0; c < 8; c++) {
    double part = (c & 1 ? w[0] : 1 - w[0]) * (c & 2 ? w[1] : 1 - w[1]) * (c & 4 ? w[2] : 1 - w[2]);
    if (part <= 0) continue;
    int64_t i = c & 1 ? hi[0] : lo[0], j = c & 2 ? hi[1] : lo[1], k = c & 4 ? hi[2] : lo[2];
    double value = (double)f->voxels[(k * f->n[1] + j) * f->n[0] + i];
    if (isnan(value)) continue;
    sum += part * value;
    weight += part;
  }
  return weight >= 0.5 ? sum / weight : NAN;
}

struct drr_sum drr_ray_trilinear(const struct drr_field *f, const double start[3],
                                 const double u[3], double t0, double t1, double step_mm) {
  struct drr_sum s = {0, 0, -INFINITY};
  if (!clip(f, start, u, &t0, &t1)) return s;
  int64_t steps = (int64_t)ceil((t1 - t0) / step_mm - 1e-9);
  if (steps < 1) steps = 1;
  double dl = (t1 - t0) / (double)steps;
  for (int64_t i = 0; i < steps; i++) {
    double t = t0 + ((double)i + 0.5) * dl;
    const double p[3] = {start[0] + t * u[0], start[1] + t * u[1], start[2] + t * u[2]};
    add(&s, sample(f, p), dl);
  }
  return s;
}
