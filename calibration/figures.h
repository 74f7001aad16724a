/* Pictures of a calibration, as objects: a command writes them, a report embeds them. */
#ifndef QCT_CALIBRATION_FIGURES_H
#define QCT_CALIBRATION_FIGURES_H

#include "calibration/quality.h"
#include "core/picture.h"
#include "core/plot.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Density against HU: points, the line with its 95 % band; rods left out are marked. SVG text. */
status cal_figure_line(struct text *svg, const struct calibration *c, int width, int height);
/** Residuals [mg/cm3] against density with the limits of warning (5 mg/cm3) and the band. SVG text.
 */
status cal_figure_residuals(struct text *svg, const struct calibration *c, int width, int height);
/** Both above each other as one SVG document. */
status cal_figure_fit(struct text *svg, const struct calibration *c);

/**
 * Axial slice through the middle of the rods (or samples) with every label outlined and named.
 * @param[in] l     rods from cal_find_rods, or samples from cal_from_tissues
 * @param pixel_mm   size of a pixel
 * @param height_mm  of a band about the labels; 0: the whole slice
 * @return ST_DOMAIN for an empty label map or another grid than the scan's
 */
status cal_picture_labels(struct picture **out, const struct volume *hu, const struct labels *l,
                          double pixel_mm, double height_mm);

/**
 * Control chart of one scanner and phantom: deviations from the baseline in SD over days since the
 * first scan, alarms marked with series and day. Scans of the first baseline, which are not judged,
 * stand about its own mean. SVG text.
 * @param[in] scans  as for cal_quality_judge, shape [n]
 */
status cal_figure_drift(struct text *svg, const struct cal_scan *scans, size_t n, int width,
                        int height);

#ifdef __cplusplus
}
#endif
#endif
