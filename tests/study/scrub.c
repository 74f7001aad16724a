// Messages without paths: whatever a scan's folder and files are called, none of it stays.
#define _DEFAULT_SOURCE /* mkdtemp */
#include "study/scrub.h"
#include "core/file.h"
#include "tests/check.h"

static void check(const char *message, const char *path, const char *expected) {
  char text[512];
  snprintf(text, sizeof text, "%s", message);
  scrub_path(text, sizeof text, path, "ct");
  assert_string_equal(text, expected);
}

static void a_path_becomes_its_role(void **state) {
  (void)state;
  check("cannot read \"/data/DOE JANE/ct\": no such file", "/data/DOE JANE/ct",
        "cannot read \"<ct>\": no such file");
}

static void a_file_below_the_path_goes_with_it(void **state) {
  (void)state;
  check("/data/x/DOE JANE 1.dcm: cut short", "/data/x", "<ct>: cut short");
  check("reading /data/x/a/b.dcm, then nothing", "/data/x", "reading <ct>, then nothing");
}

static void the_last_part_alone_goes_too(void **state) {
  (void)state;
  check("DOE_JANE.nii.gz: cut short", "/data/DOE_JANE.nii.gz", "<ct>: cut short");
}

static void the_side_file_and_the_raw_data_go_too(void **state) {
  (void)state;
  check("DOE JANE/ct.json: a label map", "DOE JANE/ct.nii.gz", "<ct>: a label map");
  check("reading /data/DOE_JANE.json", "/data/DOE_JANE.nii.gz", "reading <ct>");
  check("DOE_JANE.raw is cut short", "/data/DOE_JANE.mhd", "<ct> is cut short");
  check("the scan of the scan.", "/data/scan.nii", "the scan of the scan.");
}

static void what_else_lies_in_its_folder_goes_too(void **state) {
  (void)state;
  char text[128] = "no file /data/DOE/other.img: gone; data are missing";
  scrub_folder(text, sizeof text, "/data/DOE/ct.nii");
  assert_string_equal(text, "no file <file beside it>: gone; data are missing");
  scrub_folder(text, sizeof text, "ct.nii"); /* no folder is named */
  scrub_folder(text, sizeof text, NULL);
  assert_string_equal(text, "no file <file beside it>: gone; data are missing");
}

static void a_word_that_only_holds_the_name_stays(void **state) {
  (void)state;
  check("section 4 of the ct", "/data/ct", "section 4 of the <ct>");
  check("instruct", "/data/ct", "instruct");
}

static void names_of_files_in_the_folder_become_numbers(void **state) {
  (void)state;
  char folder[] = "scrub-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/DOE_1", folder);
  assert_ok(file_write(path, "x", 1, true));
  check("slice DOE_1 lies twice", folder, "slice <file 1> lies twice");
  remove(path);
  rmdir(folder);
}

static void no_path_changes_nothing(void **state) {
  (void)state;
  check("all well", NULL, "all well");
  check("all well", "", "all well");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_path_becomes_its_role),
      cmocka_unit_test(a_file_below_the_path_goes_with_it),
      cmocka_unit_test(the_last_part_alone_goes_too),
      cmocka_unit_test(the_side_file_and_the_raw_data_go_too),
      cmocka_unit_test(what_else_lies_in_its_folder_goes_too),
      cmocka_unit_test(a_word_that_only_holds_the_name_stays),
      cmocka_unit_test(names_of_files_in_the_folder_become_numbers),
      cmocka_unit_test(no_path_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
