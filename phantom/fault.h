/* Faults of DICOM folders, planted in a written series: each has the problem a reader must name.
 *
 *   missing-slice    one file removed from the middle
 *   gap              three neighbouring files removed
 *   duplicate-slice  one slice twice, under another name and instance UID
 *   shuffled         file names against the slice order (no fault: order comes from positions)
 *   truncated-file   the last third of one file cut off
 *   wrong-modality   Modality MR in every file
 *   mixed-series     a few slices of another series in the same folder
 *   foreign-file     a text file among the slices
 */
#ifndef QCT_PHANTOM_FAULT_H
#define QCT_PHANTOM_FAULT_H

#include "core/status.h"

enum phantom_fault {
  FAULT_NONE,
  FAULT_MISSING_SLICE,
  FAULT_GAP,
  FAULT_DUPLICATE_SLICE,
  FAULT_SHUFFLED,
  FAULT_TRUNCATED_FILE,
  FAULT_WRONG_MODALITY,
  FAULT_MIXED_SERIES,
  FAULT_FOREIGN_FILE
};
extern const char *const phantom_fault_names[]; /* "none", "missing-slice", ..., NULL */

/**
 * Plant a fault in the folder of a written series.
 * @return ST_DOMAIN for fewer than 8 slices, ST_IO, ST_FORMAT when a file lacks what is changed
 */
status phantom_fault_plant(const char *folder, enum phantom_fault fault);

#endif
