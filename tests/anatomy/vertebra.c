// labels: method
// links: phantom
/* Frames of vertebral bodies against the digital spine's parameters (phantom/ shares no code with
 * anatomy/). A height from labels at voxel centres is the difference of two roundings: off by at
 * most the step of the slices along the body. */
#include "anatomy/vertebra.h"
#include "core/filter.h"
#include "phantom/spine.h"
#include "tests/check.h"

static struct phantom_result digital;
static struct spine_truth truth;
static struct spine_body solids;

/* Scoliosis of 20 degrees, a wedge of L2, 1 mm voxels. */
static int set_up(void **state) {
  (void)state;
  struct spine_phantom p;
  struct tissue_table tissue;
  spine_phantom_defaults(&p);
  p.view = SPINE_VIEW_COLUMN;
  p.scan.spacing[0] = p.scan.spacing[1] = p.scan.spacing[2] = 1;
  p.scan.paint.depth = 0; /* labels only */
  p.scan.scanner.noise_hu = 0;
  p.truth_step_mm = 4;
  p.shape.cobb_deg = 20;
  p.shape.deformity[SPINE_L2] = DEFORMITY_WEDGE;
  p.shape.loss[SPINE_L2] = 0.35;
  if (spine_phantom_make(&digital, &p)) return -1;
  if (tissue_table_init(&tissue, 70, 0.925, 0.5, BONE_REAL)) return -1;
  spine_body_init(&solids, &p.shape, &tissue, NULL);
  spine_truth_compute(&truth, &solids, 2);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  phantom_result_free(&digital);
  return 0;
}

static void frames_of_bodies_agree_with_the_planted_ones(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  assert_ok(vertebrae_from_labels(&r, digital.bodies, NULL, NULL, VERTEBRA_AUTO));
  assert_string_equal(r->frames.flags, "");
  for (int level = SPINE_T12; level <= SPINE_L5; level++) {
    const struct vertebra_frame *f = vertebra_frames_find(&r->frames, spine_level_name(level));
    const struct spine_level *v = &solids.column.levels[level];
    const struct spine_truth_level *t = &truth.levels[level];
    assert_non_null(f);
    assert_near(f->height_step_mm, 1, 0.06);
    assert_near(f->height_anterior_mm, t->heights.anterior_mm, 1);
    assert_near(f->height_middle_mm, t->heights.middle_mm, 1);
    assert_near(f->height_posterior_mm, t->heights.posterior_mm, 1);
    assert_close(f->body_mm3, t->volume[2], 0.01);
    assert_true(vec3_angle_deg(f->axis, v->up) < 1);
    assert_true(vec3_angle_deg(f->anterior, vec3_scale(v->posterior, -1)) < 2);
    /* the waist is narrower than the rim by 8 % */
    assert_near(f->depth_mm, 2 * v->b_mm, 0.08 * 2 * v->b_mm);
    assert_near(f->width_mm, 2 * v->a_mm, 0.08 * 2 * v->a_mm);
  }
  vertebra_result_destroy(r);
}

static void the_arch_is_cut_off_at_the_canal(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  assert_ok(vertebrae_from_labels(&r, digital.labels, NULL, NULL, VERTEBRA_AUTO));
  int64_t n = geometry_voxels(&r->bodies->grid);
  for (int level = SPINE_L1; level <= SPINE_L5; level++) {
    int value = spine_label(level);
    double both = 0, a = 0, b = 0;
    for (int64_t i = 0; i < n; i++) {
      bool x = r->bodies->voxels[i] == value, y = digital.bodies->voxels[i] == value;
      both += x && y;
      a += x;
      b += y;
    }
    double dice = 2 * both / (a + b);
    if (dice < 0.97) fail_msg("%s: Dice %.3f of the cut body", spine_level_name(level), dice);
    const struct vertebra_frame *f = vertebra_frames_find(&r->frames, spine_level_name(level));
    assert_non_null(f);
    assert_string_equal(f->method, "cut at the canal");
    assert_near(f->height_middle_mm, truth.levels[level].heights.middle_mm, 1);
  }
  vertebra_result_destroy(r);
}

