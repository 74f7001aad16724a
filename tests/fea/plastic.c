/* Yield surfaces and the four-phase law against their closed forms. */
#include "tests/check.h"

#include "fea/material.h"
#include "fea/plastic.h"
#include "fea/post_yield.h"

static struct fea_plastic_point bone(enum fea_yield kind) {
  struct fea_plastic_point p = {.young = 1000, .poisson = 0.3};
  fea_plastic_surface(&p, kind, 6, 9);
  return p;
}

/* Uniaxial stress driven by axial strain: the lateral strain that leaves no lateral stress is found
 * by secant steps; the axial stress saturates at the uniaxial yield stress. */
static double uniaxial(const struct fea_plastic_point *p, double axial) {
  double plastic[6] = {0}, stress[6] = {0};
  const int steps = 60;
  for (int s = 1; s <= steps; s++) {
    double lateral = -p->poisson * axial * s / steps, keep[6];
    memcpy(keep, plastic, sizeof keep);
    for (int turn = 0; turn < 200; turn++) {
      double strain[6] = {lateral, lateral, axial * s / steps, 0, 0, 0}, tangent[6][6];
      memcpy(plastic, keep, sizeof keep);
      fea_plastic_return(p, strain, plastic, stress, tangent);
      const double slope = tangent[0][0] + tangent[0][1];
      if (fabs(stress[0]) < 1e-10) break;
      lateral -= stress[0] / slope;
    }
    assert_near(stress[0], 0, 1e-8);
  }
  return stress[2];
}

static void uniaxial_yield_is_the_stress_given(void **state) {
  (void)state;
  struct fea_plastic_point p = bone(FEA_DRUCKER_PRAGER);
  assert_close(uniaxial(&p, 0.02), 6.0, 1e-8);
  assert_close(uniaxial(&p, -0.03), -9.0, 1e-8);
  p = bone(FEA_VON_MISES);
  assert_close(uniaxial(&p, 0.03), 9.0, 1e-8);
  assert_close(uniaxial(&p, -0.03), -9.0, 1e-8);
}

/* Morgan's yield stresses at an apparent density of 0.3 g/cm3: 5.627 and 4.297 MPa. */
static void morgan_yield_is_returned_by_the_surface(void **state) {
  (void)state;
  struct fea_plastic_point p = {.young = 1139.2, .poisson = 0.3};
  fea_plastic_surface(&p, FEA_DRUCKER_PRAGER, fea_yield_tension(0.3), fea_yield_compression(0.3));
  assert_near(uniaxial(&p, 0.02), 4.297, 1e-3);
  assert_near(uniaxial(&p, -0.02), -5.627, 1e-3);
}

static void below_yield_nothing_is_lost(void **state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    const struct fea_plastic_point p = bone((enum fea_yield)kind);
    const double strain[6] = {1e-3, -2e-3, 1e-3, 1e-3, 5e-4, -1e-3};
    double plastic[6] = {0}, stress[6], tangent[6][6], elastic[6][6];
    assert_int_equal(fea_plastic_return(&p, strain, plastic, stress, tangent), 0);
    for (int i = 0; i < 6; i++) assert_true(plastic[i] == 0);
    fea_elastic_matrix(p.young, p.poisson, elastic);
    for (int i = 0; i < 6; i++) {
      double s = 0;
      for (int j = 0; j < 6; j++) s += elastic[i][j] * strain[j];
      assert_close(stress[i], s, 1e-12);
    }
  }
}

/* After a return the stress lies on the surface, flow keeps the volume and does work >= 0, and the
 * tangent is the derivative of the stress (central differences). */
