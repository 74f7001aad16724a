// labels: method
/* Closed forms of linear elasticity on cubes, and what the solver must refuse. */
#include "tests/fea/block.h"

#include "core/file.h"
#include "core/parallel.h"
#include "fea/multigrid.h"
#include "fea/solve.h"

#include <stdlib.h>

static const struct fea_solve_options tight = {.tolerance = 1e-12, .most_iterations = 200};

static double top_reaction(const struct fea_model *m, const struct fea_solution *s) {
  double sum[3];
  fea_solution_plane_reaction(s, m, 2, m->grid.nz, sum);
  return sum[2];
}

/* Cube 6 mm, E 6829, nu 0.3, strain -0.01: F = E A strain with free sides; with confined sides
 * times (1 - nu) / ((1 + nu)(1 - 2 nu)). */
static double compress_cube(bool confined, bool glued) {
  struct fea_model *m = block(6, 6, 6, 1, 6829, 0.3);
  struct fea_solution *s = NULL;
  assert_ok(fea_model_fix_plane(m, 2, 0, 2, 0));
  assert_ok(fea_model_fix_plane(m, 2, 6, 2, -0.06));
  if (confined)
    for (int axis = 0; axis < 2; axis++) {
      assert_ok(fea_model_fix_plane(m, axis, 0, axis, 0));
      assert_ok(fea_model_fix_plane(m, axis, 6, axis, 0));
    }
  else if (glued)
    for (int axis = 0; axis < 2; axis++) {
      assert_ok(fea_model_fix_plane(m, 2, 0, axis, 0));
      assert_ok(fea_model_fix_plane(m, 2, 6, axis, 0));
    }
  else {
    assert_ok(fea_model_fix_plane(m, 0, 0, 0, 0));
    assert_ok(fea_model_fix_plane(m, 1, 0, 1, 0));
  }
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, &tight));
  double force = top_reaction(m, s);
  assert_near(s->balance, 0, 1e-9);
  assert_close(s->work_nmm, s->energy_nmm, 1e-9);
  fea_solution_destroy(s);
  fea_model_destroy(m);
  return force;
}

static void uniform_bar_has_the_force_of_its_closed_form(void **state) {
  (void)state;
  assert_close(compress_cube(false, false), -2458.44, 1e-9);
}

static void confined_bar_has_the_force_of_its_closed_form(void **state) {
  (void)state;
  double exact = -6829 * 36 * 0.01 * 0.7 / (1.3 * 0.4);
  assert_near(exact, -3309.44, 0.005);
  assert_close(compress_cube(true, false), exact, 1e-9);
}

/* FAIM user manual 10.0, section 7.1: -2651 N (four digits). */
static void cube_glued_to_its_plates_has_the_force_of_faim(void **state) {
  (void)state;
  assert_near(compress_cube(false, true), -2651.5, 0.5);
}

/* Springs in series: F = A u / (l1/E1 + l2/E2). */
static void two_materials_in_series_add_their_compliances(void **state) {
  (void)state;
  struct fea_model *m = block(6, 6, 12, 1, 1000, 0);
  struct fea_solution *s = NULL;
  for (int64_t v = 6 * 36; v < 12 * 36; v++) m->modulus[v] = 4000;
  assert_ok(fea_model_fix_plane(m, 2, 0, 2, 0));
  assert_ok(fea_model_fix_plane(m, 2, 12, 2, -0.12));
  assert_ok(fea_model_fix_plane(m, 2, 0, 0, 0));
  assert_ok(fea_model_fix_plane(m, 2, 0, 1, 0));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, &tight));
  assert_close(top_reaction(m, s), -576.0, 1e-9);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

