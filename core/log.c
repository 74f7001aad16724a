#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

static log_sink installed;
static void *installed_user;

void log_set_sink(log_sink sink, void *user) {
  installed = sink;
  installed_user = user;
}

void log_message(enum log_level level, const char *fmt, ...) {
  if (!installed) return;
  char text[2048];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  installed(installed_user, level, text);
}
