/* What a model keeps, drops and refuses. */
#include "tests/check.h"

#include "fea/femur_model.h"
#include "fea/model.h"

static struct fea_model *column(int64_t nz) {
  struct geometry grid = geometry_make(3, 3, nz, 1, 1, 1);
  struct fea_model *m = NULL;
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < 9 * nz; v++) {
    m->modulus[v] = 100;
    m->part[v] = FEA_BONE;
  }
  return m;
}

static void clamp_bottom(struct fea_model *m) {
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
}

static void island_is_dropped_and_counted(void **state) {
  (void)state;
  struct fea_model *m = column(6);
  for (int64_t v = 27; v < 36; v++) m->modulus[v] = 0; /* a gap below z = 4 */
  clamp_bottom(m);
  assert_ok(fea_model_finish(m));
  assert_int_equal(m->element_count, 27);
  assert_int_equal(m->dropped_bone, 18);
  assert_int_equal(m->node_count, 64);
  fea_model_destroy(m);
}

static void voxels_joined_by_an_edge_are_not_joined(void **state) {
  (void)state;
  struct fea_model *m = column(2);
  for (int64_t v = 0; v < 18; v++) m->modulus[v] = v == 0 || v == 10 || v == 4 ? 100 : 0;
  for (int a = 0; a < 3; a++)
    for (int64_t n = 0; n < 2; n++) {
      assert_ok(fea_model_fix(m, fea_model_node(m, n, 0, 0), a, 0));
      assert_ok(fea_model_fix(m, fea_model_node(m, n, 1, 0), a, 0));
    }
  assert_ok(fea_model_finish(m));
  assert_int_equal(m->element_count, 1);
  assert_int_equal(m->dropped_bone, 2);
  fea_model_destroy(m);
}

static void load_on_a_dropped_part_is_refused(void **state) {
  (void)state;
  struct fea_model *m = column(6);
  for (int64_t v = 27; v < 36; v++) m->modulus[v] = 0;
  clamp_bottom(m);
  assert_ok(fea_model_load(m, fea_model_node(m, 1, 1, 6), 2, -5));
  assert_fails(fea_model_finish(m), ST_DOMAIN, "-5 N sits on a part");
  fea_model_destroy(m);
  m = column(6);
  for (int64_t v = 18; v < 27; v++) m->modulus[v] = 0; /* the upper part is the larger one */
  clamp_bottom(m);
  assert_ok(fea_model_fix_plane(m, 2, 6, 2, -0.1));
  assert_ok(fea_model_fix_plane(m, 2, 6, 0, 0));
  assert_ok(fea_model_fix_plane(m, 2, 6, 1, 0));
  assert_ok(fea_model_finish(m));
  assert_int_equal(m->element_count, 27);
  fea_model_destroy(m);
}

static void bad_moduli_are_refused_by_place(void **state) {
  (void)state;
  const float bad[3] = {NAN, -1, INFINITY};
  for (int i = 0; i < 3; i++) {
    struct fea_model *m = column(3);
    m->modulus[13] = bad[i];
    clamp_bottom(m);
    assert_fails(fea_model_finish(m), ST_DOMAIN, "at voxel (1, 1, 1)");
    fea_model_destroy(m);
  }
}

static void empty_models_and_missing_supports_are_refused(void **state) {
  (void)state;
  struct fea_model *m = column(3);
  assert_fails(fea_model_finish(m), ST_DOMAIN, "no support");
  memset(m->modulus, 0, 27 * sizeof *m->modulus);
  assert_fails(fea_model_finish(m), ST_DOMAIN, "no element");
  assert_fails(fea_model_fix(m, 0, 0, 0), ST_DOMAIN, "which no element touches");
  fea_model_destroy(m);
}

static void singular_supports_name_the_free_motion(void **state) {
  (void)state;
  struct fea_model *m = column(4);
  assert_ok(fea_model_fix_plane(m, 2, 0, 2, 0));
  assert_fails(fea_model_finish(m), ST_NUMERIC, "shift along");
  fea_model_destroy(m);
  m = column(4);
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix(m, 0, a, 0));
  assert_fails(fea_model_finish(m), ST_NUMERIC, "turn about");
  fea_model_destroy(m);
}

