/* Is a DICOM file well formed up to its pixel data, and where do they end? GDCM as Debian builds it
 * ends the process on some malformed files and loops on others; nothing goes to it that did not
 * pass here. Structure only (PS3.5 section 7, PS3.10 section 7): preamble, meta elements, tags,
 * VRs, lengths within the file, nesting of sequences. Private to core's DICOM files.
 */
#ifndef QCT_CORE_DICOM_CHECK_H
#define QCT_CORE_DICOM_CHECK_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @param[out] end  the bytes up to the end of the pixel data, of the file when there are none; -1
 * when they are cut short or not made of fragments as they claim. What follows them is not looked
 * at. May be NULL.
 * @return ST_IO; ST_FORMAT naming the byte where the structure breaks, never a value. The message
 * holds no path. A deflated data set is inflated for it (at most 1 GB). */
status dicom_check(const char *path, int64_t *end);

/** Does the file begin as a DICOM file (PS3.10) and yet fail the check: cut short, or overwritten?
 */
bool dicom_is_damaged(const char *path);

#ifdef __cplusplus
}
#endif
#endif