static void a_map_of_bodies_without_levels_takes_them_from_the_whole_vertebrae(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *plain = NULL;
  assert_ok(labels_copy(&plain, digital.bodies));
  int64_t n = geometry_voxels(&plain->grid);
  plain->name_count = 0;
  for (int64_t i = 0; i < n; i++) plain->voxels[i] = plain->voxels[i] != 0;
  assert_ok(vertebrae_from_labels(&r, digital.labels, plain, NULL, VERTEBRA_AUTO));
  const struct vertebra_frame *f = vertebra_frames_find(&r->frames, "L3");
  assert_non_null(f);
  assert_close(f->body_mm3, truth.levels[SPINE_L3].volume[2], 0.01);
  vertebra_result_destroy(r);
  r = NULL;
  assert_fails(vertebrae_from_labels(&r, plain, NULL, NULL, VERTEBRA_AUTO), ST_DOMAIN,
               "a level is never guessed");
  labels_destroy(plain);
}

static void a_body_at_the_edge_of_the_scan_has_no_heights(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  assert_ok(vertebrae_from_labels(&r, digital.bodies, NULL, NULL, VERTEBRA_BODIES));
  const struct vertebra_frame *f = vertebra_frames_find(&r->frames, "T11");
  assert_non_null(f);
  assert_true(f->truncated);
  assert_true(isnan(f->height_middle_mm));
  assert_non_null(strstr(f->flags, "touches the edge"));
  vertebra_result_destroy(r);
}

/* L1 in a scan that ends in its middle and was lengthened by slices of air: its label goes on for a
 * voxel. */
static void a_body_at_the_end_of_what_was_scanned_has_no_heights(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *l = NULL;
  struct volume *hu = NULL;
  int64_t lo[3], hi[3];
  assert_ok(labels_copy(&l, digital.bodies));
  assert_ok(volume_create(&hu, &l->grid, QUANTITY_HU));
  assert_true(labels_box(l, LABEL_VERTEBRA_L1, lo, hi));
  const int64_t end = (lo[2] + hi[2]) / 2, plane = l->grid.nx * l->grid.ny;
  for (int64_t i = 0; i < geometry_voxels(&l->grid); i++) {
    hu->voxels[i] = i / plane > end ? -1000 : (float)(i % 97);
    if (i / plane > end + 1) l->voxels[i] = 0;
  }
  assert_ok(vertebrae_from_labels(&r, l, NULL, hu, VERTEBRA_BODIES));
  const struct vertebra_frame *f = vertebra_frames_find(&r->frames, "L1");
  assert_non_null(f);
  assert_true(f->truncated && isnan(f->height_middle_mm));
  f = vertebra_frames_find(&r->frames, "L2");
  assert_false(f->truncated);
  vertebra_result_destroy(r);
  labels_destroy(l);
  volume_destroy(hu);
}

static void exchanged_levels_and_stray_pieces_are_flagged(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *l = NULL;
  assert_ok(labels_copy(&l, digital.bodies));
  int64_t n = geometry_voxels(&l->grid);
  for (int64_t i = 0; i < n; i++)
    if (l->voxels[i] == LABEL_VERTEBRA_L2)
      l->voxels[i] = LABEL_VERTEBRA_L3;
    else if (l->voxels[i] == LABEL_VERTEBRA_L3)
      l->voxels[i] = LABEL_VERTEBRA_L2;
  assert_ok(vertebrae_from_labels(&r, l, NULL, NULL, VERTEBRA_BODIES));
  assert_non_null(strstr(r->frames.flags, "level_order"));
  vertebra_result_destroy(r);
  r = NULL;
  labels_destroy(l);
  l = NULL;
  /* a tenth of L3's volume in another corner */
  assert_ok(labels_copy(&l, digital.bodies));
  for (int64_t k = 0; k < 15; k++)
    for (int64_t j = 0; j < 15; j++)
      for (int64_t i = 0; i < 15; i++)
        l->voxels[geometry_index(&l->grid, i, j, k)] = LABEL_VERTEBRA_L3;
  assert_ok(vertebrae_from_labels(&r, l, NULL, NULL, VERTEBRA_BODIES));
  const struct vertebra_frame *f = vertebra_frames_find(&r->frames, "L3");
  assert_non_null(strstr(f->flags, "level_order"));
  assert_near(f->height_middle_mm, truth.levels[SPINE_L3].heights.middle_mm, 1);
  vertebra_result_destroy(r);
  labels_destroy(l);
}