static void two_values_for_one_dof_are_refused(void **state) {
  (void)state;
  struct fea_model *m = column(4);
  clamp_bottom(m);
  assert_ok(fea_model_fix(m, fea_model_node(m, 2, 1, 0), 2, 0));
  assert_ok(fea_model_fix(m, fea_model_node(m, 2, 1, 0), 2, 0.5));
  assert_fails(fea_model_finish(m), ST_DOMAIN, "node (2, 1, 0) is given two displacements");
  fea_model_destroy(m);
}

static void odd_grids_are_refused(void **state) {
  (void)state;
  struct geometry grid = geometry_make(3, 3, 3, 1, 1, 1.5);
  struct fea_model *m = NULL;
  assert_fails(fea_model_create(&m, &grid, 0.3), ST_DOMAIN, "1 x 1 x 1.5 mm");
  grid.spacing[2] = 1;
  assert_fails(fea_model_create(&m, &grid, 0.5), ST_DOMAIN, "Poisson");
}

/* 800 mg/cm3 of K2HPO4 shifted by 10 at 0 and 60 at 1000: 850, of ash 1.06 x 0.85 + 0.0389. In the
 * middle of a block, with elements as voxels and with a smooth outline. */
static void a_shift_of_density_grows_with_it(void **state) {
  (void)state;
  enum { N = 24 };
  const struct geometry g = geometry_make(N, N, N, 1, 1, 1);
  const struct femur_pose pose = {.head = {12, 12, 12},
                                  .axis = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                  .shaft = {0, 0, 1},
                                  .distal_mm = 20};
  const double ash = 1.06 * 0.85 + 0.0389, expected = 10500 * pow(ash, 2.29);
  for (int smooth = 0; smooth < 2; smooth++) {
    const struct femur_model_options o = {.size_mm = 1,
                                          .poisson = 0.3,
                                          .least_mpa = 0.1,
                                          .outline = smooth ? FEA_OUTLINE_SMOOTH : 0,
                                          .mapping = FEA_MAP_V2,
                                          .smooth_mm = 1,
                                          .law = fea_law_find("keller1994"),
                                          .shift_mgcc = {10, 60}};
    struct volume *density = NULL;
    struct labels *labels = NULL;
    struct femur_model *f = NULL;
    assert_ok(volume_create(&density, &g, QUANTITY_DENSITY));
    assert_ok(labels_create(&labels, &g));
    density->material = MATERIAL_K2HPO4;
    for (int64_t v = 0; v < N * N * N; v++) {
      const int64_t i = v % N, j = v / N % N, k = v / (N * N);
      density->voxels[v] = 800;
      labels->voxels[v] = i > 3 && i < 20 && j > 3 && j < 20 && k > 3 && k < 20 ? 75 : 0;
    }
    assert_ok(femur_model_create(&f, density, labels, 75, &pose, 3, &o));
    const struct geometry *grid = &f->model->grid;
    const int64_t middle = geometry_index(grid, grid->nx / 2, grid->ny / 2, grid->nz / 2);
    assert_int_equal(f->model->part[middle], FEA_BONE);
    assert_close((double)f->model->modulus[middle], expected, 1e-5);
    femur_model_destroy(f);
    volume_destroy(density);
    labels_destroy(labels);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_shift_of_density_grows_with_it),
      cmocka_unit_test(island_is_dropped_and_counted),
      cmocka_unit_test(voxels_joined_by_an_edge_are_not_joined),
      cmocka_unit_test(load_on_a_dropped_part_is_refused),
      cmocka_unit_test(bad_moduli_are_refused_by_place),
      cmocka_unit_test(empty_models_and_missing_supports_are_refused),
      cmocka_unit_test(singular_supports_name_the_free_motion),
      cmocka_unit_test(two_values_for_one_dof_are_refused),
      cmocka_unit_test(odd_grids_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
