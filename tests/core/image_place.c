// Where a header says that its voxels lie. Expected places are those of the file that was written
// before one field of its header was changed, or worked out beside the test.
#include "tests/folder.h" /* first */

#include "core/file.h"
#include "core/image_place.h"
#include "core/itk_image.h"

#include <string.h>

/* Bytes of a NIfTI-1 header. */
enum { QFAC = 76, PIXDIM = 80, UNITS = 123, QCODE = 252, SCODE = 254, QOFFSET = 268, SFORM = 280 };

static struct geometry grid(void) {
  struct geometry g = geometry_make(6, 5, 4, 0.75, 0.5, 3);
  const double turn[9] = {0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1};
  memcpy(g.direction, turn, sizeof turn);
  g.origin[0] = -150, g.origin[1] = 25, g.origin[2] = -870;
  return g;
}

/* A NIfTI as this program writes it: qform and sform of code 1, in mm. */
struct nifti {
  unsigned char bytes[2048];
  size_t length;
};

static struct nifti written(void) {
  struct geometry g = grid();
  struct volume *v;
  struct nifti n;
  assert_ok(volume_create(&v, &g, QUANTITY_OTHER));
  assert_ok(itk_image_write(v, in_folder("as_written.nii"), NULL, true));
  volume_destroy(v);
  FILE *f = fopen(in_folder("as_written.nii"), "rb");
  assert_non_null(f);
  n.length = fread(n.bytes, 1, sizeof n.bytes, f);
  fclose(f);
  return n;
}

static void put_floats(struct nifti *n, size_t at, size_t count, const float *values) {
  memcpy(n->bytes + at, values, count * sizeof *values);
}

static void scale_floats(struct nifti *n, size_t at, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) {
    float value;
    memcpy(&value, n->bytes + at + 4 * i, 4);
    value *= factor;
    memcpy(n->bytes + at + 4 * i, &value, 4);
  }
}

static void put_codes(struct nifti *n, int16_t q, int16_t s) {
  memcpy(n->bytes + QCODE, &q, 2);
  memcpy(n->bytes + SCODE, &s, 2);
}

static const char *saved(const struct nifti *n) {
  const char *path = in_folder("changed.nii");
  assert_ok(file_write(path, n->bytes, n->length, true));
  return path;
}

static void assert_lies(const char *path, const struct geometry *wanted) {
  struct geometry g;
  assert_ok(itk_image_grid(&g, path));
  assert_ok(geometry_match(&g, "read", wanted, "wanted", 2e-4));
}

static void lengths_in_metres_and_micrometres_are_mm_in_origin_and_size(void **state) {
  (void)state;
  static const struct {
    unsigned char code;
    float factor;
  } units[] = {{1, 1e-3F}, {3, 1e3F}};
  const struct geometry g = grid();
  for (int u = 0; u < 2; u++) {
    struct nifti n = written();
    n.bytes[UNITS] = units[u].code;
    scale_floats(&n, PIXDIM, 3, units[u].factor);
    scale_floats(&n, QOFFSET, 3, units[u].factor);
    scale_floats(&n, SFORM, 12, units[u].factor);
    assert_lies(saved(&n), &g);
    put_codes(&n, 1, 0);
    assert_lies(saved(&n), &g);
  }
}

static void sizes_that_contradict_the_sform_are_refused(void **state) {
  (void)state;
  struct geometry g = grid(), at;
  struct nifti n = written();
  put_floats(&n, PIXDIM + 8, 1, (const float[]){5});
  assert_fails(itk_image_grid(&at, saved(&n)), ST_DOMAIN,
               "along axis 2 its voxels measure 5 (pixdim) and 3 (sform)");
  put_codes(&n, 0, 1);
  assert_fails(itk_image_grid(&at, saved(&n)), ST_DOMAIN, "5 (pixdim) and 3 (sform)");
  put_codes(&n, 1, 0); /* the sform is not in use: pixdim holds */
  g.spacing[2] = 5;
  assert_lies(saved(&n), &g);
  put_floats(&n, PIXDIM + 8, 1, (const float[]){0});
  assert_fails(itk_image_grid(&at, saved(&n)), ST_FORMAT, "no size of the voxels along axis 2");
}

