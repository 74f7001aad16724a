// labels: method slow
/* Sections against closed forms of rings and ellipses, the numbers of hip structure published for
 * them, and what must not change them; then the same rings as voxels, through surface, shell and
 * resampling; refusals. */
#include "tests/check.h"

#include "core/filter.h"
#include "qct/hip_density.h"
#include "qct/hip_interval.h"
#include "qct/structure.h"

static const double PI = 3.14159265358979323846;

static double family(const double v[], enum structure_family f, enum structure_family_quantity q) {
  return v[structure_of_family(f, q)];
}
static double section(const double v[], enum structure_quantity q) {
  return v[structure_of_section(q)];
}

/* ---- rasters made from closed forms ---- */

enum { SIDE = 168, FINE = 8 };

struct ring { /* ellipses with semi-axes a (front) and b (up), turned, shifted */
  double a, b, thick, turn_deg, front, up, rho_wall, rho_core;
};

static double inside(const struct ring *k, const double turn[2], double x, double y, double less) {
  double c = turn[0], s = turn[1];
  double u = (c * (x - k->front) + s * (y - k->up)) / (k->a - less);
  double v = (-s * (x - k->front) + c * (y - k->up)) / (k->b - less);
  return u * u + v * v <= 1;
}

static struct structure_raster raster_of(const struct ring *k) {
  struct structure_raster r = {.nx = SIDE, .ny = SIDE, .step = 0.25};
  size_t n = (size_t)SIDE * SIDE;
  const double turn[2] = {cos(k->turn_deg * PI / 180), sin(k->turn_deg * PI / 180)};
  r.front0 = r.up0 = -0.25 * (SIDE - 1) / 2.0;
  r.bone = calloc(n, sizeof *r.bone);
  r.marrow = calloc(n, sizeof *r.marrow);
  r.mineral = calloc(n, sizeof *r.mineral);
  for (size_t at = 0; at < n; at++) {
    double x = r.front0 + 0.25 * (double)(at % SIDE), y = r.up0 + 0.25 * (double)(at / SIDE);
    double all = 0, core = 0;
    for (int m = 0; m < FINE * FINE; m++) {
      double p = x + 0.25 * ((m % FINE + 0.5) / FINE - 0.5);
      double q = y + 0.25 * ((m / FINE + 0.5) / FINE - 0.5);
      all += inside(k, turn, p, q, 0);
      core += inside(k, turn, p, q, k->thick);
    }
    r.bone[at] = (float)(all / (FINE * FINE));
    r.marrow[at] = (float)(core / (FINE * FINE));
    r.mineral[at] =
        (float)((all - core) / (FINE * FINE) * k->rho_wall + core / (FINE * FINE) * k->rho_core);
  }
  return r;
}

static void free_raster(struct structure_raster *r) {
  free(r->bone);
  free(r->marrow);
  free(r->mineral);
}

static void values_of(double v[STRUCTURE_VALUES], const struct ring *k, double rho_ref,
                      double share) {
  struct structure_raster r = raster_of(k);
  assert_ok(structure_values(v, &r, rho_ref, share));
  free_raster(&r);
}

/* CSA, CSMI, Z, BR of two rings: pi (R^2 - r^2), pi/4 (R^4 - r^4), CSMI / R, R / t */
static void rings_have_the_area_moments_and_buckling_ratio_of_the_closed_form(void **state) {
  (void)state;
  static const double expected[2][6] = {{16, 2, 188.4956, 21300.00, 1331.250, 8.0},
                                        {17, 1.5, 153.1526, 20264.01, 1192.001, 11.3333}};
  for (int i = 0; i < 2; i++) {
    const double *e = expected[i];
    struct ring k = {.a = e[0], .b = e[0], .thick = e[1], .rho_wall = 1050};
    double v[STRUCTURE_VALUES];
    values_of(v, &k, 1050, 1);
    for (int f = STRUCTURE_C; f <= STRUCTURE_W; f++) {
      assert_close(family(v, f, SF_AREA), e[2], 0.002);
      assert_close(family(v, f, SF_CSMI), e[3], 0.002);
      assert_close(family(v, f, SF_CSMI_SI), e[3], 0.002);
      assert_close(family(v, f, SF_Z), e[4], 0.005);
      assert_close(family(v, f, SF_ZP), 2 * e[4], 0.005);
      assert_close(family(v, f, SF_BR), e[5], 0.01);
      assert_near(family(v, f, SF_CENTROID), 0.5, 0.002);
    }
    assert_close(family(v, STRUCTURE_G, SF_AREA), PI * e[0] * e[0], 0.002);
    assert_close(family(v, STRUCTURE_G, SF_CSMI), PI / 4 * pow(e[0], 4), 0.002);
    assert_close(section(v, SQ_SPW), 2 * e[0], 0.005);
    assert_close(section(v, SQ_ED), 2 * (e[0] - e[1]), 0.005);
    assert_close(section(v, SQ_ACT), e[1], 0.01);
    assert_close(section(v, SQ_ACT_AREA), e[1], 0.01);
    assert_close(section(v, SQ_BR_DXA), e[0] / e[1], 0.01);
    assert_close(section(v, SQ_PERIMETER_OUTER), 2 * PI * e[0], 0.005);
    for (int q = SQ_ACT_SUPERIOR_ANTERIOR; q <= SQ_ACT_INFERIOR_POSTERIOR; q++)
      assert_close(section(v, (enum structure_quantity)q), e[1], 0.015);
  }
}

