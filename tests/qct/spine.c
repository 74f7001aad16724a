// labels: method slow
// links: phantom anatomy
/* Density, shape and HU of vertebrae: published limits and goldens computed by an independent
 * script, hand-made blocks, and the digital spine (its solids share no code with qct/). */
#include "phantom/spine.h"
#include "anatomy/vertebra.h"
#include "qct/hu.h"
#include "qct/spine.h"
#include "qct/spine_roi.h"
#include "qct/spine_shape.h"
#include "tests/check.h"

/* ---- goldens ---- */

static void losses_and_grades_are_the_published_ones(void **state) {
  (void)state;
  /* (Ha, Hm, Hp), loss, grade by 20, 25 and 40 % */
  static const double rows[][5] = {{20, 22, 25, 0.20, 1}, {18, 20, 25, 0.28, 2},
                                   {14, 18, 25, 0.44, 3}, {24, 24, 25, 0.04, 0},
                                   {15, 20, 25, 0.40, 2}, {75, 90, 100, 0.25, 2}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const double *r = rows[i];
    assert_near(qct_height_loss(r[0], r[1], r[2]), r[3], 1e-12);
    assert_int_equal(qct_genant_grade(qct_height_loss(r[0], r[1], r[2])), (int)r[4]);
  }
  assert_near(qct_height_loss(20, 23, 26), 0.230769, 1e-6); /* wedge 20/26: grade 1 */
  assert_int_equal(qct_genant_grade(qct_height_loss(20, 23, 26)), 1);
  assert_string_equal(qct_genant_type(18, 20, 25), "wedge");
  assert_string_equal(qct_genant_type(24, 17, 25), "biconcave");
  assert_string_equal(qct_genant_type(24, 22, 18), "crush");
  assert_true(isnan(qct_height_loss(0, 20, 20)));
  assert_int_equal(qct_genant_grade((double)NAN), -1);
}

static void a_fifth_lumbar_body_that_is_low_at_its_back_is_told_from_a_crushed_one(void **state) {
  (void)state;
  static const char *const levels[] = {"L4", "L5"};
  for (int i = 0; i < 2; i++) {
    struct vertebra_frames all = {.count = 1};
    struct vertebra_frame *f = &all.items[0];
    struct record *r = NULL;
    snprintf(f->level, sizeof f->level, "%s", levels[i]);
    f->height_anterior_mm = 30;
    f->height_middle_mm = 27;
    f->height_posterior_mm = 21;
    assert_ok(record_create(&r, "c"));
    assert_ok(qct_spine_shape(r, &all));
    const struct measurement *m = record_find(r, levels[i], "genant_grade");
    assert_near(m->value, 2, 0);
    assert_int_equal(strstr(m->flags, "in health too") != NULL, i);
    record_destroy(r);
  }
}

static struct vec3 tilted(double deg) {
  double a = deg * 0.017453292519943295;
  return vec3_make(sin(a), 0, cos(a));
}

static void end_plates_at_20_and_minus_15_degrees_meet_at_35(void **state) {
  (void)state;
  assert_near(qct_cobb_deg(tilted(20), tilted(-15)), 35.0, 1e-9);
  /* a sagittal tilt of both does not change it */
  struct vec3 a = tilted(20), b = tilted(-15);
  a.y = 0.3;
  b.y = -0.2;
  assert_near(qct_cobb_deg(vec3_unit(a), vec3_unit(b)), 35.0, 1e-9);
}

static void the_edges_of_the_classes_are_low(void **state) {
  (void)state;
  for (int fracture = 0; fracture < 2; fracture++) {
    assert_int_equal(qct_spine_class(120.0, fracture), QCT_LOW);
    assert_int_equal(qct_spine_class(80.0, fracture), QCT_LOW);
    assert_int_equal(qct_spine_class(120.0001, fracture), QCT_NORMAL);
  }
  assert_int_equal(qct_spine_class(79.9999, false), QCT_OSTEOPOROSIS);
  assert_int_equal(qct_spine_class(79.9999, true), QCT_SEVERE);
}

