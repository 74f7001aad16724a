// labels: method
/* Blur against the error function and conservation of mass; noise against its asked SD, a rising
 * power spectrum and independence of seeds. */
#include "tests/check.h"

#include "core/parallel.h"
#include "phantom/scanner.h"

static struct volume *filled(int64_t nx, int64_t ny, int64_t nz, double s, double sz, float value) {
  struct geometry g = geometry_make(nx, ny, nz, s, s, sz);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = value;
  return v;
}

static void discrete_gaussian_has_its_variance_and_unit_sum(void **state) {
  (void)state;
  double w[SCANNER_REACH + 1];
  int reach;
  for (double variance = 0.1; variance < 30; variance *= 2.3) {
    scanner_gaussian(w, &reach, variance);
    double sum = w[0], second = 0;
    for (int n = 1; n <= reach; n++) {
      sum += 2 * w[n];
      second += 2 * w[n] * n * n;
    }
    assert_near(sum, 1, 1e-12);
    assert_close(second, variance, 2e-4);
  }
}

/* exp(-x) I_0(x) and I_1 at x = 0.5, Abramowitz and Stegun table 9.8 */
static void discrete_gaussian_agrees_with_the_bessel_table(void **state) {
  (void)state;
  double w[SCANNER_REACH + 1];
  int reach;
  scanner_gaussian(w, &reach, 0.5);
  assert_near(w[0], 0.6450352706, 1e-6);
  assert_near(w[1], 0.1564208032, 1e-6);
}

/* Peak of a slab of thickness t in a Gaussian: erf(t/(2 sqrt2 sigma)). */
static void slab_keeps_the_share_of_the_error_function(void **state) {
  (void)state;
  static const struct {
    double sigma, t, peak;
  } rows[] = {{0.55, 0.5, 0.3506}, {0.55, 1, 0.6367}, {0.55, 2, 0.9310},
              {0.8, 0.5, 0.2453},  {0.8, 1, 0.4680},  {0.8, 2, 0.7887}};
  for (int r = 0; r < 6; r++) {
    const double s = 0.1;
    struct volume *v = filled(161, 5, 1, s, 1, 0);
    for (int64_t i = 0; i < 161; i++) {
      double x = ((double)i - 80) * s; /* exact coverage of the pixel's box */
      double cover = fmin(x + s / 2, rows[r].t / 2) - fmax(x - s / 2, -rows[r].t / 2);
      for (int64_t j = 0; j < 5; j++)
        v->voxels[geometry_index(&v->grid, i, j, 0)] = (float)(fmax(cover, 0) / s);
    }
    struct scanner_options o = SCANNER_DEFAULTS;
    o.sigma_mm = rows[r].sigma;
    assert_ok(scanner_blur(v, &o));
    assert_near((double)v->voxels[geometry_index(&v->grid, 80, 2, 0)], rows[r].peak, 1e-3);
    volume_destroy(v);
  }
}

static void blur_keeps_mass_for_every_kernel(void **state) {
  (void)state;
  for (int kernel = KERNEL_SMOOTH; kernel <= KERNEL_SHARP; kernel++) {
    struct volume *v = filled(40, 40, 20, 0.8, 1, 0);
    v->voxels[geometry_index(&v->grid, 20, 19, 10)] = 1000;
    struct scanner_options o = SCANNER_DEFAULTS;
    o.kernel = kernel;
    o.z_sigma_mm = 0.9;
    assert_ok(scanner_blur(v, &o));
    assert_close(parallel_sum_float(v->voxels, geometry_voxels(&v->grid)), 1000.0, 1e-5);
    volume_destroy(v);
  }
}

/* SD where the noise map is within 0.1 % of its centre value: r < 8 mm. */
static double central_sd(const struct volume *v, double *count) {
  const struct geometry *g = &v->grid;
  double n = 0, squares = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double x = ((double)i - 0.5 * (double)(g->nx - 1)) * g->spacing[0];
        double y = ((double)j - 0.5 * (double)(g->ny - 1)) * g->spacing[1];
        if (x * x + y * y > 64) continue;
        double a = (double)v->voxels[geometry_index(g, i, j, k)];
        n++;
        squares += a * a;
      }
  *count = n;
  return sqrt(squares / n);
}

