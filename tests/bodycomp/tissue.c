// labels: method
// Areas of concentric ellipses against pixel counts made by an independent script and against pi a
// b, the partition of HU, levels, and the soft tissue over the trochanter of a circular body.
#include "bodycomp/tissue.h"
#include "tests/check.h"

static struct volume *flat(int nx, int ny, int nz, double pixel, double increment, float hu) {
  struct geometry g = geometry_make(nx, ny, nz, pixel, pixel, increment);
  struct volume *v = NULL;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = hu;
  return v;
}

static int in_ellipse(int64_t i, int64_t j, double a, double b) {
  double x = ((double)i - 255.5) * 0.8 / a, y = ((double)j - 255.5) * 0.8 / b;
  return x * x + y * y <= 1;
}

static void concentric_ellipses_have_the_counted_and_the_analytic_areas(void **state) {
  (void)state;
  struct volume *v = flat(512, 512, 1, 0.8, 5, -1000);
  struct labels *l = NULL;
  struct tissue_measure m;
  struct record *r = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int64_t j = 0; j < 512; j++)
    for (int64_t i = 0; i < 512; i++) {
      int64_t at = j * 512 + i;
      if (!in_ellipse(i, j, 180, 130)) continue;
      int wall = in_ellipse(i, j, 150, 105), cavity = in_ellipse(i, j, 130, 85);
      l->voxels[at] = (uint16_t)(cavity ? 3 : wall ? 1 : 2);
      v->voxels[at] = cavity || !wall ? -100 : 52;
    }
  assert_ok(record_create(&r, "case"));
  assert_ok(tissue_measure(&m, v, l, 1, 0, 0, NULL));
  assert_ok(tissue_muscle_record(r, "wall", &m, &v->grid, 1, 0, 1.7, NULL));
  assert_near(record_find(r, "wall", "muscle_area")->value, 147.5584, 1e-9);
  assert_close(record_find(r, "wall", "muscle_area")->value, 147.6549, 1e-3);
  assert_near(record_find(r, "wall", "smi")->value, 147.5584 / 2.89, 1e-9);
  assert_near(record_find(r, "wall", "smra")->value, 52, 1e-9);
  assert_near(record_find(r, "wall", "imat_area")->value, 0, 0);
  assert_ok(tissue_measure(&m, v, l, 2, 0, 0, NULL));
  assert_ok(tissue_fat_record(r, "subcutaneous", &m, &v->grid, 1, 0, 1, NULL));
  assert_near(record_find(r, "subcutaneous", "fat_area")->value, 240.3072, 1e-9);
  assert_non_null(strstr(record_find(r, "subcutaneous", "fat_area")->flags, "fov_truncated"));
  record_destroy(r);
  labels_destroy(l);
  volume_destroy(v);
}

/* Under each pair of windows, over all that 12 bits of a scanner hold. */
static void every_integer_hu_is_muscle_or_fat_or_neither_exactly_once(void **state) {
  (void)state;
  static const int pairs[][2] = {{WINDOW_MUSCLE, WINDOW_FAT},
                                 {WINDOW_MUSCLE_THIGH, WINDOW_FAT},
                                 {WINDOW_MUSCLE, WINDOW_FAT_VISCERAL_ALT},
                                 {WINDOW_MUSCLE_LOW, WINDOW_FAT},
                                 {WINDOW_MUSCLE_NORMAL, WINDOW_FAT}};
  static const int muscles[][2] = {{-29, 150}, {-29, 200}, {-29, 150}, {0, 34}, {35, 100}};
  static const int fats[][2] = {{-190, -30}, {-190, -30}, {-150, -50}, {-190, -30}, {-190, -30}};
  struct volume *v = flat(1, 1, 1, 1, 1, 0);
  struct labels *l = NULL;
  assert_ok(labels_create(&l, &v->grid));
  l->voxels[0] = 1;
  for (int p = 0; p < 5; p++) {
    struct tissue_options o = TISSUE_DEFAULTS;
    o.muscle = tissue_windows[pairs[p][0]];
    o.fat = tissue_windows[pairs[p][1]];
    for (int hu = -1024; hu <= 3071; hu++) {
      struct tissue_measure m;
      v->voxels[0] = (float)hu;
      assert_ok(tissue_measure(&m, v, l, 1, 0, 0, &o));
      assert_int_equal(m.muscle, hu >= muscles[p][0] && hu <= muscles[p][1]);
      assert_int_equal(m.fat, hu >= fats[p][0] && hu <= fats[p][1]);
      assert_true(m.muscle + m.fat <= 1);
    }
  }
  labels_destroy(l);
  volume_destroy(v);
}

