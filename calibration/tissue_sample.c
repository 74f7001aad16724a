#include "calibration/tissue_sample.h"

#include "calibration/tissue_mode.h"
#include "core/attenuation.h"
#include "core/body.h"
#include "core/filter.h"
#include "core/parallel.h"
#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double block_mm = 3;
static const double air_gap_mm = 10;
static const double air_span_hu = 60; /* above its mode: foam and blankets start beyond */
static const double fat_depth_mm = 35;
static const double bone_hu = 200;
static const double muscle_behind_mm = 10; /* posterior of the skeleton's centre */
static const double muscle_aside_mm = 75;  /* and not farther to the side: paraspinal, gluteal */
static const double rods_aside_mm = 45;    /* of labelled rods: their plate */
static const double rods_around_mm = 22;
static const int64_t least_blocks = 200;
static const int64_t least_voxels = 500;
static const double least_area_mm2 = 10;
static const double blood_limit_hu = 70; /* above it contrast agent is in the blood */

/* ---- blocks ---- */

struct block_map {
  int64_t factor[3];
  struct geometry grid;  /* of the blocks, same direction; origin at the centre of the first */
  float *mean;           /* HU, smoothed over 3x3 blocks in plane; NaN where a voxel has no data */
  unsigned char *inside; /* 1: wholly body, 2: wholly outside body and table, 0: neither */
  unsigned char *flat;   /* 1: all its voxels have one value */
  uint16_t *label;       /* label of every voxel of the block, 0 when they differ */
};

static void blocks_free(struct block_map *b) {
  free(b->mean);
  free(b->inside);
  free(b->flat);
  free(b->label);
}

static void blocks_geometry(struct block_map *b, const struct geometry *g) {
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  int64_t size[3];
  double shift[3];
  b->grid = *g;
  for (int a = 0; a < 3; a++) {
    int64_t f = (int64_t)floor(block_mm / g->spacing[a] + 0.5);
    b->factor[a] = f < 1 ? 1 : f;
    size[a] = n[a] / b->factor[a]; /* a rest at the far edge is left out */
    if (size[a] < 1) size[a] = 1;
    b->grid.spacing[a] = g->spacing[a] * (double)b->factor[a];
    shift[a] = (double)(b->factor[a] - 1) / 2;
  }
  b->grid.nx = size[0];
  b->grid.ny = size[1];
  b->grid.nz = size[2];
  struct vec3 o = geometry_to_world(g, vec3_make(shift[0], shift[1], shift[2]));
  b->grid.origin[0] = o.x;
  b->grid.origin[1] = o.y;
  b->grid.origin[2] = o.z;
}

static void fill_block(struct block_map *b, float *mean, const struct volume *hu,
                       const struct labels *body, const struct labels *labels, int64_t bi,
                       int64_t bj, int64_t bk) {
  const struct geometry *g = &hu->grid;
  int64_t at = geometry_index(&b->grid, bi, bj, bk);
  double sum = 0;
  int64_t n = 0;
  int64_t in_body = 0;
  int64_t outside = 0;
  int same = 1;
  int first = -1;
  const int64_t corner[3] = {bi * b->factor[0], bj * b->factor[1], bk * b->factor[2]};
  const float one = hu->voxels[geometry_index(g, corner[0], corner[1], corner[2])];
  bool flat = true;
  for (int64_t k = bk * b->factor[2]; k < (bk + 1) * b->factor[2] && k < g->nz; k++)
    for (int64_t j = bj * b->factor[1]; j < (bj + 1) * b->factor[1] && j < g->ny; j++)
      for (int64_t i = bi * b->factor[0]; i < (bi + 1) * b->factor[0] && i < g->nx; i++) {
        int64_t v = geometry_index(g, i, j, k);
        sum += (double)hu->voxels[v]; /* NaN spreads to the block */
        n++;
        flat = flat && hu->voxels[v] == one;
        in_body += body->voxels[v] == LABEL_BODY;
        outside += body->voxels[v] == 0;
        int value = labels ? labels->voxels[v] : 0;
        if (first < 0) first = value;
        same = same && value == first;
      }
  mean[at] = (float)(sum / (double)n);
  b->inside[at] = in_body == n ? 1 : outside == n ? 2 : 0;
  b->flat[at] = flat;
  b->label[at] = same && first > 0 ? (uint16_t)first : 0;
}

