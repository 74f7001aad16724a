// labels: method
/* Store, matching and quality control on histories made from random numbers with planted drift. */
#include "tests/check.h"

#include "calibration/quality.h"
#include "core/random.h"
#include "core/store.h"

#include <sys/wait.h>

static const char key[] = "Maker|One|1|120|SOFT";

/* A phantom scan of day `days`: five rods, scanner scale `scale`, session scatter 0.15 %, 0.4 HU.
 */
static struct calibration scan(uint64_t seed, uint64_t i, double scale) {
  static const double rho[] = {0, 50, 100, 150, 200};
  struct calibration c;
  cal_init(&c);
  double a = scale * (1 + 0.0015 * random_normal(seed, 1, i));
  double b = 0.4 * random_normal(seed, 2, i);
  for (int r = 0; r < 5; r++) {
    char name[8];
    snprintf(name, sizeof name, "%d", r + 1);
    struct calibration_point *p = cal_add_point(&c, name);
    p->density = rho[r];
    p->hu = a * (rho[r] / 0.78) + b + 0.3 * random_normal(seed, 3 + (uint64_t)r, i);
    p->hu_se = 0.3;
  }
  assert_ok(cal_fit_points(&c, NULL));
  c.material = MATERIAL_HA;
  c.diameter_mm = 280;
  snprintf(c.phantom, sizeof c.phantom, "b-mas-200");
  snprintf(c.scanner_key, sizeof c.scanner_key, "%s", key);
  return c;
}

static struct calibration sealed_scan(uint64_t i) {
  struct calibration c = scan(1, i, 1);
  assert_ok(calibration_seal(&c));
  return c;
}

static void dates_are_days(void **state) {
  (void)state;
  int64_t days;
  assert_ok(cal_days_from_date(&days, "1970-01-01"));
  assert_int_equal(days, 0);
  assert_ok(cal_days_from_date(&days, "2024-02-29"));
  assert_int_equal(days, 19782); /* date -u -d 2024-02-29 +%s / 86400 */
  char text[16];
  cal_date_from_days(text, 19782);
  assert_string_equal(text, "2024-02-29");
  assert_fails(cal_days_from_date(&days, "2023-02-29"), ST_USAGE, "no such day");
  assert_fails(cal_days_from_date(&days, "29.2.2024"), ST_USAGE, "YYYY-MM-DD");
}

static void store_keeps_scans_of_two_processes(void **state) {
  (void)state;
  unlink("history.h5");
  unlink("history.h5.lock");
  enum { EACH = 6 };
  pid_t child = fork();
  for (int i = 0; i < EACH; i++) {
    uint64_t n = (uint64_t)(child ? i : EACH + i);
    struct calibration c = sealed_scan(n);
    status st = cal_history_add("history.h5", &c, 19000 + (int64_t)n, 60);
    if (!child && st != ST_OK) _exit(1);
    if (child) assert_ok(st);
  }
  if (!child) _exit(0);
  int code = -1;
  waitpid(child, &code, 0);
  assert_int_equal(code, 0);
  struct cal_history *h = NULL;
  assert_ok(cal_history_read(&h, "history.h5"));
  assert_int_equal(h->count, 2 * EACH);
  for (int i = 0; i < 2 * EACH; i++) {
    struct calibration c = sealed_scan((uint64_t)i);
    assert_int_equal(h->scans[i].days, 19000 + i);
    assert_string_equal(h->scans[i].calibration.id, c.id);
  }
  struct calibration again = sealed_scan(3);
  assert_fails(cal_history_add("history.h5", &again, 19003, 60), ST_DOMAIN, "there already");
  cal_history_destroy(h);
  unlink("history.h5");
  unlink("history.h5.lock");
}