static void the_gap_between_integers_is_closed_by_rounding(void **state) {
  (void)state;
  struct volume *v = flat(4, 1, 1, 1, 1, -29.4f);
  struct labels *l = NULL;
  struct tissue_measure m;
  v->voxels[1] = -29.6f;
  v->voxels[2] = -29.5f; /* half away from zero: -30 */
  v->voxels[3] = NAN;
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 4; i++) l->voxels[i] = 7;
  assert_ok(tissue_measure(&m, v, l, 7, 0, 0, NULL));
  assert_int_equal(m.muscle, 1);
  assert_int_equal(m.fat, 2);
  assert_int_equal(m.no_data, 1);
  labels_destroy(l);
  volume_destroy(v);
}

static void small_fat_components_are_left_out_and_reported(void **state) {
  (void)state;
  struct volume *v = flat(20, 20, 1, 1, 1, 50);
  struct labels *l = NULL;
  struct tissue_measure m;
  struct tissue_options o = TISSUE_DEFAULTS;
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 400; i++) l->voxels[i] = 1;
  for (int i = 0; i < 12; i++) v->voxels[100 + i] = -100; /* a run of 12 */
  v->voxels[300] = v->voxels[321] = -100;                 /* two touching at a corner */
  assert_ok(tissue_measure(&m, v, l, 1, 0, 0, &o));
  assert_int_equal(m.fat, 14);
  o.imat_min_pixels = 10;
  assert_ok(tissue_measure(&m, v, l, 1, 0, 0, &o));
  assert_int_equal(m.fat, 12);
  assert_int_equal(m.removed, 2);
  labels_destroy(l);
  volume_destroy(v);
}

static void fat_fraction_follows_two_compartment_mixing(void **state) {
  (void)state;
  const double hu[5] = {52, 30, 0, -30, -100}, expected[5] = {0, 0.144737, 0.342105, 0.539474, 1};
  for (int i = 0; i < 5; i++) assert_near(tissue_fat_fraction(hu[i], 52, -100), expected[i], 5e-7);
  assert_near(tissue_fat_fraction(90, 52, -100), 0, 0);
  assert_near(tissue_fat_fraction(-150, 52, -100), 1, 0);
  struct volume *v = flat(5, 1, 1, 1, 1, 0);
  struct labels *l = NULL;
  struct record *r = NULL;
  struct tissue_measure m;
  struct tissue_options o = TISSUE_DEFAULTS;
  assert_ok(labels_create(&l, &v->grid));
  assert_ok(record_create(&r, "case"));
  for (int i = 0; i < 5; i++) {
    l->voxels[i] = 1;
    v->voxels[i] = (float)hu[i];
  }
  o.pure_muscle_hu = 52;
  o.pure_fat_hu = -100;
  assert_ok(tissue_measure(&m, v, l, 1, 0, 0, &o));
  assert_ok(tissue_muscle_record(r, "psoas", &m, &v->grid, 1, 0, NAN, &o));
  assert_near(record_find(r, "psoas", "fat_fraction")->value, 2.026316 / 5, 1e-6); /* their mean */
  o.pure_fat_hu = 52;
  assert_fails(tissue_measure(&m, v, l, 1, 0, 0, &o), ST_DOMAIN, "must lie above");
  record_destroy(r);
  labels_destroy(l);
  volume_destroy(v);
}

static void volumes_use_the_increment_and_areas_the_mean_slice(void **state) {
  (void)state;
  struct volume *v = flat(10, 10, 4, 2, 5, 50);
  struct labels *l = NULL;
  struct tissue_measure m;
  struct record *r = NULL;
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 400; i++) l->voxels[i] = 1;
  assert_ok(record_create(&r, "case"));
  assert_ok(tissue_measure(&m, v, l, 1, 1, 2, NULL));
  assert_ok(tissue_muscle_record(r, "slab", &m, &v->grid, 2, 0, NAN, NULL));
  assert_ok(tissue_muscle_record(r, "whole", &m, &v->grid, 2, 1, NAN, NULL));
  assert_near(record_find(r, "slab", "muscle_area")->value, 4, 1e-12);
  assert_near(record_find(r, "whole", "muscle_volume")->value, 4, 1e-12);
  assert_true(isnan(record_find(r, "slab", "smi")->value));
  assert_fails(tissue_muscle_record(r, "x", &m, &v->grid, 2, 0, 170, NULL), ST_DOMAIN,
               "centimetres");
  assert_fails(tissue_measure(&m, v, l, 1, 2, 9, NULL), ST_DOMAIN, "slices 0 to 3");
  assert_fails(tissue_measure(&m, v, l, 5, 0, 3, NULL), ST_DOMAIN, "compartment 5");
  record_destroy(r);
  labels_destroy(l);
  volume_destroy(v);
}

