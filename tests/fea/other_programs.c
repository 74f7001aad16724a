// labels: method data slow
/* Models of other programs from their public data: the femur of parosol-py and Ogo, solved by
 * ParOSol and FAIM; micro-CT of ciclope, solved by CalculiX. */
#include "tests/check.h"

#include "core/image.h"
#include "core/itk_filter.h"
#include "fea/fields.h"

/* ---- femur in a fall: grid, material numbers and energy density of Ogo's own model ---- */

struct femur {
  struct volume *material, *energy;
};

static void femur_read(struct femur *f) {
  const struct image_read_options other = {.quantity = QUANTITY_OTHER};
  memset(f, 0, sizeof *f);
  assert_ok(
      image_read(&f->material, shared_path("data/fe_femur_left_mini/ogo_material.nii.gz"), &other));
  assert_ok(image_read(&f->energy, shared_path("data/fe_femur_left_mini/ogo_sed.nii.gz"), &other));
}

/* Number 1 .. 128 is a bin of K2HPO4 density from -31 to 1448 mg/cm3 (the range of the published
 * density image), as ash density 6.04e-3 .. 1.574 g/cm3 by keyak1994, with E = 10500 ash^2.29 at
 * the bin's centre; 5000 is PMMA. */
static double modulus_of(int number) {
  const double low = 1.06 * -0.031 + 0.0389, high = 1.06 * 1.448 + 0.0389;
  if (number == 5000) return 2500;
  return 10500 * pow(low + (number - 0.5) * (high - low) / 128, 2.29);
}

/* Distance along the normal of the published cut plane. */
static double along_cut(double j, double k) {
  return -0.2588190451 * j + 0.9659258263 * k;
}

/* Head and trochanter faces are the end planes along y; the distal set is not published: nodes
 * within `reach_mm` of the end, along the plane's normal, are held in x and z. */
static struct fea_model *femur_model(const struct femur *f, double reach_mm) {
  const struct geometry *from = &f->material->grid;
  const struct geometry g = geometry_make(from->nx, from->ny, from->nz, 1, 1, 1);
  struct fea_model *m = NULL;
  double low = INFINITY;
  assert_ok(fea_model_create(&m, &g, 0.3));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    const int number = (int)f->material->voxels[v];
    if (!number) continue;
    m->modulus[v] = (float)modulus_of(number);
    m->part[v] = number == 5000 ? FEA_CAP : FEA_BONE;
    if (number != 5000)
      low =
          fmin(low, along_cut((double)(v / g.nx % g.ny) + 0.5, (double)(v / (g.nx * g.ny)) + 0.5));
  }
  assert_ok(fea_model_fix_plane(m, 1, 0, 1, 0));
  assert_ok(fea_model_fix_plane(m, 1, g.ny, 1, -3.52));
  for (int64_t k = 0; k <= g.nz; k++)
    for (int64_t j = 0; j <= g.ny; j++)
      for (int64_t i = 0; i <= g.nx; i++)
        if (along_cut((double)j, (double)k) < low + reach_mm && fea_model_node_active(m, i, j, k)) {
          assert_ok(fea_model_fix(m, fea_model_node(m, i, j, k), 0, 0));
          assert_ok(fea_model_fix(m, fea_model_node(m, i, j, k), 2, 0));
        }
  assert_ok(fea_model_finish(m));
  return m;
}

/* Correlation and slope of our energy density on theirs, over the bone. */
static void compare_energy(const struct femur *f, const struct fea_model *m,
                           const struct fea_solution *s, double *correlation, double *slope) {
  struct fea_fields *fields = NULL;
  double xy = 0, xx = 0, yy = 0;
  assert_ok(fea_fields_create(&fields, m, s));
  for (int64_t e = 0; e < fields->count; e++) {
    if (m->part[fields->voxel[e]] != FEA_BONE) continue;
    const double x = (double)f->energy->voxels[fields->voxel[e]];
    const double y = (double)fields->energy_mpa[e];
    xy += x * y, xx += x * x, yy += y * y;
  }
  *correlation = xy / sqrt(xx * yy);
  *slope = xy / xx;
  fea_fields_destroy(fields);
}

