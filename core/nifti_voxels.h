/* Voxels of a NIfTI-1 file as stored. ITK's NIfTI library is asked for the geometry only: it turns
 * NaN into 0, takes the voxels of a sibling `a.nii` for `a.nii.gz`, and lets a cut file pass.
 * Private to core's image files.
 */
#ifndef QCT_CORE_NIFTI_VOXELS_H
#define QCT_CORE_NIFTI_VOXELS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nifti_layout {
  int datatype;        /* NIfTI-1 code: 2 uint8, 4 int16, 8 int32, 16 float, 64 double, ... */
  size_t bytes;        /* of one voxel */
  int64_t offset;      /* of the first voxel in the (unpacked) file */
  bool swapped;        /* bytes in the other order */
  double slope, inter; /* value = slope*stored + inter; 1 and 0 when not stated */
};

enum { NIFTI_HEADER = 348 };

/** The number at a byte of a header, `swapped` when its bytes are in the other order. */
int16_t nifti_header_short(const unsigned char *h, size_t at, bool swapped);
double nifti_header_float(const unsigned char *h, size_t at, bool swapped);

/** @return ST_IO, ST_FORMAT (no NIfTI-1 single file), ST_DOMAIN (voxels that are no real numbers)
 */
status nifti_layout_read(struct nifti_layout *layout, const char *path);

/** Can the file hold `count` voxels? Asked before memory for them is. @return ST_FORMAT; ST_IO */
status nifti_size_check(const struct nifti_layout *layout, int64_t count, const char *path);

/** `count` voxels into `buffer`, bytes in this machine's order. @return ST_FORMAT when cut short */
status nifti_voxels_read(void *buffer, int64_t count, const struct nifti_layout *layout,
                         const char *path);

#ifdef __cplusplus
}
#endif
#endif
