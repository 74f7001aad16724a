// DICOM series written by us, broken in every way a series can be, and read back or refused.
#include "tests/core/dicom_sample.h" /* first */

#include "core/file.h"
#include "core/image.h"
#include "core/log.h"
#include "core/parallel.h"

#include <sys/stat.h>

static char warned[4096];

static void keep_warnings(void *user, enum log_level level, const char *text) {
  (void)user;
  size_t used = strlen(warned);
  if (level == LOG_WARNING) snprintf(warned + used, sizeof warned - used, "%s\n", text);
}

static int listen_in_folder(void **state) {
  log_set_sink(keep_warnings, NULL);
  return make_folder(state);
}

/* Replace the value of a text element by one of another length. */
static void set_tag(const char *path, unsigned group, unsigned element, const char *value) {
  char *data, *out;
  size_t length, n = strlen(value), padded = n + n % 2;
  assert_ok(file_read(&data, &length, path, 0));
  char *at = find_tag(data, length, group, element);
  size_t old = (size_t)(unsigned char)at[6] + ((size_t)(unsigned char)at[7] << 8);
  size_t head = (size_t)(at - data) + 8;
  out = malloc(length + padded);
  assert_non_null(out);
  memcpy(out, data, head);
  out[head - 2] = (char)(padded & 255);
  out[head - 1] = (char)(padded >> 8);
  memcpy(out + head, value, n);
  if (n % 2) out[head + n] = ' ';
  memcpy(out + head + padded, data + head + old, length - head - old);
  assert_ok(file_write(path, out, length - old + padded, true));
  free(data);
  free(out);
}

static void refused(const char *name, const char *words) {
  struct volume *v;
  assert_fails(image_read(&v, in_folder(name), NULL), ST_DOMAIN, words);
}

static void same_voxels(const struct volume *a, const struct volume *b) {
  assert_ok(geometry_match(&a->grid, "read", &b->grid, "written", 1e-6));
  int64_t n = geometry_voxels(&a->grid);
  for (int64_t i = 0; i < n; i++)
    if (a->voxels[i] != b->voxels[i] && !(isnan(a->voxels[i]) && isnan(b->voxels[i])))
      fail_msg("voxel %lld is %g, written %g", (long long)i, (double)a->voxels[i],
               (double)b->voxels[i]);
}

/* ---- round trips ---- */

/* By the technique as recorded; a trigger time tells it too. */
static void gating_by_the_heartbeat_is_read(void **state) {
  (void)state;
  struct volume *v = sample(2), *r;
  snprintf(v->acquisition.gating, sizeof v->acquisition.gating, "PROSPECTIVE");
  assert_ok(dicom_series_write(v, in_folder("gated"), NULL, true));
  assert_ok(image_read(&r, in_folder("gated"), NULL));
  assert_string_equal(r->acquisition.gating, "PROSPECTIVE");
  volume_destroy(r);
  v->acquisition.gating[0] = '\0';
  assert_ok(dicom_series_write(v, in_folder("triggered"), NULL, true));
  assert_ok(image_read(&r, in_folder("triggered"), NULL));
  assert_string_equal(r->acquisition.gating, "");
  volume_destroy(r);
  for (int n = 1; n <= 2; n++) {
    char *data;
    size_t length;
    assert_ok(file_read(&data, &length, slice_path("triggered", n), 0));
    find_tag(data, length, 0x18, 0x1020)[2] = 0x60; /* software versions become the trigger time */
    assert_ok(file_write(slice_path("triggered", n), data, length, true));
    free(data);
    set_tag(slice_path("triggered", n), 0x18, 0x1060, "350");
  }
  assert_ok(image_read(&r, in_folder("triggered"), NULL));
  assert_string_equal(r->acquisition.gating, "PHASE");
  volume_destroy(r);
  volume_destroy(v);
}

