// labels: method slow
// links: phantom
/* Sections, projection and mineral of one digital hip against the quadrature of its solids
 * (phantom/structure_truth.h), at slices of 1 and 3 mm from one painting. Tolerances are the aims
 * of the method: 3 % for sections, 2 % for areal density, 0.5 % for mineral;
 * benchmarks/hip_structure.sh does the same for as many persons as wanted. */
#include "qct/projected.h"
#include "qct/structure.h"
#include "tests/check.h"
#include "tests/qct/hip_case.h"

/* A cortex along the neck's section, which interpolated slices of 3 mm make 4.6 % too stiff. */
static const int PERSON = 1019;

static double truth_of(const struct hip_case *c, const char *key) {
  double v;
  assert_ok(json_get_number(&v, c->truth, key, "truth"));
  return v;
}

static void check_section(const struct hip_case *c, const struct qct_structure *s,
                          enum structure_place place) {
  const double *mean = s->slabs[place].mean;
  char key[96];
  snprintf(key, sizeof key, "structure.%s.k2hpo4_eq.mineral_mg_per_mm",
           structure_place_name(place));
  /* rho_ref is 1000: csa_w [mm2] is mineral [mg/mm], csmi_w x 1000 the weighted moment */
  assert_close(mean[structure_of_family(STRUCTURE_W, SF_AREA)], truth_of(c, key), 0.03);
  snprintf(key, sizeof key, "structure.%s.k2hpo4_eq.weighted_csmi", structure_place_name(place));
  assert_close(1000 * mean[structure_of_family(STRUCTURE_W, SF_CSMI)], truth_of(c, key), 0.03);
}

static void check_slices(const struct hip_case *c, int n) {
  struct volume *density = NULL;
  struct labels *labels = NULL;
  struct qct_structure *s = NULL;
  struct qct_projected *p = NULL;
  struct qct_shell *shell = NULL;
  struct structure_options o = STRUCTURE_DEFAULTS;
  o.rho_ref = 1000;
  assert_ok(hip_case_scan(&density, &labels, c, PERSON, n, 14));
  assert_ok(qct_shell_make(&shell, density, labels, LABEL_FEMUR_LEFT));
  assert_ok(qct_structure_measure(&s, density, labels, LABEL_FEMUR_LEFT, &c->frame, &o, shell));
  check_section(c, s, STRUCTURE_NARROW_NECK);
  check_section(c, s, STRUCTURE_INTERTROCHANTER);
  check_section(c, s, STRUCTURE_SHAFT);
  assert_ok(qct_projected_make(&p, density, labels, LABEL_FEMUR_LEFT, &c->frame, shell));
  assert_close(p->regions[HIP_NECK].abmd, truth_of(c, "projected.neck.k2hpo4_eq.abmd"), 0.02);
  assert_close(p->total.abmd, truth_of(c, "projected.total.k2hpo4_eq.abmd"), 0.02);
  assert_close(p->total.bmc_g, truth_of(c, "projected.total.k2hpo4_eq.bmc_g"), 0.005);
  qct_structure_destroy(s);
  qct_projected_destroy(p);
  qct_shell_destroy(shell);
  volume_destroy(density);
  labels_destroy(labels);
}

static void a_digital_hip_has_the_sections_and_the_projection_of_its_solids(void **state) {
  (void)state;
  struct hip_case c = {0};
  assert_ok(hip_case_paint(&c, PERSON, 1));
  check_slices(&c, 1);
  check_slices(&c, 3);
  hip_case_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_digital_hip_has_the_sections_and_the_projection_of_its_solids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
