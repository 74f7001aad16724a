// labels: data
// Real DICOM files of other people: voxel sums as ITK 5 with GDCM read them, positions as published
// by the repositories the files come from (table in data/README.md of the shared folder).
#include "core/file.h"
#include "core/image.h"
#include "tests/check.h"

static const char *edge(const char *name) {
  char path[512];
  snprintf(path, sizeof path, "data/dicom_edge/%s", name);
  return shared_path(path);
}

struct extent {
  double lowest, highest, sum;
  int64_t no_data;
};

/* With no data counted as the padding value. */
static struct extent extent_of(const struct volume *v, double padding) {
  struct extent e = {INFINITY, -INFINITY, 0, 0};
  int64_t n = geometry_voxels(&v->grid);
  for (int64_t i = 0; i < n; i++) {
    double hu = isnan(v->voxels[i]) ? padding : (double)v->voxels[i];
    e.no_data += isnan(v->voxels[i]);
    e.lowest = fmin(e.lowest, hu);
    e.highest = fmax(e.highest, hu);
    e.sum += hu;
  }
  return e;
}

static struct volume *read_edge(const char *name) {
  struct volume *v;
  assert_ok(image_read(&v, edge(name), NULL));
  return v;
}

static void refused(const char *name, status code, const char *words) {
  struct volume *v;
  assert_fails(image_read(&v, edge(name), NULL), code, words);
}

#define SYNTAX(name) "transfer_syntaxes/CTImage.dcm_" name ".dcm"

static void lossless(const char *name) {
  struct volume *v = read_edge(name);
  struct extent e = extent_of(v, -3024);
  assert_near(e.lowest, -3024, 0);
  assert_near(e.highest, 1378, 0);
  assert_near(e.sum, -248794693, 0);
  assert_int_equal(e.no_data, 55772);
  assert_int_equal(v->acquisition.lossy, 0);
  volume_destroy(v);
}

/* Lossy codecs move the padding as well, which is no data here: the rest is compared, within what
 * the codec may do to it (mean of a voxel in HU). */
static void lossy(const char *name, double mean_error_hu) {
  struct volume *v = read_edge(name),
                *truth =
                    read_edge(SYNTAX("LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1"));
  double sum = 0;
  int64_t n = 0;
  for (int i = 0; i < 512 * 512; i++) {
    if (isnan(truth->voxels[i]) || isnan(v->voxels[i])) continue;
    sum += fabs((double)v->voxels[i] - (double)truth->voxels[i]);
    n++;
  }
  assert_true(n > 206000);
  assert_true(sum / (double)n < mean_error_hu);
  assert_int_equal(v->acquisition.lossy, 1);
  volume_destroy(v);
  volume_destroy(truth);
}

#define LOSSLESS(test, name)                                                                       \
  static void test(void **state) {                                                                 \
    (void)state;                                                                                   \
    lossless(SYNTAX(name));                                                                        \
  }
#define LOSSY(test, name, error)                                                                   \
  static void test(void **state) {                                                                 \
    (void)state;                                                                                   \
    lossy(SYNTAX(name), error);                                                                    \
  }

LOSSLESS(implicit_little_endian, "LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2")
LOSSLESS(explicit_little_endian, "LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1")
LOSSLESS(explicit_big_endian, "BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2")
LOSSLESS(deflated, "DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99")
LOSSLESS(rle, "RLELosslessTransferSyntax_1.2.840.10008.1.2.5")
LOSSLESS(jpeg_process_14, "JPEGProcess14TransferSyntax_1.2.840.10008.1.2.4.57")
LOSSLESS(jpeg_process_14_first_order, "JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70")
LOSSLESS(jpeg_ls_lossless, "JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80")
LOSSLESS(jpeg_2000_lossless, "JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90")
LOSSY(jpeg_2000_lossy, "JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91", 5)
LOSSY(jpeg_ls_lossy, "JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81", 5)
LOSSY(jpeg_12_bit, "JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51", 20)
LOSSY(jpeg_12_bit_spectral, "JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53", 20)
LOSSY(jpeg_12_bit_progressive, "JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55", 20)
LOSSY(jpeg_8_bit, "JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50", 40)

static void fragments_without_offset_table_are_values_of_no_stated_unit(void **state) {
  (void)state;
  refused("transfer_syntaxes/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm", ST_DOMAIN,
          "rescales to \"US\", not to HU");
}

static void many_slices_at_one_place_are_refused(void **state) {
  (void)state;
  refused("transfer_syntaxes", ST_DOMAIN, "slices lie where another lies");
}

static void philips_tilt(void **state) {
  (void)state;
  struct image_read_options o = {.dicom = {.shear_correct = true}};
  struct volume *v;
  refused("gantry_tilt_philips", ST_DOMAIN, "stacked at 16.50 degrees");
  assert_ok(image_read(&v, edge("gantry_tilt_philips"), &o));
  assert_near(v->grid.spacing[2], 2.397, 5e-4);
  assert_near(v->acquisition.gantry_tilt_deg, 16.5, 0.01);
  assert_int_equal(v->grid.nz, 7);
  volume_destroy(v);
}

