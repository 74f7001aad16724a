// labels: method slow
/* The fall recipe on a femur of capsules whose frame is exact. */
#include "tests/fea/digital_femur.h"

#include "core/file.h"
#include "fea/envelope.h"
#include "fea/fall_parts.h"

static struct fea_fall_options quick(void) {
  struct fea_fall_options o = FEA_FALL_DEFAULTS;
  o.size_mm = 2;
  o.interval = false;
  return o;
}

static void mirrored_femur_has_the_same_strength(void **state) {
  (void)state;
  struct fea_fall_options o = quick();
  struct fea_fall *r[2] = {NULL};
  for (int left = 0; left < 2; left++) {
    struct digital_femur f;
    digital_femur_make(&f, 1.5, left);
    assert_ok(fea_fall_run(&r[left], f.density, f.labels,
                           left ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT, &f.frame, NULL, &o));
    digital_femur_free(&f);
  }
  assert_close(r[1]->failure_load_n, r[0]->failure_load_n, 1e-6);
  assert_close(r[1]->stiffness_n_mm, r[0]->stiffness_n_mm, 1e-6);
  assert_non_null(record_find(r[0]->record, "femur_right", "fall_failure_load"));
  assert_non_null(record_find(r[1]->record, "femur_left", "fall_failure_load"));
  for (int i = 0; i < 2; i++) fea_fall_destroy(r[i]);
}

/* Cubes of 3 mm have no coarser mesh: twice the step to half their size, and the outline's half
 * span, are the interval. It holds the load of cubes of 1 mm, by the mesh's part alone. */
static void check_mesh_error(const struct digital_femur *f, const struct record *record,
                             struct fea_fall_options o) {
  struct fea_fall *fine = NULL;
  const struct measurement *load = record_find(record, "femur_right", "fall_failure_load");
  const double in = record_find(record, "femur_right", "fall_failure_load_outline_in")->value;
  const double out = record_find(record, "femur_right", "fall_failure_load_outline_out")->value;
  const double half = record_find(record, "femur_right", "fall_failure_load_fine_mesh")->value;
  const double error = 2 * fabs(load->value - half);
  assert_null(record_find(record, "femur_right", "fall_failure_load_coarse_mesh"));
  assert_close(load->high - load->value, hypot((out - in) / 2, error), 1e-9);
  o.interval = false;
  o.size_mm = 1;
  assert_ok(fea_fall_run(&fine, f->density, f->labels, LABEL_FEMUR_RIGHT, &f->frame, NULL, &o));
  assert_true(fabs(fine->failure_load_n - load->value) < error);
  fea_fall_destroy(fine);
}

/* The bar above the colours is a round length, 30 to 80 px long: of whole pixels an element, as
 * many as fill the panels, which stand 24 px apart beside 120 px of colours. */
static void check_length(const struct picture *p, double size_mm) {
  static const double lengths_mm[] = {5, 10, 20};
  const int panels = p->width - 4 * 24 - 120;
  int bar = 0, fitting = 0;
  for (int x = p->width - 120; x < p->width; x++) {
    const uint8_t *c = p->rgb + 3 * ((size_t)31 * (size_t)p->width + (size_t)x);
    bar += c[0] == 0x20 && c[1] == 0x20 && c[2] == 0x28;
  }
  assert_true(bar >= 30 && bar <= 80);
  for (int i = 0; i < 3; i++) {
    double pixels = bar * size_mm / lengths_mm[i], whole = round(pixels);
    fitting += fabs(pixels - whole) <= 0.5 * size_mm / lengths_mm[i] && panels % (int)whole == 0;
  }
  assert_true(fitting > 0);
}