/* Any linear field prescribed on the surface continues inside: six strain states at once. */
static void linear_field_on_the_surface_is_reproduced_inside(void **state) {
  (void)state;
  static const double g[3][3] = {{1e-3, 4e-4, -2e-4}, {-3e-4, -7e-4, 5e-4}, {6e-4, 2e-4, 3e-4}};
  const int64_t n[3] = {9, 6, 7};
  struct fea_model *m = block(n[0], n[1], n[2], 0.7, 5000, 0.3);
  struct fea_solution *s = NULL;
  for (int64_t k = 0; k <= n[2]; k++)
    for (int64_t j = 0; j <= n[1]; j++)
      for (int64_t i = 0; i <= n[0]; i++) {
        bool inside = i > 0 && i < n[0] && j > 0 && j < n[1] && k > 0 && k < n[2];
        for (int a = 0; a < 3 && !inside; a++)
          assert_ok(fea_model_fix(
              m, fea_model_node(m, i, j, k), a,
              0.7 * (g[a][0] * (double)i + g[a][1] * (double)j + g[a][2] * (double)k)));
      }
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, &tight));
  for (int64_t k = 1; k < n[2]; k++)
    for (int64_t j = 1; j < n[1]; j++)
      for (int64_t i = 1; i < n[0]; i++) {
        double u[3];
        fea_solution_at(s, m, i, j, k, u);
        for (int a = 0; a < 3; a++)
          assert_near(u[a], 0.7 * (g[a][0] * (double)i + g[a][1] * (double)j + g[a][2] * (double)k),
                      1e-9 * 0.7 * 9e-3);
      }
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

/* A heterogeneous ragged block under a force, solved with 1, 2 and 5 threads. */
static struct fea_model *ragged(int64_t nz) {
  struct fea_model *m = block(21, 17, nz, 1, 1000, 0.3);
  for (int64_t v = 0; v < 21 * 17 * nz; v++) {
    int64_t i = v % 21, j = v / 21 % 17, k = v / (21 * 17);
    double r = hypot((double)i - 10, (double)j - 8) - 7 - 0.02 * (double)((k * 7) % 40);
    m->modulus[v] = r > 0 ? 0 : (float)(10 + 900 * fabs(sin(0.3 * (double)(i * j + k))));
  }
  assert_ok(fea_model_fix_plane(m, 2, 0, 0, 0));
  assert_ok(fea_model_fix_plane(m, 2, 0, 1, 0));
  assert_ok(fea_model_fix_plane(m, 2, 0, 2, 0));
  assert_ok(fea_model_load(m, fea_model_node(m, 10, 8, nz), 0, 30));
  assert_ok(fea_model_load(m, fea_model_node(m, 11, 8, nz), 2, -70));
  assert_ok(fea_model_finish(m));
  return m;
}

/* K x of the kernels against the sum of dense 24 x 24 stiffness matrices by Gauss points, in double
 * and (as a residual) in single precision; and x . K x. */
static void compare_operator(struct fea_model *m) {
  struct multigrid *mg = NULL;
  double k[24][24], largest = 0, dot = 0;
  assert_ok(multigrid_create(&mg, m, NULL));
  struct mg_level *l = &mg->level[0];
  const int64_t n = multigrid_owned(mg);
  double *x = multigrid_vector(n), *y = multigrid_vector(n), *exact = multigrid_vector(n);
  for (int64_t i = 0; i < n; i++) l->x[i] = (float)(x[i] = (float)sin(0.7 * (double)i));
  fea_hex_stiffness(1, &m->unit, k);
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    int64_t dof[24];
    if (!(m->modulus[v] > 0)) continue;
    for (int c = 0; c < 24; c++)
      dof[c] = fea_rows_dof(&m->rows, v % 21 + (c / 3 & 1), v / 21 % 17 + (c / 3 >> 1 & 1),
                            v / 357 + (c / 3 >> 2), c % 3);
    for (int p = 0; p < 24; p++)
      for (int q = 0; q < 24; q++) exact[dof[p]] += (double)m->modulus[v] * k[p][q] * x[dof[q]];
  }
  const double sum = multigrid_apply(mg, MG_REACTION, x, y);
  mg_slab_float(mg, l,
                &(struct mg_job_float){.mode = MG_RESIDUAL, .x = l->x, .b = l->b, .y = l->r});
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(exact[i]));
    dot += x[i] * exact[i];
  }
  for (int64_t i = 0; i < n; i++) {
    assert_near(y[i], exact[i], 1e-13 * largest);
    if (i >= m->rows.plane_start[1]) assert_near((double)l->r[i], -exact[i], 1e-6 * largest);
  }
  assert_close(sum, dot, 1e-12);
  free(x);
  free(y);
  free(exact);
  multigrid_destroy(mg);
  fea_model_destroy(m);
}

static void operator_is_the_sum_of_dense_stiffness_matrices(void **state) {
  (void)state;
  const struct fea_orthotropy ratio = {{0.5, 0.8, 1.6}, {0.45, 0.3, 0.2}, {0.12, 0.15, 0.35}};
  struct fea_model *m = ragged(40);
  compare_operator(m);
  m = ragged(12);
  assert_ok(fea_model_orthotropic(m, &ratio));
  compare_operator(m);
}

