#define _DEFAULT_SOURCE /* mkdtemp, symlink, flock */
// Which scans a cohort is made of: manifests with their names, paths and covariates; folders with
// BIDS names and DICOM files.
#include "study/manifest.h"
#include "core/file.h"
#include "study/cohort.h"
#include "tests/check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

struct fixture {
  char folder[64];
  struct cohort *cohort;
};

static const char *in(const struct fixture *f, const char *name) {
  static char path[4][256];
  static int turn;
  char *p = path[turn++ & 3];
  snprintf(p, sizeof path[0], "%s/%s", f->folder, name);
  return p;
}

static void write_file(const struct fixture *f, const char *name, const char *text) {
  assert_ok(file_write(in(f, name), text, strlen(text), true));
}

static status read_manifest(struct fixture *f, const char *text) {
  cohort_destroy(f->cohort);
  f->cohort = NULL;
  write_file(f, "scans.csv", text);
  return cohort_read(&f->cohort, in(f, "scans.csv"));
}

/* What discovery looks at of a DICOM file: four letters after the preamble. */
static void write_dicom(const struct fixture *f, const char *folder, int count) {
  char name[128], bytes[140] = {0};
  assert_ok(file_make_directory(in(f, folder)));
  memcpy(bytes + 128, "DICM", 4);
  for (int n = 0; n < count; n++) {
    snprintf(name, sizeof name, "%s/%03d", folder, n);
    snprintf(bytes + 132, 8, "%.4s%d", folder, n % 100);
    assert_ok(file_write(in(f, name), bytes, sizeof bytes, true));
  }
}

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  snprintf(f->folder, sizeof f->folder, "/tmp/qct_manifest_XXXXXX");
  *state = f;
  return mkdtemp(f->folder) ? 0 : -1;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
  cohort_destroy(f->cohort);
  free(f);
  return system(command);
}

static void cases_come_in_the_order_of_their_ids_with_their_covariates(void **state) {
  struct fixture *f = *state;
  assert_ok(read_manifest(f, "id,path,age [y],sex,mass [kg]\nb,2.nii,70,F,55.5\na,1.nii,,M,\n"));
  const struct cohort *c = f->cohort;
  assert_int_equal(c->count, 2);
  assert_string_equal(c->cases[0].id, "a");
  assert_string_equal(c->cases[1].folder, "sub-b");
  assert_string_equal(c->cases[1].ct, in(f, "2.nii"));
  assert_null(c->cases[0].labels);
  assert_near(c->cases[1].mass_kg, 55.5, 0);
  assert_true(isnan(c->cases[0].mass_kg));
  assert_int_equal(c->covariates->column_count, 3);
  assert_string_equal(c->covariates->columns[0].name, "age");
  assert_string_equal(c->covariates->columns[0].unit, "y");
  assert_true(isnan(c->covariates->columns[0].numbers[0]));
  assert_near(c->covariates->columns[0].numbers[1], 70, 0);
  assert_string_equal(c->covariates->columns[1].texts[0], "M");
}

static void a_session_makes_a_scan_of_its_own_below_the_person(void **state) {
  struct fixture *f = *state;
  struct cohort_case k;
  assert_ok(read_manifest(f, "id,session,path\nsub-P_1,ses-2,x\nP_1,1,/y\n"));
  assert_string_equal(f->cohort->cases[0].id, "P_1_ses-1");
  assert_string_equal(f->cohort->cases[1].id, "P_1_ses-2");
  assert_string_equal(f->cohort->cases[1].folder, "sub-P1/ses-2");
  assert_string_equal(f->cohort->cases[0].ct, "/y");
  assert_ok(cohort_name_case(&k, "P_1_ses-2")); /* back from the id of a table */
  assert_string_equal(k.folder, "sub-P1/ses-2");
  assert_string_equal(k.id, "P_1_ses-2");
  assert_ok(cohort_name_case(&k, "P_1"));
  assert_string_equal(k.folder, "sub-P1");
  assert_fails(cohort_name_case(&k, "../x"), ST_DOMAIN, "is none");
}

