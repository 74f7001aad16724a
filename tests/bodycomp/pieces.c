// labels: method
// Two discs of radius r whose middles lie d apart meet in a neck of half width sqrt(r^2 - d^2/4).
#include "bodycomp/pieces.h"
#include "tests/check.h"

static const double radius = 20, apart = 32; /* neck: 12, 0.6 of the radius */

static bool in_disc(double x, double y, double at) {
  return hypot(x - at, y - 30) <= radius;
}

static struct labels *two_discs(void) {
  struct geometry g = geometry_make(100, 60, 1, 1, 1, 1);
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &g));
  for (int64_t j = 0; j < 60; j++)
    for (int64_t i = 0; i < 100; i++)
      l->voxels[j * 100 + i] =
          in_disc((double)i, (double)j, 34) || in_disc((double)i, (double)j, 34 + apart);
  return l;
}

static void a_neck_parts_what_is_deeper_on_both_sides(void **state) {
  (void)state;
  struct labels *l = two_discs(), *pieces = NULL;
  int count = 0;
  assert_ok(pieces_find(&pieces, &count, l, 0.5, 9));
  assert_int_equal(count, 1);
  labels_destroy(pieces);
  assert_ok(pieces_find(&pieces, &count, l, 0.7, 9));
  assert_int_equal(count, 2);
  /* equal halves, and the border in the middle, to a column of the neck */
  double area = 0.5 * (double)labels_count(l, 1), column = 2 * 12 + 1;
  assert_near((double)labels_count(pieces, 1), area, column);
  assert_near((double)labels_count(pieces, 2), area, column);
  for (int64_t n = 0; n < geometry_voxels(&l->grid); n++) {
    assert_int_equal(pieces->voxels[n] != 0, l->voxels[n] != 0);
    if (pieces->voxels[n] && n % 100 < 49)
      assert_int_equal(pieces->voxels[n], pieces->voxels[3034]);
  }
  labels_destroy(pieces);
  assert_ok(pieces_find(&pieces, &count, l, 1, 99)); /* every ripple parts */
  assert_true(count >= 2);
  labels_destroy(pieces);
  assert_ok(pieces_find(&pieces, &count, l, 0, 9));
  assert_int_equal(count, 1);
  labels_destroy(pieces);
  labels_destroy(l);
}

static void the_shallowest_pieces_are_dropped_and_nothing_is_no_piece(void **state) {
  (void)state;
  struct labels *l = two_discs(), *pieces = NULL;
  int count = 0;
  for (int64_t i = 2; i < 8; i++)
    for (int64_t j = 2; j < 8; j++) l->voxels[j * 100 + i] = 1; /* apart from both */
  assert_ok(pieces_find(&pieces, &count, l, 0.5, 1));
  assert_int_equal(count, 1);
  assert_int_equal(pieces->voxels[404], 0);
  assert_true(pieces->voxels[3034] > 0);
  labels_destroy(pieces);
  memset(l->voxels, 0, sizeof *l->voxels * (size_t)geometry_voxels(&l->grid));
  assert_ok(pieces_find(&pieces, &count, l, 0.5, 9));
  assert_int_equal(count, 0);
  labels_destroy(pieces);
  labels_destroy(l);
  struct geometry g = geometry_make(4, 4, 2, 1, 1, 1);
  assert_ok(labels_create(&l, &g));
  assert_fails(pieces_find(&pieces, &count, l, 0.5, 9), ST_DOMAIN, "2 slices");
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_neck_parts_what_is_deeper_on_both_sides),
      cmocka_unit_test(the_shallowest_pieces_are_dropped_and_nothing_is_no_piece),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
