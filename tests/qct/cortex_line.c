/* The model of the cortex against closed forms and numbers worked out beforehand: 500 noisy lines
 * of each thickness and blur, y 0/1200/150 mg/cm3, noise of SD 20. */
#include "qct/cortex_line.h"
#include "core/random.h"
#include "tests/check.h"

enum { SAMPLES = 45, LINES = 500 }; /* -3..8 mm every 0.25 mm */
static const double CORTEX = 1200, BEHIND = 150, NOISE = 20;

struct line {
  double x[SAMPLES], y[SAMPLES];
};

static struct cortex_samples view(const struct line *l) {
  return (struct cortex_samples){l->x, l->y, SAMPLES};
}

/* Two error functions, as the model is printed; box: a mean over it in 400 parts. */
static double printed(const struct cortex_model *m, double x) {
  const double s = m->blur.sigma_mm * sqrt(2.0);
  int parts = m->blur.box_mm > 0 ? 400 : 1;
  double sum = 0;
  for (int i = 0; i < parts; i++) {
    double u = x + m->blur.box_mm * ((i + 0.5) / parts - 0.5) - m->outer_mm;
    sum += m->outside + (m->cortical - m->outside) / 2 * (1 + erf(u / s)) +
           (m->behind - m->cortical) / 2 * (1 + erf((u - m->thickness_mm) / s));
  }
  return sum / parts;
}

static void the_model_is_two_blurred_edges(void **state) {
  (void)state;
  const struct cortex_model m = {-0.5, 1, 0, 1200, 200, {1, 0}};
  const double x[] = {-3, -1, 0, 1, 3}, y[] = {7.2190, 303.4378, 521.2174, 428.3689, 205.9305};
  for (int i = 0; i < 5; i++) assert_near(cortex_model_at(&m, x[i]), y[i], 1e-4);
}

static void a_thin_cortex_never_shows_its_density(void **state) {
  (void)state;
  const struct cortex_model m = {-0.5, 1, 0, 1200, 200, {1, 0}};
  double peak = 0, at = 0;
  for (int i = -3000; i < 3000; i++) {
    double y = cortex_model_at(&m, i * 1e-3);
    if (y > peak) at = i * 1e-3;
    if (y > peak) peak = y;
  }
  assert_near(peak, 527.6142, 1e-3); /* 44 % of 1200 */
  assert_near(at, 0.1823, 1e-3);
}

static void the_box_of_a_slice_is_a_mean_over_it(void **state) {
  (void)state;
  for (int w = 0; w < 5; w++) {
    const struct cortex_model m = {0.3, 1.7, -60, 1100, 120, {0.6, 0.15 + 0.8 * w}};
    for (double x = -5; x < 7; x += 0.37)
      assert_near(cortex_model_at(&m, x), printed(&m, x), 0.05); /* 400 parts: 1e-5 of 1160 */
  }
}

static void draw(struct line *l, const struct cortex_model *m, uint64_t line) {
  for (int i = 0; i < SAMPLES; i++) {
    l->x[i] = -3 + 0.25 * i;
    l->y[i] = cortex_model_at(m, l->x[i]) + NOISE * random_normal(11, line, (uint64_t)i);
  }
}

struct errors {
  double thickness, mass; /* mean error [mm], mean relative error */
  int lines;
};

static struct errors fit_lines(double t, double sigma, double box, int with_peak) {
  struct errors e = {0, 0, 0};
  for (int n = 0; n < LINES; n++) {
    struct line l;
    struct cortex_fit fit;
    const struct cortex_model m = {0.2, t, 0, CORTEX, BEHIND, {sigma, box}};
    draw(&l, &m, (uint64_t)n);
    const struct cortex_samples s = view(&l);
    double peak = 0;
    for (int i = 0; i < SAMPLES; i++) peak = fmax(peak, l.y[i]);
    cortex_fit_given(&fit, &s, 0, with_peak ? peak : CORTEX, &m.blur);
    if (fit.flag == CORTEX_NO_EDGE) continue;
    e.thickness += fit.model.thickness_mm - t;
    e.mass += fit.model.thickness_mm * fit.model.cortical / (t * CORTEX) - 1;
    e.lines++;
  }
  e.thickness /= e.lines;
  e.mass /= e.lines;
  return e;
}

