// labels: method property
/* The digital spine against closed forms of its solids, and the promise the painter rests on. */
#include "tests/phantom/clear.h"

#include "phantom/spine.h"

/* Area of the superellipse |x/22|^2.5 + |y/16|^2.5 = 1: 4ab Gamma(1.4)^2/Gamma(1.8) [mm2] */
static const double area_mm2 = 1190.089;

static struct spine_body make_body(const struct spine_shape *shape) {
  struct spine_body b;
  struct tissue_table tissue;
  const double pose[6] = {5, -3, 4, 2, 1, -3};
  assert_ok(tissue_table_init(&tissue, 70, 0.925, 0.5, BONE_REAL));
  spine_body_init(&b, shape, &tissue, pose);
  b.bench.table = 1;
  b.bench.top_y_mm = 100;
  return b;
}

static double body_volume(const struct spine_column *c, int level, double h) {
  double n = 0;
  for (double z = -20 + 0.5 * h; z < 20; z += h)
    for (double y = -20 + 0.5 * h; y < 20; y += h)
      for (double x = -26 + 0.5 * h; x < 26; x += h)
        n += spine_body(c, level, vec3_make(x, y, z), 0, 0) < 0;
  return n * h * h * h;
}

static void bodies_have_the_volume_of_their_closed_form(void **state) {
  (void)state;
  struct spine_shape s;
  struct spine_column c;
  spine_shape_defaults(&s);
  spine_column_make(&c, &s);
  struct spine_level *v = &c.levels[SPINE_L1];
  v->a_mm = 22;
  v->b_mm = 16;
  c.waist = 0;
  v->front_mm = v->back_mm = 27;
  v->cave_mm = 0;
  /* midpoint lattice of 0.25 mm, whose planes suit 27 mm: what is left is the rim, below 1e-3 */
  assert_close(body_volume(&c, SPINE_L1, 0.25), 32132.41, 1e-3);
  v->front_mm = 21; /* a wedge: the mean height counts */
  assert_close(body_volume(&c, SPINE_L1, 0.25), area_mm2 * 24, 1e-3);
  v->front_mm = 27;
  v->cave_mm = 2.5; /* paraboloids: each takes c/2 of the height off in the mean */
  assert_close(body_volume(&c, SPINE_L1, 0.25), area_mm2 * (27 - 2.5), 1e-3);
}

static void deformities_take_the_planted_share_off_the_rim(void **state) {
  (void)state;
  struct spine_shape s;
  struct spine_column whole, lost;
  spine_shape_defaults(&s);
  spine_column_make(&whole, &s);
  s.deformity[SPINE_L1] = DEFORMITY_WEDGE;
  s.deformity[SPINE_L2] = DEFORMITY_BICONCAVE;
  s.deformity[SPINE_L3] = DEFORMITY_CRUSH;
  s.loss[SPINE_L1] = s.loss[SPINE_L2] = s.loss[SPINE_L3] = 0.3;
  spine_column_make(&lost, &s);
  assert_near(lost.levels[SPINE_L1].front_mm, 0.7 * whole.levels[SPINE_L1].front_mm, 1e-12);
  assert_near(lost.levels[SPINE_L1].back_mm, whole.levels[SPINE_L1].back_mm, 1e-12);
  const struct spine_level *w = &whole.levels[SPINE_L2], *l = &lost.levels[SPINE_L2];
  double middle = 0.5 * (w->front_mm + w->back_mm) - 2 * w->cave_mm;
  assert_near(0.5 * (l->front_mm + l->back_mm) - 2 * l->cave_mm, 0.7 * middle, 1e-12);
  assert_near(lost.levels[SPINE_L3].back_mm, 0.7 * whole.levels[SPINE_L3].back_mm, 1e-12);
}

