/* Projections against closed forms: paths through boxes, spheres and slabs; conservation of mass.
 */
#include "../check.h"

#include "core/parallel.h"
#include "ml/drr.h"

static const double mu = 0.02; /* per mm */

static struct volume *make(int64_t nx, int64_t ny, int64_t nz, double s, float value,
                           enum quantity q) {
  struct geometry g = geometry_make(nx, ny, nz, s, s, s);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, q));
  for (int64_t i = 0; i < nx * ny * nz; i++) v->voxels[i] = value;
  return v;
}

static float middle(const struct ml_drr *d) {
  const struct geometry *g = &d->image->grid;
  return d->image->voxels[geometry_index(g, g->nx / 2, g->ny / 2, 0)];
}

static struct ml_drr_options defaults(void) {
  struct ml_drr_options o = ML_DRR_DEFAULTS;
  return o;
}

/* 100 x 80 x 60 mm of water: P = 2.0, 1.6, 1.2 along x, y, z; exp(-P) */
static void box_of_water_has_its_thickness(void **state) {
  (void)state;
  static const int views[] = {ML_DRR_LATERAL, ML_DRR_FRONTAL, ML_DRR_AXIAL};
  static const double p[] = {2.0, 1.6, 1.2}, t[] = {0.135335, 0.201897, 0.301194};
  struct volume *v = make(100, 80, 60, 1, 0, QUANTITY_HU);
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  for (int i = 0; i < 3; i++)
    for (o.path = ML_DRR_EXACT; o.path <= ML_DRR_TRILINEAR; o.path++) {
      o.view = views[i];
      o.value = ML_DRR_LINE;
      assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
      assert_near((double)middle(&d), p[i], 1e-6);
      ml_drr_free(&d);
      o.value = ML_DRR_TRANSMISSION;
      assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
      assert_near((double)middle(&d), t[i], 5e-7);
      ml_drr_free(&d);
    }
  volume_destroy(v);
}

static void hu_scale_the_attenuation(void **state) {
  (void)state;
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  static const float hu[] = {1000, -1000, -1024};
  static const double expected[] = {3.2, 0, 0};
  for (int i = 0; i < 3; i++) {
    struct volume *v = make(100, 80, 60, 1, hu[i], QUANTITY_HU);
    assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
    assert_near((double)middle(&d), expected[i], 1e-6);
    ml_drr_free(&d);
    volume_destroy(v);
  }
}

/* chord 2 sqrt(25^2 - s^2): 50, 40, 30 mm at s = 0, 15, 20; the chord of voxels of 0.5 mm is off by
 * less than half a voxel at each end */
static void sphere_has_its_chords(void **state) {
  (void)state;
  struct volume *v = make(121, 121, 121, 0.5, -1000, QUANTITY_HU);
  const struct geometry *g = &v->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double x = (double)(i - 60) / 2, y = (double)(j - 60) / 2, z = (double)(k - 60) / 2;
        if (x * x + y * y + z * z <= 625) v->voxels[geometry_index(g, i, j, k)] = 0;
      }
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  o.view = ML_DRR_AXIAL;
  o.pixel_mm = 0.5;
  static const int64_t at[] = {60, 90, 100};
  static const double chord[] = {50, 40, 30};
  assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
  for (int i = 0; i < 3; i++)
    assert_near((double)d.image->voxels[geometry_index(&d.image->grid, at[i], 60, 0)] / mu,
                chord[i], 0.5 + 1e-4);
  ml_drr_free(&d);
  volume_destroy(v);
}

/* 50 mm of 100 mg/cm3 = 0.5 g/cm2; two 2 mm cortices of 1000 mg/cm3 = 0.4 g/cm2 */
static void slabs_have_their_areal_density(void **state) {
  (void)state;
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  o.value = ML_DRR_AREAL;
  struct volume *v = make(50, 50, 50, 1, 100, QUANTITY_DENSITY);
  assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
  assert_near((double)middle(&d), 0.5, 1e-6);
  assert_string_equal(d.unit, "g/cm2");
  ml_drr_free(&d);
  for (int64_t i = 0; i < 50 * 50 * 50; i++) {
    int64_t j = i / 50 % 50;
    v->voxels[i] = (j >= 5 && j < 7) || (j >= 40 && j < 42) ? 1000 : 0;
  }
  assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
  assert_near((double)middle(&d), 0.4, 1e-6);
  ml_drr_free(&d);
  volume_destroy(v);
}

/* a blob well inside the grid, so that every ray of every direction passes it whole */
static struct volume *blob(void) {
  struct volume *v = make(64, 64, 64, 1, -1000, QUANTITY_HU);
  const struct geometry *g = &v->grid;
  for (int64_t k = 0; k < g->nz; k++)
    for (int64_t j = 0; j < g->ny; j++)
      for (int64_t i = 0; i < g->nx; i++) {
        double x = (double)i - 30, y = (double)j - 33, z = (double)k - 31;
        double r = x * x / 225 + y * y / 144 + z * z / 324;
        if (r < 1) v->voxels[geometry_index(g, i, j, k)] = (float)(500 * (1 - r) - 100);
      }
  return v;
}

