/* Days since 1970-01-01 of dates written YYYYMMDD, as DICOM writes them (proleptic Gregorian). */
#ifndef QCT_CORE_CALENDAR_H
#define QCT_CORE_CALENDAR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** INT64_MIN when the text is no date of the years 1900 to 9999. */
int64_t calendar_days(const char *date);
/** The inverse, for those years. */
void calendar_text(char date[9], int64_t days);

#ifdef __cplusplus
}
#endif
#endif