static void t_of_hu_has_the_values_of_the_young_women(void **state) {
  (void)state;
  static const double rows[][2] = {
      {112, -2.952}, {100, -3.238}, {135, -2.405}, {160, -1.810}, {110, -3.000}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_near(qct_t_hu("L1", rows[i][0]), rows[i][1], 5e-4);
  assert_near(qct_t_hu("L3", 227), 0, 0);
  assert_true(isnan(qct_t_hu("L2", 200)));
}

static void the_peers_estimate_is_reproduced(void **state) {
  (void)state;
  assert_near(qct_c2c_bmd(300), 0.9899448, 5e-8);
  assert_near(qct_c2c_t(300), -0.6827, 5e-5);
  assert_near(qct_c2c_t(284.9), -1, 2e-3); /* 284.9 is rounded to 0.1 HU: 0.0021 of T */
  assert_near(qct_c2c_rescale(-990, -990, -105), -1000, 1e-9);
  assert_near(qct_c2c_rescale(-105, -990, -105), -95, 1e-9);
}

static void conversion_to_120_kv_scales_the_mineral_part(void **state) {
  (void)state;
  double hu;
  assert_ok(qct_hu_to_120(&hu, 150, 10, 70, 70));
  assert_near(hu, 150, 1e-9);
  assert_ok(qct_hu_to_120(&hu, 10, 10, 75, 70)); /* marrow stays */
  assert_near(hu, 10, 1e-9);
  /* K2HPO4 against water 1.4528 at 75 and 1.5634 at 70 keV (NIST, to 4 decimals: +-0.01 HU):
   * 10 + 121.3 (1.5634 - 0.2174)/(1.4528 - 0.2174) */
  assert_ok(qct_hu_to_120(&hu, 131.3, 10, 75, 70));
  assert_near(hu, 142.1599, 0.015);
  assert_fails(qct_hu_to_120(&hu, 150, 10, 20, 70), ST_DOMAIN, "permitted 30..160 keV");
  assert_fails(qct_hu_to_120(&hu, 150, 400, 70, 70), ST_DOMAIN, "permitted -150..100 HU");
}

/* ---- presets ---- */

static const struct qct_hu_preset *preset(const char *key) {
  const struct qct_hu_preset *p = NULL;
  assert_ok(qct_hu_preset_find(&p, key));
  return p;
}

static void a_preset_refuses_other_voltages_contrast_and_regions(void **state) {
  (void)state;
  char why[192];
  struct qct_contrast given = {.present = 1, .reason = "contrast medium was given"};
  struct qct_hu_scan scan = {.kvp = 120, .roi = QCT_ROI_DEFAULTS};
  qct_hu_preset_refusal(why, preset("l1-160"), &scan);
  assert_string_equal(why, "");
  scan.kvp = 121;
  qct_hu_preset_refusal(why, preset("l1-160"), &scan);
  assert_string_equal(why, "");
  scan.kvp = 121.5;
  qct_hu_preset_refusal(why, preset("l1-160"), &scan);
  assert_non_null(strstr(why, "121.5 kV"));
  scan.kvp = (double)NAN;
  qct_hu_preset_refusal(why, preset("l1-160"), &scan);
  assert_non_null(strstr(why, "not stated"));
  scan.kvp = 120;
  scan.contrast = &given;
  qct_hu_preset_refusal(why, preset("l1-160"), &scan);
  assert_non_null(strstr(why, "contrast"));
  scan.contrast = NULL;
  qct_hu_preset_refusal(why, preset("totalseg-90"), &scan);
  assert_non_null(strstr(why, "belongs to"));
  scan.roi.kind = QCT_ROI_LABEL;
  scan.roi.erode_mm = 4;
  qct_hu_preset_refusal(why, preset("totalseg-90"), &scan);
  assert_string_equal(why, "");
  const struct qct_hu_preset *none;
  assert_fails(qct_hu_preset_find(&none, "l1-170"), ST_USAGE, "l1-160");
}

static void every_preset_without_a_read_source_says_so(void **state) {
  (void)state;
  int count;
  const struct qct_hu_preset *p = qct_hu_presets(&count);
  for (int i = 0; i < count; i++) assert_true(!p[i].verified || *p[i].source);
  assert_false(preset("l1-90")->verified);
  assert_true(preset("l1-110")->verified);
}

/* ---- the digital spine ---- */

struct made {
  struct phantom_result digital;
  struct vertebra_result *vertebrae;
  struct spine_truth truth;
  struct spine_body solids;
  struct volume *density;
};

static void free_made(struct made *m) {
  phantom_result_free(&m->digital);
  vertebra_result_destroy(m->vertebrae);
  volume_destroy(m->density);
}

static void make(struct made *m, const struct spine_phantom *p) {
  struct tissue_table t;
  *m = (struct made){.vertebrae = NULL};
  assert_ok(spine_phantom_make(&m->digital, p));
  assert_ok(vertebrae_from_labels(&m->vertebrae, m->digital.bodies, NULL, NULL, VERTEBRA_AUTO));
  assert_ok(scan_setup_tissue(&t, &p->scan, 0.925, p->marrow_yellow));
  spine_body_init(&m->solids, &p->shape, &t, p->scan.pose);
  m->solids.texture = p->texture;
  m->solids.seed = (unsigned)p->seed;
  spine_truth_compute(&m->truth, &m->solids, 2);
  assert_ok(volume_copy(&m->density, m->digital.ct)); /* the ideal calibration */
  m->density->quantity = QUANTITY_DENSITY;
  m->density->material = MATERIAL_K2HPO4;
  int64_t n = geometry_voxels(&m->density->grid);
  for (int64_t i = 0; i < n; i++)
    m->density->voxels[i] = (float)tissue_k2hpo4(&t, (double)m->digital.ct->voxels[i]);
}

static struct spine_phantom column(double xy, double z) {
  struct spine_phantom p;
  spine_phantom_defaults(&p);
  p.view = SPINE_VIEW_COLUMN;
  p.scan.phantom[0] = '\0';
  p.scan.table = 0;
  p.scan.spacing[0] = p.scan.spacing[1] = xy;
  p.scan.spacing[2] = z;
  p.scan.paint.depth = 1;
  p.truth_step_mm = 4;
  return p;
}

static double value(const struct record *r, const char *region, const char *quantity) {
  const struct measurement *m = record_find(r, region, quantity);
  if (!m) fail_msg("no row %s %s", region, quantity);
  return m->value;
}

static void measure(struct record **r, const struct made *m, int kind,
                    const struct qct_contrast *contrast) {
  struct qct_spine_options o = QCT_SPINE_DEFAULTS;
  struct labels *roi = NULL;
  o.roi.kind = kind;
  o.min_voxels = 100;
  assert_ok(record_create(r, "c"));
  assert_ok(qct_spine_roi(&roi, m->vertebrae->bodies, &m->vertebrae->frames, &o.roi));
  assert_ok(qct_spine_vbmd(*r, m->density, roi, &m->vertebrae->frames, NULL, contrast, &o));
  assert_ok(qct_spine_shape(*r, &m->vertebrae->frames));
  labels_destroy(roi);
}

/* Noise of 14 HU over at least 500 voxels and texture that a region shifted by 1 mm sees otherwise:
 * 2 % is the goal of the method, several times what they make. */
static void density_of_every_level_is_within_2_percent_of_the_truth(void **state) {
  (void)state;
  static const double slices[] = {1, 3};
  for (int s = 0; s < 2; s++) {
    struct spine_phantom p = column(1, slices[s]);
    struct made m;
    struct record *r = NULL;
    p.seed = p.scan.scanner.seed = (uint64_t)s + 5;
    p.shape.density[SPINE_L1] = 75;
    p.shape.density[SPINE_L4] = 200;
    make(&m, &p);
    for (int kind = QCT_ROI_ELLIPSE; kind <= QCT_ROI_ELLIPSE_C2C; kind++) {
      measure(&r, &m, kind, NULL);
      for (int level = SPINE_T12; level <= SPINE_L5; level++)
        assert_close(value(r, spine_level_name(level), "vbmd_trabecular"),
                     m.truth.levels[level].ellipse[2], 0.02);
      record_destroy(r);
      r = NULL;
    }
    free_made(&m);
  }
}

static void deformities_get_their_grade_and_type(void **state) {
  (void)state;
  struct spine_phantom p = column(1, 1);
  struct made m;
  struct record *r = NULL;
  p.scan.scanner.noise_hu = 0;
  p.scan.paint.depth = 0;
  p.shape.cobb_deg = 25;
  p.shape.lordosis_deg = 20;
  p.shape.deformity[SPINE_L1] = DEFORMITY_WEDGE;
  p.shape.loss[SPINE_L1] = 0.45;
  p.shape.deformity[SPINE_L2] = DEFORMITY_BICONCAVE;
  p.shape.loss[SPINE_L2] = 0.5;
  p.shape.deformity[SPINE_L4] = DEFORMITY_CRUSH;
  p.shape.loss[SPINE_L4] = 0.3;
  make(&m, &p);
  measure(&r, &m, QCT_ROI_ELLIPSE, NULL);
  for (int level = SPINE_T12; level <= SPINE_L5; level++) {
    const struct spine_truth_level *t = &m.truth.levels[level];
    const char *name = spine_level_name(level);
    assert_near(value(r, name, "genant_grade"), t->grade, 0);
    /* three heights each within 1 mm: the loss within 2 mm of some 25 */
    assert_near(value(r, name, "height_loss"), t->loss, 0.08);
  }
  assert_non_null(strstr(record_find(r, "L1", "genant_grade")->flags, "wedge"));
  assert_non_null(strstr(record_find(r, "L2", "genant_grade")->flags, "biconcave"));
  assert_near(value(r, "L4", "genant_grade"), 0, 0); /* evenly lower: only its neighbours tell */
  assert_non_null(strstr(record_find(r, "L4", "genant_grade")->flags, "lower than its neighbours"));
  assert_near(value(r, "spine", "cobb"), m.truth.cobb_deg, 1);
  record_destroy(r);
  free_made(&m);
}

static void the_class_is_withheld_for_contrast_and_for_another_material(void **state) {
  (void)state;
  struct spine_phantom p = column(2, 3);
  struct made m;
  struct record *r = NULL;
  p.shape.density[SPINE_L1] = 70;
  p.shape.density[SPINE_L2] = 80;
  p.shape.density[SPINE_L4] = 200;
  make(&m, &p);
  measure(&r, &m, QCT_ROI_ELLIPSE, NULL);
  /* more than 40 mg/cm3 off the mean of its neighbours: said, never removed */
  assert_non_null(strstr(record_find(r, "L4", "vbmd_trabecular")->flags, "against its neighbours"));
  assert_near(value(r, "L4", "vbmd_trabecular"), 200, 5);
  assert_near(value(r, "spine", "bmd_class"), QCT_OSTEOPOROSIS, 0);
  assert_non_null(strstr(record_find(r, "spine", "vbmd_trabecular")->method, "mean of L1 and L2"));
  record_destroy(r);
  r = NULL;
  struct qct_contrast given = {.present = 1, .reason = "contrast medium was given"};
  measure(&r, &m, QCT_ROI_ELLIPSE, &given);
  assert_true(isnan(value(r, "spine", "bmd_class")));
  assert_non_null(strstr(record_find(r, "spine", "bmd_class")->flags, "contrast medium"));
  assert_near(value(r, "spine", "vbmd_trabecular"), 75, 2);
  record_destroy(r);
  r = NULL;
  m.density->material = MATERIAL_HA;
  measure(&r, &m, QCT_ROI_ELLIPSE, NULL);
  assert_true(isnan(value(r, "spine", "bmd_class")));
  assert_non_null(strstr(record_find(r, "spine", "bmd_class")->flags, "threshold basis mismatch"));
  record_destroy(r);
  free_made(&m);
}

/* One voxel in twenty of a level at 2000 HU: screws or cement. */
static void metal_and_a_level_apart_from_its_neighbours_are_flagged(void **state) {
  (void)state;
  struct spine_phantom p = column(2, 3);
  struct made m;
  struct record *r = NULL;
  struct labels *roi = NULL;
  struct qct_spine_options o = QCT_SPINE_DEFAULTS;
  struct calibration c = {.slope = 1, .covariance_df = INFINITY};
  make(&m, &p);
  o.min_voxels = 50;
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_spine_roi(&roi, m.vertebrae->bodies, &m.vertebrae->frames, &o.roi));
  const struct vertebra_frame *f = vertebra_frames_find(&m.vertebrae->frames, "L3");
  for (int64_t i = 0, n = 0; i < geometry_voxels(&roi->grid); i++)
    if (roi->voxels[i] == f->label && n++ % 20 == 0) m.density->voxels[i] = 2000;
  assert_ok(qct_spine_vbmd(r, m.density, roi, &m.vertebrae->frames, &c, NULL, &o));
  const char *flags = record_find(r, "L3", "vbmd_trabecular")->flags;
  assert_non_null(strstr(flags, "99th percentile above 1200 HU"));
  assert_non_null(strstr(flags, "against its neighbours"));
  assert_non_null(strstr(flags, "mean and median"));
  assert_null(strstr(record_find(r, "L1", "vbmd_trabecular")->flags, "99th percentile"));
  record_destroy(r);
  labels_destroy(roi);
  free_made(&m);
}

