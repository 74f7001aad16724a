/* The script behind report_slices. Private to this folder. */
#ifndef QCT_REPORT_SLICES_H
#define QCT_REPORT_SLICES_H

#include "core/text.h"
#include "report/report.h"

/** The text of the one script that a page may hold, between its tags. */
extern const char report_slices_script[];
/** Append its hash as a content security policy names it: sha256-BASE64. */
void report_slices_hash(struct text *out);
/** Append the element: pictures, sliders and the mosaic. */
void report_slices_element(struct text *out, const struct report_slices *s);

#endif
