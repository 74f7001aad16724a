#include "core/statistics.h"
#include "qct/shell_parts.h"

#include <math.h>
#include <stdlib.h>

/* SD of the blur: where soft tissue is read, and where a layer before it shows. */
static const double CLOSE = 1.5, CLEAR = 2.5, FAR = 3.5;
static const double CLEAR_MM = 0.25; /* and so much farther: errors of the edge */
static const double TO_EDGE = 2;     /* from 3 SD to 1, in steps of the two readings' distance */

double shell_soft_reach(const struct qct_shell *s, int64_t v) {
  return FAR * qct_shell_sigma(s, v) + CLEAR_MM;
}

double shell_depth_of(const struct qct_shell *s, int64_t at, int32_t v) {
  const struct geometry *g = &s->grid;
  struct vec3 index = {(double)(at % g->nx), (double)(at / g->nx % g->ny),
                       (double)(at / (g->nx * g->ny))};
  struct vec3 p = vec3_sub(geometry_to_world(g, index), s->surface->vertices[v]);
  return -vec3_dot(p, s->surface->normals[v]) - (double)s->outer_mm[v];
}

static double normal_below(double z) {
  return 0.5 * erfc(-z * 0.70710678118654752440);
}

double shell_bone_at(const struct qct_shell *s, int32_t v, double depth, double *share) {
  double sigma = qct_shell_sigma(s, v), outer = normal_below(depth / sigma);
  double inner = normal_below((depth - (double)s->thickness_mm[v]) / sigma);
  *share = outer;
  return s->cortical_mgcc * (outer - inner) + (double)s->behind[v] * inner;
}

/* Sums at every vertex: far readings, close ones. */
struct readings {
  double *sum[2], *count[2]; /* owned */
};

static void read_voxels(struct readings *r, const struct qct_shell *s, const struct volume *part,
                        const int32_t *vertex) {
  for (int64_t at = 0, all = geometry_voxels(&s->grid); at < all; at++) {
    int32_t v = vertex[at];
    if (v < 0 || s->bone->voxels[at] > 0 || !isnan(s->outside[v]) || isnan(part->voxels[at]))
      continue;
    double share, depth = shell_depth_of(s, at, v);
    double out = -(depth + CLEAR_MM) / qct_shell_sigma(s, v); /* SD */
    if (out < CLOSE || out > FAR) continue;
    double bone = shell_bone_at(s, v, depth, &share);
    double soft = ((double)part->voxels[at] - bone) / (1 - share);
    if (soft > SHELL_LEAST_EDGE) continue;
    int close = out < CLEAR;
    r->sum[close][v] += soft;
    r->count[close][v]++;
  }
}

/* Readings into s->outside, and how much denser it is one reading nearer; where either is missing
 * the neighbours tell, and where no edge was fitted: what lies outside a filled edge may be bone.
 * `usual` becomes the density around most of the bone; NaN: none was read. */
static status readings_of_vertices(struct qct_shell *s, float *nearer, double *usual,
                                   const struct readings *r) {
  status st = ST_OK;
  int64_t n = s->surface->vertex_count, read = 0;
  double *far = malloc((size_t)n * sizeof *far);
  CHECK(far, ST_MEMORY, "cortical shell: out of memory");
  for (int64_t v = 0; v < n; v++) {
    nearer[v] = NAN;
    if (r->count[0][v] <= 0 || isnan(s->rms[v])) continue;
    far[read] = r->sum[0][v] / r->count[0][v];
    s->outside[v] = (float)far[read];
    if (r->count[1][v] > 0) nearer[v] = (float)(r->sum[1][v] / r->count[1][v] - far[read]);
    read++;
  }
  *usual = read ? stat_percentile(far, read, 50) : NAN;
  TRY(shell_spread(s->outside, s->surface, 0));
  TRY(shell_spread(nearer, s->surface, 0));
done:
  free(far);
  return st;
}

status shell_read_soft(struct qct_shell *s, const struct volume *part, const int32_t *vertex) {
  status st = ST_OK;
  int64_t n = s->surface->vertex_count;
  double usual = NAN;
  struct readings r;
  unsigned char *read = malloc((size_t)n);
  for (int i = 0; i < 2; i++) {
    r.sum[i] = calloc((size_t)n, sizeof *r.sum[i]);
    r.count[i] = calloc((size_t)n, sizeof *r.count[i]);
  }
  CHECK(read && r.sum[0] && r.sum[1] && r.count[0] && r.count[1], ST_MEMORY,
        "cortical shell: out of memory");
  for (int64_t v = 0; v < n; v++) read[v] = (unsigned char)(isnan(s->outside[v]) != 0);
  read_voxels(&r, s, part, vertex);
  TRY(readings_of_vertices(s, s->layer, &usual, &r));
  for (int64_t v = 0; v < n; v++) {
    double room = usual - (double)s->outside[v], edge = TO_EDGE * (double)s->layer[v];
    s->layer[v] = read[v] && room > 0 ? (float)fmin(fmax(edge, 0), room) : 0;
  }
done:
  for (int i = 0; i < 2; i++) {
    free(r.sum[i]);
    free(r.count[i]);
  }
  free(read);
  return st;
}
