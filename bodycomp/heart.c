#include "bodycomp/heart.h"

#include "bodycomp/lungs.h"
#include "bodycomp/membrane.h"
#include "core/body.h"
#include "core/filter.h"
#include "core/hull.h"
#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double work_mm = 2;
static const double least_lung_mm3 = 200e3, small_lung_mm3 = 500e3;
static const double soft_hu = -30, bone_hu = 160, pure_air_hu = -1000;
static const double opening_mm = 12, below_fork_mm = 20;
static const double least_seen = 0.1; /* share of rays */
static const double least_sac_mm3 = 300e3, most_sac_mm3 = 1300e3;

enum { SOFT = 1, AIRWAY = 1 };

/* All on the working grid. */
struct chest {
  struct volume *fine, *hu; /* the scan in LPS order; averaged to the working grid */
  struct labels *body, *lungs,
      *region; /* region: SOFT where the heart may be (2 to 5 of the header) */
  int64_t nx, ny, nz;
  double *floor;   /* [ny][nx] index height of the diaphragm */
  double *front;   /* [nz] index y of the front of the spine */
  double top;      /* index z of the highest slice, NaN: no airway */
  double middle;   /* index x of the body's middle */
  double centre_y; /* index y of the body's centre */
};

static void chest_free(struct chest *c) {
  volume_destroy(c->fine);
  volume_destroy(c->hu);
  labels_destroy(c->body);
  labels_destroy(c->lungs);
  labels_destroy(c->region);
  free(c->floor);
  free(c->front);
}

static int64_t at(const struct chest *c, int64_t i, int64_t j, int64_t k) {
  return (k * c->ny + j) * c->nx + i;
}

static status prepare(struct chest *c, struct lungs_info *info, const struct volume *hu) {
  status st = ST_OK;
  TRY(filter_orient(&c->fine, hu));
  struct geometry g = geometry_isotropic(&c->fine->grid, work_mm);
  TRY(filter_average_to(&c->hu, c->fine, &g, -1000));
  volume_fill_no_data(c->hu, -1000);
  c->nx = g.nx;
  c->ny = g.ny;
  c->nz = g.nz;
  TRY(body_find(&c->body, NULL, c->hu));
  TRY(lungs_find(&c->lungs, info, c->hu, c->body, least_lung_mm3));
  CHECK(info->right_mm3 > 0 && info->left_mm3 > 0, ST_DOMAIN,
        "finding the heart: the %s lung is not in the scan, and the heart is looked for between "
        "two",
        info->right_mm3 > 0 ? "left" : "right");
  double sum_x = 0, sum_y = 0, count = 0;
  for (int64_t v = 0; v < geometry_voxels(&g); v++)
    if (c->body->voxels[v] == LABEL_BODY) {
      sum_x += (double)(v % g.nx);
      sum_y += (double)(v / g.nx % g.ny);
      count++;
    }
  c->middle = sum_x / count;
  c->centre_y = sum_y / count;
done:
  return st;
}

/* ---- the diaphragm ---- */

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Height of a lung's dome: the 90th percentile of its bases in the half away from the heart (the
 * few higher ones are columns that only graze the chest wall). */
static double dome_top(double *scratch, const double *floor, const struct labels *lungs, int side,
                       const struct chest *c) {
  int64_t lo[3], hi[3], count = 0;
  if (!labels_box(lungs, side, lo, hi)) return 0;
  int64_t half = (lo[0] + hi[0]) / 2;
  int64_t from = side == LUNG_RIGHT ? lo[0] : half, to = side == LUNG_RIGHT ? half : hi[0];
  for (int64_t j = 0; j < c->ny; j++)
    for (int64_t i = from; i <= to; i++)
      if (!isnan(floor[j * c->nx + i])) scratch[count++] = floor[j * c->nx + i];
  qsort(scratch, (size_t)count, sizeof *scratch, by_value);
  return count ? scratch[count * 9 / 10] : 0;
}

/* Heights of lung bases, NAN elsewhere. Where the lowest lung lies above the dome, it lies on the
 * heart and says nothing about the diaphragm. */
