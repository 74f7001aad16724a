/* What the header of a NIfTI or NRRD says of where its voxels lie, where ITK does not listen:
 * lengths in another unit than mm, forms and sizes that contradict each other, sizes that are not
 * stated, and spaces that are no patient's. Asked before ITK sees the file: it ends the process on
 * a NaN among the numbers and hangs on a huge one. Private to core's image files.
 */
#ifndef QCT_CORE_IMAGE_PLACE_H
#define QCT_CORE_IMAGE_PLACE_H

#include "core/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct image_place {
  double origin_mm;  /* mm in the unit in which ITK gives the origin */
  double spacing_mm; /* mm in the unit in which ITK gives the spacing */
  bool stated;       /* how the axes lie in the body: right and left can be told */
};

/**
 * Voxel size, quaternion and sform must be numbers, a sform in use orthogonal, its voxels 1e-6 to
 * 1e6 mm wide and the first within 1e6 mm of the origin. A sform of code 1, or without a qform, is
 * what ITK takes; pixdim must then give voxels of its size, and a size in any case. Two forms of
 * one code must agree within 1 degree and 1 mm, and none of codes 1 and 2 may mirror the other.
 * @return ST_IO; ST_FORMAT naming the byte, or the axis without a size; ST_DOMAIN naming the
 * column, the angle or what differs
 */
status nifti_place_read(struct image_place *out, const char *path);

/**
 * Voxels must have a size (spacings or space directions), a length the unit m, cm, mm or um.
 * @return ST_IO; ST_FORMAT without a size; ST_DOMAIN for another unit, or a space of left,
 * anterior, superior, which ITK turns by 180 degrees
 */
status nrrd_place_read(struct image_place *out, const char *path);

#ifdef __cplusplus
}
#endif
#endif
