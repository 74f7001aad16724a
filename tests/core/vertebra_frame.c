/* Names of levels, and frames through JSON and back. */
#include "core/vertebra_frame.h"
#include "core/json.h"
#include "tests/check.h"

static void levels_are_read_from_the_names_that_are_in_use(void **state) {
  (void)state;
  const int l1 = vertebra_level_of("L1"), t12 = vertebra_level_of("T12");
  assert_int_equal(vertebra_level_of("vertebrae_L1"), l1);
  assert_int_equal(vertebra_level_of("Vertebra l1"), l1);
  assert_int_equal(vertebra_level_of("body_T12"), t12);
  assert_int_equal(vertebra_level_of("T12_body"), t12);
  assert_int_equal(vertebra_level_of("T1"), vertebra_level_of("vertebrae_T1"));
  assert_true(vertebra_level_of("T1") != t12);
  assert_int_equal(vertebra_level_of("lesion1"), -1);
  assert_int_equal(vertebra_level_of("CL1A"), -1);
  assert_int_equal(vertebra_level_of(""), -1);
  /* TotalSegmentator: 26 S1, 31 L1, 50 C1 */
  assert_int_equal(vertebra_level_label(l1), 31);
  assert_int_equal(vertebra_label_level(26), vertebra_level_of("S1"));
  assert_int_equal(vertebra_label_level(25), -1);
  assert_int_equal(vertebra_label_level(51), -1);
}

static struct vertebra_frames some(void) {
  struct vertebra_frames f = {.count = 2, .flags = "level_order: x"};
  for (int i = 0; i < 2; i++) {
    struct vertebra_frame *v = &f.items[i];
    snprintf(v->level, sizeof v->level, "%s", i ? "L2" : "L1");
    v->label = 31 - i;
    v->centre = vec3_make(1, 2, 3 - 30 * i);
    v->axis = vec3_unit(vec3_make(0.1, 0, 1));
    v->anterior = vec3_make(0, -1, 0);
    v->height_middle_mm = i ? (double)NAN : 25;
    v->superior_normal = vec3_make(0, 0, 1);
  }
  return f;
}

static void frames_come_back_from_json_as_they_were(void **state) {
  (void)state;
  struct vertebra_frames f = some(), g;
  cJSON *json = vertebra_frames_to_json(&f);
  assert_ok(vertebra_frames_from_json(&g, json, "test"));
  assert_int_equal(g.count, 2);
  assert_string_equal(g.flags, f.flags);
  assert_near(g.items[0].height_middle_mm, 25, 0);
  assert_true(isnan(g.items[1].height_middle_mm));
  assert_near(g.items[1].centre.z, -27, 0);
  assert_non_null(vertebra_frames_find(&g, "l2"));
  assert_null(vertebra_frames_find(&g, "L3"));
  cJSON_Delete(json);
}

static void local_coordinates_are_left_back_and_up(void **state) {
  (void)state;
  struct vertebra_frames f = some();
  struct vertebra_frame *v = &f.items[0];
  v->axis = vec3_make(0, 0, 1);
  struct vec3 p = vertebra_to_local(v, vec3_add(v->centre, vec3_make(3, 4, 5)));
  assert_near(p.x, 3, 1e-12);
  assert_near(p.y, 4, 1e-12);
  assert_near(p.z, 5, 1e-12);
  struct vec3 w = vertebra_to_world(v, p);
  assert_near(w.y, v->centre.y + 4, 1e-12);
}

static void broken_frames_are_refused(void **state) {
  (void)state;
  struct vertebra_frames f = some(), g;
  f.items[1].axis = vec3_make(0, 0, 2);
  cJSON *json = vertebra_frames_to_json(&f);
  assert_fails(vertebra_frames_from_json(&g, json, "test"), ST_FORMAT, "unit vectors");
  cJSON_Delete(json);
  f = some();
  snprintf(f.items[1].level, sizeof f.items[1].level, "L1");
  json = vertebra_frames_to_json(&f);
  assert_fails(vertebra_frames_from_json(&g, json, "test"), ST_FORMAT, "level L1 twice");
  cJSON_Delete(json);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(levels_are_read_from_the_names_that_are_in_use),
      cmocka_unit_test(frames_come_back_from_json_as_they_were),
      cmocka_unit_test(local_coordinates_are_left_back_and_up),
      cmocka_unit_test(broken_frames_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