static void a_series_comes_back_as_written(void **state) {
  (void)state;
  struct volume *v = write_sample("plain", 6), *r;
  assert_ok(image_read(&r, in_folder("plain"), NULL));
  same_voxels(r, v);
  assert_int_equal(r->quantity, QUANTITY_HU);
  assert_near(r->acquisition.kvp, 120, 0);
  assert_near(r->acquisition.age_years, 71, 0);
  assert_near(r->acquisition.gantry_tilt_deg, 0, 0);
  assert_int_equal(r->acquisition.contrast, CONTRAST_NONE);
  assert_string_equal(r->acquisition.kernel, "B40f");
  assert_string_equal(r->acquisition.patient_position, "FFS");
  assert_string_equal(r->acquisition.laterality, "L");
  assert_int_equal(r->acquisition.acquired_days, 18262); /* 2020-01-01 */
  volume_destroy(v);
  volume_destroy(r);
}

static void an_oblique_series_keeps_its_place(void **state) {
  (void)state;
  struct volume *v = sample(5), *r;
  double c = cos(0.3), s = sin(0.3);
  const double d[9] = {c, -s * c, s * s, s, c * c, -s * c, 0, s, c};
  memcpy(v->grid.direction, d, sizeof d);
  assert_ok(dicom_series_write(v, in_folder("oblique"), NULL, true));
  assert_ok(image_read(&r, in_folder("oblique"), NULL));
  same_voxels(r, v);
  volume_destroy(v);
  volume_destroy(r);
}

static void order_and_names_of_files_do_not_matter(void **state) {
  (void)state;
  struct volume *v = sample(6), *r;
  struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
  o.reverse_instance_numbers = true;
  assert_ok(dicom_series_write(v, in_folder("shuffled"), &o, true));
  assert_false(rename(slice_path("shuffled", 2), in_folder("shuffled/zzz")));
  assert_false(rename(slice_path("shuffled", 5), in_folder("shuffled/A.ima")));
  assert_ok(file_write(in_folder("shuffled/volume.nii"), "not read", 8, true));
  assert_ok(image_read(&r, in_folder("shuffled"), NULL));
  same_voxels(r, v);
  volume_destroy(v);
  volume_destroy(r);
}

static void bytes_are_the_same_in_every_run(void **state) {
  (void)state;
  char first[65], second[65], other[65];
  struct volume *v = write_sample("bytes", 3);
  assert_ok(file_sha256(first, in_folder("bytes")));
  assert_ok(dicom_series_write(v, in_folder("bytes"), NULL, true));
  assert_ok(file_sha256(second, in_folder("bytes")));
  assert_string_equal(first, second);
  struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
  o.seed = 2;
  assert_ok(dicom_series_write(v, in_folder("bytes"), &o, true));
  assert_ok(file_sha256(other, in_folder("bytes")));
  assert_string_not_equal(first, other);
  volume_destroy(v);
}

static void no_data_is_written_as_padding_and_read_as_no_data(void **state) {
  (void)state;
  struct volume *v = sample(3), *r;
  v->voxels[5] = NAN;
  v->voxels[6] = -1024; /* a real value that equals the padding is moved by one */
  assert_ok(dicom_series_write(v, in_folder("padded"), NULL, true));
  assert_ok(image_read(&r, in_folder("padded"), NULL));
  assert_true(isnan(r->voxels[5]));
  assert_near((double)r->voxels[6], -1023, 0);
  assert_near((double)r->voxels[7], (double)v->voxels[7], 0);
  volume_destroy(v);
  volume_destroy(r);
}

static void padding_that_would_be_tissue_is_not_believed(void **state) {
  (void)state;
  struct volume *v = sample(2), *r;
  v->voxels[5] = NAN;
  v->voxels[100] = 40;
  assert_ok(dicom_series_write(v, in_folder("tissue"), NULL, true));
  for (int k = 1; k <= 2; k++) {
    char *data;
    size_t length;
    assert_ok(file_read(&data, &length, slice_path("tissue", k), 0));
    char *at = find_tag(data, length, 0x28, 0x0120);
    at[8] = 40;
    at[9] = 0;
    assert_ok(file_write(slice_path("tissue", k), data, length, true));
    free(data);
  }
  warned[0] = 0;
  assert_ok(image_read(&r, in_folder("tissue"), NULL));
  assert_near((double)r->voxels[100], 40, 0);
  assert_non_null(strstr(warned, "not believed"));
  volume_destroy(v);
  volume_destroy(r);
}

