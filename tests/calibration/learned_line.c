// labels: method
/* The line predicted from what people on the phantom showed, against the straight line and its
 * prediction interval of core/statistics.h, and against exact linear worlds. */
#include "tests/check.h"

#include "calibration/learn.h"
#include "calibration/learned_line.h"
#include "core/random.h"
#include "core/statistics.h"

enum { PEOPLE = 24 };

struct person {
  struct calibration rods, tissues;
};

static struct person person(double slope, double intercept, double diameter, double air, double fat,
                            double muscle) {
  static const char *const names[] = {"air", "adipose", "muscle"};
  const double hu[] = {air, fat, muscle};
  struct person p;
  cal_init(&p.rods);
  cal_init(&p.tissues);
  p.rods.slope = slope;
  p.rods.intercept = intercept;
  p.rods.material = MATERIAL_HA;
  snprintf(p.rods.scanner_key, sizeof p.rods.scanner_key, "Maker|One|1|120|SOFT");
  p.tissues.diameter_mm = diameter;
  for (int i = 0; i < 3; i++) cal_add_point(&p.tissues, names[i])->hu = hu[i];
  return p;
}

static struct cal_tissue_table learned(const struct person *people, int n) {
  static struct calibration rods[PEOPLE], tissues[PEOPLE];
  struct cal_tissue_table t;
  for (int i = 0; i < n; i++) {
    rods[i] = people[i].rods;
    tissues[i] = people[i].tissues;
  }
  assert_ok(cal_learn(&t, rods, tissues, n));
  return t;
}

static double number(int person, int which) {
  return random_normal(5, (uint64_t)which, (uint64_t)person);
}

static void size_alone_gives_the_line_and_its_prediction_interval(void **state) {
  (void)state;
  struct person people[PEOPLE];
  double size[PEOPLE], slope[PEOPLE];
  for (int i = 0; i < PEOPLE; i++) {
    size[i] = 260 + 30 * number(i, 0);
    slope[i] = 0.75 + 0.0004 * (size[i] - 260) + 0.01 * number(i, 1);
    people[i] = person(slope[i], 0, size[i], -1000, -100, 50); /* tissues tell nothing */
  }
  struct cal_tissue_table t = learned(people, PEOPLE);
  struct line_fit fit;
  assert_ok(stat_line_fit(&fit, size, slope, NULL, PEOPLE));
  for (double at = 200; at <= 340; at += 35) {
    struct calibration c = person(0, 0, at, -1000, -100, 50).tissues;
    assert_ok(cal_learned_line(&c, &t, 120));
    assert_near(c.slope, fit.intercept + fit.slope * at, 1e-9);
    assert_near(calibration_half_width(&c, 200),
                200 * stat_line_half_width(&fit, size, PEOPLE, at, 1), 1e-7);
    assert_int_equal((int)c.covariance_df, PEOPLE - 2);
  }
}

static bool warned(const struct calibration *c, const char *words) {
  for (int i = 0; i < c->warning_count; i++)
    if (strstr(c->warnings[i], words)) return true;
  return false;
}

static void an_exact_linear_world_is_predicted_exactly(void **state) {
  (void)state;
  struct person people[PEOPLE + 1];
  for (int i = 0; i <= PEOPLE; i++) {
    double d = 260 + 30 * number(i, 0), air = -1000 + number(i, 1), fat = -100 + 3 * number(i, 2);
    double muscle = 50 + 3 * number(i, 3);
    people[i] = person(0.8 + 0.0005 * (d - 260) - 0.001 * (muscle - 50) + 0.0002 * (fat + 100),
                       -4 - 0.3 * (muscle - 50) - 0.2 * (fat + 100) + 0.1 * (air + 1000), d, air,
                       fat, muscle);
  }
  struct cal_tissue_table t = learned(people, PEOPLE);
  struct calibration c = people[PEOPLE].tissues;
  assert_ok(cal_learned_line(&c, &t, 120));
  assert_near(c.slope, people[PEOPLE].rods.slope, 1e-9);
  assert_near(c.intercept, people[PEOPLE].rods.intercept, 1e-7);
  assert_true(calibration_half_width(&c, 200) < 1e-4);
  assert_int_equal(c.material, MATERIAL_HA);
  assert_string_equal(c.method, "learned");
}

