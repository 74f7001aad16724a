/* A growing piece of text, for JSON, CSV, SVG and HTML writers.
 *
 *   struct text t = {0};  text_append(&t, "%g", x);  ... t.data ...  text_free(&t);
 *
 * An allocation failure is remembered in `failed` (further appends do nothing) and checked once, by
 * text_check or by whoever writes the file, so that writers stay flat. Numbers always use '.'
 * whatever the locale.
 */
#ifndef QCT_CORE_TEXT_H
#define QCT_CORE_TEXT_H

#include "core/status.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct text {
  char *data; /* owned, NUL-terminated once anything was appended; NULL before */
  size_t length;
  size_t capacity;
  int failed;
};

void text_append(struct text *t, const char *fmt, ...) QCT_PRINTF(2, 3);
void text_append_raw(struct text *t, const char *data, size_t length);
/** Escape & < > " for HTML, XML and SVG. */
void text_append_html(struct text *t, const char *s);
/** Base64 of bytes, no line breaks (for data: URIs). */
void text_append_base64(struct text *t, const void *data, size_t length);
/** Shortest decimal that reads back to the same double; "" for NaN. */
void text_append_number(struct text *t, double value);
/** ST_MEMORY if any append failed. `what` names the text in the message. */
status text_check(const struct text *t, const char *what);
void text_free(struct text *t);

#ifdef __cplusplus
}
#endif
#endif
