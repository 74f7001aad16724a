// CSV in and out (RFC 4180 and what spreadsheets make of it), records, the wide form.
#include "tests/folder.h" /* first */

#include "core/csv.h"
#include "core/file.h"
#include "core/table.h"

static void quotes_line_breaks_and_separators_inside_cells_survive(void **state) {
  (void)state;
  const char data[] = "\xEF\xBB\xBF"
                      "a,b\r\n\"x, \"\"y\"\"\",\"two\r\nlines\"\r\n\r\nlast,\r\n";
  struct csv c;
  assert_ok(csv_parse(&c, data, sizeof data - 1, "test"));
  assert_int_equal(c.rows, 3);
  assert_int_equal(c.columns, 2);
  assert_string_equal(csv_cell(&c, 0, 0), "a");
  assert_string_equal(csv_cell(&c, 1, 0), "x, \"y\"");
  assert_string_equal(csv_cell(&c, 1, 1), "two\r\nlines");
  assert_string_equal(csv_cell(&c, 2, 1), "");
  csv_free(&c);
}

static void semicolons_and_tabs_are_recognised(void **state) {
  (void)state;
  const char *texts[2] = {"a;b;\"c,d,e,f\"\n1;2;3\n", "a\tb\tc\n1\t2\t3"};
  for (int i = 0; i < 2; i++) {
    struct csv c;
    assert_ok(csv_parse(&c, texts[i], strlen(texts[i]), "test"));
    assert_int_equal(c.columns, 3);
    assert_string_equal(csv_cell(&c, 1, 2), "3");
    csv_free(&c);
  }
}

static void broken_csv_is_refused_with_its_line(void **state) {
  (void)state;
  struct csv c;
  const char ragged[] = "a,b\n1,2\n1,2,3\n", open[] = "a,b\n1,\"2\n", zero[] = "a\0b";
  assert_fails(csv_parse(&c, ragged, sizeof ragged - 1, "t"), ST_FORMAT, "line 3 has 3 cells");
  assert_fails(csv_parse(&c, open, sizeof open - 1, "t"), ST_FORMAT, "line 2 is never closed");
  assert_fails(csv_parse(&c, "a,\"b\"c", 6, "t"), ST_FORMAT, "after a closing quote");
  assert_fails(csv_parse(&c, zero, 3, "t"), ST_FORMAT, "zero byte at offset 1");
  assert_fails(csv_parse(&c, "", 0, "t"), ST_FORMAT, "empty");
}

static void only_decimals_are_numbers(void **state) {
  (void)state;
  double x;
  assert_true(csv_number(&x, "-1.5e-3") && x == -1.5e-3);
  assert_true(csv_number(&x, "+.5 ") && x == 0.5);
  assert_true(csv_number(&x, "007") && x == 7);
  assert_true(csv_number(&x, "5.") && x == 5);
  assert_true(csv_number(&x, "NA") && isnan(x));
  assert_false(csv_number(&x, "0x10"));
  assert_false(csv_number(&x, "1,5"));
  assert_false(csv_number(&x, "1 2"));
  assert_false(csv_number(&x, "-"));
  assert_false(csv_number(&x, "e5"));
  assert_false(csv_number(&x, "nanometre"));
}

static void a_table_comes_back_with_units_and_missing_values(void **state) {
  (void)state;
  struct table *t = NULL;
  const char *path = in_folder("t.csv");
  assert_ok(table_create(&t, 2));
  assert_ok(table_add_column(t, "case", "", false));
  assert_ok(table_add_column(t, "vbmd", "mg/cm3", true));
  assert_ok(table_set_text(t, 0, 0, "a, \"b\""));
  t->columns[1].numbers[0] = 0.1 + 0.2;
  assert_fails(table_add_column(t, "vbmd", "", true), ST_DOMAIN, "one of that name");
  assert_ok(table_write(t, path, false));
  table_destroy(t);
  char *text;
  size_t length;
  assert_ok(file_read(&text, &length, path, 0));
  assert_string_equal(text, "case,vbmd [mg/cm3]\n\"a, \"\"b\"\"\",0.30000000000000004\n,\n");
  free(text);
  assert_ok(table_read(&t, path));
  assert_string_equal(t->columns[1].unit, "mg/cm3");
  assert_true(t->columns[1].numeric && !t->columns[0].numeric);
  assert_near(t->columns[1].numbers[0], 0.1 + 0.2, 0);
  assert_true(isnan(t->columns[1].numbers[1]));
  assert_string_equal(t->columns[0].texts[0], "a, \"b\"");
  table_destroy(t);
}