static void lung_bases(double *floor, double *scratch, const struct chest *c) {
  const int64_t plane = c->nx * c->ny;
  const double margin = 6 / work_mm;
  for (int64_t n = 0; n < plane; n++) floor[n] = (double)NAN;
  for (int64_t k = c->nz - 1; k >= 0; k--)
    for (int64_t n = 0; n < plane; n++)
      if (c->lungs->voxels[k * plane + n]) floor[n] = (double)k;
  double top[3] = {0, dome_top(scratch, floor, c->lungs, LUNG_RIGHT, c),
                   dome_top(scratch, floor, c->lungs, LUNG_LEFT, c)};
  for (int64_t n = 0; n < plane; n++) {
    if (isnan(floor[n])) continue;
    int side = c->lungs->voxels[(int64_t)floor[n] * plane + n];
    if (floor[n] > top[side] + margin) floor[n] = (double)NAN;
  }
}

/* Harmonic through the known heights: successive over-relaxation, free at the border. */
static void carry_on(double *floor, bool *known, int64_t nx, int64_t ny) {
  const int sweeps = 600;
  const double over = 1.9, still = 1e-4; /* voxels */
  double sum = 0, count = 0, moved = INFINITY;
  for (int64_t n = 0; n < nx * ny; n++) {
    known[n] = !isnan(floor[n]);
    if (known[n]) {
      sum += floor[n];
      count++;
    }
  }
  for (int64_t n = 0; n < nx * ny; n++)
    if (!known[n]) floor[n] = sum / count;
  for (int s = 0; s < sweeps && moved > still; s++) {
    moved = 0;
    for (int64_t j = 0; j < ny; j++)
      for (int64_t i = 0; i < nx; i++) {
        int64_t n = j * nx + i;
        if (known[n]) continue;
        double mean = 0.25 * (floor[i > 0 ? n - 1 : n] + floor[i < nx - 1 ? n + 1 : n] +
                              floor[j > 0 ? n - nx : n] + floor[j < ny - 1 ? n + nx : n]);
        double step = over * (mean - floor[n]);
        moved = fabs(step) > moved ? fabs(step) : moved;
        floor[n] += step;
      }
  }
}

static status find_floor(struct chest *c) {
  status st = ST_OK;
  size_t n = (size_t)(c->nx * c->ny);
  bool *known = malloc(n * sizeof *known);
  double *scratch = malloc(n * sizeof *scratch);
  c->floor = malloc(n * sizeof *c->floor);
  CHECK(known && scratch && c->floor, ST_MEMORY, "finding the heart: %zu heights of the diaphragm",
        n);
  lung_bases(c->floor, scratch, c);
  carry_on(c->floor, known, c->nx, c->ny);
done:
  free(known);
  free(scratch);
  return st;
}

/* ---- the front of the spine ---- */

/* First bone behind the body's centre within 14 mm of its middle, a median over 11 slices. */
static status find_front(struct chest *c) {
  status st = ST_OK;
  enum { AROUND = 5 };
  const int64_t half = (int64_t)(14 / work_mm);
  double *raw = malloc((size_t)c->nz * sizeof *raw);
  c->front = malloc((size_t)c->nz * sizeof *c->front);
  CHECK(raw && c->front, ST_MEMORY, "finding the spine in %lld slices", (long long)c->nz);
  for (int64_t k = 0; k < c->nz; k++) {
    raw[k] = (double)c->ny;
    for (int64_t j = (int64_t)c->centre_y; j < c->ny && raw[k] >= (double)c->ny; j++) {
      int bone = 0;
      for (int64_t i = (int64_t)c->middle - half; i <= (int64_t)c->middle + half; i++)
        bone += i >= 0 && i < c->nx && (double)c->hu->voxels[at(c, i, j, k)] > bone_hu;
      if (bone > half) raw[k] = (double)j; /* half of the row: not a rib or a valve */
    }
  }
  for (int64_t k = 0; k < c->nz; k++) {
    double window[2 * AROUND + 1];
    int count = 0;
    for (int64_t n = k - AROUND; n <= k + AROUND; n++)
      if (n >= 0 && n < c->nz) window[count++] = raw[n];
    qsort(window, (size_t)count, sizeof *window, by_value);
    c->front[k] = window[count / 2];
  }
done:
  free(raw);
  return st;
}