static void rescale_differs_from_slice_to_slice(void **state) {
  (void)state;
  struct volume *v = write_sample("rescale", 3), *r;
  set_tag(slice_path("rescale", 2), 0x28, 0x1053, "2");
  set_tag(slice_path("rescale", 2), 0x28, 0x1052, "-100.5");
  assert_ok(image_read(&r, in_folder("rescale"), NULL));
  for (int n = 0; n < 360; n++) {
    double stored = (double)v->voxels[n];
    double hu = n / 120 == 1 ? 2 * stored - 100.5 : stored;
    if (hu > -1500) assert_near((double)r->voxels[n], hu, 1e-4);
    if (hu <= -1500) assert_true(isnan(r->voxels[n]));
  }
  volume_destroy(v);
  volume_destroy(r);
}

/* 12 bits stored of 16, unsigned, with rubbish in the upper four; intercept -1024. */
static void only_the_stored_bits_count(void **state) {
  (void)state;
  struct volume *v = write_sample("bits", 1), *r;
  char *data;
  size_t length;
  const char *path = slice_path("bits", 1);
  set_tag(path, 0x28, 0x1052, "-1024");
  assert_ok(file_read(&data, &length, path, 0));
  find_tag(data, length, 0x28, 0x0101)[8] = 12;
  find_tag(data, length, 0x28, 0x0102)[8] = 11;
  find_tag(data, length, 0x28, 0x0103)[8] = 0;
  data[length - 240] = 0x34;
  data[length - 239] = (char)0xf2; /* 0x234 under an overlay */
  assert_ok(file_write(path, data, length, true));
  free(data);
  assert_ok(image_read(&r, in_folder("bits"), NULL));
  assert_near((double)r->voxels[0], 0x234 - 1024, 0);
  volume_destroy(v);
  volume_destroy(r);
}

/* ---- refusals ---- */

static void a_missing_slice_is_refused_or_interpolated_on_request(void **state) {
  (void)state;
  struct volume *v = sample(6), *r;
  for (int64_t n = 0; n < 720; n++) v->voxels[n] = (float)(n / 120 * 10); /* linear along z */
  assert_ok(dicom_series_write(v, in_folder("missing"), NULL, true));
  unlink(slice_path("missing", 4));
  refused("missing", "1 slice missing: gap of 5 mm");
  struct image_read_options o = {.dicom = {.allow_gaps = true}};
  warned[0] = 0;
  assert_ok(image_read(&r, in_folder("missing"), &o));
  same_voxels(r, v);
  assert_non_null(strstr(warned, "1 of 6 slices were interpolated"));
  volume_destroy(v);
  volume_destroy(r);
}

static void duplicate_positions_are_refused_but_copies_of_a_file_are_not(void **state) {
  (void)state;
  struct volume *v = write_sample("twice", 4), *r;
  char *data;
  size_t length;
  assert_ok(file_read(&data, &length, slice_path("twice", 2), 0));
  assert_ok(file_write(in_folder("twice/copy.dcm"), data, length, true));
  free(data);
  assert_ok(image_read(&r, in_folder("twice"), NULL));
  same_voxels(r, v);
  volume_destroy(r);
  set_tag(in_folder("twice/copy.dcm"), 0x08, 0x0018, "1.2.3");
  refused("twice", "slices 2 and 3 are both at");
  struct image_read_options o = {.dicom = {.allow_gaps = true, .shear_correct = true}};
  assert_fails(image_read(&r, in_folder("twice"), &o), ST_DOMAIN, "lie where another lies");
  volume_destroy(v);
}

