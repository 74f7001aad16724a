/* The picture behind report_strips. Private to this folder. */
#ifndef QCT_REPORT_STRIP_H
#define QCT_REPORT_STRIP_H

#include "core/text.h"
#include "report/report.h"

/** Append the <svg> element. */
void report_strip_svg(struct text *out, const struct report_strip *s);

#endif
