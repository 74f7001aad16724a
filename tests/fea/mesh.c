// labels: method
/* Unstructured meshes: shapes, assembly and solution against closed forms, the voxel solver and a
 * second solver; what cannot be solved is refused. */
#include "tests/check.h"

#include "core/parallel.h"
#include "fea/block_mesh.h"
#include "fea/mesh_solve.h"
#include "fea/shape.h"
#include "fea/solve.h"

static const double lengths[3] = {8, 6, 10};

/* A block of two materials, held below, pressed and sheared above, with a force. */
static struct fea_mesh *pressed(enum fea_element element, int cells) {
  struct fea_mesh *m = NULL;
  assert_ok(fea_block_mesh(&m, element, cells, cells, cells, fea_block_box, lengths, 3000));
  for (int64_t e = 0; e < m->element_count; e += 2) m->modulus[e] = 700;
  for (int a = 0; a < 3; a++) assert_ok(fea_mesh_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_mesh_fix_plane(m, 2, 10, 2, -0.05));
  assert_ok(fea_mesh_fix_plane(m, 2, 10, 0, 0.02));
  for (int64_t n = 0; n < m->node_count; n++)
    if (m->points[3 * n] == 0 && m->points[3 * n + 1] == 0 && m->points[3 * n + 2] == 5)
      assert_ok(fea_mesh_load(m, n, 1, 40));
  return m;
}

static void volumes_and_faces_add_up(void **state) {
  (void)state;
  for (int e = FEA_TET4; e <= FEA_HEX8; e++) {
    struct fea_mesh *m = NULL;
    struct fea_faces *f = NULL;
    assert_ok(fea_block_mesh(&m, (enum fea_element)e, 3, 2, 4, fea_block_box, lengths, 1));
    assert_close(fea_mesh_volume_mm3(m), 480., 1e-12);
    assert_ok(fea_mesh_faces(&f, m));
    const int quads = 2 * (3 * 2 + 3 * 4 + 2 * 4);
    assert_int_equal(f->count, e == FEA_HEX8 ? quads : 2 * quads);
    /* a pressure on all faces balances; on one side it is p A */
    for (int64_t i = 0; i < f->count; i++) assert_ok(fea_mesh_press(m, f, i, 2));
    double sum[3] = {0}, push[3] = {0};
    for (int64_t i = 0; i < m->force_count; i++) {
      sum[m->force[i].axis] += m->force[i].newton;
      push[m->force[i].axis] += fabs(m->force[i].newton) / 2;
    }
    for (int a = 0; a < 3; a++) assert_near(sum[a], 0, 1e-9);
    assert_true(push[2] >= 2 * 48 - 1e-9);
    fea_faces_destroy(f);
    fea_mesh_destroy(m);
  }
}

/* Derivatives against differences, and the sum of shape functions is one. */
static void shape_functions_are_consistent(void **state) {
  (void)state;
  const double at[3] = {0.17, 0.31, 0.22}, h = 1e-6;
  for (int e = FEA_TET4; e <= FEA_HEX8; e++) {
    double n[FEA_ELEMENT_MOST], dn[FEA_ELEMENT_MOST][3], sum = 0;
    fea_shape((enum fea_element)e, at, n, dn);
    for (int c = 0; c < fea_element_nodes((enum fea_element)e); c++) {
      sum += n[c];
      for (int a = 0; a < 3; a++) {
        double up[3] = {at[0], at[1], at[2]}, low[3] = {at[0], at[1], at[2]}, p[10], q[10];
        up[a] += h;
        low[a] -= h;
        fea_shape((enum fea_element)e, up, p, NULL);
        fea_shape((enum fea_element)e, low, q, NULL);
        assert_near(dn[c][a], (p[c] - q[c]) / (2 * h), 1e-8);
        double node[3], one[10];
        fea_shape_node((enum fea_element)e, c, node);
        fea_shape((enum fea_element)e, node, one, NULL);
        assert_near(one[c], 1, 1e-12);
      }
    }
    assert_near(sum, 1, 1e-12);
  }
}

static void scaled_jacobian_is_one_for_the_regular_tetrahedron(void **state) {
  (void)state;
  double x[FEA_ELEMENT_MOST][3] = {{1, 1, 1}, {-1, 1, -1}, {1, -1, -1}, {-1, -1, 1}};
  static const int edge_of[6][2] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}, {1, 3}, {2, 3}};
  for (int e = 0; e < 6; e++)
    for (int a = 0; a < 3; a++) x[4 + e][a] = (x[edge_of[e][0]][a] + x[edge_of[e][1]][a]) / 2;
  assert_near(fea_scaled_jacobian(FEA_TET4, (const double(*)[3])x), 1, 1e-12);
  assert_near(fea_scaled_jacobian(FEA_TET10, (const double(*)[3])x), 1, 1e-12);
  /* a mid-side node past the quarter point folds the element */
  for (int a = 0; a < 3; a++) x[4][a] = x[0][a] + 0.2 * (x[1][a] - x[0][a]);
  assert_true(fea_scaled_jacobian(FEA_TET10, (const double(*)[3])x) < 0);
  for (int a = 0; a < 3; a++) x[4][a] = x[0][a] + 0.3 * (x[1][a] - x[0][a]);
  assert_true(fea_scaled_jacobian(FEA_TET10, (const double(*)[3])x) > 0);
}

