// labels: method
/* The tissue line against numbers computed by a separate script from the published table; intervals
 * by resampling people. */
#include "tests/check.h"

#include "calibration/tissue_line.h"
#include "core/file.h"
#include "core/json.h"
#include "core/random.h"

static struct calibration tissues(double air, double fat, double muscle) {
  struct calibration c;
  cal_init(&c);
  if (isfinite(air)) cal_add_point(&c, "air")->hu = air;
  if (isfinite(fat)) cal_add_point(&c, "adipose")->hu = fat;
  if (isfinite(muscle)) cal_add_point(&c, "muscle")->hu = muscle;
  return c;
}

static void published_table_gives_the_published_line(void **state) {
  (void)state;
  struct cal_tissue_table t;
  cal_tissue_table_published(&t);
  struct calibration c = tissues(-1000, -100, 50);
  assert_ok(cal_tissue_line(&c, &t, 120));
  /* the references are printed to 8 digits; 102/129.13.. in exact arithmetic agrees to 1e-9 */
  assert_near(c.slope, 0.78992248, 5.1e-9);
  assert_near(c.intercept, -8.193798, 5.1e-7);
  assert_near(c.r2, 0.99973381, 5.1e-9);
  assert_near(-c.points[0].residual, 1.1163, 5.1e-5);
  assert_near(-c.points[1].residual, -7.8140, 5.1e-5);
  assert_near(-c.points[2].residual, 6.6977, 5.1e-5);
  assert_near(calibration_density(&c, 150), 110.29457, 5.1e-6);
  assert_int_equal(c.material, MATERIAL_UNSTATED);
}

static void exact_rational_line_to_1e_9(void **state) {
  (void)state;
  /* x = -1000, -100, 50; y = -797, -95, 38: sums in integers, n Sxy - Sx Sy over n Sxx - Sx^2 */
  double slope = (3.0 * 808400 - 1050.0 * 854) / (3.0 * 1012500 - 1050.0 * 1050);
  struct cal_tissue_table t;
  cal_tissue_table_published(&t);
  struct calibration c = tissues(-1000, -100, 50);
  assert_ok(cal_tissue_line(&c, &t, 120));
  assert_close(c.slope, slope, 1e-9);
  assert_close(c.intercept, (-854 + 1050 * slope) / 3, 1e-9);
}

static void air_is_required(void **state) {
  (void)state;
  struct cal_tissue_table t;
  cal_tissue_table_published(&t);
  struct calibration c = tissues(NAN, -100, 50);
  assert_fails(cal_tissue_line(&c, &t, 120), ST_DOMAIN, "no air");
  c = tissues(-1000, NAN, NAN);
  assert_fails(cal_tissue_line(&c, &t, 120), ST_DOMAIN, "at least 2");
}

static bool warned(const struct calibration *c, const char *words) {
  for (int i = 0; i < c->warning_count; i++)
    if (strstr(c->warnings[i], words)) return true;
  return false;
}

static void another_kvp_is_warned_and_widens(void **state) {
  (void)state;
  struct cal_tissue_table t;
  cal_tissue_table_published(&t);
  struct calibration at_120 = tissues(-1000, -100, 50);
  struct calibration at_140 = at_120;
  assert_ok(cal_tissue_line(&at_120, &t, 120));
  assert_ok(cal_tissue_line(&at_140, &t, 140));
  assert_false(warned(&at_120, "kV"));
  assert_true(warned(&at_140, "140 kV"));
  assert_true(warned(&at_140, "does not state its phantom material"));
  assert_true(calibration_half_width(&at_140, 1000) > 2 * calibration_half_width(&at_120, 1000));
  /* not to know is no better than 140 kV: (40^2 + 20^2 + 0 + 20^2)/4 kV2, 24.5 kV */
  struct calibration unknown = tissues(-1000, -100, 50);
  assert_ok(cal_tissue_line(&unknown, &t, NAN));
  assert_true(warned(&unknown, "kVp of the scan is not known"));
  assert_close(unknown.covariance[4] - at_120.covariance[4],
               600 * 0.005 * 0.005 * unknown.slope * unknown.slope, 1e-9);
  assert_true(calibration_half_width(&unknown, 1000) > calibration_half_width(&at_140, 1000));
}

static void learned_spread_is_the_spread_of_people(void **state) {
  (void)state;
  /* people whose fat and muscle differ; the SD of the density at 250 HU over many of them */
  struct cal_tissue_table t = {.name = "test",
                               .kvp = 120,
                               .material = MATERIAL_K2HPO4,
                               .count = 3,
                               .tissue = {"air", "adipose", "muscle"},
                               .density = {-740, -70, 35},
                               .people = 100000};
  t.covariance[1 * CAL_TISSUES + 1] = 9;
  t.covariance[2 * CAL_TISSUES + 2] = 4;
  t.covariance[1 * CAL_TISSUES + 2] = t.covariance[2 * CAL_TISSUES + 1] = 3;
  struct calibration c = tissues(-1000, -96, 46);
  assert_ok(cal_tissue_line(&c, &t, 120));
  double sd = calibration_density_sd(&c, 250);
  double sum = 0;
  enum { PEOPLE = 20000 };
  for (uint64_t i = 0; i < PEOPLE; i++) {
    double a = random_normal(1, 0, i);
    double b = random_normal(1, 1, i);
    struct cal_tissue_table p = t;
    p.density[1] += 3 * a;
    p.density[2] += a + sqrt(3) * b; /* variance 4, covariance 3 */
    struct calibration q = tissues(-1000, -96, 46);
    assert_ok(cal_tissue_line(&q, &p, 120));
    double d = calibration_density(&q, 250) - calibration_density(&c, 250);
    sum += d * d;
  }
  assert_close(sd, sqrt(sum / PEOPLE), 0.02); /* 4 standard errors of a SD of 20000 */
}

