#define _POSIX_C_SOURCE 200809L
#include "core/text.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libraries (Gmsh) call setlocale; numbers are always written in the C locale */
static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void) {
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t enter_c_locale(void) {
  pthread_once(&c_locale_once, make_c_locale);
  return c_locale ? uselocale(c_locale) : (locale_t)0;
}

static void leave_c_locale(locale_t old) {
  if (old) uselocale(old);
}

static int reserve(struct text *t, size_t more) {
  if (t->failed) return 0;
  if (more > SIZE_MAX / 2 - t->length - 1) return t->failed = 1, 0;
  size_t need = t->length + more + 1;
  if (need <= t->capacity) return 1;
  size_t capacity = t->capacity ? t->capacity : 256;
  while (capacity < need) capacity *= 2;
  char *grown = realloc(t->data, capacity);
  if (!grown) return t->failed = 1, 0;
  t->data = grown;
  t->capacity = capacity;
  return 1;
}

void text_append_raw(struct text *t, const char *data, size_t length) {
  if (!reserve(t, length)) return;
  if (length) memcpy(t->data + t->length, data, length);
  t->length += length;
  t->data[t->length] = '\0';
}

void text_append(struct text *t, const char *fmt, ...) {
  va_list args, again;
  locale_t old = enter_c_locale();
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  if (n < 0) {
    t->failed = 1;
  } else if (reserve(t, (size_t)n)) {
    vsnprintf(t->data + t->length, (size_t)n + 1, fmt, again);
    t->length += (size_t)n;
  }
  va_end(again);
  va_end(args);
  leave_c_locale(old);
}

void text_append_html(struct text *t, const char *s) {
  for (; *s; s++) {
    switch (*s) {
    case '&':
      text_append_raw(t, "&amp;", 5);
      break;
    case '<':
      text_append_raw(t, "&lt;", 4);
      break;
    case '>':
      text_append_raw(t, "&gt;", 4);
      break;
    case '"':
      text_append_raw(t, "&quot;", 6);
      break;
    default:
      text_append_raw(t, s, 1);
    }
  }
}

void text_append_base64(struct text *t, const void *data, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = data;
  if (!reserve(t, (length + 2) / 3 * 4)) return;
  char *out = t->data + t->length;
  for (size_t i = 0; i < length; i += 3) {
    size_t left = length - i;
    uint32_t word = (uint32_t)in[i] << 16;
    if (left > 1) word |= (uint32_t)in[i + 1] << 8;
    if (left > 2) word |= in[i + 2];
    *out++ = digits[word >> 18];
    *out++ = digits[word >> 12 & 63];
    *out++ = left > 1 ? digits[word >> 6 & 63] : '=';
    *out++ = left > 2 ? digits[word & 63] : '=';
  }
  *out = '\0';
  t->length = (size_t)(out - t->data);
}

/* "%e" digits as a person writes them: 250 and 0.001, not 2.5e+02 and 1e-03 */
static void write_plain(char *out, size_t size, double value, int precision) {
  int exponent = value == 0 ? 0 : (int)floor(log10(fabs(value)));
  int decimals = precision - 1 - exponent;
  if (exponent < -5 || exponent > 15)
    snprintf(out, size, "%.*g", precision, value);
  else
    snprintf(out, size, "%.*f", decimals > 0 ? decimals : 0, value);
}

void text_append_number(struct text *t, double value) {
  if (isnan(value)) {
    text_append_raw(t, "", 0);
    return;
  }
  char digits[48];
  locale_t old = enter_c_locale();
  for (int precision = 1; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (isinf(value)) break;
    if (strtod(digits, NULL) != value) continue;
    char plain[48];
    write_plain(plain, sizeof plain, value, precision);
    if (strtod(plain, NULL) == value) memcpy(digits, plain, sizeof digits);
    break;
  }
  leave_c_locale(old);
  text_append_raw(t, digits, strlen(digits));
}

status text_check(const struct text *t, const char *what) {
  status st = ST_OK;
  CHECK(!t->failed, ST_MEMORY, "writing %s: out of memory after %.1f MB", what,
        (double)t->length / 1e6);
done:
  return st;
}

void text_free(struct text *t) {
  free(t->data);
  *t = (struct text){0};
}