static void every_solver_balances_and_agrees(void **state) {
  (void)state;
  for (int e = FEA_TET4; e <= FEA_HEX8; e++) {
    struct fea_mesh *m = pressed((enum fea_element)e, 4);
    struct fea_mesh_solution *s[4] = {NULL};
    for (int solver = FEA_SOLVER_AUTO; solver <= FEA_SOLVER_CORNERS; solver++) {
      const struct fea_mesh_solve_options o = {
          .solver = solver, .tolerance = 1e-9, .most_iterations = 300};
      if (solver == FEA_SOLVER_CORNERS && e != FEA_TET10) {
        assert_fails(fea_mesh_solve(&s[solver], m, &o), ST_DOMAIN, "for 10-node tetrahedra");
        continue;
      }
      assert_ok(fea_mesh_solve(&s[solver], m, &o));
      assert_true(s[solver]->residual <= 1e-9);
      assert_near(s[solver]->balance, 0, 1e-8);
      assert_close(s[solver]->work_nmm, s[solver]->energy_nmm, 1e-9);
      for (int64_t i = 0; i < 3 * m->node_count; i++)
        assert_near(s[solver]->displacement[i], s[0]->displacement[i], 1e-9);
    }
    assert_string_equal(s[0]->solver, e == FEA_TET10 ? "corners" : "mumps");
    assert_near(s[0]->reaction_sum[1], -40, 1e-6);
    for (int i = 0; i < 4; i++) fea_mesh_solution_destroy(s[i]);
    fea_mesh_destroy(m);
  }
}

/* Marrow beside cortex: every other element ten thousand times as stiff. */
static void the_cycle_over_corners_bears_a_contrast_of_ten_thousand(void **state) {
  (void)state;
  struct fea_mesh *m = pressed(FEA_TET10, 5);
  struct fea_mesh_solution *s = NULL;
  const struct fea_mesh_solve_options o = {
      .solver = FEA_SOLVER_CORNERS, .tolerance = 1e-8, .most_iterations = 60};
  for (int64_t e = 0; e < m->element_count; e++) m->modulus[e] = e % 2 ? 2 : 20000;
  assert_ok(fea_mesh_solve(&s, m, &o));
  assert_close(s->work_nmm, s->energy_nmm, 1e-9);
  print_message("contrast 1e4: %d iterations\n", s->iterations);
  fea_mesh_solution_destroy(s);
  fea_mesh_destroy(m);
}

/* What large meshes take, on a small one: the same displacements, a few more iterations. */
static void the_cycle_over_corners_may_take_gamg_there(void **state) {
  (void)state;
  struct fea_mesh *m = pressed(FEA_TET10, 5);
  struct fea_mesh_solution *s[2] = {NULL};
  for (int i = 0; i < 2; i++) {
    const struct fea_mesh_solve_options o = {.solver = FEA_SOLVER_CORNERS,
                                             .tolerance = 1e-10,
                                             .most_iterations = 100,
                                             .direct_corners = i ? 1 : 0};
    assert_ok(fea_mesh_solve(&s[i], m, &o));
    assert_string_equal(s[i]->solver, "corners");
  }
  print_message("corners by MUMPS: %d iterations, by GAMG: %d\n", s[0]->iterations,
                s[1]->iterations);
  assert_true(s[1]->iterations > s[0]->iterations); /* GAMG is not exact, so it was taken */
  for (int64_t i = 0; i < 3 * m->node_count; i++)
    assert_near(s[1]->displacement[i], s[0]->displacement[i], 1e-10);
  for (int i = 0; i < 2; i++) fea_mesh_solution_destroy(s[i]);
  fea_mesh_destroy(m);
}

