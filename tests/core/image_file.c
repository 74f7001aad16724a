// Image files written by us and read back by ITK, and the traps that image formats hold.
#include "tests/folder.h" /* first */

#include "core/file.h"
#include "core/image.h"
#include "core/itk_image.h"

#include <math.h>
#include <sys/stat.h>

/* ITK's NrrdIO keeps its buffers when a file turns out to be cut short. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
  return "leak:libITKNrrdIO\n";
}

/* An oblique (or mirrored) grid: proper rotation about (1,2,3) by 40 degrees. */
static struct geometry oblique(bool mirrored) {
  struct geometry g = geometry_make(7, 5, 4, 0.7, 0.8, 2.5);
  double n = sqrt(14.0), u[3] = {1 / n, 2 / n, 3 / n}, c = cos(0.7), s = sin(0.7);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      double cross = i == j ? 0 : ((j - i + 3) % 3 == 1 ? -1 : 1) * u[3 - i - j];
      g.direction[3 * i + j] = (i == j) * c + s * cross + (1 - c) * u[i] * u[j];
    }
  for (int i = 0; mirrored && i < 3; i++) g.direction[3 * i + 2] *= -1;
  g.origin[0] = -120.5, g.origin[1] = 33.25, g.origin[2] = 900.125;
  return g;
}

static struct volume *sample(struct geometry g) {
  struct volume *v;
  assert_ok(volume_create(&v, &g, QUANTITY_DENSITY));
  for (int64_t n = 0; n < geometry_voxels(&g); n++) v->voxels[n] = (float)n * 0.37f - 20;
  v->voxels[3] = NAN;
  v->material = MATERIAL_HA;
  v->acquisition.kvp = 120;
  v->acquisition.contrast = CONTRAST_NONE;
  v->acquisition.acquired_days = 12345;
  snprintf(v->acquisition.kernel, sizeof v->acquisition.kernel, "B40f");
  snprintf(v->calibration_id, sizeof v->calibration_id, "abc123");
  return v;
}

static void round_trip(const char *name, bool mirrored, double tolerance_mm) {
  struct volume *v = sample(oblique(mirrored)), *r;
  assert_ok(itk_image_write(v, in_folder(name), NULL, true));
  assert_ok(itk_image_read(&r, in_folder(name)));
  assert_ok(geometry_match(&r->grid, "read", &v->grid, "written", tolerance_mm));
  assert_memory_equal(r->voxels, v->voxels, 140 * sizeof(float));
  assert_int_equal(r->quantity, QUANTITY_DENSITY);
  assert_int_equal(r->material, MATERIAL_HA);
  assert_near(r->acquisition.kvp, 120, 0);
  assert_true(isnan(r->acquisition.exposure_mas));
  assert_string_equal(r->acquisition.kernel, "B40f");
  assert_string_equal(r->calibration_id, "abc123");
  assert_int_equal(r->acquisition.acquired_days, INT64_MIN); /* no date in files */
  volume_destroy(v);
  volume_destroy(r);
}

static void every_format_brings_back_voxels_and_geometry(void **state) {
  (void)state;
  /* NIfTI keeps its geometry in single precision, the others in text */
  static const char *const names[] = {"a.nii.gz", "b.nii", "c.nrrd", "d.mha"};
  for (int n = 0; n < 4; n++)
    for (int mirrored = 0; mirrored < 2; mirrored++)
      round_trip(names[n], mirrored, n < 2 ? 2e-4 : 1e-9);
}

static void labels_come_back_with_their_names(void **state) {
  (void)state;
  static const char *const names[] = {"l.nii.gz", "l.seg.nrrd", "l.mha"};
  for (int n = 0; n < 3; n++) {
    struct geometry g = oblique(false);
    struct labels *l, *r;
    assert_ok(labels_create(&l, &g));
    for (int i = 0; i < 140; i++) l->voxels[i] = (uint16_t)(i % 3 ? 0 : 60000 + i);
    assert_ok(labels_set_name(l, 60003, "femur_left"));
    assert_ok(itk_labels_write(l, in_folder(names[n]), NULL, true));
    if (n == 1) unlink(in_folder("l.json")); /* Slicer's fields alone */
    assert_ok(itk_labels_read(&r, in_folder(names[n])));
    assert_memory_equal(r->voxels, l->voxels, 280);
    assert_string_equal(labels_name(r, 60003), "femur_left");
    labels_destroy(l);
    labels_destroy(r);
  }
}