static void levels_are_found_by_name_and_disorder_is_flagged(void **state) {
  (void)state;
  struct geometry g = geometry_make(4, 4, 40, 1, 1, 3);
  struct labels *l = NULL;
  struct level_slice s;
  assert_ok(labels_create(&l, &g));
  for (int64_t k = 0; k < 40; k++)
    for (int64_t i = 0; i < 16; i++)
      l->voxels[k * 16 + i] = (uint16_t)(k < 1    ? 0
                                         : k < 10 ? LABEL_VERTEBRA_L4
                                         : k < 21 ? LABEL_VERTEBRA_L3
                                                  : LABEL_VERTEBRA_L2);
  assert_ok(tissue_level_slice(&s, l, "L3", SLICE_MID_BODY));
  assert_int_equal(s.slice, 15);
  assert_near(s.z_mm, 45, 1e-9);
  assert_string_equal(s.flags, "");
  /* a twentieth of L3 under another bone: L3 has 11 slices of 16 voxels */
  for (int64_t i = 0; i < 9; i++) l->voxels[38 * 16 + i] = LABEL_VERTEBRA_L3;
  assert_ok(tissue_level_slice(&s, l, "L4", SLICE_MID_BODY));
  assert_string_equal(s.flags, ""); /* 9 of 185 are 4.9 % */
  l->voxels[38 * 16 + 9] = LABEL_VERTEBRA_L3;
  assert_ok(tissue_level_slice(&s, l, "L4", SLICE_MID_BODY));
  assert_string_equal(s.flags, "level_order: 5 % of L3 lie apart from it");
  for (int64_t i = 0; i < 16; i++) l->voxels[38 * 16 + i] = LABEL_VERTEBRA_L2;
  assert_fails(tissue_level_slice(&s, l, "L9", SLICE_MID_BODY), ST_DOMAIN, "\"L9\" is not known");
  assert_fails(tissue_level_slice(&s, l, "T12", SLICE_MID_BODY), ST_DOMAIN, "label 32");
  for (int64_t i = 0; i < 640; i++)
    if (l->voxels[i] == LABEL_VERTEBRA_L2) l->voxels[i] = i >= 16 * 38 ? 0 : LABEL_VERTEBRA_L5;
  assert_ok(tissue_level_slice(&s, l, "L3", SLICE_MID_BODY));
  assert_non_null(strstr(s.flags, "level_order"));
  labels_destroy(l);
}

/* A round thigh of 120 mm radius and a femur of 20 mm, 60 mm beside its middle, with a tip of 8 mm
 * on top nearer the middle: 40 mm are left over the face of the trochanter. */
static void soft_tissue_is_the_shortest_way_from_the_trochanters_face(void **state) {
  (void)state;
  struct geometry g = geometry_make(300, 300, 20, 1, 1, 3);
  struct labels *body = NULL, *bones = NULL;
  const struct vec3 tip = {190, 150, 57};
  double mm;
  assert_ok(labels_create(&body, &g));
  assert_ok(labels_create(&bones, &g));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    double x = (double)(v % 300) - 150, y = (double)(v / 300 % 300) - 150;
    bool top = v / 90000 > 16;
    if (hypot(x, y) <= 120) body->voxels[v] = LABEL_BODY;
    if (top ? hypot(x - 40, y) <= 8 : hypot(x - 60, y) <= 20) bones->voxels[v] = 76;
  }
  assert_ok(tissue_trochanter_thickness(&mm, body, bones, 76, tip));
  assert_near(mm, 40, 1);
  assert_fails(tissue_trochanter_thickness(&mm, body, bones, 75, tip), ST_DOMAIN, "0 mm below");
  assert_fails(tissue_trochanter_thickness(&mm, body, bones, 76, vec3_make(190, 150, 25)),
               ST_DOMAIN, "at least 30 mm");
  for (int64_t v = 0; v < geometry_voxels(&g); v++)
    if (v % 300 > 200) body->voxels[v] = LABEL_BODY; /* the image ends beside the hip */
  assert_fails(tissue_trochanter_thickness(&mm, body, bones, 76, tip), ST_DOMAIN,
               "before its skin");
  labels_destroy(body);
  labels_destroy(bones);
}

