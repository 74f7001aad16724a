// labels: method
// What stands against a calcium score: each gate is raised by its cause alone.
#include "tests/bodycomp/calcium_scene.h"

static unsigned gates_of(char text[512], const struct scan *s, const struct labels *blood,
                         const struct calcium_rules *rules) {
  struct calcium_score score;
  unsigned gates = 0;
  assert_ok(calcium_score(&score, s->hu, s->region, 1, rules));
  assert_ok(calcium_gates(&gates, text, s->hu, rules, blood, &score));
  calcium_score_free(&score);
  return gates;
}

/* A region away from both ends, with a lesion: nothing to say but what a test changes. */
static struct scan quiet_scan(void) {
  struct scan s = water(40, 5, 1, 3);
  for (int64_t v = 0; v < 1600; v++) s.region->voxels[v] = s.region->voxels[4 * 1600 + v] = 0;
  paint(&s, 4, 4, 2, 5, 3, 1, 333);
  s.hu->acquisition.slice_thickness_mm = 3;
  s.hu->acquisition.contrast = CONTRAST_NONE;
  snprintf(s.hu->acquisition.gating, sizeof s.hu->acquisition.gating, "PROSPECTIVE");
  return s;
}

static void every_gate_is_raised_by_its_cause_alone(void **state) {
  (void)state;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  char text[512];
  struct scan s = quiet_scan();
  struct acquisition *a = &s.hu->acquisition;
  assert_int_equal(gates_of(text, &s, NULL, &rules), 0);
  assert_string_equal(text, "");
  a->contrast = CONTRAST_PRESENT;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_CONTRAST);
  a->contrast = CONTRAST_UNKNOWN;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_CONTRAST_UNKNOWN);
  assert_non_null(strstr(text, "no blood was looked at"));
  a->contrast = CONTRAST_NONE;
  a->kvp = NAN;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_KVP_UNKNOWN);
  a->kvp = 121.1;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_KVP_MISMATCH);
  a->kvp = 120.9; /* within 1 */
  a->slice_thickness_mm = 5;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_SLICES);
  assert_non_null(strstr(text, "5 mm thick every 3 mm"));
  a->slice_thickness_mm = 2.5;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_SLICES);
  assert_non_null(strstr(text, "gaps of 0.5 mm"));
  a->slice_thickness_mm = 3;
  snprintf(a->gating, sizeof a->gating, "NONE");
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_GATING);
  assert_non_null(strstr(text, "not gated by the heartbeat"));
  a->gating[0] = '\0';
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_GATING);
  assert_non_null(strstr(text, "is not recorded"));
  snprintf(a->gating, sizeof a->gating, "PHASE");
  snprintf(a->kernel, sizeof a->kernel, "B60f");
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_SHARP);
  snprintf(a->kernel, sizeof a->kernel, "B35f");
  assert_int_equal(gates_of(text, &s, NULL, &rules), 0);
  paint(&s, 20, 20, 2, 2, 2, 1, 2500);
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_METAL);
  rules.exclude_above_hu = 2000; /* left out of the score, still told */
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_METAL);
  assert_near(agatston(&s, &rules), 15 * 3, 1e-9); /* 5 x 3 mm2, peak 333: weight 3 */
  paint(&s, 20, 20, 2, 2, 2, 1, 0);
  for (int64_t v = 0; v < 1600; v++) s.region->voxels[v] = 1;
  assert_int_equal(gates_of(text, &s, NULL, &rules), CALCIUM_TRUNCATED);
  scan_free(&s);
}

/* An aorta of 16 mm, eroded by 7 mm, on both sides of each limit. Its rim of 5 mm does not count.
 */
static void the_blood_pool_shows_contrast_and_noise(void **state) {
  (void)state;
  const struct {
    float mean, spread;
    unsigned expected;
  } cases[] = {{99, 0, 0},
               {101, 0, CALCIUM_CONTRAST},
               {40, 29, 0}, /* 40 + 3 x 29 = 127 */
               {40, 31, CALCIUM_NOISE}};
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  char text[512];
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct scan s = quiet_scan();
    struct labels *blood = NULL;
    assert_ok(labels_create(&blood, &s.hu->grid));
    for (int64_t v = 0; v < geometry_voxels(&s.hu->grid); v++) {
      int64_t i = v % 40, j = v / 40 % 40;
      if (i < 20 || i >= 36 || j < 20 || j >= 36) continue;
      blood->voxels[v] = LABEL_AORTA;
      s.region->voxels[v] = 0;
      s.hu->voxels[v] = cases[c].mean + ((i + j) % 2 ? cases[c].spread : -cases[c].spread);
      if (i < 25 || i >= 31 || j < 25 || j >= 31) s.hu->voxels[v] = 600;
    }
    assert_int_equal(gates_of(text, &s, blood, &rules), cases[c].expected);
    /* an aorta of 4 mm, of which nothing is left, and none at all */
    for (int64_t v = 0; v < geometry_voxels(&s.hu->grid); v++)
      if (v % 40 >= 24) blood->voxels[v] = 0;
    assert_int_equal(gates_of(text, &s, blood, &rules), CALCIUM_BLOOD_UNSEEN);
    assert_non_null(strstr(text, "were not looked for"));
    memset(blood->voxels, 0, (size_t)geometry_voxels(&s.hu->grid) * sizeof *blood->voxels);
    struct calcium_score score;
    unsigned gates;
    assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules));
    assert_fails(calcium_gates(&gates, text, s.hu, &rules, blood, &score), ST_DOMAIN, "no aorta");
    calcium_score_free(&score);
    labels_destroy(blood);
    scan_free(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_gate_is_raised_by_its_cause_alone),
      cmocka_unit_test(the_blood_pool_shows_contrast_and_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
