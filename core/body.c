#include "core/body.h"

#include "core/filter.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double threshold_hu = -300;
static const double work_mm = 2;
static const double erode_mm = 4;
static const double dilate_mm = 5;

int geometry_axis_nearest(const struct geometry *g, int world_axis) {
  int best = 0;
  for (int a = 1; a < 3; a++)
    if (fabs(g->direction[3 * world_axis + a]) > fabs(g->direction[3 * world_axis + best]))
      best = a;
  return best;
}

int geometry_slice_axis(const struct geometry *g) {
  const double alike = 1.01; /* single precision and resampling round */
  int best = geometry_axis_nearest(g, 2);
  for (int a = 0; a < 3; a++)
    if (g->spacing[a] > alike * g->spacing[best]) best = a;
  return best;
}

status body_check_axial(const struct geometry *g, const char *doing) {
  static const char *const across[] = {"sagittal", "coronal"};
  status st = ST_OK;
  const int axial = geometry_axis_nearest(g, 2);
  CHECK(axial == 2, ST_DOMAIN,
        "%s: the slices of this image are %s, axial ones are needed; qct convert --orient puts its "
        "axes in that order, and those of its labels, voxel by voxel",
        doing, across[geometry_axis_nearest(g, 1) == 2]);
done:
  return st;
}

status body_check_hu(const struct volume *hu, const char *doing) {
  status st = ST_OK;
  const double air_hu = -500, bone_hu = 100;
  double low, high;
  volume_range(hu, &low, &high);
  CHECK(low <= air_hu && high >= bone_hu, ST_DOMAIN,
        "%s: values from %g to %g are no HU of a body in air, which reach below %g and above %g; "
        "if they are numbers of the scanner, rescale them first (mostly by -1024)",
        doing, low, high, air_hu, bone_hu);
done:
  return st;
}

/* ---- blocks of voxels ---- */

struct blocks {
  int64_t factor[3];
  struct geometry grid; /* spacing of the blocks; only sizes and spacing matter here */
};

static struct blocks blocks_of(const struct geometry *g) {
  struct blocks b = {{1, 1, 1}, *g};
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t size[3];
  for (int a = 0; a < 3; a++) {
    int64_t factor = (int64_t)floor(work_mm / g->spacing[a] + 0.5);
    b.factor[a] = factor < 1 ? 1 : factor;
    size[a] = (n[a] + b.factor[a] - 1) / b.factor[a];
    b.grid.spacing[a] = g->spacing[a] * (double)b.factor[a];
  }
  b.grid.nx = size[0];
  b.grid.ny = size[1];
  b.grid.nz = size[2];
  return b;
}

/* 1 where the mean of a block, with no data as -1000 HU, is above the threshold. */
static void blocks_threshold(uint16_t *mask, const struct blocks *b, const struct volume *hu) {
  const struct geometry *g = &hu->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t bk = 0; bk < b->grid.nz; bk++) {
    for (int64_t bj = 0; bj < b->grid.ny; bj++) {
      for (int64_t bi = 0; bi < b->grid.nx; bi++) {
        double sum = 0;
        int64_t count = 0;
        for (int64_t k = bk * b->factor[2]; k < g->nz && k < (bk + 1) * b->factor[2]; k++)
          for (int64_t j = bj * b->factor[1]; j < g->ny && j < (bj + 1) * b->factor[1]; j++)
            for (int64_t i = bi * b->factor[0]; i < g->nx && i < (bi + 1) * b->factor[0]; i++) {
              float v = hu->voxels[geometry_index(g, i, j, k)];
              sum += isnan(v) ? -1000 : v;
              count++;
            }
        mask[geometry_index(&b->grid, bi, bj, bk)] = sum > threshold_hu * (double)count;
      }
    }
  }
}

static status coarse_body(struct labels **out, const struct blocks *b, const struct volume *hu) {
  status st = ST_OK;
  struct labels *mask = NULL;
  struct labels *body = NULL;
  TRY(labels_create(&mask, &b->grid));
  blocks_threshold(mask->voxels, b, hu);
  TRY(labels_copy(&body, mask));
  TRY(filter_grow(body, 1, -erode_mm, 0));
  CHECK(labels_count(body, 1) > 0, ST_DOMAIN,
        "looking for the body: nothing thicker than %.0f mm is above %.0f HU; is this a CT in HU?",
        2 * erode_mm, threshold_hu);
  TRY(filter_keep_largest(body, 1, 6, NULL));
  TRY(filter_grow(body, 1, dilate_mm, 0));
  int64_t n = geometry_voxels(&b->grid);
  for (int64_t v = 0; v < n; v++) body->voxels[v] = body->voxels[v] && mask->voxels[v];
  *out = body;
  body = NULL;
done:
  labels_destroy(mask);
  labels_destroy(body);
  return st;
}