/* Threads work on slabs of planes: what one writes, the others must not even read. A number that is
 * none spreads to all that was computed from it. */
static void no_plane_is_computed_from_one_beyond_its_neighbours(void **state) {
  (void)state;
  struct fea_model *m = ragged(12);
  struct multigrid *mg = NULL;
  assert_ok(multigrid_create(&mg, m, NULL));
  const int64_t n = multigrid_owned(mg), *start = m->rows.plane_start;
  double *x = multigrid_vector(n), *y = multigrid_vector(n);
  for (int64_t i = start[6]; i < start[7]; i++) x[i] = NAN;
  multigrid_apply(mg, MG_REACTION, x, y);
  int64_t touched[2] = {0};
  for (int64_t i = 0; i < n; i++) {
    if (i < start[5] || i >= start[8]) assert_true(y[i] == 0);
    touched[i > start[6]] += isnan(y[i]);
  }
  assert_true(touched[0] > 0 && touched[1] > 0);
  free(x);
  free(y);
  multigrid_destroy(mg);
  fea_model_destroy(m);
}

static void orthotropic_constants_that_make_no_sense_are_refused(void **state) {
  (void)state;
  struct fea_elasticity e, iso;
  struct fea_orthotropy r = {{1, 1, 1}, {1 / 2.6, 1 / 2.6, 1 / 2.6}, {0.3, 0.3, 0.3}};
  struct fea_fabric f = FEA_FABRIC_HFE;
  fea_elasticity_isotropic(&iso, 0.3);
  assert_ok(fea_elasticity_orthotropic(&e, &r)); /* and are those of isotropy where they should */
  for (int i = 0; i < 9; i++) assert_near(e.normal[i / 3][i % 3], iso.normal[i / 3][i % 3], 1e-14);
  r.young[1] = 0;
  assert_fails(fea_elasticity_orthotropic(&e, &r), ST_DOMAIN, "modulus ratio 0 along y");
  r.young[1] = 0.05;
  assert_fails(fea_elasticity_orthotropic(&e, &r), ST_DOMAIN, "0.3 of yz must be below 0.22");
  r = (struct fea_orthotropy){{1, 1, 1}, {1, 1, 1}, {0.6, 0.6, 0.6}};
  assert_fails(fea_elasticity_orthotropic(&e, &r), ST_DOMAIN, "some strain would gain energy");
  f.eigenvalue[2] = 2;
  assert_fails(fea_orthotropy_fabric(&r, &f), ST_DOMAIN, "scale them to a sum of 3");
}

/* A chunk takes as long as its unknowns, not its planes: a cone has most of them at its base. */
static void chunks_of_a_cone_have_the_same_number_of_unknowns(void **state) {
  (void)state;
  struct fea_model *m = block(24, 24, 60, 1, 1000, 0.3);
  struct multigrid *mg = NULL;
  for (int64_t v = 0; v < 24 * 24 * 60; v++)
    if (hypot((double)(v % 24) - 11.5, (double)(v / 24 % 24) - 11.5) > 12 - (double)(v / 576) / 6)
      m->modulus[v] = 0;
  for (int axis = 0; axis < 3; axis++) assert_ok(fea_model_fix_plane(m, 2, 0, axis, 0));
  assert_ok(fea_model_finish(m));
  assert_ok(multigrid_create(&mg, m, NULL));
  const struct mg_level *l = &mg->level[0];
  const int64_t *start = l->rows.plane_start;
  int64_t widest = 0;
  for (int64_t k = 0; k < l->plane_last; k++)
    if (start[k + 1] - start[k] > widest) widest = start[k + 1] - start[k];
  assert_int_equal(mg_cut(l, 0, 3), l->plane_first);
  assert_int_equal(mg_cut(l, 3, 3), l->plane_last);
  for (int c = 0; c < 3; c++) {
    const int64_t share = start[mg_cut(l, c + 1, 3)] - start[mg_cut(l, c, 3)];
    assert_near((double)share, (double)l->length / 3, (double)widest);
  }
  multigrid_destroy(mg);
  fea_model_destroy(m);
}

