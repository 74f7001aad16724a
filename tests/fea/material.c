/* Laws and conversions against their published coefficients, worked out by hand. */
#include "tests/check.h"

#include "fea/fall.h"

static double modulus(const char *key, double rho) {
  return fea_law_modulus(fea_law_at(fea_law_find(key)), rho);
}

static void laws_give_their_worked_values(void **state) {
  (void)state;
  assert_close(modulus("keller1994", 0.3), 666.50, 1e-5);
  assert_close(modulus("keller1994", 0.6), 3259.5, 2e-5);
  assert_close(modulus("keller1994", 1.2), 15941.0, 2e-5);
  assert_close(modulus("keyak1998", 0.3), 1587.2, 2e-5);
  assert_close(modulus("keyak1998", 1.2), 20915.0, 2e-5);
  assert_close(modulus("kopperdahl2002", 0.1), 265.59, 2e-5);
  assert_close(modulus("kopperdahl2002", 0.3), 841.77, 2e-5);
  assert_close(modulus("crawford2003", 0.1), 288.3, 1e-9);
  assert_close(modulus("morgan2003-spine", 0.3), 723.05, 2e-5);
  assert_close(modulus("morgan2003-neck", 0.3), 1139.2, 4e-5);
  assert_close(modulus("keyak-three-piece", 0.6), 3653.3, 2e-4);
  assert_close(modulus("keyak-three-piece", 0.27), 1901.9, 1e-4);
  assert_close(modulus("keyak1994-trab", 0.6), 3653.2, 1e-9);
  assert_close(modulus("morgan2003-femur", 0.2), 15010 * pow(0.2, 2.18), 1e-12);
  assert_close(modulus("morgan2003-femur", 0.3), 1139.2, 4e-5);
  assert_near(modulus("mulder2007", 0.8), 25 * 800 - 5830, 1e-9); /* rho in mg/cm3 there */
  assert_near(modulus("mulder2007", 0.2), 2, 0);
  assert_int_equal(fea_law_find("morgan2003-neck"), FEA_LAW_MORGAN_NECK);
}

static void no_law_is_negative(void **state) {
  (void)state;
  for (int i = 0; fea_law_names[i]; i++) {
    assert_true(fea_law_modulus(fea_law_at(i), -0.1) == 0);
    assert_true(fea_law_modulus(fea_law_at(i), 0.005) >= 0);
    assert_int_equal(fea_law_find(fea_law_names[i]), i);
    assert_string_equal(fea_law_at(i)->key, fea_law_names[i]);
  }
  for (int i = 1; fea_conversion_names[i]; i++)
    assert_string_equal(fea_conversion_at(i)->key, fea_conversion_names[i]);
}

/* Each form of a law of one's own against the same law written out. */
static void laws_of_ones_own_are_read(void **state) {
  (void)state;
  struct fea_user_law u;
  assert_ok(fea_law_parse(&u, "ash:10500,2.29"));
  assert_int_equal(u.law.takes, MATERIAL_ASH);
  assert_close(fea_law_modulus(&u.law, 0.6), modulus("keller1994", 0.6), 1e-15);
  assert_string_equal(u.law.key, "user(ash:10500,2.29)");
  assert_ok(fea_law_parse(&u, "ash:33900,2.2;5307,1,469@0.27;10200,2.01@0.6"));
  for (double rho = 0.1; rho < 1.2; rho += 0.1)
    assert_close(fea_law_modulus(&u.law, rho), modulus("keyak-three-piece", rho), 1e-15);
  assert_ok(fea_law_parse(&u, "apparent:0,1,12000"));
  assert_near(fea_law_modulus(&u.law, 0.3), 12000, 0);
  assert_ok(fea_law_parse(&u, "HA:homminga,18000,1.1"));
  assert_close(fea_law_modulus(&u.law, 1.1), 18000.0, 1e-12);
  assert_close(fea_law_modulus(&u.law, 0.55), 18000 * pow(0.5, 1.7), 1e-12);
  assert_fails(fea_law_parse(&u, "10500,2.29"), ST_USAGE, "density it takes");
  assert_fails(fea_law_parse(&u, "water:1,1"), ST_USAGE, "no density");
  assert_fails(fea_law_parse(&u, "ash:10500"), ST_USAGE, "FACTOR,EXPONENT");
  assert_fails(fea_law_parse(&u, "ash:1,1;2,1@0.5;3,1@0.4"), ST_USAGE, "rising order");
  assert_fails(fea_law_parse(&u, "ash:1,1 and more"), ST_USAGE, "and more");
  assert_fails(fea_law_parse(&u, "ash:-5,1"), ST_USAGE, "negative");
}