static void an_excluded_level_is_replaced_and_never_measured(void **state) {
  (void)state;
  struct spine_phantom p = column(2, 3);
  struct made m;
  struct record *r = NULL;
  struct labels *roi = NULL;
  struct qct_spine_options o = QCT_SPINE_DEFAULTS;
  make(&m, &p);
  o.min_voxels = 50;
  o.excluded[vertebra_level_of("L2")] = true;
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_spine_roi(&roi, m.vertebrae->bodies, &m.vertebrae->frames, &o.roi));
  assert_ok(qct_spine_vbmd(r, m.density, roi, &m.vertebrae->frames, NULL, NULL, &o));
  assert_true(isnan(value(r, "L2", "vbmd_trabecular")));
  assert_non_null(strstr(record_find(r, "L2", "vbmd_trabecular")->flags, "excluded by the user"));
  assert_non_null(strstr(record_find(r, "spine", "vbmd_trabecular")->method, "mean of L1 and T12"));
  o.min_voxels = 100000; /* nothing has that many */
  assert_ok(qct_spine_vbmd(r, m.density, roi, &m.vertebrae->frames, NULL, NULL, &o));
  assert_fails(qct_spine_vbmd(r, m.digital.ct, roi, &m.vertebrae->frames, NULL, NULL, &o),
               ST_DOMAIN, "calibrate it first");
  record_destroy(r);
  labels_destroy(roi);
  roi = NULL;
  /* a body that is no body: with its arch, or a splinter */
  struct vertebra_frames *f = &m.vertebrae->frames;
  double depth = f->items[1].depth_mm;
  f->items[1].depth_mm = 55;
  assert_fails(qct_spine_roi(&roi, m.vertebrae->bodies, f, &o.roi), ST_DOMAIN,
               "55.0 mm deep from front to back, permitted 15..50");
  f->items[1].depth_mm = 12;
  assert_fails(qct_spine_roi(&roi, m.vertebrae->bodies, f, &o.roi), ST_DOMAIN, "12.0 mm deep");
  f->items[1].depth_mm = depth;
  o.roi.height_mm = 25;
  assert_fails(qct_spine_roi(&roi, m.vertebrae->bodies, f, &o.roi), ST_DOMAIN, "permitted 2..20");
  free_made(&m);
}

