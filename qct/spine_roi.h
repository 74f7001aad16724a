/* Regions of interest in vertebral bodies, for density and HU. One label map holds them all, each
 * under its level's number.
 *
 *   ellipse      elliptical cylinder in the body's frame about the middle plane between the end
 *                plates (the centroid where they are not known): centre 0.58 of the depth from the
 *                posterior wall, semi-axes 0.325 of the width and 0.25 of the depth, height 7.5 mm.
 *                Inside the body at least `clear_mm` from its surface.
 *   ellipse-c2c  as in Comp2Comp, in voxels of the scan: slices within 7.5 mm about the middle of
 *                the label on the line through its centroid; in each the front-back length is the
 *                least of the slice and its two neighbours (line through the centroid), centre and
 *                semi-axes as above, left-right length the least of three lines; what remains of
 * the label after two erosions (one when slices are 3 mm or more) by faces. sphere       radius 5
 * mm about the centroid label        the label itself, eroded by erode_mm
 *
 * Source: comp2comp. The peer measures from the posterior wall (its index runs from back to front).
 */
#ifndef QCT_QCT_SPINE_ROI_H
#define QCT_QCT_SPINE_ROI_H

#include "core/vertebra_frame.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum qct_roi { QCT_ROI_ELLIPSE, QCT_ROI_ELLIPSE_C2C, QCT_ROI_SPHERE, QCT_ROI_LABEL };
/** "ellipse", "ellipse-c2c", "sphere", "label", NULL. */
extern const char *const qct_roi_names[];

struct qct_roi_options {
  int kind;         /* enum qct_roi */
  double height_mm; /* of the ellipse, 2..20 */
  double radius_mm; /* of the sphere */
  double erode_mm;  /* of the label */
  double clear_mm;  /* least distance of the ellipse from the body's surface */
};
#define QCT_ROI_DEFAULTS                                                                           \
  { .kind = QCT_ROI_ELLIPSE, .height_mm = 7.5, .radius_mm = 5, .erode_mm = 0, .clear_mm = 2 }

/** Words for a record's method: "ellipse 7.5 mm". */
void qct_roi_words(char out[48], const struct qct_roi_options *o);

/**
 * @param[out] out     owned by the caller; on the grid of `bodies`
 * @param[in]  bodies  bodies under the frames' label values
 * @return ST_DOMAIN when an option is outside its range, or for a body shallower than 15 or deeper
 *         than 50 mm; ST_MEMORY
 */
status qct_spine_roi(struct labels **out, const struct labels *bodies,
                     const struct vertebra_frames *frames, const struct qct_roi_options *o);

#ifdef __cplusplus
}
#endif
#endif