/* Semi-axes 19 (front) and 15 (up), 2 along each: area pi (ab - a'b'), moments pi/4 (a b^3 - ...)
 */
static void an_elliptic_ring_has_its_principal_moments(void **state) {
  (void)state;
  struct ring k = {.a = 19, .b = 15, .thick = 2, .rho_wall = 1050};
  double v[STRUCTURE_VALUES];
  values_of(v, &k, 1050, 1);
  assert_close(family(v, STRUCTURE_C, SF_AREA), 201.0619, 0.002);
  assert_close(family(v, STRUCTURE_C, SF_IMIN), 21029.82, 0.003);
  assert_close(family(v, STRUCTURE_C, SF_IMAX), 30643.09, 0.003);
  assert_close(family(v, STRUCTURE_C, SF_J), 51672.92, 0.003);
  assert_close(family(v, STRUCTURE_C, SF_ZMIN), 1401.988, 0.006);
  assert_close(family(v, STRUCTURE_C, SF_ZMAX), 1612.794, 0.006);
  assert_close(family(v, STRUCTURE_C, SF_CSMI), 21029.82, 0.003); /* up is the short axis */
}

/* Wall 1000, core 150 mg/cm3: mean 349.2187 mg/cm3 over 804.2477 mm2 */
static void density_weights_a_section(void **state) {
  (void)state;
  static const double expected[2][4] = {{1050, 267.4842, 24595.98, 1537.249},
                                        {1200, 234.0487, 21521.48, 1345.093}};
  struct ring k = {.a = 16, .b = 16, .thick = 2, .rho_wall = 1000, .rho_core = 150};
  for (int i = 0; i < 2; i++) {
    double v[STRUCTURE_VALUES];
    values_of(v, &k, expected[i][0], 1);
    assert_close(section(v, SQ_MINERAL), 280.86, 0.002);
    assert_close(family(v, STRUCTURE_W, SF_AREA), expected[i][1], 0.002);
    assert_close(family(v, STRUCTURE_W, SF_CSMI), expected[i][2], 0.002);
    assert_close(family(v, STRUCTURE_W, SF_Z), expected[i][3], 0.005);
    assert_close(family(v, STRUCTURE_C, SF_AREA), 188.4956, 0.002);
  }
}

/* Width 32, area 188.4956: 2 sqrt(16^2 - f 60) and what follows */
static void the_ring_of_a_share_of_the_area_is_that_of_the_formula(void **state) {
  (void)state;
  static const double expected[2][4] = {{1.0, 28.0000, 2.0000, 8.0000},
                                        {0.6, 29.6648, 1.1676, 13.7033}};
  struct ring k = {.a = 16, .b = 16, .thick = 2, .rho_wall = 1050};
  for (int i = 0; i < 2; i++) {
    double v[STRUCTURE_VALUES];
    values_of(v, &k, 1050, expected[i][0]);
    assert_close(family(v, STRUCTURE_C, SF_ED_BECK), expected[i][1], 0.005);
    assert_close(family(v, STRUCTURE_C, SF_ACT_BECK), expected[i][2], 0.01);
    assert_close(family(v, STRUCTURE_C, SF_BR_BECK), expected[i][3], 0.01);
  }
}

