/* What store.c and store_attributes.c share. Private to these two. */
#ifndef QCT_CORE_STORE_HDF5_H
#define QCT_CORE_STORE_HDF5_H

#include "core/file.h"
#include "core/store.h"

#include <hdf5.h>

struct store {
  hid_t file;
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
void store_make_groups(hid_t file, const char *name);

#endif
