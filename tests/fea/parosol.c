// labels: method
/* Voxel models in ParOSol's form: written, read back, and solved to the same forces; the layout is
 * that of the format's description. */
#include "tests/check.h"

#include "core/file.h"
#include "core/store.h"
#include "fea/parosol.h"
#include "fea/solve.h"

static struct fea_model *block(void) {
  struct geometry grid = geometry_make(4, 5, 6, 0.5, 0.5, 0.5);
  struct fea_model *m = NULL;
  assert_ok(fea_model_create(&m, &grid, 0.3));
  for (int64_t v = 0; v < 120; v++) {
    m->modulus[v] = (float)(500 + 10 * v);
    m->part[v] = FEA_BONE;
  }
  for (int a = 0; a < 3; a++) assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_model_fix_plane(m, 2, 6, 2, -0.03125)); /* exact in single precision */
  assert_ok(fea_model_load(m, fea_model_node(m, 4, 2, 3), 1, 8));
  assert_ok(fea_model_finish(m));
  return m;
}

static void a_model_comes_back_and_gives_the_same_forces(void **state) {
  (void)state;
  struct fea_model *m = block(), *back = NULL;
  struct fea_solution *s[2] = {NULL};
  double sum[2][3];
  assert_ok(fea_parosol_write(m, 0, "parosol_back.h5", true));
  assert_ok(fea_parosol_read(&back, "parosol_back.h5"));
  assert_ok(fea_model_finish(back));
  assert_memory_equal(back->modulus, m->modulus, 120 * sizeof(float));
  assert_int_equal(back->fixed_count, m->fixed_count);
  assert_ok(fea_solve(&s[0], m, 0, NULL));
  assert_ok(fea_solve(&s[1], back, 0, NULL));
  for (int i = 0; i < 2; i++) {
    fea_solution_plane_reaction(s[i], i ? back : m, 2, 6, sum[i]);
    fea_solution_destroy(s[i]);
  }
  for (int a = 0; a < 3; a++) assert_near(sum[1][a], sum[0][a], 1e-6 * fabs(sum[0][2]));
  remove("parosol_back.h5");
  fea_model_destroy(back);
  fea_model_destroy(m);
}

static void the_file_has_the_described_arrays(void **state) {
  (void)state;
  struct fea_model *m = block();
  struct store *s = NULL;
  enum store_type type;
  int rank;
  int64_t dims[8];
  int32_t at[4 * 200];
  double size;
  assert_ok(fea_parosol_write(m, 0, "parosol_layout.h5", true));
  assert_ok(store_open(&s, "parosol_layout.h5"));
  assert_ok(store_shape(s, "Image_Data/Image", &type, &rank, dims));
  assert_true(type == STORE_F32 && rank == 3 && dims[0] == 6 && dims[1] == 5 && dims[2] == 4);
  assert_ok(store_read(s, "Image_Data/Voxelsize", STORE_F64, &size, 1));
  assert_near(size, 0.5, 0);
  assert_ok(store_shape(s, "Image_Data/Loaded_Nodes_Coordinates", &type, &rank, dims));
  assert_true(type == STORE_U16 && dims[0] == 1 && dims[1] == 4);
  assert_ok(store_read(s, "Image_Data/Loaded_Nodes_Coordinates", STORE_I32, at, 4));
  assert_true(at[0] == 3 && at[1] == 2 && at[2] == 4 && at[3] == 1); /* z, y, x, direction */
  store_close(s);
  remove("parosol_layout.h5");
  fea_model_destroy(m);
}

static void other_files_are_refused(void **state) {
  (void)state;
  struct fea_model *m = NULL;
  struct store *s = NULL;
  const int64_t dims[3] = {2, 2, 2}, conditions[2] = {1, 4};
  const float image[8] = {1, 1, 1, 1, 1, 1, 1, 1}, value = 0;
  const uint16_t outside[4] = {9, 0, 0, 2};
  const double one = 1, nu = 0.3;
  const int64_t n = 1;
  assert_ok(store_create(&s, "parosol_bad.h5", true));
  assert_ok(store_write(s, "Image_Data/Image", STORE_F32, 3, dims, image));
  assert_ok(store_commit(s));
  store_close(s);
  assert_fails(fea_parosol_read(&m, "parosol_bad.h5"), ST_FORMAT, "Voxelsize");
  assert_ok(store_create(&s, "parosol_bad.h5", true));
  assert_ok(store_write(s, "Image_Data/Image", STORE_F32, 3, dims, image));
  assert_ok(store_write(s, "Image_Data/Voxelsize", STORE_F64, 1, &n, &one));
  assert_ok(store_write(s, "Image_Data/Poisons_ratio", STORE_F64, 1, &n, &nu));
  assert_ok(store_write(s, "Image_Data/Fixed_Displacement_Coordinates", STORE_U16, 2, conditions,
                        outside));
  assert_ok(store_write(s, "Image_Data/Fixed_Displacement_Values", STORE_F32, 1, &n, &value));
  assert_ok(store_commit(s));
  store_close(s);
  assert_fails(fea_parosol_read(&m, "parosol_bad.h5"), ST_FORMAT, "at node (0, 0, 9)");
  assert_null(m);
  remove("parosol_bad.h5");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_model_comes_back_and_gives_the_same_forces),
      cmocka_unit_test(the_file_has_the_described_arrays),
      cmocka_unit_test(other_files_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
