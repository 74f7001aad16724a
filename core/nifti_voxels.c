#define _POSIX_C_SOURCE 200809L /* fseeko */
#include "core/nifti_voxels.h"

#include "core/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { HEADER = NIFTI_HEADER, AT_DATATYPE = 70, AT_OFFSET = 108, AT_SLOPE = 112 };

static void reverse(unsigned char *p, size_t n) {
  for (size_t i = 0; i < n / 2; i++) {
    unsigned char swap = p[i];
    p[i] = p[n - 1 - i];
    p[n - 1 - i] = swap;
  }
}

int16_t nifti_header_short(const unsigned char *h, size_t at, bool swapped) {
  unsigned char b[2] = {h[at], h[at + 1]};
  if (swapped) reverse(b, 2);
  int16_t v;
  memcpy(&v, b, 2);
  return v;
}

double nifti_header_float(const unsigned char *h, size_t at, bool swapped) {
  unsigned char b[4] = {h[at], h[at + 1], h[at + 2], h[at + 3]};
  if (swapped) reverse(b, 4);
  float v;
  memcpy(&v, b, 4);
  return (double)v;
}

static size_t bytes_of(int datatype) {
  switch (datatype) {
  case 2:
  case 256:
    return 1;
  case 4:
  case 512:
    return 2;
  case 8:
  case 16:
  case 768:
    return 4;
  case 64:
  case 1024:
  case 1280:
    return 8;
  default:
    return 0;
  }
}

status nifti_layout_read(struct nifti_layout *layout, const char *path) {
  status st = ST_OK;
  unsigned char h[HEADER];
  gzFile f = gzopen(path, "rb");
  CHECK(f, ST_IO, "%s: cannot be opened", path);
  CHECK(gzread(f, h, HEADER) == HEADER, ST_FORMAT, "%s: shorter than a NIfTI header", path);
  CHECK(!memcmp(h + 344, "n+1", 4), ST_FORMAT, "%s: no single-file NIfTI-1 image", path);
  int32_t size;
  memcpy(&size, h, sizeof size);
  layout->swapped = size != HEADER;
  layout->datatype = nifti_header_short(h, AT_DATATYPE, layout->swapped);
  layout->bytes = bytes_of(layout->datatype);
  CHECK(layout->bytes, ST_DOMAIN,
        "%s: NIfTI voxel type %d is not one real number (colour, complex or long double)", path,
        layout->datatype);
  double offset = nifti_header_float(h, AT_OFFSET, layout->swapped);
  CHECK(offset >= HEADER && offset < 1e9, ST_FORMAT,
        "%s: its voxels would begin at byte %g; at least %d expected", path, offset, HEADER);
  layout->offset = (int64_t)offset;
  layout->slope = nifti_header_float(h, AT_SLOPE, layout->swapped);
  layout->inter = nifti_header_float(h, AT_SLOPE + 4, layout->swapped);
  if (layout->slope == 0 || !isfinite(layout->slope) || !isfinite(layout->inter)) {
    layout->slope = 1; /* NIfTI-1: slope 0 means no scaling */
    layout->inter = 0;
  }
done:
  if (f) gzclose(f);
  return st;
}

status nifti_size_check(const struct nifti_layout *layout, int64_t count, const char *path) {
  static const double densest = 1032; /* bytes that a byte of deflate can stand for */
  status st = ST_OK;
  const bool packed = file_has_suffix(path, ".gz");
  const double claimed = (double)layout->offset + (double)count * (double)layout->bytes;
  double there = 0;
  FILE *f = fopen(path, "rb");
  CHECK(f && !fseeko(f, 0, SEEK_END), ST_IO, "%s: cannot be opened", path);
  there = (double)ftello(f);
  CHECK(claimed <= there * (packed ? densest : 1), ST_FORMAT,
        "%s: cut short, or its header is wrong: it claims %.0f bytes, the file has %.0f%s", path,
        claimed, there, packed ? " (packed)" : "");
done:
  if (f) fclose(f);
  return st;
}

static void swap_voxels(unsigned char *voxels, int64_t count, size_t bytes) {
  for (int64_t i = 0; i < count; i++) reverse(voxels + (size_t)i * bytes, bytes);
}

status nifti_voxels_read(void *buffer, int64_t count, const struct nifti_layout *layout,
                         const char *path) {
  status st = ST_OK;
  size_t wanted = (size_t)count * layout->bytes, have = 0;
  gzFile f = gzopen(path, "rb");
  CHECK(f, ST_IO, "%s: cannot be opened", path);
  gzbuffer(f, 1 << 18);
  CHECK(gzseek(f, layout->offset, SEEK_SET) == layout->offset, ST_FORMAT,
        "%s: ends before its voxels begin", path);
  while (have < wanted) {
    size_t piece = wanted - have < (1u << 30) ? wanted - have : (1u << 30);
    int got = gzread(f, (unsigned char *)buffer + have, (unsigned)piece);
    CHECK(got > 0, ST_FORMAT, "%s: cut short: %zu bytes of voxels where %zu are expected", path,
          have, wanted);
    have += (size_t)got;
  }
  if (layout->swapped) swap_voxels(buffer, count, layout->bytes);
done:
  if (f) gzclose(f);
  return st;
}
