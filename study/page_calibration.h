/* The calibration in the report. Private to this folder. */
#ifndef QCT_STUDY_PAGE_CALIBRATION_H
#define QCT_STUDY_PAGE_CALIBRATION_H

#include "core/calibration.h"
#include "report/report.h"

/** Do its densities come from a phantom in the scan? */
bool page_by_phantom(const struct calibration *k);
/** Or from phantom scans of other days? */
bool page_by_other_days(const struct calibration *k);
/** Paragraphs, plot, table of samples, and the finding that holds its warnings. */
status page_calibration(struct report *page, const struct calibration *calibration);

#endif