/* Half the pixel size by nearest neighbour; turned with the direction matrix: the same areas. */
static void areas_do_not_change_when_pixels_are_split_or_the_grid_is_turned(void **state) {
  (void)state;
  struct volume *v = flat(30, 20, 2, 1, 5, 50), *w = flat(60, 40, 2, 0.5, 5, 50);
  struct labels *l = NULL, *m = NULL;
  struct tissue_measure a, b;
  assert_ok(labels_create(&l, &v->grid));
  for (int64_t i = 0; i < geometry_voxels(&v->grid); i++) {
    l->voxels[i] = i % 7 < 4 ? 1 : 2;
    v->voxels[i] = (float)(i % 31) * 12 - 200;
  }
  assert_ok(labels_create(&m, &w->grid));
  for (int64_t k = 0; k < 2; k++)
    for (int64_t j = 0; j < 40; j++)
      for (int64_t i = 0; i < 60; i++) {
        int64_t from = geometry_index(&v->grid, i / 2, j / 2, k),
                to = geometry_index(&w->grid, i, j, k);
        w->voxels[to] = v->voxels[from];
        m->voxels[to] = l->voxels[from];
      }
  assert_ok(tissue_measure(&a, v, l, 1, 0, 1, NULL));
  assert_ok(tissue_measure(&b, w, m, 1, 0, 1, NULL));
  assert_int_equal(b.muscle, 4 * a.muscle);
  assert_int_equal(b.fat, 4 * a.fat);
  assert_true(a.muscle > 0 && a.fat > 0);
  const double turned[9] = {0, -1, 0, 1, 0, 0, 0, 0, 1};
  memcpy(v->grid.direction, turned, sizeof turned);
  l->grid = v->grid;
  assert_ok(tissue_measure(&b, v, l, 1, 0, 1, NULL));
  assert_memory_equal(&a, &b, sizeof a);
  labels_destroy(l);
  labels_destroy(m);
  volume_destroy(v);
  volume_destroy(w);
}

static void one_hu_more_moves_the_density_by_one_and_voxels_at_the_ends_only(void **state) {
  (void)state;
  struct volume *v = flat(400, 1, 1, 1, 1, 0);
  struct labels *l = NULL;
  struct tissue_measure a, b;
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 400; i++) {
    l->voxels[i] = 1;
    v->voxels[i] = i < 380 ? (float)(20 + i % 61) : i < 390 ? -30 : 150; /* 10 each at the ends */
  }
  assert_ok(tissue_measure(&a, v, l, 1, 0, 0, NULL));
  for (int i = 0; i < 400; i++) v->voxels[i] += 1;
  assert_ok(tissue_measure(&b, v, l, 1, 0, 0, NULL));
  assert_int_equal(b.muscle, a.muscle + 10 - 10); /* -30 comes in, 150 leaves */
  assert_int_equal(b.fat, a.fat - 10);
  double inner = a.muscle_sum_hu - 10 * 150;
  assert_near(b.muscle_sum_hu, inner + 380 - 10 * 29, 1e-9);
  labels_destroy(l);
  volume_destroy(v);
}

/* Left and right are labels: mirrored with their voxels, each row takes the other's place. */
static void mirroring_swaps_left_and_right_only(void **state) {
  (void)state;
  struct volume *v = flat(20, 4, 1, 1, 1, 50), *w = flat(20, 4, 1, 1, 1, 50);
  struct labels *l = NULL, *m = NULL;
  struct tissue_measure a, b;
  assert_ok(labels_create(&l, &v->grid));
  assert_ok(labels_create(&m, &v->grid));
  for (int i = 0; i < 80; i++) {
    int x = i % 20, mirrored = i - x + 19 - x;
    l->voxels[i] = x < 8 ? LABEL_ILIOPSOAS_RIGHT : x >= 14 ? LABEL_ILIOPSOAS_LEFT : 0;
    v->voxels[i] = (float)(i % 13) * 9 - 60;
    m->voxels[mirrored] = l->voxels[i] == LABEL_ILIOPSOAS_RIGHT ? LABEL_ILIOPSOAS_LEFT
                          : l->voxels[i]                        ? LABEL_ILIOPSOAS_RIGHT
                                                                : 0;
    w->voxels[mirrored] = v->voxels[i];
  }
  assert_ok(tissue_measure(&a, v, l, LABEL_ILIOPSOAS_RIGHT, 0, 0, NULL));
  assert_ok(tissue_measure(&b, w, m, LABEL_ILIOPSOAS_LEFT, 0, 0, NULL));
  assert_int_equal(a.muscle, b.muscle);
  assert_int_equal(a.fat, b.fat);
  assert_near(a.muscle_sum_hu, b.muscle_sum_hu, 1e-9);
  labels_destroy(l);
  labels_destroy(m);
  volume_destroy(v);
  volume_destroy(w);
}