static void few_people_give_their_mean_and_say_so(void **state) {
  (void)state;
  struct person people[3];
  for (int i = 0; i < 3; i++) people[i] = person(0.75 + 0.01 * i, i, 250 + 10 * i, -1000, -100, 50);
  struct cal_tissue_table t = learned(people, 3);
  struct calibration c = person(0, 0, 290, -1010, -110, 40).tissues;
  assert_ok(cal_learned_line(&c, &t, 120));
  assert_near(c.slope, 0.76, 1e-12);
  assert_near(c.intercept, 1, 1e-12);
  assert_true(warned(&c, "mean of the scanner"));
  /* a new observation beside three: t(0.975, 2) = 4.3027, variances 1e-4 and 1, correlation 1 */
  assert_close(calibration_half_width(&c, 100), 4.3027 * sqrt(1 + 1.0 / 3) * 2, 1e-4);
}

static void what_the_scan_lacks_is_left_out(void **state) {
  (void)state;
  struct person people[PEOPLE];
  for (int i = 0; i < PEOPLE; i++) {
    double d = 260 + 30 * number(i, 0), muscle = 50 + 3 * number(i, 3);
    people[i] = person(0.8 + 0.0005 * (d - 260), -0.5 * (muscle - 50), d, -1000, -100, muscle);
  }
  struct cal_tissue_table t = learned(people, PEOPLE);
  struct calibration c = person(0, 0, NAN, -1000, -100, 50).tissues;
  c.points[1].used = 0;
  assert_ok(cal_learned_line(&c, &t, 120));
  assert_near(c.slope, 0.8, 0.01); /* the mean: size is not known */
  assert_true(warned(&c, "cuts the body"));
  double without = calibration_half_width(&c, 200);
  c = person(0, 0, 260, -1000, -100, 50).tissues;
  assert_ok(cal_learned_line(&c, &t, 120));
  assert_true(calibration_half_width(&c, 200) < 0.1 * without);
}

static void a_body_beyond_those_learned_is_warned_and_wider(void **state) {
  (void)state;
  struct person people[PEOPLE];
  for (int i = 0; i < PEOPLE; i++)
    people[i] = person(0.8 + 0.01 * number(i, 1), 0, 260 + 20 * number(i, 0), -1000, -100, 50);
  struct cal_tissue_table t = learned(people, PEOPLE);
  struct calibration near = person(0, 0, 260, -1000, -100, 50).tissues;
  struct calibration far = person(0, 0, 400, -1000, -100, 50).tissues;
  assert_ok(cal_learned_line(&near, &t, 120));
  assert_ok(cal_learned_line(&far, &t, 140));
  assert_false(warned(&near, "beyond"));
  assert_true(warned(&far, "size 400 mm"));
  assert_true(warned(&far, "140 kV"));
  assert_true(calibration_half_width(&far, 200) > 1.5 * calibration_half_width(&near, 200));
}

static void a_table_without_regression_is_refused(void **state) {
  (void)state;
  struct cal_tissue_table t;
  struct calibration c = person(0, 0, 260, -1000, -100, 50).tissues;
  cal_tissue_table_published(&t);
  assert_fails(cal_learned_line(&c, &t, 120), ST_DOMAIN, "qct calibrate learn");
}

static void regression_survives_its_file(void **state) {
  (void)state;
  struct person people[PEOPLE];
  for (int i = 0; i < PEOPLE; i++)
    people[i] = person(0.8 + 0.01 * number(i, 1), number(i, 2), 260 + 20 * number(i, 0),
                       -1000 + number(i, 4), -100 + number(i, 5), 50 + number(i, 6));
  struct cal_tissue_table t = learned(people, PEOPLE);
  struct cal_tissue_table back;
  cJSON *json = cal_tissue_table_to_json(&t);
  assert_ok(cal_tissue_table_from_json(&back, json, "table"));
  cJSON_Delete(json);
  assert_memory_equal(&back.joint, &t.joint, sizeof t.joint);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(size_alone_gives_the_line_and_its_prediction_interval),
      cmocka_unit_test(an_exact_linear_world_is_predicted_exactly),
      cmocka_unit_test(few_people_give_their_mean_and_say_so),
      cmocka_unit_test(what_the_scan_lacks_is_left_out),
      cmocka_unit_test(a_body_beyond_those_learned_is_warned_and_wider),
      cmocka_unit_test(a_table_without_regression_is_refused),
      cmocka_unit_test(regression_survives_its_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