/* Mean of 3x3 blocks in plane, to take the windows off the noise. */
static void smooth(float *out, const float *in, const struct geometry *g, int axial) {
  const int64_t n[3] = {g->nx, g->ny, g->nz};
  const int64_t stride[3] = {1, g->nx, g->nx * g->ny};
  int a = (axial + 1) % 3;
  int b = (axial + 2) % 3;
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t w = 0; w < n[axial]; w++)
    for (int64_t q = 0; q < n[b]; q++)
      for (int64_t p = 0; p < n[a]; p++) {
        double sum = 0;
        int count = 0;
        for (int64_t dq = -1; dq <= 1; dq++)
          for (int64_t dp = -1; dp <= 1; dp++)
            if (p + dp >= 0 && p + dp < n[a] && q + dq >= 0 && q + dq < n[b]) {
              sum += (double)in[w * stride[axial] + (q + dq) * stride[b] + (p + dp) * stride[a]];
              count++;
            }
        out[w * stride[axial] + q * stride[b] + p * stride[a]] = (float)(sum / count);
      }
}

static status blocks_make(struct block_map *b, const struct volume *hu, const struct labels *body,
                          const struct labels *labels) {
  status st = ST_OK;
  blocks_geometry(b, &hu->grid);
  size_t n = (size_t)geometry_voxels(&b->grid);
  float *raw = malloc(n * sizeof *raw);
  b->mean = malloc(n * sizeof *b->mean);
  b->inside = malloc(n);
  b->flat = malloc(n);
  b->label = malloc(n * sizeof *b->label);
  CHECK(raw && b->mean && b->inside && b->flat && b->label, ST_MEMORY,
        "sampling tissues in %zu blocks", n);
#pragma omp parallel for num_threads(parallel_threads()) schedule(static)
  for (int64_t bk = 0; bk < b->grid.nz; bk++)
    for (int64_t bj = 0; bj < b->grid.ny; bj++)
      for (int64_t bi = 0; bi < b->grid.nx; bi++) fill_block(b, raw, hu, body, labels, bi, bj, bk);
  smooth(b->mean, raw, &b->grid, geometry_axis_nearest(&hu->grid, 2));
done:
  free(raw);
  return st;
}

/* ---- which blocks belong to a tissue ---- */

/* Signed distance [mm] of each block to the blocks that are not `inside` == kind; negative inside.
 */
static status distance_to_others(struct volume **out, const struct block_map *b, int kind) {
  status st = ST_OK;
  struct labels *l = NULL;
  TRY(labels_create(&l, &b->grid));
  int64_t n = geometry_voxels(&b->grid);
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    int same = b->inside[i] == kind || (kind == 1 && b->inside[i] == 0);
    count += l->voxels[i] = same && isfinite(b->mean[i]);
  }
  *out = NULL;
  if (count > 0 && count < n) TRY(filter_distance(out, l, 1));
done:
  labels_destroy(l);
  return st;
}

/* Drop blocks with a neighbour in plane that is not of the set: erosion by one block, 3 mm. */
static void erode(unsigned char *set, const struct geometry *g, int axial) {
  const int64_t size[3] = {g->nx, g->ny, g->nz};
  const int64_t stride[3] = {1, g->nx, g->nx * g->ny};
  int64_t n = geometry_voxels(g);
  for (int64_t v = 0; v < n; v++) {
    if (!set[v]) continue;
    const int64_t at[3] = {v % g->nx, v / g->nx % g->ny, v / (g->nx * g->ny)};
    for (int a = 0; a < 3; a++) {
      if (a == axial) continue;
      if (at[a] > 0 && set[v - stride[a]] == 0) set[v] = 2;
      if (at[a] + 1 < size[a] && set[v + stride[a]] == 0) set[v] = 2;
    }
  }
  for (int64_t v = 0; v < n; v++)
    if (set[v] == 2) set[v] = 0;
}