static void a_bright_aorta_is_suspected_contrast_medium(void **state) {
  (void)state;
  struct spine_phantom p = column(2, 3);
  struct made m;
  struct qct_contrast c;
  make(&m, &p);
  assert_ok(qct_contrast_judge(&c, m.digital.ct, CONTRAST_UNKNOWN, NULL, &m.vertebrae->frames));
  assert_int_equal(c.present, 0);
  free_made(&m);
  p.aorta_hu = 180;
  make(&m, &p);
  assert_ok(qct_contrast_judge(&c, m.digital.ct, CONTRAST_UNKNOWN, NULL, &m.vertebrae->frames));
  assert_int_equal(c.present, 1);
  assert_int_equal(c.stated, 0);
  assert_near(c.vessel_hu, 180, 15);
  assert_ok(qct_contrast_judge(&c, m.digital.ct, CONTRAST_UNKNOWN, m.digital.labels, NULL));
  assert_int_equal(c.present, 1);
  assert_non_null(strstr(c.reason, "aorta"));
  assert_ok(qct_contrast_judge(&c, m.digital.ct, CONTRAST_PRESENT, NULL, NULL));
  assert_int_equal(c.stated, 1);
  const int named = labels_value(m.digital.labels, "aorta"), value = named ? named : LABEL_AORTA;
  for (int hu = 85; hu <= 95; hu += 10) { /* 90 HU are permitted */
    for (int64_t i = 0; i < geometry_voxels(&m.digital.ct->grid); i++)
      if (m.digital.labels->voxels[i] == value) m.digital.ct->voxels[i] = (float)hu;
    assert_ok(qct_contrast_judge(&c, m.digital.ct, CONTRAST_UNKNOWN, m.digital.labels, NULL));
    assert_near(c.vessel_hu, hu, 1e-9);
    assert_int_equal(c.present, hu == 95);
  }
  free_made(&m);
}