static void two_columns_of_one_meaning_are_refused(void **state) {
  struct fixture *f = *state;
  assert_fails(read_manifest(f, "id,path,path\na,x,y\n"), ST_FORMAT, "two columns are called path");
  assert_fails(read_manifest(f, "id,path,mass,Mass [kg]\na,x,60,70\n"), ST_FORMAT,
               "two columns are called Mass");
  assert_fails(read_manifest(f, "id,path,age,age\na,x,60,70\n"), ST_DOMAIN, "of that name");
}

/* A TSV knows no quotes: a line end in a remark would make a person of its rest. */
static void remarks_of_several_lines_stay_in_their_row_of_participants(void **state) {
  struct fixture *f = *state;
  struct cohort_summary summary;
  const struct cohort_options o = {.again = {"", ""}};
  char *data = NULL;
  size_t length = 0;
  cJSON *provenance = cJSON_CreateObject();
  assert_ok(
      read_manifest(f, "id,path,remark,age\na,1.nii,\"fell\ttwice,\r\nonce\",61\nb,2.nii,,\n"));
  assert_ok(file_make_directory(in(f, "status")));
  assert_ok(cohort_gather(&summary, f->cohort, f->folder, &o, provenance));
  assert_ok(file_read(&data, &length, in(f, "participants.tsv"), 0));
  assert_string_equal(
      data, "participant_id\tremark\tage\nsub-a\tfell twice,  once\t61\nsub-b\tn/a\tn/a\n");
  free(data);
  cJSON_Delete(provenance);
}

/* A program that is refused must not take the lock of the one at work away. */
static void a_shard_stays_locked_when_a_second_program_is_refused(void **state) {
  struct fixture *f = *state;
  struct cohort_summary summary;
  const struct cohort_options o = {.shard = 1, .shards = 1, .resume = true, .memory_gib = 1};
  assert_ok(read_manifest(f, "id,path\na,1.nii\n"));
  assert_ok(file_make_directory(in(f, "out/status")));
  const char *path = in(f, "out/status/shard-1-of-1.lock");
  const int lock = open(path, O_CREAT | O_RDWR, 0666);
  assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
  for (int turn = 0; turn < 3; turn++) {
    assert_fails(cohort_run(&summary, f->cohort, in(f, "out"), &o), ST_USAGE,
                 "another program is working");
    assert_true(file_exists(path));
  }
  close(lock);
}

static void columns_that_name_a_person_are_left_out(void **state) {
  struct fixture *f = *state;
  assert_ok(read_manifest(f, "id,path,Name,DOB,site\na,1.nii,Doe,1950-01-01,x\n"));
  assert_int_equal(f->cohort->covariates->column_count, 1);
  assert_string_equal(f->cohort->covariates->columns[0].name, "site");
}

static void what_is_no_manifest_is_refused_with_its_line(void **state) {
  struct fixture *f = *state;
  assert_fails(read_manifest(f, "name,path\na,x\n"), ST_FORMAT, "columns id and path");
  assert_fails(read_manifest(f, "id,path\na,\n"), ST_FORMAT, "line 2: a has no path");
  assert_fails(read_manifest(f, "id,path\na,x\n\"../b\",x\n"), ST_DOMAIN, "line 3");
  assert_fails(read_manifest(f, "id,path,mass [kg]\na,x,heavy\n"), ST_FORMAT,
               "mass \"heavy\" is no number");
  /* 150 lb would pass for kg */
  assert_fails(read_manifest(f, "id,path,mass [lb]\na,x,150\n"), ST_DOMAIN,
               "line 2: mass is in [lb]: it must be in [kg]");
  assert_fails(read_manifest(f, "id,path,height [m]\na,x,1.7\nb,x,170\n"), ST_DOMAIN,
               "line 3: height 170 m is outside the permitted range: 1 to 2.5 m");
  assert_fails(read_manifest(f, "id,path,mass\na,x,-5\n"), ST_DOMAIN, "20 to 300 kg");
  assert_fails(read_manifest(f, "id,path\na-1,x\nA1,y\n"), ST_DOMAIN, "would lie in");
  assert_fails(read_manifest(f, "id,path\n"), ST_DOMAIN, "no scan");
  assert_fails(cohort_read(&f->cohort, in(f, "none.csv")), ST_IO, "none.csv");
}