/* Slices need 10 mm2: fewer blocks than that in a slice are dropped. */
static void drop_small_slices(unsigned char *set, const struct geometry *g, int axial) {
  const int64_t size[3] = {g->nx, g->ny, g->nz};
  int64_t n = geometry_voxels(g);
  int64_t *count = calloc((size_t)size[axial], sizeof *count);
  if (!count) return;
  double block = g->spacing[(axial + 1) % 3] * g->spacing[(axial + 2) % 3];
  for (int pass = 0; pass < 2; pass++)
    for (int64_t v = 0; v < n; v++) {
      if (!set[v]) continue;
      const int64_t at[3] = {v % g->nx, v / g->nx % g->ny, v / (g->nx * g->ny)};
      if (pass == 0)
        count[at[axial]]++;
      else if ((double)count[at[axial]] * block < least_area_mm2)
        set[v] = 0;
    }
  free(count);
}

static struct vec3 block_world(const struct block_map *b, int64_t v) {
  return geometry_to_world(&b->grid, vec3_make((double)(v % b->grid.nx),
                                               (double)(v / b->grid.nx % b->grid.ny),
                                               (double)(v / (b->grid.nx * b->grid.ny))));
}

/* World centre of the blocks above bone_hu in the body; false when there are fewer than ten. */
static bool skeleton_centre(struct vec3 *centre, const struct block_map *b) {
  double sum[3] = {0, 0, 0};
  int64_t count = 0;
  int64_t n = geometry_voxels(&b->grid);
  for (int64_t v = 0; v < n; v++) {
    if (!(b->mean[v] > bone_hu) || b->inside[v] != 1) continue;
    sum[0] += (double)(v % b->grid.nx);
    sum[1] += (double)(v / b->grid.nx % b->grid.ny);
    sum[2] += (double)(v / (b->grid.nx * b->grid.ny));
    count++;
  }
  if (count < 10) return false;
  double c = 1 / (double)count;
  *centre = geometry_to_world(&b->grid, vec3_make(sum[0] * c, sum[1] * c, sum[2] * c));
  return true;
}

static bool is_muscle_label(int value) {
  return value >= LABEL_GLUTEUS_MAXIMUS_LEFT && value <= LABEL_ILIOPSOAS_RIGHT;
}

/* Blocks of one value among blocks of one value are painted, not seen: where air is clipped, noise
 * is left in every place as large as these (9 mm). Kept when there is nothing else, to be told. */
static status drop_painted(unsigned char *set, const struct block_map *b, int axial) {
  status st = ST_OK;
  const int64_t n = b->grid.nx * b->grid.ny * b->grid.nz;
  const int64_t size[3] = {b->grid.nx, b->grid.ny, b->grid.nz};
  const int64_t stride[3] = {1, b->grid.nx, b->grid.nx * b->grid.ny};
  int64_t left = 0;
  unsigned char *painted = n > 0 ? malloc((size_t)n) : NULL;
  CHECK(painted, ST_MEMORY, "sampling air");
  memcpy(painted, b->flat, (size_t)n);
  erode(painted, &b->grid, axial);
  for (unsigned char ring = 1; ring <= 2; ring++) /* the rest of them, and blocks cut by them */
    for (int64_t v = 0; v < n; v++) {
      if (painted[v] != ring) continue;
      const int64_t at[3] = {v % size[0], v / size[0] % size[1], v / (size[0] * size[1])};
      for (int a = 0; a < 3; a++) {
        if (a == axial) continue;
        if (at[a] > 0 && !painted[v - stride[a]]) painted[v - stride[a]] = ring + 1;
        if (at[a] + 1 < size[a] && !painted[v + stride[a]]) painted[v + stride[a]] = ring + 1;
      }
    }
  for (int64_t v = 0; v < n; v++) left += set[v] && !painted[v];
  for (int64_t v = 0; left >= least_blocks && v < n; v++)
    if (painted[v]) set[v] = 0;
done:
  free(painted);
  return st;
}

static status select_air(unsigned char *set, const struct block_map *b, int axial) {
  status st = ST_OK;
  struct volume *distance = NULL;
  TRY(distance_to_others(&distance, b, 2));
  int64_t n = geometry_voxels(&b->grid);
  for (int64_t v = 0; v < n; v++)
    set[v] =
        b->inside[v] == 2 && isfinite(b->mean[v]) && distance && distance->voxels[v] < -air_gap_mm;
  TRY(drop_painted(set, b, axial));
done:
  volume_destroy(distance);
  return st;
}

