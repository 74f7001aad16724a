/* Volumes of closed forms: the sum of coverage is the surface's own volume, on any grid. */
#include "core/surface_coverage.h"
#include "tests/check.h"

static struct surface *ball(double radius) {
  struct geometry g = geometry_make(80, 80, 80, 0.7, 0.7, 0.7);
  struct volume *v = NULL;
  struct surface *s = NULL;
  for (int a = 0; a < 3; a++) g.origin[a] = -0.7 * 39.5;
  assert_ok(volume_create(&v, &g, QUANTITY_OTHER));
  for (int64_t k = 0, at = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++, at++)
        v->voxels[at] =
            (float)(radius -
                    vec3_length(geometry_to_world(&g, vec3_make((double)i, (double)j, (double)k))));
  assert_ok(surface_from_volume(&s, v, 0, 1));
  volume_destroy(v);
  return s;
}

static double covered(const struct volume *v) {
  double sum = 0;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) sum += (double)v->voxels[i];
  return sum * geometry_voxel_mm3(&v->grid);
}

static void the_sum_is_the_volume_on_thick_slices(void **state) {
  (void)state;
  struct surface *s = ball(20);
  struct geometry g = geometry_make(70, 70, 18, 0.9, 0.9, 3);
  g.origin[0] = g.origin[1] = -31.3;
  g.origin[2] = -25.1;
  struct volume *v = NULL;
  assert_ok(surface_coverage(&v, s, &g));
  assert_close(covered(v), surface_volume_mm3(s), 5e-4);
  assert_close(covered(v), 4.0 / 3 * 3.14159265358979 * 8000, 3e-3);
  for (int64_t i = 0; i < geometry_voxels(&g); i++)
    assert_true(v->voxels[i] >= 0 && v->voxels[i] <= 1.00001F);
  volume_destroy(v);
  surface_destroy(s);
}

static void an_oblique_grid_gives_the_same_sum(void **state) {
  (void)state;
  struct surface *s = ball(15);
  struct geometry g = geometry_make(60, 60, 60, 1, 0.8, 0.9);
  double c = cos(0.4), q = sin(0.4), turned[9] = {c, -q, 0, q, c, 0, 0, 0, 1};
  memcpy(g.direction, turned, sizeof turned);
  struct vec3 middle = geometry_to_world(&g, vec3_make(29.5, 29.5, 29.5));
  g.origin[0] -= middle.x;
  g.origin[1] -= middle.y;
  g.origin[2] -= middle.z;
  struct volume *v = NULL;
  assert_ok(surface_coverage(&v, s, &g));
  assert_close(covered(v), surface_volume_mm3(s), 5e-4);
  /* whole inside, whole outside */
  assert_near(v->voxels[geometry_index(&g, 30, 30, 30)], 1, 1e-6);
  assert_near(v->voxels[0], 0, 1e-9);
  volume_destroy(v);
  surface_destroy(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_sum_is_the_volume_on_thick_slices),
                                     cmocka_unit_test(an_oblique_grid_gives_the_same_sum)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
