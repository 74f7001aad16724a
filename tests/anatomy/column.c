// labels: method slow
// links: phantom
/* The spine without labels, against the digital spine: canal, discs, and the body that an anchor
 * names. Discs are looked for every 1.5 mm in a profile smoothed by 3 mm: tolerance 3 mm. */
#include "anatomy/column.h"
#include "core/image.h"
#include "phantom/spine.h"
#include "tests/check.h"

static struct phantom_result digital;
static struct spine_body solids;
static struct column *column;

static int set_up(void **state) {
  (void)state;
  struct spine_phantom p;
  struct tissue_table tissue;
  spine_phantom_defaults(&p);
  p.scan.phantom[0] = '\0';
  p.scan.spacing[0] = p.scan.spacing[1] = 1.2;
  p.scan.spacing[2] = 2;
  p.scan.paint.depth = 1;
  p.truth_step_mm = 4;
  p.shape.cobb_deg = 10;
  if (spine_phantom_make(&digital, &p)) return -1;
  if (tissue_table_init(&tissue, 70, 0.925, 0.5, BONE_REAL)) return -1;
  spine_body_init(&solids, &p.shape, &tissue, NULL);
  return column_find(&column, digital.ct) ? -1 : 0;
}

static int tear_down(void **state) {
  (void)state;
  phantom_result_free(&digital);
  column_destroy(column);
  return 0;
}

static void the_line_runs_inside_the_canal(void **state) {
  (void)state;
  assert_string_equal(column->reason, "");
  for (int i = 0; i < column->count; i++)
    if (spine_canal(&solids.column, column->canal[i]) > 0)
      fail_msg("the line leaves the canal at z %.0f mm", column->canal[i].z);
}

/* Middle of the disc below a level, in the plate that is looked at: 26 mm before the canal. */
static double disc_z(int level) {
  const struct spine_level *a = &solids.column.levels[level], *b = a + 1;
  double ha = 0.25 * (a->front_mm + a->back_mm), hb = 0.25 * (b->front_mm + b->back_mm);
  struct vec3 p = vec3_along(a->centre, -ha, a->up), q = vec3_along(b->centre, hb, b->up);
  return 0.5 * (p.z + q.z);
}

static void discs_are_found_where_they_were_planted(void **state) {
  (void)state;
  int found = 0;
  for (int level = SPINE_T12; level < SPINE_L5; level++)
    for (int i = 0; i < column->disc_count; i++)
      found += fabs(column->discs[i].at.z - disc_z(level)) <= 3;
  if (found < 4) fail_msg("%d of 5 discs between T12 and L5", found);
}

static void no_level_is_named_from_the_scan_alone(void **state) {
  (void)state;
  cJSON *json = column_to_json(column);
  char *text = cJSON_Print(json);
  for (int level = 0; level < VERTEBRA_LEVELS; level++) {
    char quoted[16];
    snprintf(quoted, sizeof quoted, "\"%s\"", vertebra_level_name(level));
    assert_null(strstr(text, quoted));
  }
  cJSON_free(text);
  cJSON_Delete(json);
}

/* The anchor is 5 mm off: end plates bring it to the middle. Outline: half an in-plane voxel and
 * the blur's shift of an edge between unlike neighbours, 1.5 mm in all on each side. */
static void an_anchored_body_is_the_one_that_lies_there(void **state) {
  (void)state;
  struct labels *labels = NULL;
  struct vertebra_frame f;
  const struct spine_level *v = &solids.column.levels[SPINE_L3];
  assert_ok(labels_create(&labels, &digital.ct->grid));
  assert_ok(
      column_anchor(&f, labels, column, digital.ct, vertebra_level_of("L3"), v->centre.z + 5));
  assert_string_equal(f.level, "L3");
  assert_near(vec3_length(vec3_sub(f.centre, v->centre)), 0, 2);
  assert_near(f.width_mm, 2 * v->a_mm, 3);
  assert_near(f.depth_mm, 2 * v->b_mm, 3);
  assert_true(isnan(f.height_middle_mm));
  double right = 0, all = 0;
  int64_t n = geometry_voxels(&labels->grid);
  for (int64_t i = 0; i < n; i++) {
    if (labels->voxels[i] != LABEL_VERTEBRA_L3) continue;
    all++;
    right += digital.bodies->voxels[i] == LABEL_VERTEBRA_L3;
  }
  assert_true(right / all > 0.95);
  labels_destroy(labels);
}

static void an_anchor_off_the_spine_is_refused(void **state) {
  (void)state;
  struct labels *labels = NULL;
  struct vertebra_frame f;
  assert_ok(labels_create(&labels, &digital.ct->grid));
  assert_fails(column_anchor(&f, labels, column, digital.ct, vertebra_level_of("L1"), 500),
               ST_DOMAIN, "the spinal canal was found from z");
  labels_destroy(labels);
}

static void a_scan_without_a_spine_is_refused(void **state) {
  (void)state;
  struct volume *v = NULL;
  struct column *c = NULL;
  struct geometry g = geometry_make(60, 60, 40, 3, 3, 3);
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) {
    double x = (double)(i % 60) - 30, y = (double)(i / 60 % 60) - 30;
    v->voxels[i] = x * x + y * y < 400 ? 40 : -1000;
  }
  assert_fails(column_find(&c, v), ST_DOMAIN, "no hole in bone looks like a spinal canal");
  v->quantity = QUANTITY_DENSITY;
  assert_fails(column_find(&c, v), ST_DOMAIN, "not HU");
  volume_destroy(v);
}

/* Gaps between the vertebral labels of that case: 259, 296.5, 334, 370 mm. */
static void discs_of_a_real_scan_lie_in_the_gaps_of_its_labels(void **state) {
  (void)state;
  static const double gaps[] = {259, 296.5, 334, 370};
  struct volume *ct = NULL;
  struct column *c = NULL;
  const char *path = shared_path("data/abdopelvis_totalseg/example_ct.nii.gz");
  assert_ok(image_read(&ct, path, &(struct image_read_options){.quantity = QUANTITY_HU}));
  assert_ok(column_find(&c, ct));
  for (int i = 0; i < 4; i++) {
    double nearest = 1e9;
    for (int k = 0; k < c->disc_count; k++)
      nearest = fmin(nearest, fabs(c->discs[k].at.z - gaps[i]));
    if (nearest > 3) fail_msg("no disc within a slice of the gap at z %.1f mm", gaps[i]);
  }
  column_destroy(c);
  volume_destroy(ct);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_line_runs_inside_the_canal),
      cmocka_unit_test(discs_are_found_where_they_were_planted),
      cmocka_unit_test(no_level_is_named_from_the_scan_alone),
      cmocka_unit_test(an_anchored_body_is_the_one_that_lies_there),
      cmocka_unit_test(an_anchor_off_the_spine_is_refused),
      cmocka_unit_test(a_scan_without_a_spine_is_refused),
      cmocka_unit_test(discs_of_a_real_scan_lie_in_the_gaps_of_its_labels),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