/* A store is a file that people copy and edit: a day is a whole number, or the store is refused. */
static void a_day_that_is_none_is_refused(void **state) {
  (void)state;
  static const double days[] = {1e300, -1e300, 0.5, (double)NAN, 2932897};
  for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
    struct calibration c = sealed_scan(1);
    struct cal_history *h = NULL;
    struct store *s = NULL;
    unlink("day.h5");
    assert_ok(cal_history_add("day.h5", &c, 19000, 60));
    assert_ok(store_open_update(&s, "day.h5", 60));
    assert_ok(store_set_number(s, "scans/000000", "days", days[i]));
    assert_ok(store_commit(s));
    store_close(s);
    assert_fails(cal_history_read(&h, "day.h5"), ST_FORMAT, "expected a whole number");
  }
}

/* Beyond the limits of acceptance a fit is kept on demand, for its own scan only. */
static void fit_beyond_its_limits_is_no_standard_for_others(void **state) {
  (void)state;
  struct calibration c = scan(1, 1, 1);
  c.points[0].hu += 90;
  assert_ok(cal_fit_points(&c, NULL));
  assert_ok(cal_accept(&c, 120, true));
  assert_ok(calibration_seal(&c));
  assert_fails(cal_history_add("forced.h5", &c, 19000, 60), ST_DOMAIN, "beyond its limits");
  assert_int_not_equal(access("forced.h5", F_OK), 0);
}

/* A history in memory: n scans every `step` days from day 0. */
static struct cal_history history(uint64_t seed, size_t n, int64_t step) {
  struct cal_history h = {calloc(n, sizeof(struct cal_scan)), n};
  for (size_t i = 0; i < n; i++)
    h.scans[i] = (struct cal_scan){(int64_t)i * step, scan(seed, i, 1)};
  return h;
}

static struct cal_async_options same_size(void) {
  struct cal_async_options o = CAL_ASYNC_DEFAULTS;
  o.diameter_mm = 280;
  return o;
}

static void bracketing_scans_are_interpolated(void **state) {
  (void)state;
  struct cal_history h = history(2, 8, 10);
  struct calibration c;
  struct cal_async_options o = same_size();
  assert_ok(cal_async(&c, &h, key, 34, &o));
  const struct calibration *a = &h.scans[3].calibration;
  const struct calibration *b = &h.scans[4].calibration;
  assert_near(c.slope, 0.6 * a->slope + 0.4 * b->slope, 1e-12);
  assert_near(c.intercept, 0.6 * a->intercept + 0.4 * b->intercept, 1e-12);
  assert_ok(cal_async(&c, &h, key, 40, &o));
  assert_near(c.slope, b->slope, 1e-12);
  assert_int_equal(c.warning_count, 0);
  assert_ok(cal_async(&c, &h, key, 75, &o));
  assert_near(c.slope, h.scans[7].calibration.slope, 1e-12);
  free(h.scans);
}

static void warnings_of_the_phantom_scan_are_taken_over_once(void **state) {
  (void)state;
  struct cal_history h = history(2, 8, 10);
  struct calibration c;
  struct cal_async_options o = same_size();
  for (int i = 3; i < 5; i++) cal_warn(&h.scans[i].calibration, "rod 3 left out: air bubble");
  cal_warn(&h.scans[4].calibration, "FORCED: R2 of the fit is 0.81");
  assert_ok(cal_async(&c, &h, key, 34, &o));
  assert_int_equal(c.warning_count, 2);
  assert_string_equal(c.warnings[0], "phantom scan: rod 3 left out: air bubble");
  assert_string_equal(c.warnings[1], "FORCED: phantom scan: R2 of the fit is 0.81");
  free(h.scans);
}

