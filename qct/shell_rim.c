#include "qct/shell_rim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double END_SD = 4, WIDE_MM = 3; /* where the line's voxels begin, how far they reach */
static const double LEAST_VARIANCE = 0.1;    /* mm2, of their depths: a slope can be had */
enum { ROUNDS = 40 }; /* of averaging with the neighbours at 1 mm: SD 3 mm along the surface */

struct line_sums {
  double n, d, y, dd, dy;
};

static void add(struct line_sums *to, const struct line_sums *from, double weight) {
  to->n += weight * from->n;
  to->d += weight * from->d;
  to->y += weight * from->y;
  to->dd += weight * from->dd;
  to->dy += weight * from->dy;
}

double shell_rim_end(const struct qct_shell *s, int64_t vertex) {
  return qct_shell_reach(s, vertex, END_SD);
}

static void sum_voxels(struct line_sums *sums, const struct qct_shell *s, const struct volume *part,
                       const int32_t *vertex) {
  for (int64_t at = 0, n = geometry_voxels(&s->grid); at < n; at++) {
    int32_t v = vertex[at];
    double d = (double)s->depth->voxels[at], y = (double)part->voxels[at];
    if (v < 0 || isnan(y)) continue;
    double end = shell_rim_end(s, v);
    if (d < end || d > end + WIDE_MM) continue;
    add(&sums[v], &(struct line_sums){1, d, y, d * d, d * y}, 1);
  }
}

/* Half of every vertex's sums, half of its neighbours' mean. */
static void average(struct line_sums *sums, struct line_sums *work, const double *degree,
                    const struct surface *surface) {
  memset(work, 0, (size_t)surface->vertex_count * sizeof *work);
  for (int64_t t = 0; t < surface->triangle_count; t++)
    for (int e = 0; e < 3; e++) {
      int32_t a = surface->triangles[3 * t + e], b = surface->triangles[3 * t + (e + 1) % 3];
      add(&work[a], &sums[b], 1);
    }
  for (int64_t v = 0; v < surface->vertex_count; v++) {
    if (!(degree[v] > 0)) continue;
    struct line_sums half = {0};
    add(&half, &sums[v], 0.5);
    add(&half, &work[v], 0.5 / degree[v]);
    sums[v] = half;
  }
}

static void fit_line(struct shell_rim *r, int64_t v, const struct line_sums *t, double fallback) {
  bool seen = t->n > 1e-9;
  double d = seen ? t->d / t->n : 0, variance = seen ? t->dd / t->n - d * d : 0;
  r->depth_mm[v] = (float)d;
  r->mean[v] = (float)(seen ? t->y / t->n : fallback);
  r->slope[v] =
      (float)(variance > LEAST_VARIANCE ? (t->dy / t->n - d * t->y / t->n) / variance : 0);
}

status shell_rim_make(struct shell_rim *out, const struct qct_shell *s, const struct volume *part,
                      const int32_t *vertex) {
  status st = ST_OK;
  size_t n = (size_t)s->surface->vertex_count;
  struct shell_rim r = {malloc(n * sizeof(float)), malloc(n * sizeof(float)),
                        malloc(n * sizeof(float))};
  struct line_sums *sums = calloc(n, sizeof *sums), *work = malloc(n * sizeof *work);
  double *degree = calloc(n, sizeof *degree);
  CHECK(r.depth_mm && r.mean && r.slope && sums && work && degree, ST_MEMORY,
        "cortical shell: out of memory");
  for (int64_t t = 0; t < 3 * s->surface->triangle_count; t++) degree[s->surface->triangles[t]]++;
  sum_voxels(sums, s, part, vertex);
  for (int round = 0; round < ROUNDS; round++) average(sums, work, degree, s->surface);
  for (size_t v = 0; v < n; v++) fit_line(&r, (int64_t)v, &sums[v], (double)s->behind[v]);
  *out = r;
  r = (struct shell_rim){NULL, NULL, NULL};
done:
  shell_rim_free(&r);
  free(sums);
  free(work);
  free(degree);
  return st;
}

void shell_rim_free(struct shell_rim *r) {
  free(r->depth_mm);
  free(r->mean);
  free(r->slope);
}

double shell_rim_at(const struct shell_rim *r, int64_t vertex, double depth_mm) {
  return (double)r->mean[vertex] +
         (double)r->slope[vertex] * (depth_mm - (double)r->depth_mm[vertex]);
}