static void thread_count_does_not_change_a_bit(void **state) {
  (void)state;
  struct fea_model *m = ragged(150); /* three slabs of planes with five threads */
  struct fea_solution *s[3] = {NULL};
  const int threads[3] = {1, 2, 5}, before = parallel_threads();
  for (int t = 0; t < 3; t++) {
    parallel_set_threads(threads[t]);
    assert_ok(fea_solve(&s[t], m, 0, NULL));
  }
  parallel_set_threads(before);
  const size_t bytes = (size_t)fea_rows_dofs(&m->rows) * sizeof(double);
  assert_memory_equal(s[0]->displacement, s[1]->displacement, bytes);
  assert_memory_equal(s[0]->displacement, s[2]->displacement, bytes);
  for (int t = 0; t < 3; t++) fea_solution_destroy(s[t]);
  fea_model_destroy(m);
}

static void forces_and_reactions_balance(void **state) {
  (void)state;
  struct fea_model *m = ragged(40);
  struct fea_solution *s = NULL;
  assert_ok(fea_solve(&s, m, 0, &tight));
  assert_near(s->reaction_sum[0], -30, 1e-8);
  assert_near(s->reaction_sum[1], 0, 1e-8);
  assert_near(s->reaction_sum[2], 70, 1e-8);
  assert_close(s->work_nmm, s->energy_nmm, 1e-9);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

static void scaling_the_modulus_scales_the_force_exactly(void **state) {
  (void)state;
  double force[2];
  for (int t = 0; t < 2; t++) {
    struct fea_model *m = block(7, 5, 9, 1, t ? 4 * 812.5 : 812.5, 0.25);
    struct fea_solution *s = NULL;
    for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
    assert_ok(fea_model_fix_plane(m, 2, 9, 0, 0.1));
    assert_ok(fea_model_finish(m));
    assert_ok(fea_solve(&s, m, 0, NULL));
    double sum[3];
    fea_solution_plane_reaction(s, m, 2, 9, sum);
    force[t] = sum[0];
    fea_solution_destroy(s);
    fea_model_destroy(m);
  }
  assert_true(force[1] == 4 * force[0]);
}

static void one_voxel_is_a_model(void **state) {
  (void)state;
  struct fea_model *m = block(1, 1, 1, 2, 500, 0);
  struct fea_solution *s = NULL;
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_fix_plane(m, 2, 1, 2, -0.02));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, &tight));
  double sum[3];
  fea_solution_plane_reaction(s, m, 2, 1, sum);
  assert_close(sum[2], -500 * 4 * 0.01, 1e-9);
  fea_solution_destroy(s);
  fea_model_destroy(m);
}

static void cases_share_a_set_up_and_superpose(void **state) {
  (void)state;
  struct fea_model *m = block(6, 6, 12, 1, 1000, 0.3);
  struct fea_solution *s[FEA_CASES] = {NULL};
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_load(m, fea_model_node(m, 3, 3, 12), 0, 10));
  assert_ok(fea_model_add_case(m, "down"));
  assert_ok(fea_model_load(m, fea_model_node(m, 3, 3, 12), 2, -20));
  assert_ok(fea_model_add_case(m, "both"));
  assert_ok(fea_model_load(m, fea_model_node(m, 3, 3, 12), 0, 30));
  assert_ok(fea_model_load(m, fea_model_node(m, 3, 3, 12), 2, -20));
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve_all(s, m, &tight));
  for (int64_t i = 0; i < fea_rows_dofs(&m->rows); i++)
    assert_near(s[1]->displacement[i] + 3 * s[0]->displacement[i], s[2]->displacement[i], 1e-9);
  for (int c = 0; c < 3; c++) fea_solution_destroy(s[c]);
  fea_model_destroy(m);
}

static void unmet_tolerance_is_a_failure(void **state) {
  (void)state;
  struct fea_model *m = ragged(40);
  struct fea_solution *s = NULL;
  const struct fea_solve_options short_of = {.tolerance = 1e-12, .most_iterations = 2};
  assert_fails(fea_solve(&s, m, 0, &short_of), ST_NUMERIC, "after 2 iterations");
  const struct fea_solve_options small = {
      .tolerance = 1e-6, .most_iterations = 9, .memory_gib = 1e-4};
  assert_fails(fea_solve(&s, m, 0, &small), ST_DOMAIN, "GiB");
  assert_fails(fea_solve(&s, m, 1, NULL), ST_DOMAIN, "load case 1");
  assert_null(s);
  fea_model_destroy(m);
}

/* A solve that was stopped leaves a file; the next one starts there, ends at the same displacement
 * and takes the file away. A file of another problem is refused. */
