#include "qct/shell.h"

#include "core/body.h"
#include "core/filter.h"
#include "core/parallel.h"
#include "core/statistics.h"
#include "core/surface_coverage.h"
#include "qct/near.h"
#include "qct/outline.h"
#include "qct/shell_parts.h"
#include "qct/shell_profiles.h"
#include "qct/shell_rim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MARGIN = 12;      /* mm around the bone */
static const double SURFACE_STEP = 1; /* mm, of the vertices */
static const double FAR_DEPTH = 99;   /* mm, in place of a depth nobody needs */
static const double REACH = 11;       /* mm, farthest voxel inside that looks for a vertex */
/* Where the bone's mass ends: SD of the blur that is no box, and what an edge may be off; beside
 * another bone no farther than blur takes this one's. */
static const double SPILL = 2.5, SPILL_MM = 0.5;
enum { SPREAD = 3 };

void qct_shell_destroy(struct qct_shell *s) {
  if (!s) return;
  surface_destroy(s->surface);
  free(s->outer_mm);
  free(s->thickness_mm);
  free(s->outside);
  free(s->layer);
  free(s->behind);
  free(s->rms);
  free(s->spill_mm);
  free(s->joined);
  volume_destroy(s->bone);
  volume_destroy(s->marrow);
  volume_destroy(s->mass);
  volume_destroy(s->marrow_mass);
  volume_destroy(s->layer_mass);
  volume_destroy(s->depth);
  free(s);
}

/* The part of the blur along a normal that is no box, SD [mm]. */
static double gauss_at(const struct qct_shell *s, int64_t vertex) {
  double n = vec3_dot(s->surface->normals[vertex], s->slice_axis), across = fmin(n * n, 1);
  return sqrt(s->sigma_mm * s->sigma_mm * (1 - across) +
              s->slice_sigma_mm * s->slice_sigma_mm * across);
}

double qct_shell_sigma(const struct qct_shell *s, int64_t vertex) {
  double n = vec3_dot(s->surface->normals[vertex], s->slice_axis), w = s->slice_mm * n;
  double gauss = gauss_at(s, vertex);
  return sqrt(gauss * gauss + w * w / 12);
}

double qct_shell_reach(const struct qct_shell *s, int64_t vertex, double sd) {
  double n = fabs(vec3_dot(s->surface->normals[vertex], s->slice_axis));
  return sd * gauss_at(s, vertex) + 0.5 * s->slice_mm * n;
}

/* Blur of the profiles along a normal: linear interpolation adds the mean of f (1 - f) h^2 over a
 * voxel, h^2/6. */
static struct profile_blur profile_blur_at(const struct qct_shell *s, int64_t vertex,
                                           double fine_mm) {
  double gauss = gauss_at(s, vertex);
  double n = vec3_dot(s->surface->normals[vertex], s->slice_axis);
  return (struct profile_blur){sqrt(gauss * gauss + fine_mm * fine_mm / 6), s->slice_mm * fabs(n)};
}

/* ---- surface and sampling image ---- */

/* Part of the density around the label. */
static status cut_out(struct volume **part, struct qct_shell *s, const struct volume *density,
                      const struct labels *labels, int label) {
  status st = ST_OK;
  const struct geometry *g = &density->grid;
  int64_t lo[3], hi[3], n[3] = {g->nx, g->ny, g->nz};
  CHECK(labels_box(labels, label, lo, hi), ST_DOMAIN, "cortical shell: label %d has no voxel",
        label);
  for (int a = 0; a < 3; a++) {
    int64_t pad = (int64_t)ceil(MARGIN / g->spacing[a]);
    lo[a] = lo[a] > pad ? lo[a] - pad : 0;
    hi[a] = hi[a] + pad < n[a] ? hi[a] + pad : n[a] - 1;
    s->first[a] = lo[a];
  }
  TRY(filter_crop(part, density, lo, hi));
  s->grid = (*part)->grid;
done:
  return st;
}

/* ---- values over the surface ---- */

