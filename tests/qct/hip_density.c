// labels: method
// Region densities against hand computation (a block of two densities; planes of a straight frame)
// and the half-max cortex against a tube of known wall, voxels averaged from sub-samples.
#include "qct/hip_density.h"
#include "qct/edge.h"
#include "tests/check.h"

/* Neck along +x from the shaft at x = 0 to the head at x = 60; shaft along z, 100 mm below. */
static struct hip_frame straight_frame(void) {
  struct hip_frame f = {.side = SIDE_LEFT, .head_radius_mm = 20};
  f.head = vec3_make(60, 0, 0);
  f.neck_axis = vec3_make(1, 0, 0);
  f.neck_point = vec3_make(30, 0, 0);
  f.shaft_axis = vec3_make(0, 0, 1);
  f.origin = vec3_make(0, 0, 0);
  f.lesser_trochanter_mm = 40;
  f.distal_mm = 100;
  return f;
}

static void make(struct volume **density, struct labels **labels, int64_t n, double mm,
                 struct vec3 origin) {
  struct geometry g = geometry_make(n, n, n, mm, mm, mm);
  g.origin[0] = origin.x;
  g.origin[1] = origin.y;
  g.origin[2] = origin.z;
  assert_ok(volume_create(density, &g, QUANTITY_DENSITY));
  (*density)->material = MATERIAL_K2HPO4;
  assert_ok(labels_create(labels, &g));
}

/* A bone of label 75 on a grid of n^3 voxels of `mm`, nothing in it yet. */
struct scene {
  struct hip_frame frame;
  struct qct_hip_options options;
  struct volume *density;
  struct labels *labels;
  struct record *record;
};

static struct scene scene_make(int64_t n, double mm, struct vec3 origin,
                               struct qct_hip_options options) {
  struct scene s = {.frame = straight_frame(), .options = options};
  make(&s.density, &s.labels, n, mm, origin);
  assert_ok(record_create(&s.record, "c"));
  return s;
}

static void scene_measure(const struct scene *s) {
  assert_ok(
      qct_hip_regions(s->record, s->density, s->labels, 75, &s->frame, NULL, &s->options, NULL));
}

static void scene_destroy(struct scene *s) {
  record_destroy(s->record);
  volume_destroy(s->density);
  labels_destroy(s->labels);
}

static double value(const struct record *r, const char *region, const char *quantity) {
  const struct measurement *m = record_find(r, region, quantity);
  if (!m) fail_msg("no row %s %s", region, quantity);
  return m->value;
}

static struct qct_hip_options fixed_at(double threshold) {
  struct qct_hip_options o = QCT_HIP_DEFAULTS;
  o.cortex = QCT_CORTEX_FIXED;
  o.threshold_mgcc = threshold;
  o.as_is = true; /* sums by hand */
  return o;
}

/* 10 x 10 x 10 voxels of 0.001 cm3, half at 100 and half at 0: mean 50, 50 mg, 1 cm3 */
static void a_block_of_two_densities_has_their_mean(void **state) {
  (void)state;
  struct scene s = scene_make(10, 1, vec3_make(55, -5, -5), fixed_at(50));
  for (int i = 0; i < 1000; i++) {
    s.density->voxels[i] = i % 2 ? 100 : 0;
    s.labels->voxels[i] = 75;
  }
  scene_measure(&s);
  assert_near(value(s.record, "head_left", "vbmd_integral"), 50, 1e-9);
  assert_near(value(s.record, "head_left", "bmc_integral"), 50, 1e-9);
  assert_near(value(s.record, "head_left", "volume_integral"), 1, 1e-9);
  assert_near(value(s.record, "head_left", "vbmd_cortical"), 100, 1e-9);
  assert_near(value(s.record, "head_left", "vbmd_trabecular"), 0, 1e-9);
  assert_int_equal(record_find(s.record, "head_left", "vbmd_integral")->n, 1000);
  const struct measurement *neck = record_find(s.record, "neck_left", "vbmd_integral");
  assert_true(isnan(neck->value));
  assert_non_null(strstr(neck->flags, "0 voxels, at least 200"));
  scene_destroy(&s);
}

/* A cube of 20 mm, its two outer layers cortex: the trabecular cube of 16 mm loses three voxels
 * (centres at 0.5, 1.5, 2.5 mm) on each side to 3 mm. */
