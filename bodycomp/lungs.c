#include "bodycomp/lungs.h"

#include "core/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double air_hu = -500, erode_mm = 1.5, erode_most_mm = 4, erode_step_mm = 0.5;
static const double lung_low_hu = -950, lung_high_hu = -650;
static const double both_sides =
    0.25; /* share of a part on its smaller side that joins two lungs */
enum { PARTS = 32, AIR = 1 };

struct part {
  int64_t voxels;
  int64_t right; /* of these, right of the middle */
  double hu;     /* sum */
};

static double middle_x(const struct labels *body) {
  const struct geometry *g = &body->grid;
  double sum = 0;
  int64_t count = 0;
  for (int64_t v = 0; v < geometry_voxels(g); v++)
    if (body->voxels[v] == LABEL_BODY) {
      sum += (double)(v % g->nx);
      count++;
    }
  return count ? sum / (double)count : (double)g->nx / 2;
}

static void measure_parts(struct part parts[PARTS], const struct labels *l, const struct volume *hu,
                          double middle) {
  memset(parts, 0, PARTS * sizeof *parts);
  for (int64_t v = 0; v < geometry_voxels(&l->grid); v++) {
    if (!l->voxels[v]) continue;
    struct part *p = &parts[l->voxels[v] - 1];
    p->voxels++;
    p->hu += (double)hu->voxels[v];
    p->right += (double)(v % l->grid.nx) < middle; /* LPS: low x is the patient's right */
  }
}

/* Lung side of every part (0: none); false when one part spans both sides. */
static bool sort_parts(int sides[PARTS], const struct part parts[PARTS], double voxel_mm3,
                       double least_mm3) {
  for (int i = 0; i < PARTS; i++) {
    const struct part *p = &parts[i];
    sides[i] = 0;
    if ((double)p->voxels * voxel_mm3 < least_mm3 || p->voxels == 0) continue;
    double hu = p->hu / (double)p->voxels, right = (double)p->right / (double)p->voxels;
    if (hu < lung_low_hu || hu > lung_high_hu) continue;
    if (right > both_sides && right < 1 - both_sides) return false;
    sides[i] = right > 0.5 ? LUNG_RIGHT : LUNG_LEFT;
  }
  return true;
}

static void fill_info(struct lungs_info *info, const struct part parts[PARTS],
                      const int sides[PARTS], double voxel_mm3, double erosion) {
  double hu[3] = {0}, voxels[3] = {0};
  for (int i = 0; i < PARTS; i++) {
    hu[sides[i]] += parts[i].hu;
    voxels[sides[i]] += (double)parts[i].voxels;
  }
  info->right_hu = voxels[LUNG_RIGHT] > 0 ? hu[LUNG_RIGHT] / voxels[LUNG_RIGHT] : (double)NAN;
  info->left_hu = voxels[LUNG_LEFT] > 0 ? hu[LUNG_LEFT] / voxels[LUNG_LEFT] : (double)NAN;
  info->erosion_mm = erosion;
  info->right_mm3 = voxels[LUNG_RIGHT] * voxel_mm3;
  info->left_mm3 = voxels[LUNG_LEFT] * voxel_mm3;
}

/* Grow both sides back into the air they were eroded from. */
static status grow_back(struct labels *l, const struct labels *air, double radius_mm) {
  status st = ST_OK;
  for (int side = LUNG_RIGHT; side <= LUNG_LEFT; side++)
    TRY(filter_grow(l, side, radius_mm + 0.5, 0));
  for (int64_t v = 0; v < geometry_voxels(&l->grid); v++)
    if (!air->voxels[v]) l->voxels[v] = 0;
done:
  return st;
}

status lungs_find(struct labels **out, struct lungs_info *info, const struct volume *hu,
                  const struct labels *body, double least_mm3) {
  status st = ST_OK;
  struct labels *air = NULL, *thin = NULL, *numbered = NULL;
  struct part parts[PARTS];
  int sides[PARTS], count = 0;
  double erosion = erode_mm, middle = middle_x(body), voxel = geometry_voxel_mm3(&hu->grid);
  bool parted = false, any = false;
  int64_t n = geometry_voxels(&hu->grid);
  TRY(labels_create(&air, &hu->grid));
  for (int64_t v = 0; v < n; v++)
    air->voxels[v] = body->voxels[v] == LABEL_BODY && (double)hu->voxels[v] < air_hu ? AIR : 0;
  for (; !parted && erosion <= erode_most_mm; erosion += erode_step_mm) {
    labels_destroy(thin);
    labels_destroy(numbered);
    thin = numbered = NULL;
    TRY(labels_copy(&thin, air));
    TRY(filter_grow(thin, AIR, -erosion, 0));
    TRY(filter_components(&numbered, thin, 6, PARTS, NULL, &count));
    measure_parts(parts, numbered, hu, middle);
    parted = sort_parts(sides, parts, voxel, least_mm3);
  }
  erosion -= erode_step_mm;
  CHECK(parted, ST_DOMAIN, "finding the lungs: they stay joined after an erosion of %.1f mm",
        erosion);
  for (int i = 0; i < PARTS; i++) any |= sides[i] != 0;
  CHECK(any, ST_DOMAIN,
        "finding the lungs: no air of %.0f..%.0f HU in a part of at least %.0f ml inside the body",
        lung_low_hu, lung_high_hu, least_mm3 / 1000);
  for (int64_t v = 0; v < n; v++)
    numbered->voxels[v] =
        numbered->voxels[v] ? (uint16_t)sides[numbered->voxels[v] - 1] : (uint16_t)0;
  TRY(grow_back(numbered, air, erosion));
  TRY(labels_set_name(numbered, LUNG_RIGHT, "lung_right"));
  TRY(labels_set_name(numbered, LUNG_LEFT, "lung_left"));
  if (info) fill_info(info, parts, sides, voxel, erosion);
  *out = numbered;
  numbered = NULL;
done:
  labels_destroy(air);
  labels_destroy(thin);
  labels_destroy(numbered);
  return st;
}
