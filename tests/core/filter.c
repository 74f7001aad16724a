// Filters against closed forms: spheres, polynomials, exact variances, brute force.
#include "core/filter.h"
#include "core/parallel.h"
#include "tests/check.h"

static struct volume *ramp(struct geometry g, double ax, double ay, double az) {
  struct volume *v;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++)
        v->voxels[geometry_index(&g, i, j, k)] =
            (float)(ax * (double)i + ay * (double)j + az * (double)k);
  return v;
}

/* Rotation by `deg` about z, then axes as columns. */
static void turn(struct geometry *g, double deg) {
  double c = cos(deg * acos(-1.0) / 180), s = sin(deg * acos(-1.0) / 180);
  const double d[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
  memcpy(g->direction, d, sizeof d);
}

static void linear_resampling_reproduces_a_ramp_on_a_turned_grid(void **state) {
  (void)state;
  struct volume *v = ramp(geometry_make(20, 20, 20, 1, 2, 1.5), 1, -2, 3), *r;
  struct geometry to = geometry_make(5, 6, 7, 0.7, 0.9, 1.1);
  turn(&to, 20);
  to.origin[0] = 8, to.origin[1] = 12, to.origin[2] = 5;
  assert_ok(filter_resample(&r, v, &to, INTERPOLATE_LINEAR, NAN));
  for (int64_t n = 0; n < geometry_voxels(&to); n++) {
    struct vec3 w =
        geometry_to_world(&to, vec3_make((double)(n % 5), (double)(n / 5 % 6), (double)(n / 30)));
    assert_near((double)r->voxels[n], w.x - w.y + 2 * w.z, 1e-4);
  }
  volume_destroy(v);
  volume_destroy(r);
}

static void outside_and_no_data_are_told_apart(void **state) {
  (void)state;
  struct volume *v = ramp(geometry_make(4, 4, 4, 1, 1, 1), 1, 0, 0), *r;
  v->voxels[geometry_index(&v->grid, 1, 1, 1)] = NAN;
  struct geometry to = geometry_make(4, 1, 1, 1, 1, 1);
  to.origin[0] = 0.5, to.origin[1] = to.origin[2] = 1;
  assert_ok(filter_resample(&r, v, &to, INTERPOLATE_LINEAR, -7));
  assert_true(isnan(r->voxels[0]) && isnan(r->voxels[1]));
  assert_near((double)r->voxels[2], 2.5, 1e-6);
  assert_near((double)r->voxels[3], 3, 1e-6); /* outer half voxel: border value */
  volume_destroy(r);
  to.origin[0] = 1.51;
  assert_ok(filter_resample(&r, v, &to, INTERPOLATE_LINEAR, -7));
  assert_near((double)r->voxels[3], -7, 0);
  volume_destroy(r);
  assert_fails(filter_resample(&r, v, &to, INTERPOLATE_CUBIC, 0), ST_DOMAIN, "no data");
  volume_destroy(v);
}

/* A cubic B-spline of order 3 reproduces cubic polynomials (away from the mirrored border). */
static void cubic_resampling_reproduces_a_cubic(void **state) {
  (void)state;
  struct geometry g = geometry_make(41, 9, 9, 1, 1, 1);
  struct volume *v = ramp(g, 0, 0, 0), *r;
  for (int64_t n = 0; n < geometry_voxels(&g); n++) {
    double x = (double)(n % 41 - 20) / 10;
    v->voxels[n] = (float)(x * x * x - x);
  }
  struct geometry to = geometry_make(4, 1, 1, 1, 1, 1);
  to.origin[0] = 18.3, to.origin[1] = to.origin[2] = 4;
  assert_ok(filter_resample(&r, v, &to, INTERPOLATE_CUBIC, NAN));
  for (int i = 0; i < 4; i++) {
    double x = (18.3 + i - 20) / 10;
    assert_near((double)r->voxels[i], x * x * x - x, 2e-6);
  }
  volume_destroy(v);
  volume_destroy(r);
}

static void averaging_keeps_the_sum(void **state) {
  (void)state;
  struct volume *v = ramp(geometry_make(12, 12, 12, 0.5, 0.5, 0.5), 3, 5, 7), *r;
  struct geometry to = geometry_make(4, 4, 4, 1.5, 1.5, 1.5);
  for (int a = 0; a < 3; a++) to.origin[a] = 0.5;
  assert_ok(filter_average_to(&r, v, &to, NAN));
  assert_near((double)r->voxels[0], 15, 1e-5); /* mean over indices 0..2: 3 + 5 + 7 */
  double a = parallel_sum_float(v->voxels, 12 * 12 * 12), b = parallel_sum_float(r->voxels, 64);
  assert_close(b * 27, a, 1e-6);
  volume_destroy(r);
  turn(&to, 10);
  assert_fails(filter_average_to(&r, v, &to, NAN), ST_DOMAIN, "10 degrees");
  volume_destroy(v);
}

static void isotropic_grid_covers_the_same_box(void **state) {
  (void)state;
  struct geometry g = geometry_make(10, 20, 30, 0.7, 0.7, 3);
  struct geometry to = geometry_isotropic(&g, 1);
  assert_int_equal(to.nx, 7);
  assert_int_equal(to.ny, 14);
  assert_int_equal(to.nz, 90);
  assert_near(to.origin[2], -1.5 + 0.5, 1e-12);
}

static void orienting_keeps_every_voxel_where_it_is(void **state) {
  (void)state;
  struct geometry g = geometry_make(3, 4, 5, 1, 2, 3);
  /* index axes along -z, x, -y (feet first, turned) */
  const double d[9] = {0, 1, 0, 0, 0, -1, -1, 0, 0};
  memcpy(g.direction, d, sizeof d);
  g.origin[0] = 10, g.origin[1] = 20, g.origin[2] = 30;
  struct volume *v = ramp(g, 1, 10, 100), *r;
  assert_ok(filter_orient(&r, v));
  assert_int_equal(r->grid.nx, 4);
  assert_int_equal(r->grid.ny, 5);
  assert_int_equal(r->grid.nz, 3);
  for (int a = 0; a < 9; a++) assert_near(r->grid.direction[a], a % 4 == 0, 0);
  for (int64_t n = 0; n < geometry_voxels(&g); n++) {
    struct vec3 w =
        geometry_to_world(&g, vec3_make((double)(n % 3), (double)(n / 3 % 4), (double)(n / 12)));
    assert_near(volume_sample(r, w), (double)v->voxels[n], 0);
  }
  volume_destroy(v);
  volume_destroy(r);
}

static void crop_is_clipped_and_keeps_places(void **state) {
  (void)state;
  struct volume *v = ramp(geometry_make(6, 6, 6, 1, 1, 2), 1, 10, 100), *r;
  const int64_t lo[3] = {2, -5, 3}, hi[3] = {3, 1, 99}, beyond[3] = {9, 9, 9};
  assert_ok(filter_crop(&r, v, lo, hi));
  assert_int_equal(r->grid.nx * 100 + r->grid.ny * 10 + r->grid.nz, 223);
  assert_near((double)r->voxels[0], 302, 0);
  assert_near(r->grid.origin[2], 6, 0);
  volume_destroy(r);
  assert_fails(filter_crop(&r, v, beyond, beyond), ST_DOMAIN, "leaves nothing");
  volume_destroy(v);
}

/* The variance of the smoothed impulse is sigma^2 along each axis, at any width. */
static void gaussian_has_its_variance(void **state) {
  (void)state;
  const double sigmas[] = {0.3, 0.9, 2.0};
  for (int s = 0; s < 3; s++) {
    struct volume *v = ramp(geometry_make(41, 41, 41, 1, 1, 0.5), 0, 0, 0), *r;
    v->voxels[geometry_index(&v->grid, 20, 20, 20)] = 1000;
    assert_ok(filter_gaussian(&r, v, sigmas[s]));
    double sum = 0, xx = 0, zz = 0;
    for (int64_t n = 0; n < 41 * 41 * 41; n++) {
      double x = (double)(n % 41 - 20), z = (double)(n / 1681 - 20) * 0.5, w = (double)r->voxels[n];
      sum += w, xx += w * x * x, zz += w * z * z;
    }
    assert_close(sum, 1000.0, 2e-6);
    assert_close(xx / sum, sigmas[s] * sigmas[s], 1e-4);
    assert_close(zz / sum, sigmas[s] * sigmas[s], 1e-4); /* 10 mm: 5 sigma of room */
    volume_destroy(v);
    volume_destroy(r);
  }
}

/* 0 along an axis leaves it as it is. */
static void gaussian_of_each_axis_has_its_own_variance(void **state) {
  (void)state;
  const double sigma[3] = {0.9, 0, 0.4};
  struct volume *v = ramp(geometry_make(21, 3, 21, 1, 1, 0.5), 0, 0, 0), *r;
  v->voxels[geometry_index(&v->grid, 10, 1, 10)] = 1000;
  assert_ok(filter_gaussian_axes(&r, v, sigma));
  double sum = 0, xx = 0, yy = 0, zz = 0;
  for (int64_t n = 0; n < 21 * 3 * 21; n++) {
    double x = (double)(n % 21 - 10), y = (double)(n / 21 % 3 - 1), z = (double)(n / 63 - 10) * 0.5;
    double w = (double)r->voxels[n];
    sum += w, xx += w * x * x, yy += w * y * y, zz += w * z * z;
  }
  assert_close(sum, 1000.0, 2e-6);
  assert_close(xx / sum, 0.81, 1e-4);
  assert_near(yy, 0, 0);
  assert_close(zz / sum, 0.16, 1e-4);
  volume_destroy(v);
  volume_destroy(r);
}

static void gaussian_leaves_no_data_alone(void **state) {
  (void)state;
  struct volume *v = ramp(geometry_make(16, 16, 16, 1, 1, 1), 0, 0, 0), *r;
  for (int64_t n = 0; n < 4096; n++) v->voxels[n] = n % 16 < 8 ? 50 : NAN;
  assert_ok(filter_gaussian(&r, v, 1.5));
  for (int64_t n = 0; n < 4096; n++) {
    if (n % 16 < 8)
      assert_near((double)r->voxels[n], 50, 1e-4);
    else
      assert_true(isnan(r->voxels[n]));
  }
  assert_fails(filter_gaussian(&r, v, -1), ST_DOMAIN, "-1 mm");
  volume_destroy(v);
  volume_destroy(r);
}

static struct labels *blank(struct geometry g) {
  struct labels *l;
  assert_ok(labels_create(&l, &g));
  return l;
}

static bool has_other_neighbour(const struct labels *l, int64_t n) {
  const struct geometry *g = &l->grid;
  int64_t i = n % g->nx, j = n / g->nx % g->ny, k = n / (g->nx * g->ny);
  for (int d = 0; d < 6; d++) {
    int64_t x = i + (d == 0) - (d == 1), y = j + (d == 2) - (d == 3), z = k + (d == 4) - (d == 5);
    if (geometry_inside(g, x, y, z) && l->voxels[geometry_index(g, x, y, z)] != l->voxels[n])
      return true;
  }
  return false;
}

static void distance_equals_brute_force_over_the_two_sheets(void **state) {
  (void)state;
  struct geometry g = geometry_make(13, 11, 9, 0.7, 1, 2.5);
  struct labels *l = blank(g);
  unsigned seed = 5;
  for (int64_t n = 0; n < geometry_voxels(&g); n++) {
    seed = seed * 1664525u + 1013904223u;
    l->voxels[n] = seed >> 24 < 20 ? 3 : 0;
  }
  struct volume *d;
  assert_ok(filter_distance(&d, l, 3));
  for (int64_t n = 0; n < geometry_voxels(&g); n++) {
    double best[2] = {INFINITY, INFINITY};
    for (int64_t m = 0; m < geometry_voxels(&g); m++) {
      if (!has_other_neighbour(l, m)) continue;
      double x = (double)(n % 13 - m % 13) * 0.7, y = (double)(n / 13 % 11 - m / 13 % 11);
      double z = (double)(n / 143 - m / 143) * 2.5, *b = &best[l->voxels[m] != 0];
      *b = fmin(*b, sqrt(x * x + y * y + z * z));
    }
    double expected = (best[0] + best[1]) / 2;
    assert_near((double)d->voxels[n], l->voxels[n] ? -expected : expected, 1e-5);
  }
  volume_destroy(d);
  assert_fails(filter_distance(&d, l, 9), ST_DOMAIN, "label 9");
  labels_destroy(l);
}

static void distance_to_a_slab_is_exact(void **state) {
  (void)state;
  struct labels *l = blank(geometry_make(3, 3, 10, 1, 1, 2));
  for (int64_t n = 36; n < 63; n++) l->voxels[n] = 1; /* slices 4..6: faces at z = 7 and 13 */
  struct volume *d;
  assert_ok(filter_distance(&d, l, 1));
  for (int k = 0; k < 10; k++)
    assert_near((double)d->voxels[9 * k + 4], fabs(2.0 * k - 10) - 3, 1e-6);
  volume_destroy(d);
  labels_destroy(l);
}

static struct labels *ball(double radius) {
  struct geometry g = geometry_make(61, 61, 41, 0.5, 0.5, 0.75);
  struct labels *l = blank(g);
  for (int64_t n = 0; n < geometry_voxels(&g); n++) {
    double x = (double)(n % 61 - 30) * 0.5, y = (double)(n / 61 % 61 - 30) * 0.5;
    double z = (double)(n / 3721 - 20) * 0.75;
    l->voxels[n] = sqrt(x * x + y * y + z * z) < radius;
  }
  return l;
}

static void distance_to_a_sphere_is_radial(void **state) {
  (void)state;
  struct labels *l = ball(8);
  struct volume *d;
  assert_ok(filter_distance(&d, l, 1));
  /* the voxelised sphere lies within half a voxel diagonal of the true one */
  const double half = 0.5 * sqrt(0.25 + 0.25 + 0.5625);
  for (int i = -30; i <= 30; i += 3)
    assert_near((double)d->voxels[geometry_index(&l->grid, 30 + i, 30, 20)], abs(i) * 0.5 - 8,
                half);
  volume_destroy(d);
  labels_destroy(l);
}

static void growing_and_shrinking_change_the_volume_of_a_ball_as_they_should(void **state) {
  (void)state;
  const double radii[] = {2, -2};
  for (int r = 0; r < 2; r++) {
    struct labels *l = ball(8);
    assert_ok(filter_grow(l, 1, radii[r], 0));
    double volume = (double)labels_count(l, 1) * geometry_voxel_mm3(&l->grid);
    double effective = cbrt(volume * 3 / (4 * acos(-1.0)));
    assert_near(effective, 8 + radii[r], 0.25); /* half the smallest edge of a voxel */
    labels_destroy(l);
  }
}

static void growth_takes_only_what_it_may(void **state) {
  (void)state;
  struct labels *l = blank(geometry_make(9, 1, 1, 1, 1, 1));
  const uint16_t row[9] = {0, 0, 4, 7, 7, 5, 0, 0, 0}, grown[9] = {0, 7, 7, 7, 7, 5, 7, 0, 0};
  memcpy(l->voxels, row, sizeof row);
  assert_ok(filter_grow(l, 7, 2, 4));
  assert_memory_equal(l->voxels, (void *)grown, sizeof grown);
  labels_destroy(l);
}

static void components_come_by_falling_size(void **state) {
  (void)state;
  struct labels *l = blank(geometry_make(10, 10, 10, 1, 1, 1)), *c;
  l->voxels[geometry_index(&l->grid, 0, 0, 0)] = 1;
  l->voxels[geometry_index(&l->grid, 1, 1, 1)] = 2; /* touches the first by a corner only */
  for (int i = 4; i < 9; i++) l->voxels[geometry_index(&l->grid, i, 5, 5)] = 1;
  int64_t sizes[4];
  int count;
  assert_ok(filter_components(&c, l, 6, 4, sizes, &count));
  assert_int_equal(count, 3);
  assert_int_equal(sizes[0], 5);
  assert_int_equal(sizes[1], 1);
  assert_int_equal(sizes[3], 0);
  assert_int_equal(c->voxels[geometry_index(&l->grid, 6, 5, 5)], 1);
  assert_int_equal(c->voxels[0], 2);
  labels_destroy(c);
  assert_ok(filter_components(&c, l, 26, 1, sizes, &count));
  assert_int_equal(count, 2);
  assert_int_equal(c->voxels[0], 0);
  labels_destroy(c);
  assert_fails(filter_components(&c, l, 18, 1, NULL, NULL), ST_USAGE, "18");
  int64_t dropped;
  assert_ok(filter_keep_largest(l, 1, 6, &dropped));
  assert_int_equal(dropped, 1);
  assert_int_equal(labels_count(l, 1), 5);
  assert_int_equal(labels_count(l, 2), 1);
  labels_destroy(l);
}

/* A spiral whose arms meet late: unions across many provisional numbers. */
static void a_comb_is_one_component(void **state) {
  (void)state;
  struct labels *l = blank(geometry_make(31, 31, 31, 1, 1, 1)), *c;
  for (int k = 0; k < 31; k += 2)
    for (int j = 0; j < 31; j += 2)
      for (int i = 0; i < 31; i++) l->voxels[geometry_index(&l->grid, i, j, k)] = 1;
  for (int64_t n = 30; n < 31 * 31 * 31; n += 31)
    l->voxels[n] = 1; /* plane x = 30 joins the rods */
  int count;
  assert_ok(filter_components(&c, l, 6, 5, NULL, &count));
  assert_int_equal(count, 1);
  labels_destroy(c);
  labels_destroy(l);
}

static void holes_are_filled_in_3d_or_by_slice(void **state) {
  (void)state;
  struct labels *l = ball(8);
  int64_t whole = labels_count(l, 1), centre = geometry_index(&l->grid, 30, 30, 20);
  l->voxels[centre] = 0;
  l->voxels[centre + 5] = 9; /* another label in a hole of its own */
  for (int k = 20; k < 41; k++) l->voxels[geometry_index(&l->grid, 28, 30, k)] = 0; /* open shaft */
  assert_ok(filter_fill_holes(l, 1, -1));
  assert_int_equal(l->voxels[centre], 1);
  assert_int_equal(l->voxels[centre + 5], 9);
  assert_int_equal(l->voxels[centre - 2], 0);
  assert_ok(filter_fill_holes(l, 1, 2));
  assert_int_equal(l->voxels[centre - 2], 1);
  assert_int_equal(labels_count(l, 1), whole - 1);
  labels_destroy(l);
}

static void threads_do_not_change_results(void **state) {
  (void)state;
  struct labels *l = ball(8);
  struct volume *d[2], *s[2], *r[2];
  struct geometry to = geometry_isotropic(&l->grid, 0.6);
  for (int t = 0; t < 2; t++) {
    parallel_set_threads(t ? 3 : 1);
    assert_ok(filter_distance(&d[t], l, 1));
    assert_ok(filter_gaussian(&s[t], d[t], 1.2));
    assert_ok(filter_resample(&r[t], s[t], &to, INTERPOLATE_CUBIC, 0));
  }
  parallel_set_threads(0);
  assert_memory_equal(r[0]->voxels, r[1]->voxels, (size_t)geometry_voxels(&to) * sizeof(float));
  for (int t = 0; t < 2; t++) {
    volume_destroy(d[t]);
    volume_destroy(s[t]);
    volume_destroy(r[t]);
  }
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linear_resampling_reproduces_a_ramp_on_a_turned_grid),
      cmocka_unit_test(outside_and_no_data_are_told_apart),
      cmocka_unit_test(cubic_resampling_reproduces_a_cubic),
      cmocka_unit_test(averaging_keeps_the_sum),
      cmocka_unit_test(isotropic_grid_covers_the_same_box),
      cmocka_unit_test(orienting_keeps_every_voxel_where_it_is),
      cmocka_unit_test(crop_is_clipped_and_keeps_places),
      cmocka_unit_test(gaussian_has_its_variance),
      cmocka_unit_test(gaussian_of_each_axis_has_its_own_variance),
      cmocka_unit_test(gaussian_leaves_no_data_alone),
      cmocka_unit_test(distance_equals_brute_force_over_the_two_sheets),
      cmocka_unit_test(distance_to_a_slab_is_exact),
      cmocka_unit_test(distance_to_a_sphere_is_radial),
      cmocka_unit_test(growing_and_shrinking_change_the_volume_of_a_ball_as_they_should),
      cmocka_unit_test(growth_takes_only_what_it_may),
      cmocka_unit_test(components_come_by_falling_size),
      cmocka_unit_test(a_comb_is_one_component),
      cmocka_unit_test(holes_are_filled_in_3d_or_by_slice),
      cmocka_unit_test(threads_do_not_change_results),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
