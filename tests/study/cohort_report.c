// The report of a cohort from tables made by hand: what was not measured and why, fences, groups
// beside numbers counted by hand, links to the cases, a scanner that drifts.
#define _DEFAULT_SOURCE /* mkdtemp */
#include "study/cohort_tables.h"
#include "tests/check.h"

#include "calibration/quality.h"
#include "core/file.h"
#include "core/json.h"
#include "core/random.h"

#include <stdlib.h>

enum { NORTH = 10, SOUTH = 2, MEASURED = NORTH + SOUTH, CASES = MEASURED + 3 };
enum { SITE, SCANNER, KERNEL, DAY, SLOPE, DENSITY, COLUMNS };

struct fixture {
  char folder[64];
  struct cohort_case cases[CASES];
  struct cohort cohort;
  struct cohort_outcome outcomes[CASES];
  size_t rows[CASES], missing[COLUMNS];
  char *reasons[COLUMNS];
  char digests[CASES][65];
  struct cohort_tables t;
  struct cohort_summary summary;
};

static void put_text(struct fixture *f, size_t row, size_t column, const char *text) {
  assert_ok(table_set_text(f->t.wide, row, column, text));
}

/* Ten cases of the north read 100 to 108 and 300 mg/cm3, two of the south 50 and 60. */
static double density_of(size_t row) {
  if (row < NORTH - 1) return 100 + (double)row;
  return row == NORTH - 1 ? 300 : 50 + 10 * (double)(row - NORTH);
}

static int set_up(void **state) {
  static const enum cohort_state left_out[] = {COHORT_REFUSED, COHORT_FAILED, COHORT_WAITING};
  static const char *const why[] = {"slices of 8 mm", "the <disk> is full", ""};
  static struct fixture fixture;
  struct fixture *f = &fixture;
  *f = (struct fixture){.folder = "/tmp/qct-report-XXXXXX"};
  if (!mkdtemp(f->folder)) return -1;
  f->cohort = (struct cohort){.cases = f->cases, .count = CASES};
  f->t = (struct cohort_tables){.cohort = &f->cohort,
                                .folder = f->folder,
                                .outcomes = f->outcomes,
                                .rows = f->rows,
                                .row_count = CASES,
                                .scanner = SCANNER,
                                .kernel = KERNEL,
                                .first_measure = SLOPE,
                                .missing = f->missing,
                                .reasons = f->reasons,
                                .digests = f->digests};
  assert_ok(table_create(&f->t.wide, CASES));
  assert_ok(table_add_column(f->t.wide, "site", "", false));
  assert_ok(table_add_column(f->t.wide, "scanner", "", false));
  assert_ok(table_add_column(f->t.wide, "kernel", "", false));
  assert_ok(table_add_column(f->t.wide, "day", "d", true));
  assert_ok(table_add_column(f->t.wide, "scan.calibration_slope", "mg/cm3/HU", true));
  assert_ok(table_add_column(f->t.wide, "total_left.vbmd_integral", "mg/cm3", true));
  for (size_t i = 0; i < CASES; i++) {
    bool done = i < MEASURED;
    f->rows[i] = i;
    snprintf(f->cases[i].id, sizeof f->cases[i].id, "c%02zu", i);
    snprintf(f->cases[i].folder, sizeof f->cases[i].folder, "sub-c%02zu", i);
    f->outcomes[i].state = done ? COHORT_DONE : left_out[i - MEASURED];
    snprintf(f->outcomes[i].reason, 64, "%s", done ? "" : why[i - MEASURED]);
    f->summary.counts[f->outcomes[i].state]++;
    put_text(f, i, SITE, i < NORTH ? "north" : "south");
    put_text(f, i, SCANNER, done ? "Maker One" : "");
    if (!done) continue;
    f->t.wide->columns[DAY].numbers[i] = (double)i;
    f->t.wide->columns[DENSITY].numbers[i] = density_of(i);
  }
  f->missing[SLOPE] = MEASURED;
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  table_destroy(f->t.wide);
  char command[96];
  snprintf(command, sizeof command, "rm -r '%s'", f->folder);
  return system(command);
}

static char *page(struct fixture *f) {
  char path[4096], *html = NULL;
  size_t length;
  cJSON *provenance = cJSON_CreateObject();
  assert_ok(cohort_report(&f->t, &f->summary, provenance));
  cJSON_Delete(provenance);
  assert_ok(cohort_path(path, f->folder, "cohort.html"));
  assert_ok(file_read(&html, &length, path, 0));
  return html;
}

#define assert_says(html, words) assert_non_null(strstr(html, words))
#define assert_silent(html, words) assert_null(strstr(html, words))

static void what_was_not_measured_stands_with_its_reason(void **state) {
  char *html = page(*state);
  assert_says(html, "2 of 15 scans were not measured.");
  assert_says(html, "<td>c12</td><td>refused</td><td>slices of 8 mm</td>");
  assert_says(html, "the &lt;disk&gt; is full");
  assert_says(html, "1 scan was not tried yet");
  free(html);
}

static void a_measured_case_is_a_link_and_no_other(void **state) {
  char *html = page(*state);
  assert_says(html, "href=\"sub-c00/report.html\"");
  assert_says(html, "href=\"sub-c11/report.html\"");
  assert_silent(html, "sub-c12/report.html");
  assert_silent(html, "sub-c14/report.html");
  free(html);
}

/* North: quartiles 102.25 and 106.75 (numpy), so the upper fence is 113.5; the south has too few
 * for fences, and against the north both would lie beyond them. */
static void an_outlier_is_one_of_its_own_group(void **state) {
  char *html = page(*state);
  assert_says(html, "1 beyond the fences: c09.");
  assert_says(html, "1 case lies beyond a fence.");
  free(html);
}