static void turning_shifting_and_scaling_change_what_they_should(void **state) {
  (void)state;
  struct ring plain = {.a = 19, .b = 15, .thick = 2, .rho_wall = 1000, .rho_core = 150};
  struct ring other = plain;
  double v[STRUCTURE_VALUES], w[STRUCTURE_VALUES];
  values_of(v, &plain, 1050, 0.6);
  other.turn_deg = 37;
  other.front = 3.1;
  other.up = -4.3;
  values_of(w, &other, 1050, 0.6);
  for (int f = 0; f < STRUCTURE_FAMILIES; f++)
    for (int q = SF_IMAX; q <= SF_IMIN; q++)
      assert_close(w[structure_of_family(f, q)], v[structure_of_family(f, q)], 0.001);
  for (int f = 0; f < STRUCTURE_FAMILIES; f++) {
    assert_close(family(w, f, SF_J), family(v, f, SF_J), 0.001);
    double turned = fabs(family(w, f, SF_THETA) - family(v, f, SF_THETA)); /* of an axis */
    assert_true(fabs(turned - 37) < 0.2 || fabs(turned - 143) < 0.2);
  }
  other = plain;
  other.rho_wall *= 1.3;
  other.rho_core *= 1.3;
  values_of(w, &other, 1050, 0.6);
  for (int q = SF_AREA; q <= SF_ZP; q++) {
    double by = q == SF_THETA ? 1 : 1.3;
    assert_near(w[structure_of_family(STRUCTURE_W, q)], by * v[structure_of_family(STRUCTURE_W, q)],
                1e-6 * fabs(v[structure_of_family(STRUCTURE_W, q)]) + 1e-2);
    for (int f = STRUCTURE_G; f <= STRUCTURE_C; f++)
      assert_near(w[structure_of_family(f, q)], v[structure_of_family(f, q)], 1e-9);
  }
}

static void what_a_section_lacks_is_nan(void **state) {
  (void)state;
  struct ring k = {.a = 16, .b = 16, .thick = 2, .rho_wall = 1000};
  struct structure_raster r = raster_of(&k);
  double v[STRUCTURE_VALUES];
  assert_ok(structure_values(v, &r, NAN, 1));
  assert_true(isnan(family(v, STRUCTURE_W, SF_AREA)));
  assert_true(!isnan(section(v, SQ_MINERAL)));
  free(r.mineral);
  free(r.marrow);
  r.mineral = r.marrow = NULL;
  assert_ok(structure_values(v, &r, 1050, 1));
  assert_true(isnan(family(v, STRUCTURE_C, SF_AREA)) && isnan(section(v, SQ_ACT)));
  assert_true(!isnan(family(v, STRUCTURE_G, SF_AREA)));
  r.marrow = malloc((size_t)SIDE * SIDE * sizeof *r.marrow); /* no cortex at all */
  memcpy(r.marrow, r.bone, (size_t)SIDE * SIDE * sizeof *r.marrow);
  assert_ok(structure_values(v, &r, 1050, 1));
  assert_true(isnan(family(v, STRUCTURE_C, SF_CSMI)) && isnan(section(v, SQ_ACT_AREA)));
  free_raster(&r);
  /* a full disk of density above the reference holds more than any ring of that width */
  struct ring full = {.a = 10, .b = 10, .thick = 9.9, .rho_wall = 1500, .rho_core = 1500};
  values_of(v, &full, 1050, 1);
  assert_true(isnan(family(v, STRUCTURE_W, SF_ED_BECK)));
  struct structure_raster empty = {.nx = 4, .ny = 4, .step = 0.25};
  empty.bone = calloc(16, sizeof *empty.bone);
  assert_fails(structure_values(v, &empty, NAN, 1), ST_DOMAIN, "no bone");
  free_raster(&empty);
}

/* ---- the same rings as voxels ---- */

struct scan {
  struct volume *density;
  struct labels *labels;
  struct hip_frame frame;
};

/* A tube along z takes the place of the neck: the head's centre 30 mm up, the shaft 20 mm down.
 * Below z = -26 its wall is 5 mm thick, as some cortex of every femur is: there the shell reads
 * blur and cortical density. */