/* Is the block of this voxel, or one that touches it, body? Skin voxels of a block whose mean is
 * air would be lost otherwise. */
static bool near_body(const struct blocks *b, const uint16_t *coarse, int64_t i, int64_t j,
                      int64_t k) {
  int64_t bi = i / b->factor[0];
  int64_t bj = j / b->factor[1];
  int64_t bk = k / b->factor[2];
  if (coarse[geometry_index(&b->grid, bi, bj, bk)]) return true;
  for (int64_t dk = -1; dk <= 1; dk++)
    for (int64_t dj = -1; dj <= 1; dj++)
      for (int64_t di = -1; di <= 1; di++)
        if (geometry_inside(&b->grid, bi + di, bj + dj, bk + dk) &&
            coarse[geometry_index(&b->grid, bi + di, bj + dj, bk + dk)])
          return true;
  return false;
}

static void refine(struct labels *l, const struct blocks *b, const uint16_t *coarse,
                   const struct volume *hu) {
  const struct geometry *g = &l->grid;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t v = geometry_index(g, i, j, k);
        if (!(hu->voxels[v] > threshold_hu)) continue; /* NaN is not above */
        l->voxels[v] = near_body(b, coarse, i, j, k) ? LABEL_BODY : LABEL_TABLE;
      }
}

static int64_t count_no_data(const struct volume *hu) {
  int64_t n = geometry_voxels(&hu->grid);
  int64_t count = 0;
  for (int64_t v = 0; v < n; v++) count += isnan(hu->voxels[v]);
  return count;
}

/* Body whose neighbours along an index axis are no data: 10 mm of outline in one slice, for a hole
 * or a single bad voxel is no end of the field. */
static int meets_no_data(const struct labels *l, const struct volume *hu, int axis, int axial) {
  const double least_mm = 10;
  const struct geometry *g = &l->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz}, step[3] = {1, g->nx, g->nx * g->ny};
  const int across = 3 - axis - axial;
  if (axis == axial) return 0; /* a grid turned by half a right angle */
  for (int64_t s = 0; s < n[axial]; s++)
    for (int end = -1; end <= 1; end += 2) {
      int64_t met = 0;
      for (int64_t q = 0; q < n[across]; q++)
        for (int64_t p = 1; p + 1 < n[axis]; p++) {
          int64_t v = s * step[axial] + q * step[across] + p * step[axis];
          if (l->voxels[v] != LABEL_BODY) continue;
          met += isnan(hu->voxels[v + end * step[axis]]) &&
                 l->voxels[v + end * step[axis]] != LABEL_BODY;
        }
      if ((double)met * g->spacing[across] >= least_mm) return 1;
    }
  return 0;
}

/* Does the body have a voxel on either face across an index axis? */
static int touches(const struct labels *l, int axis) {
  const struct geometry *g = &l->grid;
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int a = (axis + 1) % 3;
  int b = (axis + 2) % 3;
  for (int64_t p = 0; p < n[a]; p++)
    for (int64_t q = 0; q < n[b]; q++)
      for (int face = 0; face < 2; face++) {
        int64_t at[3];
        at[axis] = face ? n[axis] - 1 : 0;
        at[a] = p;
        at[b] = q;
        if (l->voxels[geometry_index(g, at[0], at[1], at[2])] == LABEL_BODY) return 1;
      }
  return 0;
}

status body_find(struct labels **out, struct body_info *info, const struct volume *hu) {
  status st = ST_OK;
  struct labels *coarse = NULL;
  struct labels *fine = NULL;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "looking for the body: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  struct blocks b = blocks_of(&hu->grid);
  TRY(coarse_body(&coarse, &b, hu));
  TRY(labels_create(&fine, &hu->grid));
  refine(fine, &b, coarse->voxels, hu);
  int axial = geometry_axis_nearest(&hu->grid, 2);
  TRY(filter_fill_holes(fine, LABEL_BODY, axial));
  TRY(labels_set_name(fine, LABEL_BODY, "body"));
  TRY(labels_set_name(fine, LABEL_TABLE, "table"));
  if (info) {
    double voxel = geometry_voxel_mm3(&hu->grid);
    info->body_mm3 = voxel * (double)labels_count(fine, LABEL_BODY);
    info->table_mm3 = voxel * (double)labels_count(fine, LABEL_TABLE);
    info->no_data = count_no_data(hu);
    const int side = geometry_axis_nearest(&hu->grid, 0),
              front = geometry_axis_nearest(&hu->grid, 1);
    info->touches_side = touches(fine, side) || meets_no_data(fine, hu, side, axial);
    info->touches_front = touches(fine, front) || meets_no_data(fine, hu, front, axial);
    info->axial = axial;
  }
  *out = fine;
  fine = NULL;
done:
  labels_destroy(coarse);
  labels_destroy(fine);
  return st;
}
