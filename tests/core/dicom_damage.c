// Files cut short, overwritten, or of a kind that GDCM by itself ends the process on: series of our
// own and small files of the fuzz corpus, changed. Run lengths: the coding of PS3.5 annex G by
// hand.
#include "tests/core/dicom_sample.h" /* first */

#include "core/dicom_check.h"
#include "core/dicom_slice.h"
#include "core/radiograph.h"
#include "core/rtstruct.h"

#include <sys/stat.h>

/* ---- a series of our own ---- */

static void truncated_pixels_are_refused(void **state) {
  (void)state;
  struct volume *r;
  volume_destroy(write_sample("cut", 3));
  cut_file(slice_path("cut", 2), 10);
  assert_fails(image_read(&r, in_folder("cut"), NULL), ST_DOMAIN,
               "230 of 240 bytes in file 2 of 3");
}

static void a_folder_without_images_says_so(void **state) {
  (void)state;
  struct volume *r;
  mkdir(in_folder("empty"), 0777);
  assert_ok(file_write(in_folder("empty/readme.txt"), "hello", 5, true));
  assert_fails(image_read(&r, in_folder("empty"), NULL), ST_FORMAT, "no DICOM image among 1 file");
  assert_fails(image_read(&r, in_folder("absent"), NULL), ST_IO, "not there");
}

/* Random damage to the header: read or refused, but the process lives (GDCM alone would end it). */
static void damaged_headers_end_in_a_status(void **state) {
  (void)state;
  volume_destroy(write_sample("hostile", 1));
  char *data, *broken;
  size_t length;
  unsigned seed = 11;
  int refusals = 0;
  assert_ok(file_read(&data, &length, slice_path("hostile", 1), 0));
  broken = malloc(length);
  assert_non_null(broken);
  for (int n = 0; n < 400; n++) {
    struct volume *v;
    memcpy(broken, data, length);
    for (int k = 0; k <= n % 5; k++) {
      seed = seed * 1664525u + 1013904223u;
      broken[128 + (seed >> 8) % (length - 128 - 240)] = n % 2 ? (char)(seed >> 24) : (char)0xff;
    }
    FILE *f = fopen(slice_path("hostile", 1), "wb");
    assert_non_null(f);
    fwrite(broken, 1, n % 7 ? length : seed % length, f);
    fclose(f);
    status st = image_read(&v, in_folder("hostile"), NULL);
    if (st == ST_OK) volume_destroy(v);
    refusals += st != ST_OK;
  }
  assert_true(refusals > 100 && refusals < 400);
  free(data);
  free(broken);
}

static void malformed_structure_is_told_by_its_byte(void **state) {
  (void)state;
  struct dicom_folder *f;
  volume_destroy(write_sample("lengths", 1));
  char *data;
  size_t length;
  assert_ok(file_read(&data, &length, slice_path("lengths", 1), 0));
  char *at = find_tag(data, length, 0x18, 0x0050);
  at[6] = at[7] = (char)0xff;
  assert_ok(file_write(slice_path("lengths", 1), data, length, true));
  assert_ok(dicom_folder_scan(&f, in_folder("lengths")));
  assert_int_equal(f->unreadable, 1);
  assert_non_null(strstr(f->unreadable_text, "element 00180050 at byte"));
  assert_non_null(strstr(f->unreadable_text, "claims 65535 bytes"));
  dicom_folder_destroy(f);
  free(data);
}

/* ---- seeds of the corpus ---- */

struct bytes {
  char *data;
  size_t length;
};

static struct bytes seed(const char *name) {
  struct bytes b;
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/fuzz/corpus/scan/%s.dcm", getenv("QCT_SOURCE"), name);
  assert_ok(file_read(&b.data, &b.length, path, 0));
  return b;
}

static void keep(const char *name, struct bytes b, const char *behind, size_t more) {
  char *all = malloc(b.length + more + 1);
  assert_non_null(all);
  memcpy(all, b.data, b.length);
  if (more) memcpy(all + b.length, behind, more);
  assert_ok(file_write(name, all, b.length + more, true));
  free(all);
  free(b.data);
}

/* Where `words` begin. */
static char *find(struct bytes b, const char *words, size_t n) {
  for (size_t i = 0; i + n <= b.length; i++)
    if (!memcmp(b.data + i, words, n)) return b.data + i;
  fail_msg("the seed has changed");
  return NULL;
}

static void what_stands_behind_the_pixel_data_is_not_read(void **state) {
  (void)state;
  const char text[] = "what some programs write here";
  struct volume *clean, *v;
  static const char *const names[] = {"ct", "rle", "jpeg", "jpegls"};
  for (int i = 0; i < 4; i++) {
    keep("clean.dcm", seed(names[i]), NULL, 0);
    keep("behind.dcm", seed(names[i]), text, sizeof text);
    assert_ok(image_read(&clean, "clean.dcm", NULL));
    assert_ok(image_read(&v, "behind.dcm", NULL));
    assert_memory_equal(v->voxels, clean->voxels, 16 * sizeof(float));
    volume_destroy(clean);
    volume_destroy(v);
  }
  keep("behind.dcm", seed("cr"), text, sizeof text);
  assert_ok(radiograph_read(&v, "behind.dcm", 0.2));
  volume_destroy(v);
}