static void forms_of_one_code_that_differ_are_refused(void **state) {
  (void)state;
  struct geometry g = grid(), at;
  struct nifti n = written();
  put_floats(&n, QOFFSET, 1, (const float[]){150 + 1.5F});
  assert_fails(itk_image_grid(&at, saved(&n)), ST_DOMAIN, "lies 1.5 mm from that of its sform");
  put_floats(&n, QOFFSET, 1, (const float[]){150 + 0.5F}); /* rounding of another program */
  assert_lies(saved(&n), &g);

  n = written();
  const float half_turn[3] = {0, 0, 1}; /* from the turn of the grid: 180 degrees about z, in RAS */
  put_floats(&n, 256, 3, half_turn);
  assert_fails(itk_image_grid(&at, saved(&n)), ST_DOMAIN, "degrees from that of its sform");
  put_codes(&n, 1, 2); /* laid on another image: both may be true, the scanner's is taken */
  assert_ok(itk_image_grid(&at, saved(&n)));
  assert_near(at.direction[0], 1, 1e-6);
  put_codes(&n, 1, 0);
  assert_ok(itk_image_grid(&at, saved(&n)));
  assert_near(at.direction[0], 1, 1e-6);
}

static void forms_that_mirror_each_other_are_refused(void **state) {
  (void)state;
  struct geometry at;
  struct nifti n = written();
  put_floats(&n, QFAC, 1, (const float[]){-1});
  for (int16_t q = 1; q <= 2; q++)
    for (int16_t s = 1; s <= 2; s++) {
      put_codes(&n, q, s);
      assert_fails(itk_image_grid(&at, saved(&n)), ST_DOMAIN, "mirror images of each other");
    }
  put_codes(&n, 1, 4); /* a standard space */
  assert_ok(itk_image_grid(&at, saved(&n)));
}

static void a_header_that_states_no_orientation_is_told_apart(void **state) {
  (void)state;
  struct image_place place;
  struct nifti n = written();
  assert_ok(nifti_place_read(&place, saved(&n)));
  assert_true(place.stated);
  put_codes(&n, 0, 0);
  assert_ok(nifti_place_read(&place, saved(&n)));
  assert_false(place.stated);
}

/* ---- NRRD and MetaImage ---- */

static const char *nrrd(const char *fields) {
  char head[1024];
  const char *path = in_folder("made.nrrd");
  int n = snprintf(head, sizeof head,
                   "NRRD0005\ntype: uint8\ndimension: 3\nsizes: 2 2 2\n%sencoding: raw\n\n12345678",
                   fields);
  assert_ok(file_write(path, head, (size_t)n, true));
  return path;
}

static void lengths_of_a_nrrd_are_read_in_its_unit(void **state) {
  (void)state;
  static const struct {
    const char *fields;
    double size_mm, origin_mm;
  } cases[] = {
      {"space: LPS\nspace directions: (2,0,0) (0,2,0) (0,0,2)\nspace origin: (7,8,9)\n", 2, 9},
      {"space: left-posterior-superior\nspace units: \"um\" \"um\" \"um\"\n"
       "space directions: (20,0,0) (0,20,0) (0,0,20)\nspace origin: (7,8,9000)\n",
       0.02, 9},
      {"space: LPS\nspace directions: (2,0,0) (0,2,0) (0,0,2)\nspace origin: (7,8,9)\n"
       "space units: \"cm\" \"cm\" \"cm\"\n",
       20, 90},
      {"spacings: 0.5 0.5 0.5\nunits: \"m\" \"m\" \"m\"\n", 500, 0},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct geometry g;
    assert_ok(itk_image_grid(&g, nrrd(cases[c].fields)));
    for (int a = 0; a < 3; a++) assert_near(g.spacing[a], cases[c].size_mm, 1e-9);
    assert_near(g.origin[2], cases[c].origin_mm, 1e-9);
  }
  struct geometry g;
  assert_fails(itk_image_grid(&g, nrrd("spacings: 1 1 1\nunits: \"inch\" \"inch\" \"inch\"\n")),
               ST_DOMAIN, "its lengths are in \"inch\"");
}

