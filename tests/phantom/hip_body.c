// labels: method property
/* The promise the painter rests on: nothing changes within the distance a sample calls clear; and
 * parts that a tile drops never matter in it. By random points. */
#include "tests/phantom/clear.h"

#include "phantom/hip_body.h"

static struct hip_body body;

static int set_up(void **state) {
  (void)state;
  struct hip_person person;
  struct tissue_table tissue;
  struct phantom_entry entry;
  const double pose[6] = {5, -3, 4, 2, 1, -3};
  person_defaults(&person);
  if (tissue_table_init(&tissue, 70, 0.925, 0.8, BONE_REAL)) return -1;
  if (phantom_registry_find(&entry, "mindways-model3-ct", NULL)) return -1;
  static struct hip_person kept;
  kept = person;
  hip_body_init(&body, &kept, &tissue, pose);
  body.bench.table = 1;
  body.bench.top_y_mm = 140;
  bench_phantom(&body.bench, &entry, &tissue);
  return 0;
}

static struct vec3 random_point(uint64_t i, double spread_x) {
  return vec3_make(92 + spread_x * (random_uniform(1, 1, i) - 0.5),
                   20 + 300 * (random_uniform(1, 2, i) - 0.5),
                   -30 + 190 * (random_uniform(1, 3, i) - 0.5));
}

static struct vec3 anywhere(uint64_t i) {
  return random_point(i, 230);
}

static void nothing_changes_within_the_clear_distance(void **state) {
  (void)state;
  struct scene scene = hip_scene(&body);
  int tested;
  int broken = broken_balls(&tested, &scene, anywhere, 120000);
  assert_true(tested > 100000);
  /* the slopes of fascia, septa and layers are measured, not derived: at most 1 in 2000 */
  if (broken * 2000 > tested) fail_msg("%d of %d clear balls hold an interface", broken, tested);
}

static void the_femur_is_clear_where_it_says_so(void **state) {
  (void)state;
  int broken = 0, tested = 0;
  for (uint64_t i = 0; i < 200000; i++) {
    struct vec3 p =
        vec3_make(25 + 110 * (random_uniform(3, 1, i) - 0.5), 90 * (random_uniform(3, 2, i) - 0.5),
                  -50 + 160 * (random_uniform(3, 3, i) - 0.5));
    double a = digital_femur_solid(&body.femur, p), clear = digital_femur_clear(a);
    struct vec3 q = vec3_along(p, 0.999 * clear, random_direction(i));
    double b = digital_femur_solid(&body.femur, q);
    tested++;
    broken += (a < 0) != (b < 0);
  }
  assert_int_equal(broken, 0);
  assert_int_equal(tested, 200000);
}

static void dropped_parts_never_matter_inside_the_radius(void **state) {
  (void)state;
  struct scene scene = hip_scene(&body);
  for (uint64_t i = 0; i < 60000; i++) {
    struct vec3 p = random_point(i, 230);
    double radius = 1 + 9 * random_uniform(4, 1, i);
    paint_parts parts = scene.parts(scene.model, ~(paint_parts)0, p, radius);
    struct vec3 q = vec3_along(p, radius * random_uniform(4, 2, i), random_direction(i));
    struct paint_sample all, some;
    scene.sample(scene.model, ~(paint_parts)0, q, &all);
    scene.sample(scene.model, parts, q, &some);
    if (all.hu != some.hu || all.label != some.label)
      fail_msg("at %g %g %g: HU %g label %d, without the dropped parts %g, %d (radius %g)", q.x,
               q.y, q.z, all.hu, all.label, some.hu, some.label, radius);
  }
}

/* 30 drawn people: near every pelvic point lies no femur. */
static void femur_and_pelvis_never_touch(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 30; seed++) {
    struct hip_person person;
    struct tissue_table tissue;
    struct hip_body b;
    person_draw(&person, seed, 0, NULL, NULL);
    assert_ok(tissue_table_init(&tissue, 70, 0.925, 0.8, BONE_REAL));
    hip_body_init(&b, &person, &tissue, NULL);
    struct scene scene = hip_scene(&b);
    for (uint64_t i = 0; i < 4000; i++) {
      struct vec3 p = vec3_scale(random_direction(i), 18 + 30 * random_uniform(5, seed, i));
      struct vec3 world = hip_body_to_world(&b, SIDE_LEFT, p);
      struct vec3 near = vec3_along(world, 2, random_direction(i + 50000));
      struct paint_sample one, other;
      scene.sample(scene.model, ~(paint_parts)0, world, &one);
      if (one.label != LABEL_HIP_LEFT) continue;
      scene.sample(scene.model, ~(paint_parts)0, near, &other);
      assert_int_not_equal(other.label, LABEL_FEMUR_LEFT);
    }
  }
}

static void both_sides_mirror_each_other(void **state) {
  (void)state;
  struct hip_body straight = body;
  straight.bench.phantom = 0;
  straight.femur.person = &straight.person;
  const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  memcpy(straight.rotation, identity, sizeof identity);
  straight.shift = vec3_make(0, 0, 0);
  struct scene scene = hip_scene(&straight);
  for (uint64_t i = 0; i < 20000; i++) {
    struct vec3 p = random_point(i, 230), m = vec3_make(-p.x, p.y, p.z);
    struct paint_sample a, b;
    scene.sample(scene.model, ~(paint_parts)0, p, &a);
    scene.sample(scene.model, ~(paint_parts)0, m, &b);
    assert_near(a.hu, b.hu, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_changes_within_the_clear_distance),
      cmocka_unit_test(the_femur_is_clear_where_it_says_so),
      cmocka_unit_test(dropped_parts_never_matter_inside_the_radius),
      cmocka_unit_test(femur_and_pelvis_never_touch),
      cmocka_unit_test(both_sides_mirror_each_other),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