static void ge_tilt_with_variable_spacing(void **state) {
  (void)state;
  struct image_read_options o = {.dicom = {.shear_correct = true}};
  struct volume *v;
  refused("tilt_variable_spacing_ge", ST_DOMAIN, "a step of 1.081 mm");
  refused("tilt_variable_spacing_ge", ST_DOMAIN, "stacked at 18.50 degrees");
  assert_fails(image_read(&v, edge("tilt_variable_spacing_ge"), &o), ST_DOMAIN, "uneven spacing");
  o.dicom.allow_gaps = true;
  assert_ok(image_read(&v, edge("tilt_variable_spacing_ge"), &o));
  assert_near(v->grid.spacing[2], 4, 0.005);
  volume_destroy(v);
}

static void tilt_without_a_tag(void **state) {
  (void)state;
  refused("gantry_tilt_4slices", ST_DOMAIN, "stacked at 14.00 degrees");
}

static void duplicate_positions(void **state) {
  (void)state;
  refused("duplicate_positions", ST_DOMAIN, "3 of 4 slices lie where another lies");
}

static void missing_slice(void **state) {
  (void)state;
  refused("missing_slice", ST_DOMAIN, "1 slice missing: gap of 10 mm between 28.107 and 38.107 mm");
}

static void enhanced_multiframe_geometry_comes_from_its_groups(void **state) {
  (void)state;
  struct dicom_folder *f;
  assert_ok(dicom_folder_scan(&f, edge("enhanced_multiframe")));
  assert_int_equal(f->count, 1);
  const struct dicom_series *s = f->series;
  assert_int_equal(s->grid.nz, 2);
  assert_near(s->grid.spacing[0], 0.388672, 1e-6);
  assert_near(s->grid.spacing[2], 10, 1e-6);
  /* refused for its values, not for its geometry */
  assert_int_equal(s->problems & (DICOM_MULTIFRAME | DICOM_NO_GEOMETRY), 0);
  assert_int_equal(s->problems, DICOM_NO_RESCALE);
  dicom_folder_destroy(f);
}

/* Bytes of an edge case with a change, in a file of its own. */
static const char *changed_copy(char path[64], const char *name, const void *find, const void *put,
                                size_t size, size_t drop) {
  char *data;
  size_t length, changes = 0;
  assert_ok(file_read(&data, &length, edge(name), 0));
  for (size_t i = 0; size && i + size <= length; i++)
    if (!memcmp(data + i, find, size)) {
      memcpy(data + i, put, size);
      changes++;
    }
  assert_true(changes > 0 || !size);
  snprintf(path, 64, "/tmp/qct-edge-%ld.dcm", (long)getpid());
  assert_ok(file_write(path, data, length - drop, true));
  free(data);
  return path;
}

/* The same enhanced image, stating HU: read as a volume with the rescale of each frame. */
static void enhanced_multiframe_in_hu_is_read(void **state) {
  (void)state;
  static const char us[] = "\x28\0\x54\x10LO\2\0US", hu[] = "\x28\0\x54\x10LO\2\0HU";
  char path[64];
  struct volume *v;
  assert_ok(image_read(
      &v, changed_copy(path, "enhanced_multiframe/eCT_Supplemental.dcm", us, hu, 10, 0), NULL));
  unlink(path);
  assert_int_equal(v->grid.nz, 2);
  assert_near(v->grid.spacing[2], 10, 1e-6);
  struct extent e = extent_of(v, -2000);
  assert_true(e.lowest >= -2000 && e.highest < 4096 && e.highest > 100);
  volume_destroy(v);
}

static void compressed_pixels_without_their_end_are_refused(void **state) {
  (void)state;
  char path[64];
  struct volume *v;
  changed_copy(path, SYNTAX("JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80"), "", "", 0,
               2000);
  assert_fails(image_read(&v, path, NULL), ST_DOMAIN, "compressed data of file 1 of 1 have no end");
  unlink(path);
}

static void small_ct(void **state) {
  (void)state;
  struct volume *v = read_edge("odd_and_broken/CT_small.dcm");
  struct extent e = extent_of(v, 0);
  assert_int_equal(v->grid.nx, 128);
  assert_near(e.lowest, -896, 0); /* stored 128..2191, intercept -1024 (pydicom's test file) */
  assert_near(e.highest, 1167, 0);
  assert_near(v->grid.spacing[2], 5, 0);
  volume_destroy(v);
}

static void broken_sequence_does_not_hinder(void **state) {
  (void)state;
  struct volume *v = read_edge("odd_and_broken/bad_sequence.dcm");
  struct extent e = extent_of(v, 0);
  assert_int_equal(v->grid.nx, 512);
  assert_true(e.lowest >= -1024 && e.highest < 3072);
  volume_destroy(v);
}