static void the_return_is_on_the_surface_and_its_tangent_is_consistent(void **state) {
  (void)state;
  static const double strains[3][6] = {{0.02, -0.03, 0.004, 0.01, -0.02, 0.005},
                                       {-0.03, 0.01, 0.017, 0.004, 0.001, 0.02},
                                       {0.004, 0.001, -0.002, 0.03, 0, 0}};
  for (int kind = 0; kind < 2; kind++)
    for (int t = 0; t < 3; t++) {
      const struct fea_plastic_point p = bone((enum fea_yield)kind);
      double plastic[6] = {0}, stress[6], tangent[6][6], work = 0;
      assert_int_equal(fea_plastic_return(&p, strains[t], plastic, stress, tangent), 1);
      assert_near(fea_plastic_function(&p, stress), 0, 1e-9);
      assert_near(plastic[0] + plastic[1] + plastic[2], 0, 1e-15);
      for (int i = 0; i < 6; i++) work += stress[i] * plastic[i];
      assert_true(work > 0);
      for (int j = 0; j < 6; j++) {
        double side[2][6];
        for (int s = 0; s < 2; s++) {
          double strain[6], none[6] = {0};
          memcpy(strain, strains[t], sizeof strain);
          strain[j] += s ? 1e-6 : -1e-6;
          fea_plastic_return(&p, strain, none, side[s], NULL);
        }
        for (int i = 0; i < 6; i++)
          assert_near(tangent[i][j], (side[1][i] - side[0][i]) / 2e-6, 1e-4 * p.young);
      }
    }
}

static void mean_tension_returns_to_the_tip(void **state) {
  (void)state;
  const struct fea_plastic_point p = bone(FEA_DRUCKER_PRAGER);
  const double strain[6] = {0.05, 0.05, 0.05, 0, 0, 0.001};
  double plastic[6] = {0}, stress[6];
  assert_int_equal(fea_plastic_return(&p, strain, plastic, stress, NULL), 1);
  for (int i = 0; i < 3; i++) {
    assert_close(stress[i], p.k / p.alpha / 3, 1e-12);
    assert_near(stress[3 + i], 0, 1e-12);
  }
  double again[6]; /* the state is admissible: no more flow */
  assert_int_equal(fea_plastic_return(&p, strain, plastic, again, NULL), 0);
  for (int i = 0; i < 6; i++) assert_near(again[i], stress[i], 1e-9);
}

static void four_phases_have_their_worked_values(void **state) {
  (void)state;
  struct fea_post_yield t, c;
  assert_ok(fea_post_yield_make(&t, 0.3, 0, 3));
  assert_near(t.modulus, 1587.2, 0.05);
  assert_near(t.strength, 11.679, 5e-4);
  assert_near(t.yield, 0.007358, 5e-7);
  assert_near(t.plateau, 0.0456, 5e-5);
  assert_near(t.softening, -61.37, 5e-3);
  assert_near(t.residual, 4.876, 5e-4);
  assert_near(t.end, 0.16382, 5e-6);
  assert_ok(fea_post_yield_make(&c, 1.2, 1, 3));
  assert_near(c.modulus, 20915, 0.5);
  assert_near(c.strength, 141.62, 5e-3);
  assert_near(c.yield, 0.006771, 5e-7);
  assert_near(c.plateau, 0.010667, 5e-7);
  assert_near(c.softening, -588.7, 0.05);
  assert_near(c.residual, 59.95, 5e-3);
  assert_near(c.end, 0.15616, 5e-6);
  assert_close(fea_post_yield_stress(&t, 0.005), t.modulus * 0.005, 1e-12);
  assert_close(fea_post_yield_stress(&t, 0.03), t.strength, 1e-12);
  assert_close(fea_post_yield_stress(&t, 0.1),
               t.strength + t.softening * (0.1 - t.yield - t.plateau), 1e-12);
  assert_close(fea_post_yield_stress(&t, 0.5), t.residual, 1e-12);
  assert_fails(fea_post_yield_make(&t, 0, 0, 3), ST_DOMAIN, "above 0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniaxial_yield_is_the_stress_given),
      cmocka_unit_test(morgan_yield_is_returned_by_the_surface),
      cmocka_unit_test(below_yield_nothing_is_lost),
      cmocka_unit_test(the_return_is_on_the_surface_and_its_tangent_is_consistent),
      cmocka_unit_test(mean_tension_returns_to_the_tip),
      cmocka_unit_test(four_phases_have_their_worked_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
