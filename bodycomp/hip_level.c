/* Slices of the hip in which its muscles are measured. */
#include "bodycomp/tissue.h"

#include "core/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double joint_mm = 6;            /* sacrum and hip bone that lie so near make a joint */
static const double shaft_mm = 20;           /* of the lowest femur, taken for shaft */
static const double least_shaft_mm = 30;     /* below the lesser trochanter */
static const double trochanter_share = 1.15; /* of the shaft's section */
static const double below_mm = 10;           /* the lesser trochanter */

/* Patient-wise order of slices: 0 is the lowest. */
static int64_t slice_of(const struct geometry *g, int64_t rank) {
  return geometry_axis(g, 2).z > 0 ? rank : g->nz - 1 - rank;
}

static int64_t count_in(const struct labels *l, int value, int64_t rank) {
  int64_t plane = l->grid.nx * l->grid.ny, k = slice_of(&l->grid, rank), count = 0;
  for (int64_t v = k * plane; v < (k + 1) * plane; v++) count += l->voxels[v] == value;
  return count;
}

/* Does a voxel of `a` lie within joint_mm of one of `b` in the slice? */
static bool joined(const struct labels *l, int a, int b, int64_t rank) {
  const struct geometry *g = &l->grid;
  int64_t k = slice_of(g, rank), ri = (int64_t)(joint_mm / g->spacing[0]),
          rj = (int64_t)(joint_mm / g->spacing[1]);
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      if (l->voxels[geometry_index(g, i, j, k)] != a) continue;
      for (int64_t y = j - rj; y <= j + rj; y++)
        for (int64_t x = i - ri; x <= i + ri; x++)
          if (geometry_inside(g, x, y, k) && l->voxels[geometry_index(g, x, y, k)] == b)
            return true;
    }
  return false;
}

static status below_joint(int64_t *rank, const struct labels *l, int hip) {
  status st = ST_OK;
  int64_t n = l->grid.nz, r = 0;
  while (r < n && !joined(l, LABEL_SACRUM, hip, r)) r++;
  CHECK(r < n, ST_DOMAIN,
        "hip level: sacrum (label %d) and hip bone (label %d) nowhere lie within %g mm of each "
        "other",
        LABEL_SACRUM, hip, joint_mm);
  CHECK(r > 0, ST_DOMAIN,
        "hip level: the sacroiliac joint reaches the lowest slice; the level lies below it");
  *rank = r - 1;
done:
  return st;
}

static status above_head(int64_t *rank, const struct labels *l, int femur) {
  status st = ST_OK;
  int64_t n = l->grid.nz, r = n - 1;
  while (r >= 0 && count_in(l, femur, r) == 0) r--;
  CHECK(r >= 0, ST_DOMAIN, "hip level: the femur (label %d) is not in the label map", femur);
  CHECK(r < n - 1, ST_DOMAIN,
        "hip level: the femur reaches the highest slice; the roof of the acetabulum lies above it");
  *rank = r + 1;
done:
  return st;
}

/* Below where the section of the femur, followed upwards, outgrows the shaft's. */
static status below_trochanter(int64_t *rank, const struct labels *l, int femur) {
  status st = ST_OK;
  const double dz = l->grid.spacing[2];
  const int64_t n = l->grid.nz, shaft = (int64_t)ceil(shaft_mm / dz);
  double *area = malloc((size_t)n * sizeof *area);
  int64_t low = 0, r;
  CHECK(area, ST_MEMORY, "hip level in %lld slices", (long long)n);
  for (r = 0; r < n; r++) area[r] = (double)count_in(l, femur, r);
  while (low < n && area[low] == 0) low++;
  CHECK(low < n, ST_DOMAIN, "hip level: the femur (label %d) is not in the label map", femur);
  double usual = stat_median(area + low, low + shaft < n ? shaft : n - low);
  for (r = low; r < n && area[r] > 0 && area[r] <= trochanter_share * usual; r++) {
  }
  double seen = (double)(r - low) * dz;
  CHECK(
      r < n && area[r] > 0 && seen >= least_shaft_mm, ST_DOMAIN,
      "hip level: %.0f mm of shaft below the lesser trochanter; at least %g mm are needed to tell "
      "the two apart",
      seen, least_shaft_mm);
  *rank = r - 1 - (int64_t)round(below_mm / dz);
done:
  free(area);
  return st;
}

/* "NAME-left" or "NAME-right". */
static bool matches(bool *right, const char *level, const char *name) {
  size_t n = strlen(name);
  if (strncmp(level, name, n) != 0) return false;
  *right = strcmp(level + n, "-right") == 0;
  return *right || strcmp(level + n, "-left") == 0;
}

status tissue_hip_slice(struct level_slice *out, const struct labels *bones, const char *level) {
  status st = ST_OK;
  int64_t rank = 0;
  bool right = false;
  if (matches(&right, level, "si-joint"))
    TRY(below_joint(&rank, bones, right ? LABEL_HIP_RIGHT : LABEL_HIP_LEFT));
  else if (matches(&right, level, "acetabular-roof"))
    TRY(above_head(&rank, bones, right ? LABEL_FEMUR_RIGHT : LABEL_FEMUR_LEFT));
  else if (matches(&right, level, "thigh"))
    TRY(below_trochanter(&rank, bones, right ? LABEL_FEMUR_RIGHT : LABEL_FEMUR_LEFT));
  else
    FAIL(ST_DOMAIN,
         "hip level \"%s\" is not known: si-joint, acetabular-roof or thigh, with -left or -right",
         level);
  *out = (struct level_slice){.flags = "hip levels are not standardised"};
  out->slice = out->first = out->last = slice_of(&bones->grid, rank);
  out->z_mm = geometry_to_world(&bones->grid, vec3_make(0, 0, (double)out->slice)).z;
done:
  return st;
}