static void uneven_spacing_is_refused(void **state) {
  (void)state;
  struct volume *v = write_sample("uneven", 5);
  set_tag(slice_path("uneven", 3), 0x20, 0x0032, "-101.123456\\77.25\\-806.5");
  refused("uneven", "uneven spacing: a step of 3.5 mm");
  set_tag(slice_path("uneven", 3), 0x20, 0x0032, "-101.123456\\77.25\\-807.49"); /* rounding */
  struct volume *r;
  assert_ok(image_read(&r, in_folder("uneven"), NULL));
  volume_destroy(r);
  set_tag(slice_path("uneven", 3), 0x20, 0x0032, "-100.5\\77.25\\-807.5");
  refused("uneven", "0.623 mm beside the straight stack");
  volume_destroy(v);
}

/* A tilted stack of a volume that is linear in world coordinates is straightened exactly. */
static void gantry_tilt_is_refused_or_corrected_on_request(void **state) {
  (void)state;
  struct volume *v = sample(6), *r;
  const double deg = 20, c = cos(deg * acos(-1.0) / 180), s = sin(deg * acos(-1.0) / 180);
  const double d[9] = {1, 0, 0, 0, c, -s, 0, s, c}; /* slices turned about x */
  memcpy(v->grid.direction, d, sizeof d);
  for (int k = 0; k < 6; k++) { /* table steps along z: the slice origin slides along its rows */
    struct volume *one;
    char name[32];
    struct volume slice = *v;
    slice.grid.nz = 1;
    slice.grid.origin[2] = v->grid.origin[2] + 2.5 * k;
    assert_ok(volume_copy(&one, &slice));
    for (int n = 0; n < 120; n++) {
      struct vec3 w = geometry_to_world(&one->grid, vec3_make(n % 12, n / 12, 0));
      one->voxels[n] = (float)round(4 * w.y + 3 * (w.z + 812.5) - 2 * w.x);
    }
    struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
    o.seed = 7;
    snprintf(name, sizeof name, "tilt/%d", k);
    mkdir(in_folder("tilt"), 0777);
    assert_ok(dicom_series_write(one, in_folder(name), &o, true));
    char uid[32];
    snprintf(uid, sizeof uid, "1.2.3.%d", k);
    snprintf(name, sizeof name, "tilt/%d/IM0001.dcm", k);
    set_tag(in_folder(name), 0x08, 0x0018, uid);
    volume_destroy(one);
  }
  refused("tilt", "stacked at 20.00 degrees");
  struct image_read_options o = {.dicom = {.shear_correct = true}};
  assert_ok(image_read(&r, in_folder("tilt"), &o));
  assert_near(r->grid.spacing[2], 2.5 * c, 1e-6);
  assert_near(r->acquisition.gantry_tilt_deg, 20, 1e-6);
  int64_t there = 0;
  for (int64_t k = 0; k < r->grid.nz; k++)
    for (int64_t j = 0; j < r->grid.ny; j++)
      for (int64_t i = 0; i < r->grid.nx; i++) {
        double hu = (double)r->voxels[geometry_index(&r->grid, i, j, k)];
        if (isnan(hu)) continue;
        struct vec3 w = geometry_to_world(&r->grid, vec3_make((double)i, (double)j, (double)k));
        assert_near(hu, 4 * w.y + 3 * (w.z + 812.5) - 2 * w.x, 0.501); /* stored integers */
        there++;
      }
  assert_true(there >= 6 * 12 * 9); /* at most one row a slice is lost to the shift */
  volume_destroy(r);
  volume_destroy(v);
}

static void a_tilt_that_only_the_tag_states_is_refused(void **state) {
  (void)state;
  struct volume *v = write_sample("tag", 3), *r;
  for (int k = 1; k <= 3; k++) set_tag(slice_path("tag", k), 0x18, 0x1120, "-12.5");
  refused("tag", "-12.50 degrees that orientation and positions do not show");
  struct image_read_options o = {.dicom = {.shear_correct = true}};
  assert_fails(image_read(&r, in_folder("tag"), &o), ST_DOMAIN, "cannot be corrected");
  volume_destroy(v);
}

