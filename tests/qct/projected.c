// labels: method
/* Projection of solids whose mineral and silhouette are closed forms; pose; T-scores by hand from
 * the printed means and SDs; class edges; refusals. */
#include "tests/check.h"

#include "qct/hip_interval.h"
#include "qct/projected.h"

static const double PI = 3.14159265358979323846;

/* Everything of a body around the origin lies in the intertrochanter region. */
static struct hip_frame far_frame(struct vec3 x, struct vec3 z) {
  struct hip_frame f = {.side = SIDE_LEFT, .head_radius_mm = 20};
  f.shaft_axis = z;
  f.neck_axis = vec3_unit(vec3_add(x, vec3_scale(z, 0.7)));
  f.origin = f.shaft_point = vec3_scale(z, 60);
  f.head = vec3_along(f.origin, 300, f.neck_axis);
  f.neck_point = vec3_along(f.origin, 200, f.neck_axis);
  f.lesser_trochanter_mm = 600;
  f.distal_mm = 700;
  return f;
}

struct body { /* a cylinder along a unit axis, with a wall or full */
  struct vec3 axis;
  double radius, half, wall, rho_wall, rho_core;
};

static void make(struct volume **density, struct labels **labels, const struct body *b, double mm,
                 double slice_mm) {
  int64_t n = (int64_t)ceil(70 / mm), nz = (int64_t)ceil(70 / slice_mm);
  struct geometry g = geometry_make(n, n, nz, mm, mm, slice_mm);
  g.origin[0] = g.origin[1] = -mm * (double)(n - 1) / 2;
  g.origin[2] = -slice_mm * (double)(nz - 1) / 2;
  assert_ok(volume_create(density, &g, QUANTITY_DENSITY));
  (*density)->material = MATERIAL_K2HPO4;
  assert_ok(labels_create(labels, &g));
  for (int64_t at = 0; at < geometry_voxels(&g); at++) {
    struct vec3 index = {(double)(at % n), (double)(at / n % n), (double)(at / (n * n))};
    double sum = 0;
    int inside = 0;
    struct vec3 c = geometry_to_world(&g, index);
    if (vec3_length(c) > b->half + b->radius) continue;
    for (int m = 0; m < 216; m++) {
      struct vec3 p = c;
      p.x += mm * ((m % 6 + 0.5) / 6 - 0.5);
      p.y += mm * (((double)(m / 6 % 6) + 0.5) / 6 - 0.5);
      p.z += slice_mm * (((double)(m / 36) + 0.5) / 6 - 0.5);
      double along = vec3_dot(p, b->axis);
      double r = vec3_length(vec3_along(p, -along, b->axis));
      if (r > b->radius || fabs(along) > b->half) continue;
      inside++;
      sum += r > b->radius - b->wall ? b->rho_wall : b->rho_core;
    }
    (*density)->voxels[at] = (float)(sum / 216);
    (*labels)->voxels[at] = inside >= 108 ? LABEL_FEMUR_LEFT : 0;
  }
}

static struct projected_amount project(const struct body *b, const struct hip_frame *f, double mm,
                                       double slice_mm) {
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct qct_projected *p = NULL;
  make(&density, &labels, b, mm, slice_mm);
  assert_ok(qct_projected_make(&p, density, labels, LABEL_FEMUR_LEFT, f, NULL));
  struct projected_amount a = p->total;
  double image = 0;
  for (int i = 0; i < p->nx * p->nz; i++) image += 0.01 * (double)p->abmd[i];
  assert_close(image, a.bmc_g, 1e-5); /* nothing fell beside the image */
  qct_projected_destroy(p);
  volume_destroy(density);
  labels_destroy(labels);
  return a;
}

/* Radius 15 mm, length 40 mm, 300 mg/cm3, axis in the plane of the picture: pi 1.5^2 4 300 / 1000 =
 * 8.482 g over 12.0 cm2 */
static void a_cylinder_has_its_mineral_and_its_rectangle(void **state) {
  (void)state;
  struct body b = {vec3_make(1, 0, 0), 15, 20, 15, 300, 300};
  struct hip_frame f = far_frame(vec3_make(1, 0, 0), vec3_make(0, 0, 1));
  struct projected_amount a = project(&b, &f, 0.7, 0.7);
  assert_close(a.bmc_g, 8.482, 0.005);
  assert_close(a.area_cm2, 12.0, 0.015); /* the smoothed outline rounds its corners */
  assert_close(a.abmd, 0.70686, 0.015);
}

/* A tube of cortex and marrow in six positions, voxels of 0.7 x 0.7 x 1.4 mm; the frame turns with
 * it */
