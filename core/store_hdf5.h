/* What store.c and store_attributes.c share. Private to these two. The HDF5 headers stay in them:
 * an hid_t is an int64_t. */
#ifndef QCT_CORE_STORE_HDF5_H
#define QCT_CORE_STORE_HDF5_H

#include "core/file.h"
#include "core/store.h"

struct store {
  int64_t file; /* hid_t */
  char path[4096];
  struct file_aside aside; /* open while a created or updated store is not committed */
  int lock;                /* file descriptor of the lock, -1 when none */
  int writable;
};

/** HDF5 is told not to print its errors. */
void store_quiet(void);
/** Its innermost message of the last failure; of this thread, until the next call. */
const char *store_why(void);
/** Groups of a path that are not there; what follows the last '/' is no group. */
void store_make_groups(int64_t file, const char *name);

#endif
