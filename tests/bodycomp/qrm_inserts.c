// labels: data method
// Nine hydroxyapatite cylinders of the QRM calcification insert, scanned for real (512 x 512 x 47,
// 0.488 x 0.488 x 3 mm, 120 kV, large fat ring), against their nominal masses: integrated mass,
// scaled by the 200 mg/cm3 rod of the same scan. The rod reads 310 HU, and 800 mg/cm3 reads 1245 HU
// in the largest insert, so HU rises by 1.55 per mg/cm3 from 0: the matrix of the rods is
// water-like although the heart insert around them reads 75 HU. Pure object HU are therefore 310 x
// density / 200.
#include "bodycomp/calcium.h"
#include "core/image.h"
#include "tests/check.h"

/* Mean of a disc on one slice; pixel coordinates as the slice is stored. */
static double disc_mean(const struct volume *v, double x, double y, int64_t k, double radius_mm) {
  double sum = 0;
  int64_t n = 0;
  for (int64_t j = 0; j < v->grid.ny; j++)
    for (int64_t i = 0; i < v->grid.nx; i++) {
      double dx = ((double)i - x) * v->grid.spacing[0], dy = ((double)j - y) * v->grid.spacing[1];
      if (dx * dx + dy * dy > radius_mm * radius_mm) continue;
      sum += (double)v->voxels[geometry_index(&v->grid, i, j, k)];
      n++;
    }
  return sum / (double)n;
}

static void paint_disc(struct labels *l, double x, double y, int64_t k, double inner, double outer,
                       uint16_t value) {
  for (int64_t j = 0; j < l->grid.ny; j++)
    for (int64_t i = 0; i < l->grid.nx; i++) {
      double dx = ((double)i - x) * l->grid.spacing[0], dy = ((double)j - y) * l->grid.spacing[1];
      double d2 = dx * dx + dy * dy;
      if (d2 <= outer * outer && d2 >= inner * inner)
        l->voxels[geometry_index(&l->grid, i, j, k)] = value;
    }
}

static double region_mean(const struct volume *v, const struct labels *l, int value) {
  double sum = 0;
  int64_t n = 0;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (l->voxels[i] == value) {
      sum += (double)v->voxels[i];
      n++;
    }
  return sum / (double)n;
}

static void masses_of_the_nine_inserts(void **state) {
  (void)state;
  const struct {
    double density, diameter, x, y;
  } inserts[] = {{800, 5, 180, 220}, {800, 3, 206, 220}, {800, 1, 231, 220},
                 {400, 5, 291, 150}, {400, 3, 281, 173}, {400, 1, 268, 194},
                 {200, 5, 299, 281}, {200, 3, 285, 260}, {200, 1, 272, 239}};
  const int64_t first = 19, last = 24; /* slices that hold the inserts, counted from the lowest z */
  struct volume *v = NULL;
  struct image_read_options read = {.quantity = QUANTITY_HU};
  assert_ok(image_read(&v, shared_path("data/cac_phantom_qrm/dicom"), &read));
  double rod = 0.5 * (disc_mean(v, 258, 217, 32, 7) + disc_mean(v, 258, 217, 33, 7));
  assert_near(rod, 309, 5); /* the mean the data's own table states for slices 31 to 34 */
  for (size_t n = 0; n < sizeof inserts / sizeof *inserts; n++) {
    struct labels *l = NULL;
    double mass, reach = inserts[n].diameter / 2 + 3.5;
    assert_ok(labels_create(&l, &v->grid));
    for (int64_t k = first; k <= last; k++) {
      paint_disc(l, inserts[n].x, inserts[n].y, k, reach + 1, reach + 4, 2);
      paint_disc(l, inserts[n].x, inserts[n].y, k, 0, reach, 1);
    }
    double background = region_mean(v, l, 2), object = rod * inserts[n].density / 200;
    assert_ok(calcium_mass_integrated(&mass, v, l, 1, object, background, inserts[n].density));
    double d = inserts[n].diameter,
           nominal = acos(-1.0) / 4 * d * d * d * inserts[n].density / 1000;
    print_message("%4.0f mg/cm3, %.0f mm: %7.3f mg, nominal %7.3f mg, %+.1f %%\n",
                  inserts[n].density, d, mass, nominal, 100 * (mass / nominal - 1));
    if (d == 5) assert_near(mass / nominal, 1, 0.15);
    labels_destroy(l);
  }
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(masses_of_the_nine_inserts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