static void two_levels_merged_into_one_are_refused_by_their_size(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *l = NULL;
  struct geometry g = geometry_make(80, 80, 30, 1, 1, 1);
  assert_ok(labels_create(&l, &g));
  for (int64_t k = 5; k < 25; k++)
    for (int64_t j = 5; j < 75; j++)
      for (int64_t i = 20; i < 60; i++) l->voxels[geometry_index(&g, i, j, k)] = LABEL_VERTEBRA_L1;
  assert_fails(vertebrae_from_labels(&r, l, NULL, NULL, VERTEBRA_BODIES), ST_DOMAIN,
               "deep from front to back, permitted 15..50 mm");
  labels_destroy(l);
}

/* L3's voxels called L4; with the disc, where `filled`. */
static struct labels *merged(const struct labels *from, bool filled) {
  struct labels *l = NULL;
  assert_ok(labels_copy(&l, from));
  const struct geometry *g = &l->grid;
  const int64_t n = geometry_voxels(g), plane = g->nx * g->ny;
  for (int64_t i = 0; i < n; i++)
    if (l->voxels[i] == LABEL_VERTEBRA_L3) l->voxels[i] = LABEL_VERTEBRA_L4;
  for (int64_t c = 0; filled && c < plane; c++) {
    int64_t low = -1, high = -1;
    for (int64_t v = c; v < n; v += plane)
      if (l->voxels[v] == LABEL_VERTEBRA_L4) low = low < 0 ? v : low, high = v;
    for (int64_t v = low; low >= 0 && v < high; v += plane) l->voxels[v] = LABEL_VERTEBRA_L4;
  }
  return l;
}

static void two_bodies_in_one_label_are_refused_or_flagged(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *l = merged(digital.bodies, true);
  assert_ok(vertebrae_from_labels(&r, l, NULL, NULL, VERTEBRA_BODIES));
  assert_null(vertebra_frames_find(&r->frames, "L4"));
  assert_non_null(strstr(r->frames.flags, "permitted up to 45 mm; does its label hold two levels"));
  assert_non_null(vertebra_frames_find(&r->frames, "L2"));
  vertebra_result_destroy(r);
  labels_destroy(l);
  r = NULL;
  l = merged(digital.labels, false); /* their arches touch, their bodies do not */
  assert_ok(vertebrae_from_labels(&r, l, NULL, NULL, VERTEBRA_WHOLE));
  const struct vertebra_frame *f = vertebra_frames_find(&r->frames, "L4");
  assert_true(!f || strstr(f->flags, "level_order"));
  assert_non_null(vertebra_frames_find(&r->frames, "L1"));
  assert_null(strstr(vertebra_frames_find(&r->frames, "L1")->flags, "level_order"));
  vertebra_result_destroy(r);
  labels_destroy(l);
}

static void an_arch_without_ring_cannot_be_cut(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *l = NULL;
  assert_ok(labels_copy(&l, digital.bodies)); /* bodies given out as whole vertebrae: no canal */
  assert_fails(vertebrae_from_labels(&r, l, NULL, NULL, VERTEBRA_WHOLE), ST_DOMAIN,
               "no spinal canal");
  labels_destroy(l);
}

static void grids_must_agree(void **state) {
  (void)state;
  struct vertebra_result *r = NULL;
  struct labels *l = NULL;
  assert_ok(labels_copy(&l, digital.bodies));
  l->grid.origin[2] += 0.5;
  assert_fails(vertebrae_from_labels(&r, digital.labels, l, NULL, VERTEBRA_AUTO), ST_DOMAIN,
               "bodies");
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_of_bodies_agree_with_the_planted_ones),
      cmocka_unit_test(the_arch_is_cut_off_at_the_canal),
      cmocka_unit_test(a_map_of_bodies_without_levels_takes_them_from_the_whole_vertebrae),
      cmocka_unit_test(a_body_at_the_edge_of_the_scan_has_no_heights),
      cmocka_unit_test(a_body_at_the_end_of_what_was_scanned_has_no_heights),
      cmocka_unit_test(exchanged_levels_and_stray_pieces_are_flagged),
      cmocka_unit_test(two_levels_merged_into_one_are_refused_by_their_size),
      cmocka_unit_test(two_bodies_in_one_label_are_refused_or_flagged),
      cmocka_unit_test(an_arch_without_ring_cannot_be_cut),
      cmocka_unit_test(grids_must_agree),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
