/* Run lengths of DICOM (PS3.5 annex G): read here because GDCM's decoder leaves its buffers on data
 * that lie. */
#include "core/dicom_slice.h"

#include <string.h>

enum { HEADER = 64, MOST_SEGMENTS = 15, LITERAL = 127, NOTHING = 128 };

static uint32_t word(const unsigned char *b) {
  return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* One segment: `count` bytes, `step` apart. Bytes beyond the count are padding. */
static status unpack(unsigned char *out, size_t count, size_t step, const unsigned char *in,
                     size_t length) {
  status st = ST_OK;
  size_t have = 0, at = 0;
  while (have < count && at < length) {
    const unsigned code = in[at++];
    if (code == NOTHING) continue;
    const bool literal = code <= LITERAL;
    size_t n = literal ? code + 1u : 257u - code;
    CHECK(at + (literal ? n : 1) <= length, ST_FORMAT,
          "compressed pixel data: a run at byte %zu reaches beyond its segment of %zu", at, length);
    if (n > count - have) n = count - have;
    for (size_t i = 0; i < n; i++) out[(have + i) * step] = in[literal ? at + i : at];
    have += n;
    at += literal ? code + 1u : 1;
  }
  CHECK(have == count, ST_FORMAT, "compressed pixel data: a segment holds %zu of %zu bytes", have,
        count);
done:
  return st;
}

status dicom_rle_decode(unsigned char *out, size_t pixels, int width, const unsigned char *data,
                        size_t length) {
  status st = ST_OK;
  CHECK(length >= HEADER && word(data) == (uint32_t)width && width <= MOST_SEGMENTS, ST_FORMAT,
        "compressed pixel data: %zu bytes of run lengths do not begin with a header of %d segments",
        length, width);
  for (int s = 0; s < width; s++) {
    const size_t from = word(data + 4 * (s + 1));
    const size_t to = s + 1 < width ? word(data + 4 * (s + 2)) : length;
    CHECK(from >= HEADER && from <= to && to <= length, ST_FORMAT,
          "compressed pixel data: segment %d is said to lie at bytes %zu to %zu of %zu", s + 1,
          from, to, length);
    /* the first segment holds the highest byte */
    TRY(unpack(out + (width - 1 - s), pixels, (size_t)width, data + from, to - from));
  }
done:
  return st;
}