static void what_is_no_scan_of_a_body_is_refused_and_metal_is_told(void **state) {
  (void)state;
  struct volume *v = flat(10, 10, 2, 1, 5, -1000), *thick = NULL;
  struct labels *l = NULL, *shifted = NULL;
  struct tissue_measure m;
  struct record *r = NULL;
  assert_fails(tissue_check_scan(v, 0), ST_DOMAIN, "no HU of a body");
  for (int i = 0; i < 100; i++) v->voxels[i] = 120;
  assert_ok(tissue_check_scan(v, 1));
  thick = flat(10, 10, 2, 1, 5.1, -1000);
  for (int i = 0; i < 100; i++) thick->voxels[i] = 120;
  assert_ok(tissue_check_scan(thick, 0));
  assert_fails(tissue_check_scan(thick, 1), ST_DOMAIN, "at most 5 mm apart");
  for (int i = 100; i < 200; i++) v->voxels[i] = -400;
  assert_fails(tissue_check_scan(v, 0), ST_DOMAIN, "from -400 to 120");
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 200; i++) l->voxels[i] = 1;
  v->voxels[5] = 2600;
  v->voxels[6] = 2400; /* the densest cortex is none */
  assert_ok(record_create(&r, "case"));
  assert_ok(tissue_measure(&m, v, l, 1, 0, 0, NULL));
  assert_ok(tissue_muscle_record(r, "psoas", &m, &v->grid, 1, 0, NAN, NULL));
  assert_non_null(strstr(record_find(r, "psoas", "muscle_area")->flags, "1 voxels of metal"));
  struct geometry g = v->grid;
  g.origin[0] += 0.002; /* beyond 1e-3 */
  assert_ok(labels_create(&shifted, &g));
  assert_fails(tissue_measure(&m, v, shifted, 1, 0, 0, NULL), ST_DOMAIN, "0.002 mm apart");
  v->quantity = QUANTITY_DENSITY;
  assert_fails(tissue_measure(&m, v, l, 1, 0, 0, NULL), ST_DOMAIN, "needs HU");
  record_destroy(r);
  labels_destroy(l);
  labels_destroy(shifted);
  volume_destroy(v);
  volume_destroy(thick);
}

/* Index axis 2 along left-right, as a file in sagittal order has it: a slice of it is no axial
 * area, and its slices lie 6 mm apart along axis 0. */
static void areas_need_axial_slices_and_volumes_their_distance(void **state) {
  (void)state;
  const double sagittal[9] = {0, 0, 1, 0, 1, 0, 1, 0, 0};
  struct volume *v = flat(4, 10, 10, 1, 1, -1000);
  for (int i = 0; i < 100; i++) v->voxels[i] = 120;
  v->grid.spacing[0] = 6;
  assert_ok(tissue_check_scan(v, 0));
  memcpy(v->grid.direction, sagittal, sizeof sagittal);
  assert_fails(tissue_check_scan(v, 0), ST_DOMAIN, "slices of this image are sagittal");
  assert_fails(tissue_check_scan(v, 1), ST_DOMAIN, "these are 6 mm apart");
  v->grid.spacing[0] = 5;
  assert_ok(tissue_check_scan(v, 1));
  volume_destroy(v);
}

static void a_window_that_ends_before_it_begins_is_refused(void **state) {
  (void)state;
  struct volume *v = flat(4, 4, 1, 1, 1, 50);
  struct labels *l = NULL;
  struct tissue_measure m;
  struct tissue_options o = TISSUE_DEFAULTS;
  assert_ok(labels_create(&l, &v->grid));
  l->voxels[0] = 1;
  o.muscle.low_hu = 150;
  o.muscle.high_hu = -29;
  assert_fails(tissue_measure(&m, v, l, 1, 0, 0, &o), ST_DOMAIN, "muscle 150..-29 HU");
  labels_destroy(l);
  volume_destroy(v);
}

