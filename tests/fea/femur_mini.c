// labels: method data slow
/* A femur of a public FE study (shared data): its own material map and pose, solved by two other
 * programs: -5637.6 N (parosol-py) and -5641 N (FAIM) at -3.52 mm. The map holds 128 density bins
 * between limits that are not stored, and the distal node set is not stored either: the limits are
 * taken as those of the density image inside the label, and the distal set as the nodes within 1 mm
 * of the cut plane. 6 % is what that may cost. */
#include "tests/check.h"

#include "core/itk_image.h"
#include "fea/fall.h"

static void add_material(struct fea_model *m, const struct volume *id) {
  const struct fea_law *keller = fea_law_at(fea_law_find("keller1994"));
  const double low = -31.37, high = 1448.2; /* mg/cm3 K2HPO4, of fixture.json */
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    const double n = (double)id->voxels[v];
    if (!(n > 0)) continue;
    const double rho = (low + (n - 0.5) / 128 * (high - low)) / 1000;
    m->part[v] = n > 128 ? FEA_CAP : FEA_BONE;
    m->modulus[v] = n > 128 ? 2500 : (float)fmax(0.1, fea_law_modulus(keller, 1.06 * rho + 0.0389));
  }
}

static int64_t count_plane(const struct fea_model *m, int64_t j) {
  int64_t n = 0;
  for (int64_t k = 0; k <= m->grid.nz; k++)
    for (int64_t i = 0; i <= m->grid.nx; i++) n += fea_model_node_active(m, i, j, k);
  return n;
}

static void fix_distal(struct fea_model *m) {
  double least = INFINITY;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t k = 0; k <= m->grid.nz; k++)
      for (int64_t j = 0; j <= m->grid.ny; j++)
        for (int64_t i = 0; i <= m->grid.nx; i++) {
          const double s = -0.2588 * (double)j + 0.9659 * (double)k;
          if (j < 20 || !fea_model_node_active(m, i, j, k)) continue;
          if (!pass)
            least = fmin(least, s);
          else if (s <= least + 1)
            for (int axis = 0; axis < 3; axis += 2)
              assert_ok(fea_model_fix(m, fea_model_node(m, i, j, k), axis, 0));
        }
}

static void fall_force_is_that_of_two_other_programs(void **state) {
  (void)state;
  struct volume *id = NULL;
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  double head[3];
  assert_ok(itk_image_read(&id, shared_path("data/fe_femur_left_mini/ogo_material.nii.gz")));
  struct geometry grid = geometry_make(id->grid.nx, id->grid.ny, id->grid.nz, 1, 1, 1);
  assert_ok(fea_model_create(&m, &grid, 0.3));
  add_material(m, id);
  assert_int_equal(count_plane(m, 0), 1097); /* as stored in metrics.json */
  assert_int_equal(count_plane(m, m->grid.ny), 720);
  assert_ok(fea_model_fix_plane(m, 1, 0, 1, 0));
  assert_ok(fea_model_fix_plane(m, 1, m->grid.ny, 1, -3.52));
  fix_distal(m);
  assert_ok(fea_model_finish(m));
  assert_ok(fea_solve(&s, m, 0, NULL));
  fea_solution_plane_reaction(s, m, 1, m->grid.ny, head);
  print_message("head force %.1f N, other programs -5637.6 and -5641 N\n", head[1]);
  assert_close(head[1], -5637.6, 0.06);
  fea_solution_destroy(s);
  fea_model_destroy(m);
  volume_destroy(id);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fall_force_is_that_of_two_other_programs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
