// labels: method
/* What the frame of a femur and the import of a label map refuse, on a femur of four solids: a
 * ball (head), a capsule (neck) and a capsule (shaft) that meet at a chosen angle, and a knob for
 * the lesser trochanter. */
#include "anatomy/cut.h"
#include "anatomy/femur.h"
#include "anatomy/frame.h"
#include "tests/check.h"

enum { FEMUR = 3 };
static const double DEGREE = 3.14159265358979323846 / 180;

static double from_segment(struct vec3 p, struct vec3 a, struct vec3 b) {
  struct vec3 along = vec3_sub(b, a);
  double t = vec3_dot(vec3_sub(p, a), along) / vec3_dot(along, along);
  return vec3_length(vec3_sub(p, vec3_along(a, fmin(fmax(t, 0), 1), along)));
}

/* Head in the origin, a right femur: the neck runs lateral (-x), the shaft caudal (-z). */
static struct labels *femur(double head_mm, double angle, double shaft_mm) {
  struct labels *l = NULL;
  const double mm = 1.5, low[3] = {-75, -30, -150}, high[3] = {30, 30, 60};
  struct geometry g =
      geometry_make((int64_t)((high[0] - low[0]) / mm), (int64_t)((high[1] - low[1]) / mm),
                    (int64_t)((high[2] - low[2]) / mm), mm, mm, mm);
  for (int a = 0; a < 3; a++) g.origin[a] = low[a];
  assert_ok(labels_create(&l, &g));
  /* the angle between the neck, towards the head, and the shaft, downwards */
  struct vec3 head = {0, 0, 0}, neck = {sin(angle * DEGREE), 0, -cos(angle * DEGREE)};
  struct vec3 knee = vec3_scale(neck, -50), end = vec3_along(knee, shaft_mm, vec3_make(0, 0, -1));
  for (int64_t at = 0; at < geometry_voxels(&g); at++) {
    struct vec3 p = geometry_to_world(
        &g, vec3_make((double)(at % g.nx), (double)(at / g.nx % g.ny), (double)(at / g.nx / g.ny)));
    l->voxels[at] = vec3_length(p) < head_mm || from_segment(p, head, knee) < 0.65 * head_mm ||
                            from_segment(p, knee, end) < 14 ||
                            vec3_length(vec3_sub(p, vec3_add(knee, vec3_make(9, 9, -30)))) < 9
                        ? FEMUR
                        : 0;
  }
  return l;
}

static void a_plausible_angle_is_measured(void **state) {
  (void)state;
  struct labels *l = femur(23, 128, 140);
  struct hip_frame f;
  const struct frame_options o = FRAME_OPTIONS_DEFAULTS;
  assert_ok(femur_frame(&f, l, FEMUR, SIDE_UNKNOWN, &o));
  assert_int_equal(f.side, SIDE_RIGHT);
  assert_near(f.neck_shaft_deg, 128, 1);
  assert_near(f.head_radius_mm, 23, 0.5);
  labels_destroy(l);
}

/* A mirrored image or exchanged labels: front and back would be exchanged too. */
static void a_side_that_the_bone_contradicts_is_refused(void **state) {
  (void)state;
  struct labels *l = femur(23, 128, 140);
  struct hip_frame f;
  struct femur_result *r = NULL;
  const struct frame_options o = FRAME_OPTIONS_DEFAULTS;
  assert_fails(femur_frame(&f, l, FEMUR, SIDE_LEFT, &o), ST_DOMAIN,
               "said to be a left femur, but its head lies 52 degrees to the side where a right");
  assert_ok(femur_import(&r, NULL, l, 0, FEMUR, NULL));
  assert_int_equal(r->sides[1].state, FEMUR_REFUSED);
  assert_non_null(strstr(r->sides[1].reason, "exchanged labels, or a mirrored image"));
  femur_result_destroy(r);
  labels_destroy(l);
}

static void a_neck_at_a_right_angle_is_no_femur(void **state) {
  (void)state;
  struct labels *l = femur(23, 90, 160);
  struct hip_frame f;
  const struct frame_options o = FRAME_OPTIONS_DEFAULTS;
  assert_fails(femur_frame(&f, l, FEMUR, SIDE_RIGHT, &o), ST_NUMERIC, "permitted 100..160");
  labels_destroy(l);
}

static void without_shaft_there_is_no_angle(void **state) {
  (void)state;
  struct labels *l = femur(23, 128, 12);
  struct hip_frame f;
  const struct frame_options o = FRAME_OPTIONS_DEFAULTS;
  assert_ok(femur_frame(&f, l, FEMUR, SIDE_RIGHT, &o));
  assert_true(isnan(f.neck_shaft_deg));
  assert_true(f.flags[0] != '\0');
  labels_destroy(l);
}

static void a_head_of_another_size_is_refused(void **state) {
  (void)state;
  struct labels *l = femur(12, 128, 95);
  struct hip_frame f;
  struct frame_options o = FRAME_OPTIONS_DEFAULTS;
  o.head = vec3_make(0, 0, 0);
  o.head_radius_mm = 12;
  assert_fails(femur_frame(&f, l, FEMUR, SIDE_RIGHT, &o), ST_DOMAIN, "hip frame");
  assert_fails(femur_frame(&f, l, 9, SIDE_RIGHT, &o), ST_DOMAIN, "label 9 has no voxel");
  labels_destroy(l);
}