static void a_voxel_model_gives_the_same_as_its_mesh(void **state) {
  (void)state;
  struct geometry grid = geometry_make(6, 5, 7, 0.8, 0.8, 0.8);
  struct fea_model *model = NULL;
  struct fea_mesh *m = NULL;
  struct fea_solution *voxels = NULL;
  struct fea_mesh_solution *s = NULL;
  double top[3], sum[3];
  assert_ok(fea_model_create(&model, &grid, 0.28));
  for (int64_t v = 0; v < 6 * 5 * 7; v++)
    model->modulus[v] = v % 11 ? (float)(300 + 70 * (v % 9)) : 0;
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(model, 2, 0, a, 0));
  assert_ok(fea_model_fix_plane(model, 2, 7, 2, -0.05));
  assert_ok(fea_model_load(model, fea_model_node(model, 0, 3, 5), 1, 4));
  assert_ok(fea_model_finish(model));
  const struct fea_solve_options tight = {.tolerance = 1e-10, .most_iterations = 300};
  assert_ok(fea_solve(&voxels, model, 0, &tight));
  assert_ok(fea_mesh_from_model(&m, model, 0));
  assert_ok(fea_mesh_solve(&s, m, NULL));
  fea_solution_plane_reaction(voxels, model, 2, 7, top);
  fea_mesh_plane_reaction(s, m, 2, 5.6, sum);
  assert_close(sum[2], top[2], 1e-7);
  assert_close(s->energy_nmm, voxels->energy_nmm, 1e-7);
  fea_mesh_solution_destroy(s);
  fea_solution_destroy(voxels);
  fea_mesh_destroy(m);
  fea_model_destroy(model);
}

static void threads_change_no_bit(void **state) {
  (void)state;
  struct fea_mesh *m = pressed(FEA_TET10, 3);
  struct fea_mesh_solution *s[2] = {NULL};
  const struct fea_mesh_solve_options o = {
      .solver = FEA_SOLVER_AUTO, .tolerance = 1e-8, .most_iterations = 300};
  const int before = parallel_threads();
  for (int i = 0; i < 2; i++) {
    parallel_set_threads(i + 1);
    assert_ok(fea_mesh_solve(&s[i], m, &o));
  }
  parallel_set_threads(before);
  assert_memory_equal(s[0]->displacement, s[1]->displacement, 24 * (size_t)m->node_count);
  for (int i = 0; i < 2; i++) fea_mesh_solution_destroy(s[i]);
  fea_mesh_destroy(m);
}

static void what_cannot_be_solved_is_refused(void **state) {
  (void)state;
  struct fea_mesh *m = pressed(FEA_TET4, 2);
  m->modulus[3] = 0;
  assert_fails(fea_mesh_check(m), ST_DOMAIN, "element 3 has a modulus of 0 MPa");
  m->modulus[3] = NAN;
  assert_fails(fea_mesh_check(m), ST_DOMAIN, "modulus of nan MPa");
  m->modulus[3] = 1;
  const int32_t swap = m->nodes[0];
  m->nodes[0] = m->nodes[1];
  m->nodes[1] = swap;
  assert_fails(fea_mesh_check(m), ST_DOMAIN, "1 of 48 elements are inverted");
  m->nodes[1] = m->nodes[0];
  m->nodes[0] = swap;
  assert_ok(fea_mesh_check(m));
  assert_ok(fea_mesh_fix(m, m->support[0].node, m->support[0].axis, 0.5));
  assert_fails(fea_mesh_check(m), ST_DOMAIN, "is to move by 0 and by 0.5 mm");
  m->support_count = 0;
  assert_fails(fea_mesh_check(m), ST_NUMERIC, "no support");
  assert_ok(fea_mesh_fix_plane(m, 2, 0, 2, 0));
  assert_fails(fea_mesh_check(m), ST_NUMERIC, "translation along x");
  for (int64_t n = 0; n < m->node_count; n++)
    if (m->points[3 * n] == 0 && m->points[3 * n + 1] == 0) {
      assert_ok(fea_mesh_fix(m, n, 0, 0));
      assert_ok(fea_mesh_fix(m, n, 1, 0));
    }
  assert_fails(fea_mesh_check(m), ST_NUMERIC, "rotation about z");
  assert_fails(fea_mesh_fix(m, 1000, 0, 0), ST_DOMAIN, "node 1000");
  assert_fails(fea_mesh_fix(m, 0, 0, INFINITY), ST_DOMAIN, "inf");
  m->element_count -= 12; /* the last cells gone: their nodes hang free */
  assert_fails(fea_mesh_check(m), ST_DOMAIN, "pieces that no node joins");
  fea_mesh_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(volumes_and_faces_add_up),
      cmocka_unit_test(shape_functions_are_consistent),
      cmocka_unit_test(scaled_jacobian_is_one_for_the_regular_tetrahedron),
      cmocka_unit_test(every_solver_balances_and_agrees),
      cmocka_unit_test(the_cycle_over_corners_bears_a_contrast_of_ten_thousand),
      cmocka_unit_test(the_cycle_over_corners_may_take_gamg_there),
      cmocka_unit_test(a_voxel_model_gives_the_same_as_its_mesh),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(what_cannot_be_solved_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
