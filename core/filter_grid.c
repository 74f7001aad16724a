/* Moving voxels between grids: orient, crop, resample, average. */
#include "core/filter.h"
#include "core/filter_cubic.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- exact copies ---- */

/* Copy n[0] x n[1] x n[2] elements of `size` (2 or 4) bytes from a strided source; `from` points at
 * the first element, steps are in elements. */
static void gather(void *to, const void *from, size_t size, const int64_t n[3],
                   const int64_t step[3]) {
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < n[2]; k++)
    for (int64_t j = 0; j < n[1]; j++) {
      int64_t row = (k * n[1] + j) * n[0], source = k * step[2] + j * step[1];
      if (size == sizeof(float)) {
        const float *f = (const float *)from + source;
        float *t = (float *)to + row;
        for (int64_t i = 0; i < n[0]; i++) t[i] = f[i * step[0]];
      } else {
        const uint16_t *f = (const uint16_t *)from + source;
        uint16_t *t = (uint16_t *)to + row;
        for (int64_t i = 0; i < n[0]; i++) t[i] = f[i * step[0]];
      }
    }
}

/* A volume like `in` on another grid. */
static status volume_on(struct volume **out, const struct volume *in, const struct geometry *grid) {
  status st = ST_OK;
  struct volume *v = NULL;
  TRY(volume_create(&v, grid, in->quantity));
  v->material = in->material;
  v->acquisition = in->acquisition;
  memcpy(v->calibration_id, in->calibration_id, sizeof v->calibration_id);
  *out = v;
done:
  return st;
}

static status labels_on(struct labels **out, const struct labels *in, const struct geometry *grid) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_create(&l, grid));
  for (size_t i = 0; i < in->name_count; i++)
    TRY(labels_set_name(l, in->names[i].value, in->names[i].name));
  *out = l;
  l = NULL;
done:
  labels_destroy(l);
  return st;
}

/* A view of a grid: axis a of the new one is axis[a] of the old, reversed where flip[a]; it starts
 * at index first[] of the old. */
struct view {
  struct geometry grid;
  int64_t start, step[3]; /* elements of the old array */
};

static struct view view_make(const struct geometry *g, const int axis[3], const bool flip[3],
                             const int64_t lo[3], const int64_t size[3]) {
  struct view w = {.grid = *g};
  const int64_t stride[3] = {1, g->nx, g->nx * g->ny};
  int64_t first[3] = {lo[0], lo[1], lo[2]};
  int64_t *n[3] = {&w.grid.nx, &w.grid.ny, &w.grid.nz};
  for (int a = 0; a < 3; a++) {
    int old = axis[a];
    double sign = flip[a] ? -1 : 1;
    if (flip[a]) first[old] = lo[old] + size[old] - 1;
    *n[a] = size[old];
    w.grid.spacing[a] = g->spacing[old];
    for (int i = 0; i < 3; i++) w.grid.direction[3 * i + a] = sign * g->direction[3 * i + old];
    w.step[a] = flip[a] ? -stride[old] : stride[old];
  }
  struct vec3 o =
      geometry_to_world(g, vec3_make((double)first[0], (double)first[1], (double)first[2]));
  w.grid.origin[0] = o.x;
  w.grid.origin[1] = o.y;
  w.grid.origin[2] = o.z;
  w.start = geometry_index(g, first[0], first[1], first[2]);
  return w;
}

static status view_volume(struct volume **out, const struct volume *in, const struct view *w) {
  status st = ST_OK;
  struct volume *v = NULL;
  const int64_t n[3] = {w->grid.nx, w->grid.ny, w->grid.nz};
  TRY(volume_on(&v, in, &w->grid));
  gather(v->voxels, in->voxels + w->start, sizeof *v->voxels, n, w->step);
  *out = v;
done:
  return st;
}

static status view_labels(struct labels **out, const struct labels *in, const struct view *w) {
  status st = ST_OK;
  struct labels *l = NULL;
  const int64_t n[3] = {w->grid.nx, w->grid.ny, w->grid.nz};
  TRY(labels_on(&l, in, &w->grid));
  gather(l->voxels, in->voxels + w->start, sizeof *l->voxels, n, w->step);
  *out = l;
done:
  return st;
}

/* The permutation of axes whose directions lie nearest to x, y, z. */
static struct view view_oriented(const struct geometry *g) {
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  int best = 0;
  double most = -1;
  for (int p = 0; p < 6; p++) {
    double sum = 0;
    for (int a = 0; a < 3; a++) sum += fabs(g->direction[3 * a + orders[p][a]]);
    if (sum > most + 1e-9) {
      most = sum;
      best = p;
    }
  }
  bool flip[3];
  for (int a = 0; a < 3; a++) flip[a] = g->direction[3 * a + orders[best][a]] < 0;
  const int64_t lo[3] = {0, 0, 0}, size[3] = {g->nx, g->ny, g->nz};
  return view_make(g, orders[best], flip, lo, size);
}