static const double thicknesses[] = {0.5, 1, 2, 4}, sigmas[] = {0.8, 1.2};

static void with_the_density_known_thickness_and_mass_are_right(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 2; k++) {
      struct errors e = fit_lines(thicknesses[i], sigmas[k], 0, 0);
      print_message("t %.1f mm, sigma %.1f: error %+.4f mm, mass %+.2f %%\n", thicknesses[i],
                    sigmas[k], e.thickness, 100 * e.mass);
      assert_int_equal(e.lines, LINES);
      if (thicknesses[i] >= 1) assert_near(e.thickness, 0, 0.05);
      assert_near(e.mass, 0, 0.02);
    }
}

static void also_through_slices_of_three_millimetres_at_an_angle(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    struct errors e = fit_lines(thicknesses[i], 0.6, 2.1, 0);
    print_message("t %.1f mm, sigma 0.6, box 2.1: error %+.4f mm, mass %+.2f %%\n", thicknesses[i],
                  e.thickness, 100 * e.mass);
    if (thicknesses[i] >= 1) assert_near(e.thickness, 0, 0.05);
    assert_near(e.mass, 0, 0.02);
  }
}

static void the_peak_in_place_of_the_density_makes_thin_cortex_thick(void **state) {
  (void)state;
  struct errors half = fit_lines(0.5, 1.2, 0, 1), one = fit_lines(1, 1.2, 0, 1);
  struct errors two = fit_lines(2, 0.8, 0, 1), four = fit_lines(4, 0.8, 0, 1);
  print_message("y1 = peak: t 0.5 %+.2f, 1 %+.2f (sigma 1.2); 2 %+.2f, 4 %+.2f mm (sigma 0.8)\n",
                half.thickness, one.thickness, two.thickness, four.thickness);
  assert_true(half.thickness > 0.5); /* more than double */
  assert_true(one.thickness > 0.5);
  assert_true(fabs(four.thickness) < 0.1); /* no trap where the cortex shows its density */
}

static void density_and_blur_are_found_where_the_cortex_is_thick(void **state) {
  (void)state;
  double y1 = 0, sigma = 0;
  for (int n = 0; n < LINES; n++) {
    struct line l;
    struct cortex_fit fit;
    const struct cortex_model m = {0.2, 5, 0, CORTEX, BEHIND, {0.8, 0.5}};
    const struct cortex_model guess = {0, 4, 50, 1000, 200, {0.6, 0.5}};
    draw(&l, &m, (uint64_t)n);
    const struct cortex_samples s = view(&l);
    cortex_fit_free(&fit, &s, &guess);
    assert_int_equal(fit.flag, CORTEX_FITTED);
    y1 += fit.model.cortical / LINES;
    sigma += fit.model.blur.sigma_mm / LINES;
  }
  assert_near(y1, CORTEX,
              3); /* about 12 samples of SD 20 a line: 0.3 in the mean, and its square */
  assert_near(sigma, 0.8, 0.01);
}

static void halves_of_a_thick_cortex_are_its_edges(void **state) {
  (void)state;
  double x[450], y[450];
  struct cortex_halves h;
  const struct cortex_model m = {0.2, 4, -50, CORTEX, BEHIND, {0.6, 0}};
  for (int i = 0; i < 450; i++) {
    x[i] = -5 + i * 0.03;
    y[i] = cortex_model_at(&m, x[i]);
  }
  const struct cortex_samples s = {x, y, 450};
  cortex_read_halves(&h, &s, 150);
  assert_int_equal(h.ok, 1);
  assert_near(h.outer_mm, 0.2, 0.03);
  assert_near(h.inner_mm, 4.2, 0.03);
}

