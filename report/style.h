/* The style sheet of a report. Private to this folder. Colours: okabe2008, darkened or lightened
 * for contrast of at least 4.5 to 1 with their ground. */
#ifndef QCT_REPORT_STYLE_H
#define QCT_REPORT_STYLE_H

extern const char *const report_style[]; /* pieces in order, ends with NULL */

#endif
