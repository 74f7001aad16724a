/* How the parts of a fall's interval are joined and what is named as missing, with failure loads by
 * a formula in place of solutions. */
#include "tests/check.h"

#include "fea/fall_parts.h"

/* Failure load of a variant [N]: 3000, 2 more a mg/cm3, 400 more a mm of outline, 250 more a mm of
 * element; other laws 100 less each. What a test names fails. */
struct made {
  bool no_density, no_outline, no_mesh, no_law;
  int law;
};

static status made_load(double *failure_n, const struct fall_input *in,
                        const struct fea_fall_options *o) {
  status st = ST_OK;
  const struct made *m = in->context;
  const double shift = (in->shift_mgcc[0] + in->shift_mgcc[1]) / 2;
  CHECK(!(m->no_density && shift != 0) && !(m->no_outline && in->grow_mm != 0) &&
            !(m->no_mesh && o->size_mm != 2) && !(m->no_law && o->law != m->law),
        ST_NUMERIC, "not to be had");
  *failure_n =
      3000 + 2 * shift + 400 * in->grow_mm + 250 * (o->size_mm - 2) - 100 * abs(o->law - m->law);
done:
  return st;
}

static const double base_n = 3000;

static struct fall_interval find(struct made made, const struct calibration *c,
                                 struct fea_fall_options o, double coarsest_mm) {
  const struct geometry g = geometry_make(1, 1, 1, 1, 0.8, 2);
  struct volume *density = NULL;
  struct fall_interval found;
  made.law = o.law;
  assert_ok(volume_create(&density, &g, QUANTITY_DENSITY));
  const struct fall_input in = {
      .density = density, .variant = made_load, .context = &made, .coarsest_mm = coarsest_mm};
  assert_ok(fall_find_interval(&found, base_n, &in, c, &o));
  volume_destroy(density);
  return found;
}

static struct fea_fall_options of_two_mm(void) {
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  o.size_mm = 2;
  return o;
}

static struct calibration known_to(double sd) {
  return (struct calibration){.slope = 1, .covariance_df = INFINITY, .model_sd = sd};
}

/* Half-widths of 95 %: 2 N x 1.96 x 5 mg/cm3; 400 N/mm x half of the finest spacing, 0.8 mm; the
 * whole step from 4 to 2 mm, or twice that from 2 to 1 mm. The square root of their squares. */
static void parts_join_as_independent(void **state) {
  (void)state;
  const struct calibration c = known_to(5);
  const double density = 2 * 1.959964 * 5, outline = 400 * 0.4;
  for (int fine = 0; fine < 2; fine++) {
    const struct fall_interval r =
        find((struct made){.no_law = false}, &c, of_two_mm(), fine ? 3 : 5);
    const double mesh = fine ? 2 * 250 : 500;
    const double half = sqrt(density * density + outline * outline + mesh * mesh);
    assert_close(r.density_high - r.density_low, 2 * density, 1e-6);
    assert_close(r.mask_out - r.mask_in, 2 * outline, 1e-9);
    assert_true(isnan(fine ? r.coarse : r.fine));
    assert_close(r.high, base_n + half, 1e-6);
    assert_close(r.low, base_n - half, 1e-6);
    assert_string_equal(r.missing, "");
    assert_true(r.law_low < base_n && r.law_high == base_n); /* apart, not in the interval */
    assert_non_null(strstr(r.laws, "keller1994"));
  }
}

static void what_cannot_be_had_is_named_and_left_out(void **state) {
  (void)state;
  const struct calibration c = known_to(5), flat = {.slope = 0, .covariance_df = INFINITY};
  const struct fea_fall_options o = of_two_mm();
  const double mesh = 500, outline = 160;
  struct fall_interval r = find((struct made){.no_density = true}, &c, o, 5);
  assert_string_equal(r.missing, "calibration");
  assert_close(r.high - base_n, hypot(mesh, outline), 1e-9);
  r = find((struct made){.no_law = false}, &flat, o, 5); /* no density's HU can be told */
  assert_string_equal(r.missing, "calibration");
  r = find((struct made){.no_outline = true}, NULL, o, 5);
  assert_string_equal(r.missing, "calibration, outline");
  assert_close(r.high - base_n, mesh, 1e-9);
  r = find((struct made){.no_outline = true, .no_mesh = true}, NULL, o, 5);
  assert_string_equal(r.missing, "calibration, outline, mesh");
  assert_true(isnan(r.low) && isnan(r.high));
}

static void laws_that_fail_or_may_not_stand_in_are_not_spanned(void **state) {
  (void)state;
  struct fea_user_law own;
  struct fea_fall_options o = of_two_mm();
  struct fall_interval r = find((struct made){.no_law = true}, NULL, o, 5);
  assert_true(isnan(r.law_low) && isnan(r.law_high));
  assert_string_equal(r.laws, "");
  assert_ok(fea_law_parse(&own, "ash:10500,2.29"));
  o.user_law = &own.law;
  r = find((struct made){.no_law = false}, NULL, o, 5);
  assert_true(isnan(r.law_low) && isnan(r.law_high));
}

/* Half the span is more than the load: strength is not negative. */
static void the_low_end_is_not_below_zero(void **state) {
  (void)state;
  const struct calibration c = known_to(1000);
  const struct fall_interval r = find((struct made){.no_law = false}, &c, of_two_mm(), 5);
  assert_true(r.low == 0 && r.high > 2 * base_n);
}

/* SD 5 mg/cm3 at 0 and, with one of 0.02 on the slope, sqrt(5^2 + 20^2) at 1000; the formula takes
 * the mean of both. */
static void a_slope_known_badly_shifts_dense_bone_more(void **state) {
  (void)state;
  struct calibration c = known_to(5);
  c.covariance[4] = 0.02 * 0.02;
  const struct fall_interval r = find((struct made){.no_law = false}, &c, of_two_mm(), 5);
  const double half = 1.959964 * (5 + sqrt(425)) / 2;
  assert_close(r.density_high - base_n, 2 * half, 1e-6);
  assert_close(base_n - r.density_low, 2 * half, 1e-6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slope_known_badly_shifts_dense_bone_more),
      cmocka_unit_test(parts_join_as_independent),
      cmocka_unit_test(what_cannot_be_had_is_named_and_left_out),
      cmocka_unit_test(laws_that_fail_or_may_not_stand_in_are_not_spanned),
      cmocka_unit_test(the_low_end_is_not_below_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
