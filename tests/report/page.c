// The report page: escapes, nests, asks for nothing from outside, says what is withheld.
#include "core/file.h"
#include "report/report.h"
#include "tests/check.h"

static struct record *some_record(void) {
  struct record *r = NULL;
  assert_ok(record_create(&r, "case-1"));
  struct measurement *m = record_add(r, "total_right", "vbmd_integral", 287.4321, "mg/cm3");
  m->low = 268.1;
  m->high = 306.7;
  m->n = 91234;
  snprintf(m->method, sizeof m->method, "planes/1");
  m = record_add(r, "femur_right", "fall_failure_load", 3241.7, "N");
  m->low = 2705;
  m->high = 3902;
  measurement_flag(m, "phantomless calibration");
  record_withhold(r, "femur_left", "fall_failure_load", "N", "metal within 80 mm of the head");
  return r;
}

static struct picture *some_picture(void) {
  struct picture *p = NULL;
  assert_ok(picture_create(&p, 640, 300, 0x101418));
  for (int x = 0; x < 640; x++)
    for (int y = 100; y < 200; y++) picture_pixel(p, x, y, colour_sequential(x / 639.0));
  picture_text(p, 20, 20, "strain / limit", 0xffffff, 2);
  picture_circle(p, 320, 150, 70, COLOUR_ORANGE, 2);
  return p;
}

static struct plot *some_plot(void) {
  struct plot *p = NULL;
  double x[5] = {-5, 60, 120, 260, 510}, y[5] = {-3, 48, 98, 205, 402}, low[5], high[5];
  for (int i = 0; i < 5; i++) {
    low[i] = y[i] - 12;
    high[i] = y[i] + 12;
  }
  assert_ok(plot_create(&p, 560, 340, "HU", "density [mg/cm3 K2HPO4]"));
  plot_band(p, x, low, high, 5, COLOUR_SKY, "95 % interval");
  plot_line(p, x, y, 5, COLOUR_BLUE, "line");
  plot_points(p, x, y, 5, COLOUR_RED, "rods");
  return p;
}

/* Everything a report can hold, with text that would break a page that does not escape. */
static struct report *full_report(void) {
  struct report *r = NULL;
  struct record *record = some_record();
  struct picture *picture = some_picture();
  struct plot *plot = some_plot();
  assert_ok(report_create(&r, "Hip strength from CT", "case <1> & \"co\""));
  report_fact(r, "Tube voltage", "140 kV");
  report_fact(r, "Slice distance", "3.27 mm");
  report_fact(r, "Kernel", "<script>alert(1)</script>");
  report_headline(r, "Failure load, right", &record->rows[1], NULL);
  report_headline(r, "Total hip vBMD, right", &record->rows[0], NULL);
  report_headline(r, "Failure load, left", &record->rows[2], NULL);
  report_finding(r, REPORT_GOOD, "Geometry", "Slices are complete and evenly spaced.");
  report_finding(r, REPORT_CAUTION, "140 kV", "Density changes by about 10 % between voltages.");
  report_finding(r, REPORT_STOP, "Left side", "Metal within 80 mm of the head.");
  report_finding(r, REPORT_NOTE, "No rods", "Calibrated by the tissues in the scan.");
  report_withheld(r, "Failure load, left", "metal within 80 mm of the head", NULL);
  report_section(r, "Calibration");
  report_paragraph(r, "The line was fitted through %d points.", 5);
  struct report_reading reading = {"residuals below 5 mg/cm3", "nothing", "none needed"};
  report_plot(r, plot, "Regression of density on HU", &reading);
  const char *columns[] = {"Rod", "#HU", "#Residual [mg/cm3]"};
  const char *cells[] = {"A & B", "101.5", "0.8"};
  report_table_begin(r, "Rods", columns, 3);
  report_table_row(r, cells);
  report_table_end(r);
  report_section(r, "Strength");
  report_picture(r, picture, "strain <field>", "Strain at the failure load", &reading);
  report_measurements(r, record, NULL);
  report_text(r, "One paragraph.\n\nAnother.");
  const char *keys[] = {"totalseg2023", "wichura1988"};
  report_sources(r, keys, 2);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "command", "run </pre>");
  report_provenance(r, json);
  cJSON_Delete(json);
  record_destroy(record);
  picture_destroy(picture);
  plot_destroy(plot);
  return r;
}

