/* Volumes and label maps as arrays of an HDF5 store: [z][y][x], with one text attribute "image", a
 * JSON object: "spacing_mm" [x, y, z], and where known "origin_mm" [3], "direction" [9, row by row,
 * LPS] and what a side file says (core/image_side.h). h5py makes such a file in two lines.
 */
#ifndef QCT_CORE_IMAGE_STORE_H
#define QCT_CORE_IMAGE_STORE_H

#include "core/store.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

status image_store_write_volume(struct store *s, const char *name, const struct volume *v);
status image_store_write_labels(struct store *s, const char *name, const struct labels *l);

/** A picture of two axes is one slice. Values become float.
 * @return ST_FORMAT: no such array, more than 3 axes, no "image" attribute, a spacing that is none
 */
status image_store_read_volume(struct volume **out, const struct store *s, const char *name);
status image_store_read_labels(struct labels **out, const struct store *s, const char *name);

#ifdef __cplusplus
}
#endif
#endif
