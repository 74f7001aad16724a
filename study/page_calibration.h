/* The calibration in the report. Private to this folder. */
#ifndef QCT_STUDY_PAGE_CALIBRATION_H
#define QCT_STUDY_PAGE_CALIBRATION_H

#include "calibration/history.h"
#include "report/report.h"

/** Do its densities come from a phantom in the scan? */
bool page_by_phantom(const struct calibration *k);
/** Or from phantom scans of other days? */
bool page_by_other_days(const struct calibration *k);
/** Paragraphs, plot, table of samples, and the finding that holds its warnings. */
status page_calibration(struct report *page, const struct calibration *calibration);
/** Drift chart of the phantom scans of one scanner and phantom, by day, and the finding when there
 * are alarms; a sentence when they are too few to judge. */
status page_drift(struct report *page, const struct cal_scan *scans, size_t n);

#endif
