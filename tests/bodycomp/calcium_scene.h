/* Water with blocks painted into it, everything inside the region, and its score. */
#ifndef QCT_TESTS_BODYCOMP_CALCIUM_SCENE_H
#define QCT_TESTS_BODYCOMP_CALCIUM_SCENE_H

#include "bodycomp/calcium.h"
#include "tests/check.h"

struct scan {
  struct volume *hu;
  struct labels *region;
};

/* Water of n^2 pixels x slices, everything inside the region. */
static struct scan water(int n, int slices, double pixel_mm, double increment_mm) {
  struct geometry g = geometry_make(n, n, slices, pixel_mm, pixel_mm, increment_mm);
  struct scan s = {0};
  assert_ok(volume_create(&s.hu, &g, QUANTITY_HU));
  assert_ok(labels_create(&s.region, &g));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) s.region->voxels[i] = 1;
  s.hu->acquisition.kvp = 120;
  return s;
}

static void scan_free(struct scan *s) {
  volume_destroy(s->hu);
  labels_destroy(s->region);
}

static void paint(struct scan *s, int i0, int j0, int k0, int ni, int nj, int nk, float hu) {
  for (int k = k0; k < k0 + nk; k++)
    for (int j = j0; j < j0 + nj; j++)
      for (int i = i0; i < i0 + ni; i++) s->hu->voxels[geometry_index(&s->hu->grid, i, j, k)] = hu;
}

static double agatston(const struct scan *s, const struct calcium_rules *rules) {
  struct calcium_score score;
  assert_ok(calcium_score(&score, s->hu, s->region, 1, rules));
  double value = score.agatston;
  calcium_score_free(&score);
  return value;
}

#endif