static void mr_is_refused_and_its_missing_bytes_are_told(void **state) {
  (void)state;
  refused("odd_and_broken/MR_truncated.dcm", ST_DOMAIN, "the modality is MR");
  refused("odd_and_broken/MR_truncated.dcm", ST_DOMAIN, "8130 of 8192 bytes");
}

static void what_is_no_ct_is_refused(void **state) {
  (void)state;
  refused("odd_and_broken/badVR.dcm", ST_DOMAIN, "the modality is RTDOSE");
  refused("odd_and_broken/image_dfl.dcm", ST_DOMAIN, "the modality is OT");
  refused("odd_and_broken/no_meta.dcm", ST_FORMAT, "no DICOM file with its meta information");
  refused("odd_and_broken/rtplan_truncated.dcm", ST_FORMAT, "claims 976 bytes, 711 are left");
}

/* ---- whole series: size, spacing and HU range as in the table ---- */

struct whole {
  const char *name;
  int64_t n[3];
  double spacing[3], lowest, highest;
  const char *position;
};

static void series_is(const struct whole *w) {
  struct volume *v;
  char path[256];
  snprintf(path, sizeof path, "data/%s/dicom", w->name);
  assert_ok(image_read(&v, shared_path(path), NULL));
  struct extent e = extent_of(v, w->lowest);
  const int64_t n[3] = {v->grid.nx, v->grid.ny, v->grid.nz};
  for (int a = 0; a < 3; a++) {
    assert_int_equal(n[a], w->n[a]);
    assert_near(v->grid.spacing[a], w->spacing[a], 1e-3);
  }
  assert_near(e.lowest, w->lowest, 0);
  assert_near(e.highest, w->highest, 0);
  assert_string_equal(v->acquisition.patient_position, w->position);
  /* axial slices, sorted upwards: the index axes are the patient's */
  for (int a = 0; a < 3; a++) assert_near(v->grid.direction[4 * a], 1, 1e-6);
  volume_destroy(v);
}

#define WHOLE(test, ...)                                                                           \
  static void test(void **state) {                                                                 \
    (void)state;                                                                                   \
    static const struct whole w = __VA_ARGS__;                                                     \
    series_is(&w);                                                                                 \
  }

WHOLE(hip_head_first,
      {"hip_right_sts044", {234, 216, 53}, {0.977, 0.977, 3.27}, -1000, 1482, "HFS"})
WHOLE(hip_feet_first,
      {"hip_right_sts046", {212, 210, 84}, {0.977, 0.977, 3.27}, -1000, 1520, "FFS"})
WHOLE(jpeg_ls_series, {"hip_left_sts029", {191, 174, 62}, {0.977, 0.977, 3.27}, -1000, 1514, "HFS"})
WHOLE(padded_series, {"abdomen_crlm1004", {512, 512, 41}, {0.797, 0.797, 5}, -3024, 1377, "FFS"})
WHOLE(jpeg_2000_overlapping_slices,
      {"abdomen_jpeg2000_totalseg", {512, 512, 20}, {0.977, 0.977, 2}, -1024, 1839, "HFS"})

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(implicit_little_endian),
      cmocka_unit_test(explicit_little_endian),
      cmocka_unit_test(explicit_big_endian),
      cmocka_unit_test(deflated),
      cmocka_unit_test(rle),
      cmocka_unit_test(jpeg_process_14),
      cmocka_unit_test(jpeg_process_14_first_order),
      cmocka_unit_test(jpeg_ls_lossless),
      cmocka_unit_test(jpeg_2000_lossless),
      cmocka_unit_test(jpeg_2000_lossy),
      cmocka_unit_test(jpeg_ls_lossy),
      cmocka_unit_test(jpeg_12_bit),
      cmocka_unit_test(jpeg_12_bit_spectral),
      cmocka_unit_test(jpeg_12_bit_progressive),
      cmocka_unit_test(jpeg_8_bit),
      cmocka_unit_test(fragments_without_offset_table_are_values_of_no_stated_unit),
      cmocka_unit_test(many_slices_at_one_place_are_refused),
      cmocka_unit_test(philips_tilt),
      cmocka_unit_test(ge_tilt_with_variable_spacing),
      cmocka_unit_test(tilt_without_a_tag),
      cmocka_unit_test(duplicate_positions),
      cmocka_unit_test(missing_slice),
      cmocka_unit_test(enhanced_multiframe_geometry_comes_from_its_groups),
      cmocka_unit_test(enhanced_multiframe_in_hu_is_read),
      cmocka_unit_test(compressed_pixels_without_their_end_are_refused),
      cmocka_unit_test(small_ct),
      cmocka_unit_test(broken_sequence_does_not_hinder),
      cmocka_unit_test(mr_is_refused_and_its_missing_bytes_are_told),
      cmocka_unit_test(what_is_no_ct_is_refused),
      cmocka_unit_test(hip_head_first),
      cmocka_unit_test(hip_feet_first),
      cmocka_unit_test(jpeg_ls_series),
      cmocka_unit_test(padded_series),
      cmocka_unit_test(jpeg_2000_overlapping_slices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