/* A box of HU 100 with one voxel in ten at 200: mean 110, median 100, population SD 30. */
static void a_region_has_the_mean_median_and_sd_of_its_voxels(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct labels *l = NULL;
  struct qct_roi_stats s;
  struct geometry g = geometry_make(10, 10, 10, 1, 1, 1);
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  assert_ok(labels_create(&l, &g));
  for (int i = 0; i < 1000; i++) {
    v->voxels[i] = i % 10 ? 100 : 200;
    l->voxels[i] = 31;
  }
  v->voxels[5] = NAN;
  v->voxels[0] = NAN;
  assert_ok(qct_roi_measure(&s, v, l, 31));
  assert_int_equal(s.n, 998);
  assert_int_equal(s.no_data, 2);
  assert_near(s.mean, (899 * 100 + 99 * 200) / 998.0, 1e-9);
  assert_near(s.median, 100, 0);
  assert_near(s.sd, 100 * sqrt(99.0 * 899) / 998, 1e-9);
  assert_ok(qct_roi_measure(&s, v, l, 30));
  assert_true(s.n == 0 && isnan(s.mean));
  volume_destroy(v);
  labels_destroy(l);
}

/* A block of 40 x 30 x 24 mm as L1: voxels of 2 mm, frame known. */
static struct labels *block(struct vertebra_frames *frames) {
  struct labels *l = NULL;
  struct geometry g = geometry_make(30, 30, 20, 2, 2, 2);
  assert_ok(labels_create(&l, &g));
  for (int64_t k = 4; k < 16; k++)
    for (int64_t j = 7; j < 22; j++)
      for (int64_t i = 5; i < 25; i++) l->voxels[geometry_index(&g, i, j, k)] = 31;
  memset(frames, 0, sizeof *frames);
  frames->count = 1;
  frames->items[0] = (struct vertebra_frame){.level = "L1",
                                             .label = 31,
                                             .centre = {29, 28, 19},
                                             .axis = {0, 0, 1},
                                             .anterior = {0, -1, 0},
                                             .superior_point = {NAN, NAN, NAN},
                                             .width_mm = 40,
                                             .depth_mm = 30,
                                             .back_mm = 15};
  return l;
}