/* Cut, two long names could become one, or the name of another column. */
/* Ids of a trial keep their zeros; numbers of any other look stay numbers. */
static void codes_with_zeros_in_front_are_no_numbers(void **state) {
  (void)state;
  const char *path = in_folder("codes.csv");
  const char csv[] = "id,two,mixed,plain\n007,01,001,100\n012,02,5,200\n,03,010,300\n";
  struct table *t = NULL;
  const double *numbers = NULL;
  assert_ok(file_write(path, csv, sizeof csv - 1, true));
  assert_ok(table_read(&t, path));
  assert_false(t->columns[0].numeric);
  assert_string_equal(t->columns[0].texts[0], "007");
  for (int c = 1; c < 4; c++) assert_true(t->columns[c].numeric);
  assert_fails(table_numbers(&numbers, t, "id", "dose"), ST_DOMAIN, "codes with zeros in front");
  assert_ok(table_numbers(&numbers, t, "plain", "dose"));
  assert_near(numbers[2], 300, 0);
  table_destroy(t);
}

static void a_name_too_long_is_refused_and_not_cut(void **state) {
  (void)state;
  struct table *t = NULL;
  struct text text = {0};
  const char *path = in_folder("long.csv");
  for (int i = 0; i < 96; i++) text_append(&text, "n");
  text_append(&text, " [mm]\n1\n");
  assert_ok(file_write(path, text.data, text.length, false));
  assert_fails(table_read(&t, path), ST_FORMAT, "column 1 has a name of more than 95 bytes");
  assert_ok(file_write(path, text.data + 1, text.length - 1, true));
  assert_ok(table_read(&t, path));
  assert_int_equal(strlen(t->columns[0].name), 95);
  assert_string_equal(t->columns[0].unit, "mm");
  table_destroy(t);
  text_free(&text);
}

static struct record *some_record(const char *id, double value) {
  struct record *r = NULL;
  assert_ok(record_create(&r, id));
  struct measurement *m = record_add(r, "femoral_neck_right", "vbmd", value, "mg/cm3");
  m->low = value - 1.5;
  m->high = value + 1.5;
  m->n = 1234;
  snprintf(m->method, sizeof m->method, "planes, \"v1\"");
  measurement_flag(m, "%d kV", 140);
  measurement_flag(m, "thick slices");
  record_withhold(r, "femur_left", "stiffness", "N/mm", "metal in the scan");
  return r;
}

static void a_record_comes_back_from_csv_and_json(void **state) {
  (void)state;
  const char *names[2] = {"r.csv", "r.json"};
  for (int i = 0; i < 2; i++) {
    struct record *r = some_record("case-1", 301.25), *back = NULL;
    const char *path = in_folder(names[i]);
    assert_ok(record_write(r, path, NULL, false));
    assert_ok(record_read(&back, path));
    assert_int_equal(back->count, 2);
    const struct measurement *m = record_find(back, "femoral_neck_right", "vbmd");
    assert_non_null(m);
    assert_near(m->value, 301.25, 0);
    assert_near(m->high, 302.75, 0);
    assert_int_equal(m->n, 1234);
    assert_string_equal(m->case_id, "case-1");
    assert_string_equal(m->method, "planes, \"v1\"");
    assert_string_equal(m->flags, "140 kV; thick slices");
    m = record_find(back, "femur_left", "stiffness");
    assert_true(isnan(m->value) && m->n == -1);
    assert_string_equal(m->flags, "metal in the scan");
    record_destroy(r);
    record_destroy(back);
  }
}

static void withheld_values_are_empty_cells(void **state) {
  (void)state;
  struct record *r = some_record("c", 1);
  const char *path = in_folder("w.csv");
  assert_ok(record_write(r, path, NULL, false));
  char *text;
  size_t length;
  assert_ok(file_read(&text, &length, path, 0));
  assert_non_null(strstr(text, "case,region,quantity,value,unit,low,high,n,method,source,flags\n"));
  assert_non_null(strstr(text, "\nc,femur_left,stiffness,,N/mm,,,,,qct,metal in the scan\n"));
  free(text);
  record_destroy(r);
}

