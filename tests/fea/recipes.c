// labels: method slow
/* Load recipes on bodies with closed forms: a column between caps, a cube in compression; stance
 * and hinge on the femur of capsules. */
#include "tests/fea/block.h"
#include "tests/fea/digital_femur.h"

#include "fea/compress.h"
#include "fea/fall.h"
#include "fea/spine.h"

/* An elliptic column of even density, 44 x 32 mm across and 30 mm high, tilted by 12 degrees. */
struct column {
  struct volume *density;
  struct labels *labels;
  struct vec3 axis;
};

static void column_make(struct column *c, double spacing, double tilt_deg, double rho) {
  const int64_t n = (int64_t)(64 / spacing);
  struct geometry g = geometry_make(n, n, n, spacing, spacing, spacing);
  const double t = tilt_deg * 3.14159265358979 / 180;
  const struct vec3 centre = {32, 32, 32};
  c->axis = vec3_make(0, sin(t), cos(t));
  assert_ok(volume_create(&c->density, &g, QUANTITY_DENSITY));
  assert_ok(labels_create(&c->labels, &g));
  c->density->material = MATERIAL_K2HPO4;
  for (int64_t v = 0; v < n * n * n; v++) {
    const struct vec3 w =
        geometry_to_world(&g, vec3_make((double)(v % n), (double)(v / n % n), (double)(v / n / n)));
    const struct vec3 d = vec3_sub(w, centre);
    const double z = vec3_dot(d, c->axis), y = d.y * cos(t) - d.z * sin(t);
    c->density->voxels[v] = (float)rho;
    c->labels->voxels[v] = d.x * d.x / 484 + y * y / 256 < 1 && fabs(z) < 15 ? 31 : 0;
  }
}

static struct fea_spine *press(const struct column *c, struct fea_spine_options o) {
  const struct fea_spine_labels of = {c->labels, 31, NULL, 0, "L1"};
  struct fea_spine *s = NULL;
  o.interval = false;
  assert_ok(fea_spine_run(&s, c->density, &of, NULL, NULL, &o));
  return s;
}

static void column_free(struct column *c) {
  volume_destroy(c->density);
  labels_destroy(c->labels);
}

/* Bone of 841.77 MPa (kopperdahl2002 at 0.3 g/cm3) between caps of the same modulus and with nu 0,
 * smooth below: a bar of length 38 (30 and 4 beyond each side), so k = E A / L. The ellipse has
 * 1105.8 mm2; its staircase at 1 mm is within 1 % of that. */
static void even_column_has_the_stiffness_of_a_bar(void **state) {
  (void)state;
  struct column c;
  struct fea_spine_options o = FEA_SPINE_DEFAULTS;
  column_make(&c, 1, 0, 300);
  o.poisson = 0;
  o.cap_mpa = 841.77;
  o.sliding = true;
  struct fea_spine *s = press(&c, o);
  assert_near(s->height_mm, 38, 1.01);
  assert_close(s->stiffness_n_mm, 841.77 * 3.14159265 * 22 * 16 / s->height_mm, 0.02);
  assert_close(s->failure_load_n, s->stiffness_n_mm * s->height_mm * 0.0068, 1e-12);
  assert_close(s->load_n, s->failure_load_n, 1e-9); /* the applied strain is that of the rule */
  fea_spine_destroy(s);
  column_free(&c);
}

static void axis_is_found_from_the_body(void **state) {
  (void)state;
  double load[2];
  for (int i = 0; i < 2; i++) {
    struct column c;
    column_make(&c, 1, i ? 12 : 0, 300);
    struct fea_spine *s = press(&c, (struct fea_spine_options)FEA_SPINE_DEFAULTS);
    struct vec3 z = {s->model->grid.direction[2], s->model->grid.direction[5],
                     s->model->grid.direction[8]};
    assert_true(vec3_dot(z, c.axis) > 0.99966); /* within 1.5 degrees, on voxels of 1 mm */
    load[i] = s->failure_load_n;
    fea_spine_destroy(s);
    column_free(&c);
  }
  assert_close(load[1], load[0], 0.05); /* the staircase of a turned outline */
}

/* Wedge: no mean force is added by turning the upper face about its middle (bending only), so the
 * stiffness stays; the front is strained more and fails at a lower load. */
static void wedge_bends_the_column_forwards(void **state) {
  (void)state;
  struct column c;
  struct fea_spine_options o = FEA_SPINE_DEFAULTS;
  column_make(&c, 1, 0, 300);
  struct fea_spine *straight = press(&c, o);
  o.wedge_deg = 0.5;
  struct fea_spine *bent = press(&c, o);
  assert_close(bent->load_n, straight->load_n, 0.02);
  assert_true(bent->failure_load_n < straight->load_n * straight->failure.factor_volume);
  assert_false(bent->crawford);
  const int64_t y = bent->failure.site_voxel / bent->model->grid.nx % bent->model->grid.ny;
  assert_true(y < bent->model->grid.ny / 2); /* y points to the back */
  fea_spine_destroy(straight);
  fea_spine_destroy(bent);
  column_free(&c);
}

