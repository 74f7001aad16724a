// labels: method
// Calcium scores of constructed lesions against closed forms, and against the unit test published
// with CalciumScoring.jl (9524ce7, test/agatston.jl).
#include "tests/bodycomp/calcium_scene.h"

static void lesions_of_known_area_and_peak_score_as_defined(void **state) {
  (void)state;
  /* 0.5 mm pixels: 0.25 mm2 each */
  const struct {
    int pixels;
    float peak;
    double increment, expected;
  } cases[] = {{8, 250, 3, 4.0},       {4, 130, 3, 1.0}, {3, 900, 3, 0},
               {8, 199, 3, 2.0},       {8, 200, 3, 4.0}, {8, 299, 1.5, 2.0},
               {8, 400, 0.5, 4.0 / 3}, {8, 129, 3, 0},   {8, 129.6f, 3, 2.0} /* rounds to 130 */};
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct scan s = water(16, 1, 0.5, cases[c].increment);
    paint(&s, 4, 4, 0, cases[c].pixels, 1, 1, cases[c].peak);
    assert_near(agatston(&s, &rules), cases[c].expected, 1e-9);
    scan_free(&s);
  }
}

static void named_variants_change_the_score_as_their_authors_say(void **state) {
  (void)state;
  struct scan s = water(16, 1, 0.5, 3);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  paint(&s, 4, 4, 0, 4, 1, 1, 130);
  rules.strict_area = 1;
  assert_near(agatston(&s, &rules), 0, 0); /* exactly 1 mm2 */
  paint(&s, 4, 4, 0, 8, 1, 1, 199);
  struct calcium_rules steps = calcium_rules_of(CALCIUM_GRAENI_120);
  assert_near(agatston(&s, &steps), 4, 1e-12);
  scan_free(&s);
}

static void lesions_that_touch_at_a_corner_are_one_or_two_by_the_rule(void **state) {
  (void)state;
  struct scan s = water(16, 1, 0.5, 3);
  paint(&s, 2, 4, 0, 3, 1, 1, 300);
  paint(&s, 5, 5, 0, 3, 1, 1, 300);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  assert_near(agatston(&s, &rules), 4.5, 1e-12);
  rules.connectivity = 4;
  assert_near(agatston(&s, &rules), 0, 0);
  scan_free(&s);
}

static void published_block_gives_16_and_2_mm3_and_0_6_mg(void **state) {
  (void)state;
  /* 4 x 2 x 2 voxels of 400 HU, 0.5 mm isotropic, c = 0.00075 mg/(mm3 HU) */
  struct scan s = water(12, 6, 0.5, 0.5);
  paint(&s, 3, 3, 2, 4, 2, 2, 400);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct calcium_score score;
  rules.mass_factor = 0.00075;
  rules.slice_scaling = 0;
  assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules));
  assert_near(score.agatston, 16, 1e-12);
  assert_near(score.volume_mm3, 2, 1e-12);
  assert_near(score.mass_mg, 0.6, 1e-12);
  assert_int_equal(score.lesion_count, 1);
  assert_near(score.lesions[0].centre.x, 2.25, 1e-9);
  calcium_score_free(&score);
  rules.slice_scaling = 1;
  assert_near(agatston(&s, &rules), 16 * 0.5 / 3, 1e-9);
  scan_free(&s);
}

static void low_voltage_blocks_score_12_with_their_preset(void **state) {
  (void)state;
  /* 4 x 3 pixels x 2 slices, 0.5 mm, each scores 12 unscaled (weight 2) */
  const struct {
    enum calcium_preset preset;
    float hu;
  } cases[] = {{CALCIUM_GRAENI_135, 260},
               {CALCIUM_GRAENI_120, 280},
               {CALCIUM_GRAENI_100, 310},
               {CALCIUM_GRAENI_80, 400},
               {CALCIUM_GRAENI_70, 400}}; /* 318..476: weight 2 by the table */
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct scan s = water(12, 4, 0.5, 0.5);
    struct calcium_rules rules = calcium_rules_of(cases[c].preset);
    rules.slice_scaling = 0;
    paint(&s, 3, 3, 1, 4, 3, 2, cases[c].hu);
    assert_near(agatston(&s, &rules), 12, 1e-12);
    scan_free(&s);
  }
}

