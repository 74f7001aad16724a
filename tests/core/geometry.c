// labels: method
// Grids: index <-> world against hand-computed positions, and the guards of geometry_check and
// _match; eigenvalues against closed forms.
#include "core/body.h"
#include "core/eigen.h"
#include "core/volume.h"
#include "tests/check.h"

static void oblique_grid_maps_index_to_world_and_back(void **state) {
  (void)state;
  struct geometry g = geometry_make(4, 5, 6, 0.5, 2, 3);
  /* index x runs along +y, index y along -x: a quarter turn about z */
  memset(g.direction, 0, sizeof g.direction);
  g.direction[1] = -1;
  g.direction[3] = 1;
  g.direction[8] = 1;
  g.origin[0] = 10;
  struct vec3 w = geometry_to_world(&g, vec3_make(2, 1, 1));
  assert_near(w.x, 8, 1e-12);
  assert_near(w.y, 1, 1e-12);
  assert_near(w.z, 3, 1e-12);
  struct vec3 i = geometry_to_index(&g, w);
  assert_near(i.x, 2, 1e-12);
  assert_near(i.y, 1, 1e-12);
  assert_near(i.z, 1, 1e-12);
}

static void zero_spacing_is_refused_with_its_value(void **state) {
  (void)state;
  struct geometry g = geometry_make(2, 2, 2, 1, 0, 1);
  assert_fails(geometry_check(&g, 4), ST_DOMAIN, "axis 1 is 0 mm");
}

static void sheared_direction_is_refused(void **state) {
  (void)state;
  struct geometry g = geometry_make(2, 2, 2, 1, 1, 1);
  g.direction[2] = 0.1;
  assert_fails(geometry_check(&g, 4), ST_DOMAIN, "dot product");
}

static void grids_apart_by_more_than_tolerance_do_not_match(void **state) {
  (void)state;
  struct geometry a = geometry_make(10, 10, 10, 1, 1, 1), b = a;
  b.origin[2] = 0.01;
  assert_fails(geometry_match(&a, "image", &b, "labels", 1e-3), ST_DOMAIN, "0.01 mm apart");
  assert_ok(geometry_match(&a, "image", &b, "labels", 0.02));
}

static void trilinear_sample_is_exact_for_a_linear_field_and_nan_outside(void **state) {
  (void)state;
  struct geometry g = geometry_make(4, 4, 4, 0.5, 1, 2);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int k = 0; k < 4; k++)
    for (int j = 0; j < 4; j++)
      for (int i = 0; i < 4; i++)
        v->voxels[geometry_index(&g, i, j, k)] = (float)(i + 10 * j + 100 * k);
  assert_near(volume_sample(v, vec3_make(0.75, 1.5, 3)), 1.5 + 15 + 150, 1e-9);
  assert_near(volume_sample(v, vec3_make(1.5, 3, 6)), 333, 1e-9);
  assert_true(isnan(volume_sample(v, vec3_make(1.6, 3, 6))));
  v->voxels[0] = NAN;
  assert_true(isnan(volume_sample(v, vec3_make(0.1, 0, 0))));
  assert_near(volume_sample(v, vec3_make(0.5, 0, 0)), 1, 1e-9);
  volume_destroy(v);
}

/* Second differences with fixed ends: eigenvalues 2 - 2 cos(k pi / (n + 1)). The vectors are unit,
 * stand on each other and give the matrix back. */
static void eigenvalues_of_second_differences_are_those_of_the_closed_form(void **state) {
  (void)state;
  for (int n = 1; n <= 6; n++) {
    double a[36] = {0}, before[36], value[6], vector[36];
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) a[i * n + j] = i == j ? 2 : abs(i - j) == 1 ? -1 : 0;
    memcpy(before, a, sizeof a);
    eigen_symmetric(value, vector, a, n);
    for (int k = 0; k < n; k++)
      assert_near(value[k], 2 - 2 * cos((k + 1) * acos(-1) / (n + 1)), 1e-14);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        double dot = 0, back = 0;
        for (int k = 0; k < n; k++) {
          dot += vector[k * n + i] * vector[k * n + j];
          back += vector[i * n + k] * value[k] * vector[j * n + k];
        }
        assert_near(dot, i == j, 1e-14);
        assert_near(back, before[i * n + j], 1e-14);
      }
  }
}

static void equal_and_zero_eigenvalues_do_no_harm(void **state) {
  (void)state;
  double none[9] = {0}, same[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3}, value[3], vector[9];
  double rank_one[9] = {1, 2, 2, 2, 4, 4, 2, 4, 4}; /* of (1, 2, 2): 9, 0, 0 */
  eigen_symmetric(value, vector, none, 3);
  assert_true(value[0] == 0 && value[2] == 0 && vector[0] == 1 && vector[1] == 0);
  eigen_symmetric(value, NULL, same, 3);
  assert_true(value[0] == 3 && value[2] == 3);
  eigen_symmetric(value, vector, rank_one, 3);
  assert_near(value[0], 0, 1e-14);
  assert_near(value[1], 0, 1e-14);
  assert_near(value[2], 9, 1e-14);
  assert_near(fabs(vector[2]), 1.0 / 3, 1e-14);
}

/* Slices lie across the coarsest axis; those of cubic voxels across the body's long axis, also
 * where sizes were rounded to single precision, whatever the order of the axes. */
static void slices_lie_across_one_axis_of_the_body_in_any_order(void **state) {
  (void)state;
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  static const struct {
    double mm[3]; /* along left, posterior, superior */
    int world;    /* the slices lie across */
  } cases[] = {{{1, 1, 1}, 2},
               {{1, 1.00001, 0.99999}, 2},
               {{0.7, 0.7, 3}, 2},
               {{3, 0.7, 0.7}, 0},
               {{0.5, 2, 0.5}, 1}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    for (int o = 0; o < 6; o++) {
      const int *order = orders[o]; /* world axis of each index axis */
      struct geometry g = geometry_make(4, 4, 4, cases[c].mm[order[0]], cases[c].mm[order[1]],
                                        cases[c].mm[order[2]]);
      for (int w = 0; w < 3; w++)
        for (int a = 0; a < 3; a++) g.direction[3 * w + a] = order[a] == w ? (a ? 1 : -1) : 0;
      assert_int_equal(order[geometry_slice_axis(&g)], cases[c].world);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(oblique_grid_maps_index_to_world_and_back),
      cmocka_unit_test(slices_lie_across_one_axis_of_the_body_in_any_order),
      cmocka_unit_test(zero_spacing_is_refused_with_its_value),
      cmocka_unit_test(sheared_direction_is_refused),
      cmocka_unit_test(grids_apart_by_more_than_tolerance_do_not_match),
      cmocka_unit_test(eigenvalues_of_second_differences_are_those_of_the_closed_form),
      cmocka_unit_test(equal_and_zero_eigenvalues_do_no_harm),
      cmocka_unit_test(trilinear_sample_is_exact_for_a_linear_field_and_nan_outside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
