// labels: method property
/* Painted bone volume fractions against closed forms: plates t/(t+s); rods 3 pi r^2/L^2 - 8 sqrt2
 * r^3/L^3, the volume of three crossing cylinders (bicylinder and tricylinder of Steinmetz). */
#include "tests/check.h"

#include "core/parallel.h"
#include "phantom/trabeculae.h"

/* Mean density over the mineral's: BV/TV of the painted cube. */
static double painted_bvtv(const struct trabeculae_phantom *p, struct phantom_result *r) {
  assert_ok(trabeculae_make(r, p));
  int64_t n = geometry_voxels(&r->ct->grid);
  return parallel_sum_float(r->ct->voxels, n) / (double)n / p->mineral_mg_cm3;
}

static double truth_value(const struct phantom_result *r, const char *group, const char *key) {
  const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(r->truth, group), key);
  return cJSON_GetObjectItem(v, "value")->valuedouble;
}

static void plates_have_their_closed_forms(void **state) {
  (void)state;
  struct trabeculae_phantom p;
  struct phantom_result r;
  trabeculae_defaults(&p);
  p.size_mm = 3.2; /* four periods */
  assert_close(painted_bvtv(&p, &r), 0.1875, 0.005);
  assert_near(truth_value(&r, "endless", "bvtv"), 0.1875, 1e-12);
  assert_near(truth_value(&r, "endless", "tb_n"), 1.25, 1e-12);
  assert_close(truth_value(&r, "cube", "bvtv"), 0.1875, 0.001);
  phantom_result_free(&r);
}

static void rod_lattices_have_the_volume_of_crossing_cylinders(void **state) {
  (void)state;
  static const double rows[2][3] = {{0.1, 1, 0.0829341}, {0.06, 0.7, 0.0621186}};
  for (int i = 0; i < 2; i++) {
    struct trabeculae_phantom p;
    struct phantom_result r;
    trabeculae_defaults(&p);
    p.kind = TRABECULAE_RODS;
    p.radius_mm = rows[i][0];
    p.period_mm = rows[i][1];
    p.size_mm = 2 * p.period_mm;
    p.spacing_mm = p.period_mm / 20;
    p.paint.depth = 4;
    p.paint.tolerance_hu = 0.2;
    assert_near(trabeculae_bvtv(&p), rows[i][2], 5e-8);
    /* midpoints on a lattice aligned with the rods: a circle of n leaves' radius (27 and 32 here)
     * holds pi n^2 points within about 2 n^(2/3) (Gauss's circle problem), below 1 per cent */
    assert_close(painted_bvtv(&p, &r), rows[i][2], 0.01);
    assert_close(truth_value(&r, "cube", "bvtv"), rows[i][2], 0.001);
    assert_near(truth_value(&r, "endless", "conn_d"), 2 / pow(p.period_mm, 3), 1e-9);
    phantom_result_free(&r);
  }
}

static void stretching_keeps_the_fraction(void **state) {
  (void)state;
  struct trabeculae_phantom p;
  struct phantom_result r;
  trabeculae_defaults(&p);
  p.kind = TRABECULAE_RODS;
  p.stretch[0] = 2; /* the cube of 2 mm holds one period in x, two in y and z */
  p.size_mm = 2;
  p.spacing_mm = 0.05;
  p.paint.depth = 4;
  p.paint.tolerance_hu = 0.2;
  assert_close(painted_bvtv(&p, &r), 0.0829341, 0.003);
  phantom_result_free(&r);
}

static void sponge_has_the_planted_fraction_on_average(void **state) {
  (void)state;
  double sum = 0;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    struct trabeculae_phantom p;
    struct phantom_result r;
    trabeculae_defaults(&p);
    p.kind = TRABECULAE_SPINODAL;
    p.period_mm = 0.6;
    p.bvtv = 0.25;
    p.waves = 60;
    p.seed = seed;
    p.size_mm = 3;
    p.spacing_mm = 0.1;
    p.paint.depth = 1;
    double painted = painted_bvtv(&p, &r);
    /* image and quadrature of the same cube */
    assert_near(painted, truth_value(&r, "cube", "bvtv"), 0.003);
    sum += painted / 4;
    phantom_result_free(&r);
  }
  /* some 125 independent periods a cube, four cubes */
  assert_near(sum, 0.25, 0.02);
}

static void a_closed_lattice_is_refused(void **state) {
  (void)state;
  struct trabeculae_phantom p;
  struct phantom_result r;
  trabeculae_defaults(&p);
  p.kind = TRABECULAE_RODS;
  p.radius_mm = 0.5;
  assert_fails(trabeculae_make(&r, &p), ST_DOMAIN, "0.35 of the period");
  trabeculae_defaults(&p);
  p.spacing_mm = 0.001;
  assert_fails(trabeculae_make(&r, &p), ST_DOMAIN, "at most 800 voxels");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plates_have_their_closed_forms),
      cmocka_unit_test(rod_lattices_have_the_volume_of_crossing_cylinders),
      cmocka_unit_test(stretching_keeps_the_fraction),
      cmocka_unit_test(sponge_has_the_planted_fraction_on_average),
      cmocka_unit_test(a_closed_lattice_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