static struct hip_frame tube_frame(void) {
  struct hip_frame f = {.side = SIDE_LEFT, .head_radius_mm = 20};
  const struct vec3 none = {NAN, NAN, NAN};
  f.neck_axis = vec3_make(0, 0, 1);
  f.head = vec3_make(0, 0, 30);
  f.neck_point = vec3_make(0, 0, 0);
  f.shaft_axis = vec3_unit(vec3_make(-0.8, 0, 0.6));
  f.origin = f.shaft_point = vec3_make(0, 0, -20);
  f.lesser_trochanter = f.greater_trochanter = none;
  f.lesser_trochanter_mm = NAN;
  f.distal_mm = 200;
  return f;
}

static struct scan make_scan(double radius, double thick, double core, double sigma, double mm) {
  struct scan s = {NULL, NULL, tube_frame()};
  int64_t n = (int64_t)ceil(48 / mm), nz = (int64_t)ceil(100 / mm);
  struct geometry g = geometry_make(n, n, nz, mm, mm, mm);
  g.origin[0] = g.origin[1] = -mm * (double)(n - 1) / 2;
  g.origin[2] = -mm * (double)(nz - 1) / 2;
  assert_ok(volume_create(&s.density, &g, QUANTITY_DENSITY));
  assert_ok(labels_create(&s.labels, &g));
  s.density->material = MATERIAL_HA;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++) {
      double all = 0, inner = 0, foot = 0;
      for (int m = 0; m < 64; m++) {
        double x = g.origin[0] + mm * ((double)i + (m % 8 + 0.5) / 8 - 0.5);
        double y = g.origin[1] + mm * ((double)j + (double)(m / 8) / 8 + 0.5 / 8 - 0.5);
        all += hypot(x, y) <= radius;
        inner += hypot(x, y) <= radius - thick;
        foot += hypot(x, y) <= radius - 5;
      }
      for (int64_t k = 0; k < nz; k++) {
        int64_t at = geometry_index(&g, i, j, k);
        double z = g.origin[2] + mm * (double)k, hole = z < -26 ? foot : inner;
        if (fabs(z) > 42) continue;
        s.density->voxels[at] = (float)((all - hole) / 64 * 1000 + hole / 64 * core);
        s.labels->voxels[at] = all >= 32 ? LABEL_FEMUR_LEFT : 0;
      }
    }
  if (sigma > 0) {
    struct volume *blurred = NULL;
    assert_ok(filter_gaussian(&blurred, s.density, sigma));
    volume_destroy(s.density);
    s.density = blurred;
  }
  return s;
}

static void free_scan(struct scan *s) {
  volume_destroy(s->density);
  labels_destroy(s->labels);
}

static struct qct_structure *measured(const struct scan *s, const struct structure_options *o) {
  struct qct_structure *q = NULL;
  assert_ok(qct_structure_measure(&q, s->density, s->labels, LABEL_FEMUR_LEFT, &s->frame, o, NULL));
  return q;
}

/* Voxels of 0.5 mm, sections of 0.25 mm: within 1 % */
static void a_ring_of_voxels_has_the_closed_form_within_one_percent(void **state) {
  (void)state;
  struct scan s = make_scan(16, 2, 150, 0, 0.5);
  struct structure_options o = STRUCTURE_DEFAULTS;
  struct qct_structure *q = measured(&s, &o);
  for (int p = STRUCTURE_NARROW_NECK; p <= STRUCTURE_MID_NECK; p++) {
    const double *v = q->slabs[p].mean;
    assert_int_equal(q->slabs[p].measured, STRUCTURE_SECTIONS);
    assert_close(family(v, STRUCTURE_G, SF_AREA), 804.2477, 0.01);
    assert_close(family(v, STRUCTURE_C, SF_AREA), 188.4956, 0.01);
    assert_close(family(v, STRUCTURE_C, SF_CSMI), 21300.00, 0.01);
    assert_close(family(v, STRUCTURE_C, SF_Z), 1331.250, 0.01);
    assert_close(family(v, STRUCTURE_C, SF_BR), 8.0, 0.01);
    assert_close(section(v, SQ_MINERAL), 280.86, 0.01);
    assert_close(family(v, STRUCTURE_W, SF_AREA), 267.4842, 0.01);
    assert_close(family(v, STRUCTURE_W, SF_CSMI), 24595.98, 0.01);
    assert_close(family(v, STRUCTURE_W, SF_Z), 1537.249, 0.01);
    assert_true(q->slabs[p].sd[structure_of_family(STRUCTURE_W, SF_AREA)] < 0.3);
  }
  qct_structure_destroy(q);
  free_scan(&s);
}