static void spaces_of_a_nrrd_are_turned_to_ours_told_apart_or_refused(void **state) {
  (void)state;
  static const char lies[] = "space directions: (2,0,0) (0,2,0) (0,0,2)\nspace origin: (7,8,9)\n";
  char fields[256];
  struct geometry g;
  struct image_place place;
  snprintf(fields, sizeof fields, "space: right-anterior-superior\n%s", lies);
  assert_ok(itk_image_grid(&g, nrrd(fields)));
  assert_near(g.origin[0], -7, 1e-9);
  assert_near(g.origin[1], -8, 1e-9);
  assert_near(g.direction[0], -1, 1e-9);
  snprintf(fields, sizeof fields, "space: left-anterior-superior\n%s", lies);
  assert_fails(itk_image_grid(&g, nrrd(fields)), ST_DOMAIN, "its space is left-anterior-superior");
  static const struct {
    const char *space;
    bool stated;
  } cases[] = {{"LPS", true}, {"RAS", true}, {"scanner-xyz", false}, {"3D-right-handed", false}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    snprintf(fields, sizeof fields, "space: %s\n%s", cases[c].space, lies);
    assert_ok(nrrd_place_read(&place, nrrd(fields)));
    assert_int_equal(place.stated, cases[c].stated);
  }
  assert_ok(nrrd_place_read(&place, nrrd("spacings: 1 1 1\n")));
  assert_false(place.stated);
}

static void voxels_without_a_size_are_refused(void **state) {
  (void)state;
  struct geometry g;
  assert_fails(itk_image_grid(&g, nrrd("")), ST_FORMAT, "states no size of the voxels");
  assert_fails(itk_image_grid(&g, nrrd("spacings: 1 1 nan\n")), ST_FORMAT, "states no size");
  assert_fails(itk_image_grid(&g, nrrd("spacings: 1 1\n")), ST_FORMAT, "states no size");
  static const char meta[] = "ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\n"
                             "ElementType = MET_UCHAR\n%sElementDataFile = LOCAL\n12345678";
  static const char *const sizes[] = {"", "ElementSpacing = 1 1 2\n", "ElementSize = 1 1 2\n"};
  for (int s = 0; s < 3; s++) {
    char head[256];
    int n = snprintf(head, sizeof head, meta, sizes[s]);
    assert_ok(file_write(in_folder("made.mha"), head, (size_t)n, true));
    if (!s) {
      assert_fails(itk_image_grid(&g, in_folder("made.mha")), ST_FORMAT, "states no size");
      continue;
    }
    assert_ok(itk_image_grid(&g, in_folder("made.mha")));
    assert_near(g.spacing[2], 2, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_in_metres_and_micrometres_are_mm_in_origin_and_size),
      cmocka_unit_test(sizes_that_contradict_the_sform_are_refused),
      cmocka_unit_test(forms_of_one_code_that_differ_are_refused),
      cmocka_unit_test(forms_that_mirror_each_other_are_refused),
      cmocka_unit_test(a_header_that_states_no_orientation_is_told_apart),
      cmocka_unit_test(lengths_of_a_nrrd_are_read_in_its_unit),
      cmocka_unit_test(spaces_of_a_nrrd_are_turned_to_ours_told_apart_or_refused),
      cmocka_unit_test(voxels_without_a_size_are_refused),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
