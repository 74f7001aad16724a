/* Quality control of a scanner from its phantom scans: has it drifted?
 *
 * Per scanner key and phantom there are series: slope, intercept and the mean HU of every rod. Each
 * new scan is judged against the baseline: the first scans given, at least 8 and at most 30, up to
 * five before it, so that a drift does not become its own reference. After a service give the scans
 * since then only.
 *
 *   level    rule         meaning
 *   alarm    shift        slope differs by more than 1 % from the baseline mean, where 1 % is more
 *                         than 3 SD of the baseline (people of all sizes on a phantom scatter more)
 *   alarm    shewhart     a series lies beyond the prediction limit of the baseline (Student, 0.1 %
 *                         a scan over all series together)
 *   alarm    cusum        the sum of standardised deviations beyond 1 SD passes 5 (either side),
 *                         then begins anew
 *   notice   three-sd     a series lies beyond 3 SD
 *   notice   western      4 of 5 scans beyond 1 SD on one side (Western Electric)
 * Notices are expected by chance (with 7 series about one scan in ten); alarms are not: they name
 * the day and the rod. With fewer than 9 scans nothing is judged. Source: weco1956 (rules); the
 * limits of shift and alarm are proposals of this toolkit
 */
#ifndef QCT_CALIBRATION_QUALITY_H
#define QCT_CALIBRATION_QUALITY_H

#include "calibration/history.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cal_rule { CAL_SHIFT, CAL_SHEWHART, CAL_CUSUM, CAL_THREE_SD, CAL_WESTERN };
/** "shift", "shewhart", "cusum", "three-sd", "western"; NULL-terminated. */
extern const char *const cal_rule_names[];

struct cal_alarm {
  size_t scan;     /* index into the scans given */
  char series[40]; /* "slope", "intercept" or the rod's name */
  enum cal_rule rule;
  int notice; /* 1: a notice, not an alarm */
  double value, expected, sd;
};

struct cal_quality {
  struct cal_alarm *alarms; /* owned */
  size_t count, capacity;
};

/**
 * Judge the scans of one key and phantom, in order of day.
 * @param[in] scans  shape [n], borrowed
 */
status cal_quality_judge(struct cal_quality **out, const struct cal_scan *scans, size_t n);
void cal_quality_destroy(struct cal_quality *q);

/** First and one past the last scan of each (key, phantom) of a sorted history: call with *end = 0
 * until false. */
bool cal_history_next(const struct cal_history *h, size_t *begin, size_t *end);

/**
 * The chart as a table: one row per scan and series: scanner, phantom, day, series, value, mean and
 * SD of the baseline, standardised deviation, cusum high and low, alarm (rules, ""), notice.
 */
status cal_quality_table(struct table **out, const struct cal_history *h);

#ifdef __cplusplus
}
#endif
#endif