static void peeled_is_what_lies_3_mm_inside_the_trabecular_voxels(void **state) {
  (void)state;
  struct scene s = scene_make(24, 1, vec3_make(60, -12, -12), fixed_at(500));
  for (int64_t k = 2; k < 22; k++)
    for (int64_t j = 2; j < 22; j++)
      for (int64_t i = 2; i < 22; i++) {
        int64_t at = geometry_index(&s.labels->grid, i, j, k);
        bool inside = i > 3 && i < 20 && j > 3 && j < 20 && k > 3 && k < 20;
        bool core = i > 6 && i < 17 && j > 6 && j < 17 && k > 6 && k < 17;
        s.labels->voxels[at] = 75;
        s.density->voxels[at] = core ? 100 : inside ? 200 : 1000;
      }
  scene_measure(&s);
  assert_near(value(s.record, "head_left", "volume_trabecular"), 4.096, 1e-9);
  assert_near(value(s.record, "head_left", "volume_peeled"), 1, 1e-9);
  assert_near(value(s.record, "head_left", "vbmd_peeled"), 100, 1e-9);
  const char *method = record_find(s.record, "head_left", "vbmd_peeled")->method;
  assert_non_null(strstr(method, "cortex fixed 500 mg/cm3 peeled 3 mm"));
  scene_destroy(&s);
}

static void voxels_without_data_are_left_out_and_counted(void **state) {
  (void)state;
  struct scene s = scene_make(10, 1, vec3_make(55, -5, -5), fixed_at(50));
  for (int i = 0; i < 1000; i++) {
    s.density->voxels[i] = i < 100 ? NAN : 120;
    s.labels->voxels[i] = 75;
  }
  scene_measure(&s);
  const struct measurement *m = record_find(s.record, "head_left", "vbmd_integral");
  assert_near(m->value, 120, 1e-9);
  assert_int_equal(m->n, 900);
  assert_non_null(strstr(m->flags, "100 voxels without data"));
  scene_destroy(&s);
}

/* A bar along the neck axis: the planes cut it at known x. */
static void regions_meet_at_the_planes_of_the_frame(void **state) {
  (void)state;
  struct scene s = scene_make(100, 1, vec3_make(-19.5, -49.5, -49.5), fixed_at(50));
  s.options.min_voxels = 1;
  const struct geometry *g = &s.labels->grid;
  for (int64_t k = 40; k < 60; k++)
    for (int64_t j = 45; j < 55; j++)
      for (int64_t i = 0; i < 100; i++) s.labels->voxels[geometry_index(g, i, j, k)] = 75;
  for (int64_t i = 0; i < geometry_voxels(g); i++) s.density->voxels[i] = 300;
  scene_measure(&s);
  /* sections of 2 cm2: head x > 60 - 0.65*30 = 40.5, neck 19.5 < x <= 40.5 (21 of 100 columns) */
  assert_near(value(s.record, "head_left", "volume_integral"), 2 * 4.0, 0.21);
  assert_near(value(s.record, "neck_left", "volume_integral"), 2 * 2.1, 0.21);
  /* the rest, 39 mm long, halved by the plane z = 0 */
  assert_near(value(s.record, "trochanter_left", "volume_integral"), 3.9, 0.21);
  assert_near(value(s.record, "intertrochanter_left", "volume_integral"), 3.9, 0.21);
  assert_near(value(s.record, "total_left", "volume_integral"), 20, 1e-9);
  assert_near(value(s.record, "total_no_head_left", "volume_integral") +
                  value(s.record, "head_left", "volume_integral"),
              20, 1e-9);
  scene_destroy(&s);
}

static void a_bone_that_ends_early_withholds_what_it_cuts(void **state) {
  (void)state;
  struct scene s = scene_make(100, 1, vec3_make(-19.5, -49.5, -49.5), fixed_at(50));
  s.frame.distal_mm = 31;
  for (int64_t i = 0; i < geometry_voxels(&s.labels->grid); i++) {
    s.labels->voxels[i] = 75;
    s.density->voxels[i] = 300;
  }
  scene_measure(&s);
  const struct measurement *m = record_find(s.record, "total_left", "vbmd_integral");
  assert_true(isnan(m->value));
  assert_non_null(strstr(m->flags, "ends 31 mm below the head centre, the region at 50 mm"));
  assert_true(isnan(value(s.record, "intertrochanter_left", "volume_integral")));
  assert_near(value(s.record, "trochanter_left", "vbmd_integral"), 300, 1e-9);
  const struct measurement *neck = record_find(s.record, "neck_left", "vbmd_integral");
  assert_true(
      isnan(neck->value)); /* the block goes on below the end: nothing of the neck is free */
  assert_non_null(strstr(neck->flags, "the neck meets the end of the bone"));
  assert_near(value(s.record, "head_left", "vbmd_integral"), 300, 1e-9);
  scene_destroy(&s);
}

