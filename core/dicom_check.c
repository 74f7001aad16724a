#define _POSIX_C_SOURCE 200809L
#include "core/dicom_check.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW = 65536, DEEPEST = 16, META_END = 132 };
#define UNDEFINED 0xffffffffu
#define ITEM 0xfffee000u
#define ITEM_END 0xfffee00du
#define SEQUENCE_END 0xfffee0ddu
#define PIXEL_DATA 0x7fe00010u
#define PIXEL_VRS "OB OW UN OF OD OL OV" /* the first two by PS3.5; the others are met */

/* A file seen through a window that follows, or bytes in memory. */
struct walk {
  const unsigned char *data; /* NULL: the file */
  int fd;
  int64_t size;
  int64_t start; /* of the window */
  size_t filled;
  unsigned char window[WINDOW];
  bool is_explicit, big;
};

/* n bytes at `at`; NULL beyond the end. Good until the next call. */
static const unsigned char *bytes_at(struct walk *w, int64_t at, size_t n) {
  if (at < 0 || at + (int64_t)n > w->size) return NULL;
  if (w->data) return w->data + at;
  if (at < w->start || at + (int64_t)n > w->start + (int64_t)w->filled) {
    ssize_t got = pread(w->fd, w->window, WINDOW, (off_t)at);
    if (got < (ssize_t)n) return NULL;
    w->start = at;
    w->filled = (size_t)got;
  }
  return w->window + (at - w->start);
}

static uint32_t number(const struct walk *w, const unsigned char *b, int bytes) {
  uint32_t v = 0;
  for (int i = 0; i < bytes; i++) v |= (uint32_t)b[w->big ? bytes - 1 - i : i] << (8 * i);
  return v;
}

static uint32_t tag_of(const struct walk *w, const unsigned char *b) {
  return number(w, b, 2) << 16 | number(w, b + 2, 2);
}

struct element {
  uint32_t tag, length;
  char vr[3];    /* "" when implicit */
  int64_t value; /* where it begins */
};

static bool known_vr(const char *vr) {
  static const char all[] = "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS "
                            "ST SV TM UC UI UL UN UR US UT UV ";
  char padded[4] = {vr[0], vr[1], ' ', 0};
  return vr[0] >= 'A' && vr[0] <= 'Z' && vr[1] >= 'A' && vr[1] <= 'Z' && strstr(all, padded);
}

static bool long_vr(const char *vr) {
  return strstr("OB OD OF OL OV OW SQ SV UC UN UR UT UV ", vr) != NULL;
}

static status read_element(struct element *e, struct walk *w, int64_t at) {
  status st = ST_OK;
  memset(e, 0, sizeof *e);
  const unsigned char *b = bytes_at(w, at, 8);
  CHECK(b, ST_FORMAT, "the DICOM header is cut short at byte %lld", (long long)at);
  e->tag = tag_of(w, b);
  e->value = at + 8;
  bool delimiter = e->tag >> 16 == 0xfffe;
  if (!w->is_explicit || delimiter) {
    e->length = number(w, b + 4, 4);
    goto done;
  }
  e->vr[0] = (char)b[4];
  e->vr[1] = (char)b[5];
  CHECK(known_vr(e->vr), ST_FORMAT,
        "the DICOM header is malformed: element %08x at byte %lld has no known type", e->tag,
        (long long)at);
  if (!long_vr(e->vr)) {
    e->length = number(w, b + 6, 2);
    goto done;
  }
  b = bytes_at(w, at, 12);
  CHECK(b, ST_FORMAT, "the DICOM header is cut short at byte %lld", (long long)at);
  e->length = number(w, b + 8, 4);
  e->value = at + 12;
done:
  return st;
}

static status walk_elements(struct walk *w, int64_t *at, int64_t end, bool until_item_end,
                            int depth);

/* Items up to `end`, or up to the delimiter when the length is undefined (end -1). */
static status walk_items(struct walk *w, int64_t *at, int64_t end, int depth) {
  status st = ST_OK;
  int64_t limit = end < 0 ? w->size : end;
  CHECK(depth < DEEPEST, ST_FORMAT,
        "the DICOM header nests sequences more than %d deep at byte %lld", DEEPEST, (long long)*at);
  while (*at < limit) {
    struct element e;
    TRY(read_element(&e, w, *at));
    if (e.tag == SEQUENCE_END && end < 0) {
      *at = e.value;
      goto done;
    }
    CHECK(e.tag == ITEM, ST_FORMAT,
          "the DICOM header is malformed: element %08x at byte %lld where an item should begin",
          e.tag, (long long)*at);
    *at = e.value;
    bool open = e.length == UNDEFINED;
    CHECK(open || (int64_t)e.length <= limit - *at, ST_FORMAT,
          "the DICOM header is malformed: an item at byte %lld claims %u bytes, %lld are left",
          (long long)*at, e.length, (long long)(limit - *at));
    TRY(walk_elements(w, at, open ? limit : *at + (int64_t)e.length, open, depth + 1));
  }
  CHECK(end >= 0, ST_FORMAT, "the DICOM header is malformed: a sequence has no end");
done:
  return st;
}

