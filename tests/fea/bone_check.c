// labels: unit
/* What is refused before a strength is computed: the densities are planted, the limits are those of
 * fea/bone_check.h. */
#include "tests/check.h"

#include "fea/bone_check.h"

enum { EDGE = 10 };

/* A cube of label 1: trabecular bone with one face of cortex, mg/cm3 times `scale`. */
static struct volume *bone(struct labels **labels, double spacing, double scale) {
  struct volume *v = NULL;
  struct geometry g = geometry_make(EDGE, EDGE, EDGE, 1, 1, spacing);
  assert_ok(volume_create(&v, &g, QUANTITY_DENSITY));
  assert_ok(labels_create(labels, &g));
  v->material = MATERIAL_K2HPO4;
  for (int64_t i = 0; i < geometry_voxels(&g); i++) {
    v->voxels[i] = (float)(scale * (i < EDGE * EDGE ? 900 : 80));
    (*labels)->voxels[i] = 1;
  }
  return v;
}

static void judge(double spacing, double stated, double scale, const char *words) {
  struct labels *l = NULL;
  struct volume *v = bone(&l, spacing, scale);
  v->acquisition.slice_thickness_mm = stated;
  if (words)
    assert_fails(fea_bone_check(v, l, 1), ST_DOMAIN, words);
  else
    assert_ok(fea_bone_check(v, l, 1));
  volume_destroy(v);
  labels_destroy(l);
}

static void bone_of_thin_slices_is_taken(void **state) {
  (void)state;
  judge(5, 5, 1, NULL);
  judge(1, NAN, 1, NULL);
  judge(1, NAN, 0.2, NULL); /* cortex of 180 mg/cm3: a thin shell in large voxels */
}

static void thick_slices_are_refused_as_stated_and_as_they_lie(void **state) {
  (void)state;
  judge(1, 8, 1, "slices of 8 mm, at most 5 mm");
  judge(6, 3, 1, "slices of 6 mm, at most 5 mm");
}

static void other_units_are_refused(void **state) {
  (void)state;
  judge(1, NAN, 1e-3, "begins at 0.9 mg/cm3, permitted 100 to 2500"); /* g/cm3 */
  judge(1, NAN, 1e3, "begins at 9e+05 mg/cm3");                       /* ug/cm3 */
  judge(1, NAN, 0, "not that of bone");
}

static void contrast_agent_and_part_laws_are_flagged(void **state) {
  (void)state;
  struct labels *l = NULL;
  struct volume *v = bone(&l, 1, 1);
  struct record *r = NULL;
  assert_ok(record_create(&r, ""));
  const struct fea_law *law = fea_law_at(fea_law_find("morgan2003-neck"));
  fea_flag_inputs(r, v, law); /* no row yet */
  assert_non_null(record_add(r, "femur", "load", 1, "N"));
  fea_flag_inputs(r, v, law);
  assert_string_equal(r->rows[0].flags, "");
  v->acquisition.contrast = CONTRAST_PRESENT;
  fea_flag_inputs(r, v, law);
  assert_non_null(strstr(r->rows[0].flags, "contrast agent"));
  fea_flag_inputs(r, v, fea_law_at(fea_law_find("keyak1994-trab")));
  assert_non_null(strstr(r->rows[0].flags, "469 MPa where there is no mineral"));
  record_destroy(r);
  volume_destroy(v);
  labels_destroy(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bone_of_thin_slices_is_taken),
      cmocka_unit_test(thick_slices_are_refused_as_stated_and_as_they_lie),
      cmocka_unit_test(other_units_are_refused),
      cmocka_unit_test(contrast_agent_and_part_laws_are_flagged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
