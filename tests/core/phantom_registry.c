// labels: method
/* Densities against the certificates as held by the program cited (ogo2020). */
#include "tests/check.h"

#include "core/file.h"
#include "core/phantom_registry.h"

static void seven_phantoms_are_compiled_in(void **state) {
  (void)state;
  static const char *const keys[] = {"mindways-model3-ct", "mindways-model3-qa",   "qrm-bdc-3",
                                     "qrm-bdc-6",          "image-analysis-qct3d", "b-mas-200",
                                     "siemens-osteo"};
  static const int rods[] = {5, 4, 3, 6, 3, 5, 2};
  struct phantom_registry *r = NULL;
  assert_ok(phantom_registry_read(&r, NULL));
  assert_int_equal(r->count, 7);
  for (int i = 0; i < 7; i++) {
    assert_string_equal(r->entries[i].key, keys[i]);
    assert_int_equal(r->entries[i].rod_count, rods[i]);
  }
  phantom_registry_destroy(r);
}

static void mindways_rods_are_those_of_the_certificate(void **state) {
  (void)state;
  static const double density[] = {-51.83, -53.40, 58.88, 157.05, 375.83};
  static const double water[] = {1012.25, 1056.95, 1103.57, 1119.52, 923.20};
  struct phantom_entry e;
  assert_ok(phantom_registry_find(&e, "mindways-model3-ct", NULL));
  assert_int_equal(e.material, MATERIAL_K2HPO4);
  assert_true(isnan(e.rod_radius_mm));
  for (int i = 0; i < 5; i++) {
    assert_near(e.rods[i].density, density[i], 0);
    assert_near(e.rods[i].water, water[i], 0);
  }
}

static void ha_phantoms_have_no_water_density(void **state) {
  (void)state;
  struct phantom_entry e;
  assert_ok(phantom_registry_find(&e, "image-analysis-qct3d", NULL));
  assert_int_equal(e.material, MATERIAL_HA);
  assert_true(isnan(e.rods[0].water));
  assert_near(e.rods[2].density, 189.8, 0);
}

static void an_unknown_key_lists_the_known(void **state) {
  (void)state;
  struct phantom_entry e;
  assert_fails(phantom_registry_find(&e, "mindways", NULL), ST_USAGE, "mindways-model3-ct, ");
}

static void write_certificate(const char *path, const char *unit, const char *order) {
  char text[512];
  int n = snprintf(text, sizeof text,
                   "{\"unit\":\"%s\",\"phantoms\":[{\"key\":\"mine\",\"material\":\"HA\",\"rods\":["
                   "{\"label\":\"x\",\"density\":1.5,\"hu_order\":1},"
                   "{\"label\":\"y\",\"density\":99,\"hu_order\":%s}]}]}",
                   unit, order);
  assert_ok(file_write(path, text, (size_t)n, true));
}

static void a_certificate_file_overrides(void **state) {
  (void)state;
  struct phantom_entry e;
  write_certificate("certificate.json", "mg/cm3", "2");
  assert_ok(phantom_registry_find(&e, NULL, "certificate.json"));
  assert_string_equal(e.key, "mine");
  assert_near(e.rods[0].density, 1.5, 0);
}

static void a_faulty_certificate_is_refused(void **state) {
  (void)state;
  struct phantom_entry e;
  write_certificate("certificate.json", "g/cm3", "2");
  assert_fails(phantom_registry_find(&e, NULL, "certificate.json"), ST_FORMAT, "expected mg/cm3");
  write_certificate("certificate.json", "mg/cm3", "1");
  assert_fails(phantom_registry_find(&e, NULL, "certificate.json"), ST_FORMAT, "ranks of 2 rods");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(seven_phantoms_are_compiled_in),
      cmocka_unit_test(mindways_rods_are_those_of_the_certificate),
      cmocka_unit_test(ha_phantoms_have_no_water_density),
      cmocka_unit_test(an_unknown_key_lists_the_known),
      cmocka_unit_test(a_certificate_file_overrides),
      cmocka_unit_test(a_faulty_certificate_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