static void age_scanner_and_kvp_are_judged(void **state) {
  (void)state;
  struct cal_history h = history(3, 8, 10);
  struct calibration c;
  struct cal_async_options o = same_size();
  assert_ok(cal_async(&c, &h, key, 110, &o));
  assert_non_null(strstr(c.warnings[0], "40 days away"));
  assert_fails(cal_async(&c, &h, key, 400, &o), ST_DOMAIN, "330 days away");
  o.force = true;
  assert_ok(cal_async(&c, &h, key, 400, &o));
  assert_non_null(strstr(c.warnings[0], "FORCED"));
  assert_fails(cal_async(&c, &h, "Maker|One|1|140|SOFT", 30, &o), ST_DOMAIN, "tube voltage");
  assert_fails(cal_async(&c, &h, "Maker|Two|1|120|SOFT", 30, &o), ST_DOMAIN, "no phantom scan");
  assert_fails(cal_async(&c, &h, "Maker|One|?|120|SOFT", 30, &o), ST_DOMAIN, "must be known");
  assert_fails(cal_async(&c, &h, "Maker|One|1|?|SOFT", 30, &o), ST_DOMAIN, "must be known");
  assert_fails(cal_async(&c, &h, key, INT64_MIN, &o), ST_DOMAIN, "--date");
  assert_ok(cal_async(&c, &h, "Maker|One|1|120|BONE", 30, &o));
  assert_non_null(strstr(c.warnings[0], "another kernel"));
  free(h.scans);
}

static size_t alarms_from(const struct cal_history *h, size_t first, size_t *at) {
  struct cal_quality *q = NULL;
  assert_ok(cal_quality_judge(&q, h->scans, h->count));
  size_t n = 0;
  *at = h->count;
  for (size_t i = 0; i < q->count; i++) {
    if (q->alarms[i].notice || q->alarms[i].scan < first) continue;
    n++;
    if (q->alarms[i].scan < *at) *at = q->alarms[i].scan;
  }
  cal_quality_destroy(q);
  return n;
}

/* 100; QCT_DRIFT_SEEDS enlarges the study (benchmarks/calibration_drift.sh). */
static int drift_seeds(void) {
  const char *text = getenv("QCT_DRIFT_SEEDS");
  return text ? atoi(text) : 100;
}

static void planted_drift_of_one_percent_is_alarmed_within_five_scans(void **state) {
  (void)state;
  enum { BEFORE = 20, AFTER = 5 };
  int seeds = drift_seeds();
  int after[AFTER + 1] = {0}; /* scans until the alarm; the last: none */
  for (int k = 0; k < seeds; k++) {
    uint64_t seed = 100 + (uint64_t)k;
    struct cal_history h = history(seed, BEFORE + AFTER, 7);
    for (size_t i = BEFORE; i < BEFORE + AFTER; i++)
      h.scans[i].calibration = scan(seed, i, seed % 2 ? 1.01 : 0.99);
    size_t at;
    alarms_from(&h, BEFORE, &at);
    after[at - BEFORE]++;
    free(h.scans);
  }
  print_message(
      "drift of 1 %%: alarmed at scan 1 to 5 after it: %d %d %d %d %d, not within 5: %d of "
      "%d scanners\n",
      after[0], after[1], after[2], after[3], after[4], after[5], seeds);
  assert_true(after[AFTER] * 100 <= seeds);
}

/* Alarms of steady scanners in scans of phantoms whose slope scatters by `spread` from body to
 * body; alarms that stay are one event. Returns whether there are fewer than one in 200 scans. */
static bool few_false_alarms(const char *who, double spread) {
  enum { SCANS = 40 };
  int seeds = drift_seeds();
  int scans = 0;
  int alarmed = 0;
  int events = 0;
  for (int k = 0; k < seeds; k++) {
    uint64_t seed = 100000 + (uint64_t)k;
    struct cal_history h = history(seed, SCANS, 7);
    for (size_t i = 0; i < SCANS && spread > 0; i++)
      h.scans[i].calibration = scan(seed, i, 1 + spread * random_normal(seed, 20, i));
    struct cal_quality *q = NULL;
    assert_ok(cal_quality_judge(&q, h.scans, h.count));
    bool before = false;
    for (size_t s = 0; s < SCANS; s++) {
      bool alarm = false;
      for (size_t i = 0; i < q->count; i++)
        alarm = alarm || (!q->alarms[i].notice && q->alarms[i].scan == s);
      alarmed += alarm;
      events += alarm && !before;
      before = alarm;
    }
    scans += SCANS;
    cal_quality_destroy(q);
    free(h.scans);
  }
  print_message("steady scanners, %s: %d false alarms (%d scans with one) in %d scans\n", who,
                events, alarmed, scans);
  return events * 200 < scans;
}