/* ---- the fork of the airway ---- */

/* HU below which a voxel is more airway than lung: half way from the thinner lung to air. The wall
 * between them is denser than both, so that it parts them even where thick slices make it too thin
 * to bound the lung. */
static double airway_hu(const struct lungs_info *lungs) {
  return 0.5 * (pure_air_hu + fmin(lungs->right_hu, lungs->left_hu));
}

/* The part of the purest air near the middle that reaches over most slices: the airway (AIRWAY),
 * which is long, and no pocket of gas. *found is false when none is at least 50 mm long. What holds
 * more than 200 ml is no airway, or one that has run into emphysema. */
static status find_airway(struct labels **out, bool *found, const struct chest *c,
                          double below_hu) {
  status st = ST_OK;
  enum { MOST = 64 };
  const double reach_mm = 60, least_mm = 50, most_mm3 = 200e3;
  struct labels *air = NULL, *parts = NULL;
  int64_t sizes[MOST], lo[3], hi[3], longest = 0;
  int count = 0, best = 0;
  TRY(labels_create(&air, &c->hu->grid));
  for (int64_t v = 0; v < geometry_voxels(&air->grid); v++)
    air->voxels[v] = c->body->voxels[v] == LABEL_BODY &&
                     fabs((double)(v % c->nx) - c->middle) * work_mm < reach_mm &&
                     (double)c->hu->voxels[v] < below_hu;
  TRY(filter_components(&parts, air, 6, MOST, sizes, &count));
  for (int n = 1; n <= count && n <= MOST; n++)
    if ((double)sizes[n - 1] * pow(work_mm, 3) <= most_mm3 && labels_box(parts, n, lo, hi) &&
        hi[2] - lo[2] > longest) {
      longest = hi[2] - lo[2];
      best = n;
    }
  *found = (double)longest * work_mm >= least_mm;
  for (int64_t v = 0; v < geometry_voxels(&air->grid); v++)
    parts->voxels[v] = best && parts->voxels[v] == best ? AIRWAY : 0;
  *out = parts;
  parts = NULL;
done:
  labels_destroy(air);
  labels_destroy(parts);
  return st;
}

/* Parts of the airway in a slice, at least 40 mm2 each. */
static status count_airways(int *out, const struct labels *airway, int64_t k) {
  status st = ST_OK;
  enum { MOST = 8 };
  const double least_mm2 = 40;
  struct labels *slice = NULL, *parts = NULL;
  int64_t sizes[MOST], lo[3] = {0, 0, k}, hi[3] = {airway->grid.nx - 1, airway->grid.ny - 1, k};
  int count = 0;
  TRY(filter_crop_labels(&slice, airway, lo, hi));
  TRY(filter_components(&parts, slice, 6, MOST, sizes, &count));
  *out = 0;
  for (int n = 0; n < count && n < MOST; n++)
    *out += (double)sizes[n] * work_mm * work_mm >= least_mm2;
done:
  labels_destroy(slice);
  labels_destroy(parts);
  return st;
}

/* Going down: one airway in at least five slices, then two in two slices. */
static status find_top(struct chest *c, const struct lungs_info *lungs) {
  status st = ST_OK;
  struct labels *airway = NULL;
  bool found = false;
  int single = 0, pairs = 0;
  c->top = (double)NAN;
  TRY(find_airway(&airway, &found, c, airway_hu(lungs)));
  for (int64_t k = c->nz - 1; found && k >= 0 && isnan(c->top); k--) {
    int airways = 0;
    TRY(count_airways(&airways, airway, k));
    if (airways == 1) single++;
    pairs = airways >= 2 && single >= 5 ? pairs + 1 : 0;
    if (pairs == 2) c->top = (double)k + 1 - below_fork_mm / work_mm;
  }
done:
  labels_destroy(airway);
  return st;
}

/* ---- mediastinum and sac ---- */

/* Mark the voxels of slice `at` across index axis `axis` that lie in the convex hull of its voxels
 * with any label. */
