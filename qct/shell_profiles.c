#include "qct/shell_profiles.h"

#include "core/filter.h"
#include "core/filter_cubic.h"
#include "core/parallel.h"
#include "qct/shell_parts.h"

#include <math.h>
#include <stdlib.h>

static const double FINEST = 0.5, COARSEST = 1; /* mm, of the voxels to sample from */
static const float AIR = -800;                  /* mg/cm3, in place of no data */

static struct vec3 place_of(const struct surface *s, int64_t vertex, int sample) {
  return vec3_along(s->vertices[vertex], -(PROFILE_FROM_MM + PROFILE_STEP_MM * sample),
                    s->normals[vertex]);
}

/* First of the two voxels along an axis between which a place lies. */
static int64_t first_of_two(double at, int64_t n) {
  int64_t first = at > 0 ? (int64_t)at : 0;
  return first + 1 < n ? first : n > 1 ? n - 2 : 0;
}

/* The voxels that the profiles are interpolated from, some fifth of the box. */
static void mark_wanted(unsigned char *wanted, const struct geometry *g, const struct surface *s) {
  const int64_t n[3] = {g->nx, g->ny, g->nz};
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < s->vertex_count * PROFILE_SAMPLES; i++) {
    struct vec3 p =
        geometry_to_index(g, place_of(s, i / PROFILE_SAMPLES, (int)(i % PROFILE_SAMPLES)));
    const int64_t first[3] = {first_of_two(p.x, n[0]), first_of_two(p.y, n[1]),
                              first_of_two(p.z, n[2])};
    for (int c = 0; c < 8; c++) {
      int64_t x = first[0] + (c & 1), y = first[1] + (c >> 1 & 1), z = first[2] + c / 4;
      if (!geometry_inside(g, x, y, z)) continue;
#pragma omp atomic write
      wanted[geometry_index(g, x, y, z)] = 1;
    }
  }
}

static void fill_wanted(struct volume *fine, const unsigned char *wanted,
                        const struct cubic *spline, const struct geometry *from) {
  const struct geometry *g = &fine->grid;
  const struct geometry_mapping map = geometry_mapping_make(g, from);
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        if (!wanted[at]) continue;
        struct vec3 p = geometry_mapping_at(&map, i, j, k);
        bool inside = geometry_clamp_inside(from, &p);
        fine->voxels[at] = inside ? cubic_value(spline, p.x, p.y, p.z) : NAN;
      }
}

/* Cubic voxels where the profiles need them. */
static status make_fine(struct volume **out, const struct volume *part, const struct surface *s) {
  status st = ST_OK;
  struct volume *filled = NULL;
  struct cubic *spline = NULL;
  unsigned char *wanted = NULL;
  const double *edge = part->grid.spacing;
  double step = fmin(fmax(fmin(edge[0], fmin(edge[1], edge[2])), FINEST), COARSEST);
  struct geometry grid = geometry_isotropic(&part->grid, step);
  TRY(volume_copy(&filled, part));
  volume_fill_no_data(filled, AIR);
  TRY(cubic_create(&spline, filled));
  TRY(volume_create(out, &grid, part->quantity));
  wanted = calloc((size_t)geometry_voxels(&grid), 1);
  CHECK(wanted, ST_MEMORY, "cortical shell: out of memory");
  mark_wanted(wanted, &grid, s);
  fill_wanted(*out, wanted, spline, &part->grid);
done:
  volume_destroy(filled);
  cubic_destroy(spline);
  free(wanted);
  return st;
}

status shell_profiles_make(struct shell_profiles *out, const struct volume *part,
                           const struct surface *surface) {
  status st = ST_OK;
  struct volume *fine = NULL;
  size_t n = (size_t)surface->vertex_count;
  TRY(make_fine(&fine, part, surface));
  out->fine_mm = fine->grid.spacing[0];
  out->lines = malloc(n * sizeof *out->lines);
  out->edges = malloc(n * sizeof *out->edges);
  profile_prepare(&out->table);
  CHECK(out->lines && out->edges && out->table, ST_MEMORY,
        "cortical shell: out of memory for %zu vertices", n);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t v = 0; v < surface->vertex_count; v++) {
    for (int i = 0; i < PROFILE_SAMPLES; i++)
      out->lines[v].y[i] = volume_sample(fine, place_of(surface, v, i));
    profile_edges(&out->edges[v], &out->lines[v], SHELL_LEAST_EDGE);
  }
done:
  volume_destroy(fine);
  return st;
}

void shell_profiles_free(struct shell_profiles *p) {
  free(p->lines);
  free(p->edges);
  profile_table_free(p->table);
}
