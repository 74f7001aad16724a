/* A manifest with all its images in one HDF5 file, to be moved or streamed as one thing: the table
 * as table_store_write has it, and each image and label map as an array (core/image_store.h) whose
 * name stands where its path stood.
 */
#ifndef QCT_ML_CNN_PACK_H
#define QCT_ML_CNN_PACK_H

#include "core/store.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_manifest {
  struct table *table; /* owned */
  struct store *store; /* owned; NULL when images are files */
  char folder[4096];   /* where relative paths start */
};

/** CSV with paths, or such a file (.h5). @return as table_read, store_open */
status cnn_manifest_open(struct cnn_manifest *out, const char *path);
void cnn_manifest_close(struct cnn_manifest *m);

/** In m's table the names take the place of the paths.
 * @param image  column with the path; "image2"... beside it are taken too
 * @param labels  column with the label map, or NULL
 * @return ST_DOMAIN: no such column, an empty path; what reading an image returns, row named */
status cnn_pack(const char *path, struct cnn_manifest *m, const char *image, const char *labels,
                const char *provenance, bool force);

#ifdef __cplusplus
}
#endif
#endif
