/* Slices of the hip in which its muscles are measured; soft tissue over its trochanter. */
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

/* ---- soft tissue over the greater trochanter ---- */

static const double trochanter_mm = 40; /* below the tip: the trochanter's outer face */
static const double least_seen_mm = 30;

/* Pixels of {labels == value} in slice k with a face neighbour of another value, or at the image's
 * edge. */
static int64_t rim(struct vec3 *out, const struct labels *l, int value, int64_t k) {
  static const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  const struct geometry *g = &l->grid;
  int64_t count = 0;
  for (int64_t j = 0; j < g->ny; j++)
    for (int64_t i = 0; i < g->nx; i++) {
      bool inner = true;
      if (l->voxels[geometry_index(g, i, j, k)] != value) continue;
      for (int n = 0; n < 4; n++) {
        int64_t x = i + steps[n][0], y = j + steps[n][1];
        inner &= geometry_inside(g, x, y, k) && l->voxels[geometry_index(g, x, y, k)] == value;
      }
      if (!inner) out[count++] = vec3_make((double)i, (double)j, (double)k);
    }
  return count;
}

/* Shortest ways from the bone's rim to the body's: to skin, and to where the body leaves the image
 * and its skin is not seen. */
static void shortest(double *skin_mm, double *edge_mm, const struct vec3 *bone, int64_t bones,
                     const struct vec3 *body, int64_t bodies, const struct geometry *g) {
  for (int64_t n = 0; n < bodies; n++) {
    struct vec3 b = body[n];
    bool cut = b.x < 0.5 || b.y < 0.5 || b.x > (double)g->nx - 1.5 || b.y > (double)g->ny - 1.5;
    double *best = cut ? edge_mm : skin_mm;
    for (int64_t m = 0; m < bones; m++)
      *best =
          fmin(*best, hypot((b.x - bone[m].x) * g->spacing[0], (b.y - bone[m].y) * g->spacing[1]));
  }
}

status tissue_trochanter_thickness(double *mm, const struct labels *body,
                                   const struct labels *bones, int femur, struct vec3 tip) {
  status st = ST_OK;
  const struct geometry *g = &bones->grid;
  const int64_t plane = g->nx * g->ny;
  struct vec3 *rims = malloc((size_t)(2 * plane) * sizeof *rims);
  double skin = INFINITY, edge = INFINITY, seen = 0;
  CHECK(rims, ST_MEMORY, "soft tissue over the trochanter in slices of %lld x %lld",
        (long long)g->nx, (long long)g->ny);
  TRY(geometry_match(g, "femur", &body->grid, "body", 1e-3));
  for (int64_t k = 0; k < g->nz; k++) {
    double below = tip.z - geometry_to_world(g, vec3_make(0, 0, (double)k)).z;
    if (below < 0 || below > trochanter_mm) continue;
    int64_t count = rim(rims, bones, femur, k);
    if (count == 0) continue;
    shortest(&skin, &edge, rims, count, rims + plane, rim(rims + plane, body, LABEL_BODY, k), g);
    seen = fmax(seen, below);
  }
  CHECK(seen >= least_seen_mm, ST_DOMAIN,
        "soft tissue over the trochanter: the femur (label %d) is seen %.0f mm below its tip at z "
        "%.1f mm; at least %g mm are needed",
        femur, seen, tip.z, least_seen_mm);
  CHECK(skin < edge, ST_DOMAIN,
        "soft tissue over the trochanter: the body leaves the image %.0f mm from the bone, before "
        "its skin",
        edge);
  *mm = skin;
done:
  free(rims);
  return st;
}