/* ParOSol -5637.59 N, FAIM -5641 N. The reach of the distal set is the one thing that is not known:
 * at the 10 mm that Ogo's script cuts out, the force is 1.0 % below both and the energy density of
 * every element agrees (r 0.998, slope 0.98). With 5, 12 and 15 mm it is -5455, -5638 and -5729 N,
 * so theirs lie inside; with the trochanter held across too it is -5689 N at 10 mm. */
static void femur_of_two_other_solvers(void **state) {
  (void)state;
  struct femur f;
  struct fea_solution *s = NULL;
  struct fea_solve_options o = FEA_SOLVE_DEFAULTS;
  double sum[3], correlation, slope;
  femur_read(&f);
  struct fea_model *m = femur_model(&f, 10);
  o.tolerance = 1e-6;
  assert_ok(fea_solve(&s, m, 0, &o));
  fea_solution_plane_reaction(s, m, 1, m->grid.ny, sum);
  compare_energy(&f, m, s, &correlation, &slope);
  assert_close(sum[1], -5641.0, 0.011);
  assert_true(correlation > 0.995);
  assert_near(slope, 1, 0.03);
  fea_solution_destroy(s);
  fea_model_destroy(m);
  volume_destroy(f.material);
  volume_destroy(f.energy);
}

/* ---- micro-CT of trabecular bone: CalculiX 247.30 N ---- */

/* Gaussian of one voxel, half the resolution, above 63, largest part, E 18000, nu 0.3, top moved by
 * -0.04 mm with both faces held across: 237.0 N, 4 % below. Neither the spline of its resampling
 * nor whether its top is held across is published with the result (free: 225.0 N; at full
 * resolution 239.0 N). So this is a check of size, not of digits. */
static void trabeculae_of_calculix_within_its_open_choices(void **state) {
  (void)state;
  const struct image_read_options other = {.quantity = QUANTITY_OTHER};
  const struct geometry g = geometry_make(100, 100, 100, 0.039, 0.039, 0.039);
  struct volume *grey = NULL, *smooth = NULL;
  struct fea_model *m = NULL;
  struct fea_solution *s = NULL;
  struct fea_solve_options o = FEA_SOLVE_DEFAULTS;
  double sum[3];
  assert_ok(image_read(
      &grey, shared_path("data/microct_trabecular_lhdl/3155_D_4_bc_cropped.nii.gz"), &other));
  assert_ok(filter_gaussian(&smooth, grey, grey->grid.spacing[0]));
  assert_ok(fea_model_create(&m, &g, 0.3));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    const double f = 199. / 99;
    const double value = volume_sample_index(smooth, f * (double)(v % 100),
                                             f * (double)(v / 100 % 100), f * (double)(v / 10000));
    if (!(value > 63)) continue;
    m->modulus[v] = 18000;
    m->part[v] = FEA_BONE;
  }
  assert_ok(fea_model_keep_largest(m));
  for (int a = 0; a < 3; a++) {
    assert_ok(fea_model_fix_plane(m, 2, 0, a, 0));
    assert_ok(fea_model_fix_plane(m, 2, 100, a, a == 2 ? -0.04 : 0));
  }
  assert_ok(fea_model_finish(m));
  o.tolerance = 1e-6;
  assert_ok(fea_solve(&s, m, 0, &o));
  fea_solution_plane_reaction(s, m, 2, 0, sum);
  assert_close(sum[2], 247.30, 0.05);
  assert_true(s->iterations < 60);
  fea_solution_destroy(s);
  fea_model_destroy(m);
  volume_destroy(smooth);
  volume_destroy(grey);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(femur_of_two_other_solvers),
      cmocka_unit_test(trabeculae_of_calculix_within_its_open_choices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