static void mineral_does_not_change_with_pose(void **state) {
  (void)state;
  double walls = PI * (144 - 49) * 40 * 1000, core = PI * 49 * 40 * 100;
  double truth = (walls + core) * 1e-6;
  for (int i = 0; i < 6; i++) {
    double tilt = 0.05 + 0.3 * i; /* faces along the grid are painted to a sixth of a voxel */
    struct vec3 z = vec3_unit(vec3_make(0.3 * sin(tilt), sin(tilt), cos(tilt)));
    struct vec3 x = vec3_perpendicular(z);
    struct body b = {z, 12, 20, 5, 1000, 100};
    struct hip_frame f = far_frame(x, z);
    struct projected_amount a = project(&b, &f, 0.7, 1.4);
    print_message("tilt %.1f: %+.2f %%\n", tilt, 100 * (a.bmc_g / truth - 1));
    assert_close(a.bmc_g, truth, 0.005);
  }
}

static void t_scores_follow_the_named_reference(void **state) {
  (void)state;
  struct t_reference r;
  assert_ok(t_reference_read(&r, "nhanes3"));
  assert_string_equal(r.source, "looker1998");
  assert_near(r.mean[T_NECK], 0.858, 0);
  assert_near(r.sd[T_NECK], 0.120, 0);
  assert_near(r.mean[T_TOTAL], 0.942, 0);
  assert_near(r.sd[T_TOTAL], 0.122, 0);
  assert_near(t_score(&r, T_NECK, 0.738), -1.0, 1e-12);
  assert_near(t_score(&r, T_TOTAL, 0.637), -2.5, 1e-12);
  assert_fails(t_reference_read(&r, "no/such/file.json"), ST_IO, "file.json");
}

/* -1.0 is normal, -2.5 is osteoporosis */
static void class_edges_belong_to_the_better_and_to_the_worse(void **state) {
  (void)state;
  assert_int_equal(who_class_of(-1.0), WHO_NORMAL);
  assert_int_equal(who_class_of((0.738 - 0.858) / 0.120), WHO_NORMAL);
  assert_int_equal(who_class_of(-1.01), WHO_OSTEOPENIA);
  assert_int_equal(who_class_of(-2.49), WHO_OSTEOPENIA);
  assert_int_equal(who_class_of(-2.5), WHO_OSTEOPOROSIS);
  assert_int_equal(who_class_of((0.558 - 0.858) / 0.120), WHO_OSTEOPOROSIS);
  assert_string_equal(who_class_name(WHO_OSTEOPENIA), "osteopenia");
}

static void rows_say_what_the_projection_is(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct qct_projected *p = NULL;
  struct record *r = NULL;
  struct t_reference reference;
  struct abmd_correction correction = {"own pairs", 0.1, 1.2};
  struct body b = {vec3_make(1, 0, 0), 15, 20, 15, 300, 300};
  struct hip_frame f = far_frame(vec3_make(1, 0, 0), vec3_make(0, 0, 1));
  make(&density, &labels, &b, 1.4, 1.4);
  assert_ok(t_reference_read(&reference, "nhanes3"));
  assert_ok(qct_projected_make(&p, density, labels, LABEL_FEMUR_LEFT, &f, NULL));
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_projected_rows(r, p, &f, NULL, &reference, NULL));
  const struct measurement *m = record_find(r, "projected_total_left", "abmd");
  double plain = m->value;
  assert_string_equal(m->unit, "g/cm2");
  assert_non_null(strstr(m->flags, "uncorrected K2HPO4 projection"));
  m = record_find(r, "projected_total_left", "t_score");
  assert_near(m->value, (plain - 0.942) / 0.122, 1e-12);
  assert_non_null(strstr(m->method, "nhanes3"));
  assert_non_null(record_find(r, "projected_total_left", "who_class"));
  assert_null(record_find(r, "projected_trochanter_left", "t_score"));
  assert_true(isnan(record_find(r, "projected_total_left", "area_projected")->low)); /* 1.4 mm */
  record_destroy(r);
  const double fine[] = {0.7, 0.7, 3};
  struct calibration line = {.slope = 1, .certificate_sd = 2, .covariance_df = INFINITY};
  memcpy(p->spacing, fine, sizeof fine);
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_projected_rows(r, p, &f, &line, &reference, NULL));
  m = record_find(r, "projected_total_left", "abmd");
  double own = qct_hip_half_width(fine, "projected_total", "abmd", m->value);
  double by_line = 1.959963984540054 * 2 / 1000 * p->total.volume_cm3 / p->total.area_cm2;
  assert_true(own > 0 && by_line > 0);
  assert_close(m->high - m->value, hypot(own, by_line), 1e-9);
  assert_close(record_find(r, "projected_total_left", "t_score")->low, (m->low - 0.942) / 0.122,
               1e-9);
  record_destroy(r);
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_projected_rows(r, p, &f, NULL, NULL, &correction));
  m = record_find(r, "projected_total_left", "abmd");
  assert_near(m->value, 0.1 + 1.2 * plain, 1e-12);
  assert_non_null(strstr(m->flags, "corrected by own pairs"));
  assert_null(strstr(m->flags, "uncorrected"));
  assert_null(record_find(r, "projected_total_left", "t_score")); /* no reference, no score */
  record_destroy(r);
  p->distal_mm = 300; /* the bone ends early */
  p->neck_mm = 299.9;
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_projected_rows(r, p, &f, NULL, &reference, NULL));
  static const char *const cut[] = {"area_projected", "bmc_projected", "abmd", "t_score",
                                    "who_class"};
  for (int i = 0; i < 5; i++) {
    m = record_find(r, "projected_total_left", cut[i]);
    assert_true(isnan(m->value));
    assert_non_null(strstr(m->flags, "ends 300 mm below"));
  }
  m = record_find(r, "projected_neck_left", "abmd");
  assert_true(isnan(m->value));
  assert_non_null(strstr(m->flags, "box of the neck meets the end"));
  record_destroy(r);
  qct_projected_destroy(p);
  volume_destroy(density);
  labels_destroy(labels);
}