static void the_interval_is_that_of_the_calibration(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct record *r = NULL;
  struct hip_frame f = straight_frame();
  struct qct_hip_options o = fixed_at(50);
  struct calibration c = {.slope = 2, .covariance = {4, 0, 0, 0, 0.01}, .covariance_df = INFINITY};
  make(&density, &labels, 10, 1, vec3_make(55, -5, -5));
  for (int i = 0; i < 1000; i++) {
    density->voxels[i] = 100;
    labels->voxels[i] = 75;
  }
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_hip_regions(r, density, labels, 75, &f, &c, &o, NULL));
  const struct measurement *m = record_find(r, "head_left", "vbmd_integral");
  /* 50 HU: variance 4 + 0.01 * 2500 = 29 */
  assert_near(m->high - m->value, 1.959963984540054 * sqrt(29), 1e-9);
  assert_near(m->value - m->low, 1.959963984540054 * sqrt(29), 1e-9);
  record_destroy(r);
  volume_destroy(density);
  labels_destroy(labels);
}

/* A tube along z: outer radius 15 mm, wall 3 mm of 1000 mg/cm3, inside 150 mg/cm3; each voxel of
 * `mm` is the mean of 7 x 7 places over a square of `blur_mm`. */
static void make_tube(struct volume **density, struct labels **labels, double mm, double blur_mm) {
  int64_t n = (int64_t)(48 / mm);
  make(density, labels, n, mm, vec3_make(-24, -24, -24));
  const struct geometry *g = &(*labels)->grid;
  for (int64_t k = 0; k < n; k++)
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < n; i++) {
        double sum = 0, inside = 0;
        for (int a = 0; a < 49; a++) {
          double u = (a % 7 - 3) / 7.0, w = (a / 7 - 3) / 7.0; /* -3/7 .. 3/7 */
          double x = -24 + mm * (double)i, y = -24 + mm * (double)j;
          double radius = hypot(x + blur_mm * u, y + blur_mm * w);
          sum += radius < 12 ? 150 : radius < 15 ? 1000 : 0;
          inside += hypot(x + mm * u, y + mm * w) < 15;
        }
        double z = -24 + mm * (double)k;
        int64_t at = geometry_index(g, i, j, k);
        (*density)->voxels[at] = fabs(z) < 20 ? (float)(sum / 49) : 0;
        (*labels)->voxels[at] = inside > 24 && fabs(z) < 20 ? 75 : 0;
      }
}

static void half_max_finds_the_wall_of_a_tube(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL, *split = NULL;
  struct surface *surface = NULL;
  struct qct_hip_options o = QCT_HIP_DEFAULTS;
  double resolved;
  o.cortex = QCT_CORTEX_HALF_MAX;
  make_tube(&density, &labels, 0.6, 0.6);
  assert_ok(qct_bone_surface(&surface, labels, 75));
  assert_ok(qct_cortex_split(&split, &resolved, density, labels, 75, surface, &o));
  /* judge away from the flat ends, where there is no wall */
  const struct geometry *g = &labels->grid;
  int64_t cortical = 0, all = 0;
  for (int64_t i = 0; i < geometry_voxels(g); i++) {
    int64_t k = i / (g->nx * g->ny);
    if (fabs(-24 + 0.6 * (double)k) > 8) continue;
    cortical += split->voxels[i] == QCT_CORTICAL;
    all += split->voxels[i] > 0;
  }
  double share = (double)cortical / (double)all, truth = 1 - 12.0 * 12 / (15 * 15);
  assert_near(share, truth, 0.05 * truth);
  assert_true(resolved > 0.5);
  labels_destroy(split);
  surface_destroy(surface);
  volume_destroy(density);
  labels_destroy(labels);
}

/* True density of the tube: (150 * 12^2 + 1000 * (15^2 - 12^2)) / 15^2 = 456 mg/cm3. Blur over 2.5
 * mm carries an eighth of it out of the outline. */
static void mineral_that_blur_carries_out_is_found_again(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct record *r = NULL;
  struct hip_frame f = straight_frame();
  struct qct_hip_options o = QCT_HIP_DEFAULTS;
  double value_of[2];
  o.cortex = QCT_CORTEX_HALF_MAX;
  make_tube(&density, &labels, 0.8, 2.5);
  for (int corrected = 0; corrected < 2; corrected++) {
    o.as_is = !corrected;
    assert_ok(record_create(&r, "c"));
    assert_ok(qct_hip_regions(r, density, labels, 75, &f, NULL, &o, NULL));
    value_of[corrected] = value(r, "total_left", "vbmd_integral");
    if (corrected) assert_near(value(r, "total_left", "vbmd_trabecular"), 150, 0.02 * 150);
    record_destroy(r);
  }
  assert_true(value_of[0] < 0.93 * 456);
  assert_near(value_of[1], 456, 0.02 * 456);
  volume_destroy(density);
  labels_destroy(labels);
}

