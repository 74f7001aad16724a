#include "anatomy/refine.h"

#include "anatomy/box.h"
#include "core/parallel.h"
#include "core/surface_coverage.h"

#include <stdlib.h>
#include <string.h>

enum { PAD = 2, PROFILE = 29, SPREAD = 6 };
static const double FROM = -4, STEP = 0.25; /* mm along the normal, outward positive */
static const double INSIDE = 3;             /* mm, reach for the peak */
static const double MOST = 1.5, OUT = 0.5;  /* mm, largest shifts inward and outward: the cut errs
                                               outward, and beyond lies the next bone */
static const double LEAST_CONTRAST = 150;   /* HU */
static const double FINAL_SIGMA = 0.6;      /* mm */

static status padded(struct volume **out, const struct volume *v) {
  status st = ST_OK;
  struct volume *p = NULL;
  struct geometry g = v->grid;
  g.nx += 2 * PAD;
  g.ny += 2 * PAD;
  g.nz += 2 * PAD;
  for (int a = 0; a < 3; a++) g.origin[a] -= PAD * g.spacing[a];
  TRY(volume_create(&p, &g, v->quantity));
  for (int64_t k = 0; k < v->grid.nz; k++)
    for (int64_t j = 0; j < v->grid.ny; j++)
      memcpy(p->voxels + geometry_index(&g, PAD, j + PAD, k + PAD),
             v->voxels + geometry_index(&v->grid, 0, j, k), (size_t)v->grid.nx * sizeof(float));
  *out = p;
  p = NULL;
done:
  volume_destroy(p);
  return st;
}

/* Shift of one vertex to the half-maximum [mm]; NaN when there is no clear edge. */
static double edge_shift(const struct volume *image, struct vec3 p, struct vec3 n) {
  double f[PROFILE];
  int peak = -1, low = -1, middle = (int)lround(-FROM / STEP);
  for (int i = 0; i < PROFILE; i++) {
    struct vec3 q = vec3_along(p, FROM + STEP * i, n);
    f[i] = box_sample(image, q.x, q.y, q.z);
    if (isnan(f[i])) return NAN; /* at the edge of the scan */
  }
  for (int i = middle - (int)(INSIDE / STEP); i <= middle + 1; i++)
    if (peak < 0 || f[i] > f[peak]) peak = i;
  double best = INFINITY;
  for (int i = peak + 1; i + 1 < PROFILE; i++) {
    double m = (f[i - 1] + f[i] + f[i + 1]) / 3;
    if (m < best) {
      best = m;
      low = i;
    }
    if (m > best + LEAST_CONTRAST) break; /* the next bone */
  }
  if (low < 0 || f[peak] - best < LEAST_CONTRAST) return NAN;
  double level = (f[peak] + best) / 2;
  for (int i = low; i > peak; i--)
    if (f[i - 1] >= level && f[i] < level) {
      double r = FROM + STEP * (i - (level - f[i]) / (f[i - 1] - f[i]));
      return r >= -MOST && r <= OUT ? r : NAN;
    }
  return NAN;
}

/* Replace NaN by the mean of the neighbours that have a value, and smooth; by edges. */
static status spread_shifts(double *shift, const struct surface *s) {
  status st = ST_OK;
  int64_t n = s->vertex_count;
  double *sum = malloc((size_t)n * sizeof *sum), *count = malloc((size_t)n * sizeof *count);
  CHECK(sum && count, ST_MEMORY, "refining a surface: out of memory");
  for (int round = 0; round < SPREAD; round++) {
    memset(sum, 0, (size_t)n * sizeof *sum);
    memset(count, 0, (size_t)n * sizeof *count);
    for (int64_t t = 0; t < s->triangle_count; t++)
      for (int e = 0; e < 3; e++) {
        int32_t a = s->triangles[3 * t + e], b = s->triangles[3 * t + (e + 1) % 3];
        if (isnan(shift[b])) continue;
        sum[a] += shift[b];
        count[a]++;
      }
    for (int64_t i = 0; i < n; i++) {
      if (count[i] <= 0) continue;
      double mean = sum[i] / count[i];
      shift[i] = isnan(shift[i]) ? mean : (shift[i] + mean) / 2;
    }
  }
  for (int64_t i = 0; i < n; i++)
    if (isnan(shift[i])) shift[i] = 0;
done:
  free(sum);
  free(count);
  return st;
}

status refine_surface(struct volume *field, const struct volume *image, struct refine_info *info) {
  status st = ST_OK;
  struct volume *pad = NULL, *cover = NULL;
  struct surface *s = NULL;
  double *shift = NULL, sum = 0, square = 0;
  int64_t held = 0;
  TRY(padded(&pad, field));
  TRY(surface_from_volume(&s, pad, 0.5, 1));
  TRY(surface_smooth(s, 10));
  TRY(surface_normals(s));
  shift = malloc((size_t)(s->vertex_count + 1) * sizeof *shift);
  CHECK(shift, ST_MEMORY, "refining a surface: out of memory");
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < s->vertex_count; i++)
    shift[i] = edge_shift(image, s->vertices[i], s->normals[i]);
  for (int64_t i = 0; i < s->vertex_count; i++) held += isnan(shift[i]);
  TRY(spread_shifts(shift, s));
  for (int64_t i = 0; i < s->vertex_count; i++) {
    sum += shift[i];
    square += shift[i] * shift[i];
    s->vertices[i] = vec3_along(s->vertices[i], shift[i], s->normals[i]);
  }
  TRY(surface_smooth(s, 5));
  TRY(surface_coverage(&cover, s, &field->grid));
  TRY(box_gaussian(cover, FINAL_SIGMA));
  memcpy(field->voxels, cover->voxels, (size_t)geometry_voxels(&field->grid) * sizeof(float));
  if (info && s->vertex_count > 0) {
    info->moved_mm = sum / (double)s->vertex_count;
    info->rms_mm = sqrt(square / (double)s->vertex_count);
    info->held = (double)held / (double)s->vertex_count;
  }
done:
  volume_destroy(pad);
  volume_destroy(cover);
  surface_destroy(s);
  free(shift);
  return st;
}
