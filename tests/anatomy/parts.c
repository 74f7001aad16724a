/* The small parts against closed forms: sections of an ellipsoid, balls of a mask, spheres through
 * points, the spline on a straight line. */
#include "anatomy/box.h"
#include "anatomy/mask.h"
#include "anatomy/section.h"
#include "anatomy/sphere.h"
#include "core/random.h"
#include "tests/check.h"

static const double PI = 3.14159265358979323846;

/* 0..1 field of an elliptic cylinder along z, semi-axes 17.5 and 14 (area 769.690 mm2). */
static struct volume *elliptic_cylinder(void) {
  struct geometry g = geometry_make(61, 61, 61, 1, 1, 1);
  struct volume *v = NULL;
  for (int a = 0; a < 3; a++) g.origin[a] = -30;
  assert_ok(volume_create(&v, &g, QUANTITY_PROBABILITY));
  for (int64_t k = 0, at = 0; k < 61; k++)
    for (int64_t j = 0; j < 61; j++)
      for (int64_t i = 0; i < 61; i++, at++) {
        double x = (double)(i - 30) / 17.5, y = (double)(j - 30) / 14, r = hypot(x, y);
        v->voxels[at] = (float)fmin(fmax(0.5 + (1 - r) * 15.6 / 6, 0), 1);
      }
  return v;
}

static void a_section_has_the_area_of_its_ellipse(void **state) {
  (void)state;
  struct volume *v = elliptic_cylinder();
  struct section s;
  section_cut(&s, v, vec3_make(2, -1, 3), vec3_make(0, 0, 1), 0.5, 5);
  assert_true(s.found && s.complete);
  assert_close(s.area_mm2, PI * 17.5 * 14, 0.003);
  assert_close(s.perimeter_mm, 99.2, 0.005); /* Ramanujan: 99.19 */
  assert_near(s.centroid.x, 0, 0.02);
  assert_near(s.centroid.y, 0, 0.02);
  /* tilted by 30 degrees about x the section is longer by 1/cos 30 */
  section_cut(&s, v, vec3_make(0, 0, 0), vec3_make(0, sin(PI / 6), cos(PI / 6)), 0.5, 5);
  assert_close(s.area_mm2, PI * 17.5 * 14 / cos(PI / 6), 0.004);
  /* near the end of the box the tilted plane leaves it */
  section_cut(&s, v, vec3_make(0, 0, 28), vec3_make(0, sin(PI / 6), cos(PI / 6)), 0.5, 5);
  assert_true(s.found && !s.complete);
  volume_destroy(v);
}

static void a_mask_grows_by_a_ball_and_back(void **state) {
  (void)state;
  struct mask m;
  assert_ok(mask_create(&m, (int64_t[3]){21, 21, 21}));
  int64_t middle = (10 * 21 + 10) * 21 + 10, inside = 0;
  m.v[middle] = 1;
  assert_ok(mask_grow(&m, 5.3));
  for (int k = -10; k <= 10; k++)
    for (int j = -10; j <= 10; j++)
      for (int i = -10; i <= 10; i++) inside += i * i + j * j + k * k <= 5.3 * 5.3;
  assert_int_equal(mask_count(&m), inside);
  m.v[middle] = 0;
  assert_ok(mask_fill(&m, -1));
  assert_int_equal(mask_count(&m), inside);
  m.v[0] = 1;
  assert_ok(mask_drop_small(&m, 2));
  assert_int_equal(mask_count(&m), inside);
  assert_fails(mask_grow(&m, 20), ST_DOMAIN, "permitted below");
  mask_free(&m);
}

static void a_sphere_goes_through_its_points(void **state) {
  (void)state;
  struct sphere_fit f = {.n = 0};
  struct vec3 d[50], c;
  double r;
  sphere_directions(d, 50);
  for (int i = 0; i < 20; i++) /* one cap only */
    sphere_add(&f, vec3_along(vec3_make(1, -2, 3), 24.5, d[i]), 1 + i % 3);
  assert_true(sphere_solve(&f, &c, &r));
  assert_near(c.x, 1, 1e-9);
  assert_near(c.y, -2, 1e-9);
  assert_near(c.z, 3, 1e-9);
  assert_near(r, 24.5, 1e-9);
}

static void a_box_cut_from_an_oblique_grid_keeps_a_linear_field(void **state) {
  (void)state;
  struct geometry g = geometry_make(60, 60, 30, 0.8, 0.8, 2);
  double c = cos(0.2), s = sin(0.2), turned[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
  struct volume *v = NULL, *box = NULL;
  memcpy(g.direction, turned, sizeof turned);
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t k = 0, at = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++, at++) {
        struct vec3 p = geometry_to_world(&g, vec3_make((double)i, (double)j, (double)k));
        v->voxels[at] = (float)(2 * p.x - 3 * p.y + p.z);
      }
  struct vec3 m = geometry_to_world(&g, vec3_make(30, 30, 15)), half = vec3_make(5, 5, 5);
  assert_ok(box_cut(&box, v, vec3_sub(m, half), vec3_add(m, half), 1, NAN));
  for (int64_t i = 0; i < box->grid.nx; i++) {
    struct vec3 p = box_centre_of(&box->grid, i, 4, 6);
    assert_near(box->voxels[geometry_index(&box->grid, i, 4, 6)], 2 * p.x - 3 * p.y + p.z, 0.02);
  }
  struct volume *none = NULL;
  assert_fails(box_cut(&none, v, vec3_make(900, 0, 0), vec3_make(910, 9, 9), 1, 0), ST_DOMAIN,
               "outside the scan");
  volume_destroy(v);
  volume_destroy(box);
}

/* Index axes z, -x, y: the box runs along them and is made one axis after the other. Turned by 1e-7
 * it is not, and every voxel is a sum over 64 coefficients. */
static void a_box_along_the_axes_equals_the_general_one(void **state) {
  (void)state;
  struct geometry g = geometry_make(14, 17, 20, 1.3, 0.7, 0.9);
  struct volume *v = NULL, *along = NULL, *general = NULL;
  const double axes[9] = {0, -1, 0, 0, 0, 1, 1, 0, 0}, turn = 1e-7;
  memcpy(g.direction, axes, sizeof axes);
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++)
    v->voxels[i] = (float)(100 * random_uniform(7, 1, (uint64_t)i));
  struct vec3 low = vec3_make(-30, -30, -30), high = vec3_make(30, 30, 30); /* beyond the grid */
  assert_ok(box_cut(&along, v, low, high, 0.8, -7));
  v->grid.direction[0] = turn; /* (x, y) of index axis 0 and 1, to first order */
  v->grid.direction[6] = 1;
  v->grid.direction[1] = -1;
  v->grid.direction[7] = turn;
  assert_ok(box_cut(&general, v, low, high, 0.8, -7));
  assert_int_equal(geometry_voxels(&along->grid), geometry_voxels(&general->grid));
  int64_t outside = 0;
  for (int64_t i = 0; i < geometry_voxels(&along->grid); i++) {
    assert_near(along->voxels[i], general->voxels[i], 2e-3);
    outside += along->voxels[i] == -7;
  }
  assert_int_equal(outside, 0); /* the box is clipped to the grid */
  volume_destroy(v);
  volume_destroy(along);
  volume_destroy(general);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_section_has_the_area_of_its_ellipse),
      cmocka_unit_test(a_mask_grows_by_a_ball_and_back),
      cmocka_unit_test(a_sphere_goes_through_its_points),
      cmocka_unit_test(a_box_along_the_axes_equals_the_general_one),
      cmocka_unit_test(a_box_cut_from_an_oblique_grid_keeps_a_linear_field),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
