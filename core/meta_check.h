/* What MetaIO does not look at in a MetaImage. It reads a file that was cut short without a word
 * and leaves the missing voxels as they were, and takes as many sizes as the header says there are
 * axes: for hours, when it says so; a long key it copies over its own memory. Private to core's
 * image files.
 */
#ifndef QCT_CORE_META_CHECK_H
#define QCT_CORE_META_CHECK_H

#include "core/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Look at the header's lines, and at the number of axes wherever it is stated, before MetaIO reads
 * the file. @return ST_FORMAT unless the lines are "Key = value" of lengths that MetaIO can hold,
 * up to ElementDataFile, the axes 1 to 10 (MetaIO's own most), and a size of the voxels among them;
 *         ST_IO */
status meta_header_check(const char *path);

/** Do the data of `path` (.mha, or .mhd with one data file) hold so many voxels? Compressed data
 * are unpacked for it, text (BinaryData = False) is counted number by number.
 * @return ST_FORMAT when too short or damaged, or text holds a word that is no finite number;
 *         ST_UNSUPPORTED for data spread over several files, or compressed text; ST_IO */
status meta_data_check(const char *path, int64_t voxels, int64_t component_bytes);

#ifdef __cplusplus
}
#endif
#endif