/* Is the value a sequence? Implicit files do not say: then its first item tells. */
static bool is_sequence(struct walk *w, const struct element *e) {
  if (e->tag == PIXEL_DATA) return false;
  if (e->length == UNDEFINED || !strcmp(e->vr, "SQ")) return true;
  if (w->is_explicit && strcmp(e->vr, "UN")) return false;
  const unsigned char *b = e->length >= 8 ? bytes_at(w, e->value, 8) : NULL;
  uint32_t first = b ? tag_of(w, b) : 0; /* GDCM goes in at a delimiter as well */
  return first == ITEM || first == ITEM_END || first == SEQUENCE_END;
}

static status walk_value(struct walk *w, const struct element *e, int64_t *at, int64_t end,
                         int depth) {
  status st = ST_OK;
  bool open = e->length == UNDEFINED, was_explicit = w->is_explicit, was_big = w->big;
  CHECK(
      !open || !w->is_explicit || !strcmp(e->vr, "SQ") || !strcmp(e->vr, "UN"), ST_FORMAT,
      "the DICOM header is malformed: element %08x of undefined length at byte %lld is no sequence",
      e->tag, (long long)*at);
  *at = e->value;
  CHECK(open || (int64_t)e->length <= end - *at, ST_FORMAT,
        "the DICOM header is malformed: element %08x at byte %lld claims %u bytes, %lld are left",
        e->tag, (long long)*at, e->length, (long long)(end - *at));
  if (!is_sequence(w, e)) {
    *at += (int64_t)e->length;
    goto done;
  }
  if (!strcmp(e->vr, "UN")) w->is_explicit = w->big = false; /* PS3.5 6.2.2 */
  TRY(walk_items(w, at, open ? -1 : *at + (int64_t)e->length, depth));
done:
  w->is_explicit = was_explicit;
  w->big = was_big;
  return st;
}

static status walk_elements(struct walk *w, int64_t *at, int64_t end, bool until_item_end,
                            int depth) {
  status st = ST_OK;
  while (*at < end) {
    struct element e;
    TRY(read_element(&e, w, *at));
    if (e.tag == ITEM_END && until_item_end) {
      *at = e.value;
      goto done;
    }
    CHECK(e.tag >> 16 != 0xfffe && e.tag >> 16 >= 0x0004, ST_FORMAT,
          "the DICOM header is malformed: element %08x at byte %lld does not belong there", e.tag,
          (long long)*at);
    if (e.tag == PIXEL_DATA && depth == 0) {
      CHECK(!w->is_explicit || strstr(PIXEL_VRS, e.vr), ST_FORMAT,
            "the DICOM header is malformed: pixel data at byte %lld are of type %s, OB or OW is "
            "permitted",
            (long long)*at, e.vr);
      goto done;
    }
    TRY(walk_value(w, &e, at, end, depth));
  }
  CHECK(!until_item_end, ST_FORMAT, "the DICOM header is malformed: an item has no end");
done:
  return st;
}

/* Meta elements, explicit little endian; gives the transfer syntax and where the data set begins.
 */
static status walk_meta(struct walk *w, int64_t *at, char syntax[68]) {
  status st = ST_OK;
  const unsigned char *b = bytes_at(w, 0, META_END);
  CHECK(b && !memcmp(b + 128, "DICM", 4), ST_FORMAT,
        "no DICOM file with its meta information, or cut short within the header");
  *at = META_END;
  w->is_explicit = true;
  uint32_t previous = 0;
  while (*at < w->size) {
    struct element e;
    b = bytes_at(w, *at, 2);
    if (!b || number(w, b, 2) != 0x0002) break;
    TRY(read_element(&e, w, *at));
    CHECK((int64_t)e.length <= w->size - e.value && e.length <= WINDOW && e.tag > previous &&
              strcmp(e.vr, "SQ"),
          ST_FORMAT, "the DICOM meta information is malformed at byte %lld", (long long)*at);
    previous = e.tag;
    if (e.tag == 0x00020010) {
      b = bytes_at(w, e.value, e.length);
      size_t n = e.length < 67 ? e.length : 67;
      memcpy(syntax, b, n);
      syntax[n] = 0;
      while (n && syntax[n - 1] == ' ') syntax[--n] = 0;
    }
    *at = e.value + (int64_t)e.length;
  }
  CHECK(syntax[0], ST_FORMAT, "the DICOM meta information states no transfer syntax");
done:
  return st;
}