static void a_record_with_a_bad_cell_names_line_and_column(void **state) {
  (void)state;
  struct record *r = NULL;
  const char bad[] = "region,quantity,value,unit\na,b,1,mm\na,c,twelve,mm\n";
  const char *path = in_folder("bad.csv");
  assert_ok(file_write(path, bad, sizeof bad - 1, false));
  assert_fails(record_read(&r, path), ST_FORMAT, "line 3, column \"value\": \"twelve\"");
  const char headless[] = "a,b\n1,2\n", json[] = "{\"rows\": [{\"region\": 5}]}";
  assert_ok(file_write(path, headless, sizeof headless - 1, true));
  assert_fails(record_read(&r, path), ST_FORMAT, "no column \"region\"");
  assert_ok(file_write(path, json, sizeof json - 1, true));
  assert_fails(record_read(&r, path), ST_FORMAT, "\"region\" is not a text");
}

static void the_wide_form_has_one_row_a_case(void **state) {
  (void)state;
  struct record *r[3] = {some_record("b", 2), some_record("a", 1), some_record("c", 3)};
  record_add(r[1], "spine", "vbmd", 120, "mg/cm3");
  struct table *t = NULL;
  assert_ok(table_from_records(&t, (const struct record *const *)r, 3));
  assert_int_equal(t->row_count, 3);
  assert_int_equal(t->column_count, 4);
  assert_string_equal(t->columns[0].texts[0], "a");
  int neck = table_find(t, "femoral_neck_right.vbmd"), spine = table_find(t, "spine.vbmd");
  assert_near(t->columns[neck].numbers[2], 3, 0);
  assert_string_equal(t->columns[neck].unit, "mg/cm3");
  assert_true(isnan(t->columns[spine].numbers[1]));
  table_destroy(t);
  struct record *twice[2] = {r[0], r[0]};
  assert_fails(table_from_records(&t, (const struct record *const *)twice, 2), ST_FORMAT,
               "case b comes twice");
  snprintf(r[2]->rows[0].unit, sizeof r[2]->rows[0].unit, "g/cm3");
  assert_fails(table_from_records(&t, (const struct record *const *)r, 3), ST_FORMAT,
               "is in \"mg/cm3\" and, for case c, in \"g/cm3\"");
  for (int i = 0; i < 3; i++) record_destroy(r[i]);
}

static void a_cell_as_text_keeps_all_digits_of_a_number(void **state) {
  (void)state;
  const char csv[] = "id,name\n201912345,a\n201912346,\n,c\n-0.5,d\n";
  const char *path = in_folder("ids.csv");
  char number[32];
  struct table *t = NULL;
  assert_ok(file_write(path, csv, sizeof csv - 1, false));
  assert_ok(table_read(&t, path));
  assert_string_equal(table_cell(number, t, 0, 0), "201912345");
  assert_string_equal(table_cell(number, t, 0, 1), "201912346");
  assert_string_equal(table_cell(number, t, 0, 2), "");
  assert_string_equal(table_cell(number, t, 0, 3), "-0.5");
  assert_string_equal(table_cell(number, t, 1, 0), "a");
  assert_string_equal(table_cell(number, t, 1, 1), "");
  table_destroy(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_cell_as_text_keeps_all_digits_of_a_number),
      cmocka_unit_test(quotes_line_breaks_and_separators_inside_cells_survive),
      cmocka_unit_test(semicolons_and_tabs_are_recognised),
      cmocka_unit_test(broken_csv_is_refused_with_its_line),
      cmocka_unit_test(only_decimals_are_numbers),
      cmocka_unit_test(a_table_comes_back_with_units_and_missing_values),
      cmocka_unit_test(codes_with_zeros_in_front_are_no_numbers),
      cmocka_unit_test(a_name_too_long_is_refused_and_not_cut),
      cmocka_unit_test(a_record_comes_back_from_csv_and_json),
      cmocka_unit_test(withheld_values_are_empty_cells),
      cmocka_unit_test(a_record_with_a_bad_cell_names_line_and_column),
      cmocka_unit_test(the_wide_form_has_one_row_a_case),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
