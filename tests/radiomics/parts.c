/* The numeric parts against closed forms: transform, hull, pair sums, interpolation, boundaries. */
#include "tests/check.h"

#include "core/random.h"
#include "radiomics/convolve.h"
#include "radiomics/fft.h"
#include "radiomics/hull.h"
#include "radiomics/interpolate.h"
#include "radiomics/spatial.h"

static const double TAU = 6.28318530717958647692;

static void transform_equals_its_definition_at_any_length(void **state) {
  (void)state;
  const int64_t lengths[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 30, 49, 60, 67};
  for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
    int64_t n[3] = {lengths[l], 1, 1};
    double re[67], im[67], xr[67], xi[67];
    for (int64_t i = 0; i < n[0]; i++) {
      re[i] = xr[i] = random_normal(1, 0, (uint64_t)i);
      im[i] = xi[i] = random_normal(1, 1, (uint64_t)i);
    }
    assert_ok(rad_fft_volume(re, im, n, -1));
    for (int64_t k = 0; k < n[0]; k++) {
      double sr = 0, si = 0;
      for (int64_t i = 0; i < n[0]; i++) {
        double a = -TAU * (double)(i * k % n[0]) / (double)n[0];
        sr += xr[i] * cos(a) - xi[i] * sin(a);
        si += xr[i] * sin(a) + xi[i] * cos(a);
      }
      assert_near(re[k], sr, 1e-11);
      assert_near(im[k], si, 1e-11);
    }
    assert_ok(rad_fft_volume(re, im, n, +1));
    for (int64_t i = 0; i < n[0]; i++) assert_near(re[i] / (double)n[0], xr[i], 1e-13);
  }
}

static void hull_of_a_box_with_inner_points_is_the_box(void **state) {
  (void)state;
  int32_t p[7 * 5 * 4][3];
  int64_t n = 0;
  for (int32_t k = 0; k < 4; k++)
    for (int32_t j = 0; j < 5; j++)
      for (int32_t i = 0; i < 7; i++, n++) {
        p[n][0] = i;
        p[n][1] = j;
        p[n][2] = k;
      }
  struct rad_hull h;
  const double unit[3] = {1, 2, 3};
  double volume, area;
  assert_ok(rad_hull_create(&h, (const int32_t(*)[3])p, n));
  rad_hull_measure(&volume, &area, &h, unit);
  assert_near(volume, 6 * 8 * 9, 1e-9);
  assert_near(area, 2 * (6 * 8 + 8 * 9 + 9 * 6), 1e-9);
  assert_near(rad_hull_diameter(&h, unit), sqrt(36 + 64 + 81), 1e-12);
  rad_hull_free(&h);
  assert_fails(rad_hull_create(&h, (const int32_t(*)[3])p, 35), ST_NUMERIC, "one plane");
}