static void conversions_are_those_of_the_table(void **state) {
  (void)state;
  struct fea_density_map map;
  const struct fea_law *keller = fea_law_at(fea_law_find("keller1994"));
  assert_ok(fea_density_map_make(&map, keller, MATERIAL_K2HPO4, 0));
  assert_near(map.slope * -0.031 + map.intercept, 0.00604, 1e-6);
  assert_string_equal(map.words, "keyak1994-k2hpo4");
  assert_ok(fea_density_map_make(&map, keller, MATERIAL_HA, 0));
  assert_near(map.slope * 0.2 + map.intercept, 0.839 * 0.2 + 0.0698, 1e-12);
  assert_ok(fea_density_map_make(&map, fea_law_at(FEA_LAW_MORGAN_NECK), MATERIAL_HA, 0));
  assert_near(map.slope * 0.2 + map.intercept, (0.839 * 0.2 + 0.0698) / 0.6, 1e-12);
  /* by name; schileo2008: CHA = 1.14 ash - 0.09 */
  const struct {
    const char *key;
    enum material from;
    double ash; /* of 0.2 g/cm3 */
  } named[] = {{"kaneko2004-cha", MATERIAL_HA, 0.2376},
               {"schileo2008-cha", MATERIAL_HA, 0.254385964912},
               {"yosibash-k2hpo4", MATERIAL_K2HPO4, 0.2963},
               {"ash-is-cha", MATERIAL_HA, 0.2}};
  for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
    assert_ok(fea_density_map_make(&map, keller, named[i].from, fea_conversion_find(named[i].key)));
    assert_near(map.slope * 0.2 + map.intercept, named[i].ash, 1e-9);
    assert_string_equal(map.words, named[i].key);
  }
}

static void another_kind_of_density_is_refused(void **state) {
  (void)state;
  struct fea_density_map map;
  const struct fea_law *keller = fea_law_at(fea_law_find("keller1994"));
  const struct fea_law *spine = fea_law_at(fea_law_find("kopperdahl2002"));
  assert_fails(fea_density_map_make(&map, keller, MATERIAL_UNSTATED, 0), ST_DOMAIN,
               "does not state its calibration material");
  assert_fails(fea_density_map_make(&map, spine, MATERIAL_HA, 0), ST_DOMAIN,
               "takes a density of K2HPO4");
  assert_fails(
      fea_density_map_make(&map, keller, MATERIAL_HA, fea_conversion_find("keyak1994-k2hpo4")),
      ST_DOMAIN, "takes a density of K2HPO4, the volume is a density of HA");
}

static void yield_stresses_are_those_quoted(void **state) {
  (void)state;
  assert_near(fea_yield_compression(0.3), 5.627, 1e-3);
  assert_near(fea_yield_tension(0.3), 4.297, 1e-3);
  assert_near(fea_yield_compression(0.5), 13.802, 1e-3);
  assert_near(fea_yield_tension(0.5), 9.436, 1e-3);
}

static void fall_force_has_its_worked_value(void **state) {
  (void)state;
  assert_near(fea_fall_force(70, 1.7), 5439.65, 0.01);
  assert_near(fea_fall_force_attenuated(fea_fall_force(70, 1.7), 30), 3309.65, 0.01);
  assert_true(fea_fall_force_attenuated(1000, 30) == 0);
  assert_near(fea_fall_force_by_weight(70, 1.7), 5665.28, 0.01);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(laws_give_their_worked_values),
      cmocka_unit_test(no_law_is_negative),
      cmocka_unit_test(laws_of_ones_own_are_read),
      cmocka_unit_test(conversions_are_those_of_the_table),
      cmocka_unit_test(another_kind_of_density_is_refused),
      cmocka_unit_test(yield_stresses_are_those_quoted),
      cmocka_unit_test(fall_force_has_its_worked_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
