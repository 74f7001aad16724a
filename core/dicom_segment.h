/* Labels as a DICOM segmentation object (SEG): one multi-frame file, one binary frame for every
 * slice in which a label occurs, one segment a label.
 *
 * No personal data: patient fields are empty, dates are fixed, UIDs come from the seed, so that
 * bytes are the same in every run. Study and frame of reference are those of a series that
 * dicom_series_write makes with the same seed, so a viewer lays the segments over it.
 *
 * Source: DICOM PS3.3 A.51 (segmentation IOD), C.8.20 (segmentation modules), C.7.6.16 (functional
 * groups), C.7.6.17 (dimensions); PS3.5 8.1.1 and D (bits packed over the ends of frames).
 */
#ifndef QCT_CORE_DICOM_SEGMENT_H
#define QCT_CORE_DICOM_SEGMENT_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param path  .dcm
 * @return ST_DOMAIN for a map without labels, more than 65535 rows or columns, or more frames than
 *         fit a file of 4 GB; ST_USAGE when there is a file and !force; ST_IO; ST_MEMORY
 */
status dicom_segment_write(const struct labels *l, const char *path, uint64_t seed, bool force);

#ifdef __cplusplus
}
#endif
#endif