static void the_planted_scoliosis_is_the_angle_of_the_end_plates(void **state) {
  (void)state;
  struct spine_shape s;
  struct spine_truth t;
  spine_shape_defaults(&s);
  s.cobb_deg = 27;
  s.lordosis_deg = 0; /* so that wedged bodies do not lean sideways */
  struct spine_body b = make_body(&s);
  const double none[6] = {0};
  spine_body_init(&b, &s, &b.tissue, none);
  spine_truth_compute(&t, &b, 4);
  assert_near(t.cobb_deg, 27, 0.01);
  assert_int_equal(t.cobb_upper, SPINE_T12);
  assert_int_equal(t.cobb_lower, SPINE_L5);
}

static struct vec3 random_point(uint64_t i) {
  return vec3_make(360 * (random_uniform(1, 1, i) - 0.5),
                   -10 + 290 * (random_uniform(1, 2, i) - 0.5),
                   280 * (random_uniform(1, 3, i) - 0.5));
}

static struct vec3 near_column(uint64_t i) {
  return vec3_make(90 * (random_uniform(4, 1, i) - 0.5), 20 + 110 * (random_uniform(4, 2, i) - 0.5),
                   240 * (random_uniform(4, 3, i) - 0.5));
}

static struct vec3 trunk_or_column(uint64_t i) {
  return i % 2 ? random_point(i) : near_column(i);
}

static struct spine_shape bent(void) {
  struct spine_shape s;
  spine_shape_defaults(&s);
  s.cobb_deg = 30;
  s.deformity[SPINE_L1] = DEFORMITY_WEDGE;
  s.deformity[SPINE_L3] = DEFORMITY_BICONCAVE;
  s.loss[SPINE_L1] = s.loss[SPINE_L3] = 0.45;
  return s;
}

static void nothing_changes_within_the_clear_distance(void **state) {
  (void)state;
  struct spine_shape shape = bent();
  struct spine_body body = make_body(&shape);
  struct scene scene = spine_scene(&body);
  int tested;
  int broken = broken_balls(&tested, &scene, trunk_or_column, 60000);
  assert_true(tested > 50000);
  if (broken) fail_msg("%d of %d clear balls hold an interface", broken, tested);
}

static void dropped_parts_never_matter_inside_the_radius(void **state) {
  (void)state;
  struct spine_shape shape = bent();
  struct spine_body body = make_body(&shape);
  struct scene scene = spine_scene(&body);
  for (uint64_t i = 0; i < 20000; i++) {
    struct vec3 centre = trunk_or_column(i);
    double radius = 1 + 6 * random_uniform(3, 1, i);
    paint_parts parts = scene.parts(scene.model, ~(paint_parts)0, centre, radius);
    struct vec3 p = vec3_along(centre, radius * random_uniform(3, 2, i), random_direction(i));
    struct paint_sample few, all;
    scene.sample(scene.model, parts, p, &few);
    scene.sample(scene.model, ~(paint_parts)0, p, &all);
    if (few.hu != all.hu || few.label != all.label)
      fail_msg("point %llu: %g HU with the parts kept, %g with all", (unsigned long long)i, few.hu,
               all.hu);
  }
}

static void parameters_outside_their_range_are_refused(void **state) {
  (void)state;
  struct spine_phantom p;
  struct phantom_result r = {0};
  spine_phantom_defaults(&p);
  p.shape.loss[SPINE_L2] = 0.9;
  assert_fails(spine_phantom_make(&r, &p), ST_DOMAIN, "permitted 0..0.7");
  spine_phantom_defaults(&p);
  p.shape.cobb_deg = 120;
  assert_fails(spine_phantom_make(&r, &p), ST_DOMAIN, "cobb 120 deg, permitted -80..80");
  spine_phantom_defaults(&p);
  p.scan.spacing[2] = 50;
  assert_fails(spine_phantom_make(&r, &p), ST_DOMAIN, "spacing 50 mm");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bodies_have_the_volume_of_their_closed_form),
      cmocka_unit_test(deformities_take_the_planted_share_off_the_rim),
      cmocka_unit_test(the_planted_scoliosis_is_the_angle_of_the_end_plates),
      cmocka_unit_test(nothing_changes_within_the_clear_distance),
      cmocka_unit_test(dropped_parts_never_matter_inside_the_radius),
      cmocka_unit_test(parameters_outside_their_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
