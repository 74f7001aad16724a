// labels: method
/* HU of tissues, bone and rods against values computed from the NIST/XCOM attenuation tables by a
 * separate script (energies 60..80 keV, ICRU-44 tissues), and the ideal calibration. */
#include "tests/check.h"

#include "core/attenuation.h"
#include "phantom/tissue.h"

static struct tissue_table at(double kev, double fat_density) {
  struct tissue_table t;
  assert_ok(tissue_table_init(&t, kev, fat_density, 0.8, BONE_REAL));
  return t;
}

static void tissues_agree_with_the_tables_at_five_energies(void **state) {
  (void)state;
  static const struct {
    double kev, adipose, muscle, blood, bone, marrow, tenth, tenth_k, tenth_ha, cortex, cortex_k;
  } rows[] = {{60, -89.20, 44.42, 59.01, 2048.79, -62.48, 148.65, 89.13, 89.62, 1901.0, 1137.0},
              {65, -82.03, 43.63, 57.38, 1809.70, -56.90, 129.76, 87.48, 88.88, 1679.0, 1128.7},
              {70, -76.49, 43.02, 56.12, 1625.57, -52.59, 115.23, 85.90, 88.18, 1508.1, 1120.7},
              {75, -72.16, 42.55, 55.14, 1481.97, -49.22, 103.90, 84.43, 87.51, 1374.8, 1113.1},
              {80, -68.73, 42.18, 54.36, 1368.54, -46.55, 94.96, 83.07, 86.88, 1269.5, 1106.2}};
  for (int i = 0; i < 5; i++) {
    struct tissue_table t = at(rows[i].kev, 0.95);
    double tenth = tissue_bone_hu(&t, 0.1), cortex = tissue_bone_hu(&t, 0.93);
    assert_near(t.hu[TISSUE_FAT], rows[i].adipose, 0.006);
    assert_near(t.hu[TISSUE_MUSCLE], rows[i].muscle, 0.006);
    assert_near(t.hu[TISSUE_BLOOD], rows[i].blood, 0.006);
    assert_near(t.hu[TISSUE_BONE], rows[i].bone, 0.006);
    assert_near(t.hu[TISSUE_MARROW], rows[i].marrow, 0.006);
    assert_near(tenth, rows[i].tenth, 0.006);
    assert_near(tissue_k2hpo4(&t, tenth), rows[i].tenth_k, 0.006);
    assert_near(tissue_ha(&t, tenth), rows[i].tenth_ha, 0.006);
    assert_near(cortex, rows[i].cortex, 0.06);
    assert_near(tissue_k2hpo4(&t, cortex), rows[i].cortex_k, 0.06);
  }
}

static void default_adipose_reads_as_in_real_scans(void **state) {
  (void)state;
  struct tissue_table t = at(70, 0.925);
  assert_near(t.hu[TISSUE_FAT], -100.80, 0.006);
  assert_near(tissue_bone_hu(&t, 0.1), 97.73, 0.006);
  assert_near(tissue_bone_hu(&t, 0.9), 1455.81, 0.006);
}

static void rods_have_their_exact_hu(void **state) {
  (void)state;
  static const double expected[] = {-68.78, -26.54, 195.63, 365.06, 510.79};
  struct tissue_table t = at(70, 0.925);
  struct phantom_entry e;
  assert_ok(phantom_registry_find(&e, "mindways-model3-ct", NULL));
  for (int i = 0; i < 5; i++) assert_near(tissue_rod_hu(&t, &e, i), expected[i], 0.006);
  assert_ok(phantom_registry_find(&e, "siemens-osteo", NULL));
  assert_near(tissue_rod_hu(&t, &e, 1), 261.355, 0.001);
  assert_near(tissue_k2hpo4(&t, 261.355), 194.463, 0.001);
}

/* The water-corrected fit of the certificate's numbers must return the ideal line: closed form. */
static void water_corrected_rods_lie_on_the_ideal_line(void **state) {
  (void)state;
  struct tissue_table t = at(73, 0.925);
  struct phantom_entry e;
  assert_ok(phantom_registry_find(&e, "mindways-model3-ct", NULL));
  double ratio = attenuation_ratio(ATTENUATION_K2HPO4, 73);
  for (int i = 0; i < 5; i++) {
    double above_water = tissue_rod_hu(&t, &e, i) - e.rods[i].water;
    assert_near(above_water, ratio * e.rods[i].density - 1000, 1e-9);
  }
  assert_near(t.k2hpo4_slope, 1 / (ratio - 0.2174), 1e-12);
  assert_near(t.k2hpo4_intercept, 0.4 * t.k2hpo4_slope, 1e-12);
}

static void equivalent_bone_reads_its_planted_density_at_any_energy(void **state) {
  (void)state;
  struct tissue_table t;
  for (double kev = 55; kev < 90; kev += 7) {
    assert_ok(tissue_table_init(&t, kev, 0.925, 0.8, BONE_EQUIVALENT_K2HPO4));
    assert_near(tissue_k2hpo4(&t, tissue_bone_hu(&t, 0.25)), 300, 1e-9);
    assert_ok(tissue_table_init(&t, kev, 0.925, 0.8, BONE_EQUIVALENT_HA));
    assert_near(tissue_ha(&t, tissue_bone_hu(&t, 0.25)), 300, 1e-9);
  }
}

static void an_energy_outside_the_table_is_refused(void **state) {
  (void)state;
  struct tissue_table t;
  assert_fails(tissue_table_init(&t, 20, 0.925, 0.8, BONE_REAL), ST_DOMAIN, "30..160 keV");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tissues_agree_with_the_tables_at_five_energies),
      cmocka_unit_test(default_adipose_reads_as_in_real_scans),
      cmocka_unit_test(rods_have_their_exact_hu),
      cmocka_unit_test(water_corrected_rods_lie_on_the_ideal_line),
      cmocka_unit_test(equivalent_bone_reads_its_planted_density_at_any_energy),
      cmocka_unit_test(an_energy_outside_the_table_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
