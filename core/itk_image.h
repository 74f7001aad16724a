/* Image files through ITK: NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd).
 *
 * One of the three places that include ITK. Everything is LPS on our side whatever the file says
 * (ITK converts NIfTI's RAS). A side file `<path without suffix>.json` holds what the format
 * cannot: quantity, unit, material, calibration id, acquisition, label names, provenance; it is
 * read when present. Written images go through core/file.h (aside, rename); .nii.gz is compressed
 * with libdeflate level 1.
 *
 * Guards: a path that ends in .nii.gz is never answered from a sibling .nii; a 4-D or
 * multi-component file, a qform that is not orthonormal, a truncated file, NaN spacing, a header
 * without size of the voxels and one that contradicts itself are refused (core/image_place.h).
 * Lengths come in mm whatever the unit of the header. A header that does not say how its axes lie
 * in the body is read with a warning.
 */
#ifndef QCT_CORE_ITK_IMAGE_H
#define QCT_CORE_ITK_IMAGE_H

#include "core/volume.h"

#include <cjson/cJSON.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Read a volume from an image file (not DICOM: see core/itk_dicom.h; core/image.h chooses).
 * Integer files become float exactly. Without a side file the quantity is QUANTITY_UNKNOWN.
 * @return ST_IO, ST_FORMAT, ST_DOMAIN (guards above), ST_FORMAT with ITK's text, ST_MEMORY
 */
status itk_image_read(struct volume **out, const char *path);
/** Its grid from the header alone, no voxel read. @return as itk_image_read */
status itk_image_grid(struct geometry *out, const char *path);

/** Write float voxels (NaN kept) plus the side file. `provenance` may be NULL. */
status itk_image_write(const struct volume *v, const char *path, const cJSON *provenance,
                       bool force);

/** Labels: integer voxels 0..65535; a float file with non-integers is refused with the first such
 * value. */
status itk_labels_read(struct labels **out, const char *path);
/** `.seg.nrrd` writes 3D Slicer's segment fields as well. */
status itk_labels_write(const struct labels *l, const char *path, const cJSON *provenance,
                        bool force);

#ifdef __cplusplus
}
#endif
#endif
