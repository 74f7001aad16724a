/* Overlap and distance of two outlines against the closed forms of boxes. */
#include "anatomy/compare.h"
#include "tests/check.h"

static struct labels *box(int64_t x0, int64_t x1) {
  struct geometry g = geometry_make(60, 50, 40, 1, 1, 1);
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &g));
  for (int64_t k = 10; k < 30; k++)
    for (int64_t j = 15; j < 35; j++)
      for (int64_t i = x0; i < x1; i++) l->voxels[geometry_index(&g, i, j, k)] = 7;
  return l;
}

/* B is A (20 x 20 x 20 mm) and 3 mm more on one face: |A| 8000, |B| 9200 mm3 */
static void a_box_longer_by_three_millimetres(void **state) {
  (void)state;
  struct labels *a = box(20, 40), *b = box(20, 43);
  struct compare_result c;
  assert_ok(compare_labels(&c, a, 7, b, 7));
  assert_near(c.dice, 2 * 8000.0 / (8000 + 9200), 1e-12);
  assert_near(c.volume_mm3, 8000, 1e-9);
  assert_near(c.other_mm3, 9200, 1e-9);
  assert_near(c.only_mm3, 0, 1e-9);
  assert_near(c.other_only_mm3, 1200, 1e-9);
  assert_near(c.most_mm, 3, 0.25); /* a fifth of a voxel at edges */
  assert_true(c.outward_mm < 0);
  assert_ok(compare_labels(&c, a, 7, a, 7));
  assert_near(c.dice, 1, 0);
  assert_near(c.mean_mm, 0, 0.1);
  labels_destroy(a);
  labels_destroy(b);
}

static void what_cannot_be_compared_is_refused(void **state) {
  (void)state;
  struct labels *a = box(20, 40), *b = box(20, 43);
  struct compare_result c;
  assert_fails(compare_labels(&c, a, 8, b, 7), ST_DOMAIN, "value 8 has no voxel");
  assert_fails(compare_labels(&c, a, 7, b, 9), ST_DOMAIN, "value 9 of the other map has no voxel");
  b->grid.spacing[2] = 2;
  assert_fails(compare_labels(&c, a, 7, b, 7), ST_DOMAIN, "spacing");
  labels_destroy(a);
  labels_destroy(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_box_longer_by_three_millimetres),
      cmocka_unit_test(what_cannot_be_compared_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