/* A wall of 1.5 mm under a blur of 0.6 and 1.0 mm; voxels of 0.7 mm. */
/* The same by half the wall's density, under 1.0 mm: the mass stays, the cortical area does not.
 * That is the case for family w. */
static void a_threshold_loses_the_area_that_the_weights_keep(void **state) {
  (void)state;
  struct structure_options o = {.rho_ref = 1000, .cortex = QCT_CORTEX_FIXED, .threshold_mgcc = 500};
  double area = PI * (16 * 16 - 14.5 * 14.5);
  struct scan s = make_scan(16, 1.5, 0, 1, 0.7);
  struct qct_structure *q = measured(&s, &o);
  const double *v = q->slabs[STRUCTURE_NARROW_NECK].mean;
  assert_close(family(v, STRUCTURE_W, SF_AREA), area, 0.01);
  assert_true(family(v, STRUCTURE_C, SF_AREA) < 0.8 * area);
  qct_structure_destroy(q);
  free_scan(&s);
}

static void blur_takes_no_mass_from_a_thin_ring(void **state) {
  (void)state;
  static const double sigma[2] = {0.6, 1.0};
  struct structure_options o = STRUCTURE_DEFAULTS;
  double area = PI * (16 * 16 - 14.5 * 14.5), moment = PI / 4 * (pow(16, 4) - pow(14.5, 4));
  o.rho_ref = 1000;
  for (int i = 0; i < 2; i++) {
    struct scan s = make_scan(16, 1.5, 0, sigma[i], 0.7);
    struct qct_structure *q = measured(&s, &o);
    const double *v = q->slabs[STRUCTURE_NARROW_NECK].mean;
    assert_close(family(v, STRUCTURE_W, SF_AREA), area, 0.01);
    assert_close(family(v, STRUCTURE_W, SF_CSMI), moment, 0.01);
    qct_structure_destroy(q);
    free_scan(&s);
  }
}

/* ---- rows, material, refusals ---- */

static double half_of(const struct record *r, const char *quantity) {
  const struct measurement *m = record_find(r, "narrow_neck_left", quantity);
  assert_non_null(m);
  assert_true(isnan(m->low) == isnan(m->high));
  if (!isnan(m->low)) assert_near(m->high - m->value, m->value - m->low, 1e-9);
  return (m->high - m->low) / 2;
}

/* A calibration that is off by d everywhere moves mineral by d x area and its second moment by
 * d x that of the outline: closed forms, here of a disc in a box of water. */
static void intervals_join_the_shape_s_error_and_the_calibration_s(void **state) {
  (void)state;
  struct scan s = make_scan(16, 2, 150, 0, 1);
  struct structure_options o = STRUCTURE_DEFAULTS;
  struct calibration c = {.slope = 1, .certificate_sd = 2, .covariance_df = INFINITY};
  struct qct_structure *q = measured(&s, &o);
  const double *v = q->slabs[STRUCTURE_NARROW_NECK].mean, *mm = q->image->grid.spacing;
  const double d = 1.959963984540054 * 2 / 1050;
  struct record *with = NULL, *without = NULL, *guessed = NULL, *varied = NULL;
  assert_ok(record_create(&with, "c"));
  assert_ok(qct_structure_rows(with, q, &c));
  double own = qct_hip_half_width(mm, "narrow_neck", "csa_w",
                                  record_find(with, "narrow_neck_left", "csa_w")->value);
  assert_true(own > 0);
  assert_close(half_of(with, "csa_w"), hypot(own, d * family(v, STRUCTURE_G, SF_AREA) / 100), 1e-9);
  own = qct_hip_half_width(mm, "narrow_neck", "csmi_w",
                           record_find(with, "narrow_neck_left", "csmi_w")->value);
  assert_close(half_of(with, "csmi_w"), hypot(own, d * family(v, STRUCTURE_G, SF_CSMI) / 1e4),
               1e-9);
  /* an area of cortex goes as its thickness, and that as the inverse of its density */
  assert_true(q->cortical_spread >= 0 && q->cortical_spread < 0.1);
  q->cortical_spread = 0.03;
  assert_ok(record_create(&varied, "c"));
  assert_ok(qct_structure_rows(varied, q, &c));
  double area = record_find(varied, "narrow_neck_left", "csa_c")->value;
  own = qct_hip_half_width(mm, "narrow_neck", "csa_c", area);
  assert_close(half_of(varied, "csa_c"), hypot(own, 1.959963984540054 * 0.03 * area), 1e-9);
  assert_near(half_of(varied, "csa_w"), half_of(with, "csa_w"), 0);
  q->cortical_spread = 0;
  assert_true(isnan(half_of(with, "theta_w")));
  assert_true(isnan(half_of(with, "csa_w_sd")));
  assert_ok(record_create(&without, "c"));
  assert_ok(qct_structure_rows(without, q, NULL));
  assert_true(isnan(half_of(without, "csa_w")));
  assert_near(half_of(without, "tot_area_g"), half_of(with, "tot_area_g"), 0);
  q->guessed = true; /* the blur is a guess: only the outline's figures keep theirs */
  assert_ok(record_create(&guessed, "c"));
  assert_ok(qct_structure_rows(guessed, q, &c));
  assert_true(isnan(half_of(guessed, "csa_w")) && isnan(half_of(guessed, "csa_c")));
  assert_near(half_of(guessed, "tot_area_g"), half_of(with, "tot_area_g"), 0);
  record_destroy(with);
  record_destroy(without);
  record_destroy(guessed);
  record_destroy(varied);
  qct_structure_destroy(q);
  free_scan(&s);
}