static void a_label_map_must_hold_integers(void **state) {
  (void)state;
  struct volume *v = sample(oblique(false));
  struct labels *l;
  v->voxels[3] = 2;
  v->voxels[0] = 1.5f;
  assert_ok(itk_image_write(v, in_folder("f.nii.gz"), NULL, true));
  assert_fails(itk_labels_read(&l, in_folder("f.nii.gz")), ST_DOMAIN, "voxel 0 holds 1.5");
  volume_destroy(v);
}

static void nothing_is_overwritten_without_force(void **state) {
  (void)state;
  struct volume *v = sample(oblique(false));
  assert_ok(itk_image_write(v, in_folder("g.nrrd"), NULL, true));
  assert_fails(itk_image_write(v, in_folder("g.nrrd"), NULL, false), ST_USAGE, "--force");
  assert_fails(itk_image_write(v, in_folder("g.png"), NULL, false), ST_USAGE, ".nii.gz");
  volume_destroy(v);
}

static void a_sibling_nii_is_never_read_in_place_of_nii_gz(void **state) {
  (void)state;
  struct volume *v = sample(oblique(false)), *r;
  assert_ok(itk_image_write(v, in_folder("twin.nii"), NULL, true));
  assert_fails(itk_image_read(&r, in_folder("twin.nii.gz")), ST_IO, "twin.nii.gz");
  v->voxels[0] = 4711;
  assert_ok(itk_image_write(v, in_folder("twin.nii.gz"), NULL, true));
  assert_ok(itk_image_read(&r, in_folder("twin.nii.gz")));
  assert_near((double)r->voxels[0], 4711, 0);
  volume_destroy(r);
  assert_ok(itk_image_read(&r, in_folder("twin.nii")));
  assert_near((double)r->voxels[0], -20, 1e-6);
  volume_destroy(r);
  volume_destroy(v);
}

static void side_files_of_other_programs_are_left_alone(void **state) {
  (void)state;
  struct volume *v = sample(oblique(false)), *r;
  const char bids[] = "{\"Modality\": \"CT\", \"quantity\": 5}";
  assert_ok(itk_image_write(v, in_folder("bids.nii.gz"), NULL, true));
  assert_ok(file_write(in_folder("bids.json"), bids, sizeof bids - 1, true));
  assert_ok(itk_image_read(&r, in_folder("bids.nii.gz")));
  assert_int_equal(r->quantity, QUANTITY_UNKNOWN);
  volume_destroy(r);
  volume_destroy(v);
}

static void a_side_file_in_another_unit_is_refused(void **state) {
  (void)state;
  struct volume *v = sample(oblique(false)), *r;
  const char grams[] = "{\"format\": \"qct-image\", \"quantity\": \"density\", \"unit\": "
                       "\"g/cm3\", \"material\": \"HA\"}";
  assert_ok(itk_image_write(v, in_folder("grams.nii.gz"), NULL, true));
  assert_ok(file_write(in_folder("grams.json"), grams, sizeof grams - 1, true));
  assert_fails(itk_image_read(&r, in_folder("grams.nii.gz")), ST_FORMAT,
               "density in \"g/cm3\"; its voxels must be in mg/cm3");
  volume_destroy(v);
}

/* Take a written file, change bytes at a place or cut it, write it under another name. */
static const char *damaged(const char *from, const char *to, size_t at, const void *bytes,
                           size_t count, size_t keep) {
  char *data;
  size_t length;
  assert_ok(file_read(&data, &length, in_folder(from), 0));
  if (count) memcpy(data + at, bytes, count);
  assert_ok(file_write(in_folder(to), data, keep && keep < length ? keep : length, true));
  free(data);
  return in_folder(to);
}