/* A plane that lies a quarter of a voxel deeper gives away a quarter of a voxel's layer, a disc of
 * 15 mm and 456 mg/cm3; by the voxels' centres it would be none of it or all. */
static void the_model_cuts_voxels_at_the_planes(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct qct_shell *shell = NULL;
  struct hip_frame f = straight_frame();
  double volume[2], content[2];
  make_tube(&density, &labels, 0.8, 0.8);
  assert_ok(qct_shell_make(&shell, density, labels, 75));
  for (int moved = 0; moved < 2; moved++) {
    struct record *r = NULL;
    f.origin.z = moved ? 0.2 : 0;
    assert_ok(record_create(&r, "c"));
    assert_ok(qct_hip_regions(r, density, labels, 75, &f, NULL, NULL, shell));
    volume[moved] = value(r, "trochanter_left", "volume_integral");
    content[moved] = value(r, "trochanter_left", "bmc_integral");
    record_destroy(r);
  }
  double disc_cm3 = 3.14159265358979 * 15 * 15 * 0.2 / 1000, disc = volume[0] - volume[1];
  assert_close(disc, disc_cm3, 0.01);
  assert_close((content[0] - content[1]) / disc, 456.0, 0.01);
  qct_shell_destroy(shell);
  volume_destroy(density);
  labels_destroy(labels);
}

/* The calibration is exact here; totals of 15 digital people on slices of 1 mm were 0.16 % off
 * (RMS), their contents 0.22 %, their volumes 0.10 %; the 97.5 % quantile is 2.131 (t, 15 degrees
 * of freedom). A volume needs no calibration. */
static void the_model_adds_its_own_error_to_the_interval(void **state) {
  (void)state;
  for (int coarse = 0; coarse < 2; coarse++) {
    struct volume *density = NULL;
    struct labels *labels = NULL;
    struct record *r = NULL;
    struct hip_frame f = straight_frame();
    struct calibration c = {.slope = 1, .covariance_df = INFINITY};
    make_tube(&density, &labels, coarse ? 1.5 : 0.8, 0.8);
    assert_ok(record_create(&r, "c"));
    assert_ok(qct_hip_regions(r, density, labels, 75, &f, &c, NULL, NULL));
    const struct measurement *m = record_find(r, "total_left", "vbmd_integral");
    if (coarse) {
      assert_true(isnan(m->low) && isnan(m->high));
      assert_non_null(strstr(m->flags, "no interval"));
    } else {
      assert_close((m->high - m->low) / 2, 2.131 * 0.00161 * m->value, 1e-6);
      m = record_find(r, "total_left", "bmc_integral");
      assert_close((m->high - m->low) / 2, 2.131 * 0.00216 * m->value, 1e-6);
      m = record_find(r, "total_left", "bmc_trabecular");
      const struct measurement *v = record_find(r, "total_left", "volume_trabecular");
      assert_close((m->high - m->low) / 2, 2.131 * 0.391 * v->value, 1e-6);
      assert_true(isnan(record_find(r, "total_left", "volume_peeled")->low));
    }
    struct record *plain = NULL;
    assert_ok(record_create(&plain, "c"));
    assert_ok(qct_hip_regions(plain, density, labels, 75, &f, NULL, NULL, NULL));
    m = record_find(plain, "total_left", "volume_integral");
    if (coarse)
      assert_true(isnan(m->low));
    else
      assert_close((m->high - m->low) / 2, 2.131 * 0.00096 * m->value, 1e-6);
    assert_true(isnan(record_find(plain, "total_left", "vbmd_integral")->low));
    record_destroy(plain);
    record_destroy(r);
    volume_destroy(density);
    labels_destroy(labels);
  }
}