/* Seven values of the north are one too few: no fence, and no praise for lying within one. */
static void too_few_values_are_not_called_good(void **state) {
  struct fixture *f = *state;
  double *x = f->t.wide->columns[DENSITY].numbers, kept[3] = {x[0], x[1], x[9]};
  x[0] = x[1] = x[9] = NAN;
  char *html = page(*state);
  assert_says(html, "No group has the 8 values that fences take.");
  assert_silent(html, "No case lies beyond the fences of its group.");
  x[0] = kept[0], x[1] = kept[1], x[9] = kept[2];
  free(html);
}

/* Mean of the north: (100 + ... + 108 + 300) / 10 = 123.6, median 104.5; of the south 55, SD
 * sqrt(50) = 7.071. */
static void groups_have_the_statistics_of_their_own_cases(void **state) {
  char *html = page(*state);
  const char *north = strstr(html, "<td>north</td>"), *south = strstr(html, "<td>south</td>");
  assert_true(north && south);
  const char *mean = strstr(north, "123.6"), *median = strstr(north, "104.5");
  assert_true(mean && mean < south && median && median < south);
  assert_says(south, "7.071");
  assert_says(html, "<code>qct crosscal</code>");
  free(html);
}

static void a_measure_that_no_case_permits_is_counted(void **state) {
  char *html = page(*state);
  assert_says(html, "its step was withheld");
  free(html);
}

/* All of one scanner: its strip is the scanner's, not those of the sites. */
static void calibrations_stand_by_scanner_even_when_there_is_one(void **state) {
  char *html = page(*state);
  char *from = strstr(html, ">Scanners</h2>"), *to = strstr(html, ">Withheld values</h2>");
  assert_true(from && to && from < to);
  *to = '\0';
  assert_says(from, "by scanner");
  assert_says(from, "Maker One");
  assert_silent(from, ">north<");
  free(html);
}

/* c03 and c07 are one scan; those without a digest are not. */
static void one_scan_under_several_ids_is_named(void **state) {
  struct fixture *f = *state;
  char *html = page(f);
  assert_silent(html, "One scan under several ids");
  free(html);
  for (int i = 0; i < MEASURED; i++) snprintf(f->digests[i], 65, "%d", i == 7 ? 3 : i);
  html = page(f);
  memset(f->digests, 0, sizeof f->digests);
  assert_says(html, "One scan under several ids");
  assert_says(html, "c03 = c07.");
  free(html);
}

static void write_calibration(struct fixture *f, size_t i, double scale) {
  static const double rho[] = {0, 50, 100, 150, 200};
  char path[4096], name[8];
  struct calibration c;
  cal_init(&c);
  for (int r = 0; r < 5; r++) {
    snprintf(name, sizeof name, "%d", r + 1);
    struct calibration_point *p = cal_add_point(&c, name);
    p->density = rho[r];
    p->hu = scale * (1 + 0.0015 * random_normal(1, 1, i)) * rho[r] / 0.78 +
            0.3 * random_normal(1, 3 + (uint64_t)r, i);
    p->hu_se = 0.3;
  }
  assert_ok(cal_fit_points(&c, NULL));
  c.material = MATERIAL_HA;
  snprintf(c.method, sizeof c.method, "phantom");
  snprintf(c.phantom, sizeof c.phantom, "b-mas-200");
  snprintf(c.scanner_key, sizeof c.scanner_key, "Maker|One|1|120|SOFT");
  assert_ok(calibration_seal(&c));
  assert_ok(cohort_path(path, f->folder, f->cases[i].folder));
  assert_ok(file_make_directory(path));
  char file[256];
  snprintf(file, sizeof file, "%s/calibration.json", f->cases[i].folder);
  assert_ok(cohort_path(path, f->folder, file));
  assert_ok(calibration_write(&c, path, NULL, false));
}

/* Of the first `scans` cases; from the tenth on the scanner reads HU `late` times as high. */
static char *page_with_calibrations(struct fixture *f, size_t scans, double late) {
  for (size_t i = 0; i < scans; i++) write_calibration(f, i, i < 9 ? 1 : late);
  return page(f);
}

/* Steady for nine scans, then 5 % more HU, 33 times the scatter between sessions. */
static void a_scanner_that_drifts_is_named(void **state) {
  char *html = page_with_calibrations(*state, MEASURED, 1.05);
  assert_says(html, "A scanner drifted.");
  assert_says(html, "3 of 12 scans the calibration left its baseline");
  free(html);
}

static void a_steady_scanner_is_not(void **state) {
  char *html = page_with_calibrations(*state, MEASURED, 1);
  assert_silent(html, "A scanner drifted.");
  assert_says(html, "stays within the limits of its own baseline");
  free(html);
}

static void too_few_scans_are_not_judged(void **state) {
  char *html = page_with_calibrations(*state, 1, 1);
  assert_says(html, "1 scan with a phantom and a day; 9 are needed to judge");
  free(html);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(what_was_not_measured_stands_with_its_reason),
      TEST(a_measured_case_is_a_link_and_no_other),
      TEST(an_outlier_is_one_of_its_own_group),
      TEST(too_few_values_are_not_called_good),
      TEST(groups_have_the_statistics_of_their_own_cases),
      TEST(a_measure_that_no_case_permits_is_counted),
      TEST(calibrations_stand_by_scanner_even_when_there_is_one),
      TEST(one_scan_under_several_ids_is_named),
      TEST(a_scanner_that_drifts_is_named),
      TEST(a_steady_scanner_is_not),
      TEST(too_few_scans_are_not_judged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