status shell_spread(float *value, const struct surface *s, float fallback) {
  status st = ST_OK;
  int64_t n = s->vertex_count;
  double *sum = malloc((size_t)n * sizeof *sum), *count = malloc((size_t)n * sizeof *count);
  int64_t empty = 1;
  CHECK(sum && count, ST_MEMORY, "cortical shell: out of memory");
  for (int round = 0; round < 40 && (round < SPREAD || empty); round++) {
    memset(sum, 0, (size_t)n * sizeof *sum);
    memset(count, 0, (size_t)n * sizeof *count);
    for (int64_t t = 0; t < s->triangle_count; t++)
      for (int e = 0; e < 3; e++) {
        int32_t a = s->triangles[3 * t + e], b = s->triangles[3 * t + (e + 1) % 3];
        if (isnan(value[b])) continue;
        sum[a] += (double)value[b];
        count[a]++;
      }
    empty = 0;
    for (int64_t i = 0; i < n; i++) {
      empty += isnan(value[i]) && count[i] <= 0;
      if (count[i] <= 0) continue;
      float mean = (float)(sum[i] / count[i]);
      if (isnan(value[i]))
        value[i] = mean;
      else if (round < SPREAD)
        value[i] = (value[i] + mean) / 2;
    }
  }
  for (int64_t i = 0; i < n; i++)
    if (isnan(value[i])) value[i] = fallback;
done:
  free(sum);
  free(count);
  return st;
}

static float *vertex_array(int64_t n) {
  return malloc((size_t)n * sizeof(float));
}

/* How far the blur of a vertex is looked for, and the soft tissue beside it where the next bone
 * rises within that reach; NaN elsewhere: the voxels tell (shell_read_soft). In such a joint voxels
 * hold what blur brought from both bones, so the model says what this one lost (`joined`). */
static void look_outside(struct qct_shell *s, int64_t v, const struct profile_edges *edge,
                         const struct profile_fit *fit) {
  double outer_mm = fit->ok ? fit->outer_mm : edge->outer_mm;
  double valley = outer_mm - (PROFILE_FROM_MM + PROFILE_STEP_MM * edge->first);
  s->outside[v] = NAN;
  s->spill_mm[v] = (float)(qct_shell_reach(s, v, SPILL) + (edge->next ? 0 : SPILL_MM));
  if (!edge->ok || !edge->next || valley >= shell_soft_reach(s, v)) return;
  s->outside[v] = (float)(fit->ok ? fit->outside : edge->outside);
  s->joined[v] = 1;
}

/* The slices' thickness is more of the blur than all the rest. */
static int mostly_box(const struct qct_shell *s, int64_t v) {
  return qct_shell_sigma(s, v) > sqrt(2) * gauss_at(s, v);
}

/* Fits of the places that see no other bone, or of those that do. */
static void fit_group(struct profile_fit *fits, const struct qct_shell *s,
                      const struct shell_profiles *seen, const struct shell_rim *rim, int next,
                      double y0) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 64)
  for (int64_t i = 0; i < s->surface->vertex_count; i++) {
    if (seen->edges[i].next != next) continue;
    struct profile_known known = {.y1 = s->cortical_mgcc,
                                  .blur = profile_blur_at(s, i, seen->fine_mm),
                                  .y0 = y0,
                                  .box = mostly_box(s, i),
                                  .y2 = rim ? shell_rim_at(rim, i, 0) : NAN,
                                  .y2_slope = rim ? (double)rim->slope[i] : 0,
                                  .x0 = (double)s->outer_mm[i]};
    profile_fit(&fits[i], &seen->lines[i], &seen->edges[i], seen->table, &known);
  }
}

/* First those that see soft tissue alone. */
static status fit_profiles(struct profile_fit *fits, const struct qct_shell *s,
                           const struct shell_profiles *seen, const struct shell_rim *rim) {
  status st = ST_OK;
  double soft;
  fit_group(fits, s, seen, rim, 0, NAN);
  CHECK(profile_soft(&soft, fits, seen->edges, s->surface->vertex_count), ST_MEMORY,
        "cortical shell: out of memory");
  fit_group(fits, s, seen, rim, 1, soft);
done:
  return st;
}

static status make_arrays(struct qct_shell *s) {
  status st = ST_OK;
  int64_t n = s->surface->vertex_count;
  s->outer_mm = vertex_array(n);
  s->thickness_mm = vertex_array(n);
  s->outside = vertex_array(n);
  s->layer = vertex_array(n);
  s->behind = vertex_array(n);
  s->rms = vertex_array(n);
  s->spill_mm = vertex_array(n);
  s->joined = calloc((size_t)n, 1);
  CHECK(s->outer_mm && s->thickness_mm && s->outside && s->layer && s->behind && s->rms &&
            s->spill_mm && s->joined,
        ST_MEMORY, "cortical shell: out of memory for %lld vertices", (long long)n);
done:
  return st;
}

