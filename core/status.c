#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[2048];
static _Thread_local char origin[160];

status status_fail(status code, const char *file, int line, const char *fmt, ...) {
  char text[sizeof message]; /* arguments may point into the old message */
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  memcpy(message, text, sizeof message);
  const char *slash = strrchr(file, '/');
  snprintf(origin, sizeof origin, "%s:%d", slash ? slash + 1 : file, line);
  return code;
}

void status_note(const char *fmt, ...) {
  if (!message[0]) return;
  char context[512], text[sizeof message + sizeof context + 2];
  va_list args;
  va_start(args, fmt);
  vsnprintf(context, sizeof context, fmt, args);
  va_end(args);
  snprintf(text, sizeof text, "%s: %s", context, message);
  text[sizeof message - 1] = '\0';
  memcpy(message, text, sizeof message);
}

const char *status_message(void) {
  return message;
}

const char *status_origin(void) {
  return origin;
}

void status_clear(void) {
  message[0] = origin[0] = '\0';
}

const char *status_name(status code) {
  switch (code) {
  case ST_OK:
    return "ok";
  case ST_USAGE:
    return "usage";
  case ST_IO:
    return "io";
  case ST_FORMAT:
    return "format";
  case ST_DOMAIN:
    return "domain";
  case ST_NUMERIC:
    return "numeric";
  case ST_MEMORY:
    return "memory";
  case ST_UNSUPPORTED:
    return "unsupported";
  case ST_EXTERNAL:
    return "external";
  case ST_PARTIAL:
    return "partial";
  }
  return "unknown";
}
