// labels: method
/* An aorta of round sections whose voxels are known one by one: ascending and descending side by
 * side in slices 20 to 39, joined above (the arch), descending alone below, drifting forwards until
 * it lies where the ascending part was: upright and upside down. */
#include "bodycomp/aorta.h"
#include "tests/check.h"

enum { NZ = 48, AORTA = 52 };

static void disc(struct labels *l, double x, double y, int64_t k, double r) {
  for (int64_t j = 0; j < l->grid.ny; j++)
    for (int64_t i = 0; i < l->grid.nx; i++)
      if (hypot((double)i - x, (double)j - y) <= r)
        l->voxels[geometry_index(&l->grid, i, j, k)] = AORTA;
}

static int part_expected(int64_t rank, double y, bool vertebra) {
  if (rank >= 40) return AORTA_ARCH;
  if (vertebra && rank < 10) return AORTA_ABDOMINAL;
  return rank >= 20 && y < 30 ? AORTA_ASCENDING : AORTA_DESCENDING;
}

static struct labels *aorta(bool down) {
  struct geometry g = geometry_make(60, 60, NZ, 1, 1, 3);
  struct labels *l = NULL;
  if (down) {
    g.direction[8] = -1;
    g.origin[2] = 3 * (NZ - 1);
  }
  assert_ok(labels_create(&l, &g));
  for (int64_t rank = 0; rank < NZ; rank++) {
    int64_t k = down ? NZ - 1 - rank : rank;
    double drift = rank < 20 ? 1.2 * (double)(20 - rank) : 0;
    disc(l, 30, 45 - drift, k, 8);
    if (rank >= 20) disc(l, 28, 18, k, 9);
    for (double y = 18; rank >= 40 && y < 45; y++) disc(l, 29, y, k, 8);
  }
  return l;
}

static void its_parts_are_told_apart(void **state) {
  (void)state;
  for (int n = 0; n < 4; n++) {
    bool down = n & 1, vertebra = n & 2;
    struct labels *l = aorta(down), *parts = NULL;
    for (int64_t rank = 10; vertebra && rank < 16; rank++)
      l->voxels[geometry_index(&l->grid, 2, 50, down ? NZ - 1 - rank : rank)] = LABEL_VERTEBRA_T12;
    assert_ok(aorta_split(&parts, l, AORTA));
    for (int64_t v = 0; v < geometry_voxels(&l->grid); v++) {
      int64_t k = v / 3600, rank = down ? NZ - 1 - k : k;
      int expected =
          l->voxels[v] == AORTA ? part_expected(rank, (double)(v / 60 % 60), vertebra) : 0;
      assert_int_equal(parts->voxels[v], expected);
    }
    assert_int_equal(labels_value(parts, "ascending"), AORTA_ASCENDING);
    assert_int_equal(labels_value(parts, "abdominal"), vertebra ? AORTA_ABDOMINAL : 0);
    labels_destroy(parts);
    labels_destroy(l);
  }
}

static void an_aorta_that_is_never_double_is_refused(void **state) {
  (void)state;
  struct labels *l = aorta(false), *parts = NULL;
  assert_fails(aorta_split(&parts, l, 7), ST_DOMAIN, "label 7 is not in the map");
  memset(l->voxels + 20 * 3600, 0, sizeof *l->voxels * (NZ - 20) * 3600);
  assert_fails(aorta_split(&parts, l, AORTA), ST_DOMAIN, "side by side");
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(its_parts_are_told_apart),
      cmocka_unit_test(an_aorta_that_is_never_double_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
