/* Where the patient is: body, table and other objects, air, no data.
 *
 *   1. the scan is averaged over whole blocks of voxels to about 2 mm; no data counts as air
 *   2. M = HU > -300; erode by 4 mm, keep the largest face-connected component, dilate by 5 mm,
 *      intersect with M. A table is a thin sheet separated by air, so the erosion drops it.
 *   3. back on the scan's own grid: the coarse mask intersected with HU > -300 there, holes (lung,
 *      bowel gas) filled in every axial slice. What else is above -300 HU is "table".
 *
 * Limits: a sheet as dense as fat under the patient, a calibration phantom that lies against the
 * skin and arms touching the trunk belong to the body; a table without an air gap may. Checked on
 * whole-trunk scans of three scanners; eroding by 4 or 8 mm changes the body by 0.5 %.
 */
#ifndef QCT_CORE_BODY_H
#define QCT_CORE_BODY_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct body_info {
  double body_mm3;
  double table_mm3;  /* everything else above -300 HU */
  int64_t no_data;   /* voxels without data */
  int touches_side;  /* the body reaches the left or right face of the image, or no data beside it
                        (outside the reconstruction circle): cropped, or the field of view is too
                        small; shapes of the outline are not the patient's */
  int touches_front; /* the same for the anterior or posterior face */
  int axial;         /* index axis (0, 1, 2) nearest to the patient's long axis */
};

/**
 * Label the body LABEL_BODY and the table LABEL_TABLE on the scan's grid; air and no data are 0.
 *
 * @param[out] out   labels, owned by the caller
 * @param[out] info  may be NULL
 * @param[in]  hu    any orientation; QUANTITY_HU
 * @return ST_DOMAIN when `hu` is no HU volume or nothing thicker than 8 mm lies above -300 HU
 * Source: none published; the rule above was tried on real scans
 */
status body_find(struct labels **out, struct body_info *info, const struct volume *hu);

/** Index axis (0, 1, 2) nearest to a world axis (0 left, 1 posterior, 2 superior). */
int geometry_axis_nearest(const struct geometry *g, int world_axis);
/** Index axis across the slices: the coarsest; of cubic voxels (within 1 %) the one nearest to the
 * long axis of the body, in whatever order the axes are stored. */
int geometry_slice_axis(const struct geometry *g);

/* What a scan must be before it is measured; `doing` is for the message. */

/** Slices (index axis 2) across the patient's long axis, which areas in a slice rest on; files of
 * other programs also come in sagittal or coronal order. @return ST_DOMAIN otherwise */
status body_check_axial(const struct geometry *g, const char *doing);
/** Values that reach below -500 and above 100, as HU of a person in air do; numbers of a scanner
 * without their rescale intercept do not. @return ST_DOMAIN otherwise */
status body_check_hu(const struct volume *hu, const char *doing);

#ifdef __cplusplus
}
#endif
#endif
