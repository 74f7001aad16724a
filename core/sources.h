/* The publications behind the methods, by key. One line each in core/sources.def, kept sorted by
 * key: SOURCE(totalseg2023, "Wasserthal et al. 2023, Radiol Artif Intell 5(5):e230024",
 * "10.1148/ryai.230024") Every `Source:` in a header and every source of a command or measurement
 * is a key of this list.
 */
#ifndef QCT_CORE_SOURCES_H
#define QCT_CORE_SOURCES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct source {
  const char *key;
  const char *citation;
  const char *doi; /* "" when none; a URL is given as it is */
};

/** NULL when the key is unknown. */
const struct source *source_find(const char *key);
/** All of them; *count entries. */
const struct source *source_all(size_t *count);

#ifdef __cplusplus
}
#endif
#endif