static void noise_has_the_sd_asked_for(void **state) {
  (void)state;
  struct volume *v = filled(24, 24, 340, 0.7, 1, 0);
  struct scanner_options o = SCANNER_DEFAULTS;
  o.noise_hu = 20;
  o.thickness_mm = 2; /* overlapping slices */
  double n;
  assert_ok(scanner_noise(v, &o));
  assert_close(central_sd(v, &n), 20.0, 0.01);
  assert_true(n > 1e5);
  volume_destroy(v);
}

static double correlation(const float *a, const float *b, int64_t n) {
  double ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < n; i++) {
    ab += (double)a[i] * (double)b[i];
    aa += (double)a[i] * (double)a[i];
    bb += (double)b[i] * (double)b[i];
  }
  return ab / sqrt(aa * bb);
}

static void two_scan_seeds_are_uncorrelated(void **state) {
  (void)state;
  struct volume *a = filled(64, 64, 20, 0.8, 1, 0), *b = filled(64, 64, 20, 0.8, 1, 0);
  struct scanner_options o = SCANNER_DEFAULTS;
  assert_ok(scanner_noise(a, &o));
  o.seed = 2;
  assert_ok(scanner_noise(b, &o));
  /* 4/sqrt(n/correlated voxels) */
  assert_near(correlation(a->voxels, b->voxels, geometry_voxels(&a->grid)), 0, 0.04);
  assert_true(a->voxels[77] != b->voxels[77]);
  volume_destroy(a);
  volume_destroy(b);
}

/* Power at a frequency along x, averaged over rows. */
static double power(const struct volume *v, int cycles) {
  const struct geometry *g = &v->grid;
  double sum = 0;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t f = 0; f < 2; f++) { /* whole-plane sums of cos and sin: ky = 0 */
      double part = 0;
      for (int64_t j = 0; j < g->ny; j++)
        for (int64_t i = 0; i < g->nx; i++) {
          double angle = 6.283185307179586 * cycles * (double)i / (double)g->nx;
          part += (double)v->voxels[geometry_index(g, i, j, k)] * (f ? sin(angle) : cos(angle));
        }
      sum += part * part;
    }
  return sum;
}

static void noise_power_rises_from_low_frequency(void **state) {
  (void)state;
  struct volume *v = filled(64, 64, 60, 0.8, 1, 0);
  struct scanner_options o = SCANNER_DEFAULTS;
  assert_ok(scanner_noise(v, &o));
  double low = power(v, 1), middle = power(v, 5), high = power(v, 11);
  assert_true(low < middle && middle < high);
  volume_destroy(v);
}

static void drift_circle_and_quantisation_do_as_asked(void **state) {
  (void)state;
  struct volume *v = filled(21, 21, 1, 10, 1, 40.4F);
  struct scanner_options o = SCANNER_DEFAULTS;
  o.noise_hu = 0;
  o.sigma_mm = 0;
  o.drift_slope = 1.01;
  o.drift_offset_hu = -5;
  o.circle_mm = 80;
  assert_ok(scanner_apply(v, &o));
  assert_near((double)v->voxels[geometry_index(&v->grid, 10, 10, 0)], 36, 0); /* 35.80 */
  assert_true(isnan(v->voxels[0]));
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(discrete_gaussian_has_its_variance_and_unit_sum),
      cmocka_unit_test(discrete_gaussian_agrees_with_the_bessel_table),
      cmocka_unit_test(slab_keeps_the_share_of_the_error_function),
      cmocka_unit_test(blur_keeps_mass_for_every_kernel),
      cmocka_unit_test(noise_has_the_sd_asked_for),
      cmocka_unit_test(two_scan_seeds_are_uncorrelated),
      cmocka_unit_test(noise_power_rises_from_low_frequency),
      cmocka_unit_test(drift_circle_and_quantisation_do_as_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
