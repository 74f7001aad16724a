/* Each planted fault is the one that reading the folder names. */
#include "tests/check.h"

#include "core/file.h"
#include "core/itk_dicom.h"
#include "phantom/fault.h"

static const char *const folder = "fault_series";

static void write_series(void) {
  struct geometry g = geometry_make(64, 64, 12, 1, 1, 2);
  struct volume *v = NULL;
  struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
  char command[256];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  assert_int_equal(system(command), 0);
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t i = 0; i < geometry_voxels(&g); i++) v->voxels[i] = (float)(i % 100);
  snprintf(v->acquisition.modality, sizeof v->acquisition.modality, "CT");
  v->acquisition.kvp = 120;
  v->acquisition.slice_thickness_mm = 2;
  assert_ok(dicom_series_write(v, folder, &o, true));
  volume_destroy(v);
}

/* Problems of the largest series, and how many series there are. */
static unsigned problems_with(enum phantom_fault fault, size_t *series) {
  struct dicom_folder *f = NULL;
  write_series();
  assert_ok(phantom_fault_plant(folder, fault));
  assert_ok(dicom_folder_scan(&f, folder));
  unsigned problems = 0;
  int most = 0;
  *series = f->count;
  for (size_t i = 0; i < f->count; i++)
    if (f->series[i].files > most) {
      most = f->series[i].files;
      problems = f->series[i].problems;
    }
  dicom_folder_destroy(f);
  return problems;
}

static void each_fault_is_named_by_the_reader(void **state) {
  (void)state;
  size_t series;
  assert_int_equal(problems_with(FAULT_NONE, &series), 0);
  assert_int_equal(problems_with(FAULT_SHUFFLED, &series), 0);
  assert_true(problems_with(FAULT_MISSING_SLICE, &series) & DICOM_MISSING_SLICE);
  assert_true(problems_with(FAULT_GAP, &series) & DICOM_MISSING_SLICE);
  assert_true(problems_with(FAULT_DUPLICATE_SLICE, &series) & DICOM_DUPLICATE_POSITION);
  assert_true(problems_with(FAULT_TRUNCATED_FILE, &series) &
              (DICOM_TRUNCATED | DICOM_UNDECODABLE | DICOM_MISSING_SLICE));
  assert_true(problems_with(FAULT_WRONG_MODALITY, &series) & DICOM_NOT_CT);
  assert_int_equal(series, 1);
}

static void other_series_are_kept_apart(void **state) {
  (void)state;
  size_t series;
  assert_int_equal(problems_with(FAULT_MIXED_SERIES, &series), 0);
  assert_int_equal(series, 2);
  assert_int_equal(problems_with(FAULT_FOREIGN_FILE, &series), 0);
  assert_int_equal(series, 1);
}

static void a_folder_with_few_slices_is_refused(void **state) {
  (void)state;
  assert_int_equal(system("rm -rf fault_few && mkdir fault_few && touch fault_few/a"), 0);
  assert_fails(phantom_fault_plant("fault_few", FAULT_GAP), ST_DOMAIN, "1 slices, at least 8");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_fault_is_named_by_the_reader),
      cmocka_unit_test(other_series_are_kept_apart),
      cmocka_unit_test(a_folder_with_few_slices_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
