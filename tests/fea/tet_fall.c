// labels: method slow
/* The fall on tetrahedra of a femur of capsules whose frame is exact. */
#include "tests/fea/digital_femur.h"

#include "fea/tet_fall.h"

static void stiffness_is_near_that_of_voxels_and_energy_balances(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  struct fea_tet_options t = FEA_TET_DEFAULTS;
  struct fea_tet_fall *r = NULL;
  struct fea_fall *voxels = NULL;
  o.interval = false;
  o.size_mm = 5;
  t.surface = FEA_SURFACE_NONE;
  t.solver = FEA_SOLVER_MUMPS;
  digital_femur_make(&f, 1.5, 0);
  assert_ok(fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, &o, &t));
  assert_near(r->solution->balance, 0, 1e-8);
  assert_close(r->solution->work_nmm, r->solution->energy_nmm, 1e-9);
  assert_true(r->quality.least > 0);
  assert_true(r->failure.judged_nodes > 500 && r->failure.factor_limit > 0);
  assert_non_null(record_find(r->record, "femur_right", "fall_failure_load_strain_limit"));
  assert_non_null(
      strstr(r->words, "fall-ogo/1 morgan2003-neck keyak1994-k2hpo4 tet10 5 mm v3 none"));
  /* what carries the load is the reaction of both caps */
  double ground[3];
  fea_mesh_plane_reaction(r->solution, r->mesh, 1, r->caps[1].face_mm, ground);
  assert_close(ground[1], r->load_n, 1e-6);
  /* 25 %, no better: voxels touch their caps less and stairs are soft (fea/README.md) */
  o.size_mm = 1.5;
  assert_ok(fea_fall_run(&voxels, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o));
  assert_close(r->stiffness_n_mm, voxels->stiffness_n_mm, 0.25);
  assert_close(r->failure_load_n, voxels->failure_load_n, 0.25);
  fea_fall_destroy(voxels);
  fea_tet_fall_destroy(r);
  digital_femur_free(&f);
}

/* A linear model: ten times the modulus everywhere is ten times the force, the same failure strain.
 */
static void forces_scale_with_the_modulus(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  struct fea_tet_options t = FEA_TET_DEFAULTS;
  struct fea_tet_fall *r[2] = {NULL};
  struct fea_user_law law;
  o.interval = false;
  o.size_mm = 8;
  t.element = FEA_TET4;
  t.solver = FEA_SOLVER_MUMPS;
  digital_femur_make(&f, 2, 0);
  for (int i = 0; i < 2; i++) {
    assert_ok(fea_law_parse(&law, i ? "apparent:20000,1" : "apparent:2000,1"));
    o.user_law = &law.law;
    o.cap_mpa = i ? 25000 : 2500;
    o.least_mpa = i ? 1 : 0.1;
    o.failure.least_modulus_mpa = i ? 1000 : 100;
    assert_ok(fea_tet_fall_run(&r[i], f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, &o, &t));
  }
  assert_close(r[1]->load_n, 10 * r[0]->load_n, 1e-8);
  assert_close(r[1]->failure.factor_limit, r[0]->failure.factor_limit, 1e-6);
  assert_close(r[1]->failure.factor_volume, r[0]->failure.factor_volume, 1e-6);
  for (int i = 0; i < 2; i++) fea_tet_fall_destroy(r[i]);
  digital_femur_free(&f);
}

static void what_tetrahedra_do_not_have_is_refused(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  struct fea_tet_fall *r = NULL;
  digital_femur_make(&f, 3, 0);
  o.recipe = FEA_FALL_HINGE;
  assert_fails(fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, &o, NULL),
               ST_DOMAIN, "take hex8 for fall-hinge/1");
  o.recipe = FEA_FALL_OGO;
  o.size_mm = 0.3;
  assert_fails(fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, &o, NULL),
               ST_DOMAIN, "tetrahedra of 0.3 mm");
  o.size_mm = 5;
  f.frame.metal = 1;
  assert_fails(fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, &o, NULL),
               ST_DOMAIN, "metal");
  f.frame.metal = 0;
  assert_fails(fea_tet_fall_run(&r, f.density, f.labels, 3, &f.frame, &o, NULL), ST_DOMAIN,
               "label 3 is not in the label map");
  assert_null(r);
  digital_femur_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stiffness_is_near_that_of_voxels_and_energy_balances),
      cmocka_unit_test(forces_scale_with_the_modulus),
      cmocka_unit_test(what_tetrahedra_do_not_have_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