/* Edges and thickness of every vertex; with a rim, which gives the density behind, the outer edge
 * stays. */
static status fit_vertices(struct qct_shell *s, const struct shell_profiles *seen,
                           const struct shell_rim *rim) {
  status st = ST_OK;
  int64_t n = s->surface->vertex_count, fitted = 0;
  struct profile_fit *fits = malloc((size_t)n * sizeof *fits);
  CHECK(fits, ST_MEMORY, "cortical shell: out of memory for %lld vertices", (long long)n);
  TRY(fit_profiles(fits, s, seen, rim));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static) reduction(+ : fitted)
  for (int64_t i = 0; i < n; i++) {
    const struct profile_fit *f = &fits[i];
    fitted += f->ok;
    if (!rim) s->outer_mm[i] = f->ok ? (float)f->outer_mm : NAN;
    s->thickness_mm[i] = f->ok ? (float)f->thickness_mm : NAN;
    s->behind[i] = f->ok ? (float)f->behind : NAN;
    s->rms[i] = f->ok ? (float)f->rms : NAN;
    look_outside(s, i, &seen->edges[i], f);
  }
  s->resolved = (double)fitted / (double)n;
  if (!rim) TRY(shell_spread(s->outer_mm, s->surface, 0));
  TRY(shell_spread(s->thickness_mm, s->surface, 0));
  TRY(shell_spread(s->behind, s->surface, 0));
done:
  free(fits);
  return st;
}

/* ---- voxels ---- */

/* The surface moved inward by outer (+ thickness). */
static status moved_coverage(struct volume **out, struct qct_shell *s, int inner) {
  status st = ST_OK;
  struct surface moved = *s->surface;
  int64_t n = moved.vertex_count;
  moved.vertices = malloc((size_t)n * sizeof *moved.vertices);
  CHECK(moved.vertices, ST_MEMORY, "cortical shell: out of memory");
  for (int64_t i = 0; i < n; i++) {
    double in = (double)s->outer_mm[i] + (inner ? (double)s->thickness_mm[i] : 0);
    moved.vertices[i] = vec3_along(s->surface->vertices[i], -in, s->surface->normals[i]);
  }
  TRY(surface_coverage(out, &moved, &s->grid));
done:
  free(moved.vertices);
  return st;
}

/* The vertex nearest to each voxel, -1 where none is within the reach of anything. */
static status find_vertices(int32_t **out, const struct qct_shell *s) {
  status st = ST_OK;
  const struct geometry *g = &s->grid;
  struct near cells = {.size_mm = 0};
  double outside_mm = 0;
  int32_t *vertex = malloc((size_t)geometry_voxels(g) * sizeof *vertex);
  CHECK(vertex, ST_MEMORY, "cortical shell: out of memory");
  for (int64_t v = 0; v < s->surface->vertex_count; v++)
    outside_mm = fmax(outside_mm, shell_soft_reach(s, v) - (double)s->outer_mm[v]);
  outside_mm += SURFACE_STEP; /* the nearest vertex is no farther to the side */
  TRY(near_make(&cells, s->surface, 3));
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++) {
      int32_t before = -1;
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t at = geometry_index(g, i, j, k);
        struct vec3 p = geometry_to_world(g, vec3_make((double)i, (double)j, (double)k));
        double distance, reach_mm = s->bone->voxels[at] > 0 ? REACH : outside_mm;
        before = vertex[at] = near_point(&distance, &cells, p, reach_mm, before);
      }
    }
  *out = vertex;
  vertex = NULL;
done:
  near_free(&cells);
  free(vertex);
  return st;
}

static void fill_voxel(struct qct_shell *s, int64_t at, float density, int32_t v) {
  float bone = s->bone->voxels[at];
  double share, below_outer = v < 0 ? 0 : shell_depth_of(s, at, v);
  s->mass->voxels[at] = bone * density;
  s->marrow_mass->voxels[at] = s->marrow->voxels[at] * density;
  if (v < 0 || below_outer <= -(double)s->spill_mm[v]) return;
  if (s->joined[v]) { /* outside the bone's part of the model, inside all but the soft tissue's */
    double bone_only = shell_bone_at(s, v, below_outer, &share);
    s->mass->voxels[at] =
        below_outer < 0 ? (float)bone_only : density - (float)(1 - share) * s->outside[v];
  } else {
    s->mass->voxels[at] = density - (1 - bone) * s->outside[v];
    s->layer_mass->voxels[at] = (1 - bone) * s->layer[v];
  }
}

