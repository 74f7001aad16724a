/* Scanners against each other, and how well a measurement repeats.
 *
 * Cross-calibration from a spine phantom: measured on nominal density per scanner, BMD_standard =
 * (BMD - b)/a. From people measured on both: Deming regression with the ratio of the precision
 * variances, Bland-Altman limits, and the test of proportional bias (slope of difference on mean).
 * A cross-calibrated pair of scanners is never one scanner: use cal_lsc_cross.
 *
 * Precision: s_i the SD of subject i, RMS-SD = sqrt(sum(df_i s_i^2)/sum(df_i)) with df_i = n_i - 1,
 * RMS-CV the same of s_i/m_i, LSC = 2.77 RMS-SD (1.96 sqrt 2); 95 % interval by chi-square on
 * sum(df_i); below 27 degrees of freedom a warning (upper 90 % limit above +30 %).
 * Source: gluer1995, deming1943, bland1986, kalender1995
 */
#ifndef QCT_CALIBRATION_CROSS_H
#define QCT_CALIBRATION_CROSS_H

#include "core/statistics.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cal_cross {
  double a, b;       /* measured = a*nominal + b  (paired: y = a*x + b) */
  double a_se, b_se; /* standard errors; NaN when not known */
  double residual_sd;
  int n;
};

/** (BMD - b)/a. */
double cal_cross_apply(const struct cal_cross *c, double density);

/**
 * Phantom: OLS of measured on nominal. At least 3 densities.
 * @return ST_DOMAIN with fewer, ST_NUMERIC when the nominal densities do not differ or a <= 0
 */
status cal_cross_phantom(struct cal_cross *out, const double *nominal, const double *measured,
                         int n);

/**
 * People on two scanners: Deming regression of y on x.
 * @param ratio  variance of y's precision error over that of x (1: orthogonal)
 * Standard errors by leaving out one pair at a time (jackknife).
 * @return ST_DOMAIN with fewer than 3 pairs, ratio <= 0; ST_NUMERIC without correlation
 */
status cal_cross_deming(struct cal_cross *out, const double *x, const double *y, int n,
                        double ratio);

struct cal_bland_altman {
  double bias, bias_low, bias_high; /* mean of y - x and its 95 % interval */
  double sd, limit_low, limit_high; /* limits of agreement, bias -+ 1.96 SD */
  double slope, slope_p;            /* difference on mean: proportional bias and its p value */
  int n;
};
status cal_bland_altman(struct cal_bland_altman *out, const double *x, const double *y, int n);

struct cal_precision {
  double rms_sd, rms_sd_low, rms_sd_high; /* 95 % interval */
  double rms_cv;                          /* percent */
  double lsc, lsc_low, lsc_high;
  double mean;
  int subjects, df;
  int few; /* df < 27 */
};

/**
 * @param[in] values   all measurements, shape [n]
 * @param[in] subject  whose each is, any integers, shape [n]; subjects with one measurement are
 * left out
 * @return ST_DOMAIN when no subject has two measurements, or a value is not finite
 */
status cal_precision(struct cal_precision *out, const double *values, const int *subject, int n);

/** Least significant change between two scanners: 1.96 sqrt(p1^2 + p2^2 + u^2), u the standard
 * error of the cross-calibration. */
double cal_lsc_cross(double p1, double p2, double u);

#ifdef __cplusplus
}
#endif
#endif
