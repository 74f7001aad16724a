/* Is the voxel data of a MetaImage whole? MetaIO reads a file that was cut short without a word and
 * leaves the missing voxels as they were. Private to core's image files.
 */
#ifndef QCT_CORE_META_CHECK_H
#define QCT_CORE_META_CHECK_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Compare the data of `path` (.mha, or .mhd with one data file) with `expected` bytes; compressed
 * data are unpacked for it.
 * @return ST_FORMAT when too short or damaged, ST_UNSUPPORTED for data spread over several files */
status meta_data_check(const char *path, int64_t expected);

#ifdef __cplusplus
}
#endif
#endif