static void broken_files_are_refused(void **state) {
  (void)state;
  struct volume *v = sample(geometry_make(20, 20, 20, 1, 1, 1)), *r;
  assert_ok(itk_image_write(v, in_folder("whole.nii"), NULL, true));
  assert_ok(itk_image_write(v, in_folder("whole.nii.gz"), NULL, true));
  assert_ok(itk_image_write(v, in_folder("whole.nrrd"), NULL, true));
  assert_ok(itk_image_write(v, in_folder("whole.mha"), NULL, true));
  static const char *const names[] = {"nii", "nii.gz", "nrrd", "mha"};
  for (int n = 0; n < 4; n++) {
    char whole[32], cut[32];
    snprintf(whole, sizeof whole, "whole.%s", names[n]);
    snprintf(cut, sizeof cut, "cut.%s", names[n]);
    status st = itk_image_read(&r, damaged(whole, cut, 0, "", 0, 3000));
    if (st == ST_OK) fail_msg("%s cut at 3000 bytes was read", names[n]);
  }
  const float sheared = 0.5f;
  const int16_t four_d[] = {4, 20, 20, 10, 2};
  assert_fails(itk_image_read(&r, damaged("whole.nii", "s.nii", 280 + 4, &sheared, 4, 0)),
               ST_DOMAIN, "orthonormal");
  /* ITK's search for singular values does not end on these */
  const float huge = 1.7e38f;
  assert_fails(itk_image_read(&r, damaged("whole.nii", "h.nii", 280 + 12, &huge, 4, 0)), ST_DOMAIN,
               "puts the first voxel 1.7e+38 mm along axis 0");
  assert_fails(itk_image_read(&r, damaged("whole.nii", "h.nii", 280 + 20, &huge, 4, 0)), ST_DOMAIN,
               "column 1 of its sform gives voxels of 1.7e+38 mm, permitted is 1e-06 to 1e+06");
  assert_fails(itk_image_read(&r, damaged("whole.nii", "h.nii", 280, (const float[1]){0}, 4, 0)),
               ST_DOMAIN, "column 0 of its sform gives voxels of 0 mm");
  assert_fails(itk_image_read(&r, damaged("whole.nii", "t.nii", 40, four_d, 10, 0)), ST_DOMAIN,
               "2 volumes");
  const int16_t many[] = {3, 2000, 2000, 890};
  assert_fails(itk_image_read(&r, damaged("whole.nii", "l.nii", 40, many, 8, 0)), ST_FORMAT,
               "cut short, or its header is wrong: it claims 14240000352 bytes");
  static const char text[] = "NDims = 3\nBinaryData = False\nDimSize = 20000 20000 20000\n"
                             "ElementSpacing = 1 1 1\n"
                             "ElementType = MET_FLOAT\nElementDataFile = LOCAL\n1 2 3\n";
  assert_ok(file_write(in_folder("t.mha"), text, sizeof text - 1, true));
  assert_fails(itk_image_read(&r, in_folder("t.mha")), ST_FORMAT, /* before 32 TB are asked for */
               "3 numbers where 8000000000000 are expected");
  volume_destroy(v);
}

/* MetaIO copies a key of 256 characters and more over its own memory. */
static void lines_that_metaio_cannot_hold_are_refused(void **state) {
  (void)state;
  struct volume *r;
  char mha[4096];
  memset(mha, 'x', sizeof mha);
  memcpy(mha, "NDims = 3         \n", 19);
  memcpy(mha + 319, " = 1\nElementDataFile = LOCAL\n", 30);
  assert_ok(file_write(in_folder("key.mha"), mha, 349, true));
  assert_fails(itk_image_read(&r, in_folder("key.mha")), ST_FORMAT,
               "line 2 of its header has a key of 301");
  memcpy(mha, "NDims = 3         \nComment = ", 29);
  memset(mha + 29, 'x', 2000);
  memcpy(mha + 2029, "\nElementDataFile = LOCAL\n", 26);
  assert_ok(file_write(in_folder("key.mha"), mha, 2055, true));
  assert_fails(itk_image_read(&r, in_folder("key.mha")), ST_FORMAT, "a value of 2002 characters");
  assert_ok(file_write(in_folder("key.mha"), "NDims = 3\nObjectType Image\n", 27, true));
  assert_fails(itk_image_read(&r, in_folder("key.mha")), ST_FORMAT,
               "line 2 of its header is no \"Key = value\"");
}

static void nan_spacing_is_refused(void **state) {
  (void)state;
  struct volume *r;
  static const char nrrd[] = "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n"
                             "sizes: 2 2 2\nspace directions: (nan,0,0) (0,1,0) (0,0,1)\n"
                             "endian: little\nencoding: raw\n\n0123456789abcdef";
  static const char mha[] = "ObjectType = Image\nNDims = 3\nBinaryData = True\nDimSize = 2 2 "
                            "2\nElementSpacing = 1 nan 1\n"
                            "ElementType = MET_SHORT\nElementDataFile = LOCAL\n0123456789abcdef";
  assert_ok(file_write(in_folder("nan.nrrd"), nrrd, sizeof nrrd - 1, true));
  assert_ok(file_write(in_folder("nan.mha"), mha, sizeof mha - 1, true));
  assert_int_not_equal(itk_image_read(&r, in_folder("nan.nrrd")), ST_OK);
  assert_int_not_equal(itk_image_read(&r, in_folder("nan.mha")), ST_OK);
}

