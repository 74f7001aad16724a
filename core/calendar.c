#include "core/calendar.h"

#include <stdio.h>
#include <string.h>

/* Years begin in March, so that the leap day is the last; eras of 400 years have 146097 days. */
static int64_t days_from(int64_t y, int m, int d) {
  y -= m <= 2;
  int64_t era = y / 400, year = y - era * 400;
  int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static int days_in(int y, int m) {
  static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  return days[m - 1] + (m == 2 && leap);
}

int64_t calendar_days(const char *date) {
  int y, m, d;
  if (strlen(date) != 8 || strspn(date, "0123456789") != 8) return INT64_MIN;
  if (sscanf(date, "%4d%2d%2d", &y, &m, &d) != 3) return INT64_MIN;
  if (y < 1900 || m < 1 || m > 12 || d < 1 || d > days_in(y, m)) return INT64_MIN;
  return days_from(y, m, d);
}

void calendar_text(char date[9], int64_t days) {
  int64_t z = days + 719468, era = z / 146097, of_era = z - era * 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t day = of_era - (365 * year + year / 4 - year / 100), part = (5 * day + 2) / 153;
  int d = (int)(day - (153 * part + 2) / 5 + 1), m = (int)(part < 10 ? part + 3 : part - 9);
  int y = (int)(year + era * 400 + (m <= 2));
  snprintf(date, 9, "%04u%02u%02u", (unsigned)y % 10000u, (unsigned)m % 100u, (unsigned)d % 100u);
}
