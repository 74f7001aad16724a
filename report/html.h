/* Plain texts as HTML. Private to this folder. */
#ifndef QCT_REPORT_HTML_H
#define QCT_REPORT_HTML_H

#include "core/text.h"

/** HTML as it is. */
void html_put(struct text *t, const char *html);
/** A plain text between two pieces of HTML. */
void html_element(struct text *t, const char *open, const char *plain, const char *close);
/** The same with units as they are written: "mg/cm3" -> "mg/cm<sup>3</sup>". */
void html_units(struct text *t, const char *open, const char *plain, const char *close);
/** Sentences, in which commands and options are set as code and never parted at a line's end. */
void html_prose(struct text *t, const char *open, const char *plain, const char *close);

#endif