static void intervals_are_known_for_fine_voxels_and_grow_with_the_slices(void **state) {
  (void)state;
  const double fine[] = {0.7, 0.7, 1}, thick[] = {3, 0.7, 0.7}, coarse[] = {1.2, 1.2, 3};
  double a = qct_hip_half_width(fine, "femur", "head_radius", 24);
  double b = qct_hip_half_width(thick, "femur", "head_radius", 24);
  assert_true(a > 0 && b > a);
  assert_near(qct_hip_half_width(fine, "femur", "head_radius", 20), a, 0); /* in mm */
  assert_close(qct_hip_half_width(fine, "shaft", "csa_w", 4),
               2 * qct_hip_half_width(fine, "shaft", "csa_w", 2), 1e-12); /* a share */
  assert_true(isnan(qct_hip_half_width(coarse, "femur", "head_radius", 24)));
  assert_true(isnan(qct_hip_half_width(fine, "femur", "beauty", 24)));
}

static void rows_name_family_unit_and_reason(void **state) {
  (void)state;
  struct scan s = make_scan(16, 2, 150, 0, 1);
  struct record *r = NULL;
  struct structure_options o = STRUCTURE_DEFAULTS;
  struct qct_structure *q = measured(&s, &o);
  struct qct_shell *shell = NULL;
  double mineral = q->slabs[STRUCTURE_NARROW_NECK].mean[structure_of_section(SQ_MINERAL)];
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_structure_rows(r, q, NULL));
  const struct measurement *m = record_find(r, "narrow_neck_left", "csa_w");
  assert_non_null(m);
  assert_string_equal(m->unit, "cm2");
  assert_near(m->value, 2.67, 0.1);
  assert_non_null(strstr(m->method, "rho_ref 1050"));
  assert_int_equal(m->n, STRUCTURE_SECTIONS);
  assert_non_null(record_find(r, "narrow_neck_left", "csa_w_sd"));
  assert_non_null(record_find(r, "narrow_neck_left", "act_superior_anterior"));
  m = record_find(r, "shaft_left", "csa_w"); /* no lesser trochanter here */
  assert_true(isnan(m->value));
  assert_non_null(strstr(m->flags, "lesser trochanter not in the scan"));
  assert_non_null(record_find(r, "shaft_left", "act_lateral_anterior"));
  m = record_find(r, "intertrochanter_left", "tot_area_g");
  assert_non_null(strstr(m->flags, "unverified"));
  record_destroy(r);
  qct_structure_destroy(q);
  s.density->material = MATERIAL_UNSTATED; /* the 1050 of the literature are HA */
  assert_ok(qct_shell_make(&shell, s.density, s.labels, LABEL_FEMUR_LEFT));
  assert_ok(qct_structure_measure(&q, s.density, s.labels, LABEL_FEMUR_LEFT, &s.frame, &o, shell));
  assert_close(q->slabs[STRUCTURE_NARROW_NECK].mean[structure_of_section(SQ_MINERAL)], mineral,
               1e-9); /* a shell fitted before is the same */
  qct_shell_destroy(shell);
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_structure_rows(r, q, NULL));
  m = record_find(r, "narrow_neck_left", "csa_w");
  assert_true(isnan(m->value));
  assert_non_null(strstr(m->flags, "for unstated: give --rho-ref"));
  assert_true(!isnan(record_find(r, "narrow_neck_left", "csa_c")->value));
  m = record_find(r, "narrow_neck_left", "bmc_per_length");
  assert_true(!isnan(m->value));
  assert_non_null(strstr(m->flags, "material not stated"));
  record_destroy(r);
  /* limits of what is told: slices of 3 mm, a buckling ratio of 10 */
  double *ratio = &q->slabs[STRUCTURE_NARROW_NECK].mean[structure_of_family(STRUCTURE_C, SF_BR)];
  const double was = q->slice_mm;
  for (int beyond = 0; beyond < 2; beyond++) {
    q->slice_mm = beyond ? 3.1 : 3;
    *ratio = beyond ? 10.1 : 9.9;
    assert_ok(record_create(&r, "c"));
    assert_ok(qct_structure_rows(r, q, NULL));
    m = record_find(r, "narrow_neck_left", "br_c");
    assert_int_equal(strstr(m->flags, "above 10") != NULL, beyond);
    assert_int_equal(strstr(m->flags, "slices of 3.1 mm, meant for 3 mm or less") != NULL, beyond);
    record_destroy(r);
  }
  q->slice_mm = was;
  q->resolved = 0.4; /* what rests on the cortex goes, mineral and outline stay */
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_structure_rows(r, q, NULL));
  m = record_find(r, "narrow_neck_left", "csa_c");
  assert_true(isnan(m->value));
  assert_non_null(strstr(m->flags, "resolved at 40 % of the surface, half is needed"));
  assert_true(isnan(record_find(r, "narrow_neck_left", "act")->value));
  assert_true(!isnan(record_find(r, "narrow_neck_left", "bmc_per_length")->value));
  assert_true(!isnan(record_find(r, "narrow_neck_left", "tot_area_g")->value));
  record_destroy(r);
  qct_structure_destroy(q);
  free_scan(&s);
}

