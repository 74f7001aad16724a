/* Alignment by closest points against motions that are known, the nearest points against looking
 * at every one. */
#include "core/align.h"

#include "core/random.h"
#include "tests/check.h"

#include <stdlib.h>

enum { POINTS = 4000 };

/* A bumpy potato of about 30 mm with its normals, the same for every seed of places. */
static void potato(struct vec3 *p, struct vec3 *normal, int n) {
  const double golden = 3.14159265358979323846 * (3 - sqrt(5)), d = 1e-5;
  for (int i = 0; i < n; i++) {
    const double z = 1 - 2 * (i + 0.5) / n, r = sqrt(1 - z * z), a = golden * i;
    struct vec3 at[3];
    for (int k = 0; k < 3; k++) { /* the place, and beside it along both angles */
      const double t = a + (k == 1 ? d : 0), height = z + (k == 2 ? d : 0);
      const double w = k == 2 ? sqrt(1 - height * height) : r;
      const struct vec3 u = {w * cos(t), w * sin(t), height};
      const double radius = 30 + 4 * u.x + 6 * u.y * u.y + 5 * u.x * u.z + 3 * u.z * u.z * u.z;
      at[k] = vec3_scale(u, radius);
    }
    p[i] = at[0];
    normal[i] = vec3_unit(vec3_cross(vec3_sub(at[1], at[0]), vec3_sub(at[2], at[0])));
  }
}

static void the_nearest_point_is_that_of_looking_at_all(void **state) {
  (void)state;
  static struct vec3 p[POINTS];
  struct point_tree *t = NULL;
  for (uint64_t i = 0; i < POINTS; i++) {
    p[i] = vec3_make(random_uniform(1, 0, i), 2 * random_uniform(1, 1, i),
                     5 * random_uniform(1, 2, i));
    if (i % 7 == 0) p[i].x = 0.5; /* many alike along an axis */
  }
  assert_ok(point_tree_create(&t, p, POINTS));
  for (uint64_t q = 0; q < 500; q++) {
    const struct vec3 at = {2 * random_uniform(2, 0, q) - 0.5, 2 * random_uniform(2, 1, q),
                            5 * random_uniform(2, 2, q)};
    double found, least = INFINITY;
    point_tree_nearest(t, at, &found);
    for (int i = 0; i < POINTS; i++) least = fmin(least, vec3_length(vec3_sub(p[i], at)));
    assert_true(found == least);
  }
  point_tree_destroy(t);
}

static void check(double scale, bool with_scale) {
  static struct vec3 fixed[POINTS], normal[POINTS], moving[POINTS];
  struct align_options o = ALIGN_DEFAULTS;
  struct align_result r;
  const double c = cos(0.2), s = sin(0.2);
  const struct motion known = {
      {{c, -s, 0}, {c * s, c * c, -s}, {s * s, c * s, c}}, scale, {2, -3, 1.5}};
  const struct motion inverse = motion_inverse(&known);
  o.scale = with_scale;
  potato(fixed, normal, POINTS);
  for (int i = 0; i < POINTS; i++) moving[i] = motion_apply(&inverse, fixed[i]);
  assert_ok(align_points(&r, moving, POINTS / 2, fixed, normal, POINTS, NULL, &o));
  assert_near(r.motion.scale, scale, 1e-9);
  for (int i = 0; i < POINTS; i++)
    assert_true(vec3_length(vec3_sub(motion_apply(&r.motion, moving[i]), fixed[i])) < 1e-6);
  assert_true(r.nearest_mm < 1e-6 && r.rms_mm < 1e-6);
}

static void a_known_motion_is_found(void **state) {
  (void)state;
  check(1, false);
  check(1.1, true);
}

/* A quarter of the points strayed by up to 20 mm: left out, they do not pull. */
static void strays_are_left_out(void **state) {
  (void)state;
  static struct vec3 fixed[POINTS], normal[POINTS], moving[POINTS];
  struct align_options o = ALIGN_DEFAULTS;
  struct align_result r;
  o.left_out = 0.3;
  potato(fixed, normal, POINTS);
  for (int i = 0; i < POINTS; i++) {
    moving[i] = vec3_add(fixed[i], vec3_make(1, 1, 0.5));
    if (i % 4 == 0) moving[i] = vec3_along(moving[i], 5 + i % 16, normal[i]);
  }
  assert_ok(align_points(&r, moving, POINTS, fixed, normal, POINTS, NULL, &o));
  assert_near(vec3_length(vec3_sub(r.motion.shift, vec3_make(-1, -1, -0.5))), 0, 0.05);
}

static void shapes_that_fix_nothing_are_refused(void **state) {
  (void)state;
  static struct vec3 ball[POINTS], normal[POINTS];
  struct align_result r;
  potato(ball, normal, POINTS);
  for (int i = 0; i < POINTS; i++) {
    normal[i] = vec3_unit(ball[i]);
    ball[i] = vec3_scale(normal[i], 20);
  }
  assert_fails(align_points(&r, ball, POINTS, ball, normal, POINTS, NULL, NULL), ST_NUMERIC,
               "does not fix");
  assert_fails(align_points(&r, ball, 5, ball, normal, POINTS, NULL, NULL), ST_DOMAIN,
               "5 and 4000 points");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_nearest_point_is_that_of_looking_at_all),
      cmocka_unit_test(a_known_motion_is_found),
      cmocka_unit_test(strays_are_left_out),
      cmocka_unit_test(shapes_that_fix_nothing_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
