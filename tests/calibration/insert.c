// labels: method data
/* A real scan of the QRM thorax phantom (Toshiba, 120 kV): one HA rod and nine HA cylinders whose
 * nominal masses are printed by the data set. The rod's nominal 200 mg HA/cm3 is unverified; its
 * mean of 309 HU over slices 31 to 34 was measured by the data's keepers. */
#include "tests/check.h"

#include "calibration/calibrate.h"
#include "core/image.h"

static struct volume *scan(void) {
  struct volume *v = NULL;
  struct image_read_options o = {.quantity = QUANTITY_HU};
  assert_ok(image_read(&v, shared_path("data/cac_phantom_qrm/dicom"), &o));
  return v;
}

/* A disc of `radius` mm around a pixel, slices first..last. */
static struct labels *disc(const struct volume *v, double x, double y, double radius, int first,
                           int last) {
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int64_t k = first; k <= last; k++)
    for (int64_t j = 0; j < v->grid.ny; j++)
      for (int64_t i = 0; i < v->grid.nx; i++)
        if (hypot((double)i - x, (double)j - y) * v->grid.spacing[0] < radius)
          l->voxels[geometry_index(&v->grid, i, j, k)] = 1;
  return l;
}

static double rod_mean(const struct volume *v, struct calibration_point *p) {
  struct labels *l = disc(v, 258, 217, 9.5, 30, 35); /* the first and the last slice are dropped */
  memset(p, 0, sizeof *p);
  assert_ok(cal_sample_label(p, v, l, 1, NULL));
  labels_destroy(l);
  return p->hu;
}

static void rod_reads_what_its_keepers_read(void **state) {
  (void)state;
  struct volume *v = scan();
  struct calibration_point p;
  assert_near(rod_mean(v, &p), 309, 4);
  print_message("HA rod: %.1f HU, SD %.1f, SE %.2f, %d slices\n", p.hu, p.hu_sd, p.hu_se, p.slices);
  assert_int_equal(p.slices, 4);
  assert_true(p.used);
  volume_destroy(v);
}

/* Sum of (HU - background) times the voxel [HU mm3] in a cylinder around an insert; background from
 * a ring about it. */
static double excess(const struct volume *v, double x, double y, double radius, int first, int last,
                     double *background) {
  double ring = 0;
  double sum = 0;
  int64_t rings = 0;
  int64_t inside = 0;
  for (int64_t k = first; k <= last; k++)
    for (int64_t j = (int64_t)y - 30; j <= (int64_t)y + 30; j++)
      for (int64_t i = (int64_t)x - 30; i <= (int64_t)x + 30; i++) {
        double d = hypot((double)i - x, (double)j - y) * v->grid.spacing[0];
        double hu = v->voxels[geometry_index(&v->grid, i, j, k)];
        if (d < radius) {
          sum += hu;
          inside++;
        } else if (d < radius + 1.2) {
          ring += hu;
          rings++;
        }
      }
  *background = ring / (double)rings;
  return (sum - (double)inside * *background) * geometry_voxel_mm3(&v->grid);
}

static void nine_inserts_are_measured(void **state) {
  (void)state;
  static const struct {
    double x, y, diameter, density, nominal; /* pixels, mm, mg/cm3, mg */
  } inserts[] = {{180, 220, 5, 800, 78.5},     {205, 221, 3, 800, 17.0}, {231, 219, 1, 800, 0.6},
                 {291.5, 150.7, 5, 400, 39.3}, {280, 172, 3, 400, 8.5},  {268, 195, 1, 400, 0.3},
                 {298, 281, 5, 200, 19.6},     {284, 259, 3, 200, 4.2},  {270, 238, 1, 200, 0.2}};
  struct volume *v = scan();
  struct calibration_point rod;
  double hu = rod_mean(v, &rod);
  double slope =
      200 / hu; /* water at 0 HU and the rod: the usual mass calibration of calcium scores */
  for (int i = 0; i < 9; i++) {
    double background;
    double radius = inserts[i].diameter / 2 + 2.2;
    double sum = excess(v, inserts[i].x, inserts[i].y, radius, 19, 25, &background);
    double mass = slope * sum / 1000;
    print_message("%.0f mm, %.0f mg/cm3: %.2f mg, nominal %.2f mg (%+.0f %%), background %.0f HU\n",
                  inserts[i].diameter, inserts[i].density, mass, inserts[i].nominal,
                  100 * (mass / inserts[i].nominal - 1), background);
    /* 22 HU of noise, correlated over about two voxels, summed over about 700 voxels is 0.55 mg:
     * three of it; and 10 % for the slope, since the rod's base material is not water and the
     * inserts displace tissue of 70 HU. The 1 mm inserts (0.2 to 0.6 mg) are below the noise. */
    assert_near(mass, inserts[i].nominal, 3 * 0.55 + 0.10 * inserts[i].nominal);
    assert_near(background, 75, 8);
  }
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rod_reads_what_its_keepers_read),
      cmocka_unit_test(nine_inserts_are_measured),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
