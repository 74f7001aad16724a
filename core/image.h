/* Any scan, from any form: a DICOM folder, one DICOM file, or an image file. The one way in for
 * commands.
 */
#ifndef QCT_CORE_IMAGE_H
#define QCT_CORE_IMAGE_H

#include "core/itk_dicom.h"
#include "core/itk_image.h"

#ifdef __cplusplus
extern "C" {
#endif

struct image_read_options {
  const char *series_uid; /* NULL: the obvious axial CT */
  struct dicom_read_options dicom;
  enum quantity
      quantity; /* what to take an image file without a side file for; QUANTITY_UNKNOWN: as is */
};

/** Is this path read as DICOM (a folder, or a file without the suffix of an image format)? */
bool image_is_dicom(const char *path);

/** Does the file say of itself that it is a label map: by its side file, or as a .seg.nrrd?
 * @return ST_FORMAT, ST_IO from a side file that cannot be read */
status image_holds_labels(bool *labels, const char *path);

/** Folder or DICOM file -> dicom, else itk_image_read, where padding of an image in HU becomes no
 * data as it does in DICOM. Says by log_info which series was taken. */
status image_read(struct volume **out, const char *path, const struct image_read_options *options);

/** The same for a folder that was scanned already; `path` is for messages. */
status image_read_folder(struct volume **out, const struct dicom_folder *folder, const char *path,
                         const struct image_read_options *options);

/** Read a label map and check it against `grid` (NULL: no check): its voxel centres must be the
 * grid's within 0.01 mm, and are put into its order when their axes are flipped or exchanged (a
 * NIfTI file made from DICOM mostly has its rows from the back). Or fill the outlines of a DICOM
 * RTSTRUCT on `grid` (core/rtstruct.h). */
status labels_read_on(struct labels **out, const char *path, const struct geometry *grid);

#ifdef __cplusplus
}
#endif
#endif