static char *page_of(struct report *r) {
  struct text t = {0};
  assert_ok(report_html(r, &t));
  return t.data;
}

static void the_page_nests_and_closes_every_element(void **state) {
  (void)state;
  static const char *const empty[] = {"meta", "img", "br", "!DOCTYPE"};
  struct report *r = full_report();
  char *page = page_of(r), stack[64][24];
  int depth = 0;
  for (char *at = strchr(page, '<'); at; at = strchr(at, '<')) {
    bool closing = at[1] == '/';
    size_t n = strcspn(at + 1 + closing, " >/\n");
    assert_true(n > 0 && n < 24);
    char name[24];
    memcpy(name, at + 1 + closing, n);
    name[n] = '\0';
    char *end = at;
    for (bool quoted = false; quoted || *end != '>'; end++) {
      assert_true(*end != '\0');
      quoted ^= *end == '"';
    }
    bool is_empty = end[-1] == '/';
    for (size_t i = 0; i < 4; i++) is_empty |= strcmp(name, empty[i]) == 0;
    if (closing) {
      assert_true(depth > 0);
      assert_string_equal(stack[--depth], name);
    } else if (!is_empty) {
      assert_true(depth < 64);
      memcpy(stack[depth++], name, n + 1);
    }
    at = end;
  }
  assert_int_equal(depth, 0);
  free(page);
  report_destroy(r);
}

static void nothing_is_fetched_and_nothing_runs(void **state) {
  (void)state;
  struct report *r = full_report();
  char *page = page_of(r);
  assert_non_null(strstr(page, "default-src 'none'"));
  assert_null(strstr(page, "<script"));
  assert_null(strstr(page, "<link"));
  assert_null(strstr(page, "src=\"http"));
  assert_null(strstr(page, "url("));
  assert_null(strstr(page, "@import"));
  assert_non_null(strstr(page, "&lt;script&gt;"));
  assert_non_null(strstr(page, "prefers-color-scheme:dark"));
  assert_non_null(strstr(page, "@media print"));
  free(page);
  report_destroy(r);
}

static void the_worst_finding_comes_first(void **state) {
  (void)state;
  struct report *r = full_report();
  char *page = page_of(r);
  const char *stop = strstr(page, "Left side"), *caution = strstr(page, "Density changes by");
  const char *note = strstr(page, "Calibrated by the tissues"),
             *good = strstr(page, "evenly spaced");
  assert_true(stop && caution && note && good);
  assert_true(stop < caution && caution < note && note < good);
  free(page);
  report_destroy(r);
}

static void a_withheld_number_is_said_and_never_a_zero(void **state) {
  (void)state;
  struct report *r = full_report();
  char *page = page_of(r);
  assert_non_null(strstr(page, "withheld: metal within 80 mm of the head"));
  assert_null(strstr(page, "nan"));
  assert_null(strstr(page, ">0 <span class=\"unit\">N"));
  free(page);
  report_destroy(r);
}

