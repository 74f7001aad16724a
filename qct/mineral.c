#include "qct/mineral.h"

#include "core/parallel.h"
#include "qct/near.h"

#include <math.h>
#include <stdlib.h>

static const double NEAR = 0.9;   /* of the blur's reach: where the soft tissue begins */
static const double LENGTH = 1.5; /* mm of it */
static const double STEP = 0.25;  /* mm */
static const double RISE = 100;   /* mg/cm3 above the lowest: the next bone */
static const double REACH = 7;    /* mm, farthest voxel of the edge from a vertex */
enum { ROUNDS = 6 };

/* How far blur reaches outside a vertex, as the shell has it [mm]. */
static double blur_reach(const struct qct_shell *s, int64_t v) {
  double half = 0;
  for (int a = 0; a < 3; a++)
    half +=
        s->grid.spacing[a] / 2 * fabs(vec3_dot(geometry_axis(&s->grid, a), s->surface->normals[v]));
  return 2.5 * qct_shell_sigma(s, v) + half;
}

/* Soft tissue beside a vertex. */
static float soft_tissue(const struct qct_shell *s, const struct volume *density, int64_t v) {
  double reach = blur_reach(s, v), sum = 0;
  int n = 0;
  if ((double)s->spill_mm[v] < 0.999 * reach) return s->outside[v]; /* another bone comes first */
  struct vec3 edge =
      vec3_along(s->surface->vertices[v], -(double)s->outer_mm[v], s->surface->normals[v]);
  for (double t = NEAR * reach; t <= NEAR * reach + LENGTH; t += STEP) {
    double y = volume_sample(density, vec3_along(edge, t, s->surface->normals[v]));
    if (isnan(y) || y > (double)s->outside[v] + RISE) break;
    sum += y;
    n++;
  }
  return n >= 3 ? (float)(sum / n) : s->outside[v];
}

/* Mean with the neighbours along the edges of the triangles. */
static status smooth(float *value, const struct surface *s) {
  status st = ST_OK;
  size_t n = (size_t)s->vertex_count;
  double *sum = malloc(n * sizeof *sum), *count = malloc(n * sizeof *count);
  CHECK(sum && count, ST_MEMORY, "mineral of the bone: out of memory");
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < n; i++) {
      sum[i] = (double)value[i];
      count[i] = 1;
    }
    for (int64_t t = 0; t < 3 * s->triangle_count; t++) {
      int32_t a = s->triangles[t], b = s->triangles[t % 3 == 2 ? t - 2 : t + 1];
      sum[a] += (double)value[b];
      count[a]++;
    }
    for (size_t i = 0; i < n; i++) value[i] = (float)(sum[i] / count[i]);
  }
done:
  free(sum);
  free(count);
  return st;
}

/* The shell took off (1 - share) x its outside; take off the soft tissue instead. */
static void correct(struct volume *mineral, const struct qct_shell *s, const float *soft,
                    const struct near *cells, int64_t at, struct vec3 p) {
  float open = 1 - s->bone->voxels[at], mass = mineral->voxels[at];
  double distance;
  if (isnan(mass)) mineral->voxels[at] = 0;
  if (isnan(mass) || open <= 0 || !(mass < 0 || mass > 0)) return;
  int32_t v = near_point(&distance, cells, p, REACH);
  if (v < 0) return;
  double in = -vec3_dot(vec3_sub(p, s->surface->vertices[v]), s->surface->normals[v]);
  if (in - (double)s->outer_mm[v] <= -(double)s->spill_mm[v]) return;
  mineral->voxels[at] = mass + open * (s->outside[v] - soft[v]);
}

status qct_bone_mineral(struct volume **out, const struct qct_shell *shell,
                        const struct volume *density) {
  status st = ST_OK;
  struct volume *m = NULL;
  struct near cells = {.size_mm = 0};
  const struct geometry *g = &shell->grid;
  int64_t n = shell->surface->vertex_count;
  float *soft = malloc((size_t)n * sizeof *soft);
  CHECK(soft, ST_MEMORY, "mineral of the bone: out of memory");
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < n; v++) soft[v] = soft_tissue(shell, density, v);
  TRY(smooth(soft, shell->surface));
  TRY(volume_copy(&m, shell->mass));
  TRY(near_make(&cells, shell->surface, 3));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++)
        correct(m, shell, soft, &cells, geometry_index(g, i, j, k),
                geometry_to_world(g, vec3_make((double)i, (double)j, (double)k)));
  *out = m;
  m = NULL;
done:
  near_free(&cells);
  free(soft);
  volume_destroy(m);
  return st;
}