static void scores_add_over_disjoint_regions(void **state) {
  (void)state;
  struct scan s = water(24, 4, 0.7, 3);
  paint(&s, 3, 3, 0, 3, 4, 2, 310);
  paint(&s, 15, 12, 1, 5, 3, 3, 180);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  double whole = agatston(&s, &rules);
  for (int64_t i = 0; i < geometry_voxels(&s.hu->grid); i++)
    s.region->voxels[i] = i % 24 < 12 ? 1 : 2;
  struct calcium_score left, right;
  assert_ok(calcium_score(&left, s.hu, s.region, 1, &rules));
  assert_ok(calcium_score(&right, s.hu, s.region, 2, &rules));
  assert_near(left.agatston + right.agatston, whole, 1e-9);
  assert_near(left.volume_mm3 + right.volume_mm3, (24 + 45) * 0.49 * 3, 1e-9);
  calcium_score_free(&left);
  calcium_score_free(&right);
  scan_free(&s);
}

/* Blotches of -40 to 460 HU, raised by 1 HU sixty times: no threshold or step is passed downwards,
 * and lesions that grow together take the higher weight. */
static void no_score_falls_when_every_hu_rises(void **state) {
  (void)state;
  struct scan s = water(32, 4, 0.7, 3);
  struct calcium_rules rules[] = {
      calcium_rules_of(CALCIUM_AGATSTON_120), calcium_rules_of(CALCIUM_GRAENI_100),
      calcium_rules_of(CALCIUM_AGATSTON_120), calcium_rules_of(CALCIUM_AGATSTON_120),
      calcium_rules_of(CALCIUM_AGATSTON_120)};
  enum { RULES = sizeof rules / sizeof *rules };
  double last[RULES][3] = {{0}};
  rules[2].connectivity = 4;
  rules[3].drop_small_3d = 3;
  rules[4].peak_3d = 1;
  for (int64_t v = 0; v < geometry_voxels(&s.hu->grid); v++) {
    double i = (double)(v % 32), j = (double)(v / 32 % 32), k = (double)(v / 1024);
    s.hu->voxels[v] = (float)(210 + 250 * sin(0.9 * i + k) * sin(0.7 * j - 0.5 * k));
  }
  for (int step = 0; step < 60; step++) {
    for (int n = 0; n < RULES; n++) {
      struct calcium_score score;
      rules[n].mass_factor = 0.0007;
      assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules[n]));
      const double now[3] = {score.agatston, score.volume_mm3, score.mass_mg};
      for (int m = 0; m < 3; m++) {
        assert_true(now[m] >= last[n][m]);
        last[n][m] = now[m];
      }
      calcium_score_free(&score);
    }
    for (int64_t v = 0; v < geometry_voxels(&s.hu->grid); v++) s.hu->voxels[v] += 1;
  }
  assert_true(last[0][0] > 0 && last[4][2] > 0);
  scan_free(&s);
}

static void doubled_slices_at_half_increment_leave_the_scaled_score(void **state) {
  (void)state;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct scan one = water(16, 3, 0.5, 3), two = water(16, 6, 0.5, 1.5);
  paint(&one, 4, 4, 1, 5, 3, 1, 333);
  paint(&two, 4, 4, 2, 5, 3, 2, 333);
  assert_near(agatston(&one, &rules), agatston(&two, &rules), 1e-12);
  scan_free(&one);
  scan_free(&two);
}