/* Of 16 voxels 4 hold no data: every row of muscle and of fat says so; rows of HU name contrast. */
static void voxels_without_data_and_contrast_are_told(void **state) {
  (void)state;
  struct volume *v = flat(4, 4, 1, 1, 1, 50);
  struct labels *l = NULL;
  struct record *r = NULL;
  const char *const items[] = {"wall=1"}, *const fats[] = {"sat=1"};
  const struct tissue_list muscle = {items, 1, 0, 0, 0, 0, 1.7, 0},
                           fat = {fats, 1, 1, 0, 0, 0, NAN, 0};
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 16; i++) l->voxels[i] = 1;
  for (int i = 0; i < 4; i++) v->voxels[i] = NAN;
  assert_ok(record_create(&r, "case"));
  assert_ok(tissue_measure_list(r, v, l, &muscle, NULL));
  assert_ok(tissue_measure_list(r, v, l, &fat, NULL));
  for (size_t i = 0; i < r->count; i++)
    assert_non_null(strstr(r->rows[i].flags, "4 of 16 voxels of the compartment hold no data"));
  assert_null(strstr(record_find(r, "wall", "smra")->flags, "contrast"));
  record_destroy(r);
  v->acquisition.contrast = CONTRAST_PRESENT;
  assert_ok(record_create(&r, "case"));
  assert_ok(tissue_measure_list(r, v, l, &muscle, NULL));
  assert_non_null(strstr(record_find(r, "wall", "smra")->flags, "contrast medium raises"));
  assert_null(strstr(record_find(r, "wall", "muscle_area")->flags, "contrast"));
  record_destroy(r);
  labels_destroy(l);
  volume_destroy(v);
}

static void compartments_have_names_of_their_own_and_only_muscle_loses_small_fat(void **state) {
  (void)state;
  struct volume *v = flat(10, 10, 1, 1, 1, 50);
  struct labels *l = NULL;
  struct record *r = NULL;
  struct tissue_options o = TISSUE_DEFAULTS;
  const char *const twice[] = {"a=1", "a=2"}, *const nameless[] = {"=1"}, *const one[] = {"b=1"};
  struct tissue_list list = {twice, 2, 0, 0, 0, 0, NAN, 0};
  assert_ok(labels_create(&l, &v->grid));
  for (int i = 0; i < 100; i++) l->voxels[i] = (uint16_t)(1 + i % 2);
  v->voxels[44] = -100;
  assert_ok(record_create(&r, "case"));
  assert_fails(tissue_measure_list(r, v, l, &list, NULL), ST_USAGE, "two compartments are called");
  list.items = nameless;
  list.count = 1;
  assert_fails(tissue_measure_list(r, v, l, &list, NULL), ST_USAGE, "1 to 47 letters");
  list.items = one;
  o.imat_min_pixels = 2;
  assert_ok(tissue_measure_list(r, v, l, &list, &o));
  list.fat = 1;
  assert_ok(tissue_measure_list(r, v, l, &list, &o));
  assert_near(record_find(r, "b", "imat_area")->value, 0, 0);
  assert_near(record_find(r, "b", "fat_area")->value, 0.01, 1e-12);
  record_destroy(r);
  labels_destroy(l);
  volume_destroy(v);
}

/* A hip of blocks in slices of 2 mm: shaft from 0, wider from 40 mm (lesser trochanter), femur up
 * to 118 mm; sacrum and hip bone meet from 160 mm. Upright and upside down. */
