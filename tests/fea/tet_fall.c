// labels: method slow
/* The fall on tetrahedra of a femur of capsules whose frame is exact. */
#include "tests/fea/digital_femur.h"

#include "fea/femur_model.h"
#include "fea/tet_fall.h"

static struct fea_fall_options no_interval(double size_mm) {
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  o.interval = false;
  o.size_mm = size_mm;
  o.outline = FEA_OUTLINE_SMOOTH;
  return o;
}

/* Beyond yield both carry the same at the same displacement: the next point of the cubes' curve is
 * interpolated to that of the tetrahedra. */
static void check_curves(const struct fea_curve *tets, const struct fea_curve *cubes) {
  assert_int_equal(tets->count, cubes->count);
  for (int i = 1; i < tets->count; i++) {
    const struct fea_curve_point *t = &tets->point[i], *a = &cubes->point[i - 1], *b = a + 1;
    const double slope = (b->force_n - a->force_n) / (b->displacement_mm - a->displacement_mm);
    const double force = b->force_n + slope * (t->displacement_mm - b->displacement_mm);
    print_message("%.3f mm: tetrahedra %.1f N, cubes %.1f N\n", t->displacement_mm, t->force_n,
                  force);
    assert_close(t->force_n, force, 0.05);
  }
  assert_true(tets->point[tets->count - 1].force_n <
              0.7 * tets->stiffness_n_mm * tets->point[tets->count - 1].displacement_mm);
}

/* Tetrahedra of 6 mm and cubes of 2 mm under one recipe: 5 %, the goal of the digital hip. */
static void check_against_cubes(const struct digital_femur *f, struct fea_fall_options o,
                                struct fea_tet_fall **out) {
  struct fea_tet_options t = FEA_TET_DEFAULTS;
  struct fea_fall *cubes = NULL;
  t.surface = FEA_SURFACE_NONE;
  o.size_mm = 6;
  assert_ok(
      fea_tet_fall_run(out, f->density, f->labels, LABEL_FEMUR_RIGHT, &f->frame, NULL, &o, &t));
  o.size_mm = 2;
  assert_ok(fea_fall_run(&cubes, f->density, f->labels, LABEL_FEMUR_RIGHT, &f->frame, NULL, &o));
  print_message("%s: tetrahedra %.1f N/mm, %.1f N; cubes %.1f N/mm, %.1f N\n", (*out)->words,
                (*out)->stiffness_n_mm, (*out)->failure_load_n, cubes->stiffness_n_mm,
                cubes->failure_load_n);
  assert_close((*out)->stiffness_n_mm, cubes->stiffness_n_mm, 0.05);
  assert_close((*out)->failure_load_n, cubes->failure_load_n, 0.1);
  assert_close((*out)->off_contact_n, cubes->off_contact_n, 0.1);
  if (o.beyond.rule) check_curves((*out)->curve, cubes->curve);
  fea_fall_destroy(cubes);
}

static void a_fall_is_as_stiff_as_on_cubes_and_its_energy_balances(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_tet_fall *r = NULL;
  digital_femur_make(&f, 1.5, 0);
  check_against_cubes(&f, no_interval(5), &r);
  assert_near(r->solution->balance, 0, 1e-6);
  assert_close(r->solution->work_nmm, r->solution->energy_nmm, 1e-9);
  assert_true(r->quality.least > 0);
  assert_true(r->failure.judged_nodes > 500 && r->failure.factor_limit > 0);
  assert_non_null(record_find(r->record, "femur_right", "fall_failure_load_strain_limit"));
  assert_non_null(
      strstr(r->words, "fall-ogo/2 morgan2003-neck keyak1994-k2hpo4 tet10 6 mm v3 none"));
  /* bone beside the caps left out: that row, and a flag of the load, which itself stays */
  const struct measurement *off =
      record_find(r->record, "femur_right", "fall_failure_load_off_contact");
  const struct measurement *load = record_find(r->record, "femur_right", "fall_failure_load");
  struct fea_failure_options limits = r->limits;
  struct fea_tet_failure found;
  limits.contact_mm = 6;
  assert_ok(fea_tet_failure_find(&found, r->mesh, r->fields, &r->cut, &limits));
  assert_true(found.judged_mm3 < 0.97 * r->failure.judged_mm3 &&
              found.judged_mm3 > 0.5 * r->failure.judged_mm3);
  assert_close(off->value, r->load_n * found.factor_volume, 1e-12);
  assert_close(load->value, r->load_n * r->failure.factor_volume, 1e-12);
  assert_non_null(strstr(off->flags, "bone within 6 mm of a cap is not judged"));
  assert_non_null(strstr(load->flags, "without bone within 6 mm of a cap"));
  /* what carries the load is the reaction of both caps */
  double ground[3];
  fea_mesh_plane_reaction(r->solution, r->mesh, 1, r->caps[1].face_mm, ground);
  assert_close(ground[1], r->load_n, 1e-5);
  fea_tet_fall_destroy(r);
  digital_femur_free(&f);
}