status filter_orient(struct volume **out, const struct volume *in) {
  struct view w = view_oriented(&in->grid);
  return view_volume(out, in, &w);
}

status filter_orient_labels(struct labels **out, const struct labels *in) {
  struct view w = view_oriented(&in->grid);
  return view_labels(out, in, &w);
}

static status view_box(struct view *w, const struct geometry *g, const int64_t lo[3],
                       const int64_t hi[3]) {
  status st = ST_OK;
  static const int same[3] = {0, 1, 2};
  static const bool straight[3] = {false, false, false};
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t first[3], size[3];
  for (int a = 0; a < 3; a++) {
    int64_t last = hi[a] < n[a] - 1 ? hi[a] : n[a] - 1;
    first[a] = lo[a] > 0 ? lo[a] : 0;
    size[a] = last - first[a] + 1;
    CHECK(size[a] >= 1, ST_DOMAIN,
          "cropping axis %d to voxels %lld..%lld leaves nothing: the grid has 0..%lld", a,
          (long long)lo[a], (long long)hi[a], (long long)n[a] - 1);
  }
  *w = view_make(g, same, straight, first, size);
done:
  return st;
}

status filter_crop(struct volume **out, const struct volume *in, const int64_t lo[3],
                   const int64_t hi[3]) {
  status st = ST_OK;
  struct view w;
  TRY(view_box(&w, &in->grid, lo, hi));
  TRY(view_volume(out, in, &w));
done:
  return st;
}

status filter_crop_labels(struct labels **out, const struct labels *in, const int64_t lo[3],
                          const int64_t hi[3]) {
  status st = ST_OK;
  struct view w;
  TRY(view_box(&w, &in->grid, lo, hi));
  TRY(view_labels(out, in, &w));
done:
  return st;
}

/* ---- resampling ---- */

struct geometry geometry_isotropic(const struct geometry *g, double spacing_mm) {
  struct vec3 lo = {INFINITY, INFINITY, INFINITY}, hi = {-INFINITY, -INFINITY, -INFINITY};
  for (int c = 0; c < 8; c++) {
    struct vec3 p = geometry_to_world(g, vec3_make((c & 1 ? (double)g->nx : 0) - 0.5,
                                                   (c & 2 ? (double)g->ny : 0) - 0.5,
                                                   (c & 4 ? (double)g->nz : 0) - 0.5));
    lo = vec3_make(fmin(lo.x, p.x), fmin(lo.y, p.y), fmin(lo.z, p.z));
    hi = vec3_make(fmax(hi.x, p.x), fmax(hi.y, p.y), fmax(hi.z, p.z));
  }
  struct vec3 size = vec3_scale(vec3_sub(hi, lo), 1 / spacing_mm);
  const double rounding = 1e-6; /* voxel */
  struct geometry to =
      geometry_make((int64_t)ceil(size.x - rounding), (int64_t)ceil(size.y - rounding),
                    (int64_t)ceil(size.z - rounding), spacing_mm, spacing_mm, spacing_mm);
  to.origin[0] = lo.x + spacing_mm / 2;
  to.origin[1] = lo.y + spacing_mm / 2;
  to.origin[2] = lo.z + spacing_mm / 2;
  return to;
}

static inline int64_t nearest(const struct geometry *g, struct vec3 at) {
  return geometry_index(g, (int64_t)(at.x + 0.5), (int64_t)(at.y + 0.5), (int64_t)(at.z + 0.5));
}

static float value_at(const struct volume *in, const struct cubic *spline, struct vec3 at,
                      enum interpolation how) {
  switch (how) {
  case INTERPOLATE_NEAREST:
    return in->voxels[nearest(&in->grid, at)];
  case INTERPOLATE_LINEAR:
    return (float)volume_sample_index(in, at.x, at.y, at.z);
  case INTERPOLATE_CUBIC:
    break;
  }
  return cubic_value(spline, at.x, at.y, at.z);
}

status filter_resample(struct volume **out, const struct volume *in, const struct geometry *grid,
                       enum interpolation how, float outside) {
  status st = ST_OK;
  struct volume *v = NULL;
  struct cubic *spline = NULL;
  TRY(volume_on(&v, in, grid));
  if (how == INTERPOLATE_CUBIC) TRY(cubic_create(&spline, in));
  struct geometry_mapping m = geometry_mapping_make(grid, &in->grid);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < grid->nz; k++)
    for (int64_t j = 0; j < grid->ny; j++)
      for (int64_t i = 0; i < grid->nx; i++) {
        struct vec3 at = geometry_mapping_at(&m, i, j, k);
        bool inside = geometry_clamp_inside(&in->grid, &at);
        v->voxels[geometry_index(grid, i, j, k)] = inside ? value_at(in, spline, at, how) : outside;
      }
  *out = v;
  v = NULL;
