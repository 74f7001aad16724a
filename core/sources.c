#include "core/sources.h"

#include <string.h>

#define SOURCE(name, text, link) {#name, text, link},
static const struct source sources[] = {
#include "core/sources.def"
};
#undef SOURCE

enum { COUNT = sizeof sources / sizeof *sources };

const struct source *source_find(const char *key) {
  for (size_t i = 0; i < COUNT; i++)
    if (strcmp(sources[i].key, key) == 0) return &sources[i];
  return NULL;
}

const struct source *source_all(size_t *count) {
  *count = COUNT;
  return sources;
}