static void bids_names_give_person_session_and_labels(void **state) {
  struct fixture *f = *state;
  assert_ok(file_make_directory(in(f, "sub-02/ses-b/ct")));
  write_file(f, "sub-02/ses-b/ct/sub-02_ses-b_ct.nii.gz", "x");
  write_file(f, "sub-01_acq-hip_ct.nii", "x");
  write_file(f, "sub-01_acq-hip_dseg.nii.gz", "x");
  write_file(f, "loose.nii.gz", "x");
  write_file(f, "sub-4; rm x_ct.nii", "x"); /* would be an id of command lines */
  write_file(f, ".sub-03_ct.nii", "x");
  write_file(f, "notes.txt", "x");
  assert_ok(cohort_read(&f->cohort, f->folder));
  const struct cohort *c = f->cohort;
  assert_int_equal(c->count, 2);
  assert_string_equal(c->cases[0].id, "01_ses-acqhip");
  assert_string_equal(c->cases[0].labels, in(f, "sub-01_acq-hip_dseg.nii.gz"));
  assert_string_equal(c->cases[1].id, "02_ses-b");
  assert_string_equal(c->cases[1].folder, "sub-02/ses-b");
  assert_null(c->cases[1].labels);
  assert_int_equal(c->loose, 2);
}

static void a_folder_of_dicom_is_a_scan_called_by_its_content(void **state) {
  struct fixture *f = *state;
  char hex[65], id[64];
  write_dicom(f, "DOE^JANE", COHORT_SCOUT);
  write_dicom(f, "DOE^JANE/more", 3); /* belongs to it */
  write_dicom(f, "scout", COHORT_SCOUT - 1);
  assert_int_equal(symlink(f->folder, in(f, "again")), 0); /* a loop is not followed */
  assert_ok(cohort_read(&f->cohort, f->folder));
  assert_int_equal(f->cohort->count, 1);
  assert_ok(file_sha256(hex, in(f, "DOE^JANE/000")));
  snprintf(id, sizeof id, "case-%.8s", hex);
  assert_string_equal(f->cohort->cases[0].id, id);
  assert_string_equal(f->cohort->cases[0].ct, in(f, "DOE^JANE"));
  assert_int_equal(f->cohort->scouts, 1);
}

static void a_folder_without_scans_says_what_it_held(void **state) {
  struct fixture *f = *state;
  write_dicom(f, "scout", 2);
  write_file(f, "loose.mha", "x");
  assert_fails(cohort_read(&f->cohort, f->folder), ST_DOMAIN,
               "1 folders had fewer than 20 DICOM files, 1 image files are not named");
}

static void lists_of_ids_are_lines_or_first_columns_with_remarks(void **state) {
  struct fixture *f = *state;
  char **ids = NULL;
  size_t count = 0;
  write_file(f, "out.csv", "id,why\r\n# withdrew\nP1,moved\n\n  P2 ; x\nP3");
  assert_ok(cohort_read_ids(&ids, &count, in(f, "out.csv")));
  assert_int_equal(count, 3);
  assert_string_equal(ids[0], "P1");
  assert_string_equal(ids[1], "P2");
  assert_string_equal(ids[2], "P3");
  cohort_free_ids(ids, count);
  /* of a spreadsheet: a byte order mark, quotes */
  write_file(f, "out.csv", "\xEF\xBB\xBFP1\r\n\"P2\",\"moved\"\r\n");
  assert_ok(cohort_read_ids(&ids, &count, in(f, "out.csv")));
  assert_int_equal(count, 2);
  assert_string_equal(ids[0], "P1");
  assert_string_equal(ids[1], "P2");
  cohort_free_ids(ids, count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(cases_come_in_the_order_of_their_ids_with_their_covariates),
      TEST(a_session_makes_a_scan_of_its_own_below_the_person),
      TEST(two_columns_of_one_meaning_are_refused),
      TEST(remarks_of_several_lines_stay_in_their_row_of_participants),
      TEST(a_shard_stays_locked_when_a_second_program_is_refused),
      TEST(columns_that_name_a_person_are_left_out),
      TEST(what_is_no_manifest_is_refused_with_its_line),
      TEST(bids_names_give_person_session_and_labels),
      TEST(a_folder_of_dicom_is_a_scan_called_by_its_content),
      TEST(a_folder_without_scans_says_what_it_held),
      TEST(lists_of_ids_are_lines_or_first_columns_with_remarks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