static void an_image_in_hu_gives_the_geometric_family_only(void **state) {
  (void)state;
  struct scan s = make_scan(16, 2, 150, 0, 1);
  struct record *r = NULL;
  s.density->quantity = QUANTITY_HU;
  s.density->material = MATERIAL_NONE;
  struct qct_structure *q = measured(&s, NULL);
  assert_ok(record_create(&r, "c"));
  assert_ok(qct_structure_rows(r, q, NULL));
  assert_close(record_find(r, "narrow_neck_left", "tot_area_g")->value, 8.042477, 0.02);
  static const char *const refused[] = {"csa_c", "csa_w", "act", "bmc_per_length"};
  for (int i = 0; i < 4; i++) {
    const struct measurement *m = record_find(r, "narrow_neck_left", refused[i]);
    assert_true(isnan(m->value));
    assert_non_null(strstr(m->flags, "HU: calibrate"));
  }
  record_destroy(r);
  qct_structure_destroy(q);
  free_scan(&s);
}

static void refuse(struct scan *s, const struct structure_options *o, const char *words) {
  struct qct_structure *q = NULL;
  assert_fails(
      qct_structure_measure(&q, s->density, s->labels, LABEL_FEMUR_LEFT, &s->frame, o, NULL),
      ST_DOMAIN, words);
  assert_null(q);
}