static void an_identifier_behind_the_pixel_data_does_not_come_through(void **state) {
  (void)state;
  enum deidentify_outcome outcome;
  struct deidentify_result result;
  struct deidentify_counts counts = {0};
  const struct deidentify_options key = {.key = "sixteen letters.", .key_length = 16};
  char *data;
  size_t n;
  keep("behind.dcm", seed("ct"), "DOE^JANE", 8);
  assert_ok(deidentify_file(&outcome, &result, &counts, "behind.dcm", "clean.dcm", &key));
  assert_int_equal(outcome, DEIDENTIFIED);
  assert_ok(file_read(&data, &n, "clean.dcm", 0));
  for (size_t i = 0; i + 8 <= n; i++) assert_memory_not_equal(data + i, "DOE^JANE", 8);
  free(data);
}

static void a_header_with_a_wrong_type_is_decoded_or_refused(void **state) {
  (void)state;
  struct volume *v;
  static const char *const names[] = {"rle", "jpeg", "jpegls"};
  for (int i = 0; i < 3; i++) {
    struct bytes b = seed(names[i]);
    memcpy(find(b, "\x20\0\x37\0DS", 6) + 4, "AS", 2); /* the orientation as an age */
    keep("age.dcm", b, NULL, 0);
    assert_ok(image_read(&v, "age.dcm", NULL));
    volume_destroy(v);
  }
}

static void pixel_data_of_a_type_without_pixels_are_refused(void **state) {
  (void)state;
  struct volume *v;
  static const char *const types[] = {"SQ", "UT", "US"};
  for (int i = 0; i < 3; i++) {
    struct bytes b = seed("ct");
    memcpy(find(b, "\xe0\x7f\x10\0", 4) + 4, types[i], 2);
    keep("type.dcm", b, NULL, 0);
    assert_fails(image_read(&v, "type.dcm", NULL), ST_FORMAT, "OB or OW is permitted");
  }
}

static void meta_information_holds_no_sequence(void **state) {
  (void)state;
  struct volume *v;
  struct bytes b = seed("ct");
  memcpy(find(b, "\2\0\1\0OB", 6) + 4, "SQ", 2);
  keep("meta.dcm", b, NULL, 0);
  assert_fails(image_read(&v, "meta.dcm", NULL), ST_FORMAT, "meta information is malformed");
}

/* A deflated file of which not even a tag is there. */
static void a_byte_behind_the_meta_information_is_no_data_set(void **state) {
  (void)state;
  struct volume *v;
  keep("byte.dcm", seed("deflated_byte"), NULL, 0);
  assert_fails(image_read(&v, "byte.dcm", NULL), ST_FORMAT, "ends behind its meta information");
}

/* GDCM inflates and then trusts what it finds. */
static void what_a_deflated_file_holds_is_looked_at(void **state) {
  (void)state;
  struct volume *v;
  static const char *const names[] = {"deflated_claim", "deflated_garbage"};
  for (int i = 0; i < 2; i++) {
    keep("packed.dcm", seed(names[i]), NULL, 0);
    assert_fails(image_read(&v, "packed.dcm", NULL), ST_FORMAT, "deflated DICOM data");
  }
}

static void a_value_that_begins_with_a_delimiter_is_refused(void **state) {
  (void)state;
  keep("delimiter.dcm", seed("delimiter"), NULL, 0);
  assert_fails(dicom_check("delimiter.dcm", NULL), ST_FORMAT, "where an item should begin");
}

static void pixel_data_that_claim_more_than_the_file_are_no_outlines(void **state) {
  (void)state;
  struct bytes b = seed("ct");
  memset(find(b, "\xe0\x7f\x10\0", 4) + 8, 0xe0, 4);
  keep("claim.dcm", b, NULL, 0);
  assert_false(rtstruct_is("claim.dcm"));
}

/* GDCM ends the process on a JPEG-LS stream of another size. */
static void a_stream_of_another_size_than_the_header_is_refused(void **state) {
  (void)state;
  struct volume *v;
  static const char *const names[] = {"jpeg", "jpegls"};
  for (int i = 0; i < 2; i++) {
    struct bytes b = seed(names[i]);
    find(b, "\x28\0\x10\0US", 6)[8] = 6; /* rows */
    keep("rows.dcm", b, NULL, 0);
    assert_fails(image_read(&v, "rows.dcm", NULL), ST_FORMAT,
                 "a stream of 4 rows and 4 columns, the header states 6 and 4");
  }
}