static status select_fat(unsigned char *set, const struct block_map *b) {
  status st = ST_OK;
  struct volume *distance = NULL;
  TRY(distance_to_others(&distance, b, 1));
  int64_t n = geometry_voxels(&b->grid);
  for (int64_t v = 0; v < n; v++)
    set[v] = b->inside[v] == 1 && b->mean[v] > -150 && b->mean[v] < -50 &&
             (!distance || distance->voxels[v] > -fat_depth_mm);
done:
  volume_destroy(distance);
  return st;
}

/* Take the surroundings of labelled rods out of the body: a phantom against the skin is part of it,
 * and its plate reads like muscle. */
static void leave_out_rods(struct block_map *b, const struct labels *l) {
  struct vec3 low = {INFINITY, INFINITY, INFINITY};
  struct vec3 high = {-INFINITY, -INFINITY, -INFINITY};
  int64_t n = geometry_voxels(&b->grid);
  for (int64_t v = 0; l && v < n; v++) {
    if (b->label[v] < LABEL_ROD_PLATE || b->label[v] >= LABEL_ROD_1 + 16) continue;
    struct vec3 at = block_world(b, v);
    low = vec3_make(fmin(low.x, at.x), fmin(low.y, at.y), fmin(low.z, at.z));
    high = vec3_make(fmax(high.x, at.x), fmax(high.y, at.y), fmax(high.z, at.z));
  }
  for (int64_t v = 0; v < n && isfinite(low.x); v++) {
    struct vec3 at = block_world(b, v);
    if (at.x > low.x - rods_aside_mm && at.x < high.x + rods_aside_mm &&
        at.y > low.y - rods_around_mm && at.y < high.y + rods_around_mm)
      b->inside[v] = 0;
  }
}

static bool behind_skeleton(const struct block_map *b, int64_t v, struct vec3 bone) {
  struct vec3 at = block_world(b, v);
  return at.y > bone.y + muscle_behind_mm && fabs(at.x - bone.x) < muscle_aside_mm;
}

static void select_muscle(unsigned char *set, const struct block_map *b, bool contrast) {
  int64_t n = geometry_voxels(&b->grid);
  double low = contrast ? 20 : 0;
  double high = contrast ? 150 : 100;
  int64_t labelled = 0;
  for (int64_t v = 0; v < n; v++) labelled += is_muscle_label(b->label[v]);
  struct vec3 bone = {NAN, NAN, NAN};
  bool has_bone = skeleton_centre(&bone, b);
  int64_t behind = 0;
  for (int64_t v = 0; v < n; v++) {
    set[v] = b->inside[v] == 1 && b->mean[v] > low && b->mean[v] < high;
    if (labelled > 50) set[v] = set[v] && is_muscle_label(b->label[v]);
    behind += set[v] && has_bone && behind_skeleton(b, v, bone);
  }
  if (labelled > 50 || behind < least_blocks) return; /* no spine in front of muscle: take all */
  for (int64_t v = 0; v < n; v++) set[v] = set[v] && behind_skeleton(b, v, bone);
}

static void select_blood(unsigned char *set, const struct block_map *b) {
  int64_t n = geometry_voxels(&b->grid);
  for (int64_t v = 0; v < n; v++) set[v] = b->label[v] == LABEL_AORTA;
}

/* ---- values of a tissue ---- */

static void collect(struct cal_histogram *h, struct labels *where, int value,
                    const unsigned char *set, const struct block_map *b, const struct volume *hu,
                    double low, double high) {
  const struct geometry *g = &hu->grid;
  int axial = geometry_axis_nearest(g, 2);
  const int64_t size[3] = {g->nx, g->ny, g->nz};
  memset(h, 0, sizeof *h);
  int64_t last = -1;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        int64_t bi = i / b->factor[0];
        int64_t bj = j / b->factor[1];
        int64_t bk = k / b->factor[2];
        if (!geometry_inside(&b->grid, bi, bj, bk) || !set[geometry_index(&b->grid, bi, bj, bk)])
          continue;
        int64_t v = geometry_index(g, i, j, k);
        double x = (double)hu->voxels[v];
        if (where && where->voxels[v] == value) where->voxels[v] = 0;
        if (!(x >= low && x <= high)) continue;
        int bin = (int)floor(x + 0.5) - CAL_BIN_LOW;
        if (bin < 0 || bin >= CAL_BINS) continue;
        const int64_t at[3] = {i, j, k};
        h->count[at[axial] * CAL_PARTS / size[axial]][bin]++;
        h->total++;
        h->sum += x;
        h->squares += x * x;
        if (at[axial] != last) h->slices++;
        last = at[axial];
        if (where) where->voxels[v] = (uint16_t)value;
      }
}