static double mass_of(const struct volume *v) {
  double sum = 0;
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    sum += (double)(float)(mu * fmax(0, 1 + (double)v->voxels[i] / 1000));
  return sum * geometry_voxel_mm3(&v->grid);
}

static struct hip_frame turned(double degrees) {
  struct hip_frame f = {.side = SIDE_RIGHT};
  double a = degrees * 3.14159265358979323846 / 180;
  f.shaft_axis = vec3_unit(vec3_make(0.1, 0.2, 1));
  f.neck_axis = vec3_unit(vec3_make(cos(a), sin(a), 0.6));
  return f;
}

static void sum_over_the_picture_is_the_mass(void **state) {
  (void)state;
  struct volume *v = blob();
  struct ml_drr_options o = defaults();
  struct hip_frame f = turned(25);
  struct ml_drr d;
  double mass = mass_of(v);
  for (o.view = 0; o.view < 3; o.view++)
    for (int oblique = 0; oblique < 2; oblique++) {
      o.pixel_mm = oblique ? 0.5 : 1;
      assert_ok(ml_drr_project(&d, v, NULL, oblique ? &f : NULL, &o));
      double sum = 0;
      for (int64_t i = 0; i < geometry_voxels(&d.image->grid); i++)
        sum += (double)d.image->voxels[i];
      /* along the axes exact but for the float pixels; oblique 0.5 % */
      assert_close(sum * o.pixel_mm * o.pixel_mm, mass, oblique ? 5e-3 : 1e-6);
      ml_drr_free(&d);
    }
  volume_destroy(v);
}

static void threads_do_not_change_a_bit(void **state) {
  (void)state;
  struct volume *v = blob();
  struct hip_frame f = turned(-15);
  struct ml_drr_options o = defaults();
  for (o.beam = 0; o.beam < 2; o.beam++)
    for (o.path = 0; o.path < 2; o.path++) {
      struct ml_drr one, many;
      parallel_set_threads(1);
      assert_ok(ml_drr_project(&one, v, NULL, &f, &o));
      parallel_set_threads(4);
      assert_ok(ml_drr_project(&many, v, NULL, &f, &o));
      assert_memory_equal(one.image->voxels, many.image->voxels,
                          (size_t)geometry_voxels(&one.image->grid) * sizeof(float));
      ml_drr_free(&one);
      ml_drr_free(&many);
    }
  parallel_set_threads(0);
  volume_destroy(v);
}

/* The middle of the box is magnified by SDD / (SDD - object to detector); a thin bar of 20 mm there
 * casts a shadow of 20 mm times that. */
static void cone_magnifies_by_the_ratio_of_distances(void **state) {
  (void)state;
  struct volume *v = make(101, 101, 41, 1, -1000, QUANTITY_HU);
  for (int64_t k = 0; k < 41; k++)
    for (int64_t i = 40; i < 60; i++) v->voxels[geometry_index(&v->grid, i, 50, k)] = 0;
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  o.beam = ML_DRR_CONE;
  o.object_detector_mm = 200;
  o.pixel_mm = 0.1;
  assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
  assert_near(d.magnification, 1.25, 1e-12);
  const struct geometry *g = &d.image->grid;
  int64_t bright = 0;
  for (int64_t i = 0; i < g->nx; i++)
    bright += d.image->voxels[geometry_index(g, i, g->ny / 2, 0)] > 0.5 * mu;
  assert_near((double)bright * 0.1, 25,
              0.15); /* the bar is 1 mm deep: its faces differ by 0.03 mm */
  ml_drr_free(&d);
  volume_destroy(v);
}

static struct labels *marked(const struct volume *v, int value) {
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++)
    if (v->voxels[i] > -500) l->voxels[i] = (uint16_t)value;
  return l;
}

static void only_mask_hides_the_rest(void **state) {
  (void)state;
  struct volume *v = blob();
  struct labels *l = marked(v, 75);
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  double mass = mass_of(v);
  for (int64_t i = 0; i < 64 * 64; i++) v->voxels[i] = 2000; /* a table */
  o.label = 75;
  o.only_mask = true;
  o.margin_mm = 5;
  assert_ok(ml_drr_project(&d, v, l, NULL, &o));
  double sum = 0;
  for (int64_t i = 0; i < geometry_voxels(&d.image->grid); i++) sum += (double)d.image->voxels[i];
  /* the box of the label is aligned with voxels, so pixels are columns of voxels: exact */
  assert_close(sum, mass, 1e-6);
  ml_drr_free(&d);
  labels_destroy(l);
  volume_destroy(v);
}