static void strength_is_that_of_a_femur_and_energy_balances(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = quick();
  struct fea_fall *r = NULL;
  struct picture *picture = NULL;
  char stem[] = "fall_test_fields";
  o.size_mm = 3;
  o.interval = true;
  o.mass_kg = 70;
  o.height_m = 1.7;
  digital_femur_make(&f, 1.5, 0);
  assert_ok(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o));
  const struct measurement *m = record_find(r->record, "femur_right", "fall_failure_load");
  assert_true(m->value > 1000 && m->value < 12000); /* cadaver tests: 3900 +- 1650 N */
  assert_true(m->low < m->value && m->value < m->high);
  assert_non_null(strstr(m->flags, "interval without calibration"));
  assert_near(r->solution->balance, 0, 1e-5);
  assert_close(r->solution->work_nmm, r->solution->energy_nmm, 1e-7);
  check_mesh_error(&f, r->record, o);
  const struct measurement *risk = record_find(r->record, "femur_right", "fall_factor_of_risk");
  assert_close(risk->value, 5439.65 / m->value, 1e-5);
  assert_ok(fea_fall_picture(&picture, r));
  assert_true(picture->width >= 1000);
  check_length(picture, o.size_mm);
  assert_ok(fea_fall_write(r, stem, NULL, true));
  assert_true(file_exists("fall_test_fields.h5") && file_exists("fall_test_fields.xdmf"));
  remove("fall_test_fields.h5");
  remove("fall_test_fields.xdmf");
  picture_destroy(picture);
  fea_fall_destroy(r);
  digital_femur_free(&f);
}

/* Each element's density goes to the centre of its bin of 128. Stiffness grows with every modulus
 * and a modulus with its density, so it lies between the stiffnesses of the bone with all densities
 * half a bin lower and higher. A bin is 1/128 of 1000 mg/cm3 at most. */
static void density_bins_are_centred_and_bound_the_stiffness(void **state) {
  (void)state;
  enum { BINS = 128 };
  const float half_bin = 1000.f / BINS / 2;
  struct digital_femur f;
  struct fea_fall_options o = quick();
  struct fea_fall *r[4] = {NULL}; /* binned, as it is, all lower, all higher */
  o.size_mm = 3;
  o.outline = FEA_OUTLINE_VOXELS;
  digital_femur_make(&f, 3, 0);
  const int64_t voxels = geometry_voxels(&f.density->grid);
  for (int i = 0; i < 4; i++) {
    o.bins = i ? 0 : BINS;
    for (int64_t v = 0; v < voxels && i > 1; v++)
      f.density->voxels[v] += i == 2 ? -half_bin : 2 * half_bin;
    assert_ok(fea_fall_run(&r[i], f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o));
  }
  const struct fea_model *binned = r[0]->model, *m = r[1]->model;
  double low = INFINITY, high = -INFINITY;
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    if (m->part[v] != FEA_BONE) continue;
    low = fmin(low, (double)m->density[v]);
    high = fmax(high, (double)m->density[v]);
  }
  const double width = (high - low) / BINS;
  for (int64_t v = 0; v < geometry_voxels(&m->grid); v++) {
    if (m->part[v] != FEA_BONE) continue;
    const double bin = ((double)binned->density[v] - low) / width - 0.5;
    assert_near(bin, round(bin), 1e-3); /* floats of 1 in bins of 0.005 g/cm3 */
    assert_true(fabs((double)(binned->density[v] - m->density[v])) < 0.501 * width);
  }
  assert_true(r[2]->stiffness_n_mm < r[0]->stiffness_n_mm);
  assert_true(r[0]->stiffness_n_mm < r[3]->stiffness_n_mm);
  assert_true(r[0]->stiffness_n_mm != r[1]->stiffness_n_mm);
  assert_non_null(strstr(r[0]->words, "bins 128"));
  for (int i = 0; i < 4; i++) fea_fall_destroy(r[i]);
  digital_femur_free(&f);
}

/* Elements of 3 mm hold cortex and marrow: by v2 each has the law's modulus of its mean density
 * times its share of bone, by v3 at least that, for the law is convex (Jensen). A law that is a
 * line makes both equal, to the rounding of floats. */
