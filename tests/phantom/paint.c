// labels: method
/* Painted volumes of a sphere and a slab against closed forms, on straight, oblique, coarse and
 * overlapping grids. */
#include "tests/check.h"

#include "core/parallel.h"
#include "phantom/paint.h"
#include "phantom/solid.h"

enum { BALL = 7 };
static const double radius = 24.5, ball_mm3 = 61600.87;

static void ball(const void *model, paint_parts parts, struct vec3 p, struct paint_sample *out) {
  (void)model, (void)parts;
  double value = solid_length(vec3_sub(p, vec3_make(0.3, -0.2, 0.11))) - radius;
  *out = (struct paint_sample){.hu = value < 0 ? 1000 : 0, .hard = fabs(value), .soft = 1e9};
  out->label = value < 0 ? BALL : 0;
}

static void slab(const void *model, paint_parts parts, struct vec3 p, struct paint_sample *out) {
  (void)parts;
  double half = *(const double *)model, value = fabs(p.z) - half;
  *out = (struct paint_sample){.hu = value < 0 ? 1000 : 0, .hard = fabs(value), .soft = 1e9};
}

static paint_parts all(const void *model, paint_parts among, struct vec3 centre, double r) {
  (void)model, (void)centre, (void)r;
  return among;
}

static struct geometry centred(int64_t n, double s, double sz) {
  struct geometry g = geometry_make(n, n, (int64_t)ceil((double)n * s / sz), s, s, sz);
  struct vec3 half =
      vec3_make(0.5 * (double)(g.nx - 1), 0.5 * (double)(g.ny - 1), 0.5 * (double)(g.nz - 1));
  struct vec3 c = geometry_to_world(&g, half);
  g.origin[0] = -c.x;
  g.origin[1] = -c.y;
  g.origin[2] = -c.z;
  return g;
}

static double coverage_mm3(const struct geometry *g, int depth, double tolerance) {
  struct paint_options o = {.depth = depth, .tolerance_hu = tolerance, .coverage_label = BALL};
  struct scene scene = {.sample = ball, .parts = all};
  struct painted p;
  assert_ok(paint_scene(&p, &scene, g, &o));
  double sum = parallel_sum_float(p.coverage->voxels, geometry_voxels(g));
  painted_free(&p);
  return sum * geometry_voxel_mm3(g);
}

static void sphere_has_its_volume_at_one_millimetre(void **state) {
  (void)state;
  struct geometry g = centred(56, 1, 1);
  assert_close(coverage_mm3(&g, 3, 1), ball_mm3, 5e-4);
}

static void sphere_has_its_volume_on_thick_and_oblique_slices(void **state) {
  (void)state;
  struct geometry thick = centred(60, 0.9, 4);
  assert_close(coverage_mm3(&thick, 3, 1), ball_mm3, 1e-3);
  struct geometry oblique = centred(64, 1, 1);
  double c = cos(0.4), s = sin(0.4);
  const double turned[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
  memcpy(oblique.direction, turned, sizeof turned);
  struct vec3 middle = geometry_to_world(&oblique, vec3_make(31.5, 31.5, 31.5));
  oblique.origin[0] -= middle.x;
  oblique.origin[1] -= middle.y;
  oblique.origin[2] -= middle.z;
  assert_close(coverage_mm3(&oblique, 3, 1), ball_mm3, 1e-3);
}

static void deeper_splitting_lowers_the_bound(void **state) {
  (void)state;
  struct geometry g = centred(56, 1, 1);
  struct scene scene = {.sample = ball, .parts = all};
  double bound[3];
  for (int depth = 1; depth <= 3; depth++) {
    struct paint_options o = {.depth = depth, .tolerance_hu = 1e-3};
    struct painted p;
    assert_ok(paint_scene(&p, &scene, &g, &o));
    bound[depth - 1] = p.bound_mean_hu;
    painted_free(&p);
  }
  assert_true(bound[1] < 0.7 * bound[0] && bound[2] < 0.7 * bound[1]);
}

/* Slices thicker than their distance: each sees the share of the slab within its own box. */
static void slice_thickness_is_the_box_of_the_profile(void **state) {
  (void)state;
  double half = 2.5; /* slab of 5 mm */
  struct scene scene = {.model = &half, .sample = slab, .parts = all};
  struct geometry g = centred(4, 1, 1);
  g.nz = 1;
  g.origin[2] = 1; /* the box 1 +- 3 mm holds -2..2.5 of the slab */
  struct paint_options o = {.depth = 5, .tolerance_hu = 0.05, .thickness_mm = 6};
  struct painted p;
  assert_ok(paint_scene(&p, &scene, &g, &o));
  assert_near((double)p.hu->voxels[5], 1000 * 4.5 / 6, 8);
  painted_free(&p);
}

static void threads_change_nothing(void **state) {
  (void)state;
  struct geometry g = centred(40, 1.5, 2);
  struct scene scene = {.sample = ball, .parts = all};
  struct painted a, b;
  parallel_set_threads(1);
  assert_ok(paint_scene(&a, &scene, &g, NULL));
  parallel_set_threads(2);
  assert_ok(paint_scene(&b, &scene, &g, NULL));
  assert_memory_equal(a.hu->voxels, b.hu->voxels, sizeof(float) * (size_t)geometry_voxels(&g));
  painted_free(&a);
  painted_free(&b);
}

static void an_impossible_depth_is_refused(void **state) {
  (void)state;
  struct geometry g = centred(4, 1, 1);
  struct scene scene = {.sample = ball, .parts = all};
  struct paint_options o = {.depth = 9, .tolerance_hu = 1};
  struct painted p;
  assert_fails(paint_scene(&p, &scene, &g, &o), ST_DOMAIN, "depth 9, permitted 0..5");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sphere_has_its_volume_at_one_millimetre),
      cmocka_unit_test(sphere_has_its_volume_on_thick_and_oblique_slices),
      cmocka_unit_test(deeper_splitting_lowers_the_bound),
      cmocka_unit_test(slice_thickness_is_the_box_of_the_profile),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(an_impossible_depth_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
