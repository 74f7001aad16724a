// labels: method
// links: phantom
/* Heart fat in digital chests against its closed form. Widened as torso.c is. */
#include "phantom/chest.h"
#include "bodycomp/heart.h"
#include "tests/bodycomp/people.h"
#include "tests/check.h"

static void make_chest(struct phantom_result *r, int seed, double slice) {
  struct chest_phantom p;
  chest_phantom_defaults(&p, (uint64_t)seed);
  p.scan.spacing[0] = p.scan.spacing[1] = 1;
  p.scan.spacing[2] = slice;
  p.truth_step_mm = 4;
  assert_ok(chest_phantom_make(r, &p));
}

static double heart_row(const struct phantom_result *r, const struct labels *sac, int inside,
                        const char *quantity) {
  struct record *record = NULL;
  assert_ok(record_create(&record, ""));
  assert_ok(heart_fat_record(record, r->ct, sac, inside, 0, "test", NULL));
  const struct measurement *m = record_find(record, "heart", quantity);
  assert_non_null(m);
  double value = m->value;
  record_destroy(record);
  return value;
}

/* 4/3 pi [(a+t)(b+t)(c+t) - abc]; calcium on the heart takes some of it away: below 1 %. */
static void heart_fat_of_digital_chests_has_its_closed_form(void **state) {
  (void)state;
  double worst_mask = 0, worst_rule = 0, worst_sac = 0;
  int seeds = seeds_wanted(1);
  for (int seed = first_seed(); seed < first_seed() + seeds; seed++) {
    struct phantom_result r = {0};
    struct labels *sac = NULL;
    struct heart_info info;
    make_chest(&r, seed, slice_mm(3));
    double fat = cJSON_GetObjectItem(r.truth, "fat_inside_sac_without_calcium_cm3")->valuedouble;
    double whole = cJSON_GetObjectItem(r.truth, "sac_cm3")->valuedouble;
    keep_worst(&worst_mask, heart_row(&r, r.labels, CHEST_SAC, "fat_inside_sac"), fat);
    assert_ok(heart_find(&sac, &info, r.ct));
    assert_string_equal(info.flags, "");
    keep_worst(&worst_rule, heart_row(&r, sac, HEART_SAC, "fat_inside_sac"), fat);
    keep_worst(&worst_sac, heart_row(&r, sac, HEART_SAC, "sac_volume"), whole);
    labels_destroy(sac);
    phantom_result_free(&r);
  }
  print_message(
      "%d chests, worst error of the fat: mask %+.2f %%, rule %+.1f %%; sac by rule %+.1f %%\n",
      seeds, 100 * worst_mask, 100 * worst_rule, 100 * worst_sac);
  assert_near(worst_mask, 0, 0.03);
  assert_near(worst_rule, 0, 0.15);
  assert_near(worst_sac, 0, 0.08);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(heart_fat_of_digital_chests_has_its_closed_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