static int64_t roi_voxels(const struct qct_roi_options *o) {
  struct vertebra_frames frames;
  struct labels *l = block(&frames), *roi = NULL;
  assert_ok(qct_spine_roi(&roi, l, &frames, o));
  int64_t n = labels_count(roi, 31);
  labels_destroy(roi);
  labels_destroy(l);
  return n;
}

/* Volumes of the shapes in a block of 8 mm3 voxels, to the voxels that their surface may turn. */
static void regions_have_the_volume_of_their_shape(void **state) {
  (void)state;
  const double pi = 3.14159265358979323846;
  struct qct_roi_options o = QCT_ROI_DEFAULTS;
  o.height_mm = 8;
  assert_close((double)roi_voxels(&o) * 8, pi * 0.325 * 40 * 0.25 * 30 * 8, 0.12);
  /* the peer's semi-axes are whole voxels, 6.5 and 3.75 rounded down; 3 slices are within 7.5 mm */
  o.kind = QCT_ROI_ELLIPSE_C2C;
  assert_close((double)roi_voxels(&o), pi * 6 * 3 * 3, 0.05);
  o.kind = QCT_ROI_SPHERE;
  o.radius_mm = 9;
  assert_close((double)roi_voxels(&o) * 8, pi * 4 / 3 * 9 * 9 * 9, 0.05);
  o.kind = QCT_ROI_LABEL;
  assert_int_equal(roi_voxels(&o), 20 * 15 * 12);
  o.erode_mm = 2; /* the centres of the first layer are 1 mm from the surface, of the next 3 mm */
  assert_int_equal(roi_voxels(&o), 18 * 13 * 10);
}

