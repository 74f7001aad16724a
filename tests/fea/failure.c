/* Strains, principal values and failure factors against closed forms. */
#include "tests/check.h"

#include "fea/failure.h"

static void principal_strains_of_known_tensors(void **state) {
  (void)state;
  double p[3];
  const double diagonal[6] = {1, -3, 2, 0, 0, 0};
  fea_principal(diagonal, p);
  assert_near(p[0], 2, 1e-12);
  assert_near(p[1], 1, 1e-12);
  assert_near(p[2], -3, 1e-12);
  const double shear[6] = {0, 0, 0, 0, 0, 4}; /* gamma xy = 4: +-2 */
  fea_principal(shear, p);
  assert_near(p[0], 2, 1e-12);
  assert_near(p[2], -2, 1e-12);
  /* [[2,1,0],[1,2,0],[0,0,5]]: 5, 3, 1 */
  const double mixed[6] = {2, 2, 5, 0, 0, 2};
  fea_principal(mixed, p);
  assert_near(p[0], 5, 1e-12);
  assert_near(p[1], 3, 1e-12);
  assert_near(p[2], 1, 1e-12);
  const double none[6] = {0};
  fea_principal(none, p);
  assert_true(p[0] == 0 && p[2] == 0);
}

static void quantile_is_linear_between_values(void **state) {
  (void)state;
  float v[5] = {4, 0, 3, 1, 2};
  assert_near(fea_quantile(v, 5, 0.5), 2, 0);
  assert_near(fea_quantile(v, 5, 0.9), 3.6, 1e-6);
  assert_near(fea_quantile(v, 5, 1), 4, 0);
}

/* A bar strained by e along z, lateral strain -nu e, E 1000: every element the same. */
static void check_bar(double strain, double factor, int cap_half) {
  struct geometry grid = geometry_make(4, 4, 6, 0.5, 0.5, 0.5);
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  struct fea_fields *f = NULL;
  struct fea_failure r;
  struct fea_failure_options o = FEA_FAILURE_DEFAULTS;
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < 96; v++) {
    m->modulus[v] = 1000;
    m->part[v] = cap_half && v < 32 ? FEA_CAP : FEA_BONE;
  }
  assert_ok(fea_model_fix_plane(m, 2, 0, 2, 0));
  assert_ok(fea_model_fix_plane(m, 2, 6, 2, 3 * strain));
  assert_ok(fea_model_fix_plane(m, 0, 0, 0, 0));
  assert_ok(fea_model_fix_plane(m, 1, 0, 1, 0));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, NULL));
  assert_ok(fea_fields_create(&f, m, s));
  for (int64_t e = 0; e < f->count; e++) {
    assert_close((double)f->strain[6 * e + 2], strain, 1e-6);
    assert_close((double)f->strain[6 * e], -0.3 * strain, 1e-6);
    assert_close((double)f->von_mises_mpa[e], fabs(1000 * strain), 1e-6);
    assert_close((double)f->energy_mpa[e], 500 * strain * strain, 1e-6);
  }
  assert_ok(fea_failure_find(&r, m, f, &o));
  assert_int_equal(r.judged, cap_half ? 64 : 96);
  assert_close(r.factor_volume, factor, 1e-5);
  assert_close(r.factor_limit, factor, 1e-5);
  assert_close(r.factor_pistoia, 0.007 / fabs(strain), 1e-5);
  assert_int_equal(r.site_tension, strain > 0);
  if (cap_half) {
    o.contact_mm = 1; /* two voxels beside the cap */
    assert_ok(fea_failure_find(&r, m, f, &o));
    assert_int_equal(r.judged, 32);
  }
  o.least_modulus_mpa = 2000;
  assert_fails(fea_failure_find(&r, m, f, &o), ST_DOMAIN, "2000 MPa");
  fea_fields_destroy(f);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

static void bar_fails_at_its_strain_limit(void **state) {
  (void)state;
  check_bar(0.002, 0.0073 / 0.002, 0);
  check_bar(-0.004, 0.0104 / 0.004, 0);
}

static void caps_are_not_judged(void **state) {
  (void)state;
  check_bar(-0.004, 0.0104 / 0.004, 1);
}

/* The sample output of FAIM's manual (8.3): 2 % of the elements are above an effective strain of
 * 0.0131, critical 0.007, factor 0.5332, reaction 6091 N, failure load 3248 N. */
static void pistoia_arithmetic_is_that_of_the_faim_manual(void **state) {
  (void)state;
  enum { N = 101 }; /* element 98 of 0 .. 100 has 98 % below it */
  const double at_share = 0.007 / 0.5332, young = 6829;
  const struct fea_failure_options o = FEA_FAILURE_DEFAULTS;
  const struct geometry grid = geometry_make(1, 1, N, 0.5, 0.5, 0.5);
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  struct fea_fields *f = NULL;
  struct fea_failure r;
  assert_near(at_share, 0.0131, 0.00005);
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < N; v++) {
    m->modulus[v] = (float)young;
    m->part[v] = FEA_BONE;
  }
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_fix_plane(m, 2, N, 2, -0.1));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, NULL));
  assert_ok(fea_fields_create(&f, m, s));
  assert_int_equal(f->count, N);
  for (int e = 0; e < N; e++) { /* in no order: 37 and 101 have no common factor */
    const double ees = at_share * (1 + 0.01 * (e * 37 % N - 98));
    f->energy_mpa[e] = (float)(young * ees * ees / 2);
  }
  assert_ok(fea_failure_find(&r, m, f, &o));
  assert_close(r.factor_pistoia, 0.5332, 1e-5);
  assert_near(6091 * r.factor_pistoia, 3248, 0.5);
  fea_fields_destroy(f);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

/* A bar whose fields are overwritten: 5 x 5 x 5 elements about one are strained ten times as much,
 * and a single one elsewhere a little more. */
static void the_site_is_where_the_judged_bone_around_is_strained_most(void **state) {
  (void)state;
  enum { N = 10 };
  const struct geometry grid = geometry_make(N, N, N, 1, 1, 1);
  const int64_t expected = 6 + N * (3 + N * 5);
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  struct fea_fields *f = NULL;
  struct fea_failure r;
  const struct fea_failure_options o = FEA_FAILURE_DEFAULTS;
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < N * N * N; v++) {
    m->modulus[v] = 1000;
    m->part[v] = FEA_BONE;
  }
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_fix_plane(m, 2, N, 2, -0.01));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, NULL));
  assert_ok(fea_fields_create(&f, m, s));
  for (int64_t e = 0; e < f->count; e++) {
    const int64_t v = f->voxel[e], i = v % N - 6, j = v / N % N - 3, k = v / (N * N) - 5;
    const bool much = i >= -2 && i <= 2 && j >= -2 && j <= 2 && k >= -2 && k <= 2;
    f->tension[e] = 0;
    f->compression[e] = v == 0 ? -0.009f : much ? -0.008f : -0.0008f;
  }
  assert_ok(fea_failure_find(&r, m, f, &o));
  assert_int_equal(r.site_voxel, expected);
  assert_int_equal(r.site_tension, 0);
  fea_fields_destroy(f);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_site_is_where_the_judged_bone_around_is_strained_most),
      cmocka_unit_test(principal_strains_of_known_tensors),
      cmocka_unit_test(quantile_is_linear_between_values),
      cmocka_unit_test(bar_fails_at_its_strain_limit),
      cmocka_unit_test(caps_are_not_judged),
      cmocka_unit_test(pistoia_arithmetic_is_that_of_the_faim_manual),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