/* A page shows a picture at most 768 px high: its letters must then still be read, and the scale
 * bar must be as long as it says. */
static void letters_of_a_long_femur_can_be_read(void **state) {
  (void)state;
  enum { HIGH = 300, SHOWN = 768 }; /* mm, px */
  static float pixels[40 * HIGH];
  struct qct_projected p = {.nx = 40, .nz = HIGH, .abmd = pixels, .covered = pixels};
  struct hip_frame f = far_frame(vec3_make(1, 0, 0), vec3_make(0, 0, 1));
  struct picture *picture = NULL;
  int first = 0, last = 0, bar = 0;
  assert_ok(qct_projected_picture(&picture, &p, &f));
  for (int y = 0; y < picture->height; y++) {
    int run = 0;
    for (int x = 0; x < picture->width; x++) {
      const uint8_t *c = picture->rgb + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
      uint32_t colour = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
      if (colour == COLOUR_YELLOW) last = y, first = first ? first : y;
      run = colour == 0xE8E8E8 ? run + 1 : 0;
      bar = run > bar ? run : bar;
    }
  }
  double two_lines = (last - first) * (double)SHOWN / picture->height;
  assert_true(two_lines > 2 * 14); /* px of letters of scale 2 */
  assert_int_equal(bar, 20 * 5);   /* 20 mm of 5 px */
  picture_destroy(picture);
}

static void what_cannot_be_projected_is_refused(void **state) {
  (void)state;
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct qct_projected *p = NULL;
  struct body b = {vec3_make(1, 0, 0), 15, 20, 15, 300, 300};
  const struct hip_frame good = far_frame(vec3_make(1, 0, 0), vec3_make(0, 0, 1));
  struct hip_frame f = good;
  make(&density, &labels, &b, 2, 2);
  assert_fails(qct_projected_make(&p, density, labels, 9, &f, NULL), ST_DOMAIN, "label 9");
  f.side = SIDE_UNKNOWN;
  assert_fails(qct_projected_make(&p, density, labels, 75, &f, NULL), ST_DOMAIN, "no side");
  f = good;
  f.metal = 1;
  assert_fails(qct_projected_make(&p, density, labels, 75, &f, NULL), ST_DOMAIN, "the other side");
  f = good;
  f.shaft_axis = vec3_make(0, 0, 0);
  assert_fails(qct_projected_make(&p, density, labels, 75, &f, NULL), ST_DOMAIN,
               "no neck or shaft");
  density->quantity = QUANTITY_HU;
  assert_fails(qct_projected_make(&p, density, labels, 75, &good, NULL), ST_DOMAIN, "holds HU");
  volume_destroy(density);
  labels_destroy(labels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_cylinder_has_its_mineral_and_its_rectangle),
      cmocka_unit_test(mineral_does_not_change_with_pose),
      cmocka_unit_test(t_scores_follow_the_named_reference),
      cmocka_unit_test(class_edges_belong_to_the_better_and_to_the_worse),
      cmocka_unit_test(rows_say_what_the_projection_is),
      cmocka_unit_test(letters_of_a_long_femur_can_be_read),
      cmocka_unit_test(what_cannot_be_projected_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