static void regions_outside_their_range_are_refused(void **state) {
  (void)state;
  struct vertebra_frames frames;
  struct labels *l = block(&frames), *roi = NULL;
  struct qct_roi_options o = QCT_ROI_DEFAULTS;
  o.height_mm = 21;
  assert_fails(qct_spine_roi(&roi, l, &frames, &o), ST_DOMAIN, "L1: height 21 mm, permitted 2..20");
  o = (struct qct_roi_options)QCT_ROI_DEFAULTS;
  o.radius_mm = 0.5;
  assert_fails(qct_spine_roi(&roi, l, &frames, &o), ST_DOMAIN, "radius 0.5 mm, permitted 1..10");
  o = (struct qct_roi_options)QCT_ROI_DEFAULTS;
  for (int deep = 0; deep < 2; deep++) { /* a body with its arch, or part of a body */
    frames.items[0].depth_mm = deep ? 55 : 12;
    assert_fails(qct_spine_roi(&roi, l, &frames, &o), ST_DOMAIN,
                 deep ? "55.0 mm deep from front to back, permitted 15..50" : "12.0 mm deep");
  }
  o.kind = QCT_ROI_SPHERE; /* needs no depth */
  assert_ok(qct_spine_roi(&roi, l, &frames, &o));
  labels_destroy(roi);
  labels_destroy(l);
}

/* 1000 voxels of 150 HU, a share of them 950: mean and median lie 16 or 24 HU apart. */
static void a_dense_spot_in_a_level_is_told_in_its_hu(void **state) {
  (void)state;
  for (int dense = 20; dense <= 30; dense += 10) {
    const struct geometry g = geometry_make(10, 10, 10, 1, 1, 1);
    struct qct_hu_options o = QCT_HU_DEFAULTS;
    const struct qct_hu_scan scan = {.kvp = 120, .roi = QCT_ROI_DEFAULTS};
    const struct vertebra_frames frames = {.items = {{.level = "L2", .label = 7}}, .count = 1};
    struct volume *hu = NULL;
    struct labels *roi = NULL;
    struct record *r = NULL;
    assert_ok(volume_create(&hu, &g, QUANTITY_HU));
    assert_ok(labels_create(&roi, &g));
    assert_ok(record_create(&r, "a"));
    for (int i = 0; i < 1000; i++) {
      roi->voxels[i] = 7;
      hu->voxels[i] = i < dense ? 950 : 150;
    }
    assert_ok(qct_hu_spine(r, hu, roi, &frames, &scan, &o));
    const struct measurement *m = record_find(r, "L2", "hu_mean");
    assert_near(m->value, 150 + 0.8 * dense, 1e-3);
    assert_int_equal(strstr(m->flags, "mean and median 24 HU apart") != NULL, dense == 30);
    record_destroy(r);
    volume_destroy(hu);
    labels_destroy(roi);
  }
}

