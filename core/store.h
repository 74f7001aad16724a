/* HDF5 store: named arrays and attributes in groups, for FE models and fields, cohorts, calibration
 * histories, network weights. Serial HDF5. Names are paths ("fields/displacement"); groups are made
 * as needed. Arrays are row-major, the last dimension fastest. Compression: gzip level 1 with
 * shuffle on arrays above 64 KiB.
 *
 * A new store is written aside and renamed by store_commit; store_close without commit leaves
 * nothing. HDF5 prints nothing; its innermost message is in ours. Calls from several threads are
 * safe (the library serialises them), but two threads must not write to one store.
 */
#ifndef QCT_CORE_STORE_H
#define QCT_CORE_STORE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct store;

enum store_type { STORE_F32, STORE_F64, STORE_I32, STORE_I64, STORE_U8, STORE_U16 };

status store_create(struct store **out, const char *path, bool force);
status store_open(struct store **out, const char *path);
/** Open for adding, under an exclusive lock (flock on `<path>.lock`, which stays behind empty;
 * waits up to `wait_s`); made if absent. Works on a copy that store_commit puts in place, so a
 * killed process leaves the store as it was. @return ST_IO when the lock is not had in time */
status store_open_update(struct store **out, const char *path, double wait_s);
/** Finish a created or updated store. After it only store_close may follow. */
status store_commit(struct store *s);
void store_close(struct store *s);

status store_write(struct store *s, const char *name, enum store_type type, int rank,
                   const int64_t *dims, const void *data);
/** Extents of an array: rank in *rank, at most 8 dims. @return ST_FORMAT when there is none, or
 * when it claims more than 1e12 elements */
status store_shape(const struct store *s, const char *name, enum store_type *type, int *rank,
                   int64_t dims[8]);
/** Read the whole array converted to `type` into `data` of `count` elements (must equal the
 * extent). */
status store_read(const struct store *s, const char *name, enum store_type type, void *data,
                  int64_t count);
bool store_has(const struct store *s, const char *name);
/** Names of the members of a group ("" is the root), sorted; free with file_list_free. */
status store_list(const struct store *s, const char *group, char ***names, size_t *count);

/** Attributes of an array or group ("" is the root). */
status store_set_text(struct store *s, const char *name, const char *key, const char *value);
status store_set_number(struct store *s, const char *name, const char *key, double value);
status store_get_text(const struct store *s, const char *name, const char *key, char *out,
                      size_t size);
status store_get_number(const struct store *s, const char *name, const char *key, double *out);

#ifdef __cplusplus
}
#endif
#endif
