/* Files: read whole, write aside and rename, digests, folders.
 *
 * Writing. Every output is made under a temporary name in the target's folder and renamed when
 * complete, so a reader never sees half a file:
 *
 *   struct file_aside f;
 *   TRY(file_aside_begin(&f, path, force));      refuses an existing path unless force
 *   ... write f.temporary ...
 *   TRY(file_aside_commit(&f));                  fsync + rename
 *   done: file_aside_abandon(&f);                removes what was not committed; safe after commit
 *
 * The temporary name keeps the final suffix (.nii.gz, .h5) because libraries choose formats by it.
 */
#ifndef QCT_CORE_FILE_H
#define QCT_CORE_FILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct file_aside {
  char temporary[4096];
  char target[4096];
  bool open; /* begun and neither committed nor abandoned */
};

/** @return ST_USAGE if `path` exists and !force (the message names --force), ST_IO if the folder is
 * not writable or the path is too long */
status file_aside_begin(struct file_aside *f, const char *path, bool force);
status file_aside_commit(struct file_aside *f);
void file_aside_abandon(struct file_aside *f);
/** Remove the temporary files that killed writers left in a folder, not below it. Only for a folder
 * in which nothing else is writing. */
void file_aside_sweep(const char *folder);

/** Write bytes through file_aside; path "-" is standard output. */
status file_write(const char *path, const void *data, size_t length, bool force);

/** Whole file into *data (owned by the caller, NUL appended after length bytes); path "-" is
 * standard input. @return ST_IO; ST_DOMAIN when larger than `limit` bytes (0: 1 GiB) */
status file_read(char **data, size_t *length, const char *path, size_t limit);

bool file_exists(const char *path);
bool file_is_directory(const char *path);
/** mkdir -p. */
status file_make_directory(const char *path);
/** Last part of a path, borrowed from it. */
const char *file_name(const char *path);
/** Ends with `suffix`, ASCII case-insensitive? */
bool file_has_suffix(const char *path, const char *suffix);

/** Regular files below a folder, recursively, sorted by name; does not follow symbolic links to
 * folders.
 *  @param limit most files taken; @return ST_DOMAIN above it */
status file_list(char ***paths, size_t *count, const char *folder, size_t limit);
void file_list_free(char **paths, size_t count);

/** SHA-256 as 64 hex digits + NUL. A folder's digest covers the sorted digests of its files, not
 * names. */
status file_sha256(char hex[65], const char *path);
void bytes_sha256(char hex[65], const void *data, size_t length);

#ifdef __cplusplus
}
#endif
#endif