static void integers_become_float_exactly_or_are_refused(void **state) {
  (void)state;
  struct volume *r;
  struct labels *l;
  char mha[512] =
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
      "DimSize = 3 1 1\nElementSpacing = 1 1 1\nElementType = MET_INT\nElementDataFile = LOCAL\n";
  size_t head = strlen(mha);
  const int32_t good[] = {-16777216, 7, 16777216}, bad[] = {0, 16777217, 0};
  memcpy(mha + head, good, sizeof good);
  assert_ok(file_write(in_folder("i.mha"), mha, head + sizeof good, true));
  assert_ok(itk_image_read(&r, in_folder("i.mha")));
  assert_near((double)r->voxels[0], -16777216, 0);
  assert_near((double)r->voxels[2], 16777216, 0);
  volume_destroy(r);
  assert_fails(itk_labels_read(&l, in_folder("i.mha")), ST_DOMAIN, "-1.67772e+07");
  memcpy(mha + head, bad, sizeof bad);
  assert_ok(file_write(in_folder("i.mha"), mha, head + sizeof bad, true));
  assert_fails(itk_image_read(&r, in_folder("i.mha")), ST_DOMAIN, "16777216");
}

/* MetaIO stops at the first word that is no number and leaves the rest of the voxels as they were.
 */
static void text_of_a_metaimage_is_read_or_refused_in_words(void **state) {
  (void)state;
  struct volume *r;
  static const char head[] = "ObjectType = Image\nNDims = 3\nBinaryData = False\nDimSize = 3 2 1\n"
                             "ElementSpacing = 1 1 2\nElementType = MET_FLOAT\n"
                             "ElementDataFile = LOCAL\n";
  static const struct {
    const char *voxels, *words;
  } cases[] = {{"1 2 3\n4 5.5 -6\n", NULL},
               {"1 2 3 4 5", "text and were cut short: 5 numbers where 6 are expected"},
               {"1 2 nan 4 5 6", "after 2 numbers of 6 comes a word that is none"},
               {"1 2 3 4 x 6", "after 4 numbers of 6"}};
  for (int i = 0; i < 4; i++) {
    char mha[512];
    int n = snprintf(mha, sizeof mha, "%s%s", head, cases[i].voxels);
    assert_ok(file_write(in_folder("text.mha"), mha, (size_t)n, true));
    if (cases[i].words) {
      assert_fails(itk_image_read(&r, in_folder("text.mha")), ST_FORMAT, cases[i].words);
      continue;
    }
    assert_ok(itk_image_read(&r, in_folder("text.mha")));
    static const double voxels[] = {1, 2, 3, 4, 5.5, -6};
    for (int v = 0; v < 6; v++) assert_near((double)r->voxels[v], voxels[v], 0);
    assert_near(r->grid.spacing[2], 2, 0);
    volume_destroy(r);
  }
}

/* -3024 and -2048 outside the reconstruction circle, as converters from DICOM leave them; HU only.
 */
static void padding_of_an_image_in_hu_is_no_data(void **state) {
  (void)state;
  struct geometry g = geometry_make(4, 1, 1, 1, 1, 1);
  const float values[4] = {-3024, -1500, -1499, 40};
  struct volume *v, *r;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  memcpy(v->voxels, values, sizeof values);
  assert_ok(itk_image_write(v, in_folder("circle.nii.gz"), NULL, true));
  assert_ok(image_read(&r, in_folder("circle.nii.gz"), NULL));
  for (int i = 0; i < 4; i++) assert_int_equal(isnan(r->voxels[i]) != 0, i < 2);
  volume_destroy(r);
  v->quantity = QUANTITY_OTHER;
  assert_ok(itk_image_write(v, in_folder("other.nii.gz"), NULL, true));
  assert_ok(image_read(&r, in_folder("other.nii.gz"), NULL));
  assert_memory_equal(r->voxels, values, sizeof values);
  volume_destroy(r);
  volume_destroy(v);
}

static void wrong_names_and_contents_are_told(void **state) {
  (void)state;
  struct volume *r;
  assert_ok(file_write(in_folder("text.nii.gz"), "hello", 5, true));
  assert_fails(itk_image_read(&r, in_folder("text.nii.gz")), ST_FORMAT, "not what the file name");
  assert_fails(itk_image_read(&r, in_folder("x.tiff")), ST_FORMAT, ".nrrd");
  assert_fails(itk_image_read(&r, folder), ST_FORMAT, "image file");
}