static void other_modalities_and_values_that_are_not_hu_are_refused(void **state) {
  (void)state;
  volume_destroy(write_sample("mr", 2));
  for (int k = 1; k <= 2; k++) set_tag(slice_path("mr", k), 0x08, 0x0060, "MR");
  refused("mr", "the modality is MR");
  volume_destroy(write_sample("raw", 2));
  set_tag(slice_path("raw", 2), 0x28, 0x1053, "");
  refused("raw", "slice 2 of 2 states no rescale");
  volume_destroy(write_sample("us", 2));
  set_tag(slice_path("us", 1), 0x28, 0x1054, "US");
  refused("us", "rescales to \"US\"");
  volume_destroy(write_sample("scout", 2));
  for (int k = 1; k <= 2; k++)
    set_tag(slice_path("scout", k), 0x08, 0x0008, "ORIGINAL\\PRIMARY\\LOCALIZER");
  refused("scout", "localizer");
}

static void slices_that_do_not_belong_together_are_refused(void **state) {
  (void)state;
  volume_destroy(write_sample("kernel", 3));
  set_tag(slice_path("kernel", 3), 0x18, 0x1210, "B70f");
  refused("kernel", "\"B40f\" and \"B70f\"");
  volume_destroy(write_sample("kv", 3));
  set_tag(slice_path("kv", 3), 0x18, 0x0060, "80");
  refused("kv", "120 and 80 kV");
  volume_destroy(write_sample("pixel", 3));
  set_tag(slice_path("pixel", 2), 0x28, 0x0030, "0.9\\0.9");
  refused("pixel", "different size");
  volume_destroy(write_sample("turned", 3));
  set_tag(slice_path("turned", 2), 0x20, 0x0037, "1\\0\\0\\0\\0.9999\\0.01414");
  refused("turned", "turned by 0.81 degrees");
}

static void numbers_that_are_none_are_missing(void **state) {
  (void)state;
  volume_destroy(write_sample("nan", 3));
  set_tag(slice_path("nan", 2), 0x20, 0x0032, "nan\\0\\0");
  refused("nan", "states no position");
  volume_destroy(write_sample("zero", 3));
  for (int k = 1; k <= 3; k++) set_tag(slice_path("zero", k), 0x28, 0x0030, "0\\0");
  refused("zero", "states no pixel spacing");
  volume_destroy(write_sample("huge", 3));
  set_tag(slice_path("huge", 3), 0x20, 0x0032, "0\\0\\1e300");
  struct volume *r;
  assert_int_equal(image_read(&r, in_folder("huge"), NULL), ST_DOMAIN);
}

static void of_several_series_the_largest_axial_ct_is_taken(void **state) {
  (void)state;
  struct volume *small = sample(3), *large = sample(5), *r;
  struct dicom_folder *f;
  struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
  char why[512];
  mkdir(in_folder("study"), 0777);
  assert_ok(dicom_series_write(small, in_folder("study/a"), &o, true));
  o.seed = 2;
  assert_ok(dicom_series_write(large, in_folder("study/b"), &o, true));
  o.seed = 3;
  assert_ok(dicom_series_write(large, in_folder("study/pt"), &o, true));
  for (int k = 1; k <= 5; k++) set_tag(slice_path("study/pt", k), 0x08, 0x0060, "PT");
  assert_ok(dicom_folder_scan(&f, in_folder("study")));
  assert_int_equal(f->count, 3);
  const struct dicom_series *s = dicom_folder_choose(f, NULL, why);
  assert_non_null(s);
  assert_int_equal(s->files, 5);
  assert_string_equal(s->acquisition.modality, "CT");
  assert_ptr_equal(dicom_folder_choose(f, s->uid, why), s);
  assert_ptr_equal(dicom_folder_choose(f, s->uid + strlen(s->uid) - 12, why), s);
  assert_null(dicom_folder_choose(f, "2.25.", why));
  assert_non_null(strstr(why, "3 of the 3"));
  assert_ptr_equal(dicom_folder_choose(f, "#2", why), &f->series[1]);
  assert_null(dicom_folder_choose(f, "#4", why));
  dicom_folder_destroy(f);
  assert_ok(image_read(&r, in_folder("study"), NULL));
  same_voxels(r, large);
  volume_destroy(r);
  volume_destroy(small);
  volume_destroy(large);
}