static status hull_slice(struct labels *l, int mark, int axis, int64_t at) {
  status st = ST_OK;
  const struct geometry *g = &l->grid;
  const int64_t size[3] = {g->nx, g->ny, g->nz}, step[3] = {1, g->nx, g->nx * g->ny};
  const int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2; /* along a row, across rows */
  const int64_t rows = size[v], columns = size[u];
  uint16_t *first = l->voxels + at * step[axis];
  int64_t *low = malloc((size_t)(2 * rows) * sizeof *low), *high = low + rows;
  CHECK(low, ST_MEMORY, "convex hull of %lld rows", (long long)rows);
  for (int64_t j = 0; j < rows; j++) {
    low[j] = columns;
    high[j] = -1;
    for (int64_t i = 0; i < columns; i++)
      if (first[j * step[v] + i * step[u]]) {
        if (low[j] == columns) low[j] = i;
        high[j] = i;
      }
  }
  TRY(hull_fill_rows(low, high, rows));
  for (int64_t j = 0; j < rows; j++)
    for (int64_t i = low[j]; i <= high[j]; i++) first[j * step[v] + i * step[u]] = (uint16_t)mark;
done:
  free(low);
  return st;
}

/* Lungs of the slices within `reach` of slice k, laid on one another, in slice 0 of `to`. */
static void gather_lungs(struct labels *to, const struct chest *c, int64_t k, int64_t reach) {
  int64_t plane = c->nx * c->ny;
  memset(to->voxels, 0, (size_t)plane * sizeof *to->voxels);
  for (int64_t m = k - reach; m <= k + reach; m++) {
    if (m < 0 || m >= c->nz) continue;
    const uint16_t *from = c->lungs->voxels + m * plane;
    for (int64_t n = 0; n < plane; n++) to->voxels[n] = from[n] ? from[n] : to->voxels[n];
  }
}

static bool has_both(const uint16_t *v, int64_t count) {
  bool right = false, left = false;
  for (int64_t n = 0; n < count && !(right && left); n++) {
    right |= v[n] == LUNG_RIGHT;
    left |= v[n] == LUNG_LEFT;
  }
  return right && left;
}

/* The hull is of the lungs of nearby slices too: a collapsed or displaced lung would cut the heart
 * off where it lies against the chest wall. */
static status find_region(struct chest *c) {
  status st = ST_OK;
  const double near_mm = 24;
  int64_t plane = c->nx * c->ny;
  struct labels *gathered = NULL;
  struct geometry slice = c->hu->grid;
  slice.nz = 1;
  TRY(labels_create(&gathered, &slice));
  TRY(labels_create(&c->region, &c->hu->grid));
  for (int64_t k = 0; k < c->nz; k++) {
    if ((double)k > c->top || !has_both(c->lungs->voxels + k * plane, plane)) continue;
    gather_lungs(gathered, c, k, (int64_t)(near_mm / work_mm));
    TRY(hull_slice(gathered, SOFT, 2, 0));
    for (int64_t n = 0; n < plane; n++)
      c->region->voxels[k * plane + n] =
          gathered->voxels[n] && !c->lungs->voxels[k * plane + n] && (double)k > c->floor[n] &&
                  (double)(n / c->nx) < c->front[k] && c->body->voxels[k * plane + n] == LABEL_BODY
              ? SOFT
              : 0;
  }
done:
  labels_destroy(gathered);
  return st;
}

static status find_core(struct labels **out, const struct chest *c) {
  status st = ST_OK;
  struct labels *core = NULL;
  TRY(labels_create(&core, &c->hu->grid));
  for (int64_t v = 0; v < geometry_voxels(&core->grid); v++)
    core->voxels[v] = c->region->voxels[v] && (double)c->hu->voxels[v] > soft_hu;
  TRY(filter_fill_holes(core, SOFT, 2));
  TRY(filter_grow(core, SOFT, -opening_mm, 0));
  CHECK(labels_count(core, SOFT) > 0, ST_DOMAIN,
        "finding the heart: nothing thicker than %.0f mm lies between the lungs, above the "
        "diaphragm and in front of the spine",
        2 * opening_mm);
  TRY(filter_keep_largest(core, SOFT, 6, NULL));
  TRY(filter_grow(core, SOFT, opening_mm, 0));
  *out = core;
  core = NULL;
done:
  labels_destroy(core);
  return st;
}