static void bad_input_is_refused_in_words(void **state) {
  (void)state;
  struct scan s = make_scan(16, 2, 150, 0, 1);
  const struct hip_frame good = s.frame;
  struct structure_options o = STRUCTURE_DEFAULTS;
  s.frame.side = SIDE_UNKNOWN;
  refuse(&s, &o, "no side");
  s.frame = good;
  s.frame.head_radius_mm = 12;
  refuse(&s, &o, "head radius 12.0 mm, permitted 15..32");
  s.frame = good;
  s.frame.head_rms_mm = 3;
  refuse(&s, &o, "off its sphere");
  s.frame = good;
  s.frame.neck_axis = vec3_make(0, 0, 0);
  refuse(&s, &o, "no neck");
  s.frame = good;
  s.frame.neck_point.y = (double)NAN;
  refuse(&s, &o, "neck point");
  s.frame = good;
  s.frame.head.z = (double)INFINITY;
  refuse(&s, &o, "both must be numbers");
  s.frame = good;
  s.frame.metal = 1;
  refuse(&s, &o, "measure the other side");
  s.frame = good;
  s.frame.truncated = 1;
  refuse(&s, &o, "the scan cuts its upper end");
  s.frame = good;
  s.density->acquisition.slice_thickness_mm = 3.27;
  refuse(&s, &o, "slices of 3.27 mm, permitted 3");
  s.density->acquisition.slice_thickness_mm = 1;
  const struct geometry *g = &s.labels->grid;
  int64_t wall = geometry_index(g, g->nx / 2 + 15, g->ny / 2, g->nz / 2);
  float before = s.density->voxels[wall];
  s.density->voxels[wall] = 2600;
  refuse(&s, &o, "2600 mg/cm3 in the femur, permitted 2000: metal");
  s.density->quantity = QUANTITY_HU;
  refuse(&s, &o, "2600 HU in the femur, permitted 2500: metal");
  s.density->quantity = QUANTITY_DENSITY;
  s.density->voxels[wall] = before;
  s.labels->voxels[wall] = 9;
  assert_ok(labels_set_name(s.labels, 9, "old fracture"));
  refuse(&s, &o, "\"old fracture\"");
  s.labels->voxels[wall] = LABEL_FEMUR_LEFT;
  o.cortex = QCT_CORTEX_FIXED;
  refuse(&s, &o, "without its value");
  o.cortex = QCT_CORTEX_MODEL;
  s.density->quantity = QUANTITY_MODULUS;
  refuse(&s, &o, "density or HU is needed");
  s.density->quantity = QUANTITY_DENSITY;
  /* the tube cut in two */
  uint16_t *kept = malloc((size_t)geometry_voxels(g) * sizeof *kept);
  memcpy(kept, s.labels->voxels, (size_t)geometry_voxels(g) * sizeof *kept);
  int64_t layer = g->nx * g->ny;
  memset(s.labels->voxels + layer * (g->nz / 2), 0, (size_t)layer * 3 * sizeof *kept);
  refuse(&s, &o, "2 pieces");
  memcpy(s.labels->voxels, kept, (size_t)geometry_voxels(g) * sizeof *kept);
  for (int64_t i = 0; i < layer; i++) /* the tube reaches the top of the scan */
    for (int64_t k = g->nz - 12; k < g->nz; k++)
      s.labels->voxels[k * layer + i] = s.labels->voxels[layer * (g->nz / 2) + i];
  refuse(&s, &o, "meets the edge of the scan 14 mm above the head centre");
  memset(s.labels->voxels, 0, (size_t)geometry_voxels(g) * sizeof *kept);
  refuse(&s, &o, "label 75 is not in");
  free(kept);
  free_scan(&s);
}

static void places_that_the_end_of_the_bone_cuts_are_withheld(void **state) {
  (void)state;
  struct scan s = make_scan(16, 2, 150, 0, 1);
  s.frame.distal_mm = 38; /* below the head, along a shaft axis that leans */
  struct qct_structure *q = measured(&s, NULL);
  assert_int_equal(q->slabs[STRUCTURE_NECK_BASE].measured, 0);
  assert_non_null(strstr(q->slabs[STRUCTURE_NECK_BASE].reason, "meet the end of the bone"));
  qct_structure_destroy(q);
  free_scan(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rings_have_the_area_moments_and_buckling_ratio_of_the_closed_form),
      cmocka_unit_test(an_elliptic_ring_has_its_principal_moments),
      cmocka_unit_test(density_weights_a_section),
      cmocka_unit_test(the_ring_of_a_share_of_the_area_is_that_of_the_formula),
      cmocka_unit_test(turning_shifting_and_scaling_change_what_they_should),
      cmocka_unit_test(what_a_section_lacks_is_nan),
      cmocka_unit_test(a_ring_of_voxels_has_the_closed_form_within_one_percent),
      cmocka_unit_test(blur_takes_no_mass_from_a_thin_ring),
      cmocka_unit_test(a_threshold_loses_the_area_that_the_weights_keep),
      cmocka_unit_test(rows_name_family_unit_and_reason),
      cmocka_unit_test(intervals_join_the_shape_s_error_and_the_calibration_s),
      cmocka_unit_test(intervals_are_known_for_fine_voxels_and_grow_with_the_slices),
      cmocka_unit_test(an_image_in_hu_gives_the_geometric_family_only),
      cmocka_unit_test(bad_input_is_refused_in_words),
      cmocka_unit_test(places_that_the_end_of_the_bone_cuts_are_withheld),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