static void mass_follows_the_insert(void **state) {
  (void)state;
  double c, mass;
  assert_ok(calcium_mass_factor(&c, 200, 270, 0));
  assert_near(c, 0.00074074, 5e-9);
  assert_near(c * 540 * 98.1748, 39.270, 5e-4);
  assert_fails(calcium_mass_factor(&c, 200, 0, 10), ST_DOMAIN, "must be above");
  /* a blurred object keeps its integrated mass: half the voxels at half the contrast */
  struct scan s = water(10, 10, 1, 1);
  paint(&s, 3, 3, 3, 4, 4, 4, 270);
  assert_ok(calcium_mass_integrated(&mass, s.hu, s.region, 1, 270, 0, 200));
  assert_near(mass, 64 * 0.2, 1e-9);
  paint(&s, 3, 3, 3, 4, 4, 4, 135);
  paint(&s, 3, 3, 7, 4, 4, 1, 0);
  paint(&s, 1, 3, 3, 8, 4, 4, 135);
  assert_ok(calcium_mass_integrated(&mass, s.hu, s.region, 1, 270, 0, 200));
  assert_near(mass, 64 * 0.2, 1e-9);
  scan_free(&s);
}

/* On a scanner whose water reads 30 HU the insert itself, scored as a lesion, must give its own
 * density: 18 mm3 of 200 mg/cm3 are 3.6 mg. */
static void an_insert_scored_by_itself_has_its_own_mass(void **state) {
  (void)state;
  struct scan s = water(20, 8, 1, 1);
  struct calcium_score score;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct record *r = NULL;
  paint(&s, 0, 0, 0, 20, 20, 8, 30);
  paint(&s, 8, 8, 3, 3, 3, 2, 270);
  rules.water_hu = 30;
  assert_ok(calcium_mass_factor(&rules.mass_factor, 200, 270, rules.water_hu));
  assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules));
  assert_near(score.mass_mg, 3.6, 1e-9);
  assert_near(score.lesions[0].background_hu, 30, 0);
  assert_ok(record_create(&r, "case"));
  assert_ok(calcium_variants_record(r, "x", s.hu, s.region, 1, rules.mass_factor, 30));
  assert_near(record_find(r, "x", "calcium_mass_variant")->value, 3.6, 1e-9);
  record_destroy(r);
  calcium_score_free(&score);
  scan_free(&s);
}

static void local_background_is_taken_from_the_shell(void **state) {
  (void)state;
  struct scan s = water(20, 20, 1, 1);
  struct calcium_score score;
  for (int64_t v = 0; v < 8000; v++) { /* 40 HU within 3 mm of the lesion, not beyond */
    const double x = fmax(0, fabs((double)(v % 20) - 9) - 1),
                 y = fmax(0, fabs((double)(v / 20 % 20) - 9) - 1),
                 z = fmax(0, fabs((double)(v / 400) - 9.5) - 0.5);
    s.hu->voxels[v] = x * x + y * y + z * z <= 9 ? 40 : -100;
  }
  paint(&s, 8, 8, 9, 3, 3, 2, 340);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  rules.mass_factor = 0.001;
  rules.local_background = 1;
  assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules));
  assert_near(score.lesions[0].background_hu, 40, 1e-6);
  assert_near(score.mass_mg, 0.001 * 300 * 18, 1e-4);
  calcium_score_free(&score);
  scan_free(&s);
}

/* Of the program whose variants they are: 1 mm2 is 4 pixels of 0.5 mm, 8-connected; one of 1 mm,
 * and then every pixel alone, with its own peak. Three face-linked pixels are another's least
 * lesion. */