/* The convex hull of the core becomes HEART_SAC in `region`, the rest of it HEART_MEDIASTINUM.
 * Takes `core` as its workspace. */
static status mark_sac(struct chest *c, struct labels *core) {
  status st = ST_OK;
  const int64_t size[3] = {c->nx, c->ny, c->nz};
  for (int axis = 2; axis >= 0; axis--)
    for (int64_t at = 0; at < size[axis]; at++) TRY(hull_slice(core, HEART_SAC, axis, at));
  for (int64_t v = 0; v < geometry_voxels(&core->grid); v++)
    if (c->region->voxels[v])
      c->region->voxels[v] = core->voxels[v] ? HEART_SAC : HEART_MEDIASTINUM;
done:
  return st;
}

/* The mediastinum at the levels of the sac only. */
static void keep_levels(struct chest *c) {
  int64_t lo[3], hi[3], plane = c->nx * c->ny;
  if (!labels_box(c->region, HEART_SAC, lo, hi)) return;
  for (int64_t v = 0; v < geometry_voxels(&c->region->grid); v++)
    if (v / plane < lo[2] || v / plane > hi[2]) c->region->voxels[v] = 0;
}

static void doubt(struct heart_info *info, const char *why) {
  size_t used = strlen(info->flags);
  info->confidence *= 0.5;
  snprintf(info->flags + used, sizeof info->flags - used, "%s%s", used ? "; " : "", why);
}

static void judge(struct heart_info *info, const struct chest *c, const struct lungs_info *lungs,
                  double seen) {
  const double voxel = work_mm * work_mm * work_mm;
  int64_t lo[3] = {0}, hi[3] = {0};
  labels_box(c->region, HEART_SAC, lo, hi);
  const struct geometry *g = &c->hu->grid;
  *info = (struct heart_info){.sac_mm3 = voxel * (double)labels_count(c->region, HEART_SAC),
                              .mediastinum_mm3 =
                                  voxel * (double)labels_count(c->region, HEART_MEDIASTINUM),
                              .bottom_z_mm = g->origin[2] + ((double)lo[2] - 0.5) * g->spacing[2],
                              .top_z_mm = g->origin[2] + ((double)hi[2] + 0.5) * g->spacing[2],
                              .right_lung_mm3 = lungs->right_mm3,
                              .left_lung_mm3 = lungs->left_mm3,
                              .pericardium_seen = seen,
                              .confidence = 0.8};
  if (isnan(c->top)) doubt(info, "no fork of the airway found: the upper end is a guess");
  if (info->sac_mm3 < least_sac_mm3 || info->sac_mm3 > most_sac_mm3)
    doubt(info, "unusual volume of the sac");
  if (seen < least_seen)
    doubt(info, "the pericardium is hardly seen: the fat inside is a lower bound");
  if (lo[2] == 0 || hi[2] == c->nz - 1) doubt(info, "the sac reaches the end of the scan");
  if (lungs->right_mm3 < small_lung_mm3 || lungs->left_mm3 < small_lung_mm3)
    doubt(info, "a small lung");
}

status heart_find(struct labels **out, struct heart_info *info, const struct volume *hu) {
  status st = ST_OK;
  struct chest c = {0};
  struct lungs_info lungs = {0};
  struct labels *core = NULL, *result = NULL;
  double seen = 0;
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "finding the heart: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(prepare(&c, &lungs, hu));
  TRY(find_floor(&c));
  TRY(find_front(&c));
  TRY(find_top(&c, &lungs));
  TRY(find_region(&c));
  TRY(find_core(&core, &c));
  TRY(mark_sac(&c, core));
  TRY(membrane_widen(c.region, &seen, HEART_SAC, HEART_MEDIASTINUM, c.fine));
  keep_levels(&c);
  if (info) judge(info, &c, &lungs, seen);
  TRY(filter_resample_labels(&result, c.region, &hu->grid));
  TRY(heart_drop_bone(result, hu));
  TRY(labels_set_name(result, HEART_SAC, "heart_sac"));
  TRY(labels_set_name(result, HEART_MEDIASTINUM, "mediastinum"));
  *out = result;
  result = NULL;
done:
  chest_free(&c);
  labels_destroy(core);
  labels_destroy(result);
  return st;
}