/* Values as ITK's own reader and nibabel gave them for the reference set (see its README). */
static void a_real_nifti_reads_as_published(void **state) {
  (void)state;
  struct labels *l;
  struct volume *v;
  assert_ok(itk_image_read(&v, shared_path("data/ibsi1_digital_phantom/image/phantom.nii.gz")));
  assert_int_equal(v->grid.nx * 100 + v->grid.ny * 10 + v->grid.nz, 544);
  assert_near(v->grid.spacing[0], 2, 1e-6);
  double sum = 0;
  for (int i = 0; i < 80; i++) sum += (double)v->voxels[i];
  assert_true(sum > 80 && sum < 80 * 9);
  volume_destroy(v);
  assert_ok(itk_labels_read(&l, shared_path("data/ibsi1_digital_phantom/mask/mask.nii.gz")));
  assert_int_equal(labels_count(l, 1), 74); /* IBSI-1: 74 voxels in the digital phantom's ROI */
  labels_destroy(l);
}

/* The same voxels with y from the other end and x and z exchanged, as maps of other programs have
 * them, on an oblique grid. */
static void labels_with_other_axes_are_turned_to_the_image_and_no_others(void **state) {
  (void)state;
  const struct geometry g = oblique(false);
  struct geometry h = g;
  struct labels *written, *l;
  h.nx = g.nz, h.nz = g.nx;
  h.spacing[0] = g.spacing[2], h.spacing[2] = g.spacing[0];
  for (int r = 0; r < 3; r++) {
    h.direction[3 * r] = g.direction[3 * r + 2];
    h.direction[3 * r + 1] = -g.direction[3 * r + 1];
    h.direction[3 * r + 2] = g.direction[3 * r];
    h.origin[r] = g.origin[r] + g.direction[3 * r + 1] * 0.8 * 4;
  }
  assert_ok(labels_create(&written, &h));
  for (int64_t v = 0; v < 140; v++) written->voxels[v] = (uint16_t)(v + 1);
  assert_ok(labels_set_name(written, 7, "seven"));
  assert_ok(itk_labels_write(written, in_folder("turned.nii.gz"), NULL, true));
  assert_ok(labels_read_on(&l, in_folder("turned.nii.gz"), &g));
  assert_ok(geometry_match(&l->grid, "turned", &g, "image", 1e-9));
  for (int64_t k = 0; k < g.nz; k++)
    for (int64_t j = 0; j < g.ny; j++)
      for (int64_t i = 0; i < g.nx; i++)
        assert_int_equal(l->voxels[geometry_index(&g, i, j, k)],
                         written->voxels[geometry_index(&h, k, g.ny - 1 - j, i)]);
  assert_string_equal(labels_name(l, 7), "seven");
  labels_destroy(l);
  for (int a = 0; a < 3; a++) { /* 0.02 mm beside, and one voxel less */
    struct geometry off = g;
    off.origin[a] += 0.02;
    assert_fails(labels_read_on(&l, in_folder("turned.nii.gz"), &off), ST_DOMAIN, "label map");
  }
  struct geometry shorter = g;
  shorter.nz--;
  assert_fails(labels_read_on(&l, in_folder("turned.nii.gz"), &shorter), ST_DOMAIN, "label map");
  labels_destroy(written);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(labels_with_other_axes_are_turned_to_the_image_and_no_others),
      cmocka_unit_test(every_format_brings_back_voxels_and_geometry),
      cmocka_unit_test(labels_come_back_with_their_names),
      cmocka_unit_test(a_label_map_must_hold_integers),
      cmocka_unit_test(nothing_is_overwritten_without_force),
      cmocka_unit_test(a_sibling_nii_is_never_read_in_place_of_nii_gz),
      cmocka_unit_test(side_files_of_other_programs_are_left_alone),
      cmocka_unit_test(a_side_file_in_another_unit_is_refused),
      cmocka_unit_test(broken_files_are_refused),
      cmocka_unit_test(lines_that_metaio_cannot_hold_are_refused),
      cmocka_unit_test(nan_spacing_is_refused),
      cmocka_unit_test(integers_become_float_exactly_or_are_refused),
      cmocka_unit_test(text_of_a_metaimage_is_read_or_refused_in_words),
      cmocka_unit_test(padding_of_an_image_in_hu_is_no_data),
      cmocka_unit_test(wrong_names_and_contents_are_told),
      cmocka_unit_test(a_real_nifti_reads_as_published),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