static void lesions_may_be_counted_by_pixels(void **state) {
  (void)state;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  calcium_rules_by_pixels(&rules, 0.25);
  assert_int_equal(rules.least_pixels, 4);
  assert_int_equal(rules.connectivity, 8);
  struct scan s = water(16, 1, 0.5, 3), t = water(16, 1, 1, 3);
  paint(&s, 4, 4, 0, 3, 1, 1, 300);
  assert_near(agatston(&s, &rules), 0, 0);
  paint(&s, 7, 5, 0, 1, 1, 1, 300); /* the fourth, at a corner */
  assert_near(agatston(&s, &rules), 4 * 0.25 * 3, 1e-12);
  calcium_rules_by_pixels(&rules, 1);
  assert_int_equal(rules.connectivity, 1);
  paint(&t, 4, 4, 0, 1, 1, 1, 150);
  paint(&t, 5, 4, 0, 1, 1, 1, 450);
  assert_near(agatston(&t, &rules), 1 + 4, 1e-12); /* together they would score 8 */
  rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  assert_near(agatston(&t, &rules), 8, 1e-12);
  rules.least_pixels = 3;
  rules.connectivity = 4;
  rules.least_area_mm2 = 0;
  assert_near(agatston(&t, &rules), 0, 0);
  paint(&t, 5, 5, 0, 1, 1, 1, 150);
  assert_near(agatston(&t, &rules), 12, 1e-12);
  scan_free(&s);
  scan_free(&t);
}

static void steps_between_two_voltages_lie_between_theirs(void **state) {
  (void)state;
  struct calcium_rules r;
  assert_ok(calcium_rules_at(&r, 110)); /* half way from 145/222/334/446 to 130/199/299/399 */
  const double half[4] = {137.5, 210.5, 316.5, 422.5};
  for (int n = 0; n < 4; n++) assert_near(r.steps_hu[n], half[n], 1e-12);
  assert_near(r.preset_kvp, 110, 0);
  assert_ok(calcium_rules_at(&r, 70));
  assert_near(r.steps_hu[3], 636, 0);
  assert_ok(calcium_rules_at(&r, 135));
  assert_near(r.steps_hu[0], 119, 1e-12);
  assert_fails(calcium_rules_at(&r, 140), ST_DOMAIN, "from 70 to 135 kV");
  assert_fails(calcium_rules_at(&r, NAN), ST_DOMAIN, "from 70 to 135 kV");
}

/* Blood of 300 and, one voxel in four, 280 HU: median 300, 15.8th percentile 280, threshold 360. */
static void a_threshold_adapted_to_the_blood_gives_a_volume_and_no_score(void **state) {
  (void)state;
  struct scan s = water(40, 5, 1, 3);
  struct labels *blood = NULL;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct calcium_score score;
  struct record *r = NULL;
  unsigned gates;
  char text[512];
  assert_ok(labels_create(&blood, &s.hu->grid));
  assert_fails(calcium_adaptive_threshold(&rules.steps_hu[0], s.hu, blood), ST_DOMAIN, "eroded");
  for (int64_t v = 0; v < geometry_voxels(&s.hu->grid); v++) {
    blood->voxels[v] = LABEL_AORTA;
    const int64_t of_20 = (v * 7 + v / 40 * 11) % 20; /* a tenth of 200 HU, a tenth of 280 */
    s.hu->voxels[v] = of_20 < 2 ? 200 : of_20 < 4 ? 280 : 300;
  }
  paint(&s, 4, 4, 2, 5, 3, 1, 500);
  assert_ok(calcium_adaptive_threshold(&rules.steps_hu[0], s.hu, blood));
  assert_near(rules.steps_hu[0], 360, 1e-9);
  for (int n = 1; n < 4; n++) rules.steps_hu[n] = 360 + n;
  rules.volume_only = 1;
  s.hu->acquisition.contrast = CONTRAST_PRESENT;
  assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules));
  assert_ok(calcium_gates(&gates, text, s.hu, &rules, blood, &score));
  assert_true(gates & CALCIUM_CONTRAST);
  assert_ok(record_create(&r, "case"));
  assert_ok(calcium_record(r, "aorta", &score, &rules, gates, text, 0));
  assert_near(record_find(r, "aorta", "calcium_volume")->value, 15 * 3, 1e-9);
  assert_true(isnan(record_find(r, "aorta", "agatston_score")->value));
  assert_true(isnan(record_find(r, "aorta", "calcium_mass")->value));
  assert_null(record_find(r, "aorta", "agatston_band"));
  record_destroy(r);
  calcium_score_free(&score);
  labels_destroy(blood);
  scan_free(&s);
}