/* ---- the tissues ---- */

struct tissue {
  const char *name;
  int value;
  double low, high;   /* expected mode [HU] */
  double least, most; /* voxels that count [HU] */
};

static status take(struct calibration *c, struct labels *where, const struct tissue *t,
                   const unsigned char *set, const struct block_map *b, const struct volume *hu,
                   const struct cal_tissue_options *o) {
  status st = ST_OK;
  struct cal_histogram *h = malloc(sizeof *h);
  struct calibration_point *p = cal_add_point(c, t->name);
  CHECK(h && p, ST_MEMORY, "sampling %s", t->name);
  collect(h, where, t->value, set, b, hu, t->least, t->most);
  if (h->total < least_voxels) {
    p->used = 0;
    p->voxels = h->total;
    snprintf(p->reason, sizeof p->reason, "%lld voxels, at least %lld needed", (long long)h->total,
             (long long)least_voxels);
    goto done;
  }
  double value = NAN;
  double share = 0;
  cal_histogram_measure(p, h, t->value == CAL_SAMPLE_AIR);
  if (t->value == CAL_SAMPLE_AIR) { /* again, without what is denser than air */
    collect(h, where, t->value, set, b, hu, t->least, p->hu + air_span_hu);
    share = cal_histogram_constant_share(h, &value);
    CHECK(share < 0.95, ST_DOMAIN,
          "sampling air: %.0f %% of it is exactly %.0f HU; that is padding, not air (crop it away "
          "or mark it as no data)",
          100 * share, value);
    p->reason[0] = '\0';
    cal_histogram_measure(p, h, true);
  }
  if (share > 0.1) {
    p->hu = cal_histogram_censored_mode(h, value);
    p->reason[0] = '\0';
    cal_warn(c,
             "air: %.0f %% of the sample is exactly %.0f HU, clipped there; its mode by a censored "
             "fit is "
             "%.1f HU",
             100 * share, value, p->hu);
  }
  bool expected = p->hu >= t->low && p->hu <= t->high;
  bool near = p->hu >= t->low - o->beyond_hu && p->hu <= t->high + o->beyond_hu;
  CHECK(near || o->force, ST_DOMAIN,
        "sampling %s: %.1f HU, expected %.0f to %.0f HU; --override keeps it with a warning",
        t->name, p->hu, t->low, t->high);
  if (!expected)
    cal_warn(c, "FORCED: %s reads %.1f HU, expected %.0f to %.0f HU", t->name, p->hu, t->low,
             t->high);
  if (p->reason[0]) cal_warn(c, "%s: %s", t->name, p->reason);
done:
  if (p && p->used && !isfinite(p->hu)) p->used = 0;
  free(h);
  return st;
}

