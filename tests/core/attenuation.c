// labels: method
/* The table of ratios, the ICRU HU at 70 keV and the energy of a water-corrected fit were computed
 * by a separate script from the NIST/XCOM data; water at 60 and 70 keV is NIST XCOM's. */
#include "tests/check.h"

#include "core/attenuation.h"

static void water_agrees_with_xcom(void **state) {
  (void)state;
  assert_near(attenuation_mass(ATTENUATION_WATER, 60), 0.206, 5e-4);
  assert_near(attenuation_mass(ATTENUATION_WATER, 70), 0.193, 5e-4);
}

static void two_tables_agree_at_shared_nodes(void **state) {
  (void)state;
  static const double kev[] = {30, 40, 50, 60, 80, 100, 150};
  for (int m = 0; m < ATTENUATION_MATERIALS; m++)
    for (int i = 0; i < 7; i++)
      assert_close(attenuation_mass((enum attenuation_material)m, kev[i]),
                   attenuation_mass_nist((enum attenuation_material)m, kev[i]), 4e-4);
}

static void ratios_to_water_match_the_table(void **state) {
  (void)state;
  static const double k[] = {2.1325, 1.8897, 1.7053, 1.5634, 1.4528, 1.3654, 1.2955, 1.2390};
  static const double h[] = {2.2371, 1.9756, 1.7767, 1.6236, 1.5042, 1.4099, 1.3345, 1.2735};
  for (int i = 0; i < 8; i++) {
    assert_near(attenuation_ratio(ATTENUATION_K2HPO4, 55 + 5 * i), k[i], 5.1e-5);
    assert_near(attenuation_ratio(ATTENUATION_CHA, 55 + 5 * i), h[i], 5.1e-5);
  }
}

static void icru_tissues_at_70_kev_have_their_hu(void **state) {
  (void)state;
  static const struct {
    enum attenuation_material m;
    double hu;
  } rows[] = {{ATTENUATION_ADIPOSE, -76.492},
              {ATTENUATION_AIR, -998.907},
              {ATTENUATION_BLOOD, 56.120},
              {ATTENUATION_BONE, 1559.101},
              {ATTENUATION_MUSCLE, 43.020}};
  for (int i = 0; i < 5; i++)
    assert_near(attenuation_hu(rows[i].m, attenuation_density(rows[i].m), 70), rows[i].hu, 5.1e-4);
}

static void energy_from_ratio_inverts_and_matches_the_spline(void **state) {
  (void)state;
  double kev = 0;
  assert_ok(attenuation_energy(&kev, ATTENUATION_K2HPO4, 1.46695849554));
  assert_near(kev, 74.289, 0.01);
  assert_near(attenuation_ratio(ATTENUATION_K2HPO4, kev), 1.46695849554, 1e-9);
}

static void out_of_range_is_no_number(void **state) {
  (void)state;
  double kev = -1;
  assert_true(isnan(attenuation_mass(ATTENUATION_WATER, 29.99)));
  assert_true(isnan(attenuation_mass(ATTENUATION_WATER, 160.01)));
  assert_true(isnan(attenuation_mass_nist(ATTENUATION_WATER, 301)));
  assert_fails(attenuation_energy(&kev, ATTENUATION_K2HPO4, 9), ST_DOMAIN, "possible");
  assert_fails(attenuation_energy(&kev, ATTENUATION_WATER, 1), ST_DOMAIN, "only K2HPO4");
  assert_near(kev, -1, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(water_agrees_with_xcom),
      cmocka_unit_test(two_tables_agree_at_shared_nodes),
      cmocka_unit_test(ratios_to_water_match_the_table),
      cmocka_unit_test(icru_tissues_at_70_kev_have_their_hu),
      cmocka_unit_test(energy_from_ratio_inverts_and_matches_the_spline),
      cmocka_unit_test(out_of_range_is_no_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