done:
  cubic_destroy(spline);
  volume_destroy(v);
  return st;
}

status filter_resample_labels(struct labels **out, const struct labels *in,
                              const struct geometry *grid) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_on(&l, in, grid));
  struct geometry_mapping m = geometry_mapping_make(grid, &in->grid);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < grid->nz; k++)
    for (int64_t j = 0; j < grid->ny; j++)
      for (int64_t i = 0; i < grid->nx; i++) {
        struct vec3 at = geometry_mapping_at(&m, i, j, k);
        if (geometry_clamp_inside(&in->grid, &at))
          l->voxels[geometry_index(grid, i, j, k)] = in->voxels[nearest(&in->grid, at)];
      }
  *out = l;
done:
  return st;
}

/* ---- averaging ---- */

/* Along one axis: which input voxels an output voxel covers, and how much of each. */
struct cover {
  int64_t first, count;
  double covered;       /* sum of the weights, in input voxels */
  const double *weight; /* [count], borrowed from the table */
};

static status cover_table(struct cover **out, double **weights, int64_t n_out, double at,
                          double step, int64_t n_in) {
  status st = ST_OK;
  int64_t most = (int64_t)ceil(step) + 2;
  struct cover *c = calloc((size_t)n_out, sizeof *c);
  double *w = calloc((size_t)(n_out * most), sizeof *w);
  *out = c;
  *weights = w;
  CHECK(c && w, ST_MEMORY, "averaging over %lld voxels", (long long)n_out);
  for (int64_t o = 0; o < n_out; o++) {
    double centre = at + (double)o * step, lo = centre - step / 2 + 0.5, hi = lo + step;
    int64_t first = (int64_t)fmax(floor(lo + 1e-9), 0);
    int64_t last = (int64_t)fmin(ceil(hi - 1e-9) - 1, (double)(n_in - 1));
    c[o].first = first;
    c[o].weight = w + o * most;
    for (int64_t i = first; i <= last && c[o].count < most; i++) {
      double part = fmin(hi, (double)(i + 1)) - fmax(lo, (double)i);
      w[o * most + c[o].count++] = part;
      c[o].covered += part;
    }
  }
done:
  return st;
}

/* Mean over a box; `outside` when less than half of it lies in the grid, NaN when less than half of
 * that has data. */
static float box_mean(const struct volume *in, const struct cover *x, const struct cover *y,
                      const struct cover *z, double full, float outside) {
  double sum = 0, weight = 0, covered = x->covered * y->covered * z->covered;
  if (covered < full / 2) return outside;
  for (int64_t k = 0; k < z->count; k++)
    for (int64_t j = 0; j < y->count; j++) {
      const float *row =
          in->voxels + geometry_index(&in->grid, x->first, y->first + j, z->first + k);
      double yz = z->weight[k] * y->weight[j];
      for (int64_t i = 0; i < x->count; i++)
        if (!isnan(row[i])) {
          sum += yz * x->weight[i] * (double)row[i];
          weight += yz * x->weight[i];
        }
    }
  return weight > 0 && weight >= covered / 2 ? (float)(sum / weight) : NAN;
}

status filter_average_to(struct volume **out, const struct volume *in, const struct geometry *grid,
                         float outside) {
  status st = ST_OK;
  struct volume *v = NULL;
  struct cover *cover[3] = {NULL, NULL, NULL};
  double *weights[3] = {NULL, NULL, NULL};
  const int64_t n_in[3] = {in->grid.nx, in->grid.ny, in->grid.nz};
  const int64_t n_out[3] = {grid->nx, grid->ny, grid->nz};
  double full = 1;
  TRY(volume_on(&v, in, grid));
  struct vec3 at = geometry_to_index(&in->grid, geometry_to_world(grid, vec3_make(0, 0, 0)));
  const double first[3] = {at.x, at.y, at.z};
  for (int a = 0; a < 3; a++) {
    double dot = vec3_dot(geometry_axis(grid, a), geometry_axis(&in->grid, a));
    CHECK(dot > 1 - 1e-8, ST_DOMAIN,
          "averaging to a grid whose axis %d is turned by %.4g degrees: orient or resample first",
          a, acos(fmin(dot, 1)) * 180 / acos(-1.0));
    double step = grid->spacing[a] / in->grid.spacing[a];
    full *= step;
    TRY(cover_table(&cover[a], &weights[a], n_out[a], first[a], step, n_in[a]));
  }
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < grid->nz; k++)
    for (int64_t j = 0; j < grid->ny; j++)
      for (int64_t i = 0; i < grid->nx; i++)
        v->voxels[geometry_index(grid, i, j, k)] =
            box_mean(in, &cover[0][i], &cover[1][j], &cover[2][k], full, outside);
  *out = v;
  v = NULL;
done:
  for (int a = 0; a < 3; a++) {
    free(cover[a]);
    free(weights[a]);
  }
  volume_destroy(v);
  return st;
}