/* Points of a sphere: the hull lies within the sphere and holds nearly all of it. */
static void hull_of_random_points_holds_them_all(void **state) {
  (void)state;
  static int32_t p[3000][3];
  for (uint64_t n = 0; n < 3000; n++) {
    double v[3], r = 0;
    for (int a = 0; a < 3; a++) {
      v[a] = random_normal(9, (uint64_t)a, n);
      r += v[a] * v[a];
    }
    for (int a = 0; a < 3; a++) p[n][a] = (int32_t)lround(1000 * v[a] / sqrt(r));
  }
  struct rad_hull h;
  assert_ok(rad_hull_create(&h, (const int32_t(*)[3])p, 3000));
  for (int32_t t = 0; t < h.triangle_count; t++) {
    int64_t a[3], b[3], m[3];
    const int32_t *o = h.points[h.triangles[t][0]];
    for (int k = 0; k < 3; k++) {
      a[k] = h.points[h.triangles[t][1]][k] - o[k];
      b[k] = h.points[h.triangles[t][2]][k] - o[k];
    }
    for (int k = 0; k < 3; k++)
      m[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
    for (int n = 0; n < 3000; n++) {
      int64_t above = 0;
      for (int k = 0; k < 3; k++) above += m[k] * (p[n][k] - o[k]);
      assert_true(above <= 0);
    }
  }
  const double unit[3] = {1, 1, 1};
  double volume, area;
  rad_hull_measure(&volume, &area, &h, unit);
  assert_true(volume < 2 * TAU / 3 * 1.002e9 && volume > 2 * TAU / 3 * 0.98e9);
  rad_hull_free(&h);
}

/* The Fourier route gives the sum over all pairs. */
static void pair_sums_by_transform_equal_the_pairs(void **state) {
  (void)state;
  const int64_t n[3] = {11, 9, 7};
  const double spacing[3] = {0.7, 1, 2.5};
  double image[693];
  unsigned char mask[693];
  struct rad_settings s;
  struct rad_roi *roi = NULL;
  rad_settings_init(&s, RAD_IBSI);
  for (uint64_t i = 0; i < 693; i++) {
    image[i] = 100 * random_uniform(3, 0, i) + (double)(i % 11);
    mask[i] = random_uniform(3, 1, i) < 0.6;
  }
  assert_ok(rad_roi_from_arrays(&roi, n, spacing, image, mask, &s));
  double a, b, c, d;
  assert_ok(rad_spatial(&a, &b, roi, RAD_SPATIAL_PAIRS));
  assert_ok(rad_spatial(&c, &d, roi, RAD_SPATIAL_FOURIER));
  assert_close(c, a, 1e-10);
  assert_close(d, b, 1e-12);
  rad_roi_destroy(roi);
}

/* 10 points of 3 mm to 2 mm: 15 points, first at (9 - 2/3*14)/2 of the source. Source: IBSI manual,
 * align grid centres. */
static void grid_is_aligned_with_the_centre(void **state) {
  (void)state;
  struct geometry g = geometry_make(10, 10, 10, 3, 3, 3);
  struct rad_settings s;
  struct rad_axis axes[3];
  rad_settings_init(&s, RAD_IBSI);
  s.spacing_mm[0] = s.spacing_mm[1] = s.spacing_mm[2] = 2;
  rad_axes_make(axes, &g, &s);
  assert_int_equal(axes[0].target, 15);
  assert_near(axes[0].first, (9 - 14 * 2.0 / 3) / 2, 1e-12);
  /* 30 mm at 0.3 mm is 100 points though 30/0.3 rounds up to 100.00000000000001 */
  s.spacing_mm[0] = 0.3;
  rad_axes_make(axes, &g, &s);
  assert_int_equal(axes[0].target, 100);
}

/* A cubic B-spline reproduces polynomials of degree 3 away from the ends. */
static void cubic_interpolation_is_exact_for_cubics(void **state) {
  (void)state;
  enum { N = 90 };
  double x[N];
  double *out = NULL;
  for (int i = 0; i < N; i++) {
    double t = (i - 45) / 10.0;
    x[i] = 2 - t + 0.5 * t * t - 0.25 * t * t * t;
  }
  struct rad_axis axes[3] = {{N, 2 * N, 0.13, 0.5}, {1, 1, 0, 1}, {1, 1, 0, 1}};
  const int64_t lo[3] = {80, 0, 0};
  const int64_t hi[3] = {100, 0, 0};
  assert_ok(rad_interpolate(&out, x, axes, lo, hi, RAD_CUBIC));
  for (int i = 0; i <= 20; i++) {
    double t = (0.13 + 0.5 * (80 + i) - 45) / 10;
    assert_near(out[i], 2 - t + 0.5 * t * t - 0.25 * t * t * t, 1e-9);
  }
  free(out);
}

static void boundaries_follow_their_names(void **state) {
  (void)state;
  assert_int_equal(rad_boundary_index(-1, 5, RAD_BOUNDARY_ZERO), -1);
  assert_int_equal(rad_boundary_index(-3, 5, RAD_BOUNDARY_NEAREST), 0);
  assert_int_equal(rad_boundary_index(-1, 5, RAD_BOUNDARY_PERIODIC), 4);
  assert_int_equal(rad_boundary_index(-1, 5, RAD_BOUNDARY_MIRROR), 0);
  assert_int_equal(rad_boundary_index(5, 5, RAD_BOUNDARY_MIRROR), 4);
  assert_int_equal(rad_boundary_index(11, 5, RAD_BOUNDARY_MIRROR), 1);
}

/* The Riesz transform of order 1 along x turns cos(kx) into sin(kx). */
static void riesz_turns_cosine_into_sine(void **state) {
  (void)state;
  struct geometry g = geometry_make(64, 8, 8, 1, 1, 1);
  struct rad_filter f;
  double *x = malloc(4096 * sizeof *x);
  double *out = NULL;
  rad_filter_init(&f);
  f.kind = RAD_FILTER_RIESZ_SIMONCELLI;
  f.boundary = RAD_BOUNDARY_PERIODIC;
  for (int i = 0; i < 4096; i++)
    x[i] = cos(TAU * 16 * (i % 64) / 64.0); /* half of Nyquist: gain 1 */
  assert_ok(rad_filter_apply(&out, x, &g, &f, false));
  for (int i = 0; i < 4096; i++) assert_near(out[i], sin(TAU * 16 * (i % 64) / 64.0), 1e-12);
  free(x);
  free(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(transform_equals_its_definition_at_any_length),
      cmocka_unit_test(hull_of_a_box_with_inner_points_is_the_box),
      cmocka_unit_test(hull_of_random_points_holds_them_all),
      cmocka_unit_test(pair_sums_by_transform_equal_the_pairs),
      cmocka_unit_test(grid_is_aligned_with_the_centre),
      cmocka_unit_test(cubic_interpolation_is_exact_for_cubics),
      cmocka_unit_test(boundaries_follow_their_names),
      cmocka_unit_test(riesz_turns_cosine_into_sine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
