#include "anatomy/refine.h"

#include "anatomy/box.h"
#include "core/parallel.h"
#include "core/profile.h"
#include "core/statistics.h"
#include "core/surface_coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAD = 2, SPREAD = 6, THICK_LEAST = 50 };
static const double MOST = 2, OUT = 0.5;  /* mm, largest shifts inward and outward: the cut errs
                                             outward, and  beyond lies the next bone */
static const double LEAST_CONTRAST = 150; /* HU */
static const double STEEP = 0.3;          /* largest |normal . slice axis| where blur is read */
static const double FINAL_SIGMA = 0.6;    /* mm */

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

/* ---- edge of the bone ---- */

struct reading { /* of all vertices */
  struct profile *line;
  struct profile_edges *edge;
  struct profile_fit *fit;
  double *shift; /* outward positive; NaN when there is no clear edge */
};

static void read_vertex(const struct reading *r, const struct volume *image,
                        const struct surface *s, int64_t i) {
  for (int k = 0; k < PROFILE_SAMPLES; k++) {
    struct vec3 q =
        vec3_along(s->vertices[i], -(PROFILE_FROM_MM + PROFILE_STEP_MM * k), s->normals[i]);
    r->line[i].y[k] = box_sample(image, q.x, q.y, q.z);
  }
  profile_edges(&r->edge[i], &r->line[i], LEAST_CONTRAST);
}

/* HU of this bone's cortex and blur of the scan, from where the cortex is thick. */
static status read_bone(struct refine_info *info, const struct reading *r, const struct surface *s,
                        struct vec3 slices) {
  status st = ST_OK;
  int64_t n = s->vertex_count, thick = 0, steep = 0;
  double *plateau = malloc((size_t)n * sizeof *plateau), *rise = malloc((size_t)n * sizeof *rise);
  CHECK(plateau && rise, ST_MEMORY, "refining a surface: out of memory");
  for (int64_t i = 0; i < n; i++) {
    if (!r->edge[i].ok || isnan(r->edge[i].plateau)) continue;
    plateau[thick++] = r->edge[i].plateau;
    if (fabs(vec3_dot(s->normals[i], slices)) < STEEP && !isnan(r->edge[i].rise_mm))
      rise[steep++] = r->edge[i].rise_mm;
  }
  info->cortex_hu = info->blur_mm = NAN;
  if (thick >= THICK_LEAST && steep >= THICK_LEAST) {
    info->cortex_hu = stat_median(plateau, thick);
    info->blur_mm = stat_median(rise, steep) / 1.34898; /* quartiles of a normal edge */
  }
done:
  free(plateau);
  free(rise);
  return st;
}

/* Fits of the places that see no other bone, or of those that do. */
static void fit_vertices(const struct reading *r, const struct refine_info *info,
                         const struct surface *s, struct vec3 slices, double slice_mm,
                         const struct profile_table *table, int next, double soft_hu) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic, 256)
  for (int64_t i = 0; i < s->vertex_count; i++) {
    if (r->edge[i].next != next) continue;
    double box = slice_mm * vec3_dot(s->normals[i], slices);
    double blur = sqrt(info->blur_mm * info->blur_mm + box * box / 12);
    struct profile_known known = {.y1 = info->cortex_hu,
                                  .blur = {blur, 0},
                                  .y0 = soft_hu,
                                  .y2 = NAN,
                                  .box = box * box / 12 > info->blur_mm * info->blur_mm};
    profile_fit(&r->fit[i], &r->line[i], &r->edge[i], table, &known);
  }
}

/* By the model when the bone's cortex is known, else half-maximum. */
static double edge_shift(const struct reading *r, int64_t i, const struct refine_info *info) {
  double x = NAN;
  if (!r->edge[i].ok) return NAN;
  if (isnan(info->cortex_hu))
    x = r->edge[i].outer_mm;
  else if (r->fit[i].ok)
    x = r->fit[i].outer_mm;
  return -x >= -MOST && -x <= OUT ? -x : NAN; /* NaN stays NaN */
}

static status read_shifts(struct reading *r, struct refine_info *info, const struct volume *image,
                          const struct surface *s, struct vec3 slices, double slice_mm) {
  status st = ST_OK;
  struct profile_table *table = NULL;
  profile_prepare(&table);
  CHECK(table, ST_MEMORY, "refining a surface: out of memory");
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t i = 0; i < s->vertex_count; i++) read_vertex(r, image, s, i);
  TRY(read_bone(info, r, s, slices));
  info->soft_hu = NAN;
  if (!isnan(info->cortex_hu)) {
    fit_vertices(r, info, s, slices, slice_mm, table, 0, NAN);
    CHECK(profile_soft(&info->soft_hu, r->fit, r->edge, s->vertex_count), ST_MEMORY,
          "refining a surface: out of memory");
    fit_vertices(r, info, s, slices, slice_mm, table, 1, info->soft_hu);
  }
  for (int64_t i = 0; i < s->vertex_count; i++) r->shift[i] = edge_shift(r, i, info);
done:
  profile_table_free(table);
  return st;
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

static status move_surface(struct surface *s, struct refine_info *info, const struct reading *r) {
  status st = ST_OK;
  double sum = 0, square = 0;
  int64_t held = 0, n = s->vertex_count;
  for (int64_t i = 0; i < n; i++) held += isnan(r->shift[i]);
  TRY(spread_shifts(r->shift, s));
  for (int64_t i = 0; i < n; i++) {
    sum += r->shift[i];
    square += r->shift[i] * r->shift[i];
    s->vertices[i] = vec3_along(s->vertices[i], r->shift[i], s->normals[i]);
  }
  info->moved_mm = n > 0 ? sum / (double)n : 0;
  info->rms_mm = n > 0 ? sqrt(square / (double)n) : 0;
  info->held = n > 0 ? (double)held / (double)n : 1;
  TRY(surface_smooth(s, 5));
done:
  return st;
}

status refine_surface(struct volume *field, const struct volume *image, struct vec3 slice_axis,
                      double slice_mm, struct refine_info *info) {
  status st = ST_OK;
  struct volume *pad = NULL, *cover = NULL;
  struct surface *s = NULL;
  struct reading r = {NULL, NULL, NULL, NULL};
  TRY(padded(&pad, field));
  TRY(surface_from_volume(&s, pad, 0.5, 1));
  TRY(surface_smooth(s, 10));
  TRY(surface_normals(s));
  size_t n = (size_t)s->vertex_count + 1;
  r.line = malloc(n * sizeof *r.line);
  r.edge = malloc(n * sizeof *r.edge);
  r.fit = malloc(n * sizeof *r.fit);
  r.shift = malloc(n * sizeof *r.shift);
  CHECK(r.line && r.edge && r.fit && r.shift, ST_MEMORY, "refining a surface: out of memory");
  TRY(read_shifts(&r, info, image, s, slice_axis, slice_mm));
  TRY(move_surface(s, info, &r));
  TRY(surface_coverage(&cover, s, &field->grid));
  TRY(box_gaussian(cover, FINAL_SIGMA));
  memcpy(field->voxels, cover->voxels, (size_t)geometry_voxels(&field->grid) * sizeof(float));
done:
  volume_destroy(pad);
  volume_destroy(cover);
  surface_destroy(s);
  free(r.line);
  free(r.edge);
  free(r.fit);
  free(r.shift);
  return st;
}