static void mirrored_left_looks_like_right(void **state) {
  (void)state;
  struct volume *right = blob(), *left = NULL;
  assert_ok(volume_copy(&left, right));
  const struct geometry *g = &right->grid;
  for (int64_t k = 0; k < 64; k++)
    for (int64_t j = 0; j < 64; j++)
      for (int64_t i = 0; i < 64; i++)
        left->voxels[geometry_index(g, i, j, k)] = right->voxels[geometry_index(g, 63 - i, j, k)];
  struct hip_frame fr = turned(20), fl = fr;
  /* the frame of the mirrored hip: x negated */
  fl.side = SIDE_LEFT;
  fl.shaft_axis.x *= -1;
  fl.neck_axis.x *= -1;
  struct ml_drr_options o = defaults();
  for (o.view = 0; o.view < 3; o.view++) {
    struct ml_drr a, b;
    assert_ok(ml_drr_project(&a, right, NULL, &fr, &o));
    assert_ok(ml_drr_project(&b, left, NULL, &fl, &o));
    assert_false(a.mirrored);
    assert_true(b.mirrored);
    assert_int_equal(a.image->grid.nx, b.image->grid.nx);
    for (int64_t i = 0; i < geometry_voxels(&a.image->grid); i++)
      assert_near((double)b.image->voxels[i], (double)a.image->voxels[i], 1e-5);
    ml_drr_free(&a);
    ml_drr_free(&b);
  }
  volume_destroy(left);
  volume_destroy(right);
}

/* the neck axis of the frame has no component along the rays of the frontal view */
static void frame_lays_the_neck_into_the_picture(void **state) {
  (void)state;
  struct volume *v = blob();
  struct hip_frame f = turned(35);
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  assert_ok(ml_drr_project(&d, v, NULL, &f, &o));
  assert_near(vec3_dot(geometry_axis(&d.image->grid, 2), f.neck_axis), 0, 1e-12);
  assert_near(vec3_dot(geometry_axis(&d.image->grid, 2), f.shaft_axis), 0, 1e-12);
  assert_true(d.rotation_deg > 30 && d.rotation_deg < 45);
  ml_drr_free(&d);
  volume_destroy(v);
}

static void wrong_input_is_refused(void **state) {
  (void)state;
  struct volume *v = blob();
  struct labels *l = marked(v, 75);
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  o.value = ML_DRR_AREAL;
  assert_fails(ml_drr_project(&d, v, NULL, NULL, &o), ST_DOMAIN,
               "a density [mg/cm3] that says so in its side file is needed");
  v->quantity = QUANTITY_DENSITY;
  o.value = ML_DRR_LINE;
  assert_fails(ml_drr_project(&d, v, NULL, NULL, &o), ST_DOMAIN, "HU are needed");
  v->quantity = QUANTITY_HU;
  o.label = 76;
  assert_fails(ml_drr_project(&d, v, l, NULL, &o), ST_DOMAIN, "no voxel carries it");
  o.label = 0;
  o.only_mask = true;
  assert_fails(ml_drr_project(&d, v, NULL, NULL, &o), ST_DOMAIN, "needs its label");
  o.only_mask = false;
  o.pixel_mm = 0.001;
  assert_fails(ml_drr_project(&d, v, NULL, NULL, &o), ST_DOMAIN, "8192");
  o = defaults();
  o.beam = ML_DRR_CONE;
  o.object_detector_mm = 990;
  assert_fails(ml_drr_project(&d, v, NULL, NULL, &o), ST_DOMAIN, "lies inside it");
  labels_destroy(l);
  volume_destroy(v);
}

/* A layer of one voxel, 1 mm of 1000 mg/cm3, wherever it lies: interpolated between voxels it is a
 * triangle, and samples half a voxel apart sum to its area. */
static void no_thin_layer_falls_between_the_samples_of_a_ray(void **state) {
  (void)state;
  struct ml_drr_options o = defaults();
  struct ml_drr d;
  o.value = ML_DRR_AREAL;
  o.path = ML_DRR_TRILINEAR;
  for (int64_t layer = 5; layer < 15; layer++) {
    struct volume *v = make(20, 20, 20, 1, 0, QUANTITY_DENSITY);
    for (int64_t i = 0; i < 8000; i++)
      if (i / 20 % 20 == layer) v->voxels[i] = 1000;
    assert_ok(ml_drr_project(&d, v, NULL, NULL, &o));
    assert_near((double)middle(&d), 0.1, 1e-3);
    ml_drr_free(&d);
    volume_destroy(v);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_thin_layer_falls_between_the_samples_of_a_ray),
      cmocka_unit_test(box_of_water_has_its_thickness),
      cmocka_unit_test(hu_scale_the_attenuation),
      cmocka_unit_test(sphere_has_its_chords),
      cmocka_unit_test(slabs_have_their_areal_density),
      cmocka_unit_test(sum_over_the_picture_is_the_mass),
      cmocka_unit_test(threads_do_not_change_a_bit),
      cmocka_unit_test(cone_magnifies_by_the_ratio_of_distances),
      cmocka_unit_test(only_mask_hides_the_rest),
      cmocka_unit_test(mirrored_left_looks_like_right),
      cmocka_unit_test(frame_lays_the_neck_into_the_picture),
      cmocka_unit_test(wrong_input_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