static void table_survives_its_file(void **state) {
  (void)state;
  struct cal_tissue_table t;
  struct cal_tissue_table back;
  cal_tissue_table_published(&t);
  t.covariance[1] = t.covariance[CAL_TISSUES] = 0.5;
  t.people = 12;
  cJSON *json = cal_tissue_table_to_json(&t);
  assert_ok(cal_tissue_table_from_json(&back, json, "table"));
  cJSON_Delete(json);
  assert_memory_equal(back.density, t.density, sizeof t.density);
  assert_memory_equal(back.covariance, t.covariance, sizeof t.covariance);
  assert_int_equal(back.people, 12);
  assert_string_equal(back.tissue[2], "muscle");
}

static struct cal_tissue_table by_hand(const char *rows, status expected, const char *words) {
  char text[512];
  struct cal_tissue_table t = {.count = 0};
  cJSON *json = NULL;
  snprintf(text, sizeof text,
           "{\"name\": \"mine\", \"kvp\": 120, \"material\": \"HA\", \"tissues\": [%s]}", rows);
  assert_ok(json_parse(&json, text, strlen(text), "t"));
  if (expected == ST_OK)
    assert_ok(cal_tissue_table_from_json(&t, json, "table"));
  else
    assert_fails(cal_tissue_table_from_json(&t, json, "table"), expected, words);
  cJSON_Delete(json);
  return t;
}

/* Two tissues: the line goes through both, so that at the HU of one its SD is that of its density.
 */
static void table_by_hand_carries_the_sd_it_states(void **state) {
  (void)state;
  struct cal_tissue_table t = by_hand("{\"tissue\": \"air\", \"density\": -797, \"sd\": 5},"
                                      "{\"tissue\": \"muscle\", \"density\": 38, \"sd\": 6}",
                                      ST_OK, NULL);
  struct calibration c = tissues(-1000, NAN, 50);
  assert_ok(cal_tissue_line(&c, &t, 120));
  assert_near(calibration_density_sd(&c, 50), 6, 1e-9);
  assert_near(calibration_density_sd(&c, -1000), 5, 1e-9);
  assert_false(warned(&c, "sampling alone"));
  t = by_hand("{\"tissue\": \"air\", \"density\": -797}, {\"tissue\": \"muscle\", \"density\": 38}",
              ST_OK, NULL);
  c = tissues(-1000, NAN, 50);
  assert_ok(cal_tissue_line(&c, &t, 120));
  assert_true(warned(&c, "sampling alone"));
}

static void table_by_hand_of_impossible_rows_is_refused(void **state) {
  (void)state;
  by_hand("{\"tissue\": \"air\", \"density\": -797, \"sd\": -5},"
          "{\"tissue\": \"muscle\", \"density\": 38}",
          ST_FORMAT, "must not be negative");
  by_hand("{\"tissue\": \"fat\", \"density\": -95}, {\"tissue\": \"adipose\", \"density\": 38}",
          ST_FORMAT, "comes twice");
}

static void user_regression_is_applied_or_refused(void **state) {
  (void)state;
  static const char good[] = "{\"method\": \"mine\", \"material\": \"HA\", \"kvp\": 120,"
                             "\"slope\": {\"constant\": 0.8, \"muscle\": -0.001},"
                             "\"intercept\": {\"constant\": 2, \"air\": 0.01}}";
  static const char needs_blood[] = "{\"method\": \"mine\", \"material\": \"HA\","
                                    "\"slope\": 0.8, \"intercept\": {\"blood\": 1}}";
  assert_ok(file_write("regression.json", good, strlen(good), true));
  struct calibration c = tissues(-1000, -100, 50);
  assert_ok(cal_regression_file(&c, "regression.json", 120));
  assert_near(c.slope, 0.75, 1e-12);
  assert_near(c.intercept, -8, 1e-12);
  assert_int_equal(c.material, MATERIAL_HA);
  assert_ok(file_write("regression.json", needs_blood, strlen(needs_blood), true));
  assert_fails(cal_regression_file(&c, "regression.json", 120), ST_DOMAIN, "HU of blood");
  unlink("regression.json");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_table_gives_the_published_line),
      cmocka_unit_test(exact_rational_line_to_1e_9),
      cmocka_unit_test(air_is_required),
      cmocka_unit_test(another_kvp_is_warned_and_widens),
      cmocka_unit_test(learned_spread_is_the_spread_of_people),
      cmocka_unit_test(table_survives_its_file),
      cmocka_unit_test(table_by_hand_carries_the_sd_it_states),
      cmocka_unit_test(table_by_hand_of_impossible_rows_is_refused),
      cmocka_unit_test(user_regression_is_applied_or_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