static void mean_density_lies_below_mean_modulus(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_user_law line;
  struct fea_fall_options o = quick();
  struct femur_model *m[2] = {NULL};
  digital_femur_make(&f, 1.5, 0);
  const struct fall_input in = {
      .density = f.density, .labels = f.labels, .label = LABEL_FEMUR_RIGHT, .frame = &f.frame};
  o.size_mm = 3;
  assert_ok(fea_law_parse(&line, "apparent:10000,1"));
  for (int linear = 0; linear < 2; linear++) {
    const struct fea_law *law = linear ? &line.law : fea_law_at(o.law);
    double excess = 0, largest = 0;
    o.user_law = linear ? law : NULL;
    for (int i = 0; i < 2; i++) {
      o.mapping = i ? FEA_MAP_V3 : FEA_MAP_V2;
      assert_ok(fall_place(&m[i], &in, 4, &o));
    }
    for (int64_t v = 0; v < geometry_voxels(&m[0]->model->grid); v++) {
      if (!(m[0]->share[v] > 0)) continue;
      const double rho = (double)m[0]->model->density[v], share = (double)m[0]->share[v];
      const double by_density = (double)m[0]->model->modulus[v];
      const double by_modulus = (double)m[1]->model->modulus[v];
      assert_close(by_density, share * fmax(fea_law_modulus(law, rho), o.least_mpa), 1e-6);
      assert_true(by_modulus >= by_density * (1 - 1e-6));
      excess = fmax(excess, by_modulus - by_density);
      largest = fmax(largest, by_modulus);
    }
    assert_true(linear ? excess < 1e-6 * largest : excess > 0.01 * largest);
    for (int i = 0; i < 2; i++) femur_model_destroy(m[i]);
  }
  o.mapping = FEA_MAP_V2;
  assert_string_equal(fall_mapping_words(&o), " v2");
  o.mapping = FEA_MAP_V1;
  assert_fails(fall_place(&m[0], &in, 4, &o), ST_DOMAIN, "v2 (mean density) or v3 (mean modulus)");
  digital_femur_free(&f);
}

/* The model is linear: twice the shortening is twice the load and the same failure load. */
static void failure_load_does_not_depend_on_the_applied_displacement(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = quick();
  struct fea_fall *r[2] = {NULL};
  digital_femur_make(&f, 1.5, 0);
  for (int i = 0; i < 2; i++) {
    o.strain = i ? 0.04 : 0.02;
    assert_ok(fea_fall_run(&r[i], f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o));
  }
  assert_close(r[1]->load_n, 2 * r[0]->load_n, 1e-6);
  assert_close(r[1]->failure_load_n, r[0]->failure_load_n, 1e-6);
  for (int i = 0; i < 2; i++) fea_fall_destroy(r[i]);
  digital_femur_free(&f);
}

/* The head centre lies 24 mm deep in the capsules' head. A frame 100 mm further up is 76 mm outside
 * the head and so 100 mm off, to half a voxel of 3 mm. A sphere that is d mm off is 0.53 to 0.66 d
 * (RMS) from the head over a cap of 75 degrees: 2 mm are within 3 mm, 8 mm are not. */