static void empty_region_and_foreign_grid_are_refused(void **state) {
  (void)state;
  struct scan s = water(8, 2, 1, 3), t = water(8, 2, 1, 2);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct calcium_score score;
  assert_fails(calcium_score(&score, s.hu, s.region, 9, &rules), ST_DOMAIN, "no mask is not");
  assert_fails(calcium_score(&score, s.hu, t.region, 1, &rules), ST_DOMAIN, "spacing along axis 2");
  s.hu->quantity = QUANTITY_DENSITY;
  assert_fails(calcium_score(&score, s.hu, s.region, 1, &rules), ST_DOMAIN, "needs HU");
  s.hu->quantity = QUANTITY_HU;
  const double coronal[9] = {1, 0, 0, 0, 0, 1, 0, 1, 0}; /* slices stacked from front to back */
  memcpy(s.hu->grid.direction, coronal, sizeof coronal);
  s.region->grid = s.hu->grid;
  assert_fails(calcium_score(&score, s.hu, s.region, 1, &rules), ST_DOMAIN,
               "slices of this image are coronal");
  scan_free(&s);
  scan_free(&t);
}

static void wrong_voltage_and_contrast_withhold_the_score(void **state) {
  (void)state;
  struct scan s = water(16, 3, 0.5, 3);
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct calcium_score score;
  struct record *r = NULL;
  unsigned gates;
  char text[512];
  paint(&s, 4, 4, 1, 5, 3, 1, 333);
  s.hu->acquisition.kvp = 100;
  s.hu->acquisition.contrast = CONTRAST_PRESENT;
  assert_ok(calcium_score(&score, s.hu, s.region, 1, &rules));
  assert_ok(calcium_gates(&gates, text, s.hu, &rules, NULL, &score));
  assert_true(gates & CALCIUM_KVP_MISMATCH && gates & CALCIUM_CONTRAST);
  assert_non_null(strstr(text, "scanned at 100 kV"));
  assert_ok(record_create(&r, "case"));
  assert_ok(calcium_record(r, "coronary", &score, &rules, gates, text, 0));
  assert_true(isnan(record_find(r, "coronary", "agatston_score")->value));
  assert_null(record_find(r, "coronary", "agatston_band"));
  record_destroy(r);
  calcium_score_free(&score);
  scan_free(&s);
}

/* Twice the slices by nearest neighbour: as many mm3. */
static void volume_does_not_change_when_slices_are_split(void **state) {
  (void)state;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct scan one = water(16, 3, 0.5, 3), two = water(16, 6, 0.5, 1.5);
  struct calcium_score a, b;
  paint(&one, 4, 4, 1, 5, 3, 2, 333);
  paint(&two, 4, 4, 2, 5, 3, 4, 333);
  assert_ok(calcium_score(&a, one.hu, one.region, 1, &rules));
  assert_ok(calcium_score(&b, two.hu, two.region, 1, &rules));
  assert_near(a.volume_mm3, 5 * 3 * 2 * 0.75, 1e-12);
  assert_near(a.volume_mm3, b.volume_mm3, 1e-12);
  calcium_score_free(&a);
  calcium_score_free(&b);
  scan_free(&one);
  scan_free(&two);
}