/* A block of 4 x 4 columns has no endplates to see; one whose ends lie 56 degrees to the patient's
 * axis is no vertebra lying as vertebrae do. */
static void ends_that_cannot_be_found_are_refused(void **state) {
  (void)state;
  const struct geometry g = geometry_make(40, 40, 40, 2, 2, 2);
  const struct fea_spine_options o = FEA_SPINE_DEFAULTS;
  for (int steep = 0; steep < 2; steep++) {
    struct volume *density = NULL;
    struct labels *labels = NULL;
    struct fea_spine *s = NULL;
    assert_ok(volume_create(&density, &g, QUANTITY_DENSITY));
    assert_ok(labels_create(&labels, &g));
    density->material = MATERIAL_K2HPO4;
    for (int64_t v = 0; v < geometry_voxels(&g); v++) {
      const int64_t i = v % 40, j = v / 40 % 40, k = v / 1600;
      const double low = steep ? 1.5 * (double)(i - 20) + 15 : 15;
      const int64_t half = steep ? 6 : 2;
      density->voxels[v] = 200;
      if (i >= 20 - half && i < 20 + half && j >= 20 - half && j < 20 + half && (double)k >= low &&
          (double)k < low + 10)
        labels->voxels[v] = 31;
    }
    const struct fea_spine_labels of = {labels, 31, NULL, 0, "L1"};
    assert_fails(fea_spine_run(&s, density, &of, NULL, NULL, &o), ST_DOMAIN,
                 steep ? "degrees off the patient's axis" : "has 16 columns of voxels of 2 mm");
    volume_destroy(density);
    labels_destroy(labels);
  }
}

static void vertebrae_that_cannot_be_judged_are_refused(void **state) {
  (void)state;
  struct column c;
  struct fea_spine *s = NULL;
  struct fea_spine_options o = FEA_SPINE_DEFAULTS;
  column_make(&c, 2, 0, 300);
  struct fea_spine_labels of = {c.labels, 7, NULL, 0, "L1"};
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN, "label 7 is not");
  of.value = 31;
  o.size_mm = 6;
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN, "elements of 6 mm");
  o.size_mm = 1;
  o.strain = 0.3;
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN, "shortening of 0.3");
  o.strain = 0.0068;
  o.wedge_deg = -6;
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN,
               "wedge of -6 degrees, permitted are -5 .. 5");
  o.wedge_deg = 0;
  c.density->material = MATERIAL_HA;
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN, "density of K2HPO4");
  c.density->material = MATERIAL_K2HPO4;
  of.body = c.labels;
  of.body_value = 5;
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN, "is body");
  of.body = NULL;
  c.labels->voxels[geometry_index(&c.labels->grid, 4, 4, 0)] = 31;
  assert_fails(fea_spine_run(&s, c.density, &of, NULL, NULL, &o), ST_DOMAIN, "edge of the scan");
  column_free(&c);
}

/* E; E (1 - nu) / ((1 + nu)(1 - 2 nu)); and FAIM's glued cube of 6 x 6 x 6 with -2651 N. */
static void solid_cube_has_the_modulus_of_each_boundary(void **state) {
  (void)state;
  const double exact[3] = {2651.5 / 36 / 0.01, 6829, 6829 * 0.7 / (1.3 * 0.4)};
  for (int kind = 0; kind < 3; kind++)
    for (int axis = 0; axis < 3; axis++) {
      struct fea_compress_options o = FEA_COMPRESS_DEFAULTS;
      struct fea_compress *c = NULL;
      o.kind = kind;
      o.axis = axis;
      assert_ok(fea_compress_run(&c, block(6, 6, 6, 1, 6829, 0.3), "E 6829 MPa", &o));
      assert_close(c->apparent_modulus_mpa, exact[kind], kind ? 1e-6 : 2e-4);
      fea_compress_destroy(c);
    }
}

/* Effective strain of an even bar is the applied strain: factor 0.007 / 0.01 (faim10, 8.3). */
static void pistoia_rule_gives_its_factor_on_an_even_bar(void **state) {
  (void)state;
  struct fea_compress_options o = FEA_COMPRESS_DEFAULTS;
  struct fea_compress *c = NULL;
  o.kind = FEA_SLIDING;
  assert_ok(fea_compress_run(&c, block(6, 6, 6, 1, 6829, 0.3), "E 6829 MPa", &o));
  assert_close(c->failure.factor_pistoia, 0.7, 1e-5);
  assert_close(record_find(c->record, "cube", "compress_failure_load")->value,
               0.7 * 6829 * 36 * 0.01, 1e-5);
  fea_compress_destroy(c);
}