static void stopped_solve_goes_on_from_its_checkpoint(void **state) {
  (void)state;
  struct fea_model *m = ragged(40), *other = block(4, 4, 4, 1, 900, 0.3);
  struct fea_solution *cold = NULL, *warm = NULL, *s = NULL;
  struct fea_solve_options o = {.tolerance = 1e-9, .most_iterations = 200};
  assert_ok(fea_solve(&cold, m, 0, &o));
  o.checkpoint = "solve_test_checkpoint";
  o.most_iterations = cold->iterations / 2;
  assert_fails(fea_solve(&s, m, 0, &o), ST_NUMERIC, "iterations");
  assert_true(file_exists("solve_test_checkpoint.case0.h5"));
  o.most_iterations = 200;
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(other, 2, 0, a, 0));
  assert_ok(fea_model_load(other, fea_model_node(other, 2, 2, 4), 2, -1));
  assert_ok(fea_model_finish(other));
  assert_fails(fea_solve(&s, other, 0, &o), ST_DOMAIN, "another model");
  assert_ok(fea_solve(&warm, m, 0, &o));
  assert_true(warm->iterations < cold->iterations);
  assert_close(warm->energy_nmm, cold->energy_nmm, 1e-8);
  assert_false(file_exists("solve_test_checkpoint.case0.h5"));
  assert_null(s);
  fea_solution_destroy(cold);
  fea_solution_destroy(warm);
  fea_model_destroy(m);
  fea_model_destroy(other);
}

/* A cube of 1200 voxels an edge needs above 40 GiB in boxes alone: known before anything is made.
 */
static void memory_is_estimated_before_a_model_is_made(void **state) {
  (void)state;
  const struct geometry g = geometry_make(1200, 1200, 1200, 1, 1, 1);
  assert_true(fea_memory_estimate(&g, 0) > 1200. * 1200 * 1200 * 21);
  assert_fails(fea_memory_check(&g, 1000000, 8), ST_DOMAIN, "need about 35.");
  assert_ok(fea_memory_check(&g, 1000000, 100));
}

/* Marrow beside cortex, 1e4 and 1e5 apart: the iterations stay few. */
static void contrast_of_marrow_and_cortex_converges(void **state) {
  (void)state;
  for (int power = 4; power <= 5; power++) {
    struct fea_model *m = block(24, 24, 40, 1, 18000, 0.3);
    struct fea_solution *s = NULL;
    for (int64_t v = 0; v < 24 * 24 * 40; v++) {
      const double r = hypot((double)(v % 24) - 11.5, (double)(v / 24 % 24) - 11.5);
      m->modulus[v] = r > 12 ? 0 : r > 9 ? 18000 : (float)(18000 * pow(10, -power));
    }
    for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
    assert_ok(fea_model_fix_plane(m, 2, 40, 2, -0.1));
    assert_ok(fea_model_finish(m));
    assert_ok(fea_solve(&s, m, 0, NULL));
    assert_true(s->iterations < 60);
    fea_solution_destroy(s);
    fea_model_destroy(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_bar_has_the_force_of_its_closed_form),
      cmocka_unit_test(confined_bar_has_the_force_of_its_closed_form),
      cmocka_unit_test(cube_glued_to_its_plates_has_the_force_of_faim),
      cmocka_unit_test(two_materials_in_series_add_their_compliances),
      cmocka_unit_test(linear_field_on_the_surface_is_reproduced_inside),
      cmocka_unit_test(operator_is_the_sum_of_dense_stiffness_matrices),
      cmocka_unit_test(no_plane_is_computed_from_one_beyond_its_neighbours),
      cmocka_unit_test(orthotropic_constants_that_make_no_sense_are_refused),
      cmocka_unit_test(chunks_of_a_cone_have_the_same_number_of_unknowns),
      cmocka_unit_test(thread_count_does_not_change_a_bit),
      cmocka_unit_test(forces_and_reactions_balance),
      cmocka_unit_test(scaling_the_modulus_scales_the_force_exactly),
      cmocka_unit_test(one_voxel_is_a_model),
      cmocka_unit_test(cases_share_a_set_up_and_superpose),
      cmocka_unit_test(unmet_tolerance_is_a_failure),
      cmocka_unit_test(stopped_solve_goes_on_from_its_checkpoint),
      cmocka_unit_test(memory_is_estimated_before_a_model_is_made),
      cmocka_unit_test(contrast_of_marrow_and_cortex_converges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