static void what_is_no_cortex_is_flagged(void **state) {
  (void)state;
  struct line l;
  struct cortex_fit fit;
  struct cortex_halves h;
  const struct cortex_blur blur = {0.8, 0};
  for (int i = 0; i < SAMPLES; i++) {
    l.x[i] = -3 + 0.25 * i;
    l.y[i] = i & 1 ? 900 : -300; /* nothing like a cortex */
  }
  struct cortex_samples s = view(&l);
  cortex_fit_given(&fit, &s, 0, CORTEX, &blur);
  assert_int_not_equal(fit.flag, CORTEX_FITTED);
  for (int i = 0; i < SAMPLES; i++) l.y[i] = 40;
  cortex_read_halves(&h, &s, 150);
  assert_int_equal(h.ok, 0);
  cortex_fit_given(&fit, &s, 0, CORTEX, &blur);
  assert_int_equal(fit.flag, CORTEX_BOUND); /* as thin as it may be */
  s.n = 5;
  cortex_fit_given(&fit, &s, 0, CORTEX, &blur);
  assert_int_equal(fit.flag, CORTEX_NO_EDGE);
}

/* Flag of the fit of a line without noise, or with +-`wave` from sample to sample. */
static int flag_of(const struct cortex_model *m, double wave) {
  enum { FINE = 280 };
  double x[FINE], y[FINE];
  struct cortex_fit fit;
  for (int i = 0; i < FINE; i++) {
    x[i] = -5 + 0.05 * i + (m->outer_mm > 1 ? m->outer_mm : 0);
    y[i] = cortex_model_at(m, x[i]) + (i & 1 ? wave : -wave);
  }
  const struct cortex_samples s = {x, y, FINE};
  cortex_fit_given(&fit, &s, m->outer_mm, CORTEX, &m->blur);
  return fit.flag;
}

/* hip-structure.md 6: t in 0.2..8 mm, residual up to 15 % of y1 - y0 = 180 mg/cm3, edge within 3 mm
 * of the outline, no density at a bound. */
static void each_limit_of_a_fit_rejects_what_lies_beyond_it(void **state) {
  (void)state;
  const struct {
    double outer, t, behind, wave;
    int flag;
  } cases[] = {
      {0, 1.5, BEHIND, 0, CORTEX_FITTED},        {0, 7.8, BEHIND, 0, CORTEX_FITTED},
      {0, 8.3, BEHIND, 0, CORTEX_BOUND},         {0, 0.1, BEHIND, 0, CORTEX_BOUND},
      {0, 1.5, BEHIND, 175, CORTEX_FITTED},      {0, 1.5, BEHIND, 190, CORTEX_RESIDUAL},
      {2.9, 1.5, BEHIND, 0, CORTEX_FITTED},      {3.1, 1.5, BEHIND, 0, CORTEX_FAR},
      {0, 1.5, 0.58 * CORTEX, 0, CORTEX_FITTED}, {0, 1.5, 0.62 * CORTEX, 0, CORTEX_BOUND},
      {0, 1.5, -190, 0, CORTEX_FITTED},          {0, 1.5, -210, 0, CORTEX_BOUND},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct cortex_model m = {cases[i].outer, cases[i].t,      0,
                                   CORTEX,         cases[i].behind, {0.8, 0}};
    if (flag_of(&m, cases[i].wave) != cases[i].flag) print_message("case %zu\n", i);
    assert_int_equal(flag_of(&m, cases[i].wave), cases[i].flag);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_model_is_two_blurred_edges),
      cmocka_unit_test(a_thin_cortex_never_shows_its_density),
      cmocka_unit_test(the_box_of_a_slice_is_a_mean_over_it),
      cmocka_unit_test(with_the_density_known_thickness_and_mass_are_right),
      cmocka_unit_test(also_through_slices_of_three_millimetres_at_an_angle),
      cmocka_unit_test(the_peak_in_place_of_the_density_makes_thin_cortex_thick),
      cmocka_unit_test(density_and_blur_are_found_where_the_cortex_is_thick),
      cmocka_unit_test(halves_of_a_thick_cortex_are_its_edges),
      cmocka_unit_test(what_is_no_cortex_is_flagged),
      cmocka_unit_test(each_limit_of_a_fit_rejects_what_lies_beyond_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