static void specks_are_dropped_and_a_broken_column_is_refused(void **state) {
  (void)state;
  struct fea_compress_options o = FEA_COMPRESS_DEFAULTS;
  struct fea_compress *c = NULL;
  struct fea_model *m = block(8, 8, 8, 1, 1000, 0.3);
  for (int64_t v = 0; v < 512; v++)
    if (v % 8 > 4) m->modulus[v] = 0;
  m->modulus[7 * 64 + 7] = 1000; /* a speck on the loaded face */
  assert_ok(fea_compress_run(&c, m, "E 1000 MPa", &o));
  assert_int_equal(c->model->dropped_bone, 1);
  assert_int_equal(c->model->element_count, 5 * 64);
  fea_compress_destroy(c);
  c = NULL;
  m = block(8, 8, 8, 1, 1000, 0.3);
  for (int64_t v = 4 * 64; v < 5 * 64; v++) m->modulus[v] = 0;
  assert_fails(fea_compress_run(&c, m, "E 1000 MPa", &o), ST_DOMAIN, "does not reach both faces");
  fea_model_destroy(m);
}

static struct fea_fall *strength(int left, int recipe, double tilt) {
  struct digital_femur f;
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  struct fea_fall *r = NULL;
  o.size_mm = 2;
  o.interval = false;
  o.recipe = recipe;
  o.tilt_deg = tilt;
  digital_femur_make(&f, 1.5, left);
  assert_ok(fea_fall_run(&r, f.density, f.labels, left ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT,
                         &f.frame, NULL, &o));
  digital_femur_free(&f);
  return r;
}

static void mirrored_femur_has_the_same_strength_by_every_recipe(void **state) {
  (void)state;
  for (int recipe = FEA_FALL_HINGE; recipe <= FEA_STANCE; recipe++) {
    struct fea_fall *r[2];
    for (int left = 0; left < 2; left++) r[left] = strength(left, recipe, 15);
    assert_close(r[1]->failure_load_n, r[0]->failure_load_n, 1e-6);
    assert_close(r[1]->stiffness_n_mm, r[0]->stiffness_n_mm, 1e-6);
    for (int left = 0; left < 2; left++) fea_fall_destroy(r[left]);
  }
}

/* Standing femora carry more than falling ones (Keyak's and all later tests), and a hinge about the
 * normal of the load plane is softer or as stiff as a shaft that cannot shift. */
static void recipes_stand_in_their_order(void **state) {
  (void)state;
  struct fea_fall *fall = strength(0, FEA_FALL_OGO, 15), *stance = strength(0, FEA_STANCE, 20);
  assert_true(stance->failure_load_n > fall->failure_load_n);
  assert_true(stance->stiffness_n_mm > fall->stiffness_n_mm);
  assert_non_null(record_find(stance->record, "femur_right", "stance_failure_load"));
  assert_string_equal(stance->recipe, "stance/2 20 deg");
  fea_fall_destroy(fall);
  fea_fall_destroy(stance);
}

/* A free hinge takes no moment about its axis: the reactions on its line have none by themselves,
 * and head, trochanter and hinge balance. */
static void hinge_lets_the_shaft_turn(void **state) {
  (void)state;
  struct fea_fall *r = strength(0, FEA_FALL_HINGE, 15);
  const struct fea_model *m = r->model;
  double moment = 0, force = 0;
  for (int64_t f = 0; f < m->fixed_count; f++) { /* about x, all reactions, mm N */
    int64_t at[3];
    fea_model_node_index(m, m->fixed[f].node, at);
    const double y = (double)at[1] * m->grid.spacing[0], z = (double)at[2] * m->grid.spacing[0];
    if (m->fixed[f].axis == 1) moment -= z * r->solution->reaction[f];
    if (m->fixed[f].axis == 2) moment += y * r->solution->reaction[f];
    force += fabs(r->solution->reaction[f]) / 2;
  }
  assert_near(moment / force, 0, 1e-3); /* mm */
  fea_fall_destroy(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(even_column_has_the_stiffness_of_a_bar),
      cmocka_unit_test(axis_is_found_from_the_body),
      cmocka_unit_test(wedge_bends_the_column_forwards),
      cmocka_unit_test(ends_that_cannot_be_found_are_refused),
      cmocka_unit_test(vertebrae_that_cannot_be_judged_are_refused),
      cmocka_unit_test(solid_cube_has_the_modulus_of_each_boundary),
      cmocka_unit_test(pistoia_rule_gives_its_factor_on_an_even_bar),
      cmocka_unit_test(specks_are_dropped_and_a_broken_column_is_refused),
      cmocka_unit_test(mirrored_femur_has_the_same_strength_by_every_recipe),
      cmocka_unit_test(recipes_stand_in_their_order),
      cmocka_unit_test(hinge_lets_the_shaft_turn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