static void what_cannot_be_measured_is_refused(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct record *r = NULL;
  struct hip_frame f = straight_frame(), bare = {.side = SIDE_LEFT};
  make(&density, &labels, 10, 1, vec3_make(55, -5, -5));
  assert_ok(record_create(&r, "c"));
  assert_fails(qct_hip_regions(r, density, labels, 75, &f, NULL, NULL, NULL), ST_DOMAIN,
               "label 75");
  labels->voxels[5] = 75;
  assert_fails(qct_hip_regions(r, density, labels, 75, &bare, NULL, NULL, NULL), ST_DOMAIN,
               "no neck");
  struct qct_hip_options o = fixed_at(NAN);
  assert_fails(qct_hip_regions(r, density, labels, 75, &f, NULL, &o, NULL), ST_DOMAIN,
               "without its value");
  density->quantity = QUANTITY_HU;
  assert_fails(qct_hip_regions(r, density, labels, 75, &f, NULL, NULL, NULL), ST_DOMAIN,
               "holds HU");
  assert_int_equal(r->count, 0);
  record_destroy(r);
  volume_destroy(density);
  labels_destroy(labels);
}

/* 1.5 mm is fine; coarser blurs the cortex, which its rows say and no other. */
static void coarse_voxels_are_told_beside_the_cortex(void **state) {
  (void)state;
  for (int coarse = 0; coarse < 2; coarse++) {
    struct scene s = scene_make(10, coarse ? 1.6 : 1.5, vec3_make(52, -8, -8), fixed_at(50));
    for (int i = 0; i < 1000; i++) {
      s.density->voxels[i] = i % 2 ? 100 : 0;
      s.labels->voxels[i] = 75;
    }
    scene_measure(&s);
    const struct measurement *m = record_find(s.record, "head_left", "vbmd_cortical");
    assert_int_equal(strstr(m->flags, "voxels of 1.6 mm blur the cortex") != NULL, coarse);
    m = record_find(s.record, "head_left", "vbmd_integral");
    assert_null(strstr(m->flags, "blur the cortex"));
    scene_destroy(&s);
  }
}

/* Density across an edge at `mm` inside of it, blurred by an SD of 1 mm. */
static double blurred(double mm) {
  return 0.5 * erfc(-mm / sqrt(2));
}

/* A ball of 12 mm and 300 mg/cm3 in soft tissue of 20. What blur carries out of it on all sides is
 * the same, to a tenth, with another bone of 400 mg/cm3 from 4 mm beside it. */
static void mass_outside_the_outline_ends_where_another_bone_begins(void **state) {
  (void)state;
  double found[2];
  for (int beside = 0; beside < 2; beside++) {
    struct scene s = scene_make(41, 1, vec3_make(40, -20, -20), fixed_at(50));
    struct surface *surface = NULL;
    double mass[HIP_SHAFT + 1], total = 0;
    for (int64_t v = 0; v < 41 * 41 * 41; v++) {
      double x = (double)(v % 41) - 20, y = (double)(v / 41 % 41) - 20, z = (double)(v / 1681) - 20;
      double r = sqrt(x * x + y * y + z * z);
      s.labels->voxels[v] = r <= 12 ? 75 : 0;
      s.density->voxels[v] =
          (float)(20 + 280 * blurred(12 - r) + (beside ? 380 * blurred(x - 16) : 0));
    }
    assert_ok(surface_from_labels(&surface, s.labels, 75));
    assert_ok(surface_smooth(surface, 5));
    assert_ok(surface_normals(surface));
    assert_ok(qct_edge_mass(mass, s.density, s.labels, 75, surface, &s.frame));
    for (int part = 0; part <= HIP_SHAFT; part++) total += mass[part];
    found[beside] = total;
    surface_destroy(surface);
    scene_destroy(&s);
  }
  /* 4 pi (12 + t)^2 280 Phi(-t) integrated over t > 0 */
  assert_close(found[0], 4 * acos(-1) * 280e-3 * (144 * 0.398942 + 24 * 0.25 + 0.265962), 0.08);
  assert_close(found[1], found[0], 0.1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mass_outside_the_outline_ends_where_another_bone_begins),
      cmocka_unit_test(coarse_voxels_are_told_beside_the_cortex),
      cmocka_unit_test(a_block_of_two_densities_has_their_mean),
      cmocka_unit_test(peeled_is_what_lies_3_mm_inside_the_trabecular_voxels),
      cmocka_unit_test(voxels_without_data_are_left_out_and_counted),
      cmocka_unit_test(regions_meet_at_the_planes_of_the_frame),
      cmocka_unit_test(a_bone_that_ends_early_withholds_what_it_cuts),
      cmocka_unit_test(the_interval_is_that_of_the_calibration),
      cmocka_unit_test(the_model_adds_its_own_error_to_the_interval),
      cmocka_unit_test(the_model_cuts_voxels_at_the_planes),
      cmocka_unit_test(half_max_finds_the_wall_of_a_tube),
      cmocka_unit_test(mineral_that_blur_carries_out_is_found_again),
      cmocka_unit_test(what_cannot_be_measured_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
