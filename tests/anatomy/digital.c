// labels: method slow
// links: phantom
// The femur and frame of digital patients whose truth comes from quadrature of exact solids:
// overlap, neck-shaft angle, head radius, never a voxel of pelvis; and the same under mirroring,
// feet-first and oblique grids.
#include "anatomy/femur.h"
#include "phantom/hip.h"
#include "tests/check.h"

struct outcome {
  struct hip_frame truth, found;
  double dice, volume_ml, hal_mm;
  int64_t pelvis; /* voxels of pelvis called femur */
};

static void patient(struct hip_phantom *p, double sx, double sz) {
  hip_phantom_defaults(p);
  p->spacing[0] = p->spacing[1] = sx;
  p->spacing[2] = sz;
  p->truth_step_mm = 2; /* no density is compared here */
}

static void overlap(struct outcome *o, const struct labels *found, const struct labels *truth,
                    enum side side) {
  int femur = side == SIDE_LEFT ? LABEL_FEMUR_LEFT : LABEL_FEMUR_RIGHT;
  int pelvis = side == SIDE_LEFT ? LABEL_HIP_LEFT : LABEL_HIP_RIGHT;
  int64_t a = 0, b = 0, both = 0;
  o->pelvis = 0;
  for (int64_t i = 0; i < geometry_voxels(&truth->grid); i++) {
    bool f = found->voxels[i] == femur, t = truth->voxels[i] == femur;
    a += f;
    b += t;
    both += f && t;
    o->pelvis += f && truth->voxels[i] == pelvis;
  }
  o->dice = 2.0 * (double)both / (double)(a + b);
}

/* the true label map holds the hip bones, so the hip axis length is measured */
static void import_hal(struct outcome *o, const struct labels *truth, enum side side) {
  struct femur_result *r = NULL;
  assert_ok(femur_import(&r, NULL, truth, 0, 0, NULL));
  o->hal_mm = r->sides[side == SIDE_LEFT ? 1 : 0].frame.hal_mm;
  femur_result_destroy(r);
}

static struct outcome segment(const struct hip_phantom *p) {
  struct outcome o;
  struct phantom_result made = {0};
  struct femur_result *r = NULL;
  assert_ok(hip_phantom_make(&made, p));
  assert_ok(femur_find(&r, made.ct, NULL));
  const struct femur *f = &r->sides[p->side == SIDE_LEFT ? 1 : 0];
  if (f->state != FEMUR_FOUND) fail_msg("%s", f->reason);
  assert_true(f->frame_ok);
  assert_int_equal(f->touches, 0);
  o.truth = made.frame;
  o.found = f->frame;
  o.volume_ml = f->label_mm3 / 1000;
  overlap(&o, r->labels, made.labels, p->side);
  import_hal(&o, made.labels, p->side);
  femur_result_destroy(r);
  phantom_result_free(&made);
  return o;
}

static void check(const struct outcome *o, double dice) {
  if (o->dice < dice) fail_msg("Dice %.4f, at least %.2f", o->dice, dice);
  assert_int_equal(o->pelvis, 0);
  assert_near(vec3_length(vec3_sub(o->found.head, o->truth.head)), 0, 1);
  assert_near(o->found.neck_shaft_deg, o->truth.neck_shaft_deg, 1.5);
  assert_near(o->found.head_radius_mm, o->truth.head_radius_mm, 0.5);
  assert_near(o->found.lesser_trochanter_mm, o->truth.lesser_trochanter_mm, 2);
}

static void thin_slices_agree_with_the_truth(void **state) {
  (void)state;
  struct hip_phantom p;
  patient(&p, 0.8, 1);
  struct outcome o = segment(&p);
  check(&o, 0.97);
  assert_near(vec3_angle_deg(o.found.shaft_axis, o.truth.shaft_axis), 0, 1);
  assert_near(o.found.offset_mm, o.truth.offset_mm, 1);
  assert_near(o.found.fal_mm, o.truth.fal_mm, 1.5);
  assert_near(o.hal_mm, o.truth.hal_mm, 1.5);
}

static void thick_slices_agree_less(void **state) {
  (void)state;
  struct hip_phantom p;
  patient(&p, 0.8, 3);
  struct outcome o = segment(&p);
  check(&o, 0.93);
}

static void a_mirrored_patient_gives_the_mirrored_frame(void **state) {
  (void)state;
  struct hip_phantom p;
  patient(&p, 1, 1.5);
  struct outcome left = segment(&p);
  p.side = SIDE_RIGHT;
  struct outcome right = segment(&p);
  check(&left, 0.96);
  check(&right, 0.96);
  assert_int_equal(right.found.side, SIDE_RIGHT);
  assert_near(left.found.neck_shaft_deg, right.found.neck_shaft_deg, 0.5);
  assert_near(left.found.head_radius_mm, right.found.head_radius_mm, 0.2);
  assert_close(left.volume_ml, right.volume_ml, 0.01);
}

/* index axes: x turned by 8 degrees about z, slices from head to feet, as of a feet-first scan */
static void feet_first_and_oblique_grids_change_nothing(void **state) {
  (void)state;
  struct hip_phantom p;
  patient(&p, 1, 1.5);
  double c = cos(8 / 57.29577951), s = sin(8 / 57.29577951);
  const double turned[9] = {-c, -s, 0, -s, c, 0, 0, 0, -1};
  memcpy(p.direction, turned, sizeof turned);
  struct outcome o = segment(&p);
  check(&o, 0.96);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(thin_slices_agree_with_the_truth),
      cmocka_unit_test(thick_slices_agree_less),
      cmocka_unit_test(a_mirrored_patient_gives_the_mirrored_frame),
      cmocka_unit_test(feet_first_and_oblique_grids_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
