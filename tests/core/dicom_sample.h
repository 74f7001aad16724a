/* A small series in a folder of its own, and its bytes. */
#ifndef QCT_TESTS_CORE_DICOM_SAMPLE_H
#define QCT_TESTS_CORE_DICOM_SAMPLE_H

#include "tests/folder.h" /* first */

#include "core/file.h"
#include "core/image.h"

static const char *slice_path(const char *series, int number) {
  char name[64];
  snprintf(name, sizeof name, "%s/IM%04d.dcm", series, number);
  return in_folder(name);
}

static struct volume *sample(int64_t nz) {
  struct geometry g = geometry_make(12, 10, nz, 0.7, 0.8, 2.5);
  struct volume *v;
  g.origin[0] = -101.123456, g.origin[1] = 77.25, g.origin[2] = -812.5;
  assert_ok(volume_create(&v, &g, QUANTITY_HU));
  for (int64_t n = 0; n < geometry_voxels(&g); n++) v->voxels[n] = (float)(n * 7 % 3000 - 1000);
  v->acquisition.kvp = 120;
  v->acquisition.age_years = 71;
  v->acquisition.contrast = CONTRAST_NONE;
  snprintf(v->acquisition.kernel, sizeof v->acquisition.kernel, "B40f");
  snprintf(v->acquisition.patient_position, 8, "FFS");
  snprintf(v->acquisition.laterality, sizeof v->acquisition.laterality, "L");
  return v;
}

static struct volume *write_sample(const char *name, int64_t nz) {
  struct volume *v = sample(nz);
  assert_ok(dicom_series_write(v, in_folder(name), NULL, true));
  return v;
}

/* Where a tag (explicit little endian) begins in a file's bytes; its value 8 bytes later. */
static char *find_tag(char *data, size_t length, unsigned group, unsigned element) {
  const unsigned char tag[4] = {(unsigned char)group, (unsigned char)(group >> 8),
                                (unsigned char)element, (unsigned char)(element >> 8)};
  for (size_t i = 132; i + 8 < length; i++)
    if (!memcmp(data + i, tag, 4)) return data + i;
  fail_msg("no tag %04x,%04x", group, element);
  return NULL;
}

static void cut_file(const char *path, size_t by) {
  char *data;
  size_t length;
  assert_ok(file_read(&data, &length, path, 0));
  assert_ok(file_write(path, data, length - by, true));
  free(data);
}

#endif
