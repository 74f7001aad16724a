// labels: method property
/* Parameters by key, their round trip, and 500 people against the population table (carmona_hips,
 * pmc4775021, pmc6177158). */
#include "tests/check.h"

#include "core/json.h"
#include "core/statistics.h"
#include "phantom/hip.h"

static void a_value_outside_its_range_is_refused(void **state) {
  (void)state;
  struct hip_person p;
  person_defaults(&p);
  assert_fails(person_set(&p, "neck_shaft=160"), ST_USAGE,
               "neck_shaft = 160 deg, permitted 100..150");
  assert_fails(person_set(&p, "neck_shaft=wide"), ST_USAGE, "not a number");
  assert_fails(person_set(&p, "neck_shaft"), ST_USAGE, "not key=value");
  assert_fails(person_set(&p, "nose=1"), ST_USAGE, "there are head_radius, neck_shaft");
  assert_ok(person_set(&p, "neck_shaft=130.5"));
  assert_near(p.neck_shaft_deg, 130.5, 0);
}

static void a_canal_that_closes_is_refused(void **state) {
  (void)state;
  struct hip_person p;
  person_defaults(&p);
  assert_ok(person_set(&p, "cortex=1.6"));
  assert_ok(person_set(&p, "head_radius=19.6"));
  assert_ok(person_set(&p, "neck_a=15"));
  assert_fails(person_check(&p), ST_DOMAIN, "canal radius");
}

static void parameters_survive_their_file(void **state) {
  (void)state;
  struct hip_phantom a, b;
  char *first = NULL, *second = NULL;
  hip_phantom_defaults(&a);
  person_draw(&a.person, 99, 'F', &a.age_years, &a.sex);
  a.side = SIDE_RIGHT;
  a.scan.pose[3] = 4.25;
  a.scan.kvp = 100;
  a.scan.scanner.seed = 17;
  cJSON *json = hip_phantom_to_json(&a);
  hip_phantom_defaults(&b);
  assert_ok(hip_phantom_from_json(&b, json, "params"));
  cJSON *again = hip_phantom_to_json(&b);
  assert_ok(json_print(&first, json));
  assert_ok(json_print(&second, again));
  assert_string_equal(first, second);
  free(first);
  free(second);
  cJSON_Delete(json);
  cJSON_Delete(again);
}

enum { PEOPLE = 500 };

static void check_mean(const double *x, double expected, double sd) {
  /* two standard errors, as the gate asks, plus nothing */
  assert_near(stat_mean(x, PEOPLE), expected, 2 * sd / sqrt(PEOPLE));
}

static void five_hundred_women_have_the_table_s_means(void **state) {
  (void)state;
  static double angle[PEOPLE], turn[PEOPLE], offset[PEOPLE], head[PEOPLE], bow[PEOPLE];
  for (int i = 0; i < PEOPLE; i++) {
    struct hip_person p;
    double age;
    char sex;
    person_draw(&p, (uint64_t)i + 1, 'F', &age, &sex);
    assert_int_equal(sex, 'F');
    assert_ok(person_check(&p));
    assert_true(p.neck_shaft_deg >= 100 && p.neck_shaft_deg <= 150);
    angle[i] = p.neck_shaft_deg;
    turn[i] = p.anteversion_deg;
    offset[i] = p.offset_mm;
    head[i] = p.head_radius_mm;
    bow[i] = p.bow_mm;
  }
  check_mean(angle, 125.6, 6.2);
  check_mean(turn, 16.4, 8.1);
  check_mean(offset, 40.5, 6);
  check_mean(head, 21.75, 1.3);
  check_mean(bow, 943, 120);
  assert_close(stat_sd(angle, PEOPLE, 1), 6.2, 0.1);
  struct line_fit fit;
  assert_ok(stat_line_fit(&fit, head, offset, NULL, PEOPLE));
  assert_near(fit.r, 0.55, 0.1);
}

static void every_parameter_of_a_drawn_person_is_in_its_range(void **state) {
  (void)state;
  size_t count;
  const struct person_key *keys = person_keys(&count);
  for (uint64_t seed = 1; seed <= PEOPLE; seed++) {
    struct hip_person p;
    person_draw(&p, seed, 0, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
      double v = *(double *)(void *)((char *)&p + keys[i].offset);
      if (!(v >= keys[i].low && v <= keys[i].high))
        fail_msg("seed %d: %s = %g", (int)seed, keys[i].name, v);
    }
    assert_ok(person_check(&p));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_outside_its_range_is_refused),
      cmocka_unit_test(a_canal_that_closes_is_refused),
      cmocka_unit_test(parameters_survive_their_file),
      cmocka_unit_test(five_hundred_women_have_the_table_s_means),
      cmocka_unit_test(every_parameter_of_a_drawn_person_is_in_its_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