static status take_blood(struct calibration *c, struct labels *where, unsigned char *set,
                         const struct block_map *b, const struct volume *hu,
                         const struct cal_tissue_options *o) {
  status st = ST_OK;
  static const struct tissue blood = {"blood", CAL_SAMPLE_BLOOD, -20, 60, -300, 1000};
  CHECK(hu->acquisition.contrast != CONTRAST_PRESENT, ST_DOMAIN,
        "sampling blood: the scan was made with contrast agent; use air, fat and muscle");
  CHECK(o->labels, ST_DOMAIN, "sampling blood: a label map with the aorta (%d) is needed",
        LABEL_AORTA);
  select_blood(set, b);
  erode(set, &b->grid, geometry_axis_nearest(&hu->grid, 2));
  struct cal_histogram *h = malloc(sizeof *h);
  CHECK(h, ST_MEMORY, "sampling blood");
  collect(h, NULL, 0, set, b, hu, -300, 1000);
  double mean = h->total ? h->sum / (double)h->total : NAN;
  double sd = h->total ? sqrt(fmax(0, h->squares / (double)h->total - mean * mean)) : NAN;
  free(h);
  CHECK(isfinite(mean), ST_DOMAIN,
        "sampling blood: nothing of the aorta (label %d) is left after erosion", LABEL_AORTA);
  CHECK(
      mean < blood_limit_hu, ST_DOMAIN,
      "sampling blood: the aorta reads %.0f HU, below %.0f HU expected without contrast agent; use "
      "air, fat and muscle",
      mean, blood_limit_hu);
  struct tissue trimmed = blood;
  trimmed.least = mean - 3 * sd;
  trimmed.most = mean + 3 * sd;
  TRY(take(c, where, &trimmed, set, b, hu, o));
done:
  return st;
}

/* Fat reads lower at low voltage; a quarter of a keV for each kV about 70 keV at 120 kV. */
static double fat_low(double kvp) {
  const enum attenuation_material fat = ATTENUATION_ADIPOSE;
  const double density = attenuation_density(fat), kev = 70 + (kvp - 120) / 4;
  if (!(kvp >= 60 && kvp < 120)) return -130;
  return -130 + attenuation_hu(fat, density, kev) - attenuation_hu(fat, density, 70);
}

status cal_sample_tissues(struct calibration *c, struct labels **where, const struct volume *hu,
                          const struct labels *body, const struct cal_tissue_options *options) {
  status st = ST_OK;
  static const struct cal_tissue_options defaults = {0};
  const struct cal_tissue_options *o = options ? options : &defaults;
  struct block_map b = {0};
  struct labels *map = NULL;
  unsigned char *set = NULL;
  bool contrast = hu->acquisition.contrast == CONTRAST_PRESENT;
  int axial = geometry_axis_nearest(&hu->grid, 2);
  const struct tissue air = {"air", CAL_SAMPLE_AIR, -1030, -980, -1500, 1400};
  const struct tissue fat = {"adipose", CAL_SAMPLE_FAT, fat_low(hu->acquisition.kvp),
                             -70,       -500,           300};
  const struct tissue muscle = {"muscle", CAL_SAMPLE_MUSCLE, -5, contrast ? 150 : 65, -400, 500};
  CHECK(hu->quantity == QUANTITY_HU, ST_DOMAIN, "sampling tissues: the volume holds %s, not HU",
        quantity_name(hu->quantity));
  TRY(geometry_match(&hu->grid, "scan", &body->grid, "body", 1e-3));
  if (o->labels) TRY(geometry_match(&hu->grid, "scan", &o->labels->grid, "labels", 1e-3));
  TRY(blocks_make(&b, hu, body, o->labels));
  leave_out_rods(&b, o->labels);
  set = malloc((size_t)geometry_voxels(&b.grid));
  CHECK(set, ST_MEMORY, "sampling tissues");
  if (where) {
    TRY(labels_create(&map, &hu->grid));
    TRY(labels_set_name(map, CAL_SAMPLE_AIR, "air"));
    TRY(labels_set_name(map, CAL_SAMPLE_FAT, "adipose"));
    TRY(labels_set_name(map, CAL_SAMPLE_MUSCLE, "muscle"));
    TRY(labels_set_name(map, CAL_SAMPLE_BLOOD, "blood"));
  }
  TRY(select_air(set, &b, axial));
  TRY(take(c, map, &air, set, &b, hu, o));
  TRY(select_fat(set, &b));
  erode(set, &b.grid, axial);
  drop_small_slices(set, &b.grid, axial);
  TRY(take(c, map, &fat, set, &b, hu, o));
  select_muscle(set, &b, contrast);
  erode(set, &b.grid, axial);
  drop_small_slices(set, &b.grid, axial);
  TRY(take(c, map, &muscle, set, &b, hu, o));
  if (o->blood) TRY(take_blood(c, map, set, &b, hu, o));
  if (where) {
    *where = map;
    map = NULL;
  }
done:
  blocks_free(&b);
  labels_destroy(map);
  free(set);
  return st;
}
