// labels: method slow
/* The envelope of directions against solves of single directions, and by symmetry. */
#include "tests/fea/digital_femur.h"

#include "fea/envelope.h"

static struct fea_envelope *run(double alpha, double beta, double step, int left) {
  struct digital_femur f;
  struct fea_envelope_options o = FEA_ENVELOPE_DEFAULTS;
  struct fea_envelope *e = NULL;
  o.model.size_mm = 2.5;
  o.model.solve.tolerance = 1e-10;
  o.alpha_deg = alpha;
  o.beta_deg = beta;
  o.step_deg = step;
  digital_femur_make(&f, 1.5, left);
  assert_ok(fea_envelope_run(&e, f.density, f.labels, left ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT,
                             &f.frame, &o));
  digital_femur_free(&f);
  return e;
}

/* The femur of the tests is its own mirror image from front to back. */
static void directions_to_front_and_back_are_alike(void **state) {
  (void)state;
  struct fea_envelope *e = run(0, 30, 15, 0);
  assert_int_equal(e->count, 5);
  for (int i = 0; i < 2; i++)
    assert_close(e->direction[i].failure_load_n, e->direction[4 - i].failure_load_n, 2e-2);
  fea_envelope_destroy(e);
}

static void left_and_right_have_the_same_envelope(void **state) {
  (void)state;
  struct fea_envelope *e[2] = {run(30, 15, 15, 0), run(30, 15, 15, 1)};
  assert_int_equal(e[0]->count, 15);
  for (int i = 0; i < e[0]->count; i++)
    assert_close(e[1]->direction[i].failure_load_n, e[0]->direction[i].failure_load_n, 1e-6);
  assert_non_null(record_find(e[1]->record, "femur_left", "envelope_failure_load_min"));
  for (int i = 0; i < 2; i++) fea_envelope_destroy(e[i]);
}

/* Both fill the same solid: 5 mm tetrahedra are as large as cubes of 3 mm. Where the weakest place
 * is a stress raiser of the surface their loads differ most, so this is not the 5 % of stiffness.
 */
static void tetrahedra_find_the_loads_and_the_weakest_direction_of_cubes(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_envelope_options o = FEA_ENVELOPE_DEFAULTS;
  struct fea_envelope *e[2] = {NULL};
  o.alpha_deg = 30;
  o.beta_deg = 0;
  o.step_deg = 30;
  o.tets.surface = FEA_SURFACE_NONE;
  digital_femur_make(&f, 1.5, 0);
  for (int i = 0; i < 2; i++) {
    o.elements = i ? FEA_TET10 : FEA_HEX8;
    o.model.size_mm = i ? 5 : 2.5;
    assert_ok(fea_envelope_run(&e[i], f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, &o));
  }
  for (int i = 0; i < e[0]->count; i++) {
    print_message("alpha %g: cubes %.1f N, tetrahedra %.1f N\n", e[0]->direction[i].alpha_deg,
                  e[0]->direction[i].failure_load_n, e[1]->direction[i].failure_load_n);
    assert_close(e[1]->direction[i].failure_load_n, e[0]->direction[i].failure_load_n, 0.1);
  }
  assert_int_equal(e[1]->weakest, e[0]->weakest);
  assert_non_null(strstr(e[0]->words, "envelope/2 morgan2003-neck keyak1994-k2hpo4 hex 2.5 mm"));
  assert_non_null(strstr(e[1]->words, "envelope/2 morgan2003-neck keyak1994-k2hpo4 tet10 5 mm"));
  assert_null(e[1]->model);
  for (int i = 0; i < 2; i++) fea_envelope_destroy(e[i]);
  digital_femur_free(&f);
}

/* Superposed strains of one direction against the solve of that very direction. */
static void a_superposed_direction_is_the_direction_solved(void **state) {
  (void)state;
  const double force[3] = {0.5, -0.7, -0.3};
  struct geometry grid = geometry_make(5, 6, 9, 1, 1, 1);
  struct fea_model *m = NULL;
  struct fea_solution *s[FEA_CASES] = {NULL};
  struct fea_fields *unit[3], *sum, *direct;
  const struct fea_solve_options tight = {.tolerance = 1e-12, .most_iterations = 200};
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < 5 * 6 * 9; v++) {
    m->modulus[v] = (float)(500 + 100 * (v % 7));
    m->part[v] = FEA_BONE;
  }
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  for (int c = 0; c < 4; c++) {
    if (c) assert_ok(fea_model_add_case(m, "case"));
    for (int a = 0; a < 3; a++)
      if (c == a || c == 3)
        assert_ok(fea_model_load(m, fea_model_node(m, 2, 3, 9), a, c == 3 ? force[a] : 1));
  }
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve_all(s, m, &tight));
  for (int a = 0; a < 3; a++) assert_ok(fea_fields_create(&unit[a], m, s[a]));
  assert_ok(fea_fields_create(&sum, m, s[0]));
  assert_ok(fea_fields_create(&direct, m, s[3]));
  for (int64_t i = 0; i < 6 * sum->count; i++) {
    double strain = 0;
    for (int a = 0; a < 3; a++) strain += force[a] * (double)unit[a]->strain[i];
    sum->strain[i] = (float)strain;
  }
  fea_fields_from_strain(sum, m);
  double most = 0;
  for (int64_t e = 0; e < sum->count; e++) most = fmax(most, (double)direct->tension[e]);
  for (int64_t e = 0; e < sum->count; e++) {
    assert_near(sum->tension[e], direct->tension[e], 1e-5 * most);
    assert_near(sum->compression[e], direct->compression[e], 1e-5 * most);
  }
  for (int a = 0; a < 3; a++) fea_fields_destroy(unit[a]);
  fea_fields_destroy(sum);
  fea_fields_destroy(direct);
  for (int c = 0; c < 4; c++) fea_solution_destroy(s[c]);
  fea_model_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_superposed_direction_is_the_direction_solved),
      cmocka_unit_test(directions_to_front_and_back_are_alike),
      cmocka_unit_test(left_and_right_have_the_same_envelope),
      cmocka_unit_test(tetrahedra_find_the_loads_and_the_weakest_direction_of_cubes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
