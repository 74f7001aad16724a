#include "fea/tet_domain.h"

#include "core/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAD_MM = 6, KEEP_BELOW_MM = 10 };

struct tet_frame tet_frame_lps(void) {
  const struct tet_frame f = {{0, 0, 0}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  return f;
}

struct vec3 tet_to_local(const struct tet_frame *f, struct vec3 world) {
  const struct vec3 d = vec3_sub(world, f->origin);
  return vec3_make(vec3_dot(d, f->axis[0]), vec3_dot(d, f->axis[1]), vec3_dot(d, f->axis[2]));
}

struct vec3 tet_to_world(const struct tet_frame *f, struct vec3 local) {
  return vec3_along(vec3_along(vec3_along(f->origin, local.x, f->axis[0]), local.y, f->axis[1]),
                    local.z, f->axis[2]);
}

static bool wanted(const struct labels *l, int label, const struct tet_frame *frame,
                   const struct tet_plane *cut, int64_t i, int64_t j, int64_t k) {
  if (l->voxels[geometry_index(&l->grid, i, j, k)] != label) return false;
  if (!cut) return true;
  const struct vec3 w = geometry_to_world(&l->grid, vec3_make((double)i, (double)j, (double)k));
  return tet_plane_side(cut, tet_to_local(frame, w)) >= -KEEP_BELOW_MM;
}

/* The wanted voxels as 1 on a grid with room around them: one piece, no holes. */
static status crop(struct labels **out, int64_t *dropped, const struct labels *from, int label,
                   const struct tet_frame *frame, const struct tet_plane *cut) {
  status st = ST_OK;
  struct labels *to = NULL;
  int64_t low[3], high[3], count = 0;
  struct geometry g = from->grid;
  char absent[256];
  CHECK(labels_box(from, label, low, high), ST_DOMAIN, "surface: %s",
        labels_absent(absent, from, label));
  int64_t pad[3], *n[3] = {&g.nx, &g.ny, &g.nz};
  struct vec3 first = {0, 0, 0};
  for (int a = 0; a < 3; a++) {
    pad[a] = (int64_t)ceil(PAD_MM / g.spacing[a]) + 1;
    *n[a] = high[a] - low[a] + 1 + 2 * pad[a];
  }
  first =
      geometry_to_world(&from->grid, vec3_make((double)(low[0] - pad[0]), (double)(low[1] - pad[1]),
                                               (double)(low[2] - pad[2])));
  g.origin[0] = first.x, g.origin[1] = first.y, g.origin[2] = first.z;
  TRY(labels_create(&to, &g));
  for (int64_t k = low[2]; k <= high[2]; k++)
    for (int64_t j = low[1]; j <= high[1]; j++)
      for (int64_t i = low[0]; i <= high[0]; i++) {
        if (!wanted(from, label, frame, cut, i, j, k)) continue;
        to->voxels[geometry_index(&g, i - low[0] + pad[0], j - low[1] + pad[1],
                                  k - low[2] + pad[2])] = 1;
        count++;
      }
  CHECK(count > 0, ST_DOMAIN,
        "surface: no voxel of label %d lies on the kept side of the cut; the frame and the labels "
        "do not belong together",
        label);
  TRY(filter_keep_largest(to, 1, 6, dropped));
  TRY(filter_fill_holes(to, 1, -1));
  *out = to;
  to = NULL;
done:
  labels_destroy(to);
  return st;
}

/* Volume within level + shift = 0, each voxel by the share that a plane at its level would cut: the
 * same for a mirrored label. @param[out] slope  of the volume against the shift, negative */
static double volume_within(const struct volume *level, double shift, double *slope) {
  const double cube = geometry_voxel_mm3(&level->grid), h = cbrt(cube);
  double part = 0;
  int64_t whole = 0, cut = 0;
  for (int64_t v = 0; v < geometry_voxels(&level->grid); v++) {
    const double share = 0.5 - ((double)level->voxels[v] + shift) / h;
    if (share >= 1)
      whole++;
    else if (share > 0) {
      part += share;
      cut++;
    }
  }
  *slope = -(double)cut * cube / h;
  return ((double)whole + part) * cube;
}

/* The level that encloses the label's volume, by Newton steps. */
static status keep_volume(struct tet_domain *d) {
  status st = ST_OK;
  for (int step = 0; step < 8; step++) {
    double slope;
    const double missing = d->label_mm3 - volume_within(d->level, d->shift, &slope);
    if (fabs(missing) < 1e-9 * d->label_mm3) break;
    CHECK(slope < 0, ST_DOMAIN, "surface: the label vanishes when smoothed; smooth less");
    d->shift += missing / slope;
  }
done:
  return st;
}

/* Reach of the surface along the local axes. */
static status find_reach(struct tet_domain *d) {
  status st = ST_OK;
  struct surface *s = NULL;
  TRY(tet_domain_surface(&s, d));
  for (int a = 0; a < 3; a++) {
    d->low[a] = INFINITY;
    d->high[a] = -INFINITY;
  }
  for (int64_t v = 0; v < s->vertex_count; v++) {
    const struct vec3 p = s->vertices[v];
    const double at[3] = {p.x, p.y, p.z};
    if (d->has_plane[TET_CUT] && tet_plane_side(&d->plane[TET_CUT], p) < 0) continue;
    for (int a = 0; a < 3; a++) {
      d->low[a] = fmin(d->low[a], at[a]);
      d->high[a] = fmax(d->high[a], at[a]);
    }
  }
done:
  surface_destroy(s);
  return st;
}

/* Voxels of more than 1 mm in equal parts of at most 1 mm: a mirrored grid stays mirrored. */
static struct geometry divided(const struct geometry *from) {
  struct geometry g = *from;
  int64_t *n[3] = {&g.nx, &g.ny, &g.nz};
  double first[3];
  for (int a = 0; a < 3; a++) {
    const double parts = fmax(1, ceil(from->spacing[a] - 1e-6));
    g.spacing[a] /= parts;
    *n[a] *= (int64_t)parts;
    first[a] = (1 / parts - 1) / 2;
  }
  const struct vec3 o = geometry_to_world(from, vec3_make(first[0], first[1], first[2]));
  g.origin[0] = o.x, g.origin[1] = o.y, g.origin[2] = o.z;
  return g;
}

status tet_domain_create(struct tet_domain **out, const struct labels *labels, int label,
                         const struct tet_frame *frame, const struct tet_plane *cut,
                         double smooth_mm, double grow_mm) {
  status st = ST_OK;
  struct labels *bone = NULL;
  struct volume *distance = NULL, *even = NULL;
  struct tet_domain *d = calloc(1, sizeof *d);
  CHECK(d, ST_MEMORY, "surface: no memory");
  CHECK(smooth_mm >= 0 && smooth_mm <= 5, ST_DOMAIN,
        "surface: smoothing of %g mm, permitted 0 .. 5", smooth_mm);
  CHECK(grow_mm >= -5 && grow_mm <= 5, ST_DOMAIN, "surface: moved by %g mm, permitted -5 .. 5",
        grow_mm);
  d->frame = *frame;
  if (cut) {
    d->has_plane[TET_CUT] = 1;
    d->plane[TET_CUT] = *cut;
  }
  TRY(crop(&bone, &d->dropped, labels, label, frame, cut));
  d->label_mm3 = (double)labels_count(bone, 1) * geometry_voxel_mm3(&bone->grid);
  const struct geometry grid = divided(&bone->grid);
  TRY(filter_distance(&distance, bone, 1));
  TRY(filter_resample(&even, distance, &grid, INTERPOLATE_LINEAR, 2 * PAD_MM));
  TRY(filter_gaussian(&d->level, even, smooth_mm));
  TRY(keep_volume(d));
  d->shift -= grow_mm;
  TRY(find_reach(d));
  *out = d;
  d = NULL;
done:
  labels_destroy(bone);
  volume_destroy(distance);
  volume_destroy(even);
  tet_domain_destroy(d);
  return st;
}

void tet_domain_destroy(struct tet_domain *d) {
  if (!d) return;
  volume_destroy(d->level);
  free(d);
}

double tet_domain_level(const struct tet_domain *d, struct vec3 at, struct vec3 *gradient) {
  const double h = 0.5 * d->level->grid.spacing[0];
  const struct vec3 w = tet_to_world(&d->frame, at);
  if (gradient) {
    double g[3];
    for (int a = 0; a < 3; a++)
      g[a] = (volume_sample(d->level, vec3_along(w, h, d->frame.axis[a])) -
              volume_sample(d->level, vec3_along(w, -h, d->frame.axis[a]))) /
             (2 * h);
    *gradient = vec3_make(g[0], g[1], g[2]);
  }
  return volume_sample(d->level, w) + d->shift;
}

struct vec3 tet_domain_project(const struct tet_domain *d, struct vec3 at) {
  for (int step = 0; step < 4; step++) {
    struct vec3 g;
    const double level = tet_domain_level(d, at, &g), slope = vec3_dot(g, g);
    if (!isfinite(level) || !(slope > 1e-4)) break;
    const double reach = d->level->grid.spacing[0] / sqrt(slope); /* at most one voxel a step */
    at = vec3_along(at, -fmax(-reach, fmin(reach, level / slope)), g);
    if (fabs(level) < 1e-9) break;
  }
  return at;
}

static struct vec3 onto_plane(const struct tet_plane *p, struct vec3 at) {
  return vec3_along(at, -tet_plane_side(p, at), p->normal);
}

struct vec3 tet_domain_project_patch(const struct tet_domain *d, struct vec3 at, int a, int b) {
  if (a == TET_CUT && b == TET_CUT) return onto_plane(&d->plane[TET_CUT], at);
  const int low = a < b ? a : b, high = a < b ? b : a;
  if (low == high || !d->has_plane[high]) return tet_domain_project(d, at);
  const struct tet_plane *p = &d->plane[high];
  for (int step = 0; step < 6; step++) { /* Newton within the plane */
    struct vec3 g;
    at = onto_plane(p, at);
    const double level = tet_domain_level(d, at, &g);
    g = vec3_along(g, -vec3_dot(g, p->normal), p->normal);
    const double slope = vec3_dot(g, g);
    if (!isfinite(level) || !(slope > 1e-3) || fabs(level) < 1e-9) break;
    const double reach = d->level->grid.spacing[0] / sqrt(slope);
    at = vec3_along(at, -fmax(-reach, fmin(reach, level / slope)), g);
  }
  return onto_plane(p, at);
}

static int32_t root(int32_t *up, int32_t i) {
  while (up[i] != i) {
    up[i] = up[up[i]];
    i = up[i];
  }
  return i;
}

/* Triangles of the piece with most triangles; vertices that go are dropped. */
static status keep_largest(struct surface *s) {
  status st = ST_OK;
  const size_t n = (size_t)s->vertex_count + 1;
  int32_t *up = malloc(n * sizeof *up), *size = calloc(n, sizeof *size), best = 0;
  int32_t *number = malloc(n * sizeof *number), kept = 0;
  CHECK(up && size && number, ST_MEMORY, "surface: no memory for %zu vertices", n);
  for (int32_t v = 0; v < s->vertex_count; v++) up[v] = v;
  for (int64_t t = 0; t < 3 * s->triangle_count; t++)
    up[root(up, s->triangles[t])] = root(up, s->triangles[t / 3 * 3]);
  for (int64_t t = 0; t < s->triangle_count; t++) {
    const int32_t r = root(up, s->triangles[3 * t]);
    if (++size[r] > size[best]) best = r;
  }
  for (int32_t v = 0; v < s->vertex_count; v++) {
    number[v] = -1;
    if (root(up, v) != best) continue;
    s->vertices[kept] = s->vertices[v];
    number[v] = kept++;
  }
  int64_t triangles = 0;
  for (int64_t t = 0; t < s->triangle_count; t++) {
    if (number[s->triangles[3 * t]] < 0) continue;
    for (int c = 0; c < 3; c++) s->triangles[3 * triangles + c] = number[s->triangles[3 * t + c]];
    triangles++;
  }
  s->vertex_count = kept;
  s->triangle_count = triangles;
done:
  free(up);
  free(size);
  free(number);
  return st;
}

status tet_domain_surface(struct surface **out, const struct tet_domain *d) {
  status st = ST_OK;
  struct surface *s = NULL;
  TRY(surface_from_volume(&s, d->level, -d->shift, 0));
  TRY(keep_largest(s));
  const struct vec3 *axis = d->frame.axis;
  const bool mirrored = vec3_dot(vec3_cross(axis[0], axis[1]), axis[2]) < 0;
  for (int64_t v = 0; v < s->vertex_count; v++)
    s->vertices[v] = tet_to_local(&d->frame, s->vertices[v]);
  for (int64_t t = 0; mirrored && t < s->triangle_count; t++) {
    const int32_t swap = s->triangles[3 * t + 1];
    s->triangles[3 * t + 1] = s->triangles[3 * t + 2];
    s->triangles[3 * t + 2] = swap;
  }
  *out = s;
  s = NULL;
done:
  surface_destroy(s);
  return st;
}
