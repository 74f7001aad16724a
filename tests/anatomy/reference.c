/* Axes from a reference femur: a femur of capsules, turned, shifted, scaled and mirrored by what
 * is known. */
#include "anatomy/reference.h"

#include "tests/fea/digital_femur.h"

static const double degree = 3.14159265358979323846 / 180;

/* 12 degrees about (1, 2, 2)/3, then a shift, 1.06 times as large. */
static struct motion known(void) {
  const double c = cos(12 * degree), s = sin(12 * degree), u[3] = {1 / 3., 2 / 3., 2 / 3.};
  const double cross[3][3] = {{0, -u[2], u[1]}, {u[2], 0, -u[0]}, {-u[1], u[0], 0}};
  struct motion m = {.scale = 1.06, .shift = {15, -8, 20}};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      m.turn[i][j] = (i == j ? c : 0) + s * cross[i][j] + (1 - c) * u[i] * u[j];
  return m;
}

/* The right femur moved by m, on voxels of its own. */
static void moved_femur(struct labels **out, const struct motion *m) {
  struct geometry g = geometry_make(90, 70, 110, 1.5, 1.5, 1.5);
  const struct motion back = motion_inverse(m);
  const struct vec3 middle = motion_apply(m, vec3_make(-20, 0, -45));
  g.origin[0] = middle.x - 67, g.origin[1] = middle.y - 52, g.origin[2] = middle.z - 82;
  assert_ok(labels_create(out, &g));
  for (int64_t v = 0; v < geometry_voxels(&g); v++) {
    const struct vec3 at = {(double)(v % g.nx), (double)(v / g.nx % g.ny),
                            (double)(v / (g.nx * g.ny))};
    const struct vec3 p = motion_apply(&back, geometry_to_world(&g, at));
    double shell;
    if (p.z > -120 && femur_depth(p, &shell) >= 0) (*out)->voxels[v] = LABEL_FEMUR_RIGHT;
  }
}

/* Landmarks of the moved femur, off by 6 degrees and 3 mm: the start. */
static struct hip_frame rough(const struct hip_frame *f, const struct motion *m) {
  struct hip_frame r = *f;
  const double c = cos(6 * degree), s = sin(6 * degree);
  const struct motion off = {{{c, 0, s}, {0, 1, 0}, {-s, 0, c}}, 1, {0, 0, 0}};
  r.head = vec3_add(motion_apply(m, f->head), vec3_make(2, -2, 1));
  r.neck_axis = motion_turn(&off, motion_turn(m, f->neck_axis));
  r.shaft_axis = motion_turn(&off, motion_turn(m, f->shaft_axis));
  r.head_radius_mm = 1.03 * f->head_radius_mm;
  r.distal_mm = 1.06 * 115;
  return r;
}

/* Both sampled on voxels of 1.5 mm, independently: axes within half a degree, head within 0.3 mm,
 * scale within half a percent. */
static void the_axes_of_a_reference_come_back(void **state) {
  (void)state;
  for (int left = 0; left < 2; left++) {
    struct digital_femur ref;
    struct labels *labels = NULL;
    struct hip_frame found, right;
    const struct motion m = known();
    digital_femur_make(&ref, 1.5, left);
    struct digital_femur plain;
    digital_femur_make(&plain, 3, 0);
    right = plain.frame;
    digital_femur_free(&plain);
    moved_femur(&labels, &m);
    const struct hip_frame start = rough(&right, &m);
    const struct reference_femur femur = {labels, LABEL_FEMUR_RIGHT, &start};
    const struct reference_femur reference = {
        ref.labels, left ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT, &ref.frame};
    assert_ok(femur_frame_by_reference(&found, NULL, &femur, &reference, NULL));
    assert_true(vec3_length(vec3_sub(found.head, motion_apply(&m, right.head))) < 0.3);
    assert_true(vec3_angle_deg(found.neck_axis, motion_turn(&m, right.neck_axis)) < 0.5);
    assert_true(vec3_angle_deg(found.shaft_axis, motion_turn(&m, right.shaft_axis)) < 0.5);
    assert_close(found.head_radius_mm, 1.06 * 24, 0.005);
    assert_near(found.distal_mm, 1.06 * 115, 4); /* of the rough landmarks, 3 mm off */
    assert_int_equal(found.side, SIDE_RIGHT);
    assert_string_equal(found.method, "reference");
    assert_non_null(strstr(found.flags, "scaled by 1.06"));
    labels_destroy(labels);
    digital_femur_free(&ref);
  }
}

static void another_shape_is_refused(void **state) {
  (void)state;
  struct digital_femur f;
  struct labels *ball = NULL;
  struct hip_frame found;
  digital_femur_make(&f, 2, 0);
  assert_ok(labels_create(&ball, &f.labels->grid));
  for (int64_t v = 0; v < geometry_voxels(&ball->grid); v++) { /* a box around the shaft */
    const struct vec3 p =
        geometry_to_world(&ball->grid, vec3_make((double)(v % ball->grid.nx),
                                                 (double)(v / ball->grid.nx % ball->grid.ny),
                                                 (double)(v / (ball->grid.nx * ball->grid.ny))));
    ball->voxels[v] = fabs(p.x + 20) < 40 && fabs(p.y) < 12 && fabs(p.z + 30) < 50 ? 76 : 0;
  }
  const struct reference_femur femur = {ball, 76, &f.frame};
  const struct reference_femur reference = {f.labels, LABEL_FEMUR_RIGHT, &f.frame};
  assert_fails(femur_frame_by_reference(&found, NULL, &femur, &reference, NULL), ST_DOMAIN,
               "mm apart");
  f.frame.side = SIDE_UNKNOWN;
  assert_fails(femur_frame_by_reference(&found, NULL, &femur, &reference, NULL), ST_DOMAIN,
               "side of the reference is unknown");
  labels_destroy(ball);
  digital_femur_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_axes_of_a_reference_come_back),
      cmocka_unit_test(another_shape_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