static void steady_scanner_raises_fewer_than_one_alarm_in_200_scans(void **state) {
  (void)state;
  assert_true(few_false_alarms("one phantom", 0));
}

static void people_of_all_sizes_on_a_phantom_are_no_drift(void **state) {
  (void)state;
  assert_true(few_false_alarms("people of all sizes", 0.03));
}

static void alarm_names_the_rod(void **state) {
  (void)state;
  struct cal_history h = history(5, 16, 7);
  struct calibration *c = &h.scans[15].calibration;
  c->points[3].hu += 9; /* one rod cracked */
  struct cal_quality *q = NULL;
  assert_ok(cal_quality_judge(&q, h.scans, h.count));
  bool named = false;
  for (size_t i = 0; i < q->count; i++)
    named = named || (q->alarms[i].scan == 15 && !strcmp(q->alarms[i].series, "rod 4") &&
                      q->alarms[i].rule == CAL_SHEWHART);
  assert_true(named);
  cal_quality_destroy(q);
  struct table *t = NULL;
  assert_ok(cal_quality_table(&t, &h));
  assert_int_equal(t->row_count, 16 * 7);
  table_destroy(t);
  free(h.scans);
}

/* One scan of a badly placed phantom, 2 % off, among good ones: its own alarm only. */
static void one_bad_scan_rings_once(void **state) {
  (void)state;
  enum { SCANS = 20, BAD = 12 };
  struct cal_scan scans[SCANS];
  struct cal_quality *q = NULL;
  for (uint64_t i = 0; i < SCANS; i++)
    scans[i] = (struct cal_scan){(int64_t)i * 7, scan(11, i, i == BAD ? 1.02 : 1)};
  assert_ok(cal_quality_judge(&q, scans, SCANS));
  int rings = 0;
  for (size_t i = 0; i < q->count; i++) {
    if (q->alarms[i].notice || q->alarms[i].rule != CAL_CUSUM) continue;
    assert_int_equal(q->alarms[i].scan, BAD);
    rings++;
  }
  assert_true(rings > 0);
  cal_quality_destroy(q);
}

/* The slope of scan 15 against the mean of its baseline, scans 0 to 9. */
static void a_slope_off_by_more_than_a_percent_is_a_shift(void **state) {
  (void)state;
  const double off[] = {0.985, 0.992, 1.008, 1.015};
  for (size_t k = 0; k < 4; k++) {
    struct cal_history h = history(5, 16, 7);
    struct cal_quality *q = NULL;
    double mean = 0;
    for (int i = 0; i < 10; i++) mean += h.scans[i].calibration.slope / 10;
    h.scans[15].calibration.slope = mean * off[k];
    assert_ok(cal_quality_judge(&q, h.scans, h.count));
    bool shift = false;
    for (size_t i = 0; i < q->count; i++)
      shift = shift || (q->alarms[i].scan == 15 && q->alarms[i].rule == CAL_SHIFT);
    assert_int_equal(shift, k == 0 || k == 3);
    cal_quality_destroy(q);
    free(h.scans);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slope_off_by_more_than_a_percent_is_a_shift),
      cmocka_unit_test(dates_are_days),
      cmocka_unit_test(store_keeps_scans_of_two_processes),
      cmocka_unit_test(a_day_that_is_none_is_refused),
      cmocka_unit_test(bracketing_scans_are_interpolated),
      cmocka_unit_test(fit_beyond_its_limits_is_no_standard_for_others),
      cmocka_unit_test(warnings_of_the_phantom_scan_are_taken_over_once),
      cmocka_unit_test(one_bad_scan_rings_once),
      cmocka_unit_test(age_scanner_and_kvp_are_judged),
      cmocka_unit_test(planted_drift_of_one_percent_is_alarmed_within_five_scans),
      cmocka_unit_test(steady_scanner_raises_fewer_than_one_alarm_in_200_scans),
      cmocka_unit_test(people_of_all_sizes_on_a_phantom_are_no_drift),
      cmocka_unit_test(alarm_names_the_rod),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
