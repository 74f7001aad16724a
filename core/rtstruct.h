/* Outlines drawn for radiotherapy (DICOM RTSTRUCT) as a label map.
 *
 * Each ROI becomes one label, numbered in the order of the file and named as there. A voxel belongs
 * to an ROI when its centre lies inside an odd number of its closed planar contours, so that holes
 * and islands drawn as separate contours come out right. Contours must lie in slices of the grid.
 */
#ifndef QCT_CORE_RTSTRUCT_H
#define QCT_CORE_RTSTRUCT_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

struct roi_contour {
  int roi;       /* index of its ROI */
  size_t count;  /* points */
  double *point; /* owned, [count][3], LPS mm */
};

struct roi_set {
  struct label_name *rois; /* owned; value is 1, 2, ... */
  int roi_count;
  struct roi_contour *contours; /* owned */
  size_t contour_count;
  size_t other_contours; /* points and open lines, which enclose nothing */
};
void roi_set_destroy(struct roi_set *s);

/** Does this file hold an RTSTRUCT? */
bool rtstruct_is(const char *path);

/** @return ST_FORMAT when it is no RTSTRUCT, ST_MEMORY */
status rtstruct_read(struct roi_set **out, const char *path);

/**
 * Fill the outlines on `grid`. Where ROIs overlap the later one wins, with a warning.
 * @return ST_DOMAIN when a contour is oblique to the slices or lies between them, when none lies in
 *         the grid, or when there are no closed contours
 */
status rtstruct_to_labels(struct labels **out, const struct roi_set *s,
                          const struct geometry *grid);

#ifdef __cplusplus
}
#endif
#endif