static void names_and_dates_reach_no_message(void **state) {
  (void)state;
  struct volume *v = sample(3), *r;
  struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
  struct dicom_folder *f;
  o.patient_name = "PLANTED^NAME";
  o.patient_id = "PLANTED-ID";
  o.birth_date = "19510203";
  o.series_description = "PLANTED";
  assert_ok(dicom_series_write(v, in_folder("phi"), &o, true));
  cut_file(slice_path("phi", 1), 2);
  assert_int_equal(image_read(&r, in_folder("phi"), NULL), ST_DOMAIN);
  assert_null(strstr(status_message(), "PLANTED"));
  assert_null(strstr(status_message(), "1951"));
  assert_ok(dicom_folder_scan(&f, in_folder("phi")));
  assert_null(strstr(f->series[0].problem_text, "PLANTED"));
  dicom_folder_destroy(f);
  volume_destroy(v);
}

static void what_a_series_cannot_hold_is_not_written(void **state) {
  (void)state;
  struct volume *v = sample(2);
  struct dicom_write_options o = DICOM_WRITE_DEFAULTS;
  assert_ok(dicom_series_write(v, in_folder("kept"), NULL, false));
  assert_fails(dicom_series_write(v, in_folder("kept"), NULL, false), ST_USAGE, "--force");
  assert_ok(file_write(in_folder("kept/notes.txt"), "mine", 4, true));
  assert_fails(dicom_series_write(v, in_folder("kept"), NULL, true), ST_USAGE, "another folder");
  v->voxels[7] = 40000;
  assert_fails(dicom_series_write(v, in_folder("big"), NULL, true), ST_DOMAIN, "40000 HU");
  v->voxels[7] = 0;
  o.padding = 0;
  assert_fails(dicom_series_write(v, in_folder("big"), &o, true), ST_DOMAIN, "tissue");
  v->quantity = QUANTITY_DENSITY;
  assert_fails(dicom_series_write(v, in_folder("big"), NULL, true), ST_DOMAIN, "density");
  assert_false(file_exists(in_folder("big")));
  volume_destroy(v);
}

static void threads_do_not_change_the_volume(void **state) {
  (void)state;
  struct volume *v = write_sample("threads", 40), *r;
  for (int t = 1; t <= 4; t += 3) {
    parallel_set_threads(t);
    assert_ok(image_read(&r, in_folder("threads"), NULL));
    same_voxels(r, v);
    volume_destroy(r);
  }
  parallel_set_threads(0);
  volume_destroy(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gating_by_the_heartbeat_is_read),
      cmocka_unit_test(a_series_comes_back_as_written),
      cmocka_unit_test(an_oblique_series_keeps_its_place),
      cmocka_unit_test(order_and_names_of_files_do_not_matter),
      cmocka_unit_test(bytes_are_the_same_in_every_run),
      cmocka_unit_test(no_data_is_written_as_padding_and_read_as_no_data),
      cmocka_unit_test(padding_that_would_be_tissue_is_not_believed),
      cmocka_unit_test(rescale_differs_from_slice_to_slice),
      cmocka_unit_test(only_the_stored_bits_count),
      cmocka_unit_test(a_missing_slice_is_refused_or_interpolated_on_request),
      cmocka_unit_test(duplicate_positions_are_refused_but_copies_of_a_file_are_not),
      cmocka_unit_test(uneven_spacing_is_refused),
      cmocka_unit_test(gantry_tilt_is_refused_or_corrected_on_request),
      cmocka_unit_test(a_tilt_that_only_the_tag_states_is_refused),
      cmocka_unit_test(other_modalities_and_values_that_are_not_hu_are_refused),
      cmocka_unit_test(slices_that_do_not_belong_together_are_refused),
      cmocka_unit_test(numbers_that_are_none_are_missing),
      cmocka_unit_test(of_several_series_the_largest_axial_ct_is_taken),
      cmocka_unit_test(names_and_dates_reach_no_message),
      cmocka_unit_test(what_a_series_cannot_hold_is_not_written),
      cmocka_unit_test(threads_do_not_change_the_volume),
  };
  return cmocka_run_group_tests(tests, listen_in_folder, remove_folder);
}