static void hip_levels_are_where_the_bones_say(void **state) {
  (void)state;
  for (int down = 0; down < 2; down++) {
    struct geometry g = geometry_make(40, 20, 100, 2, 2, 2);
    struct labels *l = NULL;
    struct level_slice s;
    if (down) {
      g.direction[8] = -1;
      g.origin[2] = 198;
    }
    assert_ok(labels_create(&l, &g));
    for (int64_t rank = 0; rank < 100; rank++) {
      int64_t k = down ? 99 - rank : rank;
      int64_t wide = rank < 20 ? 10 : rank < 60 ? 14 : 0;
      for (int64_t i = 0; i < wide; i++)
        for (int64_t j = 5; j < 15; j++) l->voxels[geometry_index(&g, i, j, k)] = LABEL_FEMUR_RIGHT;
      for (int64_t j = 5; j < 15 && rank >= 70; j++) {
        l->voxels[geometry_index(&g, rank < 80 ? 20 : 28, j, k)] = LABEL_HIP_RIGHT;
        l->voxels[geometry_index(&g, 30, j, k)] = LABEL_SACRUM;
      }
    }
    assert_ok(tissue_level_slice(&s, l, "thigh-right", SLICE_MID_BODY));
    assert_near(s.z_mm, 38 - 10, 1e-9);
    assert_ok(tissue_level_slice(&s, l, "acetabular-roof-right", SLICE_MID_BODY));
    assert_near(s.z_mm, 120, 1e-9);
    assert_ok(tissue_level_slice(&s, l, "si-joint-right", SLICE_MID_BODY));
    assert_near(s.z_mm, 158, 1e-9);
    assert_non_null(strstr(s.flags, "not standardised"));
    assert_fails(tissue_hip_slice(&s, l, "thigh-left"), ST_DOMAIN, "label 75");
    assert_fails(tissue_hip_slice(&s, l, "knee-left"), ST_DOMAIN, "si-joint, acetabular-roof");
    assert_fails(tissue_hip_slice(&s, l, "si-joint-left"), ST_DOMAIN, "nowhere lie within");
    for (int64_t rank = 0; rank < 10; rank++) /* 20 mm of shaft are left */
      for (int64_t n = 0; n < 800; n++) l->voxels[(down ? 99 - rank : rank) * 800 + n] = 0;
    assert_fails(tissue_hip_slice(&s, l, "thigh-right"), ST_DOMAIN, "20 mm of shaft");
    labels_destroy(l);
  }
}

/* L4 in slices 1 to 10 and L3 in 11 to 20: ten slices apart. */
static void neighbouring_levels_lie_15_to_60_mm_apart(void **state) {
  (void)state;
  const double slice_mm[] = {1.4, 1.6, 5.9, 6.1};
  for (int n = 0; n < 4; n++) {
    const struct geometry g = geometry_make(4, 4, 22, 1, 1, slice_mm[n]);
    struct labels *l = NULL;
    struct level_slice s;
    assert_ok(labels_create(&l, &g));
    for (int64_t v = 16; v < 21 * 16; v++)
      l->voxels[v] = v < 11 * 16 ? LABEL_VERTEBRA_L4 : LABEL_VERTEBRA_L3;
    assert_ok(tissue_level_slice(&s, l, "L3", SLICE_MID_BODY));
    assert_int_equal(strstr(s.flags, "(15 to 60 expected)") != NULL, n == 0 || n == 3);
    labels_destroy(l);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbouring_levels_lie_15_to_60_mm_apart),
      cmocka_unit_test(concentric_ellipses_have_the_counted_and_the_analytic_areas),
      cmocka_unit_test(every_integer_hu_is_muscle_or_fat_or_neither_exactly_once),
      cmocka_unit_test(the_gap_between_integers_is_closed_by_rounding),
      cmocka_unit_test(small_fat_components_are_left_out_and_reported),
      cmocka_unit_test(fat_fraction_follows_two_compartment_mixing),
      cmocka_unit_test(volumes_use_the_increment_and_areas_the_mean_slice),
      cmocka_unit_test(levels_are_found_by_name_and_disorder_is_flagged),
      cmocka_unit_test(areas_do_not_change_when_pixels_are_split_or_the_grid_is_turned),
      cmocka_unit_test(one_hu_more_moves_the_density_by_one_and_voxels_at_the_ends_only),
      cmocka_unit_test(mirroring_swaps_left_and_right_only),
      cmocka_unit_test(what_is_no_scan_of_a_body_is_refused_and_metal_is_told),
      cmocka_unit_test(areas_need_axial_slices_and_volumes_their_distance),
      cmocka_unit_test(a_window_that_ends_before_it_begins_is_refused),
      cmocka_unit_test(voxels_without_data_and_contrast_are_told),
      cmocka_unit_test(compartments_have_names_of_their_own_and_only_muscle_loses_small_fat),
      cmocka_unit_test(hip_levels_are_where_the_bones_say),
      cmocka_unit_test(soft_tissue_is_the_shortest_way_from_the_trochanters_face),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