/* The block of cubes is 20 mm of 200 GPa glued below the cut, which holds another line of nodes.
 * The turn is found anew at every step beyond yield. */
static void a_hinged_fall_leaves_no_moment_and_is_as_stiff_as_on_cubes(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_tet_fall *r = NULL;
  struct fea_fall_options o = no_interval(5);
  o.recipe = FEA_FALL_HINGE;
  o.beyond.rule = 1;
  o.beyond.steps = 2;
  o.strain = 0.02;
  digital_femur_make(&f, 1.5, 0);
  check_against_cubes(&f, o, &r);
  assert_near(r->hinge_moment_nmm / (r->load_n * 80), 0, 1e-6);
  assert_non_null(strstr(r->words, "fall-hinge/2"));
  fea_tet_fall_destroy(r);
  digital_femur_free(&f);
}

static void standing_is_as_stiff_as_on_cubes(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_tet_fall *r = NULL;
  struct fea_fall_options o = no_interval(5);
  o.recipe = FEA_STANCE;
  o.tilt_deg = 20;
  o.strain = 0.01;
  digital_femur_make(&f, 1.5, 0);
  check_against_cubes(&f, o, &r);
  assert_non_null(strstr(r->words, "stance/2 20 deg"));
  assert_non_null(record_find(r->record, "femur_right", "stance_failure_load"));
  fea_tet_fall_destroy(r);
  digital_femur_free(&f);
}

static void the_interval_joins_density_outline_and_mesh(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_tet_fall *r = NULL;
  struct fea_tet_options t = FEA_TET_DEFAULTS;
  struct fea_fall_options o = no_interval(5);
  o.interval = true;
  t.element = FEA_TET4;
  digital_femur_make(&f, 3, 0);
  assert_ok(fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o, &t));
  const struct measurement *load = record_find(r->record, "femur_right", "fall_failure_load");
  const struct measurement *in =
      record_find(r->record, "femur_right", "fall_failure_load_outline_in");
  const struct measurement *out =
      record_find(r->record, "femur_right", "fall_failure_load_outline_out");
  const struct measurement *coarse =
      record_find(r->record, "femur_right", "fall_failure_load_coarse_mesh");
  const struct measurement *laws = record_find(r->record, "femur_right", "fall_failure_load_laws");
  assert_non_null(load);
  assert_non_null(in);
  assert_non_null(out);
  assert_non_null(coarse);
  assert_non_null(laws);
  /* half the outline's span and the step from a mesh twice as coarse as independent */
  const double half =
      sqrt(pow((out->value - in->value) / 2, 2) + pow(coarse->value - load->value, 2));
  assert_close(load->high, load->value + half, 1e-12);
  assert_close(load->low, load->value - half, 1e-12);
  assert_true(in->value < load->value && load->value < out->value);
  assert_non_null(strstr(load->flags, "interval without calibration"));
  assert_true(laws->low < 0.7 * load->value && laws->high >= load->value);
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
    assert_ok(
        fea_tet_fall_run(&r[i], f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o, &t));
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
  o.bins = 128;
  assert_fails(
      fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o, NULL),
      ST_DOMAIN, "take hex8 for bins");
  o.bins = 0;
  o.size_mm = 0.3;
  assert_fails(
      fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o, NULL),
      ST_DOMAIN, "tetrahedra of 0.3 mm");
  o.size_mm = 6;
  f.frame.metal = 1;
  assert_fails(
      fea_tet_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o, NULL),
      ST_DOMAIN, "metal");
  f.frame.metal = 0;
  assert_fails(fea_tet_fall_run(&r, f.density, f.labels, 3, &f.frame, NULL, &o, NULL), ST_DOMAIN,
               "label 3 is not in the label map");
  assert_null(r);
  digital_femur_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fall_is_as_stiff_as_on_cubes_and_its_energy_balances),
      cmocka_unit_test(a_hinged_fall_leaves_no_moment_and_is_as_stiff_as_on_cubes),
      cmocka_unit_test(standing_is_as_stiff_as_on_cubes),
      cmocka_unit_test(the_interval_joins_density_outline_and_mesh),
      cmocka_unit_test(forces_scale_with_the_modulus),
      cmocka_unit_test(what_tetrahedra_do_not_have_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
