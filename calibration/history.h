/* The calibration store of a site or study: every phantom scan of every scanner, and what follows
 * from it for a scan without a phantom (asynchronous calibration) and for quality control.
 *
 * One HDF5 file; each phantom scan is one calibration (as JSON) with its day. Adding takes an
 * exclusive lock, so two processes may add at the same time. Scans are keyed by scanner, kVp and
 * kernel (calibration_scanner_key).
 *
 * Asynchronous calibration. Same scanner and kVp or refusal; another kernel is a warning. Two
 * phantom scans that bracket the patient's day are interpolated linearly in time, else the nearest
 * is taken. Nearest phantom scan more than 30 days away: warning; more than 180 days: refusal
 * unless forced (limits proposed; weekly or monthly phantom scans are usual).
 *
 * Size. What lies in the beam hardens it: a phantom scan under one body tells little about another.
 * With a table of people learned on the same scanner and kVp the line is carried over to the size
 * of the patient by regression (cal_learned_size); without one half of the most that hardening can
 * do is corrected and the interval holds all of it (hardening.h).
 *
 * Interval. Covariance of the fits, plus the scatter from scan to scan S of (intercept, slope),
 * taken from successive differences of the history as S*(1 + w^2 + (1-w)^2), w the share of the
 * later scan: the patient's own session scatters like the phantom's. At least 4 differences are
 * needed, else a warning says that scatter is missing. Without a table of people 0.91 % of slope
 * stands for what bodies of one size differ in; with one the people's own scatter is used for that
 * and for the patient's session. Source: wang2017 (scatter within scanners 0.53-0.91 mg/cm3),
 * reeves2018 (kVp), bonaretti2014 (size)
 */
#ifndef QCT_CALIBRATION_HISTORY_H
#define QCT_CALIBRATION_HISTORY_H

#include "calibration/calibrate.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cal_scan {
  int64_t days; /* since 1970-01-01 */
  struct calibration calibration;
};

struct cal_history {
  struct cal_scan *scans; /* owned; by key, then by day */
  size_t count;
};

/** Days since 1970-01-01 of "YYYY-MM-DD". @return ST_USAGE for any other text or no such day */
status cal_days_from_date(int64_t *days, const char *date);
/** "YYYY-MM-DD". */
void cal_date_from_days(char out[16], int64_t days);

/**
 * Add a phantom scan to the store (made when absent).
 * @return ST_DOMAIN when scanner or kVp are unknown in its key, the day is unknown (INT64_MIN), its
 *         fit was kept beyond the limits of cal_accept ("FORCED"), or the same scan is there
 * already; ST_IO when the lock is not free within `wait_s`
 */
status cal_history_add(const char *path, const struct calibration *c, int64_t days, double wait_s);
status cal_history_read(struct cal_history **out, const char *path);
void cal_history_destroy(struct cal_history *h);

struct cal_async_options {
  int warn_days, refuse_days;
  bool force;         /* apply in spite of the age */
  double diameter_mm; /* water-equivalent, of all in the scan (cal_scan_diameter); NaN: unknown */
  const struct cal_tissue_table *people; /* of cal_learn, or NULL */
};
#define CAL_ASYNC_DEFAULTS                                                                         \
  { .warn_days = 30, .refuse_days = 180, .diameter_mm = (double)NAN }

/**
 * The calibration of a scan on `days` from the history.
 * @param[in] scanner_key  of the scan (calibration_scanner_key)
 * @return ST_DOMAIN when the key lacks scanner or kVp, the scanner is not in the store, it is there
 *         with other kVp only (which), or the nearest phantom scan is too old; a table of people of
 *         another scanner, kVp or material, and as cal_learned_size
 */
status cal_async(struct calibration *out, const struct cal_history *h, const char *scanner_key,
                 int64_t days, const struct cal_async_options *options);

#ifdef __cplusplus
}
#endif
#endif
