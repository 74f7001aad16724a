#define _POSIX_C_SOURCE 200809L
#include "core/dicom_element.h"

#include "core/file.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- elements ---- */

static void put_u16(struct text *t, unsigned value) {
  const char b[2] = {(char)(value & 255), (char)(value >> 8 & 255)};
  text_append_raw(t, b, 2);
}
static void put_u32(struct text *t, uint32_t value) {
  put_u16(t, value & 65535);
  put_u16(t, value >> 16);
}

/* Tag, VR, length, value padded to an even length: with a space, UIDs with NUL. */
void dicom_put_element(struct text *t, uint32_t tag, const char *vr, const void *value,
                       size_t length) {
  bool text = !strcmp(vr, "UC") || !strcmp(vr, "UT");
  bool wide = text || !strcmp(vr, "OB") || !strcmp(vr, "OW") || !strcmp(vr, "SQ");
  put_u16(t, tag >> 16);
  put_u16(t, tag & 65535);
  text_append_raw(t, vr, 2);
  if (wide) {
    put_u16(t, 0);
    put_u32(t, (uint32_t)(length + length % 2));
  } else {
    put_u16(t, (unsigned)(length + length % 2));
  }
  text_append_raw(t, value, length);
  if (length % 2) text_append_raw(t, strcmp(vr, "UI") && (text || !wide) ? " " : "", 1);
}

void dicom_put_text(struct text *t, uint32_t tag, const char *vr, const char *value) {
  dicom_put_element(t, tag, vr, value ? value : "", value ? strlen(value) : 0);
}

void dicom_put_short(struct text *t, uint32_t tag, const char *vr, int value) {
  const unsigned char b[2] = {(unsigned char)(value & 255), (unsigned char)(value >> 8 & 255)};
  dicom_put_element(t, tag, vr, b, 2);
}

void dicom_put_integer(struct text *t, uint32_t tag, double value) {
  char b[16] = "";
  if (!isnan(value)) snprintf(b, sizeof b, "%lld", (long long)llround(value));
  dicom_put_text(t, tag, "IS", b);
}

/* A decimal string has at most 16 characters: as many digits as fit. */
static void decimal(char out[17], double value) {
  char b[400];
  for (int digits = 15; digits > 0; digits--) {
    snprintf(b, sizeof b, "%.*g", digits, value == 0 ? 0.0 : value);
    if (strlen(b) <= 16) break;
  }
  for (char *c = b; *c; c++)
    if (*c == ',') *c = '.';
  snprintf(out, 17, "%.16s", b);
}

void dicom_put_decimals(struct text *t, uint32_t tag, const double *values, int count) {
  char all[128] = "", one[17];
  size_t used = 0;
  for (int i = 0; i < count && !isnan(values[i]); i++) {
    decimal(one, values[i]);
    used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? "\\" : "", one);
  }
  dicom_put_text(t, tag, "DS", all);
}

void dicom_put_decimal(struct text *t, uint32_t tag, double value) {
  dicom_put_decimals(t, tag, &value, 1);
}

/* ---- UIDs: 2.25.<128-bit number>, PS3.5 B.2, from a digest of seed, purpose and number ---- */

void dicom_derive_uid(char out[64], uint64_t seed, const char *purpose, int64_t number) {
  char source[128], hex[65], digits[40];
  unsigned char b[16];
  snprintf(source, sizeof source, "qct %llu %s %lld", (unsigned long long)seed, purpose,
           (long long)number);
  bytes_sha256(hex, source, strlen(source));
  for (int i = 0; i < 16; i++) {
    unsigned v;
    sscanf(hex + 2 * i, "%2x", &v);
    b[i] = (unsigned char)v;
  }
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* UUID version 4 layout */
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
  int at = 39;
  digits[39] = 0;
  for (bool more = true; more && at > 0;) { /* long division by 10 */
    unsigned rest = 0;
    more = false;
    for (int i = 0; i < 16; i++) {
      unsigned v = rest << 8 | b[i];
      b[i] = (unsigned char)(v / 10);
      rest = v % 10;
      more |= b[i] != 0;
    }
    digits[--at] = (char)('0' + rest);
  }
  snprintf(out, 64, "2.25.%s", digits + at);
}

/* ---- sequences ---- */

void dicom_put_item(struct text *items, struct text *body) {
  put_u16(items, 0xfffe);
  put_u16(items, 0xe000);
  put_u32(items, (uint32_t)body->length);
  text_append_raw(items, body->data ? body->data : "", body->length);
  text_free(body);
}

void dicom_put_sequence(struct text *t, uint32_t tag, struct text *items) {
  dicom_put_element(t, tag, "SQ", items->data ? items->data : "", items->length);
  text_free(items);
}

void dicom_put_tag(struct text *t, uint32_t tag, uint32_t value) {
  const unsigned char b[4] = {(unsigned char)(value >> 16), (unsigned char)(value >> 24),
                              (unsigned char)value, (unsigned char)(value >> 8)};
  dicom_put_element(t, tag, "AT", b, 4);
}

void dicom_put_longs(struct text *t, uint32_t tag, const uint32_t *values, int count) {
  unsigned char b[64];
  for (int i = 0; i < count && i < 16; i++)
    for (int k = 0; k < 4; k++) b[4 * i + k] = (unsigned char)(values[i] >> (8 * k));
  dicom_put_element(t, tag, "UL", b, (size_t)count * 4);
}

void dicom_put_double(struct text *t, uint32_t tag, double value) {
  unsigned char b[8];
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 8; i++) b[i] = (unsigned char)(bits >> (8 * i));
  dicom_put_element(t, tag, "FD", b, sizeof b);
}

void dicom_put_code(struct text *t, uint32_t tag, const char *value, const char *scheme,
                    const char *meaning) {
  enum { SHORT_VALUE = 16, MEANING = 64 };
  struct text items = {0}, body = {0};
  bool is_long = strlen(value) > SHORT_VALUE;
  if (!is_long) dicom_put_text(&body, 0x00080100, "SH", value);
  dicom_put_text(&body, 0x00080102, "SH", scheme);
  dicom_put_element(&body, 0x00080104, "LO", meaning,
                    strlen(meaning) < MEANING ? strlen(meaning) : MEANING);
  if (is_long) dicom_put_text(&body, 0x00080119, "UC", value);
  dicom_put_item(&items, &body);
  dicom_put_sequence(t, tag, &items);
}

/* ---- the head of a file ---- */

void dicom_put_file_head(struct text *t, const char *sop_class, const char *uid) {
  static const char preamble[132] = {[128] = 'D', [129] = 'I', [130] = 'C', [131] = 'M'};
  struct text meta = {0};
  char implementation[64];
  dicom_derive_uid(implementation, 0, "implementation", 0);
  dicom_put_element(&meta, 0x00020001, "OB", "\0\1", 2);
  dicom_put_text(&meta, 0x00020002, "UI", sop_class);
  dicom_put_text(&meta, 0x00020003, "UI", uid);
  dicom_put_text(&meta, 0x00020010, "UI", "1.2.840.10008.1.2.1"); /* explicit little endian */
  dicom_put_text(&meta, 0x00020012, "UI", implementation);
  dicom_put_text(&meta, 0x00020013, "SH", "QCT");
  text_append_raw(t, preamble, sizeof preamble);
  const uint32_t n = (uint32_t)meta.length;
  dicom_put_longs(t, 0x00020000, &n, 1);
  text_append_raw(t, meta.data ? meta.data : "", meta.length);
  text_free(&meta);
}