/* x and y exchanged, with the direction matrix: slices stay the acquisition's. */
static void scores_do_not_change_when_axes_are_exchanged_in_the_slice(void **state) {
  (void)state;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct scan s = water(24, 3, 0.7, 3), t = water(24, 3, 0.7, 3);
  struct calcium_score a, b;
  paint(&s, 3, 5, 0, 4, 2, 2, 310);
  paint(&s, 12, 14, 1, 2, 5, 1, 210);
  const double turned[9] = {0, 1, 0, 1, 0, 0, 0, 0, 1};
  memcpy(t.hu->grid.direction, turned, sizeof turned);
  t.region->grid = t.hu->grid;
  for (int k = 0; k < 3; k++)
    for (int j = 0; j < 24; j++)
      for (int i = 0; i < 24; i++)
        t.hu->voxels[geometry_index(&t.hu->grid, j, i, k)] =
            s.hu->voxels[geometry_index(&s.hu->grid, i, j, k)];
  assert_ok(calcium_score(&a, s.hu, s.region, 1, &rules));
  assert_ok(calcium_score(&b, t.hu, t.region, 1, &rules));
  assert_near(a.agatston, b.agatston, 1e-9);
  assert_int_equal(a.lesion_count, 2);
  for (int n = 0; n < 2; n++) {
    assert_near(a.lesions[n].centre.x, b.lesions[n].centre.x, 1e-9);
    assert_near(a.lesions[n].centre.y, b.lesions[n].centre.y, 1e-9);
  }
  calcium_score_free(&a);
  calcium_score_free(&b);
  scan_free(&s);
  scan_free(&t);
}

/* 3-D components of 3 voxels go first; a lesion whose slices differ weighs by its 3-D peak. */
static void small_components_and_peaks_in_3d_are_options(void **state) {
  (void)state;
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  struct scan s = water(16, 4, 1, 3);
  paint(&s, 2, 2, 1, 3, 1, 1, 150);
  assert_near(agatston(&s, &rules), 3, 1e-9);
  rules.drop_small_3d = 3;
  assert_near(agatston(&s, &rules), 0, 0);
  paint(&s, 8, 8, 1, 2, 2, 1, 150);
  paint(&s, 8, 8, 2, 2, 2, 1, 450);
  assert_near(agatston(&s, &rules), 4 * 1 + 4 * 4, 1e-9);
  rules.peak_3d = 1;
  assert_near(agatston(&s, &rules), 4 * 4 + 4 * 4, 1e-9);
  scan_free(&s);
}

static void bands_are_half_open(void **state) {
  (void)state;
  const struct {
    double score;
    int band, drs;
  } cases[] = {{0, 0, 0},   {0.5, 1, 1},    {99.99, 1, 1}, {100, 2, 2},    {299.99, 2, 2},
               {300, 2, 3}, {399.99, 2, 3}, {400, 3, 3},   {999.99, 3, 3}, {1000, 4, 3}};
  struct calcium_rules rules = calcium_rules_of(CALCIUM_AGATSTON_120);
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct calcium_score s = {.agatston = cases[c].score, .mass_mg = NAN};
    struct record *r = NULL;
    assert_ok(record_create(&r, "case"));
    assert_ok(calcium_record(r, "x", &s, &rules, 0, "", 0));
    assert_near(record_find(r, "x", "agatston_band")->value, cases[c].band, 0);
    assert_near(record_find(r, "x", "cac_drs_category")->value, cases[c].drs, 0);
    record_destroy(r);
  }
}

/* A ball of 12 mm diameter in 3 mm slices: 4/3 pi r^3 = 904.8 mm3. Interpolation keeps the half
 * level between 0 and 260 HU on the surface, so the volume stays within the error of the slices. */
