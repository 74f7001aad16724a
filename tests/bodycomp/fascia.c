// labels: data method
// Compartments by rule: a torso of nested ellipses with exact areas, and the fat masks that come
// with a real scan.
#include "bodycomp/fascia.h"
#include "bodycomp/tissue.h"
#include "core/image.h"
#include "tests/check.h"

static double fat_cm3(const struct volume *hu, const struct labels *l, int value, int64_t first,
                      int64_t last) {
  struct tissue_measure m;
  assert_ok(tissue_measure(&m, hu, l, value, first, last, NULL));
  return (double)m.fat * geometry_voxel_mm3(&hu->grid) / 1000;
}

/* Skin and fat between 170 x 120 and 140 x 95 mm, a muscle wall of 12 mm with gaps of 8 mm on the
 * sides and behind and one of `front_mm` before, fat inside. Returns the fat under the skin. */
static double paint_torso(struct volume *v, double front_mm) {
  const struct geometry *g = &v->grid;
  double expected = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double x = ((double)i - 119.5) * 1.6, y = ((double)j - 99.5) * 1.6;
        double body = hypot(x / 170, y / 120), outer = hypot(x / 140, y / 95),
               inner = hypot(x / 128, y / 83);
        int gap = fabs(x) < (y < 0 ? 0.5 * front_mm : 4) || fabs(y) < 4;
        float *voxel = &v->voxels[geometry_index(g, i, j, k)];
        *voxel = body > 1 ? -1000 : outer > 1 ? -100 : inner > 1 ? (gap ? -100 : 50) : -95;
        expected += body <= 1 && outer > 1 && hypot(x / 168, y / 118) <= 1;
      }
  return expected * geometry_voxel_mm3(g) / 1000;
}

static void nested_ellipses_give_their_subcutaneous_fat(void **state) {
  (void)state;
  struct geometry g = geometry_make(240, 200, 6, 1.6, 1.6, 5);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  /* 30 mm: a linea alba too thin to be seen, and wider than the closing reaches */
  for (double front_mm = 8; front_mm < 40; front_mm += 22) {
    struct labels *l = NULL;
    double expected = paint_torso(v, front_mm);
    assert_ok(fascia_compartments(&l, NULL, v, NULL));
    assert_close(fat_cm3(v, l, FASCIA_SUBCUTANEOUS, 0, g.nz - 1), expected, 0.03);
    labels_destroy(l);
  }
  volume_destroy(v);
}

static void subcutaneous_fat_of_a_real_trunk_agrees_with_its_mask(void **state) {
  (void)state;
  struct volume *hu = NULL;
  struct labels *mask = NULL, *torso = NULL, *l = NULL;
  struct image_read_options read = {.quantity = QUANTITY_HU};
  assert_ok(image_read(&hu, shared_path("data/abdopelvis_totalseg/example_ct_sm.nii.gz"), &read));
  assert_ok(labels_read_on(
      &mask, shared_path("data/abdopelvis_totalseg/tissue_types/subcutaneous_fat.nii.gz"),
      &hu->grid));
  assert_ok(labels_read_on(
      &torso, shared_path("data/abdopelvis_totalseg/tissue_types/torso_fat.nii.gz"), &hu->grid));
  assert_ok(fascia_compartments(&l, NULL, hu, NULL));
  double reference = fat_cm3(hu, mask, 1, 0, hu->grid.nz - 1),
         inside = fat_cm3(hu, torso, 1, 0, hu->grid.nz - 1);
  double ours = fat_cm3(hu, l, FASCIA_SUBCUTANEOUS, 0, hu->grid.nz - 1);
  double ours_inside = fat_cm3(hu, l, FASCIA_INSIDE, 0, hu->grid.nz - 1);
  print_message("subcutaneous %.0f cm3, mask %.0f (%+.1f %%); inside %.0f, mask %.0f (%+.1f %%)\n",
                ours, reference, 100 * (ours / reference - 1), ours_inside, inside,
                100 * (ours_inside / inside - 1));
  /* both are automatic, and the pixels are 3 mm wide */
  assert_close(ours, reference, 0.03);
  labels_destroy(mask);
  labels_destroy(torso);
  labels_destroy(l);
  volume_destroy(hu);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nested_ellipses_give_their_subcutaneous_fat),
      cmocka_unit_test(subcutaneous_fat_of_a_real_trunk_agrees_with_its_mask),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