static void a_frame_of_another_femur_is_refused(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = quick();
  struct fea_envelope_options eo = FEA_ENVELOPE_DEFAULTS;
  struct fea_fall *r = NULL;
  struct fea_tet_fall *tets = NULL;
  struct fea_envelope *e = NULL;
  digital_femur_make(&f, 3, 0);
  struct hip_frame frame = f.frame;
  frame.head.z += 100;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o),
               ST_DOMAIN, "should be 24.0 mm inside it, its radius: the frame is at least 10");
  assert_non_null(strstr(status_message(), "is it of another person or another scan?"));
  assert_non_null(strstr(status_message(), "mm outside label 76"));
  assert_non_null(strstr(status_message(), "Make the frame from these labels (qct anatomy frame)"));
  assert_fails(
      fea_tet_fall_run(&tets, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o, NULL),
      ST_DOMAIN, "outside label 76");
  assert_fails(fea_envelope_run(&e, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, &eo), ST_DOMAIN,
               "outside label 76");
  frame.head.z = 14; /* 10 mm of bone are left above it */
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o),
               ST_DOMAIN, "mm inside label 76, and should be 24.0 mm inside it");
  frame = f.frame;
  frame.neck_point.z = 20;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o),
               ST_DOMAIN, "neck point of the frame is");
  frame.neck_point.x = NAN; /* unknown, as of a label alone */
  assert_ok(fall_check_place(f.labels, LABEL_FEMUR_RIGHT, &frame));
  frame = f.frame;
  frame.head.z += 2;
  assert_ok(fall_check_place(f.labels, LABEL_FEMUR_RIGHT, &frame));
  frame.head.z += 6;
  assert_fails(fall_check_place(f.labels, LABEL_FEMUR_RIGHT, &frame), ST_DOMAIN,
               "from the head sphere of the frame, permitted are 3.0 mm");
  strcpy(frame.method, "reference"); /* the head is another's */
  assert_ok(fall_check_place(f.labels, LABEL_FEMUR_RIGHT, &frame));
  frame = f.frame;
  frame.fal_mm -= 7; /* a shorter neck in the same place */
  assert_fails(fall_check_place(f.labels, LABEL_FEMUR_RIGHT, &frame), ST_DOMAIN,
               "along the neck axis label 76 measures");
  digital_femur_free(&f);
}

static void what_the_scan_does_not_permit_is_refused(void **state) {
  (void)state;
  struct digital_femur f;
  struct fea_fall_options o = quick();
  struct fea_fall *r = NULL;
  digital_femur_make(&f, 3, 0);
  struct hip_frame frame = f.frame;
  frame.metal = 1;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o),
               ST_DOMAIN, "metal");
  frame = f.frame;
  frame.truncated = 1;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o),
               ST_DOMAIN, "take a scan that begins above the head");
  frame = f.frame;
  frame.distal_mm = 50;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &frame, NULL, &o),
               ST_DOMAIN, "take a scan that goes as far down the thigh");
  assert_fails(fea_fall_run(&r, f.density, f.labels, 3, &f.frame, NULL, &o), ST_DOMAIN,
               "label 3 is not in the label map");
  f.density->material = MATERIAL_UNSTATED;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o),
               ST_DOMAIN, "does not state its calibration material");
  f.density->material = MATERIAL_K2HPO4;
  f.density->quantity = QUANTITY_HU;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o),
               ST_DOMAIN, "calibrate it first");
  f.density->quantity = QUANTITY_DENSITY;
  int64_t n = geometry_voxels(&f.density->grid);
  for (int64_t v = 0; v < n; v++) f.density->voxels[v] -= 2000;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o),
               ST_DOMAIN, "begins at -1e+03 mg/cm3, permitted 100 to 2500");
  for (int64_t v = 0; v < n; v++) /* the twentieth part reads as bone */
    if (v % 20 == 0) f.density->voxels[v] = 900;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o),
               ST_DOMAIN, "at the floor");
  for (int64_t v = 0; v < n; v++) f.density->voxels[v] = NAN;
  assert_fails(fea_fall_run(&r, f.density, f.labels, LABEL_FEMUR_RIGHT, &f.frame, NULL, &o),
               ST_DOMAIN, "no data");
  assert_null(r);
  digital_femur_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mirrored_femur_has_the_same_strength),
      cmocka_unit_test(strength_is_that_of_a_femur_and_energy_balances),
      cmocka_unit_test(density_bins_are_centred_and_bound_the_stiffness),
      cmocka_unit_test(mean_density_lies_below_mean_modulus),
      cmocka_unit_test(failure_load_does_not_depend_on_the_applied_displacement),
      cmocka_unit_test(a_frame_of_another_femur_is_refused),
      cmocka_unit_test(what_the_scan_does_not_permit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
