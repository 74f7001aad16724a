// The blurred steps of profiles against scans of a step in slices, read by the cubic spline of
// core; fits of a cortex in such scans.
#include "core/profile.h"
#include "core/filter_cubic.h"
#include "tests/check.h"

enum { SLICES = 31, PHASES = 24 };

static double normal_below(double z) {
  return 0.5 * erfc(-z / sqrt(2));
}

/* Integral of normal_below((x - at)/sigma) up to x. */
static double ramp(double x, double at, double sigma) {
  double z = (x - at) / sigma;
  return sigma * (z * normal_below(z) + exp(-z * z / 2) / sqrt(2 * acos(-1.0)));
}

struct slab {
  double outer, thick, outside, cortical, behind;
};

/* Mean over a slice from low to high of a slab blurred by a Gaussian: closed form. */
static double slice_mean(const struct slab *s, double low, double high, double sigma) {
  double first = ramp(high, s->outer, sigma) - ramp(low, s->outer, sigma);
  double second = ramp(high, s->outer + s->thick, sigma) - ramp(low, s->outer + s->thick, sigma);
  return s->outside +
         ((s->cortical - s->outside) * first + (s->behind - s->cortical) * second) / (high - low);
}

/* Slices `apart` mm apart; the middle one's centre at `shift` slices from x = 0. */
static struct cubic *scan(const struct slab *s, double apart, double shift, double sigma) {
  struct geometry g = geometry_make(1, 1, SLICES, 1, 1, apart);
  struct volume *v;
  struct cubic *c;
  assert_ok(volume_create(&v, &g, QUANTITY_DENSITY));
  for (int k = 0; k < SLICES; k++) {
    double x = (k - SLICES / 2 + shift) * apart;
    v->voxels[k] = (float)slice_mean(s, x - apart / 2, x + apart / 2, sigma);
  }
  assert_ok(cubic_create(&c, v));
  volume_destroy(v);
  return c;
}

static double read_at(const struct cubic *c, double x, double apart, double shift) {
  return (double)cubic_value(c, 0, 0, x / apart + SLICES / 2 - shift);
}

static void steps_are_those_of_slices_on_average_over_where_they_lie(void **state) {
  (void)state;
  const struct slab step = {0, 1e6, 0, 1, 1};
  const double sigmas[] = {0.3, 0.55, 0.9}, aparts[] = {0.6, 1.5, 3, 5};
  struct profile_table *table;
  profile_prepare(&table);
  assert_non_null(table);
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 4; b++) {
      const struct profile_blur blur = {sigmas[a], aparts[b]};
      const double end = 2.5 * aparts[b] + sigmas[a], apart = end / 60;
      double mean[121] = {0}, most = 0;
      for (int p = 0; p < PHASES; p++) {
        double shift = (p + 0.5) / PHASES - 0.5;
        struct cubic *c = scan(&step, aparts[b], shift, sigmas[a]);
        for (int i = 0; i <= 120; i++)
          mean[i] += read_at(c, apart * (i - 60), aparts[b], shift) / PHASES;
        cubic_destroy(c);
      }
      for (int i = 0; i <= 120; i++) {
        assert_near(profile_step(table, &blur, apart * (i - 60)), mean[i], 1.5e-3);
        most = fmax(most, mean[i] - 1);
      }
      assert_near(profile_overshoot(table, &blur), most, 1e-3);
    }
  profile_table_free(table);
}

static void steps_without_slices_are_normal(void **state) {
  (void)state;
  struct profile_table *table;
  const struct profile_blur blur = {0.7, 0};
  profile_prepare(&table);
  for (double x = -4; x <= 4; x += 0.013)
    assert_near(profile_step(table, &blur, x), normal_below(x / 0.7), 3e-5);
  assert_near(profile_overshoot(table, &blur), 0, 1e-7);
  assert_near(profile_blur_sigma(&(struct profile_blur){0.5, sqrt(12)}), sqrt(1.25), 1e-12);
  profile_table_free(table);
}

/* Mean error of the outer edge and of the thickness over where the slices lie. */
static void fit_everywhere(double error[2], const struct slab *s, double apart, double sigma,
                           const struct profile_blur *blur, const struct profile_table *table) {
  error[0] = error[1] = 0;
  for (int p = 0; p < PHASES; p++) {
    double shift = (p + 0.5) / PHASES - 0.5;
    struct cubic *c = scan(s, apart, shift, sigma);
    struct profile line;
    struct profile_edges edges;
    struct profile_fit fit;
    for (int i = 0; i < PROFILE_SAMPLES; i++)
      line.y[i] = read_at(c, PROFILE_FROM_MM + PROFILE_STEP_MM * i, apart, shift);
    profile_edges(&edges, &line, 150);
    const struct profile_known known = {.y1 = s->cortical, .blur = *blur, .y0 = NAN, .y2 = NAN};
    profile_fit(&fit, &line, &edges, table, &known);
    assert_true(fit.ok);
    error[0] += (fit.outer_mm - s->outer) / PHASES;
    error[1] += (fit.thickness_mm - s->thick) / PHASES;
    cubic_destroy(c);
  }
}

/* What slices of 3 mm do to a line at 40 degrees to their axis: they are 2.3 mm apart along it. */
static void edges_of_a_thin_cortex_in_slices_are_found(void **state) {
  (void)state;
  const double apart = 2.3, sigma = 0.45;
  const struct profile_blur slices = {sigma, apart},
                            normal = {sqrt(sigma * sigma + apart * apart / 12), 0};
  struct profile_table *table;
  double error[2], before[2];
  profile_prepare(&table);
  for (double thick = 0.6; thick < 1.7; thick += 0.5) {
    const struct slab s = {0.1, thick, 20, 1080, 150};
    fit_everywhere(error, &s, apart, sigma, &slices, table);
    fit_everywhere(before, &s, apart, sigma, &normal, table);
    assert_near(error[0], 0, 0.05);
    assert_near(error[1], 0, 0.03);
    assert_true(before[1] < -0.1); /* what the spline's response is there for */
  }
  profile_table_free(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_those_of_slices_on_average_over_where_they_lie),
      cmocka_unit_test(steps_without_slices_are_normal),
      cmocka_unit_test(edges_of_a_thin_cortex_in_slices_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