static void numbers_carry_the_digits_of_their_interval(void **state) {
  (void)state;
  const struct {
    double value, half_width;
    const char *text;
  } cases[] = {{287.4321, 19.3, "287"},
               {287.4321, 1.93, "287.4"},
               {246.0219, 0.07, "246.0"},
               {287.4321, NAN, "287.4"},
               {0.0123456, NAN, "0.01235"},
               {91234, NAN, "91234"},
               {NAN, NAN, "withheld"},
               {3241.7, 600, "3242"},
               {1.5e-9, NAN, "1.5e-09"},
               {-12.34, 0.5, "-12.34"},
               {0, NAN, "0"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[32];
    report_number(text, cases[i].value, cases[i].half_width);
    assert_string_equal(text, cases[i].text);
  }
}

static void keys_become_words(void **state) {
  (void)state;
  char words[96];
  report_quantity_words(words, "vbmd_trabecular");
  assert_string_equal(words, "Trabecular vBMD");
  report_quantity_words(words, "some_new_hu");
  assert_string_equal(words, "Some new HU");
  report_quantity_words(words, "csa_w"); /* a family of sections */
  assert_string_equal(words, "CSA, weighted by density");
  report_quantity_words(words, "z_superior_g");
  assert_string_equal(words, "Section modulus, upper edge, whole section");
  report_region_words(words, "femoral_neck_right");
  assert_string_equal(words, "Femoral neck, right");
}

static void a_report_is_written_whole_or_not_at_all(void **state) {
  (void)state;
  struct report *r = full_report();
  assert_fails(report_write(r, "no_such_folder/report.html", false), ST_IO, "no_such_folder");
  const char *keep = getenv("QCT_PICTURES"); /* for a look at it by eye */
  char path[512];
  snprintf(path, sizeof path, "%s/report_test_%ld.html", keep ? keep : "/tmp", (long)getpid());
  assert_ok(report_write(r, path, false));
  assert_fails(report_write(r, path, false), ST_USAGE, "--force");
  if (!keep) unlink(path);
  report_destroy(r);
}

static int times(const char *page, const char *words) {
  int n = 0;
  for (const char *at = page; (at = strstr(at, words)); at++) n++;
  return n;
}

static void a_flag_of_three_rows_stands_once_as_a_note(void **state) {
  (void)state;
  static const char *const long_flag = "slices of 3.27 mm, meant for 3 mm or less";
  struct record *record = NULL;
  struct report *r = NULL;
  assert_ok(record_create(&record, "case-1"));
  for (int i = 0; i < 3; i++) {
    char name[16];
    snprintf(name, sizeof name, "area_%d", i);
    struct measurement *m = record_add(record, "neck_right", name, 1.5, "cm2");
    measurement_flag(m, "%s", long_flag);
    measurement_flag(m, "140 kV"); /* shorter than a note */
    if (i == 1) measurement_flag(m, "the sum of two sections alone");
  }
  record_withhold(record, "neck_right", "volume", "cm3", long_flag);
  assert_ok(report_create(&r, "t", ""));
  report_measurements(r, record, NULL);
  char *page = page_of(r);
  assert_int_equal(times(page, long_flag), 2); /* the note, and the withheld row */
  assert_int_equal(times(page, "(1); 140 kV"), 3);
  assert_non_null(strstr(page, "(1); 140 kV; the sum of two sections alone</td>"));
  free(page);
  record_destroy(record);
  report_destroy(r);
}

static void powers_of_a_length_are_raised_and_names_are_not(void **state) {
  (void)state;
  struct report *r = NULL;
  assert_ok(report_create(&r, "t", ""));
  report_paragraph(r, "5 mg/cm3, 3 mm2, 2 m2; rom2, mm34, spm5 and `m2`.");
  char *page = page_of(r);
  assert_non_null(strstr(page, "<p>5 mg/cm<sup>3</sup>, 3 mm<sup>2</sup>, 2 m<sup>2</sup>; rom2, "
                               "mm34, spm5 and <code>m2</code>.</p>"));
  free(page);
  report_destroy(r);
}

static void a_withheld_headline_gives_its_first_reason(void **state) {
  (void)state;
  struct measurement m = {.value = (double)NAN, .low = (double)NAN, .high = (double)NAN};
  struct report *r = NULL;
  snprintf(m.flags, sizeof m.flags, "the bone ends 31 mm below the head; 65 mm are needed");
  assert_ok(report_create(&r, "t", ""));
  report_headline(r, "Failure load", &m, NULL);
  char *page = page_of(r);
  assert_non_null(strstr(page, ">the bone ends 31 mm below the head</div>"));
  assert_null(strstr(page, "65 mm are needed"));
  free(page);
  report_destroy(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_page_nests_and_closes_every_element),
      cmocka_unit_test(nothing_is_fetched_and_nothing_runs),
      cmocka_unit_test(the_worst_finding_comes_first),
      cmocka_unit_test(a_withheld_number_is_said_and_never_a_zero),
      cmocka_unit_test(numbers_carry_the_digits_of_their_interval),
      cmocka_unit_test(keys_become_words),
      cmocka_unit_test(a_report_is_written_whole_or_not_at_all),
      cmocka_unit_test(a_flag_of_three_rows_stands_once_as_a_note),
      cmocka_unit_test(powers_of_a_length_are_raised_and_names_are_not),
      cmocka_unit_test(a_withheld_headline_gives_its_first_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