/* Every place at which a file can be cut, whatever its transfer syntax says of the rest. */
static void a_file_cut_anywhere_is_read_or_refused(void **state) {
  (void)state;
  static const char *const ends[] = {"1.2.1", "1.2.2", "1.2.5", "1.2"};
  for (int e = 0; e < 4; e++) {
    struct bytes whole = seed("ct");
    char *syntax = find(whole, "1.2.840.10008.1.2.1", 19) + 14;
    memset(syntax, 0, 6);
    memcpy(syntax, ends[e], strlen(ends[e]));
    for (size_t n = 132; n < whole.length; n += n < 250 ? 1 : 7) {
      struct volume *v = NULL;
      FILE *f = fopen("cut.dcm", "wb");
      assert_non_null(f);
      assert_true(fwrite(whole.data, 1, n, f) == n && fclose(f) == 0);
      assert_true(image_read(&v, "cut.dcm", NULL) != ST_OK);
    }
    free(whole.data);
  }
}

static void a_radiograph_with_too_few_pixels_is_refused(void **state) {
  (void)state;
  struct volume *v;
  struct bytes b = seed("cr");
  find(b, "\x28\0\x10\0US", 6)[8] = 64; /* rows */
  keep("short.dcm", b, NULL, 0);
  assert_fails(radiograph_read(&v, "short.dcm", 0.2), ST_FORMAT, "cut short: 32 of 512 bytes");
}

static void compressed_data_without_an_end_are_refused(void **state) {
  (void)state;
  struct volume *v;
  struct bytes b = seed("rle");
  memcpy(b.data + b.length - 2, "\xf2\xf2", 2); /* the end of the fragments claims a length */
  keep("no_end.dcm", b, NULL, 0);
  assert_fails(image_read(&v, "no_end.dcm", NULL), ST_DOMAIN, "have no end");
  b = seed("rle");
  find(b, "\xe0\x7f\x10\0OB", 6)[5] = 'F'; /* no type that has fragments */
  keep("no_end.dcm", b, NULL, 0);
  assert_fails(image_read(&v, "no_end.dcm", NULL), ST_DOMAIN, "have no end");
}

/* Three samples of 16 bits: 0x0102, 0x0102, 0x0304. High bytes as a run of two and a literal, low
 * bytes as a literal of three, with the code that does nothing in between. */
static void run_lengths_are_read_as_the_standard_writes_them(void **state) {
  (void)state;
  unsigned char data[64 + 4 + 6] = {2, 0, 0, 0, 64, 0, 0, 0, 68};
  const unsigned char runs[] = {255, 1, 0, 3, 128, 2, 2, 2, 4, 0};
  uint16_t out[3];
  memcpy(data + 64, runs, sizeof runs);
  assert_ok(dicom_rle_decode((unsigned char *)out, 3, 2, data, sizeof data));
  assert_int_equal(out[0], 0x0102);
  assert_int_equal(out[1], 0x0102);
  assert_int_equal(out[2], 0x0304);
  assert_fails(dicom_rle_decode((unsigned char *)out, 3, 1, data, sizeof data), ST_FORMAT,
               "a header of 1 segments");
  assert_fails(dicom_rle_decode((unsigned char *)out, 3, 2, data, 71), ST_FORMAT,
               "reaches beyond its segment");
  data[65] = 0;
  data[64] = 0; /* a literal of one in place of the run of two */
  assert_fails(dicom_rle_decode((unsigned char *)out, 3, 2, data, sizeof data), ST_FORMAT,
               "holds 2 of 3 bytes");
  data[8] = 200;
  assert_fails(dicom_rle_decode((unsigned char *)out, 3, 2, data, sizeof data), ST_FORMAT,
               "segment 1 is said to lie at bytes 64 to 200");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(truncated_pixels_are_refused),
      cmocka_unit_test(a_folder_without_images_says_so),
      cmocka_unit_test(damaged_headers_end_in_a_status),
      cmocka_unit_test(malformed_structure_is_told_by_its_byte),
      cmocka_unit_test(what_stands_behind_the_pixel_data_is_not_read),
      cmocka_unit_test(an_identifier_behind_the_pixel_data_does_not_come_through),
      cmocka_unit_test(a_header_with_a_wrong_type_is_decoded_or_refused),
      cmocka_unit_test(pixel_data_of_a_type_without_pixels_are_refused),
      cmocka_unit_test(meta_information_holds_no_sequence),
      cmocka_unit_test(a_value_that_begins_with_a_delimiter_is_refused),
      cmocka_unit_test(what_a_deflated_file_holds_is_looked_at),
      cmocka_unit_test(a_byte_behind_the_meta_information_is_no_data_set),
      cmocka_unit_test(pixel_data_that_claim_more_than_the_file_are_no_outlines),
      cmocka_unit_test(a_stream_of_another_size_than_the_header_is_refused),
      cmocka_unit_test(a_file_cut_anywhere_is_read_or_refused),
      cmocka_unit_test(a_radiograph_with_too_few_pixels_is_refused),
      cmocka_unit_test(compressed_data_without_an_end_are_refused),
      cmocka_unit_test(run_lengths_are_read_as_the_standard_writes_them)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