static void isotropic_volume_of_a_ball_is_near_its_volume(void **state) {
  (void)state;
  struct geometry g = geometry_make(40, 40, 12, 0.75, 0.75, 3);
  struct volume *v = NULL;
  struct labels *l = NULL;
  double mm3 = 0, inside = 0, radius = 6;
  enum { PARTS = 8 };
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  assert_ok(labels_create(&l, &g));
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++) {
        int hits = 0;
        for (int n = 0; n < PARTS * PARTS * PARTS; n++) {
          double x = 0.75 * ((double)i + (n % PARTS + 0.5) / PARTS - 20);
          double y = 0.75 * ((double)j + (n / PARTS % PARTS + 0.5) / PARTS - 20);
          double z = 3 * ((double)k + (n / (PARTS * PARTS) + 0.5) / PARTS - 6);
          hits += x * x + y * y + z * z < radius * radius;
        }
        int64_t at = geometry_index(&g, i, j, k);
        v->voxels[at] = (float)(260.0 * hits / (PARTS * PARTS * PARTS));
        l->voxels[at] = 1;
        inside += hits;
      }
  assert_close(inside / (PARTS * PARTS * PARTS) * 0.75 * 0.75 * 3, 904.8, 0.005);
  assert_ok(calcium_volume_isotropic(&mm3, v, l, 1, 130));
  assert_close(mm3, 904.8, 0.05);
  v->quantity = QUANTITY_DENSITY;
  assert_fails(calcium_volume_isotropic(&mm3, v, l, 1, 130), ST_DOMAIN, "isotropic calcium");
  volume_destroy(v);
  labels_destroy(l);
}

/* 0.001 mg/(mm3 HU) and water at 0: 100 mg/cm3 are 100 HU. Blocks of 18 mm3 at 105 and 95 HU. */
static void mass_of_dense_calcium_begins_at_100_mgcc(void **state) {
  (void)state;
  struct scan s = water(24, 6, 1, 1);
  struct record *r = NULL;
  paint(&s, 3, 3, 2, 3, 3, 2, 105);
  paint(&s, 15, 15, 2, 3, 3, 2, 95);
  assert_ok(record_create(&r, "a"));
  assert_ok(calcium_variants_record(r, "heart", s.hu, s.region, 1, 0.001, 0));
  const struct measurement *m = record_find(r, "heart", "calcium_mass_variant");
  assert_near(m->value, 0.001 * 105 * 18, 1e-6);
  assert_string_equal(m->method, "at least 100 mg/cm3 HA = 100.0 HU");
  record_destroy(r);
  scan_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mass_of_dense_calcium_begins_at_100_mgcc),
      cmocka_unit_test(isotropic_volume_of_a_ball_is_near_its_volume),
      cmocka_unit_test(lesions_of_known_area_and_peak_score_as_defined),
      cmocka_unit_test(named_variants_change_the_score_as_their_authors_say),
      cmocka_unit_test(lesions_that_touch_at_a_corner_are_one_or_two_by_the_rule),
      cmocka_unit_test(published_block_gives_16_and_2_mm3_and_0_6_mg),
      cmocka_unit_test(low_voltage_blocks_score_12_with_their_preset),
      cmocka_unit_test(scores_add_over_disjoint_regions),
      cmocka_unit_test(no_score_falls_when_every_hu_rises),
      cmocka_unit_test(doubled_slices_at_half_increment_leave_the_scaled_score),
      cmocka_unit_test(mass_follows_the_insert),
      cmocka_unit_test(an_insert_scored_by_itself_has_its_own_mass),
      cmocka_unit_test(local_background_is_taken_from_the_shell),
      cmocka_unit_test(lesions_may_be_counted_by_pixels),
      cmocka_unit_test(steps_between_two_voltages_lie_between_theirs),
      cmocka_unit_test(a_threshold_adapted_to_the_blood_gives_a_volume_and_no_score),
      cmocka_unit_test(empty_region_and_foreign_grid_are_refused),
      cmocka_unit_test(wrong_voltage_and_contrast_withhold_the_score),
      cmocka_unit_test(volume_does_not_change_when_slices_are_split),
      cmocka_unit_test(scores_do_not_change_when_axes_are_exchanged_in_the_slice),
      cmocka_unit_test(small_components_and_peaks_in_3d_are_options),
      cmocka_unit_test(bands_are_half_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