/* 0.58 of the depth before the back wall; half axes 0.325 of the width and 0.25 of the depth. */
static void the_ellipse_lies_before_the_back_wall_by_its_shares(void **state) {
  (void)state;
  struct spine_phantom p = column(2, 3);
  struct made m;
  struct qct_spine_options o = QCT_SPINE_DEFAULTS;
  struct labels *roi = NULL;
  make(&m, &p);
  const struct vertebra_frame *f = &m.vertebrae->frames.items[1];
  assert_ok(qct_spine_roi(&roi, m.vertebrae->bodies, &m.vertebrae->frames, &o.roi));
  double sum = 0, n = 0, low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};
  for (int64_t v = 0; v < geometry_voxels(&roi->grid); v++) {
    if (roi->voxels[v] != f->label) continue;
    const int64_t nx = roi->grid.nx, ny = roi->grid.ny;
    const struct vec3 at = vertebra_to_local(
        f, geometry_to_world(&roi->grid, vec3_make((double)(v % nx), (double)(v / nx % ny),
                                                   (double)(v / (nx * ny)))));
    const double xy[2] = {at.x, at.y};
    for (int a = 0; a < 2; a++) {
      low[a] = fmin(low[a], xy[a]);
      high[a] = fmax(high[a], xy[a]);
    }
    sum += at.y;
    n++;
  }
  assert_true(n > 100);
  assert_near(sum / n, f->back_mm - 0.58 * f->depth_mm, 0.4);
  const double pixel = roi->grid.spacing[0];
  assert_near(high[0] - low[0], 2 * 0.325 * f->width_mm, 1.5 * pixel);
  assert_near(high[1] - low[1], 2 * 0.25 * f->depth_mm, 1.5 * pixel);
  labels_destroy(roi);
  free_made(&m);
}

/* L2 of equal heights, so of grade 0, between neighbours of 30 mm: 0.20 and more is told. */
static void an_evenly_crushed_body_is_told_by_its_neighbours(void **state) {
  (void)state;
  static const char *const levels[] = {"L1", "L2", "L3"};
  for (int crushed = 0; crushed < 2; crushed++) {
    struct vertebra_frames all = {.count = 3};
    struct record *r = NULL;
    for (int i = 0; i < 3; i++) {
      struct vertebra_frame *f = &all.items[i];
      const double mm = i == 1 ? crushed ? 23.4 : 24.6 : 30;
      snprintf(f->level, sizeof f->level, "%s", levels[i]);
      f->label = vertebra_level_label(vertebra_level_of(levels[i]));
      f->height_anterior_mm = f->height_middle_mm = f->height_posterior_mm = mm;
    }
    assert_ok(record_create(&r, "c"));
    assert_ok(qct_spine_shape(r, &all));
    assert_near(record_find(r, "L2", "height_loss_neighbours")->value, crushed ? 0.22 : 0.18,
                1e-12);
    assert_int_equal(strstr(record_find(r, "L2", "genant_grade")->flags,
                            "22 % lower than its neighbours") != NULL,
                     crushed);
    assert_non_null(strstr(record_find(r, "L1", "height_loss_neighbours")->flags, "both"));
    record_destroy(r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_evenly_crushed_body_is_told_by_its_neighbours),
      cmocka_unit_test(the_ellipse_lies_before_the_back_wall_by_its_shares),
      cmocka_unit_test(a_dense_spot_in_a_level_is_told_in_its_hu),
      cmocka_unit_test(regions_have_the_volume_of_their_shape),
      cmocka_unit_test(regions_outside_their_range_are_refused),
      cmocka_unit_test(losses_and_grades_are_the_published_ones),
      cmocka_unit_test(a_fifth_lumbar_body_that_is_low_at_its_back_is_told_from_a_crushed_one),
      cmocka_unit_test(end_plates_at_20_and_minus_15_degrees_meet_at_35),
      cmocka_unit_test(the_edges_of_the_classes_are_low),
      cmocka_unit_test(t_of_hu_has_the_values_of_the_young_women),
      cmocka_unit_test(the_peers_estimate_is_reproduced),
      cmocka_unit_test(conversion_to_120_kv_scales_the_mineral_part),
      cmocka_unit_test(a_preset_refuses_other_voltages_contrast_and_regions),
      cmocka_unit_test(every_preset_without_a_read_source_says_so),
      cmocka_unit_test(a_region_has_the_mean_median_and_sd_of_its_voxels),
      cmocka_unit_test(density_of_every_level_is_within_2_percent_of_the_truth),
      cmocka_unit_test(deformities_get_their_grade_and_type),
      cmocka_unit_test(the_class_is_withheld_for_contrast_and_for_another_material),
      cmocka_unit_test(metal_and_a_level_apart_from_its_neighbours_are_flagged),
      cmocka_unit_test(an_excluded_level_is_replaced_and_never_measured),
      cmocka_unit_test(a_bright_aorta_is_suspected_contrast_medium),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