/* Where the element of pixel data at `at` ends; -1 when it does not. */
static int64_t pixel_data_end(struct walk *w, int64_t at) {
  struct element e;
  if (read_element(&e, w, at) != ST_OK) goto cut;
  if (e.length != UNDEFINED)
    return (int64_t)e.length <= w->size - e.value ? e.value + (int64_t)e.length : -1;
  if (w->is_explicit && !strstr("OB OW UN ", e.vr)) return -1;
  do {
    at = e.value + (e.tag == PIXEL_DATA ? 0 : (int64_t)e.length);
    if (read_element(&e, w, at) != ST_OK) goto cut;
  } while (e.tag == ITEM && e.length != UNDEFINED);
  return e.tag == SEQUENCE_END && e.length == 0 ? e.value : -1;
cut:
  status_clear();
  return -1;
}

/* What the deflated rest of a file from `at` on inflates to; *n its bytes. */
static status inflate_rest(char **out, size_t *n, const struct walk *w, int64_t at) {
  static const size_t most = (size_t)1 << 30;
  status st = ST_OK;
  size_t packed = (size_t)(w->size - at), room = 4 * packed + 4096;
  struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
  char *in = malloc(packed), *to = NULL;
  enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;
  CHECK(d && in, ST_MEMORY, "a deflated DICOM file: out of memory");
  CHECK(pread(w->fd, in, packed, (off_t)at) == (ssize_t)packed, ST_IO, "a file cannot be read");
  for (; result == LIBDEFLATE_INSUFFICIENT_SPACE && room <= most; room *= 4) {
    free(to);
    to = malloc(room);
    CHECK(to, ST_MEMORY, "a deflated DICOM file: out of memory");
    size_t used;
    result = libdeflate_deflate_decompress_ex(d, in, packed, to, room, &used, n);
  }
  CHECK(result == LIBDEFLATE_SUCCESS, ST_FORMAT,
        "the deflated DICOM data are cut short or damaged, or more than %zu MB", most >> 20);
  *out = to;
  to = NULL;
done:
  libdeflate_free_decompressor(d);
  free(in);
  free(to);
  return st;
}

/* The same walk over an inflated data set. */
static status check_deflated(bool *pixels_whole, const struct walk *packed, int64_t begin) {
  status st = ST_OK;
  struct walk *w = calloc(1, sizeof *w);
  char *data = NULL;
  size_t n = 0;
  int64_t at = 0;
  CHECK(w, ST_MEMORY, "a deflated DICOM file: out of memory");
  TRY(inflate_rest(&data, &n, packed, begin));
  w->data = (const unsigned char *)data;
  w->size = (int64_t)n;
  w->is_explicit = true;
  CHECK(n >= 8, ST_FORMAT, "the DICOM file ends behind its meta information");
  TRY(walk_elements(w, &at, w->size, false, 0));
  *pixels_whole = at >= w->size || pixel_data_end(w, at) >= 0;
done:
  free(data);
  free(w);
  return st;
}

status dicom_check(const char *path, int64_t *end) {
  status st = ST_OK;
  bool whole = true;
  struct walk w = {.fd = open(path, O_RDONLY)};
  struct stat info;
  char syntax[68] = "";
  int64_t at;
  CHECK(w.fd >= 0 && !fstat(w.fd, &info), ST_IO, "a file cannot be opened");
  w.size = info.st_size;
  if (end) *end = w.size;
  TRY(walk_meta(&w, &at, syntax));
  CHECK(at + 8 <= w.size, ST_FORMAT, "the DICOM file ends behind its meta information");
  if (!strcmp(syntax, "1.2.840.10008.1.2.1.99")) {
    TRY(check_deflated(&whole, &w, at));
    if (end && !whole) *end = -1;
    goto done;
  }
  w.big = !strcmp(syntax, "1.2.840.10008.1.2.2");
  w.is_explicit = strcmp(syntax, "1.2.840.10008.1.2") && strcmp(syntax, "1.2.840.113619.5.2");
  TRY(walk_elements(&w, &at, w.size, false, 0));
  if (end && at < w.size) *end = pixel_data_end(&w, at);
done:
  if (st && end) *end = -1;
  if (w.fd >= 0) close(w.fd);
  return st;
}

bool dicom_is_damaged(const char *path) {
  char magic[4] = "";
  int fd = open(path, O_RDONLY);
  bool begins = fd >= 0 && pread(fd, magic, 4, 128) == 4 && !memcmp(magic, "DICM", 4);
  if (fd >= 0) close(fd);
  return begins && dicom_check(path, NULL) != ST_OK;
}