/* A block of metal, its middle so far lateral of the head and so many voxels of 3.4 mm3 long. */
static void import_with_metal(double lateral_mm, int64_t length, const char *words) {
  struct labels *l = femur(23, 128, 30);
  struct volume *hu = NULL;
  struct femur_result *r = NULL;
  assert_ok(volume_create(&hu, &l->grid, QUANTITY_HU));
  struct vec3 at = geometry_to_index(&l->grid, vec3_make(-lateral_mm, 0, 0));
  for (int64_t k = 0; k < length; k++)
    for (int64_t n = 0; n < 16; n++)
      hu->voxels[geometry_index(&l->grid, (int64_t)at.x + n % 4, (int64_t)at.y + n / 4,
                                (int64_t)at.z - k)] = 2600;
  status st = femur_import(&r, hu, l, FEMUR, 0, NULL);
  assert_ok(st);
  assert_int_equal(r->sides[0].state, words ? FEMUR_REFUSED : FEMUR_FOUND);
  assert_int_equal(r->sides[0].frame.metal, words != NULL);
  if (words) assert_non_null(strstr(r->sides[0].reason, words));
  femur_result_destroy(r);
  volume_destroy(hu);
  labels_destroy(l);
}

static void a_header_of_the_other_side_is_flagged(void **state) {
  (void)state;
  struct labels *l = femur(23, 128, 30);
  struct volume *hu = NULL;
  assert_ok(volume_create(&hu, &l->grid, QUANTITY_HU));
  static const char *const said[] = {"", "R", "L"};
  for (int i = 0; i < 3; i++) {
    struct femur_result *r = NULL;
    snprintf(hu->acquisition.laterality, sizeof hu->acquisition.laterality, "%s", said[i]);
    assert_ok(femur_import(&r, hu, l, FEMUR, 0, NULL));
    assert_int_equal(r->sides[0].state, FEMUR_FOUND);
    assert_int_equal(
        strstr(r->sides[0].frame.flags, "right femur, but the header says left") != NULL, i == 2);
    femur_result_destroy(r);
  }
  volume_destroy(hu);
  labels_destroy(l);
}

/* anatomy.md 9: slices above 5 mm are refused, up to that tried (and found empty here). */
static void thick_slices_are_refused(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    struct geometry g = geometry_make(90, 90, 20, 2, 2, i ? 5 : 5.01);
    struct volume *hu = NULL;
    struct femur_result *r = NULL;
    assert_ok(volume_create(&hu, &g, QUANTITY_HU));
    if (i)
      assert_ok(femur_find(&r, hu, NULL));
    else
      assert_fails(femur_find(&r, hu, NULL), ST_DOMAIN, "5.01 mm");
    femur_result_destroy(r);
    volume_destroy(hu);
  }
}

static void metal_refuses_the_side_when_it_is_large_and_near(void **state) {
  (void)state;
  import_with_metal(45, 4, "metal: 0.2 ml within 80 mm of the femoral head; use the other side");
  import_with_metal(45, 1, NULL); /* 54 mm3: a bone cement speck, a clip */
}

/* The bone is there, the head was fitted to soft tissue beside it. */
static void what_is_cut_must_hold_the_head(void **state) {
  (void)state;
  struct labels *l = femur(23, 128, 140);
  struct volume *hu = NULL;
  struct cut_result cut;
  struct head_fit head = {.side = SIDE_RIGHT, .centre = {0, 0, 0}, .radius_mm = 23};
  assert_ok(volume_create(&hu, &l->grid, QUANTITY_HU));
  for (int64_t at = 0; at < geometry_voxels(&l->grid); at++)
    hu->voxels[at] = l->voxels[at] ? 700 : 30;
  assert_ok(cut_femur(&cut, hu, &hu->grid, &head, 30));
  cut_free(&cut);
  head.centre = vec3_make(0, 0, 40);
  head.radius_mm = 15;
  assert_fails(cut_femur(&cut, hu, &hu->grid, &head, 30), ST_NUMERIC,
               "the largest piece does not hold the head centre");
  volume_destroy(hu);
  labels_destroy(l);
}

static void a_map_without_femora_names_the_values_it_looked_for(void **state) {
  (void)state;
  struct labels *l = femur(23, 128, 30);
  struct femur_result *r = NULL;
  assert_fails(femur_import(&r, NULL, l, 0, 0, NULL), ST_DOMAIN,
               "neither value 76 (right) nor 75 (left)");
  assert_null(r);
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_plausible_angle_is_measured),
      cmocka_unit_test(a_side_that_the_bone_contradicts_is_refused),
      cmocka_unit_test(a_neck_at_a_right_angle_is_no_femur),
      cmocka_unit_test(without_shaft_there_is_no_angle),
      cmocka_unit_test(a_head_of_another_size_is_refused),
      cmocka_unit_test(a_header_of_the_other_side_is_flagged),
      cmocka_unit_test(thick_slices_are_refused),
      cmocka_unit_test(metal_refuses_the_side_when_it_is_large_and_near),
      cmocka_unit_test(what_is_cut_must_hold_the_head),
      cmocka_unit_test(a_map_without_femora_names_the_values_it_looked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