/* Share of every voxel inside the outer surface. */
static status fill_bone(struct qct_shell *s) {
  status st = ST_OK;
  TRY(moved_coverage(&s->bone, s, 0));
  for (int64_t at = 0, n = geometry_voxels(&s->grid); at < n; at++)
    s->bone->voxels[at] = fminf(s->bone->voxels[at], 1);
done:
  return st;
}

static void fill_depth(struct qct_shell *s, const int32_t *vertex) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t at = 0; at < geometry_voxels(&s->grid); at++) {
    int32_t v = vertex[at];
    double far = s->bone->voxels[at] > 0.5F ? FAR_DEPTH : -FAR_DEPTH;
    s->depth->voxels[at] =
        (float)(v < 0 ? far : shell_depth_of(s, at, v) - (double)s->thickness_mm[v]);
  }
}

/* The marrow space that blur mixes with cortex, from the marrow behind it. */
static void fill_rim(struct qct_shell *s, const struct shell_rim *rim, const int32_t *vertex) {
  for (int64_t at = 0, n = geometry_voxels(&s->grid); at < n; at++) {
    int32_t v = vertex[at];
    double depth = (double)s->depth->voxels[at], share = (double)s->marrow->voxels[at];
    if (v < 0 || !(share > 0) || depth >= shell_rim_end(s, v)) continue;
    s->marrow_mass->voxels[at] = (float)(share * shell_rim_at(rim, v, fmax(depth, 0)));
  }
}

static status fill_voxels(struct qct_shell *s, const struct volume *part,
                          const struct shell_rim *rim, const int32_t *vertex) {
  status st = ST_OK;
  const struct geometry *g = &s->grid;
  int64_t n = geometry_voxels(g);
  TRY(moved_coverage(&s->marrow, s, 1));
  for (int64_t at = 0; at < n; at++)
    s->marrow->voxels[at] = fminf(s->marrow->voxels[at], s->bone->voxels[at]);
  TRY(volume_create(&s->mass, g, QUANTITY_DENSITY));
  TRY(volume_create(&s->marrow_mass, g, QUANTITY_DENSITY));
  TRY(volume_create(&s->layer_mass, g, QUANTITY_DENSITY));
  TRY(shell_read_soft(s, part, vertex));
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t at = 0; at < n; at++) fill_voxel(s, at, part->voxels[at], vertex[at]);
  fill_depth(s, vertex);
  fill_rim(s, rim, vertex);
done:
  return st;
}

/* Two fits: the first says where the cortex begins and where its blur ends, voxels beyond that what
 * lies behind it, the second where the cortex ends. */
static status fit_twice(struct qct_shell *s, const struct volume *part) {
  status st = ST_OK;
  struct shell_rim rim = {NULL, NULL, NULL};
  struct shell_profiles seen = {0};
  int32_t *vertex = NULL;
  TRY(make_arrays(s));
  TRY(volume_create(&s->depth, &s->grid, QUANTITY_LENGTH));
  TRY(shell_profiles_make(&seen, part, s->surface));
  TRY(shell_read_bone(s, &seen));
  TRY(fit_vertices(s, &seen, NULL));
  TRY(fill_bone(s));
  TRY(find_vertices(&vertex, s));
  fill_depth(s, vertex);
  TRY(shell_rim_make(&rim, s, part, vertex));
  TRY(fit_vertices(s, &seen, &rim));
  TRY(fill_voxels(s, part, &rim, vertex));
done:
  shell_rim_free(&rim);
  shell_profiles_free(&seen);
  free(vertex);
  return st;
}

status qct_shell_make(struct qct_shell **out, const struct volume *density,
                      const struct labels *labels, int label) {
  status st = ST_OK;
  struct qct_shell *s = calloc(1, sizeof *s);
  struct volume *part = NULL;
  CHECK(s, ST_MEMORY, "cortical shell: out of memory");
  TRY(geometry_match(&density->grid, "density", &labels->grid, "labels", 0.1));
  TRY(cut_out(&part, s, density, labels, label));
  const int axis = geometry_slice_axis(&s->grid);
  s->slice_mm = s->grid.spacing[axis];
  s->slice_axis = geometry_axis(&s->grid, axis);
  TRY(qct_outline_surface(&s->surface, labels, label, SURFACE_STEP));
  TRY(fit_twice(s, part));
  *out = s;
  s = NULL;
done:
  qct_shell_destroy(s);
  volume_destroy(part);
  return st;
}
